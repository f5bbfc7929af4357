/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/schema.h"

#include <regex.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/codec.h"
#include "base/num.h"

enum {
	IS_STRING = 1,
	IS_INTEGER = 2,
	IS_NUMBER = 4,
	IS_BOOLEAN = 8,
	IS_NULL = 16,
};

struct field {
	char *name;
	unsigned types; /* IS_...; 0: any that the enum has */
	bool required;
	bool has_min, has_max;
	double min, max;
	size_t max_length; /* code points */
	bool has_pattern;
	regex_t pattern;
	json_t *choice; /* array of enum, or of the one const; NULL: any */
};

struct schema {
	struct field field[SCHEMA_FIELDS_MAX];
	size_t n;
	size_t nrequired;
};

/* --- reading the schema --- */

static const struct {
	const char *name;
	unsigned type;
} type_names[] = {
	{ "string", IS_STRING },
	{ "integer", IS_INTEGER },
	{ "number", IS_NUMBER | IS_INTEGER },
	{ "boolean", IS_BOOLEAN },
	{ "null", IS_NULL },
};

static bool
wrong(struct err *e, const char *name, const char *what)
{
	return err_set(e, ERR_CONFIG, "event.schema.json: %s: %s", name, what);
}

static bool
add_type(struct field *f, const json_t *name, struct err *e)
{
	for (size_t i = 0; json_is_string(name) && i < NELEM(type_names); i++) {
		if (strcmp(json_string_value(name), type_names[i].name) != 0)
			continue;
		f->types |= type_names[i].type;
		return true;
	}
	return wrong(e, f->name, "a type is not known");
}

static bool
read_type(struct field *f, json_t *value, struct err *e)
{
	if (!json_is_array(value))
		return add_type(f, value, e);
	for (size_t i = 0; i < json_array_size(value); i++)
		if (!add_type(f, json_array_get(value, i), e))
			return false;
	return true;
}

static bool
read_enum(struct field *f, json_t *value, struct err *e)
{
	if (!json_is_array(value))
		return wrong(e, f->name, "enum is no list");
	f->choice = json_incref(value);
	return true;
}

static bool
read_const(struct field *f, json_t *value, struct err *e)
{
	(void)e;
	f->choice = json_array();
	return json_array_append(f->choice, value) == 0;
}

static bool
read_pattern(struct field *f, json_t *value, struct err *e)
{
	/* Its patterns mean the same as extended regular expressions. */
	if (!json_is_string(value) ||
	    regcomp(&f->pattern, json_string_value(value),
		REG_EXTENDED | REG_NOSUB) != 0)
		return wrong(e, f->name, "the pattern is not understood");
	f->has_pattern = true;
	return true;
}

static bool
read_length(struct field *f, json_t *value, struct err *e)
{
	if (!json_is_integer(value) || json_integer_value(value) < 1)
		return wrong(e, f->name, "maxLength is no number");
	f->max_length = (size_t)json_integer_value(value);
	return true;
}

static bool
read_min(struct field *f, json_t *value, struct err *e)
{
	if (!json_is_number(value))
		return wrong(e, f->name, "minimum is no number");
	f->has_min = true;
	f->min = json_number_value(value);
	return true;
}

static bool
read_max(struct field *f, json_t *value, struct err *e)
{
	if (!json_is_number(value))
		return wrong(e, f->name, "maximum is no number");
	f->has_max = true;
	f->max = json_number_value(value);
	return true;
}

static bool
read_nothing(struct field *f, json_t *value, struct err *e)
{
	(void)f;
	(void)value;
	(void)e;
	return true;
}

static const struct {
	const char *word;
	bool (*read)(struct field *f, json_t *value, struct err *e);
} words[] = {
	{ "description", read_nothing },
	{ "type", read_type },
	{ "enum", read_enum },
	{ "const", read_const },
	{ "pattern", read_pattern },
	{ "maxLength", read_length },
	{ "minimum", read_min },
	{ "maximum", read_max },
};

static bool
read_field(struct field *f, json_t *rules, struct err *e)
{
	const char *word;
	json_t *value;

	json_object_foreach(rules, word, value)
	{
		size_t i = 0;

		while (i < NELEM(words) && strcmp(words[i].word, word) != 0)
			i++;
		if (i == NELEM(words))
			return wrong(
			    e, f->name, "has a word that is not known");
		if (!words[i].read(f, value, e))
			return false;
	}
	if (f->types == 0 && f->choice == NULL)
		return wrong(e, f->name, "has no type");
	return true;
}

static struct field *
find(struct schema *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->field[i].name, name) == 0)
			return &s->field[i];
	return NULL;
}

static bool
read_required(struct schema *s, const json_t *list, struct err *e)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));
		struct field *f = name != NULL ? find(s, name) : NULL;

		if (f == NULL || f->required)
			return wrong(e, "required",
			    "names what is no property, or twice");
		f->required = true;
		s->nrequired++;
	}
	return true;
}

static bool
read_schema(struct schema *s, const json_t *root, struct err *e)
{
	static const char *const known[] = { "$schema", "title", "description",
		"type", "additionalProperties", "required", "properties" };
	json_t *properties = json_object_get(root, "properties");
	const char *name;
	json_t *rules;

	if (json_object_size(root) != NELEM(known))
		return wrong(e, "its top", "has a word that is not known");
	for (size_t i = 0; i < NELEM(known); i++)
		if (json_object_get(root, known[i]) == NULL)
			return wrong(e, known[i], "is missing");
	if (!json_is_false(json_object_get(root, "additionalProperties")))
		return wrong(e, "additionalProperties", "is not false");
	json_object_foreach(properties, name, rules)
	{
		if (s->n == SCHEMA_FIELDS_MAX)
			return wrong(e, "properties", "are too many");
		s->field[s->n].name = xstrdup(name);
		if (!read_field(&s->field[s->n++], rules, e))
			return false;
	}
	return read_required(s, json_object_get(root, "required"), e);
}

