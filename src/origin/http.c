/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Originals from HTTP servers. A transfer is a chain of requests on the
 * fetcher's thread: the first one, redirects, those that are tried again
 * because nothing of a body had come, and those that go on with a body that
 * broke off. What each needs is in struct http_get.
 *
 * Every URL is looked at by the guard before it is asked for, whether a key or
 * a redirect named it; every address is when a socket connects to it, which
 * the way does (net/fetch_easy.c).
 *
 * Headers of the request and those of the configuration, which may be secrets,
 * are sent to the site that the key names; not to where that redirects to.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "conf/conf.h"
#include "net/fetch.h"
#include "net/guard.h"
#include "origin/http_answer.h"
#include "origin/http_url.h"
#include "origin/store.h"

enum {
	HTTP_FIXED_MAX = 32, /* headers of the configuration */
	HTTP_RANGE_SIZE = 40
};
/* Before the first new try; twice as long before each that follows. */
static const int64_t http_pause_ns = 100 * NS_PER_MS;
/* Who asks for a longer pause gets none: the viewer is told. */
static const int64_t http_pause_most_ns = 2 * NS_PER_S;

/* What is kept for a store. */
struct http_store {
	struct fetch_way *way;
	struct guard *guard; /* of URLs; the way has its own, of addresses */
	struct fetch_header fixed[HTTP_FIXED_MAX];
	char *text[HTTP_FIXED_MAX]; /* what they point into */
	size_t nfixed;
};

struct http_get {
	struct store_fetch *t;
	struct http_store *http;
	struct fetch f;
	unsigned redirects, tries;
	bool foreign;      /* redirected away from the key's site */
	bool begun;        /* store_begin() was called with blob */
	struct blob *blob; /* a reference */
	int64_t whole;     /* bytes that it is to have; -1: not known */
	char range[HTTP_RANGE_SIZE];
	char url[FETCH_URL_MAX + 1];
};

/* --- the configuration --- */

/* The value may be a secret: it is not said what is wrong with it. */
static bool
fixed_read(
    struct http_store *http, const struct conf_store *conf, struct err *e)
{
	if (conf->headers.n > HTTP_FIXED_MAX)
		return err_set(e, ERR_CONFIG,
		    "[store.%s] headers: at most %d of them", conf->name,
		    HTTP_FIXED_MAX);
	for (size_t i = 0; i < conf->headers.n; i++) {
		struct slice value = slice_of(conf->headers.item[i]);
		struct slice name = slice_cut(&value, ':');
		char *copy;

		if (value.at == NULL || !conf_header_is_named(name))
			return err_set(e, ERR_CONFIG,
			    "[store.%s] headers: entry %zu is not name:value",
			    conf->name, i + 1);
		if (conf_header_is_own(name))
			return err_set(e, ERR_CONFIG,
			    "[store.%s] headers: %.*s is not yours to send",
			    conf->name, SLICE_ARG(name));
		copy = xstrdup(conf->headers.item[i]);
		copy[name.len] = '\0';
		http->text[http->nfixed] = copy;
		http->fixed[http->nfixed++] =
		    (struct fetch_header){ copy, copy + name.len + 1 };
	}
	return true;
}

/* allow, and what begins as the endpoint does. */
static bool
guard_make(const struct conf_store *conf, struct guard **out, struct err *e)
{
	const struct guard_spec spec = {
		.allow = conf->allow.item,
		.endpoint = conf->endpoint,
		.networks = conf->networks.item,
	};
	struct err why;

	return guard_new(&spec, out, &why) ||
	    err_set(e, ERR_CONFIG, "[store.%s] %s", conf->name, why.detail);
}

static const char *
or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static bool
way_make(const struct conf_store *conf, struct fetch_way **out, struct err *e)
{
	struct fetch_way_spec spec = {
		.ca_file = or_null(conf->ca_file),
		.client_cert = or_null(conf->client_cert),
		.client_key = or_null(conf->client_key),
		.connect_ns = conf->connect_time,
		.silent_ns = conf->silent_time,
		.transfers = (unsigned)conf->transfers,
	};
	struct err why;

	if (!guard_make(conf, &spec.guard, e))
		return false;
	return fetch_way_new_take(&spec, out, &why) ||
	    err_set(e, ERR_CONFIG, "[store.%s] %s", conf->name, why.detail);
}

static void
http_free(struct http_store *http)
{
	for (size_t i = 0; i < http->nfixed; i++) {
		char *value = http->text[i] + strlen(http->text[i]) + 1;

		secret_wipe(value, strlen(value));
		free(http->text[i]);
	}
	guard_free(http->guard);
	fetch_way_drop(http->way);
	free(http);
}

static bool
http_make(const struct conf_store *conf, struct http_store **out, struct err *e)
{
	struct http_store *http = xcalloc(1, sizeof(*http));

	if (fixed_read(http, conf, e) && guard_make(conf, &http->guard, e) &&
	    way_make(conf, &http->way, e)) {
		*out = http;
		return true;
	}
	http_free(http);
	return false;
}

