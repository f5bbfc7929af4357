/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pixelate: squares of their mean colour, from the area's top left corner on;
 * at its right and lower edge what is left of one. sharp has no such thing.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "image/colour.h"
#include "image/op.h"
#include "image/pixel.h"
#include "image/table.h"

static bool
pixelate_area(const struct op_context *ctx, VipsRect *area, struct err *e)
{
	const struct plan_step *s = ctx->step;
	double w = ctx->width;
	double h = ctx->height;
	double left = step_length(s, PIXELATE_LEFT, w);
	double top = step_length(s, PIXELATE_TOP, h);
	double width = w - left;
	double height = h - top;
	char text[64];
	int n;

	if (step_has(s, PIXELATE_WIDTH))
		width = step_length(s, PIXELATE_WIDTH, w);
	if (step_has(s, PIXELATE_HEIGHT))
		height = step_length(s, PIXELATE_HEIGHT, h);
	n = snprintf(text, sizeof(text), "%.0fx%.0f at %.0f,%.0f", width,
	    height, left, top);
	if (width < 1 || height < 1 || left + width > w || top + height > h)
		return err_param(e, ERR_BAD_GEOMETRY, "pixelate", text,
		    (size_t)n, "inside %.0fx%.0f", w, h);
	*area = (VipsRect){ (int)left, (int)top, (int)width, (int)height };
	return true;
}

bool
op_pixelate_want(
    const struct op_context *ctx, struct op_size *size, struct err *e)
{
	VipsRect area;

	size->same = step_get(ctx->step, PIXELATE_SIZE).whole == 1;
	return pixelate_area(ctx, &area, e);
}

static double
sample_get(const uint8_t *line, size_t at, bool deep)
{
	uint16_t wide;

	if (!deep)
		return line[at];
	memcpy(&wide, line + 2 * at, sizeof(wide));
	return wide;
}

static void
sample_set(uint8_t *line, size_t at, bool deep, double value)
{
	uint16_t wide = (uint16_t)(value + 0.5);

	if (deep)
		memcpy(line + 2 * at, &wide, sizeof(wide));
	else
		line[at] = (uint8_t)wide;
}

/* One square, or what is left of it: its mean, then all of it. */
static void
pixelate_square(VipsImage *image, const VipsRect *square)
{
	bool deep = image->BandFmt == VIPS_FORMAT_USHORT;
	size_t bands = (size_t)image->Bands;
	size_t first = (size_t)square->left * bands;
	size_t n = (size_t)square->width * bands;
	double count = (double)square->width * square->height;

	for (size_t b = 0; b < bands; b++) {
		double sum = 0;

		for (int y = 0; y < square->height; y++) {
			const uint8_t *line =
			    pixel_line(image, square->top + y);

			for (size_t i = b; i < n; i += bands)
				sum += sample_get(line, first + i, deep);
		}
		for (int y = 0; y < square->height; y++) {
			uint8_t *line = pixel_line(image, square->top + y);

			for (size_t i = b; i < n; i += bands)
				sample_set(line, first + i, deep, sum / count);
		}
	}
}

static void
pixelate_squares(VipsImage *image, const VipsRect *area, int size)
{
	for (int y = 0; y < area->height; y += size)
		for (int x = 0; x < area->width; x += size) {
			VipsRect square = { area->left + x, area->top + y,
				VIPS_MIN(size, area->width - x),
				VIPS_MIN(size, area->height - y) };

			pixelate_square(image, &square);
		}
}

bool
op_pixelate(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	int size = (int)step_get(ctx->step, PIXELATE_SIZE).whole;
	scoped_image flat = NULL;
	scoped_image solid = NULL;
	scoped_image fit = NULL;
	scoped_image own = NULL;
	VipsRect area;

	if (!pixelate_area(ctx, &area, e) ||
	    !colour_convert(ctx, in, &flat, e) ||
	    !pixel_premultiply(ctx, flat, &solid, e) ||
	    !pixel_whole(ctx, solid, &fit, e))
		return false;
	/* A copy: what is in memory may be somebody else's, too. */
	own = vips_image_new_memory();
	if (vips_image_write(fit, own) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "write");
	pixelate_squares(own, &area, size);
	return pixel_unpremultiply(ctx, own, out, e);
}
