/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters, gauges and histograms from metric.def. Any thread, no lock.
 */
#pragma once

#include <stdio.h>

#include "base/base.h"

enum metric {
#define METRIC(id, kind, name, label1, label2, text) METRIC_##id,
#include "metric/metric.def"
	METRIC_COUNT
};
#undef METRIC

enum metric_label {
	LABEL_NONE,
	LABEL_STATUS, /* index = HTTP status / 100, 0..5, plus others that serve registers */
	LABEL_CACHE,
	LABEL_STAGE,
	LABEL_FORMAT,
	LABEL_ERROR,
	LABEL_EXIT,
	LABEL_SINK,
	LABEL_SPOOL,
	LABEL_SENT,
	LABEL_FAILURE,
	LABEL_RESULT,
	LABEL_FETCH_END,
	LABEL_CONNECTION,
	LABEL_FETCH,
	LABEL_COUNT
};

enum { METRIC_LABEL_VALUES = 64 };

/*
 * The words of a label: values 0..n-1 are the index arguments below. At start,
 * before any thread; the array must live as long as the program.
 */
void metric_label(enum metric_label label, const char *const *words, size_t n);

/* l1, l2: indices of the row's labels; 0 where it has none. */
void metric_add(enum metric m, unsigned l1, unsigned l2, uint64_t n);
void metric_gauge(enum metric m, int64_t value); /* set */
void metric_gauge_add(enum metric m, int64_t difference);
void metric_seconds(enum metric m, unsigned l1, unsigned l2, int64_t ns);
/* For tests and the event writer. */
uint64_t metric_value(enum metric m, unsigned l1, unsigned l2);
/*
 * Prometheus' text format 0.0.4, only series that were touched (plain ones
 * always), and the process's own (memory, descriptors, CPU, start time).
 * Returns malloc'd text, its length in *size.
 */
char *metric_print(size_t *size);
