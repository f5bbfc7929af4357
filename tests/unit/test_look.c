/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Averages, main colours and hashes. The texts of BlurHash and ThumbHash are
 * what their authors' own programs say of the same pixels.
 */
#include <math.h>

#include "base/codec.h"
#include "image/look.h"
#include "unit.h"

static uint8_t pixels[LOOK_SIDE * LOOK_SIDE * 4];

/* Edges and slopes of all kinds, by whole numbers alone. */
static struct look
pattern(size_t width, size_t height, bool clear)
{
	uint8_t *p = pixels;

	for (size_t y = 0; y < height; y++)
		for (size_t x = 0; x < width; x++) {
			*p++ = (uint8_t)(x * 7 + y * 3);
			*p++ = (uint8_t)(x * x + y * 11);
			*p++ = (uint8_t)(y * y * 2 + x);
			*p++ = clear ? (uint8_t)(x * 5 + y * 9) : 255;
		}
	return (struct look){ pixels, width, height };
}

static struct look
plain(size_t width, size_t height, uint32_t colour)
{
	for (size_t i = 0; i < width * height; i++)
		for (size_t c = 0; c < 4; c++)
			pixels[4 * i + c] = (uint8_t)(colour >> (24 - 8 * c));
	return (struct look){ pixels, width, height };
}

static void
test_hashes(void **state)
{
	static const struct {
		size_t width, height, nx, ny;
		bool clear;
		const char *blur, *thumb;
	} rows[] = {
		{ 32, 20, 4, 3, false, "L5HV6U2u:H:r4TDC_W4a53:#Bz.N",
		    "3ggKLJRgZ3dQZ4h0l4VgXw2HiQ==" },
		{ 20, 32, 3, 4, false, "T8EWjq17v52h+PmpqGl[dOePXwl$",
		    "XPgFJAxgCHcXZXRZeJdweg0ZyA==" },
		{ 100, 100, 4, 4, false, "U2HLo1o-EdXH}nAc[q5-1P1G1g13G2;21h{*",
		    "H/gBDwBidIR4eUtGRgVnaHeX8ahmZl8C" },
		{ 40, 25, 4, 3, true, "LLM@o#B-3B^j=B%%=~#DxS=~H@Rk",
		    "ngiGE4gYBV11p4AVX1qQdmh3CIVUbWo=" },
		{ 1, 1, 1, 1, false, "000000",
		    "AAgCBwAAAAAAAAAAAAAAAAAAAAAAAAAA" },
		{ 7, 100, 9, 9, false,
		    "|TGSS*-:fP-:fi-:fi-:fi5;JASfS4S3S4R,R-R,1KjZsnNbsnNusnNbs"
		    "n{yw0azs9jHr?jas9jaEMJ8WWWCS3WVSfWVSfRq#WsBf8r[jIsBa}sBzo"
		    "R%Sge-S4adWqe-WqIVV]sUjGjajZjHjGjHuvwMX6VxkAa5kAVxkA",
		    "nPgJKRCHZQeIiGVHiGVwZwY=" },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(rows); i++) {
		struct look look =
		    pattern(rows[i].width, rows[i].height, rows[i].clear);
		uint8_t thumb[LOOK_THUMBHASH_MAX];
		char text[LOOK_BLURHASH_MAX];
		size_t n = look_blurhash(&look, rows[i].nx, rows[i].ny, text);

		assert_int_equal(n, strlen(text));
		assert_string_equal(text, rows[i].blur);
		n = look_thumbhash(&look, thumb);
		codec_base64_encode(thumb, n, false, text);
		assert_string_equal(text, rows[i].thumb);
	}
}

static void
test_colours(void **state)
{
	struct look_colour colour[LOOK_COLOURS];
	uint8_t rgb[3];
	struct look look = plain(10, 10, 0x3366ccff);

	(void)state;
	look_average(&look, rgb);
	assert_memory_equal(rgb, "\x33\x66\xcc", 3);
	assert_int_equal(look_colours(&look, colour), 1);
	assert_memory_equal(colour[0].rgb, "\x33\x66\xcc", 3);
	assert_true(colour[0].share > 0.999);

	/* A quarter is red; hidden colours of clear pixels count nothing. */
	memcpy(pixels, "\xff\0\0\xff", 4);
	for (size_t i = 0; i < 25; i++)
		memcpy(pixels + 4 * i, "\xff\0\0\xff", 4);
	for (size_t i = 90; i < 100; i++)
		memcpy(pixels + 4 * i, "\0\xff\0\0", 4);
	assert_int_equal(look_colours(&look, colour), 2);
	assert_memory_equal(colour[0].rgb, "\x33\x66\xcc", 3);
	assert_memory_equal(colour[1].rgb, "\xff\0\0", 3);
	assert_true(colour[1].share > 0.27 && colour[1].share < 0.28);

	look = plain(4, 4, 0x12345600);
	look_average(&look, rgb);
	assert_memory_equal(rgb, "\0\0\0", 3);
	assert_int_equal(look_colours(&look, colour), 0);
}

static unsigned
bits(uint64_t value)
{
	return (unsigned)__builtin_popcountll(value);
}

/* Waves without an axis of symmetry. */
static struct look
waves(double bright, double turn)
{
	for (int i = 0; i < 96 * 64; i++) {
		double x = i % 96;
		double y = i / 96;
		double v = bright + 40 * sin(x / 9 + turn * y / 17) +
		    30 * cos(y / 7 - x / 23) + 20 * sin(x * y / 300 + turn);

		for (int c = 0; c < 4; c++)
			pixels[4 * i + c] = c < 3 ? (uint8_t)v : 255;
	}
	return (struct look){ pixels, 96, 64 };
}

static void
test_phash(void **state)
{
	struct look look = waves(110, 1);
	uint64_t first = look_phash(&look);

	(void)state;
	look = waves(130, 1);
	assert_true(bits(first ^ look_phash(&look)) <= 4);
	look = waves(110, 1.02);
	assert_true(bits(first ^ look_phash(&look)) <= 8);
	look = waves(110, -2);
	assert_true(bits(first ^ look_phash(&look)) >= 14);
	look = plain(1, 1, 0xffffffff);
	(void)look_phash(&look);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hashes),
		cmocka_unit_test(test_colours),
		cmocka_unit_test(test_phash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
