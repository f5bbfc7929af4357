/* SPDX-License-Identifier: Apache-2.0 */
/* Two lists, a sum, and a running mean. */
#include "render/queue.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "conf/conf.h"
#include "render/sources.h"

/* So long a job without a worker lets younger ones of an idle worker's domain
 * go first. */
static const int64_t queue_patience_ns = 250 * NS_PER_MS;
/* So many of the oldest are looked at for that. */
enum { QUEUE_LOOK = 64 };
/* A worker that has been given another domain keeps it for so long, while
 * there is work in both: a new process takes a part of that to start. */
static const int64_t queue_slice_ns = 500 * NS_PER_MS;
/* How much of the mean one new measurement is. */
static const double queue_learn = 0.05;

static void
list_init(struct queue_list *l)
{
	l->first = NULL;
	l->last = &l->first;
}

static void
list_put(struct queue_list *l, struct render_job *job)
{
	job->next = NULL;
	*l->last = job;
	l->last = &job->next;
}

/* at: the link that points to the job. */
static struct render_job *
list_cut(struct queue_list *l, struct render_job **at)
{
	struct render_job *job = *at;

	*at = job->next;
	if (l->last == &job->next)
		l->last = at;
	job->next = NULL;
	return job;
}

void
queue_init(struct queue *q, unsigned workers)
{
	assert(workers > 0);
	*q = (struct queue){ .pace_ns = (double)NS_PER_MS,
		.slice_ns = queue_slice_ns / workers };
	list_init(&q->whole);
	list_init(&q->growing);
}

int64_t
queue_wait_ns(const struct queue *q, unsigned workers)
{
	double wait = (q->cost + q->running) * q->pace_ns / (double)workers;

	assert(workers > 0);
	return wait < 1e18 ? (int64_t)wait : (int64_t)1e18;
}

/* What Retry-After says: when about half of what waits will be done. */
static int
queue_retry_s(const struct queue *q, unsigned workers)
{
	int64_t half = queue_wait_ns(q, workers) / (2 * NS_PER_S) + 1;

	return half < 60 ? (int)half : 60;
}

static bool
queue_busy(
    const struct queue *q, unsigned workers, const char *what, struct err *e)
{
	err_set(e, ERR_BUSY, "render queue: %s (%zu jobs, cost %.0f)", what,
	    q->jobs, q->cost);
	e->retry_after_s = queue_retry_s(q, workers);
	return false;
}

/* Whether so much is more than half of a queue. */
static bool
queue_is_half(const struct conf *c, size_t jobs, double cost, uint64_t bytes)
{
	return jobs > (uint64_t)c->render_queue_jobs / 2 ||
	    cost > c->render_queue_cost / 2 ||
	    bytes > (uint64_t)c->render_queue_bytes / 2;
}

/* Whether the job's domain leaves less than half of the queue to others. */
static bool
queue_is_hogged(const struct queue *q, const struct render_job *job)
{
	const struct queue_list *lists[] = { &q->whole, &q->growing };
	const struct conf *c = job->conf;
	size_t jobs = 0;
	double cost = 0;
	uint64_t bytes = 0;

	/* Nobody's part is more than all: mostly nothing is counted. */
	if (c->nmount < 2 || !queue_is_half(c, q->jobs, q->cost, q->bytes))
		return false;
	for (size_t i = 0; i < NELEM(lists); i++) {
		const struct render_job *at = lists[i]->first;

		for (; at != NULL; at = at->next) {
			if (strcmp(at->domain, job->domain) != 0)
				continue;
			jobs++;
			cost += at->cost;
			bytes += at->bytes;
		}
	}
	return queue_is_half(c, jobs, cost, bytes);
}

bool
queue_admit(const struct queue *q, const struct render_job *job,
    unsigned workers, struct err *e)
{
	const struct conf *c = job->conf;
	int64_t wait = queue_wait_ns(q, workers);

	if (q->jobs >= (size_t)c->render_queue_jobs)
		return queue_busy(q, workers, "too many jobs", e);
	/* A single job may cost more than the queue: it was let through. */
	if (q->jobs > 0 && q->cost + job->cost > c->render_queue_cost)
		return queue_busy(q, workers, "too much work", e);
	/* Each holds its images in memory, whoever asked for it. */
	if (q->jobs > 0 &&
	    q->bytes + sources_bytes(job) > (uint64_t)c->render_queue_bytes)
		return queue_busy(q, workers, "too many bytes", e);
	/* One mount's visitors do not shut the others' out. */
	if (queue_is_hogged(q, job))
		return queue_busy(q, workers, "too much of this mount", e);
	/* One at work for each worker is not yet a queue. */
	if (q->jobs >= workers && wait > c->render_queue_time)
		return queue_busy(q, workers, "too long a wait", e);
	return true;
}

void
queue_put(struct queue *q, struct render_job *job)
{
	list_put(sources_are_final(job) ? &q->whole : &q->growing, job);
	job->bytes = sources_bytes(job);
	q->jobs++;
	q->bytes += job->bytes;
	q->cost += job->cost;
}

