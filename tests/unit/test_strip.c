/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers by hand: what stays, what goes, and that no cut or damage of a
 * file is read past its end (under ASan) or taken for whole.
 */
#include <string.h>

#include "image/strip.h"
#include "unit.h"

enum { ROOM = 512 };

struct bytes {
	uint8_t at[ROOM];
	size_t n;
};

static void
add(struct bytes *b, const void *more, size_t n)
{
	assert_true(b->n + n <= ROOM);
	memcpy(b->at + b->n, more, n);
	b->n += n;
}

#define ADD(b, literal) add((b), (literal), sizeof(literal) - 1)

static void
jpeg_segment(struct bytes *b, uint8_t marker, const char *text, size_t n)
{
	uint8_t head[4] = { 0xff, marker, 0, (uint8_t)(n + 2) };

	add(b, head, 4);
	add(b, text, n);
}

#define SEGMENT(b, marker, literal) \
	jpeg_segment((b), (marker), (literal), sizeof(literal) - 1)

static struct bytes
jpeg(bool stripped)
{
	struct bytes b = { .n = 0 };

	ADD(&b, "\xff\xd8");
	if (stripped) {
		SEGMENT(&b, 0xe0, "JFIF\0\1\1\0\0\1\0\1\0\0");
	} else {
		SEGMENT(&b, 0xe0, "JFIF\0\1\1\0\0\1\0\1\1\1RGB");
		SEGMENT(&b, 0xe0, "JFXX\0\x10thumbnail");
		SEGMENT(&b, 0xe1, "Exif\0\0camera");
		SEGMENT(&b, 0xe1, "http://ns.adobe.com/xap/1.0/\0xmp");
		SEGMENT(&b, 0xe2, "ICC_PROFILE\0\1\1profile");
		SEGMENT(&b, 0xe2, "MPF\0more pictures");
		SEGMENT(&b, 0xed, "Photoshop 3.0\0iptc");
		SEGMENT(&b, 0xfe, "a comment");
		ADD(&b, "\xff"); /* fill */
	}
	SEGMENT(&b, 0xee, "Adobe\0\x64\0\0\0\0\1");
	SEGMENT(&b, 0xdb, "table");
	SEGMENT(&b, 0xda, "scan");
	ADD(&b, "\1\2\xff\0\3\xff\xd0\4\xff\0");
	SEGMENT(&b, 0xc4, "table between scans");
	SEGMENT(&b, 0xda, "scan");
	ADD(&b, "\5\6\xff\xd9");
	if (!stripped)
		ADD(&b, "another picture behind the end\xff\xd9");
	return b;
}

static uint32_t
crc(const uint8_t *p, size_t n)
{
	uint32_t c = UINT32_MAX;

	for (size_t i = 0; i < n; i++) {
		c ^= p[i];
		for (int k = 0; k < 8; k++)
			c = (c & 1) != 0 ? c >> 1 ^ 0xedb88320U : c >> 1;
	}
	return ~c;
}

static void
png_chunk(struct bytes *b, const char *type, const char *text, size_t n)
{
	uint8_t head[8] = { 0, 0, 0, (uint8_t)n };
	uint8_t tail[4];
	uint32_t sum;

	memcpy(head + 4, type, 4);
	add(b, head, 8);
	add(b, text, n);
	sum = crc(b->at + b->n - n - 4, n + 4);
	for (int i = 0; i < 4; i++)
		tail[i] = (uint8_t)(sum >> (24 - 8 * i));
	add(b, tail, 4);
}

#define CHUNK(b, type, literal) \
	png_chunk((b), (type), (literal), sizeof(literal) - 1)

static struct bytes
png(bool stripped)
{
	struct bytes b = { .n = 0 };

	ADD(&b, "\x89PNG\r\n\x1a\n");
	CHUNK(&b, "IHDR", "0123456789abc");
	if (!stripped) {
		CHUNK(&b, "iCCP", "p\0\0zlib");
		CHUNK(&b, "eXIf", "II");
		CHUNK(&b, "tEXt", "Author\0me");
		CHUNK(&b, "iTXt", "XML:com.adobe.xmp\0\0\0\0\0xmp");
		CHUNK(&b, "tIME", "0123456");
		CHUNK(&b, "prVt", "secret");
	}
	CHUNK(&b, "gAMA", "0123");
	CHUNK(&b, "tRNS", "\0");
	CHUNK(&b, "IDAT", "pixels");
	CHUNK(&b, "IEND", "");
	if (!stripped)
		ADD(&b, "behind");
	return b;
}

