/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/batch.h"

#include <stdio.h>

#include "base/clock.h"
#include "loader/source.h"

enum { LETTER_MAX = 64 * 1024 };

static void *
grow(void *array, size_t *room, size_t item)
{
	size_t wanted = *room > 0 ? 2 * *room : 64;
	void *grown = reallocarray(array, wanted, item);

	if (grown == NULL)
		abort();
	*room = wanted;
	return grown;
}

static struct batch_letter *
letter_add(struct batch *b, size_t raw_at, size_t size)
{
	struct batch_letter *l;

	if (b->nletter == b->letter_room)
		b->letter = grow(b->letter, &b->letter_room, sizeof(*l));
	l = &b->letter[b->nletter++];
	*l = (struct batch_letter){ .raw_at = raw_at,
		.raw_len = size < LETTER_MAX ? size : LETTER_MAX,
		.size = size };
	return l;
}

void
batch_add(struct batch *b, const struct row_maker *m,
    const struct record *record, struct batch_days days)
{
	char why[SCHEMA_WHY_MAX];
	size_t at = b->lines.len;
	size_t raw_at = b->raw.len;
	struct batch_letter *l;
	int64_t day;
	bool ok = row_make(m, record->json, &b->lines, &day, why);

	if (b->records++ == 0)
		b->began_ns = clock_ns();
	if (ok && day < days.first) {
		b->lines.len = at;
		b->expired++;
		return;
	}
	if (ok && day > days.last) {
		b->lines.len = at;
		ok = false;
		(void)snprintf(why, sizeof(why), "time lies in the future");
	}
	if (!ok) {
		l = letter_add(b, raw_at, record->json.len);
		strbuf_add(
		    &b->raw, (struct slice){ record->json.at, l->raw_len });
		l->major = record->major;
		l->minor = record->minor;
		(void)slice_copy(slice_of(why), l->why, sizeof(l->why));
		return;
	}
	strbuf_add(&b->raw, record->json);
	if (b->n == b->room)
		b->row = grow(b->row, &b->room, sizeof(*b->row));
	b->row[b->n++] = (struct batch_row){ at, b->lines.len - at, raw_at,
		record->json.len, record->major, record->minor, day };
}

void
batch_bury(struct batch *b, size_t row, const char *why)
{
	const struct batch_row r = b->row[row];
	struct batch_letter *l = letter_add(b, r.raw_at, r.raw_len);

	l->major = r.major;
	l->minor = r.minor;
	(void)slice_copy(slice_of(why), l->why, sizeof(l->why));
}

void
batch_clear(struct batch *b)
{
	strbuf_clear(&b->lines);
	strbuf_clear(&b->raw);
	b->n = 0;
	b->nletter = 0;
	b->expired = 0;
	b->records = 0;
}

void
batch_fini(struct batch *b)
{
	strbuf_fini(&b->lines);
	strbuf_fini(&b->raw);
	free(b->row);
	free(b->letter);
}
