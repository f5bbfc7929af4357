/* SPDX-License-Identifier: Apache-2.0 */
/* Which worker a job gets. */
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "jail_kit.h"
#include "render/jail.h"
#include "render/sandbox.h"

static void
test_domains(void **state)
{
	const struct conf *conf = kit_conf("[render]\nworkers = 1");
	struct render *r = kit_start(conf, KIT_SELF);
	static const char *const domain[] = { "a", "b", "a", "b", "c", "a" };
	pid_t pid[NELEM(domain)];
	uint64_t before = kit_exits(EXIT_DOMAIN);

	(void)state;
	for (size_t i = 0; i < NELEM(pid); i++)
		pid[i] = kit_render(r,
		    kit_job(conf, kit_picture(FORMAT_JPEG, 200), FORMAT_PNG,
			domain[i]));
	for (size_t i = 0; i < NELEM(pid); i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(domain[i], domain[k]) != 0)
				assert_int_not_equal(pid[i], pid[k]);
	/* Two fit at once, the third made the older one go: a's. */
	assert_int_equal(pid[0], pid[2]);
	assert_int_equal(pid[1], pid[3]);
	assert_int_not_equal(pid[2], pid[5]);
	KIT_UNTIL(kit_exits(EXIT_DOMAIN) == before + 2);
	render_free(r);
	conf_drop(conf);
}

/*
 * Two keepers and three domains that have three workers: no two take the same
 * one, and no domain loses its own each time that two of another are at work.
 */
static void
test_domains_crowd(void **state)
{
	enum { JOBS = SANDBOX_SANITIZED ? 30 : 90 };
	static const char *const domain[] = { "a", "b", "c" };
	const struct conf *conf =
	    kit_conf("[render]\nworkers = 2\nqueue_time = 60s");
	struct render *r = kit_start(conf, KIT_SELF);
	struct kit_job *k[JOBS];
	struct render_state look;
	uint64_t before = kit_exits(EXIT_DOMAIN);
	int64_t slowest = 0;

	(void)state;
	KIT_UNTIL((render_look(r, &look), look.spare == 3));
	for (size_t i = 0; i < NELEM(k); i++) {
		k[i] = kit_job(conf, kit_picture(FORMAT_PNG, 900), FORMAT_PNG,
		    domain[i / 2 % NELEM(domain)]);
		kit_submit(r, k[i]);
	}
	for (size_t i = 0; i < NELEM(k); i++) {
		assert_true(kit_wait(k[i], 60));
		assert_true(k[i]->job.ok);
		if (slowest < k[i]->job.facts.work_ns)
			slowest = k[i]->job.facts.work_ns;
		kit_free(k[i]);
	}
	/* While jobs are short: one for c, and some when little is left. */
	if (slowest < 250 * NS_PER_MS)
		assert_true(kit_exits(EXIT_DOMAIN) - before <= 8);
	render_free(r);
	conf_drop(conf);
}

static void
test_idle_death(void **state)
{
	const struct conf *conf = kit_conf("[render]\nworkers = 1");
	struct render *r = kit_start(conf, KIT_SELF);
	struct render_state look;
	pid_t pids[KIT_CHILDREN];
	size_t n;

	(void)state;
	for (int round = 0; round < 3; round++) {
		n = kit_children(pids);
		for (size_t i = 0; i < n; i++)
			kill(pids[i], SIGKILL);
		for (size_t i = 0; i < n; i++)
			KIT_UNTIL(kill(pids[i], 0) != 0);
		/* Nothing is lost by it. */
		kit_render(r,
		    kit_job(
			conf, kit_picture(FORMAT_JPEG, 200), FORMAT_PNG, "m"));
	}
	KIT_UNTIL((render_look(r, &look), look.workers == 2));
	render_free(r);
	conf_drop(conf);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_domains_crowd),
		cmocka_unit_test(test_idle_death),
	};

	if (argc > 1 && strcmp(argv[1], "worker") == 0)
		return render_worker_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
