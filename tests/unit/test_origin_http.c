/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Originals from HTTP servers, through the door of the stores: what is asked,
 * what each answer means, redirects, new tries, bodies gone on with.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "origin_kit.h"
#include "peer.h"

enum { TEXT_SIZE = 4096, ANSWERS = 5 };

/* What the peer answers to a path: the nth time the nth, then the last one
 * again. One that begins with ! is followed by the end of the connection. */
struct script {
	const char *path; /* NULL: the end */
	const char *answer[ANSWERS];
	unsigned asked;
};

struct place {
	struct peer *peer;
	struct kit_stores open;
};

struct asked {
	struct origin_fetch f;
	struct kit_answer is;
};

static bool
serve_script(struct talk *t)
{
	struct script *row = t->peer->arg;
	char target[256] = "";
	const char *answer;

	sscanf(t->request, "%*s %255s", target);
	while (row->path != NULL && strcmp(row->path, target) != 0)
		row++;
	if (row->path == NULL)
		return say(t,
		    "HTTP/1.1 599 Not in the script\r\n"
		    "Content-Length: 0\r\n\r\n");
	answer = row->answer[row->asked];
	if (row->asked + 1 < ANSWERS && row->answer[row->asked + 1] != NULL)
		row->asked++;
	if (answer[0] == '!') {
		(void)say(t, answer + 1);
		return false;
	}
	return say(t, answer);
}

static int
setup(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));

	p->peer = xcalloc(1, sizeof(*p->peer));
	peer_start(p->peer, serve_script, NULL);
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	struct place *p = *state;

	kit_close(&p->open);
	peer_stop(p->peer);
	free(p->peer);
	free(p);
	return 0;
}

/* more: lines of the store; %d of it is the peer's port, at most four times. */
static void
open_store(struct place *p, const char *more)
{
	char text[TEXT_SIZE];
	int n = snprintf(text, sizeof(text),
	    "[store.web]\ntype = http\nnegative = 0s\n"
	    "networks = 127.0.0.1/32\n");

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	n += snprintf(text + n, sizeof(text) - (size_t)n, more, p->peer->port,
	    p->peer->port, p->peer->port, p->peer->port);
#pragma GCC diagnostic pop
	snprintf(text + n, sizeof(text) - (size_t)n,
	    "\n[mount.all]\npath = /\nstores = web\n"
	    "[limit]\noriginal_bytes = 1k\n");
	kit_open(&p->open, text);
}

static struct asked
ask_with(struct place *p, const char *key, const char *validator,
    const struct origin_header *header, size_t nheader)
{
	struct asked a = { .f = { .store = "web",
			       .key = key,
			       .validator = validator,
			       .header = header,
			       .nheader = nheader } };

	kit_ask(&p->open, &a.f, &a.is);
	return a;
}

#define ask(p, key) ask_with(p, key, NULL, NULL, 0)

static void
assert_code(const struct asked *a, enum err_code code)
{
	if (a->is.err.code != code)
		fail_msg("%s (%s), not %s",
		    a->is.err.code == ERR_NONE ? "good"
					       : err_row(a->is.err.code)->code,
		    a->is.err.detail,
		    code == ERR_NONE ? "good" : err_row(code)->code);
}

static void
assert_body(const struct asked *a, const char *body)
{
	assert_code(a, ERR_NONE);
	assert_true(a->f.ok);
	assert_string_equal(a->is.body, body);
}

/* Has the last request this in it? */
static bool
last_has(struct place *p, const char *part)
{
	bool has;

	lock_take(&p->peer->lock);
	has = strcasestr(p->peer->last, part) != NULL;
	lock_drop(&p->peer->lock);
	return has;
}

#define OK_ABC "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"

/* --- keys --- */

