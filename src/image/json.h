/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes JSON into a fixed room. Names must be unique in their object; the
 * caller sees to it.
 */
#pragma once

#include "base/slice.h"

/* What was written before a mark can be returned to. */
struct json_mark {
	size_t used;
	bool comma;
	bool full; /* something did not fit: the text is of no use */
};

struct json_out {
	char *at;
	size_t room;
	struct json_mark now;
};

/* name NULL: an item of a list, or the value at the top. */
void json_put_open(struct json_out *j, const char *name, char bracket);
void json_put_close(struct json_out *j, char bracket);
/* Control bytes become spaces, broken UTF-8 U+FFFD. */
void json_put_text(struct json_out *j, const char *name, struct slice text);
/* A finite number. */
void json_put_number(struct json_out *j, const char *name, double value);
void json_put_bool(struct json_out *j, const char *name, bool value);
void json_put_null(struct json_out *j, const char *name);
