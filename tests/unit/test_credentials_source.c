/* SPDX-License-Identifier: Apache-2.0 */
/* The source: refreshed under load, told to, broken, slow, ended. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "fake_aws.h"
#include "net/credentials.h"
#include "unit.h"

enum { THREADS = 8 };

static struct fake_aws fake;
static char uri[128];
static char metadata[128];

/* A container's service, or an instance's where it is not named. */
static char long_time[] = "AWS_METADATA_SERVICE_TIMEOUT=5";
static char one_try[] = "AWS_METADATA_SERVICE_NUM_ATTEMPTS=1";
static char *container[] = { uri, long_time, one_try, NULL };
static char *instance[] = { metadata, one_try, NULL };

static int
begin(void **state)
{
	(void)state;
	fake_aws_start(&fake);
	snprintf(uri, sizeof(uri),
	    "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:%d/",
	    fake.port);
	snprintf(metadata, sizeof(metadata),
	    "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:%d", fake.port);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	fake_aws_stop(&fake);
	return 0;
}

static struct credential_source *
new_source(char *const *env)
{
	const struct credential_spec spec = { .name = "test", .env = env };
	struct credential_source *s = NULL;
	struct err e;

	assert_true(credential_source_new(&spec, &s, &e));
	return s;
}

/* ---- One who waits ---- */

struct waiter {
	struct credential_wait wait;
	struct lock lock;
	struct cond wake;
	int told;
	struct credential *c;
	struct err err;
};

static void
ready(struct credential_wait *wait, struct credential *c, const struct err *e)
{
	struct waiter *w = (struct waiter *)(void *)wait;

	lock_take(&w->lock);
	w->told++;
	w->c = c;
	if (e != NULL)
		w->err = *e;
	cond_wake_all(&w->wake);
	lock_drop(&w->lock);
}

static void
waiter_init(struct waiter *w, int64_t ms)
{
	memset(w, 0, sizeof(*w));
	w->wait.ready = ready;
	w->wait.deadline_ns = clock_ns() + ms * NS_PER_MS;
	lock_init(&w->lock);
	cond_init(&w->wake);
}

static void
waiter_end(struct waiter *w)
{
	lock_take(&w->lock);
	while (w->told == 0)
		(void)cond_wait(&w->wake, &w->lock, CLOCK_NEVER);
	lock_drop(&w->lock);
	cond_fini(&w->wake);
	lock_fini(&w->lock);
}

/* NULL: refused, with *e. The caller's reference. */
static struct credential *
get(struct credential_source *s, struct err *e)
{
	struct waiter w;

	waiter_init(&w, 20000);
	credential_get(s, &w.wait);
	waiter_end(&w);
	*e = w.err;
	return w.c;
}

static struct credential *
must_get(struct credential_source *s)
{
	struct err e;
	struct credential *c = get(s, &e);

	if (c == NULL)
		fail_msg("%s", e.detail);
	return c;
}

static void
access_is(struct credential_source *s, const char *want)
{
	struct credential *c = must_get(s);

	assert_string_equal(c->access, want);
	credential_drop(c);
}

/* ---- Load ---- */

struct load {
	struct credential_source *source;
	_Atomic int stop;
	_Atomic int got, wrong;
};

/* Key, secret and token of one answer, and they have not ended. */
static bool
is_whole(const struct credential *c)
{
	return strncmp(c->access, "AKID", 4) == 0 &&
	    strncmp(c->secret, "HIDDEN", 6) == 0 &&
	    strncmp(c->token, "TOKEN", 5) == 0 &&
	    strcmp(c->access + 4, c->secret + 6) == 0 &&
	    strcmp(c->access + 4, c->token + 5) == 0 &&
	    c->expires_s > clock_wall_ns() / NS_PER_S - 1;
}

static void *
ask_on(void *arg)
{
	struct load *l = arg;

	while (!l->stop) {
		struct err e;
		struct credential *c = get(l->source, &e);

		if (c == NULL || !is_whole(c))
			l->wrong++;
		l->got++;
		credential_drop(c);
		clock_sleep_ns(NS_PER_MS / 10);
	}
	return NULL;
}

static void
keys_end_under_load(void **state)
{
	struct load l = { .source = NULL };
	pthread_t thread[THREADS];
	const int64_t until_ns = clock_ns() + 30 * NS_PER_S;

	(void)state;
	fake.life_s = 3;
	l.source = new_source(container);
	for (size_t i = 0; i < THREADS; i++)
		thread[i] = thread_start("load", ask_on, &l);
	while (fake.made < 3 && clock_ns() < until_ns)
		clock_sleep_ns(20 * NS_PER_MS);
	l.stop = 1;
	for (size_t i = 0; i < THREADS; i++)
		(void)pthread_join(thread[i], NULL);
	assert_int_equal(l.wrong, 0);
	assert_true(l.got > 100);
	/* One refresh for all, each time. */
	assert_in_range(fake.made, 3, 8);
	credential_source_free(l.source);
}

