/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jansson recurses, up to 2048 levels: the depth is bounded before it runs.
 * Its messages quote the text, so ours are told apart by its error code.
 */
#include "base/json.h"

#include "base/err.h"
#include "base/secret.h"

/* What a URL or a small body can hold; deeper than any language of ours. */
enum { JSON_SIZE_MAX = 64 * 1024, JSON_DEPTH_MAX = 32 };

static const struct {
	enum json_error_code code;
	const char *text;
} json_faults[] = {
	{ json_error_premature_end_of_input, "ends too early" },
	{ json_error_end_of_input_expected, "goes on after its end" },
	{ json_error_invalid_utf8, "is not UTF-8" },
	{ json_error_duplicate_key, "has a key twice" },
	{ json_error_numeric_overflow, "has a number out of range" },
	{ json_error_null_byte_in_key, "has a zero byte in a key" },
	{ json_error_null_character, "has a zero byte in a text" },
	{ json_error_stack_overflow, "is nested too deep" },
	{ json_error_out_of_memory, "is too large" },
};

static const char *
json_fault(enum json_error_code code)
{
	for (size_t i = 0; i < NELEM(json_faults); i++)
		if (json_faults[i].code == code)
			return json_faults[i].text;
	return "is malformed";
}

/* Brackets outside strings; on bad text any answer will do, jansson refuses. */
static bool
json_is_deep(struct slice text)
{
	bool quoted = false;
	size_t depth = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '[' || c == '{'))
			depth++;
		else if (!quoted && (c == ']' || c == '}') && depth > 0)
			depth--;
		if (depth > JSON_DEPTH_MAX)
			return true;
	}
	return false;
}

json_t *
json_read(struct slice text, struct err *e)
{
	return json_read_long(text, JSON_SIZE_MAX, e);
}

json_t *
json_read_long(struct slice text, size_t most, struct err *e)
{
	json_error_t fault;
	json_t *json;

	if (text.len > most) {
		err_set(e, ERR_BAD_URL, "JSON of %zu bytes, at most %zu",
		    text.len, most);
		return NULL;
	}
	if (json_is_deep(text)) {
		err_set(e, ERR_BAD_URL, "JSON nested deeper than %d",
		    JSON_DEPTH_MAX);
		return NULL;
	}
	json = json_loadb(text.len > 0 ? text.at : "", text.len,
	    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &fault);
	if (json == NULL)
		err_set(e, ERR_BAD_URL, "JSON %s at byte %d",
		    json_fault(json_error_code(&fault)), fault.position);
	return json;
}

/* jansson lends its texts as const; they are its own heap all the same. */
static void
wipe_text(const json_t *text)
{
	const char *at = json_string_value(text);
	char *own;

	memcpy(&own, &at, sizeof(own));
	secret_wipe(own, json_string_length(text));
}

void
json_wipe(json_t *object)
{
	void *at = json_object_iter(object);

	for (; at != NULL; at = json_object_iter_next(object, at))
		if (json_is_string(json_object_iter_value(at)))
			wipe_text(json_object_iter_value(at));
}
