/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call goes around:
 *
 *   s3_start -> credentials -> s3_ready -> s3_send -> fetch -> s3_head, s3_end
 *                   ^                         ^                      |
 *                   +-- younger credentials --+-- again, region, ----+
 *                                                 clock, rest of a body
 *
 * until s3_end finds it done, final, or late. Whatever goes wrong before there
 * is a transfer is brought to the fetcher's thread by one that is cancelled
 * from the start, so that end() always comes there: who frees a client, and the
 * credentials with it, never does so on the credentials' own thread.
 */
#include "net/s3.h"

#include <sys/random.h>

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/num.h"
#include "base/secret.h"
#include "metric/metric.h"
#include "net/checksum.h"
#include "net/s3_run.h"

/* As AWS's own clients have it: so many tokens, a retry takes some of them, and
 * twice as many where the store was silent. */
enum {
	S3_TOKENS = 500,
	S3_TOKENS_AGAIN = 5,
	S3_TOKENS_SILENT = 10,
	S3_CUSTOMER_KEY = 32
};

/* The wait before a retry: by chance, at most base, then twice that, ... */
static const int64_t s3_base_ns = 50 * NS_PER_MS;
static const int64_t s3_wait_most_ns = 20 * NS_PER_S;
/* What a store may ask for besides. */
static const int64_t s3_asked_most_ms = 5000;
/* Lists of 1,000 keys, each as long as keys can be and encoded. */
static const size_t s3_page_max = 8 * MIB;

static const _Atomic uint32_t s3_cancelled = 1;

static void s3_go(struct s3_run *run);

/* --- the client --- */

static bool
s3_customer_key(struct s3 *s3, const char *text, struct err *e)
{
	struct slice said = slice_of(text);
	uint8_t key[3 * (64 / 4) + 3];
	size_t size = 0;
	bool good;

	if (said.len == 0)
		return true;
	if (s3->place.is_http)
		return err_set(e, ERR_CONFIG,
		    "customer_key needs an endpoint with https://");
	good = said.len <= 64 && codec_base64(said, false, key, &size, e) &&
	    size == S3_CUSTOMER_KEY &&
	    checksum_md5(key, size, s3->customer_md5);
	secret_wipe(key, sizeof(key));
	if (!good)
		return err_set(
		    e, ERR_CONFIG, "customer_key is not base64 of 32 bytes");
	s3->customer_key = xstrdup(text);
	return true;
}

static char *
s3_where(const struct s3 *s3)
{
	char where[S3_HOST_SIZE + 300] = "";
	struct text t = { .at = where, .size = sizeof(where) };

	out_word(&t, s3->place.is_http ? "http://" : "https://");
	s3_place_host(
	    &s3->place, s3->region[0] != '\0' ? s3->region : "us-east-1", &t);
	if (!s3->place.is_virtual)
		text_printf(&t, "/%s", s3->place.bucket);
	return xstrdup(where);
}

bool
s3_new(const struct s3_spec *spec, struct s3 **out, struct err *e)
{
	struct s3 *s3 = xcalloc(1, sizeof(*s3));
	const char *region = spec->region;

	s3->keys = sigv4_keys_new();
	lock_init(&s3->lock);
	s3->fetcher = spec->fetcher;
	s3->way = fetch_way_ref(spec->way);
	s3->credentials = spec->credentials;
	s3->requester_pays = spec->requester_pays;
	s3->checksum = spec->checksum;
	s3->retries = spec->retries;
	s3->tokens = S3_TOKENS;
	s3->owner = xstrdup(spec->owner != NULL ? spec->owner : "");
	if (!s3_place_read(spec->endpoint, spec->bucket, spec->addressing,
		&s3->place, e) ||
	    !s3_customer_key(s3, spec->customer_key, e)) {
		s3_free(s3);
		return false;
	}
	if (region == NULL || region[0] == '\0' || s3->place.kind != S3_BUCKET)
		region = s3->place.region;
	s3->region = xstrdup(region);
	if (region[0] != '\0' && !s3_region_is_good(slice_of(region))) {
		err_set(e, ERR_CONFIG,
		    "region = %.80s: letters, digits and -, at most 32",
		    region);
		s3_free(s3);
		return false;
	}
	s3->where = s3_where(s3);
	*out = s3;
	return true;
}

