/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is released all at once: what lives as long as one request.
 * One thread at a time. Allocation never fails (it aborts), so a client's
 * bytes come here only after their size was checked.
 */
#pragma once

#include "base/slice.h"

struct arena;

struct arena *arena_new(size_t first_chunk);
void arena_free(struct arena *a); /* NULL is allowed */
/* Forgets everything, keeps the first chunk for the next use. */
void arena_reset(struct arena *a);
/* Cleared, aligned for anything. */
void *arena_alloc(struct arena *a, size_t size) __attribute__((malloc));
char *arena_copy(struct arena *a, struct slice s); /* NUL-terminated */
char *arena_printf(struct arena *a, const char *format, ...) printf_like(2, 3);
