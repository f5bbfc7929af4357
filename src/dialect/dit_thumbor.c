/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths in Thumbor's style, as DIT reads them (dit.md, 1.5 and 3): no grammar,
 * but pieces that may stand anywhere,
 *
 *   /10x20:110x220/fit-in/300x200/filters:quality(80):rotate(90)/s3:B/KEY
 *
 * which become the same edits object that a JSON request has. The order of its
 * keys matters: crop, resize, then the filters as their texts are sorted.
 *
 * The path is looked at as it was sent: only the key is decoded.
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "base/codec.h"
#include "base/num.h"
#include "dialect/dit.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* How many digits stand at that place. */
static size_t
digits(struct slice s, size_t at)
{
	size_t n = 0;

	while (at + n < s.len && is_digit(s.at[at + n]))
		n++;
	return n;
}

/* The length of a size, 300x200, at that place; 0: there is none. */
static size_t
size_at(struct slice s, size_t at)
{
	size_t a = digits(s, at);
	size_t b = 0;

	if (a == 0 || at + a >= s.len || s.at[at + a] != 'x')
		return 0;
	b = digits(s, at + a + 1);
	return b > 0 ? a + 1 + b : 0;
}

static bool
char_at(struct slice s, size_t at, char c)
{
	return at < s.len && s.at[at] == c;
}

/* Of a size at that place: its two numbers. */
static void
size_numbers(struct slice s, size_t at, double *a, double *b)
{
	struct slice first = { s.at + at, digits(s, at) };
	struct slice second = { first.at + first.len + 1,
		digits(s, at + first.len + 1) };

	/* What is too large for a number is too large for a picture, too. */
	if (!num_double(first, 0, 1e300, a))
		*a = 1e300;
	if (!num_double(second, 0, 1e300, b))
		*b = 1e300;
}

static size_t
find_text(struct slice s, size_t from, struct slice what)
{
	for (size_t i = from; i + what.len <= s.len; i++)
		if (memcmp(s.at + i, what.at, what.len) == 0)
			return i;
	return s.len;
}

/* ---- Edits from the path ---- */

/* The first 10x20:110x220: left, top, right, bottom, of 1 to 6 digits. */
static void
read_crop(struct slice path, json_t *edits)
{
	for (size_t i = 0; i < path.len; i++) {
		size_t run = digits(path, i);
		double left, top, right, bottom;
		json_t *crop;
		size_t at, n;

		/* The pattern takes the last digits of a longer number. */
		if (run > 6)
			i += run - 6;
		at = i;
		n = run > 0 ? size_at(path, at) : 0;
		if (n == 0 || digits(path, at) > 6 ||
		    !char_at(path, at + n, ':') ||
		    digits(path, at + digits(path, at) + 1) > 6)
			continue;
		size_numbers(path, at, &left, &top);
		at += n + 1;
		if (size_at(path, at) == 0 || digits(path, at) > 6)
			continue;
		size_numbers(path, at, &right, &bottom);
		/* Of the last number at most six digits belong to it. */
		while (bottom > 999999)
			bottom = floor(bottom / 10);
		crop = json_object();
		json_object_set_new(crop, "left", json_real(left));
		json_object_set_new(crop, "top", json_real(top));
		json_object_set_new(crop, "width", json_real(right - left));
		json_object_set_new(crop, "height", json_real(bottom - top));
		json_object_set_new(edits, "crop", crop);
		return;
	}
}

/* The first /300x200/. A side of 0 is none, and then the picture fits in. */
static void
read_size(struct slice path, json_t *edits)
{
	double width, height;
	json_t *resize;

	for (size_t i = 0; i < path.len; i++) {
		size_t n = size_at(path, i + 1);

		if (path.at[i] != '/' || n == 0 ||
		    !char_at(path, i + 1 + n, '/'))
			continue;
		size_numbers(path, i + 1, &width, &height);
		resize = dit_resize_of(edits);
		json_object_set_new(resize, "width",
		    width > 0 ? json_real(width) : json_null());
		json_object_set_new(resize, "height",
		    height > 0 ? json_real(height) : json_null());
		if (!(width > 0) || !(height > 0))
			json_object_set_new(
			    resize, "fit", json_string("inside"));
		return;
	}
}

/* ---- Filters ---- */

enum { FILTERS_MAX = 64 };

static int
slice_order(const void *a, const void *b)
{
	const struct slice *x = a;
	const struct slice *y = b;
	size_t n = x->len < y->len ? x->len : y->len;
	int order = memcmp(x->at, y->at, n);

	if (order != 0)
		return order;
	return x->len < y->len ? -1 : x->len > y->len;
}

/*
 * The texts between the colons of every "filters" that is followed by groups
 * ":...)". More of them than any request can mean are refused.
 */
static bool
find_filters(struct slice path, struct slice *list, size_t *n, struct err *e)
{
	static const struct slice word = { "filters", 7 };
	size_t at = find_text(path, 0, word);

	for (*n = 0; at < path.len; at = find_text(path, at, word)) {
		struct slice run;
		size_t end = at + word.len;

		while (char_at(path, end, ':')) {
			size_t close =
			    end + slice_find(slice_skip(path, end), ')');

			/* At least one character stands before the ')'. */
			if (close >= path.len || close < end + 2)
				break;
			end = close + 1;
		}
		run = (struct slice){ path.at + at, end - at };
		at = end;
		slice_cut(&run, ':');
		while (run.at != NULL) {
			if (*n == FILTERS_MAX)
				return dit_fail(e, ERR_BAD_URL, DIT_INTERNAL,
				    "filters", NULL);
			list[(*n)++] = slice_cut(&run, ':');
		}
	}
	return true;
}

