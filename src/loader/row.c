/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/row.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "base/num.h"
#include "loader/text.h"

#define NUM_MOST 1e12 /* milliseconds: more than thirty years */

enum column_type {
	COLUMN_UUID,
	COLUMN_MOMENT,
	COLUMN_TEXT,
	COLUMN_WHOLE,
	COLUMN_BIG,
	COLUMN_NUM,
	COLUMN_BOOL
};

static const char *const sql_types[] = {
	[COLUMN_UUID] = "uuid",
	[COLUMN_MOMENT] = "timestamp",
	[COLUMN_TEXT] = "text",
	[COLUMN_WHOLE] = "integer",
	[COLUMN_BIG] = "bigint",
	[COLUMN_NUM] = "double precision",
	[COLUMN_BOOL] = "boolean",
};

static const struct column {
	const char *name;
	enum column_type type;
	enum row_use use;
} columns[] = {
#define COLUMN(member, type, use) { #member, COLUMN_##type, ROW_##use },
#define LEFT_OUT(member, why)
#include "loader/column.def"
#undef COLUMN
#undef LEFT_OUT
};

/* Every member of the schema stands in column.def, if only to be left out. */
static const char *const members[] = {
#define COLUMN(member, type, use) #member,
#define LEFT_OUT(member, why)     #member,
#include "loader/column.def"
#undef COLUMN
#undef LEFT_OUT
};

struct row_maker {
	struct schema *schema;
	size_t field[NELEM(columns)]; /* index in the schema */
	size_t time;                  /* the field "time" */
};

/* --- setting up --- */

static size_t
field_of(const struct schema *s, const char *name)
{
	size_t i = 0;

	while (i < schema_count(s) && strcmp(schema_name(s, i), name) != 0)
		i++;
	return i;
}

static bool
bind(struct row_maker *m, struct err *e)
{
	if (schema_count(m->schema) != NELEM(members))
		return err_set(e, ERR_CONFIG,
		    "column.def has %zu members, event.schema.json %zu",
		    NELEM(members), schema_count(m->schema));
	for (size_t i = 0; i < NELEM(members); i++)
		if (field_of(m->schema, members[i]) == NELEM(members))
			return err_set(e, ERR_CONFIG,
			    "column.def: there is no member %s", members[i]);
	for (size_t i = 0; i < NELEM(columns); i++)
		m->field[i] = field_of(m->schema, columns[i].name);
	m->time = field_of(m->schema, "time");
	return true;
}

bool
row_maker_new(struct row_maker **out, struct err *e)
{
	struct row_maker *m = xcalloc(1, sizeof(*m));

	if (!schema_new(slice_of(text_event_schema_json), &m->schema, e) ||
	    !bind(m, e)) {
		row_maker_free(m);
		return false;
	}
	*out = m;
	return true;
}

void
row_maker_free(struct row_maker *m)
{
	if (m == NULL)
		return;
	schema_free(m->schema);
	free(m);
}

void
row_table(struct strbuf *out)
{
	strbuf_put(out, "CREATE TEMPORARY TABLE IF NOT EXISTS batch (");
	for (size_t i = 0; i < NELEM(columns); i++)
		strbuf_printf(out, "%s%s %s", i > 0 ? ", " : "",
		    columns[i].name, sql_types[columns[i].type]);
	strbuf_put(out, ") ON COMMIT DELETE ROWS");
}

void
row_columns(enum row_use fact, const char *prefix, struct strbuf *out)
{
	const char *between = "";

	for (size_t i = 0; i < NELEM(columns); i++) {
		if (columns[i].use != fact && columns[i].use != ROW_BOTH)
			continue;
		strbuf_printf(out, "%s%s%s", between, prefix, columns[i].name);
		between = ", ";
	}
}

/* --- days --- */

/* Days since 1970 by the calendar of today, proleptic: years begin in March,
 * so that the leap day is a year's last. */
static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month > 2 ? year : year - 1;
	int64_t in_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5;

	return 365 * y + y / 4 - y / 100 + y / 400 + in_year + day - 719469;
}

bool
row_day(int64_t year, int64_t month, int64_t day, int64_t *out)
{
	if (year < 1970 || month < 1 || month > 12 || day < 1)
		return false;
	*out = days_of(year, month, day);
	/* A day that the month does not have lies in the next one. */
	return *out < (month < 12 ? days_of(year, month + 1, 1)
				  : days_of(year + 1, 1, 1));
}

