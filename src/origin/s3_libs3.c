/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Buckets of appliances that know only signature version 2, through libs3.
 *
 * libs3 (2.0, as distributions have it) sets limits that cannot be argued with,
 * and check() says each of them before the server starts: it verifies no
 * certificate, so https is refused; it follows redirects and the environment's
 * proxies; it knows no session tokens. A blank in a key becomes a plus on its
 * way, which would be another object: such keys are refused.
 *
 * It runs on a thread of origin's, with libs3's context of its own, so that
 * deadline and cancel are looked at twenty times a second.
 */
#include <inttypes.h>
#include <libs3.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/lock.h"
#include "conf/conf.h"
#include "net/ask.h"
#include "origin/store.h"

enum { TICK_MS = 50, FDS_MAX = 64, RETRY_MS = 50 };

struct libs3 {
	struct store_fetch *t;
	struct blob *body; /* our reference; NULL: not begun */
	bool begun;
	bool same;         /* the validator still holds */
	bool refused;      /* by us: err says why */
	bool finished;     /* complete() was called */
	S3Status status;   /* then */
	int64_t heard_ns;  /* when something came last */
	char message[120]; /* of the store, escaped */
	struct err err;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static S3Status initialized;
/* libs3 asks gmtime(), whose answer all threads share, when it signs. */
static struct lock signing = LOCK_INIT;

static void
initialize(void)
{
	initialized = S3_initialize("pictor", S3_INIT_ALL, NULL);
}

/* ---- Configuration ---- */

static const char *const proxies[] = { "http_proxy", "all_proxy", "ALL_PROXY" };

static bool
check_network(const struct conf_store *s, struct err *e)
{
	struct ask_url url;

	if (s->endpoint[0] == '\0')
		return err_set(e, ERR_CONFIG,
		    "[store.%s] endpoint: signature = v2 needs one; AWS itself "
		    "wants v4",
		    s->name);
	if (!ask_url_read(s->endpoint, &url, e))
		return false;
	if (url.https)
		return err_set(e, ERR_CONFIG,
		    "[store.%s] endpoint = %.80s: with signature = v2 no "
		    "certificate is verified (libs3 cannot), so https would "
		    "only look safe: http, in a network that you trust",
		    s->name, s->endpoint);
	if (url.has_path || strlen(url.origin) >= S3_MAX_HOSTNAME_SIZE)
		return err_set(e, ERR_CONFIG,
		    "[store.%s] endpoint = %.80s: with signature = v2 a URL "
		    "without a path",
		    s->name, s->endpoint);
	for (size_t i = 0; i < NELEM(proxies); i++) {
		/* Nothing writes it. NOLINTNEXTLINE(concurrency-mt-unsafe) */
		const char *proxy = getenv(proxies[i]);

		if (proxy != NULL && proxy[0] != '\0')
			return err_set(e, ERR_CONFIG,
			    "[store.%s] signature = v2: libs3 would go through "
			    "the proxy of the variable %s: take it out of the "
			    "environment",
			    s->name, proxies[i]);
	}
	return true;
}

static bool
libs3_check(const struct conf_store *s, struct err *e)
{
	const struct {
		bool wrong;
		const char *key;
	} unknown[] = {
		{ s->session_token[0] != '\0', "session_token" },
		{ s->role[0] != '\0', "role" },
		{ s->profile[0] != '\0', "profile" },
		{ s->customer_key[0] != '\0', "customer_key" },
		{ s->expected_owner[0] != '\0', "expected_owner" },
		{ s->requester_pays, "requester_pays" },
		{ s->ca_file[0] != '\0', "ca_file" },
		{ s->client_cert[0] != '\0', "client_cert" },
	};

	if (s->access_key[0] == '\0')
		return err_set(e, ERR_CONFIG,
		    "[store.%s] signature = v2 needs access_key and secret_key",
		    s->name);
	for (size_t i = 0; i < NELEM(unknown); i++)
		if (unknown[i].wrong)
			return err_set(e, ERR_CONFIG,
			    "[store.%s] %s: not with signature = v2", s->name,
			    unknown[i].key);
	if (strlen(s->bucket) > S3_MAX_BUCKET_NAME_SIZE)
		return err_set(
		    e, ERR_CONFIG, "[store.%s] bucket: too long", s->name);
	return check_network(s, e);
}

static bool
libs3_open(struct store *s, struct err *e)
{
	(void)pthread_once(&once, initialize);
	return initialized == S3StatusOK ||
	    err_set(e, ERR_CONFIG, "[store.%s] libs3: %s", s->conf->name,
		S3_get_status_name(initialized));
}

/* ---- Keys ---- */

/* Prefix and key as libs3 can send them; out: S3_MAX_KEY_SIZE + 1 bytes. */
static bool
full_key(const struct store_fetch *t, char *out, struct err *e)
{
	const int n = snprintf(
	    out, S3_MAX_KEY_SIZE + 1, "%s%s", t->store->conf->prefix, t->key);
	struct slice rest = slice_of(out);

	if (t->key[0] == '\0')
		return err_set(e, ERR_NO_SOURCE, "the key is empty");
	if (n > S3_MAX_KEY_SIZE)
		return err_set(e, ERR_NO_SOURCE,
		    "the key is longer than %d bytes", S3_MAX_KEY_SIZE);
	if (strchr(out, ' ') != NULL)
		return err_set(e, ERR_NOT_SUPPORTED,
		    "libs3 cannot ask for a key with a blank");
	while (rest.at != NULL) {
		const struct slice part = slice_cut(&rest, '/');

		/* Its HTTP library takes them out of what was signed. */
		if (slice_is(part, ".") || slice_is(part, ".."))
			return err_set(e, ERR_NOT_SUPPORTED,
			    "libs3 cannot ask for a key with . or .. as a "
			    "part");
	}
	return true;
}

/* ---- What libs3 calls ---- */

static S3Status
refuse(struct libs3 *l)
{
	l->refused = true;
	return S3StatusAbortedByCallback;
}

/* Printable ASCII that has room, or nothing. */
static void
keep(char *out, size_t size, const char *text)
{
	const size_t n = text != NULL ? strlen(text) : 0;

	out[0] = '\0';
	for (size_t i = 0; i < n; i++)
		if (text[i] < ' ' || text[i] > '~')
			return;
	if (n > 0 && n < size)
		memcpy(out, text, n + 1);
}

static S3Status
on_head(const S3ResponseProperties *p, void *user)
{
	struct libs3 *l = user;
	struct store_fetch *t = l->t;
	struct origin_facts *f = &t->facts;
	struct blob *body;

	l->heard_ns = clock_ns();
	/*
	 * libs3 has no name for 304, so the original is asked for without a
	 * condition, and broken off when it is what is known already.
	 */
	if (t->validator != NULL && p->eTag != NULL &&
	    strcmp(t->validator, p->eTag) == 0) {
		l->same = true;
		return S3StatusAbortedByCallback;
	}
	if (!store_takes(t, p->contentLength, &l->err))
		return refuse(l);
	keep(f->validator, sizeof(f->validator), p->eTag);
	keep(f->media_type, sizeof(f->media_type), p->contentType);
	keep(f->request_id, sizeof(f->request_id), p->requestId);
	f->modified_s = p->lastModified >= 0 ? p->lastModified : -1;
	/* 0 may also mean that it was not said. */
	f->size = p->contentLength > 0 ? (int64_t)p->contentLength : -1;
	body = blob_new(t->max_bytes, (size_t)p->contentLength);
	if (body == NULL) {
		(void)err_set(&l->err, ERR_BUSY, "no memory");
		return refuse(l);
	}
	l->body = body;
	l->begun = true;
	store_begin(t, body);
	return S3StatusOK;
}

static S3Status
on_body(int size, const char *data, void *user)
{
	struct libs3 *l = user;

	l->heard_ns = clock_ns();
	if (l->body == NULL || size < 0 ||
	    !blob_append(l->body, data, (size_t)size, &l->err))
		return refuse(l);
	return S3StatusOK;
}

static void
on_end(S3Status status, const S3ErrorDetails *details, void *user)
{
	struct libs3 *l = user;

	l->finished = true;
	l->status = status;
	l->message[0] = '\0';
	if (details != NULL && details->message != NULL)
		(void)codec_json_escape(
		    slice_of(details->message), l->message, sizeof(l->message));
}

/* ---- Ends ---- */

/* What it means; all others are failures of the store. */
static const struct {
	S3Status status;
	enum err_code code;
	const char *text; /* NULL: libs3's own name says it */
} ends[] = {
	{ S3StatusErrorNoSuchKey, ERR_NO_SOURCE, NULL },
	{ S3StatusHttpErrorNotFound, ERR_NO_SOURCE, NULL },
	{ S3StatusErrorNoSuchBucket, ERR_ORIGIN_DENIED, NULL },
	{ S3StatusErrorAccessDenied, ERR_ORIGIN_DENIED, NULL },
	{ S3StatusHttpErrorForbidden, ERR_ORIGIN_DENIED, NULL },
	{ S3StatusErrorInvalidAccessKeyId, ERR_ORIGIN_DENIED, NULL },
	{ S3StatusErrorSignatureDoesNotMatch, ERR_ORIGIN_DENIED,
	    "the secret is wrong, or the store knows no version 2" },
	{ S3StatusErrorRequestTimeTooSkewed, ERR_ORIGIN_DENIED,
	    "this machine's clock is wrong" },
	{ S3StatusErrorAccountProblem, ERR_ORIGIN_DENIED, NULL },
	{ S3StatusErrorPermanentRedirect, ERR_ORIGIN_DENIED,
	    "the bucket is elsewhere" },
	{ S3StatusErrorMethodNotAllowed, ERR_ORIGIN_DENIED, NULL },
	{ S3StatusErrorInvalidBucketName, ERR_ORIGIN_DENIED, NULL },
	{ S3StatusErrorNotSignedUp, ERR_ORIGIN_DENIED, NULL },
	{ S3StatusOutOfMemory, ERR_BUSY, NULL },
};

static const S3Status transient[] = { S3StatusNameLookupError,
	S3StatusFailedToConnect, S3StatusConnectionFailed,
	S3StatusErrorInternalError, S3StatusErrorSlowDown,
	S3StatusErrorRequestTimeout, S3StatusHttpErrorUnknown,
	S3StatusErrorOperationAborted, S3StatusInternalError };

static void
judge(struct libs3 *l)
{
	const char *name = S3_get_status_name(l->status);
	enum err_code code = ERR_ORIGIN_FAILED;
	const char *text = NULL;

	for (size_t i = 0; i < NELEM(ends); i++)
		if (ends[i].status == l->status) {
			code = ends[i].code;
			text = ends[i].text;
		}
	(void)err_set(&l->err, code, "libs3: %s%s%s%s%s", name,
	    text != NULL ? ": " : "", text != NULL ? text : "",
	    l->message[0] != '\0' ? ": " : "", l->message);
}

static bool
may_try_again(const struct libs3 *l)
{
	for (size_t i = 0; i < NELEM(transient); i++)
		if (!l->begun && !l->refused && !l->same &&
		    transient[i] == l->status)
			return true;
	return false;
}

/* ---- The transfer ---- */

/* Until something can be read or written, or a moment has passed. */
static void
wait_a_moment(S3RequestContext *context)
{
	struct pollfd fds[FDS_MAX];
	fd_set in, out, odd;
	nfds_t n = 0;
	int most = -1;

	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&odd);
	if (S3_get_request_context_fdsets(context, &in, &out, &odd, &most) !=
	    S3StatusOK)
		most = -1;
	/* curl leaves descriptors out that an fd_set cannot hold. */
	for (int fd = 0; fd <= most && fd < FD_SETSIZE && n < FDS_MAX; fd++) {
		const short events = (short)((FD_ISSET(fd, &in) ? POLLIN : 0) |
		    (FD_ISSET(fd, &out) ? POLLOUT : 0));

		if (events != 0)
			fds[n++] =
			    (struct pollfd){ .fd = fd, .events = events };
	}
	(void)poll(fds, n, n > 0 ? TICK_MS : 5);
}

