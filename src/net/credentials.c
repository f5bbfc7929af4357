/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The source: one thread that fetches, those who wait, and when to fetch again.
 *
 * The thread alone runs the chain. All it shares is the snapshot in use, the
 * last error and the list of those who wait; they are told without the lock.
 */
#include "net/credentials.h"

#include <sys/random.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "net/credentials_private.h"

enum {
	EARLY_S = 900, /* refreshed so long before the end */
	LAST_S = 120,  /* from then on whoever asks waits for the refresh */
	/* After a failure: with keys in hand, and without. */
	RETRY_MIN_MS = 250,
	RETRY_NONE_MS = 5000,
	RETRY_MAX_MS = 60000,
	FORCE_S = 10, /* at least so long between two that stores ask for */
	LOOK_S = 10   /* how often files and the wall clock are looked at */
};

struct credential_source {
	struct chain chain; /* the thread's; endpoint constant */
	pthread_t thread;
	struct lock lock;
	struct cond wake;
	_Atomic bool stop; /* written under the lock */
	struct credential *now under(lock);
	struct credential_wait *waiting under(lock);
	struct err why under(lock); /* of the last fetch, if it failed */
	bool busy under(lock);      /* the thread is fetching */
	bool refused under(lock);   /* fetch, whatever the time */
	unsigned failures under(lock);
	int64_t refresh_s under(lock); /* wall clock, of now */
	int64_t last_s under(lock);    /* wall clock: LAST_S before its end */
	int64_t next_ns under(lock);   /* not before, whatever else is said */
	int64_t forced_ns under(lock); /* when refused was heard last */
	/* Written once, under the lock; then region_known. */
	char region[CREDENTIAL_REGION_MAX];
	_Atomic bool region_known;
};

/* ---- Snapshots ---- */

struct credential *
credential_ref(struct credential *c)
{
	(void)atomic_fetch_add_explicit(&c->count, 1, memory_order_relaxed);
	return c;
}

void
credential_drop(struct credential *c)
{
	if (c == NULL ||
	    atomic_fetch_sub_explicit(&c->count, 1, memory_order_acq_rel) != 1)
		return;
	chain_wipe_free(c->access);
	chain_wipe_free(c->secret);
	chain_wipe_free(c->token);
	free(c);
}

static int64_t
wall_s(void)
{
	return clock_wall_ns() / NS_PER_S;
}

/*
 * The instance's service is part of the machine, not of whoever may take the
 * right away: when it fails, what it gave last is used on.
 */
static bool
is_usable(const struct credential *c, int64_t now_s)
{
	return c != NULL &&
	    (now_s < c->expires_s || strcmp(c->provider, "instance") == 0);
}

/* From 0 to n - 1, so that many servers do not ask in one moment. */
static int64_t
jitter(int64_t n)
{
	uint32_t random = 0;

	if (n <= 0 ||
	    getrandom(&random, sizeof(random), GRND_NONBLOCK) !=
		(ssize_t)sizeof(random))
		return 0;
	return (int64_t)((uint64_t)random * (uint64_t)n >> 32);
}

/* ---- Those who wait ---- */

/* Which of them. */
typedef bool waits_f(const struct credential_wait *w);

static bool
is_anyone(const struct credential_wait *w)
{
	(void)w;
	return true;
}

static bool
is_gone(const struct credential_wait *w)
{
	return w->cancel != NULL &&
	    atomic_load_explicit(w->cancel, memory_order_relaxed) != 0;
}

static bool
is_late(const struct credential_wait *w)
{
	return w->deadline_ns <= clock_ns();
}

/* Takes those out. */
static struct credential_wait *
take_waiting(struct credential_source *s, waits_f *which) needs_lock(&s->lock)
{
	struct credential_wait **at = &s->waiting;
	struct credential_wait *taken = NULL;

	while (*at != NULL) {
		struct credential_wait *w = *at;

		if (!which(w)) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		w->next = taken;
		taken = w;
	}
	return taken;
}

