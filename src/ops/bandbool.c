/* SPDX-License-Identifier: Apache-2.0 */
/* bandbool: the bits of all channels combined to one channel. */
#include "image/bands.h"
#include "image/colour.h"
#include "image/op.h"
#include "image/table.h"

bool
op_bandbool_want(
    const struct op_context *ctx, struct op_size *size, struct err *e)
{
	(void)ctx;
	(void)e;
	size->alpha = 0;
	size->grey = 1;
	return true;
}

bool
op_bandbool(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	static const VipsOperationBoolean operator[BITWISE_COUNT] = {
		[BITWISE_AND] = VIPS_OPERATION_BOOLEAN_AND,
		[BITWISE_OR] = VIPS_OPERATION_BOOLEAN_OR,
		[BITWISE_EOR] = VIPS_OPERATION_BOOLEAN_EOR,
	};
	scoped_image flat = NULL;
	scoped_image done = NULL;

	if (!colour_convert(ctx, in, &flat, e))
		return false;
	if (vips_bandbool(flat,
		&done, operator[step_get(ctx->step, BANDBOOL_OPERATOR).pick],
		NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "bandbool");
	return bands_one(ctx, done, 0, out, e);
}
