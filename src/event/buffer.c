/* SPDX-License-Identifier: Apache-2.0 */
#include "event/buffer.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER_UNIT = 64, BUFFER_HEAD = 4096, BUFFER_VERSION = 1 };
#define BUFFER_MAGIC UINT64_C(0x31464255524f5450) /* "PTORUBF1" */

/* Low bits of a mark; positions are multiples of BUFFER_UNIT. */
enum { MARK_RECORD = 1, MARK_GAP = 2 };

/* In front of each record. */
struct unit {
	_Atomic uint64_t mark; /* its position and what it is; else: not yet */
	uint32_t size; /* MARK_RECORD: of the data; MARK_GAP: of the gap */
	uint32_t unused;
};

/* The first page of the file. Head and tail on lines of their own. */
struct shared {
	uint64_t magic;
	uint64_t spool;
	uint64_t size;
	uint64_t version;
	struct buffer_sums sums;
	struct buffer_intent intent;
	uint8_t unused1[40];
	_Atomic uint64_t head; /* taken so far */
	uint8_t unused2[56];
	_Atomic uint64_t tail; /* given so far */
	uint8_t unused3[56];
};
_Static_assert(sizeof(struct shared) <= BUFFER_HEAD, "fits in its page");
_Static_assert(offsetof(struct shared, head) == 128 &&
	offsetof(struct shared, tail) == 192,
    "on lines of the processor's cache of their own");
_Static_assert(sizeof(struct unit) == 16, "the same for every compiler");
_Static_assert(
    ATOMIC_LLONG_LOCK_FREE == 2, "a dead process holds no lock in it");

struct buffer {
	struct shared *shared;
	uint8_t *data;
	size_t size;
	char *path; /* NULL: memory of this process */
	enum buffer_kind kind;
};

/* --- the file --- */

/* What somebody else could have laid there is not taken. */
static bool
is_ours(int fd, struct stat *st)
{
	return fstat(fd, st) == 0 && S_ISREG(st->st_mode) &&
	    st->st_uid == geteuid() && st->st_nlink == 1 &&
	    (st->st_mode & 077) == 0;
}

