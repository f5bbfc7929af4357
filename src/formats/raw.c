/* SPDX-License-Identifier: Apache-2.0 */
/* The bare pixels, written only; of 16 bits the lesser byte first. */
#include <endian.h>

#include "image/format.h"
#include "image/table.h"

int
format_raw_save(
    VipsImage *in, const struct save_spec *spec, void **bytes, size_t *size)
{
	VipsImage *least = NULL;
	int failed =
	    in->BandFmt == VIPS_FORMAT_USHORT && BYTE_ORDER == BIG_ENDIAN
	    ? vips_byteswap(in, &least, NULL)
	    : vips_copy(in, &least, NULL);

	(void)spec;
	if (failed == 0)
		*bytes = vips_image_write_to_memory(least, size);
	else
		*bytes = NULL;
	g_clear_object(&least);
	return *bytes != NULL ? 0 : -1;
}
