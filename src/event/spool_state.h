/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a spool knows of itself, in its file "state": two slots, written in
 * turn, so that one of them is always whole. Private to event/.
 */
#pragma once

#include "event/spool.h"

struct spool_state {
	uint64_t id;              /* random, of this spool */
	uint32_t salt;            /* of its new segments */
	uint64_t number;          /* of the last segment that was made */
	struct spool_place acked; /* all before it */
	/* Since the spool was made: */
	uint64_t stored, lost, acked_events, rejected;
	uint64_t written; /* of stored: not those that are in the buffer yet */
};

enum { SPOOL_STATE_SLOT = 256 };
/* False: there is none that is whole. *turn: for the next write. */
bool spool_state_read(
    int folder, struct spool_state *out, uint64_t *turn) must_check;
/* fd: of the file, made with O_CREAT. False with errno. */
bool spool_state_write(
    int fd, const struct spool_state *state, uint64_t turn) must_check;
