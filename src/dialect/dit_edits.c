/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The edits object: one handler for each edit that we can do, in the order in
 * which the edits stand. Each checks its value as sharp does, since a value
 * that sharp refuses is an error of the language and not a default.
 *
 * Deviation: DIT looks for the original before it looks at most edits, so that
 * a missing image wins over a bad edit. Here a bad edit is seen first: parsing
 * asks no store.
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "base/num.h"
#include "dialect/dit.h"
#include "plan/colour.h"

/* ---- Values ---- */

bool
dit_number(const json_t *json, double *out)
{
	struct slice text;

	switch (json_typeof(json)) {
	case JSON_INTEGER:
	case JSON_REAL:
		*out = json_number_value(json);
		return true;
	case JSON_STRING:
		text = (struct slice){ json_string_value(json),
			json_string_length(json) };
		text = slice_trim(text);
		*out = 0;
		return text.len == 0 || num_double(text, -1e300, 1e300, out);
	case JSON_TRUE:
		*out = 1;
		return true;
	case JSON_FALSE:
	case JSON_NULL:
		*out = 0;
		return true;
	case JSON_OBJECT:
	case JSON_ARRAY:
		break;
	}
	return false;
}

bool
dit_whole(const json_t *json, int64_t min, int64_t max, int64_t *out)
{
	double value = json_number_value(json);

	if (!json_is_number(json) || !(value >= (double)min) ||
	    !(value <= (double)max) || floor(value) < value)
		return false;
	*out = (int64_t)value;
	return true;
}

bool
dit_truthy(const json_t *json)
{
	double value = json_number_value(json);

	if (json == NULL || json_is_null(json) || json_is_false(json))
		return false;
	if (json_is_string(json))
		return json_string_length(json) > 0;
	return !json_is_number(json) || value < 0 || value > 0;
}

/* A member that is there and not null: what sharp calls defined. */
static const json_t *
member(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return value == NULL || json_is_null(value) ? NULL : value;
}

static bool
is_hex_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	    (c >= 'A' && c <= 'F');
}

/* sharp wants the '#' that our own reader can do without. */
static bool
is_bare_hex(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!is_hex_digit(text.at[i]))
			return false;
	return true;
}

bool
dit_colour(const json_t *json, uint64_t *colour)
{
	static const char *const channels[] = { "r", "g", "b" };
	const json_t *alpha = member(json, "alpha");
	uint64_t value = 0;
	double n;

	if (json_is_string(json)) {
		struct slice text = { json_string_value(json),
			json_string_length(json) };

		return !is_bare_hex(text) && colour_read(text, colour);
	}
	if (!json_is_object(json))
		return false;
	for (size_t i = 0; i < NELEM(channels); i++) {
		const json_t *c = member(json, channels[i]);

		n = json_number_value(c);
		if (c != NULL && !json_is_number(c))
			return false;
		value =
		    value << 8 | (uint64_t)floor(fmin(fmax(n, 0), 255) + 0.5);
	}
	n = alpha != NULL ? json_number_value(alpha) : 1;
	if (alpha != NULL && !json_is_number(alpha))
		return false;
	*colour = value << 8 | (uint64_t)floor(fmin(fmax(n, 0), 1) * 255 + 0.5);
	return true;
}

/* A boolean as sharp's flip() takes it: what is none counts as true. */
static bool
on_unless_false(const json_t *value)
{
	return !json_is_false(value);
}

/* ---- resize ---- */

/*
 * A side: rounded; *given is false where it is not set. What is not a number
 * goes to sharp, which refuses it.
 */
static bool
read_side(const json_t *resize, const char *name, bool *given, double *side,
    struct err *e)
{
	const json_t *value = member(resize, name);

	*given = value != NULL;
	if (value == NULL)
		return true;
	if (!dit_number(value, side))
		return dit_refuse(e, name);
	*side = floor(*side + 0.5);
	return true;
}

