/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that lines are appended to. Private to event/; opened by any thread,
 * then used by the writer thread alone.
 */
#pragma once

#include "base/err.h"

struct sink {
	const char *what; /* "event.file", "log.access" */
	char *path;       /* owned; as configured */
	int fd;           /* -1: nothing is wanted */
	bool regular;     /* else a pipe, a terminal, ... */
	bool torn;        /* what it ends with is not a whole line */
	bool failing;     /* the last batch was not written whole */
	uint64_t lost;    /* lines since it is failing */
	int64_t complained_ns;
};

/*
 * path: a file, "-" for standard output, "" for none. Fails with CONFIG that
 * names key and file.
 */
bool sink_open(struct sink *s, const char *what, const char *path,
    struct err *e) must_check;
/* Whether it could be opened; no file is made. */
bool sink_check(const char *what, const char *path, struct err *e) must_check;
void sink_close(struct sink *s);
/*
 * Appends whole lines. Returns how many of them are lost; says so in the
 * system log at most once a minute, and when it is over. Waits for a pipe's
 * reader a second at most, and not at all while it is failing.
 */
uint64_t sink_write(struct sink *s, const char *text, size_t len);
