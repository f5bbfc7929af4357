/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output formats and encoder options of the DIT language: the words, ranges
 * and defaults of sharp 0.34 (dit.md, 10.5).
 *
 * Options of mozjpeg do what they say where libvips has it, and are checked and
 * of no effect elsewhere. "force": false sets options without choosing the
 * encoder: they count if another edit chooses it, and not for an original that
 * happens to be of that format.
 */

#include "dialect/dit.h"

enum option_kind {
	OPTION_WHOLE, /* a whole number from min to max: out */
	OPTION_NUM,   /* a number from min to max: out */
	OPTION_BOOL,  /* out */
	OPTION_WORD,  /* one of out's words */
	OPTION_CHROMA,
	OPTION_SCANS,   /* a boolean: true means progressive, too */
	OPTION_MOZJPEG, /* a boolean: true means several others */
	OPTION_AV1,     /* must be "av1" */
	OPTION_DEPTH,   /* must be 8 */
	OPTION_BITS,    /* 1, 2, 4 or 8 */
	OPTION_TILE,    /* a side of tiles */
	OPTION_DELAY    /* a number or a list of them, whole */
};

struct option {
	const char *name;
	enum option_kind kind;
	enum out out;
	double min, max;
};

struct option_list {
	const struct option *option;
	size_t n;
};

/* clang-format off */
static const struct option jpeg_options[] = {
	{ "quality", OPTION_WHOLE, OUT_QUALITY, 1, 100 },
	{ "progressive", OPTION_BOOL, OUT_PROGRESSIVE, 0, 0 },
	{ "chromaSubsampling", OPTION_CHROMA, OUT_SUBSAMPLE, 0, 0 },
	{ "optimiseCoding", OPTION_BOOL, OUT_OPTIMISE_CODING, 0, 0 },
	{ "optimizeCoding", OPTION_BOOL, OUT_OPTIMISE_CODING, 0, 0 },
	{ "mozjpeg", OPTION_MOZJPEG, OUT_COUNT, 0, 0 },
	{ "trellisQuantisation", OPTION_BOOL, OUT_TRELLIS_QUANTISATION, 0, 0 },
	{ "trellisQuantization", OPTION_BOOL, OUT_TRELLIS_QUANTISATION, 0, 0 },
	{ "overshootDeringing", OPTION_BOOL, OUT_OVERSHOOT_DERINGING, 0, 0 },
	{ "optimiseScans", OPTION_SCANS, OUT_OPTIMISE_SCANS, 0, 0 },
	{ "optimizeScans", OPTION_SCANS, OUT_OPTIMISE_SCANS, 0, 0 },
	{ "quantisationTable", OPTION_WHOLE, OUT_QUANTISATION_TABLE, 0, 8 },
	{ "quantizationTable", OPTION_WHOLE, OUT_QUANTISATION_TABLE, 0, 8 },
};

/* Those of the palette stand in palette_options. */
static const struct option png_options[] = {
	{ "progressive", OPTION_BOOL, OUT_PROGRESSIVE, 0, 0 },
	{ "compressionLevel", OPTION_WHOLE, OUT_COMPRESSION_LEVEL, 0, 9 },
	{ "adaptiveFiltering", OPTION_BOOL, OUT_ADAPTIVE_FILTERING, 0, 0 },
	{ "palette", OPTION_BOOL, OUT_PALETTE, 0, 0 },
};

static const struct option palette_options[] = {
	{ "quality", OPTION_WHOLE, OUT_QUALITY, 0, 100 },
	{ "effort", OPTION_WHOLE, OUT_EFFORT, 1, 10 },
	{ "colours", OPTION_WHOLE, OUT_COLOURS, 2, 256 },
	{ "colors", OPTION_WHOLE, OUT_COLOURS, 2, 256 },
	{ "dither", OPTION_NUM, OUT_DITHER, 0, 1 },
};

static const struct option webp_options[] = {
	{ "quality", OPTION_WHOLE, OUT_QUALITY, 1, 100 },
	{ "alphaQuality", OPTION_WHOLE, OUT_ALPHA_QUALITY, 0, 100 },
	{ "lossless", OPTION_BOOL, OUT_LOSSLESS, 0, 0 },
	{ "nearLossless", OPTION_BOOL, OUT_NEAR_LOSSLESS, 0, 0 },
	{ "smartSubsample", OPTION_BOOL, OUT_SMART_SUBSAMPLE, 0, 0 },
	{ "smartDeblock", OPTION_BOOL, OUT_SMART_DEBLOCK, 0, 0 },
	{ "preset", OPTION_WORD, OUT_PRESET, 0, 0 },
	{ "effort", OPTION_WHOLE, OUT_EFFORT, 0, 6 },
	{ "minSize", OPTION_BOOL, OUT_MIN_SIZE, 0, 0 },
	{ "mixed", OPTION_BOOL, OUT_MIXED, 0, 0 },
	{ "loop", OPTION_WHOLE, OUT_LOOP, 0, 65535 },
	{ "delay", OPTION_DELAY, OUT_DELAY, 0, 65535 },
};

