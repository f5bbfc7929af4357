/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded queue in which every slot carries its turn. A slot at position p
 * is free to write when its turn is p and ready to read when it is p + 1; the
 * reader hands it on by setting the turn of the next round. Producers fight
 * only for the position (head); the turn publishes the copied bytes.
 */
#include "base/ring.h"

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>

enum { RING_CACHE_LINE = 64 };

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): on purpose. */
struct ring {
	/* Constant. */
	size_t mask;
	size_t size;
	atomic_size_t *turn;
	unsigned char *record;
	/* On lines of their own: each is written by another side. */
	alignas(RING_CACHE_LINE) atomic_size_t head; /* producers */
	alignas(RING_CACHE_LINE) size_t tail;        /* the consumer alone */
};

struct ring *
ring_new(size_t slots, size_t size)
{
	struct ring *r = aligned_alloc(RING_CACHE_LINE, sizeof(*r));

	/* One slot could not tell "full" from "free in the next round". */
	assert(slots >= 2 && (slots & (slots - 1)) == 0 && size > 0);
	if (r == NULL)
		abort();
	r->mask = slots - 1;
	r->size = size;
	r->turn = xcalloc(slots, sizeof(*r->turn));
	r->record = xcalloc(slots, size);
	atomic_init(&r->head, 0);
	r->tail = 0;
	for (size_t i = 0; i < slots; i++)
		atomic_init(&r->turn[i], i);
	return r;
}

void
ring_free(struct ring *r)
{
	if (r == NULL)
		return;
	free(r->turn);
	free(r->record);
	free(r);
}

void *
ring_begin(struct ring *r)
{
	size_t at = atomic_load_explicit(&r->head, memory_order_relaxed);

	for (;;) {
		size_t slot = at & r->mask;
		size_t turn =
		    atomic_load_explicit(&r->turn[slot], memory_order_acquire);

		if (turn == at) {
			if (atomic_compare_exchange_weak_explicit(&r->head, &at,
				at + 1, memory_order_relaxed,
				memory_order_relaxed))
				return r->record + slot * r->size;
		} else if ((ptrdiff_t)(turn - at) < 0) {
			/* Not yet read since the last round. */
			return NULL;
		} else {
			at = atomic_load_explicit(
			    &r->head, memory_order_relaxed);
		}
	}
}

void
ring_commit(struct ring *r, void *record)
{
	size_t offset = (size_t)((unsigned char *)record - r->record);
	atomic_size_t *turn = &r->turn[offset / r->size];

	assert(offset % r->size == 0 && offset / r->size <= r->mask);
	/* Only who began it may change it now. */
	atomic_store_explicit(turn,
	    atomic_load_explicit(turn, memory_order_relaxed) + 1,
	    memory_order_release);
}

const void *
ring_look(struct ring *r)
{
	size_t slot = r->tail & r->mask;
	size_t turn =
	    atomic_load_explicit(&r->turn[slot], memory_order_acquire);

	return turn == r->tail + 1 ? r->record + slot * r->size : NULL;
}

void
ring_next(struct ring *r)
{
	atomic_store_explicit(&r->turn[r->tail & r->mask],
	    r->tail + r->mask + 1, memory_order_release);
	r->tail++;
}
