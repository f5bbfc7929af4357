/* SPDX-License-Identifier: Apache-2.0 */
/* What a flight does, from its first fetch to its end. */
#include "work.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/clock.h"

/* No origin's word is trusted for longer: a year. */
static const int64_t trust_most_s = 31536000;

/* The request may be gone before the work is done. */
static void
keep_forward(struct work *w, const struct request *r)
{
	struct origin_header *forward = NULL;

	if (r->nforward == 0)
		return;
	w->nforward = r->nforward;
	forward = arena_alloc(w->arena, r->nforward * sizeof(*forward));
	for (size_t i = 0; i < r->nforward; i++) {
		/* Its name is of the configuration. */
		forward[i].name = r->forward[i].name;
		forward[i].value =
		    arena_copy(w->arena, slice_of(r->forward[i].value));
	}
	w->forward = forward;
}

struct work *
work_new(const struct request *r, struct cache_entry *stale)
{
	struct work *w = xcalloc(1, sizeof(*w));

	w->arena = arena_new(KIB);
	w->pipeline = r->pipeline;
	w->routes = routes_ref(r->routes);
	w->route = r->route;
	w->key = r->key;
	w->reading = reading_ref(r->reading);
	w->plan = r->plan;
	w->stale = stale != NULL ? cache_entry_ref(stale) : NULL;
	keep_forward(w, r);
	return w;
}

static void
drop_fetches(struct work *w, struct origin *origin)
{
	for (size_t i = 0; i < PLAN_SOURCES; i++) {
		struct origin_fetch *f = &w->fetch[i];

		origin_release(origin, f);
		*f = (struct origin_fetch){ 0 };
	}
}

void
work_free(struct work *w, struct origin *origin)
{
	drop_fetches(w, origin);
	arena_free(w->arena);
	free(w->own);
	cache_entry_drop(w->stale);
	cache_entry_drop(w->entry);
	reading_drop(w->reading);
	routes_drop(w->routes);
	free(w);
}

/* --- its images --- */

static const char *
string_of(struct work *w, struct span s)
{
	return arena_copy(w->arena, plan_slice(w->plan, s));
}

static void
fetch_begun(struct origin_fetch *f)
{
	struct work *w = f->owner;

	/* The last one sees what the others have found. */
	if (atomic_fetch_sub_explicit(&w->fetching, 1, memory_order_acq_rel) ==
	    1)
		w->fetch_ended(w);
}

static const struct conf_store *
row_of(const struct work *w, size_t source)
{
	return conf_store_find(w->routes->conf,
	    plan_slice(w->plan, w->plan->source[source].store));
}

static void
fetch_source(struct work *w, size_t i)
{
	const struct plan_source *source = &w->plan->source[i];
	const struct conf_store *row = row_of(w, i);
	struct origin_fetch *f = &w->fetch[i];

	f->stores = w->routes->stores;
	f->store = string_of(w, source->store);
	f->key = string_of(w, source->key);
	if (source->version.len > 0)
		f->version = string_of(w, source->version);
	f->header = w->forward;
	f->nheader = w->nforward;
	f->deadline_ns = w->began_ns +
	    (row != NULL && row->timeout > 0 ? row->timeout
					     : w->routes->conf->origin_timeout);
	f->cancel = flight_cancel(w->flight);
	f->begin = fetch_begun;
	f->owner = w;
}

/* What is stale has the same key, so it was made by the same plan. */
static void
set_validators(struct work *w)
{
	const char *at = w->stale->overlays;

	w->fetch[0].validator = w->stale->validator;
	for (size_t i = 1; at != NULL && i < w->plan->nsource; i++) {
		w->fetch[i].validator = at;
		at += strlen(at) + 1;
	}
}

void
work_fetch(struct work *w, struct origin *origin, void (*ended)(struct work *w))
{
	size_t n = w->plan->nsource;

	w->fetch_ended = ended;
	for (size_t i = 0; i < n; i++)
		fetch_source(w, i);
	if (w->stale != NULL)
		set_validators(w);
	atomic_store_explicit(&w->fetching, (unsigned)n, memory_order_relaxed);
	/* With the last one given away, w may be gone. */
	for (size_t i = 0; i < n; i++)
		origin_submit(origin, &w->fetch[i]);
}

bool
work_fetch_again(struct work *w, struct origin *origin)
{
	struct origin_fetch *again[PLAN_SOURCES];
	unsigned n = 0;

	for (size_t i = 0; i < w->plan->nsource; i++) {
		if (!w->fetch[i].not_modified)
			continue;
		w->fetch[i].validator = NULL;
		again[n++] = &w->fetch[i];
	}
	atomic_store_explicit(&w->fetching, n, memory_order_relaxed);
	/* With the last one given away, w may be gone. */
	for (unsigned i = 0; i < n; i++)
		origin_submit(origin, again[i]);
	return n > 0;
}

bool
work_fetched(struct work *w)
{
	for (size_t i = 0; i < w->plan->nsource; i++) {
		if (w->fetch[i].ok)
			continue;
		w->err = w->fetch[i].err;
		if (i > 0)
			err_source(&w->err, (int)i);
		return false;
	}
	return true;
}

