/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that takes events out of the buffer and appends them to segments,
 * and what is known of the segments.
 *
 * A segment is written by one process only, to its end: after a start the next
 * begins. Before each write the buffer notes where it goes; after a crash that
 * says whether the events of the last write are in the segment or still only in
 * the buffer. A write that failed in the middle is taken back; until it succeeds
 * the events wait in the buffer, and when that is full new ones are lost and
 * counted. Nothing is brought to the disk's surface (fdatasync) unless
 * spool.sync says so: what was appended survives the end of the process, not
 * of power.
 */
#include "event/spool.h"

#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/digest.h"
#include "base/fd.h"
#include "base/lock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "event/buffer.h"
#include "event/pack.h"
#include "event/rejected.h"
#include "event/segment.h"
#include "event/spool_state.h"
#include "event/spool_write.h"
#include "metric/metric.h"

enum {
	SPOOL_BATCH = 256 * 1024, /* bytes of one write */
	SPOOL_SEGMENT = 16 * 1024 * 1024,
	SPOOL_SEGMENTS_LEAST = 8, /* of spool.size: so that few are in use */
	SPOOL_REJECTED = 16       /* part of spool.size */
};
static const int64_t spool_gather_ns = 5 * NS_PER_MS;
static const int64_t spool_retry_ns = 100 * NS_PER_MS;
static const int64_t spool_save_ns = 200 * NS_PER_MS;
static const int64_t spool_tidy_ns = NS_PER_S;
static const int64_t spool_complain_ns = 60 * NS_PER_S;
static const int64_t spool_close_ns = 10 * NS_PER_S;

/* A segment that is there. */
struct kept {
	struct segment segment;
	/* Monotonic, since a clock that is set would remove what is to be kept;
	 * of the one being written: 0. */
	int64_t sealed_ns;
};

struct spool {
	/* Constant. */
	char *path;
	int folder, lock_fd, state_fd;
	bool acknowledged; /* by somebody; else at once */
	struct buffer *buffer;
	int wake; /* the writer, where it sleeps */
	int told; /* who sends: something was written */
	pthread_t thread;
	atomic_bool asleep;
	atomic_bool stop;
	atomic_bool failing; /* set by the writer */
	_Atomic int64_t size_most, keep_ns, sync_ns;

	struct lock lock;
	struct cond written;
	struct kept *kept under(lock); /* by number */
	size_t nkept under(lock);
	size_t room under(lock);
	uint64_t bytes under(lock); /* of all segments */
	struct spool_state state under(lock);
	bool unsaved under(lock);

	/* The writer's. */
	int fd; /* -1: the next write makes a segment */
	struct segment segment;
	uint64_t offset;
	uint64_t turn;
	bool dirty;
	int64_t complained_ns, saved_ns, tidied_ns, synced_ns;
	uint64_t lost_then;
};

/* The FATE label. */
enum spool_fate { FATE_STORED, FATE_LOST, FATES };

/* --- appending: any thread --- */

bool
spool_append(struct spool *s, const struct event *event)
{
	uint8_t frame[FRAME_HEAD + PACK_MAX];
	size_t size = pack_event(event, frame + FRAME_HEAD);

	/* The salt is constant once the spool is open. */
	frame_head(s->segment.salt, frame + FRAME_HEAD, size, frame);
	if (!buffer_put(s->buffer, frame, FRAME_HEAD + size)) {
		atomic_fetch_add_explicit(
		    &buffer_sums(s->buffer)->lost, 1, memory_order_relaxed);
		metric_add(METRIC_SPOOL_EVENTS, FATE_LOST, 0, 1);
		return false;
	}
	metric_add(METRIC_SPOOL_EVENTS, FATE_STORED, 0, 1);
	/* It sets asleep and looks at the buffer; here it is the other way. */
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&s->asleep, memory_order_relaxed) &&
	    atomic_exchange(&s->asleep, false))
		fd_event_set(s->wake);
	return true;
}

/* --- segments --- */

