/* SPDX-License-Identifier: Apache-2.0 */
/* Failures in a row, and what they mean for the next fetch. */
#include "origin/breaker.h"

#include <limits.h>

#include "conf/conf.h"

/* A store that asks for a longer rest is tried all the same. */
static const int64_t rest_most_ns = 60 * NS_PER_S;

struct breaker *
breakers_find(struct breakers *all, uint64_t site, int64_t now_ns)
{
	struct breaker_site *best = &all->site[0];

	if (site == 0)
		return &all->all;
	for (size_t i = 0; i < BREAKER_SITES; i++) {
		struct breaker_site *s = &all->site[i];

		if (s->used_ns != 0 && s->id == site) {
			s->used_ns = now_ns;
			return &s->breaker;
		}
		if (s->used_ns < best->used_ns)
			best = s;
	}
	*best = (struct breaker_site){ .id = site, .used_ns = now_ns };
	return &best->breaker;
}

/* How a transfer ended, for the store. */
enum breaker_verdict {
	BREAKER_GOOD,    /* it works */
	BREAKER_NEUTRAL, /* this says nothing about it */
	BREAKER_FAILED
};

/* e: its error; NULL: it went well. */
static enum breaker_verdict
breaker_judge(const struct err *e)
{
	if (e == NULL)
		return BREAKER_GOOD;
	switch ((int)e->code) {
	case ERR_ORIGIN_FAILED:
	case ERR_ORIGIN_TIMEOUT:
		return BREAKER_FAILED;
	case ERR_CLIENT_GONE:
	case ERR_BUSY:
	case ERR_ORIGIN_CHANGED:
		return BREAKER_NEUTRAL;
	default:
		return BREAKER_GOOD;
	}
}

bool
breaker_rests(const struct breaker *b, const struct conf_store *store)
{
	return store->failures > 0 && b->failures >= store->failures;
}

bool
breaker_admit(struct breaker *b, const struct conf_store *store, int64_t now_ns,
    bool *probe, struct err *e)
{
	int64_t left_ns = b->until_ns - now_ns;

	*probe = false;
	if (!breaker_rests(b, store))
		return true;
	if (left_ns <= 0 && !b->probing) {
		b->probing = true;
		*probe = true;
		return true;
	}
	if (left_ns < 0)
		left_ns = 0;
	err_set(e, ERR_ORIGIN_FAILED, "store %s rests after %u failures",
	    store->name, b->failures);
	e->retry_after_s = (int)(left_ns / NS_PER_S) + 1;
	return false;
}

bool
breaker_answered(struct breaker *b, const struct conf_store *store)
{
	b->probing = false;
	if (!breaker_rests(b, store))
		return false;
	/* Others may come; if this one breaks off it rests again at once. */
	b->failures = (unsigned)store->failures - 1;
	return true;
}

static int64_t
rest_ns(const struct conf_store *store, const struct err *e)
{
	int64_t asked = e->retry_after_s * NS_PER_S;

	if (asked > rest_most_ns)
		asked = rest_most_ns;
	return asked > store->pause ? asked : store->pause;
}

bool
breaker_end(struct breaker *b, const struct conf_store *store, int64_t now_ns,
    bool probe, const struct err *e)
{
	bool rested = breaker_rests(b, store);

	if (probe)
		b->probing = false;
	switch (breaker_judge(e)) {
	case BREAKER_GOOD:
		b->failures = 0;
		break;
	case BREAKER_NEUTRAL:
		break;
	case BREAKER_FAILED:
		if (b->failures < UINT_MAX)
			b->failures++;
		/* Those which began before it rested do not prolong it. */
		if (breaker_rests(b, store) && (!rested || probe))
			b->until_ns = now_ns + rest_ns(store, e);
		break;
	}
	return rested != breaker_rests(b, store);
}
