/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dates are computed here: gmtime() takes glibc's time zone lock, and
 * strftime() and strptime() follow the locale.
 */
#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const int64_t day_s = 86400;

/* 9999-12-31T23:59:59Z: the last that has four digits of year. */
static const int64_t clock_last_s = INT64_C(253402300799);

static const char day_names[7][10] = { "Sunday", "Monday", "Tuesday",
	"Wednesday", "Thursday", "Friday", "Saturday" };
static const char month_names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May",
	"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

struct date {
	int64_t year;
	int month; /* 1 to 12 */
	int day;
	int hour;
	int minute;
	int second;
	int weekday; /* 0: Sunday */
};

static int64_t
clock_read(clockid_t id)
{
	struct timespec now;
	int failed = clock_gettime(id, &now);

	assert(failed == 0);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t
clock_ns(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

int64_t
clock_wall_ns(void)
{
	return clock_read(CLOCK_REALTIME);
}

void
clock_sleep_ns(int64_t ns)
{
	struct timespec left = { ns / NS_PER_S, ns % NS_PER_S };
	int failed;

	if (ns <= 0)
		return;
	do
		failed = clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left);
	while (failed == EINTR);
	assert(failed == 0);
}

/*
 * Days since 1970 of a date of the Gregorian calendar. A year that begins in
 * March has its leap day at the end, so a month's first day is a line through
 * 153 days in 5 months; 400 years are 146097 days.
 */
static int64_t
days_of(int64_t year, int month, int day)
{
	int64_t y = month > 2 ? year : year - 1;
	int64_t m = month > 2 ? month - 3 : month + 9;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day -
	    1 - 719468;
}

/*
 * wall_s is within the years 1970 to 9999. The way of days_of() back: year is
 * a first guess by the mean year, right or one off; months are counted from
 * March, so that they are a line through the days since its first.
 */
static struct date
date_of(int64_t wall_s)
{
	int64_t days = wall_s / day_s;
	int rest = (int)(wall_s % day_s);
	int64_t year = 1970 + (days - 59) * 400 / 146097;
	int64_t since = days - days_of(year, 3, 1);
	struct date d = { .hour = rest / 3600,
		.minute = rest / 60 % 60,
		.second = rest % 60,
		.weekday = (int)((days + 4) % 7) };
	int month;

	if (since < 0)
		since = days - days_of(--year, 3, 1);
	else if (days >= days_of(year + 1, 3, 1))
		since = days - days_of(++year, 3, 1);
	month = (int)((5 * since + 2) / 153);
	d.day = (int)(since - (153 * month + 2) / 5) + 1;
	d.month = month < 10 ? month + 3 : month - 9;
	d.year = month < 10 ? year : year + 1;
	return d;
}

static int64_t
clamp_s(int64_t wall_s)
{
	if (wall_s < 0)
		return 0;
	return wall_s < clock_last_s ? wall_s : clock_last_s;
}

/* Writes value as exactly that many digits. */
static char *
put_digits(char *at, int64_t value, int digits)
{
	for (int i = digits - 1; i >= 0; i--) {
		at[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return at + digits;
}

static char *
put_text(char *at, const char *text, size_t len)
{
	memcpy(at, text, len);
	return at + len;
}

static char *
put_time(char *at, const struct date *d)
{
	at = put_digits(at, d->hour, 2);
	*at++ = ':';
	at = put_digits(at, d->minute, 2);
	*at++ = ':';
	return put_digits(at, d->second, 2);
}

void
clock_http(int64_t wall_s, char out[CLOCK_HTTP_SIZE])
{
	struct date d = date_of(clamp_s(wall_s));
	char *at = out;

	at = put_text(at, day_names[d.weekday], 3);
	at = put_text(at, ", ", 2);
	at = put_digits(at, d.day, 2);
	*at++ = ' ';
	at = put_text(at, month_names[d.month - 1], 3);
	*at++ = ' ';
	at = put_digits(at, d.year, 4);
	*at++ = ' ';
	at = put_time(at, &d);
	at = put_text(at, " GMT", 5);
	assert(at == out + CLOCK_HTTP_SIZE);
}

void
clock_iso(int64_t wall_ns, char out[CLOCK_ISO_SIZE])
{
	int64_t ns = wall_ns < 0 ? 0 : wall_ns;
	struct date d = date_of(clamp_s(ns / NS_PER_S));
	char *at = out;

	at = put_digits(at, d.year, 4);
	*at++ = '-';
	at = put_digits(at, d.month, 2);
	*at++ = '-';
	at = put_digits(at, d.day, 2);
	*at++ = 'T';
	at = put_time(at, &d);
	*at++ = '.';
	at = put_digits(at, ns % NS_PER_S / NS_PER_MS, 3);
	at = put_text(at, "Z", 2);
	assert(at == out + CLOCK_ISO_SIZE);
}

struct cursor {
	const char *at;
	size_t len;
};

static bool
read_literal(struct cursor *t, const char *literal, size_t len)
{
	if (t->len < len || memcmp(t->at, literal, len) != 0)
		return false;
	t->at += len;
	t->len -= len;
	return true;
}

static bool
read_digits(struct cursor *t, size_t digits, int *out)
{
	int value = 0;

	if (t->len < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (t->at[i] < '0' || t->at[i] > '9')
			return false;
		value = value * 10 + (t->at[i] - '0');
	}
	t->at += digits;
	t->len -= digits;
	*out = value;
	return true;
}

/* The name only: whether it fits the date changes nothing. */
static bool
read_weekday(struct cursor *t, bool whole)
{
	for (size_t i = 0; i < NELEM(day_names); i++)
		if (read_literal(
			t, day_names[i], whole ? strlen(day_names[i]) : 3))
			return true;
	return false;
}

static bool
read_month(struct cursor *t, int *month)
{
	for (size_t i = 0; i < NELEM(month_names); i++) {
		if (!read_literal(t, month_names[i], 3))
			continue;
		*month = (int)i + 1;
		return true;
	}
	return false;
}

/* More than 50 years ahead means the last century (RFC 9110 section 5.6.7). */
static int
year_of_two(int two)
{
	int now = (int)date_of(clamp_s(clock_wall_ns() / NS_PER_S)).year;
	int year = now / 100 * 100 + two;

	return year > now + 50 ? year - 100 : year;
}

/* One letter of a form; other characters stand for themselves. */
static bool
read_field(struct cursor *t, char field, struct date *d)
{
	int year;

	switch (field) {
	case 'w':
		return read_weekday(t, false);
	case 'W':
		return read_weekday(t, true);
	case 'd':
		return read_digits(t, 2, &d->day);
	case 'e':
		return read_literal(t, " ", 1) ? read_digits(t, 1, &d->day)
					       : read_digits(t, 2, &d->day);
	case 'b':
		return read_month(t, &d->month);
	case 'y':
		if (!read_digits(t, 2, &year))
			return false;
		d->year = year_of_two(year);
		return true;
	case 'Y':
		if (!read_digits(t, 4, &year))
			return false;
		d->year = year;
		return true;
	case 't':
		return read_digits(t, 2, &d->hour) && read_literal(t, ":", 1) &&
		    read_digits(t, 2, &d->minute) && read_literal(t, ":", 1) &&
		    read_digits(t, 2, &d->second);
	case 'G':
		return read_literal(t, "GMT", 3);
	default:
		return read_literal(t, &field, 1);
	}
}

static int
month_days(int64_t year, int month)
{
	return (int)((month == 12 ? days_of(year + 1, 1, 1)
				  : days_of(year, month + 1, 1)) -
	    days_of(year, month, 1));
}

static bool
read_form(struct cursor t, const char *form, struct date *d)
{
	for (; *form != '\0'; form++)
		if (!read_field(&t, *form, d))
			return false;
	/* 60: a leap second, which HTTP allows to be written. */
	return t.len == 0 && d->year >= 1 && d->day >= 1 &&
	    d->day <= month_days(d->year, d->month) && d->hour <= 23 &&
	    d->minute <= 59 && d->second <= 60;
}

bool
clock_http_read(const char *text, size_t len, int64_t *wall_s)
{
	static const char *const forms[] = {
		"w, d b Y t G", /* IMF-fixdate */
		"W, d-b-y t G", /* RFC 850 */
		"w b e t Y",    /* asctime() */
	};

	for (size_t i = 0; i < NELEM(forms); i++) {
		struct date d = { 0 };

		if (!read_form((struct cursor){ text, len }, forms[i], &d))
			continue;
		*wall_s = days_of(d.year, d.month, d.day) * day_s +
		    INT64_C(3600) * d.hour + INT64_C(60) * d.minute + d.second;
		return true;
	}
	return false;
}
