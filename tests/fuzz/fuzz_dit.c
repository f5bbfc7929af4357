/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DIT's language. Input: a path and query if it begins with a slash; else
 * JSON, which is made a path here: base64 would only be in the fuzzer's way.
 */
#include "base/codec.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const stores[] = { "file", "other" };
	struct dialect_in in = { .stores = stores, .nstore = 2 };
	struct slice query = { (const char *)data, size };
	char *path = malloc(4 * ((size + 2) / 3) + 2);

	assert(path != NULL);
	if (size > 0 && data[0] == '/') {
		in.path = slice_cut(&query, '?');
		in.query = query;
	} else {
		path[0] = '/';
		codec_base64_encode(data, size, false, path + 1);
		in.path = slice_of(path);
	}
	fuzz_url(dialect_find("dit"), &in);
	free(path);
	return 0;
}
