/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a work, and the images that its plan names: all of them are
 * fetched at once. Which stage follows is pipeline.c's to say.
 */
#pragma once

#include "request.h"

/* For a request about to join its flight. stale: borrowed; may be NULL. */
struct work *work_new(const struct request *r, struct cache_entry *stale);
void work_free(struct work *w, struct origin *origin);

/*
 * Asks for all of the plan's sources, with the validators of what is stale.
 * ended: called once, on a thread of origin's or on this one, when
 * each has begun to come or failed; w may be gone when this returns.
 */
void work_fetch(
    struct work *w, struct origin *origin, void (*ended)(struct work *w));
/*
 * The same for those that have not changed, now that others have: all are
 * needed. False: there are none.
 */
bool work_fetch_again(struct work *w, struct origin *origin) must_check;
/* False: one failed; err is its, and says which one it is. */
bool work_fetched(struct work *w) must_check;
/* Whether what is stale was made of just what was found now: all have said
 * that they have not changed. */
bool work_is_current(const struct work *w);

/* All overlays' validators, as a cache_entry has them. */
char *work_overlays(const struct work *w, size_t *size);
/* When the youngest of the images was changed; now, where that is not known. */
int64_t work_modified_s(const struct work *w, int64_t now_s);
/* For how long the result is fresh, and then may be answered while an original
 * cannot be read; the shortest of all its images'. */
int64_t work_fresh_ns(const struct work *w);
int64_t work_stale_ns(const struct work *w);
/* One of its originals may be kept by nobody (no-store, private). */
bool work_is_private(const struct work *w);
/*
 * Its original is lost and the mount has a fallback: makes it a work on that
 * one, by the same plan. False: not so; err stands. Once.
 */
bool work_fall_back(struct work *w, struct origin *origin);
/* Says in err which image it is about, if that is not the first. */
void work_name_overlay(struct work *w);
