/* SPDX-License-Identifier: Apache-2.0 */
/*
 * affine: shear, stretch and turn by a matrix. Frames of an animation, which
 * sharp refuses, are transformed one by one.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "image/op.h"
#include "image/pixel.h"
#include "image/table.h"

static void
affine_matrix(const struct op_context *ctx, double m[4])
{
	(void)plan_list(ctx->plan, step_get(ctx->step, AFFINE_MATRIX), m, 4);
}

/* How long the shadow of the rectangle is on one axis, as libvips rounds. */
static double
affine_length(double across, double down, uint32_t width, uint32_t height)
{
	return floor(fabs(across * width) + fabs(down * height) + 0.5);
}

bool
op_affine_want(
    const struct op_context *ctx, struct op_size *size, struct err *e)
{
	double m[4];
	char text[64];
	double width;
	double height;
	int n;

	affine_matrix(ctx, m);
	width = affine_length(m[0], m[1], ctx->width, ctx->height);
	height = affine_length(m[2], m[3], ctx->width, ctx->height);
	n = snprintf(text, sizeof(text), "%.0fx%.0f", width, height);
	if (width < 1 || height < 1 || width > INT32_MAX / 2 ||
	    height > INT32_MAX / 2)
		return err_param(e, ERR_BAD_GEOMETRY, "affine", text, (size_t)n,
		    "a matrix that leaves something to see");
	size->width = (uint32_t)width;
	size->height = (uint32_t)height;
	pixel_ink_want(step_get(ctx->step, AFFINE_BACKGROUND).colour, size);
	return true;
}

static bool
affine_run(const struct op_context *ctx, VipsImage *in,
    const struct pixel_ink *ink, VipsImage **out, struct err *e)
{
	static const char *const name[INTERPOLATOR_COUNT] = {
		[INTERPOLATOR_NEAREST] = "nearest",
		[INTERPOLATOR_BILINEAR] = "bilinear",
		[INTERPOLATOR_BICUBIC] = "bicubic",
		[INTERPOLATOR_LBB] = "lbb",
		[INTERPOLATOR_NOHALO] = "nohalo",
		[INTERPOLATOR_VSQBS] = "vsqbs",
	};
	const struct plan_step *s = ctx->step;
	VipsInterpolate *interpolate =
	    vips_interpolate_new(name[step_get(s, AFFINE_INTERPOLATOR).pick]);
	VipsArrayDouble *background = vips_array_double_new(ink->value, ink->n);
	scoped_image done = NULL;
	double m[4];
	int failed;

	affine_matrix(ctx, m);
	failed = vips_affine(in, &done, m[0], m[1], m[2], m[3], "interpolate",
	    interpolate, "background", background, "premultiplied", TRUE, "idx",
	    step_get(s, AFFINE_IDX).num, "idy", step_get(s, AFFINE_IDY).num,
	    "odx", step_get(s, AFFINE_ODX).num, "ody",
	    step_get(s, AFFINE_ODY).num, NULL);
	vips_area_unref(VIPS_AREA(background));
	g_object_unref(interpolate);
	if (failed != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "affine");
	*out = take_ptr(done);
	return true;
}

bool
op_affine(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	scoped_image read = NULL;
	scoped_image moved = NULL;
	scoped_image straight = NULL;
	struct pixel_ink ink;

	if (!pixel_ink_premultiply(ctx, in,
		step_get(ctx->step, AFFINE_BACKGROUND).colour, &read, &ink, e))
		return false;
	/*
	 * Into memory: what follows asks for wide strips of small tiles, and
	 * each would be computed several times.
	 */
	return affine_run(ctx, read, &ink, &moved, e) &&
	    pixel_unpremultiply(ctx, moved, &straight, e) &&
	    pixel_read(ctx, straight, out, e);
}
