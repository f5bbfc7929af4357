/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of lines. */
#include "event/text.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/codec.h"

void
text_cut(struct text *t, struct slice s)
{
	s.len = t->size - t->len;
	memcpy(t->at + t->len, s.at, s.len);
	t->len = t->size;
}

void
text_whole(struct text *t, uint64_t value)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	text_add(t, (struct slice){ digits + at, sizeof(digits) - at });
}

void
text_ms(struct text *t, int64_t ns)
{
	uint64_t us = ns > 0 ? (uint64_t)ns / 1000 : 0;
	const char part[] = {
		'.',
		(char)('0' + us / 100 % 10),
		(char)('0' + us / 10 % 10),
		(char)('0' + us % 10),
	};

	text_whole(t, us / 1000);
	text_add(t, (struct slice){ part, sizeof(part) });
}

void
text_json(struct text *t, struct slice s)
{
	if (t->len < t->size)
		t->len +=
		    codec_json_escape(s, t->at + t->len, t->size - t->len);
}

void
text_log(struct text *t, struct slice s)
{
	if (t->len < t->size)
		t->len += codec_log_escape(s, t->at + t->len, t->size - t->len);
}
