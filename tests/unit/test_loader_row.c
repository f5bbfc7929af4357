/* SPDX-License-Identifier: Apache-2.0 */
/* The loader's days, lines of COPY and halves: what needs no database. */
#include "base/clock.h"
#include "base/slice.h"
#include "loader/batch.h"
#include "loader/row.h"
#include "loader/schema.h"
#include "loader/source.h"
#include "loader/upkeep.h"
#include "unit.h"

static void
days(void **state)
{
	static const struct {
		int64_t year, month, day, days;
		const char *text;
	} rows[] = {
		{ 1970, 1, 1, 0, "1970-01-01" },
		{ 1970, 12, 31, 364, "1970-12-31" },
		{ 1972, 2, 29, 789, "1972-02-29" },
		{ 1972, 3, 1, 790, "1972-03-01" },
		{ 2000, 2, 29, 11016, "2000-02-29" },
		{ 2026, 11, 22, 20779, "2026-11-22" },
		{ 2100, 3, 1, 47541, "2100-03-01" },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(rows); i++) {
		char text[ROW_DATE_MAX];
		int64_t found;

		assert_true(
		    row_day(rows[i].year, rows[i].month, rows[i].day, &found));
		assert_int_equal(found, rows[i].days);
		row_date(found, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void
every_day_has_its_date(void **state)
{
	int64_t year = 1970;
	int64_t month = 1;
	int64_t day = 1;

	(void)state;
	for (int64_t n = 0; n < 60000; n++) {
		int64_t found;

		assert_true(row_day(year, month, day, &found));
		assert_int_equal(found, n);
		if (row_day(year, month, day + 1, &found)) {
			day++;
			continue;
		}
		day = 1;
		year += month == 12;
		month = month == 12 ? 1 : month + 1;
	}
}

static void
no_days(void **state)
{
	static const int64_t rows[][3] = { { 2026, 2, 29 }, { 2100, 2, 29 },
		{ 2026, 4, 31 }, { 2026, 13, 1 }, { 2026, 0, 1 },
		{ 2026, 1, 0 }, { 1969, 12, 31 }, { -1, 1, 1 } };

	(void)state;
	for (size_t i = 0; i < NELEM(rows); i++) {
		int64_t found;

		assert_false(
		    row_day(rows[i][0], rows[i][1], rows[i][2], &found));
	}
}

/* A schema that says what it does not is refused, not half understood. */
static void
schemas(void **state)
{
#define TOP(properties)                                                   \
	"{\"$schema\":\"\",\"title\":\"\",\"description\":\"\",\"type\":" \
	"\"object\",\"additionalProperties\":false,\"required\":[\"a\"]," \
	"\"properties\":{" properties "}}"
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ TOP("\"a\":{\"type\":\"string\"}"), true },
		{ TOP("\"a\":{\"enum\":[1,null]}"), true },
		{ TOP("\"a\":{\"type\":\"string\",\"format\":\"x\"}"), false },
		{ TOP("\"a\":{\"type\":\"text\"}"), false },
		{ TOP("\"a\":{}"), false },
		{ TOP("\"b\":{\"type\":\"string\"}"), false },
		{ TOP("\"a\":{\"type\":\"string\",\"pattern\":\"(\"}"), false },
		{ "{}", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(rows); i++) {
		struct schema *s = NULL;
		struct err e;
		bool done = schema_new(slice_of(rows[i].text), &s, &e);

		assert_int_equal(done, rows[i].good);
		assert_true(done || e.code == ERR_CONFIG);
		schema_free(s);
	}
}

static struct row_maker *
maker(void)
{
	struct row_maker *m = NULL;
	struct err e;

	assert_true(row_maker_new(&m, &e));
	return m;
}

/* What is no event leaves no trace in the lines. */
static void
nothing_of_what_is_wrong(void **state)
{
	static const char *const wrong[] = { "", "{", "{}", "null", "[1]",
		"{\"id\":1}", "\xff", "{\"a\":1,\"a\":2}" };
	struct row_maker *m = maker();
	struct strbuf out = { NULL, 0, 0 };

	(void)state;
	strbuf_put(&out, "before\n");
	for (size_t i = 0; i < NELEM(wrong); i++) {
		char why[SCHEMA_WHY_MAX] = "";
		int64_t day;

		assert_false(row_make(m, slice_of(wrong[i]), &out, &day, why));
		assert_true(why[0] != '\0');
		assert_int_equal(out.len, strlen("before\n"));
	}
	strbuf_fini(&out);
	row_maker_free(m);
}

static void
letters_are_cut(void **state)
{
	enum { HUGE = 200 * 1024 };
	struct row_maker *m = maker();
	struct batch b = { .n = 0 };
	scoped_free char *text = xcalloc(HUGE, 1);
	struct record record = { .json = { text, HUGE }, .minor = 7 };

	(void)state;
	memset(text, 'x', HUGE);
	batch_add(&b, m, &record, (struct batch_days){ 0, 100000 });
	assert_int_equal(b.n, 0);
	assert_int_equal(b.nletter, 1);
	assert_int_equal(b.letter[0].raw_len, 64 * 1024);
	assert_int_equal(b.letter[0].size, HUGE);
	assert_int_equal(b.letter[0].minor, 7);
	assert_int_equal(b.records, 1);
	batch_clear(&b);
	assert_int_equal(batch_size(&b), 0);
	batch_fini(&b);
	row_maker_free(m);
}

/* A clock that is years ahead drops nothing, and one that is years behind does
 * not refuse what comes: both must agree. */
static void
two_clocks(void **state)
{
	const int64_t day = 86400 * NS_PER_S;
	const int64_t now = 20780 * day + 5 * NS_PER_S;
	struct batch_days same = upkeep_window(now, now, 30 * day);

	(void)state;
	assert_int_equal(same.first, 20750);
	assert_int_equal(same.last, 20781);
	for (int64_t apart = -9000; apart <= 9000; apart += 100) {
		struct batch_days both =
		    upkeep_window(now + apart * day, now, 30 * day);

		assert_true(both.first <= same.first);
		assert_true(both.last >= same.last);
		both = upkeep_window(now, now + apart * day, 30 * day);
		assert_true(both.first <= same.first);
		assert_true(both.last >= same.last);
	}
	assert_int_equal(upkeep_window(0, now, 30 * day).first, -30);
	assert_int_equal(upkeep_window(0, now, 30 * day).last, 20781);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days),
		cmocka_unit_test(every_day_has_its_date),
		cmocka_unit_test(no_days),
		cmocka_unit_test(schemas),
		cmocka_unit_test(nothing_of_what_is_wrong),
		cmocka_unit_test(letters_are_cut),
		cmocka_unit_test(two_clocks),
	};

	return cmocka_run_group_tests_name("loader_row", tests, NULL, NULL);
}
