/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The DIT language backwards: from a plan in sharp's order to the edits that
 * lead to it, as JSON, as base64. Written by what the plan most likely came
 * from, then parsed and compared.
 */
#include <stdio.h>

#include "base/codec.h"
#include "base/json_out.h"
#include "dialect/dit.h"

static void
put_colour(struct json_out *j, const char *name, uint64_t colour)
{
	char text[16];

	snprintf(text, sizeof(text), "#%08x", (unsigned)colour);
	json_put_text(j, name, slice_of(text));
}

static void
put_word(struct json_out *j, const char *name, const struct arg_row *row,
    union arg value)
{
	const char *word = row->choices[value.pick];

	/* Some words are digits, and numbers in JSON. */
	if (word[0] >= '0' && word[0] <= '9' && word[1] == '\0')
		json_put_raw(j, name, slice_of(word));
	else
		json_put_text(j, name, slice_of(word));
}

/* ---- Steps ---- */

/* Which step of the plan is what; NULL: there is none. */
struct found {
	const struct plan_step *of[OP_COUNT];
	const struct plan_step *scale; /* the first resize; of[]: the last */
	const struct plan_step *area[2];
	bool turn_first; /* before anything is cut or scaled */
	bool area_first; /* the first area, before any resize */
	bool smart_first;
};

/* Of those from one to before another. */
static void
find_steps(const struct plan *p, size_t from, size_t to, struct found *f)
{
	size_t areas = 0;

	memset(f, 0, sizeof(*f));
	for (size_t i = from; i < to; i++) {
		const struct plan_step *s = &p->step[i];

		if (s->op == OP_SMARTCROP)
			f->smart_first = f->scale == NULL;
		if (s->op == OP_RESIZE && f->scale == NULL)
			f->scale = s;
		if (s->op == OP_ROTATE || s->op == OP_AUTOORIENT)
			f->turn_first = f->scale == NULL && areas == 0 &&
			    f->of[OP_TRIM] == NULL;
		/*
		 * What is turned as the camera was held stands before the
		 * resize either way; mirrors tell which it was.
		 */
		if ((s->op == OP_FLIP || s->op == OP_FLOP) &&
		    f->scale != NULL && f->of[OP_AUTOORIENT] != NULL)
			f->turn_first = false;
		if (s->op == OP_EXTRACT && areas < NELEM(f->area)) {
			f->area_first = f->area_first || f->scale == NULL;
			f->area[areas++] = s;
		}
		f->of[s->op] = s;
	}
}

static void
put_resize(struct json_out *j, const struct found *f)
{
	const struct arg_row *row = op_row(OP_RESIZE)->arg;
	const struct plan_step *s = f->scale;
	const struct plan_step *box = f->of[OP_RESIZE];

	if (s == NULL)
		return;
	json_put_open(j, "resize", '{');
	if (step_has(s, RESIZE_RATIO))
		json_put_number(j, "ratio", step_get(s, RESIZE_RATIO).num);
	if (step_has(s, RESIZE_WIDTH))
		json_put_number(
		    j, "width", (double)step_get(s, RESIZE_WIDTH).whole);
	if (step_has(s, RESIZE_HEIGHT))
		json_put_number(
		    j, "height", (double)step_get(s, RESIZE_HEIGHT).whole);
	put_word(j, "fit", &row[RESIZE_FIT], step_get(box, RESIZE_FIT));
	if (step_has(box, RESIZE_POSITION))
		put_word(j, "position", &row[RESIZE_POSITION],
		    step_get(box, RESIZE_POSITION));
	if (step_has(box, RESIZE_BACKGROUND))
		put_colour(
		    j, "background", step_get(box, RESIZE_BACKGROUND).colour);
	if (step_has(s, RESIZE_KERNEL))
		put_word(j, "kernel", &row[RESIZE_KERNEL],
		    step_get(s, RESIZE_KERNEL));
	for (size_t i = 0; i < DIT_RESIZE_FLAGS; i++)
		if (step_has(s, dit_resize_flags[i].arg))
			json_put_bool(j, dit_resize_flags[i].name,
			    step_get(s, dit_resize_flags[i].arg).on);
	json_put_close(j, '}');
}

