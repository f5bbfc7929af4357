/* SPDX-License-Identifier: Apache-2.0 */
/*
 * round: rounded corners, or an ellipse; what is outside becomes clear, and
 * its colour is forgotten. At the edge alpha is the part of the pixel that is
 * inside: exact along the line, of eight samples across it.
 */
#include <math.h>
#include <string.h>

#include "image/colour.h"
#include "image/op.h"
#include "image/pixel.h"
#include "image/table.h"

enum { SAMPLES = 8 };

/* What stays of a line at height y lies within x +- half. */
struct shape {
	double width, height; /* of the image */
	double x, y;          /* centre */
	double rx, ry;
	bool ellipse;
};

static double
round_length(const struct plan_step *s, unsigned arg, double side)
{
	struct length length = step_get(s, arg).length;

	return (double)length.value * (length.percent ? side / 100 : 1);
}

static struct shape
round_shape(const struct op_context *ctx)
{
	const struct plan_step *s = ctx->step;
	double width = ctx->width;
	double height = ctx->height;
	double least = fmin(width, height);
	double radius = step_has(s, ROUND_RADIUS)
	    ? round_length(s, ROUND_RADIUS, least)
	    : least / 2;
	struct shape shape = {
		.width = width,
		.height = height,
		.x = width / 2,
		.y = height / 2,
		.rx = radius,
		.ry = radius,
		.ellipse = step_get(s, ROUND_SHAPE).pick == ROUNDING_ELLIPSE,
	};

	if (!shape.ellipse)
		shape.rx = shape.ry = fmin(radius, least / 2);
	if (step_has(s, ROUND_RX))
		shape.rx = round_length(s, ROUND_RX, width);
	if (step_has(s, ROUND_RY))
		shape.ry = round_length(s, ROUND_RY, height);
	if (step_has(s, ROUND_LEFT))
		shape.x = round_length(s, ROUND_LEFT, width);
	if (step_has(s, ROUND_TOP))
		shape.y = round_length(s, ROUND_TOP, height);
	if (!shape.ellipse) {
		shape.rx = fmin(shape.rx, width / 2);
		shape.ry = fmin(shape.ry, height / 2);
	}
	return shape;
}

bool
op_round_want(const struct op_context *ctx, struct op_size *size, struct err *e)
{
	struct shape shape = round_shape(ctx);

	(void)e;
	size->same = (!shape.ellipse && !(shape.rx > 0 && shape.ry > 0)) ||
	    (ctx->pages > 1 && step_get(ctx->step, ROUND_STILL).on);
	if (!size->same)
		size->alpha = 1;
	return true;
}

/* Half the chord of an ellipse at a distance from its centre. */
static double
shape_chord(const struct shape *shape, double distance)
{
	double part = distance / shape->ry;

	return part < 1 ? shape->rx * sqrt(1 - part * part) : 0;
}

static double
shape_half(const struct shape *shape, double y)
{
	double beyond;

	if (shape->ellipse)
		return shape_chord(shape, fabs(y - shape->y));
	/* How far into a corner's square. */
	beyond = fmax(shape->ry - y, y - (shape->height - shape->ry));
	if (beyond <= 0)
		return shape->width / 2;
	return shape->width / 2 - shape->rx + shape_chord(shape, beyond);
}

/* How much of each pixel of a line is inside, 0 to 1. */
static void
shape_line(const struct shape *shape, int y, int left, int width, float *inside)
{
	memset(inside, 0, (size_t)width * sizeof(*inside));
	for (int i = 0; i < SAMPLES; i++) {
		double half = shape_half(shape, y + (i + 0.5) / SAMPLES);
		double from = fmin(fmax(shape->x - half - left, 0), width);
		double to = fmin(fmax(shape->x + half - left, 0), width);

		for (int x = (int)from; x < to; x++)
			inside[x] += (float)((fmin(to, x + 1) - fmax(from, x)) /
			    SAMPLES);
	}
}

static void
line_8(
    const uint8_t *from, uint8_t *to, const float *inside, const VipsRegion *r)
{
	int bands = r->im->Bands;

	for (int x = 0; x < r->valid.width; x++) {
		float part = fminf(inside[x], 1);
		float alpha = (float)from[bands - 1] * part;

		memcpy(to, from, (size_t)bands);
		to[bands - 1] = (uint8_t)(alpha + 0.5F);
		if (to[bands - 1] == 0)
			memset(to, 0, (size_t)bands);
		from += bands;
		to += bands;
	}
}

static void
line_16(const uint16_t *from, uint16_t *to, const float *inside,
    const VipsRegion *r)
{
	int bands = r->im->Bands;

	for (int x = 0; x < r->valid.width; x++) {
		float part = fminf(inside[x], 1);
		float alpha = (float)from[bands - 1] * part;

		memcpy(to, from, 2 * (size_t)bands);
		to[bands - 1] = (uint16_t)(alpha + 0.5F);
		if (to[bands - 1] == 0)
			memset(to, 0, 2 * (size_t)bands);
		from += bands;
		to += bands;
	}
}

static int
round_generate(
    VipsRegion *out, void *seq, void *image, void *data, gboolean *stop)
{
	const VipsRect *area = &out->valid;
	VipsRegion *in = seq;
	float *inside;

	(void)image;
	(void)stop;
	if (vips_region_prepare(in, area) != 0)
		return -1;
	inside = xcalloc((size_t)area->width, sizeof(*inside));
	for (int y = area->top; y < area->top + area->height; y++) {
		const void *from = pixel_at(in, area->left, y);
		void *to = pixel_at(out, area->left, y);

		shape_line(data, y, area->left, area->width, inside);
		if (out->im->BandFmt == VIPS_FORMAT_UCHAR)
			line_8(from, to, inside, out);
		else
			line_16(from, to, inside, out);
	}
	free(inside);
	return 0;
}

/* in: with alpha, of 8 or 16 bits. */
static bool
round_mask(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	struct shape *shape = g_new(struct shape, 1);
	scoped_image done = vips_image_new();

	*shape = round_shape(ctx);
	/* libvips links pipelines without counting: the input lives as long. */
	vips_object_local(done, g_object_ref(in));
	g_signal_connect_swapped(done, "postclose", G_CALLBACK(g_free), shape);
	if (vips_image_pipelinev(done, VIPS_DEMAND_STYLE_ANY, in, NULL) != 0 ||
	    vips_image_generate(done, vips_start_one, round_generate,
		vips_stop_one, in, shape) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "round");
	*out = take_ptr(done);
	return true;
}

bool
op_round(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	scoped_image flat = NULL;
	scoped_image clear = NULL;
	scoped_image fit = NULL;

	if (!colour_convert(ctx, in, &flat, e))
		return false;
	if (vips_image_hasalpha(flat))
		clear = g_object_ref(flat);
	else if (vips_addalpha(flat, &clear, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "addalpha");
	return pixel_whole(ctx, clear, &fit, e) && round_mask(ctx, fit, out, e);
}
