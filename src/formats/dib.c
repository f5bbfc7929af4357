/* SPDX-License-Identifier: Apache-2.0 */
/* See dib.h. Facts: Microsoft's BITMAPINFOHEADER, BITMAPV5HEADER, OS/2 2.0. */
#include "formats/dib.h"

#include <string.h>

enum compression {
	BI_RGB = 0,
	BI_RLE8 = 1,
	BI_RLE4 = 2,
	BI_BITFIELDS = 3,
	BI_ALPHABITFIELDS = 6
};

enum {
	FILE_HEADER = 14,
	CORE_HEADER = 12, /* OS/2 1 */
	INFO_HEADER = 40,
	MASKS = INFO_HEADER /* where the masks are, in or behind a header */
};

static uint16_t
le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t
le32(const uint8_t *p)
{
	return (uint32_t)le16(p) | (uint32_t)le16(p + 2) << 16;
}

static bool
cut(struct err *e)
{
	return err_set(e, ERR_TRUNCATED, "the bitmap is cut");
}

/* ---- The header ---- */

/* What is needed of it besides struct dib. */
struct header {
	uint32_t size;
	uint32_t compression;
	uint32_t colours; /* entries of the palette; 0: all that bits allow */
	uint32_t after;   /* bytes of masks behind the header */
};

static bool
header_core(const uint8_t *p, struct dib *d)
{
	d->width = le16(p + 4);
	d->height = le16(p + 6);
	d->bits = le16(p + 10);
	return true;
}

static bool
header_info(const uint8_t *p, struct dib *d, struct header *h)
{
	int32_t width = (int32_t)le32(p + 4);
	int32_t height = (int32_t)le32(p + 8);

	if (width < 1 || height == INT32_MIN)
		return false;
	d->top_down = height < 0;
	d->width = (uint32_t)width;
	d->height = (uint32_t)(height < 0 ? -height : height);
	d->bits = le16(p + 14);
	h->compression = le32(p + 16);
	h->colours = le32(p + 32);
	/* The old header has its masks behind it. */
	if (h->size == INFO_HEADER && h->compression == BI_BITFIELDS)
		h->after = 12;
	else if (h->size == INFO_HEADER && h->compression == BI_ALPHABITFIELDS)
		h->after = 16;
	return true;
}

static bool
header_read(const uint8_t *bytes, size_t size, struct dib *d, struct header *h,
    struct err *e)
{
	static const uint32_t sizes[] = { CORE_HEADER, INFO_HEADER, 52, 56, 64,
		108, 124 };
	size_t i = 0;

	*h = (struct header){ 0 };
	if (size < 4)
		return cut(e);
	h->size = le32(bytes);
	while (i < NELEM(sizes) && sizes[i] != h->size)
		i++;
	if (i == NELEM(sizes))
		return err_set(e, ERR_BAD_IMAGE, "a bitmap header of %u bytes",
		    (unsigned)h->size);
	if (size < h->size)
		return cut(e);
	if (!(h->size == CORE_HEADER ? header_core(bytes, d)
				     : header_info(bytes, d, h)) ||
	    d->width < 1 || d->height < 1 || d->width > DIB_SIDE ||
	    d->height > DIB_SIDE)
		return err_set(e, ERR_BAD_IMAGE, "a bitmap without a size");
	if (size - h->size < h->after)
		return cut(e);
	return true;
}

/* ---- Bit fields ---- */

static struct dib_field
field_of(uint32_t mask)
{
	struct dib_field f = { .mask = mask };

	if (mask == 0)
		return f;
	while ((mask >> f.shift & 1) == 0)
		f.shift++;
	f.most = mask >> f.shift;
	return f;
}

static uint8_t
field_get(const struct dib_field *f, uint32_t pixel)
{
	uint64_t value = (pixel & f->mask) >> f->shift;

	if (f->most == 0)
		return 0;
	return (uint8_t)((value * 255 + f->most / 2) / f->most);
}

