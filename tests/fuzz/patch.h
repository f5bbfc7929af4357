/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structs for targets that read structs: random bytes would nearly always be
 * refused at the first field. So the input begins with a URL of the query
 * language, whose plan is then changed: three bytes for each change, where
 * (two bytes, the low one first) and to what.
 */
#pragma once

#include "fuzz.h"

/* The URL up to a line break, into *p. Returns what follows it. */
static inline struct slice
patch_plan(const uint8_t *data, size_t size, struct plan *p)
{
	static const char *const stores[] = { "file" };
	struct slice rest = { (const char *)data, size };
	struct slice query = slice_cut(&rest, '\n');
	struct dialect_in in = { .stores = stores, .nstore = 1 };
	struct err e;

	in.path = slice_cut(&query, '?');
	in.query = query;
	plan_init(p);
	if (in.path.len > 0 && in.path.at[0] == '/' &&
	    !dialect_find("query")->parse(&in, p, &e))
		fuzz_check_err(&e);
	return rest;
}

static inline void
patch_bytes(struct slice patches, void *bytes, size_t size)
{
	uint8_t *to = bytes;

	for (size_t i = 0; i + 3 <= patches.len; i += 3) {
		size_t at = (uint8_t)patches.at[i] |
		    (size_t)(uint8_t)patches.at[i + 1] << 8;

		if (at < size)
			to[at] = (uint8_t)patches.at[i + 2];
	}
}
