/* SPDX-License-Identifier: Apache-2.0 */
#include "http/conditional.h"

#include "base/clock.h"

/*
 * Takes the next ETag off a list: the opaque part with its quotes. An ETag may
 * hold commas, so the list is not cut at them. False at the end, or where it
 * is not a list of ETags.
 */
static bool
next_etag(struct slice *rest, struct slice *out)
{
	struct slice s = *rest;
	size_t quote = 0;

	while (s.len > 0 && strchr(", \t", s.at[0]) != NULL)
		s = slice_skip(s, 1);
	if (slice_starts(s, SLICE("W/")))
		s = slice_skip(s, 2);
	if (s.len < 2 || s.at[0] != '"')
		return false;
	quote = slice_find(slice_skip(s, 1), '"');
	if (quote == s.len - 1)
		return false;
	*out = (struct slice){ s.at, quote + 2 };
	*rest = slice_skip(s, quote + 2);
	return true;
}

static bool
list_has(struct slice list, struct slice etag)
{
	struct slice one;

	if (slice_is(slice_trim(list), "*"))
		return true;
	while (next_etag(&list, &one))
		if (slice_eq(one, etag))
			return true;
	return false;
}

bool
conditions_hold(
    const struct conditions *c, const char *etag, int64_t modified_s)
{
	struct slice date = slice_trim(c->modified_since);
	int64_t since_s = 0;

	if (c->none_match.at != NULL)
		return list_has(c->none_match, slice_of(etag));
	return date.len > 0 && clock_http_read(date.at, date.len, &since_s) &&
	    modified_s <= since_s;
}

bool
conditions_allow_range(
    const struct conditions *c, const char *etag, int64_t modified_s)
{
	struct slice s = slice_trim(c->if_range);
	int64_t date_s = 0;

	if (c->if_range.at == NULL)
		return true;
	if (s.len > 0 && s.at[0] == '"')
		return slice_is(s, etag);
	/* Also false for a weak ETag, which is no date either. */
	return clock_http_read(s.at, s.len, &date_s) && date_s == modified_s;
}