static void
fields_read(const uint8_t *bytes, const struct header *h, struct dib *d)
{
	static const uint32_t five[4] = { 0x7c00, 0x03e0, 0x001f, 0 };
	static const uint32_t eight[4] = { 0xff0000, 0xff00, 0xff, 0 };
	const uint32_t *usual = d->bits == 16 ? five : eight;
	bool given = h->compression == BI_BITFIELDS ||
	    h->compression == BI_ALPHABITFIELDS;
	/* Masks of alpha came with version 3 of the header. */
	unsigned n = h->size >= 56 || h->after == 16 ? 4 : 3;

	for (unsigned i = 0; i < 4; i++)
		d->field[i] = field_of(!given ? usual[i]
			: i < n ? le32(bytes + MASKS + (size_t)4 * i)
				: 0);
	d->alpha = d->field[3].most > 0;
}

/* ---- Compression, palette, where the pixels are ---- */

static bool
coding_known(const struct dib *d, const struct header *h)
{
	switch (h->compression) {
	case BI_RGB:
		return d->bits == 1 || d->bits == 2 || d->bits == 4 ||
		    d->bits == 8 || d->bits == 16 || d->bits == 24 ||
		    d->bits == 32;
	case BI_RLE8:
		return d->bits == 8 && !d->top_down;
	case BI_RLE4:
		return d->bits == 4 && !d->top_down;
	case BI_BITFIELDS:
	case BI_ALPHABITFIELDS:
		/* In OS/2's header the number means something else. */
		return (d->bits == 16 || d->bits == 32) && h->size != 64;
	default:
		return false;
	}
}

static size_t
row_size(uint32_t width, unsigned bits)
{
	return (size_t)(((uint64_t)width * bits + 31) / 32 * 4);
}

/* Returns the bytes that it takes, whether they are there or not. */
static size_t
palette_read(
    const uint8_t *bytes, size_t size, const struct header *h, struct dib *d)
{
	size_t each = h->size == CORE_HEADER ? 3 : 4;
	size_t at = h->size + h->after;
	uint32_t n = h->colours;

	if (d->bits <= 8 && (n == 0 || n > 1U << d->bits))
		n = 1U << d->bits;
	/* Of more bits it is a hint that nobody needs. */
	if (d->bits > 8 && n > DIB_COLOURS)
		n = DIB_COLOURS;
	for (uint32_t i = 0; i < n && d->bits <= 8; i++) {
		const uint8_t *p = bytes + at + i * each;

		if (size - at < (i + 1) * each)
			break;
		d->colour[i][0] = p[2];
		d->colour[i][1] = p[1];
		d->colour[i][2] = p[0];
	}
	return n * each;
}

/*
 * start: of the pixels, from the header on; 0: behind the palette.
 */
static bool
body_read(const uint8_t *bytes, size_t size, size_t start,
    const struct header *h, struct dib *d, struct err *e)
{
	size_t palette;

	if (!coding_known(d, h))
		return err_set(e, ERR_BAD_IMAGE,
		    "a bitmap of %u bits and compression %u", d->bits,
		    (unsigned)h->compression);
	if (d->bits == 16 || d->bits == 32)
		fields_read(bytes, h, d);
	palette = palette_read(bytes, size, h, d);
	if (start == 0)
		start = h->size + h->after + palette;
	if (start >= size)
		return cut(e);
	d->packed = h->compression == BI_RLE8 ? 8
	    : h->compression == BI_RLE4       ? 4
					      : 0;
	d->pixels = bytes + start;
	d->size = size - start;
	return true;
}

bool
dib_read_bmp(const uint8_t *bytes, size_t size, struct dib *out, struct err *e)
{
	struct dib d = { 0 };
	struct header h;
	uint32_t start;

	if (size < FILE_HEADER)
		return cut(e);
	start = le32(bytes + 10);
	if (!header_read(bytes + FILE_HEADER, size - FILE_HEADER, &d, &h, e))
		return false;
	/* Some say 0, and some a place inside the header. */
	if (start < FILE_HEADER + h.size + h.after)
		start = 0;
	else
		start -= FILE_HEADER;
	if (!body_read(
		bytes + FILE_HEADER, size - FILE_HEADER, start, &h, &d, e))
		return false;
	*out = d;
	return true;
}

/* Whether any pixel of 32 bits has a fourth byte. */
static bool
icon_has_alpha(const struct dib *d)
{
	size_t n = (size_t)d->width * d->height;

	for (size_t i = 0; i < n && i < d->size / 4; i++)
		if (d->pixels[4 * i + 3] != 0)
			return true;
	return false;
}

