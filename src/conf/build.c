/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections and keys by name, and every message about them.
 *
 * A value is read at once where it is set, also when a later source replaces
 * it: a mistake in a file does not sleep behind the environment.
 */
#include "conf/build.h"

#include <assert.h>
#include <stdarg.h>

#include "base/codec.h"
#include "base/fd.h"

enum { WHY_MAX = 200, SECRET_FILE_MAX = 65536, VALUE_SHOWN = 60 };

bool
build_fail(const struct conf_where *where, const struct conf_part *part,
    const struct conf_row *row, struct err *e, const char *why, ...)
{
	char text[WHY_MAX];
	char at[WHY_MAX] = "";
	va_list args;

	va_start(args, why);
	vsnprintf(text, sizeof(text), why, args);
	va_end(args);
	if (where != NULL && where->env != NULL)
		return err_set(e, ERR_CONFIG, "%s: %s", where->env, text);
	if (where != NULL && where->file != NULL)
		snprintf(at, sizeof(at), "%s:%u: ", where->file, where->line);
	if (row == NULL)
		return err_set(e, ERR_CONFIG, "%s%s", at, text);
	return err_set(e, ERR_CONFIG, "%s[%s%s%s] %s: %s", at, row->section,
	    part->name != NULL ? "." : "", part->name != NULL ? part->name : "",
	    row->name, text);
}

void
near_try(struct conf_near *n, const char *candidate)
{
	size_t distance = codec_distance(n->word, slice_of(candidate));

	if (n->best != NULL && distance >= n->distance)
		return;
	n->best = candidate;
	n->distance = distance;
}

const char *
near_word(const struct conf_near *n)
{
	return n->best != NULL && n->distance <= 1 + n->word.len / 4 ? n->best
								     : NULL;
}

/* --- parts --- */

static void
part_init(struct conf_part *part, const struct conf_table *table, void *base,
    const char *name, struct arena *a)
{
	*part = (struct conf_part){
		.table = table,
		.name = name,
		.base = base,
		.where = arena_alloc(a, table->n * sizeof(*part->where)),
	};
	for (size_t i = 0; i < table->n; i++) {
		const struct conf_row *row = &table->rows[i];
		bool done = row_read(row, slice_of(row->def), base, a);

		assert(done);
	}
}

void
build_init(struct conf_build *b, const char *file)
{
	struct arena *a = arena_new(16 * KIB);

	b->life = arena_alloc(a, sizeof(*b->life));
	b->life->arena = a;
	b->life->refs = 1;
	b->life->part = arena_alloc(a, CONF_PARTS_MAX * sizeof(*b->life->part));
	b->life->npart = 1;
	b->conf = arena_alloc(a, sizeof(*b->conf));
	b->conf->life = b->life;
	if (file != NULL)
		b->conf->file = arena_copy(a, slice_of(file));
	part_init(&b->life->part[0], conf_table(CONF_MAIN), b->conf, NULL, a);
}

void
build_fini(struct conf_build *b)
{
	if (b->conf != NULL)
		arena_free(b->life->arena);
	b->conf = NULL;
}

bool
build_has(const struct conf_build *b, const struct conf_table *table)
{
	for (size_t i = 0; i < b->life->npart; i++)
		if (b->life->part[i].table == table)
			return true;
	return false;
}

static bool
is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-",
			name.at[i]) == NULL)
			return false;
	return name.len > 0 && name.len <= CONF_NAME_MAX;
}

bool
build_section(struct conf_build *b, const struct conf_table *table,
    struct slice name, const struct conf_where *where, struct conf_part **out,
    struct err *e)
{
	struct conf_life *life = b->life;
	struct conf_part *part = life->part;

	for (; part < life->part + life->npart; part++) {
		if (part->table != table || !slice_is(name, part->name))
			continue;
		*out = part;
		return true;
	}
	if (!is_name(name))
		return build_fail(where, NULL, NULL, e,
		    "\"%.*s\" cannot be the name of a %s: a to z, 0 to 9 and "
		    "-, at most %d",
		    (int)(name.len < VALUE_SHOWN ? name.len : VALUE_SHOWN),
		    name.at, table->kind, CONF_NAME_MAX);
	if (life->npart == CONF_PARTS_MAX)
		return build_fail(where, NULL, NULL, e,
		    "there are more than %d sections", CONF_PARTS_MAX);
	life->npart++;
	part_init(part, table, arena_alloc(life->arena, table->size),
	    arena_copy(life->arena, name), life->arena);
	part->made = *where;
	*out = part;
	return true;
}

