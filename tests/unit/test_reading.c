/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered is given for the same question only. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "reading.h"
#include "route.h"
#include "unit.h"

static const struct route one;
static const struct route other;

/* Its plan says which one it is. */
static struct reading *
keep(struct readings *t, const struct route *route, const char *uri,
    const char *accept, uint16_t mark)
{
	struct reading *r = reading_new(route, slice_of(uri), slice_of(accept));

	r->plan.out.format = mark;
	readings_keep(t, r);
	return r;
}

/* 0: not there. */
static unsigned
found(struct readings *t, const struct route *route, const char *uri,
    const char *accept)
{
	struct reading *r =
	    readings_find(t, route, slice_of(uri), slice_of(accept));
	unsigned mark = r != NULL ? r->plan.out.format : 0;

	reading_drop(r);
	return mark;
}

static void
test_same_question(void **state)
{
	struct readings *t = readings_new();

	(void)state;
	assert_int_equal(found(t, &one, "/a?width=1", "image/webp"), 0);
	reading_drop(keep(t, &one, "/a?width=1", "image/webp", 7));
	assert_int_equal(found(t, &one, "/a?width=1", "image/webp"), 7);
	/* Any byte more, less or other is another question. */
	assert_int_equal(found(t, &other, "/a?width=1", "image/webp"), 0);
	assert_int_equal(found(t, &one, "/a?width=2", "image/webp"), 0);
	assert_int_equal(found(t, &one, "/a?width=1", "image/webq"), 0);
	assert_int_equal(found(t, &one, "/a?width=1", ""), 0);
	assert_int_equal(found(t, &one, "/a?width=1", NULL), 0);
	assert_int_equal(found(t, &one, "/a?width=1i", "mage/webp"), 0);
	assert_int_equal(found(t, &one, "/a?width=", "1image/webp"), 0);
	assert_int_equal(found(t, &one, "", "/a?width=1image/webp"), 0);
	assert_int_equal(found(t, &one, "/a?width=1", "image/webp"), 7);
	readings_free(t);
}

static void
test_no_accept(void **state)
{
	struct readings *t = readings_new();

	(void)state;
	reading_drop(keep(t, &one, "/a", NULL, 7));
	/* None and an empty one say the same. */
	assert_int_equal(found(t, &one, "/a", NULL), 7);
	assert_int_equal(found(t, &one, "/a", ""), 7);
	readings_free(t);
}

/* Many more than there are places: none is ever given for another one. */
static void
test_many(void **state)
{
	enum { MANY = 5000, LEAST = 100 };
	struct readings *t = readings_new();
	unsigned there = 0;
	char uri[32];

	(void)state;
	for (unsigned i = 1; i <= MANY; i++) {
		snprintf(uri, sizeof(uri), "/%u.jpg?width=%u", i % 97, i);
		reading_drop(keep(t, &one, uri, "", (uint16_t)i));
		assert_int_equal(found(t, &one, uri, ""), i);
	}
	for (unsigned i = 1; i <= MANY; i++) {
		unsigned mark = 0;

		snprintf(uri, sizeof(uri), "/%u.jpg?width=%u", i % 97, i);
		mark = found(t, &one, uri, "");
		assert_true(mark == 0 || mark == i);
		there += mark == i;
	}
	/* They are spread over all places. */
	assert_true(there >= LEAST && there < MANY);
	readings_free(t);
}

/* What a client makes long is not remembered, so memory has a bound. */
static void
test_long(void **state)
{
	struct readings *t = readings_new();
	char uri[4096];

	(void)state;
	memset(uri, 'x', sizeof(uri) - 1);
	uri[sizeof(uri) - 1] = '\0';
	reading_drop(keep(t, &one, uri, "", 7));
	assert_int_equal(found(t, &one, uri, ""), 0);
	uri[1000] = '\0';
	reading_drop(keep(t, &one, uri, "", 7));
	assert_int_equal(found(t, &one, uri, ""), 7);
	readings_free(t);
}

/* A request may hold it when its configuration is gone. */
static void
test_outlives(void **state)
{
	struct readings *t = readings_new();
	struct reading *r = keep(t, &one, "/a", "*/*", 7);

	(void)state;
	readings_free(t);
	assert_true(slice_is(r->uri, "/a"));
	assert_true(slice_is(r->accept, "*/*"));
	assert_int_equal(r->plan.out.format, 7);
	reading_drop(r);
	reading_drop(NULL);
	readings_free(NULL);
}

static void *
ask(void *arg)
{
	struct readings *t = arg;
	char uri[32];

	for (unsigned i = 1; i <= 20000; i++) {
		unsigned n = i % 700 + 1;
		unsigned mark = 0;

		snprintf(uri, sizeof(uri), "/%u", n);
		mark = found(t, &one, uri, "");
		assert_true(mark == 0 || mark == n);
		if (mark == 0)
			reading_drop(keep(t, &one, uri, "", (uint16_t)n));
	}
	return NULL;
}

static void
test_threads(void **state)
{
	struct readings *t = readings_new();
	pthread_t thread[4];

	(void)state;
	for (size_t i = 0; i < NELEM(thread); i++)
		assert_int_equal(pthread_create(&thread[i], NULL, ask, t), 0);
	for (size_t i = 0; i < NELEM(thread); i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	readings_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_question),
		cmocka_unit_test(test_no_accept),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_outlives),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
