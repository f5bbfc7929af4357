/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that others read: UTF-8 checked, escaped for JSON, log lines and HTML.
 * All three copy runs of plain ASCII as they are. The rest they escape one
 * character at a time into a small buffer and append it whole or not at all,
 * which is what keeps a cut from splitting an escape.
 */
#include <assert.h>
#include <stdio.h>

#include "base/codec.h"

enum { CODEC_WORD_MAX = 40, CODEC_PIECE_MAX = 8 };

/* U+FFFD, what stands for bytes that are not text. */
static const char replacement[] = "\xef\xbf\xbd";

/*
 * The well-formed character at the front of s (RFC 3629 section 4): its length
 * and value; 0 if there is none. The second byte's limits depend on the first,
 * which is what rules out overlong forms, surrogates and what is too large.
 */
static size_t
utf8_front(struct slice s, uint32_t *value)
{
	static const struct {
		uint8_t first_min, first_max;
		uint8_t second_min, second_max;
		uint8_t len;
	} forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	const unsigned char *at = (const unsigned char *)s.at;
	size_t form = 0;

	if (s.len == 0)
		return 0;
	*value = at[0];
	if (at[0] < 0x80)
		return 1;
	while (form < NELEM(forms) && at[0] > forms[form].first_max)
		form++;
	if (form == NELEM(forms) || at[0] < forms[form].first_min ||
	    s.len < forms[form].len || at[1] < forms[form].second_min ||
	    at[1] > forms[form].second_max)
		return 0;
	*value = at[0] & (0x7fu >> forms[form].len);
	for (size_t i = 1; i < forms[form].len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		*value = *value << 6 | (at[i] & 0x3f);
	}
	return forms[form].len;
}

bool
codec_is_utf8(struct slice in)
{
	uint32_t value;

	while (in.len > 0) {
		size_t n = utf8_front(in, &value);

		if (n == 0)
			return false;
		in = slice_skip(in, n);
	}
	return true;
}

/*
 * One kind of escaping. one() gives the escaped form of a character, or NULL:
 * it stays as it is. plain: for ASCII, the bits of those that surely stay.
 * least: the first of them where only quotes and backslashes are none, so that
 * eight can be looked at at once; NO_WORDS: there are others.
 */
struct escaping {
	const char *(*one)(uint32_t c, char piece[CODEC_PIECE_MAX]);
	uint64_t plain[2];
	uint8_t least;
};
enum { NO_WORDS = 0x80 };

/* ' ' to '~', less some of either half. */
#define BIT(c) ((uint64_t)1 << ((c) % 64))
#define PLAIN(low, high)                                                 \
	{                                                                \
		~(BIT(' ') - 1) & ~(low), ~BIT(0x7f) & ~(uint64_t)(high) \
	}

static const char *
escape_json(uint32_t c, char piece[CODEC_PIECE_MAX])
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		break;
	}
	/* Those above ASCII (C1) drive terminals, too. */
	if (c >= ' ' && c != 0x7f && !(c >= 0x80 && c < 0xa0))
		return NULL;
	snprintf(piece, CODEC_PIECE_MAX, "\\u%04x", (unsigned int)c & 0xffff);
	return piece;
}

static const char *
escape_log(uint32_t c, char piece[CODEC_PIECE_MAX])
{
	return c == ' ' ? "\\x20" : escape_json(c, piece);
}

static const char *
escape_html(uint32_t c, char piece[CODEC_PIECE_MAX])
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\t':
	case '\n':
		return NULL;
	default:
		break;
	}
	/* HTML has no way to write control characters. */
	if (c >= ' ' && !(c >= 0x7f && c < 0xa0))
		return NULL;
	return memcpy(piece, replacement, sizeof(replacement));
}

static const struct escaping json_escaping = { escape_json,
	PLAIN(BIT('"'), BIT('\\')), ' ' };
