/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue and those who work it off.
 *
 * As many keeper threads as workers each take a job, wait for enough of its
 * original, have it run (jail.c or local.c), and say done. The clerk ends
 * what waits too long, and tells keepers at work when nobody waits for their
 * job any more.
 *
 * No slow origin holds a keeper or a worker that a complete original could
 * use. Every original that waits rings when it has come further, and a keeper
 * whose job lacks bytes goes back for one that does not, at once; keepers whose
 * workers wait for bytes are nudged through their blobs. As many go back as
 * there are jobs for. One whose picture is made before the original has
 * ended leaves it to the clerk.
 *
 * Lock order: render's lock, then the jail's. done() and the runs are called
 * without any.
 */
#include "render/render.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/lock.h"
#include "conf/conf.h"
#include "metric/metric.h"
#include "render/bell.h"
#include "render/check.h"
#include "render/jail.h"
#include "render/local.h"
#include "render/poison.h"
#include "render/queue.h"
#include "render/setup.h"
#include "render/sources.h"
#include "render/trial.h"
#include "sys/sys.h"

/* How often the clerk looks while there is work. */
static const int64_t clerk_tick_ns = 10 * NS_PER_MS;
/* A keeper without bytes looks so often for better work. */
static const int64_t keeper_tick_ns = 10 * NS_PER_MS;
/*
 * A growing original is started with so many bytes there, if it is not
 * complete so much later: as one buffer it costs less.
 */
static const size_t stream_least = 64 * KIB;
static const int64_t stream_patience_ns = 3 * NS_PER_MS;

enum render_phase { PHASE_OPEN, PHASE_DRAINING, PHASE_KILLING, PHASE_CLOSED };

struct keeper {
	struct render *render;
	pthread_t thread;
	struct render_job *job; /* under render's lock; NULL: idle */
	bool called;            /* under it: goes back for a complete one */
	/* Has a complete job, and no worker yet. Set under it. */
	_Atomic bool coming;
	bool whole; /* it was complete when it was taken; the keeper's */
	/* An err_code once its job must stop. Written by the clerk. */
	_Atomic uint32_t stop;
};

struct render {
	struct lock lock;
	struct cond work; /* for keepers */
	struct cond look; /* for the clerk */
	struct cond calm; /* nothing is left: for drain */
	struct bell bell; /* an original has come further */
	struct queue queue under(lock);
	enum render_phase phase under(lock);
	unsigned idle under(lock);   /* keepers without a job */
	unsigned called under(lock); /* keepers on their way back */
	/* Made, but their originals have not ended. */
	struct render_job *made under(lock);
	size_t open under(lock); /* jobs whose done() has not returned */
	/* Constant: */
	struct jail *jail; /* NULL: local mode */
	struct poison *poison;
	struct keeper *keeper;
	unsigned nkeeper;
	pthread_t clerk;
};

/*
 * For the queue, under the lock. Keepers on their way to a worker will have
 * one of those that are idle now, and a fresh one at the worst.
 */
static enum queue_worker
render_supply(void *arg, const char *domain)
{
	struct render *r = arg;
	struct jail_supply supply;
	unsigned coming = 0;
	unsigned same = 0;

	if (r->jail == NULL)
		return QUEUE_IDLE;
	for (unsigned i = 0; i < r->nkeeper; i++) {
		const struct keeper *k = &r->keeper[i];

		if (k->job == NULL ||
		    !atomic_load_explicit(&k->coming, memory_order_relaxed))
			continue;
		coming++;
		same += strcmp(k->job->domain, domain) == 0;
	}
	jail_supply(r->jail, domain, &supply);
	if (supply.idle > same || supply.fresh > coming)
		return QUEUE_IDLE;
	/* One process at a time is started for a domain. */
	return supply.busy || same > 0 ? QUEUE_BUSY : QUEUE_NONE;
}

/*
 * Whether a complete original waits and nobody but this keeper could take it.
 * Then it must go back.
 */
