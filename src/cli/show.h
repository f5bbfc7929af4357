/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of tables, sizes, times and JSON as text, for all commands. */
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

/* One object on one line; comma: whether one is due (begin with false). */
struct json_line {
	FILE *out;
	bool comma;
};
void json_string(struct json_line *j, const char *name, const char *value);
void json_number(struct json_line *j, const char *name, double value);
void json_bool(struct json_line *j, const char *name, bool on);
void json_null(struct json_line *j, const char *name);
/* bracket: { or [; name NULL: no name, as in a list */
void json_open(struct json_line *j, const char *name, char bracket);
void json_close(struct json_line *j, char bracket);
