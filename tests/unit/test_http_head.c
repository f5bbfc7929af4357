/* SPDX-License-Identifier: Apache-2.0 */
/* Which heads are believed, who the viewer is, how errors are written. */
#include <string.h>

#include "http/forwarded.h"
#include "http/head.h"
#include "http/problem.h"
#include "unit.h"

enum { LINES = 4 };

/* One request; the lines are name, value. */
struct case_head {
	const char *method, *target;
	bool old;
	const char *line[LINES][2];
	bool good;
	const char *uri, *host; /* if good */
	const char *param;      /* if not */
};

#define HOST                        \
	{                           \
		"Host", "a.example" \
	}

static const struct case_head heads[] = {
	{ "GET", "/a?b", false, { HOST }, true, "/a?b", "a.example", NULL },
	{ "GET", "/", false, { { "hOST", " [::1]:80 " } }, true, "/",
	    "[::1]:80", NULL },
	{ "GET", "/", true, { { NULL } }, true, "/", "", NULL },
	{ "GET", "/\xc3\xa9", false, { HOST }, true, "/\xc3\xa9", "a.example",
	    NULL },
	{ "OPTIONS", "*", false, { HOST }, true, "*", "a.example", NULL },
	{ "POST", "/", false, { HOST, { "Content-Length", "5" } }, true, "/",
	    "a.example", NULL },
	{ "GET", "/", false, { HOST, { "Content-Length", "0" } }, true, "/",
	    "a.example", NULL },
	/* The whole address: its host wins. */
	{ "GET", "http://b.example:8/x?y", false, { HOST }, true, "/x?y",
	    "b.example:8", NULL },
	{ "GET", "HTTPS://b.example", false, { HOST }, true, "/", "b.example",
	    NULL },
	{ "GET", "http:///x", false, { HOST }, false, NULL, NULL, "target" },
	{ "GET", "http://b@c/x", false, { HOST }, false, NULL, NULL, "target" },
	{ "GET", "http://b?x", false, { HOST }, false, NULL, NULL, "target" },
	/* Targets. */
	{ "GET", "", false, { HOST }, false, NULL, NULL, "target" },
	{ "GET", "a", false, { HOST }, false, NULL, NULL, "target" },
	{ "GET", "*", false, { HOST }, false, NULL, NULL, "target" },
	{ "GET", "/a b", false, { HOST }, false, NULL, NULL, "target" },
	{ "GET", "/a\x7f", false, { HOST }, false, NULL, NULL, "target" },
	{ "GET", "/a\tb", false, { HOST }, false, NULL, NULL, "target" },
	{ "G(T", "/", false, { HOST }, false, NULL, NULL, "method" },
	/* Hosts. */
	{ "GET", "/", false, { { NULL } }, false, NULL, NULL, "Host" },
	{ "GET", "/", false, { HOST, HOST }, false, NULL, NULL, "Host" },
	{ "GET", "/", true, { HOST, HOST }, false, NULL, NULL, "Host" },
	{ "GET", "/", false, { { "Host", "a b" } }, false, NULL, NULL, "Host" },
	{ "GET", "/", false, { { "Host", "a/b" } }, false, NULL, NULL, "Host" },
	/* Two ways to say where the body ends, or a body that nobody wants. */
	{ "POST", "/", false,
	    { HOST, { "Content-Length", "5" },
		{ "Transfer-Encoding", "chunked" } },
	    false, NULL, NULL, "Transfer-Encoding" },
	{ "POST", "/", false,
	    { HOST, { "Content-Length", "5" }, { "Content-Length", "5" } },
	    false, NULL, NULL, "Content-Length" },
	{ "POST", "/", false, { HOST, { "Content-Length", "5, 5" } }, false,
	    NULL, NULL, "Content-Length" },
	{ "POST", "/", false, { HOST, { "Content-Length", "+5" } }, false, NULL,
	    NULL, "Content-Length" },
	{ "POST", "/", false, { HOST, { "Content-Length", "" } }, false, NULL,
	    NULL, "Content-Length" },
	{ "POST", "/", false, { HOST, { "Transfer-Encoding", "gzip" } }, false,
	    NULL, NULL, "Transfer-Encoding" },
	{ "POST", "/", false,
	    { HOST, { "Transfer-Encoding", "gzip, chunked" } }, false, NULL,
	    NULL, "Transfer-Encoding" },
	{ "POST", "/", true, { HOST, { "Transfer-Encoding", "chunked" } },
	    false, NULL, NULL, "Transfer-Encoding" },
	{ "GET", "/", false, { HOST, { "Transfer-Encoding", "chunked" } },
	    false, NULL, NULL, "body" },
	{ "HEAD", "/", false, { HOST, { "Content-Length", "1" } }, false, NULL,
	    NULL, "body" },
	{ "OPTIONS", "/", false, { HOST, { "Content-Length", "1" } }, false,
	    NULL, NULL, "body" },
	/* Lines. */
	{ "GET", "/", false, { HOST, { "A b", "c" } }, false, NULL, NULL,
	    "header" },
	{ "GET", "/", false, { HOST, { "", "c" } }, false, NULL, NULL,
	    "header" },
	{ "GET", "/", false, { HOST, { "A", "b\x01" } }, false, NULL, NULL,
	    "header" },
	{ "GET", "/", false, { HOST, { "A", "b\rX: y" } }, false, NULL, NULL,
	    "header" },
	{ "GET", "/", false, { HOST, { "A", "\xff\tb" } }, true, "/",
	    "a.example", NULL },
};

