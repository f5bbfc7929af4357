/* SPDX-License-Identifier: Apache-2.0 */
/* Who is next, who is refused, who has waited too long. */
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "conf/conf.h"
#include "render/queue.h"
#include "render/sources.h"
#include "unit.h"

enum { JOBS = 6 };

struct fixture {
	struct conf *conf;
	struct queue queue;
	struct blob *blob[JOBS];
	struct render_job job[JOBS];
	_Atomic uint32_t cancel;
};

/* Bytes to begin with. */
enum { LEAST = 64 };

static int
start(void **state)
{
	static struct fixture f;
	static const struct plan plan;
	static const char text[] =
	    "[render]\nqueue_jobs = 4\nqueue_cost = 100\nqueue_time = 2s\n"
	    "queue_bytes = 2048\n[mount.m]\n";
	struct err e;

	memset(&f, 0, sizeof(f));
	assert_true(conf_load_text(SLICE(text), "test", NULL, &f.conf, &e));
	queue_init(&f.queue, 1);
	for (size_t i = 0; i < JOBS; i++) {
		f.blob[i] = blob_new(1024, 0);
		f.job[i] = (struct render_job){ .plan = &plan,
			.conf = f.conf,
			.original = f.blob[i],
			.domain = "m",
			.cost = 10,
			.deadline_ns = CLOCK_NEVER,
			.submitted_ns = (int64_t)i };
	}
	*state = &f;
	return 0;
}

static int
stop(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < JOBS; i++)
		blob_drop(f->blob[i]);
	conf_drop(f->conf);
	return 0;
}

static void
put_whole(struct fixture *f, size_t i)
{
	blob_finish(f->blob[i], NULL);
	queue_put(&f->queue, &f->job[i]);
}

static enum queue_worker
always(void *arg, const char *domain)
{
	(void)arg;
	(void)domain;
	return QUEUE_IDLE;
}

/* arg: the domain that has an idle worker; "a" has one that is busy. */
static enum queue_worker
only(void *arg, const char *domain)
{
	if (strcmp(arg, domain) == 0)
		return QUEUE_IDLE;
	return strcmp(domain, "a") == 0 ? QUEUE_BUSY : QUEUE_NONE;
}

/* The number of the next job, -1: none. */
static int
next(struct fixture *f)
{
	struct render_job *job = queue_take(&f->queue, 0, LEAST, always, NULL);

	return job == NULL ? -1 : (int)(job - f->job);
}

static void
test_order(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(next(f), -1);
	put_whole(f, 0);
	queue_put(&f->queue, &f->job[1]);
	put_whole(f, 2);
	queue_put(&f->queue, &f->job[3]);
	assert_int_equal(f->queue.jobs, 4);
	/* Complete ones first, each kind in order. */
	assert_int_equal(next(f), 0);
	assert_int_equal(next(f), 2);
	assert_false(queue_has_whole(&f->queue, 0));
	assert_int_equal(next(f), 1);
	assert_int_equal(next(f), 3);
	assert_int_equal(next(f), -1);
	assert_int_equal(f->queue.jobs, 0);
	assert_true(f->queue.cost == 0);
}

/* Of those that still arrive, one that could be begun goes first. */
static void
test_ready(void **state)
{
	struct fixture *f = *state;
	static const uint8_t bytes[LEAST] = { 1 };
	struct err e;

	for (size_t i = 0; i < 4; i++)
		queue_put(&f->queue, &f->job[i]);
	assert_false(queue_has_ready(&f->queue, LEAST));
	assert_true(blob_append(f->blob[0], bytes, LEAST - 1, &e));
	assert_true(blob_append(f->blob[1], bytes, LEAST, &e));
	assert_true(blob_append(f->blob[2], bytes, LEAST, &e));
	f->job[1].whole_only = true;
	assert_true(queue_has_ready(&f->queue, LEAST));
	assert_int_equal(next(f), 2);
	assert_false(queue_has_ready(&f->queue, LEAST));
	assert_int_equal(next(f), 0);
	assert_int_equal(next(f), 3);
	assert_int_equal(next(f), -1);
	put_whole(f, 4);
	put_whole(f, 5);
	assert_true(queue_has_whole(&f->queue, 1));
	assert_false(queue_has_whole(&f->queue, 2));
}

static void
test_becomes_whole(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < 4; i++)
		queue_put(&f->queue, &f->job[i]);
	f->job[0].whole_only = true;
	assert_false(queue_sort(&f->queue));
	/* The first of them has given its worker up once. */
	assert_int_equal(next(f), 1);
	blob_finish(f->blob[3], NULL);
	assert_true(queue_sort(&f->queue));
	assert_true(queue_has_whole(&f->queue, 0));
	assert_int_equal(next(f), 3);
	assert_int_equal(next(f), 2);
	assert_int_equal(next(f), -1);
	blob_finish(f->blob[0], NULL);
	assert_int_equal(next(f), 0);
	/* The links held: more may come. */
	put_whole(f, 4);
	assert_int_equal(next(f), 4);
}

