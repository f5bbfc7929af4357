/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EXIF, XMP and IPTC of which every byte may be wrong: nothing is read or
 * written outside, and what is written is read again.
 */
#include <stdio.h>

#include "image/exif.h"
#include "image/iptc.h"
#include "image/xmp.h"
#include "unit.h"

static uint32_t seed = 1;

static uint32_t
chance(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

/* In a piece of memory of its own, so that a sanitizer sees its end. */
static uint8_t *
mutated(const void *bytes, size_t size, size_t *left)
{
	uint8_t *copy;

	*left = chance(4) == 0 ? 1 + chance((uint32_t)size) : size;
	copy = malloc(*left);
	assert_non_null(copy);
	memcpy(copy, bytes, *left);
	for (uint32_t n = chance(6); n > 0; n--)
		copy[chance((uint32_t)*left)] =
		    (uint8_t)(chance(3) == 0 ? 0xff : chance(256));
	return copy;
}

/* ---- EXIF ---- */

/* An artist, a pointer to a place, and what no table knows. */
static const uint8_t block[] = "Exif\0\0II*\0\x08\0\0\0\4\0"
			       "\x12\1\3\0\1\0\0\0\6\0\0\0"
			       "\x3b\1\2\0\5\0\0\0\x68\0\0\0"
			       "\x69\x87\4\0\1\0\0\0\x46\0\0\0"
			       "\x25\x88\4\0\1\0\0\0\x56\0\0\0"
			       "\0\0\0\0"
			       "\0\0\0\0\0\0\0\0"
			       "\1\0\x9d\x82\5\0\1\0\0\0\x6e\0\0\0\0\0"
			       "\1\0\1\0\2\0\2\0\0\0N\0\0\0\0\0\0\0"
			       "Anna\0\0\x1c\0\0\0\x0a\0\0\0\0\0";

struct seen {
	unsigned fields, places;
	double number;
	char artist[16];
};

static void
note(void *to, const struct exif_field *f)
{
	struct seen *s = to;
	bool finite;
	char text[64];
	size_t n = exif_text(f, text, sizeof(text));

	s->fields++;
	s->places += f->group == EXIF_GPS;
	for (uint32_t i = 0; i < f->count && i < 4; i++)
		s->number = exif_number(f, i, &finite);
	if (f->tag == 0x013b && n < sizeof(s->artist)) {
		memcpy(s->artist, text, n);
		s->artist[n] = '\0';
	}
}

static struct seen
looked(const uint8_t *bytes, size_t size)
{
	struct seen s = { 0 };

	(void)exif_each(bytes, size, note, &s);
	return s;
}

static void
test_exif(void **state)
{
	static const struct exif_want wants[] = {
		{ .all = true, .orientation = 1, .width = 9, .height = 8 },
		{ .all = true, .place = true, .orientation = 3 },
		{ .rights = true },
		{ .place = true },
	};
	static const unsigned fields[] = { 5, 4, 1, 1 };
	uint8_t out[512];
	struct seen s = looked(block, sizeof(block));

	(void)state;
	assert_int_equal(s.fields, 4);
	assert_int_equal(s.places, 1);
	assert_string_equal(s.artist, "Anna");
	for (size_t i = 0; i < NELEM(wants); i++) {
		size_t n = exif_write(
		    block, sizeof(block), &wants[i], out, sizeof(out));

		assert_true(n > 0);
		s = looked(out, n);
		assert_int_equal(s.fields, fields[i]);
		assert_int_equal(s.places, wants[i].place);
		/* One byte less does not do. */
		assert_int_equal(
		    exif_write(block, sizeof(block), &wants[i], out, n - 1), 0);
	}
	for (int i = 0; i < 20000; i++) {
		size_t size;
		uint8_t *bad = mutated(block, sizeof(block), &size);
		size_t n =
		    exif_write(bad, size, &wants[i % 4], out, sizeof(out));
		double x;
		double y;

		(void)exif_place(bad, size, &x, &y);
		if (n > 0) {
			s = looked(out, n);
			assert_true(s.fields > 0);
			assert_true(wants[i % 4].place || s.places == 0);
		}
		free(bad);
	}
}

/* Directories that name each other are read once. */
static void
test_exif_circle(void **state)
{
	static const uint8_t circle[] =
	    "MM\0*\0\0\0\x08\0\2"
	    "\x87\x69\0\4\0\0\0\1\0\0\0\x08"
	    "\x88\x25\0\4\0\0\0\1\0\0\0\x08\0\0\0\x08";

	(void)state;
	assert_int_equal(looked(circle, sizeof(circle)).fields, 0);
}

/* ---- XMP ---- */

static const char packet[] =
    "<?xpacket begin='' id='W5M'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>"
    "<rdf:RDF xmlns:rdf='r'><rdf:Description xmlns:dc='d' e:GPSLatitude='51'"
    " tiff:Orientation='6' a:b=\"c &amp; d\"><dc:rights><rdf:Alt><rdf:li>(c)"
    "</rdf:li></rdf:Alt></dc:rights><e:GPSMore><e:x/>52</e:GPSMore><!-- 53 -->"
    "<s:t r:parse='R'><s:f>v</s:f></s:t></rdf:Description></rdf:RDF>"
    "</x:xmpmeta><?xpacket end='w'?>";

struct texts {
	char all[512];
};

static void
join(void *to, struct slice name, struct slice value)
{
	struct texts *t = to;
	char text[64];
	size_t n = xmp_text(value, text, sizeof(text));
	size_t used = strlen(t->all);

	snprintf(t->all + used, sizeof(t->all) - used, "%.*s=%.*s;",
	    (int)name.len, name.at, (int)n, text);
}

static void
test_xmp(void **state)
{
	const struct xmp_want all = { .all = true, .turned = true };
	const struct xmp_want rights = { .rights = true };
	struct texts t = { "" };
	char out[1024];
	size_t n;

	(void)state;
	assert_true(xmp_each(slice_of(packet), join, &t));
	assert_string_equal(t.all,
	    "e:GPSLatitude=51;tiff:Orientation=6;a:b=c & d;dc:rights=(c);"
	    "e:GPSMore=52;s:t/r:parse=R;s:t/s:f=v;");
	n = xmp_write(slice_of(packet), &all, out, sizeof(out));
	assert_true(n > 0);
	t.all[0] = '\0';
	assert_true(xmp_each((struct slice){ out, n }, join, &t));
	assert_string_equal(
	    t.all, "a:b=c & d;dc:rights=(c);s:t/r:parse=R;s:t/s:f=v;");
	assert_null(
	    memmem(out, n, "5", 1) != NULL && memmem(out, n, "53", 2) != NULL
		? out
		: NULL);
	n = xmp_write(slice_of(packet), &rights, out, sizeof(out));
	t.all[0] = '\0';
	assert_true(xmp_each((struct slice){ out, n }, join, &t));
	assert_string_equal(t.all, "dc:rights=(c);");
	assert_int_equal(xmp_write(slice_of(packet), &rights, out, n - 1), 0);
}

static void
test_xmp_damaged(void **state)
{
	static const char *const bad[] = { "", "text", "<a>", "<a></b>",
		"<a b=c/>", "<a b='<'/>", "<!DOCTYPE a><a/>",
		"<a><![CDATA[]]></a>", "<a/><b", "</a>", "<a b='c'd='e'/>",
		"<a>\xff</a>", "<?a", "<a><!-- ></a>" };
	const struct xmp_want wants[] = { { .all = true }, { .rights = true } };
	struct texts t = { "" };
	char out[2048];
	char deep[4 * (XMP_DEPTH + 1) + 1] = "";

	(void)state;
	for (size_t i = 0; i < NELEM(bad); i++)
		assert_false(xmp_each(slice_of(bad[i]), join, &t));
	for (int i = 0; i <= XMP_DEPTH; i++)
		memcpy(deep + 3 * i, "<a>", 4);
	assert_false(xmp_each(slice_of(deep), join, &t));
	for (int i = 0; i < 20000; i++) {
		size_t size;
		uint8_t *copy = mutated(packet, sizeof(packet) - 1, &size);
		struct slice text = { (const char *)copy, size };
		size_t n = xmp_write(text, &wants[i % 2], out, sizeof(out));

		/* What was written is well-formed. */
		if (n > 0) {
			t.all[0] = '\0';
			assert_true(
			    xmp_each((struct slice){ out, n }, join, &t));
			assert_null(strstr(t.all, "GPS"));
		}
		free(copy);
	}
}

/* ---- IPTC ---- */

static const uint8_t photoshop[] =
    "Photoshop 3.0\0008BIM\4\x0c\0\0\0\0\0\2TH"
    "8BIM\4\4\3abc\0\0\0\x1f"
    "\x1c\2\0\0\2\0\4\x1c\2\x50\0\4Anna\x1c\2\x78\0\4Text\x1c\2\xc8\0\1x";

static void
join_iptc(void *to, const char *name, struct slice value)
{
	struct texts *t = to;
	size_t used = strlen(t->all);

	snprintf(t->all + used, sizeof(t->all) - used, "%s=%.*s;", name,
	    (int)value.len, value.at);
}

static void
test_iptc(void **state)
{
	const struct iptc_want wants[] = { { .all = true, .wrapped = true },
		{ .rights = true }, { .all = true }, { .wrapped = true } };
	static const char *const want[] = {
		"By-line=Anna;Caption-Abstract=Text;", "By-line=Anna;",
		"By-line=Anna;Caption-Abstract=Text;", ""
	};
	uint8_t out[256];
	char text[8];
	struct texts t = { "" };

	(void)state;
	for (size_t i = 0; i < NELEM(wants); i++) {
		size_t n = iptc_write(photoshop, sizeof(photoshop) - 1,
		    &wants[i], out, sizeof(out));

		t.all[0] = '\0';
		assert_int_equal(n > 0, want[i][0] != '\0');
		assert_int_equal(
		    n > 0 && iptc_each(out, n, join_iptc, &t), n > 0);
		assert_string_equal(t.all, want[i]);
		assert_null(n > 0 ? memmem(out, n, "TH", 2) : NULL);
	}
	assert_int_equal(iptc_text(SLICE("a\xe9"), text, sizeof(text)), 3);
	assert_memory_equal(text, "a\xc3\xa9", 3);
	assert_int_equal(iptc_text(SLICE("a\xc3\xa9"), text, 3), 3);
	for (int i = 0; i < 20000; i++) {
		size_t size;
		uint8_t *copy =
		    mutated(photoshop, sizeof(photoshop) - 1, &size);

		t.all[0] = '\0';
		(void)iptc_each(copy, size, join_iptc, &t);
		(void)iptc_write(copy, size, &wants[i % 4], out, sizeof(out));
		free(copy);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exif),
		cmocka_unit_test(test_exif_circle),
		cmocka_unit_test(test_xmp),
		cmocka_unit_test(test_xmp_damaged),
		cmocka_unit_test(test_iptc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
