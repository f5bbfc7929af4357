/* SPDX-License-Identifier: Apache-2.0 */
/* modulate: brightness, saturation, hue and lightness, in CIE LCh. */
#include <math.h>

#include "image/bands.h"
#include "image/colour.h"
#include "image/op.h"
#include "image/table.h"

static bool
modulate_is_none(const struct plan_step *s)
{
	double brightness = step_get(s, MODULATE_BRIGHTNESS).num;
	double saturation = step_get(s, MODULATE_SATURATION).num;
	double lightness = step_get(s, MODULATE_LIGHTNESS).num;

	return fabs(brightness - 1) < 1e-9 && fabs(saturation - 1) < 1e-9 &&
	    fabs(lightness) < 1e-9 &&
	    step_get(s, MODULATE_HUE).whole % 360 == 0;
}

bool
op_modulate_want(
    const struct op_context *ctx, struct op_size *size, struct err *e)
{
	(void)e;
	size->same = modulate_is_none(ctx->step);
	return true;
}

bool
op_modulate(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	const struct plan_step *s = ctx->step;
	double a[3] = { step_get(s, MODULATE_BRIGHTNESS).num,
		step_get(s, MODULATE_SATURATION).num, 1 };
	double b[3] = { step_get(s, MODULATE_LIGHTNESS).num, 0,
		(double)(step_get(s, MODULATE_HUE).whole % 360) };
	scoped_image flat = NULL;
	scoped_image colour = NULL;
	scoped_image alpha = NULL;
	scoped_image lch = NULL;
	scoped_image changed = NULL;
	scoped_image done = NULL;

	if (!colour_convert(ctx, in, &flat, e) ||
	    !bands_split(ctx, flat, &colour, &alpha, e))
		return false;
	if (vips_colourspace(colour, &lch, VIPS_INTERPRETATION_LCH, NULL) !=
		0 ||
	    vips_linear(lch, &changed, a, b, 3, NULL) != 0 ||
	    vips_colourspace(changed, &done, colour->Type, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "modulate");
	return bands_join(ctx, done, alpha, flat, out, e);
}
