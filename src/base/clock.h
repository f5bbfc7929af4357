/* SPDX-License-Identifier: Apache-2.0 */
/* Time. Monotonic for durations and deadlines, wall for people and HTTP. */
#pragma once

#include "base/base.h"

/* Never a deadline. */
#define CLOCK_NEVER INT64_MAX

int64_t clock_ns(void);          /* CLOCK_MONOTONIC */
int64_t clock_wall_ns(void);     /* CLOCK_REALTIME since 1970 */
void clock_sleep_ns(int64_t ns); /* resumes after EINTR */

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7), UTC, any locale. */
enum { CLOCK_HTTP_SIZE = 30 };
void clock_http(int64_t wall_s, char out[CLOCK_HTTP_SIZE]);
/* All three forms of RFC 9110; false if it is none of them. */
bool clock_http_read(const char *text, size_t len, int64_t *wall_s) must_check;
/* "1994-11-06T08:49:37.123Z" */
enum { CLOCK_ISO_SIZE = 25 };
void clock_iso(int64_t wall_ns, char out[CLOCK_ISO_SIZE]);
