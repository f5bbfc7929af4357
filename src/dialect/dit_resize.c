/* SPDX-License-Identifier: Apache-2.0 */
/* The edit resize: sharp's options and the handler's own "ratio". */
#include <math.h>

#include "dialect/dit.h"

/*
 * A side: rounded; *given is false where it is not set. What is not a number
 * goes to sharp, which refuses it.
 */
static bool
read_side(const json_t *resize, const char *name, bool *given, double *side,
    struct err *e)
{
	const json_t *value = dit_member(resize, name);

	*given = value != NULL;
	if (value == NULL)
		return true;
	if (!dit_number(value, side))
		return dit_refuse(e, name);
	*side = floor(*side + 0.5);
	return true;
}

bool
dit_check_sides(const json_t *resize, struct err *e)
{
	static const char *const names[] = { "width", "height" };
	struct err unused;

	for (size_t i = 0; i < NELEM(names); i++) {
		bool given = false;
		double side = 0;

		if (read_side(resize, names[i], &given, &side, &unused) &&
		    given && side <= 0)
			return dit_fail(
			    e, ERR_BAD_VALUE, DIT_RESIZE, names[i], NULL);
	}
	return true;
}

static bool
set_side(struct plan_step *s, unsigned arg, double side, struct err *e)
{
	union arg value = { .whole = 0 };
	const struct arg_row *row = &op_row(OP_RESIZE)->arg[arg];

	if (side <= 0)
		return dit_fail(e, ERR_BAD_VALUE, DIT_RESIZE, row->name, NULL);
	if (side > row->max)
		return dit_refuse(e, row->name);
	value.whole = (int64_t)side;
	step_set(s, arg, value);
	return true;
}

/*
 * ratio multiplies both sides where both are set, else the original's own size,
 * whatever single side is set.
 */
static bool
read_box(const json_t *resize, struct plan_step *s, struct err *e)
{
	const json_t *json = json_object_get(resize, "ratio");
	union arg inside = { .pick = FIT_INSIDE };
	union arg ratio;
	bool width, height;
	double w = 0, h = 0;

	if (!read_side(resize, "width", &width, &w, e) ||
	    !read_side(resize, "height", &height, &h, e))
		return false;
	if (dit_truthy(json)) {
		if (!dit_number(json, &ratio.num))
			return dit_refuse(e, "ratio");
		step_set(s, RESIZE_FIT, inside);
		if (!width || !height) {
			if (ratio.num <= 0)
				return dit_fail(e, ERR_BAD_VALUE, DIT_RESIZE,
				    "ratio", NULL);
			if (ratio.num > 100 || ratio.num < 0.001)
				return dit_refuse(e, "ratio");
			step_set(s, RESIZE_RATIO, ratio);
			return true;
		}
		w = floor(w * ratio.num + 0.5);
		h = floor(h * ratio.num + 0.5);
	}
	return (!width || set_side(s, RESIZE_WIDTH, w, e)) &&
	    (!height || set_side(s, RESIZE_HEIGHT, h, e));
}

/* sharp's numbers for positions: clockwise from the top, then the corners. */
static bool
number_position(const json_t *json, int64_t *position)
{
	static const int positions[] = { POSITION_CENTRE, POSITION_NORTH,
		POSITION_EAST, POSITION_SOUTH, POSITION_WEST,
		POSITION_NORTHEAST, POSITION_SOUTHEAST, POSITION_SOUTHWEST,
		POSITION_NORTHWEST };
	int64_t n;

	if (dit_whole(json, 16, 17, &n)) {
		*position = n == 16 ? POSITION_ENTROPY : POSITION_ATTENTION;
		return true;
	}
	if (!dit_whole(json, 0, 8, &n))
		return false;
	*position = positions[n];
	return true;
}

