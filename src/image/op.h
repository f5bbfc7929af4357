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
#include "plan/facts.h"
#include "plan/plan.h"

static inline void
scoped_image_fn(VipsImage **image)
{
	g_clear_object(image);
}
#define scoped_image __attribute__((cleanup(scoped_image_fn))) VipsImage *

struct overlays;
/* Where values begin and end. */
struct op_range {
	double low, high;
	bool set;
};

/*
 * What a step of an animation keeps from frame to frame, so that the picture
 * stands still: where the first frame was cut (resize), how it was lit
 * (normalise), or the area that something stands in, in any of the frames
 * (trim).
 */
struct op_memo {
	int left, top;
	int right, bottom; /* trim; past the last column and line */
	bool survey;       /* trim: look, note and leave the frame as it is */
	bool set;
	struct op_range range;
};

/* Facts that operations may need; render.c fills it. */
struct op_context {
	const struct plan *plan; /* lists of the step are in its pool */
	const struct plan_step *step;
	struct image_size original; /* upright or not: as stored */
	uint32_t pages;       /* frames of the animation; operations see one
				       frame at a time */
	uint32_t orientation; /* EXIF's, 1..8, not yet applied */
	/*
	 * What shrink-on-load did: the picture's true size in loaded pixels,
	 * fractions included (680.75 where 680 or 681 were loaded). Without
	 * it, the size of the image given to this step.
	 */
	double field_width, field_height;
	int64_t deadline_ns;
	/*
	 * The size of the image given to this step as if the loader had not
	 * shrunk it: what all geometry is computed from.
	 */
	uint32_t width, height;
	/*
	 * Turns that stand before this step and are still to be made, as EXIF
	 * counts them (image/turn.h). Only resize is called with another than
	 * 1: it scales first, so that the small image is turned.
	 */
	uint32_t turn;
	uint32_t from;       /* enum format of the original */
	uint32_t may_shrink; /* 1: sharp would shrink on load for this step */
	uint32_t alpha;      /* 1: the image may have an alpha channel */
	uint32_t grey;       /* 1: the image has no colours */
	uint32_t vector;     /* 1: drawn at whatever size this step wants */
	uint32_t profile;    /* enum PROFILE_: what colour_convert() makes */
	uint32_t deep;       /* 1: of 16 bits */
	/*
	 * Between the two halves of a step gamma: the exponent of its second
	 * half, for colours that are painted meanwhile; else 0.
	 */
	double gamma;
	struct op_memo *memo; /* of this step; NULL: only sizes are asked */
	struct overlays *overlays; /* image/overlay.h; NULL: there are none */
};

/*
 * ctx:  see above; the step's arguments by step_get(ctx->step, BLUR_SIGMA)
 * in:   borrowed, any band format and interpretation
 * *out: a new reference on success, untouched on failure
 */
typedef bool op_apply_f(const struct op_context *ctx, VipsImage *in,
    VipsImage **out, struct err *e);

/* What a step will make, known before anything is decoded. */
struct op_size {
	uint32_t width, height; /* of the result */
	/*
	 * Resize: how often the whole picture's sides are divided, 1 and more
	 * where the loader may shrink by as much; else 1.
	 */
	double shrink;
	double pixels; /* of the largest image on the way */
	bool same;     /* the step changes nothing */
	/* As in the context, which is what they are before want() is asked. */
	uint32_t alpha, grey;
};

/*
 * Says what the step makes of an image of ctx->width x ctx->height (ctx->turn
 * included). Fails with BAD_GEOMETRY where an area lies outside.
 */
typedef bool op_want_f(
    const struct op_context *ctx, struct op_size *size, struct err *e);

/*
 * The turn that the step is, as EXIF counts them; 0: it is not a pure one and
 * must be applied. A step with a turn function needs no apply for turns.
 */
typedef uint32_t op_turn_f(const struct op_context *ctx);

/* Fills e from a failed libvips call and empties libvips' error buffer. */
bool image_fail(const struct op_context *ctx, struct err *e, enum err_code code,
    const char *call);
#ifdef __clang_analyzer__
#define image_fail(...) err_false(image_fail(__VA_ARGS__))
#endif
