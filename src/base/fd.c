/* SPDX-License-Identifier: Apache-2.0 */
/* The only loops around read(2), write(2) and openat2(2). */
#include "base/fd.h"

#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"

enum { FD_FILE_FIRST = 4096, FD_OPEN_TRIES = 32 };

void
fd_close(int *fd)
{
	int kept = errno;

	/* Linux releases the descriptor even when close() says EINTR. */
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = kept;
}

void
scoped_fd_fn(int *fd)
{
	fd_close(fd);
}

ssize_t
fd_read(int fd, void *out, size_t size)
{
	ssize_t n;

	do
		n = read(fd, out, size);
	while (n < 0 && errno == EINTR);
	return n;
}

ssize_t
fd_read_full(int fd, void *out, size_t size)
{
	char *at = out;
	size_t have = 0;

	while (have < size) {
		ssize_t n = fd_read(fd, at + have, size - have);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

ssize_t
fd_write(int fd, const void *data, size_t size)
{
	ssize_t n;

	do
		n = write(fd, data, size);
	while (n < 0 && errno == EINTR);
	return n;
}

ssize_t
fd_write_vectors(int fd, const struct iovec *vectors, int n, off_t at)
{
	ssize_t done;

	do
		done = pwritev(fd, vectors, n, at);
	while (done < 0 && errno == EINTR);
	return done;
}

bool
fd_write_all(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t n = fd_write(fd, at, size);

		if (n < 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

int
fd_open_beneath(int dir, const char *path, int flags)
{
	/* Two bits, of which one is O_DIRECTORY. */
	bool makes = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)(flags | O_CLOEXEC),
		.mode = makes ? 0640 : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	/*
	 * EAGAIN: something was renamed while the kernel went through "..",
	 * so that it could not tell whether the path stays beneath. Bounded,
	 * because whoever renames must not keep us here.
	 */
	for (int i = 0; i < FD_OPEN_TRIES; i++) {
		fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EINTR && errno != EAGAIN))
			break;
	}
	return (int)fd;
}

/* All there is, at most max bytes; files in /proc and /sys say size 0. */
static bool
fd_slurp(int fd, const char *path, size_t max, char **out, size_t *size,
    struct err *e)
{
	scoped_free char *text = NULL;
	size_t room = 0;
	size_t have = 0;

	for (;;) {
		ssize_t n;

		if (room - have < 2) {
			size_t more = room == 0 ? FD_FILE_FIRST : room * 2;
			char *moved;

			/* One more to see the end, one for the NUL. */
			if (more > max + 2)
				more = max + 2;
			moved = realloc(text, more);
			if (moved == NULL)
				return err_set(e, ERR_SYSTEM,
				    "%s: no memory for %zu bytes", path, more);
			text = moved;
			room = more;
		}
		n = fd_read_full(fd, text + have, room - have - 1);
		if (n < 0)
			return err_errno(e, ERR_SYSTEM, errno, "%s", path);
		have += (size_t)n;
		if (have > max)
			return err_set(e, ERR_TOO_LARGE,
			    "%s: more than %zu bytes", path, max);
		if (have < room - 1)
			break;
	}
	text[have] = '\0';
	*size = have;
	*out = take_ptr(text);
	return true;
}

bool
fd_read_file(
    const char *path, size_t max, char **out, size_t *size, struct err *e)
{
	/* O_NONBLOCK: opening a fifo would wait for its writer. */
	scoped_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	assert(max <= SIZE_MAX / 4);
	if (fd < 0)
		return err_errno(e, ERR_SYSTEM, errno, "%s", path);
	if (fstat(fd, &st) != 0)
		return err_errno(e, ERR_SYSTEM, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_SYSTEM, "%s: not a regular file", path);
	return fd_slurp(fd, path, max, out, size, e);
}

int
fd_event_new(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0) {
		perror("eventfd");
		abort();
	}
	return fd;
}

void
fd_event_set(int fd)
{
	uint64_t one = 1;

	/* EAGAIN: the counter is full, so it is set. */
	if (!fd_write_all(fd, &one, sizeof(one)))
		assert(errno == EAGAIN);
}

void
fd_event_clear(int fd)
{
	uint64_t count;

	if (fd_read(fd, &count, sizeof(count)) < 0)
		assert(errno == EAGAIN);
}
