/* SPDX-License-Identifier: Apache-2.0 */
/* erode: dark shapes shrink; see dilate. */
#include "image/extreme.h"
#include "image/table.h"

bool
op_erode(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	int width = (int)step_get(ctx->step, ERODE_WIDTH).whole;

	return extreme_run(ctx, in, width, true, out, e);
}
