/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output formats and encoder options of the DIT language: the words, ranges
 * and defaults of sharp 0.34 (dit.md, 10.5).
 *
 * An option that only trades the encoder's work for bytes is checked and then
 * left to our own encoders' settings; one that decides what the result looks
 * like and that we have not is "not supported yet" unless it says the default.
 */
#include <math.h>
#include <stdio.h>

#include "dialect/dit.h"

enum option_kind {
	OPTION_WHOLE, /* a whole number from min to max: out */
	OPTION_NUM,   /* a number from min to max: out */
	OPTION_BOOL,  /* out */
	OPTION_CHROMA,
	OPTION_PROGRESSIVE_IF, /* a boolean: true means progressive, too */
	OPTION_AV1,            /* must be "av1" */
	OPTION_DEPTH,          /* must be 8 */
	OPTION_HINT_BOOL,      /* checked, else ours to choose */
	OPTION_HINT_WHOLE,
	OPTION_LATER_BOOL,  /* only false */
	OPTION_LATER_WHOLE, /* only max */
	OPTION_LATER        /* not at all */
};

struct option {
	const char *name;
	enum option_kind kind;
	int min, max;
	enum out out;
};

/* clang-format off */
static const struct option jpeg_options[] = {
	{ "quality", OPTION_WHOLE, 1, 100, OUT_QUALITY },
	{ "progressive", OPTION_BOOL, 0, 1, OUT_PROGRESSIVE },
	{ "chromaSubsampling", OPTION_CHROMA, 0, 0, OUT_SUBSAMPLE },
	{ "optimiseCoding", OPTION_HINT_BOOL, 0, 0, OUT_COUNT },
	{ "optimizeCoding", OPTION_HINT_BOOL, 0, 0, OUT_COUNT },
	{ "mozjpeg", OPTION_PROGRESSIVE_IF, 0, 0, OUT_PROGRESSIVE },
	{ "trellisQuantisation", OPTION_HINT_BOOL, 0, 0, OUT_COUNT },
	{ "trellisQuantization", OPTION_HINT_BOOL, 0, 0, OUT_COUNT },
	{ "overshootDeringing", OPTION_HINT_BOOL, 0, 0, OUT_COUNT },
	{ "optimiseScans", OPTION_PROGRESSIVE_IF, 0, 0, OUT_PROGRESSIVE },
	{ "optimizeScans", OPTION_PROGRESSIVE_IF, 0, 0, OUT_PROGRESSIVE },
	{ "quantisationTable", OPTION_HINT_WHOLE, 0, 8, OUT_COUNT },
	{ "quantizationTable", OPTION_HINT_WHOLE, 0, 8, OUT_COUNT },
};

/* Those of the palette stand in palette_options. */
static const struct option png_options[] = {
	{ "progressive", OPTION_BOOL, 0, 1, OUT_PROGRESSIVE },
	{ "compressionLevel", OPTION_WHOLE, 0, 9, OUT_COMPRESSION_LEVEL },
	{ "adaptiveFiltering", OPTION_HINT_BOOL, 0, 0, OUT_COUNT },
	{ "palette", OPTION_BOOL, 0, 1, OUT_PALETTE },
};

static const struct option palette_options[] = {
	{ "quality", OPTION_WHOLE, 0, 100, OUT_QUALITY },
	{ "effort", OPTION_WHOLE, 1, 10, OUT_EFFORT },
	{ "colours", OPTION_WHOLE, 2, 256, OUT_COLOURS },
	{ "colors", OPTION_WHOLE, 2, 256, OUT_COLOURS },
	{ "dither", OPTION_NUM, 0, 1, OUT_DITHER },
};

static const struct option webp_options[] = {
	{ "quality", OPTION_WHOLE, 1, 100, OUT_QUALITY },
	{ "alphaQuality", OPTION_LATER_WHOLE, 0, 100, OUT_COUNT },
	{ "lossless", OPTION_BOOL, 0, 1, OUT_LOSSLESS },
	{ "nearLossless", OPTION_LATER_BOOL, 0, 0, OUT_COUNT },
	{ "smartSubsample", OPTION_LATER_BOOL, 0, 0, OUT_COUNT },
	{ "smartDeblock", OPTION_LATER_BOOL, 0, 0, OUT_COUNT },
	{ "preset", OPTION_LATER, 0, 0, OUT_COUNT },
	{ "effort", OPTION_WHOLE, 0, 6, OUT_EFFORT },
	{ "minSize", OPTION_HINT_BOOL, 0, 0, OUT_COUNT },
	{ "mixed", OPTION_HINT_BOOL, 0, 0, OUT_COUNT },
	{ "loop", OPTION_LATER, 0, 0, OUT_COUNT },
	{ "delay", OPTION_LATER, 0, 0, OUT_COUNT },
};