/* Without the lock. c: NULL, or what each gets a reference of. */
static void
tell(struct credential_wait *list, struct credential *c, const struct err *e)
{
	while (list != NULL) {
		struct credential_wait *next = list->next;

		list->next = NULL;
		list->ready(list, c != NULL ? credential_ref(c) : NULL,
		    c != NULL ? NULL : e);
		list = next;
	}
}

/* Those who cannot wait for the end of the fetch. */
static void
tell_some(struct credential_source *s)
{
	struct credential_wait *gone, *late;
	struct err e;

	lock_take(&s->lock);
	gone = take_waiting(s, is_gone);
	late = take_waiting(s, is_late);
	lock_drop(&s->lock);
	(void)err_set(&e, ERR_CLIENT_GONE, "nobody waits any more");
	tell(gone, NULL, &e);
	(void)err_set(
	    &e, ERR_ORIGIN_TIMEOUT, "credentials did not arrive in time");
	tell(late, NULL, &e);
}

/* Asked by the chain, many times a second, while it waits for others. */
static bool
go_on(void *owner)
{
	struct credential_source *s = owner;

	tell_some(s);
	return !atomic_load_explicit(&s->stop, memory_order_acquire);
}

/* ---- Fetching ---- */

static void
log_found(const struct credential_source *s, const struct credential *c)
{
	char end[CLOCK_ISO_SIZE] = "never";

	if (c->expires_s < INT64_MAX / NS_PER_S)
		clock_iso(c->expires_s * NS_PER_S, end);
	log_line(LOG_LEVEL_INFO,
	    "store %s: credentials of provider %s, end: %s", s->chain.store,
	    c->provider, end);
}

/* When it is to be refreshed: earlier when its life is short. */
static void
plan_refresh(struct credential_source *s) needs_lock(&s->lock)
{
	const int64_t now_s = wall_s();
	const int64_t end_s = s->now->expires_s;
	const int64_t left_s = end_s > now_s ? end_s - now_s : 0;
	int64_t early_s = left_s / 3 < EARLY_S ? left_s / 3 : EARLY_S;

	s->refresh_s = s->last_s = INT64_MAX;
	if (end_s == INT64_MAX)
		return;
	early_s += jitter(early_s / 5);
	s->refresh_s = end_s - early_s;
	s->last_s = end_s - (left_s / 8 < LAST_S ? left_s / 8 : LAST_S);
	/* The instance gave keys that have ended: it will have better ones. */
	if (left_s == 0) {
		s->refresh_s = now_s + 300 + jitter(300);
		s->last_s = INT64_MAX;
	}
}

static void
plan_retry(struct credential_source *s) needs_lock(&s->lock)
{
	const bool in_hand = is_usable(s->now, wall_s());
	const int64_t most_ms = in_hand ? RETRY_MAX_MS : RETRY_NONE_MS;
	const unsigned doubled = s->failures < 10 ? s->failures : 10;
	int64_t ms = (int64_t)RETRY_MIN_MS << doubled;

	ms = ms < most_ms ? ms : most_ms;
	s->failures++;
	s->next_ns = clock_ns() + (ms - jitter(ms / 4)) * NS_PER_MS;
}

/* Keys that have ended already are none, but for the instance's. */
static bool
judge(struct credential **c, struct err *e)
{
	char end[CLOCK_ISO_SIZE];

	if (*c == NULL || is_usable(*c, wall_s()))
		return *c != NULL;
	clock_iso((*c)->expires_s * NS_PER_S, end);
	(void)err_set(e, ERR_ORIGIN_DENIED,
	    "provider %s gives credentials that ended at %s", (*c)->provider,
	    end);
	credential_drop(*c);
	*c = NULL;
	return false;
}

static void
publish_region(struct credential_source *s) needs_lock(&s->lock)
{
	if (atomic_load_explicit(&s->region_known, memory_order_relaxed) ||
	    s->chain.region[0] == '\0')
		return;
	memcpy(s->region, s->chain.region, sizeof(s->region));
	atomic_store_explicit(&s->region_known, true, memory_order_release);
}

