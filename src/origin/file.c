/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Originals that are files below a folder.
 *
 * The kernel keeps names inside the folder (openat2, RESOLVE_BENEATH):
 * symbolic links may lead around inside it, never out of it. The folder itself
 * is named by the operator and opened for each fetch, so that one which is
 * mounted or exchanged later is found.
 *
 * A file is read, never mapped: a mapped file that is truncated kills who
 * reads it. What a local disk has in memory arrives whole before begin(); after
 * a few milliseconds begin() is called and the rest streams.
 *
 * A read(2) that hangs (a dead network mount) cannot be ended: the deadline
 * is looked at between pieces. Requests do not wait for it, they have their
 * own deadline.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "conf/conf.h"
#include "origin/store.h"

/* One read(2): often enough to notice that nobody waits any more. */
static const size_t file_piece = 256 * KIB;
/* How long a whole body is waited for before it is given away growing. */
static const int64_t file_whole_ns = 10 * NS_PER_MS;

/* One fetch. On the stack of an origin thread. */
struct file {
	struct store_fetch *t;
	int fd;
	struct stat st;    /* before the first byte was read */
	struct blob *body; /* our reference */
	size_t have;
};

/* How opening fails: what it means, and words where the system's are vague. */
static const struct file_fault {
	int errnum;
	enum err_code code;
	const char *text; /* NULL: the system's */
} file_faults[] = {
	{ ENOENT, ERR_NO_SOURCE, NULL },
	{ ENOTDIR, ERR_NO_SOURCE, "a part of the name is not a folder" },
	{ ENAMETOOLONG, ERR_NO_SOURCE, "the name is too long" },
	/* Also a magic link, as in /proc. */
	{ ELOOP, ERR_NO_SOURCE, "symbolic links go in a circle" },
	{ EXDEV, ERR_FORBIDDEN, "the name leads out of the store" },
	{ ENXIO, ERR_FORBIDDEN, "not a regular file" },
	{ ENODEV, ERR_FORBIDDEN, "not a regular file" },
	{ EACCES, ERR_ORIGIN_DENIED, NULL },
	{ EPERM, ERR_ORIGIN_DENIED, NULL },
	{ EAGAIN, ERR_ORIGIN_CHANGED, "renamed again and again" },
	{ EMFILE, ERR_BUSY, "no descriptor left" },
	{ ENFILE, ERR_BUSY, "no descriptor left" },
	{ ENOMEM, ERR_BUSY, NULL },
};

static bool
file_fault(struct err *e, int errnum, const char *what)
{
	const struct file_fault *fault = NULL;

	for (size_t i = 0; fault == NULL && i < NELEM(file_faults); i++)
		if (file_faults[i].errnum == errnum)
			fault = &file_faults[i];
	if (fault == NULL)
		return err_errno(e, ERR_ORIGIN_FAILED, errnum, "%s", what);
	if (fault->text == NULL)
		return err_errno(e, fault->code, errnum, "%s", what);
	err_set(e, fault->code, "%s: %s", what, fault->text);
	if (fault->code == ERR_BUSY)
		e->retry_after_s = 1;
	return false;
}