static void
kept_add(struct spool *s, const struct segment *segment, int64_t sealed_ns)
    needs_lock(&s->lock)
{
	if (s->nkept == s->room) {
		struct kept *more;

		s->room = s->room > 0 ? 2 * s->room : 64;
		more = reallocarray(s->kept, s->room, sizeof(*more));
		if (more == NULL)
			abort();
		s->kept = more;
	}
	s->kept[s->nkept++] = (struct kept){ *segment, sealed_ns };
	s->bytes += segment->size;
}

/* May the oldest go: is all of it acknowledged, and not being written? */
static bool
oldest_is_done(const struct spool *s) needs_lock(&s->lock)
{
	const struct kept *oldest = s->kept;

	return s->nkept > 0 && oldest->sealed_ns > 0 &&
	    (!s->acknowledged ||
		oldest->segment.number < s->state.acked.segment);
}

static bool
oldest_remove(struct spool *s) needs_lock(&s->lock)
{
	char name[SEGMENT_NAME_MAX];

	segment_name(&s->kept[0].segment, name);
	if (unlinkat(s->folder, name, 0) != 0 && errno != ENOENT)
		return false;
	s->bytes -= s->kept[0].segment.size;
	s->nkept--;
	memmove(s->kept, s->kept + 1, s->nkept * sizeof(*s->kept));
	return true;
}

/* Makes room for so many bytes; false: all that is there is still needed. */
static bool
room_for(struct spool *s, uint64_t bytes, bool disk_full)
{
	uint64_t most = (uint64_t)atomic_load(&s->size_most);
	bool fits;

	lock_take(&s->lock);
	if (disk_full && oldest_is_done(s))
		(void)oldest_remove(s);
	while (s->bytes + bytes > most && oldest_is_done(s) && oldest_remove(s))
		;
	fits = s->bytes + bytes <= most;
	lock_drop(&s->lock);
	return fits;
}

/* Removes what has been kept long enough. */
static void
remove_old(struct spool *s)
{
	int64_t keep = atomic_load(&s->keep_ns);
	int64_t now = clock_ns();

	lock_take(&s->lock);
	while (oldest_is_done(s) && now - s->kept[0].sealed_ns >= keep &&
	    oldest_remove(s))
		;
	metric_gauge(METRIC_SPOOL_BYTES, (int64_t)s->bytes);
	metric_gauge(METRIC_SPOOL_SEGMENTS, (int64_t)s->nkept);
	metric_gauge(METRIC_SPOOL_WAITING,
	    s->acknowledged ? (int64_t)(s->state.stored - s->state.acked_events)
			    : 0);
	lock_drop(&s->lock);
}

static void
segment_end(struct spool *s)
{
	if (s->fd < 0)
		return;
	fd_close(&s->fd);
	lock_take(&s->lock);
	s->kept[s->nkept - 1].sealed_ns = clock_ns();
	lock_drop(&s->lock);
}