/* Takes c, or e. Returns what is to be dropped without the lock. */
static struct credential *
settle(struct credential_source *s, struct credential *c, const struct err *e)
    needs_lock(&s->lock)
{
	struct credential *old = NULL;

	s->busy = s->refused = false;
	if (c != NULL) {
		old = s->now;
		s->now = c;
		s->failures = 0;
		s->why.code = ERR_NONE;
		s->next_ns = clock_ns() + NS_PER_S;
		plan_refresh(s);
		publish_region(s);
	} else {
		plan_retry(s);
		s->why = *e;
		if (s->why.code == ERR_CONFIG || s->why.code == ERR_SYSTEM)
			s->why.code = ERR_ORIGIN_DENIED;
		if (!is_usable(s->now, wall_s()))
			old = take_ptr(s->now);
	}
	return old;
}

static void
fetch(struct credential_source *s)
{
	struct credential *c = NULL, *old, *now;
	struct credential_wait *waiting;
	struct err e = { .code = ERR_NONE }, why;
	const bool ok = chain_fetch(&s->chain, &c, &e) && judge(&c, &e);
	unsigned failures;

	if (ok)
		log_found(s, c);
	lock_take(&s->lock);
	old = settle(s, c, &e);
	failures = s->failures;
	why = s->why;
	now = s->now != NULL ? credential_ref(s->now) : NULL;
	waiting = take_waiting(s, is_anyone);
	lock_drop(&s->lock);
	/* The first one, and then fewer and fewer. */
	if (!ok && (failures & (failures - 1)) == 0)
		log_line(LOG_LEVEL_WARNING,
		    "store %s: no new credentials: %s%s", s->chain.store,
		    e.detail, now != NULL ? "; the old ones are used on" : "");
	tell(waiting, now, &why);
	credential_drop(now);
	credential_drop(old);
}

static bool
is_due(const struct credential_source *s, bool files_changed)
    needs_lock(&s->lock)
{
	if (s->refused || s->waiting != NULL)
		return true;
	if (clock_ns() < s->next_ns)
		return false;
	return s->now == NULL || wall_s() >= s->refresh_s || files_changed;
}

/* The wall clock may be set, and a machine sleep: never too long. */
static int64_t
wake_ns(const struct credential_source *s) needs_lock(&s->lock)
{
	const int64_t now_ns = clock_ns();
	int64_t ns = LOOK_S * NS_PER_S;

	if (s->now != NULL && s->refresh_s < wall_s() + LOOK_S)
		ns = NS_PER_S / 4;
	if (s->next_ns > now_ns && (s->now == NULL || s->failures > 0) &&
	    s->next_ns - now_ns < ns)
		ns = s->next_ns - now_ns;
	return now_ns + ns;
}

static void *
run(void *arg)
{
	struct credential_source *s = arg;

	lock_take(&s->lock);
	while (!atomic_load_explicit(&s->stop, memory_order_relaxed)) {
		bool changed;

		lock_drop(&s->lock);
		changed = chain_files_changed(&s->chain);
		lock_take(&s->lock);
		if (!is_due(s, changed)) {
			(void)cond_wait(&s->wake, &s->lock, wake_ns(s));
			continue;
		}
		s->busy = true;
		lock_drop(&s->lock);
		fetch(s);
		lock_take(&s->lock);
	}
	lock_drop(&s->lock);
	return NULL;
}

/* ---- Interface ---- */

bool
credential_source_new(const struct credential_spec *spec,
    struct credential_source **out, struct err *e)
{
	struct credential_source *s = xcalloc(1, sizeof(*s));

	if (!chain_init(&s->chain, spec, e)) {
		free(s);
		return false;
	}
	s->chain.go_on = go_on;
	s->chain.owner = s;
	lock_init(&s->lock);
	cond_init(&s->wake);
	lock_take(&s->lock);
	s->forced_ns = clock_ns() - FORCE_S * NS_PER_S;
	s->busy = true; /* the thread begins with it */
	publish_region(s);
	lock_drop(&s->lock);
	s->thread = thread_start("credentials", run, s);
	*out = s;
	return true;
}

