/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tries a store: what its kind can say, and then reading as requests do, of a
 * key that was given or of one that nobody has.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/lock.h"
#include "conf/conf.h"
#include "origin/stores.h"

/* Not there, unless somebody means to. */
#define NOBODY "pictor-check-of-a-key-that-is-not-there"

struct reading {
	struct origin_fetch f;
	struct lock lock;
	struct cond wake;
	bool begun under(lock);
};

static void
on_begin(struct origin_fetch *f)
{
	struct reading *r = f->owner;

	lock_take(&r->lock);
	r->begun = true;
	cond_wake_all(&r->wake);
	lock_drop(&r->lock);
}

/* Its first bytes. */
static bool
read_one(struct origin *o, const struct origin_probe *p, const char *key,
    struct err *e)
{
	struct reading r = { .f = { .stores = p->stores,
				 .store = p->store,
				 .key = key,
				 .deadline_ns = p->deadline_ns,
				 .begin = on_begin,
				 .owner = &r } };
	bool ok;

	lock_init(&r.lock);
	cond_init(&r.wake);
	origin_submit(o, &r.f);
	lock_take(&r.lock);
	while (!r.begun)
		(void)cond_wait(&r.wake, &r.lock, CLOCK_NEVER);
	lock_drop(&r.lock);
	ok = r.f.ok;
	if (!ok)
		*e = r.f.err;
	if (ok && r.f.body != NULL) {
		const struct blob_view v =
		    blob_wait(r.f.body, 0, p->deadline_ns);

		ok = v.size > 0 || v.state == BLOB_DONE;
		if (!ok && v.state == BLOB_FAILED)
			blob_error(r.f.body, e);
		else if (!ok)
			(void)err_set(e, ERR_ORIGIN_TIMEOUT, "no byte came");
	}
	origin_release(o, &r.f);
	cond_fini(&r.wake);
	lock_fini(&r.lock);
	return ok;
}

static void
say(const struct origin_probe *p, const char *what, const char *more)
{
	char line[400];

	(void)snprintf(line, sizeof(line), "%s%.300s", what, more);
	p->say(p->owner, line);
}

/* A key that is not there: who says so could say otherwise. */
static bool
read_nobody(struct origin *o, const struct origin_probe *p,
    const struct conf_store *row, const char *key, struct err *e)
{
	if (read_one(o, p, key, e) || e->code == ERR_NO_SOURCE) {
		say(p, "read: works", "");
		return true;
	}
	if (row->type == STORE_HTTP && e->code == ERR_ORIGIN_DENIED) {
		say(p, "read: ", e->detail);
		return true;
	}
	if (e->code == ERR_ORIGIN_DENIED)
		(void)err_hint(e,
		    "without the right to list, only an original that is there "
		    "can show that reading works: pictor check %s/KEY",
		    row->name);
	return false;
}

/* Each place that may be read; a pattern is none. */
static bool
read_places(struct origin *o, const struct origin_probe *p,
    const struct conf_store *row, struct err *e)
{
	for (size_t i = 0; i < row->allow.n; i++) {
		const char *place = row->allow.item[i];
		char url[1024];

		if (strchr(place, '*') != NULL) {
			say(p, "not tried: ", place);
			continue;
		}
		say(p, "", place);
		(void)snprintf(url, sizeof(url), "%.900s" NOBODY, place);
		if (!read_nobody(o, p, row, url, e))
			return false;
	}
	return true;
}

bool
origin_probe(struct origin *o, const struct origin_probe *p, struct err *e)
{
	struct store_life *life = stores_find(p->stores, p->store);
	const struct conf_store *row;

	if (life == NULL)
		return err_set(e, ERR_CONFIG, "there is no store %s", p->store);
	row = life->store.conf;
	if (life->store.kind->probe != NULL &&
	    !life->store.kind->probe(&life->store, p, e))
		return false;
	if (p->key != NULL) {
		if (!read_one(o, p, p->key, e))
			return false;
		say(p, "read: ", p->key);
		return true;
	}
	if (row->type == STORE_HTTP && row->endpoint[0] == '\0')
		return read_places(o, p, row, e);
	return read_nobody(o, p, row, NOBODY, e);
}
