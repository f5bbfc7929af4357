/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/run.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "conf/conf.h"
#include "loader/admin.h"
#include "loader/batch.h"
#include "loader/count.h"
#include "loader/load.h"
#include "loader/migrate.h"
#include "loader/options.h"
#include "loader/progress.h"
#include "loader/source.h"
#include "loader/upkeep.h"
#include "sql/sql.h"
#include "sys/sys.h"

enum { WAIT_MS = 100, TRIES_ONCE = 4, STEP_RECORDS = 256 };
static const int64_t backoff_first_ns = NS_PER_S / 2;
static const int64_t backoff_most_ns = 15 * NS_PER_S;
static const int64_t complain_every_ns = 60 * NS_PER_S;

struct run {
	const struct conf *conf;
	const struct options *options;
	struct row_maker *maker;
	struct loading *loading;
	struct batch batch;
	struct upkeep *upkeep;
	struct source *source;
	struct sql *sql; /* NULL: the database is away */
	struct admin *admin;
	struct progress progress;
	int signals;
	bool once;         /* a failure that lasts ends it */
	bool ending;       /* SIGTERM came */
	bool stopping;     /* it did, or another configuration is there */
	struct conf *next; /* to go on with; NULL: the end */
	bool failed;       /* it cannot go on; was said */
	bool held;
	int tries; /* that failed, one after the other */
	int64_t retry_ns;
	int64_t backoff_ns;
	int64_t complained_ns;
	char complaint[ERR_DETAIL_MAX];
};

/* --- the database --- */

/* The same again and again is said once a minute. */
static void
complain(struct run *r, const struct err *e)
{
	int64_t now = clock_ns();

	if (strcmp(r->complaint, e->detail) == 0 &&
	    now - r->complained_ns < complain_every_ns)
		return;
	(void)slice_copy(
	    slice_of(e->detail), r->complaint, sizeof(r->complaint));
	r->complained_ns = now;
	log_line(LOG_LEVEL_ERROR, "%s%s%s; %zu events wait", e->detail,
	    e->hint[0] != '\0' ? "; " : "", e->hint, r->batch.n);
}

/* What went wrong with the database; when it is tried again. */
static void
step_back(struct run *r, enum sql_fault fault, const struct err *e)
{
	count_add(COUNT_FAILED, 1);
	if (fault == SQL_FAULT_DENIED)
		count_add(COUNT_DENIED, 1);
	complain(r, e);
	if (fault != SQL_FAULT_AGAIN) {
		sql_close(r->sql);
		r->sql = NULL;
		count_set(COUNT_DATABASE, 0);
		count_not_ready(COUNT_OF_DATABASE,
		    "PostgreSQL is not there, or refuses: see the log");
	}
	r->tries++;
	r->backoff_ns =
	    r->backoff_ns > 0 ? 2 * r->backoff_ns : backoff_first_ns;
	if (r->backoff_ns > backoff_most_ns)
		r->backoff_ns = backoff_most_ns;
	r->retry_ns = clock_ns() + r->backoff_ns;
	if (r->once && (fault == SQL_FAULT_DENIED || r->tries >= TRIES_ONCE))
		r->failed = true;
}

static void
went_well(struct run *r)
{
	if (r->tries > 0)
		log_line(
		    LOG_LEVEL_NOTICE, "%s: loading again", sql_where(r->sql));
	r->tries = 0;
	r->backoff_ns = 0;
	r->complaint[0] = '\0';
}

static void
open_database(struct run *r)
{
	enum sql_fault fault;
	struct err e;
	int applied;

	if (!sql_open(r->conf, "pictor-loader", &r->sql, &fault, &e)) {
		r->sql = NULL;
		step_back(r, fault, &e);
		return;
	}
	count_add(COUNT_CONNECTIONS, 1);
	upkeep_forget(r->upkeep);
	if (migrate(r->sql, r->conf->loader_migrate, &applied, &e)) {
		count_set(COUNT_DATABASE, 1);
		count_not_ready(COUNT_OF_DATABASE, NULL);
		log_line(LOG_LEVEL_INFO, "%s: connected", sql_where(r->sql));
		return;
	}
	fault = sql_fault(r->sql);
	/* Also where another one migrates for long: nothing works until then. */
	step_back(r, fault == SQL_FAULT_AGAIN ? SQL_FAULT_LOST : fault, &e);
	/* Waiting does not change it. */
	if (e.code == ERR_CONFIG || fault == SQL_FAULT_DENIED)
		r->failed = true;
}

/* --- batches --- */

static void
count_batch(const struct run *r, const struct load_result *result, int64_t ns)
{
	count_add(COUNT_LOADED, result->loaded);
	count_add(COUNT_KNOWN, result->known);
	count_add(COUNT_DEAD, r->batch.nletter);
	count_add(COUNT_EXPIRED, r->batch.expired);
	count_add(COUNT_BATCHES, 1);
	count_add(COUNT_BATCH_MS, (uint64_t)(ns / NS_PER_MS));
}