static bool
http_check(const struct conf_store *conf, struct err *e)
{
	struct http_store *http = NULL;

	if (!http_make(conf, &http, e))
		return false;
	http_free(http);
	return true;
}

static bool
http_open(struct store *s, struct err *e)
{
	struct http_store *http = NULL;

	if (!http_make(s->conf, &http, e))
		return false;
	s->state = http;
	return true;
}

static void
http_close(struct store *s)
{
	http_free(take_ptr(s->state));
}

/* --- what is asked --- */

static void
get_header(struct http_get *g, const char *name, const char *value)
{
	assert(g->f.nheader < FETCH_HEADERS_MAX);
	g->f.header[g->f.nheader++] = (struct fetch_header){ name, value };
}

static bool
is_fixed(const struct http_store *http, const char *name)
{
	for (size_t i = 0; i < http->nfixed; i++)
		if (slice_eq_nocase(
			slice_of(http->fixed[i].name), slice_of(name)))
			return true;
	return false;
}

/* "From that byte on, if it is still the same", or "if it is another one". */
static void
get_condition(struct http_get *g)
{
	const char *validator = g->t->validator;

	if (g->begun) {
		snprintf(g->range, sizeof(g->range), "bytes=%zu-",
		    blob_look(g->blob).size);
		get_header(g, "Range", g->range);
		get_header(
		    g, "If-Range", http_strong_etag(g->t->facts.validator));
	} else if (validator == NULL) {
		return;
	} else if (validator[0] == HTTP_BY_ETAG) {
		get_header(g, "If-None-Match", validator + 1);
	} else if (validator[0] == HTTP_BY_TIME) {
		get_header(g, "If-Modified-Since", validator + 1);
	}
}

static void
get_headers(struct http_get *g)
{
	const struct store_fetch *t = g->t;

	g->f.nheader = 0;
	get_header(g, "Accept-Encoding", "identity");
	get_condition(g);
	if (g->foreign)
		return;
	for (size_t i = 0; i < t->nheader; i++)
		if (!is_fixed(g->http, t->header[i].name))
			get_header(g, t->header[i].name, t->header[i].value);
	for (size_t i = 0; i < g->http->nfixed; i++)
		get_header(g, g->http->fixed[i].name, g->http->fixed[i].value);
}

static void
get_ask(struct http_get *g, int64_t start_ns)
{
	get_headers(g);
	g->f.start_ns = start_ns;
	fetch_start(g->t->store->fetcher, &g->f);
}

static void
get_done(struct http_get *g, const struct err *e)
{
	store_end(g->t, e);
	blob_drop(g->blob);
	free(g);
}

/* Another try, if there is one left and time for it. asked_s: Retry-After. */
static bool
get_again(struct http_get *g, int asked_s)
{
	int64_t pause = http_pause_ns << (g->tries < 10 ? g->tries : 10);
	int64_t now = clock_ns();

	if (g->tries >= (unsigned)g->t->store->conf->retries)
		return false;
	/* Not all in step. */
	pause += now % (pause / 2);
	if (pause < asked_s * NS_PER_S)
		pause = asked_s * NS_PER_S;
	if (pause > http_pause_most_ns || now + pause >= store_due_ns(g->t))
		return false;
	g->tries++;
	get_ask(g, now + pause);
	return true;
}

/* --- what is answered --- */

/* It is there: gives the body away before it comes. */
static bool
get_begin(struct http_get *g)
{
	struct store_fetch *t = g->t;
	struct fetch *f = &g->f;
	size_t max = t->max_bytes;

	if (!http_is_plain(f, &f->err))
		return false;
	if (f->length == 0)
		return err_set(&f->err, ERR_EMPTY, "%s: 0 bytes", f->peer);
	if (f->length > 0 && !store_takes(t, (uint64_t)f->length, &f->err))
		return false;
	if (f->length > 0)
		max = (size_t)f->length;
	g->blob = blob_new(max, f->length > 0 ? max : 0);
	if (g->blob == NULL) {
		err_set(&f->err, ERR_BUSY, "no memory for %zu bytes", max);
		f->err.retry_after_s = 1;
		return false;
	}
	http_facts(f, &t->facts);
	g->whole = f->length;
	g->begun = true;
	f->into = g->blob;
	store_begin(t, g->blob);
	return true;
}

static bool
get_head(struct fetch *f)
{
	struct http_get *g = f->owner;

	if (g->begun) {
		f->into = g->blob;
		return http_goes_on(f, &g->t->facts, blob_look(g->blob).size,
		    &g->whole, &f->err);
	}
	if (f->status == 200 || f->status == 203)
		return get_begin(g);
	/* The rest is small, or not read to its end. */
	return true;
}