/* The check that DIT makes before it looks at any edit. */
static bool
check_sides(const json_t *resize, struct err *e)
{
	static const char *const names[] = { "width", "height" };
	struct err unused;

	for (size_t i = 0; i < NELEM(names); i++) {
		bool given = false;
		double side = 0;

		if (read_side(resize, names[i], &given, &side, &unused) &&
		    given && side <= 0)
			return dit_fail(
			    e, ERR_BAD_VALUE, DIT_RESIZE, names[i], NULL);
	}
	return true;
}

static bool
set_side(struct plan_step *s, unsigned arg, double side, struct err *e)
{
	union arg value = { .whole = 0 };
	const struct arg_row *row = &op_row(OP_RESIZE)->arg[arg];

	if (side <= 0)
		return dit_fail(e, ERR_BAD_VALUE, DIT_RESIZE, row->name, NULL);
	if (side > row->max)
		return dit_refuse(e, row->name);
	value.whole = (int64_t)side;
	step_set(s, arg, value);
	return true;
}

/*
 * ratio multiplies both sides where both are set, else the original's own size,
 * whatever single side is set.
 */
static bool
read_box(const json_t *resize, struct plan_step *s, struct err *e)
{
	const json_t *json = json_object_get(resize, "ratio");
	union arg inside = { .pick = FIT_INSIDE };
	union arg ratio;
	bool width, height;
	double w = 0, h = 0;

	if (!read_side(resize, "width", &width, &w, e) ||
	    !read_side(resize, "height", &height, &h, e))
		return false;
	if (dit_truthy(json)) {
		if (!dit_number(json, &ratio.num))
			return dit_refuse(e, "ratio");
		step_set(s, RESIZE_FIT, inside);
		if (!width || !height) {
			if (ratio.num <= 0)
				return dit_fail(e, ERR_BAD_VALUE, DIT_RESIZE,
				    "ratio", NULL);
			if (ratio.num > 100 || ratio.num < 0.001)
				return dit_refuse(e, "ratio");
			step_set(s, RESIZE_RATIO, ratio);
			return true;
		}
		w = floor(w * ratio.num + 0.5);
		h = floor(h * ratio.num + 0.5);
	}
	return (!width || set_side(s, RESIZE_WIDTH, w, e)) &&
	    (!height || set_side(s, RESIZE_HEIGHT, h, e));
}

/* sharp's numbers for positions: clockwise from the top, then the corners. */
static bool
number_position(const json_t *json, int64_t *position)
{
	static const int positions[] = { POSITION_CENTRE, POSITION_NORTH,
		POSITION_EAST, POSITION_SOUTH, POSITION_WEST,
		POSITION_NORTHEAST, POSITION_SOUTHEAST, POSITION_SOUTHWEST,
		POSITION_NORTHWEST };
	int64_t n;

	if (dit_whole(json, 16, 17, &n)) {
		*position = n == 16 ? POSITION_ENTROPY : POSITION_ATTENTION;
		return true;
	}
	if (!dit_whole(json, 0, 8, &n))
		return false;
	*position = positions[n];
	return true;
}

static bool
word_position(const char *word, int64_t *position)
{
	static const struct {
		const char *word;
		int position;
	} words[] = {
		{ "top", POSITION_NORTH },
		{ "right", POSITION_EAST },
		{ "bottom", POSITION_SOUTH },
		{ "left", POSITION_WEST },
		{ "right top", POSITION_NORTHEAST },
		{ "right bottom", POSITION_SOUTHEAST },
		{ "left bottom", POSITION_SOUTHWEST },
		{ "left top", POSITION_NORTHWEST },
		{ "center", POSITION_CENTRE },
	};
	const struct arg_row *row = &op_row(OP_RESIZE)->arg[RESIZE_POSITION];

	for (size_t i = 0; row->choices[i] != NULL; i++) {
		if (strcmp(word, row->choices[i]) == 0) {
			*position = (int64_t)i;
			return true;
		}
	}
	for (size_t i = 0; i < NELEM(words); i++) {
		if (strcmp(word, words[i].word) == 0) {
			*position = words[i].position;
			return true;
		}
	}
	return false;
}

