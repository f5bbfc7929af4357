/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query language. Input: path and query; behind a line break, if there is
 * one, the Accept header.
 */
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const stores[] = { "file" };
	struct slice accept = { (const char *)data, size };
	struct slice query = slice_cut(&accept, '\n');
	struct dialect_in in = { .stores = stores, .nstore = 1 };

	in.path = slice_cut(&query, '?');
	in.query = query;
	in.accept = accept;
	/* The mount's prefix has been cut off: there is always a slash. */
	if (in.path.len > 0 && in.path.at[0] == '/')
		fuzz_url(dialect_find("query"), &in);
	return 0;
}
