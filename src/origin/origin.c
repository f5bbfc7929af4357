/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One transfer per original: the table of those that run, who waits for each,
 * and the threads for stores whose reading blocks.
 *
 * A flow is one transfer. It is listed, so that others may join it, from its
 * beginning until it ends or nobody wants it any more; it exists until it has
 * ended and all who got its body have given it back. A fetch is linked in
 * waiting as long as it waits; who unlinks it, under the lock, ends it. Kinds,
 * begin() and the fetcher are called without the lock.
 *
 * A conditional fetch may join an unconditional flow (validators are compared
 * when it begins), or one that asks with the same validator; an unconditional
 * one never joins a conditional flow before that has a body.
 */
#include "origin/origin.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/lock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "metric/metric.h"
#include "net/fetch.h"
#include "origin/flow.h"
#include "origin/missing.h"

/* What says nothing of a store. */
static const struct err origin_gone = { .code = ERR_CLIENT_GONE };

/* How a fetch was served: the words of LABEL_FETCH. */
enum origin_way { WAY_OWN, WAY_JOINED, WAY_MISSING, WAY_RESTING };
static const char *const origin_ways[] = {
	[WAY_OWN] = "own",
	[WAY_JOINED] = "joined",
	[WAY_MISSING] = "missing",
	[WAY_RESTING] = "resting",
};

/* --- what one fetch ends with --- */

static void
fetch_refuse(struct origin_fetch *f, const struct err *e)
{
	f->ok = false;
	f->err = *e;
	f->begin(f);
}

/* With the facts of a flow that has begun. */
static void
fetch_fill(struct origin *o, struct origin_fetch *f, struct store_flow *flow)
    needs_lock(&o->lock)
{
	(void)o;
	f->ok = true;
	f->facts = flow->t.facts;
	f->not_modified = flow->body == NULL ||
	    (f->validator != NULL && f->validator[0] != '\0' &&
		strcmp(f->validator, flow->t.facts.validator) == 0);
	if (f->not_modified)
		return;
	f->body = blob_ref(flow->body);
	f->flow = flow;
	flow->users++;
}

void
fetches_begin(struct origin_fetch *f)
{
	while (f != NULL) {
		struct origin_fetch *next = f->next;

		f->begin(f);
		f = next;
	}
}

/* --- flows in the table --- */

static struct store_flow **
flow_bucket(struct origin *o, const struct digest *id) needs_lock(&o->lock)
{
	uint32_t hash;

	memcpy(&hash, id->byte, sizeof(hash));
	return &o->bucket[hash & (ORIGIN_BUCKETS - 1)];
}

static void
flow_list(struct origin *o, struct store_flow *flow) needs_lock(&o->lock)
{
	struct store_flow **at = flow_bucket(o, &flow->id);

	flow->next = *at;
	flow->previous = at;
	if (*at != NULL)
		(*at)->previous = &flow->next;
	*at = flow;
}

static void
flow_unlist(struct origin *o, struct store_flow *flow) needs_lock(&o->lock)
{
	(void)o;
	if (flow->previous == NULL)
		return;
	*flow->previous = flow->next;
	if (flow->next != NULL)
		flow->next->previous = flow->previous;
	flow->previous = NULL;
}

/*
 * A body that is on its way lives as long as the longest deadline of those who
 * got it while the time of who began it was not over: so it ends, however many
 * come one after the other. The grace: until then nobody has called it late.
 */
static bool
flow_may_last(const struct store_flow *flow, int64_t now)
{
	return now + origin_grace_ns < flow->first_ns;
}

static void
flow_last(struct store_flow *flow, const struct origin_fetch *f)
{
	if (f->deadline_ns > store_due_ns(&flow->t))
		atomic_store_explicit(
		    &flow->t.deadline_ns, f->deadline_ns, memory_order_relaxed);
}

/* Will its body be there for f, or take most of f's time and then break off? */
static bool
flow_body_suits(const struct store_flow *flow, const struct origin_fetch *f)
{
	int64_t now = clock_ns();

	switch (blob_look(flow->body).state) {
	case BLOB_DONE:
		return true;
	case BLOB_FAILED:
		return false;
	case BLOB_GROWING:
		break;
	}
	return flow_may_last(flow, now) ||
	    store_due_ns(&flow->t) - now >= (f->deadline_ns - now) / 2;
}