static bool
read_position(const json_t *resize, struct plan_step *s, struct err *e)
{
	const json_t *json = member(resize, "position");
	union arg position = { .pick = 0 };

	if (json == NULL)
		return true;
	if (!number_position(json, &position.pick) &&
	    !(json_is_string(json) &&
		word_position(json_string_value(json), &position.pick)))
		return dit_refuse(e, "position");
	/* Looking for what is interesting makes sense for cutting alone. */
	if (position.pick >= POSITION_ENTROPY &&
	    step_get(s, RESIZE_FIT).pick != FIT_COVER)
		position.pick = POSITION_CENTRE;
	step_set(s, RESIZE_POSITION, position);
	return true;
}

/* fit and kernel: one of the row's words. */
static bool
read_word(const json_t *resize, const char *name, unsigned arg,
    struct plan_step *s, struct err *e)
{
	const json_t *json = member(resize, name);
	const char *word = json_string_value(json);
	struct err unused;
	union arg value;

	if (json == NULL)
		return true;
	/* Kernels that sharp has and we do not. */
	if (word != NULL && arg == RESIZE_KERNEL &&
	    (strcmp(word, "mks2013") == 0 || strcmp(word, "mks2021") == 0))
		return dit_later(e, "resize.kernel");
	if (word == NULL ||
	    !arg_read(NULL, &op_row(OP_RESIZE)->arg[arg], name, slice_of(word),
		&value, &unused))
		return dit_refuse(e, name);
	step_set(s, arg, value);
	return true;
}

static bool
read_flags(const json_t *resize, struct plan_step *s, struct err *e)
{
	static const struct {
		const char *name;
		unsigned arg;
	} flags[] = {
		{ "withoutEnlargement", RESIZE_NO_ENLARGE },
		{ "withoutReduction", RESIZE_NO_REDUCE },
		{ "fastShrinkOnLoad", RESIZE_SHRINK },
	};

	for (size_t i = 0; i < NELEM(flags); i++) {
		const json_t *json = member(resize, flags[i].name);
		union arg on = { .on = json_is_true(json) };

		if (json == NULL)
			continue;
		if (!json_is_boolean(json))
			return dit_refuse(e, flags[i].name);
		step_set(s, flags[i].arg, on);
	}
	return true;
}

static bool
edit_resize(const json_t *value, struct dit_edits *out, struct err *e)
{
	struct plan_step *s = &out->resize;
	const json_t *background = member(value, "background");
	union arg sizing = { .pick = SIZING_SHARP };
	union arg colour;

	if (!json_is_object(value))
		return dit_refuse(e, "resize");
	if (!read_box(value, s, e) ||
	    !read_word(value, "fit", RESIZE_FIT, s, e) ||
	    !read_word(value, "kernel", RESIZE_KERNEL, s, e) ||
	    !read_position(value, s, e) || !read_flags(value, s, e))
		return false;
	if (background != NULL) {
		if (!dit_colour(background, &colour.colour))
			return dit_refuse(e, "background");
		step_set(s, RESIZE_BACKGROUND, colour);
	}
	step_set(s, RESIZE_SIZING, sizing);
	out->sized = step_has(s, RESIZE_WIDTH) || step_has(s, RESIZE_HEIGHT) ||
	    step_has(s, RESIZE_RATIO);
	/* What was turned before it is asked for its size is turned first. */
	if (out->sized && out->angle > 0)
		out->turn_first = true;
	return true;
}

/* ---- Areas ---- */

static bool
read_area(const json_t *value, struct dit_area *area)
{
	static const char *const names[] = { "left", "top", "width", "height" };
	int64_t n = 0;

	for (size_t i = 0; i < NELEM(names); i++) {
		/* As far as a double counts in ones; no image is so large. */
		if (!dit_whole(json_object_get(value, names[i]), 0,
			INT64_C(1) << 53, &n))
			return false;
		area->side[i] = (int32_t)(n < INT32_MAX ? n : INT32_MAX);
	}
	area->given = true;
	return true;
}

/* Before the resize if that was not asked for yet and nothing else was cut. */
static bool
take_area(struct dit_edits *out, const struct dit_area *area, struct err *e)
{
	if (area->side[2] == 0 || area->side[3] == 0 ||
	    area->side[0] > 100000 || area->side[1] > 100000 ||
	    area->side[2] > 100000 || area->side[3] > 100000)
		return dit_refuse(e, "extract");
	if (out->sized || out->before.given)
		out->after = *area;
	else
		out->before = *area;
	if (out->angle > 0 && !out->sized &&
	    (!out->before.given || !out->after.given))
		out->turn_first = true;
	return true;
}

