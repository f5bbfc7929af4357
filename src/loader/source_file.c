/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON lines, as event.file writes them. The place is not kept: a file that is
 * loaded twice changes nothing the second time.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/fd.h"
#include "base/log.h"
#include "loader/count.h"
#include "loader/source.h"
#include "loader/strbuf.h"

enum { PIECE = 64 * 1024, LONGEST = 1024 * 1024 };

struct file {
	struct source source;
	char *name;
	int fd;
	bool is_end;
	bool failed;
	struct strbuf text; /* read and not given yet, from `at` on */
	size_t at;
	int64_t line;
};

/* Another piece; false: nothing came in time, or it is the end. */
static bool
more(struct file *f, int wait_ms)
{
	struct pollfd p = { .fd = f->fd, .events = POLLIN };
	char piece[PIECE];
	ssize_t n;

	if (f->is_end || poll(&p, 1, wait_ms) <= 0)
		return false;
	n = fd_read(f->fd, piece, sizeof(piece));
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n < 0) {
		const char *why = strerrordesc_np(errno);

		log_line(LOG_LEVEL_ERROR, "%s: %s", f->name,
		    why != NULL ? why : "it cannot be read");
		f->failed = true;
	}
	if (n <= 0) {
		f->is_end = true;
		return false;
	}
	if (f->at > 0)
		memmove(f->text.at, f->text.at + f->at, f->text.len - f->at);
	f->text.len -= f->at;
	f->at = 0;
	strbuf_add(&f->text, (struct slice){ piece, (size_t)n });
	return true;
}

static enum source_next
next(struct source *s, int wait_ms, struct record *out)
{
	struct file *f = (struct file *)(void *)s;
	struct slice left;
	size_t end;

	for (;;) {
		left =
		    (struct slice){ f->text.at + f->at, f->text.len - f->at };
		end = slice_find(left, '\n');
		if (end < left.len || left.len > LONGEST)
			break;
		if (!more(f, wait_ms) && !f->is_end)
			return SOURCE_NOTHING;
		if (f->is_end && f->at == f->text.len)
			return f->failed ? SOURCE_FAILED : SOURCE_END;
		if (f->is_end)
			break;
	}
	/* The last line may lack its end: it is read, and found wanting. */
	out->json = (struct slice){ left.at, end };
	out->major = 0;
	out->minor = ++f->line;
	f->at += end + (end < left.len ? 1 : 0);
	return SOURCE_RECORD;
}

static bool
place(struct source *s, struct sql *sql, struct err *e)
{
	(void)s;
	(void)sql;
	(void)e;
	count_not_ready(COUNT_OF_SOURCE, NULL);
	return true;
}

static bool
mark(struct source *s, struct sql *sql, bool *mine, struct err *e)
{
	(void)s;
	(void)sql;
	(void)mine;
	(void)e;
	return true;
}

static void
nothing(struct source *s)
{
	(void)s;
}

static void
file_free(struct source *s)
{
	struct file *f = (struct file *)(void *)s;

	fd_close(&f->fd);
	strbuf_fini(&f->text);
	free(f->name);
	free(f);
}

static const struct source_kind kind = {
	.next = next,
	.place = place,
	.mark = mark,
	.done = nothing,
	.renew = nothing,
	.hold = NULL,
	.free = file_free,
};

bool
source_file_new(const char *path, struct source **out, struct err *e)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
			  : open(path, O_RDONLY | O_CLOEXEC);
	char shown[300];
	char name[512];
	struct file *f;

	if (fd < 0)
		return err_errno(e, ERR_SYSTEM, errno, "%s", path);
	/* A name need not be UTF-8, a text of the database must. */
	(void)codec_log_escape(slice_of(path), shown, sizeof(shown));
	(void)snprintf(name, sizeof(name), "file %s", shown);
	f = xcalloc(1, sizeof(*f));
	f->fd = fd;
	f->name = xstrdup(name);
	f->source = (struct source){ .kind = &kind, .name = f->name };
	*out = &f->source;
	return true;
}
