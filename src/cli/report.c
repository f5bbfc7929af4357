/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pictor report: a day's figures from PostgreSQL, in the terminal.
 *
 * A section is a row of the table below: a name, a title and a statement with
 * the day as $1. The names of its columns say how a value is shown: bytes_*,
 * *_percent, *_ms.
 */
#include <stdio.h>
#include <string.h>

#include "base/json_out.h"
#include "base/num.h"
#include "cli/cli.h"
#include "cli/show.h"
#include "conf/conf.h"
#include "sql/sql.h"

enum { CELL_MAX = 80, COLUMNS_MAX = 12 };

#define OF_DAY " WHERE f.date_key = to_char($1::date, 'YYYYMMDD')::integer "
/* Partitions are by time: without it all of them would be looked at. */
#define IN_DAY OF_DAY "AND f.at >= $1::date AND f.at < $1::date + 1 "

static const struct section {
	const char *name;
	const char *title;
	const char *sql;
} sections[] = {
	{ "total", "All requests",
	    "SELECT coalesce(round(sum(weight)), 0)::numeric AS requests, "
	    "coalesce(round(sum(weight) FILTER (WHERE c.is_hit)), 0)::numeric "
	    "AS hits, "
	    "coalesce(100 * sum(weight) FILTER (WHERE c.is_hit) / "
	    "nullif(sum(weight), 0), 0) AS hit_percent, "
	    "coalesce(100 * sum(weight) FILTER (WHERE f.status >= 400) / "
	    "nullif(sum(weight), 0), 0) AS error_percent, "
	    "coalesce(round(sum(weight * bytes_out)), 0)::numeric AS "
	    "bytes_sent, "
	    "count(DISTINCT f.image_key) FILTER (WHERE f.image_key <> 0) "
	    "AS images "
	    "FROM bi.fact_request AS f JOIN bi.dim_cache AS c USING "
	    "(cache_key)" IN_DAY },
	{ "tenants", "By tenant",
	    "SELECT t.tenant, round(sum(weight))::numeric AS requests, "
	    "100 * sum(weight) FILTER (WHERE f.status >= 400) / sum(weight) "
	    "AS error_percent, round(sum(weight * bytes_out))::numeric "
	    "AS bytes_sent "
	    "FROM bi.fact_request AS f JOIN bi.dim_tenant AS t "
	    "USING (tenant_key)" IN_DAY
	    "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20" },
	{ "times", "How long answers took",
	    "SELECT e.event_type AS event, round(sum(weight))::numeric "
	    "AS requests, "
	    "percentile_cont(0.5) WITHIN GROUP (ORDER BY ms_total) AS p50_ms, "
	    "percentile_cont(0.95) WITHIN GROUP (ORDER BY ms_total) AS p95_ms, "
	    "percentile_cont(0.99) WITHIN GROUP (ORDER BY ms_total) AS p99_ms, "
	    "avg(ms_fetch) AS fetch_ms, avg(ms_queue) AS queue_ms, "
	    "avg(ms_work) AS work_ms "
	    "FROM bi.fact_request AS f JOIN bi.dim_event AS e "
	    "USING (event_type_key)" IN_DAY "GROUP BY 1 ORDER BY 2 DESC, 1" },
	{ "formats", "Formats that were rendered, and what they save",
	    "SELECT m.format, round(sum(weight))::numeric AS rendered, "
	    "round(sum(weight * bytes_in))::numeric AS bytes_originals, "
	    "round(sum(weight * bytes_result))::numeric AS bytes_results, "
	    "100 * (1 - sum(weight * bytes_result) / "
	    "nullif(sum(weight * bytes_in), 0)) AS saved_percent, "
	    "avg(ms_work) AS work_ms "
	    "FROM bi.fact_request AS f JOIN bi.dim_format AS m "
	    "USING (format_key) JOIN bi.dim_event AS e "
	    "USING (event_type_key)" IN_DAY
	    "AND e.event_type = 'image.rendered' "
	    "GROUP BY 1 ORDER BY 2 DESC, 1" },
	{ "errors", "Errors",
	    "SELECT f.status, x.error_code AS error, "
	    "round(sum(weight))::numeric "
	    "AS requests, max(f.error_param) AS example_parameter "
	    "FROM bi.fact_request AS f JOIN bi.dim_error AS x "
	    "USING (error_key)" IN_DAY "AND f.status >= 400 "
	    "GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 20" },
	{ "images", "Most asked images",
	    "SELECT t.tenant, i.image, round(sum(weight))::numeric AS "
	    "requests, "
	    "round(sum(weight * bytes_out))::numeric AS bytes_sent "
	    "FROM bi.fact_request AS f JOIN bi.dim_image AS i "
	    "USING (image_key) JOIN bi.dim_tenant AS t "
	    "ON t.tenant_key = i.tenant_key" IN_DAY "AND image_key <> 0 "
	    "GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 10" },
	{ "happened", "Uploads, archive, results stored",
	    "SELECT e.event_type AS event, round(sum(weight))::numeric "
	    "AS images, "
	    "round(sum(weight * object_bytes))::numeric AS bytes_stored "
	    "FROM bi.fact_image AS f JOIN bi.dim_event AS e "
	    "USING (event_type_key)" IN_DAY "GROUP BY 1 ORDER BY 2 DESC, 1" },
};

static bool
ends_with(const char *name, const char *end)
{
	return slice_ends(slice_of(name), slice_of(end));
}

/*
 * Control characters of what viewers wrote become dots: those of ASCII and those
 * that terminals take for the same (U+0080 to U+009F).
 */
