/* SPDX-License-Identifier: Apache-2.0 */
/* Dates both ways against the C library's calendar, and what is no date. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "unit.h"

static const int64_t day_s = 86400;
static const int64_t last_s = INT64_C(253402300799);

static int64_t
must_read(const char *text)
{
	int64_t s = -77;

	if (!clock_http_read(text, strlen(text), &s))
		fail_msg("\"%s\" refused", text);
	return s;
}

static void
must_refuse(const char *text)
{
	int64_t s = -77;

	if (clock_http_read(text, strlen(text), &s) || s != -77)
		fail_msg("\"%s\" taken", text);
}

/* All three forms of RFC 9110 section 5.6.7 name the same second. */
static void
three_forms(void **state)
{
	(void)state;
	assert_int_equal(must_read("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
	assert_int_equal(
	    must_read("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777);
	assert_int_equal(must_read("Sun Nov  6 08:49:37 1994"), 784111777);
	assert_int_equal(must_read("Sun Nov 16 08:49:37 1994"), 784975777);
	assert_int_equal(must_read("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
	assert_int_equal(must_read("Wed, 31 Dec 1969 23:59:59 GMT"), -1);
	assert_int_equal(must_read("Fri, 31 Dec 9999 23:59:59 GMT"), last_s);
	assert_int_equal(
	    must_read("Sat, 29 Feb 2020 00:00:00 GMT"), 1582934400);
	assert_int_equal(must_read("Tue, 29 Feb 2000 00:00:00 GMT"), 951782400);
	/* A leap second may be written; it is the next second. */
	assert_int_equal(
	    must_read("Sat, 31 Dec 2016 23:59:60 GMT"), 1483228800);
}

static void
not_a_date(void **state)
{
	static const char *const bad[] = { "", "x", "Sun, 06 Nov 1994 08:49:37",
		"Sun, 06 Nov 1994 08:49:37 GMT ",
		" Sun, 06 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:37 UTC",
		"Sun, 06 Nov 1994 08:49:37 +0000",
		"sun, 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
		"Sun, 00 Nov 1994 08:49:37 GMT",
		"Sun, 31 Nov 1994 08:49:37 GMT",
		"Sun, 29 Feb 2021 08:49:37 GMT",
		"Sun, 29 Feb 1900 08:49:37 GMT",
		"Sun, 06 Now 1994 08:49:37 GMT",
		"Xun, 06 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 24:00:00 GMT",
		"Sun, 06 Nov 1994 08:60:37 GMT",
		"Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 94 08:49:37 GMT",
		"Sun, 06 Nov 0000 08:49:37 GMT",
		"Sun, -6 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 19945 08:49:37 GMT", "Sun, 06-Nov-94 08:49:37 GMT",
		"Sunday, 06-Nov-1994 08:49:37 GMT",
		"Sunday, 06 Nov 94 08:49:37 GMT", "Sun Nov 6 08:49:37 1994",
		"Sun Nov  6 08:49:37 1994 GMT", "Sun Nov  6 08:49:37 94",
		"784111777", "1994-11-06T08:49:37Z", "0" };
	static const char good[] = "Sun, 06 Nov 1994 08:49:37 GMT";
	int64_t s = -77;

	(void)state;
	for (size_t i = 0; i < NELEM(bad); i++)
		must_refuse(bad[i]);
	/* Cut anywhere, and with a zero byte inside. */
	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		char copy[sizeof(good)];

		assert_false(clock_http_read(good, i, &s));
		memcpy(copy, good, sizeof(good));
		copy[i] = '\0';
		assert_false(clock_http_read(copy, sizeof(copy) - 1, &s));
	}
	assert_false(clock_http_read(NULL, 0, &s));
	assert_int_equal(s, -77);
}

/* A year of two digits is at most 50 years ahead. */
static void
two_digit_years(void **state)
{
	time_t today = (time_t)(clock_wall_ns() / NS_PER_S);
	struct tm tm;

	(void)state;
	assert_non_null(gmtime_r(&today, &tm));
	for (int two = 0; two < 100; two++) {
		char text[64];
		time_t got;
		struct tm back;
		int ahead;

		snprintf(text, sizeof(text), "Monday, 15-Jun-%02d 12:00:00 GMT",
		    two);
		got = (time_t)must_read(text);
		assert_non_null(gmtime_r(&got, &back));
		assert_int_equal(back.tm_year % 100, two);
		ahead = back.tm_year - tm.tm_year;
		assert_true(ahead <= 50 && ahead > -100);
	}
}

static void
agree(int64_t s)
{
	time_t t = (time_t)s;
	char got[CLOCK_HTTP_SIZE];
	char iso[CLOCK_ISO_SIZE];
	char want[64];
	struct tm tm;

	assert_non_null(gmtime_r(&t, &tm));
	clock_http(s, got);
	strftime(want, sizeof(want), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	assert_string_equal(got, want);
	assert_int_equal(must_read(got), s);
	if (s > INT64_MAX / NS_PER_S)
		return;
	clock_iso(s * NS_PER_S + 123456789, iso);
	strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.123Z", &tm);
	assert_string_equal(iso, want);
}

static void
calendar(void **state)
{
	(void)state;
	/* Every day of 140 years, then a prime step to the end of 9999. */
	for (int64_t s = 0; s < INT64_C(140) * 366 * 86400; s += 86400)
		agree(s + s / 86400 % 86400);
	for (int64_t s = 0; s < last_s; s += 12345701)
		agree(s);
	agree(last_s);
	/* First and last second of each year. */
	for (int year = 1970; year < 2200; year++) {
		struct tm tm = { .tm_year = year - 1900, .tm_mday = 1 };
		int64_t first = timegm(&tm);

		agree(first);
		agree(first + 59 * day_s - 1);
		agree(first + 59 * day_s);
		agree(first + 60 * day_s);
		if (first > 0)
			agree(first - 1);
	}
}

static void
out_of_range(void **state)
{
	char out[CLOCK_HTTP_SIZE];
	char iso[CLOCK_ISO_SIZE];

	(void)state;
	clock_http(INT64_MIN, out);
	assert_string_equal(out, "Thu, 01 Jan 1970 00:00:00 GMT");
	clock_http(-1, out);
	assert_string_equal(out, "Thu, 01 Jan 1970 00:00:00 GMT");
	clock_http(INT64_MAX, out);
	assert_string_equal(out, "Fri, 31 Dec 9999 23:59:59 GMT");
	clock_iso(-1, iso);
	assert_string_equal(iso, "1970-01-01T00:00:00.000Z");
	clock_iso(INT64_MAX, iso);
	assert_string_equal(iso, "2262-04-11T23:47:16.854Z");
}

static void
now(void **state)
{
	int64_t a = clock_ns();
	int64_t b;
	int64_t wall = clock_wall_ns() / NS_PER_S;

	(void)state;
	clock_sleep_ns(20 * NS_PER_MS);
	b = clock_ns();
	assert_true(b - a >= 20 * NS_PER_MS);
	clock_sleep_ns(0);
	clock_sleep_ns(-5);
	assert_true(wall >= (int64_t)time(NULL) - 2);
	assert_true(wall <= (int64_t)time(NULL) + 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_forms),
		cmocka_unit_test(not_a_date),
		cmocka_unit_test(two_digit_years),
		cmocka_unit_test(calendar),
		cmocka_unit_test(out_of_range),
		cmocka_unit_test(now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
