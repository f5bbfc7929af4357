/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar is checked by hand, so that strtod() never sees what we do not
 * mean ("0x10", "nan", " 1"); the value is then its, since it rounds exactly.
 * newlocale("C") gives glibc's constant, it neither allocates nor fails.
 */
#include "base/num.h"

#include <assert.h>
#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>

/* Longer texts are refused: no double needs them. */
enum { NUM_DOUBLE_TEXT = 128 };

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Cuts the leading digits off *s. */
static struct slice
cut_digits(struct slice *s)
{
	struct slice digits = { s->at, 0 };

	while (digits.len < s->len && is_digit(s->at[digits.len]))
		digits.len++;
	*s = slice_skip(*s, digits.len);
	return digits;
}

/* Cuts c off the front of *s if it is there. */
static bool
cut_char(struct slice *s, char c)
{
	if (s->len == 0 || s->at[0] != c)
		return false;
	*s = slice_skip(*s, 1);
	return true;
}

/* Digits alone, at least one; sign is 1 or -1, so that INT64_MIN fits. */
static bool
digits_value(struct slice digits, int sign, int64_t *out)
{
	int64_t value = 0;

	if (digits.len == 0)
		return false;
	for (size_t i = 0; i < digits.len; i++) {
		int digit = digits.at[i] - '0';

		if (!is_digit(digits.at[i]) ||
		    __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, sign * digit, &value))
			return false;
	}
	*out = value;
	return true;
}

bool
num_int(struct slice s, int64_t min, int64_t max, int64_t *out)
{
	int sign = cut_char(&s, '-') ? -1 : 1;
	int64_t value;

	if (!digits_value(s, sign, &value) || value < min || value > max)
		return false;
	*out = value;
	return true;
}

/* -? (digits (. digits)? | . digits) (e [+-]? digits)? */
static bool
is_double(struct slice s)
{
	size_t whole;

	cut_char(&s, '-');
	whole = cut_digits(&s).len;
	if (cut_char(&s, '.')) {
		if (cut_digits(&s).len == 0)
			return false;
	} else if (whole == 0) {
		return false;
	}
	if (cut_char(&s, 'e') || cut_char(&s, 'E')) {
		if (!cut_char(&s, '-'))
			cut_char(&s, '+');
		if (cut_digits(&s).len == 0)
			return false;
	}
	return s.len == 0;
}

static locale_t
c_locale(void)
{
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);

	assert(c != (locale_t)0);
	return c;
}

bool
num_double(struct slice s, double min, double max, double *out)
{
	char text[NUM_DOUBLE_TEXT];
	double value;

	if (s.len >= sizeof(text) || !is_double(s))
		return false;
	value = strtod_l(slice_copy(s, text, sizeof(text)), NULL, c_locale());
	if (!isfinite(value) || value < min || value > max)
		return false;
	/* One zero only: -0 would print and hash differently. */
	*out = value + 0.0;
	return true;
}

struct unit {
	const char *suffix;
	int64_t factor;
};

static const struct unit *
unit_find(const struct unit *units, size_t n, struct slice suffix)
{
	for (size_t i = 0; i < n; i++)
		if (slice_is(suffix, units[i].suffix))
			return &units[i];
	return NULL;
}

bool
num_size(struct slice s, int64_t min, int64_t max, int64_t *out)
{
	static const struct unit units[] = {
		{ "", 1 },
		{ "k", (int64_t)KIB },
		{ "M", (int64_t)MIB },
		{ "G", (int64_t)GIB },
	};
	struct slice digits = cut_digits(&s);
	const struct unit *unit = unit_find(units, NELEM(units), s);
	int64_t value;

	if (unit == NULL || !digits_value(digits, 1, &value) ||
	    __builtin_mul_overflow(value, unit->factor, &value) ||
	    value < min || value > max)
		return false;
	*out = value;
	return true;
}

/* The digits behind a point, as billionths: at most nine of them. */
static bool
fraction_value(struct slice digits, int64_t *billionths)
{
	int64_t value;

	if (digits.len > 9 || !digits_value(digits, 1, &value))
		return false;
	for (size_t i = digits.len; i < 9; i++)
		value *= 10;
	*billionths = value;
	return true;
}

