/* SPDX-License-Identifier: Apache-2.0 */
/* Lends workers, one at a time each. */
#include "render/jail.h"

#include <sys/syscall.h>

#include <assert.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "conf/conf.h"
#include "metric/metric.h"
#include "render/sandbox.h"
#include "render/setup.h"
#include "render/warden.h"

/* A keeper that waits for a worker looks so often whether its job goes on. */
static const int64_t take_tick_ns = 20 * NS_PER_MS;
/* One of its domain that is at work is waited for as long as a new one would
 * take to start, before another domain loses its worker for it. */
static const int64_t take_patience_ns = 100 * NS_PER_MS;
/* One that has been at work for longer is not waited for. */
static const int64_t busy_ns = 500 * NS_PER_MS;
/* The first workers must be ready by then; a sanitized one is slow. */
static const int64_t settle_ns = (SANDBOX_SANITIZED ? 600 : 120) * NS_PER_S;
/* One that hung up is dying; then it is killed. */
static const int64_t dying_ns = 2 * NS_PER_S;

const char *const *
jail_exit_words(void)
{
	static const char *const words[EXIT_COUNT] = {
		[EXIT_RETIRED] = "retired",
		[EXIT_MEMORY] = "memory",
		[EXIT_DOMAIN] = "domain",
		[EXIT_RISKY] = "risky",
		[EXIT_DEADLINE] = "deadline",
		[EXIT_CANCELLED] = "cancelled",
		[EXIT_CRASH] = "crash",
		[EXIT_VIOLATION] = "violation",
		[EXIT_KILLED] = "killed",
		[EXIT_START_FAILED] = "start-failed",
		[EXIT_RELOAD] = "reload",
		[EXIT_SHUTDOWN] = "shutdown",
	};

	return words;
}

void
worker_kill(struct worker *w, enum jail_exit why)
{
	w->state = WORKER_LEAVING;
	if (w->exited)
		return;
	/* The first reason counts: the others come of it. */
	if (w->exit == EXIT_COUNT)
		w->exit = why;
	/* By descriptor: a number could be another process by now. */
	(void)syscall(SYS_pidfd_send_signal, w->pidfd, SIGKILL, NULL, 0);
}

/* ---- The configuration of the day ---- */

static bool
jail_read_setup(const struct conf *conf, struct jail_setup *out, struct err *e)
{
	struct image_conf image;

	if (!setup_image(conf, &image, e))
		return false;
	memset(out, 0, sizeof(*out));
	out->image.load = image.load;
	out->image.load_must = image.load_must;
	out->image.save = image.save;
	out->image.save_must = image.save_must;
	out->image.vector = image.vector;
	out->address_space = (uint64_t)conf->render_worker_memory;
	out->landlock_optional = conf->render_landlock == LANDLOCK_OPTIONAL;
	return true;
}

static bool
jail_same_setup(const struct jail_setup *a, const struct jail_setup *b)
{
	return a->image.load == b->image.load &&
	    a->image.load_must == b->image.load_must &&
	    a->image.save == b->image.save &&
	    a->image.save_must == b->image.save_must &&
	    a->image.vector == b->image.vector &&
	    a->address_space == b->address_space &&
	    a->landlock_optional == b->landlock_optional;
}

/* A newer configuration may want other loaders: then other workers. */
static void
jail_update(struct jail *j, const struct conf *conf) needs_lock(&j->lock)
{
	struct jail_setup setup;
	struct err e;

	if (conf->generation <= j->generation)
		return;
	j->generation = conf->generation;
	if (!jail_read_setup(conf, &setup, &e) ||
	    jail_same_setup(&setup, &j->setup))
		return;
	j->setup = setup;
	j->edition++;
	/* What kept the others from starting may have been mended by it. */
	j->failures = 0;
	j->retry_ns = 0;
	for (struct worker *w = j->first; w != NULL; w = w->next)
		if (w->state == WORKER_IDLE || w->state == WORKER_STARTING)
			worker_kill(w, EXIT_RELOAD);
	fd_event_set(j->event);
}