static void
test_keys(void **state)
{
	static struct script script[] = {
		{ "/pics/a.jpg", { OK_ABC }, 0 },
		{ "/pics/a%20b/%C3%A4%2B%3F%23%25%22%3A.jpg", { OK_ABC }, 0 },
		{ "/pics/http%3A//127.0.0.1/x", { OK_ABC }, 0 },
		{ "/pics//a/", { OK_ABC }, 0 },
		{ NULL, { NULL }, 0 },
	};
	static const struct {
		const char *key;
		enum err_code code;
	} rows[] = {
		{ "a.jpg", ERR_NONE },
		{ "a b/\xc3\xa4+?#%\":.jpg", ERR_NONE },
		{ "http://127.0.0.1/x", ERR_NONE },
		{ "", ERR_NO_SOURCE },
		{ "/a/", ERR_NONE },
		{ "../a.jpg", ERR_FORBIDDEN },
		{ "a/../../a.jpg", ERR_FORBIDDEN },
		{ "..", ERR_FORBIDDEN },
		{ "a/..;x/b", ERR_FORBIDDEN },
		{ "%2e%2e/a.jpg", ERR_FORBIDDEN },
		{ "a\\..\\b", ERR_FORBIDDEN },
		{ "a\r\nX: y", ERR_FORBIDDEN },
	};
	struct place *p = *state;

	for (int slash = 0; slash < 2; slash++) {
		open_store(p,
		    slash ? "endpoint = http://127.0.0.1:%d/pics/"
			  : "endpoint = http://127.0.0.1:%d/pics");
		p->peer->arg = script;
		for (size_t i = 0; i < NELEM(rows); i++) {
			struct asked a = ask(p, rows[i].key);

			assert_code(&a, rows[i].code);
		}
	}
	assert_int_equal(p->peer->requests, 2 * 4);
}

static void
test_urls(void **state)
{
	static struct script script[] = {
		{ "/pics/a%20b.jpg?v=1&w=%20", { OK_ABC }, 0 },
		{ NULL, { NULL }, 0 },
	};
	struct place *p = *state;
	char url[128];
	struct asked a;

	open_store(p, "allow = http://127.0.0.1:%d/pics/");
	p->peer->arg = script;
	snprintf(url, sizeof(url),
	    "http://127.0.0.1:%d/pics/a b.jpg?v=1&w=%%20", p->peer->port);
	a = ask(p, url);
	assert_body(&a, "abc");
	snprintf(
	    url, sizeof(url), "http://127.0.0.1:%d/else/a.jpg", p->peer->port);
	a = ask(p, url);
	assert_code(&a, ERR_FORBIDDEN);
	a = ask(p, "http://169.254.169.254/pics/a");
	assert_code(&a, ERR_FORBIDDEN);
	a = ask(p, "a.jpg");
	assert_code(&a, ERR_FORBIDDEN);
	assert_int_equal(p->peer->requests, 1);
}

/* A site that fails is left alone, also where keys are whole URLs. */
static void
test_rests(void **state)
{
	static struct script script[] = {
		{ "/good", { OK_ABC }, 0 },
		{ NULL, { NULL }, 0 },
	};
	struct place *p = *state;
	char url[128];

	p->peer->arg = script;
	for (int whole = 0; whole < 2; whole++) {
		struct asked a;

		open_store(p,
		    whole ? "failures = 2\nretries = 0\n"
			    "allow = http://127.0.0.1:%d/"
			  : "failures = 2\nretries = 0\n"
			    "endpoint = http://127.0.0.1:%d/");
		for (int i = 0; i < 3; i++) {
			snprintf(url, sizeof(url), "http://127.0.0.1:%d/bad%d",
			    p->peer->port, i);
			a = ask(p, whole ? url : strrchr(url, '/') + 1);
			assert_code(&a, ERR_ORIGIN_FAILED);
		}
		snprintf(url, sizeof(url), "http://127.0.0.1:%d/good",
		    p->peer->port);
		a = ask(p, whole ? url : "good");
		assert_code(&a, ERR_ORIGIN_FAILED);
		assert_true(a.f.err.retry_after_s > 0);
	}
	assert_int_equal(p->peer->requests, 2 + 2);
}

/* --- facts --- */

