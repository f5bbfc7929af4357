/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device-independent bitmaps: what is inside a BMP and an ICO file. Knows no
 * libvips, so that it can be fuzzed alone.
 *
 * Reads 1, 2, 4, 8, 16, 24 and 32 bits a pixel, RLE4 and RLE8, bit fields,
 * headers of OS/2 and of all versions of Windows, rows in both directions. Not
 * the JPEG and PNG that only printers get.
 *
 * Never reads outside the bytes, for any bytes. A value: the bytes are
 * borrowed and must outlive it.
 */
#pragma once

#include "base/err.h"

enum { DIB_COLOURS = 256 };

/* One channel of bit fields. */
struct dib_field {
	uint32_t mask;
	unsigned shift;
	uint32_t most; /* largest value; 0: there is no such channel */
};

struct dib {
	uint32_t width, height; /* pixels, both at least 1 */
	unsigned bits;          /* of a pixel */
	bool alpha;             /* rows have four bytes a pixel, else three */
	bool top_down;
	unsigned packed;           /* 4, 8: RLE of that many bits; 0: none */
	struct dib_field field[4]; /* R G B A, of 16 and 32 bits */
	uint8_t colour[DIB_COLOURS][3]; /* those not in the file are black */
	const uint8_t *pixels;
	size_t size; /* bytes from there on */
	/* ICO: a bit for each pixel, set where it is clear; or NULL. */
	const uint8_t *mask;
};

/*
 * Largest side. Everything that is computed of two of them fits 64 bits.
 */
enum { DIB_SIDE = 1 << 20 };

/* A BMP file: its header only. Fails with BAD_IMAGE, TRUNCATED. */
bool dib_read_bmp(const uint8_t *bytes, size_t size, struct dib *out,
    struct err *e) must_check;
/* A picture inside an ICO: without a file header, and with a mask below. */
bool dib_read_icon(const uint8_t *bytes, size_t size, struct dib *out,
    struct err *e) must_check;

/*
 * Row y from the top, width * (alpha ? 4 : 3) bytes. Not of what is packed.
 * False: the file ends before.
 */
bool dib_row(const struct dib *d, uint32_t y, uint8_t *out) must_check;
/*
 * Unpacks RLE: width * height bytes, from the top, each the number of a
 * colour; what is left out is 0. False: the file ends before the picture does.
 */
bool dib_unpack(const struct dib *d, uint8_t *out) must_check;
/* A row of what was unpacked. */
void dib_unpacked_row(
    const struct dib *d, const uint8_t *unpacked, uint32_t y, uint8_t *out);

/* ---- ICO and CUR ---- */

enum { ICON_MOST = 64 }; /* pictures looked at */

struct icon {
	uint32_t width, height; /* what the directory says */
	unsigned bits;
	const uint8_t *bytes;
	size_t size;
	bool png; /* a PNG file, else for dib_read_icon() */
};

/*
 * The directory's pictures that lie inside the file, the largest and then the
 * one of most colours first. Returns how many. Fails with BAD_IMAGE when there
 * is none.
 */
bool icon_read(const uint8_t *bytes, size_t size,
    struct icon out[static ICON_MOST], size_t *n, struct err *e) must_check;