static bool
edit_extract(const json_t *value, struct dit_edits *out, struct err *e)
{
	struct dit_area area = { .given = false };

	if (!read_area(value, &area))
		return dit_refuse(e, "extract");
	return take_area(out, &area, e);
}

static bool
edit_crop(const json_t *value, struct dit_edits *out, struct err *e)
{
	struct dit_area area = { .given = false };

	if (!read_area(value, &area))
		return dit_fail(e, ERR_BAD_VALUE, DIT_CROP, "crop", NULL);
	return take_area(out, &area, e);
}

/* ---- The others ---- */

static bool
edit_rotate(const json_t *value, struct dit_edits *out, struct err *e)
{
	double angle = json_number_value(value);

	if (json_is_null(value)) {
		out->strip = true;
		return true;
	}
	if (!json_is_number(value))
		return dit_refuse(e, "rotate");
	angle = fmod(angle, 360);
	out->angle = angle < 0 ? angle + 360 : angle;
	return true;
}

static bool
edit_flip(const json_t *value, struct dit_edits *out, struct err *e)
{
	(void)e;
	out->flip = on_unless_false(value);
	return true;
}

static bool
edit_flop(const json_t *value, struct dit_edits *out, struct err *e)
{
	(void)e;
	out->flop = on_unless_false(value);
	return true;
}

static bool
edit_grayscale(const json_t *value, struct dit_edits *out, struct err *e)
{
	(void)e;
	out->grayscale = on_unless_false(value);
	return true;
}

static bool
edit_flatten(const json_t *value, struct dit_edits *out, struct err *e)
{
	const json_t *background = member(value, "background");

	out->flatten = on_unless_false(value);
	out->flatten_colour = 0x000000ff;
	if (background != NULL && !dit_colour(background, &out->flatten_colour))
		return dit_refuse(e, "flatten");
	return true;
}

/* A number of an options object, into an argument of the step. */
static bool
read_arg(const json_t *object, const char *name, struct plan_step *s,
    unsigned arg, struct err *e)
{
	const struct arg_row *row = &op_row((enum op)s->op)->arg[arg];
	const json_t *json = member(object, name);
	union arg value = { .num = json_number_value(json) };

	if (json == NULL)
		return true;
	if (!json_is_number(json) ||
	    !(value.num >= row->min && value.num <= row->max))
		return dit_refuse(e, name);
	step_set(s, arg, value);
	return true;
}

static bool
edit_blur(const json_t *value, struct dit_edits *out, struct err *e)
{
	struct plan_step *s = &out->blur_step;
	const json_t *precision = member(value, "precision");
	union arg arg = { .num = json_number_value(value) };
	struct err unused;

	*s = (struct plan_step){ .op = OP_BLUR };
	out->blur = !json_is_false(value);
	if (json_is_boolean(value) || json_is_null(value))
		return true;
	if (json_is_object(value)) {
		if (member(value, "sigma") == NULL ||
		    !read_arg(value, "sigma", s, BLUR_SIGMA, e) ||
		    !read_arg(value, "minAmplitude", s, BLUR_AMPLITUDE, e))
			return dit_refuse(e, "blur");
		if (precision == NULL)
			return true;
		if (!json_is_string(precision) ||
		    !arg_read(NULL, &op_row(OP_BLUR)->arg[BLUR_PRECISION],
			"precision", slice_of(json_string_value(precision)),
			&arg, &unused))
			return dit_refuse(e, "blur");
		step_set(s, BLUR_PRECISION, arg);
		return true;
	}
	if (!json_is_number(value) || !(arg.num >= 0.3 && arg.num <= 1000))
		return dit_refuse(e, "blur");
	step_set(s, BLUR_SIGMA, arg);
	return true;
}

