/* SPDX-License-Identifier: Apache-2.0 */
/* Text in a fixed room. */
#include "base/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
text_put(struct text *t, struct slice s)
{
	if (t->full || s.len >= t->size - t->len) {
		t->full = true;
		return;
	}
	if (s.len > 0)
		memcpy(t->at + t->len, s.at, s.len);
	t->len += s.len;
	t->at[t->len] = '\0';
}

void
text_printf(struct text *t, const char *format, ...)
{
	va_list args;
	int len;

	if (t->full)
		return;
	va_start(args, format);
	len = vsnprintf(t->at + t->len, t->size - t->len, format, args);
	va_end(args);
	assert(len >= 0);
	if ((size_t)len >= t->size - t->len) {
		t->at[t->len] = '\0';
		t->full = true;
		return;
	}
	t->len += (size_t)len;
}
