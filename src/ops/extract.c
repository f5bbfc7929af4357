/* SPDX-License-Identifier: Apache-2.0 */
/* extract: cut out an area. */
#include <math.h>
#include <stdio.h>

#include "image/op.h"
#include "image/table.h"

struct area {
	uint32_t left, top, width, height;
};

/* The length that a row says, of a side; left out: otherwise. */
static double
extract_length(
    const struct op_context *ctx, unsigned arg, uint32_t side, double otherwise)
{
	struct length length = step_get(ctx->step, arg).length;

	if (!step_has(ctx->step, arg))
		return otherwise;
	if (length.percent)
		return round((double)length.value * side / 100);
	return round((double)length.value);
}

static bool
extract_area(const struct op_context *ctx, struct area *area, struct err *e)
{
	uint32_t w = ctx->width;
	uint32_t h = ctx->height;
	double left = extract_length(ctx, EXTRACT_LEFT, w, 0);
	double top = extract_length(ctx, EXTRACT_TOP, h, 0);
	double width = extract_length(ctx, EXTRACT_WIDTH, w, w - left);
	double height = extract_length(ctx, EXTRACT_HEIGHT, h, h - top);
	char text[64];
	int n = snprintf(text, sizeof(text), "%.0fx%.0f at %.0f,%.0f", width,
	    height, left, top);

	if (width < 1 || height < 1 || left + width > w || top + height > h)
		return err_param(e, ERR_BAD_GEOMETRY, "extract", text,
		    (size_t)n, "inside %ux%u", w, h);
	*area = (struct area){ (uint32_t)left, (uint32_t)top, (uint32_t)width,
		(uint32_t)height };
	return true;
}

bool
op_extract_want(
    const struct op_context *ctx, struct op_size *size, struct err *e)
{
	struct area area;

	if (!extract_area(ctx, &area, e))
		return false;
	size->width = area.width;
	size->height = area.height;
	size->same = area.width == ctx->width && area.height == ctx->height;
	return true;
}

bool
op_extract(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	scoped_image done = NULL;
	struct area area;

	if (!extract_area(ctx, &area, e))
		return false;
	if (vips_crop(in, &done, (int)area.left, (int)area.top, (int)area.width,
		(int)area.height, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "crop");
	*out = take_ptr(done);
	return true;
}
