/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times in buckets, each 1/64 wider than the one before: every figure is
 * within 1.6 %, in fixed memory however many there are.
 */
#pragma once

#include <stdio.h>

#include "base/base.h"

enum { HISTOGRAM_SUB = 64, HISTOGRAM_BUCKETS = HISTOGRAM_SUB * 40 };

struct histogram {
	uint64_t bucket[HISTOGRAM_BUCKETS];
	uint64_t count;
	int64_t min_ns, max_ns;
	double sum_ns;
};

void histogram_add(struct histogram *h, int64_t ns);
/* The time within which that part of them (0 to 1) was; 0 where there are
 * none. */
int64_t histogram_part(const struct histogram *h, double part);
/* Rows with bars, at most so many columns wide. */
void histogram_print(const struct histogram *h, int columns, FILE *out);
/* "12.3 ms": three digits. */
enum { HISTOGRAM_TIME = 16 };
void histogram_time(int64_t ns, char out[HISTOGRAM_TIME]);
