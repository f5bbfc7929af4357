/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Originals in buckets, through the door of the stores: what a store's rows
 * make of a key, facts and validators, what each answer means, and which rows
 * are refused. How S3 is spoken is test_s3.c's.
 */
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "origin_kit.h"
#include "peer.h"

enum { TEXT_SIZE = 2048 };

struct place {
	struct peer peer;
	const char *answer; /* to every request */
	struct kit_stores open;
	struct origin_fetch f;
	struct kit_answer is;
};

static bool
serve(struct talk *t)
{
	const struct place *p = t->peer->arg;

	return say(t, p->answer);
}

static int
setup(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));

	peer_start(&p->peer, serve, NULL);
	p->peer.arg = p;
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	struct place *p = *state;

	kit_close(&p->open);
	peer_stop(&p->peer);
	free(p);
	return 0;
}

static void
place_open(struct place *p, const char *rows)
{
	char text[TEXT_SIZE];

	snprintf(text, sizeof(text),
	    "[store.pics]\ntype = s3\nbucket = b\nnegative = 0s\n"
	    "failures = 0\nretries = 0\nendpoint = http://127.0.0.1:%d\n%s\n"
	    "[mount.all]\npath = /\nstores = pics\n"
	    "[limit]\noriginal_bytes = 1k\n",
	    p->peer.port, rows);
	kit_open(&p->open, text);
}

/* Then p->f and p->is say it. */
static enum err_code
ask(struct place *p, const char *key, const char *validator,
    const char *version)
{
	p->f = (struct origin_fetch){ .store = "pics",
		.key = key,
		.validator = validator,
		.version = version };
	kit_ask(&p->open, &p->f, &p->is);
	return p->is.err.code;
}

/* Has the last request this in it? */
static bool
last_has(struct place *p, const char *part)
{
	bool has;

	lock_take(&p->peer.lock);
	has = strcasestr(p->peer.last, part) != NULL;
	lock_drop(&p->peer.lock);
	return has;
}

#define KEYS "access_key = A\nsecret_key = a secret\nregion = eu-west-1\n"
#define OBJECT                                                         \
	"HTTP/1.1 200 OK\r\nETag: \"e1\"\r\nx-amz-version-id: v/1\r\n" \
	"Content-Type: image/png\r\nx-amz-request-id: R1\r\n"          \
	"x-amz-id-2: I2\r\n"                                           \
	"Last-Modified: Fri, 24 May 2013 00:00:00 GMT\r\n"             \
	"Content-Length: 4\r\n\r\nbody"

static void
object(void **state)
{
	struct place *p = *state;

	place_open(p,
	    KEYS "prefix = orig/\nsession_token = t\n"
		 "expected_owner = 123456789012\nrequester_pays = on\n");
	p->answer = OBJECT;
	assert_int_equal(ask(p, "a b.png", NULL, "v/1"), ERR_NONE);
	assert_string_equal(p->is.body, "body");
	assert_string_equal(p->f.facts.validator, "\"e1\" v/1");
	assert_string_equal(p->f.facts.media_type, "image/png");
	assert_string_equal(p->f.facts.version, "v/1");
	assert_string_equal(p->f.facts.request_id, "R1 I2");
	assert_int_equal(p->f.facts.modified_s, 1369353600);
	assert_int_equal(p->f.facts.size, 4);
	assert_true(
	    last_has(p, "GET /b/orig/a%20b.png?versionId=v%2F1 HTTP/1.1"));
	assert_true(last_has(p, "/eu-west-1/s3/aws4_request"));
	assert_true(last_has(p, "\r\nx-amz-security-token: t\r\n"));
	assert_true(last_has(p, "\r\nx-amz-request-payer: requester\r\n"));
	assert_true(
	    last_has(p, "\r\nx-amz-expected-bucket-owner: 123456789012\r\n"));
	assert_true(last_has(p, "\r\nx-amz-checksum-mode: ENABLED\r\n"));
	/* The prefix alone is nobody's original. */
	assert_int_equal(ask(p, "", NULL, NULL), ERR_NO_SOURCE);
}

