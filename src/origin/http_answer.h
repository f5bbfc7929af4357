/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of origin/http alone: what an HTTP answer says of an original, and what its
 * status means. Pure; what a server sends is bounded and checked here.
 */
#pragma once

#include "net/fetch.h"
#include "origin/origin.h"

/*
 * The validator that is kept says which header it came from: 'E' and an ETag,
 * or 'M' and a Last-Modified, as they came.
 */
enum { HTTP_BY_ETAG = 'E', HTTP_BY_TIME = 'M' };

/* Facts of a 200 or 304; a validator of the answer's own, maybe none. */
void http_facts(const struct fetch *f, struct origin_facts *out);
/* The ETag of a validator, if two answers with it are alike byte by byte (RFC
 * 9110 section 8.8.1); NULL otherwise. */
const char *http_strong_etag(const char *validator);
/* Coded, though nobody asked for it: fails with ORIGIN_FAILED. */
bool http_is_plain(const struct fetch *f, struct err *e) must_check;
/*
 * Of a 206: does it go on at byte at, and to the end, of an original of that
 * size (-1: not known) and validator? *whole: the size that it says. Fails with
 * ORIGIN_CHANGED or ORIGIN_FAILED.
 */
bool http_goes_on(const struct fetch *f, const struct origin_facts *facts,
    uint64_t at, int64_t *whole, struct err *e) must_check;
/* What a status that is no success means; fills e, false. */
bool http_status(const struct fetch *f, struct err *e);
/* Might another try have more luck? */
bool http_status_passes(int status);
/* Retry-After, seconds from now, at most HTTP_RETRY_MAX; 0: not said. */
enum { HTTP_RETRY_MAX = 300 };
int http_retry_after_s(const struct fetch *f);