static void
put_area(struct json_out *j, const char *name, const struct plan_step *s)
{
	if (s == NULL)
		return;
	json_put_open(j, name, '{');
	for (unsigned i = 0; i < EXTRACT_ARGS; i++)
		json_put_number(j, op_row(OP_EXTRACT)->arg[i].name,
		    (double)step_get(s, i).length.value);
	json_put_close(j, '}');
}

/* How a call of a method is said. */
enum call_form {
	CALL_OBJECT, /* {"sigma":2,...}, or bare where nothing is given */
	CALL_PLAIN,  /* its first argument alone, or bare; else an object */
	CALL_ROWS    /* its first argument, a list, as rows of equal length */
};

static const struct call_row {
	const char *edit;
	const char *bare;
	enum op op;
	enum call_form form;
} calls[] = {
	/* The first: where it stands decides what is turned first. */
	{ "trim", "null", OP_TRIM, CALL_OBJECT },
	{ "flip", "true", OP_FLIP, CALL_OBJECT },
	{ "flop", "true", OP_FLOP, CALL_OBJECT },
	{ "flatten", "true", OP_FLATTEN, CALL_OBJECT },
	{ "grayscale", "true", OP_GRAYSCALE, CALL_OBJECT },
	{ "affine", "[]", OP_AFFINE, CALL_ROWS },
	{ "extend", "{}", OP_EXTEND, CALL_PLAIN },
	{ "median", "null", OP_MEDIAN, CALL_PLAIN },
	{ "blur", "true", OP_BLUR, CALL_OBJECT },
	{ "unflatten", "true", OP_UNFLATTEN, CALL_OBJECT },
	{ "convolve", "{}", OP_CONVOLVE, CALL_OBJECT },
	{ "sharpen", "true", OP_SHARPEN, CALL_OBJECT },
	{ "threshold", "true", OP_THRESHOLD, CALL_PLAIN },
	{ "recomb", "[]", OP_RECOMB, CALL_ROWS },
	{ "modulate", "{}", OP_MODULATE, CALL_OBJECT },
	{ "gamma", "null", OP_GAMMA, CALL_PLAIN },
	{ "linear", "null", OP_LINEAR, CALL_PLAIN },
	{ "normalise", "true", OP_NORMALISE, CALL_OBJECT },
	{ "clahe", "{}", OP_CLAHE, CALL_OBJECT },
	{ "bandbool", "null", OP_BANDBOOL, CALL_PLAIN },
	{ "tint", "null", OP_TINT, CALL_PLAIN },
	{ "removeAlpha", "true", OP_REMOVE_ALPHA, CALL_OBJECT },
	{ "ensureAlpha", "null", OP_ENSURE_ALPHA, CALL_PLAIN },
	{ "toColourspace", "null", OP_COLOURSPACE, CALL_PLAIN },
	{ "extractChannel", "null", OP_EXTRACT_CHANNEL, CALL_PLAIN },
	{ "negate", "true", OP_NEGATE, CALL_OBJECT },
};

/* line_art as lineArt. */
static void
camel_name(const char *name, char *out, size_t size)
{
	size_t n = 0;

	for (; *name != '\0' && n + 1 < size; name++) {
		if (name[0] == '_' && name[1] != '\0') {
			name++;
			out[n++] = (char)(*name - 'a' + 'A');
		} else {
			out[n++] = *name;
		}
	}
	out[n] = '\0';
}

/* The numbers of a list; rows: of how many each is; 0: there are none. */
static void
put_list(struct json_out *j, const struct plan *p, const char *name,
    union arg value, size_t rows)
{
	struct slice rest = plan_slice(p, value.list.text);

