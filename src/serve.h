/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service: starts everything in order, reacts to signals and to the
 * watchdog, stops everything in the reverse order.
 */
#pragma once

#include "base/err.h"

struct conf;

/*
 * conf: a reference is given. file: where a reload reads from; may be NULL.
 * Runs until SIGTERM or SIGINT. Fails with CONFIG or SYSTEM when it cannot
 * start; e->detail is the one clear line.
 */
bool serve(struct conf *conf, const char *file, struct err *e) must_check;

/*
 * What conf_load() cannot know: names of dialects and formats, addresses,
 * folders. conf: borrowed.
 */
bool serve_check(const struct conf *conf, struct err *e) must_check;
