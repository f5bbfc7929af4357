/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every operation has.
 *
 * One operation is one file src/ops/NAME.c with one exported symbol op_NAME
 * (and op_NAME_want if it lets the loader shrink), bound in image/table.c to
 * its row of plan/op.def.
 */
#pragma once

#include <vips/vips.h>

#include "base/err.h"
#include "plan/plan.h"

static inline void
scoped_image_fn(VipsImage **image)
{
	g_clear_object(image);
}
#define scoped_image __attribute__((cleanup(scoped_image_fn))) VipsImage *

/* Facts that operations may need; image.c fills it. */
struct op_context {
	const struct plan_step *step;
	struct image_size original; /* upright or not: as stored */
	uint32_t page_height; /* pixels, of the image given to this step */
	uint32_t pages;       /* frames stacked in it; image.c iterates
				       where the row says that it must */
	uint32_t orientation; /* EXIF's, 1..8, not yet applied */
	/*
	 * What shrink-on-load did: the picture's true size in loaded pixels,
	 * fractions included (680.75 where 680 or 681 were loaded).
	 */
	double field_width, field_height;
	int64_t deadline_ns;
};

/*
 * ctx:  see above; the step's arguments by step_get(ctx->step, BLUR_SIGMA)
 * in:   borrowed, any band format and interpretation
 * *out: a new reference on success, untouched on failure
 */
typedef bool op_apply_f(const struct op_context *ctx, VipsImage *in,
    VipsImage **out, struct err *e);

/* Fills e from a failed libvips call and empties libvips' error buffer. */
bool image_fail(const struct op_context *ctx, struct err *e, enum err_code code,
    const char *call);
