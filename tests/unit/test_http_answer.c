/* SPDX-License-Identifier: Apache-2.0 */
/* What a request is answered with: status, header lines, bytes. */
#include <stdlib.h>
#include <string.h>

#include "http/answer.h"
#include "unit.h"

enum { BODY = 100, MADE_S = 1000, NOW_S = 1060 };

static const char *const dialect_lines[][2] = { { "X-Language", "test" },
	{ "Access-Control-Allow-Methods", "GET" }, { NULL, NULL } };

static void
own_error(const struct err *e, const struct plan *p, struct dialect_error *out)
{
	(void)p;
	*out = (struct dialect_error){ .status = 418,
		.media_type = "text/x-test",
		.header = { { "X-Why", "tea" } },
		.cacheable = e->code == ERR_NO_SOURCE,
		.size = 3,
		.body = "no\n" };
}

static const struct dialect plain = { .name = "plain" };
static const struct dialect special = {
	.name = "special", .error = own_error, .headers = dialect_lines
};
static const struct conf_mount mount = { .cache_control = "public, max-age=9" };
static const struct route plain_route = { .mount = &mount, .dialect = &plain };
static const struct route special_route = { .mount = &mount,
	.dialect = &special };

/* A request with a result, ready to be decided about. */
struct world {
	struct conf conf;
	struct routes routes;
	struct request r;
	struct plan plan;
	struct asked asked;
	struct answer out;
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct digest key = digest_of("k", 1);
	uint8_t *bytes = malloc(BODY);

	assert_non_null(w);
	assert_non_null(bytes);
	for (int i = 0; i < BODY; i++)
		bytes[i] = (uint8_t)i;
	w->conf.http_cors_origin = "*";
	w->routes.conf = &w->conf;
	w->r.routes = &w->routes;
	w->r.route = &plain_route;
	w->r.plan = &w->plan;
	w->r.arena = arena_new(512);
	w->r.method = SLICE("GET");
	w->r.start_wall_ns = NOW_S * NS_PER_S;
	memcpy(w->r.id, "id-1", 5);
	w->r.cache = CACHE_USE_MISS;
	w->r.entry = cache_entry_new(&key);
	w->r.entry->body = blob_from_take(bytes, BODY);
	w->r.entry->facts.to = FORMAT_WEBP;
	w->r.entry->facts.result_bytes = BODY;
	w->r.entry->made_s = MADE_S;
	w->r.entry->modified_s = 784111777;
	memcpy(w->r.entry->etag, "\"abc\"", 6);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	cache_entry_drop(w->r.entry);
	arena_free(w->r.arena);
	free(w);
	return 0;
}

static void
answer(struct world *w)
{
	answer_decide(&w->r, &w->asked, &w->out);
	answer_head(&w->r, &w->asked, &w->out);
}

/* The one line of that name; NULL: none. */
static const char *
line(const struct world *w, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < w->out.nheader; i++) {
		if (!slice_eq_nocase(
			slice_of(w->out.header[i].name), slice_of(name)))
			continue;
		if (found != NULL)
			fail_msg("%s is there twice", name);
		found = w->out.header[i].value;
	}
	return found;
}

static void
expect(const struct world *w, const char *name, const char *value)
{
	const char *found = line(w, name);

	if (value == NULL && found == NULL)
		return;
	if (value == NULL || found == NULL || strcmp(value, found) != 0)
		fail_msg("%s: %s", name, found != NULL ? found : "missing");
}

static void
whole_image(void **state)
{
	struct world *w = *state;

	answer(w);
	assert_int_equal(w->out.status, 200);
	assert_int_equal(w->out.size, BODY);
	assert_int_equal(answer_bytes(&w->r, &w->out), BODY);
	expect(w, "Content-Type", "image/webp");
	expect(w, "ETag", "\"abc\"");
	expect(w, "Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT");
	expect(w, "Cache-Control", "public, max-age=9");
	expect(w, "Accept-Ranges", "bytes");
	expect(w, "X-Content-Type-Options", "nosniff");
	expect(w, "X-Request-Id", "id-1");
	expect(w, "Access-Control-Allow-Origin", "*");
	expect(w, "Vary", NULL);
	expect(w, "Age", NULL);
	expect(w, "Connection", NULL);
	expect(w, "X-Cache", NULL);
	expect(w, "Server-Timing", NULL);
	expect(w, "Content-Disposition", NULL);
	assert_non_null(strstr(line(w, "Content-Security-Policy"), "sandbox"));
}

