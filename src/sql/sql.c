/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libpq without blocking: every wait is a poll(2) with what is left of the
 * call's time, since a server that hangs would hold a blocking call for ever.
 */
#include "sql/sql.h"

#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/num.h"
#include "conf/conf.h"

enum { WHERE_MAX = 320, STATE_MAX = 6, COPY_PIECE = 64 * 1024 };
/* What the server cancels itself arrives a little after its time. */
static const int64_t sql_grace_ns = 5 * NS_PER_S;

struct sql {
	PGconn *conn;
	enum sql_fault fault;
	char state[STATE_MAX];
	char where[WHERE_MAX];
	int64_t statement_ns;
};

/* PGresult is what libpq calls it; outside nobody sees libpq. */
struct sql_rows {
	PGresult *result;
};

/* --- faults --- */

/* The server's first line, without "ERROR:  ". */
static void
first_line(const char *text, char *out, size_t size)
{
	struct slice rest = slice_of(text);
	struct slice line = slice_cut(&rest, '\n');
	static const struct slice starts[] = { SLICE("ERROR:  "),
		SLICE("FATAL:  ") };

	for (size_t i = 0; i < NELEM(starts); i++)
		if (slice_starts(line, starts[i]))
			line = slice_skip(line, starts[i].len);
	(void)slice_copy(line, out, size);
}

static const struct {
	const char *class;
	enum sql_fault fault;
} fault_classes[] = {
	{ "40", SQL_FAULT_AGAIN },     /* deadlock, serialization */
	{ "55P03", SQL_FAULT_AGAIN },  /* lock not available */
	{ "57014", SQL_FAULT_AGAIN },  /* statement_timeout */
	{ "57", SQL_FAULT_LOST },      /* shutdown, crash, cannot connect now */
	{ "08", SQL_FAULT_LOST },      /* connection */
	{ "53", SQL_FAULT_LOST },      /* disk full, too many connections */
	{ "25006", SQL_FAULT_LOST },   /* a standby: the primary has moved */
	{ "28", SQL_FAULT_DENIED },    /* name, password */
	{ "3D000", SQL_FAULT_DENIED }, /* no such database */
	{ "42501", SQL_FAULT_DENIED }, /* rights */
	{ "22", SQL_FAULT_DATA },
	{ "23", SQL_FAULT_DATA },
};

static enum sql_fault
fault_of(const char *state)
{
	for (size_t i = 0; i < NELEM(fault_classes); i++)
		if (strncmp(state, fault_classes[i].class,
			strlen(fault_classes[i].class)) == 0)
			return fault_classes[i].fault;
	return SQL_FAULT_OTHER;
}

/* The connection is of no use any more. */
static bool
lost(struct sql *s, const char *why, struct err *e)
{
	s->fault = SQL_FAULT_LOST;
	s->state[0] = '\0';
	PQfinish(s->conn);
	s->conn = NULL;
	return err_set(e, ERR_SYSTEM, "%s: %s", s->where, why);
}

static bool
lost_pq(struct sql *s, struct err *e)
{
	char line[ERR_TEXT_MAX];

	first_line(PQerrorMessage(s->conn), line, sizeof(line));
	return lost(s, line[0] != '\0' ? line : "the connection is gone", e);
}

static bool
refused(struct sql *s, const PGresult *r, struct err *e)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	char line[ERR_TEXT_MAX];

	if (state == NULL)
		return lost_pq(s, e);
	first_line(text != NULL ? text : "", line, sizeof(line));
	s->fault = fault_of(state);
	(void)slice_copy(slice_of(state), s->state, sizeof(s->state));
	if (s->fault == SQL_FAULT_LOST)
		(void)lost(s, line, e);
	return err_set(e, ERR_SYSTEM, "%s: %s (%s)", s->where, line, state);
}

/* --- waiting --- */

static int
left_ms(int64_t until_ns)
{
	int64_t left = (until_ns - clock_ns()) / NS_PER_MS;

	if (left <= 0)
		return 0;
	return left > 60000 ? 60000 : (int)left;
}

/* False: the time is over, or poll() failed. */
static bool
wait_for(PGconn *conn, short what, int64_t until_ns)
{
	struct pollfd p = { .fd = PQsocket(conn), .events = what };
	int n;

	do {
		n = poll(&p, 1, left_ms(until_ns));
	} while (
	    (n < 0 && errno == EINTR) || (n == 0 && clock_ns() < until_ns));
	return n > 0;
}

