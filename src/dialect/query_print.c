/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query language backwards: the shortest URL that parses to the plan. It
 * is written by what the plan most likely came from, then parsed and compared,
 * so that what the language cannot say is refused.
 */
#include <math.h>
#include <stdio.h>

#include "base/codec.h"
#include "dialect/query.h"

struct url {
	struct text text;
	bool queried; /* the '?' is written */
};

static void
put_named(struct url *url, const char *name, const char *value)
{
	char escaped[3 * PLAN_TEXT];
	struct slice raw = slice_of(value);

	raw.len = raw.len < PLAN_TEXT ? raw.len : PLAN_TEXT;
	text_put(&url->text, url->queried ? SLICE("&") : SLICE("?"));
	text_put(&url->text, slice_of(name));
	text_put(&url->text, SLICE("="));
	text_put(&url->text,
	    (struct slice){
		escaped, codec_percent_encode(raw, ",:;/", escaped) });
	url->queried = true;
}

static void
put_param(struct url *url, enum param param, const char *value)
{
	put_named(url, query_params[param].name, value);
}

static void
put_value(struct url *url, enum param param, const struct arg_row *row,
    union arg value)
{
	char text[ARG_TEXT_MAX];

	arg_print(row, value, text);
	/* Colours need no '#', which would have to be escaped. */
	put_param(url, param, text[0] == '#' ? text + 1 : text);
}

static void
put_numbers(struct url *url, enum param param, const struct plan_step *s,
    unsigned first, unsigned n)
{
	const struct arg_row *row = op_row((enum op)s->op)->arg;
	char list[512] = "";
	struct text text = { .at = list, .size = sizeof(list) };

	for (unsigned i = first; i < first + n; i++) {
		char number[ARG_TEXT_MAX];

		arg_print(&row[i], step_get(s, i), number);
		text_printf(&text, "%s%s", i > first ? "," : "", number);
	}
	put_param(url, param, list);
}

/* What is left out in the language, and so need not be written. */
static void
put_resize(struct url *url, const struct plan_step *s)
{
	static const enum param sides[] = { Q_WIDTH, Q_HEIGHT, Q_RATIO };
	const struct arg_row *row = op_row(OP_RESIZE)->arg;
	bool box = step_has(s, RESIZE_WIDTH) && step_has(s, RESIZE_HEIGHT);
	bool ratio = step_has(s, RESIZE_RATIO);
	int64_t usual = box ? FIT_COVER : FIT_INSIDE;

	for (size_t i = 0; i < NELEM(sides); i++)
		if (step_has(s, query_params[sides[i]].arg))
			put_value(url, sides[i],
			    &row[query_params[sides[i]].arg],
			    step_get(s, query_params[sides[i]].arg));
	if (step_get(s, RESIZE_FIT).pick != usual)
		put_value(
		    url, Q_FIT, &row[RESIZE_FIT], step_get(s, RESIZE_FIT));
	if (step_get(s, RESIZE_POSITION).pick != POSITION_CENTRE)
		put_value(url, Q_POSITION, &row[RESIZE_POSITION],
		    step_get(s, RESIZE_POSITION));
	if (step_has(s, RESIZE_FOCUS_X))
		put_numbers(url, Q_FOCUS, s, RESIZE_FOCUS_X, 2);
	if (step_get(s, RESIZE_KERNEL).pick != KERNEL_LANCZOS3)
		put_value(url, Q_KERNEL, &row[RESIZE_KERNEL],
		    step_get(s, RESIZE_KERNEL));
	if (!step_get(s, RESIZE_NO_ENLARGE).on && !ratio)
		put_param(url, Q_ENLARGE, "true");
	if (step_get(s, RESIZE_NO_ENLARGE).on && ratio)
		put_param(url, Q_ENLARGE, "false");
	if (step_get(s, RESIZE_NO_REDUCE).on)
		put_param(url, Q_NO_REDUCE, "true");
}

