/* SPDX-License-Identifier: Apache-2.0 */
/* The ring: full, empty, wrapped, and many threads at once. */
#include <sched.h>
#include <string.h>

#include "base/lock.h"
#include "base/ring.h"
#include "unit.h"

enum { THREADS = 4, EACH = 20000 };

struct record {
	unsigned int thread;
	unsigned int number;
	unsigned char pad[53]; /* an odd size: records lie side by side */
};

/* False: full, nothing was stored. */
static bool
put(struct ring *r, const void *record, size_t size)
{
	void *slot = ring_begin(r);

	if (slot == NULL)
		return false;
	memcpy(slot, record, size);
	ring_commit(r, slot);
	return true;
}

/* False: empty. */
static bool
get(struct ring *r, void *record, size_t size)
{
	const void *slot = ring_look(r);

	if (slot == NULL)
		return false;
	memcpy(record, slot, size);
	ring_next(r);
	return true;
}

static struct record
record_of(unsigned int thread, unsigned int number)
{
	struct record r = { thread, number, { 0 } };

	for (size_t i = 0; i < sizeof(r.pad); i++)
		r.pad[i] = (unsigned char)(number + thread * 7 + i);
	return r;
}

static void
fills_and_empties(void **state)
{
	struct ring *ring = ring_new(4, 1);
	unsigned char out = 77;

	(void)state;
	assert_false(get(ring, &out, sizeof(out)));
	assert_int_equal(out, 77);
	for (unsigned char round = 0; round < 100; round++) {
		for (unsigned char i = 0; i < 4; i++) {
			unsigned char in = (unsigned char)(round + i);

			assert_true(put(ring, &in, sizeof(in)));
		}
		assert_false(put(ring, &out, sizeof(out)));
		assert_false(put(ring, &out, sizeof(out)));
		for (unsigned char i = 0; i < 4; i++) {
			assert_true(get(ring, &out, sizeof(out)));
			assert_int_equal(out, round + i);
		}
		assert_false(get(ring, &out, sizeof(out)));
	}
	ring_free(ring);
	ring_free(NULL);
}

/* One place that comes free is one that can be used, at every offset. */
static void
wraps(void **state)
{
	struct ring *ring = ring_new(2, sizeof(unsigned int));
	unsigned int in = 0;
	unsigned int want = 0;
	unsigned int out;

	(void)state;
	assert_true(put(ring, &in, sizeof(in)));
	for (in = 1; in < 1000; in++) {
		assert_true(put(ring, &in, sizeof(in)));
		assert_false(put(ring, &in, sizeof(in)));
		assert_true(get(ring, &out, sizeof(out)));
		assert_int_equal(out, want++);
	}
	assert_true(get(ring, &out, sizeof(out)));
	assert_int_equal(out, want);
	assert_false(get(ring, &out, sizeof(out)));
	ring_free(ring);
}

/* Records that are written and read where they lie, and copied ones among
 * them. */
static void
lends_its_slots(void **state)
{
	struct ring *ring = ring_new(2, sizeof(unsigned int));
	unsigned int in = 0;
	unsigned int out;

	(void)state;
	assert_null(ring_look(ring));
	for (unsigned int want = 0; want < 1000; want += 2) {
		unsigned int *first = ring_begin(ring);

		assert_non_null(first);
		in = want + 1;
		assert_true(put(ring, &in, sizeof(in)));
		assert_null(ring_begin(ring));
		/* The second is there, but the first comes before it. */
		assert_null(ring_look(ring));
		*first = want;
		ring_commit(ring, first);
		assert_ptr_equal(ring_look(ring), first);
		assert_null(ring_begin(ring));
		ring_next(ring);
		assert_true(get(ring, &out, sizeof(out)));
		assert_int_equal(out, want + 1);
	}
	assert_null(ring_look(ring));
	ring_free(ring);
}

struct producer {
	struct ring *ring;
	unsigned int thread;
	unsigned int refused;
};

static void *
produce(void *arg)
{
	struct producer *p = arg;

	for (unsigned int i = 0; i < EACH; i++) {
		struct record r = record_of(p->thread, i);

		while (!put(p->ring, &r, sizeof(r))) {
			p->refused++;
			sched_yield();
		}
	}
	return NULL;
}

/* Nothing lost, nothing twice, nothing torn, each thread's in its order. */
static void
many_producers(void **state)
{
	struct ring *ring = ring_new(64, sizeof(struct record));
	struct producer p[THREADS];
	pthread_t thread[THREADS];
	unsigned int next[THREADS] = { 0 };
	unsigned int got = 0;
	struct record r;

	(void)state;
	for (unsigned int i = 0; i < THREADS; i++) {
		p[i] = (struct producer){ ring, i, 0 };
		thread[i] = thread_start("produce", produce, &p[i]);
	}
	while (got < THREADS * EACH) {
		struct record want;

		if (!get(ring, &r, sizeof(r))) {
			sched_yield();
			continue;
		}
		assert_true(r.thread < THREADS);
		assert_int_equal(r.number, next[r.thread]);
		want = record_of(r.thread, next[r.thread]++);
		assert_memory_equal(&r.pad, &want.pad, sizeof(r.pad));
		got++;
	}
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_false(get(ring, &r, sizeof(r)));
	ring_free(ring);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_and_empties),
		cmocka_unit_test(wraps),
		cmocka_unit_test(lends_its_slots),
		cmocka_unit_test(many_producers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