static void
say_letters(const struct run *r)
{
	const struct batch_letter *l = r->batch.letter;

	if (r->batch.nletter == 0)
		return;
	log_line(LOG_LEVEL_WARNING,
	    "%zu dead letters; the first: %s %" PRId64 ":%" PRId64 ": %s",
	    r->batch.nletter, r->source->name, l->major, l->minor, l->why);
}

static void
give_up_batch(struct run *r)
{
	if (r->batch.records > 0) {
		count_add(COUNT_ABANDONED, 1);
		log_line(LOG_LEVEL_NOTICE,
		    "%" PRIu64 " events are given up: another loader has their "
		    "partitions",
		    r->batch.records);
	}
	batch_clear(&r->batch);
	r->source->kind->renew(r->source);
}

/* True: there is no batch any more. */
static bool
flush(struct run *r, bool *mine)
{
	struct load_result result;
	int64_t began = clock_ns();
	struct err e;

	*mine = true;
	if (r->batch.records == 0)
		return true;
	if (r->sql == NULL)
		return false;
	if (!upkeep_ensure(r->upkeep, r->sql, &r->batch, &e) ||
	    !load_batch(
		r->loading, r->sql, &r->batch, r->source, &result, &e)) {
		step_back(r, sql_fault(r->sql), &e);
		return false;
	}
	went_well(r);
	*mine = result.mine;
	if (!result.mine)
		return true;
	count_batch(r, &result, clock_ns() - began);
	say_letters(r);
	batch_clear(&r->batch);
	r->source->kind->done(r->source);
	return true;
}

bool
run_flush(struct run *r)
{
	bool mine;

	return flush(r, &mine) && mine;
}

static bool
is_due(const struct run *r)
{
	const struct batch *b = &r->batch;

	return b->records >= (uint64_t)r->conf->loader_batch_rows ||
	    batch_size(b) >= (size_t)r->conf->loader_batch_bytes ||
	    (b->records > 0 &&
		clock_ns() - b->began_ns >= r->conf->loader_batch_time);
}

/* False: the database does not take it. */
static bool
try_flush(struct run *r)
{
	bool mine;

	if (r->sql == NULL || clock_ns() < r->retry_ns || !flush(r, &mine))
		return false;
	if (!mine)
		give_up_batch(r);
	return true;
}

/* --- the loop --- */

static void
take(struct run *r, const struct record *record)
{
	count_add(COUNT_READ, 1);
	batch_add(&r->batch, r->maker, record, upkeep_days(r->upkeep));
}

/* Records as they come, some at a time; false: the source has ended. */
static bool
step(struct run *r)
{
	for (int i = 0; i < STEP_RECORDS && !is_due(r); i++) {
		struct record record;

		switch (r->source->kind->next(
		    r->source, i == 0 ? WAIT_MS : 0, &record)) {
		case SOURCE_RECORD:
			take(r, &record);
			continue;
		case SOURCE_NOTHING:
			return true;
		case SOURCE_AGAIN:
			give_up_batch(r);
			return true;
		case SOURCE_FAILED:
			r->failed = true;
			return true;
		case SOURCE_END:
			return false;
		}
	}
	return true;
}

/* The database is away, or does not take the batch: nothing is read. */
static void
wait_for_database(struct run *r)
{
	struct record record;

	if (!r->held && r->source->kind->hold != NULL)
		r->source->kind->hold(r->source, true);
	r->held = true;
	if (r->source->kind->hold == NULL) {
		clock_sleep_ns(WAIT_MS * NS_PER_MS);
		return;
	}
	switch (r->source->kind->next(r->source, WAIT_MS, &record)) {
	case SOURCE_RECORD:
		/* Was on its way already. */
		take(r, &record);
		return;
	case SOURCE_AGAIN:
		give_up_batch(r);
		return;
	case SOURCE_FAILED:
		r->failed = true;
		return;
	case SOURCE_NOTHING:
	case SOURCE_END:
		return;
	}
}

static void
go_on(struct run *r)
{
	if (r->held && r->source->kind->hold != NULL)
		r->source->kind->hold(r->source, false);
	r->held = false;
}

/* All of it is read anew; what is wrong changes nothing. */
static void
reload(struct run *r)
{
	struct conf *next = NULL;
	struct err e;

	if (r->once) {
		log_line(LOG_LEVEL_NOTICE,
		    "SIGHUP: a single run keeps its configuration");
		return;
	}
	if (!conf_load(r->options->config, environ, &next, &e)) {
		log_line(
		    LOG_LEVEL_ERROR, "configuration not changed: %s", e.detail);
		return;
	}
	conf_drop(r->next);
	r->next = next;
	r->stopping = true;
	sys_notify_reloading();
	log_line(LOG_LEVEL_NOTICE, "configuration is read anew");
}

