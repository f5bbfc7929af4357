/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Viewers in a table of fixed size: an address may be in one of the few slots
 * of its set and nowhere else, so a look is short and no address can lengthen
 * another's. Which set it is depends on a secret of this process: nobody can
 * choose addresses that share one.
 *
 * In a full set the longest idle viewer is forgotten: its burst is then whole
 * again. If all of them have requests in progress, a new one passes uncounted
 * rather than be refused for others.
 */
#include <sys/random.h>

#include <assert.h>
#include <math.h>
#include <string.h>

#include "auth/auth.h"
#include "base/clock.h"
#include "base/lock.h"
#include "conf/conf.h"

enum {
	VIEWER_WAYS = 8, /* slots of a set */
	VIEWER_LOCKS = 16,
	VIEWER_BURST_S = 10 /* seconds of requests that may come at once */
};

/* Guarded by the lock of its set. */
struct viewer {
	uint8_t address[16];
	int64_t seen_ns; /* 0: the slot is free */
	double tokens;   /* at seen_ns */
	uint32_t busy;   /* requests in progress */
};

struct viewer_set {
	struct viewer way[VIEWER_WAYS];
};

struct viewers {
	uint64_t secret[2];
	size_t nset; /* a power of two, at least VIEWER_LOCKS */
	struct viewer_set *set;
	struct lock lock[VIEWER_LOCKS]; /* set i: lock[i % VIEWER_LOCKS] */
};

struct viewers *
viewers_new(size_t slots)
{
	struct viewers *v = xcalloc(1, sizeof(*v));
	ssize_t got;

	v->nset = VIEWER_LOCKS;
	while (v->nset * VIEWER_WAYS < slots)
		v->nset *= 2;
	v->set = xcalloc(v->nset, sizeof(*v->set));
	got = getrandom(v->secret, sizeof(v->secret), 0);
	assert(got == (ssize_t)sizeof(v->secret));
	for (size_t i = 0; i < VIEWER_LOCKS; i++)
		lock_init(&v->lock[i]);
	return v;
}

void
viewers_free(struct viewers *v)
{
	if (v == NULL)
		return;
	for (size_t i = 0; i < VIEWER_LOCKS; i++)
		lock_fini(&v->lock[i]);
	free(v->set);
	free(v);
}

/* Who counts as one: an IPv4 address, the first half of an IPv6 one. */
static void
viewer_key(const uint8_t address[16], uint8_t key[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	memcpy(key, address, 16);
	if (memcmp(key, mapped, sizeof(mapped)) != 0)
		memset(key + 8, 0, 8);
}

/* Multiplication of both halves, folded. */
static size_t
viewer_hash(const struct viewers *v, const uint8_t key[16])
{
	__extension__ typedef unsigned __int128 wide;
	uint64_t half[2];
	wide product;

	memcpy(half, key, sizeof(half));
	product = (wide)(half[0] ^ v->secret[0]) * (half[1] ^ v->secret[1]);
	half[0] = (uint64_t)product ^ (uint64_t)(product >> 64);
	product = (wide)(half[0] ^ v->secret[1]) * (v->secret[0] | 1);
	return (size_t)((uint64_t)product ^ (uint64_t)(product >> 64)) &
	    (v->nset - 1);
}

/* Its slot, or NULL. */
static struct viewer *
viewer_find(struct viewer_set *set, const uint8_t key[16])
{
	for (size_t i = 0; i < VIEWER_WAYS; i++) {
		struct viewer *w = &set->way[i];

		if (w->seen_ns != 0 && memcmp(w->address, key, 16) == 0)
			return w;
	}
	return NULL;
}

/* A slot for a new one, or NULL: all are busy. */
static struct viewer *
viewer_claim(struct viewer_set *set, const uint8_t key[16])
{
	struct viewer *oldest = NULL;

	for (size_t i = 0; i < VIEWER_WAYS; i++) {
		struct viewer *w = &set->way[i];

		if (w->busy == 0 &&
		    (oldest == NULL || w->seen_ns < oldest->seen_ns))
			oldest = w;
	}
	if (oldest == NULL)
		return NULL;
	memset(oldest, 0, sizeof(*oldest));
	memcpy(oldest->address, key, 16);
	/* More than any burst: cut to it at once. */
	oldest->tokens = HUGE_VAL;
	return oldest;
}

static double
viewer_burst(double rate)
{
	double burst = rate * VIEWER_BURST_S;

	return burst > 1 ? burst : 1;
}

/* Fills up what time has brought. */
static void
viewer_refill(struct viewer *w, double rate, int64_t now)
{
	double burst = viewer_burst(rate);
	double passed = (double)(now - w->seen_ns) / (double)NS_PER_S;

	w->tokens += passed * rate;
	if (!(w->tokens < burst))
		w->tokens = burst;
	w->seen_ns = now;
}

static bool
viewer_admit(struct viewer *w, const struct conf *conf, struct err *e)
{
	double rate = conf->http_requests_per_viewer;
	int64_t most = conf->http_connections_per_viewer;

	viewer_refill(w, rate, clock_ns());
	if (most > 0 && (int64_t)w->busy >= most) {
		err_set(e, ERR_TOO_MANY_REQUESTS, "%u requests in progress",
		    (unsigned int)w->busy);
		e->retry_after_s = 1;
		return false;
	}
	if (rate > 0 && w->tokens < 1) {
		err_set(e, ERR_TOO_MANY_REQUESTS,
		    "more than %g requests a second", rate);
		e->retry_after_s = (int)ceil((1 - w->tokens) / rate);
		return false;
	}
	if (rate > 0)
		w->tokens -= 1;
	w->busy++;
	return true;
}

bool
viewer_enter(struct viewers *v, const struct conf *conf,
    const uint8_t address[16], struct err *e)
{
	uint8_t key[16];
	struct viewer *w;
	struct lock *lock;
	bool good = true;
	size_t i;

	if (conf->http_requests_per_viewer <= 0 &&
	    conf->http_connections_per_viewer <= 0)
		return true;
	viewer_key(address, key);
	i = viewer_hash(v, key);
	lock = &v->lock[i % VIEWER_LOCKS];
	lock_take(lock);
	w = viewer_find(&v->set[i], key);
	if (w == NULL)
		w = viewer_claim(&v->set[i], key);
	if (w != NULL)
		good = viewer_admit(w, conf, e);
	lock_drop(lock);
	return good;
}

void
viewer_leave(struct viewers *v, const uint8_t address[16])
{
	uint8_t key[16];
	struct viewer *w;
	struct lock *lock;
	size_t i;

	viewer_key(address, key);
	i = viewer_hash(v, key);
	lock = &v->lock[i % VIEWER_LOCKS];
	lock_take(lock);
	w = viewer_find(&v->set[i], key);
	/* It may have entered uncounted: before there was a limit. */
	if (w != NULL && w->busy > 0)
		w->busy--;
	lock_drop(lock);
}
