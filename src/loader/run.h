/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop: events from a source into a batch, the batch into the database.
 * While that is away the batch is kept and nothing more is read.
 */
#pragma once

#include "base/err.h"

struct conf;
struct options;
struct run;

/* Until the source ends or SIGTERM; returns the exit status. */
int run(const struct conf *conf, const struct options *o);
/*
 * For the source of events, before it loses what the batch holds: loads it now
 * or says that it cannot. One try.
 */
bool run_flush(struct run *r) must_check;
