/* SPDX-License-Identifier: Apache-2.0 */
/* threshold: black or white, alpha included, as sharp has it. */
#include "image/bands.h"
#include "image/colour.h"
#include "image/op.h"
#include "image/table.h"

bool
op_threshold(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	double least = (double)step_get(ctx->step, THRESHOLD_THRESHOLD).whole;
	scoped_image flat = NULL;
	scoped_image grey = NULL;
	scoped_image done = NULL;

	if (!colour_convert(ctx, in, &flat, e))
		return false;
	if (!step_get(ctx->step, THRESHOLD_GRAYSCALE).on)
		grey = g_object_ref(flat);
	else if (!bands_grey(ctx, flat, &grey, e))
		return false;
	least *= bands_most(grey) / 255;
	if (vips_moreeq_const1(grey, &done, least, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "moreeq");
	done->Type = grey->Bands < 3 ? VIPS_INTERPRETATION_B_W
				     : VIPS_INTERPRETATION_sRGB;
	*out = take_ptr(done);
	return true;
}
