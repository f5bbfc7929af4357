/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP server for tests, on 127.0.0.1: it says what a test wrote down, byte
 * by byte, so that every way to misbehave can be written down, too. One thread
 * for each connection.
 */
#pragma once

#include <stdatomic.h>

#include "base/base.h"
#include "base/lock.h"

enum { PEER_REQUEST_MAX = 65536, PEER_CONNECTIONS = 64 };

struct peer;
struct ssl_st;

/* A connection. */
struct talk {
	struct peer *peer;
	int fd;
	struct ssl_st *tls; /* NULL: none */
	unsigned nth;       /* connection, from 0 */
	unsigned asked;     /* requests on it so far */
	char request[PEER_REQUEST_MAX];
	size_t nrequest;
	pthread_t thread;
	bool used;
};

struct peer {
	/* What it does with a request; false: close the connection. */
	bool (*_Atomic serve)(struct talk *t);
	void *_Atomic arg;
	int port;
	int listener;
	void *tls; /* SSL_CTX *; NULL: none */
	pthread_t thread;
	_Atomic unsigned connections, requests;
	_Atomic unsigned now, most; /* requests being answered */
	_Atomic bool stop;
	_Atomic int permits; /* for tests: so many may go on */
	_Atomic bool seen;   /* for tests: something has come */
	struct lock lock;
	char last[PEER_REQUEST_MAX] under(lock); /* the last request */
	struct talk talk[PEER_CONNECTIONS];
};

void peer_start(struct peer *p, bool (*serve)(struct talk *t), void *tls);
void peer_stop(struct peer *p);
/* Sends; false when the other side is gone. */
bool say(struct talk *t, const char *text);
bool say_bytes(struct talk *t, const void *bytes, size_t size);
ssize_t hear(struct talk *t, void *out, size_t size);
/* Until the other side closes, or the peer stops: says nothing. */
void stay_silent(struct talk *t);
/* Until there is a permit, which it takes, or the peer stops. */
void wait_to_go(struct talk *t);
/* Closes with a reset. */
void reset(struct talk *t);
