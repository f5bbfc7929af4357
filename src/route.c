/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts with all names looked up. */
#include "route.h"

#include <stdatomic.h>

#include "base/arena.h"
#include "base/num.h"
#include "base/text.h"

#define OWN_PATHS "/-/"

static bool
no_format(const struct conf_mount *m, const char *key, const char *word,
    unsigned flag, struct err *e)
{
	char room[ERR_TEXT_MAX];
	struct text names = { .at = room, .size = sizeof(room) };

	for (unsigned i = FORMAT_FIRST; i < FORMAT_COUNT; i++)
		if ((format_row((enum format)i)->flags & flag) != 0)
			text_printf(
			    &names, "%s, ", format_row((enum format)i)->name);
	return err_set(e, ERR_CONFIG,
	    "[mount.%s] %s: %s is not a format that can be %s; right are %sall",
	    m->name, key, word, flag == F_SAVE ? "written" : "read", room);
}

static bool
read_formats(const struct conf_mount *m, const char *key,
    const struct conf_list *words, unsigned flag, format_set *out,
    struct err *e)
{
	format_set set = 0;

	for (size_t i = 0; i < words->n; i++) {
		enum format f = FORMAT_SAME;

		if (strcmp(words->item[i], "all") == 0) {
			set |= format_all(flag);
			continue;
		}
		if (!format_find(slice_of(words->item[i]), &f) ||
		    (format_row(f)->flags & flag) == 0)
			return no_format(m, key, words->item[i], flag, e);
		set |= FORMAT_BIT(f);
	}
	/* Which of all there are, libvips says in the worker. */
	*out = words->n > 0 ? set : format_usual(flag);
	return true;
}

static int
compare_sizes(const void *a, const void *b)
{
	const int64_t *x = a;
	const int64_t *y = b;

	return (*x > *y) - (*x < *y);
}

static void
read_sizes(
    struct arena *arena, const struct conf_mount *m, struct plan_policy *policy)
{
	int64_t *sizes = arena_alloc(arena, m->sizes.n * sizeof(*sizes));

	/* conf's check has let nothing else pass. */
	for (size_t i = 0; i < m->sizes.n; i++)
		if (num_int(slice_of(m->sizes.item[i]), 1, INT64_MAX,
			&sizes[policy->nsize]))
			policy->nsize++;
	qsort(sizes, policy->nsize, sizeof(*sizes), compare_sizes);
	policy->sizes = sizes;
}

static void
add_word(struct digest_run *run, const char *word)
{
	/* With its end: no two lists of words have the same bytes. */
	digest_add(run, word, strlen(word) + 1);
}

static void
add_formats(struct digest_run *run, format_set set)
{
	for (unsigned i = FORMAT_FIRST; i < FORMAT_COUNT; i++)
		if ((set & FORMAT_BIT(i)) != 0)
			add_word(run, format_row((enum format)i)->name);
	add_word(run, "");
}

/*
 * A mount is a trust domain, and may refuse what another one takes: they share
 * no results, and no flights.
 */
static struct digest
scope_of(const struct route *r)
{
	struct digest_run *run = digest_new();

	add_word(run, r->mount->name);
	add_formats(run, r->originals);
	add_formats(run, r->results);
	return digest_end(run);
}

/* A header is sent once, however many stores want it. */
static void
add_forward(struct arena *arena, struct route *r, const char **forward,
    const char *name)
{
	for (size_t i = 0; i < r->nforward; i++)
		if (slice_eq_nocase(slice_of(forward[i]), slice_of(name)))
			return;
	forward[r->nforward++] = name;
	r->vary = r->vary != NULL ? arena_printf(arena, "%s, %s", r->vary, name)
				  : name;
}

