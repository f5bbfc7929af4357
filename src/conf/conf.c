/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From sources to one constant struct conf.
 */
#include "conf/conf.h"

#include <assert.h>
#include <stdatomic.h>

#include "base/fd.h"
#include "conf/build.h"

enum { CONF_FILE_MAX = 1 << 20 };

/* --- building --- */

/* The sections of a kind that has none. */
static void
preset_kind(struct conf_build *b, enum conf_table_id id)
{
	const struct conf_table *table = conf_table(id);
	const struct conf_where nowhere = { 0 };
	const struct conf_preset *p = conf_presets();

	if (build_has(b, table))
		return;
	for (; p->name != NULL; p++) {
		struct conf_key key;
		struct conf_part *part;
		struct err e;
		bool done;

		if (p->table != id)
			continue;
		key = build_key(table, NULL, slice_of(p->key));
		assert(key.row != NULL);
		done = build_section(
			   b, table, slice_of(p->name), &nowhere, &part, &e) &&
		    build_set_key(
			b, part, key, slice_of(p->value), &nowhere, &e);
		assert(done);
	}
}

static int
path_order(const void *a, const void *b)
{
	const struct conf_mount *one = a;
	const struct conf_mount *two = b;
	const size_t len[2] = { strlen(one->path), strlen(two->path) };

	if (len[0] != len[1])
		return len[0] > len[1] ? -1 : 1;
	return strcmp(one->path, two->path);
}

/* The parts of one kind as an array; each takes its name. */
static void *
collect(const struct conf_build *b, enum conf_table_id id, size_t *n)
{
	const struct conf_table *table = conf_table(id);
	char *all = arena_alloc(b->life->arena, b->life->npart * table->size);

	*n = 0;
	for (size_t i = 0; i < b->life->npart; i++) {
		const struct conf_part *part = &b->life->part[i];

		if (part->table != table)
			continue;
		/* name is the first member of each of them. */
		memcpy(part->base, &part->name, sizeof(part->name));
		memcpy(all + *n * table->size, part->base, table->size);
		(*n)++;
	}
	return all;
}

_Static_assert(offsetof(struct conf_mount, name) == 0, "collect()");
_Static_assert(offsetof(struct conf_store, name) == 0, "collect()");

static void
finish(struct conf_build *b)
{
	struct conf_mount *mount =
	    collect(b, CONF_MOUNT_TABLE, &b->conf->nmount);

	qsort(mount, b->conf->nmount, sizeof(*mount), path_order);
	b->conf->mount = mount;
	b->conf->store = collect(b, CONF_STORE_TABLE, &b->conf->nstore);
}

static bool
build_all(struct conf_build *b, const struct slice *text, char *const *env,
    struct err *e)
{
	if (text != NULL &&
	    !conf_file_read(*text, b->conf->file, build_set, b, e))
		return false;
	preset_kind(b, CONF_MOUNT_TABLE);
	preset_kind(b, CONF_STORE_TABLE);
	if (env != NULL && !build_env(b, env, e))
		return false;
	finish(b);
	return build_check(b, e);
}

static bool
load(const struct slice *text, const char *name, char *const *env,
    struct conf **out, struct err *e)
{
	static _Atomic uint64_t generations;
	struct conf_build b;

	build_init(&b, name);
	if (!build_all(&b, text, env, e)) {
		build_fini(&b);
		return false;
	}
	b.conf->generation = atomic_fetch_add(&generations, 1) + 1;
	*out = b.conf;
	return true;
}

bool
conf_load_text(struct slice text, const char *name, char *const *env,
    struct conf **out, struct err *e)
{
	return load(&text, name, env, out, e);
}

bool
conf_load(const char *file, char *const *env, struct conf **out, struct err *e)
{
	scoped_free char *bytes = NULL;
	struct slice text = { NULL, 0 };
	struct err failed;

	if (file == NULL)
		return load(NULL, NULL, env, out, e);
	if (!fd_read_file(file, CONF_FILE_MAX, &bytes, &text.len, &failed))
		return err_set(e, ERR_CONFIG, "%s", failed.detail);
	text.at = bytes;
	return load(&text, file, env, out, e);
}

/* --- references --- */

const struct conf *
conf_ref(const struct conf *c)
{
	atomic_fetch_add_explicit(&c->life->refs, 1, memory_order_relaxed);
	return c;
}

void
conf_drop(const struct conf *c)
{
	size_t before;

	if (c == NULL)
		return;
	/* Whoever frees it must see what the others did with it. */
	before =
	    atomic_fetch_sub_explicit(&c->life->refs, 1, memory_order_acq_rel);
	assert(before > 0);
	if (before == 1)
		arena_free(c->life->arena);
}

const struct conf_store *
conf_store_find(const struct conf *c, struct slice name)
{
	for (size_t i = 0; i < c->nstore; i++)
		if (slice_is(name, c->store[i].name))
			return &c->store[i];
	return NULL;
}

bool
conf_store_same(const struct conf_store *a, const struct conf_store *b)
{
	const struct conf_table *table = conf_table(CONF_STORE_TABLE);

	if (strcmp(a->name, b->name) != 0)
		return false;
	for (size_t i = 0; i < table->n; i++)
		if (!row_same(&table->rows[i], a, b))
			return false;
	return true;
}

bool
conf_may_replace(const struct conf *old, const struct conf *new, struct err *e)
{
	const struct conf_table *table = conf_table(CONF_MAIN);

	for (size_t i = 0; i < table->n; i++) {
		const struct conf_row *row = &table->rows[i];

		if ((row->flags & CONF_FLAG_RESTART) == 0 ||
		    row_same(row, old, new))
			continue;
		return build_fail(&new->life->part[0].where[i],
		    &new->life->part[0], row, e,
		    "cannot change while the server runs: restart it");
	}
	return true;
}