void
credential_source_free(struct credential_source *s)
{
	struct credential_wait *waiting;
	struct err e;

	if (s == NULL)
		return;
	lock_take(&s->lock);
	atomic_store_explicit(&s->stop, true, memory_order_release);
	cond_wake_all(&s->wake);
	lock_drop(&s->lock);
	(void)pthread_join(s->thread, NULL);
	lock_take(&s->lock);
	waiting = take_waiting(s, is_anyone);
	lock_drop(&s->lock);
	(void)err_set(&e, ERR_DRAINING, "credentials: shutting down");
	tell(waiting, NULL, &e);
	credential_drop(s->now);
	cond_fini(&s->wake);
	lock_fini(&s->lock);
	chain_fini(&s->chain);
	free(s);
}

/* Must whoever asks now wait for the thread? */
static bool
must_wait(const struct credential_source *s) needs_lock(&s->lock)
{
	const int64_t now_s = wall_s();
	/* After a failure nobody waits for the next attempt. */
	const bool coming = s->busy || s->refused || clock_ns() >= s->next_ns;

	if (!is_usable(s->now, now_s))
		return coming || s->why.code == ERR_NONE;
	return s->refused || (now_s >= s->last_s && coming && s->failures == 0);
}

void
credential_get(struct credential_source *s, struct credential_wait *w)
{
	struct credential *c = NULL;
	struct err why = { .code = ERR_NONE };

	lock_take(&s->lock);
	if (atomic_load_explicit(&s->stop, memory_order_relaxed)) {
		(void)err_set(&why, ERR_DRAINING, "credentials: shutting down");
	} else if (must_wait(s)) {
		w->next = s->waiting;
		s->waiting = w;
		cond_wake_all(&s->wake);
		lock_drop(&s->lock);
		return;
	} else if (is_usable(s->now, wall_s())) {
		c = credential_ref(s->now);
	} else {
		why = s->why;
	}
	lock_drop(&s->lock);
	w->ready(w, c, c != NULL ? NULL : &why);
}

void
credential_refused(struct credential_source *s, const struct credential *c)
{
	const int64_t now_ns = clock_ns();

	lock_take(&s->lock);
	if (s->now == c && !s->refused &&
	    now_ns - s->forced_ns >= FORCE_S * NS_PER_S) {
		s->refused = true;
		s->forced_ns = now_ns;
		cond_wake_all(&s->wake);
	}
	lock_drop(&s->lock);
}

const char *
credential_region(struct credential_source *s)
{
	return atomic_load_explicit(&s->region_known, memory_order_acquire)
	    ? s->region
	    : "";
}

const char *
credential_endpoint(struct credential_source *s)
{
	return s->chain.endpoint;
}

/* ---- For people ---- */

struct describe {
	struct credential_wait wait;
	struct lock lock;
	struct cond wake;
	bool done under(lock);
	struct credential *c under(lock);
	struct err err under(lock);
};

static void
described(struct credential_wait *w, struct credential *c, const struct err *e)
{
	/* The first member. */
	struct describe *d = (struct describe *)(void *)w;

	_Static_assert(offsetof(struct describe, wait) == 0, "cast above");
	lock_take(&d->lock);
	d->c = c;
	if (e != NULL)
		d->err = *e;
	d->done = true;
	cond_wake_all(&d->wake);
	lock_drop(&d->lock);
}

bool
credential_describe(struct credential_source *s, int64_t until_ns, char *out,
    size_t size, struct err *e)
{
	struct describe d = { .wait = { .ready = described,
				  .deadline_ns = until_ns } };
	char end[CLOCK_ISO_SIZE];
	struct credential *c;

	lock_init(&d.lock);
	cond_init(&d.wake);
	credential_get(s, &d.wait);
	lock_take(&d.lock);
	while (!d.done)
		(void)cond_wait(&d.wake, &d.lock, CLOCK_NEVER);
	c = d.c;
	if (c == NULL)
		*e = d.err;
	lock_drop(&d.lock);
	cond_fini(&d.wake);
	lock_fini(&d.lock);
	if (c == NULL)
		return false;
	if (c->expires_s >= INT64_MAX / NS_PER_S) {
		(void)snprintf(out, size, "%s, without an end", c->provider);
	} else {
		clock_iso(c->expires_s * NS_PER_S, end);
		(void)snprintf(out, size, "%s, until %s", c->provider, end);
	}
	credential_drop(c);
	return true;
}
