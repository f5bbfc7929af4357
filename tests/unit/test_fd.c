/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors: short transfers, signals in between, and no way out. */
#include <sys/stat.h>
#include <sys/time.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/lock.h"
#include "unit.h"

static char folder[64];

static int
folder_new(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "fd-test-XXXXXX");
	return mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

static int
folder_gone(void **state)
{
	char command[128];

	(void)state;
	if (chdir("..") != 0)
		return -1;
	snprintf(command, sizeof(command), "rm -r -- %s", folder);
	return system(command); /* NOLINT: a name of our own making */
}

static void
file_make(const char *path, const char *text, size_t size)
{
	scoped_fd fd =
	    open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_true(fd_write_all(fd, text, size));
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void
closes(void **state)
{
	int fd = dup(0);
	int kept = fd;

	(void)state;
	errno = EPIPE;
	fd_close(&fd);
	assert_int_equal(fd, -1);
	assert_false(is_open(kept));
	errno = EPIPE;
	fd_close(&fd);
	assert_int_equal(errno, EPIPE);
	{
		scoped_fd inner = dup(0);

		kept = inner;
		assert_true(is_open(kept));
	}
	assert_false(is_open(kept));
	{
		scoped_fd inner = dup(0);

		fd = take_fd(inner);
		assert_int_equal(inner, -1);
	}
	assert_true(is_open(fd));
	fd_close(&fd);
}

static void
on_alarm(int signal)
{
	(void)signal;
}

/* Writes byte by byte, slowly enough for alarms to come in between. */
static void *
drip(void *arg)
{
	const int *fd = arg;

	for (int i = 0; i < 40; i++) {
		char byte = (char)i;
		struct timespec pause = { 0, 2000000 };

		nanosleep(&pause, NULL);
		assert_true(fd_write_all(*fd, &byte, 1));
	}
	return NULL;
}

static void
alarms(long every_us, struct sigaction *before)
{
	struct itimerval timer = { { 0, every_us }, { 0, every_us } };
	/* Without SA_RESTART: calls do end with EINTR. */
	struct sigaction act = { .sa_handler = on_alarm };

	if (every_us > 0)
		assert_int_equal(sigaction(SIGALRM, &act, before), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
	if (every_us == 0)
		assert_int_equal(sigaction(SIGALRM, before, NULL), 0);
}

static void
short_reads_and_signals(void **state)
{
	struct sigaction before;
	char got[100];
	ssize_t first;
	int fds[2];
	pthread_t thread;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	alarms(500, &before);
	thread = thread_start("drip", drip, &fds[1]);
	/* One byte, or as many as a busy machine has let come. */
	first = fd_read(fds[0], got, 10);
	assert_in_range(first, 1, 10);
	assert_int_equal(
	    fd_read_full(fds[0], got + first, (size_t)(10 - first)),
	    10 - first);
	assert_int_equal(pthread_join(thread, NULL), 0);
	alarms(0, &before);
	fd_close(&fds[1]);
	assert_int_equal(fd_read_full(fds[0], got + 10, sizeof(got) - 10), 30);
	for (int i = 0; i < 40; i++)
		assert_int_equal(got[i], i);
	assert_int_equal(fd_read_full(fds[0], got, sizeof(got)), 0);
	assert_int_equal(fd_read_full(fds[0], got, 0), 0);
	fd_close(&fds[0]);
	assert_int_equal(fd_read(-1, got, 1), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(fd_read_full(-1, got, 1), -1);
}

struct sink {
	int fd;
	size_t size;
};

static void *
drain(void *arg)
{
	struct sink *sink = arg;
	char part[777];
	ssize_t n;

	/* The pipe is full by then: a signal finds a write with nothing done. */
	clock_sleep_ns(30 * NS_PER_MS);
	while ((n = fd_read(sink->fd, part, sizeof(part))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(
			    part[i], (char)((sink->size + (size_t)i) % 251));
		sink->size += (size_t)n;
	}
	return NULL;
}

/* Many times what a pipe holds, so that writes are short. */
static void
long_writes_and_signals(void **state)
{
	struct sigaction before;
	size_t size = MIB;
	scoped_free char *data = xcalloc(1, size);
	struct sink sink = { -1, 0 };
	int fds[2];
	pthread_t thread;

	(void)state;
	for (size_t i = 0; i < size; i++)
		data[i] = (char)(i % 251);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	sink.fd = fds[0];
	thread = thread_start("drain", drain, &sink);
	alarms(100, &before);
	assert_true(fd_write_all(fds[1], data, size));
	alarms(0, &before);
	assert_true(fd_write_all(fds[1], data, 0));
	fd_close(&fds[1]);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(sink.size, size);
	fd_close(&fds[0]);
	assert_false(fd_write_all(-1, "x", 1));
	assert_int_equal(errno, EBADF);
}

static void
open_fails(int dir, const char *path, int flags, int want)
{
	int fd = fd_open_beneath(dir, path, flags);

	if (fd >= 0 || errno != want)
		fail_msg("%s: fd %d errno %d", path, fd, errno);
}

static void
stays_beneath(void **state)
{
	scoped_fd dir = -1;
	scoped_fd fd = -1;
	scoped_fd made = -1;
	struct stat st;

	(void)state;
	file_make("outside", "secret", 6);
	assert_int_equal(mkdir("root", 0700), 0);
	assert_int_equal(mkdir("root/sub", 0700), 0);
	file_make("root/sub/in", "in", 2);
	assert_int_equal(symlink("sub/in", "root/link"), 0);
	assert_int_equal(symlink("../outside", "root/out"), 0);
	assert_int_equal(symlink("..", "root/up"), 0);
	assert_int_equal(symlink("/etc", "root/abs"), 0);
	assert_int_equal(symlink("loop", "root/loop"), 0);
	dir = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);

	fd = fd_open_beneath(dir, "sub/../sub/in", O_RDONLY);
	assert_true(fd >= 0);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	fd_close(&fd);
	fd = fd_open_beneath(dir, "link", O_RDONLY);
	assert_true(fd >= 0);

	open_fails(dir, "../outside", O_RDONLY, EXDEV);
	open_fails(dir, "sub/../../outside", O_RDONLY, EXDEV);
	open_fails(dir, "out", O_RDONLY, EXDEV);
	open_fails(dir, "up/outside", O_RDONLY, EXDEV);
	open_fails(dir, "abs/passwd", O_RDONLY, EXDEV);
	open_fails(dir, "/etc/passwd", O_RDONLY, EXDEV);
	open_fails(dir, "loop", O_RDONLY, ELOOP);
	open_fails(dir, "none", O_RDONLY, ENOENT);
	open_fails(dir, "", O_RDONLY, ENOENT);
	open_fails(dir, "sub/in/x", O_RDONLY, ENOTDIR);
	open_fails(dir, "../made", O_WRONLY | O_CREAT, EXDEV);
	assert_int_not_equal(access("made", F_OK), 0);

	made = fd_open_beneath(dir, "sub/made", O_WRONLY | O_CREAT | O_EXCL);
	assert_true(made >= 0);
	assert_int_equal(fstat(made, &st), 0);
	assert_int_equal(st.st_mode & 0777 & ~0640u, 0);
}

/* /proc/self/fd/N jumps anywhere although nothing in the path says so. */
static void
no_magic_links(void **state)
{
	scoped_fd dir = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char path[32];
	int fd;

	(void)state;
	assert_true(dir >= 0);
	snprintf(path, sizeof(path), "fd/%d", dir);
	fd = fd_open_beneath(dir, path, O_RDONLY);
	assert_int_equal(fd, -1);
	assert_true(errno == ELOOP || errno == EXDEV);
	fd = fd_open_beneath(dir, "root/etc/passwd", O_RDONLY);
	assert_int_equal(fd, -1);
}

static void
read_is(const char *path, size_t max, const char *want, size_t size)
{
	scoped_free char *text = NULL;
	size_t got = 77;
	struct err e;

	if (!fd_read_file(path, max, &text, &got, &e))
		fail_msg("%s", e.detail);
	assert_int_equal(got, size);
	assert_memory_equal(text, want, size);
	assert_int_equal(text[size], '\0');
}

static void
read_fails(const char *path, size_t max, enum err_code code)
{
	char *text = NULL;
	size_t got = 77;
	struct err e;

	assert_false(fd_read_file(path, max, &text, &got, &e));
	assert_int_equal(e.code, code);
	assert_non_null(strstr(e.detail, path));
	assert_null(text);
	assert_int_equal(got, 77);
}

static void
whole_files(void **state)
{
	static const size_t sizes[] = { 1, 4093, 4094, 4095, 4096, 4097, 8190,
		8191, 8192, 100000 };
	scoped_free char *data = xcalloc(1, 100000);
	scoped_free char *proc = NULL;
	size_t size = 0;
	struct err e;

	(void)state;
	for (size_t i = 0; i < 100000; i++)
		data[i] = (char)(i % 253);
	file_make("empty", "", 0);
	read_is("empty", 10, "", 0);
	read_is("empty", 0, "", 0);
	for (size_t i = 0; i < NELEM(sizes); i++) {
		file_make("file", data, sizes[i]);
		read_is("file", sizes[i], data, sizes[i]);
		read_is("file", MIB, data, sizes[i]);
		read_fails("file", sizes[i] - 1, ERR_TOO_LARGE);
	}
	read_fails("none", 10, ERR_SYSTEM);
	read_fails(".", 10, ERR_SYSTEM);
	read_fails("/dev/null", 10, ERR_SYSTEM);
	/* Nobody writes: this must not wait. */
	assert_int_equal(mkfifo("fifo", 0600), 0);
	read_fails("fifo", 10, ERR_SYSTEM);
	/* A regular file that says it has no bytes. */
	assert_true(fd_read_file("/proc/self/status", MIB, &proc, &size, &e));
	assert_true(size > 100 && strlen(proc) == size);
}

static void
events(void **state)
{
	scoped_fd fd = fd_event_new();
	uint64_t most = UINT64_MAX - 1;
	uint64_t got = 0;

	(void)state;
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	fd_event_clear(fd);
	fd_event_set(fd);
	fd_event_set(fd);
	assert_int_equal(fd_read(fd, &got, sizeof(got)), sizeof(got));
	assert_int_equal(got, 2);
	/* A full counter stays set. */
	assert_true(fd_write_all(fd, &most, sizeof(most)));
	fd_event_set(fd);
	fd_event_clear(fd);
	assert_int_equal(fd_read(fd, &got, sizeof(got)), -1);
	assert_int_equal(errno, EAGAIN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closes),
		cmocka_unit_test(short_reads_and_signals),
		cmocka_unit_test(long_writes_and_signals),
		cmocka_unit_test(stays_beneath),
		cmocka_unit_test(no_magic_links),
		cmocka_unit_test(whole_files),
		cmocka_unit_test(events),
	};

	return cmocka_run_group_tests(tests, folder_new, folder_gone);
}
