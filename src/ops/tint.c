/* SPDX-License-Identifier: Apache-2.0 */
/* tint: one colour, strongest where the image is of medium lightness. */
#include "image/bands.h"
#include "image/colour.h"
#include "image/op.h"
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

/* The Lab values of a grey image's values: n of three channels. */
static bool
tint_weigh(const struct op_context *ctx, VipsImage *greys, VipsImage **out,
    struct err *e)
{
	double lab[3];
	scoped_image there = NULL;
	scoped_image done = NULL;
	float *value;

	if (!tint_lab(ctx, lab, e))
		return false;
	if (vips_colourspace(greys, &there, VIPS_INTERPRETATION_LAB, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "colourspace");
	done = vips_image_new_memory();
	if (vips_image_write(there, done) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "write");
	value = (float *)(void *)done->data;
	for (int i = 0; i < done->Xsize; i++, value += 3) {
		double from_middle = (double)value[0] / 100 - 0.5;
		double weight = 1 - 4 * from_middle * from_middle;

		value[1] = (float)(weight * lab[1]);
		value[2] = (float)(weight * lab[2]);
	}
	*out = take_ptr(done);
	return true;
}

/* A colour for each grey of so many bits: black and white stay what they are. */
static bool
tint_table(
    const struct op_context *ctx, bool deep, VipsImage **out, struct err *e)
{
	scoped_image line = NULL;
	scoped_image greys = NULL;
	scoped_image weighed = NULL;

	if (vips_identity(&line, "bands", 3, "ushort", (gboolean)deep, NULL) !=
		0 ||
	    vips_copy(line, &greys, "interpretation",
		deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB,
		NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "identity");
	if (!tint_weigh(ctx, greys, &weighed, e))
		return false;
	if (vips_colourspace(weighed, out, greys->Type, NULL) != 0)
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
	scoped_image table = NULL;
	scoped_image mapped = NULL;
	scoped_image like = NULL;

	if (!colour_convert(ctx, in, &flat, e) ||
	    !bands_grey(ctx, flat, &grey, e) ||
	    !bands_rgb(ctx, flat, &like, e) ||
	    !bands_split(ctx, grey, &colour, &alpha, e) ||
	    !tint_table(ctx, colour->BandFmt == VIPS_FORMAT_USHORT, &table, e))
		return false;
	if (vips_maplut(colour, &mapped, table, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "maplut");
	return bands_join(ctx, mapped, alpha, like, out, e);
}
