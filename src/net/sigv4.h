/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS Signature Version 4, as S3 wants it, on OpenSSL's HMAC.
 *
 * S3's own rules: keys are encoded once, each byte but A-Z a-z 0-9 - . _ ~ and
 * /; nothing is normalised. What is signed is byte for byte what is sent.
 * Source: AWS, "Signature Version 4 signing process" (reference vectors in
 * tests/unit/test_sigv4.c). Thread-safe.
 *
 * Bodies are always at hand as a whole, so that their digest is signed with
 * the head: there is no chunk signing (STREAMING-AWS4-HMAC-SHA256-PAYLOAD).
 */
#pragma once

#include "base/err.h"
#include "base/slice.h"

enum {
	SIGV4_HEADERS_MAX = 48,
	SIGV4_QUERY_MAX = 32,
	SIGV4_TEXT_MAX = 2048,
	SIGV4_DATE_SIZE = 17
};

/* SHA-256 of nothing, and the word for a body that is not signed. */
#define SIGV4_EMPTY \
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"

struct sigv4_pair {
	const char *name, *value; /* raw, not encoded */
};

/*
 * The signing key that was used last: it holds for a day, and making it costs
 * more than the signature. Any thread; wiped when replaced and when freed.
 */
struct sigv4_keys;
struct sigv4_keys *sigv4_keys_new(void);
void sigv4_keys_free(struct sigv4_keys *keys); /* NULL is allowed */

struct sigv4_request {
	const char *method;
	const char *host;  /* as sent, with a port that is not the scheme's */
	struct slice path; /* raw: "/bucket/a b.jpg"; begins with / */
	const struct sigv4_pair *query; /* raw; value NULL: "name" alone */
	size_t nquery;
	/* To be signed besides host, x-amz-date, x-amz-content-sha256 and
	 * x-amz-security-token; names in lower case, each once. */
	const struct sigv4_pair *header;
	size_t nheader;
	const char *payload;          /* hex SHA-256, or UNSIGNED-PAYLOAD */
	const char *region, *service; /* "s3", "sts" */
	const char *access, *secret, *token; /* token NULL: none */
	int64_t at_s; /* wall clock, with the offset that was learned */
	struct sigv4_keys *keys; /* NULL: nothing is remembered */
};

/* What to send besides the request's own headers. */
struct sigv4_signed {
	char date[SIGV4_DATE_SIZE];         /* x-amz-date */
	char authorization[SIGV4_TEXT_MAX]; /* Authorization */
};

/* Fails with BAD_URL when something does not fit. */
bool sigv4_sign(const struct sigv4_request *r, struct sigv4_signed *out,
    struct err *e) must_check;
/*
 * A URL that may be asked for expires_s seconds (1 to 604800) without other
 * headers than host and those in r->header; the body is not signed. It ends
 * earlier when the credentials do. origin: "https://host:port".
 * Fails with BAD_VALUE (expires_s) and URL_TOO_LONG.
 */
bool sigv4_presign(const struct sigv4_request *r, const char *origin,
    int64_t expires_s, char *out, size_t size, struct err *e) must_check;
/*
 * Path and query as they are sent and signed. size: of out; fails with
 * URL_TOO_LONG.
 */
bool sigv4_target(const struct sigv4_request *r, char *out, size_t size,
    struct err *e) must_check;
