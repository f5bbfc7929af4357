/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table with one place for each hash. Two that are asked for all the time
 * and have the same place are read anew each time, which is only slower.
 */
#include "reading.h"

#include <assert.h>
#include <stdatomic.h>

#include "base/lock.h"

enum {
	READING_PLACES = 512,
	READING_LOCKS = 16,
	/* Of URL and Accept together; longer ones are not remembered. */
	READING_TEXT = 2048
};

/* One lock for every READING_LOCKS-th place. */
struct readings {
	struct lock lock[READING_LOCKS];
	struct reading *at[READING_PLACES]; /* under its lock */
};

struct reading *
reading_new(const struct route *route, struct slice uri, struct slice accept)
{
	struct reading *r = xcalloc(1, sizeof(*r) + uri.len + accept.len);

	plan_init(&r->plan);
	atomic_init(&r->count, 1);
	r->route = route;
	if (uri.len > 0)
		memcpy(r->text, uri.at, uri.len);
	if (accept.len > 0)
		memcpy(r->text + uri.len, accept.at, accept.len);
	r->uri = (struct slice){ r->text, uri.len };
	r->accept = (struct slice){ r->text + uri.len, accept.len };
	return r;
}

struct reading *
reading_ref(struct reading *r)
{
	atomic_fetch_add_explicit(&r->count, 1, memory_order_relaxed);
	return r;
}

void
reading_drop(struct reading *r)
{
	if (r != NULL &&
	    atomic_fetch_sub_explicit(&r->count, 1, memory_order_acq_rel) == 1)
		free(r);
}

/* Eight bytes at a time. Who can foresee it only makes the table useless. */
static uint64_t
mix(uint64_t hash, struct slice s)
{
	const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t word = s.len;

	for (size_t i = 0; i < s.len; i += sizeof(word)) {
		size_t left = s.len - i;

		hash = (hash ^ word) * odd;
		hash ^= hash >> 32;
		word = 0;
		memcpy(
		    &word, s.at + i, left < sizeof(word) ? left : sizeof(word));
	}
	hash = (hash ^ word) * odd;
	return hash ^ hash >> 32;
}

static size_t
place_of(const struct route *route, struct slice uri, struct slice accept)
{
	return mix(mix((uintptr_t)route, uri), accept) % READING_PLACES;
}

struct readings *
readings_new(void)
{
	struct readings *t = xcalloc(1, sizeof(*t));

	for (size_t i = 0; i < READING_LOCKS; i++)
		lock_init(&t->lock[i]);
	return t;
}

void
readings_free(struct readings *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < READING_PLACES; i++)
		reading_drop(t->at[i]);
	for (size_t i = 0; i < READING_LOCKS; i++)
		lock_fini(&t->lock[i]);
	free(t);
}

struct reading *
readings_find(struct readings *t, const struct route *route, struct slice uri,
    struct slice accept)
{
	size_t place = place_of(route, uri, accept);
	struct lock *lock = &t->lock[place % READING_LOCKS];
	struct reading *r = NULL;

	lock_take(lock);
	r = t->at[place];
	if (r != NULL && r->route == route && slice_eq(r->uri, uri) &&
	    slice_eq(r->accept, accept))
		(void)reading_ref(r);
	else
		r = NULL;
	lock_drop(lock);
	return r;
}

void
readings_keep(struct readings *t, struct reading *r)
{
	size_t place = place_of(r->route, r->uri, r->accept);
	struct lock *lock = &t->lock[place % READING_LOCKS];
	struct reading *old = NULL;

	if (r->uri.len + r->accept.len > READING_TEXT)
		return;
	lock_take(lock);
	old = t->at[place];
	t->at[place] = reading_ref(r);
	lock_drop(lock);
	reading_drop(old);
}