static bool
read_head(const struct case_head *c, struct arena *arena, struct head *h,
    struct err *e)
{
	*h = (struct head){ .method = slice_of(c->method),
		.target = slice_of(c->target),
		.old = c->old };
	for (size_t i = 0; i < LINES && c->line[i][0] != NULL; i++)
		if (!head_add(h, arena, slice_of(c->line[i][0]),
			slice_of(c->line[i][1]), e))
			return false;
	return head_check(h, e);
}

static void
believed_heads(void **state)
{
	struct arena *arena = arena_new(256);

	(void)state;
	for (size_t i = 0; i < NELEM(heads); i++) {
		const struct case_head *c = &heads[i];
		struct head h;
		struct err e = { 0 };
		bool good = read_head(c, arena, &h, &e);

		if (good != c->good)
			fail_msg("case %zu: %s", i, e.detail);
		if (good &&
		    (!slice_is(h.uri, c->uri) || !slice_is(h.host, c->host)))
			fail_msg("case %zu: uri or host", i);
		if (!good &&
		    (e.code != ERR_BAD_REQUEST ||
			strcmp(e.param, c->param) != 0))
			fail_msg("case %zu: %s", i, e.param);
	}
	arena_free(arena);
}

static void
repeated_lines(void **state)
{
	struct arena *arena = arena_new(256);
	struct head h = { 0 };
	struct err e;

	(void)state;
	assert_true(
	    head_add(&h, arena, SLICE("If-None-Match"), SLICE("\"a\""), &e));
	assert_true(
	    head_add(&h, arena, SLICE("if-none-match"), SLICE(" \"b\" "), &e));
	assert_true(slice_is(h.field[HEAD_IF_NONE_MATCH], "\"a\", \"b\""));
	/* An empty line is there, which is not the same as none. */
	assert_true(head_add(&h, arena, SLICE("Accept"), SLICE(""), &e));
	assert_non_null(h.field[HEAD_ACCEPT].at);
	assert_null(h.field[HEAD_RANGE].at);
	arena_free(arena);
}

static void
test_trace(void **state)
{
	static const char good[] =
	    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
	static const char *const bad[] = {
		"",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-011",
		"01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"00-00000000000000000000000000000000-b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
		"00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331+01",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
		"00-0af7651916cd43dd8448eb211c80319\"-b7ad6b7169203331-01",
	};

	(void)state;
	assert_true(head_trace_is_sane(slice_of(good)));
	for (size_t i = 0; i < NELEM(bad); i++)
		assert_false(head_trace_is_sane(slice_of(bad[i])));
	assert_false(head_trace_is_sane((struct slice){ NULL, 0 }));
}

static void
sane_ids(void **state)
{
	char text[81];

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_true(head_id_is_sane(SLICE("abc-_DEF123==")));
	assert_true(head_id_is_sane((struct slice){ text, 79 }));
	assert_false(head_id_is_sane((struct slice){ text, 80 }));
	assert_false(head_id_is_sane(SLICE("")));
	assert_false(head_id_is_sane((struct slice){ NULL, 0 }));
	assert_false(head_id_is_sane(SLICE("a b")));
	assert_false(head_id_is_sane(SLICE("a\"b")));
	assert_false(head_id_is_sane(SLICE("a\nb")));
	assert_false(head_id_is_sane((struct slice){ "a\0b", 3 }));
}

