/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical request is never put together as a whole: its lines go into
 * the digest one by one, so that only the query, which has to be sorted, takes
 * memory.
 */
#include "net/sigv4.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <time.h>

#include "base/codec.h"
#include "base/digest.h"
#include "base/lock.h"
#include "base/secret.h"
#include "net/out.h"

/* The last second that an HTTP-like date of four digits can say. */
static const int64_t sigv4_last_s = INT64_C(253402300799);
static const int64_t sigv4_longest_s = 7 * INT64_C(86400);

enum { SIGV4_DAY = 8, SIGV4_HEX = 2 * DIGEST_SIZE + 1, SIGV4_SCOPE_MAX = 160 };

struct sigv4_key {
	uint8_t byte[DIGEST_SIZE];
};

struct sigv4_keys {
	struct lock lock;
	/* What the key was made of, and the key. */
	struct digest of under(lock);
	struct sigv4_key key under(lock);
	bool is_set under(lock);
};

/* The query as it is signed: encoded, sorted by name, then by value. */
struct sigv4_query {
	struct {
		const char *name, *value;
		bool is_alone; /* on the wire without "=" */
	} pair[SIGV4_QUERY_MAX + 8];
	size_t n;
	char *text; /* what they point into */
};

/* What all lines of one signature share. */
struct sigv4_run {
	const struct sigv4_request *r;
	struct sigv4_query query;
	/* All that are signed, sorted. */
	struct sigv4_pair header[SIGV4_HEADERS_MAX + 4];
	size_t nheader;
	char names[SIGV4_TEXT_MAX / 2]; /* "host;range;x-amz-date" */
	char date[SIGV4_DATE_SIZE];
	char scope[SIGV4_SCOPE_MAX];
	char signature[SIGV4_HEX];
};

struct sigv4_keys *
sigv4_keys_new(void)
{
	struct sigv4_keys *keys = xcalloc(1, sizeof(*keys));

	lock_init(&keys->lock);
	return keys;
}

void
sigv4_keys_free(struct sigv4_keys *keys)
{
	if (keys == NULL)
		return;
	lock_fini(&keys->lock);
	secret_wipe(keys, sizeof(*keys));
	free(keys);
}

static bool
sigv4_hmac(const void *key, size_t size, struct slice text,
    struct sigv4_key *out, struct err *e)
{
	unsigned n = 0;

	if (HMAC(EVP_sha256(), key, (int)size, (const unsigned char *)text.at,
		text.len, out->byte, &n) == NULL ||
	    n != sizeof(out->byte))
		return err_set(e, ERR_INTERNAL, "HMAC-SHA256");
	return true;
}

/* The four steps from the secret to the key of a day, region and service. */
static bool
sigv4_derive(const struct sigv4_request *r, struct slice day,
    struct sigv4_key *out, struct err *e)
{
	const struct slice part[] = { slice_of(r->region), slice_of(r->service),
		SLICE("aws4_request") };
	size_t size = 4 + strlen(r->secret);
	char *first = xcalloc(1, size + 1);
	bool good;

	snprintf(first, size + 1, "AWS4%s", r->secret);
	good = sigv4_hmac(first, size, day, out, e);
	for (size_t i = 0; good && i < NELEM(part); i++) {
		struct sigv4_key key = *out;

		good = sigv4_hmac(key.byte, sizeof(key.byte), part[i], out, e);
		secret_wipe(&key, sizeof(key));
	}
	secret_wipe(first, size);
	free(first);
	return good;
}

static struct digest
sigv4_key_id(const struct sigv4_request *r, struct slice day)
{
	struct digest_run *run = digest_new();

	/* With their zero bytes, so that no two lists are one text. */
	digest_add(run, r->access, strlen(r->access) + 1);
	digest_add(run, r->secret, strlen(r->secret) + 1);
	digest_add(run, r->region, strlen(r->region) + 1);
	digest_add(run, r->service, strlen(r->service) + 1);
	digest_add(run, day.at, day.len);
	return digest_end(run);
}

static bool
sigv4_key(const struct sigv4_request *r, struct slice day,
    struct sigv4_key *out, struct err *e)
{
	struct sigv4_keys *keys = r->keys;
	struct digest id;
	bool known;