/* All that is queued goes out; what comes in meanwhile is taken. */
static bool
push(struct sql *s, int64_t until_ns, struct err *e)
{
	for (;;) {
		int n = PQflush(s->conn);

		if (n == 0)
			return true;
		if (n < 0)
			return lost_pq(s, e);
		if (!wait_for(s->conn, POLLIN | POLLOUT, until_ns))
			return lost(s, "no answer in time", e);
		if (PQconsumeInput(s->conn) == 0)
			return lost_pq(s, e);
	}
}

/* The next result; NULL with true is the end. */
static bool
pull(struct sql *s, int64_t until_ns, PGresult **out, struct err *e)
{
	while (PQisBusy(s->conn) != 0) {
		if (!wait_for(s->conn, POLLIN, until_ns))
			return lost(s, "no answer in time", e);
		if (PQconsumeInput(s->conn) == 0)
			return lost_pq(s, e);
	}
	*out = PQgetResult(s->conn);
	return true;
}

static bool
is_good(const PGresult *r)
{
	ExecStatusType t = PQresultStatus(r);

	return t == PGRES_COMMAND_OK || t == PGRES_TUPLES_OK ||
	    t == PGRES_EMPTY_QUERY;
}

/*
 * All results of what was sent; the last good one goes to *out. A failure is
 * told after the end, so that the connection can be used again.
 */
static bool
drain(struct sql *s, int64_t until_ns, PGresult **out, struct err *e)
{
	PGresult *r = NULL;
	PGresult *good = NULL;
	bool ok = true;

	for (;;) {
		if (!pull(s, until_ns, &r, e)) {
			PQclear(good);
			return false;
		}
		if (r == NULL)
			break;
		if (ok && !is_good(r)) {
			ok = refused(s, r, e);
			PQclear(r);
			if (s->conn == NULL) {
				PQclear(good);
				return false;
			}
			continue;
		}
		PQclear(good);
		good = r;
	}
	if (ok && out != NULL)
		*out = good;
	else
		PQclear(good);
	return ok;
}

/* --- the connection --- */

/* A keyword of libpq and its value; empty ones are left to libpq. */
struct pairs {
	const char *key[24];
	const char *value[24];
	size_t n;
};

static void
pair(struct pairs *p, const char *key, const char *value)
{
	if (value[0] == '\0')
		return;
	p->key[p->n] = key;
	p->value[p->n++] = value;
	p->key[p->n] = NULL;
	p->value[p->n] = NULL;
}

static bool
connected(struct sql *s, int64_t until_ns, struct err *e)
{
	for (;;) {
		PostgresPollingStatusType state = PQconnectPoll(s->conn);

		if (state == PGRES_POLLING_OK)
			return true;
		if (state == PGRES_POLLING_FAILED)
			return false;
		if (!wait_for(s->conn,
			state == PGRES_POLLING_READING ? POLLIN : POLLOUT,
			until_ns))
			return lost(s, "no connection in time", e);
	}
}

/*
 * libpq keeps no SQLSTATE of a refused connection, so its text is looked at:
 * only to tell people apart from machines, nothing depends on it but a metric
 * and how soon it is tried again.
 */
static enum sql_fault
open_fault(const char *text)
{
	static const char *const denied[] = { "authentication failed",
		"no password supplied", "no pg_hba.conf entry",
		"does not exist", "certificate" };

	for (size_t i = 0; i < NELEM(denied); i++)
		if (strstr(text, denied[i]) != NULL)
			return SQL_FAULT_DENIED;
	return SQL_FAULT_LOST;
}

static bool
open_failed(struct sql *s, enum sql_fault *fault, struct err *e)
{
	if (s->conn != NULL) {
		enum sql_fault why = open_fault(PQerrorMessage(s->conn));

		(void)lost_pq(s, e);
		s->fault = why;
	}
	if (fault != NULL)
		*fault = s->fault;
	sql_close(s);
	return false;
}

static void
ignore_notice(void *arg, const PGresult *r)
{
	(void)arg;
	(void)r;
}