	/* One number is no list. */
	if (slice_find(rest, ',') == rest.len) {
		json_put_raw(j, name, rest);
		return;
	}
	json_put_open(j, name, '[');
	for (size_t i = 0; rest.at != NULL; i++) {
		if (rows > 0 && i > 0 && i % rows == 0)
			json_put_close(j, ']');
		if (rows > 0 && i % rows == 0)
			json_put_open(j, NULL, '[');
		json_put_raw(j, NULL, slice_cut(&rest, ','));
	}
	if (rows > 0)
		json_put_close(j, ']');
	json_put_close(j, ']');
}

static void
put_value(struct json_out *j, const struct plan *p, const char *name,
    const struct arg_row *row, union arg value)
{
	switch (row->type) {
	case ARG_NUM:
		json_put_number(j, name, value.num);
		break;
	case ARG_WHOLE:
		json_put_number(j, name, (double)value.whole);
		break;
	case ARG_LENGTH:
		json_put_number(j, name, (double)value.length.value);
		break;
	case ARG_BOOL:
		json_put_bool(j, name, value.on);
		break;
	case ARG_PICK:
		put_word(j, name, row, value);
		break;
	case ARG_COLOUR:
		put_colour(j, name, value.colour);
		break;
	case ARG_LIST:
		put_list(j, p, name, value, 0);
		break;
	case ARG_SET:
		break;
	}
}

static void
put_call(struct json_out *j, const struct plan *p, const struct call_row *row,
    const struct plan_step *s)
{
	const struct op_row *op = op_row(row->op);
	char name[64];

	if (s->set == 0) {
		json_put_raw(j, row->edit, slice_of(row->bare));
	} else if (row->form == CALL_PLAIN && s->set == 1) {
		put_value(j, p, row->edit, &op->arg[0], s->arg[0]);
	} else if (row->form == CALL_ROWS) {
		double unused[1];
		size_t n = plan_list(p, s->arg[0], unused, 0);

		put_list(j, p, row->edit, s->arg[0],
		    n == 16      ? 4
			: n == 9 ? 3
				 : 2);
	} else {
		json_put_open(j, row->edit, '{');
		for (unsigned i = 0; i < op->narg; i++) {
			if (!step_has(s, i))
				continue;
			camel_name(op->arg[i].name, name, sizeof(name));
			put_value(j, p, name, &op->arg[i], s->arg[i]);
		}
		json_put_close(j, '}');
	}
}

/* Percent as DIT has them: 10p. */
static void
put_place(struct json_out *j, const char *name, struct length at)
{
	char text[32];

	snprintf(text, sizeof(text), "%.0fp", (double)at.value);
	if (at.percent)
		json_put_text(j, name, slice_of(text));
	else
		json_put_number(j, name, (double)at.value);
}

static void
put_overlay(struct json_out *j, const struct plan *p, const struct plan_step *s)
{
	static const unsigned words[] = { COMPOSITE_GRAVITY, COMPOSITE_BLEND,
		COMPOSITE_TILE, COMPOSITE_PREMULTIPLIED };
	const struct arg_row *row = op_row(OP_COMPOSITE)->arg;

	if (s == NULL || p->nsource != 2)
		return;
	json_put_open(j, "overlayWith", '{');
	json_put_text(j, "bucket", plan_slice(p, p->source[1].store));
	json_put_text(j, "key", plan_slice(p, p->source[1].key));
	if (step_has(s, COMPOSITE_OPACITY))
		json_put_number(
		    j, "alpha", 100 - step_get(s, COMPOSITE_OPACITY).num);
	if (step_has(s, COMPOSITE_WIDTH))
		json_put_number(j, "wRatio",
		    (double)step_get(s, COMPOSITE_WIDTH).length.value);
	if (step_has(s, COMPOSITE_HEIGHT))
		json_put_number(j, "hRatio",
		    (double)step_get(s, COMPOSITE_HEIGHT).length.value);
	json_put_open(j, "options", '{');
	for (size_t i = 0; i < NELEM(words); i++)
		if (step_has(s, words[i]))
			put_value(j, p, row[words[i]].name, &row[words[i]],
			    step_get(s, words[i]));
	if (step_has(s, COMPOSITE_LEFT)) {
		put_place(j, "left", step_get(s, COMPOSITE_LEFT).length);
		put_place(j, "top", step_get(s, COMPOSITE_TOP).length);
	}
	json_put_close(j, '}');
	json_put_close(j, '}');
}

