/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own language: /KEY?width=300&height=200&format=webp
 *
 * The words are those of sharp's API, with the customary short ones as
 * aliases. The order of parameters has no meaning: operations run in the order
 * of op.def's rows. A parameter that is unknown, repeated (by an alias, too) or
 * out of its range is an error; nothing is ignored in silence.
 *
 * An operation without parameters of its own is written by its name: values in
 * the order of its arguments, NAME:VALUE for any of them, ';' between the
 * numbers of a list; nothing or "true" for its defaults, "false" for none:
 * blur=2  modulate=brightness:1.2,hue:90  recomb=1;0;0;0;1;0;0;0;1
 *
 * Every argument of the output works by its name in format.def, too. One that
 * the named format does not have is an error; where the format is auto or the
 * original's, it is for those that have it.
 * Without parameters the image comes in its own format, oriented by its EXIF
 * tag and stripped of metadata. Both sides given mean "cover", one means
 * "inside"; nothing is enlarged unless asked for.
 */
#include "dialect/query.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "base/codec.h"
#include "base/num.h"
#include "plan/colour.h"

/* clang-format off */
const struct param_row query_params[Q_OUTS] = {
	[Q_WIDTH] = { "width", { "w" }, KIND_RESIZE, RESIZE_WIDTH },
	[Q_HEIGHT] = { "height", { "h" }, KIND_RESIZE, RESIZE_HEIGHT },
	[Q_RATIO] = { "ratio", { NULL }, KIND_RESIZE, RESIZE_RATIO },
	[Q_DPR] = { "dpr", { NULL }, KIND_OWN, 0 },
	[Q_FIT] = { "fit", { NULL }, KIND_RESIZE, RESIZE_FIT },
	[Q_POSITION] = { "position", { "crop", "gravity" }, KIND_OWN, 0 },
	[Q_FOCUS] = { "focus", { NULL }, KIND_OWN, 0 },
	[Q_KERNEL] = { "kernel", { NULL }, KIND_RESIZE, RESIZE_KERNEL },
	[Q_ENLARGE] = { "enlarge", { NULL }, KIND_SWITCH, 0 },
	[Q_NO_ENLARGE] = { "without_enlargement", { "withoutEnlargement" }, KIND_SWITCH, 0 },
	[Q_NO_REDUCE] = { "without_reduction", { "withoutReduction" }, KIND_RESIZE, RESIZE_NO_REDUCE },
	[Q_AUTOORIENT] = { "autoorient", { "auto_orient", "autoOrient" }, KIND_SWITCH, 0 },
	[Q_ROTATE] = { "rotate", { NULL }, KIND_OWN, 0 },
	[Q_EXTRACT] = { "extract", { NULL }, KIND_OWN, 0 },
	[Q_FLATTEN] = { "flatten", { NULL }, KIND_OWN, 0 },
	[Q_BACKGROUND] = { "background", { "bg" }, KIND_RESIZE, RESIZE_BACKGROUND },
	[Q_OVERLAY] = { "overlay", { NULL }, KIND_OWN, 0 },
	[Q_OVERLAY2] = { "overlay2", { NULL }, KIND_OWN, 0 },
	[Q_OVERLAY3] = { "overlay3", { NULL }, KIND_OWN, 0 },
	[Q_OVERLAY4] = { "overlay4", { NULL }, KIND_OWN, 0 },
	[Q_COMPOSITE] = { "composite", { NULL }, KIND_OWN, 0 },
	[Q_COMPOSITE2] = { "composite2", { NULL }, KIND_OWN, 0 },
	[Q_COMPOSITE3] = { "composite3", { NULL }, KIND_OWN, 0 },
	[Q_COMPOSITE4] = { "composite4", { NULL }, KIND_OWN, 0 },
	[Q_FORMAT] = { "format", { "f", "fm" }, KIND_OWN, 0 },
	[Q_INFO] = { "info", { NULL }, KIND_SWITCH, 0 },
	[Q_MOZJPEG] = { "mozjpeg", { NULL }, KIND_SWITCH, 0 },
	[Q_DENSITY] = { "density", { "dpi" }, KIND_OWN, 0 },
	[Q_PAGE] = { "page", { NULL }, KIND_OWN, 0 },
	[Q_PAGES] = { "pages", { NULL }, KIND_OWN, 0 },
	[Q_ANIMATED] = { "animated", { NULL }, KIND_SWITCH, 0 },
};
/* clang-format on */