static void
quieten(char *text)
{
	for (unsigned char *at = (unsigned char *)text; *at != '\0'; at++) {
		if (*at < ' ' || *at == 0x7f)
			*at = '.';
		if (*at == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f)
			at[0] = at[1] = '.';
	}
}

/* A value for people. */
static void
cell(const struct sql_rows *rows, size_t row, size_t column, char out[CELL_MAX])
{
	const char *name = sql_name(rows, column);
	const char *text = sql_text(rows, row, column);
	double number = 0;
	bool is_number = text != NULL && sql_is_number(rows, column) &&
	    num_double(slice_of(text), -1e300, 1e300, &number);

	if (text == NULL) {
		(void)snprintf(out, CELL_MAX, "-");
	} else if (is_number && strncmp(name, "bytes_", 6) == 0) {
		show_bytes(number, out);
	} else if (is_number && ends_with(name, "_percent")) {
		(void)snprintf(out, CELL_MAX, "%.1f %%", number);
	} else if (is_number && ends_with(name, "_ms")) {
		(void)snprintf(out, CELL_MAX, "%.1f", number);
	} else {
		(void)slice_copy(slice_of(text), out, CELL_MAX);
		quieten(out);
	}
}

static void
print_row(const struct sql_rows *rows, size_t row, const size_t *width)
{
	for (size_t c = 0; c < sql_columns(rows) && c < COLUMNS_MAX; c++) {
		char text[CELL_MAX];
		int room = (int)width[c];

		cell(rows, row, c, text);
		printf("  %*s", sql_is_number(rows, c) ? room : -room, text);
	}
	fputc('\n', stdout);
}

static void
print_table(const struct sql_rows *rows)
{
	size_t width[COLUMNS_MAX] = { 0 };

	for (size_t c = 0; c < sql_columns(rows) && c < COLUMNS_MAX; c++) {
		width[c] = strlen(sql_name(rows, c));
		for (size_t r = 0; r < sql_count(rows); r++) {
			char text[CELL_MAX];

			cell(rows, r, c, text);
			if (strlen(text) > width[c])
				width[c] = strlen(text);
		}
	}
	for (size_t c = 0; c < sql_columns(rows) && c < COLUMNS_MAX; c++)
		printf("  %*s",
		    sql_is_number(rows, c) ? (int)width[c] : -(int)width[c],
		    sql_name(rows, c));
	fputc('\n', stdout);
	for (size_t r = 0; r < sql_count(rows); r++)
		print_row(rows, r, width);
	if (sql_count(rows) == 0)
		printf("  (nothing)\n");
}

static void
print_json(struct json_out *j, const char *name, const struct sql_rows *rows)
{
	json_put_open(j, name, '[');
	for (size_t r = 0; r < sql_count(rows); r++) {
		json_put_open(j, NULL, '{');
		for (size_t c = 0; c < sql_columns(rows); c++) {
			const char *text = sql_text(rows, r, c);
			double number;

			if (text == NULL)
				json_put_null(j, sql_name(rows, c));
			else if (sql_is_number(rows, c) &&
			    num_double(slice_of(text), -1e300, 1e300, &number))
				json_put_number(j, sql_name(rows, c), number);
			else
				json_put_text(
				    j, sql_name(rows, c), slice_of(text));
		}
		json_put_close(j, '}');
	}
	json_put_close(j, ']');
}

static bool
print_all(
    struct sql *sql, const char *day, struct json_out *json, struct err *e)
{
	for (size_t i = 0; i < NELEM(sections); i++) {
		scoped_rows rows = NULL;

		if (!sql_ask(sql, sections[i].sql, &day, 1, &rows, e))
			return false;
		if (json != NULL) {
			print_json(json, sections[i].name, rows);
			continue;
		}
		printf("\n%s\n", sections[i].title);
		print_table(rows);
	}
	return true;
}

/* The day as the database writes it, so that what is no day is told at once. */
static bool
find_day(struct sql *sql, const char *given, char out[CELL_MAX], struct err *e)
{
	scoped_rows rows = NULL;
	const char *values[1] = { given };

	if (!sql_ask(sql,
		"SELECT coalesce($1::date, (now() AT TIME ZONE 'UTC')::date)",
		values, 1, &rows, e)) {
		if (sql_fault(sql) != SQL_FAULT_DATA)
			return false;
		return err_set(
		    e, ERR_CONFIG, "%.40s is no day; one is 2026-11-22", given);
	}
	(void)slice_copy(slice_of(sql_text(rows, 0, 0)), out, CELL_MAX);
	return true;
}

static bool
report(const struct cli *cli, struct sql *sql, struct err *e)
{
	struct json_out json = { .file = stdout };
	char day[CELL_MAX];
	bool ok;

	/* Every figure is of the same moment. */
	if (!sql_run(sql,
		"BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
		e) ||
	    !find_day(sql, cli->narg > 0 ? cli->arg[0] : NULL, day, e))
		return false;
	if (!cli->json) {
		printf("%s (UTC)\n", day);
		return print_all(sql, day, NULL, e);
	}
	json_put_open(&json, NULL, '{');
	json_put_text(&json, "day", slice_of(day));
	ok = print_all(sql, day, &json, e);
	json_put_close(&json, '}');
	fputc('\n', stdout);
	return ok;
}

int
cli_report(const struct cli *cli)
{
	struct conf *conf = NULL;
	struct sql *sql = NULL;
	struct err e = { .code = ERR_NONE };
	bool ok;

	if (!cli_conf(cli, SLICE(""), &conf, &e))
		return cli_fail(&e);
	ok = sql_open(conf, "pictor report", &sql, NULL, &e) &&
	    report(cli, sql, &e);
	sql_close(sql);
	conf_drop(conf);
	return ok ? STATUS_OK : cli_fail(&e);
}
