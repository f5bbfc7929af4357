/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that grow at the end. All zero is an empty one. One thread. */
#pragma once

#include "base/slice.h"

struct strbuf {
	char *at;
	size_t len;
	size_t room;
};

void strbuf_add(struct strbuf *b, struct slice s);
void strbuf_put(struct strbuf *b, const char *s);
void strbuf_printf(struct strbuf *b, const char *format, ...) printf_like(2, 3);
/* Keeps the memory. */
static inline void
strbuf_clear(struct strbuf *b)
{
	b->len = 0;
}
/* NUL-terminated; valid until the next call. */
const char *strbuf_text(struct strbuf *b);
void strbuf_fini(struct strbuf *b);
