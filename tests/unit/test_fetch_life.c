/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transfers: times, those that nobody waits for, turns, the guard and names.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "fetch_kit.h"
#include "metric/metric.h"
#include "net/guard.h"

enum { MANY = 24 };

/* --- times --- */

static bool
serve_silence(struct talk *t)
{
	stay_silent(t);
	return false;
}

static bool
serve_half(struct talk *t)
{
	if (say(t, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"))
		stay_silent(t);
	return false;
}

static bool
serve_trickle(struct talk *t)
{
	if (!say(t, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"))
		return false;
	while (!t->peer->stop && say(t, "x"))
		clock_sleep_ns(20 * NS_PER_MS);
	return false;
}

static bool
serve_reset(struct talk *t)
{
	(void)say(t, t->peer->arg);
	/* It is read before it is torn down. */
	clock_sleep_ns(300 * NS_PER_MS);
	reset(t);
	return false;
}

static void
test_silent(void **state)
{
	struct place *p = *state;
	struct asked *a;

	fetch_way_drop(p->way);
	p->way = way_of(8, 60 * NS_PER_S, 500 * NS_PER_MS, NULL);
	peer_start(p->peer, serve_silence, NULL);
	a = ask(p, "/");
	assert_end(a, FETCH_NO_ANSWER, ERR_ORIGIN_TIMEOUT);
	assert_says(a, "silent for 500 ms before the answer's head");
	asked_free(a);
	p->peer->serve = serve_half;
	a = ask(p, "/");
	assert_end(a, FETCH_BROKEN, ERR_ORIGIN_TIMEOUT);
	assert_says(a, "silent for 500 ms with the body at 4 bytes");
	asked_free(a);
}

static void
test_late(void **state)
{
	struct place *p = *state;
	struct asked *a;

	peer_start(p->peer, serve_silence, NULL);
	a = asked_new(p, "GET", "/");
	a->f.deadline_ns = clock_ns() + 200 * NS_PER_MS;
	begin(p, a);
	finish(a);
	assert_end(a, FETCH_LATE, ERR_ORIGIN_TIMEOUT);
	assert_says(a, "before the answer's head");
	asked_free(a);
	/* It is never silent, and does not come to its end either. */
	p->peer->serve = serve_trickle;
	a = asked_new(p, "GET", "/");
	a->f.deadline_ns = clock_ns() + NS_PER_S;
	begin(p, a);
	finish(a);
	assert_end(a, FETCH_LATE, ERR_ORIGIN_TIMEOUT);
	assert_says(a, "with the body at ");
	asked_free(a);
	/* Already over. */
	a = asked_new(p, "GET", "/");
	a->f.deadline_ns = clock_ns();
	begin(p, a);
	finish(a);
	assert_end(a, FETCH_LATE, ERR_ORIGIN_TIMEOUT);
	assert_says(a, "before its turn");
	asked_free(a);
}

/* A deadline that another one may move: it is looked at while it runs. */
static void
test_due(void **state)
{
	struct place *p = *state;
	_Atomic int64_t due_ns = clock_ns() + 600 * NS_PER_S;
	struct asked *a;

	peer_start(p->peer, serve_trickle, NULL);
	a = asked_new(p, "GET", "/");
	/* This one does not count. */
	a->f.deadline_ns = clock_ns();
	a->f.due_ns = &due_ns;
	a->room = 100000;
	begin(p, a);
	waiter(&a->begun);
	due_ns = clock_ns();
	finish(a);
	assert_end(a, FETCH_LATE, ERR_ORIGIN_TIMEOUT);
	assert_says(a, "with the body at ");
	asked_free(a);
}

/* A listener who accepts nobody: after its queue is full, SYNs are dropped. */
static void
test_connect_late(void **state)
{
	struct place *p = *state;
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t size = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct asked *a[8];

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 0), 0);
	getsockname(listener, (struct sockaddr *)&at, &size);
	fetch_way_drop(p->way);
	p->way = way_of(8, 300 * NS_PER_MS, 600 * NS_PER_MS, NULL);
	p->peer->port = ntohs(at.sin_port);
	for (size_t i = 0; i < NELEM(a); i++) {
		a[i] = asked_new(p, "GET", "/");
		begin(p, a[i]);
	}
	for (size_t i = 0; i < NELEM(a); i++)
		finish(a[i]);
	assert_end(a[NELEM(a) - 1], FETCH_NO_ANSWER, ERR_ORIGIN_TIMEOUT);
	assert_says(a[NELEM(a) - 1], "connecting took longer than 300 ms");
	for (size_t i = 0; i < NELEM(a); i++)
		asked_free(a[i]);
	close(listener);
}

static void
test_reset(void **state)
{
	struct place *p = *state;
	char head[] = "HTTP/1.1 200 OK\r\n\r\nhalf";
	char nothing[] = "";
	struct asked *a;

	peer_start(p->peer, serve_reset, NULL);
	p->peer->arg = head;
	a = ask(p, "/");
	assert_end(a, FETCH_BROKEN, ERR_ORIGIN_FAILED);
	assert_says(a, "at 4 bytes");
	asked_free(a);
	p->peer->arg = nothing;
	a = ask(p, "/");
	assert_end(a, FETCH_NO_ANSWER, ERR_ORIGIN_FAILED);
	asked_free(a);
	/* Nobody listens there. */
	a = asked_new(p, "GET", "/");
	strcpy(a->url, "http://127.0.0.1:1/");
	begin(p, a);
	finish(a);
	assert_end(a, FETCH_NO_ANSWER, ERR_ORIGIN_FAILED);
	assert_says(a, "127.0.0.1:1: there is no connection");
	asked_free(a);
}

/* --- nobody waits --- */

static void
until_asked(struct peer *p, unsigned n)
{
	while (p->requests < n)
		clock_sleep_ns(5 * NS_PER_MS);
}

static void
test_cancel(void **state)
{
	struct place *p = *state;
	struct asked *a;

	peer_start(p->peer, serve_half, NULL);
	a = asked_new(p, "GET", "/");
	begin(p, a);
	until_asked(p->peer, 1);
	a->cancel = 1;
	finish(a);
	assert_end(a, FETCH_STOPPED, ERR_CLIENT_GONE);
	asked_free(a);
	/* In the middle of a body that nobody reads any more. */
	a = asked_new(p, "GET", "/");
	a->room = 100;
	begin(p, a);
	waiter(&a->begun);
	(void)blob_wait(a->reader, 3, CLOCK_NEVER);
	blob_drop(a->reader);
	a->reader = NULL;
	finish(a);
	assert_end(a, FETCH_STOPPED, ERR_CLIENT_GONE);
	assert_says(a, "nobody reads the body");
	asked_free(a);
	/* Before it began. */
	a = asked_new(p, "GET", "/");
	a->cancel = 1;
	begin(p, a);
	finish(a);
	assert_end(a, FETCH_STOPPED, ERR_CLIENT_GONE);
	assert_int_equal(p->peer->requests, 2);
	asked_free(a);
	a = asked_new(p, "GET", "/");
	a->f.start_ns = CLOCK_NEVER;
	begin(p, a);
	a->cancel = 1;
	fetcher_poke(p->fetcher);
	finish(a);
	assert_end(a, FETCH_STOPPED, ERR_CLIENT_GONE);
	asked_free(a);
}

/* A transfer for each place where one can be; all end with the fetcher. */
static void
test_stop(void **state)
{
	struct place *p = *state;
	struct asked *a[12];

	peer_start(p->peer, serve_half, NULL);
	for (size_t i = 0; i < NELEM(a); i++) {
		a[i] = asked_new(p, "GET", "/");
		if (i == 11)
			a[i]->f.start_ns = CLOCK_NEVER;
		begin(p, a[i]);
	}
	until_asked(p->peer, 8);
	fetcher_free(p->fetcher);
	p->fetcher = NULL;
	for (size_t i = 0; i < NELEM(a); i++) {
		finish(a[i]);
		assert_end(a[i], FETCH_STOPPED, ERR_DRAINING);
		asked_free(a[i]);
	}
}

/* --- turns --- */

static bool
serve_gate(struct talk *t)
{
	if (strncmp(t->request, "GET /one ", 9) == 0)
		t->peer->seen = true;
	wait_to_go(t);
	return serve_ok(t);
}

static void
test_bounds(void **state)
{
	struct place *p = *state;
	struct asked *a[MANY];

	fetch_way_drop(p->way);
	p->way = way_of(3, 60 * NS_PER_S, 60 * NS_PER_S, NULL);
	peer_start(p->peer, serve_gate, NULL);
	for (size_t i = 0; i < MANY; i++) {
		a[i] = asked_new(p, "GET", "/");
		begin(p, a[i]);
	}
	until_asked(p->peer, 3);
	p->peer->permits = MANY;
	for (size_t i = 0; i < MANY; i++) {
		finish(a[i]);
		assert_end(a[i], FETCH_DONE, ERR_NONE);
		asked_free(a[i]);
	}
	assert_int_equal(p->peer->most, 3);
	assert_true(p->peer->connections <= 3);
	assert_int_equal(metric_value(METRIC_FETCHES, 0, 0), 0);
	assert_int_equal(metric_value(METRIC_FETCHES_WAITING, 0, 0), 0);
}

/* --- connections that are used again --- */

enum { BUSY_THREADS = 6, BUSY_EACH = 150 };

static void *
busy_thread(void *arg)
{
	struct place *p = arg;
	bool good = true;

	for (int i = 0; good && i < BUSY_EACH; i++) {
		struct asked *a = ask(p, "/");

		good = a->f.ended == FETCH_DONE && strcmp(a->text, "ok") == 0;
		asked_free(a);
	}
	return good ? p : NULL;
}

/*
 * One transfer ends, the next one has its connection at once, and what comes on
 * it is the answer to that: it is not taken for bytes behind the first one's
 * body, and the connection is not ended.
 */
static void
test_busy(void **state)
{
	struct place *p = *state;
	pthread_t thread[BUSY_THREADS];
	bool good = true;

	peer_start(p->peer, serve_ok, NULL);
	for (size_t i = 0; i < NELEM(thread); i++)
		thread[i] = thread_start("busy", busy_thread, p);
	for (size_t i = 0; i < NELEM(thread); i++) {
		void *done = NULL;

		assert_int_equal(pthread_join(thread[i], &done), 0);
		good = good && done != NULL;
	}
	assert_true(good);
	/* Nobody ended one of them. */
	assert_true(p->peer->connections <= BUSY_THREADS);
}

/* Much is asked of one way; the other one's transfer is not behind all of it. */
static void
test_fair(void **state)
{
	struct place *p = *state;
	struct fetch_way *other = way_of(8, 60 * NS_PER_S, 60 * NS_PER_S, NULL);
	struct asked *many[MANY];
	struct asked *one;

	peer_start(p->peer, serve_gate, NULL);
	for (size_t i = 0; i < MANY; i++) {
		many[i] = asked_new(p, "GET", "/many");
		begin(p, many[i]);
	}
	until_asked(p->peer, 8);
	one = asked_new(p, "GET", "/one");
	one->f.way = other;
	begin(p, one);
	while (metric_value(METRIC_FETCHES_WAITING, 0, 0) < MANY - 8 + 1)
		clock_sleep_ns(5 * NS_PER_MS);
	/* It is among the next eight. */
	p->peer->permits += 8;
	until_asked(p->peer, 16);
	assert_true(p->peer->seen);
	p->peer->permits += MANY;
	finish(one);
	assert_end(one, FETCH_DONE, ERR_NONE);
	for (size_t i = 0; i < MANY; i++) {
		finish(many[i]);
		asked_free(many[i]);
	}
	asked_free(one);
	fetch_way_drop(other);
}

static void
test_again(void **state)
{
	struct place *p = *state;
	struct asked *a;

	peer_start(p->peer, serve_ok, NULL);
	a = asked_new(p, "GET", "/");
	a->again = 3;
	begin(p, a);
	finish(a);
	assert_int_equal(a->ends, 4);
	assert_int_equal(p->peer->requests, 4);
	assert_int_equal(a->f.ended, FETCH_DONE);
	asked_free(a);
}

/* A server that says nothing of closing, and closes. */
static bool
serve_once(struct talk *t)
{
	(void)serve_ok(t);
	return false;
}

static void
test_dead_connection(void **state)
{
	struct place *p = *state;

	peer_start(p->peer, serve_once, NULL);
	for (unsigned i = 1; i <= 4; i++) {
		struct asked *a = ask(p, "/");

		assert_end(a, FETCH_DONE, ERR_NONE);
		assert_int_equal(p->peer->connections, i);
		asked_free(a);
	}
}

/* --- the guard, and names --- */

static struct guard *
guard_of(const char *network)
{
	const char *networks[] = { network, NULL };
	struct guard_spec spec = { .networks = networks };
	struct guard *g = NULL;
	struct err e;

	if (!guard_new(&spec, &g, &e))
		fail_msg("%s", e.detail);
	return g;
}

static void
test_guard(void **state)
{
	struct place *p = *state;
	struct fetch_way *guarded =
	    way_of(8, 60 * NS_PER_S, 60 * NS_PER_S, guard_of("10.0.0.0/8"));
	struct fetch_way *open =
	    way_of(8, 60 * NS_PER_S, 60 * NS_PER_S, guard_of("127.0.0.1/32"));
	struct asked *a;

	peer_start(p->peer, serve_ok, NULL);
	/* Once with a socket to be made, once with a connection that is there;
	 * both by name and by address. */
	for (int i = 0; i < 4; i++) {
		a = asked_new(p, "GET", "/");
		if (i % 2 == 1)
			snprintf(a->url, sizeof(a->url), "http://name.test:%d/",
			    p->peer->port);
		a->f.way = guarded;
		begin(p, a);
		finish(a);
		assert_end(a, FETCH_REFUSED, ERR_FORBIDDEN);
		assert_says(a, "address 127.0.0.1: loopback");
		asked_free(a);
		assert_int_equal(p->peer->requests, i < 2 ? 0 : 2);
		if (i != 1)
			continue;
		a = ask(p, "/");
		asked_free(a);
		a = asked_new(p, "GET", "/");
		snprintf(a->url, sizeof(a->url), "http://name.test:%d/",
		    p->peer->port);
		begin(p, a);
		finish(a);
		assert_end(a, FETCH_DONE, ERR_NONE);
		asked_free(a);
	}
	/* Of two addresses the one that is allowed. */
	a = asked_new(p, "GET", "/");
	snprintf(a->url, sizeof(a->url), "http://two.test:%d/", p->peer->port);
	a->f.way = open;
	begin(p, a);
	finish(a);
	assert_end(a, FETCH_DONE, ERR_NONE);
	asked_free(a);
	fetch_way_drop(guarded);
	fetch_way_drop(open);
}

/* A name that is another address when it is asked for again. What is looked at
 * is what is connected to, so there is nothing in between. */
static void
test_turning_name(void **state)
{
	struct place *p = *state;

	fetch_way_drop(p->way);
	p->way =
	    way_of(8, 60 * NS_PER_S, 60 * NS_PER_S, guard_of("127.0.0.1/32"));
	peer_start(p->peer, serve_once, NULL);
	for (int i = 0; i < 6; i++) {
		struct asked *a;
		struct err e;

		/* A new one has no name in its memory. */
		fetcher_free(p->fetcher);
		if (!fetcher_new(8, &p->fetcher, &e))
			fail_msg("%s", e.detail);
		a = asked_new(p, "GET", "/");
		snprintf(a->url, sizeof(a->url), "http://turn.test:%d/",
		    p->peer->port);
		begin(p, a);
		finish(a);
		if (i % 2 == 0)
			assert_end(a, FETCH_DONE, ERR_NONE);
		else
			assert_end(a, FETCH_REFUSED, ERR_FORBIDDEN);
		asked_free(a);
	}
	assert_int_equal(p->peer->requests, 3);
}

/* libcurl 7.88 keeps a buffer then, and the handle could not be set up again:
 * the next transfer ended the process. */
static void
test_after_an_unknown_name(void **state)
{
	struct place *p = *state;

	peer_start(p->peer, serve_ok, NULL);
	for (int i = 0; i < 3; i++) {
		struct asked *a = asked_new(p, "GET", "/");

		(void)snprintf(a->url, sizeof(a->url),
		    "http://unknown.test:%d/", p->peer->port);
		begin(p, a);
		finish(a);
		assert_end(a, FETCH_NO_ANSWER, ERR_ORIGIN_FAILED);
		asked_free(a);
		a = ask(p, "/");
		assert_end(a, FETCH_DONE, ERR_NONE);
		asked_free(a);
	}
}

static void
test_names(void **state)
{
	struct place *p = *state;
	struct asked *slow = asked_new(p, "GET", "/");
	int asked_before = names_asked;
	struct asked *a;

	peer_start(p->peer, serve_ok, NULL);
	/* Nobody answers for it in time: neither its end nor the other
	 * transfers wait for that. */
	snprintf(slow->url, sizeof(slow->url), "http://slow.test:%d/",
	    p->peer->port);
	slow->f.deadline_ns = clock_ns() + 200 * NS_PER_MS;
	begin(p, slow);
	finish(slow);
	assert_end(slow, FETCH_LATE, ERR_ORIGIN_TIMEOUT);
	assert_says(slow, "looking up the name");
	a = ask(p, "/");
	assert_end(a, FETCH_DONE, ERR_NONE);
	assert_false(slow_answered);
	asked_free(a);
	a = asked_new(p, "GET", "/");
	strcpy(a->url, "http://unknown.test/");
	begin(p, a);
	finish(a);
	assert_end(a, FETCH_NO_ANSWER, ERR_ORIGIN_FAILED);
	assert_says(a, "the name is not known");
	asked_free(a);
	asked_free(slow);
	assert_true(names_asked >= asked_before + 2);
	/* Its thread ends by itself. */
	while (!slow_answered)
		clock_sleep_ns(20 * NS_PER_MS);
	clock_sleep_ns(100 * NS_PER_MS);
}

static void
test_ways(void **state)
{
	struct fetch_way_spec spec = { .ca_file = "/nowhere/ca.pem",
		.transfers = 1 };
	struct fetch_way *way = NULL;
	char path[] = "/tmp/pictor-fetch-XXXXXX";
	int fd = mkstemp(path);
	struct err e;

	(void)state;
	assert_true(fd >= 0);
	assert_false(fetch_way_new_take(&spec, &way, &e));
	assert_int_equal(e.code, ERR_CONFIG);
	spec.ca_file = path;
	assert_false(fetch_way_new_take(&spec, &way, &e));
	assert_int_equal(e.code, ERR_CONFIG);
	assert_non_null(strstr(e.detail, "no certificate"));
	close(fd);
	unlink(path);
	fetch_way_drop(NULL);
	fetcher_free(NULL);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_silent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_due, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_connect_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_busy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fair, setup, teardown),
		cmocka_unit_test_setup_teardown(test_again, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_dead_connection, setup, teardown),
		cmocka_unit_test_setup_teardown(test_guard, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_turning_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_after_an_unknown_name, setup, teardown),
		cmocka_unit_test(test_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