void
s3_free(struct s3 *s3)
{
	if (s3 == NULL)
		return;
	if (s3->customer_key != NULL)
		secret_wipe(s3->customer_key, strlen(s3->customer_key));
	free(s3->customer_key);
	sigv4_keys_free(s3->keys);
	fetch_way_drop(s3->way);
	lock_fini(&s3->lock);
	free(s3->region);
	free(s3->owner);
	free(s3->where);
	free(s3);
}

int64_t
s3_clock_ahead_s(const struct s3 *s3)
{
	return atomic_load_explicit(&s3->ahead_s, memory_order_relaxed);
}

void
s3_learned_region(struct s3 *s3, char *out, size_t size)
{
	lock_take(&s3->lock);
	slice_copy(slice_of(s3->learned), out, size);
	lock_drop(&s3->lock);
}

/* What is learned wins, then what is said, then what AWS's files say. */
static void
s3_region(struct s3 *s3, char out[S3_REGION_SIZE])
{
	const char *found = "";

	lock_take(&s3->lock);
	slice_copy(slice_of(s3->learned), out, S3_REGION_SIZE);
	lock_drop(&s3->lock);
	if (out[0] != '\0')
		return;
	if (s3->region[0] == '\0' && s3->credentials != NULL)
		found = credential_region(s3->credentials);
	if (s3->region[0] != '\0')
		found = s3->region;
	if (!s3_region_is_good(slice_of(found)))
		found = "us-east-1";
	slice_copy(slice_of(found), out, S3_REGION_SIZE);
}

/* --- a call's end --- */

static void
s3_run_free(struct s3_run *run)
{
	credential_drop(run->credential);
	secret_wipe(&run->sign, sizeof(run->sign));
	arena_free(run->arena);
	if (run->page != NULL) {
		blob_drop(run->page);
		blob_drop(run->page);
	}
	free(run);
}

/* Tokens that retries took come back, and one more for an easy success. */
static void
s3_tokens_back(struct s3_run *run)
{
	int more = run->cost > 0 ? run->cost : 1;
	int had = run->s3->tokens;
	int has;

	do
		has = had + more < S3_TOKENS ? had + more : S3_TOKENS;
	while (!atomic_compare_exchange_weak(&run->s3->tokens, &had, has));
}

static bool
s3_tokens_take(struct s3_run *run, int cost)
{
	int had = run->s3->tokens;

	do
		if (had < cost)
			return false;
	while (
	    !atomic_compare_exchange_weak(&run->s3->tokens, &had, had - cost));
	run->cost += cost;
	return true;
}

/* On the fetcher's thread; s3 and call may be gone after it. */
static void
s3_finish(struct s3_run *run, bool ok)
{
	struct s3_call *c = run->call;
	const struct fetch *f = &run->fetch;

	c->ok = ok;
	if (ok)
		s3_tokens_back(run);
	if (ok && run->page != NULL) {
		struct blob_view page = blob_look(run->page);

		c->xml = (struct slice){ (const char *)page.data, page.size };
	} else if (ok && f->ntext > 0) {
		c->xml = (struct slice){ f->text, f->ntext };
	}
	c->end(c);
	s3_run_free(run);
}

static void
s3_bounced(struct fetch *f)
{
	s3_finish(f->owner, false);
}

/* Ends on the fetcher's thread with call->err. */
static void
s3_bounce(struct s3_run *run)
{
	run->fetch = (struct fetch){
		.way = run->s3->way,
		.method = "HEAD",
		.url = "http://127.0.0.1/",
		.deadline_ns = CLOCK_NEVER,
		.cancel = &s3_cancelled,
		.end = s3_bounced,
		.owner = run,
	};
	fetch_start(run->s3->fetcher, &run->fetch);
}

