/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The common quality scale, as a table with straight lines between its rows.
 *
 * Each row holds the encoders' numbers whose results, at this program's
 * efforts and with 4:2:0, have the same SSIMULACRA2.
 */
#include "image/quality.h"

#include "base/base.h"

struct row {
	int jpeg, webp, avif;
};

static const struct row table[] = {
	{ 1, 1, 1 },
	{ 20, 16, 22 },
	{ 40, 40, 39 },
	{ 60, 62, 51 },
	{ 80, 83, 67 },
	{ 90, 92, 79 },
	{ 100, 100, 100 },
};

static int
between(int x, int x0, int x1, int y0, int y1)
{
	return y0 + ((x - x0) * (y1 - y0) * 2 + (x1 - x0)) / (2 * (x1 - x0));
}

int
quality_for(enum format format, int quality)
{
	size_t i = 1;

	if (format != FORMAT_WEBP && format != FORMAT_AVIF)
		return quality;
	while (i + 1 < NELEM(table) && table[i].jpeg < quality)
		i++;

	const struct row *a = &table[i - 1];
	const struct row *b = &table[i];

	return format == FORMAT_WEBP
	    ? between(quality, a->jpeg, b->jpeg, a->webp, b->webp)
	    : between(quality, a->jpeg, b->jpeg, a->avif, b->avif);
}