/* The colour that bars and corners have. */
static bool
find_background(const struct plan *p, union arg *background)
{
	for (size_t i = 0; i < p->nstep; i++) {
		const struct plan_step *s = &p->step[i];

		if (s->op == OP_RESIZE && step_has(s, RESIZE_BACKGROUND)) {
			*background = step_get(s, RESIZE_BACKGROUND);
			return true;
		}
		if (s->op == OP_ROTATE && step_has(s, ROTATE_BACKGROUND)) {
			*background = step_get(s, ROTATE_BACKGROUND);
			return true;
		}
	}
	return false;
}

static void
put_flatten(
    struct url *url, const struct plan *p, const struct plan_step *flatten)
{
	const struct arg_row *row = op_row(OP_FLATTEN)->arg;
	union arg background = { .colour = 0 };
	bool solid;

	find_background(p, &background);
	solid = (background.colour & 0xff) == 0xff;
	if (flatten == NULL) {
		if (solid)
			put_param(url, Q_FLATTEN, "false");
	} else if (!solid ||
	    step_get(flatten, FLATTEN_BACKGROUND).colour != background.colour) {
		put_value(url, Q_FLATTEN, &row[FLATTEN_BACKGROUND],
		    step_get(flatten, FLATTEN_BACKGROUND));
	}
	if (background.colour != 0)
		put_value(url, Q_BACKGROUND, row, background);
}

/*
 * Values in their order as long as none is left out, then by name. list: room
 * of PLAN_TEXT bytes; skip: an argument that is not written.
 */
static void
print_values(struct url *url, const struct plan *p, const struct plan_step *s,
    unsigned skip, char *list)
{
	const struct op_row *row = op_row((enum op)s->op);
	struct text text = { .at = list, .size = PLAN_TEXT };
	bool named = false;

	list[0] = '\0';
	for (unsigned i = 0; i < row->narg; i++) {
		char room[ARG_TEXT_MAX];
		struct slice value;

		named = named || !step_has(s, i);
		if (!step_has(s, i) || i == skip)
			continue;
		value = plan_arg(p, &row->arg[i], step_get(s, i), room);
		if (row->arg[i].type == ARG_COLOUR)
			value = slice_skip(value, strlen("#"));
		text_printf(&text, "%s%s%s", list[0] != '\0' ? "," : "",
		    named ? row->arg[i].name : "", named ? ":" : "");
		for (size_t k = 0; k < value.len; k++)
			text_printf(&text, "%c",
			    value.at[k] == ',' ? ';' : value.at[k]);
	}
	url->text.full = url->text.full || text.full;
}

static void
put_plain(struct url *url, const struct plan *p, const struct plan_step *s)
{
	char list[PLAN_TEXT];

	print_values(url, p, s, OP_ARGS_MAX, list);
	put_named(
	    url, op_row((enum op)s->op)->name, list[0] != '\0' ? list : "true");
}

/* The key alone where it is of the first image's store, and does not look like
 * one with its store's name. */
static void
put_overlays(struct url *url, const struct plan *p)
{
	for (size_t i = 1; i < p->nsource; i++) {
		struct slice store = plan_slice(p, p->source[i].store);
		struct slice key = plan_slice(p, p->source[i].key);
		char value[2 * KEY_MAX] = "";
		struct text text = { .at = value, .size = sizeof(value) };

		if (!slice_eq(store, plan_slice(p, p->source[0].store)) ||
		    slice_starts(key, SLICE("//"))) {
			text_put(&text, SLICE("//"));
			text_put(&text, store);
			text_put(&text, SLICE("/"));
		}
		text_put(&text, key);
		url->text.full = url->text.full || text.full;
		put_param(url, (enum param)(Q_OVERLAY + i - 1), value);
	}
}

/* What one overlay after the other is laid on with, unless nothing is said. */
static void
put_composites(struct url *url, const struct plan *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->nstep && n < PLAN_OVERLAYS; i++) {
		const struct plan_step *s = &p->step[i];
		char list[PLAN_TEXT];
		bool own;

		if (s->op != OP_COMPOSITE)
			continue;
		own = step_get(s, COMPOSITE_SOURCE).whole == (int64_t)n + 1;
		print_values(
		    url, p, s, own ? COMPOSITE_SOURCE : OP_ARGS_MAX, list);
		if (list[0] != '\0')
			put_param(url, (enum param)(Q_COMPOSITE + n), list);
		n++;
	}
}