/* --- names --- */

static const struct conf_table *
table_of(struct slice kind)
{
	for (unsigned id = CONF_MAIN + 1; id < CONF_TABLES; id++)
		if (slice_is(kind, conf_table(id)->kind))
			return conf_table(id);
	return NULL;
}

static bool
section_known(struct slice section)
{
	const struct conf_table *table = conf_table(CONF_MAIN);

	for (size_t i = 0; i < table->n; i++)
		if (slice_is(section, table->rows[i].section))
			return true;
	return false;
}

static bool
section_unknown(
    const struct conf_where *where, struct slice section, struct err *e)
{
	struct conf_near near = { .word = section };
	const struct conf_table *table = conf_table(CONF_MAIN);
	size_t shown = section.len < VALUE_SHOWN ? section.len : VALUE_SHOWN;
	const char *word;

	if (section.len == 0)
		return build_fail(where, NULL, NULL, e,
		    "this stands before the first [section]");
	for (size_t i = 0; i < table->n; i++)
		near_try(&near, table->rows[i].section);
	near_try(&near, "mount.NAME");
	near_try(&near, "store.NAME");
	word = near_word(&near);
	if (word == NULL && table_of(section) != NULL)
		word = slice_is(section, "mount") ? "mount.NAME" : "store.NAME";
	return build_fail(where, NULL, NULL, e,
	    "there is no section [%.*s]%s%s%s", (int)shown, section.at,
	    word != NULL ? "; did you mean [" : "", word != NULL ? word : "",
	    word != NULL ? "]?" : "");
}

/* "linger.ms" of "prop.linger.ms" */
static bool
open_word(struct slice *name, const struct conf_row *row)
{
	size_t len = strlen(row->name);

	if (name->len < len + 2 || !slice_starts(*name, slice_of(row->name)) ||
	    name->at[len] != '.')
		return false;
	*name = slice_skip(*name, len + 1);
	return true;
}

struct conf_key
build_key(const struct conf_table *table, const struct slice *section,
    struct slice name)
{
	struct slice stem = name;

	if (slice_ends(name, SLICE("_file")))
		stem.len -= strlen("_file");
	for (size_t i = 0; i < table->n; i++) {
		const struct conf_row *row = &table->rows[i];

		struct slice word = name;

		if (section != NULL && !slice_is(*section, row->section))
			continue;
		if (slice_is(name, row->name))
			return (struct conf_key){ .row = row };
		if ((row->flags & CONF_FLAG_SECRET) != 0 &&
		    slice_is(stem, row->name))
			return (
			    struct conf_key){ .row = row, .from_file = true };
		if ((row->flags & CONF_FLAG_OPEN) != 0 && open_word(&word, row))
			return (struct conf_key){ .row = row, .word = word };
	}
	return (struct conf_key){ .row = NULL };
}

static bool
key_unknown(const struct conf_where *where, const struct conf_part *part,
    struct slice section, struct slice key, struct err *e)
{
	struct conf_near near = { .word = key };
	size_t shown = key.len < VALUE_SHOWN ? key.len : VALUE_SHOWN;
	const char *word;

	for (size_t i = 0; i < part->table->n; i++)
		if (part->name != NULL ||
		    slice_is(section, part->table->rows[i].section))
			near_try(&near, part->table->rows[i].name);
	word = near_word(&near);
	return build_fail(where, NULL, NULL, e,
	    "there is no key \"%.*s\" in [%.*s]%s%s%s", (int)shown, key.at,
	    SLICE_ARG(section), word != NULL ? "; did you mean " : "",
	    word != NULL ? word : "", word != NULL ? "?" : "");
}

/* --- values --- */

