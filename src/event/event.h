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
	CACHE_USE_FALLBACK, /* another image instead; code says why */
	CACHE_USE_COUNT
};
const char *cache_use_name(enum cache_use u);

/* What happened; of a request, code and cache say more. */
enum event_type {
	EVENT_RENDERED,
	EVENT_SERVED,
	EVENT_FAILED,
	EVENT_STORED,   /* a result, in the store of results */
	EVENT_UPLOADED, /* an original came in */
	EVENT_ARCHIVED, /* its copy for compliance */
	EVENT_EXPIRED,  /* that copy was removed */
	EVENT_TYPES
};
const char *event_type_name(enum event_type t); /* "image.rendered" */
/* The type of a request's event. */
enum event_type event_type_of(enum err_code code, enum cache_use cache);

enum { EVENT_URI_MAX = 1024, EVENT_UID_SIZE = 16, EVENT_PLAN_MAX = 240 };

/*
 * A value; begins with event_init(). The texts are NUL-terminated, raw bytes of
 * clients (the writer escapes), cut to fit. They come last: of them only what
 * is before the NUL is cleared, copied and read.
 */
struct event {
	int64_t at_ns; /* wall clock, when the request came, or it happened */
	enum event_type type;
	int32_t status;        /* 0: no request */
	uint64_t answer_bytes; /* of the body, as it will be sent */
	enum cache_use cache;
	enum err_code code; /* ERR_NONE: none */
	struct facts facts; /* zero when there are none */
	int64_t stage_ns[STAGE_COUNT];
	int64_t total_ns;
	int64_t queue_ns; /* of stage render: waiting for a worker */
	uint64_t worker;  /* pid */
	/* Of EVENT_STORED and those behind it; 0: unknown, none. */
	uint64_t object_bytes;
	int64_t expires_ns; /* wall clock */

	/* By event_post(): */
	uint8_t uid[EVENT_UID_SIZE]; /* of the event: a UUID, version 7 */
	double rate;                 /* share of its type that is told */
	bool told;                   /* it is one of them */

	/* By event_post(): */
	char node[64];
	char viewer_network[64];
	char viewer_hash[33];

	char id[80]; /* request id; also in the answer */
	char traceparent[56];
	char cloudfront_id[80];
	char method[8];
	char uri[EVENT_URI_MAX];
	char host[128];
	char viewer[64];
	char user_agent[160];
	char referer[160];
	char tenant[32];
	char mount[32], dialect[16], store[32];
	char source_key[256];
	char param[ERR_PARAM_MAX];
	char detail[ERR_DETAIL_MAX];
	char key[65]; /* cache key, hex; empty: none */
	char etag[40];
	char plan_hash[17]; /* of what is done, whatever the original */
	char plan[EVENT_PLAN_MAX];
	char object_store[32];
	char object_key[256];
	char content_hash[65]; /* SHA-256 of the original's bytes, hex */
	char channel[8];       /* how it came: "http", "kafka", "s3" */
	char reason[160];
};

/* All zero, all texts empty. */
void event_init(struct event *event);
/* Whether events_new() could open its files; makes none. Fails with CONFIG. */
bool events_check(const struct conf *conf, struct err *e) must_check;
/* Opens the files (append, 0640). Fails with CONFIG naming file and reason. */
bool events_new(
    const struct conf *conf, struct events **out, struct err *e) must_check;
/*
 * Any thread; never waits. Fills in what is its own. False: lost (and counted).
 */
bool event_post(struct events *ev, struct event *event);
/* SIGHUP: opens the files of conf anew, or keeps the old ones and says why. */
bool events_reopen(
    struct events *ev, const struct conf *conf, struct err *e) must_check;
/* Returns when everything posted so far is written, or until_ns has come. */
void event_drain(struct events *ev, int64_t until_ns);
void events_free(struct events *ev); /* drains */
