/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs in real workers: this program is run as its own worker. */
#include <sys/resource.h>
#include <sys/wait.h>

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "image/image.h"
#include "jail_kit.h"
#include "render/jail.h"
#include "render/sandbox.h"

enum { SLOW_SIDE = 3000 };

/* ---- What it is for ---- */

static void
test_start(void **state)
{
	const struct conf *conf = kit_conf("[render]\nworkers = 2");
	struct render *r = kit_start(conf, KIT_SELF);
	struct render_state look;
	pid_t pids[KIT_CHILDREN];

	(void)state;
	render_look(r, &look);
	assert_true(look.workers >= 2);
	assert_int_equal(look.busy, 0);
	assert_true(render_ready(r));
	/* And the spare. */
	KIT_UNTIL((render_look(r, &look), look.workers == 3));
	assert_int_equal(look.spare, 3);
	render_free(r);
	assert_int_equal(kit_children(pids), 0);
	conf_drop(conf);
}

static void
test_formats(void **state)
{
	const struct conf *conf = kit_conf("[render]\nworkers = 1");
	struct render *r = kit_start(conf, KIT_SELF);
	format_set save = image_can_save();
	unsigned done = 0;

	(void)state;
	for (enum format from = FORMAT_JPEG; from < FORMAT_COUNT; from++) {
		for (enum format to = FORMAT_JPEG; to < FORMAT_COUNT; to++) {
			struct kit_job *k;

			if ((save & FORMAT_BIT(to)) == 0 ||
			    kit_picture(from, 200) == NULL)
				continue;
			k = kit_job(conf, kit_picture(from, 200), to, "m");
			kit_submit(r, k);
			assert_true(kit_wait(k, 60));
			if (!k->job.ok)
				fail_msg("%s to %s: %s", format_row(from)->name,
				    format_row(to)->name, k->job.err.detail);
			assert_int_equal(k->job.facts.from, from);
			assert_int_equal(k->job.facts.to, to);
			assert_int_equal(k->job.facts.original.width, 200);
			assert_int_equal(k->job.facts.result.width, 32);
			assert_true(k->job.worker > 0);
			kit_free(k);
			done++;
		}
	}
	/* JPEG, PNG, WebP, GIF at least, in every combination. */
	assert_true(done >= 16);
	assert_int_equal(kit_exits(EXIT_VIOLATION) + kit_exits(EXIT_CRASH), 0);
	render_free(r);
	conf_drop(conf);
}

static void
test_bad_originals(void **state)
{
	const struct conf *conf = kit_conf("[render]\nworkers = 1");
	struct render *r = kit_start(conf, KIT_SELF);
	struct blob_view good = blob_look(kit_picture(FORMAT_JPEG, 200));
	struct blob *empty = blob_copy("", 0);
	struct blob *text = blob_copy("not a picture at all, is it? no.", 32);
	struct blob *half = blob_copy(good.data, good.size / 2);
	struct kit_job *k;
	pid_t first = kit_render(
	    r, kit_job(conf, kit_picture(FORMAT_JPEG, 200), FORMAT_PNG, "m"));

	(void)state;
	kit_fails(r, kit_job(conf, empty, FORMAT_PNG, "m"), ERR_EMPTY);
	kit_fails(r, kit_job(conf, text, FORMAT_PNG, "m"), ERR_NOT_AN_IMAGE);
	kit_fails(r, kit_job(conf, half, FORMAT_PNG, "m"), ERR_TRUNCATED);
	/* A format that this job's mount does not read, and one not written. */
	k = kit_job(conf, kit_picture(FORMAT_JPEG, 200), FORMAT_PNG, "m");
	k->job.originals = FORMAT_BIT(FORMAT_PNG);
	kit_fails(r, k, ERR_NOT_AN_IMAGE);
	k = kit_job(conf, kit_picture(FORMAT_JPEG, 200), FORMAT_SAME, "m");
	k->job.results = FORMAT_BIT(FORMAT_PNG);
	kit_fails(r, k, ERR_BAD_VALUE);
	/* None of that was the worker's fault. */
	assert_int_equal(first,
	    kit_render(r,
		kit_job(conf, kit_picture(FORMAT_JPEG, 200), FORMAT_PNG, "m")));
	render_free(r);
	blob_drop(half);
	blob_drop(text);
	blob_drop(empty);
	conf_drop(conf);
}

