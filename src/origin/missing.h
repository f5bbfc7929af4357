/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Originals that were not there a moment ago. Bounded: of those that fall on
 * one place the older ones are forgotten, and all of them on a reload.
 *
 * A plain struct; origin.c's lock guards it.
 */
#pragma once

#include "base/digest.h"

enum { MISSING_ROWS = 1024, MISSING_WAYS = 4 };

struct missing {
	struct missing_row {
		struct digest id;
		int64_t until_ns; /* clock_ns(); 0: empty */
	} row[MISSING_ROWS][MISSING_WAYS];
};

void missing_put(struct missing *m, const struct digest *id, int64_t until_ns);
bool missing_has(
    const struct missing *m, const struct digest *id, int64_t now_ns);
void missing_clear(struct missing *m);
