/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of originals that crashed a decoder, and for how long. */
#include <string.h>

#include "base/clock.h"
#include "render/poison.h"
#include "unit.h"

static const uint8_t one[] = "one original";
static const uint8_t two[] = "two original";

static void
test_known(void **state)
{
	struct poison *p = poison_new();

	(void)state;
	assert_false(poison_has(p, one, sizeof(one), FORMAT_JPEG, 0));
	poison_add(p, one, sizeof(one), FORMAT_JPEG, 10, 100);
	assert_true(poison_has(p, one, sizeof(one), FORMAT_JPEG, 99));
	/* Other bytes of that size, other sizes, other decoders. */
	assert_false(poison_has(p, two, sizeof(two), FORMAT_JPEG, 99));
	assert_false(poison_has(p, one, sizeof(one) - 1, FORMAT_JPEG, 99));
	assert_false(poison_has(p, one, sizeof(one), FORMAT_PNG, 99));
	/* Its time is over. */
	assert_false(poison_has(p, one, sizeof(one), FORMAT_JPEG, 100));
	/* And begins again. */
	poison_add(p, one, sizeof(one), FORMAT_JPEG, 10, 200);
	assert_true(poison_has(p, one, sizeof(one), FORMAT_JPEG, 199));
	poison_free(p);
	poison_free(NULL);
}

static void
test_bounded(void **state)
{
	struct poison *p = poison_new();
	uint8_t bytes[8] = { 0 };

	(void)state;
	for (bytes[0] = 0; bytes[0] < 100; bytes[0]++) {
		poison_add(p, bytes, sizeof(bytes), FORMAT_GIF, 7, 100);
		assert_true(poison_count(p) <= 7);
	}
	/* The youngest seven. */
	for (bytes[0] = 0; bytes[0] < 100; bytes[0]++)
		assert_int_equal(
		    poison_has(p, bytes, sizeof(bytes), FORMAT_GIF, 0),
		    bytes[0] >= 93);
	/* The limit was lowered; then nothing is remembered any more. */
	poison_add(p, one, sizeof(one), FORMAT_PNG, 2, 100);
	assert_int_equal(poison_count(p), 2);
	poison_add(p, two, sizeof(two), FORMAT_PNG, 0, 100);
	assert_int_equal(poison_count(p), 2);
	assert_false(poison_has(p, two, sizeof(two), FORMAT_PNG, 0));
	assert_true(poison_has(p, one, sizeof(one), FORMAT_PNG, 0));
	poison_free(p);
}

/* One that crashes many at the same time takes the place of one. */
static void
test_once(void **state)
{
	struct poison *p = poison_new();

	(void)state;
	poison_add(p, two, sizeof(two), FORMAT_PNG, 2, CLOCK_NEVER);
	for (int i = 0; i < 5; i++)
		poison_add(p, one, sizeof(one), FORMAT_PNG, 2, CLOCK_NEVER);
	assert_int_equal(poison_count(p), 2);
	assert_true(poison_has(p, one, sizeof(one), FORMAT_PNG, 0));
	assert_true(poison_has(p, two, sizeof(two), FORMAT_PNG, 0));
	poison_free(p);
}

/* The plan for trying an original alone is one that a worker accepts. */
static void
test_plan(void **state)
{
	static const struct {
		format_set results, accepts;
	} want[] = {
		{ FORMAT_BIT(FORMAT_AVIF) | FORMAT_BIT(FORMAT_PNG),
		    FORMAT_BIT(FORMAT_PNG) },
		{ FORMAT_BIT(FORMAT_AVIF), FORMAT_BIT(FORMAT_AVIF) },
	};
	struct plan_policy anything = { 0 };
	struct plan p;
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < NELEM(want); i++) {
		poison_plan(want[i].results, &p);
		if (!plan_check(&p, &anything, &e))
			fail_msg("%s", e.detail);
		assert_int_equal(p.out.accepts, want[i].accepts);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
