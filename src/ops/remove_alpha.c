/* SPDX-License-Identifier: Apache-2.0 */
/* remove_alpha: the colours as they are stored, clear or not. */
#include "image/bands.h"
#include "image/colour.h"
#include "image/op.h"
#include "image/table.h"

bool
op_remove_alpha_want(
    const struct op_context *ctx, struct op_size *size, struct err *e)
{
	(void)e;
	size->same = ctx->alpha == 0;
	size->alpha = 0;
	return true;
}

bool
op_remove_alpha(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	scoped_image flat = NULL;
	scoped_image colour = NULL;
	scoped_image alpha = NULL;

	if (!colour_convert(ctx, in, &flat, e) ||
	    !bands_split(ctx, flat, &colour, &alpha, e))
		return false;
	*out = take_ptr(colour);
	return true;
}
