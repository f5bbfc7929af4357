/* SPDX-License-Identifier: Apache-2.0 */
/*
 * THE PAGE: how a request becomes an answer.
 *
 *   a request:  claim  verify  parse  lookup ............ record  answer
 *                                        \                 ^
 *   its work:                             fetch  render  settle
 *
 * A request runs on the thread that read it. A hit, or an error, is recorded
 * and answered right there. On a miss it is parked and joins the flight of its
 * key; the first to join has the work done, which moves over origin's and
 * render's threads by itself and in settle wakes everyone who still waits.
 *
 * Failure is not a second path: a stage fills err and the rest is skipped;
 * settle sees all work, record and answer see every request, exactly once.
 */
#include "pipeline.h"

#include <stdatomic.h>

#include "auth/auth.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/lock.h"
#include "metric/metric.h"
#include "record.h"
#include "work.h"

/* Longest URL, path and query together; a 4 kB base64 request must pass. */
enum { URI_MAX = 8000, IDENTITY_MAX = 512 };

struct pipeline {
	struct pipeline_parts parts;
	struct flights *flights;
	_Atomic unsigned busy;
	struct lock lock; /* the configuration pointer's row of lock.h */
	struct routes *routes under(lock);
};

/* --- 1. claim: which mount, what is said to be signed --- */

static bool
stage_claim(struct request *r)
{
	struct slice path = { 0 };
	size_t prefix = 0;

	if (r->uri.len > URI_MAX)
		return err_param(&r->err, ERR_URL_TOO_LONG, "url", "", 0,
		    "at most %d bytes", URI_MAX);
	path = slice_cut(&r->in.query, '?');
	r->route = routes_find(r->routes, path);
	if (r->route == NULL)
		return err_set(&r->err, ERR_NO_MOUNT, "%.*s",
		    (int)(path.len < 80 ? path.len : 80), path.at);
	/* The language sees its path with one leading slash. */
	prefix = strlen(r->route->mount->path) - 1;
	r->in.path = slice_skip(path, prefix);
	r->in.accept = r->accept;
	r->in.stores = r->route->mount->stores.item;
	r->in.nstore = r->route->mount->stores.n;
	r->in.buckets = r->route->buckets;
	r->in.gaps = r->route->gaps;
	r->in.formats = r->route->results;
	return r->route->dialect->claim(&r->in, &r->claim, &r->err);
}

/* --- 2. verify: may this one ask for that --- */

static bool
stage_verify(struct request *r)
{
	const struct auth_ask ask = {
		.mount = r->route->mount,
		.method = r->method,
		.host = r->host,
		.signed_text = r->claim.signed_text,
		.signature = r->claim.signature,
		.expires_s = r->claim.expires_s,
	};

	return auth_check(&ask, &r->err);
}

/* --- 3. parse: the plan, checked by the mount's policy, and its key --- */

static struct digest
key_of(const struct routes *routes, const struct route *route,
    const struct plan *p, const char *version)
{
	char identity[PLAN_SOURCES][IDENTITY_MAX];
	struct slice stores[PLAN_SOURCES];

	for (size_t i = 0; i < p->nsource; i++) {
		origin_identity(routes->conf, plan_slice(p, p->source[i].store),
		    identity[i], sizeof(identity[i]));
		stores[i] = slice_of(identity[i]);
	}
	return plan_key(p, stores, p->nsource,
	    (struct slice){ (const char *)route->scope.byte, DIGEST_SIZE },
	    slice_of(version));
}

/* Whatever its language says: a mount reads from its own stores alone. */
static bool
stores_allowed(struct request *r)
{
	const struct plan *p = r->plan;

	for (size_t i = 0; i < p->nsource; i++) {
		bool own = false;

		for (size_t k = 0; k < r->in.nstore && !own; k++)
			own = slice_is(
			    plan_slice(p, p->source[i].store), r->in.stores[k]);
		if (!own)
			return err_set(&r->err, ERR_FORBIDDEN,
			    "a store that is not the mount's");
	}
	return true;
}