/* ---- Workers that go ---- */

static void
test_retire(void **state)
{
	const struct conf *conf =
	    kit_conf("[render]\nworkers = 1\njobs_per_worker = 3");
	struct render *r = kit_start(conf, KIT_SELF);
	pid_t pid[9];
	uint64_t before = kit_exits(EXIT_RETIRED);

	(void)state;
	for (size_t i = 0; i < NELEM(pid); i++)
		pid[i] = kit_render(r,
		    kit_job(
			conf, kit_picture(FORMAT_JPEG, 200), FORMAT_PNG, "m"));
	for (size_t i = 0; i < NELEM(pid); i++)
		for (size_t k = 0; k < NELEM(pid); k++)
			assert_int_equal(pid[i] == pid[k], i / 3 == k / 3);
	KIT_UNTIL(kit_exits(EXIT_RETIRED) == before + 3);
	render_free(r);
	conf_drop(conf);
}

static void
test_memory_mark(void **state)
{
	const struct conf *conf =
	    kit_conf("[render]\nworkers = 1\nworker_mark = 1M");
	struct render *r = kit_start(conf, KIT_SELF);
	uint64_t before = kit_exits(EXIT_MEMORY);
	pid_t first = kit_render(
	    r, kit_job(conf, kit_picture(FORMAT_JPEG, 200), FORMAT_PNG, "m"));
	pid_t second = kit_render(
	    r, kit_job(conf, kit_picture(FORMAT_JPEG, 200), FORMAT_PNG, "m"));

	(void)state;
	assert_int_not_equal(first, second);
	KIT_UNTIL(kit_exits(EXIT_MEMORY) == before + 2);
	render_free(r);
	conf_drop(conf);
}

static void
test_kill_under_load(void **state)
{
	/* Others use the machine, too: no job may be ended for its time. */
	const struct conf *conf =
	    kit_conf("[render]\nworkers = 2\ntimeout = 300s\n"
		     "queue_time = 300s");
	struct render *r = kit_start(conf, KIT_SELF);
	struct kit_job *k[12];
	unsigned lost = 0;
	pid_t victim;

	(void)state;
	for (size_t i = 0; i < NELEM(k); i++) {
		k[i] = kit_job(conf, kit_picture(FORMAT_JPEG, 1500),
		    i % 2 == 0 ? FORMAT_PNG : FORMAT_WEBP, "m");
		kit_slow(k[i]);
		k[i]->plan.nstep = 1;
		memset(&k[i]->plan.step[1], 0,
		    sizeof(k[i]->plan.step) - sizeof(k[i]->plan.step[0]));
		kit_submit(r, k[i]);
	}
	victim = kit_worker(r, k[0]);
	assert_int_equal(kill(victim, SIGKILL), 0);
	for (size_t i = 0; i < NELEM(k); i++) {
		assert_true(kit_wait(k[i], 120));
		if (k[i]->job.ok)
			continue;
		assert_int_equal(k[i]->job.err.code, ERR_WORKER_DIED);
		assert_int_equal(k[i]->job.worker, victim);
		lost++;
	}
	assert_int_equal(lost, 1);
	for (size_t i = 0; i < NELEM(k); i++)
		kit_free(k[i]);
	render_free(r);
	conf_drop(conf);
}

