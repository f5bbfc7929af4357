/* SPDX-License-Identifier: Apache-2.0 */
/* Colours: from what an original has to what a result may have. */
#pragma once

#include "image/op.h"

/*
 * Whether colour_convert() for that enum PROFILE_ would do more than to change
 * the number of bits.
 */
bool colour_differs(VipsImage *in, int64_t profile);
/*
 * To grey or RGB of 8 bits, or of 16 where ctx->deep (with alpha if there was
 * one) as ctx->profile says: converted to sRGB, the profile taken off; to
 * Display P3, its profile put on; or left in the original's profile, which
 * stays. Of what is so already only the reference is counted up. Damaged or
 * unfit profiles count as none.
 */
bool colour_convert(const struct op_context *ctx, VipsImage *in,
    VipsImage **out, struct err *e) must_check;
/* Puts the sRGB profile on it. */
void colour_attach(VipsImage *in);

/*
 * Whether a profile describes sRGB, by its numbers and not by its name
 * (ICC.1:2010): a matrix profile with sRGB's primaries and curve.
 */
bool colour_profile_is_srgb(const uint8_t *bytes, size_t size);
/* The same of Display P3, which has sRGB's curve. */
bool colour_profile_is_p3(const uint8_t *bytes, size_t size);
/*
 * The name that a profile gives itself, as UTF-8 (broken bytes are the
 * caller's), cut to fit. Returns its length, 0: it has none.
 */
size_t colour_profile_name(
    const uint8_t *bytes, size_t size, char *out, size_t room);