static bool
segment_make(struct spool *s)
{
	uint8_t head[SEGMENT_HEAD];
	struct iovec all = { head, sizeof(head) };
	char name[SEGMENT_NAME_MAX];
	scoped_fd fd = -1;
	ssize_t done;

	lock_take(&s->lock);
	s->segment.number = s->state.number + 1;
	lock_drop(&s->lock);
	s->segment.size = SEGMENT_HEAD;
	segment_name(&s->segment, name);
	fd = openat(s->folder, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	segment_head(&s->segment, clock_wall_ns(), head);
	if (fd < 0)
		return false;
	done = fd_write_vectors(fd, &all, 1, 0);
	if (done != (ssize_t)sizeof(head)) {
		int why = done < 0 ? errno : ENOSPC;

		(void)unlinkat(s->folder, name, 0);
		errno = why;
		return false;
	}
	s->fd = take_fd(fd);
	s->offset = SEGMENT_HEAD;
	lock_take(&s->lock);
	s->state.number = s->segment.number;
	s->unsaved = true;
	kept_add(s, &s->segment, 0);
	lock_drop(&s->lock);
	return true;
}

/* --- the writer --- */

static void
complain(struct spool *s, const char *why)
{
	uint64_t lost = atomic_load(&buffer_sums(s->buffer)->lost);
	int64_t now = clock_ns();

	if (!atomic_exchange(&s->failing, true)) {
		s->lost_then = lost;
		metric_add(METRIC_SPOOL_FAILURES, 0, 0, 1);
	} else if (now - s->complained_ns < spool_complain_ns) {
		return;
	}
	s->complained_ns = now;
	log_line(LOG_LEVEL_ERROR,
	    "spool.path = %s: %s: events wait in memory; %" PRIu64 " lost",
	    s->path, why, lost - s->lost_then);
}

static void
content(struct spool *s)
{
	if (!atomic_exchange(&s->failing, false))
		return;
	log_line(LOG_LEVEL_NOTICE,
	    "spool.path = %s: written again, %" PRIu64 " events lost", s->path,
	    atomic_load(&buffer_sums(s->buffer)->lost) - s->lost_then);
}

static const char *
why_of(int errnum)
{
	const char *why = strerrordesc_np(errnum);

	return why != NULL ? why : "unknown error";
}

/* Appends n records to the segment; all of them or none. */
static bool
write_batch(struct spool *s, const struct iovec *records, size_t n,
    uint64_t bytes, uint64_t end)
{
	struct buffer_intent *intent = buffer_intent(s->buffer);
	ssize_t done;

	*intent = (struct buffer_intent){
		.segment = s->segment.number,
		.offset = s->offset,
		.bytes = bytes,
		.stored = atomic_load(&buffer_sums(s->buffer)->stored) + n,
	};
	/* Seen by the next process only if the above is, too. */
	atomic_thread_fence(memory_order_release);
	*(volatile uint64_t *)&intent->tail = end;
	done = fd_write_vectors(s->fd, records, (int)n, (off_t)s->offset);
	if (done == (ssize_t)bytes)
		return true;
	if (done >= 0)
		errno = ENOSPC;
	intent->tail = 0;
	if (done > 0 && ftruncate(s->fd, (off_t)s->offset) != 0)
		segment_end(s); /* its torn end is skipped by readers */
	return false;
}

static void
wrote_batch(struct spool *s, uint64_t bytes, uint64_t end)
{
	struct buffer_intent *intent = buffer_intent(s->buffer);

	s->offset += bytes;
	s->dirty = true;
	atomic_store(&buffer_sums(s->buffer)->stored, intent->stored);
	buffer_next(s->buffer, end);
	intent->tail = 0;
	lock_take(&s->lock);
	s->kept[s->nkept - 1].segment.size = s->offset;
	s->bytes += bytes;
	s->state.stored = intent->stored;
	s->unsaved = true;
	cond_wake_all(&s->written);
	lock_drop(&s->lock);
	content(s);
	fd_event_set(s->told);
}

/* False: it cannot be written now. */
static bool
batch(struct spool *s, bool *more)
{
	struct iovec records[BUFFER_VECTORS];
	uint64_t end = 0;
	size_t n = buffer_look(s->buffer, records, SPOOL_BATCH, &end);
	uint64_t bytes = 0;
	uint64_t most = (uint64_t)atomic_load(&s->size_most);
	uint64_t segment = most / SPOOL_SEGMENTS_LEAST;

	*more = n > 0;
	if (n == 0) {
		buffer_next(s->buffer, end); /* gaps */
		return true;
	}
	for (size_t i = 0; i < n; i++)
		bytes += records[i].iov_len;
	if (segment > SPOOL_SEGMENT)
		segment = SPOOL_SEGMENT;
	if (s->fd >= 0 && s->offset > SEGMENT_HEAD &&
	    s->offset + bytes > segment)
		segment_end(s);
	if (!room_for(s, bytes + SEGMENT_HEAD, false)) {
		complain(s, "full (spool.size)");
		return false;
	}
	if ((s->fd < 0 && !segment_make(s)) ||
	    !write_batch(s, records, n, bytes, end)) {
		int why = errno;

		complain(s, why_of(why));
		if (why == ENOSPC || why == EDQUOT)
			(void)room_for(s, 0, true);
		if (why == EFBIG)
			segment_end(s);
		return false;
	}
	wrote_batch(s, bytes, end);
	return true;
}

static void
save(struct spool *s, bool now)
{
	struct spool_state state;
	uint64_t waiting;
	bool unsaved;

	if (!now && clock_ns() - s->saved_ns < spool_save_ns)
		return;
	s->saved_ns = clock_ns();
	/* Stored is, too, what waits for a segment to take it. */
	waiting = atomic_load(&s->failing) ? buffer_count(s->buffer) : 0;
	lock_take(&s->lock);
	s->state.written = atomic_load(&buffer_sums(s->buffer)->stored);
	s->state.stored = s->state.written + waiting;
	/* Now: at the start, too, for one that was killed and had not said. */
	unsaved = now || s->unsaved || waiting > 0 ||
	    s->state.lost != atomic_load(&buffer_sums(s->buffer)->lost);
	s->state.lost = atomic_load(&buffer_sums(s->buffer)->lost);
	state = s->state;
	s->unsaved = false;
	lock_drop(&s->lock);
	/* Written in place: a full disk has room for it. */
	if (unsaved && spool_state_write(s->state_fd, &state, s->turn))
		s->turn++;
}

static void
look_after(struct spool *s)
{
	int64_t now = clock_ns();
	int64_t sync_ns = atomic_load(&s->sync_ns);

	save(s, false);
	if (now - s->tidied_ns >= spool_tidy_ns) {
		s->tidied_ns = now;
		remove_old(s);
	}
	if (sync_ns > 0 && s->dirty && s->fd >= 0 &&
	    now - s->synced_ns >= sync_ns) {
		s->synced_ns = now;
		s->dirty = false;
		if (fdatasync(s->fd) != 0)
			complain(s, why_of(errno));
	}
}

/* Sleeps while there is nothing to write, but not for long. */
static void
rest(struct spool *s)
{
	struct pollfd fd = { .fd = s->wake, .events = POLLIN };

	atomic_store(&s->asleep, true);
	atomic_thread_fence(memory_order_seq_cst);
	if (buffer_empty(s->buffer) && !atomic_load(&s->stop))
		(void)poll(&fd, 1, (int)(spool_save_ns / NS_PER_MS));
	atomic_store(&s->asleep, false);
	fd_event_clear(s->wake);
}

static void *
writer(void *arg)
{
	struct spool *s = arg;

	while (!atomic_load(&s->stop)) {
		bool more = true;
		bool ok = true;

		rest(s);
		if (!buffer_empty(s->buffer))
			clock_sleep_ns(spool_gather_ns);
		while (ok && more) {
			ok = batch(s, &more);
			look_after(s);
		}
		if (!ok)
			clock_sleep_ns(spool_retry_ns);
	}
	return NULL;
}

/* --- for who sends --- */

int
spool_fd(struct spool *s)
{
	return s->told;
}

const char *
spool_folder(const struct spool *s)
{
	return s->path;
}

struct spool_place
spool_begin(struct spool *s)
{
	struct spool_place place;

	lock_take(&s->lock);
	place = s->state.acked;
	lock_drop(&s->lock);
	return place;
}

void
spool_acknowledge(
    struct spool *s, const struct spool_place *next, uint64_t events)
{
	lock_take(&s->lock);
	s->state.acked = *next;
	s->state.acked_events += events;
	s->unsaved = true;
	lock_drop(&s->lock);
}

bool
spool_reject(struct spool *s, const struct event *event)
{
	uint64_t most = (uint64_t)atomic_load(&s->size_most) / SPOOL_REJECTED;

	lock_take(&s->lock);
	s->state.rejected++;
	s->unsaved = true;
	lock_drop(&s->lock);
	return rejected_put(s->folder, s->segment.salt, most, event);
}

/* --- beginning and end --- */

bool
spool_check(const struct conf *conf, struct err *e)
{
	const char *path = conf->spool_path;
	struct stat st;

	if (stat(path, &st) != 0)
		return errno == ENOENT
		    ? true
		    : err_errno(e, ERR_CONFIG, errno, "spool.path = %s", path);
	if (!S_ISDIR(st.st_mode))
		return err_errno(
		    e, ERR_CONFIG, ENOTDIR, "spool.path = %s", path);
	if (faccessat(AT_FDCWD, path, R_OK | W_OK | X_OK, AT_EACCESS) != 0)
		return err_errno(e, ERR_CONFIG, errno, "spool.path = %s", path);
	return true;
}

void
spool_tune(struct spool *s, const struct conf *conf)
{
	atomic_store(&s->size_most, conf->spool_size);
	atomic_store(&s->keep_ns, conf->spool_keep);
	atomic_store(&s->sync_ns, conf->spool_sync);
}

static bool
folder_open(struct spool *s, struct err *e)
{
	if (mkdir(s->path, 0750) != 0 && errno != EEXIST)
		return err_errno(
		    e, ERR_CONFIG, errno, "spool.path = %s", s->path);
	s->folder = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->folder < 0)
		return err_errno(
		    e, ERR_CONFIG, errno, "spool.path = %s", s->path);
	s->lock_fd = openat(
	    s->folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (s->lock_fd < 0)
		return err_errno(
		    e, ERR_CONFIG, errno, "spool.path = %s", s->path);
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0)
		return err_set(e, ERR_CONFIG,
		    "spool.path = %s: another daemon writes it", s->path);
	return true;
}

