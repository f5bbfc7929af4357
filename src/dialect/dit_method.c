/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edits that are one call of one of sharp's methods, wherever they stand: each
 * checks its value as that method does and becomes one step, which dit_steps.c
 * puts at its place.
 */
#include <math.h>

#include "dialect/dit.h"

/* A new call, which replaces an earlier one of the same method. */
static struct plan_step *
call(struct dit_edits *d, enum op op)
{
	d->called[op] = true;
	d->call[op] = (struct plan_step){ .op = (uint16_t)op };
	return &d->call[op];
}

/* One that a boolean switches: what is no boolean counts as true. */
static bool
call_if(struct dit_edits *d, enum op op, const json_t *value)
{
	call(d, op);
	d->called[op] = !json_is_false(value);
	return true;
}

/* A number, where there is one and not null, into an argument of the step. */
static bool
read_number(struct plan_step *s, unsigned arg, const json_t *json,
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

static bool
read_arg(struct plan_step *s, unsigned arg, const json_t *object,
    const char *name, struct err *e)
{
	return read_number(s, arg, dit_member(object, name), name, e);
}

static bool
read_colour(struct plan_step *s, unsigned arg, const json_t *json,
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

/* One of the row's words. */
static bool
read_word(struct plan_step *s, unsigned arg, const json_t *json,
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
	return call_if(out, OP_FLIP, value);
}

bool
dit_edit_flop(const json_t *value, struct dit_edits *out, struct err *e)
{
	(void)e;
	return call_if(out, OP_FLOP, value);
}

bool
dit_edit_grayscale(const json_t *value, struct dit_edits *out, struct err *e)
{
	(void)e;
	return call_if(out, OP_GRAYSCALE, value);
}

bool
dit_edit_flatten(const json_t *value, struct dit_edits *out, struct err *e)
{
	const json_t *background = dit_member(value, "background");
	union arg black = { .colour = 0x000000ff };

	call_if(out, OP_FLATTEN, value);
	step_set(&out->call[OP_FLATTEN], FLATTEN_BACKGROUND, black);
	return read_colour(&out->call[OP_FLATTEN], FLATTEN_BACKGROUND,
	    background, "flatten", e);
}

/* ---- Effects ---- */

bool
dit_edit_blur(const json_t *value, struct dit_edits *out, struct err *e)
{
	struct plan_step *s = call(out, OP_BLUR);

	out->called[OP_BLUR] = !json_is_false(value);
	if (json_is_boolean(value) || json_is_null(value))
		return true;
	if (!json_is_object(value))
		return read_number(s, BLUR_SIGMA, value, "blur", e);
	if (dit_member(value, "sigma") == NULL)
		return dit_refuse(e, "blur");
	return read_arg(s, BLUR_SIGMA, value, "sigma", e) &&
	    read_arg(s, BLUR_AMPLITUDE, value, "minAmplitude", e) &&
	    read_word(s, BLUR_PRECISION, dit_member(value, "precision"),
		"precision", e);
}

bool
dit_edit_sharpen(const json_t *value, struct dit_edits *out, struct err *e)
{
	static const char *const names[] = { "sigma", "m1", "m2", "x1", "y2",
		"y3" };
	_Static_assert(NELEM(names) == SHARPEN_ARGS, "one for each argument");
	struct plan_step *s = call(out, OP_SHARPEN);
	double sigma = json_number_value(value);

	out->called[OP_SHARPEN] = !json_is_false(value);
	if (json_is_boolean(value) || json_is_null(value))
		return true;
	if (json_is_object(value)) {
		if (dit_member(value, "sigma") == NULL)
			return dit_refuse(e, "sharpen");
		for (unsigned i = 0; i < SHARPEN_ARGS; i++)
			if (!read_arg(s, i, value, names[i], e))
				return false;
		return true;
	}
	/* sharp takes up to 10000, at which libvips then fails. */
	if (!json_is_number(value) || !(sigma >= 0.01))
		return dit_refuse(e, "sharpen");
	return read_number(s, SHARPEN_SIGMA, value, "sharpen", e);
}
