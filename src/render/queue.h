/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The jobs that wait, in the order in which they came: those whose images are
 * complete, and those of which one is still arriving. A complete one always
 * goes first; so a slow origin never holds a worker that could work.
 *
 * A worker serves one trust domain, and another domain costs a new process: so
 * a job goes to a worker that its domain has, and only who would wait too long
 * has one changed for it, not too often.
 *
 * A plain struct without a lock: render.c guards it.
 */
#pragma once

#include "render/render.h"

struct queue_list {
	struct render_job *first;
	struct render_job **last; /* where the next one is linked */
};

struct queue {
	struct queue_list whole, growing;
	size_t jobs;
	size_t bytes;   /* of the images of those that wait */
	double cost;    /* of those that wait */
	double running; /* cost of those at work */
	double pace_ns; /* measured time of one unit of cost */
	/* Since when, and for how long at least, workers keep their domains
	 * while there is work in these. */
	int64_t changed_ns, slice_ns;
};

/* What workers there are for a domain. */
enum queue_worker {
	QUEUE_NONE, /* none, or none that will be idle soon */
	QUEUE_BUSY, /* some, all at work */
	QUEUE_IDLE  /* one that may begin at once */
};
typedef enum queue_worker queue_look_f(void *arg, const char *domain);

/* workers > 0: how many jobs may be at work. */
void queue_init(struct queue *q, unsigned workers);
/*
 * How long a new job would wait, by the cost before it. workers > 0.
 */
int64_t queue_wait_ns(const struct queue *q, unsigned workers);
/*
 * Fails with BUSY (retry_after_s set) when the job's own limits (conf) say
 * that the queue is full by jobs, by cost, by bytes or by waiting time; or,
 * where there are several mounts, that half of it is already this one's.
 */
bool queue_admit(const struct queue *q, const struct render_job *job,
    unsigned workers, struct err *e) must_check;
/* Gives the job away. Its submitted_ns is set by the caller. */
void queue_put(struct queue *q, struct render_job *job);
/* Moves jobs whose images have become complete to the others of that kind;
 * true if there were any. */
bool queue_sort(struct queue *q);
/*
 * The next job for a worker, or NULL. The oldest complete one whose domain has
 * an idle worker; but before it an older one that has waited for too long and
 * has none, unless domains were changed just now. Where no job has an idle one,
 * the oldest. Where none is complete, one that has least bytes to begin with; else
 * the oldest that may come to have them.
 */
struct render_job *queue_take(struct queue *q, int64_t now_ns, size_t least,
    queue_look_f *look, void *arg);
/* True when more than n jobs wait whose images are complete. */
bool queue_has_whole(const struct queue *q, size_t n);
/* True when one waits of which enough is there to begin, with least bytes. */
bool queue_has_ready(const struct queue *q, size_t least);
/*
 * Takes out one job that must not wait any longer, with its err set:
 * CLIENT_GONE, DEADLINE, or BUSY. NULL: none.
 */
struct render_job *queue_expire(struct queue *q, int64_t now_ns);
/* Takes out any job; NULL: empty. */
struct render_job *queue_empty(struct queue *q);
/* Whether nobody waits for it any more. */
bool queue_is_cancelled(const struct render_job *job);
/* A taken job begins and ends; teaches pace_ns. took_ns 0: not known. */
void queue_begin(struct queue *q, const struct render_job *job);
void queue_end(struct queue *q, const struct render_job *job, int64_t took_ns);