static void
test_timeout(void **state)
{
	const struct conf *conf =
	    kit_conf("[render]\nworkers = 1\ntimeout = 300ms");
	struct render *r = kit_start(conf, KIT_SELF);
	struct kit_job *k =
	    kit_job(conf, kit_picture(FORMAT_JPEG, SLOW_SIDE), FORMAT_PNG, "m");
	int64_t began = clock_ns();

	(void)state;
	kit_slow(k);
	kit_fails(r, k, ERR_RENDER_TIMEOUT);
	/* With the time to stop and the kill, not after the work's seconds. */
	assert_true(clock_ns() - began < 5 * NS_PER_S || SANDBOX_SANITIZED);
	/* A stopped process cannot stop by itself: it is killed. */
	k = kit_job(conf, kit_picture(FORMAT_JPEG, SLOW_SIDE), FORMAT_PNG, "m");
	kit_slow(k);
	kit_submit(r, k);
	kill(kit_worker(r, k), SIGSTOP);
	assert_true(kit_wait(k, 10));
	assert_int_equal(k->job.err.code, ERR_RENDER_TIMEOUT);
	kit_free(k);
	KIT_UNTIL(kit_exits(EXIT_DEADLINE) >= 1);
	render_free(r);
	conf_drop(conf);
}

static void
test_cancel(void **state)
{
	const struct conf *conf = kit_conf("[render]\nworkers = 1");
	struct render *r = kit_start(conf, KIT_SELF);
	struct kit_job *running =
	    kit_job(conf, kit_picture(FORMAT_JPEG, SLOW_SIDE), FORMAT_PNG, "m");
	struct kit_job *queued =
	    kit_job(conf, kit_picture(FORMAT_JPEG, 200), FORMAT_PNG, "m");
	int64_t began;

	(void)state;
	kit_slow(running);
	kit_submit(r, running);
	kit_worker(r, running);
	kit_submit(r, queued);
	began = clock_ns();
	atomic_store(&queued->cancel, 1);
	assert_true(kit_wait(queued, 5));
	assert_int_equal(queued->job.err.code, ERR_CLIENT_GONE);
	assert_int_equal(queued->job.worker, 0);
	atomic_store(&running->cancel, 1);
	assert_true(kit_wait(running, 5));
	assert_int_equal(running->job.err.code, ERR_CLIENT_GONE);
	assert_true(clock_ns() - began < 5 * NS_PER_S || SANDBOX_SANITIZED);
	kit_free(queued);
	kit_free(running);
	kit_render(
	    r, kit_job(conf, kit_picture(FORMAT_JPEG, 200), FORMAT_PNG, "m"));
	render_free(r);
	conf_drop(conf);
}

/* ---- Originals that arrive ---- */

static void
test_stream(void **state)
{
	const struct conf *conf = kit_conf("[render]\nworkers = 1");
	struct render *r = kit_start(conf, KIT_SELF);
	static const enum format formats[] = { FORMAT_JPEG, FORMAT_PNG };

	(void)state;
	for (size_t f = 0; f < NELEM(formats); f++) {
		struct blob_view all = blob_look(kit_picture(formats[f], 1200));
		struct blob *slow = blob_new(64 * MIB, 0);
		struct kit_job *k = kit_job(conf, slow, FORMAT_WEBP, "m");
		struct render_state look = { 0 };
		struct err e = { 0 };
		size_t at = 0;

		assert_true(all.size > 256 * KIB);
		kit_submit(r, k);
		while (all.size - at > 40 * KIB) {
			assert_true(
			    blob_append(slow, all.data + at, 40 * KIB, &e));
			at += 40 * KIB;
			clock_sleep_ns(10 * NS_PER_MS);
		}
		/* It is at work before the last byte, and is not done. */
		KIT_UNTIL((render_look(r, &look), look.busy > 0));
		assert_true(
		    blob_append(slow, all.data + at, all.size - at, &e));
		assert_false(kit_wait(k, 0.05));
		blob_finish(slow, NULL);
		assert_true(kit_wait(k, 20));
		if (!k->job.ok)
			fail_msg("%s", k->job.err.detail);
		assert_int_equal(k->job.facts.original_bytes, all.size);
		assert_int_equal(k->job.facts.result.width, 32);
		kit_free(k);
		blob_drop(slow);
	}
	render_free(r);
	conf_drop(conf);
}

