/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutexes that clang -Wthread-safety understands, and condition variables on
 * the monotonic clock.
 *
 * Lock order (take an earlier one first; never two of one row):
 *   1. http watch list        2. a flight table's shard
 *   3. render queue           4. the warden of the workers
 *   5. a memory cache's shard 6. a blob            7. configuration pointer
 *   8. ring, metric, log, readings, what is given to a fetcher, credentials,
 *      render's bell
 *
 * under(lock) marks a struct member as guarded by a sibling: for the reader
 * and for TSan; clang 14 cannot name a sibling in C.
 */
#pragma once

#include <pthread.h>

#include "base/base.h"

#if defined(__clang__)
#define lock_attr(x) __attribute__((x))
#else
#define lock_attr(x)
#endif
#define needs_lock(l) lock_attr(requires_capability(l))
#define under(l)

struct lock_attr(capability("mutex")) lock
{
	pthread_mutex_t mutex;
};

#define LOCK_INIT                         \
	{                                 \
		PTHREAD_MUTEX_INITIALIZER \
	}

void lock_init(struct lock *l);
void lock_fini(struct lock *l);
void lock_take(struct lock *l) lock_attr(acquire_capability(*l));
void lock_drop(struct lock *l) lock_attr(release_capability(*l));

struct cond {
	pthread_cond_t cond;
};

void cond_init(struct cond *c);
void cond_fini(struct cond *c);
/*
 * Until woken (or for no reason) or until_ns (clock_ns(), CLOCK_NEVER allowed);
 * false: time over.
 */
bool cond_wait(struct cond *c, struct lock *l, int64_t until_ns) needs_lock(*l);
void cond_wake_one(struct cond *c);
void cond_wake_all(struct cond *c);

/*
 * A joinable thread with a name (15 bytes), all signals blocked. Aborts if the
 * system has no thread left: that happens at start only.
 */
pthread_t thread_start(const char *name, void *(*run)(void *), void *arg);
