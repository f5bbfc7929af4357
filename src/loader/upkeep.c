/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/upkeep.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "sql/sql.h"

enum { DAYS_KNOWN = 64 };
static const int64_t day_ns = 86400 * NS_PER_S;
static const int64_t every_ns = 3600 * NS_PER_S;
static const int64_t again_ns = 60 * NS_PER_S;
/* Clocks that differ by more are told of. */
static const int64_t apart_most_ns = 600 * NS_PER_S;

/* Who waits for a lock makes others wait behind it: not for long. */
#define BEGIN_SHORT "BEGIN; SET LOCAL lock_timeout = '5s'"

struct upkeep {
	const struct conf *conf;
	int64_t known[DAYS_KNOWN]; /* that have partitions; a ring */
	size_t n;
	int64_t due_ns;
	int64_t apart_ns; /* PostgreSQL's clock less ours */
};

struct upkeep *
upkeep_new(const struct conf *conf)
{
	struct upkeep *u = xcalloc(1, sizeof(*u));

	u->conf = conf;
	return u;
}

void
upkeep_free(struct upkeep *u)
{
	free(u);
}

void
upkeep_forget(struct upkeep *u)
{
	u->n = 0;
	u->due_ns = 0;
}

struct batch_days
upkeep_window(int64_t mine_ns, int64_t theirs_ns, int64_t keep_ns)
{
	int64_t early = mine_ns < theirs_ns ? mine_ns : theirs_ns;
	int64_t late = mine_ns < theirs_ns ? theirs_ns : mine_ns;

	/* Clocks of nodes differ: what seems to be of tomorrow is taken. */
	return (struct batch_days){ early / day_ns - keep_ns / day_ns,
		late / day_ns + 1 };
}

static struct batch_days
window(const struct upkeep *u, int64_t keep_ns)
{
	int64_t now = clock_wall_ns();

	return upkeep_window(now, now + u->apart_ns, keep_ns);
}

struct batch_days
upkeep_days(const struct upkeep *u)
{
	return window(u, u->conf->loader_keep);
}

/*
 * What is older than any keep another loader may drop meanwhile: it is asked
 * for with each batch.
 */
static void
forget_old(struct upkeep *u)
{
	int64_t from = window(u, day_ns).first;
	size_t n = u->n < DAYS_KNOWN ? u->n : DAYS_KNOWN;

	u->n = 0;
	for (size_t i = 0; i < n; i++)
		if (u->known[i] >= from)
			u->known[u->n++] = u->known[i];
}

static bool
is_known(const struct upkeep *u, int64_t day)
{
	for (size_t i = 0; i < u->n && i < DAYS_KNOWN; i++)
		if (u->known[i] == day)
			return true;
	return false;
}

static bool
in_short(struct sql *sql, const char *call, const char *const *values, size_t n,
    int64_t *result, struct err *e)
{
	scoped_rows rows = NULL;
	struct err ignored;

	if (sql_run(sql, BEGIN_SHORT, e) &&
	    sql_ask(sql, call, values, n, &rows, e) &&
	    sql_run(sql, "COMMIT", e)) {
		*result = sql_whole(rows, 0, 0);
		return true;
	}
	if (sql_fault(sql) != SQL_FAULT_LOST) {
		enum sql_fault fault = sql_fault(sql);

		if (sql_run(sql, "ROLLBACK", &ignored))
			sql_fault_keep(sql, fault);
	}
	return false;
}

static bool
make(struct upkeep *u, struct sql *sql, int64_t first, int64_t last,
    struct err *e)
{
	char date[2][ROW_DATE_MAX];
	const char *values[2] = { date[0], date[1] };
	int64_t made;

	row_date(first, date[0]);
	row_date(last, date[1]);
	if (!in_short(sql, "SELECT pictor.partitions_make($1, $2)", values, 2,
		&made, e))
		return false;
	for (int64_t day = first; day <= last; day++)
		u->known[u->n++ % DAYS_KNOWN] = day;
	if (made > 0)
		log_line(LOG_LEVEL_INFO,
		    "%" PRId64 " partitions made, %s to %s", made, date[0],
		    date[1]);
	return true;
}

bool
upkeep_ensure(
    struct upkeep *u, struct sql *sql, const struct batch *b, struct err *e)
{
	forget_old(u);
	for (size_t i = 0; i < b->n; i++)
		if (!is_known(u, b->row[i].day) &&
		    !make(u, sql, b->row[i].day, b->row[i].day, e))
			return false;
	return true;
}

static bool
drop(struct upkeep *u, struct sql *sql, struct err *e)
{
	/* A day later than it is refused: a batch may wait over midnight. */
	int64_t before = upkeep_days(u).first - 1;
	char date[ROW_DATE_MAX];
	const char *values[1] = { date };
	int64_t parts;
	int64_t letters;

	row_date(before > 0 ? before : 0, date);
	if (!in_short(
		sql, "SELECT pictor.partitions_drop($1)", values, 1, &parts, e))
		return false;
	before = window(u, u->conf->loader_keep_dead).first;
	row_date(before > 0 ? before : 0, date);
	if (!in_short(sql, "SELECT pictor.dead_letters_drop($1)", values, 1,
		&letters, e))
		return false;
	if (parts > 0 || letters > 0)
		log_line(LOG_LEVEL_NOTICE,
		    "%" PRId64 " partitions of days older than loader.keep and "
		    "%" PRId64 " dead letters dropped",
		    parts, letters);
	return true;
}

/* A clock that is wrong must not drop what is to be kept: two are asked. */
static bool
compare_clocks(struct upkeep *u, struct sql *sql, struct err *e)
{
	scoped_rows rows = NULL;

	if (!sql_ask(sql,
		"SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint",
		NULL, 0, &rows, e))
		return false;
	u->apart_ns = sql_whole(rows, 0, 0) * NS_PER_MS - clock_wall_ns();
	if (u->apart_ns > apart_most_ns || u->apart_ns < -apart_most_ns)
		log_line(LOG_LEVEL_WARNING,
		    "%s: its clock is %" PRId64 " s apart from this machine's: "
		    "days are dropped, and events "
		    "refused, only where both agree",
		    sql_where(sql), u->apart_ns / NS_PER_S);
	return true;
}

/* Of the next days, by PostgreSQL's clock. */
static bool
make_ahead(struct upkeep *u, struct sql *sql, struct err *e)
{
	int64_t today = (clock_wall_ns() + u->apart_ns) / day_ns;

	return make(u, sql, today, today + u->conf->loader_ahead / day_ns, e);
}

void
upkeep_run(struct upkeep *u, struct sql *sql)
{
	int64_t now = clock_ns();
	struct err e;

	if (now < u->due_ns)
		return;
	u->due_ns = now + every_ns;
	if (compare_clocks(u, sql, &e) && make_ahead(u, sql, &e) &&
	    drop(u, sql, &e))
		return;
	u->due_ns = now + again_ns;
	log_line(LOG_LEVEL_WARNING, "partitions: %s", e.detail);
}
