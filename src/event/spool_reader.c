/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the spool: a window of the segment's file, moved on; records in it,
 * one after the other.
 *
 * What is no whole record is searched for the next one, byte by byte. Only at
 * the end of the last segment it is waited for, since a daemon may be writing
 * it; a segment is not the last any more as soon as there is one behind it,
 * which the daemon makes when it has written its last to the one before.
 */
#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/fd.h"
#include "event/pack.h"
#include "event/segment.h"
#include "event/spool.h"
#include "event/text.h"

enum { WINDOW = 4 * FRAME_MAX };
_Static_assert((int)PACK_MAX <= (int)FRAME_MAX, "every event fits in a frame");
_Static_assert(WINDOW >= FRAME_HEAD + FRAME_MAX, "a frame fits in the window");

struct spool_reader {
	int folder; /* -1: of one file */
	int fd;     /* of the segment; -1: none is open */
	struct segment segment;
	struct segment *list; /* behind it, as they were listed */
	size_t nlist, at_list;
	uint64_t offset; /* of what is read next */
	bool last;       /* nothing is known behind it */
	bool in_damage;  /* the bytes before offset were skipped, too */
	uint8_t *window; /* bytes of the file */
	uint64_t from;   /* where they are */
	size_t size;     /* how many */
	struct event event;
	struct text text;
	struct spool_seen seen;
};

/* --- segments --- */

static void
segment_begin(struct spool_reader *r, int fd, const struct segment *segment,
    uint64_t offset)
{
	fd_close(&r->fd);
	r->fd = fd;
	r->segment = *segment;
	r->offset = offset;
	r->from = 0;
	r->size = 0;
	r->in_damage = false;
	r->seen.segments++;
}

/* The folder anew: what is behind that number. */
static bool
segments_look(struct spool_reader *r, uint64_t behind)
{
	struct segment *list = NULL;
	size_t n = 0;

	if (r->folder < 0 || !segments_list(r->folder, &list, &n))
		return false;
	free(r->list);
	r->list = list;
	r->nlist = n;
	r->at_list = 0;
	while (r->at_list < n && list[r->at_list].number <= behind)
		r->at_list++;
	return r->at_list < n;
}

/* Nothing that says something of the segment. */
static bool
is_for_now(int errnum)
{
	return errnum == EMFILE || errnum == ENFILE || errnum == ENOMEM ||
	    errnum == EINTR;
}

