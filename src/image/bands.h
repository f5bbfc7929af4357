/* SPDX-License-Identifier: Apache-2.0 */
/* Channels: colours apart from alpha, and as many as an operation needs. */
#pragma once

#include "image/op.h"

/* The colours and alpha (NULL: there is none), each as an image. */
bool bands_split(const struct op_context *ctx, VipsImage *in,
    VipsImage **colour, VipsImage **alpha, struct err *e) must_check;
/*
 * The inverse. Colours that have become of another band format are rounded,
 * cut to what was's format holds, and named as its colours are.
 */
bool bands_join(const struct op_context *ctx, VipsImage *colour,
    VipsImage *alpha, VipsImage *was, VipsImage **out,
    struct err *e) must_check;
/* Red, green and blue (and alpha if there was one), or grey. */
bool bands_rgb(const struct op_context *ctx, VipsImage *in, VipsImage **out,
    struct err *e) must_check;
bool bands_grey(const struct op_context *ctx, VipsImage *in, VipsImage **out,
    struct err *e) must_check;
/* One channel; it is called grey. */
bool bands_one(const struct op_context *ctx, VipsImage *in, int band,
    VipsImage **out, struct err *e) must_check;
/* Alpha from 0 to 1; in must have none. */
bool bands_alpha(const struct op_context *ctx, VipsImage *in, double alpha,
    VipsImage **out, struct err *e) must_check;
/* The largest value of an 8 or 16 bit image. */
double bands_most(const VipsImage *in);

/*
 * For a list of 1 to 4 numbers of a step for the channels of an image: one for
 * all colours, two for grey and alpha, three for red, green and blue, four for
 * those and alpha. The image is given the channels that are meant.
 *
 * value: one for each channel of *out; those of alpha are rest where the list
 *        has none
 */
enum { BANDS_MOST = 4 };

void bands_want(size_t n, struct op_size *size);

bool bands_for(const struct op_context *ctx, VipsImage *in, size_t n,
    VipsImage **out, struct err *e) must_check;
void bands_spread(const VipsImage *in, const double *list, size_t n,
    double rest, double value[BANDS_MOST]);
