/* SPDX-License-Identifier: Apache-2.0 */
/* PNG. */
#include "image/format.h"
#include "image/table.h"

/*
 * Filters: a third fewer bytes for half as much time again, with the encoder
 * that 8.18 is bundled with; with Debian's 8.14 they double the time.
 */
#if VIPS_MAJOR_VERSION > 8 || VIPS_MINOR_VERSION >= 18
static const VipsForeignPngFilter FILTER = VIPS_FOREIGN_PNG_FILTER_ALL;
#else
static const VipsForeignPngFilter FILTER = VIPS_FOREIGN_PNG_FILTER_NONE;
#endif

enum { PNG_LEVEL = 6, PNG_EFFORT = 7 };

int
format_png_load(const struct load_spec *spec, VipsImage **out)
{
	if (spec->data == NULL)
		return vips_pngload_source(spec->source, out, "access",
		    VIPS_ACCESS_SEQUENTIAL, "fail_on", spec->fail_on, NULL);
	return vips_pngload_buffer(format_bytes(spec), spec->size, out,
	    "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", spec->fail_on, NULL);
}

static int
bits_for(int colours)
{
	return colours <= 2 ? 1 : colours <= 4 ? 2 : colours <= 16 ? 4 : 8;
}

/* PNG has 1, 2, 4 and 8 bits of grey or palette. */
static int
png_depth(const struct save_spec *spec, int most)
{
	int64_t depth = format_out(spec, OUT_BITDEPTH).whole;

	if (!format_has(spec, OUT_BITDEPTH) || depth >= most)
		return most;
	return depth >= 4 ? 4 : depth >= 2 ? 2 : 1;
}

/*
 * The palette's quality is sharp's: how much of the colours may be lost. Our
 * own scale is none of colours.
 */
static int
png_palette(
    VipsImage *in, const struct save_spec *spec, void **bytes, size_t *size)
{
	bool native = format_out(spec, OUT_SCALE).pick == SCALE_NATIVE;
	int quality =
	    native && format_has(spec, OUT_QUALITY) ? spec->quality : 100;

	return vips_pngsave_buffer(in, bytes, size, "compression",
	    spec->compression < 0 ? PNG_LEVEL : spec->compression, "interlace",
	    (gboolean)spec->progressive, "palette", TRUE, "bitdepth",
	    png_depth(spec, bits_for(spec->colours)), "Q", quality, "dither",
	    spec->dither, "effort", format_effort(spec, 1, 10, PNG_EFFORT),
	    FORMAT_KEEP(spec), NULL);
}

int
format_png_save(
    VipsImage *in, const struct save_spec *spec, void **bytes, size_t *size)
{
	VipsForeignPngFilter filter = FILTER;
	int depth = in->BandFmt == VIPS_FORMAT_USHORT ? 16
	    : in->Bands == 1                          ? png_depth(spec, 8)
						      : 8;

	if (spec->palette)
		return png_palette(in, spec, bytes, size);
	if (format_has(spec, OUT_ADAPTIVE_FILTERING))
		filter = format_on(spec, OUT_ADAPTIVE_FILTERING)
		    ? VIPS_FOREIGN_PNG_FILTER_ALL
		    : VIPS_FOREIGN_PNG_FILTER_NONE;
	return vips_pngsave_buffer(in, bytes, size, "compression",
	    spec->compression < 0 ? PNG_LEVEL : spec->compression, "interlace",
	    (gboolean)spec->progressive, "filter", filter, "bitdepth", depth,
	    FORMAT_KEEP(spec), NULL);
}
