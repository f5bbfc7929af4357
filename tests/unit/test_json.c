/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: the kinds of value, the limits, and every way to be broken. */
#include "base/err.h"
#include "base/json.h"
#include "unit.h"

static json_t *
must_read(struct slice text)
{
	struct err e;
	json_t *json = json_read(text, &e);

	if (json == NULL)
		fail_msg("\"%.*s\": %s", SLICE_ARG(text), e.detail);
	return json;
}

static void
must_refuse(struct slice text, const char *why)
{
	struct err e;
	scoped_json json = json_read(text, &e);

	if (json != NULL)
		fail_msg("\"%.*s\" taken", SLICE_ARG(text));
	assert_int_equal(e.code, ERR_BAD_URL);
	if (strstr(e.detail, why) == NULL)
		fail_msg("\"%.*s\": %s", SLICE_ARG(text), e.detail);
}

static void
any_value(void **state)
{
	scoped_json object = must_read(SLICE("{\"a\":[1,2.5,null,true]}"));
	scoped_json text = must_read(SLICE(" \"\\u00e4\\ud83d\\udc2c\" "));
	scoped_json number = must_read(SLICE("-7"));
	scoped_json null = must_read(SLICE("null"));

	(void)state;
	assert_int_equal(json_array_size(json_object_get(object, "a")), 4);
	assert_string_equal(
	    json_string_value(text), "\xc3\xa4\xf0\x9f\x90\xac");
	assert_int_equal(json_integer_value(number), -7);
	assert_true(json_is_null(null));
}

/* The order of the steps in a request depends on it. */
static void
order_is_kept(void **state)
{
	scoped_json object =
	    must_read(SLICE("{\"z\":1,\"a\":2,\"m\":3,\"b\":4,\"0\":5}"));
	static const char *const want[] = { "z", "a", "m", "b", "0" };
	const char *key;
	json_t *value;
	size_t n = 0;

	(void)state;
	json_object_foreach(object, key, value)
	{
		assert_true(n < NELEM(want));
		assert_string_equal(key, want[n++]);
		assert_int_equal(json_integer_value(value), n);
	}
	assert_int_equal(n, NELEM(want));
}

static void
broken(void **state)
{
	(void)state;
	must_refuse(SLICE(""), "ends too early");
	must_refuse((struct slice){ NULL, 0 }, "ends too early");
	must_refuse(SLICE("{"), "");
	must_refuse(SLICE("{\"a\":1,}"), "malformed");
	must_refuse(SLICE("{\"a\":1,\"a\":1}"), "twice");
	must_refuse(SLICE("{\"a\":{\"b\":1,\"b\":2}}"), "twice");
	/* Written differently, still the same key. */
	must_refuse(SLICE("{\"a\":1,\"\\u0061\":1}"), "twice");
	must_refuse(SLICE("{} {}"), "goes on");
	must_refuse(SLICE("{}x"), "goes on");
	must_refuse(SLICE("{}\0"), "");
	must_refuse(SLICE("\0"), "");
	must_refuse(SLICE("\"a\0b\""), "");
	must_refuse(SLICE("\"\\u0000\""), "");
	must_refuse(SLICE("{\"\\u0000\":1}"), "");
	must_refuse(SLICE("\"\xff\""), "UTF-8");
	must_refuse(SLICE("\"\xc0\x80\""), "UTF-8");
	must_refuse(SLICE("\"\\ud800\""), "");
	must_refuse(SLICE("1e999"), "out of range");
	must_refuse(SLICE("99999999999999999999"), "out of range");
	must_refuse(SLICE("01"), "");
	must_refuse(SLICE("+1"), "");
	must_refuse(SLICE(".5"), "");
	must_refuse(SLICE("NaN"), "");
	must_refuse(SLICE("'a'"), "");
	must_refuse(SLICE("// x\n1"), "");
	must_refuse(SLICE("\xef\xbb\xbf{}"), "");
	must_refuse(SLICE("\"a\nb\""), "");
}

/* Messages carry none of the text. */
static void
detail_quotes_nothing(void **state)
{
	struct err e;
	scoped_json json = json_read(SLICE("{\"evil\x1b[2J\":\n"), &e);

	(void)state;
	assert_null(json);
	assert_null(strstr(e.detail, "evil"));
	assert_null(strchr(e.detail, '\x1b'));
}

static void
depth(void **state)
{
	enum { LEVELS = 32, HOSTILE = 60000 };
	static const char level[5] = { '{', '"', 'a', '"', ':' };
	char *text = xcalloc(2, HOSTILE);
	json_t *json;

	(void)state;
	memset(text, '[', LEVELS);
	memset(text + LEVELS, ']', LEVELS);
	json = must_read((struct slice){ text, (size_t)2 * LEVELS });
	json_decref(json);
	memset(text, '[', LEVELS + 1);
	memset(text + LEVELS + 1, ']', LEVELS + 1);
	must_refuse((struct slice){ text, (size_t)2 * (LEVELS + 1) }, "deep");
	memset(text, '[', HOSTILE);
	must_refuse((struct slice){ text, HOSTILE }, "deep");
	for (size_t i = 0; i + sizeof(level) <= HOSTILE; i += sizeof(level))
		memcpy(text + i, level, sizeof(level));
	must_refuse((struct slice){ text, HOSTILE }, "deep");
	free(text);

	/* Brackets in a text are no depth, and do not hide any. */
	json = must_read(SLICE("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\""
			       "{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{\"]"));
	json_decref(json);
	must_refuse(
	    SLICE("[\"]]]]]]]]\\\\\",[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["),
	    "deep");
}

static void
size(void **state)
{
	enum { MOST = 64 * 1024 };
	char *text = xcalloc(1, MOST + 1);
	json_t *json;

	(void)state;
	memset(text, 'x', MOST + 1);
	text[0] = '"';
	text[MOST - 1] = '"';
	json = must_read((struct slice){ text, MOST });
	assert_int_equal(json_string_length(json), MOST - 2);
	json_decref(json);
	text[MOST - 1] = 'x';
	text[MOST] = '"';
	must_refuse((struct slice){ text, MOST + 1 }, "at most 65536");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_value),
		cmocka_unit_test(order_is_kept),
		cmocka_unit_test(broken),
		cmocka_unit_test(detail_quotes_nothing),
		cmocka_unit_test(depth),
		cmocka_unit_test(size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
