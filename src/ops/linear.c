/* SPDX-License-Identifier: Apache-2.0 */
/* linear: a * value + b, for all colours or for each. */
#include "image/bands.h"
#include "image/op.h"
#include "image/table.h"

bool
op_linear_want(
    const struct op_context *ctx, struct op_size *size, struct err *e)
{
	(void)e;
	size_t a = plan_list(ctx->plan, step_get(ctx->step, LINEAR_A), NULL, 0);
	size_t b = plan_list(ctx->plan, step_get(ctx->step, LINEAR_B), NULL, 0);

	bands_want(a > b ? a : b, size);
	return true;
}

bool
op_linear(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	const struct plan_step *s = ctx->step;
	double a[BANDS_MOST] = { 1, 1, 1, 1 };
	double b[BANDS_MOST] = { 0 };
	double by[BANDS_MOST];
	double add[BANDS_MOST];
	size_t na = plan_list(ctx->plan, step_get(s, LINEAR_A), a, BANDS_MOST);
	size_t nb = plan_list(ctx->plan, step_get(s, LINEAR_B), b, BANDS_MOST);
	size_t n = na > nb ? na : nb;
	scoped_image full = NULL;
	scoped_image done = NULL;

	if (!bands_for(ctx, in, n, &full, e))
		return false;
	bands_spread(full, a, n, 1, by);
	bands_spread(full, b, n, 0, add);
	/* The numbers are of 8 bits, whatever the image has. */
	for (int i = 0; i < full->Bands; i++)
		add[i] *= bands_most(full) / 255;
	if (vips_linear(full, &done, by, add, full->Bands, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "linear");
	return bands_join(ctx, done, NULL, full, out, e);
}
