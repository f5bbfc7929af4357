/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few words of C that every file uses: attributes, array length, and
 * release by scope.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define must_check              __attribute__((warn_unused_result))
#define printf_like(fmt, first) __attribute__((format(printf, fmt, first)))
#define NELEM(a)                (sizeof(a) / sizeof((a)[0]))

/* Memory sizes and times, spelled out. */
#define KIB       ((size_t)1024)
#define MIB       (KIB * 1024)
#define GIB       (MIB * 1024)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

/*
 * Release by scope: a variable declared scoped_free or scoped_fd is released
 * when it goes out of scope; take_ptr() and take_fd() let it leave instead.
 * Always initialise at declaration.
 */
static inline void
scoped_free_fn(void *pointer_to_pointer)
{
	void *p;

	/* Copied, since a char * may not be read as a void *. */
	__builtin_memcpy(&p, pointer_to_pointer, sizeof(p));
	free(p);
}

void scoped_fd_fn(int *fd);

#define scoped_free __attribute__((cleanup(scoped_free_fn)))
#define scoped_fd   __attribute__((cleanup(scoped_fd_fn))) int

#define take_ptr(p)                         \
	(__extension__({                    \
		__typeof__(p) taken_ = (p); \
		(p) = NULL;                 \
		taken_;                     \
	}))
#define take_fd(fd)                \
	(__extension__({           \
		int taken_ = (fd); \
		(fd) = -1;         \
		taken_;            \
	}))

/* Small allocations: never fail, they abort (GLib does so anyway). */
void *xcalloc(size_t n, size_t size) __attribute__((malloc));
char *xstrdup(const char *s) __attribute__((malloc));

/*
 * Memory whose size a client influences: NULL when there is none, the caller
 * fails with TOO_LARGE or BUSY. Not cleared. Release with free().
 */
void *mem_try(size_t size) must_check __attribute__((malloc));
