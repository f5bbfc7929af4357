/* SPDX-License-Identifier: Apache-2.0 */
/*
 * composite: lay another image of the plan on this one.
 *
 * Both are brought to one colour space and depth, that of the image where it
 * has colours at all; the overlay is placed, or repeated until it covers the
 * image, as sharp does it.
 */
#include <assert.h>
#include <inttypes.h>
#include <math.h>

#include "image/colour.h"
#include "image/overlay.h"
#include "image/pixel.h"
#include "image/table.h"

/* Pixels that a tile has at least along a side before it is laid down. */
enum { TILE_LEAST = 128 };

static const VipsBlendMode blends[BLEND_COUNT] = {
	[BLEND_CLEAR] = VIPS_BLEND_MODE_CLEAR,
	[BLEND_SOURCE] = VIPS_BLEND_MODE_SOURCE,
	[BLEND_OVER] = VIPS_BLEND_MODE_OVER,
	[BLEND_IN] = VIPS_BLEND_MODE_IN,
	[BLEND_OUT] = VIPS_BLEND_MODE_OUT,
	[BLEND_ATOP] = VIPS_BLEND_MODE_ATOP,
	[BLEND_DEST] = VIPS_BLEND_MODE_DEST,
	[BLEND_DEST_OVER] = VIPS_BLEND_MODE_DEST_OVER,
	[BLEND_DEST_IN] = VIPS_BLEND_MODE_DEST_IN,
	[BLEND_DEST_OUT] = VIPS_BLEND_MODE_DEST_OUT,
	[BLEND_DEST_ATOP] = VIPS_BLEND_MODE_DEST_ATOP,
	[BLEND_XOR] = VIPS_BLEND_MODE_XOR,
	[BLEND_ADD] = VIPS_BLEND_MODE_ADD,
	[BLEND_SATURATE] = VIPS_BLEND_MODE_SATURATE,
	[BLEND_MULTIPLY] = VIPS_BLEND_MODE_MULTIPLY,
	[BLEND_SCREEN] = VIPS_BLEND_MODE_SCREEN,
	[BLEND_OVERLAY] = VIPS_BLEND_MODE_OVERLAY,
	[BLEND_DARKEN] = VIPS_BLEND_MODE_DARKEN,
	[BLEND_LIGHTEN] = VIPS_BLEND_MODE_LIGHTEN,
	[BLEND_COLOUR_DODGE] = VIPS_BLEND_MODE_COLOUR_DODGE,
	[BLEND_COLOUR_BURN] = VIPS_BLEND_MODE_COLOUR_BURN,
	[BLEND_HARD_LIGHT] = VIPS_BLEND_MODE_HARD_LIGHT,
	[BLEND_SOFT_LIGHT] = VIPS_BLEND_MODE_SOFT_LIGHT,
	[BLEND_DIFFERENCE] = VIPS_BLEND_MODE_DIFFERENCE,
	[BLEND_EXCLUSION] = VIPS_BLEND_MODE_EXCLUSION,
};

/* What can make a solid image clear somewhere. */
static bool
blend_clears(int64_t blend)
{
	switch (blend) {
	case BLEND_CLEAR:
	case BLEND_SOURCE:
	case BLEND_IN:
	case BLEND_OUT:
	case BLEND_DEST_IN:
	case BLEND_DEST_OUT:
	case BLEND_DEST_ATOP:
	case BLEND_XOR:
		return true;
	default:
		return false;
	}
}

/* A side of the box, in whole pixels; 0: free. */
static uint32_t
box_side(const struct plan_step *s, unsigned arg, uint32_t side)
{
	struct length length = step_get(s, arg).length;
	double pixels = (double)length.value;

	if (!step_has(s, arg))
		return 0;
	if (length.percent)
		pixels = floor(side * pixels / 100);
	return pixels < 1 ? 1 : pixels > 65535 ? 65535 : (uint32_t)pixels;
}

static struct overlay_box
composite_box(const struct plan_step *s, uint32_t width, uint32_t height)
{
	return (struct overlay_box){ box_side(s, COMPOSITE_WIDTH, width),
		box_side(s, COMPOSITE_HEIGHT, height) };
}