bool
schema_new(struct slice text, struct schema **out, struct err *e)
{
	struct schema *s = xcalloc(1, sizeof(*s));
	struct err why;
	scoped_json root = json_read(text, &why);
	bool ok =
	    root != NULL ? read_schema(s, root, e) : wrong(e, "it", why.detail);

	if (!ok) {
		schema_free(s);
		return false;
	}
	*out = s;
	return true;
}

void
schema_free(struct schema *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++) {
		struct field *f = &s->field[i];

		if (f->has_pattern)
			regfree(&f->pattern);
		json_decref(f->choice);
		free(f->name);
	}
	free(s);
}

size_t
schema_count(const struct schema *s)
{
	return s->n;
}

const char *
schema_name(const struct schema *s, size_t field)
{
	return s->field[field].name;
}

/* --- an event --- */

static bool refuse(char why[SCHEMA_WHY_MAX], const char *format, ...)
    printf_like(2, 3);

static bool
refuse(char why[SCHEMA_WHY_MAX], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why, SCHEMA_WHY_MAX, format, args);
	va_end(args);
	return false;
}

static unsigned
type_of(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		return IS_STRING;
	case JSON_INTEGER:
		return IS_INTEGER;
	case JSON_REAL:
		return IS_NUMBER;
	case JSON_TRUE:
	case JSON_FALSE:
		return IS_BOOLEAN;
	case JSON_NULL:
		return IS_NULL;
	case JSON_OBJECT:
	case JSON_ARRAY:
		break;
	}
	return 0;
}

static bool
is_choice(const struct field *f, const json_t *value)
{
	for (size_t i = 0; i < json_array_size(f->choice); i++)
		if (json_equal(json_array_get(f->choice, i), value) != 0)
			return true;
	return false;
}

/* jansson has checked that it is UTF-8: all but continuation bytes count. */
static size_t
code_points(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static bool
check_text(const struct field *f, const json_t *value, char *why)
{
	const char *text = json_string_value(value);

	if (f->max_length > 0 && json_string_length(value) > f->max_length &&
	    code_points(text) > f->max_length)
		return refuse(why, "%s is longer than %zu characters", f->name,
		    f->max_length);
	/* Longer than any that fits one, whatever the pattern's repetitions. */
	if (f->has_pattern &&
	    (json_string_length(value) > 1024 ||
		regexec(&f->pattern, text, 0, NULL, 0) != 0))
		return refuse(why, "%s does not have its form", f->name);
	return true;
}

static bool
check_number(const struct field *f, const json_t *value, char *why)
{
	double number = json_number_value(value);
	char limit[NUM_TEXT_MAX];

	if (f->has_min && number < f->min) {
		(void)num_print(f->min, limit);
		return refuse(why, "%s is less than %s", f->name, limit);
	}
	if (f->has_max && number > f->max) {
		(void)num_print(f->max, limit);
		return refuse(why, "%s is more than %s", f->name, limit);
	}
	return true;
}

static bool
check_value(const struct field *f, const json_t *value, char *why)
{
	unsigned type = type_of(value);

	if (f->types != 0 && (f->types & type) == 0)
		return refuse(why, "%s is of another type", f->name);
	if (f->choice != NULL && !is_choice(f, value))
		return refuse(
		    why, "%s is none of the words it may be", f->name);
	if (type == IS_STRING)
		return check_text(f, value, why);
	if (type == IS_NUMBER || type == IS_INTEGER)
		return check_number(f, value, why);
	return true;
}

/*
 * Members mostly come in the schema's order, so the search begins behind the
 * one that was found last.
 */
static size_t
place(const struct schema *s, const char *name, size_t hint)
{
	for (size_t i = 0; i < s->n; i++) {
		size_t at = (hint + i) % s->n;

		if (strcmp(s->field[at].name, name) == 0)
			return at;
	}
	return s->n;
}

static bool
missing(const struct schema *s, const json_t *const *values, char *why)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->field[i].required && values[i] == NULL)
			return refuse(why, "%s is missing", s->field[i].name);
	return true;
}

bool
schema_check(const struct schema *s, const json_t *event,
    const json_t *values[SCHEMA_FIELDS_MAX], char why[SCHEMA_WHY_MAX])
{
	size_t required = 0;
	size_t hint = 0;
	json_t *object;
	const char *name;
	json_t *value;

	if (!json_is_object(event))
		return refuse(why, "is no JSON object");
	memset(values, 0, s->n * sizeof(*values));
	/* jansson's macros want a json_t that is not const; nothing changes. */
	memcpy(&object, &event, sizeof(object));
	json_object_foreach(object, name, value)
	{
		size_t at = place(s, name, hint);
		char shown[64];

		if (at == s->n) {
			codec_log_escape(slice_of(name), shown, sizeof(shown));
			return refuse(
			    why, "has a member that is not known: %s", shown);
		}
		if (!check_value(&s->field[at], value, why))
			return false;
		values[at] = value;
		required += s->field[at].required;
		hint = at + 1;
	}
	return required == s->nrequired || missing(s, values, why);
}
