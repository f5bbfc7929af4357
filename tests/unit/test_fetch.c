/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transfers, from a server that says what each test wrote down: every way in
 * which an answer can be right or wrong has its exact end; and what is sent.
 */
#include <stdio.h>
#include <string.h>

#include "fetch_kit.h"
#include "metric/metric.h"

/* --- answers that are right --- */

static bool
serve_plain(struct talk *t)
{
	return say(t,
	    "HTTP/1.1 200 OK\r\nContent-Type:  image/png \r\n"
	    "X-Fold: a\r\n  b\r\nX-Empty:\r\n"
	    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
	    "content-length: 5\r\nX-Two: 1\r\nX-Two: 2\r\n\r\nhello");
}

static bool
see_headers(struct fetch *f)
{
	assert_true(slice_is(fetch_answer_header(f, "x-fold"), "a b"));
	assert_true(slice_is(fetch_answer_header(f, "x-two"), "1"));
	assert_non_null(fetch_answer_header(f, "x-empty").at);
	assert_int_equal(fetch_answer_header(f, "x-empty").len, 0);
	assert_null(fetch_answer_header(f, "x").at);
	assert_true(fetch_clock_ahead_s(f) < -900000000);
	return on_head(f);
}

static void
test_plain(void **state)
{
	struct place *p = *state;
	uint64_t before = metric_value(METRIC_FETCH_BYTES, 0, 0);
	uint64_t done = metric_value(METRIC_FETCH_ENDS, FETCH_DONE, 0);
	struct asked *a;
	char peer[64];

	peer_start(p->peer, serve_plain, NULL);
	a = asked_new(p, "GET", "/x");
	a->f.head = see_headers;
	begin(p, a);
	finish(a);
	assert_end(a, FETCH_DONE, ERR_NONE);
	assert_int_equal(a->f.status, 200);
	assert_int_equal(a->f.length, 5);
	assert_int_equal(a->f.got, 5);
	assert_int_equal(a->f.ntext, 5);
	assert_string_equal(a->text, "hello");
	assert_string_equal(a->type, "image/png");
	snprintf(peer, sizeof(peer), "127.0.0.1:%d", p->peer->port);
	assert_string_equal(a->f.peer, peer);
	assert_int_equal(metric_value(METRIC_FETCH_BYTES, 0, 0), before + 5);
	assert_int_equal(
	    metric_value(METRIC_FETCH_ENDS, FETCH_DONE, 0), done + 1);
	asked_free(a);
	/* The same connection again. */
	a = ask(p, "/y");
	assert_end(a, FETCH_DONE, ERR_NONE);
	assert_int_equal(p->peer->connections, 1);
	assert_int_equal(p->peer->requests, 2);
	asked_free(a);
}

/* What each answer looks like, whatever a request asks. */
static bool
serve_text(struct talk *t)
{
	(void)say(t, t->peer->arg);
	return false;
}