/* May f be served by it? */
static bool
flow_suits(const struct store_flow *flow, const struct origin_fetch *f)
{
	if (flow->begun)
		return flow_body_suits(flow, f);
	if (flow->t.validator == NULL)
		return true;
	return f->validator != NULL &&
	    strcmp(flow->t.validator, f->validator) == 0;
}

static struct store_flow *
flow_find(struct origin *o, const struct digest *id,
    const struct origin_fetch *f) needs_lock(&o->lock)
{
	struct store_flow *flow = *flow_bucket(o, id);

	while (
	    flow != NULL && (!digest_eq(&flow->id, id) || !flow_suits(flow, f)))
		flow = flow->next;
	return flow;
}

void
flow_drop(struct store_flow *flow)
{
	struct origin *o = flow->origin;

	flow_free(flow);
	lock_take(&o->lock);
	o->living--;
	if (o->living == 0)
		cond_wake_all(&o->none);
	lock_drop(&o->lock);
}

/* --- the end of a flow --- */

void
flow_judge(struct origin *o, struct store_flow *flow, const struct err *e)
    needs_lock(&o->lock)
{
	const struct conf_store *row = flow->life->store.conf;
	int64_t now = clock_ns();
	struct breaker *b =
	    breakers_find(&flow->life->breaker, flow->site, now);

	(void)o;
	if (flow->judged)
		return;
	flow->judged = true;
	/* What single sites do is not said: viewers choose them. */
	if (!breaker_end(b, row, now, flow->probe, e) || flow->site != 0)
		return;
	if (breaker_rests(b, row))
		log_line(LOG_LEVEL_WARNING,
		    "store %s rests after %u failures: %s", row->name,
		    b->failures, e->detail);
	else
		log_line(LOG_LEVEL_INFO, "store %s works again", row->name);
}

/* It has ended. True: nobody has its body any more, it may be freed. */
static bool
flow_done(struct origin *o, struct store_flow *flow) needs_lock(&o->lock)
{
	flow->ended = true;
	flow_unlist(o, flow);
	assert(o->flows > 0);
	o->flows--;
	return flow->users == 0;
}

void
flows_poke(struct origin *o)
{
	struct fetcher *fetcher =
	    atomic_load_explicit(&o->fetcher, memory_order_acquire);

	if (fetcher != NULL)
		fetcher_poke(fetcher);
}

/* Out of the queue of the threads: it will not be run. */
static void
flow_unqueue(struct origin *o, struct store_flow *flow) needs_lock(&o->lock)
{
	struct store_flow **at = &o->first;

	while (*at != flow)
		at = &(*at)->turn;
	*at = flow->turn;
	if (o->last == &flow->turn)
		o->last = at;
	flow->queued = false;
}

struct store_flow *
flow_abandon(struct origin *o, struct store_flow *flow, bool *poke)
    needs_lock(&o->lock)
{
	flow_unlist(o, flow);
	atomic_store_explicit(&flow->t.cancel, 1, memory_order_relaxed);
	if (!flow->queued) {
		*poke = *poke || !flow->life->store.kind->blocks;
		return NULL;
	}
	flow_unqueue(o, flow);
	flow_judge(o, flow, &origin_gone);
	return flow_done(o, flow) ? flow : NULL;
}

/* --- kinds report --- */

bool
store_goes_on(const struct store_fetch *t, struct err *e)
{
	if (atomic_load_explicit(&t->cancel, memory_order_relaxed) != 0)
		return err_set(e, ERR_CLIENT_GONE, "nobody waits any more");
	if (clock_ns() >= store_due_ns(t))
		return err_set(e, ERR_ORIGIN_TIMEOUT, "the deadline has come");
	return true;
}

