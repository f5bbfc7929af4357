/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where events come from: a topic, a spool, a file. One thread; all but the
 * names are called by run.c.
 *
 * A source knows how far it was loaded and says so inside the transaction that
 * loads (mark), so that rows and place are written together or not at all.
 */
#pragma once

#include "base/err.h"
#include "base/slice.h"

struct conf;
struct run;
struct source;
struct sql;

/* One event, valid until the next call of next(). */
struct record {
	struct slice json;
	int64_t major; /* partition, segment, 0 */
	int64_t minor; /* offset, place, line */
};

enum source_next {
	SOURCE_RECORD,
	SOURCE_NOTHING, /* in the time given */
	SOURCE_END,     /* all there was; only asked of a run with --once */
	SOURCE_FAILED,  /* it cannot go on, and has said why */
	SOURCE_AGAIN,   /* the batch is to be given up: see renew() */
};

struct source_kind {
	/* Waits at most wait_ms. */
	enum source_next (*next)(
	    struct source *s, int wait_ms, struct record *out);
	/* A connection is there: read the place from it, where that is due. */
	bool (*place)(struct source *s, struct sql *sql, struct err *e);
	/* In the transaction. *mine false: somebody else has loaded it. */
	bool (*mark)(
	    struct source *s, struct sql *sql, bool *mine, struct err *e);
	/* The transaction is committed. */
	void (*done)(struct source *s);
	/* The batch is given up: give its records again, if they are still ours. */
	void (*renew)(struct source *s);
	/* The database is away: keep what keeps it alive going, read nothing. */
	void (*hold)(struct source *s, bool on);
	void (*free)(struct source *s);
};

/* The first member of every source. */
struct source {
	const struct source_kind *kind;
	const char *name; /* "topic image.events.v1", "spool /x"; for origins */
};

/* path "-": standard input. Fails with SYSTEM. */
bool source_file_new(
    const char *path, struct source **out, struct err *e) must_check;
/* once: SOURCE_END when nothing more is there. Fails with CONFIG. */
bool source_spool_new(const char *folder, bool once, struct source **out,
    struct err *e) must_check;
/*
 * run: whose run_flush() it calls before partitions are taken from it. Fails
 * with CONFIG.
 */
bool source_kafka_new(const struct conf *conf, bool once, struct run *run,
    struct source **out, struct err *e) must_check;
