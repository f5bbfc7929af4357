/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL: one connection, made from the configuration's [postgres].
 *
 * Every call has an end: what takes longer than postgres.statement_time (or
 * connect_time) fails as lost, also when the server's machine says nothing any
 * more. The connection is then closed. One thread at a time.
 *
 * Texts of the server stand in err.detail, one line of them; they never hold
 * the password.
 */
#pragma once

#include "base/err.h"
#include "base/slice.h"

struct conf;
struct sql;
struct sql_rows;

/* Why the last call failed: what the caller can do about it. */
enum sql_fault {
	SQL_FAULT_NONE,
	SQL_FAULT_LOST,   /* no connection (any more): later, anew */
	SQL_FAULT_AGAIN,  /* deadlock, lock, cancelled: the same once more */
	SQL_FAULT_DATA,   /* a value that does not fit: never */
	SQL_FAULT_DENIED, /* name, password or right is wrong */
	SQL_FAULT_OTHER
};

/*
 * program: application_name, for pg_stat_activity. *fault may be NULL.
 * Fails with SYSTEM.
 */
bool sql_open(const struct conf *conf, const char *program, struct sql **out,
    enum sql_fault *fault, struct err *e) must_check;
void sql_close(struct sql *s); /* NULL is allowed */
enum sql_fault sql_fault(const struct sql *s);
/* Keeps a fault over what had to be said after it, a ROLLBACK. */
void sql_fault_keep(struct sql *s, enum sql_fault fault);
/* "22003", or "" where the failure is not the server's; of the last failure. */
const char *sql_state(const struct sql *s);
/* "host:port/database as user", for people. */
const char *sql_where(const struct sql *s);

/* Any number of statements, without values and without rows. */
bool sql_run(struct sql *s, const char *text, struct err *e) must_check;
/*
 * One statement; values: as text, NULL for null; n of them, $1 the first.
 * *out is released with sql_rows_free(); out may be NULL.
 */
bool sql_ask(struct sql *s, const char *text, const char *const *values,
    size_t n, struct sql_rows **out, struct err *e) must_check;
/* COPY ... FROM STDIN with these bytes. */
bool sql_copy(struct sql *s, const char *text, struct slice data,
    struct err *e) must_check;

size_t sql_count(const struct sql_rows *rows);
size_t sql_columns(const struct sql_rows *rows);
/* NULL for null. */
const char *sql_text(const struct sql_rows *rows, size_t row, size_t column);
const char *sql_name(const struct sql_rows *rows, size_t column);
bool sql_is_number(const struct sql_rows *rows, size_t column);
/* 0 for null, and for what is no whole number. */
int64_t sql_whole(const struct sql_rows *rows, size_t row, size_t column);
/* How many rows the statement changed or returned. */
int64_t sql_changed(const struct sql_rows *rows);
void sql_rows_free(struct sql_rows *rows); /* NULL is allowed */

static inline void
scoped_rows_fn(struct sql_rows **rows)
{
	sql_rows_free(*rows);
}
#define scoped_rows __attribute__((cleanup(scoped_rows_fn))) struct sql_rows *
