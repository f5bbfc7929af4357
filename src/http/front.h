/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all viewers' connections share, and one connection. Not for use outside
 * this folder.
 */
#pragma once

#include <microhttpd.h>

#include "auth/auth.h"
#include "base/clock.h"
#include "base/lock.h"
#include "http/answer.h"
#include "http/forwarded.h"
#include "http/head.h"
#include "http/watch.h"

struct exchange;
struct page;

/* The trusted networks of one configuration; kept until the end, since
 * nothing says when the last request that looks at them is over. */
struct trusted {
	uint64_t generation;
	struct trust trust;
	struct trusted *next;
};

struct front {
	/* Constant after the start: */
	struct pipeline *pipeline;
	struct viewers *viewers;
	struct watch *watch;
	size_t head_size;   /* most bytes of a request's head */
	int64_t idle_ns;    /* longest silence, and time for a head */
	bool in_place;      /* libmicrohttpd parses heads in place (0.9) */
	uint64_t id_prefix; /* of request ids: random */

	unsigned most; /* connections of all listeners together */

	_Atomic bool draining;
	_Atomic unsigned connections;
	_Atomic unsigned busy;      /* requests between head and end */
	_Atomic unsigned suspended; /* of them, those that are parked */
	_Atomic uint32_t next_id;
	_Atomic(struct trusted *) trusted;
	struct lock lock; /* the http watch list's row of lock.h */
	struct exchange *first under(lock);
};

/* Where a request is; only its own http thread looks. */
enum step {
	STEP_IDLE,
	STEP_HEAD, /* its line has been read */
	STEP_BODY, /* its head has been read */
	STEP_RUN   /* given to the pipeline; the next call answers */
};

/*
 * A connection and the one request that it has at a time. The http thread of
 * the connection owns it, except while it is suspended: then the pipeline does
 * (r and answer).
 */
struct exchange {
	struct request r; /* cleared for each request, and what follows */
	struct asked asked;
	struct head head;
	uint8_t address[16]; /* the viewer's */
	bool limited;        /* viewer_leave() must follow */
	bool parked;
	enum step step;
	const char *target_at; /* where the target was in the head */
	struct page *page;     /* being made, or NULL */

	/* Of the connection: */
	struct answer answer;
	struct watched watched;
	struct front *front;
	struct MHD_Connection *connection;
	struct arena *arena;
	uint8_t peer[16];
	char peer_text[64];
	uint32_t id;
	uint32_t count; /* requests so far */
	int64_t date_s; /* the second that date says */
	char date[CLOCK_HTTP_SIZE];
	/* 0: a request with a whole head; else clock_ns() since when none. */
	_Atomic int64_t waiting_ns;
	struct exchange *next, **previous; /* under front->lock */
};

/* --- connection.c: the callbacks of libmicrohttpd --- */
enum MHD_Result connection_admit(
    void *front, const struct sockaddr *address, socklen_t size);
void connection_notify(void *front, struct MHD_Connection *connection,
    void **socket_context, enum MHD_ConnectionNotificationCode code);
void *connection_target(
    void *front, const char *uri, struct MHD_Connection *connection);
enum MHD_Result connection_handle(void *front,
    struct MHD_Connection *connection, const char *url, const char *method,
    const char *version, const char *data, size_t *size, void **context);
void connection_end(void *front, struct MHD_Connection *connection,
    void **context, enum MHD_RequestTerminationCode code);
/*
 * Closes connections that have had no whole head for longer than for_ns: those
 * that dribble it, and with 0 all idle ones; also those whose other side is
 * gone. Any thread.
 */
void connection_sweep(struct front *f, int64_t for_ns);

/* --- own.c: the daemon's own pages --- */
/* The page of r's path and method; NULL: none. Lives as long as r. */
const struct own *own_find(struct request *r);
/* HTML with a strict policy; html lives as long as the arena. */
const struct own *own_page(struct arena *arena, const char *html, size_t size);

/* --- page.c: GET / --- */
/*
 * Begins to make the page, which needs its samples rendered; ready is called
 * when all are, on any thread, perhaps before this returns.
 */
struct page *page_start(struct front *f, const struct request *r,
    void (*ready)(void *owner), void *owner);
/* The page as HTML. */
const struct own *page_print(struct page *page, struct arena *arena);
void page_free(struct page *page); /* NULL is allowed */
