/* SPDX-License-Identifier: Apache-2.0 */
/* Arenas: alignment, clearing, large pieces, use after reset. */
#include <stdalign.h>

#include "base/arena.h"
#include "unit.h"

static void
assert_zero(const unsigned char *at, size_t size)
{
	for (size_t i = 0; i < size; i++)
		assert_int_equal(at[i], 0);
}

static void
pieces_are_apart(void **state)
{
	struct arena *a = arena_new(1024);
	unsigned char *piece[200];

	(void)state;
	for (size_t i = 0; i < NELEM(piece); i++) {
		piece[i] = arena_alloc(a, i);
		assert_int_equal((uintptr_t)piece[i] % alignof(max_align_t), 0);
		assert_zero(piece[i], i);
		memset(piece[i], (int)i, i);
		assert_true(i == 0 || piece[i] != piece[i - 1]);
	}
	for (size_t i = 0; i < NELEM(piece); i++)
		for (size_t k = 0; k < i; k++)
			assert_int_equal(piece[i][k], (unsigned char)i);
	arena_free(a);
}

static void
large_piece(void **state)
{
	struct arena *a = arena_new(0);
	unsigned char *big = arena_alloc(a, 3 * MIB);
	unsigned char *small = arena_alloc(a, 1);

	(void)state;
	assert_zero(big, 3 * MIB);
	memset(big, 1, 3 * MIB);
	assert_int_equal(*small, 0);
	arena_free(a);
}

/* The first chunk comes back, cleared; the others are gone. */
static void
reset(void **state)
{
	struct arena *a = arena_new(4096);
	unsigned char *first = arena_alloc(a, 1000);

	(void)state;
	for (int round = 0; round < 3; round++) {
		unsigned char *again;

		memset(first, 0xff, 1000);
		memset(arena_alloc(a, MIB), 0xff, MIB);
		arena_reset(a);
		again = arena_alloc(a, 1000);
		assert_ptr_equal(again, first);
		assert_zero(again, 1000);
	}
	arena_reset(a);
	arena_reset(a);
	arena_free(a);
	arena_free(NULL);
}

static void
texts(void **state)
{
	struct arena *a = arena_new(256);
	char *empty = arena_copy(a, (struct slice){ NULL, 0 });
	char *copy = arena_copy(a, SLICE("a\0b"));
	char *text = arena_printf(a, "%s-%d", "x", 5);
	char *none = arena_printf(a, "%s", "");
	char *longer = arena_printf(a, "%5000d", 1);

	(void)state;
	assert_string_equal(empty, "");
	assert_memory_equal(copy, "a\0b", 4);
	assert_string_equal(text, "x-5");
	assert_string_equal(none, "");
	assert_int_equal(strlen(longer), 5000);
	assert_int_equal(longer[4999], '1');
	arena_free(a);
}

/* Filled to the last byte, a chunk gives no byte more. */
static void
exact_fit(void **state)
{
	struct arena *a = arena_new(512);

	(void)state;
	for (int i = 0; i < 64; i++)
		memset(arena_alloc(a, 128), 0xff, 128);
	arena_reset(a);
	memset(arena_alloc(a, 512), 0xff, 512);
	memset(arena_alloc(a, 512), 0xff, 512);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_apart),
		cmocka_unit_test(large_piece),
		cmocka_unit_test(reset),
		cmocka_unit_test(texts),
		cmocka_unit_test(exact_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