static void
test_domains(void **state)
{
	struct fixture *f = *state;
	char idle[] = "b";
	int64_t later = NS_PER_S;

	put_whole(f, 0);
	put_whole(f, 1);
	put_whole(f, 2);
	f->job[1].domain = f->job[2].domain = "b";
	assert_ptr_equal(
	    queue_take(&f->queue, 0, LEAST, only, idle), &f->job[1]);
	/* Not when the older one has waited for long. */
	assert_ptr_equal(
	    queue_take(&f->queue, later, LEAST, only, idle), &f->job[0]);
	assert_ptr_equal(
	    queue_take(&f->queue, later, LEAST, only, idle), &f->job[2]);
	/* Nobody is idle: the oldest. */
	put_whole(f, 3);
	put_whole(f, 4);
	assert_ptr_equal(
	    queue_take(&f->queue, 0, LEAST, only, idle), &f->job[3]);
}

/* However many wait for too long: workers keep their domains for a while. */
static void
test_slice(void **state)
{
	struct fixture *f = *state;
	char idle[] = "b";
	int64_t now = 10 * NS_PER_S;

	for (size_t i = 0; i < JOBS; i++) {
		put_whole(f, i);
		f->job[i].domain = i < 3 ? "m" : "b";
	}
	assert_ptr_equal(
	    queue_take(&f->queue, now, LEAST, only, idle), &f->job[0]);
	assert_ptr_equal(
	    queue_take(&f->queue, now, LEAST, only, idle), &f->job[3]);
	assert_ptr_equal(
	    queue_take(&f->queue, now, LEAST, only, idle), &f->job[4]);
	now += f->queue.slice_ns;
	assert_ptr_equal(
	    queue_take(&f->queue, now, LEAST, only, idle), &f->job[1]);
	assert_ptr_equal(
	    queue_take(&f->queue, now, LEAST, only, idle), &f->job[5]);
	/* There is nothing else to do with it. */
	assert_ptr_equal(
	    queue_take(&f->queue, now, LEAST, only, idle), &f->job[2]);
}

/* A domain that is being served does not take another's worker. */
static void
test_busy(void **state)
{
	struct fixture *f = *state;
	char idle[] = "b";
	int64_t late = 3 * NS_PER_S;

	for (size_t i = 0; i < 4; i++) {
		put_whole(f, i);
		f->job[i].domain = i < 2 ? "a" : "b";
	}
	assert_ptr_equal(
	    queue_take(&f->queue, late, LEAST, only, idle), &f->job[2]);
	assert_ptr_equal(
	    queue_take(&f->queue, late, LEAST, only, idle), &f->job[3]);
	assert_ptr_equal(
	    queue_take(&f->queue, late, LEAST, only, idle), &f->job[0]);
	assert_ptr_equal(
	    queue_take(&f->queue, late, LEAST, only, idle), &f->job[1]);
}

static void
test_full(void **state)
{
	struct fixture *f = *state;
	struct err e;

	/* By cost: 10 + 10 + 81; but one alone may cost more. */
	f->job[0].cost = 1000;
	assert_true(queue_admit(&f->queue, &f->job[0], 2, &e));
	put_whole(f, 1);
	put_whole(f, 2);
	f->job[3].cost = 81;
	assert_false(queue_admit(&f->queue, &f->job[3], 2, &e));
	assert_int_equal(e.code, ERR_BUSY);
	assert_int_equal(e.retry_after_s, 1);
	f->job[3].cost = 80;
	assert_true(queue_admit(&f->queue, &f->job[3], 2, &e));
	/* By jobs. */
	put_whole(f, 3);
	f->job[4].cost = 0;
	put_whole(f, 4);
	assert_false(queue_admit(&f->queue, &f->job[5], 2, &e));
	assert_non_null(strstr(e.detail, "too many jobs"));
}