bool
num_duration(struct slice s, int64_t min_ns, int64_t max_ns, int64_t *out)
{
	static const struct unit units[] = {
		{ "", NS_PER_S },
		{ "ms", NS_PER_MS },
		{ "s", NS_PER_S },
		{ "m", 60 * NS_PER_S },
		{ "h", 3600 * NS_PER_S },
		{ "d", 86400 * NS_PER_S },
	};
	struct slice whole = cut_digits(&s);
	const struct unit *unit;
	int64_t part = 0;
	int64_t value;

	if (cut_char(&s, '.') && !fraction_value(cut_digits(&s), &part))
		return false;
	unit = unit_find(units, NELEM(units), s);
	if (unit == NULL || !digits_value(whole, 1, &value) ||
	    __builtin_mul_overflow(value, unit->factor, &value))
		return false;
	/* Every unit is whole milliseconds, so nothing overflows here. */
	part = part * (unit->factor / NS_PER_MS) / 1000;
	if (__builtin_add_overflow(value, part, &value) || value < min_ns ||
	    value > max_ns)
		return false;
	*out = value;
	return true;
}

bool
num_bool(struct slice s, bool *out)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{ "on", true },
		{ "off", false },
		{ "true", true },
		{ "false", false },
		{ "yes", true },
		{ "no", false },
		{ "1", true },
		{ "0", false },
	};

	for (size_t i = 0; i < NELEM(words); i++) {
		if (!slice_is(s, words[i].word))
			continue;
		*out = words[i].value;
		return true;
	}
	return false;
}

static bool
reads_back(const char *text, double value)
{
	double back = strtod(text, NULL);

	return !(back < value) && !(back > value);
}

/* d.ddde-xx with as few digits as read back; in the C locale. */
static void
print_shortest(double value, char *out, size_t size)
{
	/* 15 digits always survive the way there and back, except below
	 * DBL_MIN, where a double holds fewer. */
	int digits = fabs(value) < DBL_MIN ? 1 : 15;

	for (; digits < 17; digits++) {
		snprintf(out, size, "%.*e", digits - 1, value);
		if (reads_back(out, value))
			return;
	}
	/*
	 * Above a power of two doubles are twice as far apart as below it, so
	 * the next 16 digits may read back where the nearest do not. There is
	 * no carry: it would have left 15 digits, which were tried.
	 */
	if (out[16] < '9') {
		out[16]++;
		if (reads_back(out, value))
			return;
	}
	snprintf(out, size, "%.16e", value);
}

/* Digits without the point and trailing zeros, and the decimal exponent. */
static size_t
split_digits(const char *text, char digits[NUM_TEXT_MAX], int *exponent)
{
	const char *at = text;
	size_t n = 0;
	int64_t e = 0;

	for (; *at != 'e'; at++)
		if (is_digit(*at))
			digits[n++] = *at;
	/* "e+07" or "e-07" */
	(void)digits_value(slice_of(at + 2), at[1] == '-' ? -1 : 1, &e);
	*exponent = (int)e;
	while (n > 1 && digits[n - 1] == '0')
		n--;
	return n;
}

size_t
num_print_int(int64_t value, char out[NUM_TEXT_MAX])
{
	char digits[NUM_TEXT_MAX];
	size_t at = sizeof(digits);
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;

	digits[--at] = '\0';
	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (value < 0)
		digits[--at] = '-';
	memcpy(out, digits + at, sizeof(digits) - at);
	return sizeof(digits) - at - 1;
}

size_t
num_print(double value, char out[NUM_TEXT_MAX])
{
	const char *sign = value < 0 ? "-" : "";
	char text[NUM_TEXT_MAX];
	char digits[NUM_TEXT_MAX] = { 0 };
	locale_t before;
	size_t n;
	int exponent;
	int len;
	int count;

	assert(isfinite(value));
	if (fabs(value) < 1e15 && !(value < trunc(value)) &&
	    !(value > trunc(value)))
		return num_print_int((int64_t)value, out);

	before = uselocale(c_locale());
	print_shortest(fabs(value), text, sizeof(text));
	uselocale(before);
	n = split_digits(text, digits, &exponent);
	count = (int)n;

	if (exponent < -6 || exponent >= 21)
		len = snprintf(out, NUM_TEXT_MAX, "%s%c%s%.*se%d", sign,
		    digits[0], n > 1 ? "." : "", count - 1, digits + 1,
		    exponent);
	else if (exponent < 0)
		len = snprintf(out, NUM_TEXT_MAX, "%s0.%.*s%.*s", sign,
		    -exponent - 1, "000000", count, digits);
	else if (count <= exponent + 1)
		len = snprintf(out, NUM_TEXT_MAX, "%s%.*s%.*s", sign, count,
		    digits, exponent + 1 - count, "00000000000000000000");
	else
		len = snprintf(out, NUM_TEXT_MAX, "%s%.*s.%.*s", sign,
		    exponent + 1, digits, count - exponent - 1,
		    digits + exponent + 1);
	assert(len > 0 && len < NUM_TEXT_MAX);
	return (size_t)len;
}
