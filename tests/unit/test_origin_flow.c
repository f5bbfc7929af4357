/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One transfer per original, with a store whose answers the tests give
 * themselves: who joins what, who leaves when, and what failures mean.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/lock.h"
#include "origin/flow.h"
#include "origin_kit.h"

enum { RUNS_MAX = 64 };

/* --- a store that does what it is told --- */

struct fake {
	struct conf *conf;
	struct origin *origin;
	struct origin_stores stores;
	struct store_life *life[1];
	struct store_fetch *run[RUNS_MAX]; /* in the order of beginning */
	size_t n;
};

static void
fake_fetch(struct store_fetch *t)
{
	struct fake *fake = t->store->state;

	assert_true(fake->n < RUNS_MAX);
	fake->run[fake->n++] = t;
}

static const struct store_kind store_fake = {
	.name = "fake",
	.remembers = true,
	.fetch = fake_fetch,
};

static void
never_unused(void *owner, struct store_life *life)
{
	(void)owner;
	(void)life;
	fail_msg("the test holds a reference");
}

static void
start(struct fake *f, const char *rows)
{
	char text[512];
	struct err e;
	struct store_life *life = xcalloc(1, sizeof(*life));

	snprintf(text, sizeof(text),
	    "[mount.all]\npath = /\nstores = far\n"
	    "[store.far]\ntype = http\nendpoint = http://far.example/\n%s",
	    rows);
	f->conf = kit_conf(text);
	if (!origin_new(f->conf, &f->origin, &e))
		fail_msg("%s", e.detail);
	life->store = (struct store){
		.kind = &store_fake,
		.whole = f->conf,
		.conf = conf_store_find(f->conf, SLICE("far")),
		.state = f,
		.life = life,
	};
	life->count = 1;
	life->unused = never_unused;
	f->life[0] = life;
	f->stores = (struct origin_stores){
		.conf = f->conf, .store = f->life, .n = 1, .count = 1
	};
}

static void
stop(struct fake *f)
{
	origin_free(f->origin);
	assert_int_equal(f->life[0]->count, 1);
	free(f->life[0]);
	conf_drop(f->conf);
}

/* --- one who asks --- */

struct asker {
	struct origin_fetch f;
	_Atomic uint32_t cancel;
	sem_t begun;
	unsigned times;
};

static void
asker_begin(struct origin_fetch *f)
{
	struct asker *a = f->owner;

	a->times++;
	sem_post(&a->begun);
}

/* Changes what it needs before ask() is called. */
static void
asker_init(struct asker *a, struct fake *f, const char *key)
{
	*a = (struct asker){ 0 };
	sem_init(&a->begun, 0, 0);
	a->f.stores = &f->stores;
	a->f.store = "far";
	a->f.key = key;
	a->f.deadline_ns = clock_ns() + 60 * NS_PER_S;
	a->f.cancel = &a->cancel;
	a->f.begin = asker_begin;
	a->f.owner = a;
}

static void
asks(struct asker *a, struct fake *f, const char *key, const char *validator)
{
	asker_init(a, f, key);
	a->f.validator = validator;
	origin_submit(f->origin, &a->f);
}

static void
asks_for(struct asker *a, struct fake *f, const char *key, int64_t time_ns)
{
	asker_init(a, f, key);
	a->f.deadline_ns = clock_ns() + time_ns;
	origin_submit(f->origin, &a->f);
}

static void
awaits(struct asker *a)
{
	while (sem_wait(&a->begun) != 0)
		;
	assert_int_equal(a->times, 1);
}

static void
got(struct asker *a, const struct blob *body)
{
	awaits(a);
	assert_true(a->f.ok);
	assert_false(a->f.not_modified);
	assert_ptr_equal(a->f.body, body);
}

static void
got_unchanged(struct asker *a)
{
	awaits(a);
	assert_true(a->f.ok);
	assert_true(a->f.not_modified);
	assert_null(a->f.body);
}

static void
failed(struct asker *a, enum err_code code)
{
	awaits(a);
	assert_false(a->f.ok);
	assert_null(a->f.body);
	assert_string_equal(err_row(a->f.err.code)->code, err_row(code)->code);
}

static struct blob *
begins(struct store_fetch *t, const char *validator)
{
	struct blob *body = blob_new(100, 0);

	snprintf(
	    t->facts.validator, sizeof(t->facts.validator), "%s", validator);
	store_begin(t, body);
	return body;
}

