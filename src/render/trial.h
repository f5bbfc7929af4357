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
/* Whether a complete image is known to crash the decoder of its format, then
 * with the error. */
bool trial_knows(
    struct poison *p, struct blob_view view, enum format format, struct err *e);
/* The same for those of a job's images that are complete, before they take a
 * place in the queue. */
bool trial_refuses(
    struct poison *p, const struct render_job *job, struct err *e);