static bool
goes_on(struct libs3 *l)
{
	const struct conf_store *s = l->t->store->conf;
	const int64_t most_ns =
	    s->silent_time + (l->begun ? 0 : s->connect_time);

	if (!store_goes_on(l->t, &l->err))
		return false;
	return clock_ns() - l->heard_ns < most_ns ||
	    err_set(&l->err, ERR_ORIGIN_TIMEOUT,
		"the store was silent for %" PRId64 " ms", most_ns / NS_PER_MS);
}

static void
run(struct libs3 *l, const char *key, const char *host)
{
	static const S3GetObjectHandler handler = { { on_head, on_end },
		on_body };
	const struct conf_store *s = l->t->store->conf;
	const S3BucketContext bucket = { .hostName = host,
		.bucketName = s->bucket,
		.protocol = S3ProtocolHTTP,
		.uriStyle = s->addressing == ADDRESSING_VIRTUAL
		    ? S3UriStyleVirtualHost
		    : S3UriStylePath,
		.accessKeyId = s->access_key,
		.secretAccessKey = s->secret_key };
	S3RequestContext *context = NULL;
	int left = 1;

	l->finished = l->refused = false;
	l->heard_ns = clock_ns();
	l->status = S3_create_request_context(&context);
	if (l->status != S3StatusOK)
		return;
	lock_take(&signing);
	S3_get_object(&bucket, key, NULL, 0, 0, context, &handler, l);
	lock_drop(&signing);
	while (!l->finished && left > 0) {
		if (!goes_on(l)) {
			l->refused = true;
			break;
		}
		if (S3_runonce_request_context(context, &left) != S3StatusOK)
			break;
		if (left > 0)
			wait_a_moment(context);
	}
	/* What still runs is broken off: on_end() is called in it. */
	S3_destroy_request_context(context);
	if (!l->finished)
		l->status = S3StatusInternalError;
}