/* Its body is complete; the producer's reference goes. */
static void
ends(struct store_fetch *t, struct blob *body)
{
	struct err e;

	assert_true(blob_append(body, "bytes", 5, &e));
	store_end(t, NULL);
	assert_int_equal(blob_look(body).state, BLOB_DONE);
	blob_drop(body);
}

static void
fails(struct store_fetch *t, enum err_code code)
{
	struct err e;

	err_set(&e, code, "as the test says");
	store_end(t, &e);
}

static bool
is_cancelled(const struct store_fetch *t)
{
	return atomic_load(&t->cancel) != 0;
}

/* --- joining --- */

static void
test_join(void **state)
{
	struct fake f = { 0 };
	struct asker a[5];
	struct blob *body;

	(void)state;
	start(&f, "");
	asks(&a[0], &f, "cat.jpg", NULL);
	asks(&a[1], &f, "cat.jpg", NULL);
	asks(&a[2], &f, "dog.jpg", NULL);
	assert_int_equal(f.n, 2);
	assert_string_equal(f.run[1]->key, "dog.jpg");
	body = begins(f.run[0], "v1");
	got(&a[0], body);
	got(&a[1], body);
	assert_true(!a[0].f.joined && a[1].f.joined);
	/* While it grows; another only for something newer. */
	asks(&a[3], &f, "cat.jpg", NULL);
	got(&a[3], body);
	asks(&a[4], &f, "cat.jpg", "v1");
	got_unchanged(&a[4]);
	assert_int_equal(f.n, 2);
	ends(f.run[0], body);
	for (size_t i = 0; i < 4; i++)
		origin_release(f.origin, &a[i].f);
	/* The next one asks anew. */
	asks(&a[0], &f, "cat.jpg", NULL);
	assert_int_equal(f.n, 3);
	fails(f.run[2], ERR_ORIGIN_DENIED);
	failed(&a[0], ERR_ORIGIN_DENIED);
	fails(f.run[1], ERR_ORIGIN_DENIED);
	failed(&a[2], ERR_ORIGIN_DENIED);
	/* A body lasts as long as the longest time of who has it. */
	asks_for(&a[0], &f, "cow.jpg", 20 * NS_PER_S);
	asks_for(&a[1], &f, "cow.jpg", 40 * NS_PER_S);
	assert_int_equal(f.run[3]->deadline_ns, a[0].f.deadline_ns);
	got(&a[0], body = begins(f.run[3], "v1"));
	got(&a[1], body);
	assert_int_equal(f.run[3]->deadline_ns, a[1].f.deadline_ns);
	asks(&a[2], &f, "cow.jpg", NULL);
	got(&a[2], body);
	assert_int_equal(f.run[3]->deadline_ns, a[2].f.deadline_ns);
	/* But not for those who come when that of the first is over. */
	f.run[3]->flow->first_ns = clock_ns();
	asks_for(&a[3], &f, "cow.jpg", 90 * NS_PER_S);
	got(&a[3], body);
	asks_for(&a[4], &f, "cow.jpg", 600 * NS_PER_S);
	assert_int_equal(f.run[3]->deadline_ns, a[2].f.deadline_ns);
	assert_int_equal(f.n, 5);
	ends(f.run[3], body);
	fails(f.run[4], ERR_ORIGIN_DENIED);
	failed(&a[4], ERR_ORIGIN_DENIED);
	for (size_t i = 0; i < 4; i++)
		origin_release(f.origin, &a[i].f);
	stop(&f);
}

static void
test_conditions(void **state)
{
	struct fake f = { 0 };
	struct asker a[6];
	struct blob *body;

	(void)state;
	start(&f, "");
	/* Two ask if it is still v1, one if it is v2, one for whatever. */
	asks(&a[0], &f, "cat.jpg", "v1");
	asks(&a[1], &f, "cat.jpg", "v1");
	asks(&a[2], &f, "cat.jpg", "v2");
	asks(&a[3], &f, "cat.jpg", NULL);
	assert_int_equal(f.n, 3);
	assert_string_equal(f.run[0]->validator, "v1");
	assert_string_equal(f.run[1]->validator, "v2");
	assert_null(f.run[2]->validator);
	/* Any of them may join the one that asks for whatever. */
	asks(&a[4], &f, "cat.jpg", "v3");
	asks(&a[5], &f, "cat.jpg", "");
	assert_int_equal(f.n, 3);
	store_begin(f.run[0], NULL);
	got_unchanged(&a[0]);
	got_unchanged(&a[1]);
	store_end(f.run[0], NULL);
	body = begins(f.run[2], "v3");
	got(&a[3], body);
	got_unchanged(&a[4]);
	got(&a[5], body);
	ends(f.run[2], body);
	origin_release(f.origin, &a[3].f);
	origin_release(f.origin, &a[5].f);
	/* A conditional one that has a body is as good as any. */
	body = begins(f.run[1], "v3");
	got(&a[2], body);
	asks(&a[0], &f, "cat.jpg", NULL);
	got(&a[0], body);
	assert_int_equal(f.n, 3);
	ends(f.run[1], body);
	origin_release(f.origin, &a[0].f);
	origin_release(f.origin, &a[2].f);
	stop(&f);
}

