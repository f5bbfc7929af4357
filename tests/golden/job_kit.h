/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of image_render() share: two originals, and one job after the
 * other with what became of it.
 */
#pragma once

#include "../unit/unit.h"
#include "golden.h"

/* Made once by job_start(). */
extern struct file photo;  /* a scene, JPEG */
extern struct file moving; /* an animation, GIF */

/* Of the last job. */
extern struct plan plan;
extern struct image_result result;
extern struct err e;

/* The query language's plan on that original; without limits or deadline. */
struct image_job job_of(const struct file *original, const char *query);
void assert_works(const struct image_job *job);
void assert_fails(const struct image_job *job, enum err_code code);
/* The result as libvips reads it. */
VipsImage *loaded(void);

/* Of the group. */
int job_start(void **state);
int job_stop(void **state);