/* --- retries --- */

static int64_t
s3_wait_ns(const struct s3_run *run)
{
	int64_t most = s3_base_ns;
	struct slice asked =
	    fetch_answer_header(&run->fetch, "x-amz-retry-after");
	uint32_t chance = 0;
	int64_t asked_ms = 0;

	for (unsigned i = 0; i < run->again && most < s3_wait_most_ns; i++)
		most *= 2;
	/* Without chance, the longest wait: nothing is worse for it. */
	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(chance))
		chance = UINT32_MAX;
	if (!num_int(asked, 0, s3_asked_most_ms, &asked_ms))
		asked_ms = 0;
	return asked_ms * NS_PER_MS +
	    (int64_t)((double)most * (double)chance / (double)UINT32_MAX);
}

static int64_t
s3_due_ns(const struct s3_call *c)
{
	return c->due_ns != NULL
	    ? atomic_load_explicit(c->due_ns, memory_order_relaxed)
	    : c->deadline_ns;
}

/* May it be asked once more, and from when on? */
static bool
s3_may_wait(struct s3_run *run, int64_t *start_ns)
{
	bool silent = run->fetch.ended == FETCH_NO_ANSWER ||
	    run->fetch.ended == FETCH_BROKEN;
	int64_t start = clock_ns() + s3_wait_ns(run);

	if (run->again >= run->s3->retries || start >= s3_due_ns(run->call) ||
	    !s3_tokens_take(run, silent ? S3_TOKENS_SILENT : S3_TOKENS_AGAIN))
		return false;
	run->again++;
	*start_ns = start;
	return true;
}

/* The rest of a body can be asked for only if it is of the same object. */
static bool
s3_can_resume(const struct s3_run *run)
{
	struct slice etag = slice_of(run->call->facts.etag);

	return etag.len > 2 && etag.at[0] == '"' &&
	    slice_ends(etag, SLICE("\""));
}

/* The last request did not do: goes on, or ends with call->err. */
static void
s3_again(struct s3_run *run, enum s3_cure cure)
{
	int64_t start_ns = 0;

	if (cure == S3_FINAL || (cure != S3_AGAIN && run->cured[cure]) ||
	    (run->begun && !s3_can_resume(run)) ||
	    (cure == S3_AGAIN && !s3_may_wait(run, &start_ns))) {
		s3_finish(run, false);
		return;
	}
	metric_add(METRIC_S3_AGAIN, 0, 0, 1);
	run->cured[cure] = true;
	if (cure == S3_KEYS)
		credential_refused(run->s3->credentials, run->credential);
	if (run->begun) {
		run->resumed = true;
		run->had = blob_look(run->call->into).size - run->base;
	}
	run->fetch.start_ns = start_ns;
	s3_go(run);
}

/* --- an answer --- */

static bool
s3_stop(struct s3_run *run)
{
	run->stopped = true;
	run->fetch.err = run->call->err;
	return false;
}

/*
 * Is a 206 what was asked for, from byte from on to the end of it? A store may
 * send less than it was asked for, and a body that is whole by its own length
 * would then pass for all of it.
 */
static bool
s3_is_span(struct s3_run *run, int64_t from)
{
	const struct s3_call *c = run->call;
	struct s3_span span;
	int64_t last = c->is_range ? c->last : -1;

	if (run->fetch.status != 206 ||
	    !s3_span_read(
		fetch_answer_header(&run->fetch, "content-range"), &span) ||
	    span.first != from)
		return false;
	/* In this order: the sum of the others may be more than there is. */
	run->whole = (int64_t)run->had + (span.last - span.first + 1);
	if (run->resumed && c->facts.size >= 0 && span.size != c->facts.size)
		return false;
	if (last < 0 || (span.size >= 0 && last >= span.size))
		return span.size >= 0 && span.last == span.size - 1;
	return span.last == last;
}

