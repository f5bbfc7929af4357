/* SPDX-License-Identifier: Apache-2.0 */
/* Requests without HTTP: the daemon's own pipeline, for render. */
#pragma once

#include "request.h"

struct cli_run;
struct cli_ask;

/* One request; the caller's, from cli_ask() until answered() was called. */
struct cli_ask {
	struct request request;
	void (*answered)(struct cli_ask *ask); /* any thread */
	void *owner;
};

/* A pipeline for conf (borrowed), with its workers started. */
bool cli_run_new(
    const struct conf *conf, struct cli_run **out, struct err *e) must_check;
/* All requests must have been answered. */
void cli_run_free(struct cli_run *run);
/*
 * A GET of uri, which must live as long as ask. When answered() is called,
 * request.err or request.entry says how it ended; cli_ask_fini() forgets it.
 */
void cli_ask(struct cli_run *run, struct cli_ask *ask, struct slice uri);
void cli_ask_fini(struct cli_ask *ask);

/* "https://host/path" and "/path" into host (or localhost) and path. */
bool cli_split_url(struct slice url, struct slice *host, struct slice *uri,
    struct err *e) must_check;

/*
 * What a path (behind the mount's prefix) and a query mean to a mount, checked
 * by its policy.
 */
bool cli_plan(const struct route *route, struct slice path, struct slice query,
    struct plan *plan, struct err *e) must_check;
