/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounded queue of fixed-size records from many threads to one: no lock on the
 * way in. A full ring refuses; it never waits and never overwrites.
 *
 * Records are written and read where they lie: of a large one little may be used.
 */
#pragma once

#include "base/base.h"

struct ring;

/* slots: a power of two from 2 on. size: bytes of one record. */
struct ring *ring_new(size_t slots, size_t size);
void ring_free(struct ring *r);

/*
 * Any thread: a record to fill (it has old bytes) and then to commit, soon:
 * nothing behind it is read before that. NULL: full.
 */
void *ring_begin(struct ring *r);
void ring_commit(struct ring *r, void *record);
/* The one consumer: the oldest record, until ring_next(). NULL: empty. */
const void *ring_look(struct ring *r);
void ring_next(struct ring *r);
