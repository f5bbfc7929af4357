/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results in memory: shards by key, one bound of bytes for all of them, and
 * S3-FIFO in each shard.
 *
 * S3-FIFO: what is new waits in a small queue (a tenth of the bytes). At its
 * end, what was asked for again twice moves on to the main queue and the rest
 * leaves. The main queue goes around: what was used since its last turn gets
 * another one. So a scan of many results that are asked for once passes
 * through a tenth of the memory and pushes out nothing that is used, and a hit
 * moves nothing: it only counts up.
 *
 * What has left stays as a record, without its bytes, in a third queue that is
 * bounded by count and goes around in the same way. It answers 304s, and it is
 * also S3-FIFO's memory: a result that comes back soon after it left goes to
 * the main queue at once.
 *
 * The bound is one number for all shards, so that one large result may take
 * more than a shard's share; room is made in shards that hold at least the
 * average. Bytes are counted before a result is linked in and room is made
 * after it, so when the last mem_put() has returned the bound holds. A result
 * above a quarter of all memory would push out too much that is used: only its
 * record is kept.
 */
#include "cache/mem.h"

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>

#include "base/lock.h"
#include "metric/metric.h"

enum {
	MEM_SHARDS = 32, /* a power of two, at most 256 */
	MEM_BUCKETS = 64,
	MEM_USES_MAX = 3,
	MEM_SMALL_PART = 10,  /* the small queue's part of the memory */
	MEM_SINGLE_PART = 4,  /* the largest result's part of the memory */
	MEM_PROMOTE_USES = 2, /* of a new result, to stay */
	MEM_CACHE_LINE = 64
};

enum mem_where { MEM_IN_SMALL, MEM_IN_MAIN, MEM_IN_RECORDS, MEM_QUEUES };

/* One known key. Belongs to its shard, guarded by the shard's lock. */
struct node {
	struct node *chain;         /* next in its bucket */
	struct node *older, *newer; /* neighbours in its queue */
	struct cache_entry *entry;  /* a reference */
	size_t bytes;               /* as counted; a record: 0 */
	uint64_t left_at;           /* shard's left when its bytes went */
	uint8_t where;
	uint8_t uses;
};

struct queue {
	struct node *oldest, *newest;
	size_t bytes, n;
};

struct shard {
	alignas(MEM_CACHE_LINE) struct lock lock;
	struct queue queue[MEM_QUEUES] under(lock);
	struct node **bucket under(lock);
	size_t nbucket under(lock); /* a power of two */
	size_t nnode under(lock);
	size_t records_max under(lock);
	uint64_t left under(lock); /* results whose bytes went */
	/* Written under the lock; read without, to choose a shard. */
	atomic_size_t bytes;
};

struct mem {
	atomic_size_t limit;
	atomic_size_t bytes; /* at least the sum of all shards' */
	atomic_uint hand;    /* where the search for room begins */
	struct shard shard[MEM_SHARDS];
};

/* Keys are SHA-256: any of their bytes is as good as a hash. */
static struct shard *
mem_shard(struct mem *m, const struct digest *key)
{
	return &m->shard[key->byte[0] & (MEM_SHARDS - 1)];
}

static struct node **
shard_bucket(struct shard *s, const struct digest *key) needs_lock(&s->lock)
{
	uint64_t hash;

	memcpy(&hash, key->byte + 8, sizeof(hash));
	return &s->bucket[hash & (s->nbucket - 1)];
}

/* Where the pointer to key's node is, or would be. */
static struct node **
shard_place(struct shard *s, const struct digest *key) needs_lock(&s->lock)
{
	struct node **at = shard_bucket(s, key);

	while (*at != NULL && !digest_eq(&(*at)->entry->key, key))
		at = &(*at)->chain;
	return at;
}

static void
queue_put(struct queue *q, struct node *n)
{
	n->newer = NULL;
	n->older = q->newest;
	if (q->newest != NULL)
		q->newest->newer = n;
	else
		q->oldest = n;
	q->newest = n;
	q->n++;
	q->bytes += n->bytes;
}

static void
queue_remove(struct queue *q, struct node *n)
{
	if (n->newer != NULL)
		n->newer->older = n->older;
	else
		q->newest = n->older;
	if (n->older != NULL)
		n->older->newer = n->newer;
	else
		q->oldest = n->newer;
	q->n--;
	q->bytes -= n->bytes;
}