bool
dib_read_icon(const uint8_t *bytes, size_t size, struct dib *out, struct err *e)
{
	struct dib d = { 0 };
	struct header h;
	size_t colours;
	size_t mask;

	if (!header_read(bytes, size, &d, &h, e))
		return false;
	/* Two pictures, one above the other. */
	d.height /= 2;
	if (d.height < 1 || d.top_down || h.compression != BI_RGB)
		return err_set(e, ERR_BAD_IMAGE, "an icon of no known form");
	if (!body_read(bytes, size, 0, &h, &d, e))
		return false;
	colours = row_size(d.width, d.bits) * d.height;
	mask = row_size(d.width, 1) * d.height;
	d.alpha = true;
	if (d.bits == 32 && icon_has_alpha(&d)) {
		d.field[3] = field_of(0xff000000);
	} else if (d.size >= colours && d.size - colours >= mask) {
		d.field[3] = field_of(0);
		d.mask = d.pixels + colours;
	}
	*out = d;
	return true;
}

/* ---- Rows ---- */

static void
put_colour(const struct dib *d, unsigned number, uint8_t *out)
{
	memcpy(out, d->colour[number % DIB_COLOURS], 3);
}

/* One pixel, all but its alpha where that is not in its own bits. */
static void
put_pixel(const struct dib *d, const uint8_t *row, uint32_t x, uint8_t *out)
{
	uint32_t pixel;
	unsigned per;

	switch (d->bits) {
	case 24:
		out[0] = row[3 * (size_t)x + 2];
		out[1] = row[3 * (size_t)x + 1];
		out[2] = row[3 * (size_t)x];
		return;
	case 16:
	case 32:
		pixel = d->bits == 16 ? le16(row + 2 * (size_t)x)
				      : le32(row + 4 * (size_t)x);
		for (unsigned i = 0; i < (d->alpha ? 4U : 3U); i++)
			out[i] = field_get(&d->field[i], pixel);
		return;
	default:
		per = 8 / d->bits;
		put_colour(d,
		    (uint32_t)row[x / per] >> (per - 1 - x % per) * d->bits &
			((1U << d->bits) - 1),
		    out);
	}
}

/* Of icons: clear where the mask says so, and solid where nothing does. */
static void
put_mask(const struct dib *d, uint32_t y, uint8_t *out)
{
	const uint8_t *row = d->mask == NULL
	    ? NULL
	    : d->mask + row_size(d->width, 1) * (d->height - 1 - y);

	for (uint32_t x = 0; x < d->width; x++)
		out[4 * (size_t)x + 3] =
		    row != NULL && (row[x / 8] >> (7 - x % 8) & 1) != 0 ? 0
									: 255;
}

bool
dib_row(const struct dib *d, uint32_t y, uint8_t *out)
{
	size_t length = row_size(d->width, d->bits);
	uint32_t from = d->top_down ? y : d->height - 1 - y;
	size_t each = d->alpha ? 4 : 3;
	/* The last row's padding may be missing. */
	size_t bytes = (size_t)(((uint64_t)d->width * d->bits + 7) / 8);

	if (d->size < bytes || (d->size - bytes) / length < from)
		return false;
	for (uint32_t x = 0; x < d->width; x++)
		put_pixel(d, d->pixels + length * from, x, out + each * x);
	if (d->alpha && d->field[3].most == 0)
		put_mask(d, y, out);
	return true;
}

/* ---- Run lengths ---- */

struct unpack {
	const struct dib *d;
	uint8_t *out;
	size_t at;     /* in the file */
	uint32_t x, y; /* y from below */
};

/*
 * False: the row is full, what runs over its edge is dropped. So there is never
 * more work than there are pixels.
 */
static bool
unpack_put(struct unpack *u, unsigned number)
{
	const struct dib *d = u->d;

	if (u->x >= d->width || u->y >= d->height)
		return false;
	u->out[(size_t)(d->height - 1 - u->y) * d->width + u->x] =
	    (uint8_t)number;
	u->x++;
	return true;
}

