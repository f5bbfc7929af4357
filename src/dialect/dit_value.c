/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of the DIT language as JavaScript and sharp take them: numbers, texts
 * that are numbers, truth, colours.
 */
#include <assert.h>
#include <math.h>

#include "base/num.h"
#include "dialect/dit.h"
#include "plan/colour.h"

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

const json_t *
dit_member(const json_t *object, const char *name)
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
	const json_t *alpha = dit_member(json, "alpha");
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
		const json_t *c = dit_member(json, channels[i]);

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
