/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query language's values as steps, in the order of op.def: builders[] says
 * which operations have parameters of their own and what reads those. All
 * others are plain: query_plain.c.
 */
#include <assert.h>
#include <math.h>

#include "base/num.h"
#include "dialect/query.h"
#include "plan/colour.h"

/* A word for a side or corner: "top", "right top", "north", "entropy". */
static bool
read_position(struct slice word, int64_t *position)
{
	static const struct {
		const char *word;
		int position;
	} words[] = {
		{ "center", POSITION_CENTRE },
		{ "middle", POSITION_CENTRE },
		{ "top", POSITION_NORTH },
		{ "right top", POSITION_NORTHEAST },
		{ "top right", POSITION_NORTHEAST },
		{ "right", POSITION_EAST },
		{ "right bottom", POSITION_SOUTHEAST },
		{ "bottom right", POSITION_SOUTHEAST },
		{ "bottom", POSITION_SOUTH },
		{ "left bottom", POSITION_SOUTHWEST },
		{ "bottom left", POSITION_SOUTHWEST },
		{ "left", POSITION_WEST },
		{ "left top", POSITION_NORTHWEST },
		{ "top left", POSITION_NORTHWEST },
	};
	const struct arg_row *row = &op_row(OP_RESIZE)->arg[RESIZE_POSITION];
	char text[16];

	if (word.len >= sizeof(text))
		return false;
	slice_copy(word, text, sizeof(text));
	for (size_t i = 0; row->choices[i] != NULL; i++) {
		if (slice_is(word, row->choices[i])) {
			*position = (int64_t)i;
			return true;
		}
	}
	for (size_t i = 0; i < word.len; i++)
		if (strchr("-_+", text[i]) != NULL)
			text[i] = ' ';
	for (size_t i = 0; i < NELEM(words); i++) {
		if (slice_eq((struct slice){ text, word.len },
			slice_of(words[i].word))) {
			*position = words[i].position;
			return true;
		}
	}
	return false;
}

static bool
build_orient(struct query *q, struct plan *p, struct err *e)
{
	struct plan_step *step;

	return !query_switched(q, Q_AUTOORIENT, true) ||
	    plan_add(p, OP_AUTOORIENT, &step, e);
}

/* Clear where nothing is named: the matte is then what formats without alpha
 * show. */
static union arg
background(const struct query *q)
{
	union arg clear = { .colour = 0 };

	return query_given(q, Q_BACKGROUND) ? q->arg[Q_BACKGROUND] : clear;
}

static bool
build_turn(struct query *q, struct plan *p, struct err *e)
{
	const struct arg_row *row = &op_row(OP_ROTATE)->arg[ROTATE_ANGLE];
	struct plan_step *step;
	union arg angle = { .num = 0 };

	if (query_given(q, Q_ROTATE) &&
	    !arg_read(p, row, q->name[Q_ROTATE], q->value[Q_ROTATE], &angle, e))
		return false;
	if (fmod(angle.num, 360) > 0 || fmod(angle.num, 360) < 0) {
		if (!plan_add(p, OP_ROTATE, &step, e))
			return false;
		step_set(step, ROTATE_ANGLE, angle);
		if (fmod(angle.num, 90) > 0 || fmod(angle.num, 90) < 0)
			step_set(step, ROTATE_BACKGROUND, background(q));
	}
	return true;
}

static bool
build_extract(struct query *q, struct plan *p, struct err *e)
{
	const struct arg_row *row = op_row(OP_EXTRACT)->arg;
	struct slice rest = q->value[Q_EXTRACT];
	struct plan_step *step;
	union arg value;

	if (!query_given(q, Q_EXTRACT))
		return true;
	if (!plan_add(p, OP_EXTRACT, &step, e))
		return false;
	for (unsigned i = EXTRACT_LEFT; i <= EXTRACT_HEIGHT; i++) {
		if (!arg_read(p, &row[i], q->name[Q_EXTRACT],
			slice_cut(&rest, ','), &value, e) ||
		    (i >= EXTRACT_WIDTH && !(value.length.value > 0)) ||
		    (rest.at == NULL) != (i == EXTRACT_HEIGHT))
			return query_refuse(q, Q_EXTRACT, e,
			    "left,top,width,height in pixels or with %");
		step_set(step, i, value);
	}
	return true;
}

/* A side times dpr, in whole pixels. */
static bool
scale_side(struct query *q, enum param side, double dpr, struct err *e)
{
	const struct arg_row *row = query_arg(&query_params[side]);
	double scaled = floor((double)q->arg[side].whole * dpr + 0.5);

	if (!query_given(q, side))
		return true;
	if (scaled > row->max)
		return query_refuse(q, side, e, "1 to 65535 px after dpr");
	q->arg[side].whole = (int64_t)scaled;
	return true;
}

static bool
read_dpr(struct query *q, struct err *e)
{
	union arg dpr;

	if (!query_given(q, Q_DPR))
		return true;
	if (!arg_read(NULL, query_own(Q_DPR), q->name[Q_DPR], q->value[Q_DPR],
		&dpr, e))
		return false;
	if (!query_given(q, Q_WIDTH) && !query_given(q, Q_HEIGHT))
		return query_refuse(
		    q, Q_DPR, e, "only with a width or a height");
	return scale_side(q, Q_WIDTH, dpr.num, e) &&
	    scale_side(q, Q_HEIGHT, dpr.num, e);
}

static bool
set_position(struct query *q, struct plan_step *step, struct err *e)
{
	union arg position = { .pick = 0 };

	if (!query_given(q, Q_POSITION))
		return true;
	if (query_given(q, Q_FOCUS))
		return query_refuse(
		    q, Q_POSITION, e, "position or focus, not both");
	if (!read_position(q->value[Q_POSITION], &position.pick))
		return query_refuse(q, Q_POSITION, e,
		    "one of centre, top, right, bottom, left, a corner as in "
		    "\"right top\", north, ..., entropy, attention");
	step_set(step, RESIZE_POSITION, position);
	return true;
}

