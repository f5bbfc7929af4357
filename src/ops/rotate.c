/* SPDX-License-Identifier: Apache-2.0 */
/* rotate: clockwise; multiples of 90 degrees are turns, others interpolate. */
#include <math.h>

#include "image/op.h"
#include "image/pixel.h"
#include "image/table.h"

static double
rotate_angle(const struct op_context *ctx)
{
	double angle = fmod(step_get(ctx->step, ROTATE_ANGLE).num, 360);

	return angle < 0 ? angle + 360 : angle;
}

uint32_t
op_rotate_turn(const struct op_context *ctx)
{
	static const uint32_t turn[4] = { 1, 6, 3, 8 };
	double quarters = rotate_angle(ctx) / 90;

	if (ctx->pages > 1 && step_get(ctx->step, ROTATE_STILL).on)
		return 1;
	return quarters == floor(quarters) ? turn[(int)quarters % 4] : 0;
}

/* libvips' own rounding decides; this is for limits, so rounded up. */
bool
op_rotate_want(
    const struct op_context *ctx, struct op_size *size, struct err *e)
{
	double angle = rotate_angle(ctx) * M_PI / 180;
	double c = fabs(cos(angle));
	double s = fabs(sin(angle));

	(void)e;
	size->width = (uint32_t)ceil(ctx->width * c + ctx->height * s);
	size->height = (uint32_t)ceil(ctx->width * s + ctx->height * c);
	/* Rotating reads its input in any order. */
	size->pixels = (double)ctx->width * ctx->height;
	pixel_ink_want(step_get(ctx->step, ROTATE_BACKGROUND).colour, size);
	return true;
}

bool
op_rotate(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	double angle = rotate_angle(ctx) * M_PI / 180;
	scoped_image read = NULL;
	scoped_image turned = NULL;
	scoped_image straight = NULL;
	scoped_image done = NULL;
	struct pixel_ink ink;

	if (!pixel_ink_premultiply(ctx, in,
		step_get(ctx->step, ROTATE_BACKGROUND).colour, &read, &ink, e))
		return false;

	VipsInterpolate *bicubic = vips_interpolate_new("bicubic");
	VipsArrayDouble *background = vips_array_double_new(ink.value, ink.n);
	/* Not vips_similarity(): it multiplies alpha in once more. */
	int failed = vips_affine(read, &turned, cos(angle), -sin(angle),
	    sin(angle), cos(angle), "interpolate", bicubic, "background",
	    background, "premultiplied", TRUE, NULL);

	vips_area_unref(VIPS_AREA(background));
	g_object_unref(bicubic);
	if (failed != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "affine");
	/*
	 * Into memory: what follows asks for wide strips of small tiles, and
	 * each would be computed several times.
	 */
	if (!pixel_unpremultiply(ctx, turned, &straight, e) ||
	    !pixel_read(ctx, straight, &done, e))
		return false;
	*out = take_ptr(done);
	return true;
}