static bool
keeper_is_wanted(void *arg)
{
	struct keeper *k = arg;
	struct render *r = k->render;
	bool wanted;

	lock_take(&r->lock);
	queue_sort(&r->queue);
	wanted = k->called ||
	    queue_has_whole(&r->queue, (size_t)r->idle + r->called);
	if (wanted && !k->called) {
		k->called = true;
		r->called++;
	}
	lock_drop(&r->lock);
	return wanted;
}

/*
 * An original has come further: keepers that wait for one look, and the clerk.
 * Not under its lock, which comes before a blob's: when it misses this, it
 * looks at its next tick.
 */
static void
render_ring(void *arg)
{
	struct render *r = arg;

	bell_ring(&r->bell);
	cond_wake_one(&r->look);
}

/*
 * A complete original waits: keepers that wait for bytes look whether it is
 * theirs to take.
 */
static void
render_nudge(struct render *r) needs_lock(&r->lock)
{
	bell_ring(&r->bell);
	for (unsigned i = 0; i < r->nkeeper; i++) {
		const struct render_job *job = r->keeper[i].job;

		if (job == NULL || r->keeper[i].called)
			continue;
		for (size_t k = 0; k < sources_count(job); k++)
			blob_nudge(sources_blob(job, k));
	}
}

/* Gives a job back to its owner; it must be in no list and no keeper's. */
static void
render_finish(struct render *r, struct render_job *job)
{
	if (job->ok)
		metric_add(METRIC_RENDERS, job->facts.to, 0, 1);
	sources_unhang(job);
	job->done(job);
	lock_take(&r->lock);
	r->open--;
	if (r->open == 0)
		cond_wake_all(&r->calm);
	lock_drop(&r->lock);
}

/* ---- Keepers ---- */

enum wait_end { WAIT_GO, WAIT_BACK, WAIT_FAILED };

static bool
keeper_must_stop(
    const struct keeper *k, int64_t due_ns, int64_t now, struct err *e)
{
	uint32_t stop = atomic_load_explicit(&k->stop, memory_order_relaxed);

	if (stop != 0)
		return !err_set(e, (enum err_code)stop, "before rendering");
	if (now >= due_ns)
		return !err_set(e, ERR_DEADLINE,
		    "the original did not arrive before rendering");
	return false;
}

/*
 * So many bytes are enough to begin with. While anything is known to be
 * poison, nothing is begun before all of it can be compared with that.
 */
static size_t
keeper_least(const struct keeper *k)
{
	return poison_count(k->render->poison) > 0 ? SIZE_MAX : stream_least;
}

/* Whether one waits, not complete either, that could be begun. */
static bool
keeper_knows_better(struct keeper *k, size_t least)
{
	struct render *r = k->render;
	bool better;

	lock_take(&r->lock);
	better = queue_has_ready(&r->queue, least);
	lock_drop(&r->lock);
	return better;
}

/* Until enough is there to begin. */
static enum wait_end
keeper_wait(
    struct keeper *k, struct render_job *job, int64_t due_ns, struct err *e)
{
	size_t least = keeper_least(k);

	for (;;) {
		int64_t now = clock_ns();
		unsigned count = bell_count(&k->render->bell);
		struct blob_view view = blob_look(job->original);

		if (view.state == BLOB_GROWING && view.size >= least)
			blob_wait(
			    job->original, SIZE_MAX, now + stream_patience_ns);
		if (sources_broke(job, e) ||
		    keeper_must_stop(k, due_ns, now, e))
			return WAIT_FAILED;
		if (!sources_lack(job, least))
			return WAIT_GO;
		if (keeper_is_wanted(k) || keeper_knows_better(k, least))
			return WAIT_BACK;
		bell_wait(&k->render->bell, count,
		    now + keeper_tick_ns < due_ns ? now + keeper_tick_ns
						  : due_ns);
	}
}