static const struct option gif_options[] = {
	{ "reuse", OPTION_BOOL, OUT_REUSE, 0, 0 },
	{ "progressive", OPTION_BOOL, OUT_PROGRESSIVE, 0, 0 },
	{ "colours", OPTION_WHOLE, OUT_COLOURS, 2, 256 },
	{ "colors", OPTION_WHOLE, OUT_COLOURS, 2, 256 },
	{ "effort", OPTION_WHOLE, OUT_EFFORT, 1, 10 },
	{ "dither", OPTION_NUM, OUT_DITHER, 0, 1 },
	{ "interFrameMaxError", OPTION_NUM, OUT_INTER_FRAME_MAX_ERROR, 0, 32 },
	{ "interPaletteMaxError", OPTION_NUM, OUT_INTER_PALETTE_MAX_ERROR, 0, 256 },
	{ "keepDuplicateFrames", OPTION_BOOL, OUT_KEEP_DUPLICATE_FRAMES, 0, 0 },
	{ "loop", OPTION_WHOLE, OUT_LOOP, 0, 65535 },
	{ "delay", OPTION_DELAY, OUT_DELAY, 0, 65535 },
};

static const struct option avif_options[] = {
	{ "quality", OPTION_WHOLE, OUT_QUALITY, 1, 100 },
	{ "lossless", OPTION_BOOL, OUT_LOSSLESS, 0, 0 },
	{ "effort", OPTION_WHOLE, OUT_EFFORT, 0, 9 },
	{ "chromaSubsampling", OPTION_CHROMA, OUT_SUBSAMPLE, 0, 0 },
	{ "bitdepth", OPTION_DEPTH, OUT_COUNT, 0, 0 },
	{ "compression", OPTION_AV1, OUT_COUNT, 0, 0 },
};

static const struct option tiff_options[] = {
	{ "quality", OPTION_WHOLE, OUT_QUALITY, 1, 100 },
	{ "bitdepth", OPTION_BITS, OUT_BITDEPTH, 1, 8 },
	{ "tile", OPTION_BOOL, OUT_TILE, 0, 0 },
	{ "tileWidth", OPTION_TILE, OUT_TILE_WIDTH, 16, 1024 },
	{ "tileHeight", OPTION_TILE, OUT_TILE_HEIGHT, 16, 1024 },
	{ "miniswhite", OPTION_BOOL, OUT_MINISWHITE, 0, 0 },
	{ "pyramid", OPTION_BOOL, OUT_PYRAMID, 0, 0 },
	{ "xres", OPTION_NUM, OUT_XRES, 0.001, 1000000 },
	{ "yres", OPTION_NUM, OUT_YRES, 0.001, 1000000 },
	{ "compression", OPTION_WORD, OUT_COMPRESSION, 0, 0 },
	{ "bigtiff", OPTION_BOOL, OUT_BIGTIFF, 0, 0 },
	{ "predictor", OPTION_WORD, OUT_PREDICTOR, 0, 0 },
	{ "resolutionUnit", OPTION_WORD, OUT_RESOLUTION_UNIT, 0, 0 },
};

static const struct {
	const char *edit;
	struct option_list list;
	enum format format;
} encoders[] = {
	{ "jpeg", { jpeg_options, NELEM(jpeg_options) }, FORMAT_JPEG },
	{ "png", { png_options, NELEM(png_options) }, FORMAT_PNG },
	{ "webp", { webp_options, NELEM(webp_options) }, FORMAT_WEBP },
	{ "gif", { gif_options, NELEM(gif_options) }, FORMAT_GIF },
	{ "avif", { avif_options, NELEM(avif_options) }, FORMAT_AVIF },
	{ "heif", { avif_options, NELEM(avif_options) }, FORMAT_AVIF },
	{ "tiff", { tiff_options, NELEM(tiff_options) }, FORMAT_TIFF },
};
/* clang-format on */