	if (keys == NULL)
		return sigv4_derive(r, day, out, e);
	id = sigv4_key_id(r, day);
	lock_take(&keys->lock);
	known = keys->is_set && digest_eq(&id, &keys->of);
	if (known)
		*out = keys->key;
	lock_drop(&keys->lock);
	if (known)
		return true;
	if (!sigv4_derive(r, day, out, e))
		return false;
	lock_take(&keys->lock);
	keys->of = id;
	keys->key = *out;
	keys->is_set = true;
	lock_drop(&keys->lock);
	return true;
}

/* "-" and "." sort before "=": whole "name=value" would be another order. */
static bool
sigv4_query_before(const struct sigv4_query *q, size_t a, size_t b)
{
	int order = strcmp(q->pair[a].name, q->pair[b].name);

	if (order == 0)
		order = strcmp(q->pair[a].value, q->pair[b].value);
	return order < 0;
}

/* Room for all of them encoded, with their zero bytes. */
static size_t
sigv4_query_size(const struct sigv4_pair *pair, size_t n)
{
	size_t size = 1;

	for (size_t i = 0; i < n; i++)
		size += 3 *
			(slice_of(pair[i].name).len +
			    slice_of(pair[i].value).len) +
		    2;
	return size;
}

static const char *
sigv4_query_word(struct text *o, const char *raw)
{
	char *at = o->at + o->len;

	out_percent(o, slice_of(raw), NULL);
	/* The zero byte stays. */
	o->len++;
	return at;
}

/* pair: at most as many as there is room for. q->text is freed by the caller. */
static void
sigv4_query_sort(struct sigv4_query *q, const struct sigv4_pair *pair, size_t n)
{
	size_t size = sigv4_query_size(pair, n);
	struct text o;

	assert(n <= NELEM(q->pair));
	q->text = xcalloc(1, size);
	o = (struct text){ .at = q->text, .size = size };
	for (size_t i = 0; i < n; i++) {
		q->pair[i].name = sigv4_query_word(&o, pair[i].name);
		q->pair[i].value = sigv4_query_word(&o, pair[i].value);
		q->pair[i].is_alone = pair[i].value == NULL;
		for (size_t k = i; k > 0 && sigv4_query_before(q, k, k - 1);
		     k--) {
			__typeof__(q->pair[0]) other = q->pair[k];

			q->pair[k] = q->pair[k - 1];
			q->pair[k - 1] = other;
		}
	}
	assert(!o.full);
	q->n = n;
}

/* is_sent: as on the wire, else as it is signed. */
static void
sigv4_query_print(const struct sigv4_query *q, bool is_sent, struct text *o)
{
	for (size_t i = 0; i < q->n; i++) {
		out_word(o, i > 0 ? "&" : "");
		out_word(o, q->pair[i].name);
		if (is_sent && q->pair[i].is_alone)
			continue;
		out_word(o, "=");
		out_word(o, q->pair[i].value);
	}
}

/* Keeps the list sorted by name: "name:value" would be another order. */
static void
sigv4_header_add(struct sigv4_run *run, const char *name, const char *value)
{
	size_t at = run->nheader;

	assert(at < NELEM(run->header));
	while (at > 0 && strcmp(name, run->header[at - 1].name) <= 0) {
		assert(strcmp(name, run->header[at - 1].name) != 0);
		run->header[at] = run->header[at - 1];
		at--;
	}
	run->header[at] = (struct sigv4_pair){ name, value };
	run->nheader++;
}

static bool
sigv4_times(struct sigv4_run *run, struct err *e)
{
	const struct sigv4_request *r = run->r;
	struct text scope = { .at = run->scope, .size = sizeof(run->scope) };
	time_t at = (time_t)r->at_s;
	struct tm tm;

	if (r->at_s < 0 || r->at_s > sigv4_last_s ||
	    gmtime_r(&at, &tm) == NULL ||
	    strftime(run->date, sizeof(run->date), "%Y%m%dT%H%M%SZ", &tm) !=
		sizeof(run->date) - 1)
		return err_set(e, ERR_INTERNAL, "the clock says an odd time");
	text_printf(&scope, "%.*s/%s/%s/aws4_request", SIGV4_DAY, run->date,
	    r->region, r->service);
	if (scope.full)
		return err_set(e, ERR_BAD_URL, "region or service is too long");
	return true;
}

/* After all headers were added. */
static bool
sigv4_names(struct sigv4_run *run, struct err *e)
{
	struct text o = { .at = run->names, .size = sizeof(run->names) };

	for (size_t i = 0; i < run->nheader; i++)
		text_printf(&o, "%s%s", i > 0 ? ";" : "", run->header[i].name);
	if (o.full)
		return err_set(e, ERR_BAD_URL, "the headers do not fit");
	return true;
}