static void
shard_move(struct shard *s, struct node *n, enum mem_where to)
    needs_lock(&s->lock)
{
	queue_remove(&s->queue[n->where], n);
	n->where = (uint8_t)to;
	queue_put(&s->queue[to], n);
}

static void
shard_count(struct shard *s, size_t more, size_t less) needs_lock(&s->lock)
{
	size_t now = atomic_load_explicit(&s->bytes, memory_order_relaxed);

	atomic_store_explicit(
	    &s->bytes, now + more - less, memory_order_relaxed);
}

/* Doubles the table when there are as many nodes as buckets. */
static void
shard_grow(struct shard *s) needs_lock(&s->lock)
{
	struct node **old = s->bucket;
	size_t n = s->nbucket;

	if (s->nnode < n)
		return;
	s->nbucket = 2 * n;
	s->bucket = xcalloc(s->nbucket, sizeof(*s->bucket));
	for (size_t i = 0; i < n; i++) {
		while (old[i] != NULL) {
			struct node *node = old[i];
			struct node **at = shard_bucket(s, &node->entry->key);

			old[i] = node->chain;
			node->chain = *at;
			*at = node;
		}
	}
	free(old);
}

/* Unlinks and frees *at; the caller drops the entry that is returned. */
static struct cache_entry *
shard_remove(struct shard *s, struct node **at) needs_lock(&s->lock)
{
	struct node *n = *at;
	struct cache_entry *entry = n->entry;

	queue_remove(&s->queue[n->where], n);
	shard_count(s, 0, n->bytes);
	*at = n->chain;
	s->nnode--;
	free(n);
	return entry;
}

/* A copy without the bytes. */
static struct cache_entry *
record_of(struct cache_entry *entry)
{
	struct cache_entry *record = cache_entry_new(&entry->key);

	memcpy(record->etag, entry->etag, sizeof(record->etag));
	memcpy(record->validator, entry->validator, sizeof(record->validator));
	record->modified_s = entry->modified_s;
	record->made_s = entry->made_s;
	record->facts = entry->facts;
	atomic_init(&record->fresh_until_ns,
	    atomic_load_explicit(&entry->fresh_until_ns, memory_order_relaxed));
	return record;
}

static void
shard_trim_records(struct shard *s) needs_lock(&s->lock)
{
	struct queue *records = &s->queue[MEM_IN_RECORDS];

	while (records->n > s->records_max) {
		struct node *n = records->oldest;

		if (n->uses > 0) {
			n->uses = 0;
			shard_move(s, n, MEM_IN_RECORDS);
			continue;
		}
		/* No bytes hang on it: cheap enough under the lock. */
		cache_entry_drop(
		    shard_remove(s, shard_place(s, &n->entry->key)));
	}
}

/*
 * Whose bytes go next; NULL: there are none. Ends, since each turn lowers
 * uses or empties the small queue.
 */
static struct node *
shard_victim(struct shard *s, size_t small_max) needs_lock(&s->lock)
{
	struct queue *small = &s->queue[MEM_IN_SMALL];
	struct queue *main = &s->queue[MEM_IN_MAIN];

	for (;;) {
		struct node *n = main->oldest;

		if (small->n > 0 && (n == NULL || small->bytes > small_max)) {
			n = small->oldest;
			if (n->uses < MEM_PROMOTE_USES)
				return n;
			n->uses = 0;
		} else {
			if (n == NULL || n->uses == 0)
				return n;
			n->uses--;
		}
		shard_move(s, n, MEM_IN_MAIN);
	}
}

/*
 * Turns n into a record. Returns the entry with the bytes, which the caller
 * drops after the lock: giving back memory takes long.
 */
static struct cache_entry *
shard_shrink(struct shard *s, struct node *n) needs_lock(&s->lock)
{
	struct cache_entry *entry = n->entry;

	queue_remove(&s->queue[n->where], n);
	shard_count(s, 0, n->bytes);
	n->entry = record_of(entry);
	n->bytes = 0;
	n->uses = 0;
	n->where = MEM_IN_RECORDS;
	n->left_at = ++s->left;
	queue_put(&s->queue[MEM_IN_RECORDS], n);
	shard_trim_records(s);
	return entry;
}

