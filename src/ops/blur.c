/* SPDX-License-Identifier: Apache-2.0 */
/* blur: Gaussian blur, alpha included; without a sigma a mild 3x3 box. */
#include <math.h>

#include "image/colour.h"
#include "image/op.h"
#include "image/pixel.h"
#include "image/table.h"

/*
 * A Gaussian of a large sigma costs as many multiplications a pixel as it is
 * wide (33 s for sigma 1000 on 0.6 megapixels), and its result has no detail:
 * from twice this sigma on, the image is made smaller first, so far that this
 * sigma is left, and larger again afterwards.
 */
static const double SIGMA_LEFT = 6;

static bool
blur_box(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	scoped_image mask =
	    vips_image_new_matrixv(3, 3, 1., 1., 1., 1., 1., 1., 1., 1., 1.);
	scoped_image done = NULL;

	vips_image_set_double(mask, "scale", 9);
	if (vips_conv(in, &done, mask, "precision", VIPS_PRECISION_INTEGER,
		NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "conv");
	*out = take_ptr(done);
	return true;
}

static bool
blur_mask(const struct op_context *ctx, VipsImage *in, double sigma,
    VipsImage **out, struct err *e)
{
	static const VipsPrecision precision[PRECISION_COUNT] = {
		[PRECISION_INTEGER] = VIPS_PRECISION_INTEGER,
		[PRECISION_FLOAT] = VIPS_PRECISION_FLOAT,
		[PRECISION_APPROXIMATE] = VIPS_PRECISION_APPROXIMATE,
	};
	const struct plan_step *s = ctx->step;
	scoped_image soft = NULL;
	scoped_image whole = NULL;
	scoped_image done = NULL;

	if (vips_gaussblur(in, &soft, sigma, "precision",
		precision[step_get(s, BLUR_PRECISION).pick], "min_ampl",
		step_get(s, BLUR_AMPLITUDE).num, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "gaussblur");
	if (soft->BandFmt == in->BandFmt)
		done = g_object_ref(soft);
	else if (vips_rint(soft, &whole, NULL) != 0 ||
	    vips_cast(whole, &done, in->BandFmt, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "cast");
	*out = take_ptr(done);
	return true;
}

static bool
blur_gauss(const struct op_context *ctx, VipsImage *in, double sigma,
    VipsImage **out, struct err *e)
{
	int factor = (int)floor(sigma / SIGMA_LEFT);
	scoped_image small = NULL;
	scoped_image soft = NULL;
	struct pixel_scale to = {
		.field_width = in->Xsize,
		.field_height = in->Ysize,
		.kernel = VIPS_KERNEL_LINEAR,
	};

	if (factor < 2)
		return blur_mask(ctx, in, sigma, out, e);

	to.width = (in->Xsize + factor - 1) / factor;
	to.height = (in->Ysize + factor - 1) / factor;
	if (!pixel_resample(ctx, in, &to, &small, e) ||
	    !blur_mask(ctx, small, sigma / factor, &soft, e))
		return false;
	to = (struct pixel_scale){
		.field_width = soft->Xsize,
		.field_height = soft->Ysize,
		.width = in->Xsize,
		.height = in->Ysize,
		.kernel = VIPS_KERNEL_CUBIC,
	};
	return pixel_resample(ctx, soft, &to, out, e);
}

bool
op_blur(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	scoped_image flat = NULL;
	scoped_image solid = NULL;
	scoped_image soft = NULL;

	/* Blurring straight alpha would drag hidden colour out of clear pixels. */
	if (!colour_convert(ctx, in, &flat, e) ||
	    !pixel_premultiply(ctx, flat, &solid, e))
		return false;
	if (step_has(ctx->step, BLUR_SIGMA)) {
		if (!blur_gauss(ctx, solid, step_get(ctx->step, BLUR_SIGMA).num,
			&soft, e))
			return false;
	} else if (!blur_box(ctx, solid, &soft, e)) {
		return false;
	}
	return pixel_unpremultiply(ctx, soft, out, e);
}