bool
queue_sort(struct queue *q)
{
	bool moved = false;

	for (struct render_job **at = &q->growing.first; *at != NULL;) {
		struct render_job *job;

		if (!sources_are_final(*at)) {
			at = &(*at)->next;
			continue;
		}
		job = list_cut(&q->growing, at);
		q->bytes -= job->bytes;
		job->bytes = sources_bytes(job);
		q->bytes += job->bytes;
		list_put(&q->whole, job);
		moved = true;
	}
	return moved;
}

static struct render_job *
queue_cut(struct queue *q, struct queue_list *l, struct render_job **at)
{
	struct render_job *job = list_cut(l, at);

	q->jobs--;
	q->bytes -= job->bytes;
	q->cost -= job->cost;
	/* Sums of fractions drift. */
	if (q->jobs == 0 || q->cost < 0)
		q->cost = 0;
	return job;
}

/* Could it be begun now, with so many bytes of its original? */
static bool
job_is_ready(const struct render_job *job, size_t least)
{
	return !job->whole_only && !sources_lack(job, least);
}

bool
queue_has_ready(const struct queue *q, size_t least)
{
	const struct render_job *job = q->growing.first;

	while (job != NULL && !job_is_ready(job, least))
		job = job->next;
	return job != NULL;
}

/* Of those that are complete; there is one. */
static struct render_job **
queue_pick(struct queue *q, int64_t now_ns, queue_look_f *look, void *arg)
{
	struct render_job **at = &q->whole.first;
	struct render_job **starved = NULL;

	for (int i = 0; i < QUEUE_LOOK && *at != NULL; i++) {
		enum queue_worker worker = look(arg, (*at)->domain);

		if (worker == QUEUE_IDLE) {
			if (starved == NULL ||
			    now_ns - q->changed_ns < q->slice_ns)
				return at;
			q->changed_ns = now_ns;
			return starved;
		}
		if (starved == NULL && worker == QUEUE_NONE &&
		    now_ns - (*at)->submitted_ns >= queue_patience_ns)
			starved = at;
		at = &(*at)->next;
	}
	return &q->whole.first;
}

struct render_job *
queue_take(struct queue *q, int64_t now_ns, size_t least, queue_look_f *look,
    void *arg)
{
	struct render_job **later = NULL;

	queue_sort(q);
	if (q->whole.first != NULL)
		return queue_cut(
		    q, &q->whole, queue_pick(q, now_ns, look, arg));
	for (struct render_job **at = &q->growing.first; *at != NULL;
	     at = &(*at)->next) {
		if (job_is_ready(*at, least))
			return queue_cut(q, &q->growing, at);
		if (later == NULL && !(*at)->whole_only)
			later = at;
	}
	return later != NULL ? queue_cut(q, &q->growing, later) : NULL;
}

bool
queue_has_whole(const struct queue *q, size_t n)
{
	const struct render_job *job = q->whole.first;

	for (; job != NULL && n > 0; n--)
		job = job->next;
	return job != NULL;
}

bool
queue_is_cancelled(const struct render_job *job)
{
	return job->cancel != NULL &&
	    atomic_load_explicit(job->cancel, memory_order_relaxed) != 0;
}

/* Whether it must go, with the reason. */
static bool
job_is_over(struct render_job *job, int64_t now_ns)
{
	int64_t waited = now_ns - job->submitted_ns;

	if (queue_is_cancelled(job))
		err_set(&job->err, ERR_CLIENT_GONE, "left the render queue");
	else if (now_ns >= job->deadline_ns)
		err_set(&job->err, ERR_DEADLINE, "in the render queue");
	else if (waited > job->conf->render_queue_time)
		err_set(&job->err, ERR_BUSY, "render queue: waited %.1f s",
		    (double)waited / (double)NS_PER_S);
	else
		return false;
	return true;
}

static struct render_job *
list_expire(struct queue *q, struct queue_list *l, int64_t now_ns)
{
	for (struct render_job **at = &l->first; *at != NULL; at = &(*at)->next)
		if (job_is_over(*at, now_ns))
			return queue_cut(q, l, at);
	return NULL;
}

struct render_job *
queue_expire(struct queue *q, int64_t now_ns)
{
	struct render_job *job = list_expire(q, &q->whole, now_ns);

	if (job == NULL)
		job = list_expire(q, &q->growing, now_ns);
	if (job != NULL && job->err.code == ERR_BUSY)
		job->err.retry_after_s = queue_retry_s(q, 1);
	return job;
}

struct render_job *
queue_empty(struct queue *q)
{
	if (q->whole.first != NULL)
		return queue_cut(q, &q->whole, &q->whole.first);
	if (q->growing.first != NULL)
		return queue_cut(q, &q->growing, &q->growing.first);
	return NULL;
}

void
queue_begin(struct queue *q, const struct render_job *job)
{
	q->running += job->cost;
}

void
queue_end(struct queue *q, const struct render_job *job, int64_t took_ns)
{
	double pace;

	q->running -= job->cost;
	if (q->running < 0)
		q->running = 0;
	if (took_ns <= 0 || job->cost <= 0)
		return;
	pace = (double)took_ns / job->cost;
	/* One strange job must not close the queue. */
	pace = pace < 1e4 ? 1e4 : pace > 2e7 ? 2e7 : pace;
	q->pace_ns += queue_learn * (pace - q->pace_ns);
}