static bool
state_open(struct spool *s, struct err *e)
{
	bool known = spool_state_read(s->folder, &s->state, &s->turn);
	struct segment *list = NULL;
	size_t n = 0;

	if (!known) {
		s->state = (struct spool_state){ 0 };
		s->unsaved = true;
		if (getrandom(&s->state.id, sizeof(s->state.id), 0) < 0 ||
		    getrandom(&s->state.salt, sizeof(s->state.salt), 0) < 0)
			return err_errno(e, ERR_CONFIG, errno, "getrandom");
	}
	s->segment.salt = s->state.salt;
	if (!segments_list(s->folder, &list, &n))
		return err_errno(
		    e, ERR_CONFIG, errno, "spool.path = %s", s->path);
	lock_take(&s->lock);
	for (size_t i = 0; i < n; i++) {
		/* How long it is kept begins anew: its end is not known. */
		kept_add(s, &list[i], clock_ns());
		if (list[i].number > s->state.number)
			s->state.number = list[i].number;
	}
	if (s->state.acked.segment > s->state.number)
		s->state.number = s->state.acked.segment;
	lock_drop(&s->lock);
	free(list);
	s->state_fd = openat(s->folder, "state",
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (s->state_fd < 0)
		return err_errno(
		    e, ERR_CONFIG, errno, "spool.path = %s", s->path);
	return true;
}

static bool
frame_is_good(const void *data, size_t size, void *owner)
{
	const struct spool *s = owner;

	return size > FRAME_HEAD && frame_size(data) == size - FRAME_HEAD &&
	    frame_good(s->segment.salt, data, size - FRAME_HEAD);
}

/* What the last write of a process that was killed did. */
static void
finish_intent(struct spool *s)
{
	struct buffer_intent *intent = buffer_intent(s->buffer);
	struct segment segment = { intent->segment, s->segment.salt, 0 };
	char name[SEGMENT_NAME_MAX];
	scoped_fd fd = -1;
	struct stat st;

	if (intent->tail == 0)
		return;
	segment_name(&segment, name);
	fd = openat(s->folder, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && fstat(fd, &st) == 0 &&
	    (uint64_t)st.st_size >= intent->offset + intent->bytes) {
		buffer_next(s->buffer, intent->tail);
		atomic_store(&buffer_sums(s->buffer)->stored, intent->stored);
	} else if (fd >= 0 && ftruncate(fd, (off_t)intent->offset) != 0) {
		/* Its records come once more, into the next segment. */
		log_line(LOG_LEVEL_WARNING,
		    "spool.path = %s: %s: some events are there twice", s->path,
		    name);
	}
	intent->tail = 0;
}

static void
buffer_find(struct spool *s, const struct conf *conf)
{
	static const char *const words[] = {
		[BUFFER_SHARED] = NULL,
		[BUFFER_IN_SPOOL] =
		    "the buffer lies on the disk: answers may wait for it",
		[BUFFER_OWN] = "the buffer is lost when the process is killed",
	};
	char path[512];
	char other[512];
	struct digest digest;
	struct stat st;
	char name[17];
	size_t size = 64 * KIB;

	while (size < (size_t)conf->spool_buffer)
		size *= 2;
	memset(&st, 0, sizeof(st));
	(void)fstat(s->folder, &st);
	digest = digest_of((const uint64_t[]){ s->state.id, (uint64_t)st.st_dev,
			       (uint64_t)st.st_ino },
	    3 * sizeof(uint64_t));
	codec_hex(digest.byte, 8, name);
	snprintf(
	    path, sizeof(path), "%s/pictor-spool-%s", conf->spool_memory, name);
	snprintf(other, sizeof(other), "%s/buffer", s->path);
	s->buffer = buffer_open(conf->spool_memory[0] != '\0' ? path : NULL,
	    other, size, s->state.id);
	if (words[buffer_kind(s->buffer)] != NULL &&
	    conf->spool_memory[0] != '\0')
		log_line(LOG_LEVEL_WARNING, "spool.memory = %s: %s",
		    conf->spool_memory, words[buffer_kind(s->buffer)]);
	/* Where the machine was started anew the buffer begins at zero. */
	if (atomic_load(&buffer_sums(s->buffer)->stored) < s->state.written)
		atomic_store(&buffer_sums(s->buffer)->stored, s->state.written);
	if (atomic_load(&buffer_sums(s->buffer)->lost) < s->state.lost)
		atomic_store(&buffer_sums(s->buffer)->lost, s->state.lost);
	finish_intent(s);
	buffer_recover(s->buffer, frame_is_good, s);
}

static void
spool_release(struct spool *s)
{
	fd_close(&s->folder);
	fd_close(&s->lock_fd);
	fd_close(&s->state_fd);
	fd_close(&s->wake);
	fd_close(&s->told);
	cond_fini(&s->written);
	lock_fini(&s->lock);
	free(s->kept);
	free(s->path);
	free(s);
}

bool
spool_open(const struct conf *conf, bool acknowledge, struct spool **out,
    struct err *e)
{
	static const char *const fates[FATES] = {
		[FATE_STORED] = "stored",
		[FATE_LOST] = "lost",
	};
	struct spool *s = xcalloc(1, sizeof(*s));

	metric_label(LABEL_SPOOL, fates, FATES);
	s->path = xstrdup(conf->spool_path);
	s->folder = s->lock_fd = s->state_fd = s->fd = -1;
	s->acknowledged = acknowledge;
	s->wake = fd_event_new();
	s->told = fd_event_new();
	lock_init(&s->lock);
	cond_init(&s->written);
	spool_tune(s, conf);
	if (!folder_open(s, e) || !state_open(s, e)) {
		spool_release(s);
		return false;
	}
	buffer_find(s, conf);
	save(s, true);
	s->thread = thread_start("pictor-spool", writer, s);
	*out = s;
	return true;
}

void
spool_drain(struct spool *s, int64_t until_ns)
{
	lock_take(&s->lock);
	/* What cannot be written now waits for the next process. */
	while (!buffer_empty(s->buffer) && !atomic_load(&s->failing) &&
	    clock_ns() < until_ns) {
		int64_t soon = clock_ns() + spool_gather_ns;

		(void)cond_wait(
		    &s->written, &s->lock, soon < until_ns ? soon : until_ns);
	}
	lock_drop(&s->lock);
}

void
spool_close(struct spool *s)
{
	bool all;
	int failed;

	if (s == NULL)
		return;
	spool_drain(s, clock_ns() + spool_close_ns);
	atomic_store(&s->stop, true);
	fd_event_set(s->wake);
	failed = pthread_join(s->thread, NULL);
	assert(failed == 0);
	all = buffer_empty(s->buffer);
	if (!all && buffer_kind(s->buffer) == BUFFER_OWN)
		log_line(LOG_LEVEL_ERROR,
		    "spool.path = %s: events are lost with the process's end",
		    s->path);
	segment_end(s);
	save(s, true);
	buffer_close(s->buffer, all);
	spool_release(s);
}
