/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JPEG 2000, still: a page of libvips is the same picture, halved as often as
 * its number says.
 */
#include "image/format.h"
#include "image/table.h"

enum { JP2_TILE = 512, JP2_TILE_LEAST = 64 };

int
format_jp2_load(const struct load_spec *spec, VipsImage **out)
{
	int halved = 0;

	while (1 << halved < spec->shrink)
		halved++;
	return vips_jp2kload_buffer(format_bytes(spec), spec->size, out,
	    "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", spec->fail_on, "page",
	    halved, NULL);
}

/* Very small tiles cost more than what is in them. */
static int
jp2_tile(const struct save_spec *spec, enum out side)
{
	int64_t pixels = format_out(spec, side).whole;

	if (!format_has(spec, side))
		return JP2_TILE;
	return pixels < JP2_TILE_LEAST ? JP2_TILE_LEAST : (int)pixels;
}

/*
 * Never subsampled: libvips asserts three bands when it does that, and cannot
 * read what it wrote.
 */
int
format_jp2_save(
    VipsImage *in, const struct save_spec *spec, void **bytes, size_t *size)
{
	return vips_jp2ksave_buffer(in, bytes, size, "Q", spec->quality,
	    "lossless", (gboolean)spec->lossless, "tile_width",
	    jp2_tile(spec, OUT_TILE_WIDTH), "tile_height",
	    jp2_tile(spec, OUT_TILE_HEIGHT), "subsample_mode",
	    VIPS_FOREIGN_SUBSAMPLE_OFF, FORMAT_KEEP(spec), NULL);
}