static bool
edit_sharpen(const json_t *value, struct dit_edits *out, struct err *e)
{
	static const char *const names[] = { "sigma", "m1", "m2", "x1", "y2",
		"y3" };
	_Static_assert(NELEM(names) == SHARPEN_ARGS, "one for each argument");
	struct plan_step *s = &out->sharpen_step;
	union arg sigma = { .num = json_number_value(value) };

	*s = (struct plan_step){ .op = OP_SHARPEN };
	out->sharpen = !json_is_false(value);
	if (json_is_boolean(value) || json_is_null(value))
		return true;
	if (json_is_object(value)) {
		if (member(value, "sigma") == NULL)
			return dit_refuse(e, "sharpen");
		for (unsigned i = 0; i < SHARPEN_ARGS; i++)
			if (!read_arg(value, names[i], s, i, e))
				return false;
		return true;
	}
	/* sharp takes up to 10000, at which libvips then fails. */
	if (!json_is_number(value) || !(sigma.num >= 0.01 && sigma.num <= 10))
		return dit_refuse(e, "sharpen");
	step_set(s, SHARPEN_SIGMA, sigma);
	return true;
}

static bool
edit_animated(const json_t *value, struct dit_edits *out, struct err *e)
{
	(void)e;
	/* null counts as not said. */
	out->animated_given = !json_is_null(value);
	out->animated = dit_truthy(value);
	return true;
}

static bool
edit_to_format(const json_t *value, struct dit_edits *out, struct err *e)
{
	if (!dit_format_read(value, true, &out->to, e))
		return false;
	out->to_given = true;
	out->to_jpg = strcmp(json_string_value(value), "jpg") == 0;
	return true;
}

/* ---- The table ---- */

typedef bool edit_f(const json_t *value, struct dit_edits *out, struct err *e);

static const struct {
	const char *name;
	edit_f *read;
} edits_known[] = {
	{ "animated", edit_animated },
	{ "blur", edit_blur },
	{ "crop", edit_crop },
	{ "extract", edit_extract },
	{ "flatten", edit_flatten },
	{ "flip", edit_flip },
	{ "flop", edit_flop },
	{ "grayscale", edit_grayscale },
	{ "greyscale", edit_grayscale },
	{ "resize", edit_resize },
	{ "rotate", edit_rotate },
	{ "sharpen", edit_sharpen },
	{ "toFormat", edit_to_format },
};

/* Edits with an options object for an encoder: dit_format.c. */
static const char *const edits_format[] = { "jpeg", "png", "webp", "gif",
	"avif", "heif" };

/* Edits that DIT has and we do not have yet. */
static const char *const edits_later[] = { "affine", "bandbool", "boolean",
	"clahe", "contentModeration", "convolve", "ensureAlpha", "extend",
	"extractChannel", "gamma", "joinChannel", "linear", "median",
	"modulate", "negate", "normalise", "normalize", "overlayWith",
	"pipelineColorspace", "pipelineColourspace", "recomb", "removeAlpha",
	"roundCrop", "smartCrop", "threshold", "tiff", "tint", "toColorspace",
	"toColourspace", "trim", "unflatten" };

static bool
is_one_of(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, list[i]) == 0)
			return true;
	return false;
}

static bool
read_edit(
    const char *name, const json_t *value, struct dit_edits *out, struct err *e)
{
	for (size_t i = 0; i < NELEM(edits_known); i++)
		if (strcmp(name, edits_known[i].name) == 0)
			return edits_known[i].read(value, out, e);
	if (is_one_of(name, edits_format, NELEM(edits_format)))
		return dit_options_read(name, value, out, e);
	if (is_one_of(name, edits_later, NELEM(edits_later)))
		return dit_later(e, name);
	/* DIT has no such edit and says nothing about it. */
	return true;
}

bool
dit_edits_read(json_t *edits, struct dit_edits *out, struct err *e)
{
	const char *name;
	json_t *value;

	*out = (struct dit_edits){ .resize = { .op = OP_RESIZE } };
	if (!json_is_object(edits))
		return true;
	if (!check_sides(json_object_get(edits, "resize"), e))
		return false;
	json_object_foreach(edits, name, value)
	{
		out->any = true;
		if (!read_edit(name, value, out, e))
			return false;
	}
	return true;
}