static const struct option gif_options[] = {
	{ "reuse", OPTION_HINT_BOOL, 0, 0, OUT_COUNT },
	{ "progressive", OPTION_HINT_BOOL, 0, 0, OUT_COUNT },
	{ "colours", OPTION_WHOLE, 2, 256, OUT_COLOURS },
	{ "colors", OPTION_WHOLE, 2, 256, OUT_COLOURS },
	{ "effort", OPTION_WHOLE, 1, 10, OUT_EFFORT },
	{ "dither", OPTION_NUM, 0, 1, OUT_DITHER },
	{ "interFrameMaxError", OPTION_LATER, 0, 0, OUT_COUNT },
	{ "interPaletteMaxError", OPTION_HINT_WHOLE, 0, 256, OUT_COUNT },
	{ "loop", OPTION_LATER, 0, 0, OUT_COUNT },
	{ "delay", OPTION_LATER, 0, 0, OUT_COUNT },
};

static const struct option avif_options[] = {
	{ "quality", OPTION_WHOLE, 1, 100, OUT_QUALITY },
	{ "lossless", OPTION_BOOL, 0, 1, OUT_LOSSLESS },
	{ "effort", OPTION_WHOLE, 0, 9, OUT_EFFORT },
	{ "chromaSubsampling", OPTION_CHROMA, 0, 0, OUT_SUBSAMPLE },
	{ "bitdepth", OPTION_DEPTH, 0, 0, OUT_COUNT },
	{ "compression", OPTION_AV1, 0, 0, OUT_COUNT },
};

static const struct {
	const char *edit;
	enum format format;
	const struct option *option;
	size_t noption;
} encoders[] = {
	{ "jpeg", FORMAT_JPEG, jpeg_options, NELEM(jpeg_options) },
	{ "png", FORMAT_PNG, png_options, NELEM(png_options) },
	{ "webp", FORMAT_WEBP, webp_options, NELEM(webp_options) },
	{ "gif", FORMAT_GIF, gif_options, NELEM(gif_options) },
	{ "avif", FORMAT_AVIF, avif_options, NELEM(avif_options) },
	{ "heif", FORMAT_AVIF, avif_options, NELEM(avif_options) },
};
/* clang-format on */

static void
set_option(struct dit_options *o, enum out out, union arg value)
{
	o->arg[out] = value;
	o->set |= (uint64_t)1 << out;
}

static bool
later_option(const char *edit, const struct option *option, struct err *e)
{
	char what[ERR_PARAM_MAX];

	snprintf(what, sizeof(what), "%s.%s", edit, option->name);
	return dit_later(e, what);
}

static bool
read_chroma(
    const char *edit, const json_t *value, struct dit_options *o, struct err *e)
{
	const char *word = json_string_value(value);
	union arg chroma = { .pick = SUBSAMPLE_ON };

	if (word == NULL ||
	    (strcmp(word, "4:2:0") != 0 && strcmp(word, "4:4:4") != 0))
		return dit_refuse(e, edit);
	if (strcmp(word, "4:4:4") == 0)
		chroma.pick = SUBSAMPLE_OFF;
	set_option(o, OUT_SUBSAMPLE, chroma);
	return true;
}

/* The kinds whose value is a boolean. */
static bool
read_bool_option(const char *edit, const struct option *option,
    const json_t *value, struct dit_options *o, struct err *e)
{
	union arg on = { .on = json_is_true(value) };

	if (!json_is_boolean(value))
		return dit_refuse(e, edit);
	if (option->kind == OPTION_LATER_BOOL && on.on)
		return later_option(edit, option, e);
	if (option->kind == OPTION_BOOL ||
	    (option->kind == OPTION_PROGRESSIVE_IF && on.on))
		set_option(o, option->out, on);
	return true;
}

