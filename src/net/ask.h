/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One small question to an HTTP server, on the caller's own thread: for the
 * services that give credentials out, and for nothing else.
 *
 * Never a proxy, netrc, cookies, redirects, other schemes than http and https,
 * or another way to write the URL than the one that was checked. Head and body
 * of an answer are bounded. What is in them is wiped, since they hold keys.
 */
#pragma once

#include "base/err.h"
#include "base/slice.h"

enum { ASK_TEXT_MAX = 65536, ASK_HEADERS_MAX = 8, ASK_HOST_MAX = 256 };

struct ask {
	/* By the caller: */
	const char *method; /* GET PUT POST */
	const char *url;
	const char *header[ASK_HEADERS_MAX]; /* "name: value"; no CR or LF */
	size_t nheader;
	struct slice body;
	int64_t timeout_ns;  /* of everything */
	const char *shown;   /* in errors instead of the URL, which may be as
				good as a password; NULL: the URL */
	const char *ca_file; /* PEM; NULL: the system's */
	/* Called at least ten times a second; false: give up. NULL: never. */
	bool (*go_on)(void *owner);
	void *owner;

	/* The answer; text is NUL-terminated, "" when there is none. */
	int status;
	char *text;
	size_t ntext;
	int64_t date_s; /* its Date, wall clock; 0: not said */
};

/*
 * Fails with ORIGIN_TIMEOUT, or with ORIGIN_FAILED (no answer, too large, given
 * up). Any status is an answer. ask_fini() in both cases.
 */
bool ask_do(struct ask *a, struct err *e) must_check;
/* Wipes and frees the answer; a may be asked again. */
void ask_fini(struct ask *a);

/* A URL as this file would go to it. */
struct ask_url {
	bool https;
	bool has_path;             /* besides "/"; a query, too */
	char host[ASK_HOST_MAX];   /* name or address, without brackets */
	char origin[ASK_HOST_MAX]; /* as in Host: with a port that is not the
				      scheme's */
};
/* Fails with CONFIG: not http or https, user, password, fragment, ... */
bool ask_url_read(
    const char *url, struct ask_url *out, struct err *e) must_check;
/* No control bytes: can it stand in a header? */
bool ask_is_clean(struct slice text);