static enum jail_end
keeper_run_jailed(struct keeper *k, struct jail_turn *turn, struct err *e)
{
	struct render *r = k->render;
	struct render_job *job = turn->job;
	enum jail_end end = jail_run(r->jail, turn, e);

	if (end != JAIL_CRASHED)
		return end;
	jail_leave(r->jail, turn);
	switch (blob_look(job->original).state) {
	case BLOB_GROWING:
		/* Its crash can be told from others when it is complete. */
		return JAIL_YIELDED;
	case BLOB_FAILED:
		return end;
	case BLOB_DONE:
		break;
	}
	for (size_t i = 0; i < sources_count(job); i++) {
		if (trial_crashes(r->jail, turn, i)) {
			trial_condemn(r->poison, job, i, e);
			break;
		}
	}
	return end;
}

static enum jail_end
keeper_run_local(struct keeper *k, struct jail_turn *turn, struct err *e)
{
	struct local_lend lend = { .wanted = turn->wanted, .arg = turn->arg };
	bool ok = local_run(turn->job, turn->due_ns, &k->stop, &lend, e);
	uint32_t stop = atomic_load_explicit(&k->stop, memory_order_relaxed);

	if (!ok && stop != 0)
		err_set(e, (enum err_code)stop, "stopped");
	else if (lend.yielded)
		return JAIL_YIELDED;
	return ok ? JAIL_OK : JAIL_FAILED;
}

/* What can be said of an image before it is given to a decoder. */
static bool
keeper_admit(struct keeper *k, struct render_job *job, struct jail_turn *turn)
{
	struct err *e = &job->err;

	for (size_t i = 0; i < sources_count(job); i++) {
		struct blob_view view = blob_look(sources_blob(job, i));
		enum format format = FORMAT_SAME;

		if (!check_original(job, view.data, view.size, &format, e) ||
		    trial_knows(k->render->poison, view, format, e))
			return i > 0 ? err_source(e, (int)i) : false;
		if (i == 0)
			turn->format = format;
		if ((format_row(format)->flags & F_RISKY) != 0)
			turn->risky = true;
	}
	return true;
}

/* Leaves nothing of the first try for the second. */
static void
keeper_put_back(struct keeper *k, struct render_job *job, bool whole_only)
{
	struct render *r = k->render;

	job->whole_only = whole_only;
	lock_take(&r->lock);
	k->job = NULL;
	queue_end(&r->queue, job, 0);
	queue_put(&r->queue, job);
	cond_wake_one(&r->look);
	lock_drop(&r->lock);
}

/* Ends the keeper's part and gives the job back. */
static void
keeper_finish(
    struct keeper *k, struct render_job *job, bool ok, int64_t start_ns)
{
	struct render *r = k->render;

	job->ok = ok;
	job->run_ns = clock_ns() - start_ns;
	lock_take(&r->lock);
	k->job = NULL;
	/* A slow origin says nothing of how long others take. */
	queue_end(&r->queue, job, ok && k->whole ? job->run_ns : 0);
	lock_drop(&r->lock);
	render_finish(r, job);
}

/* Its picture is made: the clerk sees its original's end. */
static void
keeper_leave_made(struct keeper *k, struct render_job *job, int64_t start_ns)
{
	struct render *r = k->render;

	job->run_ns = clock_ns() - start_ns;
	lock_take(&r->lock);
	k->job = NULL;
	queue_end(&r->queue, job, 0);
	job->next = r->made;
	r->made = job;
	cond_wake_one(&r->look);
	lock_drop(&r->lock);
}

/* Its picture is made, and its original has come to that end. */
static bool
made_is_right(struct render_job *job, struct blob_view end)
{
	if (end.state == BLOB_DONE) {
		job->facts.original_bytes = end.size;
		return true;
	}
	blob_error(job->original, &job->err);
	blob_drop(job->result);
	job->result = NULL;
	return false;
}