static bool
parse(struct request *r, const char *version)
{
	struct reading *new = reading_new(r->route, r->uri, r->accept);

	r->reading = new;
	r->plan = &new->plan;
	if (!r->route->dialect->parse(&r->in, &new->plan, &r->err) ||
	    !stores_allowed(r) ||
	    !plan_check(&new->plan, &r->route->policy, &r->err))
		return false;
	new->key = key_of(r->routes, r->route, r->plan, version);
	plan_variant(
	    &new->plan, new->plan_hash, new->plan_text, sizeof(new->plan_text));
	return true;
}

/* A key, and the headers that the stores get, which decide what they answer. */
static struct digest
key_with(struct digest key, const struct origin_header *header, size_t n)
{
	struct digest_run *run = NULL;

	if (n == 0)
		return key;
	run = digest_new();
	digest_add(run, key.byte, DIGEST_SIZE);
	for (size_t i = 0; i < n; i++) {
		digest_add(run, header[i].name, strlen(header[i].name) + 1);
		digest_add(run, header[i].value, strlen(header[i].value) + 1);
	}
	return digest_end(run);
}

/* The headers of the request that its stores want to see. */
static void
read_forward(struct request *r)
{
	const struct route *route = r->route;
	struct origin_header *found = NULL;
	size_t n = 0;

	/* What has no arena has no headers either. */
	if (route->nforward == 0 || r->arena == NULL)
		return;
	/* Of all the mount's stores: the fallback may be in another. */
	found = arena_alloc(r->arena, route->nforward * sizeof(*found));
	for (size_t i = 0; i < route->nforward; i++) {
		struct slice value = r->ops->header(r, route->forward[i]);

		if (value.at == NULL)
			continue;
		found[n].name = route->forward[i];
		found[n++].value = arena_copy(r->arena, value);
	}
	r->forward = found;
	r->nforward = n;
}

static bool
stage_parse(struct request *r)
{
	struct readings *known = r->routes->readings;

	r->reading = readings_find(known, r->route, r->uri, r->accept);
	if (r->reading != NULL)
		r->plan = &r->reading->plan;
	else if (parse(r, r->pipeline->parts.version))
		readings_keep(known, r->reading);
	else
		return false;
	read_forward(r);
	r->key = key_with(r->reading->key, r->forward, r->nforward);
	return true;
}

/* --- 4. lookup: answer from the cache, or join the flight of the key --- */

static void finish(struct request *r);
static void stage_fetch(struct work *w);
static void land(struct work *w);

/* A request that waited learns how the work ended. Any thread. */
static void
request_wake(struct flight_waiter *waiter, const void *result)
{
	struct request *r = (struct request *)(void *)((char *)waiter -
	    offsetof(struct request, waiter));
	const struct work *w = result;

	for (int i = STAGE_FETCH; i <= STAGE_SETTLE; i++)
		r->stage_ns[i] = w->stage_ns[i];
	if (w->entry != NULL)
		r->entry = cache_entry_ref(w->entry);
	else
		r->err = w->err;
	r->cache = waiter == w->leader || w->cache == CACHE_USE_STALE
	    ? w->cache
	    : CACHE_USE_JOINED;
	if (w->entry != NULL && w->own != NULL) {
		r->cache = CACHE_USE_FALLBACK;
		r->failed = w->failed;
	}
	r->worker = w->job.worker;
	r->queue_ns = w->job.queued_ns;
	r->at = w->entry != NULL ? STAGE_ANSWER : w->at;
	finish(r);
}

/*
 * The flight before may have landed between looking and joining: then its
 * result is there, and nothing is to be done twice.
 */
static bool
made_meanwhile(struct work *w)
{
	struct cache_entry *found = NULL;

	if (cache_find(w->pipeline->parts.cache, &w->key, &found) ==
	    CACHE_FRESH) {
		w->entry = found;
		w->cache = CACHE_USE_HIT;
		return true;
	}
	cache_entry_drop(found);
	return false;
}

/*
 * Parks r and joins. From flight_join() on r may be answered by another
 * thread at any time, so the work is made before it and r is not touched after
 * it, unless r leads: then only the work begun here can wake it, or its
 * client's leaving, which does not free it before this thread returns.
 */