/* The service fails while keys are refreshed: they are used to their end. */
static void
refresh_fails_and_comes_back(void **state)
{
	struct credential_source *s;
	struct err e;
	struct credential *c;
	const int64_t until_ns = clock_ns() + 30 * NS_PER_S;

	(void)state;
	fake.life_s = 3;
	s = new_source(container);
	access_is(s, "AKID1");
	fake.fault = FAKE_ERROR;
	access_is(s, "AKID1");
	while ((c = get(s, &e)) != NULL && clock_ns() < until_ns) {
		assert_string_equal(c->access, "AKID1");
		credential_drop(c);
		clock_sleep_ns(20 * NS_PER_MS);
	}
	assert_null(c);
	assert_int_equal(e.code, ERR_ORIGIN_DENIED);
	assert_non_null(strstr(e.detail, "the answer is 500"));
	fake.fault = FAKE_RIGHT;
	while ((c = get(s, &e)) == NULL && clock_ns() < until_ns)
		clock_sleep_ns(20 * NS_PER_MS);
	assert_true(c != NULL && strcmp(c->access, "AKID2") == 0);
	credential_drop(c);
	credential_source_free(s);
}

/* What an instance gave last is used on, also after its end. */
static void
an_instance_is_stable(void **state)
{
	struct credential_source *s;
	int asked;
	const int64_t until_ns = clock_ns() + 30 * NS_PER_S;

	(void)state;
	fake.life_s = 2;
	s = new_source(instance);
	assert_string_equal(credential_endpoint(s), "");
	access_is(s, "AKID1");
	assert_string_equal(credential_region(s), "eu-test-7");
	fake.fault = FAKE_ERROR;
	asked = fake.asked;
	/* It was asked again, and its keys have ended. */
	while (fake.asked < asked + 2 && clock_ns() < until_ns)
		clock_sleep_ns(20 * NS_PER_MS);
	clock_sleep_ns(2 * NS_PER_S);
	access_is(s, "AKID1");
	credential_source_free(s);
}

static void
an_instance_gives_keys_that_have_ended(void **state)
{
	struct credential_source *s;

	(void)state;
	fake.fault = FAKE_EXPIRED;
	s = new_source(instance);
	access_is(s, "AKID1");
	access_is(s, "AKID1");
	clock_sleep_ns(1500 * NS_PER_MS);
	access_is(s, "AKID1");
	credential_source_free(s);
}

static void
a_container_gives_keys_that_have_ended(void **state)
{
	struct credential_source *s;
	struct err e;

	(void)state;
	fake.fault = FAKE_EXPIRED;
	s = new_source(container);
	assert_null(get(s, &e));
	assert_non_null(strstr(e.detail, "credentials that ended at"));
	credential_source_free(s);
}

/* ---- A store refuses them ---- */

struct refusal {
	struct credential_source *source;
	struct credential *old;
};

static void *
refuse_and_get(void *arg)
{
	struct refusal *r = arg;
	struct credential *c;
	struct err e;

	credential_refused(r->source, r->old);
	c = get(r->source, &e);
	/* Somebody's refusal may have been answered before. */
	assert_true(c != NULL && strcmp(c->access, "AKID2") == 0);
	credential_drop(c);
	return NULL;
}

static void
refused_keys_are_fetched_once(void **state)
{
	struct refusal r;
	pthread_t thread[THREADS];

	(void)state;
	r.source = new_source(container);
	r.old = must_get(r.source);
	for (size_t i = 0; i < THREADS; i++)
		thread[i] = thread_start("refuse", refuse_and_get, &r);
	for (size_t i = 0; i < THREADS; i++)
		(void)pthread_join(thread[i], NULL);
	assert_int_equal(fake.made, 2);
	/* Who still has the old ones may say so, and nothing happens. */
	credential_refused(r.source, r.old);
	access_is(r.source, "AKID2");
	credential_drop(r.old);
	/* Nor twice in ten seconds, where the new ones are no better. */
	r.old = must_get(r.source);
	credential_refused(r.source, r.old);
	access_is(r.source, "AKID2");
	assert_int_equal(fake.made, 2);
	credential_drop(r.old);
	credential_source_free(r.source);
}

static void
refused_and_there_are_no_others(void **state)
{
	struct credential_source *s = new_source(container);
	struct credential *old = must_get(s);

	(void)state;
	fake.fault = FAKE_ERROR;
	credential_refused(s, old);
	access_is(s, "AKID1");
	credential_drop(old);
	credential_source_free(s);
}

