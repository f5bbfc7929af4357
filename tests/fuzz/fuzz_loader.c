/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event of the topic from any bytes: it is refused with a reason, or becomes
 * exactly one line of COPY with as many fields as every other.
 */
#include <assert.h>
#include <string.h>

#include "loader/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
occurrences(const struct strbuf *b, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < b->len; i++)
		n += b->at[i] == c;
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct row_maker *maker;
	struct strbuf out = { NULL, 0, 0 };
	struct strbuf columns = { NULL, 0, 0 };
	char why[SCHEMA_WHY_MAX] = "";
	int64_t day = -1;
	struct err e;
	bool ready = maker != NULL || row_maker_new(&maker, &e);

	assert(ready);
	if (row_make(maker, (struct slice){ (const char *)data, size }, &out,
		&day, why)) {
		row_table(&columns);
		assert(occurrences(&out, '\n') == 1);
		assert(out.at[out.len - 1] == '\n');
		assert(occurrences(&out, '\t') == occurrences(&columns, ','));
		assert(occurrences(&out, '\0') == 0);
		assert(day >= 0 && day < 3000000);
	} else {
		assert(out.len == 0);
		assert(why[0] != '\0' && strchr(why, '\n') == NULL);
	}
	strbuf_fini(&out);
	strbuf_fini(&columns);
	return 0;
}