/* One that stalls gives its worker to one that is complete. */
static void
test_stream_yields(void **state)
{
	const struct conf *conf = kit_conf("[render]\nworkers = 1");
	struct render *r = kit_start(conf, KIT_SELF);
	struct blob_view all = blob_look(kit_picture(FORMAT_JPEG, 1200));
	struct blob *slow = blob_new(64 * MIB, 0);
	struct blob *slower = blob_new(64 * MIB, 0);
	struct kit_job *k = kit_job(conf, slow, FORMAT_WEBP, "m");
	struct kit_job *bare = kit_job(conf, slower, FORMAT_WEBP, "m");
	struct err e = { 0 };

	(void)state;
	assert_true(blob_append(slow, all.data, 100 * KIB, &e));
	kit_submit(r, k);
	kit_submit(r, bare);
	kit_worker(r, k);
	for (int i = 0; i < 3; i++)
		kit_render(r,
		    kit_job(
			conf, kit_picture(FORMAT_JPEG, 200), FORMAT_PNG, "m"));
	assert_false(kit_wait(k, 0));
	assert_true(
	    blob_append(slow, all.data + 100 * KIB, all.size - 100 * KIB, &e));
	blob_finish(slow, NULL);
	assert_true(kit_wait(k, 20));
	assert_true(k->job.ok);
	assert_true(blob_append(slower, all.data, all.size, &e));
	blob_finish(slower, NULL);
	assert_true(kit_wait(bare, 20));
	assert_true(bare->job.ok);
	kit_free(k);
	kit_free(bare);
	blob_drop(slow);
	blob_drop(slower);
	render_free(r);
	conf_drop(conf);
}

/* Eight stall; what is complete is done beside them, again and again. */
static void
test_stream_crowd(void **state)
{
	enum { SLOW = 8 };
	const struct conf *conf = kit_conf("[render]\nworkers = 2");
	struct render *r = kit_start(conf, KIT_SELF);
	struct blob_view all = blob_look(kit_picture(FORMAT_JPEG, 1200));
	struct blob *slow[SLOW];
	struct kit_job *k[SLOW];
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < SLOW; i++) {
		slow[i] = blob_new(64 * MIB, 0);
		k[i] = kit_job(conf, slow[i], FORMAT_WEBP, "m");
		/* Of half of them there is enough to begin with. */
		assert_true(blob_append(
		    slow[i], all.data, i % 2 == 0 ? 100 * KIB : KIB, &e));
		kit_submit(r, k[i]);
	}
	for (int i = 0; i < 20; i++)
		kit_render(r,
		    kit_job(
			conf, kit_picture(FORMAT_JPEG, 200), FORMAT_PNG, "m"));
	for (size_t i = 0; i < SLOW; i++) {
		size_t have = blob_look(slow[i]).size;

		assert_false(kit_wait(k[i], 0));
		assert_true(
		    blob_append(slow[i], all.data + have, all.size - have, &e));
		blob_finish(slow[i], NULL);
	}
	for (size_t i = 0; i < SLOW; i++) {
		assert_true(kit_wait(k[i], 20));
		assert_true(k[i]->job.ok);
		kit_free(k[i]);
		blob_drop(slow[i]);
	}
	render_free(r);
	conf_drop(conf);
}

