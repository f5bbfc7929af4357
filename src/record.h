/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage 8 of the pipeline: what happened to a request, as one event, one
 * access log line and counters.
 */
#pragma once

struct events;
struct request;

/* events: NULL: only counters. Any thread; never waits. */
void record(const struct request *r, struct events *events);
/* Names the labels of the metrics that record() counts. At start. */
void record_labels(void);
