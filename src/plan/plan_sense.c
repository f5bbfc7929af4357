/* SPDX-License-Identifier: Apache-2.0 */
/* What belongs together in a step whose values are each in order. */
#include <math.h>

#include "plan/check.h"

bool
plan_missing(const char *param, const char *accepted, struct err *e)
{
	return err_param(e, ERR_BAD_VALUE, param, "", 0, "%s", accepted);
}

static bool
check_resize(const struct plan *p, const struct plan_step *s, struct err *e)
{
	bool side = step_has(s, RESIZE_WIDTH) || step_has(s, RESIZE_HEIGHT);

	(void)p;
	if (!side && !step_has(s, RESIZE_RATIO))
		return plan_missing(
		    "width", "a width or a height is needed", e);
	if (side && step_has(s, RESIZE_RATIO))
		return plan_missing(
		    "ratio", "not together with width or height", e);
	if (step_has(s, RESIZE_FOCUS_X) != step_has(s, RESIZE_FOCUS_Y))
		return plan_missing("focus", "two numbers: x,y", e);
	if (step_has(s, RESIZE_FOCUS_X) && step_has(s, RESIZE_POSITION))
		return plan_missing("focus", "not together with position", e);
	return true;
}

static bool
check_extract(const struct plan *p, const struct plan_step *s, struct err *e)
{
	const unsigned all = 1u << EXTRACT_LEFT | 1u << EXTRACT_TOP |
	    1u << EXTRACT_WIDTH | 1u << EXTRACT_HEIGHT;

	(void)p;
	if ((s->set & all) != all)
		return plan_missing("extract", "left,top,width,height", e);
	if (!(s->arg[EXTRACT_WIDTH].length.value > 0) ||
	    !(s->arg[EXTRACT_HEIGHT].length.value > 0))
		return plan_missing(
		    "extract", "a width and a height larger than 0", e);
	return true;
}

/* How many numbers an argument's list has; 0: it was not given. */
static size_t
list_size(const struct plan *p, const struct plan_step *s, unsigned arg)
{
	return step_has(s, arg) ? plan_list(p, s->arg[arg], NULL, 0) : 0;
}

static bool
check_recomb(const struct plan *p, const struct plan_step *s, struct err *e)
{
	size_t n = list_size(p, s, RECOMB_MATRIX);

	return n == 9 || n == 16 ||
	    plan_missing("recomb", "9 or 16 numbers", e);
}

static bool
check_linear(const struct plan *p, const struct plan_step *s, struct err *e)
{
	size_t a = list_size(p, s, LINEAR_A);
	size_t b = list_size(p, s, LINEAR_B);

	if (a + b == 0 || a > 4 || b > 4)
		return plan_missing(
		    "linear", "a, b or both: 1 to 4 numbers", e);
	if (a > 0 && b > 0 && a != b)
		return plan_missing(
		    "linear", "as many numbers in a as in b", e);
	return true;
}

static bool
check_boolean(const struct plan *p, const struct plan_step *s, struct err *e)
{
	double number[4];
	size_t n = 0;

	if (step_has(s, BOOLEAN_VALUE))
		n = plan_list(p, s->arg[BOOLEAN_VALUE], number, NELEM(number));
	if (!step_has(s, BOOLEAN_OPERATOR) || n == 0 || n > NELEM(number))
		return plan_missing(
		    "boolean", "and, or or eor, and 1 to 4 whole numbers", e);
	for (size_t i = 0; i < n; i++)
		if (fmod(number[i], 1) > 0)
			return plan_missing("boolean", "whole numbers", e);
	return true;
}

static bool
check_normalise(const struct plan *p, const struct plan_step *s, struct err *e)
{
	(void)p;
	return step_get(s, NORMALISE_LOWER).num <
	    step_get(s, NORMALISE_UPPER).num ||
	    plan_missing("normalise", "a lower less than the upper", e);
}

static bool
check_affine(const struct plan *p, const struct plan_step *s, struct err *e)
{
	double m[4];

	if (!step_has(s, AFFINE_MATRIX) ||
	    plan_list(p, step_get(s, AFFINE_MATRIX), m, 4) != 4)
		return plan_missing("affine", "a matrix of 4 numbers", e);
	if (!(fabs(m[0] * m[3] - m[1] * m[2]) >= 1e-6))
		return plan_missing("affine", "a matrix that can be undone", e);
	return true;
}

