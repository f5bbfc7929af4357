/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query language's operations that have no parameters of their own:
 * NAME=VALUE,VALUE or NAME=ARGUMENT:VALUE, as the rows of op.def say.
 */
#include <stdio.h>

#include "base/num.h"
#include "dialect/query.h"

/* Up to the next comma that is not within parentheses, as in rgb(1,2,3). */
static struct slice
cut_value(struct slice *rest)
{
	struct slice all = *rest;
	int depth = 0;

	for (size_t i = 0; i < all.len; i++) {
		depth += all.at[i] == '(';
		depth -= all.at[i] == ')';
		if (all.at[i] == ',' && depth <= 0) {
			*rest = slice_skip(all, i + 1);
			return (struct slice){ all.at, i };
		}
	}
	*rest = (struct slice){ NULL, 0 };
	return all;
}

/* Finds the argument of "NAME:VALUE" and leaves the value. */
static bool
find_arg(const struct op_row *row, struct slice *piece, unsigned *arg)
{
	struct slice value = *piece;
	struct slice name = slice_cut(&value, ':');

	for (unsigned i = 0; value.at != NULL && i < row->narg; i++) {
		if (name_is(name, row->arg[i].name)) {
			*arg = i;
			*piece = value;
			return true;
		}
	}
	return false;
}

static bool
read_arg(const char *name, struct plan *p, const struct arg_row *row,
    struct slice piece, union arg *value, struct err *e)
{
	char list[ROOM];

	if (row->type == ARG_LIST) {
		for (size_t i = 0; i < piece.len; i++) {
			list[i] = piece.at[i];
			if (list[i] == ';')
				list[i] = ',';
		}
		piece.at = list;
	}
	return arg_read(p, row, name, piece, value, e);
}

/* The names that a value may have, for who wrote one too many. */
static bool
refuse_arg(const struct query *q, size_t param, const struct op_row *row,
    struct err *e)
{
	char names[ERR_TEXT_MAX] = "true or false";
	size_t n = 0;

	for (size_t i = 0; i < row->narg && n < sizeof(names); i++)
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s",
		    i > 0 ? "," : "", row->arg[i].name);
	return query_refuse(q, param, e, names);
}

/* "false", or 0 where 0 could not mean anything else. */
static bool
is_off(const struct op_row *row, struct slice text)
{
	bool on = true;

	if (row->narg == 0)
		return num_bool(text, &on) && !on;
	if (slice_is(text, "false"))
		return true;
	return slice_is(text, "0") && row->arg[0].min > 0 &&
	    (row->arg[0].type == ARG_NUM || row->arg[0].type == ARG_WHOLE);
}

bool
query_step(const struct query *q, size_t param, struct plan *p, enum op op,
    struct plan_step **out, struct err *e)
{
	const struct op_row *row = op_row(op);
	struct slice rest = q->value[param];
	struct plan_step *step;
	union arg value;
	bool on;

	*out = NULL;
	if (is_off(row, rest))
		return true;
	if (!plan_add(p, op, &step, e))
		return false;
	*out = step;
	if (rest.len == 0 || slice_is(rest, "true") ||
	    (row->narg == 0 && num_bool(rest, &on) && on))
		return true;
	for (unsigned next = 0; rest.at != NULL;) {
		struct slice piece = cut_value(&rest);
		unsigned arg = next;

		if (!find_arg(row, &piece, &arg) && next++ >= row->narg)
			return refuse_arg(q, param, row, e);
		if (step_has(step, arg))
			return refuse_arg(q, param, row, e);
		if (!read_arg(
			q->name[param], p, &row->arg[arg], piece, &value, e))
			return false;
		step_set(step, arg, value);
	}
	return true;
}

bool
query_plain(const struct query *q, struct plan *p, enum op op, struct err *e)
{
	size_t param = Q_OPS + (size_t)op;
	struct plan_step *step;

	return q->name[param] == NULL || query_step(q, param, p, op, &step, e);
}
