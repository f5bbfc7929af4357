/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From gathered edits to steps: sharp's fixed order (dit.md, 10.1 and 10.3),
 * whatever the order of the edits was.
 *
 *   turned first: flip, flop, rotate    (if resize or extract followed rotate)
 *   extract (before the resize)
 *   flatten, grayscale
 *   resize
 *   flip, flop, rotate by quarters      (if not done)
 *   cut or pad to the box
 *   rotate by any angle                 (if not done)
 *   extract (after the resize)
 *   blur, sharpen
 *   overlay
 *
 * sharp turns between scaling and cutting to the box. Where that makes a
 * difference the resize is two steps: one that scales to cover the box or to
 * lie in it, and one that neither enlarges nor reduces and so only cuts, or
 * pads.
 *
 * Deviation: resize.ratio is of the picture as it is then, cut and turned; DIT
 * takes the stored original's size and may so enlarge what was cut out.
 */
#include <assert.h>
#include <math.h>

#include "dialect/dit.h"

static bool
is_quarter(const struct dit_edits *d)
{
	return d->angle > 0 && !(fmod(d->angle, 90) > 0);
}

static bool
add_copy(const struct plan_step *from, struct plan *p, struct err *e)
{
	struct plan_step *s;

	if (!plan_add(p, (enum op)from->op, &s, e))
		return false;
	*s = *from;
	return true;
}

static bool
add_call(const struct dit_edits *d, enum op op, struct plan *p, struct err *e)
{
	return !d->called[op] || add_copy(&d->call[op], p, e);
}

static bool
add_calls(const struct dit_edits *d, const enum op *op, size_t n,
    struct plan *p, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (!add_call(d, op[i], p, e))
			return false;
	return true;
}

static bool
add_flips(const struct dit_edits *d, struct plan *p, struct err *e)
{
	return add_call(d, OP_FLIP, p, e) && add_call(d, OP_FLOP, p, e);
}

static bool
add_orient(const struct dit_edits *d, struct plan *p, struct err *e)
{
	struct plan_step *s;

	return !d->orient || plan_add(p, OP_AUTOORIENT, &s, e);
}

/* DIT does not rotate animations. */
static bool
add_rotate(
    const struct dit_edits *d, bool animation, struct plan *p, struct err *e)
{
	union arg angle = { .num = d->angle };
	union arg on = { .on = 1 };
	struct plan_step *s;

	if (!plan_add(p, OP_ROTATE, &s, e))
		return false;
	step_set(s, ROTATE_ANGLE, angle);
	if (animation)
		step_set(s, ROTATE_STILL, on);
	return true;
}

static bool
add_area(const struct dit_area *area, struct plan *p, struct err *e)
{
	struct plan_step *s;

	if (!area->given)
		return true;
	if (!plan_add(p, OP_EXTRACT, &s, e))
		return false;
	_Static_assert(EXTRACT_ARGS == NELEM(area->side), "the same order");
	for (unsigned i = 0; i < EXTRACT_ARGS; i++) {
		union arg side = { .whole = 0 };

		side.length.value = (float)area->side[i];
		step_set(s, i, side);
	}
	return true;
}

static void
step_unset(struct plan_step *s, unsigned arg)
{
	s->arg[arg].whole = 0;
	s->set &= (uint16_t) ~(1u << arg);
}

/* Does turning between scaling and cutting give another picture? */
static bool
must_split(const struct dit_edits *d)
{
	int64_t fit = step_get(&d->resize, RESIZE_FIT).pick;
	bool box = step_has(&d->resize, RESIZE_WIDTH) &&
	    step_has(&d->resize, RESIZE_HEIGHT);

	if (d->turn_first || (fit != FIT_COVER && fit != FIT_CONTAIN))
		return false;
	/* With one side nothing is cut unless the sides change places. */
	return is_quarter(d) ||
	    (box && (d->called[OP_FLIP] || d->called[OP_FLOP]));
}

static bool
add_split(
    const struct dit_edits *d, bool animation, struct plan *p, struct err *e)
{
	static const unsigned only_box[] = { RESIZE_POSITION,
		RESIZE_BACKGROUND };
	static const unsigned only_scale[] = { RESIZE_KERNEL, RESIZE_SHRINK,
		RESIZE_SIZING };
	bool cover = step_get(&d->resize, RESIZE_FIT).pick == FIT_COVER;
	union arg fit = { .pick = cover ? FIT_OUTSIDE : FIT_INSIDE };
	union arg on = { .on = 1 };
	struct plan_step scale = d->resize;
	struct plan_step box = d->resize;

	step_set(&scale, RESIZE_FIT, fit);
	for (size_t i = 0; i < NELEM(only_box); i++)
		step_unset(&scale, only_box[i]);
	for (size_t i = 0; i < NELEM(only_scale); i++)
		step_unset(&box, only_scale[i]);
	step_set(&box, RESIZE_NO_ENLARGE, on);
	step_set(&box, RESIZE_NO_REDUCE, on);
	return add_copy(&scale, p, e) && add_flips(d, p, e) &&
	    (!is_quarter(d) || add_rotate(d, animation, p, e)) &&
	    add_copy(&box, p, e);
}

/* The resize and what sharp does right after it. */
static bool
add_resize(
    const struct dit_edits *d, bool animation, struct plan *p, struct err *e)
{
	if (d->sized && must_split(d))
		return add_split(d, animation, p, e);
	if (d->sized && !add_copy(&d->resize, p, e))
		return false;
	if (d->turn_first)
		return true;
	return add_flips(d, p, e) &&
	    (!is_quarter(d) || add_rotate(d, animation, p, e));
}

bool
dit_steps(
    const struct dit_edits *d, bool animation, struct plan *p, struct err *e)
{
	/* Before the resize, and when it is done and cut. */
	static const enum op first[] = { OP_FLATTEN, OP_GRAYSCALE };
	static const enum op last[] = { OP_AFFINE, OP_EXTEND, OP_MEDIAN,
		OP_THRESHOLD, OP_BLUR, OP_UNFLATTEN, OP_CONVOLVE, OP_RECOMB,
		OP_MODULATE, OP_SHARPEN };
	static const enum op end[] = { OP_GAMMA, OP_LINEAR, OP_NORMALISE,
		OP_CLAHE, OP_BANDBOOL, OP_TINT, OP_REMOVE_ALPHA,
		OP_ENSURE_ALPHA, OP_COLOURSPACE, OP_EXTRACT_CHANNEL,
		OP_NEGATE };
	bool free_angle = d->angle > 0 && !is_quarter(d);

	if (d->turn_first &&
	    (!add_orient(d, p, e) || !add_flips(d, p, e) ||
		(d->angle > 0 && !add_rotate(d, animation, p, e))))
		return false;
	/*
	 * As the camera was held: sharp lets width and height change places,
	 * so it is as if the picture were turned before it is scaled.
	 */
	return add_call(d, OP_TRIM, p, e) && add_area(&d->before, p, e) &&
	    (d->smart_late || add_call(d, OP_SMARTCROP, p, e)) &&
	    (d->turn_first || add_orient(d, p, e)) &&
	    add_calls(d, first, NELEM(first), p, e) &&
	    add_resize(d, animation, p, e) &&
	    (d->turn_first || !free_angle || add_rotate(d, animation, p, e)) &&
	    add_area(&d->after, p, e) &&
	    (!d->smart_late || add_call(d, OP_SMARTCROP, p, e)) &&
	    add_calls(d, last, NELEM(last), p, e) && dit_add_overlay(d, p, e) &&
	    add_calls(d, end, NELEM(end), p, e);
}
