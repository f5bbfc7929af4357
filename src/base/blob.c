/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing blob is a reservation of max bytes of address space, without
 * rights and without memory, opened from its front as bytes come. So bytes
 * never move, readers need no lock, and a page costs memory when it is first
 * written. A blob that is born finished is plain malloc.
 *
 * size and state are published with release and read with acquire: who sees a
 * size sees the bytes below it, who sees a final state sees the final size.
 * The lock serves only those who wait.
 */
#include "base/blob.h"

#include <sys/mman.h>

#include <assert.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/lock.h"

/* At least so much is opened at once: a call costs more than the pages. */
static const size_t blob_step = 256 * KIB;
/* A stated length opens at most so much before the bytes come. */
static const size_t blob_hint_max = 64 * MIB;

struct blob {
	atomic_size_t refs;
	atomic_size_t size;
	atomic_int state;
	/* Constant. */
	uint8_t *data;
	size_t max;
	bool is_heap;
	/* The producer's; constant once finished. */
	size_t mapped; /* bytes reserved */
	size_t usable; /* bytes opened, from the front */
	struct err *error;
	struct lock lock;
	struct cond more;
	unsigned nudges under(lock);
	struct blob_bell *bells under(lock);
};

static size_t
page_up(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (size + page - 1) & ~(page - 1);
}

/* Opens the first size bytes, or all if there are fewer. */
static bool
blob_open(struct blob *b, size_t size)
{
	size = size < b->max ? page_up(size) : b->mapped;
	if (size <= b->usable)
		return true;
	if (mprotect(b->data + b->usable, size - b->usable,
		PROT_READ | PROT_WRITE) != 0)
		return false;
	b->usable = size;
	return true;
}

static struct blob *
blob_alloc(size_t max)
{
	struct blob *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	atomic_init(&b->refs, 1);
	b->max = max;
	lock_init(&b->lock);
	cond_init(&b->more);
	return b;
}

struct blob *
blob_new(size_t max, size_t hint)
{
	struct blob *b;
	void *at;

	if (max > SIZE_MAX / 2)
		return NULL;
	b = blob_alloc(max);
	if (b == NULL)
		return NULL;
	b->mapped = page_up(max > 0 ? max : 1);
	at = mmap(NULL, b->mapped, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == MAP_FAILED) {
		b->mapped = 0;
		blob_drop(b);
		return NULL;
	}
	b->data = at;
	if (hint < blob_step)
		hint = blob_step;
	if (!blob_open(b, hint < blob_hint_max ? hint : blob_hint_max)) {
		blob_drop(b);
		return NULL;
	}
	atomic_init(&b->state, BLOB_GROWING);
	return b;
}

/* Born finished around malloc'd bytes. */
static struct blob *
blob_wrap(uint8_t *bytes, size_t size)
{
	struct blob *b = blob_alloc(size);

	if (b == NULL)
		return NULL;
	b->data = bytes;
	b->is_heap = true;
	atomic_init(&b->size, size);
	atomic_init(&b->state, BLOB_DONE);
	return b;
}

struct blob *
blob_from_take(uint8_t *bytes, size_t size)
{
	struct blob *b = blob_wrap(bytes, size);

	if (b == NULL)
		abort();
	return b;
}

struct blob *
blob_copy(const void *bytes, size_t size)
{
	scoped_free uint8_t *copy = mem_try(size);
	struct blob *b;

	if (copy == NULL)
		return NULL;
	if (size > 0)
		memcpy(copy, bytes, size);
	b = blob_wrap(copy, size);
	if (b != NULL)
		copy = NULL;
	return b;
}

struct blob *
blob_ref(struct blob *b)
{
	size_t before =
	    atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);

	assert(before > 0);
	return b;
}

void
blob_drop(struct blob *b)
{
	size_t before;

	if (b == NULL)
		return;
	/* Release what this thread read; the last one acquires all of it. */
	before = atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel);
	assert(before > 0);
	if (before > 1)
		return;
	if (b->is_heap)
		free(b->data);
	else if (b->mapped > 0)
		munmap(b->data, b->mapped);
	cond_fini(&b->more);
	lock_fini(&b->lock);
	free(b->error);
	free(b);
}

bool
blob_is_shared(const struct blob *b)
{
	return atomic_load_explicit(&b->refs, memory_order_acquire) > 1;
}

/* What the producer itself has written. */
static size_t
blob_size(const struct blob *b)
{
	assert(atomic_load_explicit(&b->state, memory_order_relaxed) ==
	    BLOB_GROWING);
	return atomic_load_explicit(&b->size, memory_order_relaxed);
}

