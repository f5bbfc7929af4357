/* SPDX-License-Identifier: Apache-2.0 */
/* Slices: cutting, finding and comparing at every edge; secrets, too. */

#include "base/secret.h"
#include "base/slice.h"
#include "unit.h"

static const struct slice nothing = { NULL, 0 };

static void
assert_slice(struct slice got, const char *want)
{
	if (!slice_is(got, want))
		fail_msg("got \"%.*s\", want \"%s\"", SLICE_ARG(got), want);
}

static void
equality(void **state)
{
	(void)state;
	assert_true(slice_eq(nothing, SLICE("")));
	assert_true(slice_is(nothing, ""));
	assert_true(slice_eq(slice_of(NULL), nothing));
	assert_true(slice_eq(SLICE("a\0b"), SLICE("a\0b")));
	assert_false(slice_eq(SLICE("a\0b"), SLICE("a\0c")));
	assert_false(slice_is(SLICE("ab"), "a"));
	assert_true(slice_eq_nocase(SLICE("Accept-ENC"), SLICE("aCCEPT-enc")));
	assert_false(slice_eq_nocase(SLICE("a"), SLICE("ab")));
	assert_true(slice_eq_nocase(nothing, nothing));
	/* Only letters have a case: these differ by 0x20, too. */
	assert_false(slice_eq_nocase(SLICE("@["), SLICE("`{")));
	assert_false(slice_eq_nocase(SLICE("\xc3\x84"), SLICE("\xc3\xa4")));
}

static void
ends(void **state)
{
	(void)state;
	assert_true(slice_starts(SLICE("/dit/x"), SLICE("/dit/")));
	assert_false(slice_starts(SLICE("/di"), SLICE("/dit/")));
	assert_true(slice_starts(SLICE("x"), nothing));
	assert_true(slice_starts(nothing, nothing));
	assert_true(slice_ends(SLICE("a.jpg"), SLICE(".jpg")));
	assert_true(slice_ends(SLICE(".jpg"), SLICE(".jpg")));
	assert_false(slice_ends(SLICE("jpg"), SLICE(".jpg")));
	assert_true(slice_ends(nothing, nothing));
	assert_true(slice_ends(SLICE("x"), nothing));
}

static void
skip_and_find(void **state)
{
	(void)state;
	assert_slice(slice_skip(SLICE("abc"), 1), "bc");
	assert_slice(slice_skip(SLICE("abc"), 3), "");
	assert_slice(slice_skip(SLICE("abc"), SIZE_MAX), "");
	assert_null(slice_skip(nothing, 5).at);
	assert_int_equal(slice_find(SLICE("abcb"), 'b'), 1);
	assert_int_equal(slice_find(SLICE("abc"), 'x'), 3);
	assert_int_equal(slice_find(nothing, 'x'), 0);
	assert_int_equal(slice_find(SLICE("a\0b"), '\0'), 1);
	/* Not behind the end. */
	assert_int_equal(slice_find((struct slice){ "abc", 2 }, 'c'), 2);
}

static void
cut(void **state)
{
	static const char *const pieces[] = { "", "a", "", "bc", "" };
	struct slice rest = SLICE("&a&&bc&");
	struct slice one = SLICE("one");
	size_t n = 0;

	(void)state;
	while (rest.at != NULL) {
		assert_true(n < NELEM(pieces));
		assert_slice(slice_cut(&rest, '&'), pieces[n++]);
	}
	assert_int_equal(n, NELEM(pieces));
	assert_slice(slice_cut(&one, '&'), "one");
	assert_null(one.at);
	assert_int_equal(one.len, 0);
	assert_slice(slice_cut(&one, '&'), "");
}

static void
trim(void **state)
{
	(void)state;
	assert_slice(slice_trim(SLICE(" \t a b\t ")), "a b");
	assert_slice(slice_trim(SLICE(" \t ")), "");
	assert_slice(slice_trim(nothing), "");
	assert_slice(slice_trim(SLICE("\na\r")), "\na\r");
}

static void
copy(void **state)
{
	char out[4] = "zzz";

	(void)state;
	assert_string_equal(slice_copy(SLICE("ab"), out, sizeof(out)), "ab");
	assert_string_equal(slice_copy(SLICE("abc"), out, sizeof(out)), "abc");
	assert_string_equal(slice_copy(SLICE("abcd"), out, sizeof(out)), "abc");
	assert_string_equal(slice_copy(nothing, out, sizeof(out)), "");
	assert_string_equal(slice_copy(SLICE("abcd"), out, 1), "");
}

static void
secrets(void **state)
{
	char key[] = "top secret";

	(void)state;
	assert_true(secret_eq(SLICE("abc"), SLICE("abc")));
	assert_true(secret_eq(nothing, SLICE("")));
	assert_false(secret_eq(SLICE("abc"), SLICE("abd")));
	assert_false(secret_eq(SLICE("xbc"), SLICE("abc")));
	assert_false(secret_eq(SLICE("abc"), SLICE("ab")));
	/* All bits count, and two differences do not cancel out. */
	assert_false(secret_eq(SLICE("\x80"), SLICE("\0")));
	assert_false(secret_eq(SLICE("ab"), SLICE("ba")));
	secret_wipe(key, sizeof(key));
	for (size_t i = 0; i < sizeof(key); i++)
		assert_int_equal(key[i], 0);
	secret_wipe(NULL, 0);
}

static void
tokens(void **state)
{
	static const char *const good[] = { "a", "Content-Type",
		"!#$%&'*+-.^_`|~", "0" };
	static const char *const bad[] = { "", " a", "a b", "a:", "a/b",
		"\xc3\xa9", "(a)", "\x7f", "\"" };

	(void)state;
	for (size_t i = 0; i < NELEM(good); i++)
		assert_true(slice_is_token(slice_of(good[i])));
	for (size_t i = 0; i < NELEM(bad); i++)
		assert_false(slice_is_token(slice_of(bad[i])));
	assert_false(slice_is_token((struct slice){ "a\0b", 3 }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equality),
		cmocka_unit_test(ends),
		cmocka_unit_test(skip_and_find),
		cmocka_unit_test(cut),
		cmocka_unit_test(trim),
		cmocka_unit_test(copy),
		cmocka_unit_test(secrets),
		cmocka_unit_test(tokens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