static void
sigv4_feed(struct digest_run *to, const char *text)
{
	digest_add(to, text, strlen(text));
}

/* A value without blanks at its ends, and one instead of several inside. */
static void
sigv4_feed_value(struct digest_run *to, const char *value)
{
	struct slice rest = slice_trim(slice_of(value));

	while (rest.len > 0) {
		size_t n = 0;
		size_t blanks = 0;

		while (n < rest.len && rest.at[n] != ' ' && rest.at[n] != '\t')
			n++;
		digest_add(to, rest.at, n);
		while (n + blanks < rest.len &&
		    (rest.at[n + blanks] == ' ' || rest.at[n + blanks] == '\t'))
			blanks++;
		if (blanks > 0)
			digest_add(to, " ", 1);
		rest = slice_skip(rest, n + blanks);
	}
}

/* Percent-encoded in pieces of a small buffer. */
static void
sigv4_feed_path(struct digest_run *to, struct slice path)
{
	char code[3 * 64];

	while (path.len > 0) {
		size_t n = path.len < 64 ? path.len : 64;

		digest_add(to, code,
		    codec_percent_encode(
			(struct slice){ path.at, n }, "/", code));
		path = slice_skip(path, n);
	}
}

static void
sigv4_feed_query(struct digest_run *to, const struct sigv4_query *q)
{
	for (size_t i = 0; i < q->n; i++) {
		sigv4_feed(to, i > 0 ? "&" : "");
		sigv4_feed(to, q->pair[i].name);
		sigv4_feed(to, "=");
		sigv4_feed(to, q->pair[i].value);
	}
}

static void
sigv4_canonical(
    const struct sigv4_run *run, const char *payload, char out[SIGV4_HEX])
{
	struct digest_run *to = digest_new();
	struct digest digest;

	sigv4_feed(to, run->r->method);
	sigv4_feed(to, "\n");
	sigv4_feed_path(to, run->r->path);
	sigv4_feed(to, "\n");
	sigv4_feed_query(to, &run->query);
	sigv4_feed(to, "\n");
	for (size_t i = 0; i < run->nheader; i++) {
		sigv4_feed(to, run->header[i].name);
		sigv4_feed(to, ":");
		sigv4_feed_value(to, run->header[i].value);
		sigv4_feed(to, "\n");
	}
	sigv4_feed(to, "\n");
	sigv4_feed(to, run->names);
	sigv4_feed(to, "\n");
	sigv4_feed(to, payload);
	digest = digest_end(to);
	codec_hex(digest.byte, sizeof(digest.byte), out);
}

/* All but the signature itself was set. */
static bool
sigv4_finish(struct sigv4_run *run, const char *payload, struct err *e)
{
	char text[SIGV4_SCOPE_MAX + SIGV4_HEX + 64];
	struct slice day = { run->date, SIGV4_DAY };
	char canonical[SIGV4_HEX];
	struct sigv4_key signature;
	struct sigv4_key key;
	bool good;

	sigv4_canonical(run, payload, canonical);
	snprintf(text, sizeof(text), "AWS4-HMAC-SHA256\n%s\n%s\n%s", run->date,
	    run->scope, canonical);
	if (!sigv4_key(run->r, day, &key, e))
		return false;
	good = sigv4_hmac(
	    key.byte, sizeof(key.byte), slice_of(text), &signature, e);
	secret_wipe(&key, sizeof(key));
	if (good)
		codec_hex(
		    signature.byte, sizeof(signature.byte), run->signature);
	return good;
}

static bool
sigv4_sign_run(struct sigv4_run *run, struct sigv4_signed *out, struct err *e)
{
	const struct sigv4_request *r = run->r;
	struct text text = { .at = out->authorization,
		.size = sizeof(out->authorization) };

	sigv4_header_add(run, "host", r->host);
	sigv4_header_add(run, "x-amz-content-sha256", r->payload);
	sigv4_header_add(run, "x-amz-date", run->date);
	if (r->token != NULL)
		sigv4_header_add(run, "x-amz-security-token", r->token);
	for (size_t i = 0; i < r->nheader; i++)
		sigv4_header_add(run, r->header[i].name, r->header[i].value);
	if (!sigv4_names(run, e) || !sigv4_finish(run, r->payload, e))
		return false;
	text_printf(&text,
	    "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, "
	    "Signature=%s",
	    r->access, run->scope, run->names, run->signature);
	if (text.full)
		return err_set(e, ERR_BAD_URL, "the signature does not fit");
	memcpy(out->date, run->date, sizeof(out->date));
	return true;
}