/* For one that is complete one worker is given up, not all. */
static void
test_stream_one_yields(void **state)
{
	const struct conf *conf = kit_conf("[render]\nworkers = 2");
	struct render *r = kit_start(conf, KIT_SELF);
	struct blob_view all = blob_look(kit_picture(FORMAT_JPEG, 1200));
	struct blob *slow[2];
	struct kit_job *k[2];
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		slow[i] = blob_new(64 * MIB, 0);
		k[i] = kit_job(conf, slow[i], FORMAT_WEBP, "m");
		assert_true(blob_append(slow[i], all.data, 100 * KIB, &e));
		kit_submit(r, k[i]);
		kit_worker(r, k[i]);
	}
	kit_render(
	    r, kit_job(conf, kit_picture(FORMAT_JPEG, 200), FORMAT_PNG, "m"));
	for (size_t i = 0; i < 2; i++) {
		assert_true(blob_append(
		    slow[i], all.data + 100 * KIB, all.size - 100 * KIB, &e));
		blob_finish(slow[i], NULL);
	}
	for (size_t i = 0; i < 2; i++) {
		assert_true(kit_wait(k[i], 20));
		assert_true(k[i]->job.ok);
	}
	assert_int_not_equal(k[0]->job.whole_only, k[1]->job.whole_only);
	for (size_t i = 0; i < 2; i++) {
		kit_free(k[i]);
		blob_drop(slow[i]);
	}
	render_free(r);
	conf_drop(conf);
}

/* The picture is whole, what comes behind it never ends: neither worker nor
 * keeper waits for that. How it ends decides all the same. */
static void
test_stream_trails(void **state)
{
	static const uint8_t more[KIB] = { 0 };
	const struct conf *conf = kit_conf("[render]\nworkers = 1");
	struct render *r = kit_start(conf, KIT_SELF);
	struct blob_view all = blob_look(kit_picture(FORMAT_JPEG, 1200));
	struct blob *slow[3];
	struct kit_job *k[3];
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		slow[i] = blob_new(64 * MIB, 0);
		k[i] = kit_job(conf, slow[i], FORMAT_WEBP, "m");
		assert_true(blob_append(slow[i], all.data, all.size, &e));
		kit_submit(r, k[i]);
		assert_false(kit_wait(k[i], 0.3));
		assert_true(blob_append(slow[i], more, sizeof(more), &e));
	}
	kit_render(
	    r, kit_job(conf, kit_picture(FORMAT_JPEG, 200), FORMAT_PNG, "m"));
	blob_finish(slow[0], NULL);
	assert_true(kit_wait(k[0], 20));
	assert_true(k[0]->job.ok);
	assert_int_equal(
	    k[0]->job.facts.original_bytes, all.size + sizeof(more));
	err_set(&e, ERR_ORIGIN_FAILED, "test");
	blob_finish(slow[1], &e);
	assert_true(kit_wait(k[1], 20));
	assert_int_equal(k[1]->job.err.code, ERR_ORIGIN_FAILED);
	assert_null(k[1]->job.result);
	atomic_store(&k[2]->cancel, 1);
	assert_true(kit_wait(k[2], 20));
	assert_int_equal(k[2]->job.err.code, ERR_CLIENT_GONE);
	for (size_t i = 0; i < 3; i++) {
		kit_free(k[i]);
		blob_drop(slow[i]);
	}
	render_free(r);
	conf_drop(conf);
}

static void
test_stream_breaks(void **state)
{
	const struct conf *conf = kit_conf("[render]\nworkers = 1");
	struct render *r = kit_start(conf, KIT_SELF);
	struct blob_view all = blob_look(kit_picture(FORMAT_JPEG, 1200));
	static const size_t there[] = { 10, 100 * KIB, SIZE_MAX };

	(void)state;
	for (size_t i = 0; i < NELEM(there); i++) {
		size_t size = there[i] < all.size ? there[i] : all.size;
		struct blob *slow = blob_new(64 * MIB, 0);
		struct kit_job *k = kit_job(conf, slow, FORMAT_WEBP, "m");
		struct err e = { 0 };

		assert_true(blob_append(slow, all.data, size, &e));
		kit_submit(r, k);
		clock_sleep_ns(100 * NS_PER_MS);
		assert_false(kit_wait(k, 0));
		err_set(&e, ERR_ORIGIN_CHANGED, "test");
		blob_finish(slow, &e);
		assert_true(kit_wait(k, 10));
		assert_false(k->job.ok);
		assert_int_equal(k->job.err.code, ERR_ORIGIN_CHANGED);
		assert_null(k->job.result);
		kit_free(k);
		blob_drop(slow);
	}
	render_free(r);
	conf_drop(conf);
}

