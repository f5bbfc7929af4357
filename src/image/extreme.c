/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First along the lines, then along the columns. A row of things is compared
 * with itself one place on, then two, four, and so on: after that each place
 * holds the extreme of a power of two, and two such make any length.
 */
#include "image/extreme.h"

#include <string.h>

#include "image/colour.h"
#include "image/pixel.h"

/* Columns that are worked on together: a line of the processor's cache. */
enum { STRIP_BYTES = 64 };
/* Bytes that are compared together. */
enum { VECTOR = 32 };

struct window {
	int width; /* to each side */
	bool most;
	size_t size; /* bytes of a sample */
};

/* A vector of each kind: of known length and apart, or it is none at -O2. */
static void
vector_8(uint8_t *to, const uint8_t *a, const uint8_t *b, bool most)
{
	uint8_t x[VECTOR], y[VECTOR], least[VECTOR], greatest[VECTOR];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	for (size_t i = 0; i < VECTOR; i++)
		least[i] = x[i] < y[i] ? x[i] : y[i];
	for (size_t i = 0; i < VECTOR; i++)
		greatest[i] = x[i] > y[i] ? x[i] : y[i];
	memcpy(to, most ? greatest : least, sizeof(x));
}

static void
vector_16(uint8_t *to, const uint8_t *a, const uint8_t *b, bool most)
{
	uint16_t x[VECTOR / 2], y[VECTOR / 2], least[VECTOR / 2],
	    greatest[VECTOR / 2];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	for (size_t i = 0; i < VECTOR / 2; i++)
		least[i] = x[i] < y[i] ? x[i] : y[i];
	for (size_t i = 0; i < VECTOR / 2; i++)
		greatest[i] = x[i] > y[i] ? x[i] : y[i];
	memcpy(to, most ? greatest : least, sizeof(x));
}

/* to may be a: b lies at or behind a. */
static void
compare(const struct window *w, uint8_t *to, const uint8_t *a, const uint8_t *b,
    size_t bytes)
{
	uint8_t x[VECTOR] = { 0 };
	uint8_t y[VECTOR] = { 0 };
	size_t i = 0;

	for (; i + VECTOR <= bytes; i += VECTOR)
		(w->size == 1 ? vector_8 : vector_16)(
		    to + i, a + i, b + i, w->most);
	memcpy(x, a + i, bytes - i);
	memcpy(y, b + i, bytes - i);
	(w->size == 1 ? vector_8 : vector_16)(x, x, y, w->most);
	memcpy(to + i, x, bytes - i);
}

/*
 * A row of count things of so many bytes each, with width more before and
 * behind; the first count become the extremes.
 */
static void
row_run(const struct window *w, uint8_t *row, size_t count, size_t bytes)
{
	size_t length = 2 * (size_t)w->width + 1;
	size_t all = count + length - 1;
	size_t step = 1;

	for (; step * 2 <= length; step *= 2)
		compare(w, row, row, row + step * bytes, (all - step) * bytes);
	compare(w, row, row, row + (length - step) * bytes, count * bytes);
}

/* The row's ends, repeated. */
static void
row_ends(const struct window *w, uint8_t *row, size_t count, size_t bytes)
{
	size_t width = (size_t)w->width;
	const uint8_t *first = row + width * bytes;
	const uint8_t *last = row + (width + count - 1) * bytes;

	for (size_t i = 0; i < width; i++) {
		memcpy(row + i * bytes, first, bytes);
		memcpy(row + (width + count + i) * bytes, last, bytes);
	}
}

/* A side needs no window that reaches further than the side. */
static struct window
window_for(const struct window *w, int side)
{
	struct window less = *w;

	if (less.width >= side)
		less.width = side - 1;
	return less;
}

static void
lines_run(
    const struct window *all, const VipsImage *in, VipsImage *out, uint8_t *row)
{
	const struct window own = window_for(all, in->Xsize);
	const struct window *w = &own;
	size_t line = pixel_line_size(in);
	size_t pixel = line / (size_t)in->Xsize;

	for (int y = 0; y < in->Ysize; y++) {
		memcpy(row + (size_t)w->width * pixel, pixel_line(in, y), line);
		row_ends(w, row, (size_t)in->Xsize, pixel);
		row_run(w, row, (size_t)in->Xsize, pixel);
		memcpy(pixel_line(out, y), row, line);
	}
}

/* In place. */
static void
columns_run(const struct window *all, VipsImage *out, uint8_t *row)
{
	const struct window own = window_for(all, out->Ysize);
	const struct window *w = &own;
	size_t line = pixel_line_size(out);

	for (size_t at = 0; at < line; at += STRIP_BYTES) {
		size_t bytes =
		    line - at < STRIP_BYTES ? line - at : STRIP_BYTES;

		for (int y = 0; y < out->Ysize; y++)
			memcpy(row + (size_t)(w->width + y) * bytes,
			    pixel_line(out, y) + at, bytes);
		row_ends(w, row, (size_t)out->Ysize, bytes);
		row_run(w, row, (size_t)out->Ysize, bytes);
		for (int y = 0; y < out->Ysize; y++)
			memcpy(pixel_line(out, y) + at, row + (size_t)y * bytes,
			    bytes);
	}
}

static bool
extreme_both(const struct op_context *ctx, VipsImage *in,
    const struct window *w, VipsImage **out, struct err *e)
{
	size_t pixel = pixel_line_size(in) / (size_t)in->Xsize;
	size_t across = (size_t)(in->Xsize + 2 * w->width) * pixel;
	size_t down = (size_t)(in->Ysize + 2 * w->width) * STRIP_BYTES;
	scoped_image done = NULL;
	uint8_t *row;

	if (!pixel_new(ctx, in, in->Xsize, in->Ysize, &done, e))
		return false;
	row = mem_try(across > down ? across : down);
	if (row == NULL)
		return err_set(e, ERR_TOO_LARGE, "no memory for a row");
	lines_run(w, in, done, row);
	columns_run(w, done, row);
	free(row);
	*out = take_ptr(done);
	return true;
}

bool
extreme_run(const struct op_context *ctx, VipsImage *in, int width, bool most,
    VipsImage **out, struct err *e)
{
	struct window w = { .width = width, .most = most, .size = 1 };
	scoped_image flat = NULL;
	scoped_image solid = NULL;
	scoped_image fit = NULL;
	scoped_image read = NULL;
	scoped_image done = NULL;

	if (!colour_convert(ctx, in, &flat, e) ||
	    !pixel_premultiply(ctx, flat, &solid, e) ||
	    !pixel_whole(ctx, solid, &fit, e))
		return false;
	w.size = (size_t)vips_format_sizeof(fit->BandFmt);
	return pixel_read(ctx, fit, &read, e) &&
	    extreme_both(ctx, read, &w, &done, e) &&
	    pixel_unpremultiply(ctx, done, out, e);
}
