/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edits that are one call of one of sharp's methods, wherever they stand: each
 * checks its value as that method does and becomes one step, which dit_steps.c
 * puts at its place.
 */
#include <math.h>

#include "dialect/dit.h"

struct plan_step *
dit_call(struct dit_edits *d, enum op op)
{
	d->called[op] = true;
	d->call[op] = (struct plan_step){ .op = (uint16_t)op };
	return &d->call[op];
}

bool
dit_call_if(struct dit_edits *d, enum op op, const json_t *value)
{
	dit_call(d, op);
	d->called[op] = !json_is_false(value);
	return true;
}

bool
dit_arg_number(struct plan_step *s, unsigned arg, const json_t *json,
    const char *name, struct err *e)
{
	const struct arg_row *row = &op_row((enum op)s->op)->arg[arg];
	union arg value = { .num = json_number_value(json) };

	if (json == NULL)
		return true;
	if (row->type == ARG_WHOLE) {
		if (!dit_whole(json, (int64_t)row->min, (int64_t)row->max,
			&value.whole))
			return dit_refuse(e, name);
	} else if (!json_is_number(json) ||
	    !(value.num >= row->min && value.num <= row->max)) {
		return dit_refuse(e, name);
	}
	step_set(s, arg, value);
	return true;
}

bool
dit_arg(struct plan_step *s, unsigned arg, const json_t *object,
    const char *name, struct err *e)
{
	return dit_arg_number(s, arg, dit_member(object, name), name, e);
}

bool
dit_arg_colour(struct plan_step *s, unsigned arg, const json_t *json,
    const char *name, struct err *e)
{
	union arg value;

	if (json == NULL)
		return true;
	if (!dit_colour(json, &value.colour))
		return dit_refuse(e, name);
	step_set(s, arg, value);
	return true;
}

bool
dit_arg_word(struct plan_step *s, unsigned arg, const json_t *json,
    const char *name, struct err *e)
{
	const struct arg_row *row = &op_row((enum op)s->op)->arg[arg];
	struct err unused;
	union arg value;

	if (json == NULL)
		return true;
	if (!json_is_string(json) ||
	    !arg_read(NULL, row, name, slice_of(json_string_value(json)),
		&value, &unused))
		return dit_refuse(e, name);
	step_set(s, arg, value);
	return true;
}

/* ---- Mirrors and colours ---- */

bool
dit_edit_flip(const json_t *value, struct dit_edits *out, struct err *e)
{
	(void)e;
	return dit_call_if(out, OP_FLIP, value);
}

bool
dit_edit_flop(const json_t *value, struct dit_edits *out, struct err *e)
{
	(void)e;
	return dit_call_if(out, OP_FLOP, value);
}

bool
dit_edit_grayscale(const json_t *value, struct dit_edits *out, struct err *e)
{
	(void)e;
	return dit_call_if(out, OP_GRAYSCALE, value);
}

bool
dit_edit_flatten(const json_t *value, struct dit_edits *out, struct err *e)
{
	const json_t *background = dit_member(value, "background");
	union arg black = { .colour = 0x000000ff };

	dit_call_if(out, OP_FLATTEN, value);
	step_set(&out->call[OP_FLATTEN], FLATTEN_BACKGROUND, black);
	return dit_arg_colour(&out->call[OP_FLATTEN], FLATTEN_BACKGROUND,
	    background, "flatten", e);
}

/* ---- Effects ---- */

bool
dit_edit_blur(const json_t *value, struct dit_edits *out, struct err *e)
{
	struct plan_step *s = dit_call(out, OP_BLUR);

	out->called[OP_BLUR] = !json_is_false(value);
	if (json_is_boolean(value) || json_is_null(value))
		return true;
	if (!json_is_object(value))
		return dit_arg_number(s, BLUR_SIGMA, value, "blur", e);
	if (dit_member(value, "sigma") == NULL)
		return dit_refuse(e, "blur");
	return dit_arg(s, BLUR_SIGMA, value, "sigma", e) &&
	    dit_arg(s, BLUR_AMPLITUDE, value, "minAmplitude", e) &&
	    dit_arg_word(s, BLUR_PRECISION, dit_member(value, "precision"),
		"precision", e);
}

bool
dit_edit_sharpen(const json_t *value, struct dit_edits *out, struct err *e)
{
	static const char *const names[] = { "sigma", "m1", "m2", "x1", "y2",
		"y3" };
	_Static_assert(NELEM(names) == SHARPEN_ARGS, "one for each argument");
	struct plan_step *s = dit_call(out, OP_SHARPEN);
	double sigma = json_number_value(value);

	out->called[OP_SHARPEN] = !json_is_false(value);
	if (json_is_boolean(value) || json_is_null(value))
		return true;
	if (json_is_object(value)) {
		if (dit_member(value, "sigma") == NULL)
			return dit_refuse(e, "sharpen");
		for (unsigned i = 0; i < SHARPEN_ARGS; i++)
			if (!dit_arg(s, i, value, names[i], e))
				return false;
		return true;
	}
	/* sharp takes up to 10000, at which libvips then fails. */
	if (!json_is_number(value) || !(sigma >= 0.01))
		return dit_refuse(e, "sharpen");
	return dit_arg_number(s, SHARPEN_SIGMA, value, "sharpen", e);
}

bool
dit_edit_median(const json_t *value, struct dit_edits *out, struct err *e)
{
	struct plan_step *s = dit_call(out, OP_MEDIAN);

	return json_is_null(value) ||
	    dit_arg_number(s, MEDIAN_SIZE, value, "median", e);
}

