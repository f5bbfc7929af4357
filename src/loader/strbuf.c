/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/strbuf.h"

#include <stdarg.h>
#include <stdio.h>

/* What comes in was bounded before: a batch's bytes, a message's size. */
static void
reserve(struct strbuf *b, size_t more)
{
	size_t room = b->room > 0 ? b->room : 4 * KIB;
	char *at;

	while (room < b->len + more)
		room *= 2;
	if (room == b->room)
		return;
	at = realloc(b->at, room);
	if (at == NULL)
		abort();
	b->at = at;
	b->room = room;
}

void
strbuf_add(struct strbuf *b, struct slice s)
{
	if (s.len == 0)
		return;
	reserve(b, s.len);
	memcpy(b->at + b->len, s.at, s.len);
	b->len += s.len;
}

void
strbuf_put(struct strbuf *b, const char *s)
{
	strbuf_add(b, slice_of(s));
}

void
strbuf_printf(struct strbuf *b, const char *format, ...)
{
	char text[256];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n > 0 && (size_t)n < sizeof(text)) {
		strbuf_add(b, (struct slice){ text, (size_t)n });
		return;
	}
	if (n <= 0)
		return;
	reserve(b, (size_t)n + 1);
	va_start(args, format);
	(void)vsnprintf(b->at + b->len, (size_t)n + 1, format, args);
	va_end(args);
	b->len += (size_t)n;
}

const char *
strbuf_text(struct strbuf *b)
{
	reserve(b, 1);
	b->at[b->len] = '\0';
	return b->at;
}

void
strbuf_fini(struct strbuf *b)
{
	free(b->at);
	*b = (struct strbuf){ NULL, 0, 0 };
}