static const struct escaping log_escaping = { escape_log,
	PLAIN(BIT('"') | BIT(' '), BIT('\\')), '!' };
static const struct escaping html_escaping = { escape_html,
	PLAIN(BIT('&') | BIT('<') | BIT('>') | BIT('"') | BIT('\''), 0),
	NO_WORDS };

/* That byte eight times. */
#define EIGHT(c) ((uint64_t)(c)*UINT64_C(0x0101010101010101))

/*
 * Are these eight bytes plain, all of them? Each term has the high bit of a
 * byte that is not; a borrow can make the byte after such a one look bad, too,
 * but never a bad one good.
 */
static bool
word_is_plain(uint64_t word, uint8_t least)
{
	uint64_t quote = word ^ EIGHT('"');
	uint64_t backslash = word ^ EIGHT('\\');
	uint64_t bad = word | (word + EIGHT(1)) | (word - EIGHT(least)) |
	    ((quote - EIGHT(1)) & ~quote) |
	    ((backslash - EIGHT(1)) & ~backslash);

	return (bad & EIGHT(0x80)) == 0;
}

/* How many bytes at the front of s are plain, of at most so many. */
static size_t
plain_front(struct slice s, const struct escaping *how, size_t most)
{
	uint64_t word = 0;
	size_t n = 0;

	if (s.len < most)
		most = s.len;
	while (most - n >= sizeof(word)) {
		memcpy(&word, s.at + n, sizeof(word));
		if (!word_is_plain(word, how->least))
			break;
		n += sizeof(word);
	}
	while (n < most) {
		unsigned char c = (unsigned char)s.at[n];

		if (c >= 0x80 || (how->plain[c / 64] >> c % 64 & 1) == 0)
			break;
		n++;
	}
	return n;
}

static size_t
escape(struct slice s, const struct escaping *how, char *out, size_t size)
{
	size_t n = 0;

	assert(size > 0);
	while (s.len > 0) {
		char piece[CODEC_PIECE_MAX];
		uint32_t c = 0;
		size_t run = plain_front(s, how, size - n - 1);
		size_t len = 0;
		const char *text = NULL;
		struct slice put;

		memcpy(out + n, s.at, run);
		n += run;
		s = slice_skip(s, run);
		if (s.len == 0)
			break;
		len = utf8_front(s, &c);
		text = len == 0 ? replacement : how->one(c, piece);
		put = (struct slice){ s.at, len };
		if (text != NULL)
			put = slice_of(text);
		if (put.len >= size - n)
			break;
		memcpy(out + n, put.at, put.len);
		n += put.len;
		s = slice_skip(s, len == 0 ? 1 : len);
	}
	out[n] = '\0';
	return n;
}

size_t
codec_json_escape(struct slice s, char *out, size_t size)
{
	return escape(s, &json_escaping, out, size);
}

size_t
codec_log_escape(struct slice s, char *out, size_t size)
{
	return escape(s, &log_escaping, out, size);
}

size_t
codec_html_escape(struct slice s, char *out, size_t size)
{
	return escape(s, &html_escaping, out, size);
}

static size_t
min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

size_t
codec_distance(struct slice a, struct slice b)
{
	/* Rows for the last two letters of a, and the one being filled. */
	size_t row[3][CODEC_WORD_MAX + 1];

	if (a.len > CODEC_WORD_MAX || b.len > CODEC_WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= b.len; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *now = row[i % 3];
		const size_t *before = row[(i + 2) % 3];
		const size_t *earlier = row[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			bool same = a.at[i - 1] == b.at[j - 1];

			now[j] = min3(now[j - 1] + 1, before[j] + 1,
			    before[j - 1] + !same);
			if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] &&
			    a.at[i - 2] == b.at[j - 1] &&
			    earlier[j - 2] + 1 < now[j])
				now[j] = earlier[j - 2] + 1;
		}
	}
	return row[a.len % 3][b.len];
}