/* One answer of the peer's, then the connection is closed. */
static const struct row {
	const char *answer;
	enum fetch_end ended;
	int status;
	const char *text; /* of DONE: the body; else part of the error */
} rows[] = {
	{ "HTTP/1.0 200 OK\r\n\r\nuntil the end", FETCH_DONE, 200,
	    "until the end" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n"
	  "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX: trailer\r\n\r\n",
	    FETCH_DONE, 200, "hello world" },
	/* Both: chunked counts, and no length is told. */
	{ "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n"
	  "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
	    FETCH_DONE, 200, "x" },
	{ "HTTP/1.1 100 Continue\r\nContent-Length: 7\r\n\r\n"
	  "HTTP/1.1 103 Early\r\nLink: x\r\n\r\n"
	  "HTTP/1.1 404 No\r\nContent-Length: 3\r\n\r\nnot",
	    FETCH_DONE, 404, "not" },
	{ "HTTP/1.1 204 Nothing\r\n\r\n", FETCH_DONE, 204, "" },
	{ "HTTP/1.1 304 Same\r\nContent-Length: 99\r\nETag: x\r\n\r\n",
	    FETCH_DONE, 304, "" },
	{ "HTTP/1.1 302 There\r\nLocation: http://127.0.0.1:1/\r\n"
	  "Content-Length: 0\r\n\r\n",
	    FETCH_DONE, 302, "" },
	/* Nobody asked for it, nobody decodes it. */
	{ "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n"
	  "\r\nzzzz",
	    FETCH_DONE, 200, "zzzz" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: "
	  "3\r\n\r\nabc",
	    FETCH_DONE, 200, "abc" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\n",
	    FETCH_DONE, 200, "abc" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", FETCH_BROKEN,
	    200, "at 5 of 10 bytes" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
	    FETCH_BROKEN, 200, "at 3 bytes" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello",
	    FETCH_BROKEN, 200, "bytes" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: "
	  "4\r\n\r\nabcd",
	    FETCH_BROKEN, 0, "both 3 and 4" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nabc", FETCH_BROKEN, 0,
	    "Content-Length is no number" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc", FETCH_BROKEN, 0,
	    "Content-Length" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nabc",
	    FETCH_BROKEN, 0, "Content-Length is no number" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
	  "0\r\n\r\n",
	    FETCH_BROKEN, 0, "other than chunked" },
	{ "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n", FETCH_BROKEN,
	    0, "101" },
	{ "HTTP/1.1 20 OK\r\n\r\n", FETCH_BROKEN, 0, "HTTP" },
	{ "<html>this is HTTP/0.9</html>", FETCH_BROKEN, 0, "not HTTP" },
	{ "HTTP/1.1 200 OK\r\nContent-Le", FETCH_BROKEN, 0, "head" },
	{ "HTTP/1.1 100 Continue\r\n\r\n", FETCH_BROKEN, 0, "" },
	{ "", FETCH_NO_ANSWER, 0, "closed without an answer" },
};

static void
test_answers(void **state)
{
	struct place *p = *state;

	peer_start(p->peer, serve_text, NULL);
	for (size_t i = 0; i < NELEM(rows); i++) {
		char answer[512];
		struct asked *a;

		p->peer->arg = strcpy(answer, rows[i].answer);
		a = ask(p, "/");
		if (a->f.ended != rows[i].ended ||
		    a->f.status != rows[i].status ||
		    strstr(
			rows[i].ended == FETCH_DONE ? a->text : a->f.err.detail,
			rows[i].text) == NULL)
			fail_msg("row %zu: ended %d (%s), status %d, \"%s\"", i,
			    a->f.ended, a->f.err.detail, a->f.status, a->text);
		if (a->f.ended != FETCH_DONE)
			assert_int_equal(a->f.err.code, ERR_ORIGIN_FAILED);
		else
			assert_int_equal(a->f.got, strlen(rows[i].text));
		if (i == 2)
			assert_int_equal(a->f.length, -1);
		asked_free(a);
	}
}

static bool
serve_length_only(struct talk *t)
{
	return say(t, "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n");
}

static void
test_head(void **state)
{
	struct place *p = *state;
	struct asked *a;

	peer_start(p->peer, serve_length_only, NULL);
	for (int i = 0; i < 2; i++) {
		a = asked_new(p, "HEAD", "/");
		begin(p, a);
		finish(a);
		assert_end(a, FETCH_DONE, ERR_NONE);
		assert_int_equal(a->f.length, 12345);
		assert_int_equal(a->f.got, 0);
		asked_free(a);
	}
	assert_int_equal(p->peer->connections, 1);
}

static bool
serve_big(struct talk *t)
{
	static char kib[1024];

	memset(kib, 'x', sizeof(kib));
	if (!say(t, "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n"))
		return false;
	for (int i = 0; i < 1024; i++)
		if (!say_bytes(t, kib, sizeof(kib)))
			return false;
	return true;
}

