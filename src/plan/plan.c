/* SPDX-License-Identifier: Apache-2.0 */
/* Building a plan: its pool, its steps, its arguments from text. */
#include "plan/plan.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "base/codec.h"
#include "base/num.h"
#include "plan/colour.h"

_Static_assert(PLAN_TEXT <= UINT16_MAX, "a span reaches all of the pool");
_Static_assert(OUT_COUNT <= 64, "plan_out.set has a bit for each");
_Static_assert(OP_ARGS_MAX <= 16, "plan_step.set has a bit for each");

void
plan_init(struct plan *p)
{
	memset(p, 0, sizeof(*p));
	p->out.format = FORMAT_SAME;
}

bool
plan_text(struct plan *p, struct slice s, struct span *out, struct err *e)
{
	if (s.len > PLAN_TEXT - (size_t)p->ntext)
		return err_set(e, ERR_BAD_URL,
		    "texts of more than %d bytes in one request", PLAN_TEXT);
	if (s.len > 0)
		memcpy(p->text + p->ntext, s.at, s.len);
	out->at = s.len > 0 ? p->ntext : 0;
	out->len = (uint16_t)s.len;
	p->ntext = (uint16_t)(p->ntext + s.len);
	return true;
}

struct slice
plan_slice(const struct plan *p, struct span s)
{
	assert((size_t)s.at + s.len <= PLAN_TEXT);
	return (struct slice){ p->text + s.at, s.len };
}

bool
plan_add(struct plan *p, enum op op, struct plan_step **step, struct err *e)
{
	assert((unsigned)op < OP_COUNT);
	if (p->nstep >= PLAN_STEPS)
		return err_set(e, ERR_BAD_URL,
		    "more than %d operations in one request", PLAN_STEPS);
	*step = &p->step[p->nstep++];
	(*step)->op = (uint16_t)op;
	return true;
}

struct plan_step *
plan_find(struct plan *p, enum op op)
{
	for (size_t i = p->nstep; i > 0; i--)
		if (p->step[i - 1].op == op)
			return &p->step[i - 1];
	return NULL;
}

void
step_set(struct plan_step *s, unsigned arg, union arg value)
{
	assert(arg < op_row((enum op)s->op)->narg);
	s->arg[arg] = value;
	s->set |= (uint16_t)(1u << arg);
}

bool
step_has(const struct plan_step *s, unsigned arg)
{
	return arg < OP_ARGS_MAX && (s->set >> arg & 1u) != 0;
}

/* The given value, or the row's default, or all zero. */
static union arg
value_or_default(const struct arg_row *row, bool given, union arg value)
{
	union arg none = { .whole = 0 };

	if (given)
		return value;
	return arg_default(row, &value) ? value : none;
}

union arg
step_get(const struct plan_step *s, unsigned arg)
{
	const struct op_row *row = op_row((enum op)s->op);

	assert(arg < row->narg);
	return value_or_default(&row->arg[arg], step_has(s, arg), s->arg[arg]);
}

double
step_length(const struct plan_step *s, unsigned arg, double side)
{
	struct length length = step_get(s, arg).length;

	return round((double)length.value * (length.percent ? side / 100 : 1));
}

void
out_set(struct plan *p, enum out arg, union arg value)
{
	assert((unsigned)arg < OUT_COUNT);
	p->out.arg[arg] = value;
	p->out.set |= (uint64_t)1 << arg;
}

bool
out_has(const struct plan *p, enum out arg)
{
	return (p->out.set >> (unsigned)arg & 1u) != 0;
}

union arg
out_get(const struct plan *p, enum out arg)
{
	return value_or_default(out_row(arg), out_has(p, arg), p->out.arg[arg]);
}

/* ---- Lists of numbers ---- */

bool
plan_numbers(struct plan *p, const double *number, size_t n, union arg *out,
    struct err *e)
{
	char text[PLAN_TEXT];
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		if (sizeof(text) - len < NUM_TEXT_MAX + 1)
			return err_set(e, ERR_BAD_URL,
			    "texts of more than %d bytes in one request",
			    PLAN_TEXT);
		if (i > 0)
			text[len++] = ',';
		len += num_print(number[i], text + len);
	}
	out->whole = 0;
	return plan_text(p, (struct slice){ text, len }, &out->list.text, e);
}

size_t
plan_list(const struct plan *p, union arg value, double *number, size_t max)
{
	struct slice rest = plan_slice(p, value.list.text);
	size_t n = 0;

	for (; rest.at != NULL && rest.len > 0; n++) {
		struct slice one = slice_cut(&rest, ',');

		if (n < max && !num_double(one, -DBL_MAX, DBL_MAX, &number[n]))
			number[n] = 0;
	}
	return n;
}

