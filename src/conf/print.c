/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration as INI, the sample file and the list of keys for --help.
 * Texts are broken at 80 columns, since people read them in terminals.
 */
#include "conf/print.h"

#include <assert.h>

#include "base/text.h"
#include "conf/build.h"
#include "conf/conf.h"
#include "conf/table.h"

enum { COLUMNS = 79, ORIGIN_COLUMN = 40, KEY_COLUMN = 30 };

/* --- the configuration in force --- */

static void
print_origin(FILE *out, const struct conf_where *where)
{
	if (where->env != NULL)
		fprintf(out, "; environment: %s\n", where->env);
	else if (where->file != NULL)
		fprintf(out, "; %s:%u\n", where->file, where->line);
	else
		fputs("; default\n", out);
}

/* An inline comment: what is printed can be used as a file. */
static void
print_setting(FILE *out, const struct conf_part *part, size_t i)
{
	const struct conf_row *row = &part->table->rows[i];
	bool secret = (row->flags & CONF_FLAG_SECRET) != 0;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL)
		abort();
	row_print(row, part->base, f);
	(void)fclose(f);
	/* Masked as a comment, so that the mask is never taken for a value. */
	if (secret && size > 0)
		fprintf(out, "; %s = (secret)", row->name);
	else
		fprintf(out, "%s = %s", row->name, text);
	fprintf(out, "%*s ",
	    (int)(size + strlen(row->name) + 3 < ORIGIN_COLUMN
		    ? ORIGIN_COLUMN - size - strlen(row->name) - 3
		    : 0),
	    "");
	print_origin(out, &part->where[i]);
	free(text);
}

static void
print_part(FILE *out, const struct conf_part *part)
{
	const char *section = "";

	for (size_t i = 0; i < part->table->n; i++) {
		const struct conf_row *row = &part->table->rows[i];

		if (strcmp(section, row->section) != 0)
			fprintf(out, "\n[%s%s%s]\n", row->section,
			    part->name != NULL ? "." : "",
			    part->name != NULL ? part->name : "");
		section = row->section;
		print_setting(out, part, i);
	}
}

void
conf_print(const struct conf *c, FILE *out)
{
	fputs("# The configuration in force, and where each value is from.\n",
	    out);
	for (size_t i = 0; i < c->life->npart; i++)
		print_part(out, &c->life->part[i]);
}

/* --- a store, elsewhere --- */

size_t
conf_store_env(const struct conf_store *store, const char *name,
    char *env[CONF_STORE_ENV_MAX])
{
	const struct conf_table *table = conf_table(CONF_STORE_TABLE);

	assert(table->n <= CONF_STORE_ENV_MAX);
	for (size_t i = 0; i < table->n; i++) {
		char variable[CONF_ENV_MAX];
		size_t size;
		FILE *f = open_memstream(&env[i], &size);

		if (f == NULL)
			abort();
		row_env(&table->rows[i], name, variable);
		fprintf(f, "%s=", variable);
		row_print(&table->rows[i], store, f);
		(void)fclose(f);
	}
	return table->n;
}

/* --- the sample --- */

static const char *
preset_value(
    enum conf_table_id id, const char *name, const struct conf_row *row)
{
	for (const struct conf_preset *p = conf_presets(); p->name != NULL; p++)
		if (p->table == id && strcmp(p->name, name) == 0 &&
		    strcmp(p->key, row->name) == 0)
			return p->value;
	return row->def;
}

static bool
has_limits(const struct conf_row *row)
{
	switch (row->type) {
	case CONF_IS_WHOLE:
	case CONF_IS_NUM:
	case CONF_IS_SIZE:
	case CONF_IS_TIME:
	case CONF_IS_BOOL:
	case CONF_IS_PICK:
		return true;
	case CONF_IS_TEXT:
	case CONF_IS_PATH:
	case CONF_IS_LIST:
		break;
	}
	return false;
}

bool
print_limits(const struct conf_row *row, char *out, size_t size)
{
	row_accepted(row, out, size);
	/* "such as" is for who has already written something else. */
	char *end = strstr(out, " such as");

	if (end != NULL)
		*end = '\0';
	if (out[0] >= 'a' && out[0] <= 'z')
		out[0] = (char)(out[0] - 'a' + 'A');
	return has_limits(row);
}

static void
print_sample_key(FILE *out, const struct conf_row *row, const char *value)
{
	char limits[ERR_TEXT_MAX];

	text_wrap(out, "# ", "# ", slice_of(row->text), COLUMNS);
	if (print_limits(row, limits, sizeof(limits)))
		fprintf(out, "# %s.\n", limits);
	fprintf(
	    out, "#%s =%s%s\n", row->name, value[0] != '\0' ? " " : "", value);
}

/* The sections of one kind that are there without any. */
static void
print_sample_kind(FILE *out, enum conf_table_id id)
{
	const struct conf_table *table = conf_table(id);
	const char *name = "";

	for (const struct conf_preset *p = conf_presets(); p->name != NULL;
	     p++) {
		bool first = name[0] == '\0';

		if (p->table != id || strcmp(p->name, name) == 0)
			continue;
		name = p->name;
		fprintf(out, "\n#[%s.%s]\n", table->kind, name);
		for (size_t i = 0; i < table->n; i++) {
			const struct conf_row *row = &table->rows[i];
			const char *value = preset_value(id, name, row);

			/* What a key means is said once. */
			if (first)
				print_sample_key(out, row, value);
			else if (value != row->def)
				fprintf(out, "#%s = %s\n", row->name, value);
		}
	}
}

void
conf_print_sample(FILE *out)
{
	const struct conf_table *table = conf_table(CONF_MAIN);
	const char *section = "";

	fputs("# SPDX-License-Identifier: Apache-2.0\n"
	      "# Configuration of pictord; see pictor.conf(5). What stands "
	      "behind # is the\n"
	      "# default. Generated from src/conf/conf.def: make generated\n",
	    out);
	for (size_t i = 0; i < table->n; i++) {
		const struct conf_row *row = &table->rows[i];

		if (strcmp(section, row->section) != 0)
			fprintf(out, "\n[%s]\n", row->section);
		section = row->section;
		print_sample_key(out, row, row->def);
	}
	fputs("\n# Each [mount.NAME] binds a URL prefix to a URL language. "
	      "Without one, these two\n"
	      "# are there.\n",
	    out);
	print_sample_kind(out, CONF_MOUNT_TABLE);
	fputs("\n# Each [store.NAME] is a place of originals. Without one, "
	      "this one is there.\n",
	    out);
	print_sample_kind(out, CONF_STORE_TABLE);
}

/* --- --help --- */

/* "http.listen": as PICTOR_HTTP_LISTEN, which it also stands for. */
static void
print_keys(FILE *out, const struct conf_table *table)
{
	for (size_t i = 0; i < table->n; i++) {
		const struct conf_row *row = &table->rows[i];
		char name[KEY_COLUMN + 64];
		char first[KEY_COLUMN + 80];
		char indent[KEY_COLUMN + 1];

		snprintf(name, sizeof(name), "%s%s.%s", row->section,
		    table->kind != NULL ? ".NAME" : "", row->name);
		snprintf(first, sizeof(first), "  %-*s ", KEY_COLUMN - 3, name);
		snprintf(indent, sizeof(indent), "%*s", KEY_COLUMN, "");
		text_wrap(out, first, indent, slice_of(row->text), COLUMNS);
	}
}

void
conf_print_keys(FILE *out)
{
	for (enum conf_table_id id = CONF_MAIN; id < CONF_TABLES; id++)
		print_keys(out, conf_table(id));
}
