/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks after requests whose connections are suspended: libmicrohttpd neither
 * sees their viewers leave nor counts their time. One thread: an epoll set of
 * their sockets (EPOLLRDHUP) and a list by deadline. It ends a request by
 * pipeline_leave(), with CLIENT_GONE or DEADLINE.
 */
#pragma once

#include "request.h"

struct watch;

/* Embedded in who is looked after. */
struct watched {
	/* Constant from watch_expect() to resume(): */
	int fd;
	struct request *r;
	/* The request was answered and nobody holds it any more. Any thread;
	 * once. */
	void (*resume)(struct watched *w);

	/* The watch's own, under its lock: */
	bool listed;   /* in list and epoll set */
	bool held;     /* the watcher is just ending it */
	bool answered; /* resume() was called, or will be at once */
	struct watched *next, *previous;
};

/* tick: called by the watcher's thread about once a second, without locks. */
struct watch *watch_new(void (*tick)(void *owner), void *owner);
void watch_free(struct watch *t); /* nothing may be watched */
/* Before anything can answer the request. */
void watch_expect(struct watched *w);
/*
 * Looks after a request that may be left (its flight is joined): until
 * r->deadline_ns. Does nothing if it was answered meanwhile. On the thread
 * without which it cannot go on, so it exists.
 */
void watch_add(struct watch *t, struct watched *w);
/*
 * The request has been answered: the watcher lets go of it, then resume() is
 * called, by this or by the watcher's thread.
 */
void watch_done(struct watch *t, struct watched *w);
/* Ends all there are, and all that come, with why. */
void watch_end_all(struct watch *t, enum err_code why);
