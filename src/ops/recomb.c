/* SPDX-License-Identifier: Apache-2.0 */
/* recomb: channels mixed by a matrix of 3x3 or 4x4. */
#include "image/bands.h"
#include "image/op.h"
#include "image/table.h"

enum { SMALL = 9, LARGE = 16 };

bool
op_recomb_want(
    const struct op_context *ctx, struct op_size *size, struct err *e)
{
	(void)e;
	union arg list = step_get(ctx->step, RECOMB_MATRIX);

	bands_want(plan_list(ctx->plan, list, NULL, 0) == SMALL ? 3 : 4, size);
	return true;
}

bool
op_recomb(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	union arg list = step_get(ctx->step, RECOMB_MATRIX);
	double number[LARGE];
	size_t n = plan_list(ctx->plan, list, number, LARGE);
	int side = n == SMALL ? 3 : 4;
	scoped_image full = NULL;
	scoped_image colour = NULL;
	scoped_image alpha = NULL;
	scoped_image matrix = NULL;
	scoped_image done = NULL;

	/* Three of a colour image, or four. */
	if (!bands_for(ctx, in, (size_t)side, &full, e))
		return false;
	if (n == LARGE)
		colour = g_object_ref(full);
	else if (!bands_split(ctx, full, &colour, &alpha, e))
		return false;
	matrix = vips_image_new_matrix_from_array(side, side, number, (int)n);
	if (matrix == NULL || vips_recomb(colour, &done, matrix, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "recomb");
	return bands_join(ctx, done, alpha, full, out, e);
}
