/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gamma: darker before the image is scaled, brighter afterwards.
 *
 * One step, in two halves: op_gamma_ahead() is done right before the resize
 * that stands before the step (image/steps.c), op_gamma() where it stands.
 * Between them an image has 16 bits, since dark values come close together;
 * afterwards as many as it is to have. Without a resize there are no halves: both are done as one.
 */
#include <math.h>

#include "image/colour.h"
#include "image/op.h"
#include "image/table.h"

static double
gamma_out(const struct plan_step *s)
{
	return step_has(s, GAMMA_GAMMA_OUT) ? step_get(s, GAMMA_GAMMA_OUT).num
					    : step_get(s, GAMMA_GAMMA).num;
}

/*
 * Each value to a power, alpha as it is. The table has a column for each
 * channel.
 */
static bool
gamma_map(const struct op_context *ctx, VipsImage *in, double power, bool to_16,
    VipsImage **out, struct err *e)
{
	size_t size = in->BandFmt == VIPS_FORMAT_USHORT ? 65536 : 256;
	size_t bands = (size_t)in->Bands;
	size_t colours = bands - (vips_image_hasalpha(in) ? 1 : 0);
	double most = to_16 ? 65535 : 255;
	uint16_t *value = xcalloc(size * bands, sizeof(*value));
	scoped_image made = NULL;
	scoped_image table = NULL;
	scoped_image mapped = NULL;

	for (size_t i = 0; i < size; i++) {
		double share = (double)i / (double)(size - 1);
		double darker = most * pow(share, power);

		for (size_t b = 0; b < bands; b++)
			value[i * bands + b] = (uint16_t)lround(
			    b < colours ? darker : most * share);
	}
	made = vips_image_new_from_memory_copy(value,
	    size * bands * sizeof(*value), (int)size, 1, (int)bands,
	    VIPS_FORMAT_USHORT);
	free(value);
	if (made == NULL ||
	    vips_cast(made, &table,
		to_16 ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR, NULL) != 0 ||
	    vips_maplut(in, &mapped, table, NULL) != 0 ||
	    vips_copy(mapped, out, "interpretation",
		bands < 3 ? (to_16 ? VIPS_INTERPRETATION_GREY16
				   : VIPS_INTERPRETATION_B_W)
			  : (to_16 ? VIPS_INTERPRETATION_RGB16
				   : VIPS_INTERPRETATION_sRGB),
		NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "maplut");
	return true;
}

bool
op_gamma_want(const struct op_context *ctx, struct op_size *size, struct err *e)
{
	double in = step_get(ctx->step, GAMMA_GAMMA).num;

	(void)e;
	size->same =
	    !(ctx->gamma > 0) && fabs(in - gamma_out(ctx->step)) < 1e-9;
	return true;
}

bool
op_gamma_ahead(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	scoped_image flat = NULL;

	return colour_convert(ctx, in, &flat, e) &&
	    gamma_map(
		ctx, flat, step_get(ctx->step, GAMMA_GAMMA).num, true, out, e);
}

bool
op_gamma(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	double gamma = step_get(ctx->step, GAMMA_GAMMA).num;
	double power = (ctx->gamma > 0 ? 1 : gamma) / gamma_out(ctx->step);
	scoped_image flat = NULL;

	/* Ahead of a resize it has been converted, and made deep. */
	if (ctx->gamma > 0 && in->BandFmt == VIPS_FORMAT_USHORT)
		flat = g_object_ref(in);
	else if (!colour_convert(ctx, in, &flat, e))
		return false;
	return gamma_map(ctx, flat, power, ctx->deep != 0, out, e);
}

double
op_gamma_between(const struct plan_step *s)
{
	return gamma_out(s);
}