static bool
word_position(const char *word, int64_t *position)
{
	static const struct {
		const char *word;
		int position;
	} words[] = {
		{ "top", POSITION_NORTH },
		{ "right", POSITION_EAST },
		{ "bottom", POSITION_SOUTH },
		{ "left", POSITION_WEST },
		{ "right top", POSITION_NORTHEAST },
		{ "right bottom", POSITION_SOUTHEAST },
		{ "left bottom", POSITION_SOUTHWEST },
		{ "left top", POSITION_NORTHWEST },
		{ "center", POSITION_CENTRE },
	};
	const struct arg_row *row = &op_row(OP_RESIZE)->arg[RESIZE_POSITION];

	for (size_t i = 0; row->choices[i] != NULL; i++) {
		if (strcmp(word, row->choices[i]) == 0) {
			*position = (int64_t)i;
			return true;
		}
	}
	for (size_t i = 0; i < NELEM(words); i++) {
		if (strcmp(word, words[i].word) == 0) {
			*position = words[i].position;
			return true;
		}
	}
	return false;
}

static bool
read_position(const json_t *resize, struct plan_step *s, struct err *e)
{
	const json_t *json = dit_member(resize, "position");
	union arg position = { .pick = 0 };

	if (json == NULL)
		return true;
	if (!number_position(json, &position.pick) &&
	    !(json_is_string(json) &&
		word_position(json_string_value(json), &position.pick)))
		return dit_refuse(e, "position");
	/* Looking for what is interesting makes sense for cutting alone. */
	if (position.pick >= POSITION_ENTROPY &&
	    step_get(s, RESIZE_FIT).pick != FIT_COVER)
		position.pick = POSITION_CENTRE;
	step_set(s, RESIZE_POSITION, position);
	return true;
}

/* fit and kernel: one of the row's words. */
static bool
read_word(const json_t *resize, const char *name, unsigned arg,
    struct plan_step *s, struct err *e)
{
	const json_t *json = dit_member(resize, name);
	const char *word = json_string_value(json);
	struct err unused;
	union arg value;

	if (json == NULL)
		return true;
	/* What sharp has and libvips 8.14 has not: as sharp as these are. */
	if (word != NULL && arg == RESIZE_KERNEL &&
	    (strcmp(word, "mks2013") == 0 || strcmp(word, "mks2021") == 0))
		word = "lanczos3";
	if (word == NULL ||
	    !arg_read(NULL, &op_row(OP_RESIZE)->arg[arg], name, slice_of(word),
		&value, &unused))
		return dit_refuse(e, name);
	step_set(s, arg, value);
	return true;
}

const struct dit_flag dit_resize_flags[DIT_RESIZE_FLAGS] = {
	{ "withoutEnlargement", RESIZE_NO_ENLARGE },
	{ "withoutReduction", RESIZE_NO_REDUCE },
	{ "fastShrinkOnLoad", RESIZE_SHRINK },
};

static bool
read_flags(const json_t *resize, struct plan_step *s, struct err *e)
{
	for (size_t i = 0; i < DIT_RESIZE_FLAGS; i++) {
		const struct dit_flag *flag = &dit_resize_flags[i];
		const json_t *json = dit_member(resize, flag->name);
		union arg on = { .on = json_is_true(json) };

		if (json == NULL)
			continue;
		if (!json_is_boolean(json))
			return dit_refuse(e, flag->name);
		step_set(s, flag->arg, on);
	}
	return true;
}

bool
dit_edit_resize(const json_t *value, struct dit_edits *out, struct err *e)
{
	struct plan_step *s = &out->resize;
	const json_t *background = dit_member(value, "background");
	union arg sizing = { .pick = SIZING_SHARP };
	union arg colour;

	if (!json_is_object(value))
		return dit_refuse(e, "resize");
	if (!read_box(value, s, e) ||
	    !read_word(value, "fit", RESIZE_FIT, s, e) ||
	    !read_word(value, "kernel", RESIZE_KERNEL, s, e) ||
	    !read_position(value, s, e) || !read_flags(value, s, e))
		return false;
	if (background != NULL) {
		if (!dit_colour(background, &colour.colour))
			return dit_refuse(e, "background");
		step_set(s, RESIZE_BACKGROUND, colour);
	}
	step_set(s, RESIZE_SIZING, sizing);
	out->sized = step_has(s, RESIZE_WIDTH) || step_has(s, RESIZE_HEIGHT) ||
	    step_has(s, RESIZE_RATIO);
	/* What was turned before it is asked for its size is turned first. */
	if (out->sized && dit_turns(out))
		out->turn_first = true;
	return true;
}
