/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of flights: one lock, since a flight costs a rendering and the
 * lock some tens of nanoseconds.
 *
 * A flight is in the table from its first waiter until it lands or until
 * nobody waits any more; it exists until it lands, because the work points to
 * it. A waiter is linked (previous is not NULL) as long as it waits; who
 * unlinks it, under the lock, decides whether it is woken. Waiters are woken
 * without the lock, so that they may do anything, and each is left alone once
 * its wake() has been called, since that may be its end.
 */
#include "cache/flight.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "base/lock.h"

enum { FLIGHT_BUCKETS = 1024 }; /* a power of two */

struct flight {
	struct digest key;
	_Atomic uint32_t cancel;
	/* Guarded by the table's lock. */
	struct flight *next; /* in its bucket */
	struct flight_waiter *first;
	bool is_listed;
};

struct flights {
	struct lock lock;
	struct flight *bucket[FLIGHT_BUCKETS] under(lock);
	unsigned int count under(lock); /* until they land */
};

struct flights *
flights_new(void)
{
	struct flights *t = xcalloc(1, sizeof(*t));

	lock_init(&t->lock);
	return t;
}

void
flights_free(struct flights *t)
{
	if (t == NULL)
		return;
	assert(t->count == 0);
	lock_fini(&t->lock);
	free(t);
}

/* Where the pointer to key's flight is, or would be. */
static struct flight **
flight_place(struct flights *t, const struct digest *key) needs_lock(&t->lock)
{
	struct flight **at;
	uint32_t hash;

	memcpy(&hash, key->byte, sizeof(hash));
	at = &t->bucket[hash & (FLIGHT_BUCKETS - 1)];
	while (*at != NULL && !digest_eq(&(*at)->key, key))
		at = &(*at)->next;
	return at;
}

static void
flight_unlist(struct flights *t, struct flight *f) needs_lock(&t->lock)
{
	struct flight **at;

	if (!f->is_listed)
		return;
	at = flight_place(t, &f->key);
	assert(*at == f);
	*at = f->next;
	f->is_listed = false;
}

bool
flight_join(struct flights *t, const struct digest *key,
    struct flight_waiter *w, struct flight **flight)
{
	struct flight **at;
	struct flight *f;
	bool leads;

	lock_take(&t->lock);
	at = flight_place(t, key);
	f = *at;
	leads = f == NULL;
	if (leads) {
		f = xcalloc(1, sizeof(*f));
		f->key = *key;
		atomic_init(&f->cancel, 0);
		f->is_listed = true;
		*at = f;
		t->count++;
	}
	w->flight = f;
	w->next = f->first;
	w->previous = &f->first;
	if (f->first != NULL)
		f->first->previous = &w->next;
	f->first = w;
	lock_drop(&t->lock);
	if (leads)
		*flight = f;
	return leads;
}

bool
flight_leave(struct flights *t, struct flight_waiter *w)
{
	bool waited;

	lock_take(&t->lock);
	waited = w->previous != NULL;
	if (waited) {
		struct flight *f = w->flight;

		*w->previous = w->next;
		if (w->next != NULL)
			w->next->previous = w->previous;
		w->previous = NULL;
		w->next = NULL;
		if (f->first == NULL) {
			/* Whoever asks from now on begins a new one. */
			flight_unlist(t, f);
			w->last = true;
			atomic_store_explicit(
			    &f->cancel, 1, memory_order_relaxed);
		}
	}
	lock_drop(&t->lock);
	return waited;
}

const _Atomic uint32_t *
flight_cancel(const struct flight *f)
{
	return &f->cancel;
}

void
flight_land(struct flights *t, struct flight *f, const void *result)
{
	struct flight_waiter *w;

	lock_take(&t->lock);
	flight_unlist(t, f);
	w = f->first;
	f->first = NULL;
	for (struct flight_waiter *i = w; i != NULL; i = i->next)
		i->previous = NULL;
	assert(t->count > 0);
	t->count--;
	lock_drop(&t->lock);
	while (w != NULL) {
		struct flight_waiter *next = w->next;

		w->wake(w, result);
		w = next;
	}
	free(f);
}
