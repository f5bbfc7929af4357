/* SPDX-License-Identifier: Apache-2.0 */
/* HEIC: HEVC in HEIF, read only; the same container as AVIF. */
#include "image/format.h"
#include "image/table.h"

int
format_heic_load(const struct load_spec *spec, VipsImage **out)
{
	return format_avif_load(spec, out);
}