static void
test_facts(void **state)
{
	static struct script script[] = {
		{ "/a",
		    { "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
		      "Content-Type: IMAGE/Png ; charset=x\r\nETag: \"x-1\"\r\n"
		      "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		      "X-Request-Id: r-77\r\n\r\nabc",
			"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
			"Content-Type: not a type\r\nETag: x-1\r\n"
			"Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"
			"abc",
			"!HTTP/1.0 200 OK\r\nETag: \"un\"closed\"\r\n"
			"Last-Modified: yesterday\r\n\r\nabc" },
		    0 },
		{ NULL, { NULL }, 0 },
	};
	struct place *p = *state;
	struct asked a;

	open_store(p, "failures = 0\nendpoint = http://127.0.0.1:%d/");
	p->peer->arg = script;
	a = ask(p, "a");
	assert_body(&a, "abc");
	assert_string_equal(a.f.facts.validator, "E\"x-1\"");
	assert_string_equal(a.f.facts.media_type, "image/png");
	assert_string_equal(a.f.facts.request_id, "r-77");
	assert_int_equal(a.f.facts.modified_s, 784111777);
	assert_int_equal(a.f.facts.size, 3);
	assert_int_equal(a.f.facts.fresh_s, -1);
	assert_false(a.f.facts.no_store);
	a = ask(p, "a");
	assert_string_equal(
	    a.f.facts.validator, "MSun, 06 Nov 1994 08:49:37 GMT");
	assert_string_equal(a.f.facts.media_type, "");
	a = ask(p, "a");
	assert_body(&a, "abc");
	assert_string_equal(a.f.facts.validator, "");
	assert_int_equal(a.f.facts.modified_s, -1);
	assert_int_equal(a.f.facts.size, -1);
}

static void
test_fresh(void **state)
{
	static const struct {
		const char *headers;
		int64_t fresh_s, stale_s;
		bool no_store;
	} rows[] = {
		{ "", -1, -1, false },
		{ "Cache-Control: max-age=60\r\n", 60, -1, false },
		{ "Cache-Control: max-age=60\r\nAge: 20\r\n", 40, -1, false },
		{ "Cache-Control: max-age=60\r\nAge: 99\r\n", 0, -1, false },
		{ "Cache-Control: public, MAX-AGE = \"60\" , x=\"a, no-store\""
		  "\r\n",
		    60, -1, false },
		{ "Cache-Control: max-age=60, s-maxage=5\r\n", 5, -1, false },
		{ "Cache-Control: max-age=60, max-age=7\r\n", 7, -1, false },
		{ "Cache-Control: max-age=-1\r\n", 0, -1, false },
		{ "Cache-Control: max-age=x\r\n", 0, -1, false },
		{ "Cache-Control: max-age=99999999999999999999\r\n", 315360000,
		    -1, false },
		{ "Cache-Control: no-cache, max-age=60\r\n", 0, 0, false },
		{ "Cache-Control: max-age=60\r\nCache-Control: no-store\r\n", 0,
		    0, true },
		{ "Cache-Control: private\r\n", 0, 0, true },
		{ "Cache-Control: max-age=6, stale-if-error=8\r\n", 6, 8,
		    false },
		{ "Cache-Control: max-age=6, stale-if-error=8, "
		  "must-revalidate\r\n",
		    6, 0, false },
		{ "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		  "Expires: Sun, 06 Nov 1994 08:50:37 GMT\r\n",
		    60, -1, false },
		{ "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		  "Expires: Sun, 06 Nov 1994 08:49:00 GMT\r\n",
		    0, -1, false },
		{ "Expires: 0\r\n", 0, -1, false },
		{ "Expires: 0\r\nCache-Control: max-age=3\r\n", 3, -1, false },
		{ "Pragma: no-cache\r\n", 0, -1, false },
		{ "Pragma: no-cache\r\nCache-Control: max-age=3\r\n", 3, -1,
		    false },
	};
	struct place *p = *state;

	open_store(p, "failures = 0\nendpoint = http://127.0.0.1:%d/");
	for (size_t i = 0; i < NELEM(rows); i++) {
		char answer[512];
		struct script script[] = { { "/a", { answer }, 0 },
			{ NULL, { NULL }, 0 } };
		struct asked a;

		snprintf(answer, sizeof(answer),
		    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n%s\r\nabc",
		    rows[i].headers);
		p->peer->arg = script;
		a = ask(p, "a");
		assert_body(&a, "abc");
		if (a.f.facts.fresh_s != rows[i].fresh_s ||
		    a.f.facts.stale_if_error_s != rows[i].stale_s ||
		    a.f.facts.no_store != rows[i].no_store)
			fail_msg("row %zu: fresh %" PRId64 ", stale %" PRId64,
			    i, a.f.facts.fresh_s, a.f.facts.stale_if_error_s);
	}
}

