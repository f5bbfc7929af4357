/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One piece of work per key, however many ask for it at the same time.
 *
 * A flight belongs to no request. Whoever asks joins it as a waiter; the first
 * is told to have the work done. A waiter that leaves (its client is gone, its
 * deadline has come) leaves alone; when the last one has left, cancel becomes
 * 1 and the work stops by itself. The work ends with flight_land(), which
 * wakes everyone who still waits.
 */
#pragma once

#include "base/digest.h"

struct flights; /* the table */
struct flight;

/* Embedded in who waits. wake is called once, unless flight_leave() said
 * true; on the thread that lands. result is what flight_land() was given. */
struct flight_waiter {
	void (*wake)(struct flight_waiter *w, const void *result);
	struct flight *flight; /* set by flight_join() */
	struct flight_waiter *next, **previous;
	bool last; /* set by flight_leave(): nobody waits any more */
};

struct flights *flights_new(void);
void flights_free(struct flights *t); /* nothing may be in flight */

/*
 * Joins the flight of key, or makes one. True: this one leads: *flight is set,
 * and the caller must see to it that flight_land() is called in the end, even
 * if w has left by then. The waiter may be woken, and gone, before this
 * returns. A cancelled flight is never joined; a new one replaces it.
 *
 * Before the call w must be all zero but wake; flight_leave() on it is allowed
 * (from another thread, before or during this call) and says false then.
 */
bool flight_join(struct flights *t, const struct digest *key,
    struct flight_waiter *w, struct flight **flight) must_check;
/* True: w was still waiting and will not be woken. False: it was, or is
 * being, woken. Any thread. */
bool flight_leave(struct flights *t, struct flight_waiter *w) must_check;
/* Not 0 when nobody waits any more. Valid until flight_land() returns. */
const _Atomic uint32_t *flight_cancel(const struct flight *f);
/* Ends the flight: wakes all waiters with result, frees it. Once. */
void flight_land(struct flights *t, struct flight *f, const void *result);
