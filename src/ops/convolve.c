/* SPDX-License-Identifier: Apache-2.0 */
/*
 * convolve: a kernel of numbers over each pixel, alpha included. Computed in
 * floating point and rounded (sharp cuts the fraction off).
 */
#include <math.h>

#include "image/bands.h"
#include "image/colour.h"
#include "image/op.h"
#include "image/pixel.h"
#include "image/table.h"

/* most: the largest value of the image. */
static bool
convolve_kernel(
    const struct op_context *ctx, double most, VipsImage **out, struct err *e)
{
	const struct plan_step *s = ctx->step;
	double number[PLAN_LIST];
	size_t n = plan_list(
	    ctx->plan, step_get(s, CONVOLVE_KERNEL), number, NELEM(number));
	int width = (int)step_get(s, CONVOLVE_WIDTH).whole;
	int height = (int)step_get(s, CONVOLVE_HEIGHT).whole;
	double scale = 0;
	scoped_image done = NULL;

	for (size_t i = 0; i < n; i++)
		scale += number[i];
	scale = fmax(scale, 1);
	if (step_has(s, CONVOLVE_SCALE))
		scale = step_get(s, CONVOLVE_SCALE).num;
	done = vips_image_new_matrix_from_array(width, height, number, (int)n);
	if (done == NULL)
		return image_fail(ctx, e, ERR_INTERNAL, "matrix");
	vips_image_set_double(done, "scale", scale);
	/* It is meant for 8 bits. */
	vips_image_set_double(
	    done, "offset", step_get(s, CONVOLVE_OFFSET).num * most / 255);
	*out = take_ptr(done);
	return true;
}

bool
op_convolve(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	scoped_image kernel = NULL;
	scoped_image flat = NULL;
	scoped_image solid = NULL;
	scoped_image summed = NULL;
	scoped_image whole = NULL;
	scoped_image cast = NULL;

	if (!colour_convert(ctx, in, &flat, e) ||
	    !pixel_premultiply(ctx, flat, &solid, e) ||
	    !convolve_kernel(ctx, bands_most(solid), &kernel, e))
		return false;
	if (vips_conv(solid, &summed, kernel, "precision", VIPS_PRECISION_FLOAT,
		NULL) != 0 ||
	    vips_rint(summed, &whole, NULL) != 0 ||
	    vips_cast(whole, &cast, solid->BandFmt, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "conv");
	return pixel_unpremultiply(ctx, cast, out, e);
}
