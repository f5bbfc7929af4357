/* SPDX-License-Identifier: Apache-2.0 */
/* Encodings: published vectors, every cut, broken and hostile bytes. */
#include <stdio.h>

#include "base/codec.h"
#include "base/err.h"
#include "unit.h"

static void
percent_is(struct slice in, struct slice want)
{
	char *out = xcalloc(1, in.len);
	size_t size = 0;
	struct err e;

	if (!codec_percent(in, out, &size, &e))
		fail_msg("%.*s: %s", SLICE_ARG(in), e.detail);
	assert_true(slice_eq((struct slice){ out, size }, want));
	free(out);
}

static void
percent_not(struct slice in)
{
	char *out = xcalloc(1, in.len);
	size_t size = 77;
	struct err e;

	if (codec_percent(in, out, &size, &e))
		fail_msg("\"%.*s\" taken", SLICE_ARG(in));
	assert_int_equal(e.code, ERR_BAD_URL);
	assert_int_equal(size, 77);
	free(out);
}

static void
percent(void **state)
{
	(void)state;
	percent_is(SLICE(""), SLICE(""));
	percent_is(SLICE("a+b"), SLICE("a+b"));
	percent_is(SLICE("%41%62%2f%2F"), SLICE("Ab//"));
	percent_is(SLICE("%e2%82%AC"), SLICE("\xe2\x82\xac"));
	percent_is(SLICE("%ff%FF"), SLICE("\xff\xff"));
	/* Once: what comes out is not decoded again. */
	percent_is(SLICE("%2541"), SLICE("%41"));
	percent_is(SLICE("%25%32%35"), SLICE("%25"));
	percent_not(SLICE("%"));
	percent_not(SLICE("a%4"));
	percent_not(SLICE("%%41"));
	percent_not(SLICE("%4g"));
	percent_not(SLICE("%g4"));
	percent_not(SLICE("%-1"));
	percent_not(SLICE("% 1"));
	percent_not(SLICE("%u0041"));
	percent_not(SLICE("%00"));
	percent_not(SLICE("a\0b"));
	percent_not(SLICE("%\0001"));
}

static void
percent_encode(void **state)
{
	char in[256];
	char out[3 * 256];
	char back[3 * 256];
	size_t size;
	struct err e;

	(void)state;
	size = codec_percent_encode(SLICE("a b/c%~(\0"), "/(", out);
	assert_true(
	    slice_eq((struct slice){ out, size }, SLICE("a%20b/c%25~(%00")));
	size = codec_percent_encode(SLICE("/"), NULL, out);
	assert_true(slice_eq((struct slice){ out, size }, SLICE("%2F")));

	for (size_t i = 1; i < sizeof(in); i++)
		in[i - 1] = (char)i;
	size =
	    codec_percent_encode((struct slice){ in, sizeof(in) - 1 }, "", out);
	assert_true(
	    codec_percent((struct slice){ out, size }, back, &size, &e));
	assert_int_equal(size, sizeof(in) - 1);
	assert_memory_equal(back, in, size);
}

static void
base64_vectors(void **state)
{
	/* RFC 4648 section 10. */
	static const char *const pairs[][2] = { { "", "" }, { "f", "Zg==" },
		{ "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xbf", "+/+/" } };

	(void)state;
	for (size_t i = 0; i < NELEM(pairs); i++) {
		const uint8_t *in = (const uint8_t *)pairs[i][0];
		size_t len = strlen(pairs[i][0]);
		uint8_t back[16];
		char out[16];
		size_t size;
		struct err e;

		assert_int_equal(codec_base64_encode(in, len, false, out),
		    strlen(pairs[i][1]));
		assert_string_equal(out, pairs[i][1]);
		assert_true(
		    codec_base64(slice_of(out), false, back, &size, &e));
		assert_int_equal(size, len);
		assert_memory_equal(back, in, len);
	}
}

static void
base64_not(struct slice in, bool url)
{
	uint8_t *out = xcalloc(1, 3 * (in.len / 4) + 3);
	size_t size = 77;
	struct err e;

	if (codec_base64(in, url, out, &size, &e))
		fail_msg("\"%.*s\" taken", SLICE_ARG(in));
	assert_int_equal(e.code, ERR_BAD_URL);
	assert_int_equal(size, 77);
	free(out);
}