/* A shard with at least the average; NULL: all is on its way in or out. */
static struct shard *
mem_crowded(struct mem *m)
{
	size_t share =
	    atomic_load_explicit(&m->bytes, memory_order_relaxed) / MEM_SHARDS;
	unsigned int first =
	    atomic_fetch_add_explicit(&m->hand, 1, memory_order_relaxed);
	size_t most = 0;
	struct shard *fullest = NULL;

	for (unsigned int i = 0; i < MEM_SHARDS; i++) {
		struct shard *s = &m->shard[(first + i) & (MEM_SHARDS - 1)];
		size_t bytes =
		    atomic_load_explicit(&s->bytes, memory_order_relaxed);

		if (bytes > 0 && bytes >= share)
			return s;
		if (bytes > most) {
			most = bytes;
			fullest = s;
		}
	}
	return fullest;
}

static void
mem_make_room(struct mem *m)
{
	size_t limit = atomic_load_explicit(&m->limit, memory_order_relaxed);

	while (atomic_load_explicit(&m->bytes, memory_order_relaxed) > limit) {
		struct shard *s = mem_crowded(m);
		struct cache_entry *gone = NULL;
		struct node *n;
		size_t bytes = 0;

		if (s == NULL)
			return;
		lock_take(&s->lock);
		n = shard_victim(s, limit / MEM_SHARDS / MEM_SMALL_PART);
		if (n != NULL) {
			bytes = n->bytes;
			gone = shard_shrink(s, n);
		}
		lock_drop(&s->lock);
		if (gone == NULL)
			continue;
		atomic_fetch_sub_explicit(
		    &m->bytes, bytes, memory_order_relaxed);
		metric_add(METRIC_CACHE_EVICTED, 0, 0, 1);
		cache_entry_drop(gone);
	}
}

struct mem *
mem_new(size_t memory, size_t records)
{
	struct mem *m = aligned_alloc(MEM_CACHE_LINE, sizeof(*m));

	if (m == NULL)
		abort();
	memset(m, 0, sizeof(*m));
	for (size_t i = 0; i < MEM_SHARDS; i++) {
		struct shard *s = &m->shard[i];

		lock_init(&s->lock);
		s->nbucket = MEM_BUCKETS;
		s->bucket = xcalloc(s->nbucket, sizeof(*s->bucket));
	}
	mem_resize(m, memory, records);
	return m;
}

/* Everything goes, records too. */
static void
mem_empty(struct mem *m)
{
	for (size_t i = 0; i < MEM_SHARDS; i++) {
		struct shard *s = &m->shard[i];
		size_t bytes;

		lock_take(&s->lock);
		bytes = atomic_load_explicit(&s->bytes, memory_order_relaxed);
		for (size_t k = 0; k < s->nbucket; k++)
			while (s->bucket[k] != NULL)
				cache_entry_drop(
				    shard_remove(s, &s->bucket[k]));
		lock_drop(&s->lock);
		atomic_fetch_sub_explicit(
		    &m->bytes, bytes, memory_order_relaxed);
	}
}

void
mem_free(struct mem *m)
{
	if (m == NULL)
		return;
	mem_empty(m);
	for (size_t i = 0; i < MEM_SHARDS; i++) {
		free(m->shard[i].bucket);
		lock_fini(&m->shard[i].lock);
	}
	free(m);
}

void
mem_resize(struct mem *m, size_t memory, size_t records)
{
	atomic_store_explicit(&m->limit, memory, memory_order_relaxed);
	for (size_t i = 0; i < MEM_SHARDS; i++) {
		struct shard *s = &m->shard[i];

		lock_take(&s->lock);
		s->records_max =
		    records / MEM_SHARDS + (i < records % MEM_SHARDS);
		shard_trim_records(s);
		lock_drop(&s->lock);
	}
	mem_make_room(m);
	if (memory == 0)
		mem_empty(m);
}

struct cache_entry *
mem_find(struct mem *m, const struct digest *key)
{
	struct shard *s = mem_shard(m, key);
	struct cache_entry *entry = NULL;
	struct node *n;

	lock_take(&s->lock);
	n = *shard_place(s, key);
	if (n != NULL) {
		entry = cache_entry_ref(n->entry);
		if (n->uses < MEM_USES_MAX)
			n->uses++;
	}
	lock_drop(&s->lock);
	return entry;
}

