/* SPDX-License-Identifier: Apache-2.0 */
/*
 * render.mode = local: plans run in this process, for sanitizers, profiling
 * and the command line. Decoders then run beside everything that the process
 * holds, so it is refused where someone else could reach it.
 */
#pragma once

#include "render/render.h"

/* Fails with CONFIG when a listener is not on loopback. */
bool local_check(const struct conf *conf, struct err *e) must_check;
/*
 * Starts libvips in this process. Fails as local_check() does, and with CONFIG
 * when a format is missing.
 */
bool local_start(const struct conf *conf, struct err *e) must_check;
void local_stop(void);
/* Whether somebody else could use the thread while a job lacks bytes. */
struct local_lend {
	bool (*wanted)(void *arg);
	void *arg;
	bool yielded; /* out: the job was given up for that */
};
/*
 * Runs one job, with the fields before done() filled; due_ns: when it must be
 * over; cancel: not 0 stops it. Fails as image_render() does; e is not set if
 * it yielded.
 */
bool local_run(struct render_job *job, int64_t due_ns,
    const _Atomic uint32_t *cancel, struct local_lend *lend,
    struct err *e) must_check;
