/* SPDX-License-Identifier: Apache-2.0 */
#include "net/out.h"

#include "base/codec.h"

void
out_word(struct text *t, const char *s)
{
	text_put(t, slice_of(s));
}

void
out_percent(struct text *t, struct slice s, const char *also)
{
	char code[3] = "";

	for (size_t i = 0; i < s.len && !t->full; i++) {
		struct slice one = { s.at + i, 1 };
		size_t n = codec_percent_encode(one, also, code);

		text_put(t, (struct slice){ code, n });
	}
}

void
out_xml(struct text *t, struct slice s)
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

	for (size_t i = 0; i < s.len && !t->full; i++) {
		struct slice one = { s.at + i, 1 };

		for (size_t k = 0; k < NELEM(escapes); k++)
			if (s.at[i] == escapes[k].c)
				one = slice_of(escapes[k].text);
		text_put(t, one);
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
