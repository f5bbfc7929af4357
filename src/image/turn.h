/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The eight ways to lay a rectangle on itself, counted as EXIF's orientation
 * tag counts them: 1 is as stored, 6 is "turn clockwise by 90 degrees", 2 is
 * "mirror left and right", and so on.
 */
#pragma once

#include "image/op.h"

/* The turn that does first, then second. */
uint32_t turn_join(uint32_t first, uint32_t second);
/* Whether width and height change places. */
bool turn_swaps(uint32_t turn);
/*
 * Turns the image; what cannot be done line by line is first read into
 * memory. *out: a new reference on success.
 */
bool turn_apply(const struct op_context *ctx, VipsImage *in, uint32_t turn,
    VipsImage **out, struct err *e) must_check;