/* The ranges of those that are no argument of an operation or the output. */
static const struct own_row {
	enum param param;
	struct arg_row row;
} own_rows[] = {
	{ Q_DPR, { "dpr", ARG_NUM, 1, 5, 1, "", NULL, "" } },
	{ Q_DENSITY,
	    { "density", ARG_WHOLE, 1, DENSITY_MAX, 72, "px/in", NULL, "" } },
	{ Q_PAGE, { "page", ARG_WHOLE, 0, PAGES_MAX, 0, "", NULL, "" } },
	{ Q_PAGES,
	    { "pages", ARG_WHOLE, 1, PAGES_MAX, UNSET, "pages, or all", NULL,
		"" } },
};

const struct arg_row *
query_own(enum param param)
{
	for (size_t i = 0; i < NELEM(own_rows); i++)
		if (own_rows[i].param == param)
			return &own_rows[i].row;
	return NULL;
}

static bool
given(const struct query *q, enum param param)
{
	return q->name[param] != NULL;
}

/* ---- Names ---- */

/* The table's name of a parameter; NULL: it is written in another way. */
static const char *
param_name(size_t i)
{
	enum out out = (enum out)(i - Q_OUTS);
	enum op op = (enum op)(i - Q_OPS);

	if (i < Q_OUTS)
		return query_params[i].name;
	if (i < Q_OPS)
		return query_has_out(out) ? out_row(out)->name : NULL;
	return query_is_plain(op) ? op_row(op)->name : NULL;
}

/* The parameter that is written so, or Q_COUNT; *word: by which name. */
static size_t
param_find(struct slice name, const char **word)
{
	enum op op;
	size_t out;

	for (size_t i = 0; i < Q_OUTS; i++) {
		const struct param_row *row = &query_params[i];

		*word = row->name;
		if (slice_is(name, *word))
			return i;
		for (size_t k = 0;
		     k < NELEM(row->alias) && row->alias[k] != NULL; k++) {
			*word = row->alias[k];
			if (slice_is(name, *word))
				return i;
		}
	}
	out = query_out_find(name, word);
	if (out != Q_COUNT || !op_find(name, &op) || !query_is_plain(op))
		return out;
	*word = op_row(op)->name;
	return Q_OPS + (size_t)op;
}

static bool
unknown(struct slice name, struct slice value, struct err *e)
{
	const char *best = NULL;
	size_t least = 4;
	char given_name[ERR_PARAM_MAX];

	for (size_t i = 0; i < Q_COUNT; i++) {
		const char *word = param_name(i);
		size_t far = word != NULL ? codec_distance(name, slice_of(word))
					  : SIZE_MAX;

		/* Half of a word wrong is another word. */
		if (far < least && 2 * far <= strlen(word)) {
			least = far;
			best = word;
		}
	}
	slice_copy(name, given_name, sizeof(given_name));
	err_param(e, ERR_UNKNOWN_PARAMETER, given_name, value.at, value.len,
	    "a parameter of this server");
	if (best != NULL)
		err_hint(e, "did you mean %s?", best);
	return false;
}

/*
 * Decodes into the room; a value that does not fit is no value of ours. name:
 * of the parameter, as it was written.
 */
static bool
decode(struct query *q, struct slice name, struct slice in, struct slice *out,
    struct err *e)
{
	char *at = q->room + q->used;
	char shown[ERR_PARAM_MAX];