static void
set_option(struct dit_options *o, enum out out, union arg value)
{
	o->arg[out] = value;
	o->set |= (uint64_t)1 << out;
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
read_switch(const char *edit, const struct option *option, const json_t *value,
    struct dit_options *o, struct err *e)
{
	static const enum out mozjpeg[] = { OUT_TRELLIS_QUANTISATION,
		OUT_OVERSHOOT_DERINGING, OUT_OPTIMISE_SCANS, OUT_PROGRESSIVE };
	union arg on = { .on = json_is_true(value) };
	union arg table = { .whole = 3 };

	if (!json_is_boolean(value))
		return dit_refuse(e, edit);
	if (option->out != OUT_COUNT)
		set_option(o, option->out, on);
	if (option->kind == OPTION_SCANS && on.on)
		set_option(o, OUT_PROGRESSIVE, on);
	if (option->kind == OPTION_MOZJPEG && on.on) {
		for (size_t i = 0; i < NELEM(mozjpeg); i++)
			set_option(o, mozjpeg[i], on);
		set_option(o, OUT_QUANTISATION_TABLE, table);
	}
	return true;
}

/* The kinds whose value is a whole number. */
static bool
read_whole(const char *edit, const struct option *option, const json_t *value,
    struct dit_options *o, struct err *e)
{
	union arg number;

	if (!dit_whole(value, (int64_t)option->min, (int64_t)option->max,
		&number.whole))
		return dit_refuse(e, edit);
	if ((option->kind == OPTION_TILE && number.whole % 16 != 0) ||
	    (option->kind == OPTION_BITS &&
		(number.whole & (number.whole - 1)) != 0))
		return dit_refuse(e, edit);
	/* Our scale of quality begins at 1; PNG's palette has a 0. */
	if (option->out == OUT_QUALITY && number.whole == 0)
		number.whole = 1;
	set_option(o, option->out, number);
	return true;
}

static bool
read_delay(const char *edit, const struct option *option, const json_t *value,
    struct dit_edits *d, struct dit_options *o, struct err *e)
{
	size_t n = json_is_array(value) ? json_array_size(value) : 1;
	double number[PLAN_LIST];
	union arg list;

	if (n == 0 || n > PLAN_LIST)
		return dit_refuse(e, edit);
	for (size_t i = 0; i < n; i++) {
		const json_t *one =
		    json_is_array(value) ? json_array_get(value, i) : value;
		int64_t whole;

		if (!dit_whole(one, 0, (int64_t)option->max, &whole))
			return dit_refuse(e, edit);
		number[i] = (double)whole;
	}
	if (!plan_numbers(d->plan, number, n, &list, e))
		return false;
	set_option(o, option->out, list);
	return true;
}

static bool
read_word(const char *edit, const struct option *option, const json_t *value,
    struct dit_options *o, struct err *e)
{
	struct err unused;
	union arg word;

	if (!json_is_string(value) ||
	    !arg_read(NULL, out_row(option->out), edit,
		slice_of(json_string_value(value)), &word, &unused))
		return dit_refuse(e, edit);
	set_option(o, option->out, word);
	return true;
}

static bool
read_option(const char *edit, const struct option *option, const json_t *value,
    struct dit_edits *d, struct dit_options *o, struct err *e)
{
	union arg number;
	int64_t depth;

	switch (option->kind) {
	case OPTION_WHOLE:
	case OPTION_TILE:
	case OPTION_BITS:
		return read_whole(edit, option, value, o, e);
	case OPTION_BOOL:
	case OPTION_SCANS:
	case OPTION_MOZJPEG:
		return read_switch(edit, option, value, o, e);
	case OPTION_NUM:
		number.num = json_number_value(value);
		if (!json_is_number(value) ||
		    !(number.num >= option->min && number.num <= option->max))
			return dit_refuse(e, edit);
		set_option(o, option->out, number);
		return true;
	case OPTION_WORD:
		return read_word(edit, option, value, o, e);
	case OPTION_CHROMA:
		return read_chroma(edit, value, o, e);
	case OPTION_DEPTH:
		return dit_whole(value, 8, 8, &depth) || dit_refuse(e, edit);
	case OPTION_AV1:
		return (json_is_string(value) &&
			   strcmp(json_string_value(value), "av1") == 0) ||
		    dit_refuse(e, edit);
	case OPTION_DELAY:
		return read_delay(edit, option, value, d, o, e);
	}
	return true;
}

static bool
read_options(const char *edit, struct option_list list, const json_t *value,
    struct dit_edits *d, struct dit_options *o, struct err *e)
{
	for (size_t i = 0; i < list.n; i++) {
		const struct option *option = &list.option[i];
		const json_t *v = dit_member(value, option->name);

		if (v != NULL && !read_option(edit, option, v, d, o, e))
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
read_palette(const json_t *value, struct dit_edits *d, struct dit_options *o,
    struct err *e)
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
	return read_options("png",
	    (struct option_list){ palette_options, NELEM(palette_options) },
	    value, d, o, e);
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
		return dit_refuse(e, name);
	if (strcmp(name, "heif") == 0 && !has_key(value, "compression"))
		return dit_refuse(e, name);
	o = &out->options[encoders[i].format];
	/* sharp takes what is no object for no options. */
	if (!read_options(name, encoders[i].list, value, out, o, e))
		return false;
	if (encoders[i].format == FORMAT_PNG && !read_palette(value, out, o, e))
		return false;
	/* "force": false sets options for this format without choosing it. */
	force = json_object_get(value, "force");
	if (force == NULL || !json_is_false(force))
		out->chosen = encoders[i].format;
	return true;
}

enum word_kind { WORD_OK, WORD_REFUSED, WORD_UNSUPPORTED };

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
		{ "tiff", WORD_OK, WORD_OK, FORMAT_TIFF },
		{ "raw", WORD_OK, WORD_OK, FORMAT_RAW },
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
	return dit_fail(e, ERR_BAD_VALUE, DIT_FORMAT,
	    as_edit ? "toFormat" : "outputFormat", given.at);
}

const char *
dit_format_type(const json_t *word)
{
	const char *text = json_string_value(word);

	/* DIT puts the word behind "image/" as it is. */
	if (text != NULL && strcmp(text, "jpg") == 0)
		return "image/jpg";
	if (text != NULL && strcmp(text, "raw") == 0)
		return "image/raw";
	return NULL;
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
