/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: pieces with commas between them. */
#include "base/json_out.h"

#include "base/codec.h"
#include "base/num.h"

/* Text is escaped in pieces: of so many bytes at most, and between letters. */
enum { PIECE = 256 };

struct json_mark
json_mark(const struct json_out *j)
{
	return (struct json_mark){ j->text.len, j->text.full, j->comma };
}

void
json_return(struct json_out *j, struct json_mark to)
{
	j->text.len = to.len;
	j->text.full = to.full;
	j->text.at[to.len] = '\0';
	j->comma = to.comma;
}

static void
put(struct json_out *j, struct slice s)
{
	if (j->file == NULL)
		text_put(&j->text, s);
	else if (s.len > 0)
		(void)fwrite(s.at, 1, s.len, j->file);
}

static size_t
piece_of(struct slice s)
{
	size_t n = PIECE;

	if (s.len <= PIECE)
		return s.len;
	/* A letter has three bytes behind its first one at most. */
	while (n > PIECE - 3 && ((unsigned char)s.at[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static void
put_string(struct json_out *j, struct slice s)
{
	char escaped[6 * PIECE + 1];

	put(j, SLICE("\""));
	while (s.len > 0) {
		size_t n = piece_of(s);

		put(j,
		    (struct slice){ escaped,
			codec_json_escape((struct slice){ s.at, n }, escaped,
			    sizeof(escaped)) });
		s = slice_skip(s, n);
	}
	put(j, SLICE("\""));
}

static void
begin(struct json_out *j, const char *name)
{
	if (j->comma)
		put(j, SLICE(","));
	j->comma = true;
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
	j->comma = false;
}

void
json_put_close(struct json_out *j, char bracket)
{
	put(j, (struct slice){ &bracket, 1 });
	j->comma = true;
}

void
json_put_text(struct json_out *j, const char *name, struct slice text)
{
	begin(j, name);
	put_string(j, text);
}

void
json_put_raw(struct json_out *j, const char *name, struct slice json)
{
	begin(j, name);
	put(j, json);
}

void
json_put_number(struct json_out *j, const char *name, double value)
{
	char text[NUM_TEXT_MAX];

	json_put_raw(j, name, (struct slice){ text, num_print(value, text) });
}

void
json_put_bool(struct json_out *j, const char *name, bool value)
{
	json_put_raw(j, name, value ? SLICE("true") : SLICE("false"));
}

void
json_put_null(struct json_out *j, const char *name)
{
	json_put_raw(j, name, SLICE("null"));
}