static int
file_root(const struct conf_store *store)
{
	return open(store->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool
file_check(const struct conf_store *store, struct err *e)
{
	scoped_fd root = file_root(store);
	scoped_fd self = -1;

	if (root < 0)
		return err_errno(e, ERR_CONFIG, errno, "[store.%s] root = %s",
		    store->name, store->root);
	/* Also shows that there is openat2(2), and that it is permitted. */
	self = fd_open_beneath(root, ".", O_PATH | O_DIRECTORY);
	if (self < 0)
		return err_errno(e, ERR_CONFIG, errno,
		    "[store.%s] root = %s: openat2", store->name, store->root);
	if (faccessat(root, ".", X_OK, AT_EACCESS) != 0)
		return err_errno(e, ERR_CONFIG, errno, "[store.%s] root = %s",
		    store->name, store->root);
	return true;
}

/* The kernel would refuse all of these, too, but not with one clear error. */
static bool
file_key_check(const char *key, struct err *e)
{
	struct slice rest = slice_of(key);

	if (key[0] == '\0')
		return err_set(e, ERR_NO_SOURCE, "the key is empty");
	if (key[0] == '/')
		return err_set(e, ERR_FORBIDDEN, "the key begins with /");
	while (rest.at != NULL)
		if (slice_is(slice_cut(&rest, '/'), ".."))
			return err_set(e, ERR_FORBIDDEN, "the key has ..");
	return true;
}

/* Opens and looks at what it is; nothing is read. */
static bool
file_open(struct file *file, struct err *e)
{
	const struct store_fetch *t = file->t;
	const struct conf_store *store = t->store->conf;
	scoped_fd root = -1;
	scoped_fd fd = -1;

	if (!file_key_check(t->key, e))
		return false;
	root = file_root(store);
	if (root < 0)
		/* Not "no such image": the whole store is away. */
		return err_errno(e,
		    errno == EACCES ? ERR_ORIGIN_DENIED : ERR_ORIGIN_FAILED,
		    errno, "root of store %s", store->name);
	/* O_NONBLOCK: opening a fifo would wait for its writer. */
	fd = fd_open_beneath(root, t->key, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return file_fault(e, errno, "open");
	if (fstat(fd, &file->st) != 0)
		return err_errno(e, ERR_ORIGIN_FAILED, errno, "fstat");
	if (S_ISDIR(file->st.st_mode))
		return err_set(e, ERR_NO_SOURCE, "a folder");
	if (!S_ISREG(file->st.st_mode))
		return err_set(e, ERR_FORBIDDEN, "not a regular file");
	if (file->st.st_size == 0)
		return err_set(e, ERR_EMPTY, "0 bytes");
	if (!store_takes(t, (uint64_t)file->st.st_size, e))
		return false;
	file->fd = take_fd(fd);
	return true;
}

static int64_t
file_mtime_ns(const struct stat *st)
{
	return st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec;
}

static void
file_facts(const struct stat *st, struct origin_facts *out)
{
	snprintf(out->validator, sizeof(out->validator), "%jx-%jx-%jx-%jx",
	    (uintmax_t)st->st_dev, (uintmax_t)st->st_ino,
	    (uintmax_t)st->st_size, (uintmax_t)file_mtime_ns(st));
	out->modified_s = st->st_mtim.tv_sec;
	out->size = st->st_size;
}

/* The next piece; the file has more bytes than were read so far. */
static bool
file_read(struct file *file, struct err *e)
{
	size_t left = (size_t)file->st.st_size - file->have;
	uint8_t *at = NULL;
	size_t room = 0;
	ssize_t n;

	if (!store_goes_on(file->t, e) ||
	    !blob_reserve(file->body, &at, &room, e))
		return false;
	if (room > left)
		room = left;
	if (room > file_piece)
		room = file_piece;
	n = fd_read(file->fd, at, room);
	if (n < 0)
		return err_errno(e, ERR_ORIGIN_FAILED, errno, "read");
	if (n == 0)
		return err_set(e, ERR_ORIGIN_CHANGED,
		    "ends at %zu of %jd bytes", file->have,
		    (intmax_t)file->st.st_size);
	blob_commit(file->body, (size_t)n);
	file->have += (size_t)n;
	return true;
}

/* All bytes are read: are they of one version? */
static bool
file_is_same(const struct file *file, struct err *e)
{
	struct stat now;

	if (fstat(file->fd, &now) != 0)
		return err_errno(e, ERR_ORIGIN_FAILED, errno, "fstat");
	if (now.st_size == file->st.st_size &&
	    file_mtime_ns(&now) == file_mtime_ns(&file->st))
		return true;
	return err_set(e, ERR_ORIGIN_CHANGED,
	    "%jd bytes before, %jd after, modified %" PRId64 " ns later",
	    (intmax_t)file->st.st_size, (intmax_t)now.st_size,
	    file_mtime_ns(&now) - file_mtime_ns(&file->st));
}

/* Reads until until_ns or the end, which *whole tells. */
static bool
file_pull(struct file *file, int64_t until_ns, bool *whole, struct err *e)
{
	size_t size = (size_t)file->st.st_size;

	while (file->have < size && clock_ns() < until_ns)
		if (!file_read(file, e))
			return false;
	*whole = file->have == size;
	return !*whole || file_is_same(file, e);
}

static void
file_body(struct file *file)
{
	struct store_fetch *t = file->t;
	size_t size = (size_t)file->st.st_size;
	bool whole = false;
	struct err e;

	/* Exactly its size: what is longer by now has changed. */
	file->body = blob_new(size, size);
	if (file->body == NULL) {
		err_set(&e, ERR_BUSY, "no memory for %zu bytes", size);
		e.retry_after_s = 1;
		store_end(t, &e);
		return;
	}
	if (!file_pull(file, clock_ns() + file_whole_ns, &whole, &e)) {
		store_end(t, &e);
	} else {
		bool good = true;

		if (whole)
			blob_finish(file->body, NULL);
		store_begin(t, file->body);
		while (good && !whole)
			good = file_pull(file, CLOCK_NEVER, &whole, &e);
		store_end(t, good ? NULL : &e);
	}
	blob_drop(file->body);
}

static void
file_fetch(struct store_fetch *t)
{
	struct file file = { .t = t, .fd = -1 };
	struct err e;

	if (!file_open(&file, &e)) {
		store_end(t, &e);
		return;
	}
	file_facts(&file.st, &t->facts);
	if (t->validator != NULL &&
	    strcmp(t->validator, t->facts.validator) == 0) {
		store_begin(t, NULL);
		store_end(t, NULL);
	} else {
		file_body(&file);
	}
	fd_close(&file.fd);
}

const struct store_kind store_file = {
	.name = "file",
	.blocks = true,
	/* Opening it once more costs less than remembering. */
	.remembers = false,
	.check = file_check,
	.fetch = file_fetch,
};
