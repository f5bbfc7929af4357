/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The images of a job together: its original, which may be worked on while it
 * is arriving, and its overlays, which must be there whole.
 */
#pragma once

#include "render/render.h"

/* How many: 1 and its overlays. */
size_t sources_count(const struct render_job *job);
/* The original, then the overlays. i < sources_count() */
struct blob *sources_blob(const struct render_job *job, size_t i);
/* Whether none of them will change any more: all there, or one broke off. */
bool sources_are_final(const struct render_job *job);
/* Bytes that have arrived. */
size_t sources_bytes(const struct render_job *job);
/* True, with the reason in e, when one of them broke off. */
bool sources_broke(const struct render_job *job, struct err *e);
/*
 * One that is still waited for before a worker can begin, if so many bytes of
 * the original are enough; *have: what blob_wait() is to be given. NULL: none.
 */
struct blob *sources_lack(
    const struct render_job *job, size_t enough, size_t *have);
