/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch into the star, in one transaction with the source's place: all of it
 * or nothing. What the database itself refuses becomes a dead letter, alone.
 */
#pragma once

#include "base/err.h"

struct batch;
struct loading;
struct source;
struct sql;

struct load_result {
	uint64_t loaded; /* new rows */
	uint64_t known;  /* were there */
	bool mine;       /* false: nothing was written, another loader has it */
};

struct loading *loading_new(void);
void loading_free(struct loading *l); /* NULL is allowed */
/* Fails with SYSTEM; sql_fault() says what can be done. */
bool load_batch(struct loading *l, struct sql *sql, struct batch *b,
    struct source *source, struct load_result *out, struct err *e) must_check;
