/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate: what comes out of here is a plan in the sense of plan.h, whatever
 * bytes went in. Three parts: its form (spans, counts, unused bytes), its
 * values (each against its row), its sense (what belongs together), and then
 * what the mount allows.
 */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/codec.h"
#include "base/num.h"
#include "plan/check.h"

/* ---- Form ---- */

static bool
malformed(struct err *e, const char *what)
{
	return err_set(e, ERR_BAD_VALUE, "malformed plan: %s", what);
}

static bool
is_zero(const void *at, size_t size)
{
	const uint8_t *byte = at;

	/* Each byte is compared with the one before it, many at a time: this
	 * runs over all of the pool for every request. */
	return size == 0 ||
	    (byte[0] == 0 && memcmp(byte, byte + 1, size - 1) == 0);
}

/* Inside the used part of the pool, without a zero byte. */
static bool
span_ok(const struct plan *p, struct span s)
{
	return (size_t)s.at + s.len <= p->ntext &&
	    memchr(p->text + s.at, '\0', s.len) == NULL;
}

static bool
has_control(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] < ' ' || s.at[i] == 0x7f)
			return true;
	return false;
}

static bool
is_media_type(struct slice s)
{
	struct slice type = slice_cut(&s, '/');

	return slice_is_token(type) && s.at != NULL && slice_is_token(s);
}

static bool
check_pool(const struct plan *p, struct err *e)
{
	if (p->nsource > PLAN_SOURCES || p->nstep > PLAN_STEPS ||
	    p->ntext > PLAN_TEXT || p->answer.nheader > PLAN_HEADERS)
		return malformed(e, "a count");
	if (p->zero != 0 || p->out.zero != 0 || p->out.zero2 != 0 ||
	    p->answer.zero != 0 || !is_zero(p->in.zero, sizeof(p->in.zero)) ||
	    !is_zero(p->text + p->ntext, PLAN_TEXT - (size_t)p->ntext) ||
	    !is_zero(&p->source[p->nsource],
		(PLAN_SOURCES - (size_t)p->nsource) * sizeof(p->source[0])) ||
	    !is_zero(&p->step[p->nstep],
		(PLAN_STEPS - (size_t)p->nstep) * sizeof(p->step[0])) ||
	    !is_zero(&p->answer.header[p->answer.nheader],
		(PLAN_HEADERS - (size_t)p->answer.nheader) *
		    sizeof(p->answer.header[0])))
		return malformed(e, "unused bytes");
	return true;
}

static bool
check_sources(const struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->nsource; i++) {
		const struct plan_source *s = &p->source[i];
		struct slice key;

		if (!span_ok(p, s->store) || !span_ok(p, s->key) ||
		    !span_ok(p, s->version))
			return malformed(e, "a source");
		key = plan_slice(p, s->key);
		if (key.len == 0 || has_control(key) || !codec_is_utf8(key))
			return malformed(e, "a key");
	}
	return true;
}

static bool
check_answer(const struct plan *p, struct err *e)
{
	const struct plan_answer *a = &p->answer;

	if (!span_ok(p, a->cache_control) || !span_ok(p, a->file_name) ||
	    !span_ok(p, a->media_type))
		return malformed(e, "the answer's texts");
	if (has_control(plan_slice(p, a->cache_control)) ||
	    has_control(plan_slice(p, a->file_name)) ||
	    (a->media_type.len > 0 &&
		!is_media_type(plan_slice(p, a->media_type))))
		return malformed(e, "the answer's headers");
	for (size_t i = 0; i < a->nheader; i++)
		if (!span_ok(p, a->header[i].name) ||
		    !span_ok(p, a->header[i].value) ||
		    !slice_is_token(plan_slice(p, a->header[i].name)) ||
		    has_control(plan_slice(p, a->header[i].value)))
			return malformed(e, "a header");
	return true;
}

/* ---- Values ---- */

/*
 * Bytes of an unknown caller may be of another type than their row says, so
 * they are shown as a number, not by arg_print().
 */