static bool
blob_room(struct blob *b, size_t have, size_t more, struct err *e)
{
	size_t want;

	if (more > b->max - have)
		return err_set(e, ERR_TOO_LARGE, "more than %zu bytes", b->max);
	if (have + more <= b->usable)
		return true;
	want = have + more > 2 * b->usable ? have + more : 2 * b->usable;
	/* A system that counts what is opened may still grant what is needed. */
	if (!blob_open(b, want) && !blob_open(b, have + more))
		return err_set(
		    e, ERR_BUSY, "no memory for %zu bytes", have + more);
	return true;
}

/* After what it tells of can be seen. */
static void
blob_ring(struct blob *b, size_t size, bool end) needs_lock(&b->lock)
{
	for (struct blob_bell *at = b->bells; at != NULL; at = at->next) {
		if (!end && (at->rung || size < at->mark))
			continue;
		at->rung = true;
		at->ring(at->arg);
	}
}

static void
blob_publish(struct blob *b, size_t size)
{
	lock_take(&b->lock);
	atomic_store_explicit(&b->size, size, memory_order_release);
	cond_wake_all(&b->more);
	blob_ring(b, size, false);
	lock_drop(&b->lock);
}

bool
blob_append(struct blob *b, const void *data, size_t size, struct err *e)
{
	size_t have = blob_size(b);

	if (size == 0)
		return true;
	if (!blob_room(b, have, size, e))
		return false;
	memcpy(b->data + have, data, size);
	blob_publish(b, have + size);
	return true;
}

bool
blob_reserve(struct blob *b, uint8_t **at, size_t *room, struct err *e)
{
	size_t have = blob_size(b);

	if (!blob_room(b, have, 1, e))
		return false;
	*at = b->data + have;
	*room = (b->usable < b->max ? b->usable : b->max) - have;
	return true;
}

void
blob_commit(struct blob *b, size_t size)
{
	size_t have = blob_size(b);

	assert(size <= b->max - have && have + size <= b->usable);
	if (size > 0)
		blob_publish(b, have + size);
}

void
blob_finish(struct blob *b, const struct err *e)
{
	size_t size = blob_size(b);
	size_t used = page_up(size > 0 ? size : 1);

	/* Address space counts, too: what will never be used goes back. */
	if (used < b->mapped && munmap(b->data + used, b->mapped - used) == 0) {
		b->mapped = used;
		b->usable = used < b->usable ? used : b->usable;
	}
	if (e != NULL) {
		b->error = xcalloc(1, sizeof(*e));
		*b->error = *e;
	}
	lock_take(&b->lock);
	atomic_store_explicit(&b->state, e == NULL ? BLOB_DONE : BLOB_FAILED,
	    memory_order_release);
	cond_wake_all(&b->more);
	blob_ring(b, size, true);
	lock_drop(&b->lock);
}

struct blob_view
blob_look(const struct blob *b)
{
	struct blob_view view = { .data = b->data };

	/* The state first: a final one promises that the size is final. */
	view.state = (enum blob_state)atomic_load_explicit(
	    &b->state, memory_order_acquire);
	view.size = atomic_load_explicit(&b->size, memory_order_acquire);
	return view;
}

struct blob_view
blob_wait(struct blob *b, size_t have, int64_t until_ns)
{
	struct blob_view view = blob_look(b);
	unsigned nudges = 0;

	if (view.state != BLOB_GROWING || view.size > have)
		return view;
	lock_take(&b->lock);
	nudges = b->nudges;
	for (view = blob_look(b); view.state == BLOB_GROWING &&
	     view.size <= have && b->nudges == nudges;
	     view = blob_look(b))
		if (!cond_wait(&b->more, &b->lock, until_ns))
			break;
	lock_drop(&b->lock);
	return blob_look(b);
}

void
blob_nudge(struct blob *b)
{
	lock_take(&b->lock);
	b->nudges++;
	cond_wake_all(&b->more);
	lock_drop(&b->lock);
}

void
blob_hang(struct blob *b, struct blob_bell *bell)
{
	lock_take(&b->lock);
	bell->rung = false;
	bell->next = b->bells;
	b->bells = bell;
	lock_drop(&b->lock);
}

void
blob_unhang(struct blob *b, struct blob_bell *bell)
{
	struct blob_bell **at = &b->bells;

	lock_take(&b->lock);
	while (*at != bell)
		at = &(*at)->next;
	*at = bell->next;
	lock_drop(&b->lock);
}

void
blob_error(const struct blob *b, struct err *e)
{
	struct blob_view view = blob_look(b);

	assert(view.state == BLOB_FAILED && b->error != NULL);
	*e = *b->error;
}

size_t
blob_memory(const struct blob *b)
{
	size_t size = blob_look(b).size;

	return sizeof(*b) + (b->is_heap ? size : page_up(size));
}