static void
fill(struct pairs *p, const struct conf *c, const char *program,
    const char *port, const char *options)
{
	static const char *const tls[] = { "disable", "prefer", "require",
		"verify-ca", "verify-full" };

	pair(p, "host", c->postgres_host);
	pair(p, "port", port);
	pair(p, "dbname", c->postgres_database);
	pair(p, "user", c->postgres_user);
	pair(p, "password", c->postgres_password);
	pair(p, "sslmode", tls[c->postgres_tls]);
	/* A folder is a Unix socket's, where there is no TLS to check. */
	if (c->postgres_tls > 2 && c->postgres_host[0] != '/')
		pair(p, "sslrootcert", c->postgres_ca);
	pair(p, "sslcert", c->postgres_certificate);
	pair(p, "sslkey", c->postgres_key);
	pair(p, "application_name", program);
	pair(p, "client_encoding", "UTF8");
	pair(p, "fallback_application_name", "pictor");
	pair(p, "keepalives_idle", "30");
	pair(p, "keepalives_interval", "10");
	pair(p, "keepalives_count", "3");
	pair(p, "options", options);
}

/* As errors name the server. A port is part of a socket's name, too. */
static void
where_set(struct sql *s, const struct conf *conf)
{
	bool local = conf->postgres_host[0] == '\0';

	(void)snprintf(s->where, sizeof(s->where),
	    "PostgreSQL at %.100s%s%" PRId64,
	    local ? "the local socket" : conf->postgres_host,
	    local ? " of port " : ":", conf->postgres_port);
}

bool
sql_open(const struct conf *conf, const char *program, struct sql **out,
    enum sql_fault *fault, struct err *e)
{
	struct sql *s = xcalloc(1, sizeof(*s));
	int64_t until_ns = clock_ns() + conf->postgres_connect_time;
	struct pairs pairs = { .n = 0 };
	char port[16];
	char options[160];
	size_t len;

	s->fault = SQL_FAULT_LOST;
	s->statement_ns = conf->postgres_statement_time;
	(void)snprintf(port, sizeof(port), "%" PRId64, conf->postgres_port);
	(void)snprintf(options, sizeof(options),
	    "-c statement_timeout=%" PRId64
	    " -c search_path=pg_catalog -c timezone=UTC -c datestyle=ISO -c "
	    "extra_float_digits=1",
	    s->statement_ns / NS_PER_MS);
	where_set(s, conf);
	fill(&pairs, conf, program, port, options);
	s->conn = PQconnectStartParams(pairs.key, pairs.value, 0);
	if (s->conn == NULL)
		abort(); /* out of memory */
	if (PQstatus(s->conn) == CONNECTION_BAD || !connected(s, until_ns, e))
		return open_failed(s, fault, e);
	(void)PQsetnonblocking(s->conn, 1);
	(void)PQsetNoticeReceiver(s->conn, ignore_notice, NULL);
	len = strlen(s->where);
	(void)snprintf(s->where + len, sizeof(s->where) - len,
	    ", database %.60s, as %.60s", PQdb(s->conn), PQuser(s->conn));
	s->fault = SQL_FAULT_NONE;
	if (fault != NULL)
		*fault = SQL_FAULT_NONE;
	*out = s;
	return true;
}

void
sql_close(struct sql *s)
{
	if (s == NULL)
		return;
	PQfinish(s->conn);
	free(s);
}

enum sql_fault
sql_fault(const struct sql *s)
{
	return s->fault;
}

void
sql_fault_keep(struct sql *s, enum sql_fault fault)
{
	s->fault = fault;
}

const char *
sql_state(const struct sql *s)
{
	return s->state;
}

const char *
sql_where(const struct sql *s)
{
	return s->where;
}

/* --- statements --- */

static bool
begin(struct sql *s, int64_t *until_ns, struct err *e)
{
	s->state[0] = '\0';
	if (s->conn == NULL) {
		s->fault = SQL_FAULT_LOST;
		return err_set(
		    e, ERR_SYSTEM, "%s: the connection is gone", s->where);
	}
	s->fault = SQL_FAULT_NONE;
	*until_ns = clock_ns() + s->statement_ns + sql_grace_ns;
	return true;
}

bool
sql_run(struct sql *s, const char *text, struct err *e)
{
	int64_t until_ns = 0;

	if (!begin(s, &until_ns, e))
		return false;
	if (PQsendQuery(s->conn, text) == 0)
		return lost_pq(s, e);
	return push(s, until_ns, e) && drain(s, until_ns, NULL, e);
}

