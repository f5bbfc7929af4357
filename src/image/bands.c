/* SPDX-License-Identifier: Apache-2.0 */
/* Channels, by libvips' own operations. */
#include "image/bands.h"

#include <assert.h>

#include "image/colour.h"

bool
bands_split(const struct op_context *ctx, VipsImage *in, VipsImage **colour,
    VipsImage **alpha, struct err *e)
{
	scoped_image rest = NULL;
	scoped_image last = NULL;

	if (!vips_image_hasalpha(in)) {
		*colour = g_object_ref(in);
		return true;
	}
	if (vips_extract_band(in, &rest, 0, "n", in->Bands - 1, NULL) != 0 ||
	    vips_extract_band(in, &last, in->Bands - 1, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "extract_band");
	*colour = take_ptr(rest);
	*alpha = take_ptr(last);
	return true;
}

/* Rounded and cut to what the format holds. */
static bool
bands_cast(const struct op_context *ctx, VipsImage *in, VipsBandFormat format,
    VipsImage **out, struct err *e)
{
	scoped_image whole = NULL;
	scoped_image done = NULL;

	if (vips_band_format_isfloat(in->BandFmt)) {
		if (vips_rint(in, &whole, NULL) != 0)
			return image_fail(ctx, e, ERR_INTERNAL, "rint");
	} else {
		whole = g_object_ref(in);
	}
	if (vips_cast(whole, &done, format, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "cast");
	*out = take_ptr(done);
	return true;
}

bool
bands_join(const struct op_context *ctx, VipsImage *colour, VipsImage *alpha,
    VipsImage *was, VipsImage **out, struct err *e)
{
	scoped_image cast = NULL;
	scoped_image joined = NULL;
	scoped_image done = NULL;

	if (!bands_cast(ctx, colour, was->BandFmt, &cast, e))
		return false;
	if (alpha == NULL)
		joined = g_object_ref(cast);
	else if (vips_bandjoin2(cast, alpha, &joined, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "bandjoin");
	if (vips_copy(joined, &done, "interpretation", was->Type, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "copy");
	*out = take_ptr(done);
	return true;
}

/* A profile describes only as many channels as it has. */
static bool
bands_convert(const struct op_context *ctx, VipsImage *in,
    VipsInterpretation eight, VipsInterpretation sixteen, VipsImage **out,
    struct err *e)
{
	bool wide = in->BandFmt == VIPS_FORMAT_USHORT;
	scoped_image done = NULL;

	if (vips_colourspace(in, &done, wide ? sixteen : eight, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "colourspace");
	(void)vips_image_remove(done, VIPS_META_ICC_NAME);
	*out = take_ptr(done);
	return true;
}

bool
bands_rgb(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	if (in->Bands >= 3) {
		*out = g_object_ref(in);
		return true;
	}
	return bands_convert(ctx, in, VIPS_INTERPRETATION_sRGB,
	    VIPS_INTERPRETATION_RGB16, out, e);
}

bool
bands_grey(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	if (in->Bands < 3) {
		*out = g_object_ref(in);
		return true;
	}
	return bands_convert(ctx, in, VIPS_INTERPRETATION_B_W,
	    VIPS_INTERPRETATION_GREY16, out, e);
}

bool
bands_one(const struct op_context *ctx, VipsImage *in, int band,
    VipsImage **out, struct err *e)
{
	VipsInterpretation type = in->BandFmt == VIPS_FORMAT_USHORT
	    ? VIPS_INTERPRETATION_GREY16
	    : VIPS_INTERPRETATION_B_W;
	scoped_image one = NULL;
	scoped_image done = NULL;

	if (vips_extract_band(in, &one, band, NULL) != 0 ||
	    vips_copy(one, &done, "interpretation", type, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "extract_band");
	(void)vips_image_remove(done, VIPS_META_ICC_NAME);
	*out = take_ptr(done);
	return true;
}

double
bands_most(const VipsImage *in)
{
	return in->BandFmt == VIPS_FORMAT_USHORT ? 65535 : 255;
}

bool
bands_alpha(const struct op_context *ctx, VipsImage *in, double alpha,
    VipsImage **out, struct err *e)
{
	scoped_image done = NULL;

	if (vips_bandjoin_const1(in, &done, alpha * bands_most(in), NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "bandjoin_const");
	*out = take_ptr(done);
	return true;
}

void
bands_want(size_t n, struct op_size *size)
{
	if (n >= 3)
		size->grey = 0;
	if (n % 2 == 0)
		size->alpha = 1;
}

bool
bands_for(const struct op_context *ctx, VipsImage *in, size_t n,
    VipsImage **out, struct err *e)
{
	scoped_image flat = NULL;
	scoped_image full = NULL;

	if (!colour_convert(ctx, in, &flat, e))
		return false;
	if (n < 3)
		full = g_object_ref(flat);
	else if (!bands_rgb(ctx, flat, &full, e))
		return false;
	if (n % 2 == 0 && !vips_image_hasalpha(full))
		return bands_alpha(ctx, full, 1, out, e);
	if (full->Bands <= BANDS_MOST) {
		*out = take_ptr(full);
		return true;
	}
	if (vips_extract_band(full, out, 0, "n", BANDS_MOST, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "extract_band");
	return true;
}

void
bands_spread(const VipsImage *in, const double *list, size_t n, double rest,
    double value[BANDS_MOST])
{
	bool alpha = in->Bands % 2 == 0;
	size_t colours = (size_t)in->Bands - alpha;

	assert(in->Bands <= BANDS_MOST);

	for (size_t i = 0; i < colours; i++)
		value[i] = list[n < 3 ? 0 : i];
	if (alpha)
		value[colours] = n % 2 == 0 ? list[n - 1] : rest;
}