/* The rest of a body: of the same object, from where we are. */
static bool
s3_head_rest(struct s3_run *run)
{
	struct s3_call *c = run->call;
	struct fetch *f = &run->fetch;
	struct slice etag = fetch_answer_header(f, "etag");
	int64_t from = (c->is_range ? c->first : 0) + (int64_t)run->had;
	bool whole = f->status == 200 && run->had == 0 && !c->is_range;

	run->whole = f->length;
	if (!slice_is(etag, c->facts.etag)) {
		err_set(&c->err, ERR_ORIGIN_CHANGED,
		    "%s: it is another object after %zu bytes",
		    run->s3->place.bucket, run->had);
		return s3_stop(run);
	}
	if (!whole && !s3_is_span(run, from)) {
		err_set(&c->err, ERR_ORIGIN_FAILED,
		    "%s: asked for the rest after %zu bytes, got status %d "
		    "and another part",
		    run->s3->place.bucket, run->had, f->status);
		return s3_stop(run);
	}
	f->into = c->into;
	return true;
}

static bool
s3_head_body(struct s3_run *run)
{
	struct s3_call *c = run->call;
	struct fetch *f = &run->fetch;

	run->whole = f->length;
	if (c->is_range ? !s3_is_span(run, c->first) : f->status != 200) {
		err_set(&c->err, ERR_ORIGIN_FAILED,
		    "%s: asked for %s, got status %d and another part",
		    run->s3->place.bucket, c->is_range ? "a part" : "all",
		    f->status);
		return s3_stop(run);
	}
	s3_facts_read(run);
	if (c->is_range)
		run->checksum = -1;
	if (!c->head(c))
		return s3_stop(run);
	assert(c->into != NULL);
	run->begun = true;
	run->base = blob_look(c->into).size;
	f->into = c->into;
	return true;
}

static bool
s3_head(struct fetch *f)
{
	struct s3_run *run = f->owner;
	struct s3_call *c = run->call;

	c->status = f->status;
	s3_print(fetch_answer_header(f, "x-amz-request-id"),
	    c->facts.request_id, sizeof(c->facts.request_id));
	s3_print(fetch_answer_header(f, "x-amz-id-2"), c->facts.id_2,
	    sizeof(c->facts.id_2));
	if (f->status != 200 && f->status != 206)
		return true;
	if (c->verb == S3_GET)
		return run->resumed ? s3_head_rest(run) : s3_head_body(run);
	if (!s3_verb_row(c->verb)->is_long)
		return true;
	/* A page that broke off before is of no use. */
	if (run->page != NULL) {
		blob_drop(run->page);
		blob_drop(run->page);
	}
	run->page = blob_new(s3_page_max, 0);
	if (run->page == NULL) {
		err_set(&c->err, ERR_BUSY, "no memory for a list");
		return s3_stop(run);
	}
	/* One who reads it, lest the transfer stops. */
	f->into = blob_ref(run->page);
	return true;
}

/* "<Error>" may come with 200, from those that take long. */
static bool
s3_is_error(const struct s3_run *run)
{
	const struct s3_call *c = run->call;
	const struct fetch *f = &run->fetch;
	struct s3_fault fault;

	return (c->verb == S3_UPLOAD_DONE || c->verb == S3_COPY) &&
	    f->ntext > 0 &&
	    s3_fault_read((struct slice){ f->text, f->ntext }, &fault);
}

static void
s3_end(struct fetch *f)
{
	struct s3_run *run = f->owner;
	struct s3_call *c = run->call;
	bool done = f->ended == FETCH_DONE;

	c->status = f->status;
	if (done && f->status == 304 && c->if_none_match != NULL) {
		s3_facts_read(run);
		c->not_modified = true;
		s3_finish(run, true);
	} else if (done && f->status >= 200 && f->status < 300 &&
	    (run->begun || c->verb != S3_GET) && !s3_is_error(run)) {
		if (!run->begun)
			s3_facts_read(run);
		s3_finish(run, s3_answer_check(run, &c->err));
	} else {
		s3_again(run, s3_fault_judge(run));
	}
}