void
row_date(int64_t day, char out[ROW_DATE_MAX])
{
	int64_t year = 1970 + day / 366;
	int64_t month = 1;

	while (days_of(year + 1, 1, 1) <= day)
		year++;
	while (month < 12 && days_of(year, month + 1, 1) <= day)
		month++;
	(void)snprintf(out, ROW_DATE_MAX, "%04u-%02u-%02u",
	    (unsigned)year % 10000, (unsigned)month % 100,
	    (unsigned)(day - days_of(year, month, 1) + 1) % 100);
}

static int64_t
digits(const char *text, size_t n)
{
	int64_t value = -1;

	if (!num_int((struct slice){ text, n }, 0, 9999, &value))
		return -1;
	return value;
}

/* "2026-11-22T13:07:09.123Z", whose form the schema has checked. */
static bool
read_moment(const char *text, int64_t *day)
{
	return row_day(digits(text, 4), digits(text + 5, 2),
		   digits(text + 8, 2), day) &&
	    digits(text + 11, 2) < 24 && digits(text + 14, 2) < 60 &&
	    digits(text + 17, 2) < 60;
}

/* --- values --- */

static void
put_text(struct strbuf *out, const char *text)
{
	static const char special[] = "\\\b\f\n\r\t\v";
	static const char letters[] = "\\bfnrtv";

	for (;;) {
		size_t plain = strcspn(text, special);
		char escape[2] = { '\\', '\0' };

		strbuf_add(out, (struct slice){ text, plain });
		if (text[plain] == '\0')
			return;
		escape[1] = letters[strchr(special, text[plain]) - special];
		strbuf_add(out, (struct slice){ escape, 2 });
		text += plain + 1;
	}
}

/* The schema says so, too; but it is another file. */
static bool
is_of(enum column_type type, const json_t *value)
{
	switch (type) {
	case COLUMN_MOMENT:
	case COLUMN_UUID:
	case COLUMN_TEXT:
		return json_is_string(value);
	case COLUMN_BOOL:
		return json_is_boolean(value);
	case COLUMN_WHOLE:
	case COLUMN_BIG:
		return json_is_integer(value);
	case COLUMN_NUM:
		return json_is_number(value);
	}
	return false;
}

static bool
put_value(const struct column *c, const json_t *value, struct strbuf *out)
{
	char number[NUM_TEXT_MAX];
	int64_t ignored;

	if (value == NULL || json_is_null(value)) {
		strbuf_put(out, "\\N");
		return true;
	}
	if (!is_of(c->type, value))
		return false;
	switch (c->type) {
	case COLUMN_MOMENT:
		if (!read_moment(json_string_value(value), &ignored))
			return false;
		strbuf_put(out, json_string_value(value));
		return true;
	case COLUMN_UUID:
	case COLUMN_TEXT:
		put_text(out, json_string_value(value));
		return true;
	case COLUMN_BOOL:
		strbuf_put(out, json_is_true(value) ? "t" : "f");
		return true;
	case COLUMN_WHOLE:
		if (json_integer_value(value) > INT32_MAX ||
		    json_integer_value(value) < INT32_MIN)
			return false;
		strbuf_printf(
		    out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return true;
	case COLUMN_BIG:
		strbuf_printf(
		    out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return true;
	case COLUMN_NUM:
		/* Their sums must not overflow: a day could not be read. */
		if (json_number_value(value) > NUM_MOST)
			return false;
		(void)num_print(json_number_value(value), number);
		strbuf_put(out, number);
		return true;
	}
	return false;
}

bool
row_make(const struct row_maker *m, struct slice json, struct strbuf *out,
    int64_t *day, char why[SCHEMA_WHY_MAX])
{
	const json_t *values[SCHEMA_FIELDS_MAX];
	size_t before = out->len;
	struct err e;
	scoped_json event = json_read(json, &e);

	if (event == NULL) {
		(void)slice_copy(slice_of(e.detail), why, SCHEMA_WHY_MAX);
		return false;
	}
	if (!schema_check(m->schema, event, values, why))
		return false;
	if (!read_moment(json_string_value(values[m->time]), day)) {
		(void)snprintf(why, SCHEMA_WHY_MAX,
		    "time is no moment of the calendar since 1970");
		return false;
	}
	for (size_t i = 0; i < NELEM(columns); i++) {
		strbuf_put(out, i > 0 ? "\t" : "");
		if (put_value(&columns[i], values[m->field[i]], out))
			continue;
		(void)snprintf(why, SCHEMA_WHY_MAX,
		    "%s does not fit its column", columns[i].name);
		out->len = before;
		return false;
	}
	strbuf_put(out, "\n");
	return true;
}
