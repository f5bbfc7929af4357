/* SPDX-License-Identifier: Apache-2.0 */
/* tint: one colour, strongest where the image is of medium lightness. */
#include <string.h>

#include "image/bands.h"
#include "image/colour.h"
#include "image/op.h"
#include "image/pixel.h"
#include "image/table.h"

/* A pixel of the colour, in Lab. */
static bool
tint_lab(const struct op_context *ctx, double lab[3], struct err *e)
{
	uint64_t colour = step_get(ctx->step, TINT_COLOUR).colour;
	uint8_t rgb[3] = { (uint8_t)(colour >> 24), (uint8_t)(colour >> 16),
		(uint8_t)(colour >> 8) };
	scoped_image pixel = NULL;
	scoped_image there = NULL;
	double *at = NULL;
	int n = 0;

	pixel = vips_image_new_from_memory_copy(
	    rgb, sizeof(rgb), 1, 1, 3, VIPS_FORMAT_UCHAR);
	if (pixel == NULL)
		return image_fail(ctx, e, ERR_INTERNAL, "pixel");
	pixel->Type = VIPS_INTERPRETATION_sRGB;
	if (vips_colourspace(pixel, &there, VIPS_INTERPRETATION_LAB, NULL) !=
		0 ||
	    vips_getpoint(there, &at, &n, 0, 0, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "colourspace");
	for (int i = 0; i < 3; i++)
		lab[i] = i < n ? at[i] : 0;
	g_free(at);
	return true;
}

/* 256 colours, one for each grey: black and white stay what they are. */
static bool
tint_table(const struct op_context *ctx, VipsImage **out, struct err *e)
{
	enum { GREYS = 256 };
	uint8_t grey[GREYS][3];
	float table[GREYS][3];
	double lab[3];
	scoped_image line = NULL;
	scoped_image there = NULL;
	scoped_image read = NULL;
	scoped_image made = NULL;

	if (!tint_lab(ctx, lab, e))
		return false;
	for (int i = 0; i < GREYS; i++)
		memset(grey[i], i, sizeof(grey[i]));
	line = vips_image_new_from_memory_copy(
	    grey, sizeof(grey), GREYS, 1, 3, VIPS_FORMAT_UCHAR);
	if (line == NULL)
		return image_fail(ctx, e, ERR_INTERNAL, "line");
	line->Type = VIPS_INTERPRETATION_sRGB;
	if (vips_colourspace(line, &there, VIPS_INTERPRETATION_LAB, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "colourspace");
	if (!pixel_read(ctx, there, &read, e))
		return false;
	memcpy(table, read->data, sizeof(table));
	for (int i = 0; i < GREYS; i++) {
		double from_middle = (double)table[i][0] / 100 - 0.5;
		double weight = 1 - 4 * from_middle * from_middle;

		table[i][1] = (float)(weight * lab[1]);
		table[i][2] = (float)(weight * lab[2]);
	}
	made = vips_image_new_from_memory_copy(
	    table, sizeof(table), GREYS, 1, 3, VIPS_FORMAT_FLOAT);
	if (made == NULL)
		return image_fail(ctx, e, ERR_INTERNAL, "table");
	made->Type = VIPS_INTERPRETATION_LAB;
	if (vips_colourspace(made, out, VIPS_INTERPRETATION_sRGB, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "colourspace");
	return true;
}

bool
op_tint_want(const struct op_context *ctx, struct op_size *size, struct err *e)
{
	(void)ctx;
	(void)e;
	size->grey = 0;
	return true;
}

bool
op_tint(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	scoped_image flat = NULL;
	scoped_image grey = NULL;
	scoped_image colour = NULL;
	scoped_image alpha = NULL;
	scoped_image eight = NULL;
	scoped_image table = NULL;
	scoped_image mapped = NULL;
	scoped_image like = NULL;

	if (!colour_convert(ctx, in, &flat, e) ||
	    !bands_grey(ctx, flat, &grey, e) ||
	    !bands_rgb(ctx, flat, &like, e) ||
	    !bands_split(ctx, grey, &colour, &alpha, e) ||
	    !tint_table(ctx, &table, e))
		return false;
	if (vips_colourspace(colour, &eight, VIPS_INTERPRETATION_B_W, NULL) !=
		0 ||
	    vips_maplut(eight, &mapped, table, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "maplut");
	return bands_join(ctx, mapped, alpha, like, out, e);
}
