/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bitmaps made by hand, 4 x 2 pixels or so: every depth and coding, what is
 * cut, what lies; each also cut at every byte, from memory of that size, so
 * that a sanitizer sees what is read behind the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/dib.h"
#include "unit.h"

struct bytes {
	uint8_t at[2048];
	size_t n;
};

static void
put(struct bytes *b, const void *bytes, size_t n)
{
	assert_true(n <= sizeof(b->at) - b->n);
	memcpy(b->at + b->n, bytes, n);
	b->n += n;
}

static void
le(struct bytes *b, uint32_t value, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		put(b, &(uint8_t){ (uint8_t)(i < 4 ? value >> 8 * i : 0) }, 1);
}

/* colours: words 0xRRGGBB. */
struct made {
	uint32_t header;
	int32_t width, height;
	unsigned bits, compression;
	const uint32_t *colour;
	unsigned ncolour;
	const uint32_t *mask;
	unsigned nmask;
	const char *pixels;
	size_t size;
};

static struct bytes
make(const struct made *m, bool file)
{
	struct bytes b = { .n = 0 };

	if (file) {
		put(&b, "BM", 2);
		le(&b, 0, 8);
		/* Behind the palette, by itself. */
		le(&b, 0, 4);
	}
	le(&b, m->header, 4);
	if (m->header == 12) {
		le(&b, (uint32_t)m->width, 2);
		le(&b, (uint32_t)m->height, 2);
		le(&b, 1, 2);
		le(&b, m->bits, 2);
	} else {
		le(&b, (uint32_t)m->width, 4);
		le(&b, (uint32_t)m->height, 4);
		le(&b, 1, 2);
		le(&b, m->bits, 2);
		le(&b, m->compression, 4);
		le(&b, 0, 12);
		le(&b, m->ncolour, 4);
		le(&b, 0, 4);
	}
	for (unsigned i = 0; i < m->nmask; i++)
		le(&b, m->mask[i], 4);
	for (size_t n = 40 + 4 * m->nmask; n < m->header; n++)
		le(&b, 0, 1);
	for (unsigned i = 0; i < m->ncolour; i++)
		le(&b, m->colour[i], m->header == 12 ? 3 : 4);
	put(&b, m->pixels, m->size);
	return b;
}

/* As "rrggbb rrggbb/rrggbb ..."; alpha as two digits more. */
static void
shown(const struct dib *d, char *out, size_t size)
{
	uint8_t row[256];
	uint8_t *unpacked = NULL;
	size_t each = d->alpha ? 4 : 3;
	size_t n = 0;

	assert_true(d->width * each <= sizeof(row));
	out[0] = '\0';
	if (d->packed != 0) {
		unpacked = xcalloc(d->width, d->height);
		if (!dib_unpack(d, unpacked)) {
			free(unpacked);
			snprintf(out, size, "cut");
			return;
		}
	}
	for (uint32_t y = 0; y < d->height; y++) {
		if (unpacked != NULL)
			dib_unpacked_row(d, unpacked, y, row);
		else if (!dib_row(d, y, row)) {
			snprintf(out, size, "cut");
			break;
		}
		for (uint32_t x = 0; x < d->width; x++) {
			n += (size_t)snprintf(out + n, size - n, "%s",
			    x > 0       ? " "
				: y > 0 ? "/"
					: "");
			for (size_t i = 0; i < each; i++)
				n += (size_t)snprintf(out + n, size - n, "%02x",
				    row[x * each + i]);
		}
	}
	free(unpacked);
}

/* Every shorter file: fails, or is something, but reads nothing outside. */
static void
cut_everywhere(const struct bytes *b, bool file)
{
	char text[2048];

	for (size_t n = 0; n < b->n; n++) {
		uint8_t *copy = xcalloc(1, n > 0 ? n : 1);
		struct dib d;
		struct err e = { 0 };

		memcpy(copy, b->at, n);
		if ((file ? dib_read_bmp(copy, n, &d, &e)
			  : dib_read_icon(copy, n, &d, &e)) &&
		    d.width < 64 && d.height < 64)
			shown(&d, text, sizeof(text));
		free(copy);
	}
}

