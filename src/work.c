/* SPDX-License-Identifier: Apache-2.0 */
/* What a flight does, from its first fetch to its end. */
#include "work.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"

struct work *
work_new(const struct request *r, struct cache_entry *stale)
{
	struct work *w = xcalloc(1, sizeof(*w));

	w->pipeline = r->pipeline;
	w->routes = routes_ref(r->routes);
	w->route = r->route;
	w->key = r->key;
	w->reading = reading_ref(r->reading);
	w->plan = r->plan;
	w->stale = stale != NULL ? cache_entry_ref(stale) : NULL;
	return w;
}

void
work_free(struct work *w, struct origin *origin)
{
	for (size_t i = 0; i < PLAN_SOURCES; i++) {
		origin_release(origin, &w->fetch[i]);
		free((void *)(uintptr_t)w->fetch[i].store);
		free((void *)(uintptr_t)w->fetch[i].key);
	}
	cache_entry_drop(w->stale);
	cache_entry_drop(w->entry);
	reading_drop(w->reading);
	routes_drop(w->routes);
	free(w);
}

/* --- its images --- */

static char *
string_of(const struct plan *p, struct span s)
{
	size_t size = (size_t)s.len + 1;

	return slice_copy(plan_slice(p, s), xcalloc(size, 1), size);
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

static void
fetch_source(struct work *w, size_t i)
{
	const struct plan_source *source = &w->plan->source[i];
	struct origin_fetch *f = &w->fetch[i];

	f->stores = w->routes->stores;
	f->store = string_of(w->plan, source->store);
	f->key = string_of(w->plan, source->key);
	f->deadline_ns = w->began_ns + w->routes->conf->origin_timeout;
	f->cancel = flight_cancel(w->flight);
	f->begin = fetch_begun;
	f->owner = w;
}

void
work_fetch(struct work *w, struct origin *origin, void (*ended)(struct work *w))
{
	size_t n = w->plan->nsource;

	w->fetch_ended = ended;
	for (size_t i = 0; i < n; i++)
		fetch_source(w, i);
	w->fetch[0].validator = w->stale != NULL ? w->stale->validator : NULL;
	atomic_store_explicit(&w->fetching, (unsigned)n, memory_order_relaxed);
	/* With the last one given away, w may be gone. */
	for (size_t i = 0; i < n; i++)
		origin_submit(origin, &w->fetch[i]);
}

void
work_fetch_original(struct work *w, struct origin *origin)
{
	w->fetch[0].validator = NULL;
	atomic_store_explicit(&w->fetching, 1, memory_order_relaxed);
	origin_submit(origin, &w->fetch[0]);
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
	struct digest overlays = work_overlays(w);

	return w->fetch[0].not_modified &&
	    digest_eq(&overlays, &w->stale->overlays);
}

/* --- what they say of the result --- */

struct digest
work_overlays(const struct work *w)
{
	size_t n = plan_overlays(w->plan);
	struct digest none = { .byte = { 0 } };
	struct digest_run *run;

	if (n == 0)
		return none;
	run = digest_new();
	for (size_t i = 1; i <= n; i++) {
		const char *validator = w->fetch[i].facts.validator;

		digest_add(run, validator, strlen(validator) + 1);
	}
	return digest_end(run);
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