void
store_begin(struct store_fetch *t, struct blob *body)
{
	struct store_flow *flow = t->flow;
	struct origin *o = flow->origin;
	const struct conf_store *row = flow->life->store.conf;
	struct origin_fetch *waiting = NULL;

	lock_take(&o->lock);
	assert(!flow->begun && (body != NULL || flow->t.validator != NULL));
	flow->begun = true;
	flow->body = body != NULL ? blob_ref(body) : NULL;
	if (flow->probe &&
	    breaker_answered(
		breakers_find(&flow->life->breaker, flow->site, clock_ns()),
		row) &&
	    flow->site == 0)
		log_line(LOG_LEVEL_INFO, "store %s works again", row->name);
	waiting = flow->waiting;
	flow->waiting = NULL;
	for (struct origin_fetch *f = waiting; f != NULL; f = f->next) {
		fetch_fill(o, f, flow);
		if (f->body != NULL)
			flow_last(flow, f);
	}
	/* Without a body there is nothing to join. */
	if (body == NULL || !flow_is_wanted(flow)) {
		flow_unlist(o, flow);
		atomic_store_explicit(&t->cancel, 1, memory_order_relaxed);
	}
	lock_drop(&o->lock);
	fetches_begin(waiting);
}

static void
blob_end(struct blob *body, const struct err *e)
{
	if (body != NULL && blob_look(body).state == BLOB_GROWING)
		blob_finish(body, e);
}

/* Those who have time left when a transfer has used up its own begin another;
 * the others end with e. */
static void
fetches_end(
    struct origin *o, struct origin_fetch *f, bool late, const struct err *e)
{
	int64_t now = clock_ns();

	while (f != NULL) {
		struct origin_fetch *next = f->next;

		if (late && f->deadline_ns > now + origin_grace_ns)
			origin_submit(o, f);
		else
			fetch_refuse(f, e);
		f = next;
	}
}

void
store_end(struct store_fetch *t, const struct err *e)
{
	struct store_flow *flow = t->flow;
	struct origin *o = flow->origin;
	const struct conf_store *row = flow->life->store.conf;
	struct origin_fetch *waiting = NULL;
	int64_t now = clock_ns();
	bool late = now >= store_due_ns(t);
	bool unused = false;

	assert(e != NULL || flow->begun);
	/* Before it is unlisted: who joins it now has all of it. */
	blob_end(flow->body, e);
	lock_take(&o->lock);
	flow_judge(o, flow, e);
	if (e != NULL && e->code == ERR_NO_SOURCE && row->negative > 0 &&
	    flow->life->store.kind->remembers)
		missing_put(&o->missing, &flow->id, now + row->negative);
	waiting = take_ptr(flow->waiting);
	unused = flow_done(o, flow);
	lock_drop(&o->lock);
	assert(waiting == NULL || e != NULL);
	if (waiting != NULL)
		fetches_end(
		    o, waiting, late && e->code == ERR_ORIGIN_TIMEOUT, e);
	if (unused)
		flow_drop(flow);
}

/* --- a fetch comes --- */

static void
flow_wait(struct origin *o, struct store_flow *flow, struct origin_fetch *f)
    needs_lock(&o->lock)
{
	struct origin_fetch **at = &flow->waiting;

	while (*at != NULL)
		at = &(*at)->next;
	f->next = NULL;
	*at = f;
	clerk_tell(o, f->deadline_ns);
}

static void
flow_queue(struct origin *o, struct store_flow *flow) needs_lock(&o->lock)
{
	assert(!o->stop);
	flow->queued = true;
	flow->turn = NULL;
	*o->last = flow;
	o->last = &flow->turn;
	cond_wake_one(&o->more);
}

/* A transfer of its own, if the store may be asked. NULL: e says why not. */
static struct store_flow *
flow_begin(struct origin *o, struct store_life *life, const struct digest *id,
    struct origin_fetch *f, struct err *e) needs_lock(&o->lock)
{
	int64_t now = clock_ns();
	struct store_flow *flow = NULL;
	bool probe = false;

	if (missing_has(&o->missing, id, now)) {
		metric_add(METRIC_ORIGIN_FETCHES, WAY_MISSING, 0, 1);
		err_set(e, ERR_NO_SOURCE, "was not there a moment ago");
		return NULL;
	}
	if (!breaker_admit(
		breakers_find(&life->breaker, flow_site(life, f->key), now),
		life->store.conf, now, &probe, e)) {
		metric_add(METRIC_ORIGIN_FETCHES, WAY_RESTING, 0, 1);
		return NULL;
	}
	metric_add(METRIC_ORIGIN_FETCHES, WAY_OWN, 0, 1);
	flow = flow_new(life, id, f);
	flow->origin = o;
	flow->probe = probe;
	flow_list(o, flow);
	flow_wait(o, flow, f);
	o->flows++;
	o->living++;
	if (life->store.kind->blocks)
		flow_queue(o, flow);
	return flow;
}

