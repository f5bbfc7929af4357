/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is small enough never to fail, and memory that may. */
#include "base/base.h"

#include <stdio.h>
#include <string.h>

static _Noreturn void
mem_gone(size_t n, size_t size)
{
	fprintf(stderr, "out of memory: %zu x %zu bytes\n", n, size);
	abort();
}

void *
xcalloc(size_t n, size_t size)
{
	/* calloc(0) may be NULL, which would look like a failure. */
	void *p = calloc(n != 0 ? n : 1, size != 0 ? size : 1);

	if (p == NULL)
		mem_gone(n, size);
	return p;
}

char *
xstrdup(const char *s)
{
	char *copy = strdup(s);

	if (copy == NULL)
		mem_gone(1, strlen(s) + 1);
	return copy;
}

void *
mem_try(size_t size)
{
	return malloc(size != 0 ? size : 1);
}