/* ---- The queue ---- */

static void
test_full(void **state)
{
	const struct conf *conf = kit_conf(
	    "[render]\nworkers = 1\nqueue_jobs = 3\nqueue_time = 400ms");
	struct render *r = kit_start(conf, KIT_SELF);
	struct kit_job *k[5];
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < NELEM(k); i++) {
		k[i] = kit_slow_job(conf);
		k[i]->job.cost = 1;
	}
	kit_submit(r, k[0]);
	kit_worker(r, k[0]);
	for (size_t i = 1; i < 4; i++)
		kit_submit(r, k[i]);
	assert_false(render_submit(r, &k[4]->job, &e));
	assert_int_equal(e.code, ERR_BUSY);
	assert_true(e.retry_after_s >= 1);
	/* Those that wait too long are told so while the first still runs. */
	for (size_t i = 1; i < 4; i++) {
		assert_true(kit_wait(k[i], 3));
		assert_int_equal(k[i]->job.err.code, ERR_BUSY);
		assert_true(k[i]->job.err.retry_after_s >= 1);
	}
	atomic_store(&k[0]->cancel, 1);
	assert_true(kit_wait(k[0], 5));
	for (size_t i = 0; i < NELEM(k); i++)
		kit_free(k[i]);
	render_free(r);
	conf_drop(conf);
}

static void
test_drain(void **state)
{
	const struct conf *conf = kit_conf("[render]\nworkers = 1");
	struct render *r = kit_start(conf, KIT_SELF);
	struct kit_job *fast =
	    kit_job(conf, kit_picture(FORMAT_JPEG, 200), FORMAT_PNG, "m");
	struct kit_job *slow[3];
	struct err e = { 0 };

	(void)state;
	kit_submit(r, fast);
	for (size_t i = 0; i < NELEM(slow); i++) {
		slow[i] = kit_slow_job(conf);
		kit_submit(r, slow[i]);
	}
	render_drain(r, clock_ns() + 500 * NS_PER_MS);
	assert_true(kit_wait(fast, 0));
	assert_true(fast->job.ok || SANDBOX_SANITIZED);
	for (size_t i = 0; i < NELEM(slow); i++) {
		assert_true(kit_wait(slow[i], 0));
		assert_int_equal(slow[i]->job.err.code, ERR_DRAINING);
		kit_free(slow[i]);
	}
	kit_free(fast);
	fast = kit_job(conf, kit_picture(FORMAT_JPEG, 200), FORMAT_PNG, "m");
	assert_false(render_submit(r, &fast->job, &e));
	assert_int_equal(e.code, ERR_DRAINING);
	kit_free(fast);
	render_free(r);
	conf_drop(conf);
}

/* ---- Starts ---- */

static void
test_bad_start(void **state)
{
	const struct conf *conf = kit_conf("[render]\nworkers = 2");
	struct render *r = NULL;
	struct err e = { 0 };
	pid_t pids[KIT_CHILDREN];
	size_t before = kit_descriptors();

	(void)state;
	assert_false(render_new(conf, "/bin/false", &r, &e));
	assert_int_equal(e.code, ERR_SYSTEM);
	assert_false(render_new(conf, "/nowhere/pictord", &r, &e));
	assert_int_equal(e.code, ERR_SYSTEM);
	assert_non_null(strstr(e.detail, "/nowhere/pictord"));
	assert_int_equal(kit_children(pids), 0);
	assert_int_equal(kit_descriptors(), before);
	conf_drop(conf);
}

