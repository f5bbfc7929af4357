/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes JSON: into a fixed room, or to a file. Sees to commas and escapes;
 * that names are unique in their object, and brackets closed, the caller does.
 */
#pragma once

#include <stdio.h>

#include "base/text.h"

/* Begin with file, or with text's at and size; the rest zero. */
struct json_out {
	struct text text; /* full: something did not fit, it is of no use */
	FILE *file;       /* NULL: into text */
	bool comma;       /* one is due */
};

/* What was written into text before a mark can be returned to. */
struct json_mark {
	size_t len;
	bool full;
	bool comma;
};

struct json_mark json_mark(const struct json_out *j);
void json_return(struct json_out *j, struct json_mark to);

/*
 * name NULL: an item of a list, or the value at the top. bracket: { or [,
 * } or ].
 */
void json_put_open(struct json_out *j, const char *name, char bracket);
void json_put_close(struct json_out *j, char bracket);
/* Any bytes; broken UTF-8 becomes U+FFFD. */
void json_put_text(struct json_out *j, const char *name, struct slice text);
/* A finite number. */
void json_put_number(struct json_out *j, const char *name, double value);
void json_put_bool(struct json_out *j, const char *name, bool value);
/* JSON as it is. */
void json_put_raw(struct json_out *j, const char *name, struct slice json);
void json_put_null(struct json_out *j, const char *name);
