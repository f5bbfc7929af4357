/* SPDX-License-Identifier: Apache-2.0 */
/* render.mode = local: the same door, without processes. */
#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "jail_kit.h"
#include "render/sandbox.h"

/* libvips starts once in a process: one for all tests, the last drains it. */
static struct render *render;
static const struct conf *conf;

static int
start(void **state)
{
	struct err e = { 0 };

	(void)state;
	conf = kit_conf("[render]\nmode = local\nworkers = 1");
	if (!render_new(conf, "/nowhere", &render, &e))
		fail_msg("%s", e.detail);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	render_free(render);
	conf_drop(conf);
	return 0;
}

static struct kit_job *
slow_job(const struct conf *limits)
{
	struct kit_job *k =
	    kit_job(limits, kit_picture(FORMAT_JPEG, 3000), FORMAT_PNG, "m");

	kit_slow(k);
	return k;
}

/* Decoding beside everything else is only for who is alone. */
static void
test_refused(void **state)
{
	const struct conf *open = kit_conf("[http]\nlisten = 0.0.0.0:8080\n"
					   "[render]\nmode = local");
	struct render *r = NULL;
	struct err e = { 0 };

	(void)state;
	assert_false(render_new(open, "/nowhere", &r, &e));
	assert_int_equal(e.code, ERR_CONFIG);
	assert_non_null(strstr(e.detail, "0.0.0.0:8080"));
	conf_drop(open);
}

static void
test_jobs(void **state)
{
	const struct conf *hurried = kit_conf("[render]\ntimeout = 300ms");
	struct blob_view good = blob_look(kit_picture(FORMAT_JPEG, 200));
	struct blob *half = blob_copy(good.data, good.size / 2);
	struct kit_job *k;
	pid_t pids[KIT_CHILDREN];

	(void)state;
	assert_true(render_ready(render));
	assert_int_equal(kit_children(pids), 0);
	assert_int_equal(
	    kit_render(render,
		kit_job(conf, kit_picture(FORMAT_JPEG, 200), FORMAT_WEBP, "m")),
	    0);
	kit_fails(render, kit_job(conf, half, FORMAT_PNG, "m"), ERR_TRUNCATED);
	kit_fails(render, slow_job(hurried), ERR_RENDER_TIMEOUT);
	/* The result's format is checked here, too. */
	k = kit_job(conf, kit_picture(FORMAT_JPEG, 200), FORMAT_SAME, "m");
	k->job.results = FORMAT_BIT(FORMAT_PNG);
	kit_fails(render, k, ERR_BAD_VALUE);
	blob_drop(half);
	conf_drop(hurried);
}

static void
test_stops(void **state)
{
	struct kit_job *k = slow_job(conf);
	int64_t began = clock_ns();

	(void)state;
	kit_submit(render, k);
	clock_sleep_ns(100 * NS_PER_MS);
	atomic_store(&k->cancel, 1);
	assert_true(kit_wait(k, 10));
	assert_int_equal(k->job.err.code, ERR_CLIENT_GONE);
	kit_free(k);
	k = slow_job(conf);
	kit_submit(render, k);
	clock_sleep_ns(50 * NS_PER_MS);
	render_drain(render, clock_ns() + 50 * NS_PER_MS);
	assert_true(kit_wait(k, 0));
	assert_int_equal(k->job.err.code, ERR_DRAINING);
	kit_free(k);
	assert_true(clock_ns() - began < kit_patience);
}

static void
test_streams(void **state)
{
	struct blob_view all = blob_look(kit_picture(FORMAT_JPEG, 1200));
	struct err why = { 0 };

	(void)state;
	err_set(&why, ERR_ORIGIN_FAILED, "test");
	for (int broken = 0; broken < 2; broken++) {
		struct blob *slow = blob_new(64 * MIB, 0);
		struct kit_job *k = kit_job(conf, slow, FORMAT_WEBP, "m");
		struct err e = { 0 };

		kit_submit(render, k);
		assert_true(blob_append(slow, all.data, 100 * KIB, &e));
		clock_sleep_ns(50 * NS_PER_MS);
		assert_false(kit_wait(k, 0));
		assert_true(blob_append(
		    slow, all.data + 100 * KIB, all.size - 100 * KIB, &e));
		blob_finish(slow, broken ? &why : NULL);
		assert_true(kit_wait(k, 20));
		assert_int_equal(k->job.ok, !broken);
		if (broken)
			assert_int_equal(k->job.err.code, ERR_ORIGIN_FAILED);
		else
			assert_int_equal(k->job.facts.original_bytes, all.size);
		kit_free(k);
		blob_drop(slow);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_jobs),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_stops),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
