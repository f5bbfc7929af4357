/* SPDX-License-Identifier: Apache-2.0 */
/* ensure_alpha: a channel where there is none. */
#include "image/bands.h"
#include "image/colour.h"
#include "image/op.h"
#include "image/table.h"

bool
op_ensure_alpha_want(
    const struct op_context *ctx, struct op_size *size, struct err *e)
{
	(void)e;
	size->same = ctx->alpha != 0;
	size->alpha = 1;
	return true;
}

bool
op_ensure_alpha(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	scoped_image flat = NULL;

	if (!colour_convert(ctx, in, &flat, e))
		return false;
	if (!vips_image_hasalpha(flat))
		return bands_alpha(ctx, flat,
		    step_get(ctx->step, ENSURE_ALPHA_ALPHA).num, out, e);
	*out = take_ptr(flat);
	return true;
}