/* However it was run; e is in the job. */
static void
keeper_end(struct keeper *k, struct render_job *job, bool ok, int64_t start_ns)
{
	struct blob_view view = blob_look(job->original);

	if (ok && view.state == BLOB_GROWING)
		keeper_leave_made(k, job, start_ns);
	else
		keeper_finish(k, job, ok && made_is_right(job, view), start_ns);
}

static int64_t
job_due_ns(const struct render_job *job, int64_t now)
{
	int64_t own = job->conf->render_timeout;

	if (own <= 0 || job->deadline_ns - now < own)
		return job->deadline_ns;
	return now + own;
}

static void
keeper_serve(struct keeper *k, struct render_job *job)
{
	struct render *r = k->render;
	int64_t start = clock_ns();
	struct jail_turn turn = { .job = job,
		.due_ns = job_due_ns(job, start),
		.stop = &k->stop,
		.coming = &k->coming,
		.wanted = keeper_is_wanted,
		.arg = k,
		.exit = EXIT_COUNT };
	enum wait_end wait = keeper_wait(k, job, turn.due_ns, &job->err);
	enum jail_end end;

	if (wait == WAIT_BACK) {
		keeper_put_back(k, job, job->whole_only);
		return;
	}
	job->queued_ns = clock_ns() - job->submitted_ns;
	metric_seconds(METRIC_QUEUE_TIME, 0, 0, job->queued_ns);
	if (wait == WAIT_FAILED || !keeper_admit(k, job, &turn)) {
		keeper_finish(k, job, false, start);
		return;
	}
	start = clock_ns();
	if (r->jail == NULL) {
		end = keeper_run_local(k, &turn, &job->err);
	} else {
		end = keeper_run_jailed(k, &turn, &job->err);
		/* The job may be gone after its end. */
		jail_leave(r->jail, &turn);
	}
	if (end == JAIL_YIELDED)
		keeper_put_back(k, job, true);
	else
		keeper_end(k, job, end == JAIL_OK, start);
}

/* The next job, or NULL at the end. */
static struct render_job *
keeper_next(struct keeper *k)
{
	struct render *r = k->render;
	struct render_job *job = NULL;

	lock_take(&r->lock);
	if (k->called)
		r->called--;
	k->called = false;
	r->idle++;
	while (r->phase != PHASE_CLOSED) {
		job = queue_take(
		    &r->queue, clock_ns(), keeper_least(k), render_supply, r);
		if (job != NULL)
			break;
		(void)cond_wait(&r->work, &r->lock, CLOCK_NEVER);
	}
	r->idle--;
	if (job != NULL) {
		queue_begin(&r->queue, job);
		k->job = job;
		atomic_store_explicit(&k->stop, 0, memory_order_relaxed);
		k->whole = sources_are_final(job);
		atomic_store_explicit(
		    &k->coming, k->whole, memory_order_relaxed);
		metric_gauge(METRIC_QUEUE_JOBS, (int64_t)r->queue.jobs);
	}
	lock_drop(&r->lock);
	return job;
}

static void *
keeper_main(void *arg)
{
	struct keeper *k = arg;

	for (;;) {
		struct render_job *job = keeper_next(k);

		if (job == NULL)
			return NULL;
		keeper_serve(k, job);
	}
}

/* ---- The clerk ---- */

/* Jobs at work that must stop are told so. */
static void
clerk_stop_running(struct render *r) needs_lock(&r->lock)
{
	for (unsigned i = 0; i < r->nkeeper; i++) {
		struct keeper *k = &r->keeper[i];
		uint32_t why = 0;

		if (k->job == NULL)
			continue;
		if (queue_is_cancelled(k->job))
			why = ERR_CLIENT_GONE;
		else if (r->phase >= PHASE_KILLING)
			why = ERR_DRAINING;
		if (why != 0)
			atomic_store_explicit(
			    &k->stop, why, memory_order_relaxed);
	}
}