/* ---- Lending ---- */

/* Whether it may serve the domain; a fresh one may serve any. */
static bool
worker_fits(const struct jail *j, const struct worker *w, const char *domain)
    needs_lock(&j->lock)
{
	return w->state == WORKER_IDLE && !w->exited && w->exit == EXIT_COUNT &&
	    w->edition == j->edition &&
	    (w->fresh || strcmp(w->domain, domain) == 0);
}

static struct worker *
jail_choose(struct jail *j, const struct jail_turn *turn) needs_lock(&j->lock)
{
	struct worker *best = NULL;

	for (struct worker *w = j->first; w != NULL; w = w->next) {
		if (!worker_fits(j, w, turn->job->domain))
			continue;
		if (turn->fresh && !w->fresh)
			continue;
		/* Used ones first, and of them the warmest. */
		if (best == NULL || (best->fresh && !w->fresh) ||
		    (best->fresh == w->fresh && w->idle_ns > best->idle_ns))
			best = w;
	}
	return best;
}

/* Whether one is at work in that domain, and likely done soon. */
static bool
jail_has_busy(const struct jail *j, const char *domain) needs_lock(&j->lock)
{
	const struct worker *w = j->first;
	int64_t since_ns = clock_ns() - busy_ns;

	while (w != NULL &&
	    (w->state != WORKER_TAKEN || w->exited || w->taken_ns < since_ns ||
		w->edition != j->edition || strcmp(w->domain, domain) != 0))
		w = w->next;
	return w != NULL;
}

/* Lets the warden know that a new one is waited for, and waits a tick. */
static void
take_wait(struct jail *j, bool wants) needs_lock(&j->lock)
{
	if (wants) {
		j->wanting++;
		fd_event_set(j->event);
	}
	(void)cond_wait(&j->changed, &j->lock, clock_ns() + take_tick_ns);
	if (wants)
		j->wanting--;
}

static bool
take_must_stop(const struct jail_turn *turn, struct err *e)
{
	uint32_t stop = atomic_load_explicit(turn->stop, memory_order_relaxed);

	if (stop != 0)
		return !err_set(e, (enum err_code)stop, "waiting for a worker");
	if (clock_ns() < turn->due_ns)
		return false;
	err_set(e, ERR_BUSY, "no worker was ready in time");
	e->retry_after_s = 5;
	return true;
}

struct worker *
jail_take(struct jail *j, const struct jail_turn *turn, struct err *e)
{
	const char *domain = turn->job->domain;
	int64_t patient_ns = clock_ns() + take_patience_ns;
	struct worker *w;

	lock_take(&j->lock);
	jail_update(j, turn->job->conf);
	while ((w = jail_choose(j, turn)) == NULL) {
		if (take_must_stop(turn, e))
			break;
		take_wait(j,
		    turn->fresh || clock_ns() >= patient_ns ||
			!jail_has_busy(j, domain));
	}
	if (w != NULL) {
		if (turn->coming != NULL)
			atomic_store_explicit(
			    turn->coming, false, memory_order_relaxed);
		w->state = WORKER_TAKEN;
		w->fresh = false;
		w->taken_ns = clock_ns();
		w->jobs++;
		slice_copy(slice_of(domain), w->domain, sizeof(w->domain));
		metric_gauge_add(METRIC_WORKERS_BUSY, 1);
	}
	lock_drop(&j->lock);
	return w;
}

void
jail_give(struct jail *j, struct worker *w, enum jail_exit exit)
{
	lock_take(&j->lock);
	assert(w->state == WORKER_TAKEN);
	metric_gauge_add(METRIC_WORKERS_BUSY, -1);
	if (exit == EXIT_COUNT && w->edition != j->edition)
		exit = EXIT_RELOAD;
	/* The warden may have killed it meanwhile: then it is dying. */
	if (exit == EXIT_COUNT && !w->exited && w->exit == EXIT_COUNT) {
		w->state = WORKER_IDLE;
		w->idle_ns = clock_ns();
		cond_wake_all(&j->changed);
	} else {
		worker_kill(w, exit);
		fd_event_set(j->event);
	}
	lock_drop(&j->lock);
}

