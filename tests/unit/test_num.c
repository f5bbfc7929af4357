/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers: what is one, what is not, and that text and value round-trip. */
#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>

#include "base/num.h"
#include "unit.h"

static void
int_is(const char *text, int64_t min, int64_t max, int64_t want)
{
	int64_t got = 0;

	if (!num_int(slice_of(text), min, max, &got) || got != want)
		fail_msg("\"%s\": %" PRId64, text, got);
}

static void
int_not(const char *text, int64_t min, int64_t max)
{
	int64_t got = 77;

	if (num_int(slice_of(text), min, max, &got) || got != 77)
		fail_msg("\"%s\": %" PRId64, text, got);
}

static void
ints(void **state)
{
	static const char *const bad[] = { "", "-", "+1", " 1", "1 ", "1.0",
		"1e3", "0x10", "--1", "1-", "9223372036854775808",
		"-9223372036854775809", "99999999999999999999999", "a", "1a",
		"\xd9\xa1", "1,000", "/", ":" };

	(void)state;
	int_is("0", INT64_MIN, INT64_MAX, 0);
	int_is("-0", INT64_MIN, INT64_MAX, 0);
	int_is("007", INT64_MIN, INT64_MAX, 7);
	int_is("9223372036854775807", INT64_MIN, INT64_MAX, INT64_MAX);
	int_is("-9223372036854775808", INT64_MIN, INT64_MAX, INT64_MIN);
	int_is("10", 10, 10, 10);
	int_not("9", 10, 10);
	int_not("11", 10, 10);
	for (size_t i = 0; i < NELEM(bad); i++)
		int_not(bad[i], INT64_MIN, INT64_MAX);
}

/* A zero byte is a byte like others; what is behind the length is not read. */
static void
whole_slice(void **state)
{
	int64_t i = 77;
	double d = 77;

	(void)state;
	assert_false(num_int(SLICE("1\0"), 0, 9, &i));
	assert_false(num_double(SLICE("1\0"), 0, 9, &d));
	assert_false(num_int((struct slice){ NULL, 0 }, 0, 9, &i));
	assert_false(num_double((struct slice){ NULL, 0 }, 0, 9, &d));
	assert_true(num_int((struct slice){ "123", 2 }, 0, 99, &i));
	assert_int_equal(i, 12);
	assert_true(num_double((struct slice){ "1.25", 3 }, 0, 9, &d));
	assert_true(d > 1.19 && d < 1.21);
}

static void
same_double(double got, double want)
{
	/* Bits: 0 and -0 differ. */
	uint64_t bits[2];

	memcpy(&bits[0], &got, sizeof(got));
	memcpy(&bits[1], &want, sizeof(want));
	if (bits[0] != bits[1])
		fail_msg("%.17g, want %.17g", got, want);
}

static void
double_is(const char *text, double want)
{
	double got = 77;

	if (!num_double(slice_of(text), -DBL_MAX, DBL_MAX, &got))
		fail_msg("\"%s\" refused", text);
	same_double(got, want);
}

static void
double_not(const char *text)
{
	double got = 77;

	if (num_double(slice_of(text), -DBL_MAX, DBL_MAX, &got))
		fail_msg("\"%s\" taken as %g", text, got);
	same_double(got, 77);
}

static void
doubles(void **state)
{
	static const char *const bad[] = { "", "-", ".", "-.", "1.", "1.e3",
		"e3", "1e", "1e+", "1e-", "+1", " 1", "1 ", "nan", "inf",
		"-inf", "infinity", "0x10", "0x1p3", "1,5", "1.2.3", "1e400",
		"-1e400", "1e3.5", "1f", "1_000", "--1" };
	char longer[200];
	double d = 77;

	(void)state;
	double_is("0", 0.0);
	double_is("-0", 0.0);
	double_is("-0.0e5", 0.0);
	double_is("300", 300.0);
	double_is("0.1", 0.1);
	double_is(".5", 0.5);
	double_is("-.5", -0.5);
	double_is("1e3", 1000.0);
	double_is("1E+3", 1000.0);
	double_is("-2.5e-3", -0.0025);
	double_is("1.7976931348623157e308", DBL_MAX);
	double_is("5e-324", DBL_TRUE_MIN);
	double_is("1e-999", 0.0);
	/* Half way between two doubles, and one digit beyond it. */
	double_is("9007199254740993", 9007199254740992.0);
	double_is("9007199254740993.00000000000000000001", 9007199254740994.0);
	for (size_t i = 0; i < NELEM(bad); i++)
		double_not(bad[i]);
	assert_true(num_double(SLICE("1.5"), 1.5, 1.5, &d));
	assert_false(
	    num_double(SLICE("1.4999999999999999"), 1.5, 2, &d) && d < 1.5);
	assert_false(num_double(SLICE("2.0000000000000005"), 1, 2, &d));

	memset(longer, '1', sizeof(longer));
	assert_false(
	    num_double((struct slice){ longer, 128 }, -DBL_MAX, DBL_MAX, &d));
	assert_true(
	    num_double((struct slice){ longer, 127 }, -DBL_MAX, DBL_MAX, &d));
}