static void
read_stores(struct arena *arena, struct route *r, const struct conf *conf)
{
	const struct conf_list *stores = &r->mount->stores;
	const char **buckets = arena_alloc(arena, stores->n * sizeof(*buckets));
	bool *gaps = arena_alloc(arena, stores->n * sizeof(*gaps));
	const char **forward = NULL;
	size_t most = 0;

	for (size_t i = 0; i < stores->n; i++) {
		const struct conf_store *row =
		    conf_store_find(conf, slice_of(stores->item[i]));

		/* conf's check has found all of them. */
		buckets[i] = row->bucket;
		gaps[i] = row->type != STORE_FILE;
		most += row->forward.n;
	}
	forward = arena_alloc(arena, most * sizeof(*forward));
	for (size_t i = 0; i < stores->n; i++) {
		const struct conf_store *row =
		    conf_store_find(conf, slice_of(stores->item[i]));

		for (size_t k = 0; k < row->forward.n; k++)
			add_forward(arena, r, forward, row->forward.item[k]);
	}
	r->buckets = buckets;
	r->gaps = gaps;
	r->forward = forward;
}

static bool
no_dialect(const struct conf_mount *m, struct err *e)
{
	char room[ERR_TEXT_MAX];
	struct text names = { .at = room, .size = sizeof(room) };

	for (size_t i = 0; dialect_all[i] != NULL; i++)
		text_printf(
		    &names, "%s%s", i > 0 ? ", " : "", dialect_all[i]->name);
	return err_set(e, ERR_CONFIG,
	    "[mount.%s] dialect: there is no URL language %s; right is one of "
	    "%s",
	    m->name, m->dialect, room);
}

static bool
route_init(struct arena *arena, struct route *r, const struct conf *conf,
    const struct conf_mount *m, struct err *e)
{
	r->mount = m;
	r->fallback_key = slice_of(m->fallback);
	r->fallback_store = slice_cut(&r->fallback_key, '/');
	read_stores(arena, r, conf);
	r->dialect = dialect_find(m->dialect);
	if (r->dialect == NULL)
		return no_dialect(m, e);
	if (slice_starts(slice_of(m->path), SLICE(OWN_PATHS)))
		return err_set(e, ERR_CONFIG,
		    "[mount.%s] path: %s is the server's own", m->name,
		    OWN_PATHS);
	if (!read_formats(m, "formats", &m->formats, F_SAVE, &r->results, e) ||
	    !read_formats(
		m, "originals", &m->originals, F_LOAD, &r->originals, e))
		return false;
	r->policy.max_width = m->max_width;
	r->policy.max_height = m->max_height;
	r->policy.max_cost = m->max_cost;
	r->policy.formats = r->results;
	r->scope = scope_of(r);
	read_sizes(arena, m, &r->policy);
	return true;
}

static void
routes_free(struct routes *t)
{
	readings_free(t->readings);
	origin_stores_drop(t->stores);
	conf_drop(t->conf);
	arena_free(t->arena);
	free(t);
}

bool
routes_new_take(const struct conf *conf, struct routes **out, struct err *e)
{
	struct routes *t = xcalloc(1, sizeof(*t));
	struct arena *arena = arena_new(KIB);
	struct route *route = arena_alloc(arena, conf->nmount * sizeof(*route));

	t->conf = conf;
	t->arena = arena;
	t->route = route;
	t->n = conf->nmount;
	t->readings = readings_new();
	t->count = 1;
	for (size_t i = 0; i < conf->nmount; i++) {
		if (route_init(arena, &route[i], conf, &conf->mount[i], e))
			continue;
		routes_free(t);
		return false;
	}
	*out = t;
	return true;
}

struct routes *
routes_ref(struct routes *t)
{
	atomic_fetch_add_explicit(&t->count, 1, memory_order_relaxed);
	return t;
}

void
routes_drop(struct routes *t)
{
	if (t != NULL &&
	    atomic_fetch_sub_explicit(&t->count, 1, memory_order_acq_rel) == 1)
		routes_free(t);
}

const struct route *
routes_find(const struct routes *t, struct slice path)
{
	if (slice_starts(path, SLICE(OWN_PATHS)))
		return NULL;
	for (size_t i = 0; i < t->n; i++)
		if (slice_starts(path, slice_of(t->route[i].mount->path)))
			return &t->route[i];
	return NULL;
}

format_set
routes_formats(const struct routes *t, bool originals)
{
	format_set all = 0;

	for (size_t i = 0; i < t->n; i++)
		all |= originals ? t->route[i].originals : t->route[i].results;
	return all;
}
