/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smartcrop: cut out the area of a size that attracts the eye; of an animation
 * in the first frame, so that the picture stands still.
 */
#include <math.h>

#include "image/colour.h"
#include "image/op.h"
#include "image/pixel.h"
#include "image/table.h"

/* A side of the area with the room around it; at most the image's. */
static double
smart_side(const struct plan_step *s, unsigned arg, uint32_t side)
{
	struct length length = step_get(s, arg).length;
	double pixels = (double)length.value;

	if (length.percent)
		pixels = floor(side * pixels / 100);
	pixels += 2 * (double)step_get(s, SMARTCROP_PADDING).whole;
	return fmin(pixels, side);
}

bool
op_smartcrop_want(
    const struct op_context *ctx, struct op_size *size, struct err *e)
{
	const struct plan_step *s = ctx->step;
	double width = smart_side(s, SMARTCROP_WIDTH, ctx->width);
	double height = smart_side(s, SMARTCROP_HEIGHT, ctx->height);

	if (ctx->pages > 1 && step_get(s, SMARTCROP_STILL).on) {
		size->same = true;
		return true;
	}
	if (width < 1 || height < 1)
		return err_param(e, ERR_BAD_GEOMETRY, "smartcrop", NULL, 0,
		    "an area of at least 1x1 pixels");
	size->width = (uint32_t)width;
	size->height = (uint32_t)height;
	size->same = size->width == ctx->width && size->height == ctx->height;
	return true;
}

bool
op_smartcrop(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	const struct plan_step *s = ctx->step;
	const struct pixel_area want = {
		.width =
		    (int)smart_side(s, SMARTCROP_WIDTH, (uint32_t)in->Xsize),
		.height =
		    (int)smart_side(s, SMARTCROP_HEIGHT, (uint32_t)in->Ysize),
		.entropy =
		    step_get(s, SMARTCROP_INTEREST).pick == INTEREST_ENTROPY,
	};
	scoped_image flat = NULL;

	return colour_convert(ctx, in, &flat, e) &&
	    pixel_interest(ctx, flat, want, out, e);
}