/* Where bytes of n, which is new or a record, begin. */
static enum mem_where
shard_entrance(const struct shard *s, const struct node *n) needs_lock(&s->lock)
{
	size_t held = s->queue[MEM_IN_SMALL].n + s->queue[MEM_IN_MAIN].n;

	/* As many as there are results: that is how far S3-FIFO looks back. */
	return n->left_at > 0 && s->left - n->left_at < held ? MEM_IN_MAIN
							     : MEM_IN_SMALL;
}

/*
 * Sets entry as what n holds; bytes 0 makes it a record. Returns what n held.
 */
static struct cache_entry *
shard_set(struct shard *s, struct node *n, struct cache_entry *entry,
    size_t bytes) needs_lock(&s->lock)
{
	struct cache_entry *before = n->entry;
	enum mem_where to = (enum mem_where)n->where;

	if (bytes == 0)
		to = MEM_IN_RECORDS;
	else if (to == MEM_IN_RECORDS)
		to = shard_entrance(s, n);
	queue_remove(&s->queue[n->where], n);
	shard_count(s, bytes, n->bytes);
	n->entry = entry;
	n->bytes = bytes;
	if (n->where != to)
		n->uses = 0;
	n->where = (uint8_t)to;
	/* A replaced result starts anew in its queue: it is as new. */
	queue_put(&s->queue[to], n);
	return before;
}

/* The node of key; a new one is an empty record. */
static struct node *
shard_node(struct shard *s, struct cache_entry *entry) needs_lock(&s->lock)
{
	struct node **at = shard_place(s, &entry->key);
	struct node *n = *at;

	if (n != NULL)
		return n;
	n = xcalloc(1, sizeof(*n));
	n->where = MEM_IN_RECORDS;
	n->entry = cache_entry_ref(entry);
	*at = n;
	s->nnode++;
	queue_put(&s->queue[MEM_IN_RECORDS], n);
	shard_grow(s);
	return n;
}

void
mem_put(struct mem *m, struct cache_entry *entry)
{
	struct shard *s = mem_shard(m, &entry->key);
	size_t limit = atomic_load_explicit(&m->limit, memory_order_relaxed);
	size_t bytes = blob_memory(entry->body) + sizeof(*entry) +
	    sizeof(struct node) + entry->overlays_size;
	struct cache_entry *held;
	struct cache_entry *before;
	struct node *n;
	size_t less;

	if (limit == 0)
		return;
	if (bytes > limit / MEM_SINGLE_PART)
		bytes = 0;
	held = bytes > 0 ? cache_entry_ref(entry) : record_of(entry);
	atomic_fetch_add_explicit(&m->bytes, bytes, memory_order_relaxed);
	lock_take(&s->lock);
	n = shard_node(s, held);
	less = n->bytes;
	before = shard_set(s, n, held, bytes);
	shard_trim_records(s);
	lock_drop(&s->lock);
	atomic_fetch_sub_explicit(&m->bytes, less, memory_order_relaxed);
	cache_entry_drop(before);
	mem_make_room(m);
}

void
mem_forget(struct mem *m, const struct digest *key)
{
	struct shard *s = mem_shard(m, key);
	struct cache_entry *gone = NULL;
	struct node **at;
	size_t bytes = 0;

	lock_take(&s->lock);
	at = shard_place(s, key);
	if (*at != NULL) {
		bytes = (*at)->bytes;
		gone = shard_remove(s, at);
	}
	lock_drop(&s->lock);
	atomic_fetch_sub_explicit(&m->bytes, bytes, memory_order_relaxed);
	cache_entry_drop(gone);
}

void
mem_look(struct mem *m, struct cache_state *out)
{
	struct cache_state all = { 0 };

	for (size_t i = 0; i < MEM_SHARDS; i++) {
		struct shard *s = &m->shard[i];

		lock_take(&s->lock);
		all.bytes +=
		    s->queue[MEM_IN_SMALL].bytes + s->queue[MEM_IN_MAIN].bytes;
		all.entries +=
		    s->queue[MEM_IN_SMALL].n + s->queue[MEM_IN_MAIN].n;
		all.records += s->queue[MEM_IN_RECORDS].n;
		all.evicted += s->left;
		lock_drop(&s->lock);
	}
	*out = all;
}