static bool
value_read(struct conf_build *b, struct conf_part *part,
    const struct conf_row *row, struct slice value,
    const struct conf_where *where, struct err *e)
{
	bool secret = (row->flags & CONF_FLAG_SECRET) != 0;
	size_t shown = value.len < VALUE_SHOWN ? value.len : VALUE_SHOWN;
	char accepted[ERR_TEXT_MAX];
	const char *why;

	if (!conf_text_check(value, &why))
		return build_fail(where, part, row, e, "the value %s", why);
	if (row_read(row, value, part->base, b->life->arena))
		return true;
	row_accepted(row, accepted, sizeof(accepted));
	if (secret)
		return build_fail(where, part, row, e,
		    "the value is not accepted; right is %s", accepted);
	return build_fail(where, part, row, e,
	    "\"%.*s\" is not accepted; right is %s", (int)shown, value.at,
	    accepted);
}

/* The secret in a file, without the line feed that editors append. */
static bool
value_read_file(struct conf_build *b, struct conf_part *part,
    const struct conf_row *row, struct slice path,
    const struct conf_where *where, struct err *e)
{
	scoped_free char *name = NULL;
	scoped_free char *text = NULL;
	struct err failed;
	struct slice value;
	size_t size;

	name = xstrdup(arena_copy(b->life->arena, path));
	if (!fd_read_file(name, SECRET_FILE_MAX, &text, &size, &failed))
		return build_fail(where, part, row, e, "%s", failed.detail);
	value = (struct slice){ text, size };
	while (value.len > 0 && strchr("\r\n", value.at[value.len - 1]) != NULL)
		value.len--;
	return value_read(b, part, row, value, where, e);
}

/* Adds "WORD=VALUE"; the environment's takes the place of the file's. */
static bool
value_add(struct conf_build *b, struct conf_part *part, struct conf_key key,
    struct slice value, const struct conf_where *where, struct err *e)
{
	char *field = (char *)part->base + key.row->offset;
	struct arena *a = b->life->arena;
	struct conf_list list;
	const char **item;
	size_t at = 0;
	const char *why;

	if (!conf_text_check(value, &why))
		return build_fail(where, part, key.row, e, "the value %s", why);
	memcpy(&list, field, sizeof(list));
	item = arena_alloc(a, (list.n + 2) * sizeof(*item));
	for (; at < list.n; at++) {
		struct slice name = slice_of(list.item[at]);

		item[at] = list.item[at];
		if (!slice_eq(slice_cut(&name, '='), key.word))
			continue;
		if (where->file != NULL)
			return build_fail(where, part, key.row, e,
			    "%.*s is given twice", SLICE_ARG(key.word));
		break;
	}
	list.n += at == list.n;
	for (size_t i = at + 1; i < list.n; i++)
		item[i] = list.item[i];
	item[at] =
	    arena_printf(a, "%.*s=%.*s", SLICE_ARG(key.word), SLICE_ARG(value));
	list.item = item;
	memcpy(field, &list, sizeof(list));
	part->where[key.row - part->table->rows] = *where;
	return true;
}

bool
build_set_key(struct conf_build *b, struct conf_part *part, struct conf_key key,
    struct slice value, const struct conf_where *where, struct err *e)
{
	struct conf_where *before = &part->where[key.row - part->table->rows];

	if (key.word.len > 0)
		return value_add(b, part, key, value, where, e);
	if (where->file != NULL && before->file != NULL)
		return build_fail(where, part, key.row, e,
		    "is given twice, first in line %u", before->line);
	if (!(key.from_file ? value_read_file : value_read)(
		b, part, key.row, value, where, e))
		return false;
	*before = *where;
	return true;
}

bool
build_set(void *ctx, const struct conf_where *where, struct slice section,
    struct slice key, struct slice value, struct err *e)
{
	struct conf_build *b = ctx;
	struct conf_part *part = &b->life->part[0];
	struct slice name = section;
	const struct conf_table *table = table_of(slice_cut(&name, '.'));
	struct conf_key found;

	if (table != NULL && name.at != NULL) {
		if (!build_section(b, table, name, where, &part, e))
			return false;
	} else if (!section_known(section)) {
		return section_unknown(where, section, e);
	}
	if (key.at == NULL)
		return true;
	found =
	    build_key(part->table, part->name == NULL ? &section : NULL, key);
	if (found.row == NULL)
		return key_unknown(where, part, section, key, e);
	return build_set_key(b, part, found, value, where, e);
}
