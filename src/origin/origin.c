/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door of the stores: a queue, and threads that take from it in the order
 * of coming. How a store is read is its kind's matter.
 */
#include "origin/origin.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/digest.h"
#include "base/lock.h"
#include "conf/conf.h"
#include "origin/store.h"

struct origin {
	struct lock lock;
	struct cond more;
	struct origin_fetch *first under(lock);
	struct origin_fetch **last under(lock);
	bool stop under(lock);
	/* Constant. */
	pthread_t *thread;
	size_t nthread;
};

static const struct store_kind *const store_kinds[] = {
	[STORE_FILE] = &store_file,
	[STORE_S3] = NULL,
	[STORE_HTTP] = NULL,
};
static const char *const store_kind_names[] = {
	[STORE_FILE] = "file",
	[STORE_S3] = "s3",
	[STORE_HTTP] = "http",
};
_Static_assert(NELEM(store_kinds) == NELEM(store_kind_names),
    "each kind of store has a name");

static const struct store_kind *
store_kind(const struct conf_store *store)
{
	assert(store->type >= 0 && (size_t)store->type < NELEM(store_kinds));
	return store_kinds[store->type];
}

void
origin_refuse(struct origin_fetch *f, const struct err *e)
{
	f->ok = false;
	f->err = *e;
	f->begin(f);
}

bool
origin_goes_on(const struct origin_fetch *f, int64_t deadline_ns, struct err *e)
{
	if (f->cancel != NULL &&
	    atomic_load_explicit(f->cancel, memory_order_relaxed) != 0)
		return err_set(e, ERR_CLIENT_GONE, "nobody waits any more");
	if (clock_ns() >= deadline_ns)
		return err_set(e, ERR_ORIGIN_TIMEOUT, "before the body");
	return true;
}

static void
origin_run(struct origin_fetch *f)
{
	const struct conf_store *store =
	    conf_store_find(f->conf, slice_of(f->store));
	struct err e;

	f->ok = false;
	f->not_modified = false;
	f->body = NULL;
	f->facts = (struct origin_facts){ .modified_s = -1, .size = -1 };
	/* It may have waited long for a thread. */
	if (!origin_goes_on(f, f->deadline_ns, &e)) {
		origin_refuse(f, &e);
	} else if (store == NULL) {
		err_set(&e, ERR_NO_SOURCE, "there is no store %s", f->store);
		origin_refuse(f, &e);
	} else {
		store_kind(store)->fetch(store, f);
	}
}

/* The oldest fetch, or NULL: it is time to end. What waits is done first. */
static struct origin_fetch *
origin_take(struct origin *o)
{
	struct origin_fetch *f;

	lock_take(&o->lock);
	while (o->first == NULL && !o->stop)
		(void)cond_wait(&o->more, &o->lock, CLOCK_NEVER);
	f = o->first;
	if (f != NULL) {
		o->first = f->next;
		if (o->first == NULL)
			o->last = &o->first;
	}
	lock_drop(&o->lock);
	return f;
}

static void *
origin_thread(void *arg)
{
	struct origin *o = arg;
	struct origin_fetch *f;

	for (f = origin_take(o); f != NULL; f = origin_take(o))
		origin_run(f);
	return NULL;
}

bool
origin_check(const struct conf *conf, struct err *e)
{
	for (size_t i = 0; i < conf->nstore; i++) {
		const struct conf_store *store = &conf->store[i];

		if (store_kind(store) == NULL)
			return err_set(e, ERR_CONFIG,
			    "[store.%s] type = %s: not in this build",
			    store->name, store_kind_names[store->type]);
		if (!store_kind(store)->check(store, e))
			return false;
	}
	return true;
}

bool
origin_new(const struct conf *conf, struct origin **out, struct err *e)
{
	struct origin *o;

	if (!origin_check(conf, e))
		return false;
	o = xcalloc(1, sizeof(*o));
	lock_init(&o->lock);
	cond_init(&o->more);
	o->last = &o->first;
	o->nthread = (size_t)conf->origin_threads;
	o->thread = xcalloc(o->nthread, sizeof(*o->thread));
	for (size_t i = 0; i < o->nthread; i++)
		o->thread[i] = thread_start("pictor-origin", origin_thread, o);
	*out = o;
	return true;
}

void
origin_submit(struct origin *o, struct origin_fetch *f)
{
	f->next = NULL;
	lock_take(&o->lock);
	assert(!o->stop);
	*o->last = f;
	o->last = &f->next;
	cond_wake_one(&o->more);
	lock_drop(&o->lock);
}

void
origin_free(struct origin *o)
{
	if (o == NULL)
		return;
	lock_take(&o->lock);
	o->stop = true;
	cond_wake_all(&o->more);
	lock_drop(&o->lock);
	for (size_t i = 0; i < o->nthread; i++) {
		int failed = pthread_join(o->thread[i], NULL);

		assert(failed == 0);
	}
	assert(o->first == NULL);
	cond_fini(&o->more);
	lock_fini(&o->lock);
	free(o->thread);
	free(o);
}

void
origin_identity(
    const struct conf *conf, struct slice store, char *out, size_t size)
{
	const struct conf_store *row = conf_store_find(conf, store);
	const char *place;
	char hex[2 * DIGEST_SIZE + 1];
	struct digest digest;
	char *at = out;

	assert(size >= ORIGIN_IDENTITY_MIN);
	out[0] = '\0';
	if (row == NULL)
		return;
	at = stpcpy(at, store_kind_names[row->type]);
	*at++ = ':';
	place = store_kind(row)->place(row);
	if (strlen(place) < size - (size_t)(at - out)) {
		memcpy(at, place, strlen(place) + 1);
		return;
	}
	/* Two long places must not become one by being cut. */
	digest = digest_of(place, strlen(place));
	codec_hex(digest.byte, sizeof(digest.byte), hex);
	*at++ = '#';
	memcpy(at, hex, sizeof(hex));
}
