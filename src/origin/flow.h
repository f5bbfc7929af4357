/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of origin.c and clerk.c alone: one transfer, and the table of them.
 */
#pragma once

#include <stdatomic.h>

#include "base/digest.h"
#include "base/lock.h"
#include "origin/missing.h"
#include "origin/stores.h"

enum { ORIGIN_BUCKETS = 1024 }; /* a power of two */

/* A kind keeps the deadline itself, and knows better what was late. */
static const int64_t origin_grace_ns = 250 * NS_PER_MS;

struct store_flow {
	struct store_fetch t;
	struct origin *origin;   /* by origin.c */
	struct store_life *life; /* a reference */
	struct digest id;        /* store, key, version, headers */
	uint64_t site;           /* whose failures it may add to */
	int64_t first_ns;        /* deadline of who began it */
	struct arena *arena;     /* of what t points to */
	struct origin_header header[ORIGIN_HEADERS_MAX];

	/* Guarded by the origin's lock: */
	struct store_flow *next, **previous; /* in its bucket; NULL: unlisted */
	struct store_flow *turn;             /* in the queue of the threads */
	struct origin_fetch *waiting;
	unsigned users; /* fetches that have the body */
	bool queued, begun, ended;
	bool probe;  /* tries a store that rests */
	bool judged; /* its store knows already how it ended */
	struct blob *body;
};

/* What it fetches; two of one id are of the same original, with the same
 * headers forwarded. */
struct digest flow_id(
    const struct store_life *life, const struct origin_fetch *f);
/* The site that the key of a store of URLs names; 0: the store is one site. */
uint64_t flow_site(const struct store_life *life, const char *key);
/* As f asks; keeps copies of what f points to, and a reference of the store. */
struct store_flow *flow_new(struct store_life *life, const struct digest *id,
    const struct origin_fetch *f);
void flow_free(struct store_flow *flow);

struct origin {
	struct lock lock;
	struct cond more;  /* in the queue, or it is time to stop */
	struct cond clerk; /* something is due sooner, or to be closed */
	struct cond none;  /* the last flow was freed */
	struct store_flow *first under(lock);
	struct store_flow **last under(lock);
	struct store_flow *bucket[ORIGIN_BUCKETS] under(lock);
	struct store_life *unused under(lock); /* to be closed */
	struct origin_stores *before under(lock);
	struct missing missing under(lock);
	int64_t due_ns under(lock);  /* the clerk looks again */
	unsigned flows under(lock);  /* until they have ended */
	unsigned living under(lock); /* until they are freed */
	bool stop under(lock);
	/* NULL until a store needs it; then constant. */
	struct fetcher *_Atomic fetcher;
	/* Constant. */
	pthread_t *thread;
	size_t nthread;
	pthread_t clerk_thread;
};

/* What its store learns of how it ended; once. */
void flow_judge(struct origin *o, struct store_flow *flow, const struct err *e)
    needs_lock(&o->lock);
/*
 * Nobody wants it any more. Returns it if it may be dropped, after the lock is
 * given back; otherwise its kind sees cancel and ends it. *poke: the fetcher is
 * to be told, too: flows_poke() without the lock.
 */
struct store_flow *flow_abandon(
    struct origin *o, struct store_flow *flow, bool *poke) needs_lock(&o->lock);
void flows_poke(struct origin *o);
/* Nobody points to it any more. */
void flow_drop(struct store_flow *flow);

static inline bool
fetch_is_unwanted(const struct origin_fetch *f)
{
	return f->cancel != NULL &&
	    atomic_load_explicit(f->cancel, memory_order_relaxed) != 0;
}

static inline bool
flow_is_wanted(const struct store_flow *flow)
{
	return flow->waiting != NULL || flow->users > 0;
}

/* Of a list, by next; each may be gone after its begin(). */
void fetches_begin(struct origin_fetch *f);

/* clerk.c: the thread that keeps deadlines and closes stores; arg: the origin. */
void *clerk_run(void *arg);
/* A fetch waits that ends then. */
void clerk_tell(struct origin *o, int64_t deadline_ns) needs_lock(&o->lock);
