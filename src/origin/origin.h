/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where originals come from. One kind of store is one file of functions
 * behind this door; so far: files below a folder.
 *
 * A fetch runs on origin's threads. It comes back in two steps: begin() when
 * the store has answered (facts known; the body is a growing blob), or with an
 * error; after a good begin() the blob itself says how it ends.
 */
#pragma once

#include "base/blob.h"
#include "base/slice.h"

struct conf;
struct origin;

enum { ORIGIN_VALIDATOR_MAX = 96, ORIGIN_TYPE_MAX = 80 };

struct origin_facts {
	/* Says whether the stored object is still the same: an ETag or, of a
	 * file, device, inode, size and mtime in ns. NUL-terminated. */
	char validator[ORIGIN_VALIDATOR_MAX];
	char
	    media_type[ORIGIN_TYPE_MAX]; /* as the store says; empty: unknown */
	int64_t modified_s;              /* wall clock; -1: unknown */
	int64_t size;                    /* bytes; -1: unknown */
};

struct origin_fetch {
	/* Filled by the caller, constant until begin(): */
	const struct conf *conf; /* borrowed until begin() */
	char *store;           /* name of a [store.NAME]; owned by the caller */
	char *key;             /* decoded; owned by the caller */
	const char *validator; /* of what the cache has; NULL: none */
	int64_t deadline_ns;   /* of the body's last byte */
	/* Not 0: stop. NULL: never. Looked at until begin(); after that a body
	 * which nobody but origin holds any more stops by itself. */
	const _Atomic uint32_t *cancel;
	/* On an origin thread, exactly once. */
	void (*begin)(struct origin_fetch *f);
	void *owner;

	/* Filled by origin before begin(): */
	bool ok;
	struct err err;    /* !ok */
	bool not_modified; /* ok: validator still holds; no body */
	struct origin_facts facts;
	struct blob *body; /* ok and modified: the caller takes it */

	struct origin_fetch *next; /* origin's own */
};

/* Opens nothing yet but checks that every store's root can be read. */
bool origin_new(
    const struct conf *conf, struct origin **out, struct err *e) must_check;
/* Never fails: what is wrong comes through begin(). Any thread. */
void origin_submit(struct origin *o, struct origin_fetch *f);
/* Nothing may be submitted any more; what waits is done first. */
void origin_free(struct origin *o);
/* For a new configuration, before it is published: are its roots readable? */
bool origin_check(const struct conf *conf, struct err *e) must_check;
/*
 * What makes a store the same store, for cache keys: "file:/srv/images"; a
 * place that does not fit is written as its digest. Empty when there is no
 * such store. size: at least ORIGIN_IDENTITY_MIN.
 */
enum { ORIGIN_IDENTITY_MIN = 80 };
void origin_identity(
    const struct conf *conf, struct slice store, char *out, size_t size);