static void *
map_file(const char *path, size_t size)
{
	scoped_fd fd = open(path,
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
	    0600);
	off_t all = (off_t)(BUFFER_HEAD + size);
	struct stat st;
	void *at;

	if (fd < 0 || !is_ours(fd, &st))
		return NULL;
	/* Of another size: its content is nothing that could be read. */
	if ((st.st_size != 0 && st.st_size != all && ftruncate(fd, 0) != 0) ||
	    posix_fallocate(fd, 0, all) != 0) {
		if (st.st_size == 0)
			(void)unlink(path);
		return NULL;
	}
	at = mmap(NULL, (size_t)all, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return at != MAP_FAILED ? at : NULL;
}

static bool
is_sound(const struct shared *s, size_t size, uint64_t spool)
{
	uint64_t head = atomic_load(&s->head);
	uint64_t tail = atomic_load(&s->tail);

	return s->magic == BUFFER_MAGIC && s->version == BUFFER_VERSION &&
	    s->size == size && s->spool == spool && tail <= head &&
	    head - tail <= size && head % BUFFER_UNIT == 0 &&
	    tail % BUFFER_UNIT == 0;
}

/* The size of a file in which records wait; 0: there is none. */
static size_t
waiting(const char *path, uint64_t spool)
{
	scoped_fd fd = path == NULL
	    ? -1
	    : open(path,
		  O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct shared s;
	struct stat st;

	if (fd < 0 || !is_ours(fd, &st) ||
	    pread(fd, &s, sizeof(s), 0) != (ssize_t)sizeof(s) ||
	    s.size < BUFFER_HEAD || (s.size & (s.size - 1)) != 0 ||
	    (uint64_t)st.st_size != BUFFER_HEAD + s.size ||
	    !is_sound(&s, s.size, spool) ||
	    atomic_load(&s.head) == atomic_load(&s.tail))
		return 0;
	return s.size;
}

static bool
adopt(struct buffer *b, const char *path, size_t size)
{
	void *at = path != NULL ? map_file(path, size) : NULL;

	if (at == NULL)
		return false;
	b->shared = at;
	b->path = xstrdup(path);
	return true;
}

struct buffer *
buffer_open(const char *path, const char *other, size_t size, uint64_t spool)
{
	struct buffer *b = xcalloc(1, sizeof(*b));
	size_t there = waiting(path, spool);

	assert(size >= BUFFER_HEAD && (size & (size - 1)) == 0);
	if (there == 0 && (there = waiting(other, spool)) > 0)
		path = NULL;
	if (there > 0)
		size = there;
	b->size = size;
	if (adopt(b, path, size)) {
		b->kind = BUFFER_SHARED;
	} else if (adopt(b, other, size)) {
		b->kind = BUFFER_IN_SPOOL;
	} else {
		void *at = mmap(NULL, BUFFER_HEAD + size,
		    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (at == MAP_FAILED)
			abort(); /* as small allocations do, at start */
		b->shared = at;
		b->kind = BUFFER_OWN;
	}
	b->data = (uint8_t *)b->shared + BUFFER_HEAD;
	if (!is_sound(b->shared, size, spool)) {
		memset((void *)b->shared, 0, BUFFER_HEAD + size);
		b->shared->magic = BUFFER_MAGIC;
		b->shared->version = BUFFER_VERSION;
		b->shared->size = size;
		b->shared->spool = spool;
	}
	return b;
}

enum buffer_kind
buffer_kind(const struct buffer *b)
{
	return b->kind;
}

void
buffer_close(struct buffer *b, bool remove)
{
	if (b == NULL)
		return;
	if (remove && b->path != NULL)
		(void)unlink(b->path);
	(void)munmap(b->shared, BUFFER_HEAD + b->size);
	free(b->path);
	free(b);
}

struct buffer_sums *
buffer_sums(struct buffer *b)
{
	return &b->shared->sums;
}

struct buffer_intent *
buffer_intent(struct buffer *b)
{
	return &b->shared->intent;
}

/* --- putting --- */

static struct unit *
unit_at(const struct buffer *b, uint64_t position)
{
	return (struct unit *)(void *)(b->data + (position & (b->size - 1)));
}

static size_t
units(size_t size)
{
	return (sizeof(struct unit) + size + BUFFER_UNIT - 1) &
	    ~(size_t)(BUFFER_UNIT - 1);
}

bool
buffer_put(struct buffer *b, const void *data, size_t size)
{
	struct shared *s = b->shared;
	uint64_t head = atomic_load_explicit(&s->head, memory_order_relaxed);
	size_t need = units(size);
	size_t gap;
	struct unit *u;

	do {
		size_t left = b->size - (size_t)(head & (b->size - 1));
		uint64_t tail =
		    atomic_load_explicit(&s->tail, memory_order_acquire);

		/* A record lies in one piece; the rest of a round is a gap. */
		gap = need > left ? left : 0;
		/* head may be older than tail: then the swap fails. */
		if (head >= tail && head + gap + need - tail > b->size)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&s->head, &head,
	    head + gap + need, memory_order_relaxed, memory_order_relaxed));
	if (gap > 0) {
		u = unit_at(b, head);
		u->size = (uint32_t)gap;
		atomic_store_explicit(
		    &u->mark, head | MARK_GAP, memory_order_release);
		head += gap;
	}
	u = unit_at(b, head);
	u->size = (uint32_t)size;
	memcpy(u + 1, data, size);
	atomic_store_explicit(
	    &u->mark, head | MARK_RECORD, memory_order_release);
	return true;
}

/* --- reading --- */

/* Bytes of what is at that position; 0: not there (yet). *data: its record. */
static size_t
step(const struct buffer *b, uint64_t at, uint64_t head, struct iovec *data)
{
	const struct unit *u = unit_at(b, at);
	size_t left = b->size - (size_t)(at & (b->size - 1));
	uint64_t mark;
	size_t size;

	data->iov_len = 0;
	if (at >= head)
		return 0;
	mark = atomic_load_explicit(&u->mark, memory_order_acquire);
	if (mark != (at | MARK_GAP) && mark != (at | MARK_RECORD))
		return 0;
	/* Not before: until it is marked somebody may be writing it. */
	size = u->size;
	if (mark == (at | MARK_GAP))
		return size > 0 && size % BUFFER_UNIT == 0 && size <= left &&
			size <= head - at
		    ? size
		    : 0;
	if (size > left - sizeof(*u) || units(size) > head - at)
		return 0;
	/* iovec has no const; nobody writes through it. */
	data->iov_base = b->data + (at & (b->size - 1)) + sizeof(*u);
	data->iov_len = size;
	return units(size);
}

size_t
buffer_look(struct buffer *b, struct iovec out[BUFFER_VECTORS], size_t most,
    uint64_t *end)
{
	uint64_t head = atomic_load(&b->shared->head);
	uint64_t at =
	    atomic_load_explicit(&b->shared->tail, memory_order_relaxed);
	size_t n = 0;

	while (n < BUFFER_VECTORS) {
		size_t size = step(b, at, head, &out[n]);

		if (size == 0 || out[n].iov_len > most)
			break;
		most -= out[n].iov_len;
		n += out[n].iov_len > 0;
		at += size;
	}
	*end = at;
	return n;
}

void
buffer_next(struct buffer *b, uint64_t end)
{
	atomic_store_explicit(&b->shared->tail, end, memory_order_release);
}

uint64_t
buffer_tail(struct buffer *b)
{
	return atomic_load(&b->shared->tail);
}

uint64_t
buffer_count(struct buffer *b)
{
	uint64_t head = atomic_load(&b->shared->head);
	uint64_t at =
	    atomic_load_explicit(&b->shared->tail, memory_order_relaxed);
	struct iovec data;
	uint64_t n = 0;

	for (size_t size; (size = step(b, at, head, &data)) > 0; at += size)
		n += data.iov_len > 0;
	return n;
}

bool
buffer_empty(struct buffer *b)
{
	return atomic_load(&b->shared->head) == atomic_load(&b->shared->tail);
}

/* Room that somebody took who is dead, as gaps of one unit each. */
static void
fill_hole(struct buffer *b, uint64_t from, uint64_t to)
{
	for (; from < to; from += BUFFER_UNIT) {
		struct unit *u = unit_at(b, from);

		u->size = BUFFER_UNIT;
		atomic_store(&u->mark, from | MARK_GAP);
	}
}

/*
 * What nobody marked may have any size: every place where a record can begin
 * is looked at until one is found that is whole. Marks hold their position, so
 * one of an earlier round is not taken for another.
 */
void
buffer_recover(struct buffer *b,
    bool (*good)(const void *data, size_t size, void *owner), void *owner)
{
	uint64_t head = atomic_load(&b->shared->head);
	uint64_t at = atomic_load(&b->shared->tail);
	uint64_t hole = at;

	while (at < head) {
		struct iovec data;
		size_t size = step(b, at, head, &data);

		if (size > 0 && data.iov_len > 0 &&
		    !good(data.iov_base, data.iov_len, owner))
			size = 0;
		if (size == 0) {
			at += BUFFER_UNIT;
			continue;
		}
		fill_hole(b, hole, at);
		at += size;
		hole = at;
	}
	fill_hole(b, hole, head);
}