static bool
read_filters(struct slice path, json_t *edits, struct err *e)
{
	struct slice list[FILTERS_MAX];
	size_t dot = path.len;
	size_t n;

	if (!find_filters(path, list, &n, e))
		return false;
	while (dot > 0 && path.at[dot - 1] != '.')
		dot--;
	qsort(list, n, sizeof(list[0]), slice_order);
	for (size_t i = 0; i < n; i++)
		if (!dit_filter(list[i], slice_skip(path, dot), edits, e))
			return false;
	return true;
}

bool
dit_thumbor_edits(struct slice path, json_t *edits, struct err *e)
{
	read_crop(path, edits);
	read_size(path, edits);
	if (find_text(path, 0, SLICE("fit-in")) < path.len)
		json_object_set_new(
		    dit_resize_of(edits), "fit", json_string("inside"));
	return read_filters(path, edits, e);
}

/* ---- Bucket and key ---- */

struct slice
dit_thumbor_bucket(struct slice path, const struct dialect_in *in)
{
	while (path.at != NULL) {
		struct slice segment = slice_cut(&path, '/');
		struct slice name = slice_skip(segment, 3);

		if (slice_starts(segment, SLICE("s3:")) &&
		    dialect_store(in, name).at != NULL)
			return name;
	}
	return slice_of(in->nstore > 0 ? in->stores[0] : "");
}

/* A key from which pieces are taken out, in place. */
struct pieces {
	char *text;
	size_t len;
};

static struct slice
whole(const struct pieces *p)
{
	return (struct slice){ p->text, p->len };
}

static void
take_out(struct pieces *p, size_t at, size_t n)
{
	memmove(p->text + at, p->text + at + n, p->len - at - n);
	p->len -= n;
}

/* Every "/10x20:110x220" (crops) or "/300x200" that a slash follows. */
static void
take_sizes(struct pieces *p, bool crops)
{
	for (size_t i = 0; i < p->len; i++) {
		size_t n = size_at(whole(p), i + 1);
		size_t second;

		if (p->text[i] != '/' || n == 0)
			continue;
		if (crops) {
			second = size_at(whole(p), i + 1 + n + 1);
			if (!char_at(whole(p), i + 1 + n, ':') || second == 0)
				continue;
			n += 1 + second;
		}
		if (char_at(whole(p), i + 1 + n, '/')) {
			take_out(p, i, 1 + n);
			/* The slash that followed may begin another. */
			i--;
		}
	}
}

/* From the first "filters:watermark(" to the last ')' of all. */
static void
take_watermark(struct pieces *p)
{
	static const struct slice word = { "filters:watermark(", 18 };
	size_t at = find_text(whole(p), 0, word);
	size_t end = p->len;

	while (end > 0 && p->text[end - 1] != ')')
		end--;
	if (end >= at + word.len)
		take_out(p, at, end - at);
}

static void
take_filters(struct pieces *p)
{
	static const struct slice word = { "filters:", 8 };
	size_t at = find_text(whole(p), 0, word);

	for (; at < p->len; at = find_text(whole(p), at, word)) {
		struct slice rest = slice_skip(whole(p), at);
		size_t n = slice_find(rest, '/');

		if (n == word.len)
			at += n;
		else
			take_out(p, at, n);
	}
}

static void
take_fit_in(struct pieces *p)
{
	static const struct slice word = { "/fit-in", 7 };
	size_t at = find_text(whole(p), 0, word);

	for (; at < p->len; at = find_text(whole(p), at, word)) {
		if (char_at(whole(p), at + word.len, '/'))
			take_out(p, at, word.len);
		else
			at += word.len;
	}
}

static void
take_bucket(struct pieces *p, struct slice bucket)
{
	char word[512];
	int n = snprintf(word, sizeof(word), "s3:%.*s/", SLICE_ARG(bucket));
	size_t at;

	if (n < 0 || (size_t)n >= sizeof(word))
		return;
	at = find_text(whole(p), 0, slice_of(word));
	if (at < p->len)
		take_out(p, at, (size_t)n);
}

bool
dit_thumbor_key(struct slice path, struct slice bucket, char *room,
    struct slice *key, struct err *e)
{
	struct pieces p = { room, path.len };
	size_t slashes = 0;
	struct err unused;

	memcpy(room, path.at, path.len);
	take_sizes(&p, true);
	take_sizes(&p, false);
	take_watermark(&p);
	take_filters(&p);
	take_fit_in(&p);
	take_bucket(&p, bucket);
	while (slashes < p.len && room[slashes] == '/')
		slashes++;
	take_out(&p, 0, slashes);
	/* Decoding never makes it longer, so it may be in place. */
	*key = (struct slice){ room, 0 };
	if (!codec_percent(whole(&p), room, &key->len, &unused))
		return dit_fail(e, ERR_BAD_URL, DIT_INTERNAL, "path", NULL);
	return true;
}
