/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs: growth in place, limits, waiting, and readers beside the producer. */
#include <sys/resource.h>

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/blob.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/lock.h"
#include "base/num.h"
#include "unit.h"

static uint8_t
byte_at(size_t i)
{
	return (uint8_t)(i * 31 + i / 256);
}

static void
assert_bytes(struct blob_view view, size_t from)
{
	for (size_t i = from; i < view.size; i++)
		if (view.data[i] != byte_at(i))
			fail_msg("byte %zu", i);
}

static void
append_bytes(struct blob *b, size_t from, size_t size)
{
	scoped_free uint8_t *part = xcalloc(1, size);
	struct err e;

	for (size_t i = 0; i < size; i++)
		part[i] = byte_at(from + i);
	if (!blob_append(b, part, size, &e))
		fail_msg("%s", e.detail);
}

static void
finished_ones(void **state)
{
	uint8_t *bytes = (uint8_t *)xstrdup("abc");
	struct blob *taken = blob_from_take(bytes, 3);
	struct blob *copy = blob_copy("xyz", 3);
	struct blob *empty = blob_copy(NULL, 0);
	struct blob_view view = blob_look(taken);

	(void)state;
	assert_ptr_equal(view.data, bytes);
	assert_int_equal(view.size, 3);
	assert_int_equal(view.state, BLOB_DONE);
	view = blob_wait(copy, 100, CLOCK_NEVER);
	assert_int_equal(view.size, 3);
	assert_memory_equal(view.data, "xyz", 3);
	assert_int_equal(blob_look(empty).size, 0);
	assert_int_equal(blob_look(empty).state, BLOB_DONE);
	assert_true(blob_memory(copy) >= 3 && blob_memory(copy) < 4096);
	blob_drop(taken);
	blob_drop(copy);
	blob_drop(empty);
	blob_drop(NULL);
}

static void
counting(void **state)
{
	struct blob *b = blob_copy("a", 1);

	(void)state;
	assert_ptr_equal(blob_ref(b), b);
	blob_drop(b);
	assert_int_equal(blob_look(b).data[0], 'a');
	blob_drop(b);
}

/* Past every step of opening, bytes stay where they were. */
static void
grows_in_place(void **state)
{
	static const size_t parts[] = { 1, 4095, 1, 300000, 7, 1000000, 3000000,
		1 };
	struct blob *b = blob_new(8 * MIB, 0);
	const uint8_t *first;
	size_t size = 0;

	(void)state;
	assert_non_null(b);
	first = blob_look(b).data;
	assert_int_equal(blob_look(b).state, BLOB_GROWING);
	for (size_t i = 0; i < NELEM(parts); i++) {
		append_bytes(b, size, parts[i]);
		size += parts[i];
		assert_ptr_equal(blob_look(b).data, first);
		assert_int_equal(blob_look(b).size, size);
		assert_int_equal(blob_look(b).state, BLOB_GROWING);
		assert_bytes(blob_look(b), 0);
	}
	blob_finish(b, NULL);
	assert_ptr_equal(blob_look(b).data, first);
	assert_int_equal(blob_look(b).size, size);
	assert_int_equal(blob_look(b).state, BLOB_DONE);
	assert_bytes(blob_look(b), 0);
	assert_true(blob_memory(b) >= size && blob_memory(b) < size + 8192);
	blob_drop(b);
}

static void
limit_of(size_t max, size_t hint)
{
	struct blob *b = blob_new(max, hint);
	uint8_t *at = NULL;
	size_t room = 77;
	struct err e;

	assert_non_null(b);
	if (max > 0)
		append_bytes(b, 0, max - 1);
	assert_false(blob_append(b, "xy", 2, &e));
	assert_int_equal(e.code, ERR_TOO_LARGE);
	assert_true(blob_append(b, NULL, 0, &e));
	assert_int_equal(blob_look(b).size, max > 0 ? max - 1 : 0);
	if (max > 0) {
		assert_true(blob_reserve(b, &at, &room, &e));
		assert_int_equal(room, 1);
		*at = byte_at(max - 1);
		blob_commit(b, 0);
		blob_commit(b, 1);
	}
	room = 77;
	assert_false(blob_reserve(b, &at, &room, &e));
	assert_int_equal(e.code, ERR_TOO_LARGE);
	assert_int_equal(room, 77);
	assert_false(blob_append(b, "x", 1, &e));
	assert_false(blob_append(b, "x", SIZE_MAX, &e));
	assert_int_equal(e.code, ERR_TOO_LARGE);
	blob_finish(b, NULL);
	assert_int_equal(blob_look(b).size, max);
	assert_bytes(blob_look(b), 0);
	blob_drop(b);
}