static void
get_unchanged(struct http_get *g)
{
	struct store_fetch *t = g->t;
	struct err e;

	if (t->validator == NULL) {
		err_set(&e, ERR_ORIGIN_FAILED,
		    "%s: answered 304, which nobody asked for", g->f.peer);
		get_done(g, &e);
		return;
	}
	http_facts(&g->f, &t->facts);
	slice_copy(slice_of(t->validator), t->facts.validator,
	    sizeof(t->facts.validator));
	t->facts.size = -1;
	store_begin(t, NULL);
	get_done(g, NULL);
}

static bool
is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 ||
	    status == 307 || status == 308;
}

static bool
get_follow(struct http_get *g, struct err *e)
{
	const struct conf_store *conf = g->t->store->conf;
	scoped_free char *next = xcalloc(1, sizeof(g->url));

	if (g->redirects >= (unsigned)conf->redirects)
		return err_set(e, ERR_ORIGIN_DENIED,
		    "%s: more than %" PRId64 " redirects", g->f.peer,
		    conf->redirects);
	g->redirects++;
	if (!fetch_resolve(g->url, fetch_answer_header(&g->f, "location"), next,
		sizeof(g->url), e))
		return false;
	if (slice_starts(slice_of(g->url), SLICE("https:")) &&
	    !slice_starts(slice_of(next), SLICE("https:")))
		return err_set(e, ERR_FORBIDDEN,
		    "%s: redirected from https to http", g->f.peer);
	if (!guard_url(g->http->guard, slice_of(next), e))
		return false;
	if (!slice_eq_nocase(http_site(g->url), http_site(next)))
		g->foreign = true;
	slice_copy(slice_of(next), g->url, sizeof(g->url));
	return true;
}

/* An answer without an original. */
static void
get_answer(struct http_get *g)
{
	struct err e;

	if (g->f.status == 304) {
		get_unchanged(g);
	} else if (is_redirect(g->f.status)) {
		if (get_follow(g, &e))
			get_ask(g, 0);
		else
			get_done(g, &e);
	} else if (!http_status_passes(g->f.status) ||
	    !get_again(g, http_retry_after_s(&g->f))) {
		http_status(&g->f, &e);
		get_done(g, &e);
	}
}

/* The end of a body, or of a try to go on with it. */
static void
get_body_end(struct http_get *g)
{
	const struct fetch *f = &g->f;
	bool passes = f->ended == FETCH_BROKEN || f->ended == FETCH_NO_ANSWER ||
	    (f->ended == FETCH_STOPPED && http_status_passes(f->status));
	size_t size = blob_look(g->blob).size;
	struct err e;

	if (f->ended == FETCH_DONE && size == 0) {
		err_set(&e, ERR_EMPTY, "%s: 0 bytes", f->peer);
		get_done(g, &e);
	} else if (f->ended == FETCH_DONE && g->whole >= 0 &&
	    (uint64_t)g->whole != size) {
		/* The answer's own length fits it, not its range. */
		err_set(&e, ERR_ORIGIN_FAILED,
		    "%s: ended at %zu of %" PRId64 " bytes", f->peer, size,
		    g->whole);
		get_done(g, &e);
	} else if (f->ended == FETCH_DONE) {
		get_done(g, NULL);
	} else if (!passes || http_strong_etag(g->t->facts.validator) == NULL ||
	    !get_again(g, 0)) {
		get_done(g, &f->err);
	}
}

static void
get_end(struct fetch *f)
{
	struct http_get *g = f->owner;
	bool passes = f->ended == FETCH_NO_ANSWER || f->ended == FETCH_BROKEN;
	/* An error's text that breaks off is as good as a whole one. */
	bool answered = f->status != 0 && f->ended != FETCH_STOPPED &&
	    f->ended != FETCH_LATE;

	if (g->begun)
		get_body_end(g);
	else if (answered)
		get_answer(g);
	else if (!passes || !get_again(g, 0))
		get_done(g, &f->err);
}

static void
http_fetch(struct store_fetch *t)
{
	const struct conf_store *conf = t->store->conf;
	struct http_get *g = xcalloc(1, sizeof(*g));
	struct err e;

	g->t = t;
	g->http = t->store->state;
	if (t->version != NULL) {
		err_set(&e, ERR_NO_SOURCE, "there are no versions over HTTP");
		get_done(g, &e);
		return;
	}
	if (!http_url(conf->endpoint, t->key, g->url, sizeof(g->url), &e) ||
	    !guard_url(g->http->guard, slice_of(g->url), &e)) {
		get_done(g, &e);
		return;
	}
	g->f = (struct fetch){
		.way = g->http->way,
		.method = "GET",
		.url = g->url,
		.due_ns = &t->deadline_ns,
		.cancel = &t->cancel,
		.head = get_head,
		.end = get_end,
		.owner = g,
	};
	get_ask(g, 0);
}

const struct store_kind store_http = {
	.name = "http",
	.blocks = false,
	.remembers = true,
	.check = http_check,
	.open = http_open,
	.close = http_close,
	.fetch = http_fetch,
};
