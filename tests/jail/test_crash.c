/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers that crash, and originals that crash them: this program is run as its
 * own worker.
 */
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
#include "render/poison.h"

enum { SLOW_SIDE = 3000 };

/* Sends a signal into the job. */
static void
crash(struct render *r, struct kit_job *k, int signal)
{
	kill(kit_worker(r, k), signal);
}

/*
 * And into the worker that is then tried with the original alone: it is held
 * until it has been given that.
 */
static void
crash_twice(struct render *r, struct kit_job *k, int signal)
{
	struct render_state look;
	pid_t pids[KIT_CHILDREN];
	pid_t first = kit_worker(r, k);
	size_t spare;

	KIT_UNTIL((render_look(r, &look), look.spare == 1));
	assert_int_equal(kit_children(pids), 2);
	spare = pids[0] == first ? 1 : 0;
	kill(pids[spare], SIGSTOP);
	kill(first, signal);
	KIT_UNTIL(kill(first, 0) != 0);
	KIT_UNTIL((render_look(r, &look), look.busy == 1));
	clock_sleep_ns(300 * NS_PER_MS);
	kill(pids[spare], signal);
	kill(pids[spare], SIGCONT);
}

static void
test_poison(void **state)
{
	const struct conf *conf =
	    kit_conf("[render]\nworkers = 1\npoison_time = 3s");
	struct render *r = kit_start(conf, KIT_SELF);
	struct kit_job *k = kit_slow_job(conf);
	struct kit_job *third = kit_slow_job(conf);
	struct err e = { 0 };

	(void)state;
	/* Once: a new worker can decode it, so the plan was it. */
	kit_submit(r, k);
	crash(r, k, SIGSEGV);
	assert_true(kit_wait(k, 60));
	assert_int_equal(k->job.err.code, ERR_WORKER_DIED);
	kit_free(k);
	/* Twice: remembered. */
	k = kit_slow_job(conf);
	kit_submit(r, k);
	crash_twice(r, k, SIGBUS);
	assert_true(kit_wait(k, 60));
	assert_int_equal(k->job.err.code, ERR_POISON);
	assert_false(render_submit(r, &third->job, &e));
	assert_int_equal(e.code, ERR_POISON);
	kit_free(k);
	kit_free(third);
	/* That original alone. */
	kit_render(
	    r, kit_job(conf, kit_picture(FORMAT_JPEG, 200), FORMAT_PNG, "m"));
	/* And forgotten. */
	clock_sleep_ns(3 * NS_PER_S);
	kit_render(r,
	    kit_job(
		conf, kit_picture(FORMAT_JPEG, SLOW_SIDE), FORMAT_PNG, "m"));
	KIT_UNTIL(kit_exits(EXIT_CRASH) >= 3);
	render_free(r);
	conf_drop(conf);
}

/* What a crash is confirmed with works on every format, and decodes it all. */
static void
test_poison_plan(void **state)
{
	const struct conf *conf = kit_conf("[render]\nworkers = 1");
	struct render *r = kit_start(conf, KIT_SELF);
	format_set results[] = { format_all(F_SAVE), FORMAT_BIT(FORMAT_PNG),
		FORMAT_BIT(FORMAT_WEBP) };
	struct blob_view all = blob_look(kit_picture(FORMAT_JPEG, 1500));
	struct blob *cut = blob_copy(all.data, all.size / 2);
	struct kit_job *k;

	(void)state;
	for (enum format from = FORMAT_JPEG; from < FORMAT_COUNT; from++) {
		for (size_t i = 0; i < NELEM(results); i++) {
			if (kit_picture(from, 1500) == NULL)
				continue;
			k = kit_job(
			    conf, kit_picture(from, 1500), FORMAT_PNG, "m");
			poison_plan(results[i], &k->plan);
			kit_submit(r, k);
			assert_true(kit_wait(k, 60));
			if (!k->job.ok)
				fail_msg("%s: %s", format_row(from)->name,
				    k->job.err.detail);
			assert_int_equal(k->job.facts.shrink, 1);
			assert_int_equal(k->job.facts.result.width, 32);
			kit_free(k);
		}
	}
	/* As far as it goes. */
	k = kit_job(conf, cut, FORMAT_PNG, "m");
	poison_plan(results[0], &k->plan);
	kit_render(r, k);
	blob_drop(cut);
	render_free(r);
	conf_drop(conf);
}

static void
test_no_poison(void **state)
{
	const struct conf *conf = kit_conf("[render]\nworkers = 1");
	struct render *r = kit_start(conf, KIT_SELF);
	static const int harmless[] = { SIGKILL, SIGSYS };

	(void)state;
	for (size_t i = 0; i < NELEM(harmless); i++) {
		for (int n = 0; n < 3; n++) {
			struct kit_job *k = kit_slow_job(conf);

			kit_submit(r, k);
			crash(r, k, harmless[i]);
			assert_true(kit_wait(k, 60));
			assert_int_equal(k->job.err.code, ERR_WORKER_DIED);
			kit_free(k);
		}
	}
	KIT_UNTIL(kit_exits(EXIT_VIOLATION) >= 3);
	render_free(r);
	conf_drop(conf);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_poison),
		cmocka_unit_test(test_poison_plan),
		cmocka_unit_test(test_no_poison),
	};

	if (argc > 1 && strcmp(argv[1], "worker") == 0)
		return render_worker_main(argc, argv);
	/* One test alone, for whoever looks for its fault. */
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
