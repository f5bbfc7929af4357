/* SPDX-License-Identifier: Apache-2.0 */
/* flatten: lay the image on a background. */
#include "image/op.h"
#include "image/pixel.h"
#include "image/table.h"

bool
op_flatten_want(
    const struct op_context *ctx, struct op_size *size, struct err *e)
{
	(void)e;
	size->same = ctx->alpha == 0;
	pixel_ink_want(
	    step_get(ctx->step, FLATTEN_BACKGROUND).colour | 0xff, size);
	size->alpha = 0;
	return true;
}

bool
op_flatten(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	return pixel_flatten(
	    ctx, in, step_get(ctx->step, FLATTEN_BACKGROUND).colour, out, e);
}