static void
is(const struct made *m, bool file, const char *want)
{
	struct bytes b = make(m, file);
	struct dib d;
	struct err e = { 0 };
	char text[2048];

	if (file ? !dib_read_bmp(b.at, b.n, &d, &e)
		 : !dib_read_icon(b.at, b.n, &d, &e))
		snprintf(text, sizeof(text), "! %s", err_row(e.code)->code);
	else
		shown(&d, text, sizeof(text));
	assert_string_equal(text, want);
	cut_everywhere(&b, file);
}

static const uint32_t four[] = { 0x000000, 0xff0000, 0x00ff00, 0x0000ff };
#define PIXELS(text) .pixels = (text), .size = sizeof(text) - 1

static void
test_colours(void **state)
{
	const uint32_t five[] = { 0xf800, 0x07e0, 0x001f };
	const uint32_t alpha[] = { 0xff0000, 0xff00, 0xff, 0xff000000 };
	struct made m = { .header = 40,
		.width = 2,
		.height = 2,
		.bits = 24,
		PIXELS("\1\2\3\4\5\6--\7\x8\x9\xa\xb\xc--") };

	(void)state;
	is(&m, true, "090807 0c0b0a/030201 060504");
	m.height = -2;
	is(&m, true, "030201 060504/090807 0c0b0a");
	/* The last padding may be missing. */
	m.size -= 2;
	is(&m, true, "030201 060504/090807 0c0b0a");
	m.size--;
	is(&m, true, "cut");
	m = (struct made){ .header = 40,
		.width = 2,
		.height = 1,
		.bits = 32,
		PIXELS("\1\2\3\xff\4\5\6\0") };
	is(&m, true, "030201 060504");
	m.header = 56;
	m.compression = 3;
	m.mask = alpha;
	m.nmask = 4;
	is(&m, true, "030201ff 06050400");
	m = (struct made){ .header = 40,
		.width = 2,
		.height = 1,
		.bits = 16,
		PIXELS("\x1f\x7c\xe0\x03") };
	is(&m, true, "ff00ff 00ff00");
	m.compression = 3;
	m.mask = five;
	m.nmask = 3;
	is(&m, true, "7b82ff 007d00");
}

static void
test_palettes(void **state)
{
	struct made m = { .header = 40,
		.width = 5,
		.height = 1,
		.bits = 8,
		.colour = four,
		.ncolour = 4,
		PIXELS("\0\1\2\3\4---") };

	(void)state;
	is(&m, true, "000000 ff0000 00ff00 0000ff 000000");
	m.bits = 4;
	m.pixels = "\x01\x23\x10-";
	m.size = 4;
	is(&m, true, "000000 ff0000 00ff00 0000ff ff0000");
	m.bits = 2;
	m.pixels = "\x1b\x40--";
	is(&m, true, "000000 ff0000 00ff00 0000ff ff0000");
	m.bits = 1;
	m.ncolour = 2;
	m.pixels = "\x58---";
	is(&m, true, "000000 ff0000 000000 ff0000 ff0000");
	m.header = 12;
	is(&m, true, "000000 ff0000 000000 ff0000 ff0000");
}

static void
test_runs(void **state)
{
	struct made m = { .header = 40,
		.width = 4,
		.height = 2,
		.bits = 8,
		.compression = 1,
		.colour = four,
		.ncolour = 4,
		PIXELS("\2\1\2\2\0\0\0\3\1\2\3\0\0\1") };

	(void)state;
	is(&m, true, "ff0000 00ff00 0000ff 000000/ff0000 ff0000 00ff00 00ff00");
	/* A run over the edge, a jump, an end without an end. */
	m.pixels = "\xff\1\0\2\1\1\1\2\0\1";
	m.size = 10;
	is(&m, true, "000000 000000 000000 000000/ff0000 ff0000 ff0000 ff0000");
	m.pixels = "\4\1\0\0\4\2\0\0";
	m.size = 8;
	is(&m, true, "00ff00 00ff00 00ff00 00ff00/ff0000 ff0000 ff0000 ff0000");
	m.size = 5;
	is(&m, true, "cut");
	m.pixels = "\0\5\1";
	m.size = 3;
	is(&m, true, "cut");
	m.bits = 4;
	m.compression = 2;
	m.pixels = "\4\x12\0\0\0\3\x12\x30\0\1";
	m.size = 10;
	is(&m, true, "ff0000 00ff00 0000ff 000000/ff0000 00ff00 ff0000 00ff00");
	/* Runs have no other direction. */
	m.height = -2;
	is(&m, true, "! bad-image");
}