/* One that waits and must not; NULL: none. */
static struct render_job *
clerk_find(struct render *r) needs_lock(&r->lock)
{
	struct render_job *job = NULL;

	if (r->phase < PHASE_KILLING) {
		job = queue_expire(&r->queue, clock_ns());
	} else {
		job = queue_empty(&r->queue);
		if (job != NULL)
			err_set(&job->err, ERR_DRAINING,
			    "still in the render queue");
	}
	if (job == NULL)
		return NULL;
	job->ok = false;
	job->queued_ns = clock_ns() - job->submitted_ns;
	metric_seconds(METRIC_QUEUE_TIME, 0, 0, job->queued_ns);
	return job;
}

/* Whether the original of a picture that is made has come to its end, or is
 * not waited for any more. Sets ok, or err. */
static bool
made_is_over(struct render *r, struct render_job *job) needs_lock(&r->lock)
{
	struct blob_view view = blob_look(job->original);

	job->ok = false;
	if (view.state != BLOB_GROWING)
		job->ok = made_is_right(job, view);
	else if (queue_is_cancelled(job))
		err_set(
		    &job->err, ERR_CLIENT_GONE, "the original had not ended");
	else if (clock_ns() >= job->deadline_ns)
		err_set(&job->err, ERR_ORIGIN_TIMEOUT,
		    "the original did not end in time");
	else if (r->phase >= PHASE_KILLING)
		err_set(&job->err, ERR_DRAINING, "the original had not ended");
	else
		return false;
	return true;
}

static struct render_job *
clerk_find_made(struct render *r) needs_lock(&r->lock)
{
	struct render_job **at = &r->made;
	struct render_job *job = NULL;

	while (*at != NULL && !made_is_over(r, *at))
		at = &(*at)->next;
	job = *at;
	if (job == NULL)
		return NULL;
	*at = job->next;
	job->next = NULL;
	if (!job->ok) {
		blob_drop(job->result);
		job->result = NULL;
	}
	return job;
}

static void
clerk_look(struct render *r)
{
	struct render_job *job;

	do {
		lock_take(&r->lock);
		clerk_stop_running(r);
		if (queue_sort(&r->queue)) {
			cond_wake_all(&r->work);
			render_nudge(r);
		}
		job = clerk_find_made(r);
		if (job == NULL)
			job = clerk_find(r);
		metric_gauge(METRIC_QUEUE_JOBS, (int64_t)r->queue.jobs);
		lock_drop(&r->lock);
		if (job == NULL)
			return;
		render_finish(r, job);
	} while (true);
}

static void *
clerk_main(void *arg)
{
	struct render *r = arg;
	bool closed = false;

	while (!closed) {
		lock_take(&r->lock);
		/* Looked at first: it may have been closed meanwhile. */
		if (r->phase != PHASE_CLOSED)
			(void)cond_wait(&r->look, &r->lock,
			    r->open > 0 ? clock_ns() + clerk_tick_ns
					: CLOCK_NEVER);
		closed = r->phase == PHASE_CLOSED;
		lock_drop(&r->lock);
		clerk_look(r);
	}
	return NULL;
}

/* ---- The door ---- */

static void
render_start_threads(struct render *r)
{
	r->clerk = thread_start("render-clerk", clerk_main, r);
	for (unsigned i = 0; i < r->nkeeper; i++) {
		r->keeper[i].render = r;
		r->keeper[i].thread =
		    thread_start("render", keeper_main, &r->keeper[i]);
	}
}

bool
render_check(const struct conf *conf, struct err *e)
{
	struct image_conf image;

	if (conf->render_mode == RENDER_LOCAL && !local_check(conf, e))
		return false;
	/* Also finds the formats that this libvips has not. */
	if (!setup_image(conf, &image, e) || !image_init(&image, e))
		return false;
	image_fini();
	return true;
}

bool
render_new(const struct conf *conf, const char *exe, struct render **out,
    struct err *e)
{
	unsigned n = (unsigned)conf->render_workers;
	struct jail *jail = NULL;
	struct render *r;

