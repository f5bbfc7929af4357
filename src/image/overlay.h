/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other images of a plan, for operations that lay one on theirs.
 *
 * Each is opened and decoded as an original is: by the same loaders, under the
 * same limits and the same deadline; upright, its first page, as 8-bit sRGB or
 * grey. Errors say which one it was (err.source).
 */
#pragma once

#include "image/op.h"

/* Sides of the box that an overlay is scaled to fit into; 0: free. */
struct overlay_box {
	uint32_t width, height;
};

struct overlay_facts {
	uint32_t width, height;
	uint32_t grey; /* 1: it has no colours */
};

/*
 * What the step's overlay will be; nothing is decoded for it.
 * source: 1 for plan->source[1], which must be there
 */
bool overlay_look(const struct op_context *ctx, unsigned source,
    struct overlay_box box, struct overlay_facts *facts,
    struct err *e) must_check;
/*
 * Its pixels, in memory. A step that is run again, on the next frame of an
 * animation, gets them again.
 */
bool overlay_pixels(const struct op_context *ctx, unsigned source,
    struct overlay_box box, VipsImage **out, struct err *e) must_check;