static void
test_lies(void **state)
{
	struct made m = { .header = 40,
		.width = 0,
		.height = 1,
		.bits = 24,
		PIXELS("----") };

	(void)state;
	is(&m, true, "! bad-image");
	m.width = -1;
	is(&m, true, "! bad-image");
	m.width = 1;
	m.height = INT32_MIN;
	is(&m, true, "! bad-image");
	m.height = INT32_MAX;
	is(&m, true, "! bad-image");
	m.height = 1;
	m.bits = 7;
	is(&m, true, "! bad-image");
	m.bits = 24;
	m.compression = 4;
	is(&m, true, "! bad-image");
	m.compression = 0;
	m.header = 41;
	is(&m, true, "! bad-image");
	m.header = 40;
	m.size = 0;
	is(&m, true, "! truncated");
}

static void
test_icons(void **state)
{
	/* Twice as high as it is: behind the colours a mask. */
	struct made m = { .header = 40,
		.width = 2,
		.height = 2,
		.bits = 24,
		PIXELS("\1\2\3\4\5\6--\x40---") };

	(void)state;
	is(&m, false, "030201ff 06050400");
	m.bits = 32;
	m.pixels = "\1\2\3\0\4\5\6\0\x80---";
	is(&m, false, "03020100 060504ff");
	m.pixels = "\1\2\3\x10\4\5\6\0\x80---";
	is(&m, false, "03020110 06050400");
	/* Without a mask it is solid. */
	m.pixels = "\1\2\3\0\4\5\6\0";
	m.size = 8;
	is(&m, false, "030201ff 060504ff");
	m.height = 1;
	is(&m, false, "! bad-image");
	m.height = -2;
	is(&m, false, "! bad-image");
}

static void
directory(struct bytes *b, uint8_t side, uint16_t bits, uint32_t n, uint32_t at)
{
	put(b, (uint8_t[]){ side, side, 0, 0, 1, 0 }, 6);
	le(b, bits, 2);
	le(b, n, 4);
	le(b, at, 4);
}

static void
test_directory(void **state)
{
	struct bytes b = { .n = 0 };
	struct icon icon[ICON_MOST];
	struct err e = { 0 };
	size_t n;

	(void)state;
	le(&b, 0x10000, 4);
	le(&b, 6, 2);
	directory(&b, 16, 8, 24, 102);
	directory(&b, 16, 32, 24, 102);
	directory(&b, 0, 4, 24, 102);
	directory(&b, 48, 32, 25, 102);        /* ends behind the file */
	directory(&b, 48, 32, UINT32_MAX, 50); /* overflows */
	directory(&b, 48, 32, 24, UINT32_MAX); /* begins behind it */
	put(&b, "\x89PNG\r\n\x1a\n----------------", 24);
	assert_true(icon_read(b.at, b.n, icon, &n, &e));
	assert_int_equal(n, 3);
	assert_int_equal(icon[0].width, 256);
	assert_int_equal(icon[1].bits, 32);
	assert_int_equal(icon[2].bits, 8);
	assert_true(icon[0].png);
	for (size_t i = 0; i < b.n; i++) {
		uint8_t *copy = xcalloc(1, i > 0 ? i : 1);

		memcpy(copy, b.at, i);
		(void)!icon_read(copy, i, icon, &n, &e);
		free(copy);
	}
	assert_false(icon_read(b.at, 6 + 16 * 6, icon, &n, &e));
	assert_int_equal(e.code, ERR_BAD_IMAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_colours),
		cmocka_unit_test(test_palettes),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_icons),
		cmocka_unit_test(test_directory),
	};

	return cmocka_run_group_tests_name("dib", tests, NULL, NULL);
}