static void
test_blob(void **state)
{
	struct place *p = *state;
	struct blob_view view;
	struct asked *a;

	peer_start(p->peer, serve_big, NULL);
	a = asked_new(p, "GET", "/");
	a->room = MIB;
	begin(p, a);
	finish(a);
	assert_end(a, FETCH_DONE, ERR_NONE);
	view = blob_look(a->reader);
	assert_int_equal(view.size, MIB);
	for (size_t i = 0; i < view.size; i++)
		assert_int_equal(view.data[i], 'x');
	asked_free(a);
	/* One byte too few. */
	a = asked_new(p, "GET", "/");
	a->room = MIB - 1;
	begin(p, a);
	finish(a);
	assert_end(a, FETCH_TOO_LARGE, ERR_TOO_LARGE);
	asked_free(a);
	/* As a text. */
	a = ask(p, "/");
	assert_end(a, FETCH_TOO_LARGE, ERR_ORIGIN_FAILED);
	assert_int_equal(a->f.status, 200);
	asked_free(a);
	a = asked_new(p, "GET", "/");
	a->refuse = true;
	begin(p, a);
	finish(a);
	assert_end(a, FETCH_STOPPED, ERR_ORIGIN_DENIED);
	assert_string_equal(a->f.err.detail, "not this one");
	asked_free(a);
}

/* --- what is sent --- */

static void
last_request(struct peer *p, char *out)
{
	lock_take(&p->lock);
	strcpy(out, p->last);
	lock_drop(&p->lock);
}

