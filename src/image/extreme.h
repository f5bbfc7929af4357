/* SPDX-License-Identifier: Apache-2.0 */
/* The darkest or the lightest of the pixels around each. */
#pragma once

#include "image/op.h"

/*
 * Each band of each pixel becomes the least (most: the most) of the square
 * that reaches width pixels to each side; edges repeated. Work and memory
 * hardly grow with the width.
 */
bool extreme_run(const struct op_context *ctx, VipsImage *in, int width,
    bool most, VipsImage **out, struct err *e) must_check;
