/* SPDX-License-Identifier: Apache-2.0 */
/* Filters of paths in Thumbor's style, each as an edit (dit.md, 3). */
#include <math.h>
#include <stdio.h>

#include "base/num.h"
#include "dialect/dit.h"
#include "plan/colour.h"

json_t *
dit_resize_of(json_t *edits)
{
	json_t *resize = json_object_get(edits, "resize");

	if (resize == NULL) {
		resize = json_object();
		json_object_set_new(edits, "resize", resize);
	}
	return resize;
}

enum { FILTER_WORDS = 1024 };

struct filters {
	json_t *edits;
	/* The word behind the path's last dot: what quality() is of. */
	struct slice extension;
};

static json_t *
text_json(struct slice s)
{
	json_t *text = json_stringn(s.at, s.len);

	return text != NULL ? text : json_string("");
}

/*
 * JavaScript's Number(). What it calls not a number becomes a text, which no
 * edit that wants a number takes.
 */
static json_t *
number_json(struct slice s)
{
	double value = 0;

	s = slice_trim(s);
	if (s.len > 0 && !num_double(s, -1e300, 1e300, &value))
		return json_string("NaN");
	return json_real(value);
}

static bool
read_number(struct slice s, double *value)
{
	s = slice_trim(s);
	return s.len > 0 && num_double(s, -1e300, 1e300, value);
}

/* A filter that switches an edit on. */
static void
set_true(json_t *edits, const char *name)
{
	json_object_set_new(edits, name, json_true());
}

static bool
is_lower(struct slice word)
{
	for (size_t i = 0; i < word.len; i++)
		if (word.at[i] < 'a' || word.at[i] > 'z')
			return false;
	return true;
}

/*
 * Lower-case names, or hex digits without '#'. DIT fails at others before it
 * looks for the picture, with its error for what it did not expect.
 */
static bool
filter_colour(struct slice word, json_t **out, struct err *e)
{
	char text[40];
	uint64_t colour;
	bool ok = word.len + 2 <= sizeof(text);

	text[0] = '#';
	if (ok)
		slice_copy(word, text + 1, sizeof(text) - 1);
	if (ok && !colour_read(slice_of(text), &colour)) {
		ok = is_lower(word) && !slice_is(word, "transparent") &&
		    colour_read(word, &colour);
		slice_copy(word, text, sizeof(text));
	}
	if (!ok)
		return dit_fail(e, ERR_BAD_VALUE, DIT_INTERNAL, "colour", NULL);
	*out = json_string(text);
	return true;
}

static bool
filter_background(struct filters *f, struct slice value, struct err *e)
{
	json_t *colour = NULL;
	json_t *flatten;

	if (!filter_colour(value, &colour, e))
		return false;
	flatten = json_object();
	json_object_set_new(flatten, "background", colour);
	json_object_set_new(f->edits, "flatten", flatten);
	return true;
}

static bool
filter_fill(struct filters *f, struct slice value, struct err *e)
{
	json_t *resize;
	json_t *colour = NULL;

	if (!filter_colour(value, &colour, e))
		return false;
	resize = dit_resize_of(f->edits);
	json_object_set_new(resize, "fit", json_string("contain"));
	json_object_set_new(resize, "background", colour);
	return true;
}

static bool
filter_animated(struct filters *f, struct slice value, struct err *e)
{
	(void)e;
	json_object_set_new(f->edits, "animated",
	    json_boolean(!slice_eq_nocase(value, SLICE("false"))));
	return true;
}

static bool
filter_autojpg(struct filters *f, struct slice value, struct err *e)
{
	(void)value;
	(void)e;
	json_object_set_new(f->edits, "toFormat", json_string("jpeg"));
	return true;
}

/* The radius is twice a sigma, unless a sigma is given. */
static bool
filter_blur(struct filters *f, struct slice value, struct err *e)
{
	double radius = 0, sigma;
	struct slice first = slice_cut(&value, ',');

	(void)e;
	if (value.at != NULL && read_number(slice_cut(&value, ','), &sigma))
		json_object_set_new(f->edits, "blur", json_real(sigma));
	else if (first.len == 0 || read_number(first, &radius))
		json_object_set_new(f->edits, "blur", json_real(radius / 2));
	else
		json_object_set_new(f->edits, "blur", json_string("NaN"));
	return true;
}

