/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event as one line of COPY, in the order of column.def, or why it is none.
 */
#pragma once

#include "base/err.h"
#include "loader/schema.h"
#include "loader/strbuf.h"

struct row_maker;

/* Fails with CONFIG: schema and column.def do not agree. */
bool row_maker_new(struct row_maker **out, struct err *e) must_check;
void row_maker_free(struct row_maker *m); /* NULL is allowed */

/*
 * json: any bytes. Appends a line to out and says in *day the day of the event
 * (since 1970, UTC). False: it is no event; why says so, out is as before.
 */
bool row_make(const struct row_maker *m, struct slice json, struct strbuf *out,
    int64_t *day, char why[SCHEMA_WHY_MAX]) must_check;

/* Which columns load.sql puts in place of @COLUMNS@. */
enum row_use { ROW_KEY, ROW_REQUEST, ROW_IMAGE, ROW_BOTH };
/* "status, error_param": those of a fact (REQUEST or IMAGE). */
void row_columns(enum row_use fact, const char *prefix, struct strbuf *out);
/* "CREATE TEMPORARY TABLE batch (...)". */
void row_table(struct strbuf *out);

/* Days since 1970 of a date; false: there is no such day. */
bool row_day(int64_t year, int64_t month, int64_t day, int64_t *out) must_check;
/* "2026-11-22" of days since 1970. */
enum { ROW_DATE_MAX = 16 };
void row_date(int64_t day, char out[ROW_DATE_MAX]);