/* The kinds whose value is a whole number. */
static bool
read_whole_option(const char *edit, const struct option *option,
    const json_t *value, struct dit_options *o, struct err *e)
{
	union arg number;

	if (!dit_whole(value, option->min, option->max, &number.whole))
		return dit_refuse(e, edit);
	if (option->kind == OPTION_LATER_WHOLE && number.whole != option->max)
		return later_option(edit, option, e);
	/* Our scale of quality begins at 1; PNG's palette has a 0. */
	if (option->out == OUT_QUALITY && number.whole == 0)
		number.whole = 1;
	if (option->kind == OPTION_WHOLE)
		set_option(o, option->out, number);
	return true;
}

static bool
read_option(const char *edit, const struct option *option, const json_t *value,
    struct dit_options *o, struct err *e)
{
	union arg number;
	int64_t depth;

	switch (option->kind) {
	case OPTION_WHOLE:
	case OPTION_HINT_WHOLE:
	case OPTION_LATER_WHOLE:
		return read_whole_option(edit, option, value, o, e);
	case OPTION_BOOL:
	case OPTION_HINT_BOOL:
	case OPTION_LATER_BOOL:
	case OPTION_PROGRESSIVE_IF:
		return read_bool_option(edit, option, value, o, e);
	case OPTION_NUM:
		number.num = json_number_value(value);
		if (!json_is_number(value) ||
		    !(number.num >= option->min && number.num <= option->max))
			return dit_refuse(e, edit);
		set_option(o, option->out, number);
		return true;
	case OPTION_CHROMA:
		return read_chroma(edit, value, o, e);
	case OPTION_DEPTH:
		return dit_whole(value, 8, 8, &depth) || dit_refuse(e, edit);
	case OPTION_AV1:
		return (json_is_string(value) &&
			   strcmp(json_string_value(value), "av1") == 0) ||
		    dit_refuse(e, edit);
	case OPTION_LATER:
		return later_option(edit, option, e);
	}
	return true;
}

static bool
read_options(const char *edit, const struct option *option, size_t n,
    const json_t *value, struct dit_options *o, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		const json_t *v = json_object_get(value, option[i].name);

		if (v != NULL && !json_is_null(v) &&
		    !read_option(edit, &option[i], v, o, e))
			return false;
	}
	return true;
}

static bool
has_key(const json_t *object, const char *name)
{
	const json_t *v = json_object_get(object, name);

	return v != NULL && !json_is_null(v);
}

/*
 * One of the palette's options means a palette where none is said, and without
 * a palette none of them is looked at. effort and colours count only when they
 * are not 0.
 */
static bool
read_palette(const json_t *value, struct dit_options *o, struct err *e)
{
	union arg on = { .on = 1 };
	union arg full = { .whole = 100 };

	if (!has_key(value, "palette") &&
	    (has_key(value, "quality") || has_key(value, "dither") ||
		dit_truthy(json_object_get(value, "effort")) ||
		dit_truthy(json_object_get(value, "colours")) ||
		dit_truthy(json_object_get(value, "colors"))))
		set_option(o, OUT_PALETTE, on);
	if ((o->set >> OUT_PALETTE & 1u) == 0 || !o->arg[OUT_PALETTE].on)
		return true;
	if ((o->set >> OUT_QUALITY & 1u) == 0)
		set_option(o, OUT_QUALITY, full);
	return read_options(
	    "png", palette_options, NELEM(palette_options), value, o, e);
}

bool
dit_options_read(
    const char *name, const json_t *value, struct dit_edits *out, struct err *e)
{
	size_t i = 0;
	const json_t *force;
	struct dit_options *o;

	while (i < NELEM(encoders) && strcmp(encoders[i].edit, name) != 0)
		i++;
	if (i == NELEM(encoders))
		return dit_later(e, name);
	if (strcmp(name, "heif") == 0 && !has_key(value, "compression"))
		return dit_refuse(e, name);
	o = &out->options[encoders[i].format];
	/* sharp takes what is no object for no options. */
	if (!read_options(
		name, encoders[i].option, encoders[i].noption, value, o, e))
		return false;
	if (encoders[i].format == FORMAT_PNG && !read_palette(value, o, e))
		return false;
	/* "force": false sets options for this format without choosing it. */
	force = json_object_get(value, "force");
	if (force != NULL && json_is_false(force))
		out->unforced = true;
	else
		out->chosen = encoders[i].format;
	return true;
}

