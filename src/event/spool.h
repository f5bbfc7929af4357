/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events on the way to Kafka or to the loader, in a folder: segments that are
 * only appended to, of records with checksums.
 *
 * Reading changes nothing and needs no lock: it is safe beside a running
 * daemon, beside another reader, and after any crash. A record that is damaged
 * or torn is skipped and its bytes are counted; all others are read. A segment
 * that the daemon removes while it is read is read to its end.
 *
 * What is in the folder is not trusted: sizes are bounded, checksums are keyed
 * by a number that only files know (0640), records are decoded as a stranger's.
 */
#pragma once

#include "base/err.h"
#include "base/slice.h"
#include "event/event.h"

/* Where a reader is: behind the last event that it gave. A value that may be
 * kept (a loader's progress); all zero: the beginning. */
struct spool_place {
	uint64_t segment; /* its number, from 1 on; grows, never used again */
	uint64_t offset;  /* bytes; 0: its beginning */
};

/* Valid until the next call with the same reader. */
struct spool_event {
	struct slice json; /* by event.schema.json; one line, no line feed */
	char id[37];       /* the event's, as in the JSON; NUL-terminated */
	enum event_type type;
	int64_t at_ns; /* wall clock, when it happened */
	const struct event *event;
	struct spool_place place; /* of the event itself */
	struct spool_place next;  /* behind it */
};

enum spool_next {
	SPOOL_EVENT, /* *out is set */
	SPOOL_END,   /* nothing more now; ask again later if a daemon writes */
};

/* What a reader met so far. */
struct spool_seen {
	uint64_t segments;
	uint64_t events;
	uint64_t damaged_bytes; /* skipped: torn, flipped, not of a segment */
	uint64_t damages;       /* places where that was */
	uint64_t unreadable;    /* segments that could not be opened or read */
	uint64_t missing;       /* segments that are gone between two others */
};

/* Since the spool was made; at most some tenths of a second old. */
struct spool_sums {
	uint64_t id; /* of the spool: one made anew in its place has another */
	uint64_t stored;
	uint64_t lost;
	uint64_t acknowledged;    /* events that Kafka has */
	uint64_t rejected;        /* events that it will never take */
	struct spool_place acked; /* everything before it is acknowledged */
};
/* False: there is no spool that says it. */
bool spool_sums(const char *folder, struct spool_sums *out);

struct spool_reader;

/*
 * from: where to begin, NULL for the beginning. Where its segment is gone, the
 * next one is meant. Fails with CONFIG when folder cannot be read.
 */
bool spool_reader_open(const char *folder, const struct spool_place *from,
    struct spool_reader **out, struct err *e) must_check;
/* Of one segment's file, wherever it lies. Fails with CONFIG. */
bool spool_reader_open_file(
    const char *path, struct spool_reader **out, struct err *e) must_check;
/*
 * The next event, in the order in which they were written. From SPOOL_END on it
 * may be asked again: it then sees what was written since. One thread at a
 * time.
 */
enum spool_next spool_reader_next(
    struct spool_reader *r, struct spool_event *out);
void spool_reader_look(const struct spool_reader *r, struct spool_seen *out);
void spool_reader_free(struct spool_reader *r); /* NULL is allowed */