/* A few large originals, asked for in many sizes, must not fill the memory. */
static void
test_full_of_bytes(void **state)
{
	static const uint8_t bytes[1000];
	struct fixture *f = *state;
	struct err e;

	/* queue_bytes is 2048; one alone may have more. */
	for (size_t i = 0; i < 3; i++) {
		assert_true(queue_admit(&f->queue, &f->job[i], 9, &e));
		if (i < 2)
			assert_true(
			    blob_append(f->blob[i], bytes, sizeof(bytes), &e));
		queue_put(&f->queue, &f->job[i]);
	}
	assert_int_equal(f->queue.bytes, 2000);
	/* What has grown while it waited counts when it is whole. */
	assert_true(blob_append(f->blob[2], bytes, 49, &e));
	blob_finish(f->blob[2], NULL);
	assert_true(queue_sort(&f->queue));
	assert_int_equal(f->queue.bytes, 2049);
	assert_false(queue_admit(&f->queue, &f->job[3], 9, &e));
	assert_int_equal(e.code, ERR_BUSY);
	assert_non_null(strstr(e.detail, "too many bytes"));
	assert_int_equal(next(f), 2);
	assert_int_equal(f->queue.bytes, 2000);
	assert_true(queue_admit(&f->queue, &f->job[3], 9, &e));
	assert_int_equal(next(f), 0);
	assert_int_equal(next(f), 1);
	assert_int_equal(f->queue.bytes, 0);
}

static void
count_ring(void *arg)
{
	unsigned *rings = arg;

	(*rings)++;
}

/* A job is complete when all its images are, or one never will be. */
static void
test_overlays(void **state)
{
	static const struct plan two = { .nsource = 3 };
	static const uint8_t bytes[10];
	struct fixture *f = *state;
	unsigned rings = 0;
	struct err e;

	f->job[0].plan = f->job[5].plan = &two;
	f->job[0].overlay[0] = f->blob[1];
	f->job[0].overlay[1] = f->blob[2];
	put_whole(f, 0);
	queue_sort(&f->queue);
	assert_false(queue_has_whole(&f->queue, 0));
	sources_hang(&f->job[0], 1, count_ring, &rings);
	assert_true(sources_lack(&f->job[0], 0));
	assert_true(blob_append(f->blob[1], bytes, 10, &e));
	blob_finish(f->blob[1], NULL);
	assert_true(blob_append(f->blob[2], bytes, 7, &e));
	assert_false(queue_sort(&f->queue));
	assert_true(sources_lack(&f->job[0], 0));
	/* Of an overlay only the end counts. */
	assert_int_equal(rings, 1);
	assert_false(sources_broke(&f->job[0], &e));
	blob_finish(f->blob[2], NULL);
	assert_true(queue_sort(&f->queue));
	assert_true(queue_has_whole(&f->queue, 0));
	assert_false(sources_lack(&f->job[0], 1));
	assert_int_equal(rings, 2);
	sources_unhang(&f->job[0]);
	assert_int_equal(f->queue.bytes, 17);
	assert_int_equal(next(f), 0);
	assert_int_equal(f->queue.bytes, 0);
	/* One breaks off: the others need not be waited for. */
	f->job[5].overlay[0] = f->blob[3];
	f->job[5].overlay[1] = f->blob[4];
	queue_put(&f->queue, &f->job[5]);
	assert_false(queue_has_whole(&f->queue, 0));
	err_set(&e, ERR_ORIGIN_FAILED, "gone");
	blob_finish(f->blob[4], &e);
	assert_true(queue_sort(&f->queue));
	assert_int_equal(next(f), 5);
	assert_true(sources_broke(&f->job[5], &e));
	assert_int_equal(e.code, ERR_ORIGIN_FAILED);
	assert_int_equal(e.source, 2);
}

/* Half of the queue is for the others, in each of its measures. */
static void
test_full_of_one_mount(void **state)
{
	static const char text[] =
	    "[render]\nqueue_jobs = 4\nqueue_cost = 100\nqueue_time = 2s\n"
	    "queue_bytes = 2048\n[mount.m]\n[mount.b]\npath = /b/\n";
	static const uint8_t bytes[1000];
	struct fixture *f = *state;
	struct conf *conf = NULL;
	struct render_job *job = f->job;
	struct err e = { 0 };

	if (!conf_load_text(SLICE(text), "test", NULL, &conf, &e))
		fail_msg("%s", e.detail);
	for (size_t i = 0; i < JOBS; i++)
		job[i].conf = conf;
	job[2].domain = job[3].domain = job[5].domain = "b";
	/* By cost: the other's is not counted. */
	job[0].cost = 50;
	put_whole(f, 0);
	assert_true(queue_admit(&f->queue, &job[1], 9, &e));
	queue_put(&f->queue, &job[1]);
	assert_false(queue_admit(&f->queue, &job[4], 9, &e));
	assert_int_equal(e.code, ERR_BUSY);
	assert_true(e.retry_after_s >= 1);
	assert_non_null(strstr(e.detail, "this mount"));
	assert_true(queue_admit(&f->queue, &job[2], 9, &e));
	assert_int_equal(next(f), 0);
	/* By bytes. */
	assert_int_equal(next(f), 1);
	assert_true(blob_append(f->blob[2], bytes, sizeof(bytes), &e));
	put_whole(f, 2);
	assert_true(blob_append(f->blob[3], bytes, 24, &e));
	put_whole(f, 3);
	assert_true(queue_admit(&f->queue, &job[3], 9, &e));
	assert_int_equal(next(f), 2);
	queue_put(&f->queue, &job[2]);
	assert_int_equal(next(f), 3);
	assert_true(blob_append(f->blob[4], bytes, 25, &e));
	job[4].domain = "b";
	put_whole(f, 4);
	assert_false(queue_admit(&f->queue, &job[3], 9, &e));
	assert_true(queue_admit(&f->queue, &job[0], 9, &e));
	assert_int_equal(next(f), 2);
	/* By jobs: two of four, and a third. */
	queue_put(&f->queue, &job[3]);
	assert_true(queue_admit(&f->queue, &job[3], 9, &e));
	queue_put(&f->queue, &job[5]);
	assert_false(queue_admit(&f->queue, &job[3], 9, &e));
	assert_true(queue_admit(&f->queue, &job[0], 9, &e));
	/* Alone, a mount has all of it. */
	job[3].conf = f->conf;
	assert_true(queue_admit(&f->queue, &job[3], 9, &e));
	conf_drop(conf);
}