enum word_kind { WORD_OK, WORD_LATER, WORD_REFUSED, WORD_UNSUPPORTED };

bool
dit_format_read(
    const json_t *word, bool as_edit, enum format *format, struct err *e)
{
	/*
	 * As an edit the word is first sharp's (which knows more formats, in
	 * any letter case, and fails at some), then DIT's own list is asked.
	 */
	static const struct {
		const char *word;
		enum word_kind edit, output;
		enum format format;
	} words[] = {
		{ "jpg", WORD_OK, WORD_OK, FORMAT_JPEG },
		{ "jpeg", WORD_OK, WORD_OK, FORMAT_JPEG },
		{ "png", WORD_OK, WORD_OK, FORMAT_PNG },
		{ "webp", WORD_OK, WORD_OK, FORMAT_WEBP },
		{ "gif", WORD_OK, WORD_OK, FORMAT_GIF },
		{ "avif", WORD_OK, WORD_OK, FORMAT_AVIF },
		{ "tiff", WORD_LATER, WORD_LATER, FORMAT_SAME },
		{ "raw", WORD_LATER, WORD_LATER, FORMAT_SAME },
		{ "heif", WORD_REFUSED, WORD_REFUSED, FORMAT_SAME },
		{ "heic", WORD_REFUSED, WORD_UNSUPPORTED, FORMAT_SAME },
		{ "jpe", WORD_UNSUPPORTED, WORD_UNSUPPORTED, FORMAT_SAME },
		{ "tif", WORD_UNSUPPORTED, WORD_UNSUPPORTED, FORMAT_SAME },
		{ "dz", WORD_UNSUPPORTED, WORD_UNSUPPORTED, FORMAT_SAME },
		{ "tile", WORD_UNSUPPORTED, WORD_UNSUPPORTED, FORMAT_SAME },
		{ "jxl", WORD_UNSUPPORTED, WORD_UNSUPPORTED, FORMAT_SAME },
	};
	const char *text = json_string_value(word);
	struct slice given = slice_of(text != NULL ? text : "undefined");
	enum word_kind kind = as_edit ? WORD_REFUSED : WORD_UNSUPPORTED;
	char what[ERR_PARAM_MAX];

	for (size_t i = 0; text != NULL && i < NELEM(words); i++) {
		struct slice row = slice_of(words[i].word);

		if (slice_eq(given, row)) {
			kind = as_edit ? words[i].edit : words[i].output;
			*format = words[i].format;
			break;
		}
		if (as_edit && slice_eq_nocase(given, row)) {
			kind = words[i].edit == WORD_REFUSED ? WORD_REFUSED
							     : WORD_UNSUPPORTED;
			break;
		}
	}
	if (kind == WORD_OK)
		return true;
	if (kind == WORD_REFUSED)
		return dit_refuse(e, as_edit ? "toFormat" : "outputFormat");
	if (kind == WORD_UNSUPPORTED)
		return dit_fail(e, ERR_BAD_VALUE, DIT_FORMAT,
		    as_edit ? "toFormat" : "outputFormat", given.at);
	snprintf(what, sizeof(what), "Format %s", text);
	return dit_later(e, what);
}

void
dit_options_apply(
    const struct dit_edits *edits, enum format format, struct plan *p)
{
	const struct dit_options *o = &edits->options[format];
	union arg native = { .pick = SCALE_NATIVE };
	union arg black = { .colour = 0x000000ff };
	union arg keep = { .set = 0 };
	union arg avif_quality = { .whole = 50 };
	union arg chroma = { .pick = SUBSAMPLE_ON };

	if (!edits->strip)
		keep.set = ((uint64_t)1 << KEEP_COUNT) - 1;
	out_set(p, OUT_SCALE, native);
	out_set(p, OUT_MATTE, black);
	out_set(p, OUT_KEEP, keep);
	if (format == FORMAT_AVIF) {
		out_set(p, OUT_QUALITY, avif_quality);
		chroma.pick = SUBSAMPLE_OFF;
	}
	if (format == FORMAT_AVIF || format == FORMAT_JPEG)
		out_set(p, OUT_SUBSAMPLE, chroma);
	for (unsigned i = 0; i < OUT_COUNT; i++)
		if ((o->set >> i & 1u) != 0)
			out_set(p, (enum out)i, o->arg[i]);
}
