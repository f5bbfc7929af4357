/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transfers, from a server that says what each test wrote down: every way in
 * which an answer can be right or wrong has its exact end.
 *
 * Times to wait for are a minute where something is to end at once, and short
 * where the end of a time is what is tried; nothing is measured.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "metric/metric.h"
#include "net/fetch.h"
#include "net/guard.h"
#include "peer.h"
#include "unit.h"

enum { URL_SIZE = 256, MANY = 24 };

/* --- names: libcurl asks this, not the C library's --- */

static _Atomic int names_asked;

static struct addrinfo *
address(const char *text, struct addrinfo *next)
{
	/* One piece of memory, as freeaddrinfo() below takes it. */
	struct {
		struct addrinfo info;
		struct sockaddr_in at;
	} *a = xcalloc(1, sizeof(*a));

	a->at.sin_family = AF_INET;
	inet_pton(AF_INET, text, &a->at.sin_addr);
	a->info.ai_family = AF_INET;
	a->info.ai_socktype = SOCK_STREAM;
	a->info.ai_addr = (struct sockaddr *)&a->at;
	a->info.ai_addrlen = sizeof(a->at);
	a->info.ai_next = next;
	return &a->info;
}

__attribute__((visibility("default"))) int
getaddrinfo(const char *restrict name, const char *restrict service,
    const struct addrinfo *restrict hints, struct addrinfo **restrict out)
{
	unsigned short port = (unsigned short)strtoul(service, NULL, 10);

	(void)hints;
	names_asked++;
	if (strcmp(name, "slow.test") == 0)
		clock_sleep_ns(3 * NS_PER_S);
	if (strcmp(name, "two.test") == 0)
		*out = address("127.0.0.9", address("127.0.0.1", NULL));
	else if (strcmp(name, "unknown.test") == 0)
		return EAI_NONAME;
	else
		*out = address("127.0.0.1", NULL);
	for (struct addrinfo *at = *out; at != NULL; at = at->ai_next)
		((struct sockaddr_in *)(void *)at->ai_addr)->sin_port =
		    htons(port);
	return 0;
}

__attribute__((visibility("default"))) void
freeaddrinfo(struct addrinfo *all)
{
	while (all != NULL) {
		struct addrinfo *next = all->ai_next;

		free(all);
		all = next;
	}
}

/* --- a fetcher, a peer, and transfers that are waited for --- */

struct place {
	struct fetcher *fetcher;
	struct fetch_way *way;
	struct peer *peer;
};

struct asked {
	struct fetch f;
	sem_t begun, ended;
	char url[URL_SIZE];
	_Atomic uint32_t cancel;
	struct blob *blob, *reader;
	size_t room; /* of a blob; 0: text */
	bool refuse; /* head() says false */
	unsigned heads, ends;
	int again; /* so often it is started again in end() */
	struct fetcher *fetcher;
	char type[64]; /* Content-Type, seen in head() */
	char text[FETCH_TEXT_MAX + 1];
};

static void
waiter(sem_t *sem)
{
	while (sem_wait(sem) != 0)
		;
}

static bool
on_head(struct fetch *f)
{
	struct asked *a = f->owner;

	a->heads++;
	slice_copy(
	    fetch_answer_header(f, "content-type"), a->type, sizeof(a->type));
	if (a->refuse)
		return err_set(&f->err, ERR_ORIGIN_DENIED, "not this one");
	if (a->room > 0) {
		a->blob = blob_new(a->room, 0);
		a->reader = blob_ref(a->blob);
		f->into = a->blob;
	}
	sem_post(&a->begun);
	return true;
}

static void
on_end(struct fetch *f)
{
	struct asked *a = f->owner;

	a->ends++;
	a->text[0] = '\0';
	if (f->text != NULL) {
		assert_true(f->ntext <= FETCH_TEXT_MAX);
		assert_int_equal(f->text[f->ntext], '\0');
		memcpy(a->text, f->text, f->ntext + 1);
	}
	if (a->blob != NULL)
		blob_finish(a->blob, f->ended == FETCH_DONE ? NULL : &f->err);
	if (a->again > 0) {
		a->again--;
		f->start_ns = clock_ns() + 20 * NS_PER_MS;
		fetch_start(a->fetcher, f);
		return;
	}
	sem_post(&a->ended);
}

static struct fetch_way *
way_of(unsigned transfers, int64_t connect_ns, int64_t silent_ns,
    struct guard *guard)
{
	struct fetch_way_spec spec = {
		.transfers = transfers,
		.connect_ns = connect_ns,
		.silent_ns = silent_ns,
		.guard = guard,
	};
	struct fetch_way *way = NULL;
	struct err e;