/* Of one key, but not of one original. */
static void
test_apart(void **state)
{
	struct origin_header en[] = { { "accept-language", "en" },
		{ "cookie", "secret" } };
	struct origin_header de[] = { { "accept-language", "de" } };
	struct fake f = { 0 };
	struct asker a[5];

	(void)state;
	start(&f, "forward = accept-language\n");
	for (size_t i = 0; i < NELEM(a); i++)
		asker_init(&a[i], &f, "cat.jpg");
	a[0].f.version = "1";
	a[1].f.header = en;
	a[1].f.nheader = NELEM(en);
	a[2].f.header = de;
	a[2].f.nheader = NELEM(de);
	a[4].f.header = en;
	a[4].f.nheader = 1;
	for (size_t i = 0; i < NELEM(a); i++)
		origin_submit(f.origin, &a[i].f);
	/* The header that is not forwarded makes no difference. */
	assert_int_equal(f.n, 4);
	assert_string_equal(f.run[0]->version, "1");
	assert_int_equal(f.run[0]->nheader, 0);
	assert_int_equal(f.run[1]->nheader, 1);
	assert_string_equal(f.run[1]->header[0].name, "accept-language");
	assert_string_equal(f.run[1]->header[0].value, "en");
	assert_string_equal(f.run[2]->header[0].value, "de");
	assert_null(f.run[3]->version);
	for (size_t i = 0; i < 4; i++)
		fails(f.run[i], ERR_ORIGIN_DENIED);
	for (size_t i = 0; i < NELEM(a); i++)
		failed(&a[i], ERR_ORIGIN_DENIED);
	stop(&f);
}

/* --- leaving --- */

static void
test_leave(void **state)
{
	struct fake f = { 0 };
	struct asker a[3];
	struct blob *body;

	(void)state;
	start(&f, "");
	asks(&a[0], &f, "cat.jpg", NULL);
	asks(&a[1], &f, "cat.jpg", NULL);
	/* The one that began it leaves: it goes on for the other. */
	atomic_store(&a[0].cancel, 1);
	origin_poke(f.origin);
	failed(&a[0], ERR_CLIENT_GONE);
	assert_false(is_cancelled(f.run[0]));
	atomic_store(&a[1].cancel, 1);
	origin_poke(f.origin);
	failed(&a[1], ERR_CLIENT_GONE);
	assert_true(is_cancelled(f.run[0]));
	/* Nobody joins what is cancelled. */
	asks(&a[2], &f, "cat.jpg", NULL);
	assert_int_equal(f.n, 2);
	fails(f.run[0], ERR_CLIENT_GONE);
	/* With a body: it is given back. */
	body = begins(f.run[1], "v1");
	got(&a[2], body);
	asks(&a[0], &f, "cat.jpg", NULL);
	got(&a[0], body);
	origin_release(f.origin, &a[2].f);
	assert_false(is_cancelled(f.run[1]));
	origin_release(f.origin, &a[0].f);
	assert_true(is_cancelled(f.run[1]));
	asks(&a[1], &f, "cat.jpg", NULL);
	assert_int_equal(f.n, 3);
	fails(f.run[1], ERR_CLIENT_GONE);
	assert_int_equal(blob_look(body).state, BLOB_FAILED);
	blob_drop(body);
	fails(f.run[2], ERR_ORIGIN_DENIED);
	failed(&a[1], ERR_ORIGIN_DENIED);
	stop(&f);
}

