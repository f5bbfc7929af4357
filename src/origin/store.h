/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a kind of store is: one row of functions. Private to origin/: a new
 * kind is a file of its own, a row in origin.c, and a word of store.type.
 */
#pragma once

#include "origin/origin.h"

struct conf_store;

struct store_kind {
	/* Can it be read at all? Fails with CONFIG: one line for the operator. */
	bool (*check)(const struct conf_store *store, struct err *e);
	/* What makes it the same store: "/srv/images". */
	const char *(*place)(const struct conf_store *store);
	/*
	 * On an origin thread. Fetches what f asks for and calls f->begin()
	 * once; f is not touched after it.
	 */
	void (*fetch)(const struct conf_store *store, struct origin_fetch *f);
};

extern const struct store_kind store_file;

/* Ends a fetch before its body: ok is false, err is e. */
void origin_refuse(struct origin_fetch *f, const struct err *e);
/* False, with the error: nobody waits any more, or the deadline has come. */
bool origin_goes_on(const struct origin_fetch *f, int64_t deadline_ns,
    struct err *e) must_check;