static void
webp_chunk(struct bytes *b, const char *type, const char *text, size_t n)
{
	uint8_t head[8] = { 0, 0, 0, 0, (uint8_t)n, 0, 0, 0 };

	memcpy(head, type, 4);
	add(b, head, 8);
	add(b, text, n);
	if (n % 2 != 0)
		ADD(b, "\0");
}

#define RIFF(b, type, literal) \
	webp_chunk((b), (type), (literal), sizeof(literal) - 1)

static struct bytes
webp(bool stripped)
{
	struct bytes b = { .n = 0 };

	ADD(&b, "RIFF....WEBP");
	if (stripped)
		RIFF(&b, "VP8X", "\x10\0\0\0\7\0\0\7\0\0");
	else
		RIFF(&b, "VP8X", "\x3c\0\0\0\7\0\0\7\0\0");
	if (!stripped)
		RIFF(&b, "ICCP", "profile");
	RIFF(&b, "ALPH", "abc");
	RIFF(&b, "VP8 ", "pixels");
	if (!stripped) {
		RIFF(&b, "EXIF", "camera");
		RIFF(&b, "XMP ", "xmp");
		RIFF(&b, "JUNK", "junk");
	}
	b.at[4] = (uint8_t)(b.n - 8);
	b.at[5] = b.at[6] = b.at[7] = 0;
	return b;
}

static struct bytes
gif(bool stripped)
{
	struct bytes b = { .n = 0 };

	ADD(&b, "GIF89a\1\0\1\0\x80\0\0rgbRGB");
	ADD(&b, "!\xff\x0bNETSCAPE2.0\3\1\0\0\0");
	if (!stripped) {
		ADD(&b, "!\xfe\5hello\3all\0");
		ADD(&b, "!\xff\x0bXMP DataXMP\4<xmp\0");
		ADD(&b, "!\xff\x0bICCRGBG1012\3icc\0");
	}
	ADD(&b, "!\xf9\4\0\0\0\0\0");
	ADD(&b, ",\0\0\0\0\1\0\1\0\x80rgbRGB\2\2LD\0;");
	return b;
}

static const struct {
	enum format format;
	struct bytes (*make)(bool stripped);
} kind[] = {
	{ FORMAT_JPEG, jpeg },
	{ FORMAT_PNG, png },
	{ FORMAT_WEBP, webp },
	{ FORMAT_GIF, gif },
};

static void
test_strips(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(kind); i++) {
		struct bytes in = kind[i].make(false);
		struct bytes want = kind[i].make(true);
		uint8_t out[ROOM];
		size_t n;

		assert_int_equal(
		    strip_check(kind[i].format, in.at, in.n), STRIP_WHOLE);
		assert_int_equal(
		    strip_copy(kind[i].format, 0, in.at, in.n, out, &n),
		    STRIP_WHOLE);
		assert_int_equal(n, want.n);
		assert_memory_equal(out, want.at, n);
		/* Stripped once is stripped. */
		assert_int_equal(
		    strip_copy(kind[i].format, 0, want.at, want.n, out, &n),
		    STRIP_WHOLE);
		assert_int_equal(n, want.n);
		assert_memory_equal(out, want.at, n);
	}
}

