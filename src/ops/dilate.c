/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dilate: dark shapes grow, clear areas too. Of black and white this is what
 * sharp makes; of colours and greys sharp makes the bits that all pixels have
 * in common, which is darker than any of them and looks like noise.
 */
#include "image/extreme.h"
#include "image/table.h"

bool
op_dilate(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	int width = (int)step_get(ctx->step, DILATE_WIDTH).whole;

	return extreme_run(ctx, in, width, false, out, e);
}
