/* SPDX-License-Identifier: Apache-2.0 */
/* boolean: the bits of every value and of a constant. */
#include "image/bands.h"
#include "image/op.h"
#include "image/table.h"

bool
op_boolean_want(
    const struct op_context *ctx, struct op_size *size, struct err *e)
{
	(void)e;
	bands_want(
	    plan_list(ctx->plan, step_get(ctx->step, BOOLEAN_VALUE), NULL, 0),
	    size);
	return true;
}

bool
op_boolean(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	static const VipsOperationBoolean operator[BITWISE_COUNT] = {
		[BITWISE_AND] = VIPS_OPERATION_BOOLEAN_AND,
		[BITWISE_OR] = VIPS_OPERATION_BOOLEAN_OR,
		[BITWISE_EOR] = VIPS_OPERATION_BOOLEAN_EOR,
	};
	const struct plan_step *s = ctx->step;
	/* Of alpha that is not named every bit stays. */
	int64_t op = step_get(s, BOOLEAN_OPERATOR).pick;
	double none = op == BITWISE_AND ? 255 : 0;
	double list[BANDS_MOST];
	double value[BANDS_MOST];
	size_t n =
	    plan_list(ctx->plan, step_get(s, BOOLEAN_VALUE), list, BANDS_MOST);
	scoped_image full = NULL;
	scoped_image done = NULL;

	if (!bands_for(ctx, in, n, &full, e))
		return false;
	bands_spread(full, list, n, none, value);
	for (int i = 0; i < full->Bands; i++)
		value[i] *= bands_most(full) / 255;
	if (vips_boolean_const(
		full, &done, operator[op], value, full->Bands, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "boolean_const");
	return bands_join(ctx, done, NULL, full, out, e);
}