/* convolution(1;2;1;2;4;2;1;2;1,3,...): the matrix and its width. */
static bool
filter_convolution(struct filters *f, struct slice value, struct err *e)
{
	struct slice matrix = slice_cut(&value, ',');
	struct slice columns = slice_cut(&value, ',');
	json_t *kernel = json_array();
	json_t *convolve = json_object();
	double width = 0;

	(void)e;
	while (matrix.at != NULL && json_array_size(kernel) < FILTER_WORDS)
		json_array_append_new(
		    kernel, number_json(slice_cut(&matrix, ';')));
	json_object_set_new(convolve, "width", number_json(columns));
	if (read_number(columns, &width) && width > 0)
		json_object_set_new(convolve, "height",
		    json_real(ceil((double)json_array_size(kernel) / width)));
	json_object_set_new(convolve, "kernel", kernel);
	json_object_set_new(f->edits, "convolve", convolve);
	return true;
}

static bool
filter_equalize(struct filters *f, struct slice value, struct err *e)
{
	(void)value;
	(void)e;
	set_true(f->edits, "normalize");
	return true;
}

/* Letters and digits alone; jpg in any case; else these words as they stand. */
static bool
filter_format(struct filters *f, struct slice value, struct err *e)
{
	static const char *const words[] = { "heic", "heif", "jpeg", "png",
		"raw", "tiff", "webp", "gif", "avif" };
	char word[16];
	size_t n = 0;

	(void)e;
	for (size_t i = 0; i < value.len && n + 1 < sizeof(word); i++) {
		char c = value.at[i];

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z'))
			word[n++] = c;
	}
	word[n] = '\0';
	if (slice_eq_nocase(slice_of(word), SLICE("jpg")))
		snprintf(word, sizeof(word), "jpeg");
	for (size_t i = 0; i < NELEM(words); i++)
		if (strcmp(word, words[i]) == 0)
			json_object_set_new(
			    f->edits, "toFormat", json_string(word));
	return true;
}

static bool
filter_grayscale(struct filters *f, struct slice value, struct err *e)
{
	(void)value;
	(void)e;
	set_true(f->edits, "grayscale");
	return true;
}

static bool
filter_no_upscale(struct filters *f, struct slice value, struct err *e)
{
	(void)value;
	(void)e;
	set_true(dit_resize_of(f->edits), "withoutEnlargement");
	return true;
}

/* Of the box, where it has both sides, else of the picture. */
static bool
filter_proportion(struct filters *f, struct slice value, struct err *e)
{
	json_t *resize;
	double ratio, width, height;

	(void)e;
	if (!read_number(value, &ratio) || !(ratio < 0 || ratio > 0))
		return true;
	resize = dit_resize_of(f->edits);
	width = json_number_value(json_object_get(resize, "width"));
	height = json_number_value(json_object_get(resize, "height"));
	if (width > 0 && height > 0) {
		json_object_set_new(resize, "width", json_real(width * ratio));
		json_object_set_new(
		    resize, "height", json_real(height * ratio));
	} else {
		json_object_set_new(resize, "ratio", json_real(ratio));
	}
	return true;
}

/* Of the format that the path ends in, else of that which format() has set. */
static bool
filter_quality(struct filters *f, struct slice value, struct err *e)
{
	static const char *const words[] = { "jpeg", "png", "webp", "tiff",
		"heif", "gif", "avif" };
	const char *to =
	    json_string_value(json_object_get(f->edits, "toFormat"));
	struct slice format =
	    slice_is(f->extension, "jpg") ? SLICE("jpeg") : f->extension;
	json_t *options;

	(void)e;
	for (int turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i < NELEM(words); i++) {
			if (!slice_is(format, words[i]))
				continue;
			options = json_object();
			json_object_set_new(
			    options, "quality", number_json(value));
			json_object_set_new(f->edits, words[i], options);
			return true;
		}
		format = slice_of(to);
	}
	return true;
}

/* Percent of each colour. */
static bool
filter_rgb(struct filters *f, struct slice value, struct err *e)
{
	static const char *const names[] = { "r", "g", "b" };
	json_t *tint = json_object();
	double part;

	(void)e;
	for (size_t i = 0; i < NELEM(names); i++) {
		if (read_number(slice_cut(&value, ','), &part))
			json_object_set_new(
			    tint, names[i], json_real(255 * part / 100));
		else
			json_object_set_new(tint, names[i], json_string("NaN"));
	}
	json_object_set_new(f->edits, "tint", tint);
	return true;
}

/* rotate() turns as the camera was held. */
static bool
filter_rotate(struct filters *f, struct slice value, struct err *e)
{
	(void)e;
	json_object_set_new(f->edits, "rotate",
	    slice_trim(value).len == 0 ? json_string("auto")
				       : number_json(value));
	return true;
}

/* Only the second argument, the radius, counts. */
static bool
filter_sharpen(struct filters *f, struct slice value, struct err *e)
{
	double radius;

	(void)e;
	slice_cut(&value, ',');
	if (value.at != NULL && read_number(slice_cut(&value, ','), &radius))
		json_object_set_new(
		    f->edits, "sharpen", json_real(1 + radius / 2));
	else
		json_object_set_new(f->edits, "sharpen", json_string("NaN"));
	return true;
}

