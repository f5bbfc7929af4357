/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of net/fetch alone: what its files share. A run is a transfer from
 * fetch_start() to end(); all of it but what fetch_start() writes belongs to
 * the fetcher's thread.
 */
#pragma once

#include <curl/curl.h>

#include "net/fetch.h"
#include "net/fetch_head.h"

/* A text that curl borrows. */
struct fetch_pem {
	char *text;
	size_t size; /* 0: none */
};

struct fetch_way {
	_Atomic uint32_t count;
	/* Constant. */
	struct fetch_pem ca, cert, key; /* the key is wiped */
	struct guard *guard;
	int64_t connect_ns, silent_ns;
	unsigned transfers;
};

enum fetch_phase {
	FETCH_WAITS,    /* for its time or its turn */
	FETCH_CONNECTS, /* names, TCP, TLS */
	FETCH_ASKED,    /* a connection is its own, no head yet */
	FETCH_BODY
};

struct fetch_run {
	struct fetch *f;
	struct fetch_way *way; /* a reference */
	struct fetch_run *next;
	void *lane;
	/* libcurl's, while it is under way. */
	CURL *easy;
	struct curl_slist *headers;
	char curl_text[CURL_ERROR_SIZE];
	CURLcode code;
	bool returned; /* code is what libcurl says of it */
	bool over;     /* ended and err are final, whatever libcurl says */
	bool guarded;  /* the guard refused an address; guard_err */
	enum fetch_phase phase;
	int own_port;     /* of its connection, from FETCH_ASKED on */
	int64_t began_ns; /* its turn came */
	int64_t heard_ns; /* the last sign of progress */
	size_t sent;      /* bytes of the request's body */
	struct fetch_head head;
	char *text;
	size_t text_room;
	enum fetch_end ended;
	struct err err, guard_err;
};

/* Says how it ends, once; the rest is ignored. detail gets "host: " before. */
void fetch_over(struct fetch_run *run, enum fetch_end ended, enum err_code code,
    const char *detail, ...) printf_like(4, 5);
/* Is it to be ended though libcurl goes on? */
bool fetch_is_over(struct fetch_run *run, int64_t now_ns);
/* Gives run->easy everything; false: it is over before it began. */
bool fetch_prepare(struct fetch_run *run) must_check;
/* After it left libcurl's hands: fills what of f is seen in end(). */
void fetch_settle(struct fetch_run *run);
void fetch_run_free(struct fetch_run *run);
