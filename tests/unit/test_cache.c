/* SPDX-License-Identifier: Apache-2.0 */
/* The cache: what is found, what leaves first, and that the bounds hold. */
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "cache/cache.h"
#include "unit.h"

static struct digest
key_of(unsigned int n)
{
	return digest_of(&n, sizeof(n));
}

/* Caller owns it. Fresh for an hour. */
static struct cache_entry *
entry_of(unsigned int n, size_t size)
{
	struct digest key = key_of(n);
	struct cache_entry *entry = cache_entry_new(&key);
	uint8_t *bytes = xcalloc(size, 1);

	memset(bytes, (int)(n & 255), size);
	cache_etag(bytes, size, entry->etag);
	entry->body = blob_from_take(bytes, size);
	entry->made_s = n;
	cache_refresh(entry, clock_ns() + 3600 * NS_PER_S);
	return entry;
}

static void
put(struct cache *c, unsigned int n, size_t size)
{
	struct cache_entry *entry = entry_of(n, size);

	cache_put(c, entry);
	cache_entry_drop(entry);
}

/* How key n is answered; the reference is dropped. */
static enum cache_answer
ask(struct cache *c, unsigned int n)
{
	struct digest key = key_of(n);
	struct cache_entry *entry = NULL;
	enum cache_answer answer = cache_find(c, &key, &entry);

	if (answer == CACHE_MISS) {
		assert_null(entry);
		return answer;
	}
	assert_non_null(entry);
	assert_int_equal(entry->made_s, n);
	assert_int_equal(entry->body == NULL, answer == CACHE_RECORD);
	cache_entry_drop(entry);
	return answer;
}

static void
test_etag(void **state)
{
	char etag[CACHE_ETAG_MAX];
	char other[CACHE_ETAG_MAX];

	(void)state;
	/* SHA-256 of nothing is e3b0c44298fc1c149afbf4c8996fb924... */
	cache_etag("", 0, etag);
	assert_string_equal(etag, "\"47DEQpj8HBSa-_TImW-5JA\"");
	cache_etag("a", 1, other);
	assert_string_not_equal(etag, other);
}

static void
test_answers(void **state)
{
	struct cache *c = cache_new(MIB, 100);
	struct digest key = key_of(1);
	struct cache_entry *entry = NULL;
	struct cache_state look;

	(void)state;
	assert_int_equal(ask(c, 1), CACHE_MISS);
	put(c, 1, 1000);
	assert_int_equal(ask(c, 1), CACHE_FRESH);
	assert_int_equal(ask(c, 2), CACHE_MISS);
	assert_int_equal(cache_find(c, &key, &entry), CACHE_FRESH);
	assert_int_equal(blob_look(entry->body).size, 1000);

	/* What was found stays whole when the cache forgets it. */
	cache_refresh(entry, clock_ns() - 1);
	assert_int_equal(ask(c, 1), CACHE_STALE);
	cache_refresh(entry, clock_ns() + NS_PER_S * 60);
	assert_int_equal(ask(c, 1), CACHE_FRESH);
	cache_forget(c, &key);
	assert_int_equal(ask(c, 1), CACHE_MISS);
	assert_int_equal(blob_look(entry->body).data[999], 1);
	cache_entry_drop(entry);

	cache_look(c, &look);
	assert_int_equal(look.bytes, 0);
	assert_int_equal(look.entries, 0);
	assert_int_equal(look.records, 0);
	cache_forget(c, &key);
	cache_free(c);
	cache_free(NULL);
	cache_entry_drop(NULL);
}

static void
test_replace(void **state)
{
	struct cache *c = cache_new(MIB, 100);
	struct digest key = key_of(7);
	struct cache_entry *entry = NULL;
	struct cache_state look;

	(void)state;
	put(c, 7, 1000);
	put(c, 7, 3000);
	assert_int_equal(cache_find(c, &key, &entry), CACHE_FRESH);
	assert_int_equal(blob_look(entry->body).size, 3000);
	cache_entry_drop(entry);
	cache_look(c, &look);
	assert_int_equal(look.entries, 1);
	assert_in_range(look.bytes, 3000, 4500);
	/* What was replaced is not counted any more: else it would leave. */
	for (unsigned int i = 0; i < 1000; i++)
		put(c, 7, 3000);
	assert_int_equal(ask(c, 7), CACHE_FRESH);
	cache_free(c);
}

/* Never above the bound, and most of it is used. */
static void
test_bound(void **state)
{
	struct cache *c = cache_new(MIB, 50);
	struct cache_state look;

	(void)state;
	for (unsigned int i = 0; i < 5000; i++) {
		put(c, i, 500 + i % 7 * 500);
		cache_look(c, &look);
		assert_true(look.bytes <= MIB);
		assert_true(look.records <= 50);
	}
	assert_true(look.bytes > MIB * 9 / 10);
	assert_int_equal(look.records, 50);
	assert_int_equal(look.evicted + look.entries, 5000);

	cache_resize(c, MIB / 4, 10);
	cache_look(c, &look);
	assert_true(look.bytes <= MIB / 4 && look.bytes > MIB / 5);
	assert_int_equal(look.records, 10);
	cache_resize(c, 0, 10);
	cache_look(c, &look);
	assert_int_equal(look.bytes, 0);
	assert_int_equal(look.entries + look.records, 0);
	put(c, 1, 10);
	assert_int_equal(ask(c, 1), CACHE_MISS);
	cache_free(c);
}

