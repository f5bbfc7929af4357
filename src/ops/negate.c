/* SPDX-License-Identifier: Apache-2.0 */
/* negate: the negative; alpha, too, unless it is told not to. */
#include "image/bands.h"
#include "image/colour.h"
#include "image/op.h"
#include "image/table.h"

bool
op_negate(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	scoped_image flat = NULL;
	scoped_image colour = NULL;
	scoped_image alpha = NULL;
	scoped_image done = NULL;

	if (!colour_convert(ctx, in, &flat, e))
		return false;
	if (step_get(ctx->step, NEGATE_ALPHA).on)
		colour = g_object_ref(flat);
	else if (!bands_split(ctx, flat, &colour, &alpha, e))
		return false;
	if (vips_invert(colour, &done, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "invert");
	return bands_join(ctx, done, alpha, flat, out, e);
}