	if (!fetch_way_new_take(&spec, &way, &e))
		fail_msg("%s", e.detail);
	return way;
}

static int
setup(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));
	struct err e;

	if (!fetcher_new(8, &p->fetcher, &e))
		fail_msg("%s", e.detail);
	p->way = way_of(8, 60 * NS_PER_S, 60 * NS_PER_S, NULL);
	p->peer = xcalloc(1, sizeof(*p->peer));
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	struct place *p = *state;

	fetch_way_drop(p->way);
	if (p->peer->serve != NULL)
		peer_stop(p->peer);
	fetcher_free(p->fetcher);
	free(p->peer);
	free(p);
	return 0;
}

static struct asked *
asked_new(struct place *p, const char *method, const char *path)
{
	struct asked *a = xcalloc(1, sizeof(*a));

	sem_init(&a->begun, 0, 0);
	sem_init(&a->ended, 0, 0);
	snprintf(a->url, sizeof(a->url), "http://127.0.0.1:%d%s", p->peer->port,
	    path);
	a->fetcher = p->fetcher;
	a->f.way = p->way;
	a->f.method = method;
	a->f.url = a->url;
	a->f.deadline_ns = clock_ns() + 60 * NS_PER_S;
	a->f.cancel = &a->cancel;
	a->f.head = on_head;
	a->f.end = on_end;
	a->f.owner = a;
	return a;
}

static void
asked_free(struct asked *a)
{
	blob_drop(a->blob);
	blob_drop(a->reader);
	sem_destroy(&a->begun);
	sem_destroy(&a->ended);
	free(a);
}

static void
begin(struct place *p, struct asked *a)
{
	fetch_start(p->fetcher, &a->f);
}

static void
finish(struct asked *a)
{
	waiter(&a->ended);
}

static struct asked *
ask(struct place *p, const char *path)
{
	struct asked *a = asked_new(p, "GET", path);

	begin(p, a);
	finish(a);
	return a;
}

static void
assert_end(const struct asked *a, enum fetch_end ended, enum err_code code)
{
	if (a->f.ended != ended || a->f.err.code != code)
		fail_msg("ended %d with %d (%s), not %d with %d", a->f.ended,
		    a->f.err.code, a->f.err.detail, ended, code);
	assert_int_equal(a->ends, 1);
}