static void
test_conditional(void **state)
{
	static struct script script[] = {
		{ "/a",
		    { "HTTP/1.1 304 Same\r\nCache-Control: max-age=9\r\n\r\n" },
		    0 },
		{ NULL, { NULL }, 0 },
	};
	struct place *p = *state;
	struct asked a;

	open_store(p, "failures = 0\nendpoint = http://127.0.0.1:%d/");
	p->peer->arg = script;
	a = ask_with(p, "a", "E\"x-1\"", NULL, 0);
	assert_code(&a, ERR_NONE);
	assert_true(a.f.ok && a.f.not_modified && a.f.body == NULL);
	assert_int_equal(a.f.facts.fresh_s, 9);
	assert_string_equal(a.f.facts.validator, "E\"x-1\"");
	assert_true(last_has(p, "\r\nIf-None-Match: \"x-1\"\r\n"));
	assert_false(last_has(p, "If-Modified-Since"));
	a = ask_with(p, "a", "MSun, 06 Nov 1994 08:49:37 GMT", NULL, 0);
	assert_true(a.f.ok && a.f.not_modified);
	assert_true(last_has(
	    p, "\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
	assert_false(last_has(p, "If-None-Match"));
	/* Nobody asked whether. */
	a = ask(p, "a");
	assert_code(&a, ERR_ORIGIN_FAILED);
}

/* --- what is wrong --- */

static void
test_statuses(void **state)
{
	static const struct {
		const char *answer;
		enum err_code code;
		int retry_s;
	} rows[] = {
		{ "404 x", ERR_NO_SOURCE, 0 },
		{ "410 x", ERR_NO_SOURCE, 0 },
		{ "401 x", ERR_ORIGIN_DENIED, 0 },
		{ "403 x", ERR_ORIGIN_DENIED, 0 },
		{ "400 x", ERR_ORIGIN_DENIED, 0 },
		{ "451 x", ERR_ORIGIN_DENIED, 0 },
		{ "407 x", ERR_ORIGIN_FAILED, 0 },
		{ "204 x", ERR_EMPTY, 0 },
		{ "201 x", ERR_ORIGIN_FAILED, 0 },
		{ "206 x\r\nContent-Range: bytes 0-0/1", ERR_ORIGIN_FAILED, 0 },
		{ "300 x", ERR_ORIGIN_FAILED, 0 },
		{ "302 x", ERR_ORIGIN_FAILED, 0 },
		{ "429 x\r\nRetry-After: 7", ERR_ORIGIN_FAILED, 7 },
		{ "503 x\r\nRetry-After: 99999999999999999999",
		    ERR_ORIGIN_FAILED, 300 },
		{ "503 x\r\nRetry-After: -7", ERR_ORIGIN_FAILED, 0 },
		{ "503 x\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT",
		    ERR_ORIGIN_FAILED, 0 },
		{ "500 x", ERR_ORIGIN_FAILED, 0 },
		{ "501 x", ERR_ORIGIN_FAILED, 0 },
	};
	struct place *p = *state;

	open_store(
	    p, "failures = 0\nendpoint = http://127.0.0.1:%d/\nretries = 0");
	for (size_t i = 0; i < NELEM(rows); i++) {
		char answer[512];
		struct script script[] = { { "/a", { answer }, 0 },
			{ NULL, { NULL }, 0 } };
		struct asked a;

		snprintf(answer, sizeof(answer),
		    "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", rows[i].answer);
		p->peer->arg = script;
		a = ask(p, "a");
		assert_code(&a, rows[i].code);
		assert_int_equal(a.is.err.retry_after_s, rows[i].retry_s);
	}
}

static void
test_bodies(void **state)
{
	static char big[2000] = "HTTP/1.1 200 OK\r\nContent-Length: 1025\r\n"
				"\r\n";
	static char chunked[2000] =
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n401\r\n";
	static struct script script[] = {
		{ "/empty", { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
		    0 },
		{ "/none",
		    { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		      "0\r\n\r\n" },
		    0 },
		{ "/gzip",
		    { "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
		      "Content-Length: 3\r\n\r\nabc" },
		    0 },
		{ "/identity",
		    { "HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\n"
		      "Content-Length: 3\r\n\r\nabc" },
		    0 },
		{ "/big", { big }, 0 },
		{ "/chunked", { chunked }, 0 },
		{ "/short",
		    { "!HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc" }, 0 },
		{ NULL, { NULL }, 0 },
	};
	static const struct {
		const char *key;
		enum err_code code;
	} rows[] = {
		{ "empty", ERR_EMPTY },
		{ "none", ERR_EMPTY },
		{ "gzip", ERR_ORIGIN_FAILED },
		{ "identity", ERR_NONE },
		{ "big", ERR_TOO_LARGE },
		{ "chunked", ERR_TOO_LARGE },
		/* No ETag, so there is no going on with it. */
		{ "short", ERR_ORIGIN_FAILED },
	};
	struct place *p = *state;

	memset(big + strlen(big), 'x', 1025);
	memset(chunked + strlen(chunked), 'x', 1025);
	open_store(p, "failures = 0\nendpoint = http://127.0.0.1:%d/");
	p->peer->arg = script;
	for (size_t i = 0; i < NELEM(rows); i++) {
		struct asked a = ask(p, rows[i].key);

		assert_code(&a, rows[i].code);
		assert_true(last_has(p, "\r\nAccept-Encoding: identity\r\n"));
	}
	assert_int_equal(p->peer->requests, NELEM(rows));
}

/* --- redirects --- */

#define TO(where)                                     \
	"HTTP/1.1 302 There\r\nContent-Length: 0\r\n" \
	"Location: " where "\r\n\r\n"

static void
test_redirects(void **state)
{
	char there[2][256];
	struct place *p = *state;
	struct script script[] = {
		{ "/p/a", { TO("b?x=1#f") }, 0 },
		{ "/p/b?x=1", { TO("/p/c c\xc3\xa4") }, 0 },
		{ "/p/c%20c%C3%A4", { TO("../p/./d") }, 0 },
		{ "/p/d", { OK_ABC }, 0 },
		{ "/p/loop", { TO("loop") }, 0 },
		{ "/p/out", { TO("/q/d") }, 0 },
		{ "/p/up", { TO("%2e%2e/q/d") }, 0 },
		{ "/p/meta", { TO("http://169.254.169.254/p/") }, 0 },
		{ "/p/file", { TO("file:///etc/passwd") }, 0 },
		{ "/p/user", { TO("http://a:b@127.0.0.1/p/d") }, 0 },
		{ "/p/none", { "HTTP/1.1 301 x\r\nContent-Length: 0\r\n\r\n" },
		    0 },
		{ "/p/name", { there[0] }, 0 },
		{ "/p/else", { there[1] }, 0 },
		{ NULL, { NULL }, 0 },
	};
	static const struct {
		const char *key;
		enum err_code code;
	} rows[] = {
		{ "a", ERR_NONE },
		{ "loop", ERR_ORIGIN_DENIED },
		{ "out", ERR_FORBIDDEN },
		{ "up", ERR_FORBIDDEN },
		{ "meta", ERR_FORBIDDEN },
		{ "file", ERR_FORBIDDEN },
		{ "user", ERR_ORIGIN_FAILED },
		{ "none", ERR_ORIGIN_FAILED },
		{ "name", ERR_NONE },
		{ "else", ERR_FORBIDDEN },
	};
	const struct origin_header header = { "x-mine", "1" };

	snprintf(there[0], sizeof(there[0]), TO("http://localhost:%d/p/d"),
	    p->peer->port);
	snprintf(there[1], sizeof(there[1]), TO("//other.test:%d/p/d"),
	    p->peer->port);
	open_store(p,
	    "failures = 0\nendpoint = http://127.0.0.1:%d/p/\n"
	    "allow = http://localhost:%d/p/\nforward = x-mine\n"
	    "headers = X-Key:secret");
	p->peer->arg = script;
	for (size_t i = 0; i < NELEM(rows); i++) {
		unsigned before = p->peer->requests;
		struct asked a = ask_with(p, rows[i].key, NULL, &header, 1);
		bool home = strcmp(rows[i].key, "name") != 0;

		assert_code(&a, rows[i].code);
		assert_int_equal(last_has(p, "X-Key"), home);
		assert_int_equal(last_has(p, "x-mine"), home);
		if (i == 1)
			assert_int_equal(p->peer->requests - before, 4);
	}
}

/* --- new tries --- */

#define TAGGED(etag) \
	"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nETag: " etag "\r\n\r\n"
#define REST(etag, range, rest)                                      \
	"HTTP/1.1 206 OK\r\nContent-Length: 3\r\nETag: " etag "\r\n" \
	"Content-Range: bytes " range "\r\n\r\n" rest

static const char busy[] = "HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n";
static const char later[] =
    "HTTP/1.1 503 x\r\nContent-Length: 0\r\nRetry-After: 5\r\n\r\n";
static struct script again[] = {
	{ "/busy", { busy, busy, OK_ABC }, 0 },
	{ "/busier", { busy, busy, busy, OK_ABC }, 0 },
	{ "/later", { later, OK_ABC }, 0 },
	{ "/closed", { "!", "!HTTP/1.1 200", OK_ABC }, 0 },
	{ "/gone", { "HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n", OK_ABC },
	    0 },
	{ "/broken",
	    { "!" TAGGED("\"e\"") "abc", REST("\"e\"", "3-5/6", "def") }, 0 },
	{ "/twice",
	    { "!" TAGGED("\"e\"") "abc", busy, REST("\"e\"", "3-5/6", "def") },
	    0 },
	{ "/weak",
	    { "!" TAGGED("W/\"e\"") "abc", REST("W/\"e\"", "3-5/6", "def") },
	    0 },
	{ "/other", { "!" TAGGED("\"e\"") "abc", TAGGED("\"f\"") "uvwxyz" },
	    0 },
	{ "/whole", { "!" TAGGED("\"e\"") "abc", TAGGED("\"e\"") "abcdef" },
	    0 },
	{ "/wrong",
	    { "!" TAGGED("\"e\"") "abc", REST("\"e\"", "2-4/6", "cde") }, 0 },
	{ "/size", { "!" TAGGED("\"e\"") "abc", REST("\"e\"", "3-5/7", "def") },
	    0 },
	{ NULL, { NULL }, 0 },
};

static void
test_again(void **state)
{
	static const struct {
		const char *key;
		enum err_code code;
		unsigned requests;
		const char *body;
	} rows[] = {
		{ "busy", ERR_NONE, 3, "abc" },
		{ "busier", ERR_ORIGIN_FAILED, 3, "" },
		{ "later", ERR_ORIGIN_FAILED, 1, "" },
		{ "closed", ERR_NONE, 3, "abc" },
		{ "gone", ERR_NO_SOURCE, 1, "" },
		{ "broken", ERR_NONE, 2, "abcdef" },
		{ "twice", ERR_NONE, 3, "abcdef" },
		{ "weak", ERR_ORIGIN_FAILED, 1, "abc" },
		{ "other", ERR_ORIGIN_CHANGED, 2, "abc" },
		{ "whole", ERR_ORIGIN_FAILED, 2, "abc" },
		{ "wrong", ERR_ORIGIN_FAILED, 2, "abc" },
		{ "size", ERR_ORIGIN_FAILED, 2, "abc" },
	};
	struct place *p = *state;

	open_store(p, "failures = 0\nendpoint = http://127.0.0.1:%d/");
	p->peer->arg = again;
	for (size_t i = 0; i < NELEM(rows); i++) {
		unsigned before = p->peer->requests;
		struct asked a = ask(p, rows[i].key);

		if (a.is.err.code != rows[i].code ||
		    p->peer->requests - before != rows[i].requests)
			fail_msg("%s: %d (%s), %u requests", rows[i].key,
			    (int)a.is.err.code, a.is.err.detail,
			    p->peer->requests - before);
		assert_string_equal(a.is.body, rows[i].body);
		if (strcmp(rows[i].key, "broken") == 0) {
			assert_true(last_has(p, "\r\nRange: bytes=3-\r\n"));
			assert_true(last_has(p, "\r\nIf-Range: \"e\"\r\n"));
		}
	}
}

/* --- headers and configuration --- */

static void
test_headers(void **state)
{
	static struct script script[] = {
		{ "/a", { OK_ABC }, 0 },
		{ NULL, { NULL }, 0 },
	};
	const struct origin_header headers[] = {
		{ "accept-language", "de" },
		{ "x-key", "mine" },
		{ "x-other", "no" },
		{ "cookie", "no" },
	};
	struct place *p = *state;
	struct asked a;

	open_store(p,
	    "endpoint = http://127.0.0.1:%d/\n"
	    "forward = accept-language X-Key\n"
	    "headers = X-Key:theirs Authorization:Bearer-1 X-Empty:");
	p->peer->arg = script;
	a = ask_with(p, "a", NULL, headers, NELEM(headers));
	assert_body(&a, "abc");
	assert_true(last_has(p, "\r\naccept-language: de\r\n"));
	assert_true(last_has(p, "\r\nX-Key: theirs\r\n"));
	assert_false(last_has(p, "mine"));
	assert_false(last_has(p, "x-other"));
	assert_false(last_has(p, "cookie"));
	assert_true(last_has(p, "\r\nAuthorization: Bearer-1\r\n"));
	assert_true(last_has(p, "\r\nX-Empty:\r\n"));
}

static void
test_configuration(void **state)
{
	static const char *const rows[][2] = {
		{ "endpoint = ftp://x/", "neither http" },
		{ "endpoint = http://x/?q=", "a query" },
		{ "endpoint = http://u:p@x/", "a user" },
		{ "endpoint = http://x/\nheaders = secret", "not name:value" },
		{ "endpoint = http://x/\nheaders = Range:secret",
		    "not yours to send" },
		{ "endpoint = http://x/\nnetworks = 10.0.0.1/8", "more bits" },
		{ "endpoint = http://x/\nnetworks = localhost", "right would" },
		{ "endpoint = http://x/\nca_file = /nowhere", "/nowhere" },
		{ "allow = https://*/", "letters" },
		{ "allow = https://x/y", "must end with /" },
	};
	char text[TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < NELEM(rows); i++) {
		struct err e;

		snprintf(text, sizeof(text),
		    "[store.web]\ntype = http\n%s\n[mount.all]\npath = /\n"
		    "stores = web\n",
		    rows[i][0]);
		kit_refused(text, rows[i][1], &e);
		if (strstr(e.detail, "[store.web]") == NULL ||
		    strstr(e.detail, "secret") != NULL)
			fail_msg("row %zu: %s", i, e.detail);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_urls, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rests, setup, teardown),
		cmocka_unit_test_setup_teardown(test_facts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fresh, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_conditional, setup, teardown),
		cmocka_unit_test_setup_teardown(test_statuses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bodies, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_redirects, setup, teardown),
		cmocka_unit_test_setup_teardown(test_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_headers, setup, teardown),
		cmocka_unit_test(test_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
