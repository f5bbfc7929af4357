/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG XL, still. */
#include "image/format.h"
#include "image/table.h"

/* libvips 8.14 takes no effort below 3. */
#if VIPS_MAJOR_VERSION > 8 || VIPS_MINOR_VERSION >= 15
enum { JXL_EFFORT_LEAST = 1 };
#else
enum { JXL_EFFORT_LEAST = 3 };
#endif
enum { JXL_EFFORT = 3 };

int
format_jxl_load(const struct load_spec *spec, VipsImage **out)
{
	return vips_jxlload_buffer(format_bytes(spec), spec->size, out,
	    "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", spec->fail_on, NULL);
}

/* Q is on the scale of JPEG by libjxl itself; a distance takes its place. */
int
format_jxl_save(
    VipsImage *in, const struct save_spec *spec, void **bytes, size_t *size)
{
	int effort = format_effort(spec, JXL_EFFORT_LEAST, 9, JXL_EFFORT);
	int tier = (int)format_out(spec, OUT_DECODING_TIER).whole;

	if (format_has(spec, OUT_DISTANCE) && !spec->lossless)
		return vips_jxlsave_buffer(in, bytes, size, "distance",
		    format_out(spec, OUT_DISTANCE).num, "effort", effort,
		    "tier", tier, FORMAT_KEEP(spec), NULL);
	return vips_jxlsave_buffer(in, bytes, size, "Q", spec->quality,
	    "lossless", (gboolean)spec->lossless, "effort", effort, "tier",
	    tier, FORMAT_KEEP(spec), NULL);
}