static void
limits(void **state)
{
	static const size_t most[] = { 0, 1, 4095, 4096, 4097, 256 * KIB,
		256 * KIB + 1, MIB - 1 };

	(void)state;
	for (size_t i = 0; i < NELEM(most); i++) {
		limit_of(most[i], 0);
		limit_of(most[i], most[i]);
		/* A hint is only a hint: too small, too large, absurd. */
		limit_of(most[i], 10);
		limit_of(most[i], SIZE_MAX);
	}
}

static void
reserve_and_commit(void **state)
{
	struct blob *b = blob_new(3 * MIB + 5, 0);
	size_t size = 0;
	struct err e;

	(void)state;
	for (;;) {
		uint8_t *at;
		size_t room;
		size_t part;

		if (!blob_reserve(b, &at, &room, &e))
			break;
		assert_true(room > 0);
		assert_ptr_equal(at, blob_look(b).data + size);
		part = room > 10000 ? 10000 : room;
		for (size_t i = 0; i < part; i++)
			at[i] = byte_at(size + i);
		blob_commit(b, part);
		size += part;
		assert_int_equal(blob_look(b).size, size);
	}
	assert_int_equal(e.code, ERR_TOO_LARGE);
	assert_int_equal(size, 3 * MIB + 5);
	assert_bytes(blob_look(b), 0);
	blob_finish(b, NULL);
	blob_drop(b);
}

static void
failure(void **state)
{
	struct blob *b = blob_new(MIB, 0);
	struct err e;

	(void)state;
	append_bytes(b, 0, 100);
	assert_false(err_set(&e, ERR_ORIGIN_TIMEOUT, "slow"));
	blob_finish(b, &e);
	memset(&e, 0, sizeof(e));
	assert_int_equal(blob_look(b).state, BLOB_FAILED);
	assert_int_equal(blob_wait(b, 1000, CLOCK_NEVER).state, BLOB_FAILED);
	blob_error(b, &e);
	assert_int_equal(e.code, ERR_ORIGIN_TIMEOUT);
	assert_string_equal(e.detail, "slow");
	assert_bytes(blob_look(b), 0);
	blob_drop(b);
}

static void
waits_in_vain(void **state)
{
	struct blob *b = blob_new(MIB, 0);
	int64_t start = clock_ns();
	struct blob_view view = blob_wait(b, 0, start + 30 * NS_PER_MS);

	(void)state;
	assert_true(clock_ns() - start >= 30 * NS_PER_MS);
	assert_int_equal(view.size, 0);
	assert_int_equal(view.state, BLOB_GROWING);
	/* The past, and what is there already, cost no time. */
	view = blob_wait(b, 0, 0);
	assert_int_equal(view.size, 0);
	view = blob_wait(b, 0, INT64_MIN);
	assert_int_equal(view.size, 0);
	append_bytes(b, 0, 2);
	view = blob_wait(b, 1, CLOCK_NEVER);
	assert_int_equal(view.size, 2);
	/* A blob may be left unfinished. */
	blob_drop(b);
}

enum { READERS = 3, TOTAL = 700000 };

struct reader {
	struct blob *blob;
	enum blob_state end;
	_Atomic size_t wakes;
};

static void *
read_along(void *arg)
{
	struct reader *r = arg;
	size_t have = 0;

	for (;;) {
		struct blob_view view = blob_wait(r->blob, have, CLOCK_NEVER);

		if (view.size < have)
			abort();
		for (size_t i = have; i < view.size; i++)
			if (view.data[i] != byte_at(i))
				abort();
		r->wakes++;
		r->end = view.state;
		/* What a final state shows is all there is. */
		if (view.state != BLOB_GROWING) {
			if (view.size != TOTAL)
				abort();
			break;
		}
		if (view.size == have)
			abort();
		have = view.size;
	}
	blob_drop(r->blob);
	return NULL;
}

static void
race(const struct err *end, enum blob_state want)
{
	struct blob *b = blob_new(TOTAL, 0);
	struct reader reader[READERS];
	pthread_t thread[READERS];

	for (size_t i = 0; i < READERS; i++) {
		reader[i] = (struct reader){ blob_ref(b), BLOB_GROWING, 0 };
		thread[i] = thread_start("read", read_along, &reader[i]);
	}
	for (size_t size = 0; size < TOTAL; size += 1000) {
		append_bytes(b, size, 1000);
		/* Everyone sees it grow, however busy the machine is. */
		for (size_t i = 0; i < READERS && size == TOTAL / 2; i++)
			while (reader[i].wakes == 0)
				clock_sleep_ns(NS_PER_MS);
		if (size % 50000 == 0)
			clock_sleep_ns(NS_PER_MS);
	}
	blob_finish(b, end);
	blob_drop(b);
	for (size_t i = 0; i < READERS; i++) {
		assert_int_equal(pthread_join(thread[i], NULL), 0);
		assert_int_equal(reader[i].end, want);
		assert_true(reader[i].wakes > 1);
	}
}

struct waiter {
	struct blob *blob;
	atomic_bool back;
};

