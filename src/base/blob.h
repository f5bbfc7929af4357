/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counted bytes that may still be growing: an original on its way, or a
 * finished result.
 *
 * One producer appends and finishes; any number of readers look and wait. The
 * bytes never move, and those already there never change, so a reader may use
 * data[0..size) without a lock. Any thread; the count is atomic.
 */
#pragma once

#include "base/err.h"

struct blob;

/*
 * max:  the most bytes it may take; appending more fails with TOO_LARGE
 * hint: bytes expected if known, else 0. It costs address space, not memory.
 * NULL when there is no memory.
 */
struct blob *blob_new(size_t max, size_t hint) must_check;
/* Finished at once: takes malloc'd bytes (freed with the blob). */
struct blob *blob_from_take(uint8_t *bytes, size_t size);
/* Finished at once: a copy. NULL when there is no memory. */
struct blob *blob_copy(const void *bytes, size_t size) must_check;
struct blob *blob_ref(struct blob *b);
void blob_drop(struct blob *b); /* NULL is allowed */
/*
 * False: the caller's reference is the only one left. A producer that sees
 * this may stop, since nobody will ever read the rest.
 */
bool blob_is_shared(const struct blob *b);

bool blob_append(
    struct blob *b, const void *data, size_t size, struct err *e) must_check;
/*
 * Room to read straight into: at least 1 byte, *room says how many; then
 * blob_commit(). Fails with TOO_LARGE when max is reached.
 */
bool blob_reserve(
    struct blob *b, uint8_t **at, size_t *room, struct err *e) must_check;
void blob_commit(struct blob *b, size_t size);
/* The end: e NULL for a complete one, else why it broke off. Once. */
void blob_finish(struct blob *b, const struct err *e);

enum blob_state { BLOB_GROWING, BLOB_DONE, BLOB_FAILED };

struct blob_view {
	const uint8_t *data;
	size_t size;
	enum blob_state state;
};

struct blob_view blob_look(const struct blob *b);
/*
 * Waits until there are more than have bytes, or it is finished, or until_ns
 * (clock_ns()) has come, or blob_nudge() was called; returns what there is.
 */
struct blob_view blob_wait(struct blob *b, size_t have, int64_t until_ns);
/* Whoever waits for it now looks again: blob_wait() may return too early. */
void blob_nudge(struct blob *b);

/*
 * For who waits for several blobs at one time, or for none in particular: the
 * producer rings when there are at least mark bytes, and at the end.
 */
struct blob_bell {
	/* Is called with the blob locked; what it may lock, lock.h says. */
	void (*ring)(void *arg);
	void *arg;
	size_t mark;
	/* The blob's own: */
	bool rung; /* for the mark */
	struct blob_bell *next;
};

/* Is rung for what comes from now on: hang it up first, then look. */
void blob_hang(struct blob *b, struct blob_bell *bell);
/* It is not rung any more once this has returned. */
void blob_unhang(struct blob *b, struct blob_bell *bell);
/* Why it failed; state must be BLOB_FAILED. */
void blob_error(const struct blob *b, struct err *e);
/* Bytes of memory it holds, for accounting. */
size_t blob_memory(const struct blob *b);