static unsigned
composite_source(const struct plan_step *s)
{
	return (unsigned)step_get(s, COMPOSITE_SOURCE).whole;
}

bool
op_composite_want(
    const struct op_context *ctx, struct op_size *size, struct err *e)
{
	unsigned source = composite_source(ctx->step);
	struct overlay_box box =
	    composite_box(ctx->step, ctx->width, ctx->height);
	struct overlay_facts over;

	if (!overlay_look(ctx, source, box, &over, e))
		return false;
	if (over.width > ctx->width || over.height > ctx->height) {
		err_param(e, ERR_BAD_GEOMETRY, "overlay", NULL, 0,
		    "an image of at most %" PRIu32 "x%" PRIu32
		    " pixels, or a width or height that makes it so",
		    ctx->width, ctx->height);
		return err_source(e, (int)source);
	}
	size->same = false;
	size->grey = ctx->grey != 0 && over.grey != 0;
	if (blend_clears(step_get(ctx->step, COMPOSITE_BLEND).pick))
		size->alpha = 1;
	return true;
}

/* ---- Where it lies ---- */

/* Offsets of what is smaller in what is larger. */
struct spot {
	int left, top;
};

static struct spot
spot_of(int64_t gravity, int width, int height)
{
	/* Which third of the room it takes: 0 first, 1 middle, 2 last. */
	static const uint8_t third[GRAVITY_COUNT][2] = {
		[GRAVITY_CENTRE] = { 1, 1 },
		[GRAVITY_NORTH] = { 1, 0 },
		[GRAVITY_NORTHEAST] = { 2, 0 },
		[GRAVITY_EAST] = { 2, 1 },
		[GRAVITY_SOUTHEAST] = { 2, 2 },
		[GRAVITY_SOUTH] = { 1, 2 },
		[GRAVITY_SOUTHWEST] = { 0, 2 },
		[GRAVITY_WEST] = { 0, 1 },
		[GRAVITY_NORTHWEST] = { 0, 0 },
	};
	const uint8_t *t = third[gravity];

	return (struct spot){
		t[0] == 1 ? (width + 1) / 2 : t[0] / 2 * width,
		t[1] == 1 ? (height + 1) / 2 : t[1] / 2 * height,
	};
}

/* From the left; what is negative, from the right of what lies there. */
static int
offset_of(struct length at, int side, int over)
{
	double pixels = (double)at.value;

	if (at.percent)
		pixels = side * pixels / 100;
	if (at.value < 0)
		pixels += side - over;
	return (int)floor(pixels);
}

static struct spot
composite_spot(
    const struct plan_step *s, const VipsImage *in, const VipsImage *over)
{
	if (!step_has(s, COMPOSITE_LEFT))
		return spot_of(step_get(s, COMPOSITE_GRAVITY).pick,
		    in->Xsize - over->Xsize, in->Ysize - over->Ysize);
	return (struct spot){
		offset_of(
		    step_get(s, COMPOSITE_LEFT).length, in->Xsize, over->Xsize),
		offset_of(
		    step_get(s, COMPOSITE_TOP).length, in->Ysize, over->Ysize),
	};
}

/*
 * How often it is repeated along a side; odd where it lies in the middle, so
 * that one of them does.
 */
static int
tile_count(int side, int over, bool middle)
{
	int n = (side + over - 1) / over;

	return middle ? n | 1 : n;
}

/*
 * So often along each side. libvips lays every one of them down by itself:
 * many that are small become some that are larger first.
 */
