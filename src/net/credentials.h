/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS credentials: where a store's keys come from, and keeping them young.
 *
 * A provider that is not configured yields to the next; one that is configured
 * and fails ends the chain with its error, so that a broken web identity never
 * becomes the node's own role. Order: the store's own keys, environment (unless
 * AWS_PROFILE is set), profile files, web identity, container, instance.
 *
 * Each source has one thread that fetches and refreshes: 15 minutes before the
 * end, with jitter; what is there stays in use until it really ends, and longer
 * when the instance's own service fails (static stability). Keys in files are
 * read again when the files change. Snapshots are counted and immutable: key,
 * secret and token never mix. Any thread.
 */
#pragma once

#include "base/err.h"

struct credential_source;

/* A snapshot. The texts are wiped when the last reference goes. */
struct credential {
	char *access, *secret;
	char *token;          /* NULL: none */
	int64_t expires_s;    /* wall clock; INT64_MAX: never */
	const char *provider; /* "environment", "container", ...: for logs;
				 a constant */
	_Atomic uint32_t count;
};
struct credential *credential_ref(struct credential *c);
void credential_drop(struct credential *c); /* NULL is allowed */

/* NULL or empty: not said. Borrowed by credential_source_new() alone. */
struct credential_spec {
	const char *access, *secret, *token; /* the store's own keys */
	const char *profile;
	const char *role, *external_id; /* to take on with what was found */
	const char *region; /* of the store, also for STS; else it is found */
	const char *name;   /* of the store, for logs */
	char *const *env;   /* environ, or a test's */
};

/*
 * Begins to fetch, does not wait. Fails with CONFIG: a file that cannot be
 * read, a profile that is not there, a circle of profiles, an address that
 * keys may not be sent to.
 */
bool credential_source_new(const struct credential_spec *spec,
    struct credential_source **out, struct err *e) must_check;
/* Ends its thread; who still waits is told (DRAINING) before it returns. NULL
 * is allowed. */
void credential_source_free(struct credential_source *s);

/* Someone who waits for the first credentials, or for those after a refresh. */
struct credential_wait {
	/* Once: c is a reference of the callee's, or NULL with the error
	 * (ORIGIN_DENIED: there are none, or they are refused;
	 * ORIGIN_FAILED: who gives them does not answer; ORIGIN_TIMEOUT;
	 * CLIENT_GONE). On
	 * the source's thread, or, where they are at hand, on the caller's
	 * before credential_get() returns. It must not wait, may call
	 * credential_get() again, and w is the caller's again in it. */
	void (*ready)(struct credential_wait *w, struct credential *c,
	    const struct err *e);
	int64_t deadline_ns;
	/* Not 0: it does not want them any more. NULL: never. Looked at some
	 * twenty times a second. */
	const _Atomic uint32_t *cancel;
	struct credential_wait *next; /* source's own */
};
void credential_get(struct credential_source *s, struct credential_wait *w);
/*
 * The store said that these are too old or unknown (ExpiredToken, InvalidToken):
 * fetch others, unless there are already. Who asks then waits for them. Once in
 * ten seconds: what is fetched may be the same.
 */
void credential_refused(
    struct credential_source *s, const struct credential *c);
/*
 * spec.region, or that of the environment, profile or instance; "" when nobody
 * says one. That of the instance is there when its credentials are. Valid as
 * long as the source.
 */
const char *credential_region(struct credential_source *s);
/* Endpoint of the environment or profile (AWS_ENDPOINT_URL_S3, ...); "". */
const char *credential_endpoint(struct credential_source *s);
/*
 * For `pictor check`: "container, until 2026-11-22T23:00:00Z", or the error;
 * waits until until_ns (clock_ns()).
 */
bool credential_describe(struct credential_source *s, int64_t until_ns,
    char *out, size_t size, struct err *e) must_check;
