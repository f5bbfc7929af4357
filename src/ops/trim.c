/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trim: cut off the edges that look like the background.
 *
 * What sharp finds. Colours are looked at as they are stored, as sharp does,
 * unless they are of 16 bits or for print: those are converted
 * first, so that threshold and background mean the same for every original
 * (sharp compares them with the raw numbers).
 *
 * An animation, which sharp refuses, is cut to what any of its frames uses:
 * frames_look() has asked for each of them before.
 */
#include <math.h>
#include <string.h>

#include "image/colour.h"
#include "image/nine.h"
#include "image/op.h"
#include "image/pixel.h"
#include "image/table.h"

/* Lines or columns that are looked at at once. */
enum { TRIM_STRIP = 16 };

/* Past the last column and line; nothing: right is 0. */
struct area {
	int left, top, right, bottom;
};

/* One image and what its pixels must differ from. */
struct look {
	VipsRegion *region;
	double background[4];
	double threshold;
};

bool
op_trim_want(const struct op_context *ctx, struct op_size *size, struct err *e)
{
	(void)e;
	/* At most; what follows is computed again with what there is. */
	size->same = ctx->pages > 1 && step_get(ctx->step, TRIM_STILL).on;
	return true;
}

static void
area_add(struct area *to, struct area from)
{
	if (from.right == 0)
		return;
	if (to->right == 0) {
		*to = from;
		return;
	}
	to->left = VIPS_MIN(to->left, from.left);
	to->top = VIPS_MIN(to->top, from.top);
	to->right = VIPS_MAX(to->right, from.right);
	to->bottom = VIPS_MAX(to->bottom, from.bottom);
}

static bool
look_differs(const struct look *look, const uint8_t *pixel, int bands)
{
	bool differs = false;

	for (int b = 0; b < bands; b++)
		differs |=
		    fabs(pixel[b] - look->background[b]) > look->threshold;
	return differs;
}

/* Adds what differs within a part of the image. */
static bool
look_part(const struct look *look, VipsRect part, struct area *found)
{
	int bands = look->region->im->Bands;

	if (vips_region_prepare(look->region, &part) != 0)
		return false;
	for (int y = part.top; y < part.top + part.height; y++) {
		const uint8_t *pixel = pixel_at(look->region, part.left, y);

		for (int x = part.left; x < part.left + part.width; x++) {
			if (look_differs(look, pixel, bands < 4 ? bands : 4))
				area_add(
				    found, (struct area){ x, y, x + 1, y + 1 });
			pixel += bands;
		}
	}
	return true;
}

/* From one side inwards, until something is there. */
struct side {
	bool across, back;
};

static bool
look_from(
    const struct look *look, VipsRect all, struct side side, struct area *found)
{
	int length = side.across ? all.width : all.height;

	for (int at = 0; at < length && found->right == 0; at += TRIM_STRIP) {
		int size = VIPS_MIN(TRIM_STRIP, length - at);
		int first = side.back ? length - at - size : at;
		VipsRect part = all;

		if (side.across) {
			part.left += first;
			part.width = size;
		} else {
			part.top += first;
			part.height = size;
		}
		if (!look_part(look, part, found))
			return false;
	}
	return true;
}

static bool
look_all(const struct look *look, struct area *found)
{
	VipsRect all = { 0, 0, look->region->im->Xsize,
		look->region->im->Ysize };
	struct area top = { 0 };
	struct area bottom = { 0 };
	struct area left = { 0 };
	struct area right = { 0 };

	if (!look_from(look, all, (struct side){ false, false }, &top))
		return false;
	if (top.right == 0)
		return true;
	if (!look_from(look, all, (struct side){ false, true }, &bottom))
		return false;
	all.top = top.top;
	all.height = bottom.bottom - top.top;
	if (!look_from(look, all, (struct side){ true, false }, &left) ||
	    !look_from(look, all, (struct side){ true, true }, &right))
		return false;
	area_add(found,
	    (struct area){ left.left, top.top, right.right, bottom.bottom });
	return true;
}

