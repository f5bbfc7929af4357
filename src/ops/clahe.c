/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clahe: contrast limited adaptive histogram equalisation; alpha stays. An
 * area larger than the image is the image.
 */
#include "image/bands.h"
#include "image/colour.h"
#include "image/op.h"
#include "image/pixel.h"
#include "image/table.h"

static int
at_most(int64_t wanted, int side)
{
	return wanted < side ? (int)wanted : side;
}

bool
op_clahe(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	const struct plan_step *s = ctx->step;
	scoped_image flat = NULL;
	scoped_image colour = NULL;
	scoped_image alpha = NULL;
	scoped_image eight = NULL;
	scoped_image read = NULL;
	scoped_image local = NULL;
	scoped_image done = NULL;

	/* Every line wants those around it, also above. */
	if (!colour_convert(ctx, in, &flat, e) ||
	    !pixel_read(ctx, flat, &read, e) ||
	    !bands_split(ctx, read, &colour, &alpha, e))
		return false;
	/* Histograms are of 256 values. */
	if (vips_colourspace(colour, &eight,
		colour->Bands < 3 ? VIPS_INTERPRETATION_B_W
				  : VIPS_INTERPRETATION_sRGB,
		NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "colourspace");
	if (vips_hist_local(eight, &local,
		at_most(step_get(s, CLAHE_WIDTH).whole, read->Xsize),
		at_most(step_get(s, CLAHE_HEIGHT).whole, read->Ysize),
		"max_slope", (int)step_get(s, CLAHE_SLOPE).whole, NULL) != 0 ||
	    vips_colourspace(local, &done, colour->Type, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "hist_local");
	return bands_join(ctx, done, alpha, read, out, e);
}