static bool
segment_open_next(struct spool_reader *r, uint64_t offset)
{
	const struct segment *next = &r->list[r->at_list];
	uint64_t before = r->segment.number;
	char name[SEGMENT_NAME_MAX];
	int fd;

	segment_name(next, name);
	fd = openat(r->folder, name,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	/* Who passes over it passes over its events: it is tried again. */
	if (fd < 0 && is_for_now(errno))
		return false;
	r->at_list++;
	if (fd < 0) {
		/* Removed since: what was in it was acknowledged. */
		r->seen.unreadable += errno != ENOENT;
		r->seen.missing += errno == ENOENT;
		return false;
	}
	if (before > 0 && next->number > before + 1)
		r->seen.missing += next->number - before - 1;
	segment_begin(r, fd, next, offset);
	return true;
}

/* The next segment that opens; false: there is none. */
static bool
segment_next(struct spool_reader *r)
{
	while (r->at_list < r->nlist || segments_look(r, r->segment.number)) {
		size_t at = r->at_list;

		if (segment_open_next(r, 0))
			return true;
		if (r->at_list == at)
			return false;
	}
	return false;
}

/* --- bytes --- */

/* As many as there are at offset, at most want; *at: the first. */
static size_t
bytes_at(struct spool_reader *r, size_t want, const uint8_t **at)
{
	size_t have = 0;

	assert(want <= WINDOW);
	if (r->offset >= r->from && r->offset - r->from <= r->size)
		have = r->size - (size_t)(r->offset - r->from);
	if (have < want) {
		ssize_t got = 0;

		r->from = r->offset;
		r->size = 0;
		while (r->size < WINDOW) {
			got = pread(r->fd, r->window + r->size,
			    WINDOW - r->size, (off_t)(r->from + r->size));
			if (got <= 0)
				break;
			r->size += (size_t)got;
		}
		have = r->size;
	}
	*at = r->window + (r->offset - r->from);
	return have;
}

static void
skip_damage(struct spool_reader *r, size_t bytes)
{
	if (bytes == 0)
		return;
	r->seen.damages += !r->in_damage;
	r->seen.damaged_bytes += bytes;
	r->in_damage = true;
	r->offset += bytes;
}

/* The head of a segment says what its name says; the name will do. */
static bool
head_read(struct spool_reader *r)
{
	struct segment head = r->segment;
	const uint8_t *at;
	size_t have = bytes_at(r, SEGMENT_HEAD, &at);

	if (have < SEGMENT_HEAD && r->last)
		return false;
	if (have >= SEGMENT_HEAD && segment_head_read(at, &head) &&
	    (r->segment.number == 0 ||
		(head.salt == r->segment.salt &&
		    head.number == r->segment.number))) {
		r->segment = head;
		r->offset = SEGMENT_HEAD;
		return true;
	}
	skip_damage(r, have < SEGMENT_HEAD ? have : SEGMENT_HEAD);
	r->offset = SEGMENT_HEAD;
	return true;
}

/* --- records --- */

enum found { FOUND_EVENT, FOUND_MORE, FOUND_END };

/* A whole frame, with its event; else what is to be skipped, at least 1. */
static size_t
frame_read(struct spool_reader *r, const uint8_t *at, size_t have, bool *good)
{
	size_t body = have >= FRAME_HEAD ? frame_size(at) : 0;

	*good = body > 0 && body <= have - FRAME_HEAD &&
	    frame_good(r->segment.salt, at, body) &&
	    unpack_event(at + FRAME_HEAD, body, &r->event);
	if (*good)
		return FRAME_HEAD + body;
	if (have <= 1)
		return have;
	return 1 + frame_seek(at + 1, have - 1);
}

static enum found
find(struct spool_reader *r, uint64_t *place)
{
	const uint8_t *at;
	size_t have;
	size_t size;
	bool good;

	if (r->offset < SEGMENT_HEAD)
		return head_read(r) ? FOUND_MORE : FOUND_END;
	have = bytes_at(r, FRAME_HEAD, &at);
	if (have >= FRAME_HEAD && frame_size(at) > have - FRAME_HEAD)
		have = bytes_at(r, FRAME_HEAD + frame_size(at), &at);
	/* Perhaps it is being written: its front is there. */
	if (r->last &&
	    (have < FRAME_HEAD || frame_size(at) > have - FRAME_HEAD))
		return FOUND_END;
	if (have == 0)
		return FOUND_END;
	size = frame_read(r, at, have, &good);
	if (!good) {
		skip_damage(r, size);
		return FOUND_MORE;
	}
	*place = r->offset;
	r->offset += size;
	r->in_damage = false;
	return FOUND_EVENT;
}

static void
give(struct spool_reader *r, uint64_t place, struct spool_event *out)
{
	r->seen.events++;
	r->text.len = 0;
	event_print_json(&r->text, &r->event);
	*out = (struct spool_event){
		.json = { r->text.at, r->text.len - 1 },
		.type = r->event.type,
		.at_ns = r->event.at_ns,
		.event = &r->event,
		.place = { r->segment.number, place },
		.next = { r->segment.number, r->offset },
	};
	event_uid_print(r->event.uid, out->id);
}

enum spool_next
spool_reader_next(struct spool_reader *r, struct spool_event *out)
{
	uint64_t place = 0;

	if (r->fd < 0 && !segment_next(r))
		return SPOOL_END;
	for (;;) {
		r->last = r->folder >= 0 && r->at_list == r->nlist;
		switch (find(r, &place)) {
		case FOUND_EVENT:
			give(r, place, out);
			return SPOOL_EVENT;
		case FOUND_MORE:
			break;
		case FOUND_END:
			/*
			 * With another behind it nothing comes any more; what
			 * came before that was seen is read once more.
			 */
			if (r->last) {
				if (!segments_look(r, r->segment.number))
					return SPOOL_END;
				r->size = 0;
			} else if (!segment_next(r)) {
				return SPOOL_END;
			}
			break;
		}
	}
}

/* --- beginning and end --- */

static struct spool_reader *
reader_new(void)
{
	struct spool_reader *r = xcalloc(1, sizeof(*r));

	r->folder = -1;
	r->fd = -1;
	r->window = xcalloc(1, WINDOW);
	r->text.at = xcalloc(1, EVENT_LINE_MAX);
	r->text.size = EVENT_LINE_MAX;
	return r;
}

bool
spool_reader_open(const char *folder, const struct spool_place *from,
    struct spool_reader **out, struct err *e)
{
	scoped_fd fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct spool_reader *r;

	if (fd < 0)
		return err_errno(e, ERR_CONFIG, errno, "%s", folder);
	r = reader_new();
	r->folder = take_fd(fd);
	if (from != NULL && from->segment > 0 &&
	    segments_look(r, from->segment - 1) &&
	    r->list[r->at_list].number == from->segment)
		(void)segment_open_next(r, from->offset);
	/* Where it is gone: what is behind it. */
	if (r->fd < 0 && from != NULL)
		r->segment.number = from->segment;
	*out = r;
	return true;
}

bool
spool_reader_open_file(
    const char *path, struct spool_reader **out, struct err *e)
{
	scoped_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const char *name = strrchr(path, '/');
	struct segment segment;
	struct spool_reader *r;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return err_errno(e, ERR_CONFIG, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_CONFIG, "%s: not a file", path);
	/* Of a file with another name the head says what it is. */
	if (!segment_name_read(name != NULL ? name + 1 : path, &segment))
		segment = (struct segment){ 0 };
	r = reader_new();
	segment_begin(r, take_fd(fd), &segment, 0);
	*out = r;
	return true;
}

void
spool_reader_look(const struct spool_reader *r, struct spool_seen *out)
{
	*out = r->seen;
}

void
spool_reader_free(struct spool_reader *r)
{
	if (r == NULL)
		return;
	fd_close(&r->folder);
	fd_close(&r->fd);
	free(r->list);
	free(r->window);
	free(r->text.at);
	free(r);
}