/* Each has its own deadline. */
static void
test_deadlines(void **state)
{
	struct fake f = { 0 };
	struct asker a[3];

	(void)state;
	start(&f, "failures = 2\npause = 1h\n");
	asks(&a[0], &f, "cat.jpg", NULL);
	asks_for(&a[1], &f, "cat.jpg", 100 * NS_PER_MS);
	failed(&a[1], ERR_ORIGIN_TIMEOUT);
	assert_false(is_cancelled(f.run[0]));
	fails(f.run[0], ERR_ORIGIN_DENIED);
	failed(&a[0], ERR_ORIGIN_DENIED);
	/* Who has time left when a transfer has not begins another. */
	asks_for(&a[0], &f, "cat.jpg", 100 * NS_PER_MS);
	asks(&a[1], &f, "cat.jpg", NULL);
	assert_int_equal(f.n, 2);
	clock_sleep_ns(110 * NS_PER_MS);
	fails(f.run[1], ERR_ORIGIN_TIMEOUT);
	failed(&a[0], ERR_ORIGIN_TIMEOUT);
	assert_int_equal(f.n, 3);
	assert_int_equal(f.run[2]->deadline_ns, a[1].f.deadline_ns);
	/* A kind that says nothing at all: the store has failed, twice now. */
	asks_for(&a[2], &f, "dog.jpg", 100 * NS_PER_MS);
	failed(&a[2], ERR_ORIGIN_TIMEOUT);
	assert_true(is_cancelled(f.run[3]));
	asks(&a[0], &f, "cow.jpg", NULL);
	failed(&a[0], ERR_ORIGIN_FAILED);
	fails(f.run[3], ERR_CLIENT_GONE);
	fails(f.run[2], ERR_ORIGIN_DENIED);
	failed(&a[1], ERR_ORIGIN_DENIED);
	stop(&f);
}

/* --- what failures mean --- */

static void
one(struct fake *f, const char *key, enum err_code code)
{
	struct asker a;
	size_t before = f->n;

	asks(&a, f, key, NULL);
	assert_int_equal(f->n, before + 1);
	fails(f->run[before], code);
	failed(&a, code);
}

static void
rests(struct fake *f, int least_s)
{
	struct asker a;
	size_t before = f->n;

	asks(&a, f, "rests.jpg", NULL);
	failed(&a, ERR_ORIGIN_FAILED);
	assert_int_equal(f->n, before);
	assert_true(a.f.err.retry_after_s >= least_s);
	assert_non_null(strstr(a.f.err.detail, "store far rests"));
}

/* As if it had rested long enough. */
static void
end_pause(struct fake *f)
{
	f->life[0]->breaker.all.until_ns = 0;
}

static void
test_breaker(void **state)
{
	struct fake f = { 0 };
	struct asker a[2];
	struct blob *body;

	(void)state;
	start(&f, "failures = 3\npause = 1h\n");
	/* Answers of a store that works do not count, nor what says nothing. */
	one(&f, "a", ERR_ORIGIN_FAILED);
	one(&f, "b", ERR_ORIGIN_TIMEOUT);
	one(&f, "c", ERR_NO_SOURCE);
	one(&f, "d", ERR_ORIGIN_FAILED);
	one(&f, "e", ERR_ORIGIN_FAILED);
	one(&f, "f", ERR_CLIENT_GONE);
	one(&f, "g", ERR_BUSY);
	one(&f, "h", ERR_ORIGIN_FAILED);
	rests(&f, 1);
	/* Then one tries it; it fails, and the rest begins anew. */
	end_pause(&f);
	asks(&a[0], &f, "i", NULL);
	rests(&f, 1);
	fails(f.run[f.n - 1], ERR_ORIGIN_FAILED);
	failed(&a[0], ERR_ORIGIN_FAILED);
	rests(&f, 1);
	/* One that tries it and leaves says nothing: the next one tries. */
	end_pause(&f);
	one(&f, "j", ERR_CLIENT_GONE);
	/* With its answer the store is there for all. */
	asks(&a[0], &f, "k", NULL);
	rests(&f, 1);
	body = begins(f.run[f.n - 1], "v1");
	got(&a[0], body);
	one(&f, "l", ERR_ORIGIN_DENIED);
	ends(f.run[f.n - 2], body);
	origin_release(f.origin, &a[0].f);
	stop(&f);
}

