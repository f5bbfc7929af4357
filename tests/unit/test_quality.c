/* SPDX-License-Identifier: Apache-2.0 */
/* The common quality scale, and turns: tables that must hang together. */
#include "image/quality.h"
#include "image/turn.h"
#include "unit.h"

static void
test_scale(void **state)
{
	static const enum format lossy[] = { FORMAT_WEBP, FORMAT_AVIF };

	(void)state;
	for (size_t i = 0; i < NELEM(lossy); i++) {
		int last = 0;

		for (int q = 1; q <= 100; q++) {
			int mapped = quality_for(lossy[i], q);

			assert_true(mapped >= 1 && mapped <= 100);
			assert_true(mapped >= last);
			last = mapped;
		}
		assert_int_equal(last, 100);
	}
	/* What was measured first, and what everybody quotes. */
	assert_int_equal(quality_for(FORMAT_WEBP, 80), 83);
	assert_int_equal(quality_for(FORMAT_AVIF, 80), 67);
	/* Between two rows. */
	assert_int_equal(quality_for(FORMAT_WEBP, 75), 80);
	assert_int_equal(quality_for(FORMAT_AVIF, 55), 51);
	for (int q = 1; q <= 100; q++)
		assert_int_equal(quality_for(FORMAT_JPEG, q), q);
}

static void
test_turns(void **state)
{
	(void)state;
	for (uint32_t a = 1; a <= 8; a++) {
		unsigned inverses = 0;

		assert_int_equal(turn_join(1, a), a);
		assert_int_equal(turn_join(a, 1), a);
		for (uint32_t b = 1; b <= 8; b++) {
			uint32_t both = turn_join(a, b);

			assert_true(both >= 1 && both <= 8);
			assert_int_equal(
			    turn_swaps(both), turn_swaps(a) != turn_swaps(b));
			inverses += both == 1;
			for (uint32_t c = 1; c <= 8; c++)
				assert_int_equal(turn_join(both, c),
				    turn_join(a, turn_join(b, c)));
		}
		assert_int_equal(inverses, 1);
	}
	/* Clockwise, then mirrored; and the other way round. */
	assert_int_equal(turn_join(6, 2), 5);
	assert_int_equal(turn_join(2, 6), 7);
	assert_int_equal(turn_join(6, 6), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scale),
		cmocka_unit_test(test_turns),
	};

	return cmocka_run_group_tests_name("quality", tests, NULL, NULL);
}