static void
join_flight(struct request *r, struct cache_entry *stale)
{
	struct pipeline *p = r->pipeline;
	struct work *w = work_new(r, stale);

	r->waiter = (struct flight_waiter){ .wake = request_wake };
	w->leader = &r->waiter;
	r->parked = true;
	r->ops->park(r);
	if (!flight_join(p->flights, &w->key, &r->waiter, &w->flight)) {
		work_free(w, p->parts.origin);
		return;
	}
	atomic_fetch_add_explicit(&p->busy, 1, memory_order_relaxed);
	if (made_meanwhile(w))
		land(w);
	else
		stage_fetch(w);
}

/* True: r has its answer. False: it is parked. */
static bool
stage_lookup(struct request *r, int64_t began)
{
	struct cache_entry *found = NULL;

	r->deadline_ns = r->start_ns + r->routes->conf->http_deadline;
	switch (cache_find(r->pipeline->parts.cache, &r->key, &found)) {
	case CACHE_FRESH:
		r->entry = found;
		r->cache = CACHE_USE_HIT;
		return true;
	case CACHE_RECORD:
		if (r->ops->holds(r, found)) {
			r->entry = found;
			r->cache = CACHE_USE_HIT;
			return true;
		}
		/* Known, but its bytes are gone: they must be made again. */
		cache_entry_drop(found);
		found = NULL;
		break;
	case CACHE_STALE:
	case CACHE_MISS:
		break;
	}
	r->stage_ns[STAGE_LOOKUP] = clock_ns() - began;
	join_flight(r, found);
	cache_entry_drop(found);
	return false;
}

/* --- 5. fetch: the original, as a blob that may still be growing --- */

static void stage_render(struct work *w);
static void stage_settle(struct work *w);

/* Each of the plan's images has begun to come, or failed to. */
static void
fetch_ended(struct work *w)
{
	w->stage_ns[STAGE_FETCH] = clock_ns() - w->began_ns;
	if (!work_fetched(w) || work_is_current(w))
		stage_settle(w);
	else if (!work_fetch_again(w, w->pipeline->parts.origin))
		stage_render(w);
}

static void
stage_fetch(struct work *w)
{
	w->at = STAGE_FETCH;
	w->began_ns = clock_ns();
	work_fetch(w, w->pipeline->parts.origin, fetch_ended);
}

/* --- 6. render: plan and original to bytes, in a sandboxed process --- */

/*
 * A result counts only if its original arrived whole: a decoder may be content
 * before the last byte came. Overlays are there before it begins.
 */
static bool
original_arrived(struct work *w)
{
	struct blob *body = w->fetch[0].body;
	int64_t until_ns = w->fetch[0].deadline_ns;
	struct blob_view view = blob_look(body);

	while (view.state == BLOB_GROWING && clock_ns() < until_ns)
		view = blob_wait(body, view.size, until_ns);
	if (view.state == BLOB_DONE)
		return true;
	if (view.state == BLOB_FAILED)
		blob_error(body, &w->err);
	else
		err_set(&w->err, ERR_ORIGIN_TIMEOUT, "body at %zu bytes",
		    view.size);
	w->at = STAGE_FETCH;
	return false;
}

static void
render_done(struct render_job *job)
{
	struct work *w = job->owner;

	w->stage_ns[STAGE_RENDER] = clock_ns() - w->began_ns;
	if (!job->ok) {
		struct blob *body = w->fetch[0].body;

		w->err = job->err;
		/* What broke the original off says more than what it broke. */
		if (blob_look(body).state == BLOB_FAILED)
			blob_error(body, &w->err);
	} else if (!original_arrived(w)) {
		blob_drop(job->result);
		job->result = NULL;
	}
	stage_settle(w);
}

static void
stage_render(struct work *w)
{
	const struct conf *conf = w->routes->conf;
	struct render_job *job = &w->job;

	w->at = STAGE_RENDER;
	w->began_ns = clock_ns();
	job->plan = w->plan;
	job->original = w->fetch[0].body;
	for (size_t i = 0; i < plan_overlays(w->plan); i++)
		job->overlay[i] = w->fetch[1 + i].body;
	job->conf = conf;
	job->originals = w->route->originals;
	job->results = w->route->results;
	job->domain = w->route->mount->name;
	job->cost = plan_cost(w->plan, 0);
	job->max_cost = w->route->policy.max_cost;
	job->deadline_ns =
	    w->began_ns + conf->render_queue_time + conf->render_timeout;
	job->cancel = flight_cancel(w->flight);
	job->done = render_done;
	job->owner = w;
	if (!render_submit(w->pipeline->parts.render, job, &w->err))
		stage_settle(w);
}

