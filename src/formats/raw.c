/* SPDX-License-Identifier: Apache-2.0 */
/* The bare pixels, written only. */
#include "image/format.h"
#include "image/table.h"

int
format_raw_save(
    VipsImage *in, const struct save_spec *spec, void **bytes, size_t *size)
{
	(void)spec;
	*bytes = vips_image_write_to_memory(in, size);
	return *bytes != NULL ? 0 : -1;
}
