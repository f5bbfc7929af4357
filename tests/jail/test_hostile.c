/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon against workers that lie: jail_hostile stands in for them. */
#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "hostile.h"
#include "jail_kit.h"
#include "metric/metric.h"
#include "render/jail.h"
#include "render/sandbox.h"

static const struct conf *conf;
static struct render *render;

static int
start(void **state)
{
	scoped_free char *exe = kit_beside("jail_hostile");

	(void)state;
	conf = kit_conf("[render]\nworkers = 1\ntimeout = 3s");
	render = kit_start(conf, exe);
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
job(enum hostile what)
{
	struct kit_job *k =
	    kit_job(conf, kit_picture(FORMAT_PNG, 16), FORMAT_PNG, "m");

	step_set(&k->plan.step[0], RESIZE_WIDTH, (union arg){ .whole = what });
	return k;
}

static uint64_t
violations(void)
{
	return metric_value(METRIC_WORKER_EXITS, EXIT_VIOLATION, 0);
}

static void
test_honest(void **state)
{
	pid_t first = kit_render(render, job(HOSTILE_HONEST));

	(void)state;
	assert_int_equal(kit_render(render, job(HOSTILE_HONEST)), first);
	assert_int_equal(violations(), 0);
}

/* Each lie costs the liar its life, and the job an error of ours. */
static void
test_lies(void **state)
{
	uint64_t before = violations();

	(void)state;
	for (enum hostile what = HOSTILE_SHORT; what < HOSTILE_COUNT; what++) {
		printf("# lie %d\n", (int)what);
		kit_fails(render, job(what), ERR_INTERNAL);
		before++;
		KIT_UNTIL(violations() == before);
	}
	kit_render(render, job(HOSTILE_HONEST));
}

static void
test_text(void **state)
{
	struct kit_job *k = job(HOSTILE_TEXT);
	const char *texts[] = { k->job.err.param, k->job.err.value,
		k->job.err.detail };

	(void)state;
	kit_submit(render, k);
	assert_true(kit_wait(k, 10));
	assert_int_equal(k->job.err.code, ERR_BAD_VALUE);
	assert_int_equal(strlen(k->job.err.param), ERR_PARAM_MAX - 1);
	for (size_t i = 0; i < NELEM(texts); i++)
		for (const char *c = texts[i]; *c != '\0'; c++)
			assert_true(*c >= ' ' && *c < 0x7f);
	kit_free(k);
}

/* A second answer must not become the next job's. */
static void
test_twice(void **state)
{
	pid_t liar = kit_render(render, job(HOSTILE_TWICE));
	uint64_t before = violations();

	(void)state;
	/* Its second answer is seen before the next job only if it is there. */
	clock_sleep_ns(1500 * NS_PER_MS);
	assert_int_not_equal(kit_render(render, job(HOSTILE_HONEST)), liar);
	KIT_UNTIL(violations() == before + 1);
}

/* Cutting the arena would kill the daemon by SIGBUS; it does not work. */
static void
test_cut(void **state)
{
	struct kit_job *k = job(HOSTILE_CUT);

	(void)state;
	kit_submit(render, k);
	assert_true(kit_wait(k, 10));
	assert_true(k->job.ok);
	assert_int_equal(k->job.facts.alpha, 0);
	kit_free(k);
	kit_render(render, job(HOSTILE_WORDS));
	kit_render(render, job(HOSTILE_HONEST));
}

static void
test_print(void **state)
{
	pid_t first = kit_render(render, job(HOSTILE_PRINT));

	(void)state;
	assert_int_equal(kit_render(render, job(HOSTILE_HONEST)), first);
}

static void
test_silent(void **state)
{
	(void)state;
	kit_fails(render, job(HOSTILE_MUTE), ERR_RENDER_TIMEOUT);
	kit_fails(render, job(HOSTILE_HANG_UP), ERR_WORKER_DIED);
	kit_render(render, job(HOSTILE_HONEST));
}

static struct kit_job *
job_of(const struct conf *its)
{
	struct kit_job *k = job(HOSTILE_HONEST);

	k->job.conf = its;
	return k;
}

/*
 * A reload with which workers do not start makes the pauses between tries
 * long, 3.2 s after the sixth; one that mends it does not wait for the end of
 * that.
 */
static void
test_no_start(void **state)
{
	enum { STARTS = 6 };
	scoped_free char *exe = kit_beside("jail_hostile");
	const struct conf *good =
	    kit_conf("[render]\nworkers = 1\nworker_memory = 2G");
	const struct conf *bad =
	    kit_conf("[render]\nworkers = 1\nworker_memory = 1G\n"
		     "timeout = 60s");
	const struct conf *mended =
	    kit_conf("[render]\nworkers = 1\nworker_memory = 3G\n"
		     "timeout = %dms",
		SANDBOX_SANITIZED ? 60000 : 2800);
	struct render *r = kit_start(good, exe);
	struct kit_job *k = job_of(bad);
	uint64_t before = kit_exits(EXIT_START_FAILED);

	(void)state;
	kit_render(r, job_of(good));
	kit_submit(r, k);
	KIT_UNTIL(kit_exits(EXIT_START_FAILED) >= before + STARTS);
	atomic_store(&k->cancel, 1);
	assert_true(kit_wait(k, 10));
	assert_int_equal(k->job.err.code, ERR_CLIENT_GONE);
	kit_free(k);
	kit_render(r, job_of(mended));
	render_free(r);
	conf_drop(good);
	conf_drop(bad);
	conf_drop(mended);
}

/* They are counted also after the job, under whatever name. */
static void
test_threads(void **state)
{
	uint64_t before = violations();
	struct kit_job *k = job(HOSTILE_THREADS);

	(void)state;
	kit_submit(render, k);
	assert_true(kit_wait(k, 10));
	/* Mostly it answers first. */
	assert_true(k->job.ok || k->job.err.code == ERR_WORKER_DIED);
	kit_free(k);
	KIT_UNTIL(violations() == before + 1);
	kit_render(render, job(HOSTILE_HONEST));
}

/* One that is dead is not killed for it once more: its keeper buries it. */
static void
test_spill(void **state)
{
	(void)state;
	for (int i = 0; i < 40; i++)
		kit_fails(render, job(HOSTILE_SPILL), ERR_WORKER_DIED);
	kit_render(render, job(HOSTILE_HONEST));
}

/* A plan that crashes whoever runs it says nothing of the original. */
static void
test_crash_of_plan(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		kit_fails(render, job(HOSTILE_CRASH), ERR_WORKER_DIED);
	kit_render(render, job(HOSTILE_HONEST));
}

static struct kit_job *
poison_job(struct blob *original)
{
	struct kit_job *k = kit_job(conf, original, FORMAT_PNG, "m");

	step_set(&k->plan.step[0], RESIZE_WIDTH,
	    (union arg){ .whole = HOSTILE_HONEST });
	return k;
}

static void
test_crash_of_original(void **state)
{
	static const uint8_t last[] = { HOSTILE_POISON };
	struct blob_view png = blob_look(kit_picture(FORMAT_PNG, 16));
	struct blob *original = blob_new(MIB, 0);
	struct kit_job *k;
	struct err e = { 0 };

	(void)state;
	assert_true(blob_append(original, png.data, png.size, &e));
	assert_true(blob_append(original, last, sizeof(last), &e));
	blob_finish(original, NULL);
	kit_fails(render, poison_job(original), ERR_POISON);
	k = poison_job(original);
	assert_false(render_submit(render, &k->job, &e));
	assert_int_equal(e.code, ERR_POISON);
	kit_free(k);
	blob_drop(original);
	kit_render(render, job(HOSTILE_HONEST));
}

/* Of several images it is the one that crashes a worker by itself. */
static void
test_crash_of_overlay(void **state)
{
	static const uint8_t last[] = { HOSTILE_POISON };
	struct blob_view png = blob_look(kit_picture(FORMAT_PNG, 16));
	struct blob *original = blob_copy(png.data, png.size);
	struct blob *overlay = blob_new(MIB, 0);
	struct kit_job *k = poison_job(original);
	struct err e = { 0 };

	(void)state;
	/* Another one than the original that is known already. */
	png = blob_look(kit_picture(FORMAT_PNG, 12));
	assert_true(blob_append(overlay, png.data, png.size, &e));
	assert_true(blob_append(overlay, last, sizeof(last), &e));
	blob_finish(overlay, NULL);
	kit_overlay(k, overlay);
	kit_submit(render, k);
	assert_true(kit_wait(k, 30));
	assert_int_equal(k->job.err.code, ERR_POISON);
	assert_int_equal(k->job.err.source, 1);
	kit_free(k);
	/* The other one is in good repute; this one nowhere any more. */
	kit_render(render, poison_job(original));
	k = poison_job(original);
	kit_overlay(k, overlay);
	assert_false(render_submit(render, &k->job, &e));
	assert_int_equal(e.code, ERR_POISON);
	assert_int_equal(e.source, 1);
	kit_free(k);
	k = poison_job(overlay);
	assert_false(render_submit(render, &k->job, &e));
	assert_int_equal(e.code, ERR_POISON);
	kit_free(k);
	blob_drop(original);
	blob_drop(overlay);
}

/* Nothing can be said of one that still arrives: it is begun again then. */
static void
test_crash_while_growing(void **state)
{
	static const uint8_t padding[100 * KIB] = { [sizeof(padding) - 1] =
							HOSTILE_POISON };
	struct blob_view png = blob_look(kit_picture(FORMAT_PNG, 16));
	struct blob *original = blob_new(MIB, 0);
	struct kit_job *k = poison_job(original);
	uint64_t before = metric_value(METRIC_WORKER_EXITS, EXIT_CRASH, 0);
	struct err e = { 0 };

	(void)state;
	assert_true(blob_append(original, png.data, png.size, &e));
	assert_true(blob_append(original, padding, sizeof(padding), &e));
	kit_submit(render, k);
	KIT_UNTIL(
	    metric_value(METRIC_WORKER_EXITS, EXIT_CRASH, 0) == before + 1);
	assert_false(kit_wait(k, 0.1));
	/* Other work is done meanwhile. */
	kit_render(render, job(HOSTILE_HONEST));
	assert_true(blob_append(original, png.data, png.size, &e));
	blob_finish(original, NULL);
	assert_true(kit_wait(k, 10));
	assert_true(k->job.ok);
	kit_free(k);
	blob_drop(original);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_honest),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_no_start),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_spill),
		cmocka_unit_test(test_crash_of_plan),
		/* Once an original is known to crash, none is begun early. */
		cmocka_unit_test(test_crash_while_growing),
		cmocka_unit_test(test_crash_of_original),
		cmocka_unit_test(test_crash_of_overlay),
	};

	log_level_set(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, start, stop);
}
