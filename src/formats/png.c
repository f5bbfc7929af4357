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

int
format_png_save(
    VipsImage *in, const struct save_spec *spec, void **bytes, size_t *size)
{
	int level = spec->compression < 0 ? PNG_LEVEL : spec->compression;

	if (spec->palette)
		return vips_pngsave_buffer(in, bytes, size, "compression",
		    level, "interlace", (gboolean)spec->progressive, "palette",
		    TRUE, "bitdepth", bits_for(spec->colours), "Q", 100,
		    "dither", spec->dither, "effort",
		    format_effort(spec, 1, 10, PNG_EFFORT), FORMAT_KEEP(spec),
		    NULL);
	return vips_pngsave_buffer(in, bytes, size, "compression", level,
	    "interlace", (gboolean)spec->progressive, "filter", FILTER,
	    "bitdepth", 8, FORMAT_KEEP(spec), NULL);
}
