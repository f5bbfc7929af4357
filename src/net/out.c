/* SPDX-License-Identifier: Apache-2.0 */
#include "net/out.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/codec.h"

struct out
out_over(char *at, size_t size)
{
	struct out o = { .at = at, .size = size };

	at[0] = '\0';
	return o;
}

void
out_add(struct out *o, struct slice s)
{
	if (o->is_cut || s.len >= o->size - o->len) {
		o->is_cut = true;
		return;
	}
	if (s.len > 0)
		memcpy(o->at + o->len, s.at, s.len);
	o->len += s.len;
	o->at[o->len] = '\0';
}

void
out_text(struct out *o, const char *s)
{
	out_add(o, slice_of(s));
}

void
out_printf(struct out *o, const char *format, ...)
{
	size_t room = o->size - o->len;
	va_list args;
	int n;

	if (o->is_cut)
		return;
	va_start(args, format);
	n = vsnprintf(o->at + o->len, room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room) {
		o->at[o->len] = '\0';
		o->is_cut = true;
		return;
	}
	o->len += (size_t)n;
}

void
out_percent(struct out *o, struct slice s, const char *also)
{
	char code[3] = "";

	for (size_t i = 0; i < s.len && !o->is_cut; i++) {
		struct slice one = { s.at + i, 1 };
		size_t n = codec_percent_encode(one, also, code);

		out_add(o, (struct slice){ code, n });
	}
}

void
out_xml(struct out *o, struct slice s)
{
	static const struct {
		char c;
		const char *text;
	} escapes[] = {
		{ '&', "&amp;" },
		{ '<', "&lt;" },
		{ '>', "&gt;" },
		{ '"', "&quot;" },
		{ '\'', "&apos;" },
		/* A parser would make a line feed of it. */
		{ '\r', "&#13;" },
	};

	for (size_t i = 0; i < s.len && !o->is_cut; i++) {
		struct slice one = { s.at + i, 1 };

		for (size_t k = 0; k < NELEM(escapes); k++)
			if (s.at[i] == escapes[k].c)
				one = slice_of(escapes[k].text);
		out_add(o, one);
	}
}

bool
out_xml_holds(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] < ' ' && s.at[i] != '\t' &&
		    s.at[i] != '\n' && s.at[i] != '\r')
			return false;
	return codec_is_utf8(s);
}
