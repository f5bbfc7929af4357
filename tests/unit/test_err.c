/* SPDX-License-Identifier: Apache-2.0 */
/* Errors: the table, and that every field is bounded and fresh. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "unit.h"

static const struct {
	enum err_code code;
	const char *name;
} all[] = {
#define ERR(name, code, status, level, max_age, text) { ERR_##name, #name },
#include "base/err.def"
#undef ERR
};

/* The code is the name in lower case with dashes, and no row is odd. */
static void
table_is_sound(void **state)
{
	(void)state;
	assert_int_equal(NELEM(all), ERR_COUNT - 1);
	for (size_t i = 0; i < NELEM(all); i++) {
		const struct err_row *row = err_row(all[i].code);
		char want[64];
		size_t n = 0;

		for (; all[i].name[n] != '\0'; n++) {
			char c = all[i].name[n];

			want[n] = (char)(c == '_' ? '-' : c + ('a' - 'A'));
		}
		want[n] = '\0';
		assert_string_equal(row->code, want);
		assert_in_range(row->status, 400, 599);
		assert_in_range(row->level, LOG_LEVEL_ERROR, LOG_LEVEL_DEBUG);
		assert_in_range(row->max_age_s, 0, 3600);
		assert_true(strlen(row->text) > 10);
	}
	assert_int_equal(err_row(ERR_BAD_VALUE)->status, 400);
	assert_string_equal(err_row(ERR_BAD_VALUE)->code, "bad-value");
	assert_int_equal(err_row(ERR_TOO_LARGE)->level, LOG_LEVEL_NOTICE);
}

static void
codes_differ(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(all); i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(err_row(all[i].code)->code,
			    err_row(all[j].code)->code);
}

static void
set_empties_the_rest(void **state)
{
	struct err e;

	(void)state;
	memset(&e, 'x', sizeof(e));
	assert_false(err_set(&e, ERR_BUSY, "queue of %d", 7));
	assert_int_equal(e.code, ERR_BUSY);
	assert_int_equal(e.retry_after_s, 0);
	assert_string_equal(e.detail, "queue of 7");
	assert_string_equal(e.param, "");
	assert_string_equal(e.value, "");
	assert_string_equal(e.accepted, "");
	assert_string_equal(e.hint, "");
}

static void
detail_is_cut(void **state)
{
	char longer[1000];
	struct err e;

	(void)state;
	memset(longer, 'd', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_false(err_set(&e, ERR_INTERNAL, "%s", longer));
	assert_int_equal(strlen(e.detail), ERR_DETAIL_MAX - 1);
	assert_false(err_errno(&e, ERR_SYSTEM, ENOENT, "%s", longer));
	assert_int_equal(strlen(e.detail), ERR_DETAIL_MAX - 1);
	assert_false(err_hint(&e, "%s", longer));
	assert_int_equal(strlen(e.hint), ERR_TEXT_MAX - 1);
}

static void
param_fills_all(void **state)
{
	struct err e;

	(void)state;
	memset(&e, 'x', sizeof(e));
	assert_false(err_param(
	    &e, ERR_BAD_VALUE, "sigma", "12\"x", 4, "%g to %d px", 0.3, 1000));
	assert_int_equal(e.code, ERR_BAD_VALUE);
	assert_string_equal(e.param, "sigma");
	assert_string_equal(e.value, "12\"x");
	assert_string_equal(e.accepted, "0.3 to 1000 px");
	assert_string_equal(e.hint, "");
	assert_string_equal(
	    e.detail, "sigma=12\\\"x: accepted: 0.3 to 1000 px");
	assert_false(err_hint(&e, "did you mean %s", "blur"));
	assert_string_equal(e.hint, "did you mean blur");
	assert_string_equal(e.param, "sigma");
}

static void
param_without_value(void **state)
{
	struct err e;

	(void)state;
	assert_false(
	    err_param(&e, ERR_REPEATED_PARAMETER, "width", NULL, 0, "%s", ""));
	assert_string_equal(e.value, "");
	assert_string_equal(e.detail, "width=: not accepted");
}

static void
param_bounds_hostile_bytes(void **state)
{
	char value[4096];
	char name[256];
	struct err e;

	(void)state;
	memset(value, '\n', sizeof(value));
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_false(err_param(
	    &e, ERR_BAD_VALUE, name, value, sizeof(value), "%s", name));
	assert_int_equal(strlen(e.param), ERR_PARAM_MAX - 1);
	assert_int_equal(strlen(e.value), ERR_TEXT_MAX - 1);
	assert_int_equal(strlen(e.accepted), ERR_TEXT_MAX - 1);
	/* The log gets no raw newline, and still what is accepted. */
	assert_null(strchr(e.detail, '\n'));
	assert_non_null(strstr(e.detail, "accepted: nnn"));

	/* A zero byte must not hide what follows. */
	assert_false(
	    err_param(&e, ERR_BAD_VALUE, "w", "1\0002", 3, "a number"));
	assert_string_equal(e.value, "1?2");
}

/* A value is cut between characters, never inside one. */
static void
value_is_cut_whole(void **state)
{
	static const char *const letters[] = { "\xc3\xa4", "\xe2\x82\xac",
		"\xf0\x9f\x90\xac" };
	struct err e;

	(void)state;
	for (size_t k = 0; k < NELEM(letters); k++) {
		size_t len = strlen(letters[k]);

		for (size_t lead = 0; lead < 4; lead++) {
			char value[400];
			size_t kept;

			memset(value, 'a', sizeof(value));
			for (size_t i = lead; i + len < sizeof(value); i += len)
				memcpy(value + i, letters[k], len);
			assert_false(err_param(
			    &e, ERR_BAD_VALUE, "p", value, sizeof(value), "x"));
			kept = strlen(e.value);
			assert_true(kept > ERR_TEXT_MAX - 1 - len);
			assert_int_equal((kept - lead) % len, 0);
			assert_memory_equal(e.value, value, kept);
		}
	}
}

static void
errno_text(void **state)
{
	struct err e;

	(void)state;
	assert_false(err_errno(&e, ERR_SYSTEM, ENOENT, "open %s", "x"));
	assert_string_equal(e.detail, "open x: No such file or directory");
	assert_false(err_errno(&e, ERR_SYSTEM, 9999, "open"));
	assert_string_equal(e.detail, "open: errno 9999");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_is_sound),
		cmocka_unit_test(codes_differ),
		cmocka_unit_test(set_empties_the_rest),
		cmocka_unit_test(detail_is_cut),
		cmocka_unit_test(param_fills_all),
		cmocka_unit_test(param_without_value),
		cmocka_unit_test(param_bounds_hostile_bytes),
		cmocka_unit_test(value_is_cut_whole),
		cmocka_unit_test(errno_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
