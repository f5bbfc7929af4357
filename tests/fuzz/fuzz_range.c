/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Header lines of conditional and range requests, X-Forwarded-For and a whole
 * head, from any bytes: lines "Name: value", the first one the request line's
 * method and target. What is believed is in bounds.
 */
#include <assert.h>
#include <string.h>

#include "http/conditional.h"
#include "http/forwarded.h"
#include "http/head.h"
#include "http/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char etag[] = "\"abc\"";
static const uint64_t sizes[] = { 0, 1, 100, UINT64_MAX };

static void
try_range(struct slice field)
{
	for (size_t i = 0; i < NELEM(sizes); i++) {
		struct range r = { 0, 0 };

		if (range_read(field, sizes[i], &r) != RANGE_PART)
			continue;
		assert(r.length > 0 && r.length <= sizes[i]);
		assert(r.first <= sizes[i] - r.length);
	}
}

static void
try_conditions(const struct head *h)
{
	const struct conditions c = {
		.none_match = h->field[HEAD_IF_NONE_MATCH],
		.modified_since = h->field[HEAD_IF_MODIFIED_SINCE],
		.if_range = h->field[HEAD_IF_RANGE],
	};

	(void)conditions_hold(&c, etag, 784111777);
	(void)conditions_allow_range(&c, etag, 784111777);
}

static void
try_forwarded(struct slice field)
{
	static const char *const words[] = { "10.0.0.0/8", "::1" };
	uint8_t address[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0,
		0, 1 };
	struct trust trust;
	struct err e;
	char text[64];
	bool ok = trust_read(words, NELEM(words), &trust, &e);

	assert(ok);
	forwarded_viewer(&trust, field, address);
	forwarded_print(address, text, sizeof(text));
	assert(text[0] != '\0');
	trust_fini(&trust);
}

/* What head_check() promises. */
static void
check_believed(const struct head *h)
{
	assert(h->uri.len > 0);
	assert(h->uri.at[0] == '/' || slice_is(h->uri, "*"));
	for (size_t i = 0; i < h->uri.len; i++)
		assert((unsigned char)h->uri.at[i] > ' ');
	assert(h->old || h->field[HEAD_HOST].at != NULL);
	assert(!h->has_body || !slice_is(h->method, "GET"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct slice line = slice_cut(&text, '\n');
	struct arena *arena = arena_new(512);
	struct head h = { 0 };
	struct err e;
	bool good = true;

	h.method = slice_cut(&line, ' ');
	h.old = slice_ends(line, SLICE(" HTTP/1.0"));
	h.target = h.old ? slice_cut(&line, ' ') : line;
	while (good && text.at != NULL) {
		struct slice value = slice_cut(&text, '\n');
		struct slice name = slice_cut(&value, ':');

		good = head_add(&h, arena, name, value, &e);
	}
	try_range(h.field[HEAD_RANGE]);
	try_conditions(&h);
	try_forwarded(h.field[HEAD_X_FORWARDED_FOR]);
	if (good && head_check(&h, &e))
		check_believed(&h);
	arena_free(arena);
	return 0;
}