/* A killed daemon leaves no worker behind. */
static void
test_orphans(void **state)
{
	int pipes[2];
	pid_t child;
	pid_t workers[KIT_CHILDREN];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct render *r =
		    kit_start(kit_conf("[render]\nworkers = 2"), KIT_SELF);
		size_t found = kit_children(workers);

		(void)!write(pipes[1], workers, found * sizeof(workers[0]));
		kit_submit(r, kit_slow_job(kit_conf("[render]\nworkers = 2")));
		pause();
	}
	n = read(pipes[0], workers, sizeof(workers));
	assert_true(n >= 2 * (ssize_t)sizeof(workers[0]));
	for (size_t i = 0; i < (size_t)n / sizeof(workers[0]); i++)
		assert_int_equal(kill(workers[i], 0), 0);
	clock_sleep_ns(50 * NS_PER_MS);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	for (size_t i = 0; i < (size_t)n / sizeof(workers[0]); i++)
		KIT_UNTIL(kill(workers[i], 0) != 0);
	close(pipes[0]);
	close(pipes[1]);
}

/* ---- Nothing grows ---- */

static int
compare_ns(const void *a, const void *b)
{
	const int64_t *x = a;
	const int64_t *y = b;

	return (*x > *y) - (*x < *y);
}

static void
test_flat(void **state)
{
	const struct conf *conf =
	    kit_conf("[render]\nworkers = 2\njobs_per_worker = 150");
	struct render *r = kit_start(conf, KIT_SELF);
	struct blob *picture = kit_picture(FORMAT_PNG, 16);
	struct blob *bad = blob_copy("\x89PNG\r\n\x1a\n rest is nothing", 23);
	enum { JOBS = SANDBOX_SANITIZED ? 200 : 2000 };
	static int64_t cost[JOBS];
	struct render_state look;
	pid_t pids[KIT_CHILDREN];
	size_t n = 0;
	size_t before;

	(void)state;
	KIT_UNTIL((render_look(r, &look), look.workers == 3));
	before = kit_descriptors();
	for (int i = 0; i < JOBS; i++) {
		struct kit_job *k =
		    kit_job(conf, i % 50 == 7 ? bad : picture, FORMAT_PNG, "m");

		kit_submit(r, k);
		assert_true(kit_wait(k, 60));
		assert_true(k->job.ok == (i % 50 != 7));
		if (k->job.ok)
			cost[n++] = k->job.run_ns - k->job.facts.work_ns -
			    k->job.facts.open_ns;
		kit_free(k);
	}
	qsort(cost, n, sizeof(cost[0]), compare_ns);
	printf("# hand-over: median %.0f us, nine tenths below %.0f us\n",
	    (double)cost[n / 2] / 1000, (double)cost[n * 9 / 10] / 1000);
	KIT_UNTIL((render_look(r, &look), look.workers == 3));
	KIT_UNTIL(kit_children(pids) == 3);
	assert_int_equal(kit_descriptors(), before);
	assert_true(kit_exits(EXIT_RETIRED) >= JOBS / 150);
	render_free(r);
	assert_int_equal(kit_children(pids), 0);
	blob_drop(bad);
	conf_drop(conf);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orphans),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_bad_originals),
		cmocka_unit_test(test_retire),
		cmocka_unit_test(test_memory_mark),
		cmocka_unit_test(test_kill_under_load),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_stream_yields),
		cmocka_unit_test(test_stream_crowd),
		cmocka_unit_test(test_stream_one_yields),
		cmocka_unit_test(test_stream_trails),
		cmocka_unit_test(test_stream_breaks),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_bad_start),
		cmocka_unit_test(test_flat),
	};

	if (argc > 1 && strcmp(argv[1], "worker") == 0)
		return render_worker_main(argc, argv);
	/* One test alone, for whoever looks for its fault. */
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
