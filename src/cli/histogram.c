/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets: linear below 64 us, then 64 for each doubling. */
#include "cli/histogram.h"

#include <math.h>

enum { ROWS = 16, LABEL = 30 };

static size_t
bucket_of(int64_t ns)
{
	uint64_t us = ns > 0 ? (uint64_t)ns / 1000 : 0;
	int doubling;
	size_t i;

	if (us < HISTOGRAM_SUB)
		return (size_t)us;
	/* us >> doubling is from 64 to 127. */
	doubling = 57 - __builtin_clzll(us);
	i = (size_t)(doubling + 1) * HISTOGRAM_SUB + (size_t)(us >> doubling) -
	    HISTOGRAM_SUB;
	return i < HISTOGRAM_BUCKETS ? i : HISTOGRAM_BUCKETS - 1;
}

/* Where the bucket begins. */
static int64_t
bucket_ns(size_t i)
{
	size_t doubling = i / HISTOGRAM_SUB;

	if (doubling == 0)
		return (int64_t)i * 1000;
	return (int64_t)((i % HISTOGRAM_SUB + HISTOGRAM_SUB)
		   << (doubling - 1)) *
	    1000;
}

void
histogram_add(struct histogram *h, int64_t ns)
{
	h->bucket[bucket_of(ns)]++;
	if (h->count == 0 || ns < h->min_ns)
		h->min_ns = ns;
	if (h->count == 0 || ns > h->max_ns)
		h->max_ns = ns;
	h->count++;
	h->sum_ns += (double)ns;
}

int64_t
histogram_part(const struct histogram *h, double part)
{
	uint64_t wanted = (uint64_t)ceil(part * (double)h->count);
	uint64_t seen = 0;

	for (size_t i = 0; i < HISTOGRAM_BUCKETS && h->count > 0; i++) {
		seen += h->bucket[i];
		if (seen >= wanted && seen > 0) {
			/* The middle, but never beyond what there was. */
			int64_t ns = (bucket_ns(i) + bucket_ns(i + 1)) / 2;

			ns = ns < h->max_ns ? ns : h->max_ns;
			return ns > h->min_ns ? ns : h->min_ns;
		}
	}
	return h->max_ns;
}

void
histogram_time(int64_t ns, char out[HISTOGRAM_TIME])
{
	double us = (double)ns / 1000;

	if (us < 999.5)
		(void)snprintf(out, HISTOGRAM_TIME, "%.0f us", us);
	else if (us < 9995)
		(void)snprintf(out, HISTOGRAM_TIME, "%.2f ms", us / 1e3);
	else if (us < 99950)
		(void)snprintf(out, HISTOGRAM_TIME, "%.1f ms", us / 1e3);
	else if (us < 999500)
		(void)snprintf(out, HISTOGRAM_TIME, "%.0f ms", us / 1e3);
	else
		(void)snprintf(out, HISTOGRAM_TIME, "%.2f s", us / 1e6);
}

/* Tenths of a decade, rounded as people do: 1, 1.25, 1.6, 2, ... us. */
static int64_t
step_ns(int step)
{
	static const double tenth[] = { 1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.3,
		8 };

	const int decade = step / 10;

	return (int64_t)(1000 * tenth[step % 10] * pow(10, decade));
}

static uint64_t
count_between(const struct histogram *h, int64_t from, int64_t to)
{
	uint64_t n = 0;

	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		int64_t middle = (bucket_ns(i) + bucket_ns(i + 1)) / 2;

		/* None is outside of the rows. */
		middle = middle < h->max_ns ? middle : h->max_ns;
		middle = middle > h->min_ns ? middle : h->min_ns;
		middle = middle > step_ns(0) ? middle : step_ns(0);
		if (middle >= from && middle < to)
			n += h->bucket[i];
	}
	return n;
}

static void
print_row(const struct histogram *h, int64_t from, int64_t to, uint64_t most,
    int columns, FILE *out)
{
	uint64_t n = count_between(h, from, to);
	int room = columns > LABEL + 10 ? columns - LABEL : 10;
	int bar = most > 0 ? (int)(n * (uint64_t)room / most) : 0;
	char low[HISTOGRAM_TIME];
	char high[HISTOGRAM_TIME];

	histogram_time(from, low);
	histogram_time(to, high);
	fprintf(out, "%8s - %-8s%9llu", low, high, (unsigned long long)n);
	fputs(n > 0 ? "  " : "", out);
	/* What there is, is seen. */
	for (int i = 0; i < bar || (i == 0 && n > 0); i++)
		fputc('#', out);
	fputc('\n', out);
}

void
histogram_print(const struct histogram *h, int columns, FILE *out)
{
	int first = 0;
	int last = 0;
	int wide = 1;
	uint64_t most = 0;

	if (h->count == 0)
		return;
	while (first < 120 && step_ns(first + 1) <= h->min_ns)
		first++;
	last = first + 1;
	while (last < 120 && step_ns(last) <= h->max_ns)
		last++;
	wide = (last - first + ROWS - 1) / ROWS;
	for (int i = first; i < last; i += wide) {
		uint64_t n = count_between(h, step_ns(i), step_ns(i + wide));

		most = n > most ? n : most;
	}
	for (int i = first; i < last; i += wide)
		print_row(h, step_ns(i), step_ns(i + wide), most, columns, out);
}