static bool
set_focus(struct query *q, struct plan_step *step, struct err *e)
{
	const struct arg_row *row = op_row(OP_RESIZE)->arg;
	struct slice y = q->value[Q_FOCUS];
	struct slice x;
	union arg value[2];

	if (!query_given(q, Q_FOCUS))
		return true;
	x = slice_cut(&y, ',');
	if (!arg_read(NULL, &row[RESIZE_FOCUS_X], "focus", x, &value[0], e) ||
	    !arg_read(NULL, &row[RESIZE_FOCUS_Y], "focus", y, &value[1], e))
		return query_refuse(
		    q, Q_FOCUS, e, "x,y, each from 0 (left, top) to 1");
	step_set(step, RESIZE_FOCUS_X, value[0]);
	step_set(step, RESIZE_FOCUS_Y, value[1]);
	return true;
}

/* Nothing is made larger than it is, but a ratio says by itself what it wants. */
static bool
set_enlarge(struct query *q, struct plan_step *step, struct err *e)
{
	union arg off = { .on = !query_given(q, Q_RATIO) };

	if (query_given(q, Q_ENLARGE) && query_given(q, Q_NO_ENLARGE))
		return err_param(e, ERR_REPEATED_PARAMETER,
		    q->name[Q_NO_ENLARGE], q->value[Q_NO_ENLARGE].at,
		    q->value[Q_NO_ENLARGE].len,
		    "enlarge or without_enlargement, not both");
	off.on = query_switched(q, Q_NO_ENLARGE, off.on != 0);
	off.on = query_given(q, Q_ENLARGE) ? !q->arg[Q_ENLARGE].on : off.on;
	if (off.on)
		step_set(step, RESIZE_NO_ENLARGE, off);
	return true;
}

static bool
build_resize(struct query *q, struct plan *p, struct err *e)
{
	static const enum param needs_box[] = { Q_FIT, Q_POSITION, Q_FOCUS,
		Q_KERNEL, Q_ENLARGE, Q_NO_ENLARGE, Q_NO_REDUCE };
	static const enum param plain[] = { Q_WIDTH, Q_HEIGHT, Q_RATIO, Q_FIT,
		Q_KERNEL, Q_NO_REDUCE };
	union arg inside = { .pick = FIT_INSIDE };
	struct plan_step *step;

	if (!read_dpr(q, e))
		return false;
	if (!query_given(q, Q_WIDTH) && !query_given(q, Q_HEIGHT) &&
	    !query_given(q, Q_RATIO)) {
		for (size_t i = 0; i < NELEM(needs_box); i++)
			if (query_given(q, needs_box[i]))
				return query_refuse(q, needs_box[i], e,
				    "only with a width or a height");
		return true;
	}
	if (!plan_add(p, OP_RESIZE, &step, e))
		return false;
	for (size_t i = 0; i < NELEM(plain); i++)
		if (query_given(q, plain[i]))
			step_set(
			    step, query_params[plain[i]].arg, q->arg[plain[i]]);
	if (!query_given(q, Q_FIT) &&
	    !(query_given(q, Q_WIDTH) && query_given(q, Q_HEIGHT)))
		step_set(step, RESIZE_FIT, inside);
	if (step_get(step, RESIZE_FIT).pick == FIT_CONTAIN)
		step_set(step, RESIZE_BACKGROUND, background(q));
	return set_position(q, step, e) && set_focus(q, step, e) &&
	    set_enlarge(q, step, e);
}

/*
 * A solid background lies behind the whole image, so it also shows through
 * where the image is clear. flatten=false leaves it to bars and corners.
 */
static bool
build_flatten(struct query *q, struct plan *p, struct err *e)
{
	const struct arg_row *row = op_row(OP_FLATTEN)->arg;
	struct slice text = q->value[Q_FLATTEN];
	union arg colour = { .colour = 0xffffffff };
	struct plan_step *step;
	bool on = (background(q).colour & 0xff) == 0xff;

	if (query_given(q, Q_BACKGROUND))
		colour = q->arg[Q_BACKGROUND];
	if (query_given(q, Q_FLATTEN)) {
		on = true;
		if (text.len > 0 && !num_bool(text, &on) &&
		    !colour_read(text, &colour.colour))
			return query_refuse(
			    q, Q_FLATTEN, e, "true, false, or a colour");
	}
	if (!on)
		return true;
	if (!plan_add(p, OP_FLATTEN, &step, e))
		return false;
	assert(row[FLATTEN_BACKGROUND].type == ARG_COLOUR);
	step_set(step, FLATTEN_BACKGROUND, colour);
	return true;
}

/* ---- All of them ---- */

typedef bool build_f(struct query *q, struct plan *p, struct err *e);

/* clang-format off */
static build_f *const builders[OP_COUNT] = {
	[OP_AUTOORIENT] = build_orient,
	[OP_ROTATE] = build_turn,
	[OP_EXTRACT] = build_extract,
	[OP_RESIZE] = build_resize,
	[OP_FLATTEN] = build_flatten,
	[OP_COMPOSITE] = query_composites,
};
/* clang-format on */

bool
query_is_plain(enum op op)
{
	return builders[op] == NULL;
}

/* The order of the table's rows is the order of the work. */
bool
query_steps(struct query *q, struct plan *p, struct err *e)
{
	for (unsigned op = 0; op < OP_COUNT; op++)
		if (builders[op] != NULL ? !builders[op](q, p, e)
					 : !query_plain(q, p, (enum op)op, e))
			return false;
	return true;
}
