/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database's schema, by numbered migrations. Each runs once, in a
 * transaction of its own, under an advisory lock: loaders that start at the
 * same time wait for each other. What was applied stands in pictor.migration.
 */
#pragma once

#include "base/err.h"

struct sql;

/*
 * may: apply what is missing; else only look. *done: how many were applied.
 * Fails with CONFIG where the database is newer than the program, a migration
 * was changed after it was applied, or some are missing and may not be applied;
 * else with SYSTEM.
 */
bool migrate(struct sql *s, bool may, int *done, struct err *e) must_check;
/* The number of the last migration that this program has. */
int migrate_last(void);
