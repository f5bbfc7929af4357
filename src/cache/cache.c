/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries, and the levels that keep them: one so far. What is fresh, stale or
 * only a record is decided here, from the entry that a level gives.
 */
#include "cache/cache.h"

#include <assert.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/codec.h"
#include "cache/mem.h"

/* Of the bytes' SHA-256: 128 bits, 22 letters of base64url. */
enum { CACHE_ETAG_BYTES = 16 };
_Static_assert(4 * ((CACHE_ETAG_BYTES + 2) / 3) + 3 <= CACHE_ETAG_MAX,
    "an ETag with its quotes fits");

struct cache {
	struct mem *mem;
};

struct cache_entry *
cache_entry_new(const struct digest *key)
{
	struct cache_entry *entry = xcalloc(1, sizeof(*entry));

	entry->key = *key;
	atomic_init(&entry->count, 1);
	return entry;
}

struct cache_entry *
cache_entry_ref(struct cache_entry *entry)
{
	uint32_t before =
	    atomic_fetch_add_explicit(&entry->count, 1, memory_order_relaxed);

	assert(before > 0);
	return entry;
}

void
cache_entry_drop(struct cache_entry *entry)
{
	uint32_t before;

	if (entry == NULL)
		return;
	/* Release what this thread read; the last one acquires all of it. */
	before =
	    atomic_fetch_sub_explicit(&entry->count, 1, memory_order_acq_rel);
	assert(before > 0);
	if (before > 1)
		return;
	blob_drop(entry->body);
	free(entry->overlays);
	free(entry);
}

void
cache_etag(const void *bytes, size_t size, char out[CACHE_ETAG_MAX])
{
	struct digest digest = digest_of(bytes, size);
	size_t len;

	out[0] = '"';
	len = codec_base64_encode(digest.byte, CACHE_ETAG_BYTES, true, out + 1);
	out[len + 1] = '"';
	out[len + 2] = '\0';
}

struct cache *
cache_new(size_t memory, size_t records)
{
	struct cache *c = xcalloc(1, sizeof(*c));

	c->mem = mem_new(memory, records);
	return c;
}

void
cache_free(struct cache *c)
{
	if (c == NULL)
		return;
	mem_free(c->mem);
	free(c);
}

void
cache_resize(struct cache *c, size_t memory, size_t records)
{
	mem_resize(c->mem, memory, records);
}

enum cache_answer
cache_find(
    struct cache *c, const struct digest *key, struct cache_entry **entry)
{
	struct cache_entry *found = mem_find(c->mem, key);
	bool fresh;

	if (found == NULL)
		return CACHE_MISS;
	fresh = clock_ns() <
	    atomic_load_explicit(&found->fresh_until_ns, memory_order_relaxed);
	if (found->body == NULL && !fresh) {
		cache_entry_drop(found);
		return CACHE_MISS;
	}
	*entry = found;
	if (found->body == NULL)
		return CACHE_RECORD;
	return fresh ? CACHE_FRESH : CACHE_STALE;
}

void
cache_put(struct cache *c, struct cache_entry *entry)
{
	assert(entry->body != NULL);
	mem_put(c->mem, entry);
}

void
cache_refresh(struct cache_entry *entry, int64_t fresh_until_ns)
{
	/* A time alone: nothing is published with it. */
	atomic_store_explicit(
	    &entry->fresh_until_ns, fresh_until_ns, memory_order_relaxed);
}

void
cache_forget(struct cache *c, const struct digest *key)
{
	mem_forget(c->mem, key);
}

void
cache_look(struct cache *c, struct cache_state *out)
{
	mem_look(c->mem, out);
}
