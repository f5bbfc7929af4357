/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at and cutting borrowed bytes; nothing is copied or allocated. */
#include "base/slice.h"

#include <assert.h>

static char
ascii_lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool
slice_eq_nocase(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (ascii_lower(a.at[i]) != ascii_lower(b.at[i]))
			return false;
	return true;
}

bool
slice_starts(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len &&
	    slice_eq((struct slice){ s.at, prefix.len }, prefix);
}

bool
slice_ends(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len &&
	    slice_eq(slice_skip(s, s.len - suffix.len), suffix);
}

size_t
slice_find(struct slice s, char c)
{
	const char *hit = s.len > 0 ? memchr(s.at, c, s.len) : NULL;

	return hit != NULL ? (size_t)(hit - s.at) : s.len;
}

struct slice
slice_cut(struct slice *rest, char c)
{
	struct slice piece = *rest;
	size_t i = slice_find(piece, c);

	if (i == piece.len) {
		*rest = (struct slice){ NULL, 0 };
		return piece;
	}
	*rest = slice_skip(piece, i + 1);
	piece.len = i;
	return piece;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct slice
slice_trim(struct slice s)
{
	while (s.len > 0 && is_blank(s.at[0]))
		s = slice_skip(s, 1);
	while (s.len > 0 && is_blank(s.at[s.len - 1]))
		s.len--;
	return s;
}

char *
slice_copy(struct slice s, char *out, size_t size)
{
	size_t n = s.len < size ? s.len : size - 1;

	assert(size > 0);
	if (n > 0)
		memcpy(out, s.at, n);
	out[n] = '\0';
	return out;
}

bool
slice_is_token(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') &&
		    (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
			return false;
	}
	return s.len > 0;
}
