/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A spool's folder, read beside the daemon that writes it or after it. How far
 * it was loaded stands in the database, under the host's name, the folder's and
 * the spool's id, so the next run goes on there; a spool that is made anew in
 * the same folder begins to count again, and is read from its beginning.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/log.h"
#include "event/spool.h"
#include "loader/count.h"
#include "loader/source.h"
#include "sql/sql.h"

enum { NAME_ROOM = 600, KEY_ROOM = NAME_ROOM + 20, NUMBER_MAX = 24 };
static const int64_t look_every_ns = NS_PER_S;

struct from_spool {
	struct source source;
	char *name; /* "spool HOST:FOLDER" */
	char *folder;
	struct spool_reader *reader; /* NULL: not placed yet */
	struct spool_place seen;     /* behind the last of the batch */
	uint64_t id;                 /* of the spool that is read; 0: none */
	char key[KEY_ROOM];          /* what stands in the table */
	int64_t looked_ns;
	bool loaded; /* all that was given */
	bool once;
	uint64_t damages;
	uint64_t missing;
};

static struct from_spool *
spool_of(struct source *s)
{
	return (struct from_spool *)(void *)s;
}

/* Is it a spool that was made since? Only while nothing of it waits. */
static bool
is_another(struct from_spool *f)
{
	struct spool_sums sums;

	if (!f->loaded || clock_ns() - f->looked_ns < look_every_ns)
		return false;
	f->looked_ns = clock_ns();
	return spool_sums(f->folder, &sums) && sums.id != f->id;
}

static void
tell_harm(struct from_spool *f)
{
	struct spool_seen seen;

	spool_reader_look(f->reader, &seen);
	if (seen.missing > f->missing)
		log_line(LOG_LEVEL_WARNING,
		    "%s: %" PRIu64
		    " segments are gone that were not loaded; the spool keeps "
		    "too little (spool.size, spool.keep)",
		    f->name, seen.missing - f->missing);
	f->missing = seen.missing;
	if (seen.damages == f->damages)
		return;
	f->damages = seen.damages;
	log_line(LOG_LEVEL_WARNING,
	    "%s: %" PRIu64 " bytes in %" PRIu64
	    " places are damaged and were skipped",
	    f->name, seen.damaged_bytes, seen.damages);
}

static enum source_next
next(struct source *s, int wait_ms, struct record *out)
{
	struct from_spool *f = spool_of(s);
	struct spool_event event;

	if (spool_reader_next(f->reader, &event) == SPOOL_END) {
		tell_harm(f);
		if (f->once)
			return SOURCE_END;
		if (is_another(f))
			return SOURCE_AGAIN;
		clock_sleep_ns(wait_ms * NS_PER_MS);
		return SOURCE_NOTHING;
	}
	f->seen = event.next;
	f->loaded = false;
	out->json = event.json;
	out->major = (int64_t)event.place.segment;
	out->minor = (int64_t)event.place.offset;
	return SOURCE_RECORD;
}

static bool
place(struct source *s, struct sql *sql, struct err *e)
{
	struct from_spool *f = spool_of(s);
	const char *values[1] = { f->key };
	struct spool_sums sums = { .id = 0 };
	scoped_rows rows = NULL;

	if (f->reader != NULL)
		return true;
	(void)spool_sums(f->folder, &sums);
	f->id = sums.id;
	/* The name without its first word. */
	(void)snprintf(f->key, sizeof(f->key), "%s %016" PRIx64,
	    f->name + strlen("spool "), f->id);
	if (!sql_ask(sql,
		"SELECT segment, next_byte FROM pictor.spool_place "
		"WHERE spool = $1",
		values, 1, &rows, e))
		return false;
	f->seen = (struct spool_place){ 0, 0 };
	if (sql_count(rows) > 0)
		f->seen = (struct spool_place){ (uint64_t)sql_whole(rows, 0, 0),
			(uint64_t)sql_whole(rows, 0, 1) };
	if (!spool_reader_open(f->folder, f->seen.segment > 0 ? &f->seen : NULL,
		&f->reader, e))
		return false;
	f->damages = 0;
	f->missing = 0;
	f->loaded = true;
	f->looked_ns = clock_ns();
	count_not_ready(COUNT_OF_SOURCE, NULL);
	return true;
}

/* Two loaders of one spool are one too many, but do no harm: the rows tell. */
static bool
mark(struct source *s, struct sql *sql, bool *mine, struct err *e)
{
	struct from_spool *f = spool_of(s);
	char number[2][NUMBER_MAX];
	const char *values[3] = { f->key, number[0], number[1] };

	*mine = true;
	(void)snprintf(
	    number[0], NUMBER_MAX, "%" PRId64, (int64_t)f->seen.segment);
	(void)snprintf(
	    number[1], NUMBER_MAX, "%" PRId64, (int64_t)f->seen.offset);
	return sql_ask(sql,
	    "INSERT INTO pictor.spool_place AS p (spool, segment, next_byte) "
	    "VALUES ($1, $2, $3) ON CONFLICT (spool) DO UPDATE SET "
	    "segment = excluded.segment, next_byte = excluded.next_byte, "
	    "changed_at = now()",
	    values, NELEM(values), NULL, e);
}

static void
done(struct source *s)
{
	spool_of(s)->loaded = true;
}

static void
renew(struct source *s)
{
	struct from_spool *f = spool_of(s);

	spool_reader_free(f->reader);
	f->reader = NULL;
}

static void
spool_free(struct source *s)
{
	struct from_spool *f = spool_of(s);

	spool_reader_free(f->reader);
	free(f->folder);
	free(f->name);
	free(f);
}

static const struct source_kind kind = {
	.next = next,
	.place = place,
	.mark = mark,
	.done = done,
	.renew = renew,
	.hold = NULL,
	.free = spool_free,
};

bool
source_spool_new(
    const char *folder, bool once, struct source **out, struct err *e)
{
	scoped_free char *whole = realpath(folder, NULL);
	struct spool_reader *reader;
	struct from_spool *f;
	char host[HOST_NAME_MAX + 1] = "";
	char shown[NAME_ROOM / 2];
	char name[NAME_ROOM];

	/* Said at once, not when the database has answered. */
	if (!spool_reader_open(folder, NULL, &reader, e))
		return false;
	spool_reader_free(reader);
	(void)gethostname(host, sizeof(host) - 1);
	/* A name need not be UTF-8, a text of the database must. */
	(void)codec_log_escape(
	    slice_of(whole != NULL ? whole : folder), shown, sizeof(shown));
	(void)snprintf(name, sizeof(name), "spool %s:%s", host, shown);
	f = xcalloc(1, sizeof(*f));
	f->once = once;
	f->folder = xstrdup(folder);
	f->name = xstrdup(name);
	f->source = (struct source){ .kind = &kind, .name = f->name };
	*out = &f->source;
	return true;
}
