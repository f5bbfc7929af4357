/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of one viewer: in progress, and a second. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "auth/auth.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "unit.h"

struct address {
	uint8_t byte[16];
};

static struct address
ipv4(uint32_t n)
{
	struct address a = { { [10] = 0xff, [11] = 0xff } };

	for (size_t i = 0; i < 4; i++)
		a.byte[12 + i] = (uint8_t)(n >> (24 - 8 * i));
	return a;
}

static struct address
ipv6(uint8_t net, uint8_t host)
{
	return (
	    struct address){ { 0x20, 1, 0xd, 0xb8, [7] = net, [15] = host } };
}

static bool
enter(struct viewers *v, const struct conf *conf, struct address a)
{
	struct err e = { 0 };
	bool good = viewer_enter(v, conf, a.byte, &e);

	if (!good) {
		assert_int_equal(e.code, ERR_TOO_MANY_REQUESTS);
		assert_true(e.retry_after_s >= 1);
	}
	return good;
}

static void
leave(struct viewers *v, struct address a)
{
	viewer_leave(v, a.byte);
}

static void
test_none(void **state)
{
	struct viewers *v = viewers_new(1);
	struct conf conf = { 0 };

	(void)state;
	for (unsigned int i = 0; i < 10000; i++)
		assert_true(enter(v, &conf, ipv4(1)));
	/* Entered before there was a limit: leaving them is not owed. */
	leave(v, ipv4(1));
	conf.http_connections_per_viewer = 1;
	assert_true(enter(v, &conf, ipv4(1)));
	assert_false(enter(v, &conf, ipv4(1)));
	leave(v, ipv4(1));
	leave(v, ipv4(1));
	leave(v, ipv4(1));
	assert_true(enter(v, &conf, ipv4(1)));
	assert_false(enter(v, &conf, ipv4(1)));
	viewers_free(v);
	viewers_free(NULL);
}

static void
test_in_progress(void **state)
{
	struct viewers *v = viewers_new(100);
	struct conf conf = { .http_connections_per_viewer = 3 };

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		assert_true(enter(v, &conf, ipv4(1)));
	assert_false(enter(v, &conf, ipv4(1)));
	assert_true(enter(v, &conf, ipv4(2)));
	leave(v, ipv4(1));
	assert_true(enter(v, &conf, ipv4(1)));
	assert_false(enter(v, &conf, ipv4(1)));

	/* IPv6: a /64 is one viewer. */
	for (uint8_t i = 0; i < 3; i++)
		assert_true(enter(v, &conf, ipv6(1, i)));
	assert_false(enter(v, &conf, ipv6(1, 77)));
	assert_true(enter(v, &conf, ipv6(2, 77)));
	leave(v, ipv6(1, 200));
	assert_true(enter(v, &conf, ipv6(1, 77)));
	viewers_free(v);
}

static void
test_rate(void **state)
{
	struct viewers *v = viewers_new(100);
	struct conf conf = { .http_requests_per_viewer = 2 };
	struct err e = { 0 };
	struct address a;
	unsigned int n = 0;

	(void)state;
	/* Ten seconds' worth at once; a slow machine may earn a few more. */
	while (enter(v, &conf, ipv4(1))) {
		leave(v, ipv4(1));
		n++;
	}
	assert_in_range(n, 20, 25);
	assert_true(enter(v, &conf, ipv4(2)));
	clock_sleep_ns(NS_PER_S * 6 / 10);
	assert_true(enter(v, &conf, ipv4(1)));
	leave(v, ipv4(1));

	/* One in ten seconds: how long to wait is said. */
	conf.http_requests_per_viewer = 0.1;
	a = ipv4(3);
	assert_true(viewer_enter(v, &conf, a.byte, &e));
	assert_false(viewer_enter(v, &conf, a.byte, &e));
	assert_in_range(e.retry_after_s, 9, 10);
	viewers_free(v);
}

/* Many more viewers than slots: the idle go, those at work stay counted. */
static void
test_full(void **state)
{
	struct viewers *v = viewers_new(1);
	struct conf conf = { .http_connections_per_viewer = 1 };

	(void)state;
	assert_true(enter(v, &conf, ipv4(7)));
	for (uint32_t i = 100; i < 100000; i++) {
		assert_true(enter(v, &conf, ipv4(i)));
		leave(v, ipv4(i));
	}
	assert_false(enter(v, &conf, ipv4(7)));

	/* All busy: new ones pass, and leaving them takes nobody's count. */
	for (uint32_t i = 100; i < 3000; i++)
		assert_true(enter(v, &conf, ipv4(i)));
	for (uint32_t i = 100; i < 3000; i++)
		leave(v, ipv4(i));
	assert_false(enter(v, &conf, ipv4(7)));
	leave(v, ipv4(7));
	assert_true(enter(v, &conf, ipv4(7)));
	viewers_free(v);
}

struct crowd {
	struct viewers *viewers;
	struct conf conf;
	atomic_int inside[4];
	atomic_uint refused;
};

static void *
crowd_run(void *arg)
{
	struct crowd *c = arg;

	for (uint32_t i = 0; i < 20000; i++) {
		struct address a = ipv4(i % NELEM(c->inside));
		atomic_int *inside = &c->inside[i % NELEM(c->inside)];

		if (!enter(c->viewers, &c->conf, a)) {
			atomic_fetch_add(&c->refused, 1);
			continue;
		}
		assert_true(atomic_fetch_add(inside, 1) < 2);
		if (i % 50 == 0)
			clock_sleep_ns(1000);
		atomic_fetch_sub(inside, 1);
		leave(c->viewers, a);
	}
	return NULL;
}

static void
test_crowd(void **state)
{
	static struct crowd crowd;
	pthread_t thread[4];

	(void)state;
	crowd.viewers = viewers_new(100);
	crowd.conf.http_connections_per_viewer = 2;
	for (size_t i = 0; i < NELEM(thread); i++)
		assert_int_equal(
		    pthread_create(&thread[i], NULL, crowd_run, &crowd), 0);
	for (size_t i = 0; i < NELEM(thread); i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	for (uint32_t i = 0; i < NELEM(crowd.inside); i++) {
		assert_true(enter(crowd.viewers, &crowd.conf, ipv4(i)));
		assert_true(enter(crowd.viewers, &crowd.conf, ipv4(i)));
		assert_false(enter(crowd.viewers, &crowd.conf, ipv4(i)));
	}
	viewers_free(crowd.viewers);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_in_progress),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_crowd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
