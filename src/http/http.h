/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP: the only module that knows libmicrohttpd.
 *
 * The viewers' listeners and the operators' one (health, readiness, metrics).
 * A hit is answered on the thread that read the request; only a miss suspends
 * its connection.
 */
#pragma once

#include "base/err.h"

struct conf;
struct http;
struct pipeline;

struct http_parts {
	struct pipeline *pipeline;
	/* For /readyz: NULL when ready, else why not. Any thread. */
	const char *(*not_ready)(void *owner);
	/* Before /metrics is printed: brings gauges up to date. */
	void (*refresh)(void *owner);
	void *owner;
};

/*
 * Binds all listeners and starts the threads. Fails with CONFIG or SYSTEM: one
 * clear line ("127.0.0.1:8080 is taken by another program").
 */
bool http_start(const struct conf *conf, const struct http_parts *parts,
    struct http **out, struct err *e) must_check;
/* Addresses really bound, one a line ("127.0.0.1:8080"); admin: operators'. */
const char *http_addresses(const struct http *h, bool admin);
/*
 * Stops accepting, closes idle connections, answers what runs until until_ns;
 * then the rest gets 503. Returns when nothing runs any more.
 */
void http_drain(struct http *h, int64_t until_ns);
void http_free(struct http *h);
/* Checks what conf cannot know: addresses, networks. */
bool http_check(const struct conf *conf, struct err *e) must_check;