static void
put_smart(struct json_out *j, const struct plan_step *s)
{
	if (s == NULL)
		return;
	json_put_open(j, "smartCrop", '{');
	json_put_number(
	    j, "padding", (double)step_get(s, SMARTCROP_PADDING).whole);
	json_put_close(j, '}');
}

static void
put_round(struct json_out *j, const struct plan_step *s)
{
	static const unsigned lengths[] = { ROUND_RX, ROUND_RY, ROUND_LEFT,
		ROUND_TOP };

	json_put_open(j, "roundCrop", '{');
	for (size_t i = 0; i < NELEM(lengths); i++)
		if (step_has(s, lengths[i]))
			json_put_number(j,
			    op_row(OP_ROUND)->arg[lengths[i]].name,
			    (double)step_get(s, lengths[i]).length.value);
	json_put_close(j, '}');
}

static void
put_turn(struct json_out *j, const struct found *f)
{
	if (f->of[OP_ROTATE] != NULL)
		json_put_number(
		    j, "rotate", step_get(f->of[OP_ROTATE], ROTATE_ANGLE).num);
	else if (f->of[OP_AUTOORIENT] != NULL)
		json_put_text(j, "rotate", SLICE("auto"));
}

static void
put_steps(struct json_out *j, const struct plan *p, const struct found *f)
{
	bool crop_first = f->area_first && f->area[0] != NULL;

	if (f->turn_first)
		put_turn(j, f);
	if (f->of[OP_TRIM] != NULL)
		put_call(j, p, &calls[0], f->of[OP_TRIM]);
	if (crop_first)
		put_area(j, "extract", f->area[0]);
	if (f->smart_first)
		put_smart(j, f->of[OP_SMARTCROP]);
	put_resize(j, f);
	if (!f->smart_first)
		put_smart(j, f->of[OP_SMARTCROP]);
	if (!f->turn_first)
		put_turn(j, f);
	/* An object has no key twice; the two words mean the same. */
	put_area(j, "crop", crop_first ? f->area[1] : f->area[0]);
	for (size_t i = 1; i < NELEM(calls); i++)
		if (f->of[calls[i].op] != NULL)
			put_call(j, p, &calls[i], f->of[calls[i].op]);
	put_overlay(j, p, f->of[OP_COMPOSITE]);
}

/* All that stands before a roundCrop, that, and so on. True: one turns. */
static bool
put_all_steps(struct json_out *j, const struct plan *p)
{
	bool turned = false;
	size_t from = 0;

	for (size_t i = 0; i <= p->nstep; i++) {
		struct found f;

		if (i < p->nstep && p->step[i].op != OP_ROUND)
			continue;
		find_steps(p, from, i, &f);
		put_steps(j, p, &f);
		turned = turned || f.of[OP_ROTATE] != NULL ||
		    f.of[OP_AUTOORIENT] != NULL;
		if (i < p->nstep)
			put_round(j, &p->step[i]);
		/* Its trim is a part of it. */
		from = i + 2;
	}
	return turned;
}

/* ---- Output ---- */

/* Options by their names in sharp; those at their default say nothing new. */
static void
put_options(struct json_out *j, const struct plan *p)
{
	char name[64];

	json_put_open(j, format_row((enum format)p->out.format)->name, '{');
	for (unsigned i = 0; i < OUT_COUNT; i++) {
		const struct arg_row *row = out_row((enum out)i);

		if (!out_has(p, (enum out)i) || i == OUT_SCALE ||
		    i == OUT_MATTE)
			continue;
		camel_name(row->name, name, sizeof(name));
		put_value(j, p, i == OUT_SUBSAMPLE ? "chromaSubsampling" : name,
		    row, out_get(p, (enum out)i));
	}
	json_put_close(j, '}');
}

