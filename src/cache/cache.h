/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results at hand. cache.c asks the levels in turn; so far memory (mem.c). A
 * disk and a shared level come behind the same cache_find(): that is why it
 * may answer "known, but the bytes are not here".
 */
#pragma once

#include "base/blob.h"
#include "base/digest.h"
#include "plan/facts.h"

struct cache;

enum { CACHE_ETAG_MAX = 40, CACHE_VALIDATOR_MAX = 96 };

/*
 * One result. Constant after cache_put(), except fresh_until_ns; counted. The
 * record (all but body) outlives the bytes.
 */
struct cache_entry {
	struct digest key;
	char etag[CACHE_ETAG_MAX]; /* with its quotes; strong: of the bytes */
	char validator[CACHE_VALIDATOR_MAX]; /* the original's */
	/* Its overlays' validators, each with its end; malloc'd. NULL: there
	 * are none, or it is a record, whose bytes must be made anew. */
	char *overlays;
	size_t overlays_size;
	int64_t modified_s;             /* Last-Modified, wall clock */
	int64_t made_s;                 /* wall clock: for Age */
	_Atomic int64_t fresh_until_ns; /* clock_ns() */
	/* How long after that it may be answered while its original cannot be
	 * read. */
	int64_t stale_ns;
	bool no_store; /* its original may be kept by nobody */
	struct facts facts;
	struct blob *body; /* NULL: a record whose bytes are gone */
	_Atomic uint32_t count;
};

/* All zero but the count (1) and the key. */
struct cache_entry *cache_entry_new(const struct digest *key);
struct cache_entry *cache_entry_ref(struct cache_entry *entry);
void cache_entry_drop(struct cache_entry *entry); /* NULL is allowed */
/* Strong ETag from the bytes: a quoted, truncated SHA-256. */
void cache_etag(const void *bytes, size_t size, char out[CACHE_ETAG_MAX]);

enum cache_answer {
	CACHE_MISS,   /* nothing is known */
	CACHE_FRESH,  /* *entry has bytes and may be answered */
	CACHE_STALE,  /* *entry has bytes; the original must be asked first */
	CACHE_RECORD, /* *entry is fresh but has no bytes: good for a 304 */
};

/* memory: bytes; 0: keeps nothing. records: ETags of results without bytes. */
struct cache *cache_new(size_t memory, size_t records);
void cache_free(struct cache *c);
void cache_resize(struct cache *c, size_t memory, size_t records);
/*
 * Looks key up. *entry: a reference unless CACHE_MISS. Never blocks, never
 * does I/O; a hit costs one short lock of one of many shards.
 */
enum cache_answer cache_find(
    struct cache *c, const struct digest *key, struct cache_entry **entry);
/* Stores (replaces) an entry with a body; takes no reference of the caller. */
void cache_put(struct cache *c, struct cache_entry *entry);
/* The original was asked and has not changed. */
void cache_refresh(struct cache_entry *entry, int64_t fresh_until_ns);
void cache_forget(struct cache *c, const struct digest *key);

struct cache_state {
	size_t bytes, entries, records;
	uint64_t evicted;
};
void cache_look(struct cache *c, struct cache_state *out);