static void
sizes(void **state)
{
	static const char *const bad[] = { "", "k", "1K", "1m", "1 M", "1MB",
		"-1", "1.5M", "9007199254740992k", "99999999999G", "1kk" };
	int64_t got = 77;

	(void)state;
	for (size_t i = 0; i < NELEM(bad); i++)
		if (num_size(slice_of(bad[i]), 0, INT64_MAX, &got))
			fail_msg("\"%s\": %" PRId64, bad[i], got);
	assert_int_equal(got, 77);
	assert_true(num_size(SLICE("64M"), 0, INT64_MAX, &got));
	assert_int_equal(got, 64 << 20);
	assert_true(num_size(SLICE("1k"), 1024, 1024, &got));
	assert_int_equal(got, 1024);
	assert_true(num_size(SLICE("3G"), 0, INT64_MAX, &got));
	assert_int_equal(got, INT64_C(3) << 30);
	assert_true(num_size(SLICE("0"), 0, 0, &got));
	assert_int_equal(got, 0);
	assert_false(num_size(SLICE("1k"), 1025, INT64_MAX, &got));
	assert_false(num_size(SLICE("1k"), 0, 1023, &got));
}

static void
durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} good[] = {
		{ "0", 0 },
		{ "500ms", 500 * NS_PER_MS },
		{ "10s", 10 * NS_PER_S },
		{ "10", 10 * NS_PER_S },
		{ "0.25", NS_PER_S / 4 },
		{ "1.5h", 5400 * NS_PER_S },
		{ "5m", 300 * NS_PER_S },
		{ "7d", 604800 * NS_PER_S },
		{ "0.1s", NS_PER_S / 10 },
		{ "0.000000001s", 1 },
		{ "1.5ms", 1500000 },
		{ "0.999999999d", INT64_C(86399999913600) },
		{ "9223372036.854775807", INT64_MAX },
	};
	static const char *const bad[] = { "", "s", "-1s", ".5s", "1.", "1.s",
		"1 s", "1S", "1e3", "1.0000000001s", "9223372036.854775808",
		"106752d", "99999999999999999999s", "1sec", "5us" };
	int64_t got;

	(void)state;
	for (size_t i = 0; i < NELEM(good); i++) {
		got = 77;
		if (!num_duration(slice_of(good[i].text), 0, INT64_MAX, &got) ||
		    got != good[i].ns)
			fail_msg("\"%s\": %" PRId64, good[i].text, got);
	}
	got = 77;
	for (size_t i = 0; i < NELEM(bad); i++)
		if (num_duration(slice_of(bad[i]), 0, INT64_MAX, &got))
			fail_msg("\"%s\": %" PRId64, bad[i], got);
	assert_false(num_duration(SLICE("1s"), NS_PER_S + 1, INT64_MAX, &got));
	assert_false(num_duration(SLICE("1s"), 0, NS_PER_S - 1, &got));
	assert_int_equal(got, 77);
}

static void
bools(void **state)
{
	static const char *const yes[] = { "on", "true", "yes", "1" };
	static const char *const no[] = { "off", "false", "no", "0" };
	static const char *const bad[] = { "", "On", "TRUE", "2", "y", "on " };

	(void)state;
	for (size_t i = 0; i < NELEM(yes); i++) {
		bool got = false;

		assert_true(num_bool(slice_of(yes[i]), &got) && got);
		got = true;
		assert_true(num_bool(slice_of(no[i]), &got) && !got);
	}
	for (size_t i = 0; i < NELEM(bad); i++) {
		bool got = true;

		assert_false(num_bool(slice_of(bad[i]), &got));
		assert_true(got);
	}
}