static void
base64_broken(void **state)
{
	static const char *const bad[] = { "Z", "Zg", "Zg=", "Zm8", "=",
		"==", "====", "Z===", "Zg==Zg==", "Zm9v=", "Zm9v====", "Zm9v ",
		"Zm 9", "Zm9\n", "Zm9-", "Zm9_", "Z=g=", "%3D", "Zm9\xc3",
		"@@@@", "[[[[", "````", "{{{{", "////=" };
	static const char *const bad_url[] = { "Z", "Zm9vY",
		"Zg=", "Zg===", "Zm8==", "Zm9+", "Zm9/", "=",
		"==", "====", "Zg==Zg", "Zm9v=" };

	(void)state;
	for (size_t i = 0; i < NELEM(bad); i++)
		base64_not(slice_of(bad[i]), false);
	for (size_t i = 0; i < NELEM(bad_url); i++)
		base64_not(slice_of(bad_url[i]), true);
	base64_not(SLICE("Zm9\0"), false);
	base64_not(SLICE("Zm\0="), true);
}

/* Every length both ways, into exactly the room that is promised. */
static void
base64_lengths(void **state)
{
	uint8_t in[100];

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 67 + 200);
	for (size_t len = 0; len <= sizeof(in); len++) {
		for (int url = 0; url <= 1; url++) {
			char *text = xcalloc(1, 4 * ((len + 2) / 3) + 1);
			size_t n = codec_base64_encode(in, len, url != 0, text);
			uint8_t *back = xcalloc(1, 3 * (n / 4) + 3);
			size_t size;
			struct err e;

			assert_int_equal(strlen(text), n);
			assert_true(codec_base64((struct slice){ text, n },
			    url != 0, back, &size, &e));
			assert_int_equal(size, len);
			assert_memory_equal(back, in, len);
			free(text);
			free(back);
		}
	}
}

static void
base64_url_padding(void **state)
{
	uint8_t out[8];
	size_t size;
	struct err e;

	(void)state;
	assert_true(codec_base64(SLICE("-_-_Zg"), true, out, &size, &e));
	assert_int_equal(size, 4);
	assert_memory_equal(out,
	    "\xfb\xff\xbf"
	    "f",
	    4);
	assert_true(codec_base64(SLICE("Zg=="), true, out, &size, &e));
	assert_int_equal(size, 1);
	/* Bits that belong to no byte are ignored. */
	assert_true(codec_base64(SLICE("Zh=="), false, out, &size, &e));
	assert_int_equal(size, 1);
	assert_int_equal(out[0], 'f');
}

static void
hex(void **state)
{
	char out[9];

	(void)state;
	codec_hex((const uint8_t *)"\x00\x9f\xff\x10", 4, out);
	assert_string_equal(out, "009fff10");
	codec_hex(NULL, 0, out);
	assert_string_equal(out, "");
}

static void
utf8(void **state)
{
	static const char *const good[] = { "", "a", "\x7f", "\xc2\x80",
		"\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
		"\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
		"a\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xac." };
	static const char *const bad[] = { "\x80", "\xbf", "\xc0\x80",
		"\xc1\xbf", "\xc2", "\xc2\x41", "\xc2\xc2", "\xe0\x9f\xbf",
		"\xe0\x80\x80", "\xed\xa0\x80", "\xed\xbf\xbf", "\xe2\x82",
		"\xe2\x82\x41", "\xf0\x8f\xbf\xbf", "\xf0\x80\x80\x80",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf0\x9f\x90",
		"\xf0\x9f\x90\x41", "\xfe", "\xff", "ok\xff",
		"\xf8\x88\x80\x80" };

	(void)state;
	for (size_t i = 0; i < NELEM(good); i++)
		if (!codec_is_utf8(slice_of(good[i])))
			fail_msg("good %zu", i);
	for (size_t i = 0; i < NELEM(bad); i++)
		if (codec_is_utf8(slice_of(bad[i])))
			fail_msg("bad %zu", i);
	assert_true(codec_is_utf8(SLICE("a\0b")));
	/* Nothing behind the end is looked at. */
	assert_false(codec_is_utf8((struct slice){ "\xe2\x82\xac", 2 }));
}

typedef size_t escape_f(struct slice s, char *out, size_t size);

static void
escape_is(escape_f *escape, struct slice in, const char *want)
{
	char out[200];

	assert_int_equal(escape(in, out, sizeof(out)), strlen(want));
	assert_string_equal(out, want);
}