static bool
check_convolve(const struct plan *p, const struct plan_step *s, struct err *e)
{
	double number[1];
	int64_t n = step_get(s, CONVOLVE_WIDTH).whole *
	    step_get(s, CONVOLVE_HEIGHT).whole;

	if (n == 0 || n > PLAN_LIST || !step_has(s, CONVOLVE_KERNEL) ||
	    plan_list(p, step_get(s, CONVOLVE_KERNEL), number, 0) != (size_t)n)
		return plan_missing("convolve",
		    "width,height,kernel with width x height numbers, at most "
		    "1024",
		    e);
	return true;
}

static bool
check_round(const struct plan *p, const struct plan_step *s, struct err *e)
{
	static const unsigned radius[2] = { ROUND_RX, ROUND_RY };

	(void)p;
	for (size_t i = 0; i < NELEM(radius); i++)
		if (step_has(s, radius[i]) &&
		    !(s->arg[radius[i]].length.value > 0))
			return plan_missing("round", "radii larger than 0", e);
	if (step_get(s, ROUND_SHAPE).pick == ROUNDING_ELLIPSE) {
		if (step_has(s, ROUND_RADIUS) &&
		    !(s->arg[ROUND_RADIUS].length.value > 0))
			return plan_missing(
			    "round", "a radius larger than 0", e);
	} else if (step_has(s, ROUND_LEFT) || step_has(s, ROUND_TOP)) {
		return plan_missing(
		    "round", "left and top with shape ellipse only", e);
	}
	return true;
}

static bool
check_composite(const struct plan *p, const struct plan_step *s, struct err *e)
{
	if ((uint64_t)step_get(s, COMPOSITE_SOURCE).whole > plan_overlays(p))
		return plan_missing("overlay", "the name of an image", e);
	if (step_has(s, COMPOSITE_LEFT) != step_has(s, COMPOSITE_TOP))
		return plan_missing("composite", "left and top, or neither", e);
	if (step_has(s, COMPOSITE_LEFT) && step_has(s, COMPOSITE_GRAVITY))
		return plan_missing(
		    "composite", "a gravity, or left and top, not both", e);
	if ((step_has(s, COMPOSITE_WIDTH) &&
		!(s->arg[COMPOSITE_WIDTH].length.value > 0)) ||
	    (step_has(s, COMPOSITE_HEIGHT) &&
		!(s->arg[COMPOSITE_HEIGHT].length.value > 0)))
		return plan_missing(
		    "composite", "a width and a height larger than 0", e);
	return true;
}

/* What belongs together in the steps of an operation. */
bool
plan_sense(const struct plan *p, const struct plan_step *s, struct err *e)
{
	static const struct {
		enum op op;
		unsigned arg;
		const char *accepted;
	} needed[] = {
		{ OP_ROTATE, ROTATE_ANGLE, "an angle is needed" },
		{ OP_SMARTCROP, SMARTCROP_WIDTH, "width,height" },
		{ OP_SMARTCROP, SMARTCROP_HEIGHT, "width,height" },
		{ OP_CLAHE, CLAHE_WIDTH, "width,height" },
		{ OP_CLAHE, CLAHE_HEIGHT, "width,height" },
		{ OP_BANDBOOL, BANDBOOL_OPERATOR, "one of and, or, eor" },
		{ OP_TINT, TINT_COLOUR, "a colour is needed" },
		{ OP_EXTRACT_CHANNEL, EXTRACT_CHANNEL_CHANNEL,
		    "one of red, green, blue, alpha, 0, 1, 2, 3" },
		{ OP_COLOURSPACE, COLOURSPACE_SPACE, "one of srgb, b-w" },
	};
	static const struct {
		enum op op;
		bool (*check)(const struct plan *p, const struct plan_step *s,
		    struct err *e);
	} checks[] = {
		{ OP_RESIZE, check_resize },
		{ OP_EXTRACT, check_extract },
		{ OP_AFFINE, check_affine },
		{ OP_CONVOLVE, check_convolve },
		{ OP_RECOMB, check_recomb },
		{ OP_LINEAR, check_linear },
		{ OP_BOOLEAN, check_boolean },
		{ OP_NORMALISE, check_normalise },
		{ OP_ROUND, check_round },
		{ OP_COMPOSITE, check_composite },
	};
	enum op op = (enum op)s->op;

	for (size_t i = 0; i < NELEM(needed); i++)
		if (needed[i].op == op && !step_has(s, needed[i].arg))
			return plan_missing(
			    op_row(op)->name, needed[i].accepted, e);
	for (size_t i = 0; i < NELEM(checks); i++)
		if (checks[i].op == op && !checks[i].check(p, s, e))
			return false;
	return true;
}