/* n pixels as they are, at an even number of bytes. */
static bool
unpack_literal(struct unpack *u, unsigned n)
{
	const struct dib *d = u->d;
	size_t bytes = d->packed == 8 ? n : (n + 1) / 2;

	if (d->size - u->at < bytes)
		return false;
	for (unsigned i = 0; i < n; i++) {
		unsigned number = d->packed == 8 ? d->pixels[u->at + i]
		    : i % 2 == 0                 ? d->pixels[u->at + i / 2] >> 4
				 : d->pixels[u->at + i / 2] & 15;

		if (!unpack_put(u, number))
			break;
	}
	u->at += bytes + bytes % 2;
	if (u->at > d->size)
		u->at = d->size;
	return true;
}

/* An escape; *end: of the picture. */
static bool
unpack_escape(struct unpack *u, unsigned what, bool *end)
{
	const struct dib *d = u->d;

	switch (what) {
	case 0:
		u->x = 0;
		u->y++;
		return true;
	case 1:
		*end = true;
		return true;
	case 2:
		if (d->size - u->at < 2)
			return false;
		u->x += d->pixels[u->at];
		u->y += d->pixels[u->at + 1];
		if (u->x > d->width)
			u->x = d->width;
		u->at += 2;
		return true;
	default:
		return unpack_literal(u, what);
	}
}

bool
dib_unpack(const struct dib *d, uint8_t *out)
{
	struct unpack u = { .d = d, .out = out };
	bool end = false;

	memset(out, 0, (size_t)d->width * d->height);
	/* The end is also where the rows are full. */
	while (!end && u.y < d->height) {
		unsigned n;
		unsigned what;

		if (d->size - u.at < 2)
			return false;
		n = d->pixels[u.at];
		what = d->pixels[u.at + 1];
		u.at += 2;
		if (n == 0 && !unpack_escape(&u, what, &end))
			return false;
		for (unsigned i = 0; i < n; i++)
			if (!unpack_put(&u,
				d->packed == 8   ? what
				    : i % 2 == 0 ? what >> 4
						 : what & 15))
				break;
	}
	return true;
}

void
dib_unpacked_row(
    const struct dib *d, const uint8_t *unpacked, uint32_t y, uint8_t *out)
{
	const uint8_t *row = unpacked + (size_t)y * d->width;

	for (uint32_t x = 0; x < d->width; x++)
		put_colour(d, row[x], out + 3 * (size_t)x);
}

/* ---- ICO and CUR ---- */

static bool
icon_entry(
    const uint8_t *bytes, size_t size, const uint8_t *entry, struct icon *out)
{
	uint32_t length = le32(entry + 8);
	uint32_t start = le32(entry + 12);
	const uint8_t *p;

	if (start >= size || length > size - start || length < 24)
		return false;
	p = bytes + start;
	*out = (struct icon){
		.width = entry[0] == 0 ? 256 : entry[0],
		.height = entry[1] == 0 ? 256 : entry[1],
		.bits = le16(entry + 6),
		.bytes = p,
		.size = length,
		.png = memcmp(p, "\x89PNG\r\n\x1a\n", 8) == 0,
	};
	/* Of a cursor the place says something else: the picture knows. */
	if (bytes[2] == 2)
		out->bits = out->png ? 32 : le16(p + 14);
	return true;
}

static bool
icon_before(const struct icon *a, const struct icon *b)
{
	uint32_t x = a->width * a->height;
	uint32_t y = b->width * b->height;

	return x != y ? x > y : a->bits > b->bits;
}

bool
icon_read(const uint8_t *bytes, size_t size, struct icon out[static ICON_MOST],
    size_t *n, struct err *e)
{
	size_t entries;
	size_t found = 0;

	if (size < 6)
		return cut(e);
	entries = le16(bytes + 4);
	for (size_t i = 0; i < entries && found < ICON_MOST; i++) {
		struct icon one;
		size_t at = found;

		if (size - 6 < 16 * (i + 1))
			break;
		if (!icon_entry(bytes, size, bytes + 6 + 16 * i, &one))
			continue;
		for (; at > 0 && icon_before(&one, &out[at - 1]); at--)
			out[at] = out[at - 1];
		out[at] = one;
		found++;
	}
	*n = found;
	return found > 0 ||
	    err_set(e, ERR_BAD_IMAGE, "an icon without a picture");
}