/* ---- Slow ones ---- */

static void
a_deadline_is_kept(void **state)
{
	struct credential_source *s;
	struct waiter w;

	(void)state;
	fake.fault = FAKE_STALL;
	s = new_source(container);
	waiter_init(&w, 100);
	credential_get(s, &w.wait);
	waiter_end(&w);
	assert_null(w.c);
	assert_int_equal(w.err.code, ERR_ORIGIN_TIMEOUT);
	credential_source_free(s);
	assert_int_equal(w.told, 1);
}

static void
who_leaves_is_told(void **state)
{
	_Atomic uint32_t cancel = 0;
	struct credential_source *s;
	struct waiter w, other;

	(void)state;
	fake.fault = FAKE_STALL;
	s = new_source(container);
	waiter_init(&w, 60000);
	waiter_init(&other, 60000);
	w.wait.cancel = &cancel;
	credential_get(s, &w.wait);
	credential_get(s, &other.wait);
	cancel = 1;
	waiter_end(&w);
	assert_null(w.c);
	assert_int_equal(w.err.code, ERR_CLIENT_GONE);
	assert_int_equal(w.told, 1);
	credential_source_free(s);
	waiter_end(&other);
	assert_null(other.c);
}

static void
ending_does_not_wait(void **state)
{
	struct credential_source *s;
	struct waiter w[THREADS];

	(void)state;
	fake.fault = FAKE_STALL;
	s = new_source(container);
	for (size_t i = 0; i < THREADS; i++) {
		waiter_init(&w[i], 60000);
		credential_get(s, &w[i].wait);
	}
	credential_source_free(s);
	for (size_t i = 0; i < THREADS; i++) {
		waiter_end(&w[i]);
		assert_int_equal(w[i].told, 1);
		assert_null(w[i].c);
	}
}

/* A snapshot outlives its source. */
static void
a_snapshot_is_counted(void **state)
{
	struct credential_source *s = new_source(container);
	struct credential *c = must_get(s);
	struct credential *same = credential_ref(c);

	(void)state;
	credential_source_free(s);
	credential_drop(c);
	assert_string_equal(same->token, "TOKEN1");
	credential_drop(same);
	credential_drop(NULL);
	credential_source_free(NULL);
}

static void
what_people_are_told(void **state)
{
	struct credential_source *s = new_source(container);
	char text[128];
	struct err e;

	(void)state;
	assert_true(credential_describe(
	    s, clock_ns() + 20 * NS_PER_S, text, sizeof(text), &e));
	assert_int_equal(strncmp(text, "container, until 20", 19), 0);
	credential_source_free(s);
	fake.fault = FAKE_REFUSED;
	s = new_source(container);
	assert_false(credential_describe(
	    s, clock_ns() + 20 * NS_PER_S, text, sizeof(text), &e));
	assert_non_null(strstr(e.detail, "AssumeRoleUnauthorizedAccess"));
	credential_source_free(s);
}

/* ---- Nothing of it is in the log ---- */

static FILE *log_file;

static int
log_begin(void **state)
{
	(void)state;
	log_level_set(LOG_LEVEL_DEBUG);
	log_file = tmpfile();
	return log_file != NULL &&
		dup2(fileno(log_file), STDERR_FILENO) == STDERR_FILENO
	    ? 0
	    : -1;
}

static void
no_secret_is_in_the_log(void **state)
{
	char line[4096];
	int lines = 0;

	(void)state;
	rewind(log_file);
	while (fgets(line, sizeof(line), log_file) != NULL) {
		assert_null(strstr(line, "HIDDEN"));
		assert_null(strstr(line, "TOKEN"));
		assert_null(strstr(line, "AKID"));
		lines++;
	}
	assert_true(lines > 10);
}

#define WITH_FAKE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FAKE(keys_end_under_load),
		WITH_FAKE(refresh_fails_and_comes_back),
		WITH_FAKE(an_instance_is_stable),
		WITH_FAKE(an_instance_gives_keys_that_have_ended),
		WITH_FAKE(a_container_gives_keys_that_have_ended),
		WITH_FAKE(refused_keys_are_fetched_once),
		WITH_FAKE(refused_and_there_are_no_others),
		WITH_FAKE(a_deadline_is_kept),
		WITH_FAKE(who_leaves_is_told),
		WITH_FAKE(ending_does_not_wait),
		WITH_FAKE(a_snapshot_is_counted),
		WITH_FAKE(what_people_are_told),
		cmocka_unit_test(no_secret_is_in_the_log),
	};

	return cmocka_run_group_tests(tests, log_begin, NULL);
}
