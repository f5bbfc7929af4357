/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The level of the cache that is memory. Private to cache/: cache.c is its
 * only user.
 */
#pragma once

#include "cache/cache.h"

struct mem;

struct mem *mem_new(size_t memory, size_t records);
void mem_free(struct mem *m); /* NULL is allowed */
void mem_resize(struct mem *m, size_t memory, size_t records);
/* A reference, or NULL; it may be a record (body is NULL). */
struct cache_entry *mem_find(struct mem *m, const struct digest *key);
void mem_put(struct mem *m, struct cache_entry *entry);
void mem_forget(struct mem *m, const struct digest *key);
void mem_look(struct mem *m, struct cache_state *out);
