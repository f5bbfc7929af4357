/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The circuit breaker of a store: after so many failures of the store itself,
 * one after the other, it rests; when that is over one fetch tries it, and the
 * others are refused until that one has an answer.
 *
 * A plain struct; origin.c's lock guards it.
 */
#pragma once

#include "base/err.h"

struct conf_store;

struct breaker {
	unsigned failures; /* one after the other */
	bool probing;      /* one tries it */
	int64_t until_ns;  /* it rests, clock_ns() */
};

/*
 * Of a store. One whose keys are URLs of many sites has one for each of those
 * that were asked last, so that nobody shuts all of them out by naming some
 * that do not exist; where one is forgotten its failures are, too.
 */
enum { BREAKER_SITES = 64 };
struct breakers {
	struct breaker all;
	struct breaker_site {
		uint64_t id;
		int64_t used_ns; /* 0: empty */
		struct breaker breaker;
	} site[BREAKER_SITES];
};
/* site: 0 for that of the store as a whole. */
struct breaker *breakers_find(
    struct breakers *all, uint64_t site, int64_t now_ns);

/*
 * May a transfer begin? *probe: it is the one that tries; then breaker_end()
 * must follow. Fails with ORIGIN_FAILED and retry_after_s.
 */
bool breaker_admit(struct breaker *b, const struct conf_store *store,
    int64_t now_ns, bool *probe, struct err *e) must_check;
/* The store has answered the one that tries it; the body is still to come.
 * True: it does not rest any more. */
bool breaker_answered(struct breaker *b, const struct conf_store *store);
/* True: its state has changed, it rests now or works again. */
bool breaker_end(struct breaker *b, const struct conf_store *store,
    int64_t now_ns, bool probe, const struct err *e);
bool breaker_rests(const struct breaker *b, const struct conf_store *store);
