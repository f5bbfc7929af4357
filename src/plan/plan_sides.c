/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How large steps make an image that nobody has seen yet: what a mount's
 * max_width and max_height say of boxes holds for what is put around them,
 * too.
 *
 * A side is known at most where a box or an area has limited it; else it is
 * known to be at least so long. So nothing is refused here that could be
 * small enough; what the original makes too large, the limits of results
 * refuse later.
 */
#include <inttypes.h>
#include <math.h>

#include "base/num.h"
#include "plan/plan.h"

struct side {
	double size;
	bool most; /* size is the most; else the least */
};

/* Width and height. */
struct sides {
	struct side of[2];
};

static void
side_unknown(struct side *side)
{
	*side = (struct side){ .size = 1 };
}

static void
side_known(struct side *side, double size)
{
	*side = (struct side){ .size = size, .most = true };
}

static void
sides_turn(const struct plan_step *s, struct sides *sides)
{
	double quarters = step_get(s, ROTATE_ANGLE).num / 90;
	struct side width = sides->of[0];

	if (quarters < floor(quarters) || quarters > floor(quarters)) {
		side_unknown(&sides->of[0]);
		side_unknown(&sides->of[1]);
	} else if (fmod(quarters, 2) < 0 || fmod(quarters, 2) > 0) {
		sides->of[0] = sides->of[1];
		sides->of[1] = width;
	}
}

static void
sides_resize(const struct plan_step *s, struct sides *sides)
{
	static const unsigned arg[2] = { RESIZE_WIDTH, RESIZE_HEIGHT };
	bool outside = step_get(s, RESIZE_FIT).pick == FIT_OUTSIDE;

	for (size_t i = 0; i < NELEM(arg); i++) {
		if (step_has(s, arg[i]) && !outside)
			side_known(
			    &sides->of[i], (double)step_get(s, arg[i]).whole);
		else
			side_unknown(&sides->of[i]);
	}
}

static void
sides_extract(const struct plan_step *s, struct sides *sides)
{
	static const unsigned arg[2] = { EXTRACT_WIDTH, EXTRACT_HEIGHT };

	for (size_t i = 0; i < NELEM(arg); i++)
		if (!step_get(s, arg[i]).length.percent)
			side_known(&sides->of[i], step_length(s, arg[i], 0));
		else if (!sides->of[i].most)
			side_unknown(&sides->of[i]);
}

static void
sides_extend(const struct plan_step *s, struct sides *sides)
{
	static const unsigned arg[4] = { EXTEND_LEFT, EXTEND_RIGHT, EXTEND_TOP,
		EXTEND_BOTTOM };
	struct sides before = *sides;

	for (size_t i = 0; i < NELEM(arg); i++)
		sides->of[i / 2].size +=
		    step_length(s, step_has(s, arg[i]) ? arg[i] : EXTEND_ALL,
			before.of[i / 2].size);
}

static void
sides_affine(
    const struct plan *p, const struct plan_step *s, struct sides *sides)
{
	struct sides before = *sides;
	bool most = before.of[0].most && before.of[1].most;
	double m[4];

	/* One of each says nothing of the sum but that there is a pixel. */
	for (size_t i = 0; i < 2; i++)
		if (before.of[i].most && !most)
			side_unknown(&before.of[i]);
	(void)plan_list(p, step_get(s, AFFINE_MATRIX), m, 4);
	for (size_t i = 0; i < 2; i++)
		sides->of[i] = (struct side){
			.size = floor(fabs(m[2 * i]) * before.of[0].size +
			    fabs(m[2 * i + 1]) * before.of[1].size + 0.5),
			.most = most,
		};
}

/* What a step leaves; true: it may have made it larger than a box. */
static bool
sides_step(const struct plan *p, const struct plan_step *s, struct sides *sides)
{
	if (s->op == OP_EXTEND)
		sides_extend(s, sides);
	else if (s->op == OP_AFFINE)
		sides_affine(p, s, sides);
	else if (s->op == OP_RESIZE)
		sides_resize(s, sides);
	else if (s->op == OP_EXTRACT)
		sides_extract(s, sides);
	else if (s->op == OP_ROTATE)
		sides_turn(s, sides);
	/* Either way round, and as little as nothing. */
	if (s->op == OP_AUTOORIENT)
		*sides = (struct sides){ { { .size = 1 }, { .size = 1 } } };
	for (size_t i = 0; s->op == OP_TRIM && i < 2; i++)
		if (!sides->of[i].most)
			side_unknown(&sides->of[i]);
	return s->op == OP_EXTEND || s->op == OP_AFFINE;
}

bool
plan_sides(
    const struct plan *p, const struct plan_policy *policy, struct err *e)
{
	const int64_t most[2] = { policy->max_width, policy->max_height };
	struct sides sides = { { { .size = 1 }, { .size = 1 } } };
	char text[NUM_TEXT_MAX];
	size_t n;

	for (size_t i = 0; i < p->nstep; i++) {
		const struct plan_step *s = &p->step[i];

		if (!sides_step(p, s, &sides))
			continue;
		for (size_t k = 0; k < NELEM(most); k++) {
			if (most[k] == 0 || sides.of[k].size <= (double)most[k])
				continue;
			n = num_print(round(sides.of[k].size), text);
			return err_param(e, ERR_BAD_VALUE,
			    op_row((enum op)s->op)->name, text, n,
			    "a result at most %" PRId64 " px %s", most[k],
			    k == 0 ? "wide" : "high");
		}
	}
	return true;
}
