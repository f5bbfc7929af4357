/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appending lines so that the file only ever has whole ones, whatever breaks:
 * what a full disk cut in the middle is taken back, or ended before the next
 * line begins.
 */
#include "event/sink.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"

enum {
	SINK_PIECE = 4096, /* what a pipe takes at once when it is ready */
	SINK_WAIT_MS = 1000
};
static const int64_t sink_complain_ns = 60 * NS_PER_S;

bool
sink_check(const char *what, const char *path, struct err *e)
{
	scoped_free char *folder = xstrdup(path);
	char *slash = strrchr(folder, '/');
	const char *asked = path;
	int mode = W_OK;
	struct stat st = { 0 };

	if (slash == NULL)
		return true;
	if (stat(path, &st) != 0 && errno == ENOENT) {
		/* Then it is the folder that must take a new file. */
		*(slash == folder ? slash + 1 : slash) = '\0';
		asked = folder;
		mode = W_OK | X_OK;
	} else if (S_ISDIR(st.st_mode)) {
		return err_errno(e, ERR_CONFIG, EISDIR, "%s = %s", what, path);
	}
	if (faccessat(AT_FDCWD, asked, mode, AT_EACCESS) == 0)
		return true;
	return err_errno(e, ERR_CONFIG, errno, "%s = %s", what, path);
}

bool
sink_open(struct sink *s, const char *what, const char *path, struct err *e)
{
	scoped_fd fd = -1;
	struct stat st = { 0 };

	if (strcmp(path, "-") == 0)
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	else if (path[0] != '\0')
		fd = open(path,
		    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY |
			O_NONBLOCK,
		    0640);
	if (path[0] != '\0' && (fd < 0 || fstat(fd, &st) != 0))
		return err_errno(e, ERR_CONFIG, errno, "%s = %s", what, path);
	if (S_ISDIR(st.st_mode))
		return err_set(e, ERR_CONFIG, "%s = %s: a folder", what, path);
	*s = (struct sink){
		.what = what,
		.path = xstrdup(path),
		.fd = take_fd(fd),
		.regular = S_ISREG(st.st_mode),
	};
	return true;
}

void
sink_close(struct sink *s)
{
	fd_close(&s->fd);
	free(s->path);
	s->path = NULL;
}

static uint64_t
lines_in(const char *text, size_t len)
{
	uint64_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

/* Ready to take a piece? A file on a disk always is. */
static bool
sink_ready(const struct sink *s)
{
	struct pollfd fd = { .fd = s->fd, .events = POLLOUT };

	if (s->regular)
		return true;
	if (poll(&fd, 1, s->failing ? 0 : SINK_WAIT_MS) == 1 &&
	    (fd.revents & POLLOUT) != 0)
		return true;
	errno = EAGAIN;
	return false;
}

/* Writes as much as it can; errno says why it is less than len. */
static size_t
sink_push(const struct sink *s, const char *text, size_t len)
{
	size_t done = 0;

	while (done < len) {
		size_t piece = len - done;
		ssize_t n;

		if (!sink_ready(s))
			break;
		if (!s->regular && piece > SINK_PIECE)
			piece = SINK_PIECE;
		n = fd_write(s->fd, text + done, piece);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

/* The last part bytes are the front of a line whose rest was not written. */
static void
sink_mend(struct sink *s, size_t part)
{
	off_t end = lseek(s->fd, 0, SEEK_CUR);
	struct stat st;

	/* Taken back only if nobody else has appended in the meantime. */
	s->torn = !s->regular || end < (off_t)part || fstat(s->fd, &st) != 0 ||
	    st.st_size != end || ftruncate(s->fd, end - (off_t)part) != 0;
}

static void
sink_complain(struct sink *s, int errnum, uint64_t lost)
{
	int64_t now = clock_ns();
	const char *why = strerrordesc_np(errnum);

	s->lost += lost;
	if (s->failing && now - s->complained_ns < sink_complain_ns)
		return;
	s->failing = true;
	s->complained_ns = now;
	log_line(LOG_LEVEL_ERROR, "%s = %s: %s: %" PRIu64 " lines lost",
	    s->what, s->path, why != NULL ? why : "unknown error", s->lost);
}

uint64_t
sink_write(struct sink *s, const char *text, size_t len)
{
	size_t done = 0;
	size_t whole = 0;
	uint64_t lost;

	if (s->torn && sink_push(s, "\n", 1) == 1)
		s->torn = false;
	if (!s->torn)
		done = sink_push(s, text, len);
	if (done == len) {
		if (s->failing)
			log_line(LOG_LEVEL_NOTICE,
			    "%s = %s: written again, %" PRIu64 " lines lost",
			    s->what, s->path, s->lost);
		s->failing = false;
		s->lost = 0;
		return 0;
	}
	for (whole = done; whole > 0 && text[whole - 1] != '\n'; whole--)
		;
	lost = lines_in(text + whole, len - whole);
	sink_complain(s, errno, lost);
	if (whole < done)
		sink_mend(s, done - whole);
	return lost;
}
