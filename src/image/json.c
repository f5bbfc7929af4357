/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: pieces with commas between them. */
#include "image/json.h"

#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/num.h"

enum { TEXT_ROOM = 1024 };

static void
put(struct json_out *j, struct slice s)
{
	if (s.len > j->room - j->now.used) {
		j->now.full = true;
		return;
	}
	memcpy(j->at + j->now.used, s.at, s.len);
	j->now.used += s.len;
}

static void
put_string(struct json_out *j, struct slice text)
{
	char plain[TEXT_ROOM];
	char escaped[6 * TEXT_ROOM + 1];

	text.len = text.len < sizeof(plain) ? text.len : sizeof(plain);
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		plain[i] = text.at[i];
		if (c < ' ' || c == 0x7f)
			plain[i] = ' ';
	}
	put(j, SLICE("\""));
	put(j,
	    (struct slice){ escaped,
		codec_json_escape((struct slice){ plain, text.len }, escaped,
		    sizeof(escaped)) });
	put(j, SLICE("\""));
}

static void
begin(struct json_out *j, const char *name)
{
	if (j->now.comma)
		put(j, SLICE(","));
	j->now.comma = true;
	if (name != NULL) {
		put_string(j, slice_of(name));
		put(j, SLICE(":"));
	}
}

void
json_put_open(struct json_out *j, const char *name, char bracket)
{
	begin(j, name);
	put(j, (struct slice){ &bracket, 1 });
	j->now.comma = false;
}

void
json_put_close(struct json_out *j, char bracket)
{
	put(j, (struct slice){ &bracket, 1 });
	j->now.comma = true;
}

void
json_put_text(struct json_out *j, const char *name, struct slice text)
{
	begin(j, name);
	put_string(j, text);
}

void
json_put_number(struct json_out *j, const char *name, double value)
{
	char text[NUM_TEXT_MAX];

	begin(j, name);
	put(j, (struct slice){ text, num_print(value, text) });
}

void
json_put_bool(struct json_out *j, const char *name, bool value)
{
	begin(j, name);
	put(j, value ? SLICE("true") : SLICE("false"));
}

void
json_put_null(struct json_out *j, const char *name)
{
	begin(j, name);
	put(j, SLICE("null"));
}
