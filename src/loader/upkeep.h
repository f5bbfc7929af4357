/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Partitions: days ahead are made before they come, days of events that arrive
 * late when they do, and what is older than loader.keep is dropped.
 */
#pragma once

#include "base/err.h"
#include "loader/batch.h"

struct conf;
struct sql;
struct upkeep;

struct upkeep *upkeep_new(const struct conf *conf);
void upkeep_free(struct upkeep *u); /* NULL is allowed */
/*
 * Which days are loaded at a moment of wall time that two clocks tell
 * differently: the earlier one says what is too old, the later one what lies in
 * the future.
 */
struct batch_days upkeep_window(
    int64_t mine_ns, int64_t theirs_ns, int64_t keep_ns);
/* Which days are loaded today, by this machine's clock and PostgreSQL's. */
struct batch_days upkeep_days(const struct upkeep *u);
/* The partitions of the batch's rows. */
bool upkeep_ensure(struct upkeep *u, struct sql *sql, const struct batch *b,
    struct err *e) must_check;
/* Another database, perhaps: nothing is known of it. */
void upkeep_forget(struct upkeep *u);
/*
 * Where it is due (once an hour, and at the start): makes and drops. A failure
 * is logged, and tried again in a minute: a reader may hold a lock.
 */
void upkeep_run(struct upkeep *u, struct sql *sql);