static void
optional_lines(void **state)
{
	struct world *w = *state;

	w->conf.http_x_cache = true;
	w->conf.http_server_timing = true;
	w->conf.http_cors_origin = "";
	w->r.cache = CACHE_USE_HIT;
	w->r.stage_ns[STAGE_CLAIM] = 1234567;
	w->r.stage_ns[STAGE_LOOKUP] = 9000;
	w->plan.out.format = FORMAT_AUTO;
	w->asked.close = true;
	answer(w);
	expect(w, "X-Cache", "hit");
	expect(w, "Server-Timing", "claim;dur=1.234, lookup;dur=0.009");
	expect(w, "Age", "60");
	expect(w, "Vary", "Accept");
	expect(w, "Connection", "close");
	expect(w, "Access-Control-Allow-Origin", NULL);
}

static void
clock_that_went_back(void **state)
{
	struct world *w = *state;

	w->r.cache = CACHE_USE_HIT;
	w->r.entry->made_s = NOW_S + 5;
	answer(w);
	expect(w, "Age", "0");
}

static void
stale_image(void **state)
{
	struct world *w = *state;

	w->r.cache = CACHE_USE_STALE;
	answer(w);
	expect(w, "Cache-Control", "max-age=5");
	expect(w, "Age", "60");
}

static void
not_modified(void **state)
{
	struct world *w = *state;

	w->asked.conditions.none_match = SLICE("W/\"abc\"");
	answer(w);
	assert_int_equal(w->out.status, 304);
	assert_int_equal(answer_bytes(&w->r, &w->out), 0);
	assert_int_equal(w->out.size, 0);
	expect(w, "ETag", "\"abc\"");
	expect(w, "Cache-Control", "public, max-age=9");
	/* What the viewer has already is not said again. */
	expect(w, "Last-Modified", NULL);
	expect(w, "Content-Type", NULL);
	expect(w, "Content-Security-Policy", NULL);
	expect(w, "Access-Control-Allow-Origin", "*");
	expect(w, "Access-Control-Expose-Headers", NULL);
	expect(w, "Timing-Allow-Origin", NULL);
}

static void
record_without_bytes(void **state)
{
	struct world *w = *state;

	blob_drop(w->r.entry->body);
	w->r.entry->body = NULL;
	w->asked.conditions.none_match = SLICE("*");
	assert_true(answer_is_held(&w->asked, w->r.entry));
	answer(w);
	assert_int_equal(w->out.status, 304);
	assert_int_equal(w->out.size, 0);
	w->asked.conditions.none_match = SLICE("\"x\"");
	assert_false(answer_is_held(&w->asked, w->r.entry));
}

static void
part_of_image(void **state)
{
	struct world *w = *state;

	w->asked.range = SLICE("bytes=10-19");
	w->asked.conditions.if_range = SLICE("\"abc\"");
	answer(w);
	assert_int_equal(w->out.status, 206);
	assert_int_equal(w->out.size, 10);
	assert_int_equal(((const uint8_t *)w->out.body)[0], 10);
	expect(w, "Content-Range", "bytes 10-19/100");
	expect(w, "Content-Type", "image/webp");
}

static void
part_of_another(void **state)
{
	struct world *w = *state;

	w->asked.range = SLICE("bytes=10-19");
	w->asked.conditions.if_range = SLICE("\"old\"");
	answer(w);
	assert_int_equal(w->out.status, 200);
	assert_int_equal(w->out.size, BODY);
	expect(w, "Content-Range", NULL);
}

/* A range means something for GET only (RFC 9110 section 14.2). */
static void
part_of_head(void **state)
{
	struct world *w = *state;

	w->asked.range = SLICE("bytes=10-19");
	w->r.method = SLICE("HEAD");
	answer(w);
	assert_int_equal(w->out.status, 200);
	assert_int_equal(w->out.size, BODY);
	assert_int_equal(answer_bytes(&w->r, &w->out), 0);
}

static void
part_outside(void **state)
{
	struct world *w = *state;

	w->asked.range = SLICE("bytes=100-");
	answer(w);
	assert_int_equal(w->out.status, 416);
	assert_int_equal(w->r.err.code, ERR_BAD_RANGE);
	expect(w, "Content-Range", "bytes */100");
	expect(w, "Content-Type", "application/problem+json");
	expect(w, "ETag", NULL);
}

static void
wish(struct plan *p, const char *name, const char *value)
{
	struct err e;
	unsigned i = p->answer.nheader++;

	assert_true(
	    plan_text(p, slice_of(name), &p->answer.header[i].name, &e));
	assert_true(
	    plan_text(p, slice_of(value), &p->answer.header[i].value, &e));
}