static const struct {
	const char *peer, *forwarded, *viewer;
} chains[] = {
	{ "10.0.0.1", "198.51.100.7", "198.51.100.7" },
	{ "10.0.0.1", "1.1.1.1, 198.51.100.7", "198.51.100.7" },
	{ "10.0.0.1", "198.51.100.7, 10.0.0.2", "198.51.100.7" },
	{ "10.0.0.1", "198.51.100.7:4711", "198.51.100.7" },
	{ "10.0.0.1", "2001:db8::7", "2001:db8::7" },
	{ "10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7" },
	{ "10.0.0.1", "[2001:db8::7], 2001:db9::1", "2001:db8::7" },
	/* All are trusted: the first one. */
	{ "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3" },
	{ "10.0.0.1", "", "10.0.0.1" },
	{ "10.0.0.1", " , ,198.51.100.7,, ", "198.51.100.7" },
	/* What nobody trusted has written. */
	{ "203.0.113.9", "198.51.100.7", "203.0.113.9" },
	{ "10.0.0.1", "198.51.100.7, unknown", "10.0.0.1" },
	{ "10.0.0.1", "198.51.100.7, unknown, 10.0.0.2", "10.0.0.2" },
	{ "10.0.0.1", "1.2.3", "10.0.0.1" },
	{ "10.0.0.1", "::g", "10.0.0.1" },
};

static void
viewers(void **state)
{
	static const char *const words[] = { "10.0.0.0/8", "2001:db9::/32" };
	struct trust trust;
	struct err e;

	(void)state;
	assert_true(trust_read(words, NELEM(words), &trust, &e));
	for (size_t i = 0; i < NELEM(chains); i++) {
		struct trust nobody = { NULL, 0 };
		uint8_t address[16] = { 0 };
		char text[64];

		/* The peer's bytes, by the same parser: all trust it. */
		memcpy(address, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1", 16);
		if (strcmp(chains[i].peer, "203.0.113.9") == 0)
			memcpy(address + 12, "\xcb\0\x71\x09", 4);
		forwarded_print(address, text, sizeof(text));
		assert_string_equal(text, chains[i].peer);
		forwarded_viewer(
		    &nobody, slice_of(chains[i].forwarded), address);
		forwarded_print(address, text, sizeof(text));
		assert_string_equal(text, chains[i].peer);
		forwarded_viewer(
		    &trust, slice_of(chains[i].forwarded), address);
		forwarded_print(address, text, sizeof(text));
		if (strcmp(text, chains[i].viewer) != 0)
			fail_msg("case %zu: %s", i, text);
	}
	trust_fini(&trust);
}

static void
not_a_network(void **state)
{
	static const char *const words[] = { "10.0.0.0/8", "example.org" };
	struct trust trust;
	struct err e;

	(void)state;
	assert_false(trust_read(words, NELEM(words), &trust, &e));
	assert_int_equal(e.code, ERR_CONFIG);
	assert_non_null(strstr(e.detail, "example.org"));
}

static void
problems(void **state)
{
	char out[PROBLEM_MAX];
	struct err e;

	(void)state;
	err_param(&e, ERR_BAD_VALUE, "width", "a\"\x01<", 4, "%d to %d", 1, 9);
	err_hint(&e, "did you mean %s?", "9");
	problem_write(&e, 400, "id-1", out);
	assert_string_equal(out,
	    "{\"type\":\"/-/errors#bad-value\","
	    "\"title\":\"a parameter has a value that is not accepted\","
	    "\"status\":400,\"code\":\"bad-value\","
	    "\"detail\":\"width is \\\"a\\\"\\u0001<\\\"; accepted: 1 to 9; "
	    "did "
	    "you mean 9?\",\"parameter\":\"width\","
	    "\"value\":\"a\\\"\\u0001<\",\"accepted\":\"1 to 9\","
	    "\"hint\":\"did you mean 9?\",\"request_id\":\"id-1\"}\n");
	/* The detail is for the log alone. */
	err_set(&e, ERR_INTERNAL, "vips: secret");
	problem_write(&e, 500, "id-2", out);
	assert_null(strstr(out, "vips"));
	assert_null(strstr(out, "detail"));
}

static void
largest_problem(void **state)
{
	char out[PROBLEM_MAX];
	char worst[ERR_TEXT_MAX];
	struct err e;

	(void)state;
	memset(worst, 1, sizeof(worst));
	err_param(&e, ERR_BAD_VALUE, "p", worst, sizeof(worst), "x");
	memset(e.param, 1, sizeof(e.param) - 1);
	memset(e.accepted, 1, sizeof(e.accepted) - 1);
	memset(e.hint, 1, sizeof(e.hint) - 1);
	size_t size = problem_write(&e, 400, "id", out);
	assert_true(size < PROBLEM_MAX - 1);
	assert_string_equal(out + size - 2, "}\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trace),
		cmocka_unit_test(believed_heads),
		cmocka_unit_test(repeated_lines),
		cmocka_unit_test(sane_ids),
		cmocka_unit_test(viewers),
		cmocka_unit_test(not_a_network),
		cmocka_unit_test(problems),
		cmocka_unit_test(largest_problem),
	};

	return cmocka_run_group_tests_name("http head", tests, NULL, NULL);
}
