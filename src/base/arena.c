/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of chunks, the newest first and the one from arena_new() last. What
 * is asked for comes from the newest; a chunk that is too small is left with
 * its tail unused.
 */
#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>

enum { ARENA_ALIGN = alignof(max_align_t), ARENA_CHUNK_MIN = 256 };

struct chunk {
	struct chunk *older; /* NULL: the first */
	size_t size;         /* of bytes[] */
	size_t used;
	alignas(ARENA_ALIGN) unsigned char bytes[];
};

struct arena {
	struct chunk *newest;
	size_t chunk_size;
};

static void
arena_grow(struct arena *a, size_t size)
{
	struct chunk *c;

	assert(size <= SIZE_MAX - sizeof(*c));
	c = xcalloc(1, sizeof(*c) + size);
	c->size = size;
	c->older = a->newest;
	a->newest = c;
}

struct arena *
arena_new(size_t first_chunk)
{
	struct arena *a = xcalloc(1, sizeof(*a));

	a->chunk_size =
	    first_chunk > ARENA_CHUNK_MIN ? first_chunk : ARENA_CHUNK_MIN;
	arena_grow(a, a->chunk_size);
	return a;
}

void
arena_reset(struct arena *a)
{
	while (a->newest->older != NULL) {
		struct chunk *c = a->newest;

		a->newest = c->older;
		free(c);
	}
	a->newest->used = 0;
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	arena_reset(a);
	free(a->newest);
	free(a);
}

void *
arena_alloc(struct arena *a, size_t size)
{
	struct chunk *c = a->newest;
	void *at;

	assert(size <= SIZE_MAX / 2);
	/* An empty piece has an address of its own, too. */
	size = (size + !size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (size > c->size - c->used) {
		arena_grow(a, size > a->chunk_size ? size : a->chunk_size);
		c = a->newest;
	}
	at = c->bytes + c->used;
	c->used += size;
	/* The first chunk is used again after a reset. */
	return memset(at, 0, size);
}

char *
arena_copy(struct arena *a, struct slice s)
{
	char *copy = arena_alloc(a, s.len + 1);

	if (s.len > 0)
		memcpy(copy, s.at, s.len);
	return copy;
}

char *
arena_printf(struct arena *a, const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	assert(len >= 0);

	text = arena_alloc(a, (size_t)len + 1);
	va_start(args, format);
	vsnprintf(text, (size_t)len + 1, format, args);
	va_end(args);
	return text;
}