static void *
wait_once(void *arg)
{
	struct waiter *w = arg;

	(void)blob_wait(w->blob, 0, CLOCK_NEVER);
	atomic_store(&w->back, true);
	return NULL;
}

/* Who waits looks again, though nothing came. */
static void
nudge(void **state)
{
	struct waiter w = { .blob = blob_new(100, 0), .back = false };
	struct blob_view view;
	pthread_t thread;

	(void)state;
	blob_nudge(w.blob);
	/* One of before is not for who comes later. */
	view = blob_wait(w.blob, 0, clock_ns() + 10 * NS_PER_MS);
	assert_int_equal(view.size, 0);
	thread = thread_start("wait", wait_once, &w);
	while (!atomic_load(&w.back)) {
		blob_nudge(w.blob);
		clock_sleep_ns(NS_PER_MS);
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(blob_look(w.blob).state, BLOB_GROWING);
	blob_drop(w.blob);
}

static void
count_ring(void *arg)
{
	unsigned *rings = arg;

	(*rings)++;
}

/* Once at the mark and once at the end, for each who hung one up. */
static void
bells(void **state)
{
	struct blob *b = blob_new(100, 0);
	unsigned early = 0;
	unsigned late = 0;
	unsigned gone = 0;
	struct blob_bell at[] = {
		{ .ring = count_ring, .arg = &early, .mark = 10 },
		{ .ring = count_ring, .arg = &late, .mark = SIZE_MAX },
		{ .ring = count_ring, .arg = &gone, .mark = 1 },
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < NELEM(at); i++)
		blob_hang(b, &at[i]);
	assert_true(blob_append(b, "123456789", 9, &e));
	assert_int_equal(early, 0);
	assert_int_equal(gone, 1);
	blob_unhang(b, &at[2]);
	for (int i = 0; i < 3; i++)
		assert_true(blob_append(b, "0", 1, &e));
	assert_int_equal(early, 1);
	assert_int_equal(late, 0);
	blob_unhang(b, &at[0]);
	/* Anew: once more. */
	blob_hang(b, &at[0]);
	assert_true(blob_append(b, "0", 1, &e));
	assert_int_equal(early, 2);
	blob_finish(b, NULL);
	assert_int_equal(early, 3);
	assert_int_equal(late, 1);
	assert_int_equal(gone, 1);
	blob_unhang(b, &at[1]);
	blob_unhang(b, &at[0]);
	blob_drop(b);
}

static void
readers_beside_the_producer(void **state)
{
	struct err e;

	(void)state;
	race(NULL, BLOB_DONE);
	assert_false(err_set(&e, ERR_TRUNCATED, "cut"));
	race(&e, BLOB_FAILED);
}

/* The sanitizers' malloc does not return NULL, it ends the program. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MALLOC_MAY_FAIL false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MALLOC_MAY_FAIL false
#endif
#endif
#ifndef MALLOC_MAY_FAIL
#define MALLOC_MAY_FAIL true
#endif

/* Bytes of address space that this process has. */
static size_t
address_space(void)
{
	scoped_free char *statm = NULL;
	size_t size;
	int64_t pages = 0;
	struct slice rest;
	struct err e;

	assert_true(fd_read_file("/proc/self/statm", 4096, &statm, &size, &e));
	rest = slice_of(statm);
	assert_true(num_int(slice_cut(&rest, ' '), 1, INT64_MAX, &pages));
	return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void
no_memory(void **state)
{
	struct rlimit before;
	struct rlimit tight;
	struct blob *held[10];

	(void)state;
	assert_null(blob_new(SIZE_MAX, 0));
	assert_null(blob_new(SIZE_MAX / 2, 0));
	assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
	tight = before;
	tight.rlim_cur = address_space() + 512 * MIB;
	assert_int_equal(setrlimit(RLIMIT_AS, &tight), 0);
	assert_null(blob_new(GIB, 0));
	if (MALLOC_MAY_FAIL) {
		assert_null(blob_copy("x", GIB));
		assert_null(mem_try(GIB));
	}
	/* What a finished one does not use goes back, what is dropped, too. */
	for (size_t i = 0; i < NELEM(held); i++) {
		struct blob *other = blob_new(200 * MIB, 0);

		held[i] = blob_new(200 * MIB, 0);
		assert_true(other != NULL && held[i] != NULL);
		append_bytes(held[i], 0, 10);
		blob_finish(held[i], NULL);
		blob_drop(other);
	}
	assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
	for (size_t i = 0; i < NELEM(held); i++)
		blob_drop(held[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finished_ones),
		cmocka_unit_test(counting),
		cmocka_unit_test(grows_in_place),
		cmocka_unit_test(limits),
		cmocka_unit_test(reserve_and_commit),
		cmocka_unit_test(failure),
		cmocka_unit_test(waits_in_vain),
		cmocka_unit_test(nudge),
		cmocka_unit_test(bells),
		cmocka_unit_test(readers_beside_the_producer),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
