/* SPDX-License-Identifier: Apache-2.0 */
/* What the golden tests share: a request run on bytes, and its result. */
#pragma once

#include "image/image.h"
#include "pictures.h"
#include "reference.h"

/* Starts libvips with every format that it has; aborts on failure. */
void golden_start(void);
/* A request in the query language ("width=300"); aborts where it is refused. */
void golden_plan(const char *query, const char *accept, struct plan *plan);
/* Limits that nothing here reaches. */
struct image_limits golden_limits(void);
bool golden_render(const struct file *original, const struct plan *plan,
    struct image_result *result, struct err *e);
/* All overlays of the plan are the same image. */
bool golden_compose(const struct file *original, const struct file *overlay,
    const struct plan *plan, struct image_result *result, struct err *e);
/* Decoded to sRGB with alpha: all frames, one above the other. */
struct raster golden_decode(const uint8_t *bytes, size_t size, enum format as);
struct raster golden_raster(VipsImage *in);

/* Whether this libvips makes and reads that picture. */
bool golden_has(const char *words);
/*
 * A picture by its words: "scene" "pebbles" "city" "alpha" "moving", then
 * "WxH" (cut to that size), "grey" "deep" "p3" "cmyk" "o1" to "o8", and the
 * format it is stored in. Or "drawing svg", "drawing pdf". *shown: what a viewer sees, if not NULL.
 */
enum format golden_picture(
    const char *words, struct file *stored, struct raster *shown);
