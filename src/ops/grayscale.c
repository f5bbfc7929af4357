/* SPDX-License-Identifier: Apache-2.0 */
/* grayscale: take the colours out; alpha stays. */
#include "image/bands.h"
#include "image/colour.h"
#include "image/op.h"
#include "image/table.h"

bool
op_grayscale_want(
    const struct op_context *ctx, struct op_size *size, struct err *e)
{
	(void)e;
	size->same = ctx->grey != 0;
	size->grey = 1;
	return true;
}

bool
op_grayscale(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	scoped_image flat = NULL;

	return colour_convert(ctx, in, &flat, e) &&
	    bands_grey(ctx, flat, out, e);
}