static bool
bad_number(const struct arg_row *row, double value, struct err *e)
{
	char text[NUM_TEXT_MAX] = "not a number";
	char accepted[ERR_TEXT_MAX];

	if (isfinite(value))
		num_print(value, text);
	arg_accepted(row, accepted, sizeof(accepted));
	return err_param(
	    e, ERR_BAD_VALUE, row->name, text, strlen(text), "%s", accepted);
}

static size_t
count_words(const struct arg_row *row)
{
	size_t n = 0;

	while (row->choices[n] != NULL)
		n++;
	return n;
}

/* NaN fails every comparison, so it is outside. */
static bool
within(double value, double min, double max)
{
	return value >= min && value <= max;
}

static bool
check_length(const struct arg_row *row, struct length length, struct err *e)
{
	double value = (double)length.value;

	if (length.percent > 1)
		return malformed(e, row->name);
	if (!within(value, length_min(row, length.percent == 1),
		length.percent ? 100 : row->max))
		return bad_number(row, value, e);
	return true;
}

/* Each number is as limited as a NUM; how many a list has, sense says. */
static bool
check_list(const struct plan *p, const struct arg_row *row, union arg value,
    struct err *e)
{
	struct slice rest;
	size_t n = 0;
	double number;

	if (value.list.zero != 0 || !span_ok(p, value.list.text) ||
	    value.list.text.len == 0)
		return malformed(e, row->name);
	rest = plan_slice(p, value.list.text);
	for (; rest.at != NULL; n++)
		if (n == PLAN_LIST ||
		    !num_double(
			slice_cut(&rest, ','), row->min, row->max, &number))
			return malformed(e, row->name);
	return true;
}

static bool
check_value(const struct plan *p, const struct arg_row *row, union arg value,
    struct err *e)
{
	switch (row->type) {
	case ARG_NUM:
		if (!within(value.num, row->min, row->max))
			return bad_number(row, value.num, e);
		break;
	case ARG_WHOLE:
		if (value.whole < (int64_t)row->min ||
		    value.whole > (int64_t)row->max)
			return bad_number(row, (double)value.whole, e);
		break;
	case ARG_LENGTH:
		return check_length(row, value.length, e);
	case ARG_BOOL:
		if (value.on != 0 && value.on != 1)
			return malformed(e, row->name);
		break;
	case ARG_PICK:
		if (value.pick < 0 || (uint64_t)value.pick >= count_words(row))
			return malformed(e, row->name);
		break;
	case ARG_SET:
		if (value.set >> count_words(row) != 0)
			return malformed(e, row->name);
		break;
	case ARG_COLOUR:
		if (value.colour > UINT32_MAX)
			return malformed(e, row->name);
		break;
	case ARG_LIST:
		return check_list(p, row, value, e);
	}
	return true;
}

/* Arguments and their rows, of which there may be fewer. */
struct args {
	const struct arg_row *row;
	size_t nrow;
	const union arg *arg;
	size_t narg;
	uint64_t set;
};

static bool
check_args(const struct plan *p, const struct args *a, struct err *e)
{
	for (size_t i = 0; i < a->narg; i++) {
		if ((a->set >> i & 1u) == 0) {
			if (a->arg[i].whole != 0)
				return malformed(e, "an unused argument");
			continue;
		}
		if (i >= a->nrow)
			return malformed(e, "an unknown argument");
		if (!check_value(p, &a->row[i], a->arg[i], e))
			return false;
	}
	if (a->narg < 64 && a->set >> a->narg != 0)
		return malformed(e, "an unknown argument");
	return true;
}

/* ---- Sense: of a step by itself, plan_sense.c ---- */

/* Each overlay is fetched and decoded: one that nothing needs is a mistake. */
static bool
check_overlays(const struct plan *p, struct err *e)
{
	uint64_t used = 1;

	for (size_t i = 0; i < p->nstep; i++)
		if (p->step[i].op == OP_COMPOSITE)
			used |= UINT64_C(1)
			    << step_get(&p->step[i], COMPOSITE_SOURCE).whole;
	if (p->nsource > 1 && used != (UINT64_C(1) << p->nsource) - 1)
		return plan_missing("overlay", "only with a composite", e);
	return true;
}

