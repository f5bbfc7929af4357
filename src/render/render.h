/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans run on originals, away from secrets: a bounded queue, and workers that
 * are sandboxed processes (jail.c) or, for debugging, this one (local.c).
 *
 * A job is given away with render_submit() and comes back exactly once through
 * its done(), on one of render's threads.
 */
#pragma once

#include "base/blob.h"
#include "plan/facts.h"
#include "plan/plan.h"

struct conf;
struct render;

struct render_job {
	/* Filled by the caller, constant until done(): */
	const struct plan *plan; /* checked */
	struct blob *original;   /* borrowed; may still be growing */
	/* Of plan->source[1] and so on; borrowed. They may still be growing,
	 * but nothing begins before all of them are there. */
	struct blob *overlay[PLAN_OVERLAYS];
	const struct conf *conf; /* limits and times; borrowed */
	format_set originals;    /* formats that the original may have */
	format_set results;      /* formats that the result may have */
	const char *domain;      /* trust domain: a worker serves only one;
				    the mount's name */
	double cost;             /* plan_cost() */
	double max_cost;         /* with the original's own size; 0: any */
	int64_t deadline_ns;     /* clock_ns() */
	const _Atomic uint32_t
	    *cancel; /* not 0: nobody waits any more; or NULL */
	void (*done)(struct render_job *job);
	void *owner;

	/* Filled by render before done(): */
	bool ok;
	struct err err;      /* !ok */
	struct blob *result; /* ok: the caller takes this reference */
	struct facts facts;
	int64_t queued_ns; /* wait in the queue */
	int64_t run_ns;
	uint64_t worker; /* pid, for the log; 0: local */

	/* Render's own. */
	struct render_job *next;
	struct blob_bell bell[1 + PLAN_OVERLAYS]; /* on its images */
	int64_t submitted_ns;
	size_t bytes;    /* of its images, as the queue has counted them */
	bool whole_only; /* gave its worker up once: waits for the last byte */
};

/*
 * Whether the configuration is one to start with, for a process that starts
 * nothing. Fails with CONFIG.
 */
bool render_check(const struct conf *conf, struct err *e) must_check;
/*
 * Starts the workers and waits until all of them are ready or one could not
 * be made so (fails with SYSTEM or CONFIG; says which guard is missing).
 * exe: path of pictord, "/proc/self/exe"; it is run as `pictord worker`.
 */
bool render_new(const struct conf *conf, const char *exe, struct render **out,
    struct err *e) must_check;
/*
 * Refuses at once with BUSY (retry_after_s set) when the queue is full by
 * jobs, by cost or by bytes or when the wait would be too long, with POISON, with
 * DRAINING; then done() is not called. Any thread.
 */
bool render_submit(
    struct render *r, struct render_job *job, struct err *e) must_check;
/* Lets what is queued and running finish, until_ns at most; then kills. */
void render_drain(struct render *r, int64_t until_ns);
void render_free(struct render *r);

struct render_state {
	unsigned workers, busy, spare, queued;
	double queued_cost;
};
void render_look(struct render *r, struct render_state *out);
/* True when at least one worker is ready: /readyz. */
bool render_ready(struct render *r);

/* The worker process; returns its exit status. Called by main() alone. */
int render_worker_main(int argc, char **argv);