	if (in.len > ROOM - q->used)
		return err_set(
		    e, ERR_BAD_URL, "parameters of more than %d bytes", ROOM);
	out->at = at;
	out->len = 0;
	if (in.len > 0 && !codec_percent(in, at, &out->len, e))
		return err_param(e, ERR_BAD_URL,
		    slice_copy(name, shown, sizeof(shown)), in.at, in.len,
		    "%% with two hex digits, but not %%00");
	q->used += out->len;
	return true;
}

static bool
take_param(struct query *q, struct slice piece, struct err *e)
{
	struct slice value = piece;
	struct slice name = slice_cut(&value, '=');

	if (!decode(q, name, name, &name, e) ||
	    !decode(q, name, value, &value, e))
		return false;
	const char *word;
	size_t i = param_find(name, &word);

	if (i == Q_COUNT)
		return unknown(name, value, e);
	if (q->name[i] != NULL)
		return err_param(e, ERR_REPEATED_PARAMETER, word, value.at,
		    value.len, "%s once", param_name(i));
	q->name[i] = word;
	q->value[i] = value;
	return true;
}

static bool
take_params(struct query *q, struct slice text, struct err *e)
{
	while (text.at != NULL) {
		struct slice piece = slice_cut(&text, '&');

		if (piece.len > 0 && !take_param(q, piece, e))
			return false;
	}
	return true;
}

/* ---- Values ---- */

static bool
refuse(const struct query *q, enum param param, struct err *e,
    const char *accepted)
{
	return err_param(e, ERR_BAD_VALUE, q->name[param], q->value[param].at,
	    q->value[param].len, "%s", accepted);
}

static bool
read_switch(const struct query *q, enum param param, bool *on, struct err *e)
{
	*on = true;
	return q->value[param].len == 0 || num_bool(q->value[param], on) ||
	    refuse(q, param, e, "true or false");
}

static const struct arg_row *
param_arg(const struct param_row *row)
{
	assert(row->kind == KIND_RESIZE);
	return &op_row(OP_RESIZE)->arg[row->arg];
}

static bool
read_params(struct query *q, struct plan *p, struct err *e)
{
	for (unsigned i = 0; i < Q_OUTS; i++) {
		const struct param_row *row = &query_params[i];
		bool on;

		if (q->name[i] == NULL || row->kind == KIND_OWN)
			continue;
		if (row->kind == KIND_SWITCH ||
		    param_arg(row)->type == ARG_BOOL) {
			if (!read_switch(q, (enum param)i, &on, e))
				return false;
			q->arg[i].on = on;
		} else if (!arg_read(p, param_arg(row), q->name[i], q->value[i],
			       &q->arg[i], e)) {
			return false;
		}
	}
	return true;
}

static bool
switched(const struct query *q, enum param param, bool otherwise)
{
	return given(q, param) ? q->arg[param].on != 0 : otherwise;
}

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

/* ---- Values to steps, in the order of op.def ---- */

static bool
build_orient(struct query *q, struct plan *p, struct err *e)
{
	struct plan_step *step;

	return !switched(q, Q_AUTOORIENT, true) ||
	    plan_add(p, OP_AUTOORIENT, &step, e);
}

/* Clear where nothing is named: the matte is then what formats without alpha
 * show. */
static union arg
background(const struct query *q)
{
	union arg clear = { .colour = 0 };

	return given(q, Q_BACKGROUND) ? q->arg[Q_BACKGROUND] : clear;
}