bool
work_is_current(const struct work *w)
{
	size_t i = 0;

	while (i < w->plan->nsource && w->fetch[i].not_modified)
		i++;
	return i == w->plan->nsource;
}

/* --- what they say of the result --- */

char *
work_overlays(const struct work *w, size_t *size)
{
	size_t n = plan_overlays(w->plan);
	size_t at = 0;
	char *all;

	for (size_t i = 1; i <= n; i++)
		at += strlen(w->fetch[i].facts.validator) + 1;
	*size = at;
	if (n == 0)
		return NULL;
	all = xcalloc(at, 1);
	at = 0;
	for (size_t i = 1; i <= n; i++) {
		const char *validator = w->fetch[i].facts.validator;

		memcpy(all + at, validator, strlen(validator) + 1);
		at += strlen(validator) + 1;
	}
	return all;
}

int64_t
work_modified_s(const struct work *w, int64_t now_s)
{
	int64_t last = 0;

	for (size_t i = 0; i < w->plan->nsource; i++) {
		int64_t at = w->fetch[i].facts.modified_s;

		if (at < 0)
			return now_s;
		last = at > last ? at : last;
	}
	return last;
}

/* What one of its images says: the store's rows, else the origin itself, else
 * the configuration. */
static int64_t
source_fresh_ns(const struct work *w, size_t i)
{
	const struct conf_store *row = row_of(w, i);
	const struct origin_facts *facts = &w->fetch[i].facts;

	if (row != NULL && row->fresh > 0)
		return row->fresh;
	if (facts->no_store)
		return 0;
	if (facts->fresh_s >= 0)
		return (facts->fresh_s < trust_most_s ? facts->fresh_s
						      : trust_most_s) *
		    NS_PER_S;
	return w->routes->conf->cache_fresh;
}

int64_t
work_fresh_ns(const struct work *w)
{
	int64_t least = CLOCK_NEVER;

	for (size_t i = 0; i < w->plan->nsource; i++) {
		int64_t fresh = source_fresh_ns(w, i);

		least = fresh < least ? fresh : least;
	}
	return least;
}

int64_t
work_stale_ns(const struct work *w)
{
	int64_t least = CLOCK_NEVER;

	for (size_t i = 0; i < w->plan->nsource; i++) {
		int64_t said = w->fetch[i].facts.stale_if_error_s;
		int64_t stale = w->routes->conf->cache_stale;

		if (said >= 0)
			stale = (said < trust_most_s ? said : trust_most_s) *
			    NS_PER_S;
		least = stale < least ? stale : least;
	}
	return least;
}

bool
work_is_private(const struct work *w)
{
	for (size_t i = 0; i < w->plan->nsource; i++) {
		const struct conf_store *row = row_of(w, i);

		/* The operator's own word goes before the origin's. */
		if (w->fetch[i].facts.no_store &&
		    (row == NULL || row->fresh == 0))
			return true;
	}
	return false;
}

/* --- another image instead --- */

/* Whether the error is about the original: there is none, or it is no use. */
static bool
original_is_lost(const struct err *e)
{
	if (e->source != 0)
		return false;
	switch ((int)e->code) {
	case ERR_NO_SOURCE:
	case ERR_ORIGIN_DENIED:
	case ERR_ORIGIN_FAILED:
	case ERR_ORIGIN_CHANGED:
	case ERR_ORIGIN_TIMEOUT:
	case ERR_EMPTY:
	case ERR_TRUNCATED:
	case ERR_BAD_IMAGE:
	case ERR_NOT_AN_IMAGE:
		return true;
	default:
		return false;
	}
}

/* The same plan of the other original; NULL: it has no room for the names. */
static struct plan *
fallback_plan(const struct work *w)
{
	struct plan *p = xcalloc(1, sizeof(*p));
	struct plan_source source = { 0 };
	struct err e;

	*p = *w->plan;
	if (!plan_text(p, w->route->fallback_store, &source.store, &e) ||
	    !plan_text(p, w->route->fallback_key, &source.key, &e)) {
		free(p);
		return NULL;
	}
	p->source[0] = source;
	return p;
}

bool
work_fall_back(struct work *w, struct origin *origin)
{
	if (w->route->fallback_store.len == 0 || w->own != NULL ||
	    !original_is_lost(&w->err))
		return false;
	w->own = fallback_plan(w);
	if (w->own == NULL)
		return false;
	w->plan = w->own;
	w->failed = w->err;
	w->err = (struct err){ .code = ERR_NONE };
	drop_fetches(w, origin);
	w->job = (struct render_job){ 0 };
	cache_entry_drop(take_ptr(w->stale));
	return true;
}

void
work_name_overlay(struct work *w)
{
	char param[ERR_PARAM_MAX] = "overlay";
	struct slice key;

	if (w->err.code == ERR_NONE || w->err.source == 0)
		return;
	key = plan_slice(w->plan, w->plan->source[w->err.source].key);
	if (w->err.source > 1)
		snprintf(param, sizeof(param), "overlay%d", w->err.source);
	err_name(&w->err, param, key.at, key.len);
}
