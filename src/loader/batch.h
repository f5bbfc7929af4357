/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that are loaded in one transaction, as lines of COPY, and those that
 * cannot be. One thread.
 */
#pragma once

#include "loader/row.h"
#include "loader/strbuf.h"

struct record;

struct batch_row {
	size_t at, len;         /* in lines */
	size_t raw_at, raw_len; /* in raw: the event as it came */
	int64_t major, minor;
	int64_t day;
};

struct batch_letter {
	size_t raw_at, raw_len; /* cut */
	size_t size;            /* as it came */
	int64_t major, minor;
	char why[SCHEMA_WHY_MAX];
};

struct batch {
	struct strbuf lines;
	struct strbuf raw;
	struct batch_row *row;
	size_t n, room;
	struct batch_letter *letter;
	size_t nletter, letter_room;
	uint64_t expired; /* too old: dropped */
	uint64_t records; /* of all kinds */
	int64_t began_ns; /* when the first came */
};

/* Days (since 1970) from which on, and until which, events are loaded. */
struct batch_days {
	int64_t first, last;
};

void batch_add(struct batch *b, const struct row_maker *m,
    const struct record *record, struct batch_days days);
/* A row that the database refused becomes a letter. */
void batch_bury(struct batch *b, size_t row, const char *why);
void batch_clear(struct batch *b);
void batch_fini(struct batch *b);
/* Bytes that it holds. */
static inline size_t
batch_size(const struct batch *b)
{
	return b->lines.len + b->raw.len;
}