static void
look_at_signals(struct run *r)
{
	int n;

	while ((n = sys_signal_read(r->signals)) != 0) {
		if (n == SIGHUP && !r->ending)
			reload(r);
		if ((n != SIGTERM && n != SIGINT) || r->ending)
			continue;
		log_line(LOG_LEVEL_INFO, "ending: loading what was read");
		sys_notify_stopping();
		conf_drop(r->next);
		r->next = NULL;
		r->ending = true;
		r->stopping = true;
	}
}

/* The place is read anew with each connection. */
static bool
is_placed(struct run *r)
{
	struct err e;

	if (r->source->kind->place(r->source, r->sql, &e))
		return true;
	if (sql_fault(r->sql) == SQL_FAULT_NONE) {
		/* Not the database: nothing that waiting would mend. */
		complain(r, &e);
		r->failed = true;
		return false;
	}
	step_back(r, sql_fault(r->sql), &e);
	return false;
}

/* True: go round again. */
static bool
turn(struct run *r)
{
	bool full = is_due(r);

	look_at_signals(r);
	progress_tick(&r->progress);
	if (sys_watchdog_ns() > 0)
		sys_notify_alive();
	if (r->failed)
		return false;
	if (r->sql == NULL && clock_ns() >= r->retry_ns)
		open_database(r);
	if (r->stopping)
		/* One try: what is not loaded now is read again. */
		return try_flush(r) && false;
	if (r->sql == NULL || !is_placed(r) || (full && !try_flush(r))) {
		wait_for_database(r);
		return true;
	}
	go_on(r);
	upkeep_run(r->upkeep, r->sql);
	if (step(r))
		return true;
	/* The end: tried until it is done or has failed. */
	if (r->batch.records == 0 || try_flush(r))
		return r->batch.records > 0;
	clock_sleep_ns(WAIT_MS * NS_PER_MS);
	return true;
}

static bool
open_source(struct run *r, struct err *e)
{
	const struct options *o = r->options;

	if (o->from_file != NULL)
		return source_file_new(o->from_file, &r->source, e);
	if (o->from_spool != NULL)
		return source_spool_new(o->from_spool, o->once, &r->source, e);
	return source_kafka_new(r->conf, o->once, r, &r->source, e);
}

static bool
start(struct run *r, struct err *e)
{
	count_set(COUNT_DATABASE, 0);
	count_not_ready(
	    COUNT_OF_DATABASE, "there is no connection to PostgreSQL yet");
	count_not_ready(COUNT_OF_SOURCE, "there are no events to read yet");
	r->upkeep = upkeep_new(r->conf);
	r->loading = loading_new();
	return row_maker_new(&r->maker, e) && open_source(r, e) &&
	    (r->once || admin_start(r->conf->loader_admin, &r->admin, e));
}

static void
finish(struct run *r)
{
	/* Leaving the group may still want the database. */
	if (r->source != NULL)
		r->source->kind->free(r->source);
	admin_free(r->admin);
	sql_close(r->sql);
	batch_fini(&r->batch);
	loading_free(r->loading);
	row_maker_free(r->maker);
	upkeep_free(r->upkeep);
}

/* With one configuration. *next: the one to go on with, NULL at the end. */
static int
run_with(const struct conf *conf, const struct options *o, int signals,
    struct conf **next, bool *started)
{
	struct run r = { .conf = conf,
		.options = o,
		.signals = signals,
		.once = o->once || o->from_file != NULL };
	struct err e;
	bool left;

	*next = NULL;
	progress_init(&r.progress, o->quiet);
	*started = start(&r, &e);
	if (!*started) {
		fprintf(stderr, "pictor-loader: %s\n", e.detail);
		finish(&r);
		return 1;
	}
	log_line(LOG_LEVEL_INFO, "loading from %s", r.source->name);
	sys_notify_ready();
	while (turn(&r))
		continue;
	left = r.batch.records > 0;
	if (left)
		log_line(LOG_LEVEL_WARNING,
		    "%" PRIu64 " events were read and are not loaded: the next "
		    "run reads them again",
		    r.batch.records);
	batch_clear(&r.batch);
	finish(&r);
	if (r.once || r.progress.bar)
		progress_end(&r.progress);
	*next = r.next;
	return r.failed || (left && r.once) ? 1 : 0;
}

int
run(const struct conf *conf, const struct options *o)
{
	scoped_fd signals = sys_signals_open();
	const struct conf *now = conf_ref(conf);
	const struct conf *before = NULL; /* it worked */
	struct conf *next = NULL;
	bool started;
	int status;

	for (;;) {
		log_level_set(o->quiet ? LOG_LEVEL_WARNING
				       : (enum log_level)now->log_level);
		status = run_with(now, o, signals, &next, &started);
		if (!started && before != NULL) {
			log_line(LOG_LEVEL_ERROR,
			    "going on with the configuration before");
			next = NULL;
			conf_drop(now);
			now = take_ptr(before);
			continue;
		}
		if (next == NULL || status != 0)
			break;
		conf_drop(before);
		before = now;
		now = take_ptr(next);
	}
	conf_drop(now);
	conf_drop(before);
	conf_drop(next);
	return status;
}
