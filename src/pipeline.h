/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nine stages of a request (pipeline.c is the page to read first).
 */
#pragma once

#include "request.h"

struct pipeline_parts {
	struct cache *cache;
	struct origin *origin;
	struct render *render;
	struct events *events; /* NULL: nothing is recorded */
	/* Decides the bytes besides the plan: "libvips 8.14.1"; borrowed. */
	const char *version;
};

/* routes: a reference is given. */
struct pipeline *pipeline_new(
    const struct pipeline_parts *parts, struct routes *routes);
/* A new configuration: for requests from now on. A reference is given. */
void pipeline_route(struct pipeline *p, struct routes *routes);
/* The one in force: a reference. */
struct routes *pipeline_routes(struct pipeline *p);
/* Waits for all work to have landed. */
void pipeline_free(struct pipeline *p);

/*
 * Runs r as far as it goes; one whose err is set already (the client refused
 * it) goes straight to record and answer. When this returns, r was answered
 * (ops->answer called on this thread) or parked (ops->park called; answer
 * comes later on another thread, and may already have).
 */
void pipeline_start(struct pipeline *p, struct request *r);
/* One that the client answers by itself: recorded, then ops->answer. */
void pipeline_own(struct pipeline *p, struct request *r);
/*
 * The client is gone, or the request's deadline has come: ends a parked
 * request with that error. False: it is being answered already. The caller
 * sees to it that r exists during the call. Any thread.
 */
bool pipeline_leave(struct request *r, enum err_code why);

/*
 * The first three stages alone, for explain: mount, dialect, plan, key.
 * r: as for pipeline_start(), with r->routes set. version: as in the parts.
 * False: r->err says why.
 */
bool pipeline_parse(struct request *r, const char *version) must_check;
/* Works in progress. */
unsigned pipeline_busy(struct pipeline *p);
