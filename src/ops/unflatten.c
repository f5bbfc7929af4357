/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unflatten: white becomes clear; what was clear stays so. White is what is
 * white as a grey, as sharp has it.
 */
#include "image/colour.h"
#include "image/op.h"
#include "image/table.h"

bool
op_unflatten_want(
    const struct op_context *ctx, struct op_size *size, struct err *e)
{
	(void)ctx;
	(void)e;
	size->alpha = 1;
	return true;
}

/* Alpha for the colours: full, or none where they are white. */
static bool
unflatten_alpha(const struct op_context *ctx, VipsImage *colours,
    VipsImage **out, struct err *e)
{
	scoped_image grey = NULL;
	scoped_image alpha = NULL;
	bool deep = colours->BandFmt == VIPS_FORMAT_USHORT;
	VipsInterpretation space =
	    deep ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;

	if (vips_colourspace(colours, &grey, space, NULL) != 0 ||
	    vips_less_const1(grey, &alpha, deep ? 65535 : 255, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "colourspace");
	*out = take_ptr(alpha);
	return true;
}

/* full: 255 for true, as libvips compares; to the image's own full scale. */
static bool
unflatten_scale(const struct op_context *ctx, VipsImage *full,
    VipsBandFormat format, VipsImage **out, struct err *e)
{
	scoped_image wide = NULL;
	scoped_image done = NULL;

	if (format == VIPS_FORMAT_UCHAR) {
		*out = g_object_ref(full);
		return true;
	}
	if (vips_linear1(full, &wide, format == VIPS_FORMAT_USHORT ? 257 : 1, 0,
		NULL) != 0 ||
	    vips_cast(wide, &done, format, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "cast");
	*out = take_ptr(done);
	return true;
}

bool
op_unflatten(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	scoped_image flat = NULL;
	scoped_image colours = NULL;
	scoped_image dark = NULL;
	scoped_image scaled = NULL;
	scoped_image had = NULL;
	scoped_image alpha = NULL;
	scoped_image done = NULL;

	if (!colour_convert(ctx, in, &flat, e))
		return false;

	bool clear = vips_image_hasalpha(flat);

	if (!clear)
		colours = g_object_ref(flat);
	else if (vips_extract_band(
		     flat, &colours, 0, "n", flat->Bands - 1, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "extract_band");
	if (!unflatten_alpha(ctx, colours, &dark, e) ||
	    !unflatten_scale(ctx, dark, flat->BandFmt, &scaled, e))
		return false;

	if (!clear)
		alpha = g_object_ref(scaled);
	else if (vips_extract_band(flat, &had, flat->Bands - 1, NULL) != 0 ||
	    vips_andimage(had, scaled, &alpha, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "and");
	if (vips_bandjoin2(colours, alpha, &done, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "bandjoin");
	*out = take_ptr(done);
	return true;
}
