/* SPDX-License-Identifier: Apache-2.0 */
/*
 * normalise: the lightness (CIE L*) stretched, so that it begins and ends where
 * the percentiles are. Of an animation as the first frame's are, so that it
 * does not flicker.
 */
#include <math.h>

#include "image/bands.h"
#include "image/colour.h"
#include "image/op.h"
#include "image/pixel.h"
#include "image/table.h"

/* Whole numbers, as sharp has them. */
static bool
lightness_range(const struct op_context *ctx, VipsImage *light,
    struct op_range *range, struct err *e)
{
	double lower = step_get(ctx->step, NORMALISE_LOWER).num;
	double upper = step_get(ctx->step, NORMALISE_UPPER).num;
	double low = 0;
	double high = 0;
	int at = 0;

	if (!(lower > 0)) {
		if (vips_min(light, &low, NULL) != 0)
			return image_fail(ctx, e, ERR_INTERNAL, "min");
	} else {
		if (vips_percent(light, trunc(lower), &at, NULL) != 0)
			return image_fail(ctx, e, ERR_INTERNAL, "percent");
		low = at;
	}
	if (!(upper < 100)) {
		if (vips_max(light, &high, NULL) != 0)
			return image_fail(ctx, e, ERR_INTERNAL, "max");
	} else {
		if (vips_percent(light, trunc(upper), &at, NULL) != 0)
			return image_fail(ctx, e, ERR_INTERNAL, "percent");
		high = at;
	}
	*range = (struct op_range){ trunc(low), trunc(high), true };
	return true;
}

static bool
lightness_stretch(const struct op_context *ctx, VipsImage *lab,
    const struct op_range *range, VipsInterpretation type, VipsImage **out,
    struct err *e)
{
	double factor = 100 / (range->high - range->low);
	double a[3] = { factor, 1, 1 };
	double b[3] = { -range->low * factor, 0, 0 };
	scoped_image stretched = NULL;

	if (vips_linear(lab, &stretched, a, b, 3, NULL) != 0 ||
	    vips_colourspace(stretched, out, type, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "stretch");
	return true;
}

bool
op_normalise(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	struct op_range range = ctx->memo->range;
	scoped_image flat = NULL;
	scoped_image read = NULL;
	scoped_image colour = NULL;
	scoped_image alpha = NULL;
	scoped_image lab = NULL;
	scoped_image light = NULL;
	scoped_image done = NULL;

	/* All of it is looked at before the first pixel is known. */
	if (!colour_convert(ctx, in, &flat, e) ||
	    !pixel_read(ctx, flat, &read, e) ||
	    !bands_split(ctx, read, &colour, &alpha, e))
		return false;
	if (vips_colourspace(colour, &lab, VIPS_INTERPRETATION_LAB, NULL) !=
		0 ||
	    vips_extract_band(lab, &light, 0, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "colourspace");
	if (!range.set && !lightness_range(ctx, light, &range, e))
		return false;
	ctx->memo->range = range;
	if (fabs(range.high - range.low) <= 1) {
		*out = take_ptr(read);
		return true;
	}
	if (!lightness_stretch(ctx, lab, &range, colour->Type, &done, e))
		return false;
	return bands_join(ctx, done, alpha, read, out, e);
}
