/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened to each request: one event (JSON lines) and one access log
 * line. Both are formatted and written by a thread of this module; an
 * answering thread only copies a record into a ring.
 *
 * stored + lost = posted, for each of the two; both are counted in metrics.
 * After event_drain() nothing posted before it is in memory only. The durable
 * spool and Kafka come behind the same event_post().
 */
#pragma once

#include "base/err.h"
#include "plan/facts.h"

struct conf;
struct events;

/* Order of the pipeline's stages; also the STAGE label of metrics. */
enum stage {
	STAGE_CLAIM,
	STAGE_VERIFY,
	STAGE_PARSE,
	STAGE_LOOKUP,
	STAGE_FETCH,
	STAGE_RENDER,
	STAGE_SETTLE,
	STAGE_RECORD,
	STAGE_ANSWER,
	STAGE_COUNT
};
const char *stage_name(enum stage s);

/* How the cache answered; also the CACHE label of metrics. */
enum cache_use {
	CACHE_USE_NONE, /* no lookup: an error before it */
	CACHE_USE_HIT,
	CACHE_USE_MISS,
	CACHE_USE_JOINED,
	CACHE_USE_STALE,
	CACHE_USE_REVALIDATED,
	CACHE_USE_COUNT
};
const char *cache_use_name(enum cache_use u);

enum { EVENT_URI_MAX = 1024 };

/*
 * A value; begins with event_init(). The texts are NUL-terminated, raw bytes of
 * clients (the writer escapes), cut to fit. They come last: of them only what
 * is before the NUL is cleared, copied and read.
 */
struct event {
	int64_t at_ns; /* wall clock, when the request came */
	int32_t status;
	uint64_t answer_bytes; /* of the body, as it will be sent */
	enum cache_use cache;
	enum err_code code; /* ERR_NONE: none */
	struct facts facts; /* zero when there are none */
	int64_t stage_ns[STAGE_COUNT];
	int64_t total_ns;
	uint64_t worker; /* pid */

	char id[80]; /* request id; also in the answer */
	char method[8];
	char uri[EVENT_URI_MAX];
	char host[128];
	char viewer[64];
	char user_agent[160];
	char referer[160];
	char mount[32], dialect[16], store[32];
	char source_key[256];
	char param[ERR_PARAM_MAX];
	char detail[ERR_DETAIL_MAX];
	char key[65]; /* cache key, hex; empty: none */
	char etag[40];
};

/* All zero, all texts empty. */
void event_init(struct event *event);
/* Whether events_new() could open its files; makes none. Fails with CONFIG. */
bool events_check(const struct conf *conf, struct err *e) must_check;
/* Opens the files (append, 0640). Fails with CONFIG naming file and reason. */
bool events_new(
    const struct conf *conf, struct events **out, struct err *e) must_check;
/* Any thread; never waits. False: lost (and counted). */
bool event_post(struct events *ev, const struct event *event);
/* SIGHUP: opens the files of conf anew, or keeps the old ones and says why. */
bool events_reopen(
    struct events *ev, const struct conf *conf, struct err *e) must_check;
/* Returns when everything posted so far is written, or until_ns has come. */
void event_drain(struct events *ev, int64_t until_ns);
void events_free(struct events *ev); /* drains */