/* A record answers as long as it is fresh; stale it says nothing. */
static void
test_records(void **state)
{
	struct cache *c = cache_new(100 * KIB, 100000);
	struct digest key = key_of(0);
	struct cache_entry *entry = NULL;
	char etag[CACHE_ETAG_MAX];

	(void)state;
	put(c, 0, 1000);
	assert_int_equal(cache_find(c, &key, &entry), CACHE_FRESH);
	memcpy(etag, entry->etag, sizeof(etag));
	cache_entry_drop(entry);
	for (unsigned int i = 1; i < 1000; i++)
		put(c, i, 1000);
	assert_int_equal(cache_find(c, &key, &entry), CACHE_RECORD);
	assert_string_equal(entry->etag, etag);
	cache_refresh(entry, clock_ns() - 1);
	cache_entry_drop(entry);
	assert_int_equal(ask(c, 0), CACHE_MISS);

	/* Its bytes come back. */
	put(c, 0, 1000);
	assert_int_equal(ask(c, 0), CACHE_FRESH);
	cache_free(c);
}

/* Records that are asked for stay longer than those that are not. */
static void
test_records_in_use(void **state)
{
	struct cache *c = cache_new(100 * KIB, 640);
	unsigned int kept = 0;

	(void)state;
	for (unsigned int i = 0; i < 400; i++)
		put(c, i, 1000);
	for (unsigned int i = 400; i < 2000; i++) {
		put(c, i, 1000);
		if (i % 50 == 0)
			for (unsigned int k = 0; k < 20; k++)
				(void)ask(c, k);
	}
	for (unsigned int k = 0; k < 20; k++)
		kept += ask(c, k) != CACHE_MISS;
	assert_int_equal(kept, 20);
	assert_int_equal(ask(c, 100), CACHE_MISS);
	cache_free(c);
}

/* More than a quarter of the memory: the record only. */
static void
test_too_large(void **state)
{
	struct cache *c = cache_new(100 * KIB, 100);
	struct cache_state look;

	(void)state;
	put(c, 1, 20 * KIB);
	assert_int_equal(ask(c, 1), CACHE_FRESH);
	put(c, 2, 30 * KIB);
	assert_int_equal(ask(c, 2), CACHE_RECORD);
	assert_int_equal(ask(c, 1), CACHE_FRESH);
	/* A result that has become too large takes its old bytes along. */
	put(c, 1, 30 * KIB);
	assert_int_equal(ask(c, 1), CACHE_RECORD);
	cache_look(c, &look);
	assert_int_equal(look.bytes, 0);
	assert_int_equal(look.records, 2);
	cache_free(c);
}

/*
 * What is asked for again and again survives a scan of ten times the memory.
 * A least-recently-used list would have lost all of it.
 */
static void
test_scan(void **state)
{
	struct cache *c = cache_new(MIB, 1000);
	unsigned int hits = 0;

	(void)state;
	for (unsigned int i = 0; i < 200; i++)
		put(c, i, 1000);
	for (unsigned int i = 0; i < 600; i++)
		assert_int_equal(ask(c, i % 200), CACHE_FRESH);
	for (unsigned int i = 1000; i < 7000; i++)
		put(c, i, 1000);
	for (unsigned int i = 0; i < 200; i++)
		hits += ask(c, i) == CACHE_FRESH;
	assert_true(hits >= 190);
	cache_free(c);
}

struct crowd {
	struct cache *cache;
	unsigned int first;
};

static void *
crowd_run(void *arg)
{
	struct crowd *crowd = arg;
	unsigned int n = crowd->first;

	for (unsigned int i = 0; i < 6000; i++) {
		struct digest key = key_of(0);
		struct cache_entry *entry = NULL;

		n = n * 1103515245 + 12345;
		key = key_of(n >> 16 & 511);
		if (cache_find(crowd->cache, &key, &entry) == CACHE_MISS) {
			put(crowd->cache, n >> 16 & 511, n >> 8 & 4095);
			continue;
		}
		if (entry->body != NULL && blob_look(entry->body).size > 0)
			assert_int_equal(
			    blob_look(entry->body).data[0], n >> 16 & 255);
		if (i % 100 == 0)
			cache_refresh(entry, clock_ns() + NS_PER_S);
		if (i % 500 == 0)
			cache_forget(crowd->cache, &key);
		if (i % 1000 == 0)
			cache_resize(crowd->cache, 400 * KIB + (n & 65535), 99);
		cache_entry_drop(entry);
	}
	return NULL;
}

/* For the sanitizers; and what is counted is what is there. */
static void
test_crowd(void **state)
{
	enum { THREADS = 4 };
	struct crowd crowd[THREADS] = { 0 };
	pthread_t thread[THREADS];
	struct cache *c = cache_new(400 * KIB, 99);
	struct cache_state look;

	(void)state;
	for (unsigned int i = 0; i < THREADS; i++) {
		crowd[i].cache = c;
		crowd[i].first = i * 7919;
		assert_int_equal(
		    pthread_create(&thread[i], NULL, crowd_run, &crowd[i]), 0);
	}
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	cache_resize(c, 400 * KIB, 99);
	cache_look(c, &look);
	assert_true(look.bytes <= 400 * KIB && look.bytes > 300 * KIB);
	for (unsigned int i = 0; i < 512; i++) {
		struct digest key = key_of(i);

		cache_forget(c, &key);
	}
	cache_look(c, &look);
	assert_int_equal(look.bytes, 0);
	assert_int_equal(look.entries + look.records, 0);
	/* The sum over all shards is 0, too: nothing is evicted below it. */
	put(c, 1, 90 * KIB);
	assert_int_equal(ask(c, 1), CACHE_FRESH);
	cache_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_etag),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_records_in_use),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_crowd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
