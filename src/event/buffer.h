/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where answering threads put what they tell: a ring of bytes in shared memory
 * that a file holds, so that it outlives the process. Private to event/.
 *
 * Putting makes no system call, takes no lock and never waits: room is taken by
 * one compare-and-swap, and what is in it counts when its mark is set. After a
 * kill -9 the next process finds the marks; room that was taken and not marked
 * belongs to somebody who had not been told that his event is stored.
 *
 * The file lies in memory (/dev/shm), not on the disk: a mapping of a file on a
 * disk makes who writes to it wait for the disk now and then (write-back makes
 * its pages read-only), and a full one ends the process with SIGBUS. All of it
 * is allocated before it is mapped.
 */
#pragma once

#include <sys/uio.h>

#include "base/err.h"

/* What outlives the process besides: counters since the spool was made. */
struct buffer_sums {
	_Atomic uint64_t stored; /* written to a segment */
	_Atomic uint64_t lost;   /* no room, or no segment took it */
};

/* What a write to a segment is about to do, so that it is not done twice. */
struct buffer_intent {
	uint64_t segment, offset, bytes;
	uint64_t stored; /* sums.stored, when it is done */
	uint64_t tail;   /* where the ring's reader is behind it; 0: none */
};

struct buffer;

enum buffer_kind {
	BUFFER_SHARED,   /* outlives the process */
	BUFFER_IN_SPOOL, /* the same, but the file is on a disk */
	BUFFER_OWN       /* does not */
};

/*
 * spool: id of the spool that it must belong to; what is there of another is
 * made anew. path: tried first, then other, then memory of the process alone;
 * each may be NULL. size: bytes, a power of two. Where records wait in a file
 * that is there, that file is taken as it is, whatever its size.
 */
struct buffer *buffer_open(
    const char *path, const char *other, size_t size, uint64_t spool);
enum buffer_kind buffer_kind(const struct buffer *b);
/* remove: the file, too; what it has not given is gone. */
void buffer_close(struct buffer *b, bool remove);

/* Any thread. False: no room. */
bool buffer_put(struct buffer *b, const void *data, size_t size) must_check;

/* --- one thread, the reader --- */

enum { BUFFER_VECTORS = 256 };
/*
 * Up to so many records from the oldest on, without copying, together at most
 * most bytes; returns how many. They stay until buffer_next(). *end: what to
 * give to it.
 */
size_t buffer_look(struct buffer *b, struct iovec out[BUFFER_VECTORS],
    size_t most, uint64_t *end);
void buffer_next(struct buffer *b, uint64_t end);
/* How many records there are; takes a while where there are many. */
uint64_t buffer_count(struct buffer *b);
/* What was given to buffer_next() last. */
uint64_t buffer_tail(struct buffer *b);
/* Is there nothing? */
bool buffer_empty(struct buffer *b);
/* Passes over what a dead process had begun; before any thread puts. */
void buffer_recover(struct buffer *b,
    bool (*good)(const void *data, size_t size, void *owner), void *owner);

/* In the file. Sums: any thread; intent: the reader. */
struct buffer_sums *buffer_sums(struct buffer *b);
struct buffer_intent *buffer_intent(struct buffer *b);