static void
put_steps(struct url *url, const struct plan *p)
{
	const struct plan_step *of[OP_COUNT] = { NULL };
	const struct arg_row *rotate = op_row(OP_ROTATE)->arg;

	for (size_t i = 0; i < p->nstep; i++)
		of[p->step[i].op] = &p->step[i];
	if (of[OP_RESIZE] != NULL)
		put_resize(url, of[OP_RESIZE]);
	if (of[OP_AUTOORIENT] == NULL)
		put_param(url, Q_AUTOORIENT, "false");
	if (of[OP_ROTATE] != NULL)
		put_value(url, Q_ROTATE, &rotate[ROTATE_ANGLE],
		    step_get(of[OP_ROTATE], ROTATE_ANGLE));
	if (of[OP_EXTRACT] != NULL)
		put_numbers(url, Q_EXTRACT, of[OP_EXTRACT], EXTRACT_LEFT, 4);
	put_flatten(url, p, of[OP_FLATTEN]);
	put_overlays(url, p);
	put_composites(url, p);
	for (unsigned op = 0; op < OP_COUNT; op++)
		if (of[op] != NULL && query_is_plain((enum op)op))
			put_plain(url, p, of[op]);
}

static void
put_out(struct url *url, const struct plan *p, enum out out)
{
	char room[ARG_TEXT_MAX];
	char text[PLAN_TEXT];

	put_named(url, out_row(out)->name,
	    slice_copy(plan_arg(p, out_row(out), out_get(p, out), room), text,
		sizeof(text)));
}

static void
put_in_out(struct url *url, const struct plan *p)
{
	char number[16];

	if (p->out.format == FORMAT_INFO)
		put_param(url, Q_INFO, "true");
	else if (p->out.format != FORMAT_SAME)
		put_param(url, Q_FORMAT,
		    format_row((enum format)p->out.format)->name);
	for (unsigned i = 0; i < OUT_COUNT; i++)
		if (query_has_out((enum out)i) && out_has(p, (enum out)i))
			put_out(url, p, (enum out)i);
	if (p->in.density != 0) {
		snprintf(number, sizeof(number), "%d", (int)p->in.density);
		put_param(url, Q_DENSITY, number);
	}
	if (p->in.page != 0) {
		snprintf(number, sizeof(number), "%d", (int)p->in.page);
		put_param(url, Q_PAGE, number);
	}
	if (p->in.pages == PAGES_ALL) {
		put_param(url, Q_PAGES, "all");
	} else if (p->in.pages == 1) {
		put_param(url, Q_ANIMATED, "false");
	} else if (p->in.pages > 0) {
		snprintf(number, sizeof(number), "%d", (int)p->in.pages);
		put_param(url, Q_PAGES, number);
	}
}

bool
query_print(const struct plan *p, char *out, size_t size, struct err *e)
{
	struct url url = { .text = { .at = out, .size = size } };
	char key[3 * KEY_MAX];
	struct slice raw;

	if (size > 0)
		out[0] = '\0';
	if (p->nsource == 0 || p->source[0].key.len > KEY_MAX || size == 0)
		return err_set(
		    e, ERR_NOT_SUPPORTED, "the query language names an image");
	raw = plan_slice(p, p->source[0].key);
	text_put(&url.text, SLICE("/"));
	/* What begins with two slashes would name a host, on a page. */
	if (slice_starts(raw, SLICE("/"))) {
		text_put(&url.text, SLICE("%2F"));
		raw = slice_skip(raw, 1);
	}
	text_put(&url.text,
	    (struct slice){
		key, codec_percent_encode(raw, "/!$&'()*+,;=:@", key) });
	put_steps(&url, p);
	put_in_out(&url, p);
	if (url.text.full)
		return err_set(e, ERR_URL_TOO_LONG,
		    "the URL takes more than %zu bytes", size);
	return print_verify(&dialect_query, p, out, e);
}
