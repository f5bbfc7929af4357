/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of tables, sizes and times as text, for all commands. */
#pragma once

#include <stdio.h>

#include "plan/op.h"

/* Room for what arg_accepted() and show_default() say. */
enum { SHOW_MAX = 1024 };
/* An argument of an operation or format, in words, to stdout. */
void show_arg(const struct arg_row *row);
/* "lanczos3", "true", "#000000ff"; "none" where leaving it out is a case of
 * its own. */
void show_default(const struct arg_row *row, char *out, size_t size);
/* "12.3 MB", "980 B": decimal units. */
enum { SHOW_BYTES = 16 };
void show_bytes(double bytes, char out[SHOW_BYTES]);
