/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of transfers share: a fetcher with a peer, transfers that are
 * waited for, and names that only these tests know.
 *
 * Times to wait for are a minute where something is to end at once, and short
 * where the end of a time is what is tried; nothing is measured.
 */
#pragma once

#include <semaphore.h>

#include "net/fetch.h"
#include "peer.h"
#include "unit.h"

enum { URL_SIZE = 256 };

/*
 * slow.test: 127.0.0.1, after three seconds; two.test: 127.0.0.9 and 127.0.0.1;
 * turn.test: 127.0.0.1 and 127.0.0.2 by turns; unknown.test: none; all others
 * 127.0.0.1.
 */
extern _Atomic int names_asked;
extern _Atomic bool slow_answered; /* the three seconds are over */

struct place {
	struct fetcher *fetcher;
	struct fetch_way *way;
	struct peer *peer;
};

struct asked {
	struct fetch f;
	sem_t begun, ended;
	char url[URL_SIZE];
	_Atomic uint32_t cancel;
	struct blob *blob, *reader;
	size_t room; /* of a blob; 0: text */
	bool refuse; /* head() says false */
	unsigned heads, ends;
	int again; /* so often it is started again in end() */
	struct fetcher *fetcher;
	char type[64]; /* Content-Type, seen in head() */
	char text[FETCH_TEXT_MAX + 1];
};

void waiter(sem_t *sem);
/* Keeps Content-Type; a blob of a->room bytes; refuses if a->refuse. */
bool on_head(struct fetch *f);
struct fetch_way *way_of(unsigned transfers, int64_t connect_ns,
    int64_t silent_ns, struct guard *guard);
int setup(void **state);
int teardown(void **state);
/* Of the peer, which must have been started, with a minute's time. */
struct asked *asked_new(struct place *p, const char *method, const char *path);
void asked_free(struct asked *a);
void begin(struct place *p, struct asked *a);
void finish(struct asked *a);
/* GET, from beginning to end. */
struct asked *ask(struct place *p, const char *path);
void assert_end(
    const struct asked *a, enum fetch_end ended, enum err_code code);
/* The error's detail has part in it. */
void assert_says(const struct asked *a, const char *part);
/* "ok", and the connection stays. */
bool serve_ok(struct talk *t);
