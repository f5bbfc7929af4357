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
 * Has ring(arg) called whenever more could be done with the job: so many bytes
 * of the original are there, an image is complete, or broke off. Until
 * sources_unhang(), which is called while the images are still the job's.
 */
void sources_hang(
    struct render_job *job, size_t enough, void (*ring)(void *arg), void *arg);
void sources_unhang(struct render_job *job);
/*
 * Whether a worker cannot begin yet, if so many bytes of the original are
 * enough: overlays must be there whole.
 */
bool sources_lack(const struct render_job *job, size_t enough);
