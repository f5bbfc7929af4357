/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of net/fetch alone: the head of an answer, line by line, from a peer that may
 * send anything. Bounded by FETCH_HEAD_MAX, whatever comes.
 */
#pragma once

#include "net/fetch.h"

/* Zeroed is empty. One thread at a time. */
struct fetch_head {
	/* Name, NUL, value, NUL, and so on: of the last status line. */
	char *text;
	size_t used, room;
	size_t total;   /* bytes of all lines so far */
	int status;     /* of the last status line; 0: none */
	int64_t length; /* valid once has_length */
	bool has_length;
	bool chunked;
	bool whole; /* the final answer's; what comes now are trailers */
};

/*
 * One line with its end. FETCH_DONE: go on; TOO_LARGE or BROKEN with the error
 * (ORIGIN_FAILED) otherwise.
 */
enum fetch_end fetch_head_line(
    struct fetch_head *h, struct slice line, struct err *e) must_check;
struct slice fetch_head_find(
    const struct fetch_head *h, const char *name, size_t nth);
void fetch_head_fini(struct fetch_head *h);