/* Half of it, and the rest when the test says so. */
static bool
serve_halves(struct talk *t)
{
	if (!say(t, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo"))
		return false;
	wait_to_go(t);
	return say(t, "dy");
}

static void
half_begun(struct origin_fetch *f)
{
	sem_post(f->owner);
}

/*
 * Two who ask for one original at the same time: the first one's time ends in
 * the middle of the body, the other's does not. A machine that is so busy that
 * it ends before there is a body shows nothing, and is not waited for.
 */
static void
joined_early(void **state)
{
	struct place *p = *state;
	struct origin_fetch f[2];
	struct blob_view view = { .state = BLOB_GROWING };
	sem_t begun;

	place_open(p, KEYS);
	sem_init(&begun, 0, 0);
	p->peer.serve = serve_halves;
	for (int i = 0; i < 2; i++) {
		f[i] = (struct origin_fetch){ .stores = p->open.stores,
			.store = "pics",
			.key = "k",
			.deadline_ns =
			    clock_ns() + (i == 0 ? 1 : 60) * NS_PER_S,
			.begin = half_begun,
			.owner = &begun };
		origin_submit(p->open.origin, &f[i]);
	}
	for (int i = 0; i < 2; i++)
		while (sem_wait(&begun) != 0)
			continue;
	while (f[0].ok && clock_ns() < f[0].deadline_ns + 200 * NS_PER_MS)
		clock_sleep_ns(10 * NS_PER_MS);
	p->peer.permits = 1000;
	assert_true(f[1].ok);
	while (view.state == BLOB_GROWING)
		view = blob_wait(f[1].body, view.size, CLOCK_NEVER);
	for (int i = 0; i < 2; i++)
		origin_release(p->open.origin, &f[i]);
	sem_destroy(&begun);
	assert_int_equal(view.state, BLOB_DONE);
	assert_int_equal(view.size, 4);
}

static void
unsigned_object(void **state)
{
	struct place *p = *state;

	place_open(p, "signature = none\nchecksum = off\n");
	p->answer = OBJECT;
	assert_int_equal(ask(p, "k", NULL, NULL), ERR_NONE);
	assert_false(last_has(p, "authorization:"));
	assert_false(last_has(p, "x-amz-"));
	assert_int_equal(ask(p, "../other/k", NULL, NULL), ERR_FORBIDDEN);
}

static void
asked_again(void **state)
{
	struct place *p = *state;

	place_open(p, KEYS);
	p->answer = "HTTP/1.1 304 Not Modified\r\nETag: \"e1\"\r\n\r\n";
	assert_int_equal(ask(p, "k", "\"e1\" v/1", NULL), ERR_NONE);
	assert_true(p->f.not_modified && p->f.body == NULL);
	assert_true(last_has(p, "\r\nif-none-match: \"e1\"\r\n"));
	assert_string_equal(p->f.facts.validator, "\"e1\" v/1");
	/* A store that sends it once more, and one that has another one. */
	p->answer = OBJECT;
	assert_int_equal(ask(p, "k", "\"e1\" v/1", NULL), ERR_NONE);
	assert_true(p->f.not_modified && p->f.body == NULL);
	assert_int_equal(ask(p, "k", "\"e0\" v/0", NULL), ERR_NONE);
	assert_false(p->f.not_modified);
	assert_string_equal(p->is.body, "body");
	/* What is no ETag is not asked with. */
	assert_int_equal(ask(p, "k", "12-34", NULL), ERR_NONE);
	assert_false(last_has(p, "if-none-match"));
}

static void
answers(void **state)
{
	static const struct {
		const char *answer;
		enum err_code code;
	} all[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ERR_EMPTY },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "0\r\n\r\n",
		    ERR_EMPTY },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 1025\r\n\r\n",
		    ERR_TOO_LARGE },
		{ "HTTP/1.1 404 No\r\nContent-Length: 6\r\n\r\n<html>",
		    ERR_ORIGIN_FAILED },
		{ "HTTP/1.1 404 No\r\nContent-Length: 37\r\n\r\n"
		  "<Error><Code>NoSuchKey</Code></Error>",
		    ERR_NO_SOURCE },
		{ "HTTP/1.1 404 No\r\nContent-Length: 40\r\n\r\n"
		  "<Error><Code>NoSuchBucket</Code></Error>",
		    ERR_ORIGIN_FAILED },
		{ "HTTP/1.1 403 No\r\nContent-Length: 40\r\n\r\n"
		  "<Error><Code>AccessDenied</Code></Error>",
		    ERR_ORIGIN_DENIED },
		{ "HTTP/1.1 503 No\r\nContent-Length: 36\r\n\r\n"
		  "<Error><Code>SlowDown</Code></Error>",
		    ERR_BUSY },
	};
	struct place *p = *state;

	place_open(p, KEYS);
	for (size_t i = 0; i < NELEM(all); i++) {
		p->answer = all[i].answer;
		if (ask(p, "k", NULL, NULL) != all[i].code)
			fail_msg("%zu: %s %s", i, err_row(p->is.err.code)->code,
			    p->is.err.detail);
	}
}

/* What is refused before the first request, with the store's name. */
static void
rows(void **state)
{
	static const struct {
		const char *rows, *word;
	} all[] = {
		{ "bucket = b\nendpoint = ftp://h\n",
		    "[store.pics] endpoint = ftp://h" },
		{ "bucket = a/b\n", "[store.pics] bucket = a/b" },
		{ "bucket = b.b\nendpoint = http://127.0.0.1\n"
		  "addressing = virtual\n",
		    "addressing = path" },
		{ "bucket = bbb\nregion = Eu\n", "[store.pics] region = Eu" },
		{ "bucket = bbb\nendpoint = http://127.0.0.1\n"
		  "customer_key = "
		  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
		    "customer_key needs an endpoint with https://" },
		{ "bucket = bbb\nca_file = /dev/null/none\n", "[store.pics] " },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(all); i++) {
		char text[512];
		struct err e;

		snprintf(text, sizeof(text),
		    "[store.pics]\ntype = s3\n%s[mount.all]\npath = /\n"
		    "stores = pics\n",
		    all[i].rows);
		kit_refused(text, all[i].word, &e);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(object, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    unsigned_object, setup, teardown),
		cmocka_unit_test_setup_teardown(joined_early, setup, teardown),
		cmocka_unit_test_setup_teardown(asked_again, setup, teardown),
		cmocka_unit_test_setup_teardown(answers, setup, teardown),
		cmocka_unit_test(rows),
	};

	return cmocka_run_group_tests_name("origin_s3", tests, NULL, NULL);
}
