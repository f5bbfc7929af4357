/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edits as query parameters (dit.md, 1.7), laid over those of the path, and the
 * expiry (1.9). Unknown parameters say nothing, as in DIT.
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "base/codec.h"
#include "base/num.h"
#include "dialect/dit.h"

/* What JavaScript's parseInt() reads of a text in base ten. */
json_t *
dit_parse_int(struct slice s)
{
	double value = 0;
	size_t n = 0;
	bool minus;

	s = slice_trim(s);
	minus = slice_starts(s, SLICE("-"));
	if (minus || slice_starts(s, SLICE("+")))
		s = slice_skip(s, 1);
	while (n < s.len && s.at[n] >= '0' && s.at[n] <= '9')
		n++;
	s.len = n;
	if (n == 0)
		return json_string("NaN");
	/* More digits than a number has room for are more than anything. */
	if (!num_double(s, 0, 1e100, &value))
		value = 1e100;
	return json_real(minus ? -value : value);
}

static void
query_text(json_t *edits, const char *name, struct slice value)
{
	json_t *text = json_stringn(value.at, value.len);

	if (text == NULL)
		text = json_string("");
	if (strcmp(name, "fit") == 0)
		json_object_set_new(dit_resize_of(edits), name, text);
	else
		json_object_set_new(edits, name, text);
}

/* Nothing or 0: not set. */
static void
query_side(json_t *edits, const char *name, struct slice value)
{
	json_object_set_new(dit_resize_of(edits), name,
	    value.len == 0 || slice_is(value, "0") ? json_null()
						   : dit_parse_int(value));
}

static void
query_number(json_t *edits, const char *name, struct slice value)
{
	json_object_set_new(
	    edits, name, value.len == 0 ? json_null() : dit_parse_int(value));
}

static void
query_bool(json_t *edits, const char *name, struct slice value)
{
	bool on = value.len > 0 && !slice_is(value, "0") &&
	    !slice_eq_nocase(value, SLICE("false"));

	json_object_set_new(edits, name, json_boolean(on));
}

static const struct {
	const char *name;
	const char *edit;
	void (*read)(json_t *edits, const char *name, struct slice value);
} parameters[] = {
	{ "fit", "fit", query_text },
	{ "flip", "flip", query_bool },
	{ "flop", "flop", query_bool },
	{ "format", "toFormat", query_text },
	{ "grayscale", "greyscale", query_bool },
	{ "greyscale", "greyscale", query_bool },
	{ "height", "height", query_side },
	{ "rotate", "rotate", query_number },
	{ "width", "width", query_side },
};

/* The next parameter; names of Object Lambda's form lose their front. */
static struct slice
cut_parameter(struct slice *query, struct slice *name)
{
	struct slice value = slice_cut(query, '&');

	*name = slice_cut(&value, '=');
	if (slice_starts(*name, SLICE("ol-")))
		*name = slice_skip(*name, 3);
	if (value.at == NULL)
		value = SLICE("");
	return value;
}

bool
dit_query_edits(struct slice query, json_t *edits, struct err *e)
{
	while (query.at != NULL) {
		struct slice name;
		struct slice value = cut_parameter(&query, &name);
		char text[256];
		struct slice decoded = { text, 0 };
		struct err unused;
		size_t i = 0;

		while (i < NELEM(parameters) &&
		    !slice_is(name, parameters[i].name))
			i++;
		if (i == NELEM(parameters))
			continue;
		if (value.len > sizeof(text) ||
		    !codec_percent(value, text, &decoded.len, &unused))
			return dit_fail(e, ERR_BAD_URL, DIT_QUERY,
			    parameters[i].name, NULL);
		parameters[i].read(edits, parameters[i].edit, decoded);
	}
	return true;
}

/* ---- Signature and expiry ---- */

static bool
two_digits(struct slice s, size_t at, int min, int max, int *out)
{
	int64_t value;
	struct slice part = { s.at + at, 2 };

	if (!num_int(part, min, max, &value))
		return false;
	*out = (int)value;
	return true;
}

/* YYYYMMDDTHHmmssZ, a time that there is. */
static bool
read_time(struct slice s, int64_t *seconds)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	int century, year, month, day, hour, minute, second;
	int64_t n;
	bool leap;

	if (s.len != 16 || s.at[8] != 'T' || s.at[15] != 'Z')
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] == '-')
			return false;
	if (!two_digits(s, 0, 0, 99, &century) ||
	    !two_digits(s, 2, 0, 99, &year) ||
	    !two_digits(s, 4, 1, 12, &month) ||
	    !two_digits(s, 6, 1, 31, &day) || !two_digits(s, 9, 0, 23, &hour) ||
	    !two_digits(s, 11, 0, 59, &minute) ||
	    !two_digits(s, 13, 0, 59, &second))
		return false;
	year += 100 * century;
	leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	if (day > days[month - 1] + (month == 2 && leap))
		return false;
	/* Days since 1970: the years' own, their leap days, the months'. */
	n = (int64_t)(year - 1970) * 365;
	n += (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 - 477;
	for (int i = 0; i < month - 1; i++)
		n += days[i] + (i == 1 && leap);
	n += day - 1;
	n = ((n * 24 + hour) * 60 + minute) * 60 + second;
	/* 0 means never; what was before 1970 is as long over as that. */
	*seconds = n > 0 ? n : 1;
	return true;
}

bool
dit_claim(const struct dialect_in *in, struct claim *out, struct err *e)
{
	struct slice query = in->query;

	memset(out, 0, sizeof(*out));
	while (query.at != NULL) {
		struct slice name;
		struct slice value = cut_parameter(&query, &name);

		if (slice_is(name, "signature"))
			out->signature = value;
		else if (slice_is(name, "expires") &&
		    !read_time(value, &out->expires_s))
			return dit_fail(
			    e, ERR_BAD_VALUE, DIT_EXPIRY, "expires", NULL);
	}
	if (out->signature.len > 0)
		out->signed_text = in->path;
	return true;
}
