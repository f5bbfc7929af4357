/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of an answer (RFC 9112 sections 4 and 5). libcurl has cut it into
 * lines and, of HTTP/2, written it in the form of HTTP/1.
 */
#include "net/fetch_head.h"

#include <assert.h>
#include <inttypes.h>

#include "base/num.h"

/* What may stand in a header's name besides letters and digits. */
static const char head_token[] = "!#$%&'*+-.^_`|~";

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static struct slice
without_end(struct slice line)
{
	if (line.len > 0 && line.at[line.len - 1] == '\n')
		line.len--;
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* "HTTP/1.1 200 OK", "HTTP/2 200 "; the status, or 0 if it is none. */
static int
status_of(struct slice line)
{
	struct slice protocol = slice_cut(&line, ' ');
	int64_t status = 0;

	if (!slice_starts(protocol, SLICE("HTTP/")) || line.len < 3 ||
	    (line.len > 3 && line.at[3] != ' '))
		return 0;
	line.len = 3;
	return num_int(line, 100, 999, &status) ? (int)status : 0;
}

/* Appends and keeps room for one byte more. */
static void
head_put(struct fetch_head *h, const char *at, size_t len)
{
	if (h->used + len + 1 > h->room) {
		size_t room = 2 * (h->used + len + 1);
		char *grown = realloc(h->text, room);

		/* At most twice FETCH_HEAD_MAX. */
		if (grown == NULL)
			abort();
		h->text = grown;
		h->room = room;
	}
	if (len > 0)
		memcpy(h->text + h->used, at, len);
	h->used += len;
	h->text[h->used] = '\0';
}

static bool
name_ok(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		char low = (char)(name.at[i] | 0x20);

		if ((low < 'a' || low > 'z') && !is_digit(name.at[i]) &&
		    memchr(head_token, name.at[i], sizeof(head_token) - 1) ==
			NULL)
			return false;
	}
	return name.len > 0;
}

static bool
head_length(struct fetch_head *h, struct slice value, struct err *e)
{
	int64_t length = 0;

	if (value.len == 0 || !is_digit(value.at[0]) ||
	    !num_int(value, 0, INT64_MAX, &length))
		return err_set(
		    e, ERR_ORIGIN_FAILED, "Content-Length is no number");
	if (h->has_length && h->length != length)
		return err_set(e, ERR_ORIGIN_FAILED,
		    "Content-Length is both %" PRId64 " and %" PRId64,
		    h->length, length);
	h->length = length;
	h->has_length = true;
	return true;
}

static bool
head_coding(struct fetch_head *h, struct slice value, struct err *e)
{
	if (slice_eq_nocase(value, SLICE("identity")))
		return true;
	/* libcurl would undo gzip here, which nobody asked for. */
	if (!slice_eq_nocase(value, SLICE("chunked")) || h->chunked)
		return err_set(e, ERR_ORIGIN_FAILED,
		    "a Transfer-Encoding other than chunked");
	h->chunked = true;
	return true;
}

static bool
head_field(struct fetch_head *h, struct slice line, struct err *e)
{
	struct slice value = line;
	struct slice name = slice_cut(&value, ':');

	/* libcurl says what it thinks of such a line. */
	if (value.at == NULL || !name_ok(name))
		return true;
	value = slice_trim(value);
	head_put(h, name.at, name.len);
	for (size_t i = h->used - name.len; i < h->used; i++)
		if (h->text[i] >= 'A' && h->text[i] <= 'Z')
			h->text[i] = (char)(h->text[i] + ('a' - 'A'));
	h->used++;
	head_put(h, value.at, value.len);
	h->used++;
	if (slice_eq_nocase(name, SLICE("content-length")))
		return head_length(h, value, e);
	if (slice_eq_nocase(name, SLICE("transfer-encoding")))
		return head_coding(h, value, e);
	return true;
}

/* A line that goes on with the one before it (RFC 9112 section 5.2). */
static void
head_fold(struct fetch_head *h, struct slice line)
{
	struct slice more = slice_trim(line);

	if (h->used == 0)
		return;
	h->used--;
	head_put(h, " ", 1);
	head_put(h, more.at, more.len);
	h->used++;
}

/* An interim answer ends and another one comes, or this is the one. */
static bool
head_end(struct fetch_head *h, struct err *e)
{
	if (h->status == 101)
		return err_set(e, ERR_ORIGIN_FAILED,
		    "another protocol, which nobody asked for (101)");
	h->whole = h->status >= 200;
	if (!h->whole)
		h->status = 0;
	return true;
}

static bool
head_first(struct fetch_head *h, struct slice line, struct err *e)
{
	h->status = status_of(line);
	h->used = 0;
	h->has_length = false;
	h->chunked = false;
	if (h->status == 0)
		return err_set(
		    e, ERR_ORIGIN_FAILED, "the first line is not HTTP's");
	return true;
}

enum fetch_end
fetch_head_line(struct fetch_head *h, struct slice line, struct err *e)
{
	bool ok;

	if (line.len > FETCH_HEAD_MAX - h->total) {
		err_set(e, ERR_ORIGIN_FAILED, "a head of more than %d bytes",
		    FETCH_HEAD_MAX);
		return FETCH_TOO_LARGE;
	}
	h->total += line.len;
	line = without_end(line);
	if (memchr(line.at, '\0', line.len) != NULL) {
		err_set(e, ERR_ORIGIN_FAILED, "a zero byte in the head");
		return FETCH_BROKEN;
	}
	if (h->whole)
		return FETCH_DONE;
	if (h->status == 0)
		ok = head_first(h, line, e);
	else if (line.len == 0)
		ok = head_end(h, e);
	else if (line.at[0] == ' ' || line.at[0] == '\t') {
		head_fold(h, line);
		ok = true;
	} else
		ok = head_field(h, line, e);
	return ok ? FETCH_DONE : FETCH_BROKEN;
}

struct slice
fetch_head_find(const struct fetch_head *h, const char *name, size_t nth)
{
	struct slice rest = { h->text, h->used };
	struct slice found = { NULL, 0 };

	while (found.at == NULL && rest.len > 0) {
		struct slice key = slice_cut(&rest, '\0');
		struct slice value = slice_cut(&rest, '\0');

		if (slice_is(key, name) && nth-- == 0)
			found = value;
	}
	return found;
}

void
fetch_head_fini(struct fetch_head *h)
{
	free(h->text);
	*h = (struct fetch_head){ 0 };
}