static void
put_out(struct json_out *j, const struct plan *p, bool turned)
{
	enum format format = (enum format)p->out.format;
	bool keeps = out_get(p, OUT_KEEP).set != 0;
	/* Pages that naming the format would give. */
	int32_t usual = format == FORMAT_GIF ? PAGES_AUTO : 1;

	/* It has no words for these: what is nearest is to say nothing. */
	if (format == FORMAT_AUTO || format == FORMAT_INFO)
		format = FORMAT_SAME;
	if (!keeps && !turned)
		json_put_null(j, "rotate");
	if (format != FORMAT_SAME && format != FORMAT_RAW)
		put_options(j, p);
	if (format == FORMAT_JPEG && p->answer.media_type.len > 0)
		json_put_text(j, "toFormat", SLICE("jpg"));
	else if (format != FORMAT_SAME && p->in.pages != PAGES_GIF)
		json_put_text(
		    j, "toFormat", slice_of(format_row(format)->name));
	if (p->in.pages == PAGES_ALL)
		json_put_bool(j, "animated", true);
	else if (p->in.pages == 1 && (format == FORMAT_SAME || usual != 1))
		json_put_bool(j, "animated", false);
	/*
	 * Some edit must stand there, or the bytes stay as they are. DIT says
	 * nothing about those that it does not know.
	 */
	if (!j->comma)
		json_put_bool(j, "encode", true);
}

static void
put_headers(struct json_out *j, const struct plan *p)
{
	const struct plan_answer *a = &p->answer;
	struct slice cache = plan_slice(p, a->cache_control);
	char name[256];

	json_put_open(j, "headers", '{');
	if (cache.len > 0 && !slice_is(cache, DIT_CACHE_CONTROL))
		json_put_text(j, "Cache-Control", cache);
	for (size_t i = 0; i < a->nheader; i++) {
		slice_copy(
		    plan_slice(p, a->header[i].name), name, sizeof(name));
		json_put_text(j, name, plan_slice(p, a->header[i].value));
	}
	json_put_close(j, '}');
}

static void
put_plan(struct json_out *j, const struct plan *p)
{
	const struct plan_answer *a = &p->answer;
	struct slice cache = plan_slice(p, a->cache_control);

	json_put_open(j, NULL, '{');
	json_put_text(j, "bucket", plan_slice(p, p->source[0].store));
	json_put_text(j, "key", plan_slice(p, p->source[0].key));
	if (!p->out.untouched) {
		json_put_open(j, "edits", '{');
		put_out(j, p, put_all_steps(j, p));
		json_put_close(j, '}');
	}
	if (a->nheader > 0 ||
	    (cache.len > 0 && !slice_is(cache, DIT_CACHE_CONTROL)))
		put_headers(j, p);
	json_put_close(j, '}');
}

bool
dit_print(const struct plan *p, char *out, size_t size, struct err *e)
{
	char room[2 * PLAN_TEXT + 4096];
	struct json_out j = { .text = { .at = room, .size = sizeof(room) } };

	if (size > 0)
		out[0] = '\0';
	if (p->nsource != 1 && p->nsource != 2)
		return err_set(e, ERR_NOT_SUPPORTED,
		    "the dit language names an image and an overlay");
	put_plan(&j, p);
	if (j.text.full || 4 * ((j.text.len + 2) / 3) + 2 > size)
		return err_set(e, ERR_URL_TOO_LONG,
		    "the URL takes more than %zu bytes", size);
	out[0] = '/';
	codec_base64_encode((uint8_t *)room, j.text.len, false, out + 1);
	return print_verify(&dialect_dit, p, out, e);
}
