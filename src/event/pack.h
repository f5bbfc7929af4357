/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event as the bytes that wait in the spool. Private to event/.
 *
 * A list of members, each with a number, a length and its bytes; what is zero
 * or empty is left out. A member that a reader does not know is passed over,
 * and what has a name (error, format, cache, type) is told by its name, so a
 * spool outlives another version of the program, newer or older.
 */
#pragma once

#include "event/event.h"

/* Room that every packed event fits in. */
enum { PACK_MAX = sizeof(struct event) + 1024 };

/* Returns the length. */
size_t pack_event(const struct event *event, uint8_t out[PACK_MAX]);
/*
 * From any bytes. False: they are no event. Texts are cut to fit, numbers are
 * whatever they are.
 */
bool unpack_event(const uint8_t *in, size_t size, struct event *out) must_check;
