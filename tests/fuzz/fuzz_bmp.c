/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a BMP, and as an ICO: nothing is read outside of them. */
#include <stdlib.h>

#include "formats/dib.h"
#include "fuzz.h"

enum { SIDE = 4096 };

static void
rows(const struct dib *d)
{
	uint8_t *unpacked = NULL;
	uint8_t *row;

	if (d->width > SIDE || d->height > SIDE)
		return;
	row = malloc((size_t)d->width * 4);
	if (d->packed != 0) {
		unpacked = malloc((size_t)d->width * d->height);
		if (unpacked != NULL)
			(void)!dib_unpack(d, unpacked);
	}
	for (uint32_t y = 0; y < d->height && row != NULL; y++) {
		if (unpacked != NULL)
			dib_unpacked_row(d, unpacked, y, row);
		else if (d->packed != 0 || !dib_row(d, y, row))
			break;
	}
	free(unpacked);
	free(row);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct icon icon[ICON_MOST];
	struct dib dib;
	struct err e;
	size_t n;

	if (dib_read_bmp(data, size, &dib, &e))
		rows(&dib);
	if (!icon_read(data, size, icon, &n, &e))
		return 0;
	for (size_t i = 0; i < n; i++)
		if (!icon[i].png &&
		    dib_read_icon(icon[i].bytes, icon[i].size, &dib, &e))
			rows(&dib);
	return 0;
}
