/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration from any bytes: up to the first zero byte the file, then
 * variables of the environment, a zero byte between. What is accepted must be
 * printed such that it is accepted again and says the same.
 */
#include <assert.h>
#include <stdio.h>

#include "base/slice.h"
#include "conf/build.h"
#include "conf/conf.h"

enum { VARIABLES = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Printed values, without the comments that say where they are from. */
static char *
printed(const struct conf *c)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert(f != NULL);
	for (size_t i = 0; i < c->life->npart; i++) {
		const struct conf_part *part = &c->life->part[i];

		for (size_t k = 0; k < part->table->n; k++) {
			row_print(&part->table->rows[k], part->base, f);
			fputc('\n', f);
		}
	}
	fclose(f);
	return text;
}

static struct conf *
reload(const struct conf *c)
{
	scoped_free char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	struct conf *again = NULL;
	struct err e;
	bool done;

	assert(f != NULL);
	conf_print(c, f);
	fclose(f);
	done = conf_load_text(
	    (struct slice){ text, size }, "again", NULL, &again, &e);
	assert(done);
	return again;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_free char *bytes = xcalloc(size + 1, 1);
	struct slice rest = { bytes, size };
	struct slice file;
	char *env[VARIABLES + 1] = { NULL };
	struct conf *c = NULL;
	struct err e;

	memcpy(bytes, data, size);
	file = slice_cut(&rest, '\0');
	for (size_t i = 0; i < VARIABLES && rest.at != NULL; i++)
		env[i] = bytes + (slice_cut(&rest, '\0').at - bytes);
	if (!conf_load_text(file, "fuzz", env, &c, &e)) {
		assert(e.code == ERR_CONFIG && e.detail[0] != '\0');
		return 0;
	}
	struct conf *again = reload(c);
	scoped_free char *before = printed(c);
	scoped_free char *after = printed(again);

	assert(strcmp(before, after) == 0);
	conf_drop(c);
	conf_drop(again);
	return 0;
}
