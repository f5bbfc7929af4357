/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resize: scale the image to a box.
 *
 * Two halves: scaling by one factor for each axis, then cutting the box out
 * (cover) or filling it up (contain). The first works on the image as it is
 * stored, at the true field of what the loader has left of it; turns that
 * stand before come between the two, when the image is small.
 */
#include <math.h>

#include "image/colour.h"
#include "image/op.h"
#include "image/pixel.h"
#include "image/table.h"
#include "image/turn.h"

/* All in the image's upright position. */
struct geometry {
	double shrink;         /* the smaller factor of both axes */
	uint32_t scaled_width; /* of the whole picture */
	uint32_t scaled_height;
	uint32_t width, height; /* of the result */
	bool cover, contain;
};

struct factors {
	double across, down; /* how often the side is divided */
};

/* The sides that are asked for; 0: free. */
struct box {
	double width, height;
};

/* A side so large that it has no number is refused by whoever asked for it. */
static uint32_t
side_whole(double side)
{
	double n = floor(side + 0.5);

	return n < 1 ? 1 : n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

static struct box
resize_box(const struct plan_step *s, double width, double height)
{
	double ratio = step_get(s, RESIZE_RATIO).num;

	if (step_has(s, RESIZE_RATIO))
		return (struct box){ side_whole(width * ratio),
			side_whole(height * ratio) };
	return (struct box){ (double)step_get(s, RESIZE_WIDTH).whole,
		(double)step_get(s, RESIZE_HEIGHT).whole };
}

static struct factors
resize_factors(const struct plan_step *s, struct box box, bool vector,
    double width, double height)
{
	bool wide = box.width > 0;
	bool high = box.height > 0;
	int64_t fit = step_get(s, RESIZE_FIT).pick;
	double x = wide ? width / box.width : 1;
	double y = high ? height / box.height : 1;

	if (wide && high && fit != FIT_FILL)
		x = y = fit == FIT_COVER || fit == FIT_OUTSIDE ? fmin(x, y)
							       : fmax(x, y);
	else if (wide && !high && fit != FIT_FILL)
		y = x;
	else if (high && !wide && fit != FIT_FILL)
		x = y;

	if (step_get(s, RESIZE_NO_ENLARGE).on && !vector) {
		x = fmax(x, 1);
		y = fmax(y, 1);
	}
	if (step_get(s, RESIZE_NO_REDUCE).on) {
		x = fmin(x, 1);
		y = fmin(y, 1);
	}
	return (struct factors){ fmin(x, width), fmin(y, height) };
}

/*
 * The factor by which sharp lets the JPEG decoder shrink: its sizes come out
 * of what that leaves, rounded down.
 */
static uint32_t
sharp_shrink(const struct plan_step *s, double shrink)
{
	double lead = step_get(s, RESIZE_SHRINK).on ? 1 : 2;
	uint32_t factor = shrink >= 8 * lead ? 8
	    : shrink >= 4 * lead             ? 4
	    : shrink >= 2 * lead             ? 2
					     : 1;

	/* Also sharp's: less where libjpeg's rounding could show. */
	return factor > 1 && (uint32_t)shrink == factor ? factor / 2 : factor;
}

static struct geometry
resize_geometry(const struct op_context *ctx)
{
	const struct plan_step *s = ctx->step;
	bool swap = turn_swaps(ctx->turn);
	double width = swap ? ctx->height : ctx->width;
	double height = swap ? ctx->width : ctx->height;
	struct box box = resize_box(s, width, height);
	/* Nothing is lost where there are no pixels yet; sharp does not care. */
	bool vector =
	    ctx->vector != 0 && step_get(s, RESIZE_SIZING).pick != SIZING_SHARP;
	struct factors f = resize_factors(s, box, vector, width, height);
	int64_t fit = step_get(s, RESIZE_FIT).pick;
	struct geometry g = { .shrink = fmin(f.across, f.down) };

	if (step_get(s, RESIZE_SIZING).pick == SIZING_SHARP &&
	    ctx->may_shrink && ctx->from == FORMAT_JPEG) {
		uint32_t shrink = sharp_shrink(s, g.shrink);

		width = floor(width / shrink);
		height = floor(height / shrink);
		f = resize_factors(s, box, vector, width, height);
	}
	g.scaled_width = g.width = side_whole(width / f.across);
	g.scaled_height = g.height = side_whole(height / f.down);

	g.cover = fit == FIT_COVER;
	g.contain = fit == FIT_CONTAIN;
	if (g.cover || g.contain) {
		uint32_t w = (uint32_t)box.width;
		uint32_t h = (uint32_t)box.height;

		if (w > 0 && (g.contain || w < g.width))
			g.width = w;
		if (h > 0 && (g.contain || h < g.height))
			g.height = h;
	}
	return g;
}

bool
op_resize_want(
    const struct op_context *ctx, struct op_size *size, struct err *e)
{
	struct geometry g = resize_geometry(ctx);
	bool swap = turn_swaps(ctx->turn);
	int64_t kernel = step_get(ctx->step, RESIZE_KERNEL).pick;

	(void)e;
	size->width = g.width;
	size->height = g.height;
	size->pixels = (double)g.scaled_width * g.scaled_height;
	size->shrink = g.shrink;
	if (g.contain &&
	    (g.width != g.scaled_width || g.height != g.scaled_height))
		pixel_ink_want(
		    step_get(ctx->step, RESIZE_BACKGROUND).colour, size);
	/* The nearest pixel is one of the original's. */
	if (kernel == KERNEL_NEAREST)
		size->shrink = 1;
	else if (step_get(ctx->step, RESIZE_SIZING).pick == SIZING_SHARP &&
	    ctx->from == FORMAT_JPEG)
		size->shrink = sharp_shrink(ctx->step, g.shrink);
	else if (!step_get(ctx->step, RESIZE_SHRINK).on)
		size->shrink = g.shrink / 2;
	size->same = g.scaled_width == (swap ? ctx->height : ctx->width) &&
	    g.scaled_height == (swap ? ctx->width : ctx->height) &&
	    g.width == g.scaled_width && g.height == g.scaled_height;
	return true;
}

static bool
resize_scale(const struct op_context *ctx, const struct geometry *g,
    VipsImage *in, VipsImage **out, struct err *e)
{
	static const VipsKernel kernel[KERNEL_COUNT] = {
		[KERNEL_NEAREST] = VIPS_KERNEL_NEAREST,
		[KERNEL_LINEAR] = VIPS_KERNEL_LINEAR,
		[KERNEL_CUBIC] = VIPS_KERNEL_CUBIC,
		[KERNEL_MITCHELL] = VIPS_KERNEL_MITCHELL,
		[KERNEL_LANCZOS2] = VIPS_KERNEL_LANCZOS2,
		[KERNEL_LANCZOS3] = VIPS_KERNEL_LANCZOS3,
	};
	bool swap = turn_swaps(ctx->turn);
	struct pixel_scale to = {
		.field_width = ctx->field_width,
		.field_height = ctx->field_height,
		.width = (int)(swap ? g->scaled_height : g->scaled_width),
		.height = (int)(swap ? g->scaled_width : g->scaled_height),
		.kernel = kernel[step_get(ctx->step, RESIZE_KERNEL).pick],
	};
	scoped_image solid = NULL;
	scoped_image scaled = NULL;

	if (in->Xsize == to.width && in->Ysize == to.height &&
	    ctx->width == (uint32_t)to.width &&
	    ctx->height == (uint32_t)to.height) {
		*out = g_object_ref(in);
		return true;
	}
	if (to.kernel == VIPS_KERNEL_NEAREST)
		return pixel_resample(ctx, in, &to, out, e);
	if (!pixel_premultiply(ctx, in, &solid, e) ||
	    !pixel_resample(ctx, solid, &to, &scaled, e))
		return false;
	return pixel_unpremultiply(ctx, scaled, out, e);
}

/* Which third of the room a position takes: 0 first, 1 middle, 2 last. */
struct place {
	uint8_t across, down;
};

static struct place
place_of(int64_t position)
{
	static const struct place place[POSITION_COUNT] = {
		[POSITION_CENTRE] = { 1, 1 },
		[POSITION_NORTH] = { 1, 0 },
		[POSITION_NORTHEAST] = { 2, 0 },
		[POSITION_EAST] = { 2, 1 },
		[POSITION_SOUTHEAST] = { 2, 2 },
		[POSITION_SOUTH] = { 1, 2 },
		[POSITION_SOUTHWEST] = { 0, 2 },
		[POSITION_WEST] = { 0, 1 },
		[POSITION_NORTHWEST] = { 0, 0 },
		[POSITION_ENTROPY] = { 1, 1 },
		[POSITION_ATTENTION] = { 1, 1 },
	};

	return place[position];
}

/* room: by how much the one is larger than the other. */
static int
offset_of(uint8_t third, int room, bool round_up)
{
	return third == 0 ? 0 : third == 2 ? room : (room + round_up) / 2;
}

/* So that the point comes to the middle, as far as there is image. */
static int
offset_to(double focus, int side, int box)
{
	double at = round(focus * side - box / 2.0);

	return (int)fmin(fmax(at, 0), side - box);
}

static bool
resize_cover(const struct op_context *ctx, const struct geometry *g,
    VipsImage *in, VipsImage **out, struct err *e)
{
	const struct plan_step *s = ctx->step;
	int64_t position = step_get(s, RESIZE_POSITION).pick;
	struct place place = place_of(position);
	int width = (int)g->width;
	int height = (int)g->height;
	scoped_image done = NULL;

	if (in->Xsize == width && in->Ysize == height) {
		*out = g_object_ref(in);
		return true;
	}
	if (!step_has(s, RESIZE_FOCUS_X) &&
	    (position == POSITION_ENTROPY || position == POSITION_ATTENTION))
		return pixel_interest(ctx, in,
		    (struct pixel_area){
			width, height, position == POSITION_ENTROPY },
		    out, e);

	int left = offset_of(place.across, in->Xsize - width, true);
	int top = offset_of(place.down, in->Ysize - height, true);

	if (step_has(s, RESIZE_FOCUS_X)) {
		left = offset_to(
		    step_get(s, RESIZE_FOCUS_X).num, in->Xsize, width);
		top = offset_to(
		    step_get(s, RESIZE_FOCUS_Y).num, in->Ysize, height);
	}
	if (vips_crop(in, &done, left, top, width, height, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "crop");
	*out = take_ptr(done);
	return true;
}

static bool
resize_contain(const struct op_context *ctx, const struct geometry *g,
    VipsImage *in, VipsImage **out, struct err *e)
{
	const struct plan_step *s = ctx->step;
	struct place place = place_of(step_get(s, RESIZE_POSITION).pick);
	int width = (int)g->width;
	int height = (int)g->height;
	scoped_image ready = NULL;
	scoped_image done = NULL;
	struct pixel_ink ink;

	if (in->Xsize == width && in->Ysize == height) {
		*out = g_object_ref(in);
		return true;
	}
	if (!pixel_ink(ctx, in, step_get(s, RESIZE_BACKGROUND).colour, &ready,
		&ink, e))
		return false;

	VipsArrayDouble *background = vips_array_double_new(ink.value, ink.n);
	int failed = vips_embed(ready, &done,
	    offset_of(place.across, width - in->Xsize, false),
	    offset_of(place.down, height - in->Ysize, false), width, height,
	    "extend", VIPS_EXTEND_BACKGROUND, "background", background, NULL);

	vips_area_unref(VIPS_AREA(background));
	if (failed != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "embed");
	*out = take_ptr(done);
	return true;
}

bool
op_resize(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	struct geometry g = resize_geometry(ctx);
	scoped_image scaled = NULL;
	scoped_image flat = NULL;
	scoped_image turned = NULL;
	scoped_image done = NULL;

	/* Colours after scaling down: fewer pixels. Before scaling up. */
	if (g.shrink < 1) {
		if (!colour_convert(ctx, in, &flat, e) ||
		    !resize_scale(ctx, &g, flat, &scaled, e))
			return false;
		g_clear_object(&flat);
		flat = g_object_ref(scaled);
	} else if (!resize_scale(ctx, &g, in, &scaled, e) ||
	    !colour_convert(ctx, scaled, &flat, e)) {
		return false;
	}
	if (!turn_apply(ctx, flat, ctx->turn, &turned, e))
		return false;
	if (!(g.cover           ? resize_cover(ctx, &g, turned, &done, e)
		    : g.contain ? resize_contain(ctx, &g, turned, &done, e)
				: (done = g_object_ref(turned)) != NULL))
		return false;
	*out = take_ptr(done);
	return true;
}
