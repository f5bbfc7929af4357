/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG: shrinks on load by DCT; never animated, never clear. */
#include "image/format.h"
#include "image/table.h"

int
format_jpeg_load(const struct load_spec *spec, VipsImage **out)
{
	if (spec->data == NULL)
		return vips_jpegload_source(spec->source, out, "access",
		    VIPS_ACCESS_SEQUENTIAL, "fail_on", spec->fail_on, "shrink",
		    spec->shrink, NULL);
	return vips_jpegload_buffer(format_bytes(spec), spec->size, out,
	    "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", spec->fail_on,
	    "shrink", spec->shrink, NULL);
}

/*
 * Huffman tables of its own cost 1 ms and save 2 to 4 % of the bytes. What only
 * mozjpeg has is passed over by other libraries.
 */
int
format_jpeg_save(
    VipsImage *in, const struct save_spec *spec, void **bytes, size_t *size)
{
	bool scans = format_on(spec, OUT_OPTIMISE_SCANS);

	return vips_jpegsave_buffer(in, bytes, size, "Q", spec->quality,
	    "optimize_coding", format_on(spec, OUT_OPTIMISE_CODING),
	    "interlace", (gboolean)(spec->progressive || scans),
	    "optimize_scans", (gboolean)scans, "trellis_quant",
	    format_on(spec, OUT_TRELLIS_QUANTISATION), "overshoot_deringing",
	    format_on(spec, OUT_OVERSHOOT_DERINGING), "quant_table",
	    (int)format_out(spec, OUT_QUANTISATION_TABLE).whole,
	    "subsample_mode", spec->subsample, FORMAT_KEEP(spec), NULL);
}