/* smart_crop([face][,padding]) */
static bool
filter_smart_crop(struct filters *f, struct slice value, struct err *e)
{
	static const char *const names[] = { "faceIndex", "padding" };
	json_t *crop = json_object();

	(void)e;
	for (size_t i = 0; i < NELEM(names) && value.at != NULL; i++) {
		struct slice word = slice_cut(&value, ',');

		if (word.len > 0)
			json_object_set_new(
			    crop, names[i], dit_parse_int(word));
	}
	json_object_set_new(f->edits, "smartCrop", crop);
	return true;
}

/* fit-in stays what it is. */
static bool
filter_stretch(struct filters *f, struct slice value, struct err *e)
{
	json_t *resize = dit_resize_of(f->edits);
	const char *fit = json_string_value(json_object_get(resize, "fit"));

	(void)value;
	(void)e;
	if (fit == NULL || strcmp(fit, "inside") != 0)
		json_object_set_new(resize, "fit", json_string("fill"));
	return true;
}

/* Either of them takes all metadata. */
static bool
filter_strip(struct filters *f, struct slice value, struct err *e)
{
	(void)value;
	(void)e;
	json_object_set_new(f->edits, "rotate", json_null());
	return true;
}

static bool
filter_upscale(struct filters *f, struct slice value, struct err *e)
{
	(void)value;
	(void)e;
	json_object_set_new(
	    dit_resize_of(f->edits), "fit", json_string("inside"));
	return true;
}

/* A number, or percent from -100p to 100p. */
static bool
is_offset(struct slice word)
{
	double value;
	int64_t percent;

	if (slice_ends(word, SLICE("p"))) {
		word.len--;
		return num_int(word, -100, 100, &percent);
	}
	return read_number(word, &value);
}

/* watermark(bucket,key,x,y,alpha[,width ratio[,height ratio]]) */
static bool
filter_watermark(struct filters *f, struct slice value, struct err *e)
{
	static const char *const names[] = { "bucket", "key", "left", "top",
		"alpha", "wRatio", "hRatio" };
	json_t *overlay = json_object();
	json_t *options = json_object();
	char room[KEY_MAX + 256];
	struct slice rest = { room, 0 };

	(void)e;
	for (size_t i = 0; i < value.len && rest.len < sizeof(room); i++)
		if (value.at[i] != ' ' && value.at[i] != '\t')
			room[rest.len++] = value.at[i];
	for (size_t i = 0; i < NELEM(names) && rest.at != NULL; i++) {
		struct slice word = slice_cut(&rest, ',');
		bool offset = i == 2 || i == 3;

		if (!offset)
			json_object_set_new(overlay, names[i], text_json(word));
		else if (is_offset(word))
			json_object_set_new(options, names[i], text_json(word));
	}
	json_object_set_new(overlay, "options", options);
	json_object_set_new(f->edits, "overlayWith", overlay);
	return true;
}

static const struct {
	const char *name;
	bool (*read)(struct filters *f, struct slice value, struct err *e);
} filters_known[] = {
	{ "animated", filter_animated },
	{ "autojpg", filter_autojpg },
	{ "background_color", filter_background },
	{ "blur", filter_blur },
	{ "convolution", filter_convolution },
	{ "equalize", filter_equalize },
	{ "fill", filter_fill },
	{ "format", filter_format },
	{ "grayscale", filter_grayscale },
	{ "no_upscale", filter_no_upscale },
	{ "proportion", filter_proportion },
	{ "quality", filter_quality },
	{ "rgb", filter_rgb },
	{ "rotate", filter_rotate },
	{ "sharpen", filter_sharpen },
	{ "smart_crop", filter_smart_crop },
	{ "stretch", filter_stretch },
	{ "strip_exif", filter_strip },
	{ "strip_icc", filter_strip },
	{ "upscale", filter_upscale },
	{ "watermark", filter_watermark },
};

bool
dit_filter(
    struct slice text, struct slice extension, json_t *edits, struct err *e)
{
	struct filters f = { .edits = edits, .extension = extension };
	size_t close = text.len;
	size_t open;
	struct slice name, value;

	while (close > 0 && text.at[close - 1] != ')')
		close--;
	open = close;
	while (open > 0 && text.at[open - 1] != '(')
		open--;
	if (close < 2 || open < 2)
		return dit_fail(e, ERR_BAD_URL, DIT_INTERNAL, "filters", NULL);
	name = (struct slice){ text.at, open - 1 };
	value = (struct slice){ text.at + open, close - 1 - open };
	for (size_t i = 0; i < NELEM(filters_known); i++)
		if (slice_is(name, filters_known[i].name))
			return filters_known[i].read(&f, value, e);
	/* DIT says nothing about filters that it does not know. */
	return true;
}
