/* SPDX-License-Identifier: Apache-2.0 */
/* One range of bytes, and the conditions of a request: text in, answer out. */
#include <string.h>

#include "http/conditional.h"
#include "http/range.h"
#include "unit.h"

static const struct {
	const char *field;
	uint64_t size;
	enum range_answer answer;
	uint64_t first, length;
} ranges[] = {
	{ "bytes=0-0", 100, RANGE_PART, 0, 1 },
	{ "bytes=0-99", 100, RANGE_PART, 0, 100 },
	{ "bytes=10-19", 100, RANGE_PART, 10, 10 },
	{ "bytes=90-", 100, RANGE_PART, 90, 10 },
	{ "bytes=90-1000", 100, RANGE_PART, 90, 10 },
	{ "bytes=-10", 100, RANGE_PART, 90, 10 },
	{ "bytes=-1000", 100, RANGE_PART, 0, 100 },
	{ "BYTES=1-2", 100, RANGE_PART, 1, 2 },
	{ "  bytes=1-2\t", 100, RANGE_PART, 1, 2 },
	{ "bytes=,1-2,, ", 100, RANGE_PART, 1, 2 },
	{ "bytes=00000000000000000000000001-2", 100, RANGE_PART, 1, 2 },
	{ "bytes=5-99999999999999999999999999", 100, RANGE_PART, 5, 95 },
	{ "bytes=-99999999999999999999999999", 100, RANGE_PART, 0, 100 },
	/* Nothing of it exists. */
	{ "bytes=100-", 100, RANGE_OUTSIDE, 0, 0 },
	{ "bytes=100-200", 100, RANGE_OUTSIDE, 0, 0 },
	{ "bytes=-0", 100, RANGE_OUTSIDE, 0, 0 },
	{ "bytes=0-", 0, RANGE_OUTSIDE, 0, 0 },
	{ "bytes=-1", 0, RANGE_OUTSIDE, 0, 0 },
	{ "bytes=99999999999999999999999999-", 100, RANGE_OUTSIDE, 0, 0 },
	/* Not understood, or several: all of it is sent. */
	{ "bytes=0-1,4-5", 100, RANGE_NONE, 0, 0 },
	{ "bytes=2-1", 100, RANGE_NONE, 0, 0 },
	{ "bytes=", 100, RANGE_NONE, 0, 0 },
	{ "bytes=-", 100, RANGE_NONE, 0, 0 },
	{ "bytes=1", 100, RANGE_NONE, 0, 0 },
	{ "bytes=a-b", 100, RANGE_NONE, 0, 0 },
	{ "bytes=1-2x", 100, RANGE_NONE, 0, 0 },
	{ "bytes= 1 - 2", 100, RANGE_NONE, 0, 0 },
	{ "bytes=+1-2", 100, RANGE_NONE, 0, 0 },
	{ "bytes=--2", 100, RANGE_NONE, 0, 0 },
	{ "bytes=1-2-3", 100, RANGE_NONE, 0, 0 },
	{ "items=1-2", 100, RANGE_NONE, 0, 0 },
	{ "bytes 1-2", 100, RANGE_NONE, 0, 0 },
	{ "", 100, RANGE_NONE, 0, 0 },
};

static void
range_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(ranges); i++) {
		struct range out = { 7, 7 };
		enum range_answer answer =
		    range_read(slice_of(ranges[i].field), ranges[i].size, &out);

		if (answer != ranges[i].answer ||
		    (answer == RANGE_PART &&
			(out.first != ranges[i].first ||
			    out.length != ranges[i].length)))
			fail_msg("\"%s\": %d %d+%d", ranges[i].field,
			    (int)answer, (int)out.first, (int)out.length);
	}
	assert_int_equal(
	    range_read((struct slice){ NULL, 0 }, 1, &(struct range){ 0, 0 }),
	    RANGE_NONE);
}

/* 784111777 is Sun, 06 Nov 1994 08:49:37 GMT. */
enum { MODIFIED = 784111777 };
#define ETAG "\"abc\""
static const char date_now[] = "Sun, 06 Nov 1994 08:49:37 GMT";
static const char date_before[] = "Sun, 06 Nov 1994 08:49:36 GMT";
static const char date_after[] = "Sun, 06 Nov 1994 08:49:38 GMT";

static const struct {
	const char *none_match, *since;
	bool held;
} holds[] = {
	{ NULL, NULL, false },
	{ ETAG, NULL, true },
	{ "W/" ETAG, NULL, true },
	{ "*", NULL, true },
	{ " * ", NULL, true },
	{ "\"x\", W/\"y\" ," ETAG, NULL, true },
	{ ",,\"a,b\"," ETAG, NULL, true },
	{ "\"x\"" ETAG, NULL, true },
	{ "\"abcd\"", NULL, false },
	{ "\"ab\"", NULL, false },
	{ "abc", NULL, false },
	{ "\"abc", NULL, false },
	{ "w/" ETAG, NULL, false },
	{ "x, " ETAG, NULL, false },
	{ "*, \"x\"", NULL, false },
	{ "", NULL, false },
	/* If-None-Match decides alone. */
	{ "\"x\"", date_now, false },
	{ ETAG, date_before, true },
	{ NULL, date_now, true },
	{ NULL, date_after, true },
	{ NULL, date_before, false },
	{ NULL, "Sunday, 06-Nov-94 08:49:37 GMT", true },
	{ NULL, "yesterday", false },
	{ NULL, "", false },
};

static void
held_versions(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(holds); i++) {
		const struct conditions c = {
			.none_match = slice_of(holds[i].none_match),
			.modified_since = slice_of(holds[i].since),
		};

		if (conditions_hold(&c, ETAG, MODIFIED) != holds[i].held)
			fail_msg("case %zu", i);
	}
}

static const struct {
	const char *field;
	bool allowed;
} if_ranges[] = {
	{ NULL, true },
	{ ETAG, true },
	{ " " ETAG " ", true },
	{ "W/" ETAG, false },
	{ "\"x\"", false },
	{ ETAG ", \"x\"", false },
	{ date_now, true },
	{ date_before, false },
	{ date_after, false },
	{ "", false },
	{ "\"", false },
};

static void
range_conditions(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(if_ranges); i++) {
		const struct conditions c = { .if_range = slice_of(
						  if_ranges[i].field) };

		if (conditions_allow_range(&c, ETAG, MODIFIED) !=
		    if_ranges[i].allowed)
			fail_msg("case %zu", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(range_fields),
		cmocka_unit_test(held_versions),
		cmocka_unit_test(range_conditions),
	};

	return cmocka_run_group_tests_name("http range", tests, NULL, NULL);
}
