/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request is answered with: status, header lines, body. Computed from
 * the request alone, without the HTTP library.
 */
#pragma once

#include "http/conditional.h"
#include "request.h"

enum { ANSWER_HEADERS = 64 };

/* A page of the daemon's own. */
struct own {
	int status;
	const char *media_type; /* NULL: no body */
	const char *body;
	size_t size;
	const char *cache_control;
	const char *policy;  /* Content-Security-Policy; NULL: the images' */
	const char *methods; /* Allow; NULL: not said */
};

/* What of a request's head decides about the answer. */
struct asked {
	struct conditions conditions;
	struct slice range;    /* at = NULL: all of it */
	bool preflight;        /* OPTIONS */
	const struct own *own; /* NULL: an image or an error */
	bool close;            /* the connection ends with this answer */
	const char *date;      /* the Date line; NULL: left to others */
};

struct answer {
	int status;
	/* Content-Length is size, also where HEAD sends no body. */
	const void *body;
	uint64_t size;
	/* With BAD_RANGE and 206: bytes there are. */
	uint64_t whole, first;
	struct dialect_error *error; /* in the arena; NULL: none */
	size_t nheader;
	struct {
		const char *name;
		const char *value;
	} header[ANSWER_HEADERS];
};

/* Does the viewer hold this result already? */
bool answer_is_held(const struct asked *a, const struct cache_entry *entry);
/*
 * Status and body. May turn a request that had a result into one with an
 * error (BAD_RANGE).
 */
void answer_decide(
    struct request *r, const struct asked *a, struct answer *out);
/* Bytes of the body that are sent. */
uint64_t answer_bytes(const struct request *r, const struct answer *out);
/* Adds the header lines; values live as long as r. */
void answer_head(struct request *r, const struct asked *a, struct answer *out);
