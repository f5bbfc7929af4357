/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of a bucket against a store that says what it is told to. The
 * credentials are the test's own: it defines what net/credentials.h declares,
 * so that it can have them expire.
 */
#pragma once

#include <stdatomic.h>

#include "base/clock.h"
#include "base/lock.h"
#include "net/credentials.h"
#include "net/fetch.h"
#include "net/s3.h"
#include "unit.h"

struct credential_source {
	struct credential now;
	unsigned asked, refused;
	bool is_broken;
};

enum { STEPS_MAX = 8, HEAD_MAX = 8192 };

struct store {
	int listener;
	unsigned port;
	pthread_t thread;
	/* By the test, before start: answers in turn, all as they are sent;
	 * NULL: the connection is closed without one. */
	const char *answer[STEPS_MAX];
	size_t answers;
	/* By the thread. */
	char request[STEPS_MAX][HEAD_MAX];
	_Atomic size_t requests;
};

/* One test. */
struct bench {
	struct store store;
	struct fetcher *fetcher;
	struct fetch_way *way;
	struct s3 *s3;
	struct credential_source credentials;
	struct s3_spec spec;
	char endpoint[64];
	/* Of the call. */
	struct s3_call call;
	struct blob *body; /* the test's reference */
	size_t body_max;
	unsigned heads;
	bool refuse;
	char xml[1024];
	struct lock lock;
	struct cond done;
	bool is_done under(lock);
};

struct bench *bench_new(void);
/* The next answer of the store, borrowed; NULL: it closes the connection. */
void bench_answer(struct bench *b, const char *text);
/* Runs the call to its end. */
void bench_run(struct bench *b);
/* Asserts that nothing was kept. */
void bench_free(struct bench *b);
/* The call fails so, and that was all: runs it and frees b. */
void bench_fails(struct bench *b, enum err_code code, size_t requests);

/* requests: that the store had, of all tries. */
void assert_ok(const struct bench *b, size_t requests);
void assert_fails(const struct bench *b, enum err_code code, size_t requests);
void assert_body(const struct bench *b, const char *want);
/* In the request of that number, whatever the case. */
void assert_sent(const struct bench *b, size_t i, const char *text);
void assert_not_sent(const struct bench *b, size_t i, const char *text);

#define OK_HEAD               \
	"HTTP/1.1 200 OK\r\n" \
	"x-amz-request-id: R1\r\nx-amz-id-2: I2\r\n"
#define DIGITS                                                     \
	OK_HEAD "ETag: \"e1\"\r\nContent-Type: image/png\r\n"      \
		"Last-Modified: Fri, 24 May 2013 00:00:00 GMT\r\n" \
		"x-amz-version-id: v/1\r\nContent-Length: 9\r\n\r\n123456789"
#define ERROR_HEAD(status)                                    \
	"HTTP/1.1 " status " No\r\nx-amz-request-id: R1\r\n"  \
	"x-amz-id-2: I2\r\nContent-Type: application/xml\r\n" \
	"Connection: close\r\n"
#define ERROR(status, code)                             \
	ERROR_HEAD(status)                              \
	"\r\n<?xml version=\"1.0\"?><Error><Code>" code \
	"</Code><Message>Some words</Message></Error>"
#define SLOW ERROR("503", "SlowDown")