static void
test_wait(void **state)
{
	struct fixture *f = *state;
	struct err e;

	assert_int_equal(queue_wait_ns(&f->queue, 2), 0);
	put_whole(f, 0);
	put_whole(f, 1);
	f->job[2].cost = 5000;
	queue_begin(&f->queue, &f->job[2]);
	/* 5020 ms of work for two. */
	assert_int_equal(queue_wait_ns(&f->queue, 2) / NS_PER_MS, 2510);
	assert_false(queue_admit(&f->queue, &f->job[3], 2, &e));
	assert_int_equal(e.retry_after_s, 2);
	assert_true(queue_admit(&f->queue, &f->job[3], 4, &e));
	/* It took a tenth of that: the guess becomes better. */
	for (int i = 0; i < 200; i++) {
		queue_begin(&f->queue, &f->job[0]);
		queue_end(&f->queue, &f->job[0], NS_PER_MS);
	}
	assert_true(queue_wait_ns(&f->queue, 2) < 300 * NS_PER_MS);
	queue_end(&f->queue, &f->job[2], 0);
	assert_true(f->queue.running == 0);
}

static void
test_expire(void **state)
{
	struct fixture *f = *state;

	put_whole(f, 0);
	queue_put(&f->queue, &f->job[1]);
	put_whole(f, 2);
	f->job[2].cancel = &f->cancel;
	f->job[1].deadline_ns = NS_PER_S;
	assert_null(queue_expire(&f->queue, 0));
	atomic_store(&f->cancel, 1);
	assert_ptr_equal(queue_expire(&f->queue, 0), &f->job[2]);
	assert_int_equal(f->job[2].err.code, ERR_CLIENT_GONE);
	assert_null(queue_expire(&f->queue, 0));
	assert_ptr_equal(queue_expire(&f->queue, NS_PER_S), &f->job[1]);
	assert_int_equal(f->job[1].err.code, ERR_DEADLINE);
	assert_null(queue_expire(&f->queue, 2 * NS_PER_S));
	assert_ptr_equal(queue_expire(&f->queue, 2 * NS_PER_S + 1), &f->job[0]);
	assert_int_equal(f->job[0].err.code, ERR_BUSY);
	assert_true(f->job[0].err.retry_after_s >= 1);
	assert_int_equal(f->queue.jobs, 0);
	/* One of each kind, in the order of the shutdown. */
	queue_put(&f->queue, &f->job[3]);
	put_whole(f, 4);
	assert_ptr_equal(queue_empty(&f->queue), &f->job[4]);
	assert_ptr_equal(queue_empty(&f->queue), &f->job[3]);
	assert_null(queue_empty(&f->queue));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, start, stop),
		cmocka_unit_test_setup_teardown(test_ready, start, stop),
		cmocka_unit_test_setup_teardown(
		    test_becomes_whole, start, stop),
		cmocka_unit_test_setup_teardown(test_domains, start, stop),
		cmocka_unit_test_setup_teardown(test_slice, start, stop),
		cmocka_unit_test_setup_teardown(test_busy, start, stop),
		cmocka_unit_test_setup_teardown(test_full, start, stop),
		cmocka_unit_test_setup_teardown(
		    test_full_of_bytes, start, stop),
		cmocka_unit_test_setup_teardown(test_overlays, start, stop),
		cmocka_unit_test_setup_teardown(
		    test_full_of_one_mount, start, stop),
		cmocka_unit_test_setup_teardown(test_wait, start, stop),
		cmocka_unit_test_setup_teardown(test_expire, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
