/* SPDX-License-Identifier: Apache-2.0 */
/* Lines on stderr, for journald or for a person. */
#include "base/log.h"

#include <sys/stat.h>

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

enum { LOG_LINE_MAX = 2048 };

/* syslog: the number in journald's <N>. */
static const struct {
	const char *name;
	int syslog;
} log_levels[] = {
	[LOG_LEVEL_ERROR] = { "error", 3 },
	[LOG_LEVEL_WARNING] = { "warning", 4 },
	[LOG_LEVEL_NOTICE] = { "notice", 5 },
	[LOG_LEVEL_INFO] = { "info", 6 },
	[LOG_LEVEL_DEBUG] = { "debug", 7 },
};

/* Set at start and on reload, read by every thread: order does not matter. */
static atomic_int log_most = LOG_LEVEL_INFO;

void
log_level_set(enum log_level most)
{
	atomic_store_explicit(&log_most, (int)most, memory_order_relaxed);
}

bool
log_level_on(enum log_level level)
{
	return (int)level <=
	    atomic_load_explicit(&log_most, memory_order_relaxed);
}

/*
 * Whether stderr itself is the journal's stream: the variable is inherited by
 * children whose stderr is something else, so it names device and inode.
 */
static bool
log_to_journal(void)
{
	/* Nothing sets the environment once there are threads. */
	const char *stream =
	    getenv("JOURNAL_STREAM"); /* NOLINT(concurrency-mt-unsafe) */
	char here[64];
	struct stat st;

	if (stream == NULL || fstat(STDERR_FILENO, &st) != 0)
		return false;
	snprintf(here, sizeof(here), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return strcmp(stream, here) == 0;
}

/* Where the text begins. */
static size_t
log_prefix(enum log_level level, char *line, size_t size)
{
	int len;

	if (log_to_journal()) {
		len = snprintf(line, size, "<%d>", log_levels[level].syslog);
	} else {
		char now[CLOCK_ISO_SIZE];

		clock_iso(clock_wall_ns(), now);
		len =
		    snprintf(line, size, "%s %s ", now, log_levels[level].name);
	}
	return (size_t)len;
}

void
log_line(enum log_level level, const char *format, ...)
{
	char line[LOG_LINE_MAX];
	va_list args;
	size_t at;
	int len;

	if (!log_level_on(level))
		return;
	at = log_prefix(level, line, sizeof(line));
	va_start(args, format);
	/* Without the last byte, which is for the newline. */
	len = vsnprintf(line + at, sizeof(line) - at - 1, format, args);
	va_end(args);
	if (len < 0)
		return;
	len = (int)strlen(line + at);
	/* One call is one line, whatever was put in. */
	for (size_t i = at; i < at + (size_t)len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = ' ';
	line[at + (size_t)len] = '\n';
	/* There is nowhere to report that stderr is gone. */
	(void)!fd_write_all(STDERR_FILENO, line, at + (size_t)len + 1);
}