static void
escapes(void **state)
{
	(void)state;
	escape_is(codec_json_escape, SLICE("a\"b\\c/ \n\r\t\x01\0\x7f"),
	    "a\\\"b\\\\c/ \\n\\r\\t\\u0001\\u0000\\u007f");
	escape_is(codec_json_escape, SLICE("\xc3\xa4\xf0\x9f\x90\xac"),
	    "\xc3\xa4\xf0\x9f\x90\xac");
	escape_is(codec_json_escape,
	    SLICE("\xff"
		  "a\xe2\x82"
		  "b\xed\xa0\x80"),
	    "\xef\xbf\xbd"
	    "a\xef\xbf\xbd\xef\xbf\xbd"
	    "b"
	    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	/* CSI in one character: terminals obey it. */
	escape_is(codec_json_escape, SLICE("\xc2\x9b"), "\\u009b");
	escape_is(codec_log_escape, SLICE("a b=\"c\"\n\x1b[0m"),
	    "a\\x20b=\\\"c\\\"\\n\\u001b[0m");
	escape_is(codec_html_escape, SLICE("<a href='x'>\"&\n\t\x01\xff"),
	    "&lt;a href=&#39;x&#39;&gt;&quot;&amp;\n\t"
	    "\xef\xbf\xbd\xef\xbf\xbd");
	escape_is(codec_html_escape, SLICE("\xc2\x9b\x7f"),
	    "\xef\xbf\xbd\xef\xbf\xbd");
	escape_is(codec_json_escape, (struct slice){ NULL, 0 }, "");
}

/* Eight bytes are looked at at once: none hides among others. */
static void
escapes_anywhere(void **state)
{
	static escape_f *const all[] = { codec_json_escape, codec_log_escape,
		codec_html_escape };
	enum { LONGEST = 26 };

	(void)state;
	for (size_t k = 0; k < NELEM(all); k++)
		for (unsigned i = 0; i < 256 * LONGEST * LONGEST; i++) {
			size_t len = i / 256 % LONGEST + 1;
			size_t at = i / 256 / LONGEST;
			char in[LONGEST], want[100], one[8], out[100];
			size_t n = 0;

			if (at >= len)
				continue;
			memset(in, '~', sizeof(in));
			in[at] = (char)(i % 256);
			n = all[k](
			    (struct slice){ in + at, 1 }, one, sizeof(one));
			memset(want, '~', sizeof(want));
			memcpy(want + at, one, n);
			want[len - 1 + n] = '\0';
			assert_int_equal(
			    all[k]((struct slice){ in, len }, out, sizeof(out)),
			    len - 1 + n);
			assert_string_equal(out, want);
		}
}

/* At every size: terminated, inside, and a whole number of pieces. */
static void
escapes_are_cut_whole(void **state)
{
	static escape_f *const all[] = { codec_json_escape, codec_log_escape,
		codec_html_escape };
	struct slice in = SLICE("\" \x01&\xe2\x82\xac\xff<\\x");

	(void)state;
	for (size_t k = 0; k < NELEM(all); k++) {
		char full[100];
		size_t len = all[k](in, full, sizeof(full));

		for (size_t size = 1; size <= len + 1; size++) {
			char *out = xcalloc(1, size);
			size_t n = all[k](in, out, size);
			bool whole = false;

			assert_true(n < size && strlen(out) == n);
			assert_memory_equal(out, full, n);
			assert_true(codec_is_utf8((struct slice){ out, n }));
			/* It is what some prefix of the input gives. */
			for (size_t i = 0; i <= in.len && !whole; i++) {
				char part[100];

				whole = all[k]((struct slice){ in.at, i }, part,
					    sizeof(part)) == n &&
				    strcmp(part, out) == 0;
			}
			assert_true(whole);
			assert_true(size < len + 1 || n == len);
			free(out);
		}
	}
}

static void
distance(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		size_t far;
	} cases[] = {
		{ "", "", 0 },
		{ "", "abc", 3 },
		{ "abc", "", 3 },
		{ "width", "width", 0 },
		{ "widht", "width", 1 },
		{ "widh", "width", 1 },
		{ "wwidth", "width", 1 },
		{ "wixth", "width", 1 },
		{ "kitten", "sitting", 3 },
		{ "ab", "ba", 1 },
		{ "abcd", "badc", 2 },
		{ "a", "b", 1 },
		/* Eight replaced, the two in the middle swapped. */
		{ "abcdefghij", "jihgfedcba", 9 },
	};
	char longest[41];

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		struct slice a = slice_of(cases[i].a);
		struct slice b = slice_of(cases[i].b);

		assert_int_equal(codec_distance(a, b), cases[i].far);
		assert_int_equal(codec_distance(b, a), cases[i].far);
	}
	memset(longest, 'x', sizeof(longest));
	assert_int_equal(
	    codec_distance((struct slice){ longest, 40 }, SLICE("")), 40);
	assert_true(codec_distance((struct slice){ longest, 41 },
			(struct slice){ longest, 41 }) == SIZE_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percent),
		cmocka_unit_test(percent_encode),
		cmocka_unit_test(base64_vectors),
		cmocka_unit_test(base64_broken),
		cmocka_unit_test(base64_lengths),
		cmocka_unit_test(base64_url_padding),
		cmocka_unit_test(hex),
		cmocka_unit_test(utf8),
		cmocka_unit_test(escapes),
		cmocka_unit_test(escapes_anywhere),
		cmocka_unit_test(escapes_are_cut_whole),
		cmocka_unit_test(distance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
