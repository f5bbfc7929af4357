/* SPDX-License-Identifier: Apache-2.0 */
/* XML: what S3 answers with is read, everything else is refused. */
#include <stdio.h>
#include <string.h>

#include "net/xml.h"
#include "unit.h"

/* All tokens as text: "(path", ")path=text" of a leaf, then "." or "!". */
static void
tokens(struct slice doc, char *out, size_t size)
{
	struct xml x;
	enum xml_token token;
	size_t n = 0;

	xml_init(&x, doc);
	do {
		char text[64];

		token = xml_next(&x);
		if (token == XML_OPEN)
			n += (size_t)snprintf(out + n, size - n, "(%s", x.path);
		else if (token == XML_CLOSE)
			n += (size_t)snprintf(out + n, size - n, ")%s=%s",
			    x.path,
			    xml_text(x.text, text, sizeof(text)) ? text : "?");
		assert_true(n < size);
	} while (token == XML_OPEN || token == XML_CLOSE);
	snprintf(out + n, size - n, token == XML_END ? "." : "!");
	assert_int_equal(xml_next(&x), token);
}

static void
assert_tokens(const char *doc, const char *want)
{
	size_t len = strlen(doc);
	char *exact = xcalloc(1, len + 1);
	char out[4096];

	/* Without the zero byte, so that a sanitizer sees a step too far. */
	memcpy(exact, doc, len);
	exact = realloc(exact, len > 0 ? len : 1);
	tokens((struct slice){ exact, len }, out, sizeof(out));
	assert_string_equal(out, want);
	free(exact);
}

static void
good(void **state)
{
	(void)state;
	assert_tokens("<a/>", "(a)a=.");
	assert_tokens("<a></a>", "(a)a=.");
	assert_tokens("\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- x -->\n"
		      "<E xmlns=\"http://s3.amazonaws.com/doc/>\">\n"
		      " <Code>No &amp; &#x20AC;&#8364;</Code >"
		      "<Empty /><In><Deep a='/' >1</Deep></In>\n</E>\n",
	    "(E(E/Code)E/Code=No & \xe2\x82\xac\xe2\x82\xac(E/Empty)E/Empty="
	    "(E/In(E/In/Deep)E/In/Deep=1)E/In=)E=.");
	assert_tokens(
	    "<s:a xmlns:s='x'><s:b>1</s:b></s:a>", "(a(a/b)a/b=1)a=.");
	/* Blanks of a value are kept; a text beside elements is none. */
	assert_tokens("<a> x </a>", "(a)a= x .");
	assert_tokens("<a>x<b/>y</a>", "(a(a/b)a/b=)a=.");
}

static void
bad(void **state)
{
	static const char *const docs[] = {
		"",
		" ",
		"x",
		"<",
		"<a",
		"<a>",
		"<a></b>",
		"<a></a",
		"<a></a>x",
		"<a/><b/>",
		"</a>",
		"<a/></a>",
		"<a b='>",
		"<a <b/>></a>",
		"<a><!-- </a>",
		"<a><?x</a>",
		"<!DOCTYPE a><a/>",
		"<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
		"<a><![CDATA[x]]></a>",
		"<:/>",
		"<a:/>",
		"<\xc3\xa9/>",
	};

	(void)state;
	for (size_t i = 0; i < NELEM(docs); i++) {
		char out[256];

		tokens(slice_of(docs[i]), out, sizeof(out));
		if (out[strlen(out) - 1] != '!')
			fail_msg("%s: %s", docs[i], out);
	}
}

static void
zero_bytes(void **state)
{
	static const char *const docs[] = { "<a>|</a>", "<a/>|", "|<a/>",
		"<a b='|'/>", "<!--|--><a/>" };

	(void)state;
	for (size_t i = 0; i < NELEM(docs); i++) {
		char *doc = xstrdup(docs[i]);
		char out[64];

		*strchr(doc, '|') = '\0';
		tokens(
		    (struct slice){ doc, strlen(docs[i]) }, out, sizeof(out));
		assert_string_equal(out, "!");
		free(doc);
	}
}

/* Too deep, and a path too long. */
static void
bounds(void **state)
{
	char doc[2048] = "";
	char out[8192];

	(void)state;
	for (size_t i = 0; i < XML_DEPTH_MAX; i++)
		strcat(doc, "<a>");
	for (size_t i = 0; i < XML_DEPTH_MAX; i++)
		strcat(doc, "</a>");
	tokens(slice_of(doc), out, sizeof(out));
	assert_int_equal(out[strlen(out) - 1], '.');
	memmove(doc + 3, doc, strlen(doc) + 1);
	memcpy(doc, "<a>", 3);
	tokens(slice_of(doc), out, sizeof(out));
	assert_int_equal(out[strlen(out) - 1], '!');
	memset(doc, 'n', sizeof(doc));
	memcpy(doc, "<", 1);
	memcpy(doc + XML_PATH_MAX, "/>", 3);
	tokens(slice_of(doc), out, sizeof(out));
	assert_string_equal(out, "!");
}

static void
texts(void **state)
{
	static const struct {
		const char *raw, *text; /* NULL: refused */
	} all[] = {
		{ "", "" },
		{ "a\"b", "a\"b" },
		{ "&lt;&gt;&quot;&apos;&amp;amp;", "<>\"'&amp;" },
		{ "&#0;", NULL },
		{ "&#x0;", NULL },
		{ "&#;", NULL },
		{ "&#x;", NULL },
		{ "&#xD800;", NULL },
		{ "&#x110000;", NULL },
		{ "&#x10FFFF;", "\xf4\x8f\xbf\xbf" },
		{ "&#99999999;", NULL },
		{ "&#a;", NULL },
		{ "&#233;", "\xc3\xa9" },
		{ "&nbsp;", NULL },
		{ "&amp", NULL },
		{ "&", NULL },
		{ "\xff", NULL },
		{ "123456789012345", "123456789012345" },
		{ "1234567890123456", NULL },
		{ "12345678901234&#233;", NULL },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(all); i++) {
		char out[16];
		bool done = xml_text(slice_of(all[i].raw), out, sizeof(out));

		if (done != (all[i].text != NULL))
			fail_msg("%s", all[i].raw);
		if (done)
			assert_string_equal(out, all[i].text);
	}
	assert_false(xml_text((struct slice){ "a\0b", 3 }, (char[8]){ "" }, 8));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(bad),
		cmocka_unit_test(zero_bytes),
		cmocka_unit_test(bounds),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests_name("xml", tests, NULL, NULL);
}
