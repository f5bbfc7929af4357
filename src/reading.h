/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a mount reads in a URL: the plan, checked, and the key of its result.
 *
 * What is asked for again and again is read once: each configuration remembers
 * its readings. One is given again only to a request whose mount, URL and
 * Accept header are the same, byte for byte, and stage parse looks at nothing
 * else; so it could not read anything else there. Who may have the answer is no
 * part of it: verify asks that of each request.
 *
 * A reading is counted, and constant as soon as a second one may look at it.
 */
#pragma once

#include "base/digest.h"
#include "plan/plan.h"

struct readings;
struct route;

struct reading {
	struct plan plan;
	struct digest key;
	/* For events: what is done, whichever the original. */
	char plan_hash[PLAN_HASH_MAX];
	char plan_text[240]; /* cut */
	_Atomic uint32_t count;
	const struct route *route; /* only compared */
	struct slice uri, accept;  /* in text[] */
	char text[];
};

/* With an empty plan and no key yet. */
struct reading *reading_new(
    const struct route *route, struct slice uri, struct slice accept);
struct reading *reading_ref(struct reading *r);
void reading_drop(struct reading *r); /* NULL is allowed */

/* Bounded: a new one takes the place of an old one. */
struct readings *readings_new(void);
void readings_free(struct readings *t); /* NULL is allowed */
/* A reference, or NULL. Any thread. */
struct reading *readings_find(struct readings *t, const struct route *route,
    struct slice uri, struct slice accept);
/* Remembers r, which is complete. Any thread. */
void readings_keep(struct readings *t, struct reading *r);