	if (n == 0)
		n = sys_cores();
	metric_label(LABEL_EXIT, jail_exit_words(), EXIT_COUNT);
	if (conf->render_mode == RENDER_LOCAL) {
		if (!local_start(conf, e))
			return false;
	} else if (!jail_new(conf, exe, n, &jail, e)) {
		return false;
	}
	r = xcalloc(1, sizeof(*r));
	lock_init(&r->lock);
	cond_init(&r->work);
	cond_init(&r->look);
	cond_init(&r->calm);
	bell_init(&r->bell);
	queue_init(&r->queue, n);
	r->jail = jail;
	r->poison = poison_new();
	r->nkeeper = n;
	r->keeper = xcalloc(n, sizeof(*r->keeper));
	render_start_threads(r);
	*out = r;
	return true;
}

bool
render_submit(struct render *r, struct render_job *job, struct err *e)
{
	bool ok;

	assert(job->plan != NULL && job->original != NULL &&
	    job->conf != NULL && job->domain != NULL && job->done != NULL);
	if (trial_refuses(r->poison, job, e))
		return false;
	job->ok = false;
	job->result = NULL;
	job->worker = 0;
	job->whole_only = false;
	job->facts = (struct facts){ 0 };
	job->submitted_ns = clock_ns();
	lock_take(&r->lock);
	if (r->phase != PHASE_OPEN)
		ok = err_set(e, ERR_DRAINING, "render queue");
	else
		ok = queue_admit(&r->queue, job, r->nkeeper, e);
	if (ok) {
		sources_hang(job, stream_least, render_ring, r);
		queue_put(&r->queue, job);
		r->open++;
		if (r->open == 1)
			cond_wake_one(&r->look);
		cond_wake_one(&r->work);
		if (queue_has_whole(&r->queue, r->idle))
			render_nudge(r);
		else if (r->idle == 0)
			bell_ring(&r->bell);
		metric_gauge(METRIC_QUEUE_JOBS, (int64_t)r->queue.jobs);
	}
	lock_drop(&r->lock);
	return ok;
}

void
render_drain(struct render *r, int64_t until_ns)
{
	lock_take(&r->lock);
	if (r->phase == PHASE_OPEN)
		r->phase = PHASE_DRAINING;
	while (r->open > 0)
		if (!cond_wait(&r->calm, &r->lock, until_ns))
			break;
	if (r->phase == PHASE_DRAINING)
		r->phase = PHASE_KILLING;
	cond_wake_one(&r->look);
	/* Whoever must stop is killed if it does not: this ends. */
	while (r->open > 0)
		(void)cond_wait(&r->calm, &r->lock, CLOCK_NEVER);
	lock_drop(&r->lock);
}

void
render_free(struct render *r)
{
	if (r == NULL)
		return;
	render_drain(r, clock_ns());
	lock_take(&r->lock);
	r->phase = PHASE_CLOSED;
	cond_wake_all(&r->work);
	cond_wake_all(&r->look);
	lock_drop(&r->lock);
	for (unsigned i = 0; i < r->nkeeper; i++)
		pthread_join(r->keeper[i].thread, NULL);
	pthread_join(r->clerk, NULL);
	if (r->jail != NULL)
		jail_free(r->jail);
	else
		local_stop();
	poison_free(r->poison);
	bell_fini(&r->bell);
	cond_fini(&r->calm);
	cond_fini(&r->look);
	cond_fini(&r->work);
	lock_fini(&r->lock);
	free(r->keeper);
	free(r);
}

void
render_look(struct render *r, struct render_state *out)
{
	struct render_state state = { 0 };

	if (r->jail != NULL)
		jail_look(r->jail, &state);
	lock_take(&r->lock);
	if (r->jail == NULL) {
		state.workers = r->nkeeper;
		state.busy = r->nkeeper - r->idle;
	}
	state.queued = (unsigned)r->queue.jobs;
	state.queued_cost = r->queue.cost;
	lock_drop(&r->lock);
	*out = state;
}

bool
render_ready(struct render *r)
{
	struct render_state state;

	render_look(r, &state);
	return state.workers > 0;
}
