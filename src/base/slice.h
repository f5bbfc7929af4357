/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A borrowed piece of bytes: pointer and length, never NUL-terminated.
 */
#pragma once

#include <string.h>

#include "base/base.h"

struct slice {
	const char *at;
	size_t len;
};

#define SLICE(literal) ((struct slice){ (literal), sizeof(literal) - 1 })
/* For printf's "%.*s". */
#define SLICE_ARG(s) (int)(s).len, (s).at

static inline struct slice
slice_of(const char *s)
{
	return (struct slice){ s, s != NULL ? strlen(s) : 0 };
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline bool
slice_is(struct slice a, const char *s)
{
	/* Most words of a list differ in the first letter. */
	if (a.len > 0 && s != NULL && a.at[0] != s[0])
		return false;
	return slice_eq(a, slice_of(s));
}

/* The part without its first n bytes; n may be larger than it. */
static inline struct slice
slice_skip(struct slice s, size_t n)
{
	if (n > s.len)
		n = s.len;
	return (struct slice){ n > 0 ? s.at + n : s.at, s.len - n };
}

/* ASCII letters in either case. */
bool slice_eq_nocase(struct slice a, struct slice b);
bool slice_starts(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);
/* Index of the first c, or s.len. */
size_t slice_find(struct slice s, char c);
/*
 * Cuts the piece before the first c off *rest (which then starts behind c) and
 * returns it; without a c the whole rest, and *rest becomes empty with
 * at = NULL. A loop runs while rest->at != NULL.
 */
struct slice slice_cut(struct slice *rest, char c);
/* Without spaces and tabs at both ends. */
struct slice slice_trim(struct slice s);
/* Whether it is a token: a header's name, half of a media type (RFC 9110,
 * section 5.6.2). */
bool slice_is_token(struct slice s) must_check;
/* Copies as a C string, cut to size - 1 bytes; returns out. size > 0. */
char *slice_copy(struct slice s, char *out, size_t size);