static void
assert_says(const struct asked *a, const char *part)
{
	if (strstr(a->f.err.detail, part) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", a->f.err.detail, part);
}

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

static bool
serve_ok(struct talk *t)
{
	return say(t,
	    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
	    "Set-Cookie: a=b; path=/\r\n\r\nok");
}

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

/* --- times --- */

static bool
serve_silence(struct talk *t)
{
	stay_silent(t);
	return false;
}

static bool
serve_half(struct talk *t)
{
	if (say(t, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"))
		stay_silent(t);
	return false;
}

static bool
serve_trickle(struct talk *t)
{
	if (!say(t, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"))
		return false;
	while (!t->peer->stop && say(t, "x"))
		clock_sleep_ns(20 * NS_PER_MS);
	return false;
}

static bool
serve_reset(struct talk *t)
{
	(void)say(t, t->peer->arg);
	/* It is read before it is torn down. */
	clock_sleep_ns(100 * NS_PER_MS);
	reset(t);
	return false;
}

static void
test_silent(void **state)
{
	struct place *p = *state;
	struct asked *a;

	fetch_way_drop(p->way);
	p->way = way_of(8, 60 * NS_PER_S, 200 * NS_PER_MS, NULL);
	peer_start(p->peer, serve_silence, NULL);
	a = ask(p, "/");
	assert_end(a, FETCH_NO_ANSWER, ERR_ORIGIN_TIMEOUT);
	assert_says(a, "silent for 200 ms before the answer's head");
	asked_free(a);
	p->peer->serve = serve_half;
	a = ask(p, "/");
	assert_end(a, FETCH_BROKEN, ERR_ORIGIN_TIMEOUT);
	assert_says(a, "silent for 200 ms with the body at 4 bytes");
	asked_free(a);
}

static void
test_late(void **state)
{
	struct place *p = *state;
	struct asked *a;

	peer_start(p->peer, serve_silence, NULL);
	a = asked_new(p, "GET", "/");
	a->f.deadline_ns = clock_ns() + 200 * NS_PER_MS;
	begin(p, a);
	finish(a);
	assert_end(a, FETCH_LATE, ERR_ORIGIN_TIMEOUT);
	assert_says(a, "before the answer's head");
	asked_free(a);
	/* It is never silent, and does not come to its end either. */
	p->peer->serve = serve_trickle;
	a = asked_new(p, "GET", "/");
	a->f.deadline_ns = clock_ns() + 300 * NS_PER_MS;
	begin(p, a);
	finish(a);
	assert_end(a, FETCH_LATE, ERR_ORIGIN_TIMEOUT);
	assert_says(a, "with the body at ");
	asked_free(a);
	/* Already over. */
	a = asked_new(p, "GET", "/");
	a->f.deadline_ns = clock_ns();
	begin(p, a);
	finish(a);
	assert_end(a, FETCH_LATE, ERR_ORIGIN_TIMEOUT);
	assert_says(a, "before its turn");
	asked_free(a);
}

/* A listener who accepts nobody: after its queue is full, SYNs are dropped. */
static void
test_connect_late(void **state)
{
	struct place *p = *state;
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t size = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct asked *a[8];

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 0), 0);
	getsockname(listener, (struct sockaddr *)&at, &size);
	fetch_way_drop(p->way);
	p->way = way_of(8, 300 * NS_PER_MS, 600 * NS_PER_MS, NULL);
	p->peer->port = ntohs(at.sin_port);
	for (size_t i = 0; i < NELEM(a); i++) {
		a[i] = asked_new(p, "GET", "/");
		begin(p, a[i]);
	}
	for (size_t i = 0; i < NELEM(a); i++)
		finish(a[i]);
	assert_end(a[NELEM(a) - 1], FETCH_NO_ANSWER, ERR_ORIGIN_TIMEOUT);
	assert_says(a[NELEM(a) - 1], "connecting took longer than 300 ms");
	for (size_t i = 0; i < NELEM(a); i++)
		asked_free(a[i]);
	close(listener);
}

static void
test_reset(void **state)
{
	struct place *p = *state;
	char head[] = "HTTP/1.1 200 OK\r\n\r\nhalf";
	char nothing[] = "";
	struct asked *a;

	peer_start(p->peer, serve_reset, NULL);
	p->peer->arg = head;
	a = ask(p, "/");
	assert_end(a, FETCH_BROKEN, ERR_ORIGIN_FAILED);
	assert_says(a, "at 4 bytes");
	asked_free(a);
	p->peer->arg = nothing;
	a = ask(p, "/");
	assert_end(a, FETCH_NO_ANSWER, ERR_ORIGIN_FAILED);
	asked_free(a);
	/* Nobody listens there. */
	a = asked_new(p, "GET", "/");
	strcpy(a->url, "http://127.0.0.1:1/");
	begin(p, a);
	finish(a);
	assert_end(a, FETCH_NO_ANSWER, ERR_ORIGIN_FAILED);
	assert_says(a, "127.0.0.1:1: there is no connection");
	asked_free(a);
}

/* --- nobody waits --- */

static void
until_asked(struct peer *p, unsigned n)
{
	while (p->requests < n)
		clock_sleep_ns(5 * NS_PER_MS);
}

static void
test_cancel(void **state)
{
	struct place *p = *state;
	struct asked *a;

	peer_start(p->peer, serve_half, NULL);
	a = asked_new(p, "GET", "/");
	begin(p, a);
	until_asked(p->peer, 1);
	a->cancel = 1;
	finish(a);
	assert_end(a, FETCH_STOPPED, ERR_CLIENT_GONE);
	asked_free(a);
	/* In the middle of a body that nobody reads any more. */
	a = asked_new(p, "GET", "/");
	a->room = 100;
	begin(p, a);
	waiter(&a->begun);
	(void)blob_wait(a->reader, 3, CLOCK_NEVER);
	blob_drop(a->reader);
	a->reader = NULL;
	finish(a);
	assert_end(a, FETCH_STOPPED, ERR_CLIENT_GONE);
	assert_says(a, "nobody reads the body");
	asked_free(a);
	/* Before it began. */
	a = asked_new(p, "GET", "/");
	a->cancel = 1;
	begin(p, a);
	finish(a);
	assert_end(a, FETCH_STOPPED, ERR_CLIENT_GONE);
	assert_int_equal(p->peer->requests, 2);
	asked_free(a);
	a = asked_new(p, "GET", "/");
	a->f.start_ns = CLOCK_NEVER;
	begin(p, a);
	a->cancel = 1;
	fetcher_poke(p->fetcher);
	finish(a);
	assert_end(a, FETCH_STOPPED, ERR_CLIENT_GONE);
	asked_free(a);
}

/* A transfer for each place where one can be; all end with the fetcher. */
static void
test_stop(void **state)
{
	struct place *p = *state;
	struct asked *a[12];

	peer_start(p->peer, serve_half, NULL);
	for (size_t i = 0; i < NELEM(a); i++) {
		a[i] = asked_new(p, "GET", "/");
		if (i == 11)
			a[i]->f.start_ns = CLOCK_NEVER;
		begin(p, a[i]);
	}
	until_asked(p->peer, 8);
	fetcher_free(p->fetcher);
	p->fetcher = NULL;
	for (size_t i = 0; i < NELEM(a); i++) {
		finish(a[i]);
		assert_end(a[i], FETCH_STOPPED, ERR_DRAINING);
		asked_free(a[i]);
	}
}

/* --- turns --- */

static bool
serve_gate(struct talk *t)
{
	if (strncmp(t->request, "GET /one ", 9) == 0)
		t->peer->seen = true;
	wait_to_go(t);
	return serve_ok(t);
}

static void
test_bounds(void **state)
{
	struct place *p = *state;
	struct asked *a[MANY];

	fetch_way_drop(p->way);
	p->way = way_of(3, 60 * NS_PER_S, 60 * NS_PER_S, NULL);
	peer_start(p->peer, serve_gate, NULL);
	for (size_t i = 0; i < MANY; i++) {
		a[i] = asked_new(p, "GET", "/");
		begin(p, a[i]);
	}
	until_asked(p->peer, 3);
	p->peer->permits = MANY;
	for (size_t i = 0; i < MANY; i++) {
		finish(a[i]);
		assert_end(a[i], FETCH_DONE, ERR_NONE);
		asked_free(a[i]);
	}
	assert_int_equal(p->peer->most, 3);
	assert_true(p->peer->connections <= 3);
	assert_int_equal(metric_value(METRIC_FETCHES, 0, 0), 0);
	assert_int_equal(metric_value(METRIC_FETCHES_WAITING, 0, 0), 0);
}

/* Much is asked of one way; the other one's transfer is not behind all of it. */
static void
test_fair(void **state)
{
	struct place *p = *state;
	struct fetch_way *other = way_of(8, 60 * NS_PER_S, 60 * NS_PER_S, NULL);
	struct asked *many[MANY];
	struct asked *one;

	peer_start(p->peer, serve_gate, NULL);
	for (size_t i = 0; i < MANY; i++) {
		many[i] = asked_new(p, "GET", "/many");
		begin(p, many[i]);
	}
	until_asked(p->peer, 8);
	one = asked_new(p, "GET", "/one");
	one->f.way = other;
	begin(p, one);
	while (metric_value(METRIC_FETCHES_WAITING, 0, 0) < MANY - 8 + 1)
		clock_sleep_ns(5 * NS_PER_MS);
	/* It is among the next eight. */
	p->peer->permits += 8;
	until_asked(p->peer, 16);
	assert_true(p->peer->seen);
	p->peer->permits += MANY;
	finish(one);
	assert_end(one, FETCH_DONE, ERR_NONE);
	for (size_t i = 0; i < MANY; i++) {
		finish(many[i]);
		asked_free(many[i]);
	}
	asked_free(one);
	fetch_way_drop(other);
}

static void
test_again(void **state)
{
	struct place *p = *state;
	struct asked *a;

	peer_start(p->peer, serve_ok, NULL);
	a = asked_new(p, "GET", "/");
	a->again = 3;
	begin(p, a);
	finish(a);
	assert_int_equal(a->ends, 4);
	assert_int_equal(p->peer->requests, 4);
	assert_int_equal(a->f.ended, FETCH_DONE);
	asked_free(a);
}

/* A server that says nothing of closing, and closes. */
static bool
serve_once(struct talk *t)
{
	(void)serve_ok(t);
	return false;
}

static void
test_dead_connection(void **state)
{
	struct place *p = *state;

	peer_start(p->peer, serve_once, NULL);
	for (unsigned i = 1; i <= 4; i++) {
		struct asked *a = ask(p, "/");

		assert_end(a, FETCH_DONE, ERR_NONE);
		assert_int_equal(p->peer->connections, i);
		asked_free(a);
	}
}

/* --- the guard, and names --- */

static struct guard *
guard_of(const char *network)
{
	const char *networks[] = { network, NULL };
	struct guard_spec spec = { .networks = networks };
	struct guard *g = NULL;
	struct err e;

	if (!guard_new(&spec, &g, &e))
		fail_msg("%s", e.detail);
	return g;
}

static void
test_guard(void **state)
{
	struct place *p = *state;
	struct fetch_way *guarded =
	    way_of(8, 60 * NS_PER_S, 60 * NS_PER_S, guard_of("10.0.0.0/8"));
	struct fetch_way *open =
	    way_of(8, 60 * NS_PER_S, 60 * NS_PER_S, guard_of("127.0.0.1/32"));
	struct asked *a;

	peer_start(p->peer, serve_ok, NULL);
	/* Once with a socket to be made, once with a connection that is there;
	 * both by name and by address. */
	for (int i = 0; i < 4; i++) {
		a = asked_new(p, "GET", "/");
		if (i % 2 == 1)
			snprintf(a->url, sizeof(a->url), "http://name.test:%d/",
			    p->peer->port);
		a->f.way = guarded;
		begin(p, a);
		finish(a);
		assert_end(a, FETCH_REFUSED, ERR_FORBIDDEN);
		assert_says(a, "address 127.0.0.1: loopback");
		asked_free(a);
		assert_int_equal(p->peer->requests, i < 2 ? 0 : 2);
		if (i != 1)
			continue;
		a = ask(p, "/");
		asked_free(a);
		a = asked_new(p, "GET", "/");
		snprintf(a->url, sizeof(a->url), "http://name.test:%d/",
		    p->peer->port);
		begin(p, a);
		finish(a);
		assert_end(a, FETCH_DONE, ERR_NONE);
		asked_free(a);
	}
	/* Of two addresses the one that is allowed. */
	a = asked_new(p, "GET", "/");
	snprintf(a->url, sizeof(a->url), "http://two.test:%d/", p->peer->port);
	a->f.way = open;
	begin(p, a);
	finish(a);
	assert_end(a, FETCH_DONE, ERR_NONE);
	asked_free(a);
	fetch_way_drop(guarded);
	fetch_way_drop(open);
}

static void
test_names(void **state)
{
	struct place *p = *state;
	struct asked *slow = asked_new(p, "GET", "/");
	int asked_before = names_asked;
	struct asked *a;

	peer_start(p->peer, serve_ok, NULL);
	/* Nobody answers for it in time: neither its end nor the other
	 * transfers wait for that. */
	snprintf(slow->url, sizeof(slow->url), "http://slow.test:%d/",
	    p->peer->port);
	slow->f.deadline_ns = clock_ns() + 200 * NS_PER_MS;
	begin(p, slow);
	finish(slow);
	assert_end(slow, FETCH_LATE, ERR_ORIGIN_TIMEOUT);
	assert_says(slow, "looking up the name");
	a = ask(p, "/");
	assert_end(a, FETCH_DONE, ERR_NONE);
	asked_free(a);
	a = asked_new(p, "GET", "/");
	strcpy(a->url, "http://unknown.test/");
	begin(p, a);
	finish(a);
	assert_end(a, FETCH_NO_ANSWER, ERR_ORIGIN_FAILED);
	assert_says(a, "the name is not known");
	asked_free(a);
	asked_free(slow);
	assert_true(names_asked >= asked_before + 2);
	/* Its thread ends by itself. */
	clock_sleep_ns(3100 * NS_PER_MS);
}

static void
test_ways(void **state)
{
	struct fetch_way_spec spec = { .ca_file = "/nowhere/ca.pem",
		.transfers = 1 };
	struct fetch_way *way = NULL;
	char path[] = "/tmp/pictor-fetch-XXXXXX";
	int fd = mkstemp(path);
	struct err e;

	(void)state;
	assert_true(fd >= 0);
	assert_false(fetch_way_new_take(&spec, &way, &e));
	assert_int_equal(e.code, ERR_CONFIG);
	spec.ca_file = path;
	assert_false(fetch_way_new_take(&spec, &way, &e));
	assert_int_equal(e.code, ERR_CONFIG);
	assert_non_null(strstr(e.detail, "no certificate"));
	close(fd);
	unlink(path);
	fetch_way_drop(NULL);
	fetcher_free(NULL);
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
		cmocka_unit_test_setup_teardown(test_silent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_late, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_connect_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fair, setup, teardown),
		cmocka_unit_test_setup_teardown(test_again, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_dead_connection, setup, teardown),
		cmocka_unit_test_setup_teardown(test_guard, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test(test_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
