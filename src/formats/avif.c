/* SPDX-License-Identifier: Apache-2.0 */
/* AVIF: AV1 in HEIF; still pictures. Read like HEIC. */
#include "image/format.h"
#include "image/table.h"

/* aom's speed 9. Effort 1 takes 3.5 times as long for 8 % fewer bytes. */
enum { AVIF_EFFORT = 0 };

int
format_avif_load(const struct load_spec *spec, VipsImage **out)
{
	return vips_heifload_buffer(format_bytes(spec), spec->size, out,
	    "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", spec->fail_on, "page",
	    spec->page, "n", 1, NULL);
}

/*
 * AV1 has three depths. With 10 bits the libheif of libvips 8.14's time asks
 * its encoder for a profile that this one aborts at: there it is 12.
 */
static int
avif_depth(const VipsImage *in, const struct save_spec *spec)
{
	int64_t depth = format_out(spec, OUT_BITDEPTH).whole;

	if (!format_has(spec, OUT_BITDEPTH) &&
	    in->BandFmt == VIPS_FORMAT_USHORT)
		depth = 12;

#if VIPS_MAJOR_VERSION == 8 && VIPS_MINOR_VERSION < 15
	return depth > 8 ? 12 : 8;
#else
	return depth > 10 ? 12 : depth > 8 ? 10 : 8;
#endif
}

int
format_avif_save(
    VipsImage *in, const struct save_spec *spec, void **bytes, size_t *size)
{
	return vips_heifsave_buffer(in, bytes, size, "Q", spec->quality,
	    "lossless", (gboolean)spec->lossless, "effort",
	    format_effort(spec, 0, 9, AVIF_EFFORT), "compression",
	    VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "bitdepth", avif_depth(in, spec),
	    "subsample_mode", spec->subsample, FORMAT_KEEP(spec), NULL);
}
