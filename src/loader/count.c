/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/count.h"

#include <inttypes.h>
#include <stdatomic.h>

#include "metric/process.h"

static const struct {
	const char *name;
	const char *kind;
	const char *text;
} rows[] = {
#define COUNT(id, kind, name, text) { name, #kind, text },
#include "loader/count.def"
#undef COUNT
};

static _Atomic uint64_t values[COUNT_COUNT];
static const char *_Atomic not_ready[COUNT_OF_COUNT] = {
	"there is no connection to PostgreSQL yet",
	"there are no events to read yet",
};

void
count_add(enum count c, uint64_t n)
{
	atomic_fetch_add_explicit(&values[c], n, memory_order_relaxed);
}

void
count_set(enum count c, uint64_t n)
{
	atomic_store_explicit(&values[c], n, memory_order_relaxed);
}

uint64_t
count_value(enum count c)
{
	return atomic_load_explicit(&values[c], memory_order_relaxed);
}

void
count_print(FILE *out)
{
	for (size_t i = 0; i < NELEM(rows); i++)
		fprintf(out, "# HELP %s %s\n# TYPE %s %s\n%s %" PRIu64 "\n",
		    rows[i].name, rows[i].text, rows[i].name, rows[i].kind,
		    rows[i].name, count_value((enum count)i));
	process_print(out);
}

void
count_not_ready(enum count_of of, const char *why)
{
	atomic_store_explicit(&not_ready[of], why, memory_order_relaxed);
}

const char *
count_why(void)
{
	for (size_t i = 0; i < COUNT_OF_COUNT; i++) {
		const char *why =
		    atomic_load_explicit(&not_ready[i], memory_order_relaxed);

		if (why != NULL)
			return why;
	}
	return NULL;
}
