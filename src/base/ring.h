/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounded queue of fixed-size records from many threads to one: a copy in, a
 * copy out, no lock on the way in. A full ring refuses; it never waits and
 * never overwrites.
 */
#pragma once

#include "base/base.h"

struct ring;

/* slots: a power of two from 2 on. size: bytes of one record. */
struct ring *ring_new(size_t slots, size_t size);
void ring_free(struct ring *r);
/* Any thread. False: full, nothing was stored. */
bool ring_put(struct ring *r, const void *record) must_check;
/* The one consumer. False: empty. */
bool ring_get(struct ring *r, void *record) must_check;