static bool
check_step(const struct plan *p, const struct plan_step *s, struct err *e)
{
	const struct op_row *row;
	struct args args;

	if (s->op >= OP_COUNT || s->zero != 0)
		return malformed(e, "an operation");
	row = op_row((enum op)s->op);
	args =
	    (struct args){ row->arg, row->narg, s->arg, OP_ARGS_MAX, s->set };
	if (!check_args(p, &args, e))
		return false;
	return plan_sense(p, s, e);
}

static bool
check_in(const struct plan_in *in, struct err *e)
{
	if (in->tolerant > 1)
		return malformed(e, "tolerant");
	if (in->page < 0 || in->page > PAGES_MAX)
		return err_param(e, ERR_BAD_VALUE, "page", "", 0,
		    "a whole number from 0 to %d", PAGES_MAX);
	if (in->density > DENSITY_MAX)
		return err_param(e, ERR_BAD_VALUE, "density", "", 0,
		    "1 to %d px/in", DENSITY_MAX);
	if (in->pages < PAGES_GIF || in->pages > PAGES_MAX)
		return err_param(e, ERR_BAD_VALUE, "pages", "", 0,
		    "all, or a whole number from 1 to %d", PAGES_MAX);
	return true;
}

/* Fails with the words of the set as what is accepted. */
static bool
bad_format(const char *given, format_set accepted, struct err *e)
{
	char list[ERR_TEXT_MAX] = "";
	size_t n = 0;

	for (unsigned i = FORMAT_FIRST; i < FORMAT_COUNT; i++)
		if ((accepted & FORMAT_BIT(i)) != 0 && n < sizeof(list))
			n += (size_t)snprintf(list + n, sizeof(list) - n,
			    "%s%s", n > 0 ? ", " : "",
			    format_row((enum format)i)->name);
	return err_param(e, ERR_BAD_VALUE, "format", given, strlen(given),
	    "one of auto, %s", list);
}

static bool
check_tile(const struct plan *p, enum out side, struct err *e)
{
	return out_get(p, side).whole % 16 == 0 ||
	    plan_missing(out_row(side)->name, "a multiple of 16", e);
}

static bool
check_out(const struct plan *p, struct err *e)
{
	const struct plan_out *o = &p->out;
	struct args args;
	format_set savable = format_all(F_SAVE);

	if (o->format >= FORMAT_COUNT || o->untouched > 1)
		return malformed(e, "the output");
	if (o->format >= FORMAT_FIRST && (savable & FORMAT_BIT(o->format)) == 0)
		return bad_format(
		    format_row((enum format)o->format)->name, savable, e);
	if ((o->accepts & ~savable) != 0 ||
	    (o->format != FORMAT_AUTO && o->accepts != 0))
		return malformed(e, "the accepted formats");
	if (o->untouched && (p->nstep != 0 || o->format != FORMAT_SAME))
		return malformed(e, "untouched and yet changed");
	args = (struct args){ out_row((enum out)0), OUT_COUNT, o->arg,
		OUT_COUNT, o->set };
	return check_args(p, &args, e) && check_tile(p, OUT_TILE_WIDTH, e) &&
	    check_tile(p, OUT_TILE_HEIGHT, e);
}

/*
 * The lists of a plan that was built do not overlap. Those of one that was
 * received may, and the pool is all that its line has room for.
 */
static bool
check_lists(const struct plan *p, struct err *e)
{
	size_t bytes = 0;

	for (size_t i = 0; i < p->nstep; i++) {
		const struct op_row *row = op_row((enum op)p->step[i].op);

		for (unsigned k = 0; k < row->narg; k++)
			if (row->arg[k].type == ARG_LIST)
				bytes += p->step[i].arg[k].list.text.len;
	}
	for (unsigned k = 0; k < OUT_COUNT; k++)
		if (out_row((enum out)k)->type == ARG_LIST)
			bytes += p->out.arg[k].list.text.len;
	return bytes <= PLAN_TEXT || malformed(e, "lists that overlap");
}

