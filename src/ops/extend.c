/* SPDX-License-Identifier: Apache-2.0 */
/* extend: add to the sides. */
#include "image/op.h"
#include "image/pixel.h"
#include "image/table.h"

struct sides {
	double top, bottom, left, right;
};

static double
extend_side(const struct op_context *ctx, unsigned arg, uint32_t side)
{
	return step_length(
	    ctx->step, step_has(ctx->step, arg) ? arg : EXTEND_ALL, side);
}

static struct sides
extend_sides(const struct op_context *ctx)
{
	return (struct sides){
		.top = extend_side(ctx, EXTEND_TOP, ctx->height),
		.bottom = extend_side(ctx, EXTEND_BOTTOM, ctx->height),
		.left = extend_side(ctx, EXTEND_LEFT, ctx->width),
		.right = extend_side(ctx, EXTEND_RIGHT, ctx->width),
	};
}

bool
op_extend_want(
    const struct op_context *ctx, struct op_size *size, struct err *e)
{
	const struct plan_step *s = ctx->step;
	struct sides add = extend_sides(ctx);

	(void)e;
	size->width += (uint32_t)(add.left + add.right);
	size->height += (uint32_t)(add.top + add.bottom);
	size->same = size->width == ctx->width && size->height == ctx->height;
	if (step_get(s, EXTEND_WITH).pick == EXTEND_COLOUR && !size->same)
		pixel_ink_want(step_get(s, EXTEND_BACKGROUND).colour, size);
	return true;
}

static bool
extend_colour(const struct op_context *ctx, VipsImage *in,
    const struct sides *add, VipsImage **out, struct err *e)
{
	scoped_image ready = NULL;
	scoped_image done = NULL;
	struct pixel_ink ink;

	if (!pixel_ink(ctx, in, step_get(ctx->step, EXTEND_BACKGROUND).colour,
		&ready, &ink, e))
		return false;

	VipsArrayDouble *background = vips_array_double_new(ink.value, ink.n);
	int failed = vips_embed(ready, &done, (int)add->left, (int)add->top,
	    in->Xsize + (int)(add->left + add->right),
	    in->Ysize + (int)(add->top + add->bottom), "extend",
	    VIPS_EXTEND_BACKGROUND, "background", background, NULL);

	vips_area_unref(VIPS_AREA(background));
	if (failed != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "embed");
	*out = take_ptr(done);
	return true;
}

/* Which pixel of an axis is seen at a place that may be outside of it. */
static int
extend_from(int64_t with, int at, int size)
{
	int64_t period = with == EXTEND_MIRROR ? 2 * (int64_t)size : size;
	int64_t place = at % period;

	if (with == EXTEND_COPY)
		return at < 0 ? 0 : at < size ? at : size - 1;
	if (place < 0)
		place += period;
	return (int)(place < size ? place : period - 1 - place);
}

/*
 * By a table of columns: libvips' embed makes a small image of each tile,
 * which for an original of one pixel is a million of them.
 */
static bool
extend_pixels(const struct op_context *ctx, VipsImage *in,
    const struct sides *add, VipsImage **out, struct err *e)
{
	int64_t with = step_get(ctx->step, EXTEND_WITH).pick;
	int width = in->Xsize + (int)(add->left + add->right);
	int height = in->Ysize + (int)(add->top + add->bottom);
	size_t pixel = pixel_line_size(in) / (size_t)in->Xsize;
	scoped_image done = NULL;

	if (!pixel_new(ctx, in, width, height, &done, e))
		return false;

	size_t *column = xcalloc((size_t)width, sizeof(*column));

	for (int x = 0; x < width; x++)
		column[x] = pixel *
		    (size_t)extend_from(with, x - (int)add->left, in->Xsize);
	for (int y = 0; y < height; y++) {
		const uint8_t *from = pixel_line(
		    in, extend_from(with, y - (int)add->top, in->Ysize));
		uint8_t *to = pixel_line(done, y);

		for (int x = 0; x < width; x++)
			for (size_t b = 0; b < pixel; b++)
				*to++ = from[column[x] + b];
	}
	free(column);
	*out = take_ptr(done);
	return true;
}

bool
op_extend(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	struct sides add = extend_sides(ctx);
	scoped_image read = NULL;

	if (step_get(ctx->step, EXTEND_WITH).pick == EXTEND_COLOUR)
		return extend_colour(ctx, in, &add, out, e);
	return pixel_read(ctx, in, &read, e) &&
	    extend_pixels(ctx, read, &add, out, e);
}
