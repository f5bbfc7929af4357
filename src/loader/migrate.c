/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/migrate.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/codec.h"
#include "base/digest.h"
#include "base/log.h"
#include "loader/strbuf.h"
#include "loader/text.h"
#include "sql/sql.h"

/* Any number that others of this database do not take. */
#define MIGRATE_LOCK "7305808869231650914"

enum { HEX_MAX = 65 };

int
migrate_last(void)
{
	return text_migrations[NELEM(text_migrations) - 1].number;
}

static void
row_digest(const struct migration_row *row, char out[HEX_MAX])
{
	struct digest digest = digest_of(row->text, strlen(row->text));

	codec_hex(digest.byte, sizeof(digest.byte), out);
}

/* The last one applied; 0: none. */
static bool
look(struct sql *s, int64_t *last, struct err *e)
{
	scoped_rows there = NULL;
	scoped_rows rows = NULL;

	*last = 0;
	if (!sql_ask(s,
		"SELECT 1 FROM pg_catalog.pg_tables WHERE "
		"schemaname = 'pictor' AND tablename = 'migration'",
		NULL, 0, &there, e))
		return false;
	if (sql_count(there) == 0)
		return true;
	if (!sql_ask(s,
		"SELECT number, digest FROM pictor.migration "
		"ORDER BY number",
		NULL, 0, &rows, e))
		return false;
	for (size_t i = 0; i < sql_count(rows); i++) {
		const struct migration_row *row = &text_migrations[i];
		char hex[HEX_MAX];

		*last = sql_whole(rows, i, 0);
		if (i >= NELEM(text_migrations) || *last != row->number)
			return err_set(e, ERR_CONFIG,
			    "%s: the database has migration %" PRId64
			    ", this program ends with %d: a newer "
			    "pictor-loader "
			    "is needed",
			    sql_where(s), *last, migrate_last());
		row_digest(row, hex);
		if (strcmp(hex, sql_text(rows, i, 1)) != 0)
			return err_set(e, ERR_CONFIG,
			    "%s: migration %d is not the one that was applied",
			    sql_where(s), row->number);
	}
	return true;
}

static bool
record(struct sql *s, const struct migration_row *row, struct err *e)
{
	char number[16];
	char hex[HEX_MAX];
	const char *values[] = { number, row->name, hex };

	(void)snprintf(number, sizeof(number), "%d", row->number);
	row_digest(row, hex);
	return sql_ask(s, "INSERT INTO pictor.migration VALUES ($1, $2, $3)",
	    values, NELEM(values), NULL, e);
}

static bool
apply(struct sql *s, const struct migration_row *row, struct err *e)
{
	struct err ignored;
	bool ok = sql_run(s, "BEGIN", e) && sql_run(s, row->text, e) &&
	    record(s, row, e) && sql_run(s, "COMMIT", e);

	if (!ok && sql_fault(s) != SQL_FAULT_LOST &&
	    !sql_run(s, "ROLLBACK", &ignored))
		return false;
	if (ok)
		log_line(LOG_LEVEL_NOTICE, "migration %s applied", row->name);
	return ok;
}

static bool
prepare(struct sql *s, struct err *e)
{
	return sql_run(s,
	    "CREATE SCHEMA IF NOT EXISTS pictor;"
	    "CREATE TABLE IF NOT EXISTS pictor.migration ("
	    "number integer PRIMARY KEY, name text NOT NULL, "
	    "digest text NOT NULL, applied_at timestamptz NOT NULL "
	    "DEFAULT now())",
	    e);
}

static bool
apply_all(struct sql *s, int *done, struct err *e)
{
	int64_t last;

	/* Another one may have applied them while this one waited. */
	if (!prepare(s, e) || !look(s, &last, e))
		return false;
	for (size_t i = 0; i < NELEM(text_migrations); i++) {
		if (text_migrations[i].number <= last)
			continue;
		if (!apply(s, &text_migrations[i], e))
			return false;
		(*done)++;
	}
	return true;
}

bool
migrate(struct sql *s, bool may, int *done, struct err *e)
{
	struct err ignored;
	int64_t last;
	bool ok;

	*done = 0;
	if (!look(s, &last, e))
		return false;
	if (last == migrate_last())
		return true;
	if (!may)
		return err_set(e, ERR_CONFIG,
		    "%s: the schema is at migration %" PRId64
		    " of %d: run pictor-loader --migrate as its owner",
		    sql_where(s), last, migrate_last());
	if (!sql_run(s, "SELECT pg_advisory_lock(" MIGRATE_LOCK ")", e))
		return false;
	ok = apply_all(s, done, e);
	if (!ok && sql_fault(s) == SQL_FAULT_DENIED)
		(void)err_hint(e,
		    "the schema is at migration %" PRId64
		    " of %d: run pictor-loader --migrate as the database's "
		    "owner, "
		    "who may create roles",
		    last, migrate_last());
	if (sql_fault(s) != SQL_FAULT_LOST &&
	    !sql_run(
		s, "SELECT pg_advisory_unlock(" MIGRATE_LOCK ")", &ignored))
		log_line(LOG_LEVEL_WARNING, "%s", ignored.detail);
	return ok;
}