/* --- 7. settle: keep the result, wake everyone who waits --- */

/* May an old result be answered instead of this error, and is it young
 * enough? */
static bool
stale_serves(const struct work *w)
{
	int64_t until = 0;

	if (w->stale == NULL)
		return false;
	until = atomic_load_explicit(
	    &w->stale->fresh_until_ns, memory_order_relaxed);
	if (clock_ns() >= until + w->stale->stale_ns)
		return false;
	switch (err_row(w->err.code)->status) {
	case 502:
	case 503:
	case 504:
		return true;
	default:
		return false;
	}
}

static struct cache_entry *
entry_of(struct work *w)
{
	struct cache_entry *entry = cache_entry_new(&w->key);
	struct blob_view view = blob_look(w->job.result);
	int64_t now_s = clock_wall_ns() / NS_PER_S;

	_Static_assert((int)CACHE_VALIDATOR_MAX == (int)ORIGIN_VALIDATOR_MAX,
	    "a validator fits in an entry");
	cache_etag(view.data, view.size, entry->etag);
	memcpy(entry->validator, w->fetch[0].facts.validator,
	    sizeof(entry->validator));
	entry->overlays = work_overlays(w, &entry->overlays_size);
	entry->modified_s = work_modified_s(w, now_s);
	entry->made_s = now_s;
	atomic_store_explicit(&entry->fresh_until_ns,
	    clock_ns() + work_fresh_ns(w), memory_order_relaxed);
	entry->stale_ns = work_stale_ns(w);
	entry->no_store = work_is_private(w);
	entry->facts = w->job.facts;
	entry->body = take_ptr(w->job.result);
	return entry;
}

/* The end of the work: everyone who waits learns of it. */
static void
land(struct work *w)
{
	struct pipeline *p = w->pipeline;

	flight_land(p->flights, w->flight, w);
	work_free(w, p->parts.origin);
	atomic_fetch_sub_explicit(&p->busy, 1, memory_order_release);
}

/* With the mount's fallback from the cache, or through its stages. */
static bool
fall_back(struct work *w)
{
	struct pipeline *p = w->pipeline;
	struct cache_entry *found = NULL;

	if (!work_fall_back(w, p->parts.origin))
		return false;
	w->key =
	    key_with(key_of(w->routes, w->route, w->plan, p->parts.version),
		w->forward, w->nforward);
	switch (cache_find(p->parts.cache, &w->key, &found)) {
	case CACHE_FRESH:
		w->entry = found;
		land(w);
		return true;
	case CACHE_STALE:
		w->stale = found;
		break;
	case CACHE_RECORD:
		cache_entry_drop(found);
		break;
	case CACHE_MISS:
		break;
	}
	stage_fetch(w);
	return true;
}

static void
stage_settle(struct work *w)
{
	struct cache *cache = w->pipeline->parts.cache;
	int64_t began = clock_ns();

	w->cache = CACHE_USE_MISS;
	work_name_overlay(w);
	if (w->job.result != NULL) {
		w->entry = entry_of(w);
		if (!w->entry->no_store)
			cache_put(cache, w->entry);
	} else if (w->err.code == ERR_NONE) {
		cache_refresh(w->stale, began + work_fresh_ns(w));
		w->entry = cache_entry_ref(w->stale);
		w->cache = CACHE_USE_REVALIDATED;
	} else if (stale_serves(w)) {
		w->entry = cache_entry_ref(w->stale);
		w->cache = CACHE_USE_STALE;
	} else {
		if (w->err.code == ERR_NO_SOURCE && w->stale != NULL)
			cache_forget(cache, &w->key);
		if (fall_back(w))
			return;
		/* Not of an image that nobody asked for. */
		if (w->own != NULL)
			w->err = w->failed;
	}
	w->stage_ns[STAGE_SETTLE] = clock_ns() - began;
	land(w);
}

