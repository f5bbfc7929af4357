/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers from text: finite, inside the limits, the whole string used,
 * independent of the locale. Nothing else in the tree turns text into numbers.
 *
 * All return false without touching *out when the text is not such a number;
 * they fill no error, since only the caller knows the parameter's name.
 */
#pragma once

#include "base/slice.h"

/* Decimal, optional '-', no '+', no spaces, no exponent. */
bool num_int(struct slice s, int64_t min, int64_t max, int64_t *out) must_check;
/*
 * Decimal with optional '-', fraction and exponent, "0.5", ".5", "-1e3"; never
 * hex, nan, inf; at most 127 bytes. -0 becomes 0.
 */
bool num_double(struct slice s, double min, double max, double *out) must_check;
/* Digits and an optional suffix k M G (1024) as in "64M"; bytes. */
bool num_size(
    struct slice s, int64_t min, int64_t max, int64_t *out) must_check;
/*
 * "500ms", "10s", "5m", "2h", "7d", or a plain number of seconds; a fraction of
 * up to nine digits is allowed ("1.5h"); nanoseconds.
 */
bool num_duration(
    struct slice s, int64_t min_ns, int64_t max_ns, int64_t *out) must_check;
/* "on off true false yes no 1 0", lower case. */
bool num_bool(struct slice s, bool *out) must_check;
/*
 * Shortest decimal text that reads back as the same double, which must be
 * finite; with an exponent below 1e-6 and from 1e21 on. "300", "0.5",
 * "-1.25e-7", "0" also for -0. Returns its length.
 */
enum { NUM_TEXT_MAX = 32 };
size_t num_print(double value, char out[NUM_TEXT_MAX]);
/* All digits. */
size_t num_print_int(int64_t value, char out[NUM_TEXT_MAX]);
