/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SVG, read only. librsvg runs no scripts, and without an address of the
 * document it follows no reference but data: ones; what it may draw with are
 * the machine's fonts.
 */
#include "image/format.h"
#include "image/table.h"

int
format_svg_load(const struct load_spec *spec, VipsImage **out)
{
	return vips_svgload_buffer(format_bytes(spec), spec->size, out,
	    "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", spec->fail_on, "dpi",
	    spec->density, "scale", spec->scale, NULL);
}
