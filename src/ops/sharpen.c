/* SPDX-License-Identifier: Apache-2.0 */
/* sharpen: the lightness; without a sigma a fast mild 3x3 mask. */
#include "image/colour.h"
#include "image/op.h"
#include "image/pixel.h"
#include "image/table.h"

static bool
sharpen_fast(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	scoped_image mask = vips_image_new_matrixv(
	    3, 3, -1., -1., -1., -1., 32., -1., -1., -1., -1.);
	scoped_image done = NULL;

	vips_image_set_double(mask, "scale", 24);
	if (vips_conv(in, &done, mask, "precision", VIPS_PRECISION_INTEGER,
		NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "conv");
	*out = take_ptr(done);
	return true;
}

static bool
sharpen_by(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	const struct plan_step *s = ctx->step;
	scoped_image sharp = NULL;
	scoped_image done = NULL;

	if (vips_sharpen(in, &sharp, "sigma", step_get(s, SHARPEN_SIGMA).num,
		"m1", step_get(s, SHARPEN_M1).num, "m2",
		step_get(s, SHARPEN_M2).num, "x1", step_get(s, SHARPEN_X1).num,
		"y2", step_get(s, SHARPEN_Y2).num, "y3",
		step_get(s, SHARPEN_Y3).num, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "sharpen");
	if (vips_cast(sharp, &done, in->BandFmt, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "cast");
	*out = take_ptr(done);
	return true;
}

bool
op_sharpen(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	scoped_image flat = NULL;
	scoped_image solid = NULL;
	scoped_image sharp = NULL;
	bool fast = !step_has(ctx->step, SHARPEN_SIGMA);

	if (!colour_convert(ctx, in, &flat, e) ||
	    !pixel_premultiply(ctx, flat, &solid, e))
		return false;
	if (!(fast ? sharpen_fast : sharpen_by)(ctx, solid, &sharp, e))
		return false;
	return pixel_unpremultiply(ctx, sharp, out, e);
}
