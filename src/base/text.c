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

void
text_wrap(FILE *out, const char *first, const char *indent, struct slice text,
    size_t columns)
{
	size_t at = strlen(first);
	bool fresh = true;

	fputs(first, out);
	while (text.len > 0) {
		struct slice word = slice_cut(&text, ' ');

		if (!fresh && at + 1 + word.len > columns) {
			fprintf(out, "\n%s", indent);
			at = strlen(indent);
			fresh = true;
		}
		fprintf(out, "%s%.*s", fresh ? "" : " ", SLICE_ARG(word));
		at += word.len + !fresh;
		fresh = false;
	}
	fputc('\n', out);
}
