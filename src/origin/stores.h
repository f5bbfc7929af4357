/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of origin alone: the stores of a configuration, opened and counted.
 */
#pragma once

#include <stdatomic.h>

#include "origin/breaker.h"
#include "origin/store.h"

/* A store, and what origin.c keeps of it. */
struct store_life {
	struct store store;
	_Atomic uint32_t count;
	/* Closes it; called once, by whoever drops it last, on any thread. */
	void (*unused)(void *owner, struct store_life *life);
	void *owner;
	uint64_t serial;         /* of this process: no two stores have one */
	struct breakers breaker; /* guarded by origin.c's lock */
	struct store_life *next; /* origin.c's own, of those to close */
};

struct origin_stores {
	const struct conf *conf; /* a reference */
	struct store_life **store;
	size_t n;
	_Atomic uint32_t count;
};

/* What the stores of one origin have in common. */
struct stores_spec {
	struct fetcher *fetcher;
	void (*unused)(void *owner, struct store_life *life);
	void *owner;
	const struct origin_stores *before; /* to go on with; may be NULL */
};

bool stores_open(const struct stores_spec *spec, const struct conf *conf,
    struct origin_stores **out, struct err *e) must_check;
/* Whether some store of the configuration needs a fetcher. */
bool stores_need_fetcher(const struct conf *conf);
/* NULL: there is none of that name. Borrowed. */
struct store_life *stores_find(const struct origin_stores *s, const char *name);
struct store_life *store_ref(struct store_life *life);
void store_drop(struct store_life *life);
/* What unused() is to do, on a thread that may wait. */
void store_close(struct store_life *life);