static bool
build_turn(struct query *q, struct plan *p, struct err *e)
{
	const struct arg_row *row = &op_row(OP_ROTATE)->arg[ROTATE_ANGLE];
	struct plan_step *step;
	union arg angle = { .num = 0 };

	if (given(q, Q_ROTATE) &&
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

	if (!given(q, Q_EXTRACT))
		return true;
	if (!plan_add(p, OP_EXTRACT, &step, e))
		return false;
	for (unsigned i = EXTRACT_LEFT; i <= EXTRACT_HEIGHT; i++) {
		if (!arg_read(p, &row[i], q->name[Q_EXTRACT],
			slice_cut(&rest, ','), &value, e) ||
		    (i >= EXTRACT_WIDTH && !(value.length.value > 0)) ||
		    (rest.at == NULL) != (i == EXTRACT_HEIGHT))
			return refuse(q, Q_EXTRACT, e,
			    "left,top,width,height in pixels or with %");
		step_set(step, i, value);
	}
	return true;
}

/* A side times dpr, in whole pixels. */
static bool
scale_side(struct query *q, enum param side, double dpr, struct err *e)
{
	const struct arg_row *row = param_arg(&query_params[side]);
	double scaled = floor((double)q->arg[side].whole * dpr + 0.5);

	if (!given(q, side))
		return true;
	if (scaled > row->max)
		return refuse(q, side, e, "1 to 65535 px after dpr");
	q->arg[side].whole = (int64_t)scaled;
	return true;
}

static bool
read_dpr(struct query *q, struct err *e)
{
	union arg dpr;

	if (!given(q, Q_DPR))
		return true;
	if (!arg_read(NULL, query_own(Q_DPR), q->name[Q_DPR], q->value[Q_DPR],
		&dpr, e))
		return false;
	if (!given(q, Q_WIDTH) && !given(q, Q_HEIGHT))
		return refuse(q, Q_DPR, e, "only with a width or a height");
	return scale_side(q, Q_WIDTH, dpr.num, e) &&
	    scale_side(q, Q_HEIGHT, dpr.num, e);
}

static bool
set_position(struct query *q, struct plan_step *step, struct err *e)
{
	union arg position = { .pick = 0 };

	if (!given(q, Q_POSITION))
		return true;
	if (given(q, Q_FOCUS))
		return refuse(q, Q_POSITION, e, "position or focus, not both");
	if (!read_position(q->value[Q_POSITION], &position.pick))
		return refuse(q, Q_POSITION, e,
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

	if (!given(q, Q_FOCUS))
		return true;
	x = slice_cut(&y, ',');
	if (!arg_read(NULL, &row[RESIZE_FOCUS_X], "focus", x, &value[0], e) ||
	    !arg_read(NULL, &row[RESIZE_FOCUS_Y], "focus", y, &value[1], e))
		return refuse(
		    q, Q_FOCUS, e, "x,y, each from 0 (left, top) to 1");
	step_set(step, RESIZE_FOCUS_X, value[0]);
	step_set(step, RESIZE_FOCUS_Y, value[1]);
	return true;
}

/* Nothing is made larger than it is, but a ratio says by itself what it wants. */
static bool
set_enlarge(struct query *q, struct plan_step *step, struct err *e)
{
	union arg off = { .on = !given(q, Q_RATIO) };

	if (given(q, Q_ENLARGE) && given(q, Q_NO_ENLARGE))
		return err_param(e, ERR_REPEATED_PARAMETER,
		    q->name[Q_NO_ENLARGE], q->value[Q_NO_ENLARGE].at,
		    q->value[Q_NO_ENLARGE].len,
		    "enlarge or without_enlargement, not both");
	off.on = switched(q, Q_NO_ENLARGE, off.on != 0);
	off.on = given(q, Q_ENLARGE) ? !q->arg[Q_ENLARGE].on : off.on;
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
	if (!given(q, Q_WIDTH) && !given(q, Q_HEIGHT) && !given(q, Q_RATIO)) {
		for (size_t i = 0; i < NELEM(needs_box); i++)
			if (given(q, needs_box[i]))
				return refuse(q, needs_box[i], e,
				    "only with a width or a height");
		return true;
	}
	if (!plan_add(p, OP_RESIZE, &step, e))
		return false;
	for (size_t i = 0; i < NELEM(plain); i++)
		if (given(q, plain[i]))
			step_set(
			    step, query_params[plain[i]].arg, q->arg[plain[i]]);
	if (!given(q, Q_FIT) && !(given(q, Q_WIDTH) && given(q, Q_HEIGHT)))
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

	if (given(q, Q_BACKGROUND))
		colour = q->arg[Q_BACKGROUND];
	if (given(q, Q_FLATTEN)) {
		on = true;
		if (text.len > 0 && !num_bool(text, &on) &&
		    !colour_read(text, &colour.colour))
			return refuse(
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

static bool
build_step(struct query *q, struct plan *p, enum op op, struct err *e)
{
	switch ((int)op) {
	case OP_AUTOORIENT:
		return build_orient(q, p, e);
	case OP_ROTATE:
		return build_turn(q, p, e);
	case OP_EXTRACT:
		return build_extract(q, p, e);
	case OP_RESIZE:
		return build_resize(q, p, e);
	case OP_FLATTEN:
		return build_flatten(q, p, e);
	case OP_COMPOSITE:
		return query_composites(q, p, e);
	default:
		return query_plain(q, p, op, e);
	}
}

/* The order of the table's rows is the order of the work. */
static bool
build_steps(struct query *q, struct plan *p, struct err *e)
{
	for (unsigned op = 0; op < OP_COUNT; op++)
		if (!build_step(q, p, (enum op)op, e))
			return false;
	return true;
}

/* ---- What is read, what is written ---- */

static bool
build_in(struct query *q, struct plan *p, struct err *e)
{
	union arg page = { .whole = 0 };
	union arg pages = { .whole = PAGES_AUTO };
	union arg density = { .whole = 0 };

	if (given(q, Q_PAGE) &&
	    !arg_read(p, query_own(Q_PAGE), q->name[Q_PAGE], q->value[Q_PAGE],
		&page, e))
		return false;
	if (given(q, Q_DENSITY) &&
	    !arg_read(p, query_own(Q_DENSITY), q->name[Q_DENSITY],
		q->value[Q_DENSITY], &density, e))
		return false;
	if (given(q, Q_PAGES) && given(q, Q_ANIMATED))
		return refuse(q, Q_ANIMATED, e, "animated or pages, not both");
	if (slice_is(q->value[Q_PAGES], "all"))
		pages.whole = PAGES_ALL;
	else if (given(q, Q_PAGES) &&
	    !arg_read(p, query_own(Q_PAGES), q->name[Q_PAGES],
		q->value[Q_PAGES], &pages, e))
		return false;
	if (!switched(q, Q_ANIMATED, true))
		pages.whole = 1;
	/* 72 is what there is without. */
	p->in.density = (uint16_t)(density.whole == 72 ? 0 : density.whole);
	p->in.page = (int32_t)page.whole;
	p->in.pages = (int32_t)pages.whole;
	return true;
}

static bool
bad_format(struct query *q, struct err *e)
{
	char list[ERR_TEXT_MAX] = "auto, same";
	size_t n = strlen(list);
	const char *best = NULL;
	size_t least = 3;

	for (unsigned i = FORMAT_FIRST; i < FORMAT_COUNT; i++) {
		const char *name = format_row((enum format)i)->name;
		size_t far = codec_distance(q->value[Q_FORMAT], slice_of(name));

		if ((format_row((enum format)i)->flags & F_SAVE) == 0)
			continue;
		if (n < sizeof(list))
			n += (size_t)snprintf(
			    list + n, sizeof(list) - n, ", %s", name);
		/* Half of a word wrong is another word. */
		if (far < least && 2 * far <= strlen(name)) {
			least = far;
			best = name;
		}
	}
	err_param(e, ERR_BAD_VALUE, q->name[Q_FORMAT], q->value[Q_FORMAT].at,
	    q->value[Q_FORMAT].len, "one of %s", list);
	if (best != NULL)
		err_hint(e, "did you mean %s?", best);
	return false;
}

/* sharp's short word for several; what is named by itself wins. */
static bool
build_mozjpeg(struct query *q, struct plan *p, struct err *e)
{
	static const enum out on[] = { OUT_PROGRESSIVE, OUT_OPTIMISE_SCANS,
		OUT_TRELLIS_QUANTISATION, OUT_OVERSHOOT_DERINGING };
	union arg table = { .whole = 3 };

	if (!switched(q, Q_MOZJPEG, false))
		return true;
	if (p->out.format >= FORMAT_FIRST && p->out.format != FORMAT_JPEG)
		return refuse(q, Q_MOZJPEG, e, "a parameter for jpeg");
	for (size_t i = 0; i < NELEM(on); i++)
		if (!out_has(p, on[i]))
			out_set(p, on[i], (union arg){ .on = 1 });
	if (!out_has(p, OUT_QUANTISATION_TABLE))
		out_set(p, OUT_QUANTISATION_TABLE, table);
	return true;
}

static bool
build_out(
    const struct dialect_in *in, struct query *q, struct plan *p, struct err *e)
{
	format_set savable = format_all(F_SAVE);
	enum format format = FORMAT_SAME;

	if (given(q, Q_FORMAT) &&
	    (!format_find(q->value[Q_FORMAT], &format) ||
		(format >= (enum format)FORMAT_FIRST &&
		    (savable & FORMAT_BIT(format)) == 0)))
		return bad_format(q, e);
	if (switched(q, Q_INFO, false)) {
		if (given(q, Q_FORMAT) && format != FORMAT_INFO)
			return refuse(
			    q, Q_INFO, e, "info or a format, not both");
		format = FORMAT_INFO;
	}
	p->out.format = (uint16_t)format;
	if (format == FORMAT_AUTO)
		p->out.accepts = dialect_accepts(in->accept) & savable &
		    (in->formats != 0 ? in->formats : savable);
	for (size_t i = Q_OUTS; i < Q_OPS; i++)
		if (!query_out(q, p, i, e))
			return false;
	return build_mozjpeg(q, p, e);
}

/* ---- The row ---- */

static bool
parse_key(const struct dialect_in *in, struct plan *p, struct err *e)
{
	struct slice raw = slice_skip(in->path, 1);
	scoped_free char *room = mem_try(raw.len + 1);
	struct slice key = { room, 0 };
	const char *fault;

	if (room == NULL)
		return err_set(e, ERR_BUSY, "no memory for a key");
	if (!codec_percent(raw, room, &key.len, e))
		return err_param(e, ERR_BAD_URL, "path", raw.at, raw.len,
		    "%% with two hex digits, but not %%00");
	fault = key_fault(key);
	if (fault != NULL)
		return err_param(e, key.len == 0 ? ERR_NO_SOURCE : ERR_BAD_URL,
		    "path", key.at, key.len, "%s", fault);
	return source_set(p, slice_of(in->stores[0]), key, e);
}

static bool
query_claim(const struct dialect_in *in, struct claim *out, struct err *e)
{
	(void)in;
	(void)e;
	/* The language has no signature of its own. */
	memset(out, 0, sizeof(*out));
	return true;
}

static bool
query_parse(const struct dialect_in *in, struct plan *out, struct err *e)
{
	char room[ROOM];
	struct query q = { .room = room };

	assert(in->nstore > 0);
	return parse_key(in, out, e) && take_params(&q, in->query, e) &&
	    read_params(&q, out, e) && query_overlays(in, &q, out, e) &&
	    build_steps(&q, out, e) && build_in(&q, out, e) &&
	    build_out(in, &q, out, e);
}

const struct dialect dialect_query = {
	.name = "query",
	.text = "The path names the image, the query says what to do with it: "
		"/KEY?width=300&format=webp. Names are those of sharp, with "
		"w h q f fm bg as short forms; any order.",
	.sample = "/photo.jpg?width=300&height=200",
	.claim = query_claim,
	.parse = query_parse,
	.print = query_print,
	.word = query_word,
};
