/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which image a worker died of: each of a job's is tried alone. A plan that
 * crashes a worker must not bring an image into disrepute that others ask for.
 */
#pragma once

#include "render/jail.h"
#include "render/poison.h"

/* Whether one of the job's images alone, all of which is there, crashes a
 * fresh worker. */
bool trial_crashes(struct jail *j, const struct jail_turn *turn, size_t source);
/* It does: it is poison from now on, and e says so. */
void trial_condemn(struct poison *p, const struct render_job *job,
    size_t source, struct err *e);
