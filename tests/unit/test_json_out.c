/* SPDX-License-Identifier: Apache-2.0 */
/* JSON is written so that it reads back as what was meant. */
#include <stdlib.h>

#include "base/err.h"
#include "base/json.h"
#include "base/json_out.h"
#include "unit.h"

static void
test_pieces(void **state)
{
	char room[256];
	struct json_out j = { .text = { .at = room, .size = sizeof(room) } };

	(void)state;
	json_put_open(&j, NULL, '{');
	json_put_text(&j, "a", SLICE("x\"\\\n"));
	json_put_number(&j, "b", -1.5);
	json_put_open(&j, "c", '[');
	json_put_bool(&j, NULL, true);
	json_put_null(&j, NULL);
	json_put_raw(&j, NULL, SLICE("[1,2]"));
	json_put_open(&j, NULL, '{');
	json_put_close(&j, '}');
	json_put_close(&j, ']');
	json_put_bool(&j, "d", false);
	json_put_close(&j, '}');
	assert_false(j.text.full);
	assert_string_equal(room,
	    "{\"a\":\"x\\\"\\\\\\n\",\"b\":-1.5,"
	    "\"c\":[true,null,[1,2],{}],\"d\":false}");
	assert_int_equal(j.text.len, strlen(room));
}

/* A long text is escaped in pieces, none of which cuts a letter. */
static void
test_long(void **state)
{
	enum { LETTERS = 700 };
	static const char *const letter[] = { "\xc3\xa9", "\xe2\x82\xac",
		"\xf0\x9f\x98\x80", "\x01", "\xff", "\x80" };
	static char text[4 * LETTERS + 4];
	static char room[8 * LETTERS + 64];

	(void)state;
	for (size_t i = 0; i < NELEM(letter); i++) {
		for (size_t before = 0; before < 4; before++) {
			struct json_out j = { .text = { .at = room,
						  .size = sizeof(room) } };
			struct err e = { 0 };
			size_t n = before;

			memset(text, '.', before);
			for (size_t k = 0; k < LETTERS; k++)
				n += (size_t)(stpcpy(text + n, letter[i]) -
				    (text + n));
			json_put_open(&j, NULL, '[');
			json_put_text(&j, NULL, (struct slice){ text, n });
			json_put_close(&j, ']');
			assert_false(j.text.full);

			scoped_json read = json_read(slice_of(room), &e);

			assert_non_null(read);
			const char *back =
			    json_string_value(json_array_get(read, 0));

			if (i < 4) {
				assert_string_equal(back, text);
				continue;
			}
			assert_int_equal(strlen(back),
			    before + LETTERS * strlen("\xef\xbf\xbd"));
		}
	}
}

/* What has no room makes it of no use, until a mark is returned to. */
static void
test_room(void **state)
{
	char room[12];
	struct json_out j = { .text = { .at = room, .size = sizeof(room) } };
	struct json_mark mark;

	(void)state;
	json_put_open(&j, NULL, '[');
	json_put_number(&j, NULL, 1);
	mark = json_mark(&j);
	json_put_text(&j, NULL, SLICE("longer than that"));
	json_put_number(&j, NULL, 2);
	assert_true(j.text.full);
	json_return(&j, mark);
	assert_false(j.text.full);
	json_put_number(&j, NULL, 3);
	json_put_close(&j, ']');
	assert_string_equal(room, "[1,3]");
}

static void
test_file(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	struct json_out j = { .file = file };

	(void)state;
	json_put_open(&j, NULL, '{');
	json_put_text(&j, "a\"b", SLICE(""));
	json_put_number(&j, "n", 7);
	json_put_close(&j, '}');
	assert_int_equal(fclose(file), 0);
	assert_string_equal(text, "{\"a\\\"b\":\"\",\"n\":7}");
	free(text);
}

static void
test_text(void **state)
{
	char room[6];
	struct text t = { .at = room, .size = sizeof(room) };

	(void)state;
	text_put(&t, SLICE("ab"));
	text_printf(&t, "%d", 123);
	assert_string_equal(room, "ab123");
	assert_false(t.full);
	text_put(&t, SLICE(""));
	assert_false(t.full);
	text_put(&t, SLICE("x"));
	assert_true(t.full);
	text_printf(&t, "%s", "");
	assert_string_equal(room, "ab123");

	t = (struct text){ .at = room, .size = sizeof(room) };
	text_printf(&t, "%d", 1234567);
	assert_true(t.full);
	assert_string_equal(room, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests_name("json_out", tests, NULL, NULL);
}