struct slice
plan_arg(const struct plan *p, const struct arg_row *row, union arg value,
    char room[ARG_TEXT_MAX])
{
	if (row->type == ARG_LIST)
		return plan_slice(p, value.list.text);
	return (struct slice){ room, arg_print(row, value, room) };
}

/* ---- Arguments from text ---- */

static bool
read_length(const struct arg_row *row, struct slice text, union arg *out)
{
	double value;
	bool percent =
	    slice_ends(text, SLICE("%")) || slice_ends(text, SLICE("p"));

	if (slice_ends(text, SLICE("px")))
		text.len -= 2;
	else if (percent)
		text.len--;
	if (!num_double(text, length_min(row, percent),
		percent ? 100 : row->max, &value))
		return false;
	out->length.value = (float)value;
	out->length.percent = percent;
	return true;
}

/* As it stands in the table, or as Americans and sharp write it. */
static bool
word_is(struct slice text, const char *word)
{
	size_t colour = strlen("colo");

	if (slice_is(text, word))
		return true;
	if (strcmp(word, "centre") == 0)
		return slice_is(text, "center");
	return slice_starts(slice_of(word), SLICE("colour")) &&
	    slice_starts(text, SLICE("color")) &&
	    slice_eq(slice_skip(text, colour),
		slice_skip(slice_of(word), colour + 1));
}

static bool
find_word(const struct arg_row *row, struct slice text, size_t *index)
{
	for (size_t i = 0; row->choices[i] != NULL; i++) {
		if (word_is(text, row->choices[i])) {
			*index = i;
			return true;
		}
	}
	return false;
}

static bool
read_pick(const struct arg_row *row, struct slice text, union arg *out)
{
	size_t index;

	if (!find_word(row, text, &index))
		return false;
	out->pick = (int64_t)index;
	return true;
}

static bool
read_set(const struct arg_row *row, struct slice text, union arg *out)
{
	size_t index;

	out->set = 0;
	if (text.len == 0 || slice_is(text, "none"))
		return true;
	if (slice_is(text, "all")) {
		for (size_t i = 0; row->choices[i] != NULL; i++)
			out->set |= (uint64_t)1 << i;
		return true;
	}
	while (text.at != NULL) {
		if (!find_word(row, slice_cut(&text, ','), &index))
			return false;
		out->set |= (uint64_t)1 << index;
	}
	return true;
}

/* Its numbers go to the pool as they are printed, so that 1.0 is 1. */
static bool
read_list(struct plan *p, const struct arg_row *row, struct slice text,
    union arg *out, struct err *e)
{
	double number[PLAN_LIST];
	size_t n = 0;

	while (text.at != NULL)
		if (n == PLAN_LIST ||
		    !num_double(slice_trim(slice_cut(&text, ',')), row->min,
			row->max, &number[n++]))
			return false;
	return plan_numbers(p, number, n, out, e);
}

static bool
read_value(struct plan *p, const struct arg_row *row, struct slice text,
    union arg *out, struct err *e)
{
	bool on;

	switch (row->type) {
	case ARG_NUM:
		return num_double(text, row->min, row->max, &out->num);
	case ARG_WHOLE:
		return num_int(
		    text, (int64_t)row->min, (int64_t)row->max, &out->whole);
	case ARG_LENGTH:
		return read_length(row, text, out);
	case ARG_BOOL:
		if (!num_bool(text, &on))
			return false;
		out->on = on;
		return true;
	case ARG_PICK:
		return read_pick(row, text, out);
	case ARG_SET:
		return read_set(row, text, out);
	case ARG_COLOUR:
		return colour_read(text, &out->colour);
	case ARG_LIST:
		return read_list(p, row, text, out, e);
	}
	return false;
}

/* Names the word of the row's list that the text is most like. */
static void
hint_word(const struct arg_row *row, struct slice text, struct err *e)
{
	const char *best = NULL;
	size_t least = 3;

	for (size_t i = 0; row->choices != NULL && row->choices[i] != NULL;
	     i++) {
		size_t far = codec_distance(text, slice_of(row->choices[i]));

		if (far < least && 2 * far <= strlen(row->choices[i])) {
			least = far;
			best = row->choices[i];
		}
	}
	if (best != NULL)
		err_hint(e, "did you mean %s?", best);
}

bool
arg_read(struct plan *p, const struct arg_row *row, const char *name,
    struct slice text, union arg *out, struct err *e)
{
	union arg value = { .whole = 0 };
	char accepted[ERR_TEXT_MAX];

	e->code = ERR_NONE;
	if (read_value(p, row, text, &value, e)) {
		*out = value;
		return true;
	}
	if (e->code != ERR_NONE) /* The pool is full. */
		return false;
	arg_accepted(row, accepted, sizeof(accepted));
	err_param(e, ERR_BAD_VALUE, name, text.at, text.len, "%s", accepted);
	hint_word(row, text, e);
	return false;
}
