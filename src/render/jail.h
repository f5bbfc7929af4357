/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker processes, seen from the daemon.
 *
 * A warden thread makes them, reads what they print, buries them, and keeps
 * one more than can work at a time, warmed up and untouched: the spare.
 * Keepers (render.c) take a worker for one job, hand the job over (hand.c),
 * and give the worker back or have it replaced.
 *
 * Which worker a job gets: an idle one that has served its trust domain; else
 * the spare; else an idle one of another domain is replaced by a new one.
 */
#pragma once

#include "render/render.h"

struct jail;
struct worker;

/* Why a worker ended; the words of the label EXIT. */
enum jail_exit {
	EXIT_RETIRED,   /* after so many jobs */
	EXIT_MEMORY,    /* above render.worker_mark */
	EXIT_DOMAIN,    /* made room for another trust domain */
	EXIT_RISKY,     /* after a job of a risky loader */
	EXIT_DEADLINE,  /* did not stop in time */
	EXIT_CANCELLED, /* did not stop when nobody waited any more */
	EXIT_CRASH,     /* SIGSEGV, SIGBUS, SIGABRT, SIGILL by itself */
	EXIT_VIOLATION, /* SIGSYS, or an answer that an honest one cannot give */
	EXIT_KILLED,    /* by another signal, or it left by itself */
	EXIT_START_FAILED,
	EXIT_RELOAD, /* another configuration wants other loaders */
	EXIT_SHUTDOWN,
	EXIT_COUNT
};
/* The words, in that order. */
const char *const *jail_exit_words(void);

/*
 * Starts workers + 1 processes and waits until one for each keeper is ready.
 * Fails with SYSTEM or CONFIG as the first that failed says.
 */
bool jail_new(const struct conf *conf, const char *exe, unsigned workers,
    struct jail **out, struct err *e) must_check;
/* Kills all and waits. No worker may be taken. */
void jail_free(struct jail *j);

/* What there is for a domain. */
struct jail_supply {
	unsigned idle;  /* that have served it */
	unsigned fresh; /* idle, and may serve any */
	bool busy;      /* one is at work in it, not for long */
};
void jail_supply(struct jail *j, const char *domain, struct jail_supply *out);
void jail_look(struct jail *j, struct render_state *out);

enum jail_end {
	JAIL_OK,      /* the job's result, facts and worker are set */
	JAIL_FAILED,  /* e says why */
	JAIL_CRASHED, /* the worker died of a decoder's bug; e says so */
	JAIL_YIELDED  /* the original stalled, and wanted() said yes */
};

/* One job's time with a worker. */
struct jail_turn {
	/* By the caller: */
	struct render_job *job;
	enum format format; /* the original's, sniffed */
	bool risky;         /* a loader of one of the images is so */
	bool fresh;         /* only a worker that has done nothing yet */
	int64_t due_ns;
	/* An err_code: stop, and fail with it. */
	const _Atomic uint32_t *stop;
	/* Made false when it has got its worker; or NULL. */
	_Atomic bool *coming;
	/* While the original stalls: does a complete one wait for a worker? */
	bool (*wanted)(void *arg);
	void *arg;
	/* The jail's own, between run and leave: */
	struct worker *worker;
	enum jail_exit exit; /* EXIT_COUNT: it stays */
	int64_t mark;        /* bytes: more memory, and it goes */
};

enum jail_end jail_run(
    struct jail *j, struct jail_turn *turn, struct err *e) must_check;
/* Gives the worker of a turn back, or away. After every jail_run(), and best
 * after its job's done(). */
void jail_leave(struct jail *j, struct jail_turn *turn);