static void
wishes(void **state)
{
	struct world *w = *state;
	struct plan *p = &w->plan;
	struct err e;

	plan_init(p);
	assert_true(
	    plan_text(p, SLICE("private"), &p->answer.cache_control, &e));
	assert_true(plan_text(p, SLICE("image/x"), &p->answer.media_type, &e));
	assert_true(plan_text(
	    p, SLICE("a \"b\" \xc3\xa9.jpg"), &p->answer.file_name, &e));
	wish(p, "X-Mine", "yes");
	wish(p, "cache-control", "no-cache");
	wish(p, "etag", "\"mine\"");
	wish(p, "Content-Encoding", "gzip");
	wish(p, "access-control-allow-origin", "https://evil.example");
	wish(p, "Set-Cookie", "a=b");
	wish(p, "Transfer-Encoding", "chunked");
	wish(p, "content-security-policy", "none");
	wish(p, "x-accel-redirect", "/private/key");
	wish(p, "X-Accel-Limit-Rate", "1");
	wish(p, "x-sendfile", "/etc/passwd");
	wish(p, "X-Reproxy-URL", "http://evil.example/");
	wish(p, "X-Acceleration", "9.81");
	answer(w);
	expect(w, "X-Mine", "yes");
	expect(w, "Cache-Control", "no-cache");
	expect(w, "ETag", "\"abc\"");
	expect(w, "Content-Type", "image/x");
	expect(w, "Content-Encoding", NULL);
	expect(w, "Access-Control-Allow-Origin", "*");
	expect(w, "Set-Cookie", NULL);
	expect(w, "Transfer-Encoding", NULL);
	expect(w, "X-Accel-Redirect", NULL);
	expect(w, "X-Accel-Limit-Rate", NULL);
	expect(w, "X-Sendfile", NULL);
	expect(w, "X-Reproxy-URL", NULL);
	expect(w, "X-Acceleration", "9.81");
	assert_non_null(strstr(line(w, "Content-Security-Policy"), "sandbox"));
	expect(w, "Content-Disposition",
	    "inline; filename=\"a _b_ __.jpg\"; "
	    "filename*=UTF-8''a%20%22b%22%20%C3%A9.jpg");
}

static void
problem(void **state)
{
	struct world *w = *state;

	err_set(&w->r.err, ERR_BUSY, "queue");
	answer(w);
	assert_int_equal(w->out.status, 503);
	expect(w, "Content-Type", "application/problem+json");
	expect(w, "Cache-Control", "no-store");
	expect(w, "Retry-After", "1");
	w->r.err.retry_after_s = 7;
	answer(w);
	expect(w, "Retry-After", "7");
	err_set(&w->r.err, ERR_NO_SOURCE, "x");
	answer(w);
	assert_int_equal(w->out.status, 404);
	expect(w, "Cache-Control", "public, max-age=10");
	expect(w, "Retry-After", NULL);
	err_set(&w->r.err, ERR_NOT_ALLOWED, "x");
	answer(w);
	assert_int_equal(w->out.status, 405);
	expect(w, "Allow", "GET, HEAD, OPTIONS");
	/* Before a mount was found. */
	w->r.route = NULL;
	err_set(&w->r.err, ERR_NO_MOUNT, "x");
	answer(w);
	assert_int_equal(w->out.status, 404);
}

static void
problem_of_language(void **state)
{
	struct world *w = *state;

	w->r.route = &special_route;
	err_set(&w->r.err, ERR_BAD_VALUE, "x");
	answer(w);
	assert_int_equal(w->out.status, 418);
	assert_int_equal(w->out.size, 3);
	expect(w, "Content-Type", "text/x-test");
	expect(w, "X-Why", "tea");
	expect(w, "X-Language", "test");
	expect(w, "Cache-Control", NULL);
	err_set(&w->r.err, ERR_NO_SOURCE, "x");
	answer(w);
	expect(w, "Cache-Control", "public, max-age=10");
}

static void
own_answer(void **state)
{
	static const struct own own = { .status = 204, .methods = "GET" };
	struct world *w = *state;

	w->asked.own = &own;
	w->asked.preflight = true;
	w->r.route = NULL;
	answer(w);
	assert_int_equal(w->out.status, 204);
	expect(w, "Allow", "GET");
	expect(w, "Access-Control-Allow-Methods", "GET, HEAD, OPTIONS");
	expect(w, "Access-Control-Expose-Headers", NULL);
	expect(w, "Content-Type", NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(whole_image),
		TEST(optional_lines),
		TEST(clock_that_went_back),
		TEST(stale_image),
		TEST(not_modified),
		TEST(record_without_bytes),
		TEST(part_of_image),
		TEST(part_of_another),
		TEST(part_of_head),
		TEST(part_outside),
		TEST(wishes),
		TEST(problem),
		TEST(problem_of_language),
		TEST(own_answer),
	};

	return cmocka_run_group_tests_name("http answer", tests, NULL, NULL);
}
