/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What those wait for who want any of several originals to have come further:
 * one sound for all. Any thread; its lock is of the last row.
 */
#pragma once

#include "base/lock.h"

struct bell {
	struct lock lock;
	struct cond heard;
	unsigned count under(lock); /* how often it was rung */
};

void bell_init(struct bell *b);
void bell_fini(struct bell *b);
void bell_ring(struct bell *b);
/* To be given to bell_wait(): first this, then look, then wait. */
unsigned bell_count(struct bell *b);
/* Until it has been rung more often than that, or until_ns (clock_ns()). */
void bell_wait(struct bell *b, unsigned count, int64_t until_ns);
