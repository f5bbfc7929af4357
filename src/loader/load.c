/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/load.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/codec.h"
#include "loader/batch.h"
#include "loader/source.h"
#include "loader/text.h"
#include "sql/sql.h"

enum { WHY_MAX = 96 };

struct loading {
	struct strbuf table;
	struct strbuf dimensions;
	struct strbuf request;
	struct strbuf image;
	struct strbuf letter;
	struct strbuf hex;
};

/* --- the statements --- */

/* The piece of load.sql behind "--@ NAME", up to the next. */
static struct slice
piece(const char *name)
{
	struct slice rest = slice_of(text_load_sql);
	struct slice found = { NULL, 0 };

	while (rest.at != NULL) {
		struct slice line = slice_cut(&rest, '\n');

		if (!slice_starts(line, SLICE("--@ ")))
			continue;
		if (found.at != NULL)
			return (struct slice){ found.at,
				(size_t)(line.at - found.at) };
		if (slice_is(slice_skip(line, 4), name))
			found = rest;
	}
	assert(found.at != NULL);
	return found;
}

/* With the fact's columns in place of their marks. */
static void
fill_in(struct slice text, enum row_use fact, struct strbuf *out)
{
	while (text.len > 0) {
		size_t at = slice_find(text, '@');

		strbuf_add(out, (struct slice){ text.at, at });
		text = slice_skip(text, at);
		if (slice_starts(text, SLICE("@COLUMNS@"))) {
			row_columns(fact, "", out);
			text = slice_skip(text, strlen("@COLUMNS@"));
		} else if (slice_starts(text, SLICE("@VALUES@"))) {
			row_columns(fact, "b.", out);
			text = slice_skip(text, strlen("@VALUES@"));
		} else {
			assert(text.len == 0);
		}
	}
}

struct loading *
loading_new(void)
{
	struct loading *l = xcalloc(1, sizeof(*l));

	row_table(&l->table);
	strbuf_add(&l->dimensions, piece("dimensions"));
	fill_in(piece("request"), ROW_REQUEST, &l->request);
	fill_in(piece("image"), ROW_IMAGE, &l->image);
	strbuf_add(&l->letter, piece("letter"));
	return l;
}

void
loading_free(struct loading *l)
{
	if (l == NULL)
		return;
	strbuf_fini(&l->table);
	strbuf_fini(&l->dimensions);
	strbuf_fini(&l->request);
	strbuf_fini(&l->image);
	strbuf_fini(&l->letter);
	strbuf_fini(&l->hex);
	free(l);
}

/* --- rows --- */

/* What one transaction works with. */
struct work {
	struct loading *l;
	struct sql *sql;
	struct batch *b;
	uint64_t loaded; /* new rows */
};

static bool
insert(struct work *w, struct strbuf *text, uint64_t *n, struct err *e)
{
	scoped_rows rows = NULL;

	if (!sql_ask(w->sql, strbuf_text(text), NULL, 0, &rows, e))
		return false;
	*n += (uint64_t)sql_changed(rows);
	return true;
}

/* Rows from..to of the batch, whose lines lie one behind the other. */
static bool
load_rows(struct work *w, size_t from, size_t to, uint64_t *n, struct err *e)
{
	const struct batch_row *first = &w->b->row[from];
	const struct batch_row *last = &w->b->row[to - 1];
	struct slice lines = { w->b->lines.at + first->at,
		last->at + last->len - first->at };

	/* Where a part went before; the whole finds the table empty. */
	return (from == 0 || sql_run(w->sql, "DELETE FROM batch", e)) &&
	    sql_copy(w->sql, "COPY batch FROM STDIN", lines, e) &&
	    sql_run(w->sql, strbuf_text(&w->l->dimensions), e) &&
	    insert(w, &w->l->request, n, e) && insert(w, &w->l->image, n, e);
}

/*
 * A value that the database refuses fails the statement it is in: half of the
 * rows are tried alone, and so on, until the one stands alone that is wrong.
 */
static bool /* NOLINTNEXTLINE(misc-no-recursion): depth is log2 of the rows */
load_part(struct work *w, size_t from, size_t to, struct err *e)
{
	size_t middle = from + (to - from) / 2;
	uint64_t n = 0;
	struct err why;
	char text[WHY_MAX];

	if (from == to)
		return true;
	if (!sql_run(w->sql, "SAVEPOINT part", e))
		return false;
	if (load_rows(w, from, to, &n, &why)) {
		w->loaded += n;
		return sql_run(w->sql, "RELEASE part", e);
	}
	if (sql_fault(w->sql) != SQL_FAULT_DATA) {
		*e = why;
		return false;
	}
	(void)snprintf(text, sizeof(text), "the database refused it: %s",
	    sql_state(w->sql));
	if (!sql_run(w->sql, "ROLLBACK TO part; RELEASE part", e))
		return false;
	if (to - from == 1) {
		batch_bury(w->b, from, text);
		return true;
	}
	return load_part(w, from, middle, e) && load_part(w, middle, to, e);
}

static bool
load_letters(struct loading *l, struct sql *sql, const struct batch *b,
    const struct source *source, struct err *e)
{
	for (size_t i = 0; i < b->nletter; i++) {
		const struct batch_letter *letter = &b->letter[i];
		char origin[512];
		char size[24];
		const char *values[4] = { origin, letter->why, NULL, size };

		strbuf_clear(&l->hex);
		for (size_t k = 0; k < letter->raw_len; k++) {
			char hex[3];

			codec_hex(
			    (const uint8_t *)b->raw.at + letter->raw_at + k, 1,
			    hex);
			strbuf_add(&l->hex, (struct slice){ hex, 2 });
		}
		values[2] = strbuf_text(&l->hex);
		(void)snprintf(origin, sizeof(origin),
		    "%.400s %" PRId64 ":%" PRId64, source->name, letter->major,
		    letter->minor);
		(void)snprintf(size, sizeof(size), "%zu", letter->size);
		if (!sql_ask(sql, strbuf_text(&l->letter), values,
			NELEM(values), NULL, e))
			return false;
	}
	return true;
}

bool
load_batch(struct loading *l, struct sql *sql, struct batch *b,
    struct source *source, struct load_result *out, struct err *e)
{
	struct load_result r = { .mine = true };
	struct work w = { .l = l, .sql = sql, .b = b };
	size_t letters = b->nletter;
	size_t buried;
	struct err ignored;

	if (!sql_run(sql, strbuf_text(&l->table), e))
		return false;
	if (sql_run(sql, "BEGIN", e) && load_part(&w, 0, b->n, e) &&
	    load_letters(l, sql, b, source, e) &&
	    source->kind->mark(source, sql, &r.mine, e) &&
	    sql_run(sql, r.mine ? "COMMIT" : "ROLLBACK", e)) {
		buried = b->nletter - letters;
		r.loaded = w.loaded;
		r.known = b->n - buried - r.loaded;
		*out = r;
		return true;
	}
	b->nletter = letters;
	/* The fault is that of the failure, not of what follows. */
	if (sql_fault(sql) != SQL_FAULT_LOST) {
		enum sql_fault fault = sql_fault(sql);

		if (sql_run(sql, "ROLLBACK", &ignored))
			sql_fault_keep(sql, fault);
	}
	return false;
}