static void
print_is(double value, const char *want)
{
	char out[NUM_TEXT_MAX];

	assert_int_equal(num_print(value, out), strlen(want));
	assert_string_equal(out, want);
}

static void
prints(void **state)
{
	(void)state;
	print_is(0, "0");
	print_is(-0.0, "0");
	print_is(300, "300");
	print_is(-1, "-1");
	print_is(0.5, "0.5");
	print_is(0.1, "0.1");
	print_is(-1.25e-7, "-1.25e-7");
	print_is(1e-6, "0.000001");
	print_is(-1.2345678901234567e-6, "-0.0000012345678901234567");
	print_is(9.5e-7, "9.5e-7");
	print_is(1e-7, "1e-7");
	print_is(1.0 / 3, "0.3333333333333333");
	print_is(0.1 + 0.2, "0.30000000000000004");
	print_is(123456.789, "123456.789");
	print_is(1e15, "1000000000000000");
	print_is(1e20, "100000000000000000000");
	print_is(1e21, "1e21");
	print_is(123456789012345680000.0, "123456789012345680000");
	print_is(DBL_MAX, "1.7976931348623157e308");
	print_is(-DBL_MAX, "-1.7976931348623157e308");
	print_is(DBL_MIN, "2.2250738585072014e-308");
	print_is(DBL_TRUE_MIN, "5e-324");
	print_is(9007199254740993.0, "9007199254740992");
	print_is(0.30000000000000004, "0.30000000000000004");
	print_is(680.75, "680.75");
	/* 2^-44: the nearest 16 digits do not read back, the next do. */
	print_is(0x1p-1017, "7.120236347223045e-307");
	print_is(0x1p-44, "5.684341886080802e-14");
}

static void
round_trip(double value)
{
	char out[NUM_TEXT_MAX];
	double back;
	size_t len = num_print(value, out);

	assert_true(len < NUM_TEXT_MAX && strlen(out) == len);
	if (!num_double((struct slice){ out, len }, -DBL_MAX, DBL_MAX, &back))
		fail_msg("\"%s\" does not read back", out);
	same_double(back, value);
}

static void
round_trips(void **state)
{
	uint64_t bits = 88172645463325252u;

	(void)state;
	for (int e = -1074; e <= 1023; e++) {
		double power = ldexp(1, e);

		round_trip(power);
		round_trip(-nextafter(power, HUGE_VAL));
		if (e > -1074)
			round_trip(nextafter(power, 0));
	}
	for (int i = 0; i < 200000; i++) {
		double value;

		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		memcpy(&value, &bits, sizeof(value));
		if (isfinite(value))
			round_trip(value);
		/* And those that people write. */
		round_trip((double)(bits % 1000000 + 1) / 1000);
	}
}

/* A program may set any locale: texts stay the same. */
/* NOLINTBEGIN(concurrency-mt-unsafe): one thread. */
static void
locale_is_ignored(void **state)
{
	static const char *const names[] = { "de_DE.UTF-8", "fr_FR.UTF-8",
		"ps_AF.UTF-8" };
	bool comma = false;

	(void)state;
	for (size_t i = 0; i < NELEM(names) && !comma; i++)
		comma = setlocale(LC_ALL, names[i]) != NULL;
	if (!comma)
		print_message("no locale with a comma is installed here\n");
	double_is("1.5", 1.5);
	double_not("1,5");
	print_is(1.5, "1.5");
	print_is(1.25e-9, "1.25e-9");
	setlocale(LC_ALL, "C");
}
/* NOLINTEND(concurrency-mt-unsafe) */

static void
int_print_is(int64_t value, const char *want)
{
	char out[NUM_TEXT_MAX];

	assert_int_equal(num_print_int(value, out), strlen(want));
	assert_string_equal(out, want);
}

static void
prints_ints(void **state)
{
	(void)state;
	int_print_is(0, "0");
	int_print_is(-1, "-1");
	int_print_is(10, "10");
	int_print_is(INT64_MAX, "9223372036854775807");
	int_print_is(INT64_MIN, "-9223372036854775808");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ints),
		cmocka_unit_test(whole_slice),
		cmocka_unit_test(doubles),
		cmocka_unit_test(sizes),
		cmocka_unit_test(durations),
		cmocka_unit_test(bools),
		cmocka_unit_test(prints),
		cmocka_unit_test(prints_ints),
		cmocka_unit_test(round_trips),
		cmocka_unit_test(locale_is_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
