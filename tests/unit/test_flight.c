/* SPDX-License-Identifier: Apache-2.0 */
/* Flights: who leads, who is woken, what happens when waiters leave. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "cache/flight.h"
#include "unit.h"

struct waiter {
	struct flight_waiter w;
	const void *result;
	atomic_uint woken;
};

static void
waiter_wake(struct flight_waiter *w, const void *result)
{
	struct waiter *me = (struct waiter *)(void *)w;

	me->result = result;
	atomic_fetch_add(&me->woken, 1);
}

static struct waiter
waiter_new(void)
{
	return (struct waiter){ .w.wake = waiter_wake };
}

static struct digest
key_of(unsigned int n)
{
	return digest_of(&n, sizeof(n));
}

static void
test_join(void **state)
{
	struct flights *t = flights_new();
	struct waiter a = waiter_new();
	struct waiter b = waiter_new();
	struct waiter c = waiter_new();
	struct flight *one = NULL;
	struct flight *two = NULL;
	struct flight *none = NULL;
	struct digest key = key_of(1);
	struct digest other = key_of(2);

	(void)state;
	assert_true(flight_join(t, &key, &a.w, &one));
	assert_false(flight_join(t, &key, &b.w, &none));
	assert_null(none);
	assert_true(flight_join(t, &other, &c.w, &two));
	assert_ptr_not_equal(one, two);

	flight_land(t, one, "done");
	assert_int_equal(a.woken, 1);
	assert_int_equal(b.woken, 1);
	assert_string_equal(a.result, "done");
	assert_string_equal(b.result, "done");
	assert_int_equal(c.woken, 0);
	/* Too late: both were woken. */
	assert_false(flight_leave(t, &a.w));
	assert_false(flight_leave(t, &b.w));

	/* The key is free again. */
	a = waiter_new();
	assert_true(flight_join(t, &key, &a.w, &one));
	flight_land(t, one, NULL);
	flight_land(t, two, "two");
	assert_string_equal(c.result, "two");
	flights_free(t);
	flights_free(NULL);
}

static void
test_leave(void **state)
{
	struct flights *t = flights_new();
	struct waiter w[3] = { waiter_new(), waiter_new(), waiter_new() };
	struct flight *f = NULL;
	struct digest key = key_of(1);

	(void)state;
	/* Never joined. */
	assert_false(flight_leave(t, &w[0].w));
	assert_true(flight_join(t, &key, &w[0].w, &f));
	assert_false(flight_join(t, &key, &w[1].w, &f));
	assert_false(flight_join(t, &key, &w[2].w, &f));

	/* The leader leaves, from the middle, alone. */
	assert_true(flight_leave(t, &w[1].w));
	assert_false(flight_leave(t, &w[1].w));
	assert_true(flight_leave(t, &w[0].w));
	assert_int_equal(*flight_cancel(f), 0);
	flight_land(t, f, "x");
	assert_int_equal(w[0].woken, 0);
	assert_int_equal(w[1].woken, 0);
	assert_int_equal(w[2].woken, 1);
	flights_free(t);
}

/* The last one has left: the work is told, and a new one does not join it. */
static void
test_cancel(void **state)
{
	struct flights *t = flights_new();
	struct waiter a = waiter_new();
	struct waiter b = waiter_new();
	struct flight *old = NULL;
	struct flight *new = NULL;
	struct digest key = key_of(1);

	(void)state;
	assert_true(flight_join(t, &key, &a.w, &old));
	assert_true(flight_leave(t, &a.w));
	assert_int_equal(*flight_cancel(old), 1);
	assert_true(flight_join(t, &key, &b.w, &new));
	assert_ptr_not_equal(old, new);

	/* The cancelled work ends: it takes nobody along. */
	flight_land(t, old, "old");
	assert_int_equal(b.woken, 0);
	assert_int_equal(*flight_cancel(new), 0);
	flight_land(t, new, "new");
	assert_string_equal(b.result, "new");
	assert_int_equal(a.woken, 0);
	flights_free(t);
}

/* A wake() may free its waiter and ask for the same key again. */
struct chain {
	struct flight_waiter w;
	struct flights *table;
	struct waiter *then;
	struct flight **flight;
};