/* A store that answers and then breaks off rests again, too. */
static void
test_breaker_body(void **state)
{
	struct fake f = { 0 };
	struct asker a;
	struct blob *body;
	struct err e;

	(void)state;
	start(&f, "failures = 1\npause = 1h\n");
	for (int i = 0; i < 2; i++) {
		end_pause(&f);
		asks(&a, &f, "cat.jpg", NULL);
		body = begins(f.run[f.n - 1], "v1");
		got(&a, body);
		fails(f.run[f.n - 1], ERR_ORIGIN_FAILED);
		blob_error(body, &e);
		assert_int_equal(e.code, ERR_ORIGIN_FAILED);
		blob_drop(body);
		origin_release(f.origin, &a.f);
		rests(&f, 1);
	}
	stop(&f);
	f = (struct fake){ 0 };
	/* It asks for a longer rest itself; more than a minute is not given. */
	start(&f, "failures = 1\npause = 1ms\n");
	asks(&a, &f, "cat.jpg", NULL);
	err_set(&e, ERR_ORIGIN_FAILED, "503");
	e.retry_after_s = 100000;
	store_end(f.run[f.n - 1], &e);
	failed(&a, ERR_ORIGIN_FAILED);
	rests(&f, 55);
	assert_true(
	    f.life[0]->breaker.all.until_ns - clock_ns() <= 60 * NS_PER_S);
	stop(&f);
}

/* A store of URLs: each site has its own failures, and viewers who name sites
 * that do not exist shut nobody out. */
static void
test_breaker_sites(void **state)
{
	struct fake f = { 0 };
	struct conf_store row;
	struct asker a;
	char key[40];

	(void)state;
	start(&f, "failures = 2\npause = 1h\n");
	row = *f.life[0]->store.conf;
	row.endpoint = "";
	f.life[0]->store.conf = &row;
	one(&f, "https://bad.example/a", ERR_ORIGIN_FAILED);
	one(&f, "https://bad.example/b", ERR_ORIGIN_FAILED);
	asks(&a, &f, "https://bad.example/c", NULL);
	failed(&a, ERR_ORIGIN_FAILED);
	assert_int_equal(f.n, 2);
	one(&f, "https://good.example/a", ERR_ORIGIN_DENIED);
	one(&f, "https://bad.example:81/a", ERR_ORIGIN_DENIED);
	for (unsigned i = 0; i < 2 * BREAKER_SITES; i++) {
		f.n = 2;
		snprintf(key, sizeof(key), "https://%u.example/a", i / 2);
		one(&f, key, ERR_ORIGIN_FAILED);
	}
	one(&f, "https://good.example/a", ERR_ORIGIN_DENIED);
	stop(&f);
}

static void
test_missing(void **state)
{
	struct fake f = { 0 };
	struct asker a;

	(void)state;
	start(&f, "negative = 1h\n");
	one(&f, "cat.jpg", ERR_NO_SOURCE);
	asks(&a, &f, "cat.jpg", NULL);
	failed(&a, ERR_NO_SOURCE);
	assert_int_equal(f.n, 1);
	/* Not of another one, nor what failed otherwise. */
	one(&f, "dog.jpg", ERR_ORIGIN_DENIED);
	one(&f, "dog.jpg", ERR_ORIGIN_DENIED);
	stop(&f);
	f = (struct fake){ 0 };
	start(&f, "negative = 0\n");
	one(&f, "cat.jpg", ERR_NO_SOURCE);
	one(&f, "cat.jpg", ERR_NO_SOURCE);
	stop(&f);
	f = (struct fake){ 0 };
	start(&f, "negative = 200ms\n");
	one(&f, "cat.jpg", ERR_NO_SOURCE);
	clock_sleep_ns(210 * NS_PER_MS);
	one(&f, "cat.jpg", ERR_NO_SOURCE);
	stop(&f);
}

/* --- a new configuration --- */

static void
test_reload(void **state)
{
	static const char same[] = "[store.a]\nroot = /\n[store.b]\nroot = /\n"
				   "[mount.m]\npath = /\nstores = a b\n";
	static const char other[] =
	    "[store.a]\nroot = /\n[store.b]\nroot = /\nfailures = 7\n"
	    "[mount.m]\npath = /x/\nstores = b\n";
	struct conf *conf[3] = { kit_conf(same), kit_conf(same),
		kit_conf(other) };
	struct origin_stores *stores[3];
	struct origin *o = NULL;
	struct err e;

	(void)state;
	assert_true(origin_new(conf[0], &o, &e));
	for (size_t i = 0; i < NELEM(conf); i++) {
		assert_true(origin_open(o, conf[i], &stores[i], &e));
		conf_drop(conf[i]);
	}
	/* What is as it was is the same; what the rows say otherwise is not. */
	assert_ptr_equal(
	    stores_find(stores[0], "a"), stores_find(stores[1], "a"));
	assert_ptr_equal(
	    stores_find(stores[0], "a"), stores_find(stores[2], "a"));
	assert_ptr_equal(
	    stores_find(stores[0], "b"), stores_find(stores[1], "b"));
	assert_ptr_not_equal(
	    stores_find(stores[0], "b"), stores_find(stores[2], "b"));
	assert_int_equal(stores_find(stores[2], "b")->store.conf->failures, 7);
	assert_null(stores_find(stores[2], "c"));
	for (size_t i = 0; i < NELEM(conf); i++)
		origin_stores_drop(stores[i]);
	origin_free(o);
}

