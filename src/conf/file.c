/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libinih reads the file, through a reader that hands it one piece after the
 * other, because on its own it
 *   - cuts lines after 197 bytes and takes the rest for another line: a longer
 *     line is passed in pieces, each after the first indented, which libinih
 *     reports as more of the same value;
 *   - takes every indented line for more of the value above: indentation is
 *     removed;
 *   - does not say the line's number everywhere, nor that an empty section is
 *     there at all: both are seen here.
 */
#include "conf/file.h"

#include <assert.h>
#include <ini.h>
#include <stdio.h>

#include "base/codec.h"

/* libinih's own limit of a section's name, of which it says nothing. */
enum { SECTION_MAX = 48 };

static const char not_setting[] = "neither [section] nor key = value";

struct reader {
	struct conf_where where;
	struct slice rest;  /* of the file */
	struct slice piece; /* of the line, not yet handed out */
	size_t blanks;      /* between the last piece and this one */
	bool more;          /* the piece is not the line's first */

	char section[SECTION_MAX + 1];
	char *key; /* of the setting being collected; NULL: none */
	char *value;
	size_t used;
	bool wanted; /* a setting was handed out and not yet reported */

	conf_file_f *each;
	void *ctx;
	struct err *e;
	bool failed;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool
conf_text_check(struct slice value, const char **why)
{
	*why = "is not UTF-8 text";
	if (!codec_is_utf8(value))
		return false;
	*why = "holds a control character";
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.at[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	/* A file could not say it, so the printed configuration neither. */
	*why = "holds a ';' at its start or after a blank, where a comment "
	       "begins";
	for (size_t i = 0; i < value.len; i++)
		if (value.at[i] == ';' && (i == 0 || is_blank(value.at[i - 1])))
			return false;
	return true;
}

static void
fail(struct reader *r, const char *why)
{
	r->failed = true;
	(void)err_set(
	    r->e, ERR_CONFIG, "%s:%u: %s", r->where.file, r->where.line, why);
}

/* Hands on the setting that was collected. */
static void
flush(struct reader *r)
{
	struct slice value = { r->value, r->used };

	if (r->key != NULL && !r->failed)
		r->failed = !r->each(r->ctx, &r->where, slice_of(r->section),
		    slice_of(r->key), slice_trim(value), r->e);
	free(take_ptr(r->key));
	free(take_ptr(r->value));
	r->used = 0;
}

static void
header(struct reader *r, struct slice line)
{
	struct slice name = { line.at + 1, slice_find(line, ']') };

	if (name.len == line.len) {
		fail(r, "the ] of the section is missing");
		return;
	}
	name.len--;
	if (name.len > SECTION_MAX) {
		fail(r, "the name of the section is too long");
		return;
	}
	if (slice_skip(line, name.len + 2).len > 0) {
		fail(r, "there is more behind the ] of the section");
		return;
	}
	slice_copy(name, r->section, sizeof(r->section));
	r->failed = !r->each(r->ctx, &r->where, slice_of(r->section),
	    (struct slice){ NULL, 0 }, (struct slice){ NULL, 0 }, r->e);
}

/* Without comment and blanks around; tabs are blanks. */
static struct slice
line_trim(struct slice line)
{
	if (slice_ends(line, SLICE("\r")))
		line.len--;
	line = slice_trim(line);
	if (line.len > 0 && (line.at[0] == '#' || line.at[0] == ';'))
		line.len = 0;
	for (size_t i = 1; i < line.len; i++)
		if (line.at[i] == ';' && is_blank(line.at[i - 1]))
			line.len = i;
	return slice_trim(line);
}

/* The next line that says something becomes the piece; false: no more. */
static bool
line_next(struct reader *r)
{
	flush(r);
	if (!r->failed && r->wanted)
		fail(r, not_setting);
	while (!r->failed && r->rest.at != NULL) {
		const char *why;

		r->where.line++;
		r->piece = line_trim(slice_cut(&r->rest, '\n'));
		if (r->piece.len == 0)
			continue;
		r->more = false;
		r->wanted = r->piece.at[0] != '[';
		if (!conf_text_check(r->piece, &why))
			fail(r, why);
		else if (!r->wanted)
			header(r, r->piece);
		return !r->failed;
	}
	return false;
}

/* How much of a long piece is handed out now; 0: it cannot be divided. */
static size_t
piece_divide(struct slice piece, size_t room)
{
	/* The next one must not begin with what begins a comment. */
	for (size_t n = room; n > 0; n--) {
		struct slice next = slice_trim(slice_skip(piece, n));

		if (strchr(";#", next.at[0]) == NULL)
			return n;
	}
	return 0;
}

/*
 * libinih's reader: as fgets(). Blanks at both ends of a piece would be lost,
 * so they are kept aside.
 */
static char *
reader_fill(char *out, int size, void *stream)
{
	struct reader *r = stream;
	size_t room = (size_t)size - 3; /* indentation, line feed, NUL */
	struct slice now;

	assert(size > 2 * SECTION_MAX);
	if (r->piece.len == 0 && !line_next(r))
		return NULL;
	/* Its beginning was no setting, so libinih would take this wrongly. */
	if (r->more && r->wanted) {
		fail(r, not_setting);
		return NULL;
	}
	r->blanks = 0;
	while (is_blank(r->piece.at[r->blanks]))
		r->blanks++;
	r->piece = slice_skip(r->piece, r->blanks);
	now = r->piece;
	if (now.len > room)
		now.len = piece_divide(now, room);
	now = slice_trim(now);
	if (now.len == 0) {
		fail(r, "the line is too long");
		return NULL;
	}
	snprintf(
	    out, (size_t)size, "%s%.*s\n", r->more ? " " : "", SLICE_ARG(now));
	r->piece = slice_skip(r->piece, now.len);
	r->more = true;
	return out;
}

static void
value_add(struct reader *r, struct slice more)
{
	char *grown = realloc(r->value, r->used + r->blanks + more.len + 1);

	if (grown == NULL)
		abort();
	r->value = grown;
	memset(r->value + r->used, ' ', r->blanks);
	r->used += r->blanks;
	memcpy(r->value + r->used, more.at, more.len);
	r->used += more.len;
	r->value[r->used] = '\0';
}

/* libinih's handler: a setting, or more of its value. */
static int
reader_setting(
    void *ctx, const char *section, const char *key, const char *value)
{
	struct reader *r = ctx;

	(void)section;
	if (r->failed)
		return 0;
	if (r->key == NULL) {
		r->key = xstrdup(key);
		r->wanted = false;
	}
	value_add(r, slice_of(value));
	return 1;
}

bool
conf_file_read(struct slice text, const char *name, conf_file_f *each,
    void *ctx, struct err *e)
{
	struct slice mark = SLICE("\xef\xbb\xbf");
	struct reader r = {
		.where = { .file = name },
		.rest = text,
		.each = each,
		.ctx = ctx,
		.e = e,
	};

	if (slice_starts(text, mark))
		r.rest = slice_skip(text, mark.len);
	if (ini_parse_stream(reader_fill, &r, reader_setting, &r) < 0 &&
	    !r.failed)
		fail(&r, "there is no memory to read it");
	flush(&r);
	return !r.failed;
}