/* ---- What the mount allows ---- */

static bool
size_listed(const struct plan_policy *policy, int64_t size)
{
	for (size_t i = 0; i < policy->nsize; i++)
		if (policy->sizes[i] == size)
			return true;
	return policy->nsize == 0;
}

static bool
bad_size(const struct plan_policy *policy, const char *name, int64_t size,
    struct err *e)
{
	char list[ERR_TEXT_MAX] = "";
	char given[32];
	size_t n = 0;

	snprintf(given, sizeof(given), "%" PRId64, size);
	for (size_t i = 0; i < policy->nsize && n < sizeof(list); i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%" PRId64,
		    i > 0 ? ", " : "", policy->sizes[i]);
	return err_param(
	    e, ERR_BAD_VALUE, name, given, strlen(given), "one of %s px", list);
}

static bool
check_side(const struct plan_policy *policy, const struct plan_step *s,
    unsigned arg, int64_t most, struct err *e)
{
	const char *name = op_row(OP_RESIZE)->arg[arg].name;
	int64_t size = s->arg[arg].whole;
	char given[32];

	if (!step_has(s, arg))
		return true;
	if (most > 0 && size > most) {
		snprintf(given, sizeof(given), "%" PRId64, size);
		return err_param(e, ERR_BAD_VALUE, name, given, strlen(given),
		    "1 to %" PRId64 " px", most);
	}
	return size_listed(policy, size) || bad_size(policy, name, size, e);
}

static bool
too_costly(double cost, double most, struct err *e)
{
	char text[NUM_TEXT_MAX];
	size_t n = num_print(round(cost), text);

	return err_param(
	    e, ERR_TOO_COSTLY, "cost", text, n, "at most %.0f", most);
}

static bool
check_policy(
    const struct plan *p, const struct plan_policy *policy, struct err *e)
{
	double cost;

	for (size_t i = 0; i < p->nstep; i++) {
		const struct plan_step *s = &p->step[i];

		if (s->op == OP_RESIZE &&
		    (!check_side(
			 policy, s, RESIZE_WIDTH, policy->max_width, e) ||
			!check_side(
			    policy, s, RESIZE_HEIGHT, policy->max_height, e)))
			return false;
	}
	if (!plan_sides(p, policy, e))
		return false;
	if (policy->formats != 0 && p->out.format >= FORMAT_FIRST &&
	    (policy->formats & FORMAT_BIT(p->out.format)) == 0)
		return bad_format(format_row((enum format)p->out.format)->name,
		    policy->formats, e);
	if (policy->formats != 0 && (p->out.accepts & ~policy->formats) != 0)
		return malformed(e, "the mount's formats");
	cost = plan_cost(p, 0);
	if (policy->max_cost > 0 && cost > policy->max_cost)
		return too_costly(cost, policy->max_cost, e);
	return true;
}

/* A worker has set aside what so many need to run (image/warm_up.c). */
static bool
check_masks(const struct plan *p, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < p->nstep; i++)
		n += p->step[i].op == OP_BLUR || p->step[i].op == OP_SHARPEN ||
		    p->step[i].op == OP_CONVOLVE;
	return n <= PLAN_MASKS ||
	    malformed(e, "more than 6 of blur, sharpen and convolve");
}

bool
plan_check(
    const struct plan *p, const struct plan_policy *policy, struct err *e)
{
	if (!check_pool(p, e) || !check_sources(p, e) || !check_answer(p, e) ||
	    !check_in(&p->in, e) || !check_out(p, e))
		return false;
	for (size_t i = 0; i < p->nstep; i++)
		if (!check_step(p, &p->step[i], e))
			return false;
	return check_masks(p, e) && check_overlays(p, e) && check_lists(p, e) &&
	    check_policy(p, policy, e);
}