/* --- a request --- */

static void
s3_fetch_header(struct s3_run *run, const char *name, const char *value)
{
	struct fetch *f = &run->fetch;

	if (value == NULL || value[0] == '\0')
		return;
	assert(f->nheader < FETCH_HEADERS_MAX);
	f->header[f->nheader++] = (struct fetch_header){ name, value };
}

/* What differs from one request of a call to the next. */
static size_t
s3_conditions(struct s3_run *run, struct sigv4_pair *out)
{
	const struct s3_call *c = run->call;
	const char *match = run->resumed ? c->facts.etag : c->if_match;
	int64_t from = (c->is_range ? c->first : 0) + (int64_t)run->had;
	size_t n = 0;

	if (match != NULL)
		out[n++] = (struct sigv4_pair){ "if-match", match };
	if (c->if_none_match != NULL && !run->resumed)
		out[n++] =
		    (struct sigv4_pair){ "if-none-match", c->if_none_match };
	if (!c->is_range && run->had == 0)
		return n;
	if (c->is_range && c->last >= 0)
		snprintf(run->range, sizeof(run->range),
		    "bytes=%" PRId64 "-%" PRId64, from, c->last);
	else
		snprintf(
		    run->range, sizeof(run->range), "bytes=%" PRId64 "-", from);
	out[n++] = (struct sigv4_pair){ "range", run->range };
	return n;
}

static void
s3_sign_request(struct s3_run *run, struct sigv4_request *r, const char *host)
{
	const struct s3_request *mine = &run->request;
	const struct credential *c = run->credential;

	*r = (struct sigv4_request){
		.method = mine->method,
		.host = host,
		.path = slice_of(mine->path),
		.query = mine->query,
		.nquery = mine->nquery,
		.payload = mine->payload,
		.region = run->region,
		.service = s3_place_service(&run->s3->place),
		.at_s = clock_wall_ns() / NS_PER_S + run->s3->ahead_s,
		.keys = run->s3->keys,
	};
	if (c == NULL)
		return;
	r->access = c->access;
	r->secret = c->secret;
	r->token = c->token;
}

/* All headers: those of the call, the conditions, the signature. */
static bool
s3_fill(struct s3_run *run, struct sigv4_request *r, struct err *e)
{
	size_t n = run->request.nheader;

	memcpy(run->sent, run->request.header, n * sizeof(run->sent[0]));
	n += s3_conditions(run, run->sent + n);
	for (size_t i = 0; i < n; i++)
		s3_fetch_header(run, run->sent[i].name, run->sent[i].value);
	if (run->credential == NULL)
		return true;
	r->header = run->sent;
	r->nheader = n;
	if (!sigv4_sign(r, &run->sign, e))
		return false;
	s3_fetch_header(run, "x-amz-content-sha256", r->payload);
	s3_fetch_header(run, "x-amz-date", run->sign.date);
	s3_fetch_header(run, "x-amz-security-token", r->token);
	s3_fetch_header(run, "authorization", run->sign.authorization);
	return true;
}