/* --- many at once --- */

enum { CROWD = 8, CROWD_ROUNDS = 400, CROWD_KEYS = 3 };

struct crowd {
	struct fake f;
	struct lock lock;
	struct cond more;
	bool stop;
	atomic_uint seed;
};

static void
crowd_fetch(struct store_fetch *t)
{
	struct crowd *c = t->store->state;

	lock_take(&c->lock);
	assert_true(c->f.n < RUNS_MAX);
	c->f.run[c->f.n++] = t;
	cond_wake_all(&c->more);
	lock_drop(&c->lock);
}

static const struct store_kind store_crowd = {
	.name = "crowd",
	.fetch = crowd_fetch,
};

static struct store_fetch *
crowd_take(struct crowd *c)
{
	struct store_fetch *t = NULL;

	lock_take(&c->lock);
	while (c->f.n == 0 && !c->stop)
		(void)cond_wait(&c->more, &c->lock, CLOCK_NEVER);
	if (c->f.n > 0)
		t = c->f.run[--c->f.n];
	lock_drop(&c->lock);
	return t;
}

static void *
crowd_serve(void *arg)
{
	struct crowd *c = arg;
	struct store_fetch *t = NULL;
	unsigned turn = 0;

	for (t = crowd_take(c); t != NULL; t = crowd_take(c)) {
		struct blob *body = NULL;

		turn++;
		if (turn % 5 == 0) {
			fails(t, ERR_ORIGIN_DENIED);
			continue;
		}
		body = begins(t, "v1");
		if (is_cancelled(t))
			fails(t, ERR_CLIENT_GONE);
		else
			store_end(t, NULL);
		blob_drop(body);
	}
	return NULL;
}

static void *
crowd_ask(void *arg)
{
	static const char *const keys[CROWD_KEYS] = { "a", "b", "c" };
	struct crowd *c = arg;
	unsigned seed = atomic_fetch_add(&c->seed, 1);

	for (unsigned i = 0; i < CROWD_ROUNDS; i++) {
		struct asker a;

		asker_init(&a, &c->f, keys[(seed + i) % CROWD_KEYS]);
		a.f.validator = i % 3 == 0 ? "v1" : NULL;
		origin_submit(c->f.origin, &a.f);
		if ((seed + i) % 7 == 0) {
			atomic_store(&a.cancel, 1);
			origin_poke(c->f.origin);
		}
		awaits(&a);
		if (a.f.ok && !a.f.not_modified)
			(void)blob_wait(a.f.body, SIZE_MAX, CLOCK_NEVER);
		origin_release(c->f.origin, &a.f);
		sem_destroy(&a.begun);
	}
	return NULL;
}

static void
test_crowd(void **state)
{
	struct crowd c = { .stop = false };
	pthread_t server;
	pthread_t thread[CROWD];

	(void)state;
	lock_init(&c.lock);
	cond_init(&c.more);
	start(&c.f, "failures = 0\n");
	c.f.life[0]->store.kind = &store_crowd;
	c.f.life[0]->store.state = &c;
	server = thread_start("serve", crowd_serve, &c);
	for (size_t i = 0; i < CROWD; i++)
		thread[i] = thread_start("ask", crowd_ask, &c);
	for (size_t i = 0; i < CROWD; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	lock_take(&c.lock);
	c.stop = true;
	cond_wake_all(&c.more);
	lock_drop(&c.lock);
	assert_int_equal(pthread_join(server, NULL), 0);
	stop(&c.f);
	cond_fini(&c.more);
	lock_fini(&c.lock);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_apart),
		cmocka_unit_test(test_leave),
		cmocka_unit_test(test_deadlines),
		cmocka_unit_test(test_breaker),
		cmocka_unit_test(test_breaker_body),
		cmocka_unit_test(test_breaker_sites),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_crowd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