static bool
wait_again(const struct store_fetch *t, int64_t attempt, struct err *e)
{
	const int64_t until = clock_ns() + (RETRY_MS << attempt) * NS_PER_MS;

	while (clock_ns() < until) {
		if (!store_goes_on(t, e))
			return false;
		clock_sleep_ns(10 * NS_PER_MS);
	}
	return true;
}

static bool
fetch(struct libs3 *l)
{
	const struct conf_store *s = l->t->store->conf;
	char key[S3_MAX_KEY_SIZE + 1];
	struct ask_url url;

	if (l->t->version != NULL && l->t->version[0] != '\0')
		return err_set(&l->err, ERR_NOT_SUPPORTED,
		    "libs3 cannot ask for a version");
	if (!full_key(l->t, key, &l->err) ||
	    !ask_url_read(s->endpoint, &url, &l->err))
		return false;
	run(l, key, url.origin);
	for (int64_t i = 0; i < s->retries && may_try_again(l); i++) {
		if (!wait_again(l->t, i, &l->err))
			return false;
		run(l, key, url.origin);
	}
	if (l->same) {
		keep(l->t->facts.validator, sizeof(l->t->facts.validator),
		    l->t->validator);
		store_begin(l->t, NULL);
		return true;
	}
	if (l->refused)
		return false;
	if (l->status == S3StatusOK && l->begun)
		return true;
	judge(l);
	return false;
}

static void
libs3_fetch(struct store_fetch *t)
{
	struct libs3 l = { .t = t };
	const bool ok = fetch(&l);
	struct blob *body = l.body;

	/* t is gone then; the body's last reference may be ours. */
	store_end(t, ok ? NULL : &l.err);
	blob_drop(body);
}

const struct store_kind store_s3_libs3 = {
	.name = "s3",
	.blocks = true,
	.remembers = true,
	.check = libs3_check,
	.open = libs3_open,
	.fetch = libs3_fetch,
};