static bool
s3_prepare(struct s3_run *run, struct err *e)
{
	char url[FETCH_URL_MAX] = "";
	struct text t = { .at = url, .size = sizeof(url) };
	struct sigv4_request r;
	int64_t start_ns = run->fetch.start_ns;
	size_t scheme;
	char *host;

	s3_region(run->s3, run->region);
	out_word(&t, run->s3->place.is_http ? "http://" : "https://");
	scheme = t.len;
	s3_place_host(&run->s3->place, run->region, &t);
	host = arena_copy(run->arena, slice_skip(slice_of(url), scheme));
	s3_sign_request(run, &r, host);
	if (!sigv4_target(&r, url + t.len, sizeof(url) - t.len, e))
		return false;
	run->fetch = (struct fetch){
		.way = run->s3->way,
		.method = run->request.method,
		.url = arena_copy(run->arena, slice_of(url)),
		.body = run->request.body,
		.deadline_ns = run->call->deadline_ns,
		.due_ns = run->call->due_ns,
		.start_ns = start_ns,
		.cancel = run->call->cancel,
		.head = s3_head,
		.end = s3_end,
		.owner = run,
	};
	return s3_fill(run, &r, e);
}

static void
s3_send(struct s3_run *run)
{
	if (!s3_prepare(run, &run->call->err)) {
		s3_bounce(run);
		return;
	}
	run->call->tries++;
	fetch_start(run->s3->fetcher, &run->fetch);
}

_Static_assert(offsetof(struct s3_run, wait) == 0, "see s3_ready()");

static void
s3_ready(
    struct credential_wait *wait, struct credential *c, const struct err *e)
{
	struct s3_run *run = (struct s3_run *)wait;

	if (c == NULL) {
		run->call->err = *e;
		s3_bounce(run);
		return;
	}
	credential_drop(run->credential);
	run->credential = c;
	s3_send(run);
}

/* With the credentials of now: they may have been exchanged meanwhile. */
static void
s3_go(struct s3_run *run)
{
	if (run->s3->credentials == NULL) {
		s3_send(run);
		return;
	}
	run->wait = (struct credential_wait){
		.ready = s3_ready,
		.deadline_ns = s3_due_ns(run->call),
		.cancel = run->call->cancel,
	};
	credential_get(run->s3->credentials, &run->wait);
}

void
s3_start(struct s3 *s3, struct s3_call *c)
{
	struct s3_run *run = xcalloc(1, sizeof(*run));

	c->ok = false;
	c->not_modified = false;
	c->into = NULL;
	c->status = 0;
	c->tries = 0;
	c->code[0] = '\0';
	c->xml = (struct slice){ NULL, 0 };
	c->facts = (struct s3_facts){ .modified_s = -1, .size = -1 };
	run->s3 = s3;
	run->call = c;
	run->checksum = -1;
	run->arena = arena_new(4 * KIB);
	if (!s3_request_make(run, &c->err)) {
		s3_bounce(run);
		return;
	}
	s3_go(run);
}

bool
s3_presign(struct s3 *s3, const struct credential *c,
    const struct s3_presign *what, char *out, size_t size, struct err *e)
{
	const struct sigv4_pair query = { "versionId", what->version };
	const struct sigv4_pair header = { "content-type", what->media_type };
	char place[S3_HOST_SIZE + 300] = "";
	struct text origin = { .at = place, .size = sizeof(place) };
	struct arena *arena;
	char region[S3_REGION_SIZE];
	size_t scheme;
	bool good;

	if (!s3_key_check(s3, what->key, e))
		return false;
	arena = arena_new(KIB);
	s3_region(s3, region);
	out_word(&origin, s3->place.is_http ? "http://" : "https://");
	scheme = origin.len;
	s3_place_host(&s3->place, region, &origin);
	good = sigv4_presign(
	    &(struct sigv4_request){
		.method = what->is_put ? "PUT" : "GET",
		.host = place + scheme,
		.path = slice_of(s3_path(s3, arena, what->key)),
		.query = &query,
		.nquery = what->version != NULL,
		.header = &header,
		.nheader = what->media_type != NULL,
		.region = region,
		.service = s3_place_service(&s3->place),
		.access = c->access,
		.secret = c->secret,
		.token = c->token,
		.at_s = clock_wall_ns() / NS_PER_S + s3->ahead_s,
		.keys = s3->keys,
	    },
	    place, what->expires_s, out, size, e);
	arena_free(arena);
	return good;
}