static void
flow_join(struct origin *o, struct store_flow *flow, struct origin_fetch *f)
    needs_lock(&o->lock)
{
	metric_add(METRIC_ORIGIN_FETCHES, WAY_JOINED, 0, 1);
	f->joined = true;
	if (!flow->begun) {
		flow_wait(o, flow, f);
		return;
	}
	fetch_fill(o, f, flow);
	if (f->body != NULL && flow_may_last(flow, clock_ns()))
		flow_last(flow, f);
}

static void
fetch_run(struct origin *o, struct store_life *life, struct origin_fetch *f)
{
	struct digest id = flow_id(life, f);
	struct store_flow *flow = NULL;
	struct err e;
	bool begun = false;
	bool own = false;

	lock_take(&o->lock);
	flow = flow_find(o, &id, f);
	if (flow != NULL) {
		begun = flow->begun;
		flow_join(o, flow, f);
	} else {
		flow = flow_begin(o, life, &id, f, &e);
		own = flow != NULL && !life->store.kind->blocks;
	}
	lock_drop(&o->lock);
	/* From here on f may be gone, unless it did not get into a flow. */
	if (flow == NULL)
		fetch_refuse(f, &e);
	else if (begun)
		f->begin(f);
	else if (own)
		life->store.kind->fetch(&flow->t);
}

void
origin_submit(struct origin *o, struct origin_fetch *f)
{
	struct store_life *life = stores_find(f->stores, f->store);
	struct err e;

	f->ok = false;
	f->not_modified = false;
	f->joined = false;
	f->body = NULL;
	f->flow = NULL;
	f->next = NULL;
	f->facts = (struct origin_facts){ .modified_s = -1, .size = -1 };
	if (life == NULL)
		err_set(&e, ERR_NO_SOURCE, "there is no store %s", f->store);
	else if (fetch_is_unwanted(f))
		err_set(&e, ERR_CLIENT_GONE, "nobody waits any more");
	else if (clock_ns() >= f->deadline_ns)
		err_set(&e, ERR_ORIGIN_TIMEOUT, "before it began");
	else {
		fetch_run(o, life, f);
		return;
	}
	fetch_refuse(f, &e);
}

void
origin_release(struct origin *o, struct origin_fetch *f)
{
	struct store_flow *flow = f->flow;
	struct store_flow *unused = NULL;
	bool poke = false;

	blob_drop(take_ptr(f->body));
	f->flow = NULL;
	if (flow == NULL)
		return;
	lock_take(&o->lock);
	assert(flow->users > 0);
	flow->users--;
	if (flow->ended && flow->users == 0)
		unused = flow;
	else if (!flow->ended && !flow_is_wanted(flow))
		unused = flow_abandon(o, flow, &poke);
	lock_drop(&o->lock);
	if (poke)
		flows_poke(o);
	if (unused != NULL)
		flow_drop(unused);
}

/* --- threads --- */

/* A store's last reference is gone: the clerk closes it, who may wait. */
static void
store_unused(void *owner, struct store_life *life)
{
	struct origin *o = owner;

	lock_take(&o->lock);
	life->next = o->unused;
	o->unused = life;
	cond_wake_one(&o->clerk);
	lock_drop(&o->lock);
}

/* The oldest of the queue, or NULL: it is time to end. */
static struct store_flow *
origin_take(struct origin *o)
{
	struct store_flow *flow = NULL;

	lock_take(&o->lock);
	while (o->first == NULL && !o->stop)
		(void)cond_wait(&o->more, &o->lock, CLOCK_NEVER);
	flow = o->first;
	if (flow != NULL)
		flow_unqueue(o, flow);
	lock_drop(&o->lock);
	return flow;
}

