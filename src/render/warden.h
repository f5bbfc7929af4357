/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of jail.h: what its three files share.
 *
 * warden.c makes, hears and buries workers; jail.c lends them; hand.c uses
 * one for a job.
 */
#pragma once

#include <sys/types.h>

#include "base/lock.h"
#include "render/jail.h"
#include "render/wire.h"

enum {
	WORKER_DOMAIN_MAX = 64,
	WORKER_LINE_MAX = 200, /* of its stderr, bytes of one line */
};

/*
 * Of each original and each result so much of the arena stays in memory from
 * job to job: a page's first touch costs more than copying into it. What lies
 * beyond is given back after each job.
 */
enum { WORKER_WARM_IN = 4 << 20, WORKER_WARM_OUT = 1 << 20 };

enum worker_state {
	WORKER_STARTING, /* has not said hello */
	WORKER_IDLE,
	WORKER_TAKEN,  /* by one keeper */
	WORKER_LEAVING /* killed, or dead; nobody's but the warden's */
};

struct worker_map {
	uint8_t *at; /* NULL: not mapped */
	size_t size;
	struct wire_words *words;
	uint8_t *in;
	const uint8_t *out;
	uint64_t in_max, out_max;
};

struct worker {
	struct worker *next; /* under the jail's lock */
	/* Constant: */
	pid_t pid;
	int pidfd;
	int socket; /* used by who took it; by the warden until hello */
	int errors; /* its stderr; the warden's */
	int statm;  /* /proc/PID/statm; -1: not there */
	struct worker_map map; /* used by who took it */
	uint64_t edition;      /* of the setup that it was started with */
	int64_t started_ns;

	/* Under the jail's lock: */
	enum worker_state state;
	bool fresh; /* has had no job */
	char domain[WORKER_DOMAIN_MAX];
	int64_t idle_ns;  /* since when */
	int64_t taken_ns; /* the same */
	int64_t jobs;
	enum jail_exit exit; /* why it was killed; EXIT_COUNT: it was not */
	bool exited;
	int signal; /* exited: by which one; 0: none */
	int status; /* exited without a signal */

	/* Of who took it: */
	uint64_t seq;

	/* The warden's: */
	unsigned lines;
	size_t printed;
	char line[WORKER_LINE_MAX];
	size_t nline;
};

/* What all workers are started with. Compared as bytes. */
struct jail_setup {
	struct image_conf image;
	uint64_t address_space;
	uint32_t landlock_optional;
};

struct jail {
	struct lock lock;
	struct cond changed; /* a worker became idle, or exited */
	struct worker *first under(lock);
	struct jail_setup setup under(lock);
	uint64_t edition under(lock);    /* of setup */
	uint64_t generation under(lock); /* of the configuration it is from */
	unsigned wanting under(lock);    /* keepers that wait for a new one */
	bool settled under(lock);        /* the first ones are ready */
	bool closing under(lock);
	unsigned failures under(lock); /* starts of this edition, in a row */
	struct err failure under(lock);
	int64_t retry_ns under(lock); /* none is started before */
	/* Constant: */
	char *exe;
	unsigned keepers;
	uint64_t in_max, out_max;
	int event; /* wakes the warden */
	pthread_t warden;
};

void *warden_main(void *jail);

/* A new process on the setup; *out is NULL's no more. Of the warden alone,
 * since the worker dies with the thread that started it. Fails with SYSTEM. */
bool worker_spawn(const struct jail *j, const struct jail_setup *setup,
    uint64_t edition, struct worker **out, struct err *e) must_check;
/* Lets go of what the daemon holds of it; it must be dead. */
void worker_free(struct worker *w);

/* Kills it, unless it is dead; it leaves. The warden is told by the caller. */
void worker_kill(struct worker *w, enum jail_exit why);

/* The other lender's functions, for hand.c. */
/*
 * A worker for the domain, or NULL with e set. It may turn out to be dead.
 */
struct worker *jail_take(
    struct jail *j, const struct jail_turn *turn, struct err *e) must_check;
/* Back, or away: exit EXIT_COUNT keeps it if it lives. */
void jail_give(struct jail *j, struct worker *w, enum jail_exit exit);
/* Sees to it that it is dead: kills it for that reason (EXIT_COUNT: it is
 * dying by itself and gets a moment). Returns the signal it died of, or 0. */
int jail_await_exit(struct jail *j, struct worker *w, enum jail_exit why);
