/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only place that knows how a value of each type is written and where its
 * field lies. Fields are reached by memcpy(): the tables know an offset, not a
 * C type.
 */
#include "conf/table.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <unistd.h>

#include "base/num.h"
#include "conf/conf.h"

/* What the columns min and max of a row mean, by type. */
#define LIMITS_TEXT(lo, hi)  .min = (lo), .max = (hi)
#define LIMITS_PATH(lo, hi)  .min = (lo), .max = (hi)
#define LIMITS_WHOLE(lo, hi) .min = (lo), .max = (hi)
#define LIMITS_NUM(lo, hi)   .min = (lo), .max = (hi)
#define LIMITS_BOOL(lo, hi)  .min = (lo), .max = (hi)
#define LIMITS_SIZE(lo, hi)  .min = (lo), .max = (hi)
#define LIMITS_TIME(lo, hi)  .min = (lo), .max = (hi)
#define LIMITS_LIST(lo, hi)  .min = (lo), .max = (hi)
#define LIMITS_PICK(lo, hi)  .words = (hi)

#define ROW(of, field, section_, name_, type_, def_, lo, hi, flags_, text_) \
	{ .section = #section_,                                             \
		.name = #name_,                                             \
		.def = (def_),                                              \
		.text = (text_),                                            \
		LIMITS_##type_(lo, hi),                                     \
		.offset = offsetof(of, field),                              \
		.type = CONF_IS_##type_,                                    \
		.flags = CONF_FLAG_##flags_ },

#define NO_ROW(section, name, type, def, min, max, flags, text)

#define KEY(section, name, type, def, min, max, flags, text)                   \
	ROW(struct conf, section##_##name, section, name, type, def, min, max, \
	    flags, text)
#define MOUNT_KEY NO_ROW
#define STORE_KEY NO_ROW
static const struct conf_row main_rows[] = {
#include "conf/conf.def"
};
#undef KEY
#undef MOUNT_KEY

/* conf_may_replace() compares the rows of struct conf alone. */
#define KEY NO_ROW
#define MOUNT_KEY(section, name, type, def, min, max, flags, text)   \
	_Static_assert((CONF_FLAG_##flags & CONF_FLAG_RESTART) == 0, \
	    "keys of named sections can be reloaded");
#undef STORE_KEY
#define STORE_KEY MOUNT_KEY
#include "conf/conf.def"
#undef MOUNT_KEY
#undef STORE_KEY

#define MOUNT_KEY(section, name, type, def, min, max, flags, text)       \
	ROW(struct conf_mount, name, section, name, type, def, min, max, \
	    flags, text)
#define STORE_KEY NO_ROW
static const struct conf_row mount_rows[] = {
#include "conf/conf.def"
};
#undef MOUNT_KEY
#undef STORE_KEY

#define MOUNT_KEY NO_ROW
#define STORE_KEY(section, name, type, def, min, max, flags, text)       \
	ROW(struct conf_store, name, section, name, type, def, min, max, \
	    flags, text)
static const struct conf_row store_rows[] = {
#include "conf/conf.def"
};
#undef KEY
#undef MOUNT_KEY
#undef STORE_KEY

static const struct conf_table tables[CONF_TABLES] = {
	[CONF_MAIN] = { NULL, main_rows, NELEM(main_rows),
	    sizeof(struct conf) },
	[CONF_MOUNT_TABLE] = { "mount", mount_rows, NELEM(mount_rows),
	    sizeof(struct conf_mount) },
	[CONF_STORE_TABLE] = { "store", store_rows, NELEM(store_rows),
	    sizeof(struct conf_store) },
};

const struct conf_table *
conf_table(enum conf_table_id id)
{
	assert(id < CONF_TABLES);
	return &tables[id];
}

const struct conf_preset *
conf_presets(void)
{
	static const struct conf_preset presets[] = {
#define PRESET(table, name, key, value) { table, name, key, value },
#include "conf/preset.def"
#undef PRESET
		{ CONF_TABLES, NULL, NULL, NULL },
	};

	return presets;
}

void
row_env(const struct conf_row *row, const char *name, char out[CONF_ENV_MAX])
{
	int n = snprintf(out, CONF_ENV_MAX, "PICTOR_%s_%s%s%s", row->section,
	    name != NULL ? name : "", name != NULL ? "_" : "", row->name);

	assert(n > 0 && n < CONF_ENV_MAX);
	for (char *at = out; *at != '\0'; at++) {
		if (*at == '-')
			*at = '_';
		else
			*at = (char)toupper((unsigned char)*at);
	}
}

/* One word in row->words; *rest as slice_cut() wants it. */
static struct slice
word_cut(struct slice *rest)
{
	struct slice word = { rest->at, 0 };

	while (rest->len > 0 && strchr(" \t,", rest->at[0]) != NULL)
		*rest = slice_skip(*rest, 1);
	word.at = rest->at;
	while (
	    word.len < rest->len && strchr(" \t,", word.at[word.len]) == NULL)
		word.len++;
	*rest = slice_skip(*rest, word.len);
	return word;
}

/* --- reading --- */

static void
field_set(
    const struct conf_row *row, void *base, const void *value, size_t size)
{
	memcpy((char *)base + row->offset, value, size);
}

/* Relative paths are meant from where the program was started. */
static const char *
path_absolute(struct slice path, struct arena *a)
{
	char folder[PATH_MAX];

	if (path.len == 0 || path.at[0] == '/' || slice_is(path, "-") ||
	    getcwd(folder, sizeof(folder)) == NULL)
		return arena_copy(a, path);
	if (slice_is(path, "."))
		return arena_copy(a, slice_of(folder));
	return arena_printf(a, "%s/%.*s",
	    strcmp(folder, "/") == 0 ? "" : folder, SLICE_ARG(path));
}

static bool
list_read(struct slice text, struct arena *a, struct conf_list *out)
{
	struct slice rest = text;
	struct slice word;
	const char **item;
	size_t n = 0;

	for (; (word = word_cut(&rest)).len > 0; n++)
		/* Printed with blanks between, it would begin a comment. */
		if (word.at[0] == ';')
			return false;
	item = arena_alloc(a, (n + 1) * sizeof(*item));
	rest = text;
	for (size_t i = 0; i < n; i++)
		item[i] = arena_copy(a, word_cut(&rest));
	*out = (struct conf_list){ item, n };
	return true;
}

static bool
pick_read(const char *words, struct slice value, int64_t *out)
{
	struct slice rest = slice_of(words);
	int64_t i = 0;

	for (struct slice word = word_cut(&rest); word.len > 0;
	     word = word_cut(&rest), i++) {
		if (!slice_eq(word, value))
			continue;
		*out = i;
		return true;
	}
	return false;
}

/* A limit of a TIME row, in ns. */
static int64_t
seconds(double limit)
{
	return (int64_t)(limit * NS_PER_S);
}

/* The types whose field is an int64_t. */
static bool
whole_read(const struct conf_row *row, struct slice value, int64_t *out)
{
	int64_t min = (int64_t)row->min;
	int64_t max = (int64_t)row->max;

	switch (row->type) {
	case CONF_IS_WHOLE:
		return num_int(value, min, max, out);
	case CONF_IS_SIZE:
		return num_size(value, min, max, out);
	case CONF_IS_TIME:
		return num_duration(
		    value, seconds(row->min), seconds(row->max), out);
	case CONF_IS_PICK:
		return pick_read(row->words, value, out);
	case CONF_IS_TEXT:
	case CONF_IS_PATH:
	case CONF_IS_NUM:
	case CONF_IS_BOOL:
	case CONF_IS_LIST:
		break;
	}
	return false;
}

bool
row_read(
    const struct conf_row *row, struct slice value, void *base, struct arena *a)
{
	const char *text;
	struct conf_list list;
	int64_t whole;
	double num;
	bool yes;

	switch (row->type) {
	case CONF_IS_TEXT:
	case CONF_IS_PATH:
		text = row->type == CONF_IS_PATH ? path_absolute(value, a)
						 : arena_copy(a, value);
		field_set(row, base, &text, sizeof(text));
		return true;
	case CONF_IS_LIST:
		if (!list_read(value, a, &list))
			return false;
		field_set(row, base, &list, sizeof(list));
		return true;
	case CONF_IS_NUM:
		if (!num_double(value, row->min, row->max, &num))
			return false;
		field_set(row, base, &num, sizeof(num));
		return true;
	case CONF_IS_BOOL:
		if (!num_bool(value, &yes))
			return false;
		field_set(row, base, &yes, sizeof(yes));
		return true;
	case CONF_IS_WHOLE:
	case CONF_IS_SIZE:
	case CONF_IS_TIME:
	case CONF_IS_PICK:
		if (!whole_read(row, value, &whole))
			return false;
		field_set(row, base, &whole, sizeof(whole));
		return true;
	}
	return false;
}

/* --- printing --- */

struct unit {
	int64_t factor;
	const char *suffix;
};

/* In the largest unit that divides it, so that it reads back the same. */
static void
unit_print(int64_t value, const struct unit *unit, FILE *out)
{
	while (value == 0 ? unit->factor != 1 : value % unit->factor != 0)
		unit++;
	fprintf(out, "%" PRId64 "%s", value / unit->factor, unit->suffix);
}

static void
size_print(int64_t value, FILE *out)
{
	static const struct unit units[] = {
		{ (int64_t)GIB, "G" },
		{ (int64_t)MIB, "M" },
		{ (int64_t)KIB, "k" },
		{ 1, "" },
	};

	unit_print(value, units, out);
}

static void
time_print(int64_t ns, FILE *out)
{
	static const struct unit units[] = {
		{ 86400000, "d" },
		{ 3600000, "h" },
		{ 60000, "m" },
		{ 1000, "s" },
		{ 1, "ms" },
	};

	if (ns == 0)
		fputs("0s", out);
	else if (ns % NS_PER_MS == 0)
		unit_print(ns / NS_PER_MS, units, out);
	else
		fprintf(out, "%" PRId64 ".%09" PRId64 "s", ns / NS_PER_S,
		    ns % NS_PER_S);
}

static void
num_write(double value, FILE *out)
{
	char text[NUM_TEXT_MAX];

	num_print(value, text);
	fputs(text, out);
}

static void
list_print(const struct conf_list *list, FILE *out)
{
	for (size_t i = 0; i < list->n; i++)
		fprintf(out, "%s%s", i > 0 ? " " : "", list->item[i]);
}

static void
pick_print(const char *words, int64_t index, FILE *out)
{
	struct slice rest = slice_of(words);
	struct slice word = word_cut(&rest);

	while (index-- > 0)
		word = word_cut(&rest);
	fprintf(out, "%.*s", SLICE_ARG(word));
}

void
row_print(const struct conf_row *row, const void *base, FILE *out)
{
	const void *field = (const char *)base + row->offset;
	const char *text;
	struct conf_list list;
	int64_t whole = 0;
	double num;
	bool yes;

	switch (row->type) {
	case CONF_IS_TEXT:
	case CONF_IS_PATH:
		memcpy(&text, field, sizeof(text));
		fputs(text, out);
		return;
	case CONF_IS_LIST:
		memcpy(&list, field, sizeof(list));
		list_print(&list, out);
		return;
	case CONF_IS_NUM:
		memcpy(&num, field, sizeof(num));
		num_write(num, out);
		return;
	case CONF_IS_BOOL:
		memcpy(&yes, field, sizeof(yes));
		fputs(yes ? "on" : "off", out);
		return;
	case CONF_IS_WHOLE:
	case CONF_IS_SIZE:
	case CONF_IS_TIME:
	case CONF_IS_PICK:
		memcpy(&whole, field, sizeof(whole));
		break;
	}
	if (row->type == CONF_IS_SIZE)
		size_print(whole, out);
	else if (row->type == CONF_IS_TIME)
		time_print(whole, out);
	else if (row->type == CONF_IS_PICK)
		pick_print(row->words, whole, out);
	else
		fprintf(out, "%" PRId64, whole);
}

/* "one of a, b, c" */
static void
words_print(const char *words, FILE *out)
{
	struct slice rest = slice_of(words);
	const char *before = "one of ";

	for (struct slice word = word_cut(&rest); word.len > 0;
	     word = word_cut(&rest)) {
		fprintf(out, "%s%.*s", before, SLICE_ARG(word));
		before = ", ";
	}
}

static void
accepted_print(const struct conf_row *row, FILE *out)
{
	switch (row->type) {
	case CONF_IS_TEXT:
		fputs("text", out);
		return;
	case CONF_IS_PATH:
		fputs("a path", out);
		return;
	case CONF_IS_LIST:
		fputs(
		    "words with blanks between, none of which begins with ';'",
		    out);
		return;
	case CONF_IS_BOOL:
		fputs("on or off", out);
		return;
	case CONF_IS_PICK:
		words_print(row->words, out);
		return;
	case CONF_IS_WHOLE:
		fprintf(out, "a whole number from %.0f to %.0f", row->min,
		    row->max);
		return;
	case CONF_IS_NUM:
		fprintf(
		    out, "a number from %.15g to %.15g", row->min, row->max);
		return;
	case CONF_IS_SIZE:
		fputs("a size from ", out);
		size_print((int64_t)row->min, out);
		fputs(" to ", out);
		size_print((int64_t)row->max, out);
		fputs(" such as 500k, 64M or 2G", out);
		return;
	case CONF_IS_TIME:
		fputs("a time from ", out);
		time_print(seconds(row->min), out);
		fputs(" to ", out);
		time_print(seconds(row->max), out);
		fputs(" such as 500ms, 10s, 5m, 2h or 7d", out);
		return;
	}
}

void
row_accepted(const struct conf_row *row, char *out, size_t size)
{
	FILE *f = fmemopen(out, size, "w");

	assert(f != NULL);
	accepted_print(row, f);
	(void)fclose(f);
	out[size - 1] = '\0';
}

/* Texts are the same if they are printed the same: so are fields. */
bool
row_same(const struct conf_row *row, const void *base, const void *other)
{
	char *text[2] = { NULL, NULL };
	const void *of[2] = { base, other };
	bool same;

	for (size_t i = 0; i < 2; i++) {
		size_t size;
		FILE *f = open_memstream(&text[i], &size);

		assert(f != NULL);
		row_print(row, of[i], f);
		(void)fclose(f);
	}
	same = strcmp(text[0], text[1]) == 0;
	free(text[0]);
	free(text[1]);
	return same;
}
