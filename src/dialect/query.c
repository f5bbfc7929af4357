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

#include "base/codec.h"
#include "base/num.h"

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

/* What a word of other servers is called here. */
static const char *
own_word(struct slice name)
{
	static const struct {
		const char *word;
		const char *own;
	} words[] = {
		{ "resize", "width and height" },
		{ "size", "width and height" },
		{ "upscale", "enlarge" },
		{ "angle", "rotate" },
		{ "mirror", "flop" },
		{ "brightness", "modulate=brightness:1.2" },
		{ "saturation", "modulate=saturation:1.2" },
		{ "lightness", "modulate=lightness:10" },
		{ "hue", "modulate=hue:90" },
		{ "contrast", "linear" },
		{ "gray", "grayscale" },
		{ "grey", "grayscale" },
		{ "invert", "negate" },
		{ "radius", "round" },
		{ "watermark", "overlay" },
		{ "strip", "keep" },
		{ "type", "format" },
	};

	for (size_t i = 0; i < NELEM(words); i++)
		if (slice_is(name, words[i].word))
			return words[i].own;
	return NULL;
}

static bool
unknown(struct slice name, struct slice value, struct err *e)
{
	const char *best = own_word(name);
	/* A word that is known so is nothing that was misspelt. */
	size_t least = best != NULL ? 0 : 4;
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
	    "a parameter of pictor-url(7)");
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

bool
query_refuse(
    const struct query *q, size_t param, struct err *e, const char *accepted)
{
	return err_param(e, ERR_BAD_VALUE, q->name[param], q->value[param].at,
	    q->value[param].len, "%s", accepted);
}

static bool
read_switch(const struct query *q, enum param param, bool *on, struct err *e)
{
	*on = true;
	return q->value[param].len == 0 || num_bool(q->value[param], on) ||
	    query_refuse(q, param, e, "true or false");
}

const struct arg_row *
query_arg(const struct param_row *row)
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
		    query_arg(row)->type == ARG_BOOL) {
			if (!read_switch(q, (enum param)i, &on, e))
				return false;
			q->arg[i].on = on;
		} else if (!arg_read(p, query_arg(row), q->name[i], q->value[i],
			       &q->arg[i], e)) {
			return false;
		}
	}
	return true;
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
	fault = key_fault(in, slice_of(in->stores[0]), key);
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
	    query_steps(&q, out, e) && query_in(&q, out, e) &&
	    query_out(in, &q, out, e);
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
