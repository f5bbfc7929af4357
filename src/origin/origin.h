/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where originals come from: files below a folder, buckets, HTTP servers. One
 * kind of store is one file of functions behind this door (store.h).
 *
 * A fetch comes back in two steps: begin() when the store has answered (facts
 * known; the body is a growing blob), or with an error; after a good begin()
 * the blob itself says how it ends. However many ask for one original at the
 * same time, one transfer serves them all: who comes later gets what has
 * arrived so far and the rest with the others, until it is complete. Each has
 * its own deadline and may leave by itself; a transfer that nobody wants any
 * more is cancelled.
 *
 * A store that fails again and again is left alone for a while (store.failures,
 * store.pause): its fetches fail at once with ORIGIN_FAILED and retry_after_s,
 * never with NO_SOURCE. That there is no such original is remembered for
 * store.negative.
 */
#pragma once

#include "base/blob.h"
#include "base/slice.h"

struct conf;
struct origin;

enum {
	ORIGIN_VALIDATOR_MAX = 96,
	ORIGIN_TYPE_MAX = 80,
	ORIGIN_VERSION_MAX = 1025, /* S3: at most 1,024 bytes */
	ORIGIN_ID_MAX = 120,       /* S3: two, of 16 and 76 letters */
	ORIGIN_HEADERS_MAX = 16    /* that are forwarded */
};

struct origin_facts {
	/* Says whether the stored object is still the same: an ETag or, of a
	 * file, device, inode, size and mtime in ns. NUL-terminated. Empty: the
	 * store says none, nothing can be asked conditionally. */
	char validator[ORIGIN_VALIDATOR_MAX];
	char
	    media_type[ORIGIN_TYPE_MAX]; /* as the store says; empty: unknown */
	char version[ORIGIN_VERSION_MAX]; /* id that the store gave; or empty */
	/* Of the store's answer, for its operator's logs; only printable
	 * ASCII; or empty. */
	char request_id[ORIGIN_ID_MAX];
	int64_t modified_s; /* wall clock; -1: unknown */
	int64_t size;       /* bytes; -1: unknown */
	/* What the store says of how long it may be used: Cache-Control and
	 * Expires less Age; seconds; -1: says nothing. */
	int64_t fresh_s;
	int64_t stale_if_error_s;
	bool no_store; /* Cache-Control: no-store or private */
};

struct origin_header {
	const char *name; /* lower case, as in store.forward */
	const char *value;
};

/* The stores of one configuration; counted. */
struct origin_stores;

struct origin_fetch {
	/* Filled by the caller, constant until begin(): */
	struct origin_stores *stores; /* borrowed until begin() */
	const char *store;            /* name of a [store.NAME] */
	const char *key;              /* decoded */
	const char *version;          /* NULL or empty: the present one */
	const char *validator; /* of what the cache has; NULL, empty: none */
	/* Of the request: those that the store's row names; the rest is not
	 * forwarded. */
	const struct origin_header *header;
	size_t nheader;
	int64_t deadline_ns; /* of the body's last byte */
	/* Not 0: stop. NULL: never. Looked at until begin(); origin_poke()
	 * makes it look at once. */
	const _Atomic uint32_t *cancel;
	/* On any thread, also that of origin_submit(); exactly once. */
	void (*begin)(struct origin_fetch *f);
	void *owner;

	/* Filled by origin before begin(): */
	bool ok;
	struct err err;    /* !ok */
	bool not_modified; /* ok: validator still holds; no body */
	bool joined;       /* another one's transfer serves it */
	struct origin_facts facts;
	/* ok and modified: the caller's until origin_release(). */
	struct blob *body;

	/* Origin's own: */
	struct store_flow *flow;
	struct origin_fetch *next;
};

/* Starts the threads; opens nothing. */
bool origin_new(
    const struct conf *conf, struct origin **out, struct err *e) must_check;
/* Nothing may be submitted any more, all bodies are released and all stores
 * dropped; waits for transfers that nobody wants to end. */
void origin_free(struct origin *o);
/*
 * Opens the stores of a configuration. Those whose rows are as they were in the
 * one opened before go on with what they know. What was remembered of missing
 * originals is forgotten. Fails with CONFIG, then nothing has changed.
 */
bool origin_open(struct origin *o, const struct conf *conf,
    struct origin_stores **out, struct err *e) must_check;
struct origin_stores *origin_stores_ref(struct origin_stores *s);
void origin_stores_drop(struct origin_stores *s); /* NULL is allowed */

/* Never fails: what is wrong comes through begin(). Any thread. */
void origin_submit(struct origin *o, struct origin_fetch *f);
/* Gives f's body back, if it has one; after it f may be submitted again. A
 * transfer that nobody else wants stops. Any thread, also within begin(). */
void origin_release(struct origin *o, struct origin_fetch *f);
/* Some cancel flag has changed: fetches that have not begun end with
 * CLIENT_GONE. Any thread. */
void origin_poke(struct origin *o);

/* For a configuration that is not opened (yet): can its stores be read? */
bool origin_check(const struct conf *conf, struct err *e) must_check;
/*
 * What makes a store the same store, for cache keys: its type and place
 * ("file:/srv/images"); what does not fit is written as its digest. Empty when
 * there is no such store. size: at least ORIGIN_IDENTITY_MIN.
 */
enum { ORIGIN_IDENTITY_MIN = 80 };
void origin_identity(
    const struct conf *conf, struct slice store, char *out, size_t size);

/* Tries a store of those that are open, for pictor check; waits. */
struct origin_probe {
	struct origin_stores *stores;
	const char *store; /* name */
	const char *key;   /* to be read; NULL: one that is not there */
	int64_t deadline_ns;
	/* What was found, line by line; on the caller's thread. */
	void (*say)(void *owner, const char *line);
	void *owner;
};
/* Fails with what is wrong, in words for whoever wrote its rows. */
bool origin_probe(
    struct origin *o, const struct origin_probe *p, struct err *e) must_check;

struct origin_state {
	unsigned transfers; /* that run or wait for a thread */
	unsigned resting;   /* stores that are left alone */
};
void origin_look(struct origin *o, struct origin_state *out);