static bool
tile_repeat(const struct op_context *ctx, VipsImage *over, int across, int down,
    VipsImage **out, struct err *e)
{
	int nx = VIPS_MIN(across, (TILE_LEAST - 1) / over->Xsize + 1);
	int ny = VIPS_MIN(down, (TILE_LEAST - 1) / over->Ysize + 1);
	scoped_image some = NULL;
	scoped_image read = NULL;
	scoped_image more = NULL;

	if (vips_replicate(over, &some, nx, ny, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "replicate");
	if (!pixel_read(ctx, some, &read, e))
		return false;
	if (vips_replicate(read, &more, (across + nx - 1) / nx,
		(down + ny - 1) / ny, NULL) != 0 ||
	    vips_crop(more, out, 0, 0, across * over->Xsize, down * over->Ysize,
		NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "replicate");
	return true;
}

/*
 * Repeated over the whole image. With an offset the repetition is cut so far
 * from its left and top, as in sharp.
 */
static bool
composite_tile(const struct op_context *ctx, const VipsImage *in,
    VipsImage *over, VipsImage **out, struct err *e)
{
	const struct plan_step *s = ctx->step;
	int64_t gravity = step_get(s, COMPOSITE_GRAVITY).pick;
	bool offset = step_has(s, COMPOSITE_LEFT);
	struct spot middle = spot_of(gravity, 2, 2);
	scoped_image many = NULL;
	scoped_image done = NULL;
	struct spot cut;

	if (!tile_repeat(ctx, over,
		tile_count(in->Xsize, over->Xsize, !offset && middle.left == 1),
		tile_count(in->Ysize, over->Ysize, !offset && middle.top == 1),
		&many, e))
		return false;
	cut =
	    spot_of(gravity, many->Xsize - in->Xsize, many->Ysize - in->Ysize);
	if (offset) {
		struct spot at = composite_spot(s, in, over);

		cut.left = VIPS_CLIP(0, at.left, many->Xsize - in->Xsize);
		cut.top = VIPS_CLIP(0, at.top, many->Ysize - in->Ysize);
	}
	if (vips_crop(many, &done, cut.left, cut.top, in->Xsize, in->Ysize,
		NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "crop");
	*out = take_ptr(done);
	return true;
}

/* ---- In which colours ---- */

/* Into the colours of an image whose profile was left on it. */
static bool
over_profile(const struct op_context *ctx, VipsImage *in, VipsImage *over,
    VipsImage **out, struct err *e)
{
	scoped_image lab = NULL;
	scoped_image marked = NULL;
	const void *profile;
	size_t size;

	if (vips_image_get_typeof(in, VIPS_META_ICC_NAME) == 0 ||
	    vips_image_get_blob(in, VIPS_META_ICC_NAME, &profile, &size) != 0) {
		*out = g_object_ref(over);
		return true;
	}
	if (vips_colourspace(over, &lab, VIPS_INTERPRETATION_LAB, NULL) != 0 ||
	    vips_copy(lab, &marked, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "colourspace");
	vips_image_set_blob_copy(marked, VIPS_META_ICC_NAME, profile, size);
	/* A profile that cannot be written into is as good as none. */
	if (vips_icc_export(marked, out, "intent", VIPS_INTENT_PERCEPTUAL,
		"depth", 8, NULL) != 0) {
		vips_error_clear();
		*out = g_object_ref(over);
	}
	return true;
}

static VipsInterpretation
common_space(const VipsImage *in, const VipsImage *over)
{
	bool grey = in->Bands < 3 && over->Bands < 3;

	if (in->BandFmt == VIPS_FORMAT_USHORT)
		return grey ? VIPS_INTERPRETATION_GREY16
			    : VIPS_INTERPRETATION_RGB16;
	return grey ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
}

/* In that space, in its format, with an alpha channel. */
static bool
to_space(const struct op_context *ctx, VipsImage *in, VipsInterpretation space,
    VipsImage **out, struct err *e)
{
	scoped_image there = NULL;
	scoped_image done = NULL;

	if (in->Type == space)
		there = g_object_ref(in);
	else if (vips_colourspace(in, &there, space, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "colourspace");
	if (vips_image_hasalpha(there))
		done = g_object_ref(there);
	else if (vips_addalpha(there, &done, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "addalpha");
	*out = take_ptr(done);
	return true;
}

/* Dark enough that the second half of gamma makes it right again. */
static bool
over_gamma(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	int colours = in->Bands - 1;
	scoped_image colour = NULL;
	scoped_image alpha = NULL;
	scoped_image dark = NULL;
	scoped_image same = NULL;
	scoped_image done = NULL;

	if (!(ctx->gamma > 0)) {
		*out = g_object_ref(in);
		return true;
	}
	if (vips_extract_band(in, &colour, 0, "n", colours, NULL) != 0 ||
	    vips_extract_band(in, &alpha, colours, NULL) != 0 ||
	    vips_gamma(colour, &dark, "exponent", 1 / ctx->gamma, NULL) != 0 ||
	    vips_cast(dark, &same, in->BandFmt, NULL) != 0 ||
	    vips_bandjoin2(same, alpha, &done, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "gamma");
	*out = take_ptr(done);
	return true;
}

static bool
over_opacity(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	double opacity = step_get(ctx->step, COMPOSITE_OPACITY).num / 100;
	double factor[4] = { 1, 1, 1, 1 };
	double offset[4] = { 0, 0, 0, 0 };
	scoped_image scaled = NULL;
	scoped_image done = NULL;

	if (opacity >= 1) {
		*out = g_object_ref(in);
		return true;
	}
	assert(in->Bands == 2 || in->Bands == 4);
	factor[in->Bands - 1] = opacity;
	offset[in->Bands - 1] = 0.5; /* Casting cuts. */
	if (vips_linear(in, &scaled, factor, offset, in->Bands, NULL) != 0 ||
	    vips_cast(scaled, &done, in->BandFmt, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "linear");
	*out = take_ptr(done);
	return true;
}

/* The overlay as it is laid on: scaled, in the image's colours, repeated. */
static bool
composite_over(const struct op_context *ctx, VipsImage *in, VipsImage **out,
    VipsInterpretation *space, struct err *e)
{
	const struct plan_step *s = ctx->step;
	struct overlay_box box =
	    composite_box(s, (uint32_t)in->Xsize, (uint32_t)in->Ysize);
	scoped_image read = NULL;
	scoped_image fitting = NULL;
	scoped_image straight = NULL;
	scoped_image spaced = NULL;
	scoped_image dark = NULL;
	scoped_image done = NULL;

	if (!overlay_pixels(ctx, composite_source(s), box, &read, e))
		return false;
	if (step_get(s, COMPOSITE_PREMULTIPLIED).on) {
		if (!pixel_unpremultiply(ctx, read, &straight, e))
			return false;
	} else {
		straight = g_object_ref(read);
	}
	if (!over_profile(ctx, in, straight, &fitting, e))
		return false;
	*space = common_space(in, fitting);
	if (!to_space(ctx, fitting, *space, &spaced, e) ||
	    !over_gamma(ctx, spaced, &dark, e) ||
	    !over_opacity(ctx, dark, &done, e))
		return false;
	if (step_get(s, COMPOSITE_TILE).on)
		return composite_tile(ctx, in, done, out, e);
	*out = take_ptr(done);
	return true;
}

/* ---- Together ---- */

static bool
composite_blend(const struct op_context *ctx, VipsImage *in, VipsImage *over,
    VipsInterpretation space, VipsImage **out, struct err *e)
{
	const struct plan_step *s = ctx->step;
	struct spot at = { 0, 0 };
	scoped_image based = NULL;
	scoped_image done = NULL;

	if (!step_get(s, COMPOSITE_TILE).on)
		at = composite_spot(s, in, over);
	if (!to_space(ctx, in, space, &based, e))
		return false;
	if (vips_composite2(based, over, &done,
		blends[step_get(s, COMPOSITE_BLEND).pick], "x", at.left, "y",
		at.top, "compositing_space", space, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "composite");
	*out = take_ptr(done);
	return true;
}

bool
op_composite(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	int64_t blend = step_get(ctx->step, COMPOSITE_BLEND).pick;
	VipsInterpretation space = VIPS_INTERPRETATION_sRGB;
	scoped_image flat = NULL;
	scoped_image over = NULL;
	scoped_image mixed = NULL;
	scoped_image done = NULL;

	/* Between the halves of gamma it has been converted and made deep. */
	if (ctx->gamma > 0)
		flat = g_object_ref(in);
	else if (!colour_convert(ctx, in, &flat, e))
		return false;
	if (!composite_over(ctx, flat, &over, &space, e) ||
	    !composite_blend(ctx, flat, over, space, &mixed, e))
		return false;
	if (vips_image_hasalpha(flat) || blend_clears(blend))
		done = g_object_ref(mixed);
	else if (vips_extract_band(
		     mixed, &done, 0, "n", mixed->Bands - 1, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "extract_band");
	*out = take_ptr(done);
	return true;
}
