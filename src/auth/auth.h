/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may ask for what: stage verify. Knows no request: it is asked in its own
 * terms, with what the request says of itself.
 *
 * So far: methods, hosts, expiry, and limits per viewer address. Signatures
 * and roles come here, fed by the dialect's claim.
 */
#pragma once

#include "base/err.h"
#include "base/slice.h"

struct conf;
struct conf_mount;

struct auth_ask {
	const struct conf_mount *mount;
	struct slice method;
	struct slice host; /* Host header; a port does not matter */
	/* The dialect's claim. */
	struct slice signed_text, signature;
	int64_t expires_s; /* 0: never */
};

/* Fails with NOT_ALLOWED, BAD_HOST, FORBIDDEN, EXPIRED. */
bool auth_check(const struct auth_ask *ask, struct err *e) must_check;

/*
 * Limits per viewer: requests in progress and requests a second. A viewer is
 * an IPv4 address or an IPv6 /64, as 16 bytes (IPv4 as ::ffff:a.b.c.d).
 * Bounded memory: a fixed table; when it is full, the longest idle goes.
 */
struct viewers;
struct viewers *viewers_new(size_t slots);
void viewers_free(struct viewers *v);
/*
 * Fails with TOO_MANY_REQUESTS (retry_after_s set). On success
 * viewer_leave() must follow when the request has ended. Any thread.
 */
bool viewer_enter(struct viewers *v, const struct conf *conf,
    const uint8_t address[16], struct err *e) must_check;
void viewer_leave(struct viewers *v, const uint8_t address[16]);