int
jail_await_exit(struct jail *j, struct worker *w, enum jail_exit why)
{
	int64_t until = clock_ns() + dying_ns;
	int died;

	lock_take(&j->lock);
	if (why != EXIT_COUNT) {
		worker_kill(w, why);
		w->state = WORKER_TAKEN; /* until it is given away */
	}
	while (!w->exited) {
		if (cond_wait(&j->changed, &j->lock, until))
			continue;
		worker_kill(w, EXIT_KILLED);
		w->state = WORKER_TAKEN;
		until = CLOCK_NEVER;
	}
	died = w->signal;
	lock_drop(&j->lock);
	return died;
}

void
jail_supply(struct jail *j, const char *domain, struct jail_supply *out)
{
	struct jail_supply all = { 0 };

	lock_take(&j->lock);
	for (struct worker *w = j->first; w != NULL; w = w->next) {
		if (worker_fits(j, w, domain))
			*(w->fresh ? &all.fresh : &all.idle) += 1;
	}
	all.busy = jail_has_busy(j, domain);
	lock_drop(&j->lock);
	*out = all;
}

void
jail_look(struct jail *j, struct render_state *out)
{
	lock_take(&j->lock);
	for (struct worker *w = j->first; w != NULL; w = w->next) {
		if (w->exited || w->state == WORKER_STARTING ||
		    w->state == WORKER_LEAVING)
			continue;
		out->workers++;
		out->busy += w->state == WORKER_TAKEN;
		out->spare += w->state == WORKER_IDLE && w->fresh;
	}
	lock_drop(&j->lock);
}

/* ---- Beginning and end ---- */

/* Until one for each keeper is ready. */
static bool
jail_settle(struct jail *j, struct err *e)
{
	int64_t until = clock_ns() + settle_ns;
	unsigned ready = 0;
	bool ok = true;

	lock_take(&j->lock);
	for (;;) {
		ready = 0;
		for (struct worker *w = j->first; w != NULL; w = w->next)
			ready += w->state == WORKER_IDLE && !w->exited;
		if (ready >= j->keepers)
			break;
		if (j->failures > 0) {
			*e = j->failure;
			ok = false;
			break;
		}
		if (!cond_wait(&j->changed, &j->lock, until)) {
			ok = err_set(e, ERR_SYSTEM,
			    "workers are not ready after %d s",
			    (int)(settle_ns / NS_PER_S));
			break;
		}
	}
	j->settled = ok;
	lock_drop(&j->lock);
	return ok;
}

bool
jail_new(const struct conf *conf, const char *exe, unsigned workers,
    struct jail **out, struct err *e)
{
	struct jail *j;
	struct jail_setup setup;

	if (!jail_read_setup(conf, &setup, e))
		return false;
	j = xcalloc(1, sizeof(*j));
	lock_init(&j->lock);
	cond_init(&j->changed);
	j->setup = setup;
	j->generation = conf->generation;
	j->exe = xstrdup(exe);
	j->keepers = workers;
	j->in_max = wire_window((uint64_t)conf->limit_original_bytes);
	j->out_max = wire_window((uint64_t)conf->limit_result_bytes);
	j->event = fd_event_new();
	j->warden = thread_start("render-warden", warden_main, j);
	if (!jail_settle(j, e)) {
		jail_free(j);
		return false;
	}
	*out = j;
	return true;
}

void
jail_free(struct jail *j)
{
	lock_take(&j->lock);
	j->closing = true;
	lock_drop(&j->lock);
	fd_event_set(j->event);
	pthread_join(j->warden, NULL);
	assert(j->first == NULL);
	fd_close(&j->event);
	cond_fini(&j->changed);
	lock_fini(&j->lock);
	free(j->exe);
	free(j);
}