/* Offset and scale: cut to their range, and left out unless whole. */
static void
read_whole_if(
    struct plan_step *s, unsigned arg, const json_t *object, const char *name)
{
	const struct arg_row *row = &op_row((enum op)s->op)->arg[arg];
	union arg value;
	int64_t whole;

	if (!dit_whole(json_object_get(object, name), -(INT64_C(1) << 53),
		INT64_C(1) << 53, &whole))
		return;
	value.num = fmin(fmax((double)whole, row->min), row->max);
	step_set(s, arg, value);
}

bool
dit_arg_list(struct dit_edits *d, struct plan_step *s, unsigned arg,
    const json_t *array, size_t max, struct err *e)
{
	const struct arg_row *row = &op_row((enum op)s->op)->arg[arg];
	double number[PLAN_LIST];
	size_t n = json_array_size(array);
	union arg value;

	if (n == 0 || n > max || n > PLAN_LIST)
		return dit_refuse(e, row->name);
	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_array_get(array, i);

		number[i] = json_number_value(one);
		if (!json_is_number(one) ||
		    !(number[i] >= row->min && number[i] <= row->max))
			return dit_refuse(e, row->name);
	}
	if (!plan_numbers(d->plan, number, n, &value, e))
		return false;
	step_set(s, arg, value);
	return true;
}

bool
dit_edit_convolve(const json_t *value, struct dit_edits *out, struct err *e)
{
	struct plan_step *s = dit_call(out, OP_CONVOLVE);
	const json_t *kernel = json_object_get(value, "kernel");
	int64_t width, height;

	if (!dit_whole(json_object_get(value, "width"), 3, 1001, &width) ||
	    !dit_whole(json_object_get(value, "height"), 3, 1001, &height) ||
	    json_array_size(kernel) != (size_t)(width * height))
		return dit_refuse(e, "convolve");
	read_whole_if(s, CONVOLVE_SCALE, value, "scale");
	read_whole_if(s, CONVOLVE_OFFSET, value, "offset");
	return dit_arg(s, CONVOLVE_WIDTH, value, "width", e) &&
	    dit_arg(s, CONVOLVE_HEIGHT, value, "height", e) &&
	    dit_arg_list(out, s, CONVOLVE_KERNEL, kernel, PLAN_LIST, e);
}

/* A list of four, or two lists of two. */
bool
dit_edit_affine(const json_t *value, struct dit_edits *out, struct err *e)
{
	struct plan_step *s = dit_call(out, OP_AFFINE);
	scoped_json flat = json_array();

	for (size_t i = 0; i < json_array_size(value); i++) {
		json_t *row = json_array_get(value, i);

		if (json_is_array(row))
			json_array_extend(flat, row);
		else
			json_array_append(flat, row);
	}
	if (json_array_size(flat) != 4)
		return dit_refuse(e, "affine");
	return dit_arg_list(out, s, AFFINE_MATRIX, flat, 4, e);
}

/* ---- The canvas ---- */

static bool
read_length(struct plan_step *s, unsigned arg, const json_t *json,
    const char *name, struct err *e)
{
	const struct arg_row *row = &op_row((enum op)s->op)->arg[arg];
	union arg value = { .whole = 0 };
	int64_t length;

	if (json == NULL)
		return true;
	if (!dit_whole(json, 0, (int64_t)row->max, &length))
		return dit_refuse(e, name);
	value.length.value = (float)length;
	step_set(s, arg, value);
	return true;
}

bool
dit_edit_extend(const json_t *value, struct dit_edits *out, struct err *e)
{
	static const struct {
		const char *name;
		unsigned arg;
	} sides[] = {
		{ "top", EXTEND_TOP },
		{ "bottom", EXTEND_BOTTOM },
		{ "left", EXTEND_LEFT },
		{ "right", EXTEND_RIGHT },
	};
	struct plan_step *s = dit_call(out, OP_EXTEND);
	int64_t all;

	if (dit_whole(value, 1, INT32_MAX, &all))
		return read_length(s, EXTEND_ALL, value, "extend", e);
	if (!json_is_object(value))
		return dit_refuse(e, "extend");
	for (size_t i = 0; i < NELEM(sides); i++)
		if (!read_length(s, sides[i].arg,
			dit_member(value, sides[i].name), sides[i].name, e))
			return false;
	return dit_arg_colour(s, EXTEND_BACKGROUND,
		   dit_member(value, "background"), "background", e) &&
	    dit_arg_word(s, EXTEND_WITH, dit_member(value, "extendWith"),
		"extendWith", e);
}

bool
dit_edit_trim(const json_t *value, struct dit_edits *out, struct err *e)
{
	struct plan_step *s = dit_call(out, OP_TRIM);
	const json_t *art = dit_member(value, "lineArt");
	union arg on = { .on = json_is_true(art) };

	if (dit_turns(out))
		out->turn_first = true;
	if (json_is_null(value))
		return true;
	if (!json_is_object(value) || (art != NULL && !json_is_boolean(art)))
		return dit_refuse(e, "trim");
	if (art != NULL)
		step_set(s, TRIM_LINE_ART, on);
	return dit_arg(s, TRIM_THRESHOLD, value, "threshold", e) &&
	    dit_arg_colour(s, TRIM_BACKGROUND, dit_member(value, "background"),
		"background", e);
}

bool
dit_edit_unflatten(const json_t *value, struct dit_edits *out, struct err *e)
{
	(void)value;
	(void)e;
	dit_call(out, OP_UNFLATTEN);
	return true;
}