bool
sql_ask(struct sql *s, const char *text, const char *const *values, size_t n,
    struct sql_rows **out, struct err *e)
{
	PGresult *result = NULL;
	int64_t until_ns = 0;

	if (!begin(s, &until_ns, e))
		return false;
	if (PQsendQueryParams(
		s->conn, text, (int)n, NULL, values, NULL, NULL, 0) == 0)
		return lost_pq(s, e);
	if (!push(s, until_ns, e) || !drain(s, until_ns, &result, e))
		return false;
	if (out == NULL) {
		PQclear(result);
		return true;
	}
	*out = xcalloc(1, sizeof(**out));
	(*out)->result = result;
	return true;
}

/* Into libpq's buffer, piece by piece, and out of it. */
static bool
copy_data(struct sql *s, struct slice data, int64_t until_ns, struct err *e)
{
	while (data.len > 0) {
		size_t n = data.len < COPY_PIECE ? data.len : COPY_PIECE;
		int queued = PQputCopyData(s->conn, data.at, (int)n);

		if (queued < 0)
			return lost_pq(s, e);
		if (queued > 0)
			data = slice_skip(data, n);
		if (!push(s, until_ns, e))
			return false;
	}
	while (PQputCopyEnd(s->conn, NULL) == 0)
		if (!push(s, until_ns, e))
			return false;
	return push(s, until_ns, e);
}

/* What came in place of the server's consent. */
static bool
copy_refused(struct sql *s, PGresult *r, int64_t until_ns, struct err *e)
{
	struct err ignored;

	if (r == NULL)
		return lost(s, "COPY was not understood", e);
	(void)refused(s, r, e);
	PQclear(r);
	if (s->conn != NULL)
		(void)drain(s, until_ns, NULL, &ignored);
	return false;
}

bool
sql_copy(struct sql *s, const char *text, struct slice data, struct err *e)
{
	PGresult *r = NULL;
	int64_t until_ns = 0;
	bool ready;

	if (!begin(s, &until_ns, e))
		return false;
	if (PQsendQuery(s->conn, text) == 0)
		return lost_pq(s, e);
	if (!push(s, until_ns, e) || !pull(s, until_ns, &r, e))
		return false;
	ready = r != NULL && PQresultStatus(r) == PGRES_COPY_IN;
	if (!ready)
		return copy_refused(s, r, until_ns, e);
	PQclear(r);
	return copy_data(s, data, until_ns, e) && drain(s, until_ns, NULL, e);
}

/* --- rows --- */

size_t
sql_count(const struct sql_rows *rows)
{
	return (size_t)PQntuples(rows->result);
}

size_t
sql_columns(const struct sql_rows *rows)
{
	return (size_t)PQnfields(rows->result);
}

const char *
sql_text(const struct sql_rows *rows, size_t row, size_t column)
{
	if (PQgetisnull(rows->result, (int)row, (int)column) != 0)
		return NULL;
	return PQgetvalue(rows->result, (int)row, (int)column);
}

const char *
sql_name(const struct sql_rows *rows, size_t column)
{
	return PQfname(rows->result, (int)column);
}

bool
sql_is_number(const struct sql_rows *rows, size_t column)
{
	/* pg_type's: int8, int2, int4, float4, float8, numeric. */
	static const Oid numbers[] = { 20, 21, 23, 700, 701, 1700 };
	Oid type = PQftype(rows->result, (int)column);

	for (size_t i = 0; i < NELEM(numbers); i++)
		if (type == numbers[i])
			return true;
	return false;
}

int64_t
sql_whole(const struct sql_rows *rows, size_t row, size_t column)
{
	const char *text = sql_text(rows, row, column);
	int64_t value = 0;

	if (text == NULL ||
	    !num_int(slice_of(text), INT64_MIN, INT64_MAX, &value))
		return 0;
	return value;
}

int64_t
sql_changed(const struct sql_rows *rows)
{
	int64_t value = 0;

	bool known =
	    num_int(slice_of(PQcmdTuples(rows->result)), 0, INT64_MAX, &value);

	return known ? value : 0;
}

void
sql_rows_free(struct sql_rows *rows)
{
	if (rows == NULL)
		return;
	PQclear(rows->result);
	free(rows);
}
