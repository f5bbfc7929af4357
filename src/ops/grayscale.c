/* SPDX-License-Identifier: Apache-2.0 */
/* grayscale: take the colours out; alpha stays. */
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
	scoped_image done = NULL;

	if (!colour_convert(ctx, in, &flat, e))
		return false;
	if (vips_colourspace(flat, &done, VIPS_INTERPRETATION_B_W, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "colourspace");
	/* A profile of three colours does not describe one. */
	if (flat->Bands >= 3)
		(void)vips_image_remove(done, VIPS_META_ICC_NAME);
	*out = take_ptr(done);
	return true;
}