/* Smooths noise away, then looks; the colours, or the alpha alone. */
static bool
trim_look(const struct op_context *ctx, VipsImage *in, struct look *look,
    struct area *found, struct err *e)
{
	bool plain = step_get(ctx->step, TRIM_LINE_ART).on != 0 ||
	    in->Xsize < 3 || in->Ysize < 3;
	scoped_image read = NULL;
	scoped_image smooth = NULL;
	bool good;

	if (!pixel_read(ctx, in, &read, e))
		return false;
	if (plain)
		smooth = g_object_ref(read);
	else if (!median_three(ctx, read, &smooth, e))
		return false;
	look->threshold = step_get(ctx->step, TRIM_THRESHOLD).num;
	look->region = vips_region_new(smooth);
	good = look_all(look, found);
	g_object_unref(look->region);
	return good || image_fail(ctx, e, ERR_INTERNAL, "trim");
}

/* The background in the image's bands; ink: as many. */
static void
trim_background(
    const struct op_context *ctx, VipsImage *in, struct pixel_ink *ink)
{
	uint64_t colour = step_get(ctx->step, TRIM_BACKGROUND).colour;
	const uint8_t *first = pixel_line(in, 0);
	int colours = in->Bands - (vips_image_hasalpha(in) ? 1 : 0);

	ink->n = in->Bands < 4 ? in->Bands : 4;
	for (int b = 0; b < ink->n; b++)
		ink->value[b] = first[b];
	if (!step_has(ctx->step, TRIM_BACKGROUND))
		return;
	for (int b = 0; b < colours && b < ink->n; b++)
		ink->value[b] = (double)(colour >> (24 - 8 * b) & 0xff);
	if (colours < ink->n)
		ink->value[colours] = (double)(colour & 0xff);
}

/* in: in memory, 8 bits. */
static bool
trim_find(const struct op_context *ctx, VipsImage *in, struct area *found,
    struct err *e)
{
	struct look look = { 0 };
	struct pixel_ink ink;
	scoped_image solid = NULL;
	scoped_image alpha = NULL;

	trim_background(ctx, in, &ink);
	memcpy(look.background, ink.value, sizeof(look.background));
	if (!vips_image_hasalpha(in))
		return trim_look(ctx, in, &look, found, e);

	VipsArrayDouble *background =
	    vips_array_double_new(ink.value, ink.n - 1);
	int failed = vips_flatten(in, &solid, "background", background, NULL);

	vips_area_unref(VIPS_AREA(background));
	if (failed != 0 ||
	    vips_extract_band(in, &alpha, in->Bands - 1, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "flatten");
	if (!trim_look(ctx, solid, &look, found, e))
		return false;
	look.background[0] = ink.value[ink.n - 1];
	return trim_look(ctx, alpha, &look, found, e);
}

/* The image that is looked at: 8 bits, sRGB-like or grey, in memory. */
static bool
trim_plain(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	scoped_image flat = NULL;

	if (in->BandFmt == VIPS_FORMAT_UCHAR && in->Bands <= 4 &&
	    (in->Type == VIPS_INTERPRETATION_sRGB ||
		in->Type == VIPS_INTERPRETATION_B_W)) {
		*out = g_object_ref(in);
		return true;
	}
	return colour_convert(ctx, in, &flat, e) &&
	    pixel_read(ctx, flat, out, e);
}

static bool
trim_area(const struct op_context *ctx, VipsImage *in, struct area *found,
    struct err *e)
{
	scoped_image plain = NULL;

	return trim_plain(ctx, in, &plain, e) &&
	    trim_find(ctx, plain, found, e);
}

bool
op_trim(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	struct op_memo *memo = ctx->memo;
	struct area found = { memo->left, memo->top, memo->right,
		memo->bottom };
	scoped_image read = NULL;
	scoped_image done = NULL;

	if (!pixel_read(ctx, in, &read, e) ||
	    (!memo->set && !trim_area(ctx, read, &found, e)))
		return false;
	if (memo->survey) {
		memo->left = found.left;
		memo->top = found.top;
		memo->right = found.right;
		memo->bottom = found.bottom;
	}
	/* Nothing but background stays as it is. */
	if (memo->survey || found.right == 0)
		done = g_object_ref(read);
	else if (vips_crop(read, &done, found.left, found.top,
		     found.right - found.left, found.bottom - found.top,
		     NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "crop");
	*out = take_ptr(done);
	return true;
}