static void
test_request(void **state)
{
	static char got[PEER_REQUEST_MAX];
	struct place *p = *state;
	char want[512];
	struct asked *a;

	/* Of nobody's concern. */
	setenv("http_proxy", "http://127.0.0.1:1/", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1/", 1);
	peer_start(p->peer, serve_ok, NULL);
	for (int i = 0; i < 2; i++) {
		a = asked_new(p, "GET", "/a/../b//%2e%2e/c%2Fd%41?x=%20+&y#");
		a->url[strlen(a->url) - 1] = '\0';
		a->f.header[0] = (struct fetch_header){ "X-One", "1 2\t3" };
		a->f.header[1] = (struct fetch_header){ "X-Empty", "" };
		a->f.nheader = 2;
		begin(p, a);
		finish(a);
		assert_end(a, FETCH_DONE, ERR_NONE);
		asked_free(a);
	}
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
	last_request(p->peer, got);
	snprintf(want, sizeof(want),
	    "GET /a/../b//%%2e%%2e/c%%2Fd%%41?x=%%20+&y HTTP/1.1\r\n"
	    "Host: 127.0.0.1:%d\r\n"
	    "User-Agent: pictor/" PACKAGE_VERSION "\r\n"
	    "Accept: */*\r\nX-One: 1 2\t3\r\nX-Empty:\r\n\r\n",
	    p->peer->port);
	assert_string_equal(got, want);
}

static void
test_bodies(void **state)
{
	static char got[PEER_REQUEST_MAX];
	static char big[20000];
	static const char *const methods[] = { "PUT", "POST", "PUT", "POST",
		"DELETE" };
	struct place *p = *state;
	struct slice body[] = { { big, sizeof(big) }, { big, sizeof(big) },
		{ NULL, 0 }, { NULL, 0 }, { NULL, 0 } };

	memset(big, 'b', sizeof(big));
	peer_start(p->peer, serve_ok, NULL);
	for (size_t i = 0; i < NELEM(methods); i++) {
		struct asked *a = asked_new(p, methods[i], "/k");
		char want[64];
		const char *end;

		a->f.body = body[i];
		begin(p, a);
		finish(a);
		assert_end(a, FETCH_DONE, ERR_NONE);
		asked_free(a);
		last_request(p->peer, got);
		snprintf(want, sizeof(want), "%s /k HTTP/1.1\r\n", methods[i]);
		assert_memory_equal(got, want, strlen(want));
		snprintf(
		    want, sizeof(want), "Content-Length: %zu\r\n", body[i].len);
		assert_true((strstr(got, want) != NULL) == (i < 4));
		assert_null(strstr(got, "Expect"));
		assert_null(strstr(got, "Content-Type"));
		assert_null(strstr(got, "Transfer-Encoding"));
		end = strstr(got, "\r\n\r\n") + 4;
		assert_int_equal(strlen(end), body[i].len);
		assert_int_equal(strspn(end, "b"), body[i].len);
	}
	assert_int_equal(p->peer->connections, 1);
}

static void
test_refused(void **state)
{
	static const char *const urls[] = { "ftp://127.0.0.1/",
		"file:///etc/passwd", "127.0.0.1/", "HTTP://127.0.0.1/",
		"http://127.0.0.1/a b", "http://127.0.0.1/a\r\nX: y",
		"http://127.0.0.1/\xc3\xa4", "http://127.0.0.1/#x", "" };
	static const struct fetch_header headers[] = { { "A", "b\r\nC: d" },
		{ "A", "b\nC" }, { "A\r\nB", "c" }, { "A:", "b" }, { "", "b" },
		{ "A b", "c" }, { "A", "\x01" }, { "A", "\x7f" } };
	struct place *p = *state;
	struct asked *a;

	peer_start(p->peer, serve_ok, NULL);
	for (size_t i = 0; i < NELEM(urls); i++) {
		a = asked_new(p, "GET", "/");
		strcpy(a->url, urls[i]);
		begin(p, a);
		finish(a);
		assert_end(a, FETCH_REFUSED, ERR_BAD_URL);
		asked_free(a);
	}
	for (size_t i = 0; i < NELEM(headers); i++) {
		a = asked_new(p, "GET", "/");
		a->f.header[0] = headers[i];
		a->f.nheader = 1;
		begin(p, a);
		finish(a);
		assert_end(a, FETCH_REFUSED, ERR_BAD_REQUEST);
		asked_free(a);
	}
	/* Neither sent nor said. */
	a = asked_new(p, "GET", "/");
	snprintf(a->url, sizeof(a->url), "http://me:pw@127.0.0.1:%d/",
	    p->peer->port);
	begin(p, a);
	finish(a);
	assert_end(a, FETCH_REFUSED, ERR_BAD_URL);
	assert_null(strstr(a->f.err.detail, "pw"));
	asked_free(a);
	assert_int_equal(p->peer->requests, 0);
}

/* --- heads without end --- */

static bool
serve_interim(struct talk *t)
{
	while (say(t, "HTTP/1.1 102 Wait\r\nX: y\r\n\r\n"))
		continue;
	return false;
}

static bool
serve_headers(struct talk *t)
{
	if (!say(t, "HTTP/1.1 200 OK\r\n"))
		return false;
	while (say(t, "X-Header: and so on, and so on, and so on\r\n"))
		continue;
	return false;
}

static bool
serve_line(struct talk *t)
{
	if (!say(t, "HTTP/1.1 200 OK\r\nX: "))
		return false;
	while (say(t, "and so on, and so on, and so on"))
		continue;
	return false;
}

static bool
serve_trailers(struct talk *t)
{
	if (!say(t,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"1\r\nx\r\n0\r\n"))
		return false;
	while (say(t, "X-Trailer: and so on, and so on, and so on\r\n"))
		continue;
	return false;
}

static void
endless(struct place *p, bool (*serve)(struct talk *t))
{
	struct asked *a;

	peer_start(p->peer, serve, NULL);
	a = ask(p, "/");
	assert_end(a, FETCH_TOO_LARGE, ERR_ORIGIN_FAILED);
	assert_says(a, "a head of more than 32768 bytes");
	asked_free(a);
}

static void
test_endless_interim(void **state)
{
	endless(*state, serve_interim);
}

static void
test_endless_headers(void **state)
{
	endless(*state, serve_headers);
}

static void
test_endless_line(void **state)
{
	endless(*state, serve_line);
}

static void
test_endless_trailers(void **state)
{
	endless(*state, serve_trailers);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_head, setup, teardown),
		cmocka_unit_test_setup_teardown(test_blob, setup, teardown),
		cmocka_unit_test_setup_teardown(test_request, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bodies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_endless_interim, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_endless_headers, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_endless_line, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_endless_trailers, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
