/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a store is to origin, and what a kind of store must do. Private to
 * origin/: a new kind is a file of its own, a row in store.c, and a word of
 * store.type.
 *
 * A struct store is one [store.NAME] of a configuration at work, with what its
 * kind keeps for it. It is counted: a reload opens the stores of the new
 * configuration, and the old ones are closed when the last fetch and the last
 * request that know them are done. A store whose rows are the same in the new
 * configuration is the same store, with all it has learned.
 *
 * A struct store_fetch is one transfer of one original: many requests may wait
 * for it. origin.c counts those, cancels it when there are none, keeps time,
 * and knows what failures mean for the next ones. A kind does one transfer,
 * with the retries that its own protocol knows.
 */
#pragma once

#include <stdatomic.h>

#include "origin/origin.h"

struct conf;
struct conf_store;
struct fetcher;
struct store_fetch;

struct store {
	const struct store_kind *kind;
	const struct conf *whole;      /* a reference; limits, times */
	const struct conf_store *conf; /* its rows */
	struct fetcher *fetcher;       /* origin's; NULL for kinds that block */
	void *state;                   /* the kind's own, by open() */
	struct store_life *life;       /* origin's own */
};

struct store_kind {
	const char *name;
	/* fetch() may wait: it is called on one of origin's threads, and the
	 * transfer has ended when it returns. Otherwise it is called on any
	 * thread, also the fetcher's, returns at once and waits for nothing. */
	bool blocks;
	/* It is known for a while that there is no such original: where asking
	 * again costs more than remembering. */
	bool remembers;
	/*
	 * Is the configuration right, and, where that needs no network, can
	 * the store be read? Fails with CONFIG: one line for the operator that
	 * names section and key.
	 */
	bool (*check)(const struct conf_store *store, struct err *e);
	/*
	 * Sets state. Reads certificates and such, but waits for no network.
	 * Fails with CONFIG. close(): no fetch runs any more. Both may be
	 * NULL.
	 */
	bool (*open)(struct store *s, struct err *e);
	void (*close)(struct store *s);
	/*
	 * Fetches what t asks for: store_begin() when the store has answered
	 * and the facts are known, then store_end() once, whatever happens; t
	 * is not touched after it. It never fails by itself.
	 */
	void (*fetch)(struct store_fetch *t);
	/*
	 * For pictor check: says more than reading a key can, and waits for it.
	 * Fails with what is wrong, in words for whoever wrote the rows. May be
	 * NULL.
	 */
	bool (*probe)(
	    struct store *s, const struct origin_probe *p, struct err *e);
};

extern const struct store_kind store_file;
extern const struct store_kind store_s3;
extern const struct store_kind store_http;
extern const struct store_kind store_s3_libs3; /* with HAVE_LIBS3 */

struct store_fetch {
	/* By origin, constant; t's until store_end(): */
	struct store *store;
	const char *key;       /* decoded; any bytes but NUL, may be empty */
	const char *version;   /* NULL: the present one */
	const char *validator; /* NULL, or: only if it is another one now */
	const struct origin_header *header; /* of the request, to forward */
	size_t nheader;
	/* Of the last byte; the kind keeps it. Becomes later when another one
	 * joins who has more time. */
	_Atomic int64_t deadline_ns;
	size_t max_bytes; /* of the original; more: TOO_LARGE */
	/* Not 0: nobody waits any more. A kind that blocks looks at it between
	 * its steps, others give it to fetch_start(): origin pokes the fetcher
	 * when it sets it. */
	_Atomic uint32_t cancel;

	/* By the kind, before store_begin(); empty and -1 until then: */
	struct origin_facts facts;
	void *state; /* the kind's own */

	struct store_flow *flow; /* origin's own */
};

static inline int64_t
store_due_ns(const struct store_fetch *t)
{
	return atomic_load_explicit(&t->deadline_ns, memory_order_relaxed);
}

/*
 * The store has answered: t->facts are set. body: grows, or is whole already;
 * NULL: the validator still holds. origin takes a reference of its own, so
 * body is shared as long as the transfer runs: cancel says whether somebody
 * waits. At most once. Any thread; may run much of the pipeline, but waits for
 * nothing.
 */
void store_begin(struct store_fetch *t, struct blob *body);
/*
 * The end. e NULL: all is there; needs a store_begin() before. Otherwise what
 * went wrong: before store_begin() it is what the requests end with, after it
 * how the body breaks off. Finishes the body, unless the kind has. t is gone
 * when it returns. Any thread; must not be called with a lock held.
 *
 * What the codes mean to the circuit breaker: ORIGIN_FAILED and ORIGIN_TIMEOUT
 * are failures of the store itself, retry_after_s (0: not said) what it asks
 * for; CLIENT_GONE, BUSY and ORIGIN_CHANGED say nothing about it; all others
 * are answers of a store that works. NO_SOURCE is remembered.
 */
void store_end(struct store_fetch *t, const struct err *e);
/* May it be so long? Fails with TOO_LARGE, naming the key that says so. */
bool store_takes(
    const struct store_fetch *t, uint64_t size, struct err *e) must_check;
/* False, with the error: nobody waits any more, or the deadline has come. */
bool store_goes_on(const struct store_fetch *t, struct err *e) must_check;