static void *
origin_thread(void *arg)
{
	struct origin *o = arg;
	struct store_flow *flow = NULL;

	for (flow = origin_take(o); flow != NULL; flow = origin_take(o)) {
		struct store_fetch *t = &flow->t;
		struct err e;

		/* It may have waited long for its turn, which is no fault of
		 * the store. */
		if (store_goes_on(t, &e)) {
			t->store->kind->fetch(t);
			continue;
		}
		lock_take(&o->lock);
		flow_judge(o, flow, &origin_gone);
		lock_drop(&o->lock);
		store_end(t, &e);
	}
	return NULL;
}

/* --- beginning and end --- */

bool
origin_new(const struct conf *conf, struct origin **out, struct err *e)
{
	struct origin *o = NULL;

	(void)e;
	o = xcalloc(1, sizeof(*o));
	lock_init(&o->lock);
	cond_init(&o->more);
	cond_init(&o->clerk);
	cond_init(&o->none);
	o->last = &o->first;
	o->due_ns = CLOCK_NEVER;
	metric_label(LABEL_FETCH, origin_ways, NELEM(origin_ways));
	o->nthread = (size_t)conf->origin_threads;
	o->thread = xcalloc(o->nthread, sizeof(*o->thread));
	for (size_t i = 0; i < o->nthread; i++)
		o->thread[i] = thread_start("pictor-origin", origin_thread, o);
	o->clerk_thread = thread_start("pictor-oclerk", clerk_run, o);
	*out = o;
	return true;
}

/* The first store that needs it makes it. */
static bool
origin_fetcher(struct origin *o, const struct conf *conf, struct err *e)
{
	struct fetcher *fetcher = NULL;

	if (!stores_need_fetcher(conf) || atomic_load(&o->fetcher) != NULL)
		return true;
	if (!fetcher_new((unsigned)conf->origin_transfers, &fetcher, e))
		return false;
	atomic_store_explicit(&o->fetcher, fetcher, memory_order_release);
	return true;
}

bool
origin_open(struct origin *o, const struct conf *conf,
    struct origin_stores **out, struct err *e)
{
	struct stores_spec spec = { .unused = store_unused, .owner = o };
	struct origin_stores *old = NULL;

	if (!origin_fetcher(o, conf, e))
		return false;
	spec.fetcher = atomic_load(&o->fetcher);
	lock_take(&o->lock);
	if (o->before != NULL)
		spec.before = old = origin_stores_ref(o->before);
	lock_drop(&o->lock);
	if (!stores_open(&spec, conf, out, e)) {
		origin_stores_drop(old);
		return false;
	}
	lock_take(&o->lock);
	o->before = origin_stores_ref(*out);
	missing_clear(&o->missing);
	lock_drop(&o->lock);
	/* Ours, and the one that was before. */
	origin_stores_drop(old);
	origin_stores_drop(old);
	return true;
}

void
origin_look(struct origin *o, struct origin_state *out)
{
	*out = (struct origin_state){ 0 };
	lock_take(&o->lock);
	out->transfers = o->flows;
	for (size_t i = 0; o->before != NULL && i < o->before->n; i++) {
		const struct store_life *life = o->before->store[i];

		if (breaker_rests(&life->breaker.all, life->store.conf))
			out->resting++;
	}
	lock_drop(&o->lock);
}

static void
origin_join(pthread_t thread)
{
	int failed = pthread_join(thread, NULL);

	assert(failed == 0);
}

void
origin_free(struct origin *o)
{
	struct origin_stores *before = NULL;

	if (o == NULL)
		return;
	lock_take(&o->lock);
	while (o->living > 0)
		(void)cond_wait(&o->none, &o->lock, CLOCK_NEVER);
	before = take_ptr(o->before);
	lock_drop(&o->lock);
	origin_stores_drop(before);
	lock_take(&o->lock);
	o->stop = true;
	cond_wake_all(&o->more);
	cond_wake_all(&o->clerk);
	lock_drop(&o->lock);
	for (size_t i = 0; i < o->nthread; i++)
		origin_join(o->thread[i]);
	/* Closes what is not used any more before it ends. */
	origin_join(o->clerk_thread);
	assert(o->first == NULL && o->unused == NULL);
	if (o->fetcher != NULL)
		fetcher_free(o->fetcher);
	cond_fini(&o->none);
	cond_fini(&o->clerk);
	cond_fini(&o->more);
	lock_fini(&o->lock);
	free(o->thread);
	free(o);
}
