/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Originals that have crashed a decoder: remembered by SHA-256 and format, for
 * a time, at most so many (the oldest is forgotten first).
 *
 * Any thread; its lock is taken last and held while nothing else is asked.
 */
#pragma once

#include "base/digest.h"
#include "plan/plan.h"

struct poison;

struct poison *poison_new(void);
void poison_free(struct poison *p); /* NULL is allowed */

/*
 * Whether these bytes are known. Costs nothing while nothing of that size and
 * format is known; only then the bytes are hashed.
 */
bool poison_has(struct poison *p, const uint8_t *bytes, size_t size,
    enum format format, int64_t now_ns);
/* max: most entries; 0: nothing is remembered. What is known stays as it is. */
void poison_add(struct poison *p, const uint8_t *bytes, size_t size,
    enum format format, size_t max, int64_t until_ns);
size_t poison_count(struct poison *p);

/*
 * What an original is tried with that has crashed a worker: all of it is
 * decoded, and nothing is done of what the request asked for, which may have
 * been the cause. results: formats that may be made, not 0.
 */
void poison_plan(format_set results, struct plan *out);
