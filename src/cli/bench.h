/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pictor bench: bench.c (connections and the loop), bench_http.c (answers),
 * bench_show.c (what is said). For these files alone.
 */
#pragma once

#include <sys/socket.h>

#include "base/slice.h"
#include "cli/cli.h"
#include "cli/histogram.h"

/* ---- Answers ---- */

enum {
	/* Of an answer's head; what is longer counts as broken. */
	BENCH_HEAD = 32768
};

enum answer_at {
	ANSWER_HEAD,
	ANSWER_BODY,    /* left bytes of it */
	ANSWER_CLOSE,   /* a body up to the end of the connection */
	ANSWER_SIZE,    /* a chunk's size */
	ANSWER_CHUNK,   /* left bytes of it, and its line end */
	ANSWER_TRAILER, /* lines behind the last chunk */
	ANSWER_DONE,
	ANSWER_BROKEN
};

/* An answer that is being read; nothing of its body is kept. */
struct answer {
	enum answer_at at;
	int status;
	bool close;    /* the connection ends behind it */
	uint64_t left; /* bytes */
	uint64_t body; /* bytes of the body so far, as it is sent */
	size_t n;      /* of head */
	char head[BENCH_HEAD];
};

void answer_init(struct answer *a);
/*
 * Reads on. Returns how many bytes were used; fewer than size only when the
 * answer is then done or broken.
 */
size_t answer_feed(struct answer *a, const char *bytes, size_t size);
/* The other side has closed: done, or broken. */
void answer_end(struct answer *a);

/* ---- What was measured ---- */

struct bench_result {
	struct histogram time;
	uint64_t status[600]; /* answers by status */
	uint64_t sent;        /* requests, also those that failed */
	uint64_t answered;
	uint64_t connects;
	uint64_t bytes; /* read, with heads */
	uint64_t body;  /* bytes of bodies */
	/* What went wrong, by kind. */
	uint64_t refused, broken, timed_out;
	char first_error[160];
	double seconds;
};

void bench_show(const struct cli *cli, const struct bench_result *r);
/* One line on a terminal while it runs. */
void bench_tick(const struct bench_result *r, double seconds, bool last);
