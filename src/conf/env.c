/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PICTOR_SECTION_KEY and PICTOR_MOUNT_NAME_KEY.
 *
 * A variable of a section that exists must name a key, for else a misspelt
 * setting would be ignored in silence. Others that begin with PICTOR_ may
 * belong to somebody else (container schedulers invent such), so they are
 * refused only when they are nearly one of ours.
 */
#include <ctype.h>

#include "base/codec.h"
#include "conf/build.h"

#define PREFIX "PICTOR_"

enum { NEARLY = 2, SHOWN = 80 };

static void
lower_name(struct slice name, char *out, size_t size)
{
	slice_copy(name, out, size);
	for (char *at = out; *at != '\0'; at++) {
		if (*at == '_')
			*at = '-';
		else
			*at = (char)tolower((unsigned char)*at);
	}
}

/* Whether "QUERY_MAX_WIDTH" or "KEY_FILE" ends with "_" and the row's key. */
static bool
ends_with_key(struct slice text, const struct conf_row *row, bool file,
    struct slice *name)
{
	size_t len = strlen(row->name);

	if (file &&
	    (!slice_ends(text, SLICE("_FILE")) ||
		(row->flags & CONF_FLAG_SECRET) == 0))
		return false;
	if (file)
		text.len -= strlen("_FILE");
	if (text.len < len + 2 || text.at[text.len - len - 1] != '_')
		return false;
	for (size_t i = 0; i < len; i++)
		if (text.at[text.len - len + i] !=
		    (char)toupper((unsigned char)row->name[i]))
			return false;
	*name = (struct slice){ text.at, text.len - len - 1 };
	return true;
}

/* rest: behind "PICTOR_MOUNT_". The longest key that fits is meant. */
static bool
set_named(struct conf_build *b, const struct conf_table *table,
    struct slice rest, struct slice value, const struct conf_where *where,
    struct err *e)
{
	struct conf_key key = { .row = NULL };
	struct slice name = { NULL, 0 };
	struct conf_part *part;
	char lower[CONF_ENV_MAX];

	for (size_t i = 0; i < 2 * table->n; i++) {
		const struct conf_row *row = &table->rows[i / 2];
		bool from_file = i % 2 != 0;
		struct slice before;

		if (!ends_with_key(rest, row, from_file, &before) ||
		    (key.row != NULL && before.len >= name.len))
			continue;
		key = (struct conf_key){ .row = row, .from_file = from_file };
		name = before;
	}
	if (key.row == NULL)
		return build_fail(where, NULL, NULL, e,
		    "there is no such key; the variable would be " PREFIX
		    "%s_NAME_KEY with a key of [%s.NAME]",
		    table->kind[0] == 'm' ? "MOUNT" : "STORE", table->kind);
	lower_name(name, lower, sizeof(lower));
	return build_section(b, table, slice_of(lower), where, &part, e) &&
	    build_set_key(b, part, key, value, where, e);
}

/* Whether it is the row's variable, or that of its secret's file. */
static bool
is_variable(struct conf_key *key, struct slice name)
{
	const struct conf_row *row = key->row;
	char env[CONF_ENV_MAX];
	size_t len;

	row_env(row, NULL, env);
	len = strlen(env);
	key->from_file = (row->flags & CONF_FLAG_SECRET) != 0 &&
	    name.len == len + strlen("_FILE") &&
	    slice_ends(name, SLICE("_FILE"));
	return slice_eq(
	    (struct slice){ name.at, key->from_file ? len : name.len },
	    slice_of(env));
}

/* PICTOR_KAFKA_PROP_LINGER_MS: of an OPEN row, the word "linger.ms". */
static bool
is_open(struct conf_key *key, struct slice name, char word[CONF_ENV_MAX])
{
	char env[CONF_ENV_MAX];

	row_env(key->row, NULL, env);
	if ((key->row->flags & CONF_FLAG_OPEN) == 0 ||
	    !slice_starts(name, slice_of(env)) || name.len < strlen(env) + 2 ||
	    name.at[strlen(env)] != '_')
		return false;
	slice_copy(slice_skip(name, strlen(env) + 1), word, CONF_ENV_MAX);
	/* A secret's file is no property. */
	if (strcmp(word, "FILE") == 0)
		return false;
	for (char *at = word; *at != '\0'; at++) {
		if (*at == '_')
			*at = '.';
		else
			*at = (char)tolower((unsigned char)*at);
	}
	key->word = slice_of(word);
	return true;
}

static bool
is_section(const struct conf_row *row, struct slice word)
{
	return slice_eq_nocase(word, slice_of(row->section));
}

static bool
set_plain(struct conf_build *b, struct slice name, struct slice value,
    const struct conf_where *where, struct err *e)
{
	const struct conf_table *table = conf_table(CONF_MAIN);
	struct slice rest = slice_skip(name, strlen(PREFIX));
	struct slice first = slice_cut(&rest, '_');
	const struct conf_row *nearest = NULL;
	size_t distance = SIZE_MAX;
	bool ours = false;
	char env[CONF_ENV_MAX];
	char word[CONF_ENV_MAX];

	for (size_t i = 0; i < table->n; i++) {
		const struct conf_row *row = &table->rows[i];
		struct conf_key key = { .row = row };
		size_t far;

		if (is_open(&key, name, word))
			return build_set_key(
			    b, &b->life->part[0], key, value, where, e);
		if (is_variable(&key, name))
			return build_set_key(
			    b, &b->life->part[0], key, value, where, e);
		ours = ours || is_section(row, first);
		row_env(row, NULL, env);
		far = codec_distance(name, slice_of(env));
		if (far < distance) {
			distance = far;
			nearest = row;
		}
	}
	if (nearest == NULL || (!ours && distance > NEARLY))
		return true;
	row_env(nearest, NULL, env);
	return build_fail(where, NULL, NULL, e,
	    "there is no such key; the nearest variable is %s", env);
}

static bool
set_one(
    struct conf_build *b, struct slice name, struct slice value, struct err *e)
{
	struct conf_where where = {
		.env = arena_copy(b->life->arena, name),
	};
	struct slice rest = slice_skip(name, strlen(PREFIX));

	if (name.len > SHOWN)
		return true;
	if (slice_starts(rest, SLICE("MOUNT_")))
		return set_named(b, conf_table(CONF_MOUNT_TABLE),
		    slice_skip(rest, strlen("MOUNT_")), value, &where, e);
	if (slice_starts(rest, SLICE("STORE_")))
		return set_named(b, conf_table(CONF_STORE_TABLE),
		    slice_skip(rest, strlen("STORE_")), value, &where, e);
	return set_plain(b, name, value, &where, e);
}

bool
build_env(struct conf_build *b, char *const *env, struct err *e)
{
	for (; *env != NULL; env++) {
		struct slice value = slice_of(*env);
		struct slice name = slice_cut(&value, '=');

		if (value.at == NULL || !slice_starts(name, SLICE(PREFIX)))
			continue;
		if (!set_one(b, name, slice_trim(value), e))
			return false;
	}
	return true;
}
