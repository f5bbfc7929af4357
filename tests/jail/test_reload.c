/* SPDX-License-Identifier: Apache-2.0 */
/* Workers under another configuration than the one they were started with. */
#include <signal.h>
#include <stdio.h>

#include "base/clock.h"
#include "jail_kit.h"
#include "metric/metric.h"
#include "render/jail.h"
#include "render/sandbox.h"

enum { RELOADS = SANDBOX_SANITIZED ? 4 : 20 };

static pid_t
one(struct render *r, const struct conf *conf, const char *mount)
{
	struct blob *picture = kit_picture(FORMAT_JPEG, 200);

	return kit_render(r, kit_job(conf, picture, FORMAT_PNG, mount));
}

static void
test_reload(void **state)
{
	const struct conf *old = kit_conf("[render]\nworkers = 1");
	const struct conf *same = kit_conf("[render]\nworkers = 1");
	const struct conf *other =
	    kit_conf("[render]\nworkers = 1\nworker_memory = 3G");
	struct render *r = kit_start(old, KIT_SELF);
	uint64_t before = metric_value(METRIC_WORKER_EXITS, EXIT_RELOAD, 0);
	pid_t first = one(r, old, "m");
	pid_t second;

	(void)state;
	/* What does not concern workers does not cost them. */
	assert_int_equal(one(r, same, "m"), first);
	second = one(r, other, "m");
	assert_int_not_equal(second, first);
	KIT_UNTIL(
	    metric_value(METRIC_WORKER_EXITS, EXIT_RELOAD, 0) == before + 2);
	/* A request that began before the reload is served, too. */
	assert_int_equal(one(r, old, "m"), second);
	assert_int_equal(one(r, other, "m"), second);
	render_free(r);
	conf_drop(old);
	conf_drop(same);
	conf_drop(other);
}

/*
 * One reload after the other, each while workers of the one before are still
 * starting: they exit because of it, not because their start failed, and none
 * that was on its way meanwhile stays in the place of one that can be used.
 */
static void
test_while_starting(void **state)
{
	const struct conf *conf = kit_conf("[render]\nworkers = 1");
	struct render *r = kit_start(conf, KIT_SELF);
	uint64_t failed =
	    metric_value(METRIC_WORKER_EXITS, EXIT_START_FAILED, 0);

	(void)state;
	for (unsigned i = 0; i < RELOADS; i++) {
		conf_drop(conf);
		conf = kit_conf(
		    "[render]\nworkers = 1\nworker_memory = %uG", 2 + i % 2);
		one(r, conf, "m");
		/* It needs another one, which nobody had before; the warden
		 * replaces it while the next reload comes. */
		kill(one(r, conf, "n"), SIGKILL);
		clock_sleep_ns(i * NS_PER_MS);
	}
	render_free(r);
	assert_int_equal(
	    metric_value(METRIC_WORKER_EXITS, EXIT_START_FAILED, 0), failed);
	conf_drop(conf);
}

/* Without run-time code generation; and as it is where Landlock may lack. */
static void
test_modes(void **state)
{
	static const char *const lines[] = { "vector = off",
		"landlock = optional" };

	(void)state;
	for (size_t i = 0; i < NELEM(lines); i++) {
		const struct conf *conf =
		    kit_conf("[render]\nworkers = 1\n%s", lines[i]);
		struct render *r = kit_start(conf, KIT_SELF);

		one(r, conf, "m");
		render_free(r);
		conf_drop(conf);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_while_starting),
		cmocka_unit_test(test_modes),
	};

	if (argc > 1 && strcmp(argv[1], "worker") == 0)
		return render_worker_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
