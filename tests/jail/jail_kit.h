/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the jail share: configurations, originals, jobs, and a
 * look at this process's descriptors and children.
 */
#pragma once

#include <sys/types.h>

#include "../unit/unit.h"
#include "base/blob.h"
#include "conf/conf.h"
#include "plan/plan.h"
#include "render/jail.h"
#include "render/render.h"

enum { KIT_CHILDREN = 64 };

/* Lines of INI; one mount "m" and one store "s" are added. */
const struct conf *kit_conf(const char *format, ...) printf_like(1, 2);

/* A picture of that format, with pixels that do not compress; cached. NULL: this
 * libvips cannot write it (HEIC). */
struct blob *kit_picture(enum format format, unsigned side);

/* A job that waits for its end. */
struct kit_job {
	struct render_job job;
	struct plan plan;
	_Atomic uint32_t cancel;
	int done; /* an eventfd */
	_Atomic bool ended;
};
/*
 * A thumbnail of 32 pixels, in that format. blob: borrowed. side: the size of
 * the result. slow: a decode, a blur and an encoding that take seconds.
 */
struct kit_job *kit_job(const struct conf *conf, struct blob *original,
    enum format format, const char *domain);
void kit_slow(struct kit_job *k);
/* A slow job of its own picture, in the domain "m". */
struct kit_job *kit_slow_job(const struct conf *conf);
/* Lays that image on it, in the middle; it must fit. blob: borrowed. */
void kit_overlay(struct kit_job *k, struct blob *overlay);

/* The workers are that program; KIT_SELF: this one. */
#define KIT_SELF "/proc/self/exe"
struct render *kit_start(const struct conf *conf, const char *worker);
/* How many workers have ended so. */
uint64_t kit_exits(enum jail_exit why);
void kit_submit(struct render *r, struct kit_job *k);
/* False: it has not come back within that many seconds. */
bool kit_wait(struct kit_job *k, double seconds) must_check;
/* Submits, waits, expects success; returns the worker. Frees the job. */
pid_t kit_render(struct render *r, struct kit_job *k);
/* The same, and expects that error. */
void kit_fails(struct render *r, struct kit_job *k, enum err_code code);
void kit_free(struct kit_job *k);

size_t kit_descriptors(void);
/* Children of this process (of all its threads), zombies included. */
size_t kit_children(pid_t pids[KIT_CHILDREN]);
/* Waits until the condition holds: long, others use the machine, too. */
#define KIT_UNTIL(condition)                                \
	do {                                                \
		int64_t until_ = clock_ns() + kit_patience; \
		while (!(condition) && clock_ns() < until_) \
			clock_sleep_ns(2 * NS_PER_MS);      \
		assert_true(condition);                     \
	} while (0)
extern const int64_t kit_patience;
/* The worker that has the job at this moment. */
pid_t kit_worker(struct render *r, struct kit_job *k);
/* A program beside this one: its path, for the caller to free. */
char *kit_beside(const char *name);