bool
sigv4_sign(
    const struct sigv4_request *r, struct sigv4_signed *out, struct err *e)
{
	struct sigv4_run run = { .r = r };
	bool good;

	if (r->nquery > SIGV4_QUERY_MAX || r->nheader > SIGV4_HEADERS_MAX)
		return err_set(e, ERR_BAD_URL, "too many parts to sign");
	if (!sigv4_times(&run, e))
		return false;
	sigv4_query_sort(&run.query, r->query, r->nquery);
	good = sigv4_sign_run(&run, out, e);
	free(run.query.text);
	return good;
}

static bool
sigv4_presign_run(
    struct sigv4_run *run, const char *origin, struct text *o, struct err *e)
{
	if (!sigv4_finish(run, SIGV4_UNSIGNED, e))
		return false;
	out_word(o, origin);
	out_percent(o, run->r->path, "/");
	out_word(o, "?");
	sigv4_query_print(&run->query, true, o);
	text_printf(o, "&X-Amz-Signature=%s", run->signature);
	if (o->full)
		return err_set(
		    e, ERR_URL_TOO_LONG, "%zu bytes are too few", o->size);
	return true;
}

/* The request's own query and what a signature says of itself. */
static size_t
sigv4_presign_query(const struct sigv4_run *run, const char *credential,
    const char *expires, struct sigv4_pair *out)
{
	const struct sigv4_request *r = run->r;
	size_t n = 0;

	for (; n < r->nquery; n++)
		out[n] = r->query[n];
	out[n++] = (struct sigv4_pair){ "X-Amz-Algorithm", "AWS4-HMAC-SHA256" };
	out[n++] = (struct sigv4_pair){ "X-Amz-Credential", credential };
	out[n++] = (struct sigv4_pair){ "X-Amz-Date", run->date };
	out[n++] = (struct sigv4_pair){ "X-Amz-Expires", expires };
	out[n++] = (struct sigv4_pair){ "X-Amz-SignedHeaders", run->names };
	if (r->token != NULL)
		out[n++] =
		    (struct sigv4_pair){ "X-Amz-Security-Token", r->token };
	return n;
}

bool
sigv4_presign(const struct sigv4_request *r, const char *origin,
    int64_t expires_s, char *out, size_t size, struct err *e)
{
	struct sigv4_run run = { .r = r };
	struct sigv4_pair pair[SIGV4_QUERY_MAX + 8];
	struct text o = { .at = out, .size = size };
	char credential[SIGV4_TEXT_MAX / 2];
	char expires[16];
	int n;
	bool good;

	if (expires_s < 1 || expires_s > sigv4_longest_s)
		return err_set(
		    e, ERR_BAD_VALUE, "a signed URL holds 1 to 604800 seconds");
	if (r->nquery > SIGV4_QUERY_MAX || r->nheader > SIGV4_HEADERS_MAX)
		return err_set(e, ERR_BAD_URL, "too many parts to sign");
	sigv4_header_add(&run, "host", r->host);
	for (size_t i = 0; i < r->nheader; i++)
		sigv4_header_add(&run, r->header[i].name, r->header[i].value);
	if (!sigv4_times(&run, e) || !sigv4_names(&run, e))
		return false;
	n = snprintf(
	    credential, sizeof(credential), "%s/%s", r->access, run.scope);
	if (n < 0 || (size_t)n >= sizeof(credential))
		return err_set(e, ERR_BAD_URL, "the access key is too long");
	snprintf(expires, sizeof(expires), "%d", (int)expires_s);
	sigv4_query_sort(&run.query, pair,
	    sigv4_presign_query(&run, credential, expires, pair));
	good = sigv4_presign_run(&run, origin, &o, e);
	free(run.query.text);
	return good;
}

bool
sigv4_target(
    const struct sigv4_request *r, char *out, size_t size, struct err *e)
{
	struct sigv4_query query;
	struct text o = { .at = out, .size = size };

	if (r->nquery > SIGV4_QUERY_MAX)
		return err_set(e, ERR_BAD_URL, "too many parts to sign");
	out_percent(&o, r->path, "/");
	sigv4_query_sort(&query, r->query, r->nquery);
	if (query.n > 0)
		out_word(&o, "?");
	sigv4_query_print(&query, true, &o);
	free(query.text);
	if (o.full)
		return err_set(
		    e, ERR_URL_TOO_LONG, "%zu bytes are too few", size);
	return true;
}
