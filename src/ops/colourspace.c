/* SPDX-License-Identifier: Apache-2.0 */
/* colourspace: three colours or one. */
#include "image/bands.h"
#include "image/colour.h"
#include "image/op.h"
#include "image/table.h"

bool
op_colourspace_want(
    const struct op_context *ctx, struct op_size *size, struct err *e)
{
	bool grey =
	    step_get(ctx->step, COLOURSPACE_SPACE).pick == COLOURSPACE_BW;

	(void)e;
	size->same = grey == (ctx->grey != 0);
	size->grey = grey;
	return true;
}

bool
op_colourspace(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	scoped_image flat = NULL;

	if (!colour_convert(ctx, in, &flat, e))
		return false;
	if (step_get(ctx->step, COLOURSPACE_SPACE).pick == COLOURSPACE_BW)
		return bands_grey(ctx, flat, out, e);
	return bands_rgb(ctx, flat, out, e);
}