static void
test_keeps(void **state)
{
	static const struct {
		enum format format;
		unsigned keep;
		const char *text;
	} want[] = {
		{ FORMAT_JPEG, KEEP_EXIF, "camera" },
		{ FORMAT_JPEG, KEEP_XMP, "xmp" },
		{ FORMAT_JPEG, KEEP_ICC, "profile" },
		{ FORMAT_JPEG, KEEP_IPTC, "iptc" },
		{ FORMAT_PNG, KEEP_EXIF, "eXIf" },
		{ FORMAT_PNG, KEEP_XMP, "xmp" },
		{ FORMAT_PNG, KEEP_ICC, "iCCP" },
		{ FORMAT_WEBP, KEEP_EXIF, "camera" },
		{ FORMAT_WEBP, KEEP_XMP, "xmp" },
		{ FORMAT_WEBP, KEEP_ICC, "profile" },
		{ FORMAT_GIF, KEEP_XMP, "<xmp" },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(want); i++)
		for (unsigned keep = 0; keep < KEEP_COUNT; keep++) {
			struct bytes in = { .n = 0 };
			uint8_t out[ROOM];
			size_t n;
			bool there;

			for (size_t k = 0; k < NELEM(kind); k++)
				if (kind[k].format == want[i].format)
					in = kind[k].make(false);
			assert_int_equal(strip_copy(want[i].format, 1U << keep,
					     in.at, in.n, out, &n),
			    STRIP_WHOLE);
			there = memmem(out, n, want[i].text,
				    strlen(want[i].text)) != NULL;
			assert_int_equal(there, keep == want[i].keep);
		}
}

/* Every cut, in a block of exactly that size so that ASan sees one too far. */
static void
test_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(kind); i++) {
		struct bytes in = kind[i].make(true);

		for (size_t n = 0; n < in.n; n++) {
			uint8_t *cut = malloc(n + 1);
			uint8_t *out = malloc(n + 1);
			size_t size;

			assert_non_null(cut);
			assert_non_null(out);
			memcpy(cut, in.at, n);
			/* A GIF may lack its last byte, but no copy may. */
			if (kind[i].format != FORMAT_GIF || n != in.n - 1)
				assert_int_not_equal(
				    strip_check(kind[i].format, cut, n),
				    STRIP_WHOLE);
			assert_int_not_equal(
			    strip_copy(kind[i].format, 0, cut, n, out, &size),
			    STRIP_WHOLE);
			free(cut);
			free(out);
		}
	}
}

/* Any byte changed: the copy is never longer, and nothing is overrun. */
static void
test_damaged(void **state)
{
	static const uint8_t value[] = { 0, 1, 0x7f, 0x80, 0xfe, 0xff };

	(void)state;
	for (size_t i = 0; i < NELEM(kind); i++)
		for (size_t at = 0; at < kind[i].make(false).n; at++)
			for (size_t k = 0; k < NELEM(value); k++) {
				struct bytes in = kind[i].make(false);
				uint8_t *exact = malloc(in.n);
				uint8_t *out = malloc(in.n);
				size_t n = 0;

				assert_non_null(exact);
				assert_non_null(out);
				in.at[at] = value[k];
				memcpy(exact, in.at, in.n);
				(void)strip_copy(
				    kind[i].format, 0, exact, in.n, out, &n);
				assert_true(n <= in.n);
				free(exact);
				free(out);
			}
}

static void
test_png_sum(void **state)
{
	struct bytes in = png(true);

	(void)state;
	in.at[in.n - 20]++; /* in the pixels */
	assert_int_equal(strip_check(FORMAT_PNG, in.at, in.n), STRIP_BAD);
}

static void
test_heif(void **state)
{
	static const uint8_t whole[] = "\0\0\0\x0c"
				       "ftypavif"
				       "\0\0\0\x0a"
				       "mdat.."
				       "\0\0\0\1"
				       "free\0\0\0\0\0\0\0\x11.";
	uint8_t out[sizeof(whole)];
	size_t n;

	(void)state;
	assert_int_equal(
	    strip_check(FORMAT_AVIF, whole, sizeof(whole) - 1), STRIP_WHOLE);
	assert_int_equal(
	    strip_check(FORMAT_AVIF, whole, sizeof(whole) - 2), STRIP_CUT);
	assert_int_equal(strip_check(FORMAT_HEIC, whole, 20), STRIP_CUT);
	assert_int_equal(
	    strip_copy(FORMAT_AVIF, 0, whole, sizeof(whole) - 1, out, &n),
	    STRIP_UNKNOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strips),
		cmocka_unit_test(test_keeps),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_png_sum),
		cmocka_unit_test(test_heif),
	};

	return cmocka_run_group_tests_name("strip", tests, NULL, NULL);
}
