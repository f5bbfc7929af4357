/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thin names over pthread. A failing mutex is a bug of ours, never of the
 * world: assert.
 */
#include "base/lock.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"

/* clang checks the callers; here the mutex itself is handled. */
#define unchecked lock_attr(no_thread_safety_analysis)

void
lock_init(struct lock *l)
{
	int failed = pthread_mutex_init(&l->mutex, NULL);

	assert(failed == 0);
}

void
lock_fini(struct lock *l)
{
	int failed = pthread_mutex_destroy(&l->mutex);

	assert(failed == 0);
}

unchecked void
lock_take(struct lock *l)
{
	int failed = pthread_mutex_lock(&l->mutex);

	assert(failed == 0);
}

unchecked void
lock_drop(struct lock *l)
{
	int failed = pthread_mutex_unlock(&l->mutex);

	assert(failed == 0);
}

void
cond_init(struct cond *c)
{
	pthread_condattr_t attr;
	int failed = pthread_condattr_init(&attr);

	failed |= pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	failed |= pthread_cond_init(&c->cond, &attr);
	failed |= pthread_condattr_destroy(&attr);
	assert(failed == 0);
}

void
cond_fini(struct cond *c)
{
	int failed = pthread_cond_destroy(&c->cond);

	assert(failed == 0);
}

bool
cond_wait(struct cond *c, struct lock *l, int64_t until_ns)
{
	struct timespec until;
	int failed;

	if (until_ns == CLOCK_NEVER) {
		failed = pthread_cond_wait(&c->cond, &l->mutex);
		assert(failed == 0);
		return true;
	}
	if (until_ns < 0)
		until_ns = 0;
	until.tv_sec = until_ns / NS_PER_S;
	until.tv_nsec = until_ns % NS_PER_S;
	failed = pthread_cond_timedwait(&c->cond, &l->mutex, &until);
	assert(failed == 0 || failed == ETIMEDOUT);
	return failed == 0;
}

void
cond_wake_one(struct cond *c)
{
	int failed = pthread_cond_signal(&c->cond);

	assert(failed == 0);
}

void
cond_wake_all(struct cond *c)
{
	int failed = pthread_cond_broadcast(&c->cond);

	assert(failed == 0);
}

pthread_t
thread_start(const char *name, void *(*run)(void *), void *arg)
{
	sigset_t all;
	sigset_t before;
	pthread_t thread;
	char cut[16];
	int failed;

	/* Signals are read by the main thread alone; a thread inherits. */
	sigfillset(&all);
	failed = pthread_sigmask(SIG_SETMASK, &all, &before);
	assert(failed == 0);
	failed = pthread_create(&thread, NULL, run, arg);
	if (failed != 0) {
		fprintf(stderr, "no thread left for %s\n", name);
		abort();
	}
	failed = pthread_sigmask(SIG_SETMASK, &before, NULL);
	assert(failed == 0);
	snprintf(cut, sizeof(cut), "%s", name);
	/* For debuggers only: that it may already have ended does not matter. */
	(void)pthread_setname_np(thread, cut);
	return thread;
}
