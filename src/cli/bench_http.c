/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 answers as they arrive (RFC 9112): where one ends. */
#include <string.h>

#include "base/num.h"
#include "cli/bench.h"

void
answer_init(struct answer *a)
{
	a->at = ANSWER_HEAD;
	a->status = 0;
	a->close = false;
	a->left = 0;
	a->body = 0;
	a->n = 0;
}

static bool
has_word(struct slice list, const char *word)
{
	while (list.at != NULL)
		if (slice_eq_nocase(
			slice_trim(slice_cut(&list, ',')), slice_of(word)))
			return true;
	return false;
}

/* "HTTP/1.1 200 OK" */
static bool
read_status(struct answer *a, struct slice line)
{
	int64_t status;

	if (line.len < 12 || memcmp(line.at, "HTTP/1.", 7) != 0 ||
	    line.at[8] != ' ' ||
	    !num_int((struct slice){ line.at + 9, 3 }, 100, 599, &status))
		return false;
	a->status = (int)status;
	a->close = line.at[7] == '0';
	return true;
}

static bool
read_field(struct answer *a, struct slice line, bool *chunked, bool *sized)
{
	struct slice value = line;
	struct slice name = slice_cut(&value, ':');
	int64_t size;

	if (value.at == NULL)
		return false;
	value = slice_trim(value);
	if (slice_eq_nocase(name, SLICE("Content-Length"))) {
		if (!num_int(value, 0, INT64_MAX, &size))
			return false;
		a->left = (uint64_t)size;
		*sized = true;
	} else if (slice_eq_nocase(name, SLICE("Transfer-Encoding"))) {
		*chunked = has_word(value, "chunked");
	} else if (slice_eq_nocase(name, SLICE("Connection"))) {
		a->close = has_word(value, "close") ||
		    (a->close && !has_word(value, "keep-alive"));
	}
	return true;
}

static struct slice
cut_line(struct slice *rest)
{
	struct slice line = slice_cut(rest, '\n');

	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

static void
read_head(struct answer *a)
{
	struct slice rest = { a->head, a->n };
	bool chunked = false;
	bool sized = false;
	bool good = read_status(a, cut_line(&rest));

	while (good && rest.at != NULL) {
		struct slice line = cut_line(&rest);

		if (line.len == 0)
			break;
		good = read_field(a, line, &chunked, &sized);
	}
	if (!good) {
		a->at = ANSWER_BROKEN;
	} else if (a->status < 200) {
		answer_init(a); /* another one follows */
	} else if (a->status == 204 || a->status == 304) {
		a->at = ANSWER_DONE;
	} else if (chunked) {
		a->at = ANSWER_SIZE;
		a->n = 0;
	} else if (sized) {
		a->at = a->left > 0 ? ANSWER_BODY : ANSWER_DONE;
	} else {
		a->at = ANSWER_CLOSE;
		a->close = true;
	}
}

/* One byte of the head; it ends with an empty line. */
static void
feed_head(struct answer *a, char c)
{
	if (a->n == sizeof(a->head)) {
		a->at = ANSWER_BROKEN;
		return;
	}
	a->head[a->n++] = c;
	if (c != '\n')
		return;
	if ((a->n >= 2 && a->head[a->n - 2] == '\n') ||
	    (a->n >= 3 && a->head[a->n - 2] == '\r' &&
		a->head[a->n - 3] == '\n'))
		read_head(a);
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A chunk's size is known at its line's end. */
static void
read_size(struct answer *a)
{
	size_t i = 0;

	a->left = 0;
	for (; i < a->n && hex_digit(a->head[i]) >= 0; i++)
		a->left = a->left * 16 + (uint64_t)hex_digit(a->head[i]);
	if (i == 0 || i > 15)
		a->at = ANSWER_BROKEN;
	else
		a->at = a->left > 0 ? ANSWER_CHUNK : ANSWER_TRAILER;
	a->left += 2; /* the line end behind it */
	a->n = 0;
}

static void
feed_line(struct answer *a, char c)
{
	if (c != '\n') {
		if (a->n == sizeof(a->head))
			a->at = ANSWER_BROKEN;
		else if (c != '\r')
			a->head[a->n++] = c;
	} else if (a->at == ANSWER_SIZE) {
		read_size(a);
	} else {
		a->at = a->n == 0 ? ANSWER_DONE : ANSWER_TRAILER;
		a->n = 0;
	}
}

static size_t
feed_body(struct answer *a, size_t size)
{
	size_t n = size < a->left ? size : (size_t)a->left;

	a->left -= n;
	a->body += n;
	if (a->left > 0)
		return n;
	if (a->at == ANSWER_CHUNK)
		a->body -= 2;
	a->at = a->at == ANSWER_CHUNK ? ANSWER_SIZE : ANSWER_DONE;
	return n;
}

size_t
answer_feed(struct answer *a, const char *bytes, size_t size)
{
	size_t used = 0;

	while (used < size) {
		switch (a->at) {
		case ANSWER_HEAD:
			feed_head(a, bytes[used++]);
			break;
		case ANSWER_SIZE:
		case ANSWER_TRAILER:
			feed_line(a, bytes[used++]);
			break;
		case ANSWER_BODY:
		case ANSWER_CHUNK:
			used += feed_body(a, size - used);
			break;
		case ANSWER_CLOSE:
			a->body += size - used;
			used = size;
			break;
		case ANSWER_DONE:
		case ANSWER_BROKEN:
			return used;
		}
	}
	return used;
}

void
answer_end(struct answer *a)
{
	if (a->at != ANSWER_DONE)
		a->at = a->at == ANSWER_CLOSE ? ANSWER_DONE : ANSWER_BROKEN;
}