/* --- 8. record, 9. answer: every request, exactly once --- */

static void
finish(struct request *r)
{
	int64_t began = clock_ns();

	r->ops->decide(r);
	record(r, r->pipeline->parts.events);
	r->stage_ns[STAGE_RECORD] = clock_ns() - began;
	r->ops->answer(r, r->parked);
}

/* --- the loop --- */

/* Run in order on the request's own thread; false ends it early. */
static const struct {
	enum stage id;
	bool (*run)(struct request *r);
} asking[] = {
	{ STAGE_CLAIM, stage_claim },
	{ STAGE_VERIFY, stage_verify },
	{ STAGE_PARSE, stage_parse },
};

static void
request_begin(struct request *r)
{
	r->in.query = r->uri;
	r->err.code = ERR_NONE;
}

void
pipeline_start(struct pipeline *p, struct request *r)
{
	int64_t began = r->start_ns;

	r->pipeline = p;
	if (r->routes == NULL)
		r->routes = pipeline_routes(p);
	if (r->err.code != ERR_NONE) {
		finish(r);
		return;
	}
	request_begin(r);
	for (size_t i = 0; i < NELEM(asking); i++) {
		bool done = false;
		int64_t ended = 0;

		r->at = asking[i].id;
		done = asking[i].run(r);
		ended = clock_ns();
		r->stage_ns[r->at] = ended - began;
		began = ended;
		if (!done) {
			finish(r);
			return;
		}
	}
	r->at = STAGE_LOOKUP;
	if (stage_lookup(r, began)) {
		r->stage_ns[STAGE_LOOKUP] = clock_ns() - began;
		finish(r);
	}
}

void
pipeline_own(struct pipeline *p, struct request *r)
{
	r->pipeline = p;
	if (r->routes == NULL)
		r->routes = pipeline_routes(p);
	finish(r);
}

bool
pipeline_leave(struct request *r, enum err_code why)
{
	struct pipeline *p = r->pipeline;

	if (!flight_leave(p->flights, &r->waiter))
		return false;
	if (r->waiter.last)
		origin_poke(p->parts.origin);
	err_set(&r->err, why, "while it waited");
	finish(r);
	return true;
}

bool
pipeline_parse(struct request *r, const char *version)
{
	request_begin(r);
	r->at = STAGE_CLAIM;
	if (!stage_claim(r))
		return false;
	r->at = STAGE_VERIFY;
	if (!stage_verify(r))
		return false;
	r->at = STAGE_PARSE;
	if (!parse(r, version))
		return false;
	r->key = r->reading->key;
	return true;
}

/* --- beginning and end --- */

struct pipeline *
pipeline_new(const struct pipeline_parts *parts, struct routes *routes)
{
	struct pipeline *p = xcalloc(1, sizeof(*p));

	p->parts = *parts;
	p->flights = flights_new();
	p->routes = routes;
	lock_init(&p->lock);
	record_labels();
	return p;
}

void
pipeline_route(struct pipeline *p, struct routes *routes)
{
	struct routes *old = NULL;

	lock_take(&p->lock);
	old = p->routes;
	p->routes = routes;
	lock_drop(&p->lock);
	routes_drop(old);
}

struct routes *
pipeline_routes(struct pipeline *p)
{
	struct routes *routes = NULL;

	lock_take(&p->lock);
	routes = routes_ref(p->routes);
	lock_drop(&p->lock);
	return routes;
}

unsigned
pipeline_busy(struct pipeline *p)
{
	return atomic_load_explicit(&p->busy, memory_order_acquire);
}

void
pipeline_free(struct pipeline *p)
{
	/* Work ends soon: its requests are gone, so every flight is cancelled. */
	while (pipeline_busy(p) > 0)
		clock_sleep_ns(5 * NS_PER_MS);
	flights_free(p->flights);
	routes_drop(p->routes);
	lock_fini(&p->lock);
	free(p);
}

void
request_fini(struct request *r)
{
	cache_entry_drop(r->entry);
	r->entry = NULL;
	reading_drop(r->reading);
	r->reading = NULL;
	r->plan = NULL;
	routes_drop(r->routes);
	r->routes = NULL;
}
