/* SPDX-License-Identifier: Apache-2.0 */
#include "schema.h"

#include <regex.h>
#include <string.h>

#include "unit.h"

static bool
type_is(const json_t *value, const char *type)
{
	if (strcmp(type, "null") == 0)
		return json_is_null(value);
	if (strcmp(type, "string") == 0)
		return json_is_string(value);
	if (strcmp(type, "integer") == 0)
		return json_is_integer(value);
	if (strcmp(type, "number") == 0)
		return json_is_number(value);
	assert_string_equal(type, "boolean");
	return json_is_boolean(value);
}

bool
schema_pattern_fits(const char *pattern, const char *text)
{
	regex_t regex;
	bool fits;

	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	fits = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return fits;
}

static size_t
characters(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

bool
schema_one_of(const json_t *list, const json_t *value)
{
	size_t i;
	json_t *word;

	json_array_foreach(
	    list, i, word) if (json_equal(word, value)) return true;
	return false;
}

static bool
any_type(const json_t *types, const json_t *value)
{
	size_t i;
	json_t *type;

	if (json_is_string(types))
		return type_is(value, json_string_value(types));
	json_array_foreach(types, i,
	    type) if (type_is(value, json_string_value(type))) return true;
	return false;
}

/* One keyword of the schema; one that is unknown here is a failure. */
static bool
keyword_fits(const char *word, json_t *rule, json_t *value)
{
	const char *text = json_string_value(value);
	double number = json_number_value(value);

	if (strcmp(word, "description") == 0)
		return json_string_length(rule) > 0;
	if (strcmp(word, "const") == 0)
		return json_equal(rule, value);
	if (strcmp(word, "enum") == 0)
		return schema_one_of(rule, value);
	if (strcmp(word, "type") == 0)
		return any_type(rule, value);
	if (strcmp(word, "pattern") == 0)
		return text == NULL ||
		    schema_pattern_fits(json_string_value(rule), text);
	if (strcmp(word, "maxLength") == 0)
		return text == NULL ||
		    characters(text) <= (size_t)json_integer_value(rule);
	if (strcmp(word, "minimum") == 0)
		return !json_is_number(value) ||
		    number >= json_number_value(rule);
	if (strcmp(word, "maximum") == 0)
		return !json_is_number(value) ||
		    number <= json_number_value(rule);
	return false;
}

void
schema_check(json_t *schema, json_t *event)
{
	json_t *rules = json_object_get(schema, "properties");
	json_t *required = json_object_get(schema, "required");
	const char *name;
	json_t *value;

	assert_true(json_is_object(event));
	assert_int_equal(json_object_size(event), json_array_size(required));
	json_object_foreach(event, name, value)
	{
		json_t *rule = json_object_get(rules, name);
		json_t *limit;
		const char *word;

		if (rule == NULL)
			fail_msg("%s is not in the schema", name);
		json_object_foreach(
		    rule, word, limit) if (!keyword_fits(word, limit, value))
		    fail_msg("%s: %s", name, word);
	}
}
