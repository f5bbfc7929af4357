/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of an HTTP answer, in lines of any bytes: what is kept is bounded,
 * and can be found again.
 */
#include <assert.h>
#include <string.h>

#include "net/fetch_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct fetch_head *h)
{
	assert(h->total <= FETCH_HEAD_MAX);
	assert(h->used <= h->room && h->used <= (size_t)2 * FETCH_HEAD_MAX);
	assert(h->status == 0 || (h->status >= 100 && h->status <= 999));
	assert(!h->whole || h->status >= 200);
	assert(!h->has_length || h->length >= 0);
	for (size_t at = 0; at < h->used;) {
		const char *name = h->text + at;
		const char *value = name + strlen(name) + 1;
		struct slice found = fetch_head_find(h, name, 0);

		assert(name[0] != '\0' && found.at != NULL);
		assert(strpbrk(name, " \r\n:") == NULL);
		assert(strchr(value, '\n') == NULL);
		at += strlen(name) + strlen(value) + 2;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct fetch_head h = { 0 };
	enum fetch_end end = FETCH_DONE;
	struct err e;

	while (end == FETCH_DONE && text.len > 0) {
		size_t n = slice_find(text, '\n');
		struct slice line = text;

		line.len = n < text.len ? n + 1 : n;
		text = slice_skip(text, line.len);
		end = fetch_head_line(&h, line, &e);
		assert(end == FETCH_DONE || end == FETCH_BROKEN ||
		    end == FETCH_TOO_LARGE);
		check(&h);
	}
	assert(fetch_head_find(&h, "", 0).at == NULL);
	assert(fetch_head_find(&h, "content-length", SIZE_MAX).at == NULL);
	fetch_head_fini(&h);
	return 0;
}
