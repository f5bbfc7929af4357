/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The jobs that wait, in the order in which they came: those whose images are
 * complete, and those of which one is still arriving. A complete one always
 * goes first; so a slow origin never holds a worker that could work.
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
};

/* Whether a worker that serves this domain is idle. */
typedef bool queue_idle_f(void *arg, const char *domain);

void queue_init(struct queue *q);
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
 * The next job for a worker, or NULL. The oldest complete one; but a younger
 * one goes before it while it is not old itself and only the younger one's
 * domain has an idle worker, since changing the domain costs a new process.
 * Where none is complete, one that has least bytes to begin with; else the
 * oldest that may come to have them.
 */
struct render_job *queue_take(struct queue *q, int64_t now_ns, size_t least,
    queue_idle_f *idle, void *arg);
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
