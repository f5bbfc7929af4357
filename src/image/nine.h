/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The median of 3 x 3 pixels: what median does by default, and what trim
 * looks at.
 */
#pragma once

#include "image/op.h"

/* in: in memory, 8 bits. Each band by itself; edges repeated. */
bool median_three(const struct op_context *ctx, VipsImage *in, VipsImage **out,
    struct err *e) must_check;
