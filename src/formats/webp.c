/* SPDX-License-Identifier: Apache-2.0 */
/* WebP, still and moving. */
#include "image/format.h"
#include "image/table.h"

/* Effort 4 takes 45 % more time for 5 % fewer bytes. */
enum { WEBP_EFFORT = 2 };

int
format_webp_load(const struct load_spec *spec, VipsImage **out)
{
	return vips_webpload_buffer(format_bytes(spec), spec->size, out,
	    "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", spec->fail_on, "page",
	    spec->page, "n", spec->pages, "scale", spec->scale, NULL);
}

#if VIPS_MAJOR_VERSION > 8 || VIPS_MINOR_VERSION >= 16
#define WEBP_NEWER(spec) "smart_deblock", format_on((spec), OUT_SMART_DEBLOCK),
#else
#define WEBP_NEWER(spec)
#endif

static VipsForeignWebpPreset
webp_preset(const struct save_spec *spec)
{
	static const VipsForeignWebpPreset preset[WEBP_PRESET_COUNT] = {
		[WEBP_PRESET_DEFAULT] = VIPS_FOREIGN_WEBP_PRESET_DEFAULT,
		[WEBP_PRESET_PICTURE] = VIPS_FOREIGN_WEBP_PRESET_PICTURE,
		[WEBP_PRESET_PHOTO] = VIPS_FOREIGN_WEBP_PRESET_PHOTO,
		[WEBP_PRESET_DRAWING] = VIPS_FOREIGN_WEBP_PRESET_DRAWING,
		[WEBP_PRESET_ICON] = VIPS_FOREIGN_WEBP_PRESET_ICON,
		[WEBP_PRESET_TEXT] = VIPS_FOREIGN_WEBP_PRESET_TEXT,
	};

	return preset[format_out(spec, OUT_PRESET).pick];
}

int
format_webp_save(
    VipsImage *in, const struct save_spec *spec, void **bytes, size_t *size)
{
	return vips_webpsave_buffer(in, bytes, size, "Q", spec->quality,
	    "lossless", (gboolean)spec->lossless, "effort",
	    format_effort(spec, 0, 6, WEBP_EFFORT), "near_lossless",
	    format_on(spec, OUT_NEAR_LOSSLESS), "smart_subsample",
	    format_on(spec, OUT_SMART_SUBSAMPLE), "alpha_q",
	    (int)format_out(spec, OUT_ALPHA_QUALITY).whole, "preset",
	    webp_preset(spec), "min_size", format_on(spec, OUT_MIN_SIZE),
	    "mixed", format_on(spec, OUT_MIXED),
	    WEBP_NEWER(spec) FORMAT_KEEP(spec), NULL);
}
