/* SPDX-License-Identifier: Apache-2.0 */
/* What the loader counts (count.def), and whether it is ready. Any thread. */
#pragma once

#include <stdio.h>

#include "base/base.h"

enum count {
#define COUNT(id, kind, name, text) COUNT_##id,
#include "loader/count.def"
	COUNT_COUNT
};
#undef COUNT

void count_add(enum count c, uint64_t n);
void count_set(enum count c, uint64_t n);
uint64_t count_value(enum count c);
/* Prometheus' text format 0.0.4, the process's own besides. */
void count_print(FILE *out);

/* What each of two needs before events can be loaded. */
enum count_of { COUNT_OF_DATABASE, COUNT_OF_SOURCE, COUNT_OF_COUNT };
/* why: a constant text; NULL: it is ready. */
void count_not_ready(enum count_of of, const char *why);
/* NULL: both are. */
const char *count_why(void);