static void
chain_wake(struct flight_waiter *w, const void *result)
{
	struct chain *me = (struct chain *)(void *)w;
	struct digest key = key_of(1);

	(void)result;
	assert_true(flight_join(me->table, &key, &me->then->w, me->flight));
	free(me);
}

static void
test_wake_joins(void **state)
{
	struct flights *t = flights_new();
	struct chain *first = xcalloc(1, sizeof(*first));
	struct waiter then = waiter_new();
	struct flight *f = NULL;
	struct flight *next = NULL;
	struct digest key = key_of(1);

	(void)state;
	first->w.wake = chain_wake;
	first->table = t;
	first->then = &then;
	first->flight = &next;
	assert_true(flight_join(t, &key, &first->w, &f));
	flight_land(t, f, NULL);
	assert_non_null(next);
	assert_int_equal(then.woken, 0);
	flight_land(t, next, NULL);
	assert_int_equal(then.woken, 1);
	flights_free(t);
}

/* --- many threads: join, leave, land --- */

enum { CROWD_THREADS = 4, CROWD_ROUNDS = 20000, CROWD_KEYS = 3 };

struct crowd {
	struct flights *table;
	/* Flights whose work another thread has to end. */
	struct flight *_Atomic handed[CROWD_KEYS * 4];
	atomic_uint led, landed, left, woken, cancelled;
};

static void
crowd_land(struct crowd *crowd, struct flight *f)
{
	const void *result = crowd;

	if (f == NULL)
		return;
	if (atomic_load(flight_cancel(f)) != 0) {
		/* It wakes nobody: who is woken looks for the other. */
		result = NULL;
		atomic_fetch_add(&crowd->cancelled, 1);
	}
	flight_land(crowd->table, f, result);
	atomic_fetch_add(&crowd->landed, 1);
}

static void *
crowd_run(void *arg)
{
	struct crowd *crowd = arg;
	unsigned int n = (unsigned int)(uintptr_t)&arg;

	for (unsigned int i = 0; i < CROWD_ROUNDS; i++) {
		struct waiter w = waiter_new();
		struct flight *f = NULL;
		struct digest key;
		unsigned int slot;

		n = n * 1103515245 + 12345;
		slot = (n >> 16) % NELEM(crowd->handed);
		key = key_of((n >> 8) % CROWD_KEYS);
		if (flight_join(crowd->table, &key, &w.w, &f)) {
			atomic_fetch_add(&crowd->led, 1);
			crowd_land(
			    crowd, atomic_exchange(&crowd->handed[slot], f));
		}
		if (n >> 20 & 1)
			crowd_land(
			    crowd, atomic_exchange(&crowd->handed[slot], NULL));
		if (flight_leave(crowd->table, &w.w)) {
			atomic_fetch_add(&crowd->left, 1);
			assert_int_equal(atomic_load(&w.woken), 0);
			continue;
		}
		/* It is woken for sure: w may not end before that. */
		while (atomic_load(&w.woken) == 0)
			sched_yield();
		assert_ptr_equal(w.result, crowd);
		atomic_fetch_add(&crowd->woken, 1);
	}
	return NULL;
}

static void
test_crowd(void **state)
{
	static struct crowd crowd;
	pthread_t thread[CROWD_THREADS];

	(void)state;
	crowd.table = flights_new();
	for (size_t i = 0; i < NELEM(thread); i++)
		assert_int_equal(
		    pthread_create(&thread[i], NULL, crowd_run, &crowd), 0);
	for (size_t i = 0; i < NELEM(thread); i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	for (size_t i = 0; i < NELEM(crowd.handed); i++)
		crowd_land(&crowd, atomic_load(&crowd.handed[i]));
	assert_int_equal(crowd.led, crowd.landed);
	assert_int_equal(
	    crowd.left + crowd.woken, CROWD_THREADS * CROWD_ROUNDS);
	assert_true(crowd.left > 0 && crowd.woken > 0 && crowd.cancelled > 0);
	flights_free(crowd.table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_leave),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_wake_joins),
		cmocka_unit_test(test_crowd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
