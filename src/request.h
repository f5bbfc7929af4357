/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two things that travel.
 *
 * A request is one viewer asking: it lives with its connection. Work is what a
 * flight does for all who ask the same: it belongs to no request and goes on
 * when the one who started it leaves. Each field is set by one stage (in
 * brackets) and only read after it.
 *
 * Only pipeline, http and cli know these structs; other modules are asked in
 * their own terms.
 */
#pragma once

#include "base/arena.h"
#include "cache/cache.h"
#include "cache/flight.h"
#include "conf/conf.h"
#include "dialect/dialect.h"
#include "event/event.h"
#include "origin/origin.h"
#include "reading.h"
#include "render/render.h"
#include "route.h"

struct pipeline;
struct request;

/* Whoever makes requests gives this table. */
struct client_ops {
	/*
	 * The request will be answered later, on another thread: called on the
	 * thread of pipeline_start(), before anything can answer.
	 */
	void (*park)(struct request *r);
	/*
	 * Does the viewer hold this result already (If-None-Match)? Then
	 * lookup may answer from a record whose bytes are gone.
	 */
	bool (*holds)(struct request *r, const struct cache_entry *entry);
	/* A header of the request; at NULL: it has none of that name. Called
	 * on the thread of pipeline_start(). */
	struct slice (*header)(struct request *r, const char *name);
	/*
	 * Decides what the answer is: sets r->status and r->answer_bytes from
	 * err, entry and the conditional headers. Called once, before record,
	 * on any thread; computes only.
	 */
	void (*decide)(struct request *r);
	/*
	 * The end, exactly once: r->err.code, r->entry and the rest say what to
	 * answer. parked: park() was called before. The request is the client's
	 * again.
	 */
	void (*answer)(struct request *r, bool parked);
};

struct request {
	/* By the client, before pipeline_start(). Slices live as long as r. */
	const struct client_ops *ops;
	void *client;
	struct arena *arena;
	struct slice method, uri; /* raw; uri with its query */
	struct slice host;        /* raw Host header */
	struct slice accept, user_agent, referer;
	struct slice traceparent;   /* W3C Trace Context, well-formed */
	struct slice cloudfront_id; /* X-Amz-Cf-Id */
	char id[80];
	char viewer[64];  /* address as text */
	int64_t start_ns; /* clock_ns() */
	int64_t start_wall_ns;
	/* By ops->decide(), so that event and log say what is sent. */
	int status;
	uint64_t answer_bytes;

	/* [claim]; the client may set routes (a reference) before */
	struct routes *routes;     /* dropped by request_fini() */
	const struct route *route; /* NULL: no mount was found */
	struct dialect_in in;
	struct claim claim;
	/* [parse]; when it failed, the plan is as far as it came */
	struct reading *reading; /* a reference; dropped by request_fini() */
	const struct plan *plan; /* in it; NULL before */
	/* What the plan's stores get of the request's headers; in arena */
	const struct origin_header *forward;
	size_t nforward;
	struct digest key;
	/* [lookup]: */
	enum cache_use cache;
	struct flight_waiter waiter;
	int64_t deadline_ns;
	/* [lookup] or the flight's end: a reference, or NULL with err set */
	struct cache_entry *entry;
	/* from the work that answered it, for record */
	uint64_t worker;
	int64_t queue_ns;

	/* why the mount's fallback is answered; with CACHE_USE_FALLBACK */
	struct err failed;

	/* any stage */
	enum stage at; /* where it is, or where it failed */
	bool parked;
	struct err err;
	int64_t stage_ns[STAGE_COUNT];
	struct pipeline *pipeline;
};

/* Made by lookup when a request leads; freed by settle. */
struct work {
	struct pipeline *pipeline;
	struct routes *routes; /* a reference */
	const struct route *route;
	struct flight *flight;
	const struct flight_waiter *leader; /* only compared: it may be gone */
	struct digest key;
	struct reading *reading; /* a reference */
	const struct plan *plan; /* in it, or own */
	struct arena *arena;     /* of the texts below */
	const struct origin_header *forward;
	size_t nforward;
	/* once it does the mount's fallback instead, and why; key is its */
	struct plan *own;
	struct err failed;
	struct cache_entry *stale; /* what the cache has; may be NULL */
	enum stage at;             /* where it is, or where it failed */
	int64_t began_ns;          /* of the present stage, clock_ns() */
	/* [fetch], of each of the plan's sources; the first is the original */
	struct origin_fetch fetch[PLAN_SOURCES];
	_Atomic unsigned fetching; /* that have not begun yet */
	void (*fetch_ended)(struct work *w);
	/* [render] */
	struct render_job job;
	/* [settle] */
	struct cache_entry *entry;
	enum cache_use cache;
	struct err err;
	int64_t stage_ns[STAGE_COUNT];
};

/* Forgets what the stages took; the client frees the struct itself. */
void request_fini(struct request *r);
