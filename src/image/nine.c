/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sorts many columns of nine at once, by a network of comparisons that leaves
 * the fifth in its place (19 of them; it is well known, as in A. Paeth,
 * "Median Finding on a 3x3 Grid", Graphics Gems, 1990).
 */
#include "image/nine.h"

#include <string.h>

#include "image/pixel.h"

/* Bytes that are compared together: of known length, or it is no vector. */
enum { VECTOR = 32 };

struct nine {
	uint8_t of[9][VECTOR];
};

/* The lesser of each pair to a, the greater to b. */
static void
nine_sort(struct nine *nine, unsigned a, unsigned b)
{
	uint8_t least[VECTOR], greatest[VECTOR];

	for (size_t i = 0; i < VECTOR; i++)
		least[i] = nine->of[a][i] < nine->of[b][i] ? nine->of[a][i]
							   : nine->of[b][i];
	for (size_t i = 0; i < VECTOR; i++)
		greatest[i] = nine->of[a][i] > nine->of[b][i] ? nine->of[a][i]
							      : nine->of[b][i];
	memcpy(nine->of[a], least, sizeof(least));
	memcpy(nine->of[b], greatest, sizeof(greatest));
}

static void
nine_median(struct nine *nine)
{
	static const uint8_t pair[19][2] = { { 1, 2 }, { 4, 5 }, { 7, 8 },
		{ 0, 1 }, { 3, 4 }, { 6, 7 }, { 1, 2 }, { 4, 5 }, { 7, 8 },
		{ 0, 3 }, { 5, 8 }, { 4, 7 }, { 3, 6 }, { 1, 4 }, { 2, 5 },
		{ 4, 7 }, { 4, 2 }, { 6, 4 }, { 4, 2 } };

	for (size_t i = 0; i < 19; i++)
		nine_sort(nine, pair[i][0], pair[i][1]);
}

/* A line with its ends repeated, a pixel more on each side. */
static void
line_read(const VipsImage *in, int y, uint8_t *row)
{
	size_t bands = (size_t)in->Bands;
	size_t line = pixel_line_size(in);
	int inside = y < 0 ? 0 : y < in->Ysize ? y : in->Ysize - 1;

	memcpy(row + bands, pixel_line(in, inside), line);
	memcpy(row, row + bands, bands);
	memcpy(row + bands + line, row + line, bands);
}

/* row: three lines as line_read() makes them, with room behind. */
static void
line_median(uint8_t *const row[3], size_t bands, size_t bytes, uint8_t *to)
{
	struct nine nine;

	for (size_t at = 0; at < bytes; at += VECTOR) {
		for (size_t k = 0; k < 9; k++)
			/* cppcheck-suppress uninitvar ; it is filled here */
			memcpy(nine.of[k], row[k / 3] + at + k % 3 * bands,
			    VECTOR);
		nine_median(&nine);
		memcpy(to + at, nine.of[4],
		    bytes - at < VECTOR ? bytes - at : VECTOR);
	}
}

bool
median_three(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	size_t bands = (size_t)in->Bands;
	size_t line = pixel_line_size(in);
	size_t room = line + 2 * bands + VECTOR;
	scoped_image done = NULL;
	uint8_t *rows;
	uint8_t *row[3];

	if (!pixel_new(ctx, in, in->Xsize, in->Ysize, &done, e))
		return false;
	rows = mem_try(3 * room);
	if (rows == NULL)
		return err_set(e, ERR_TOO_LARGE, "no memory for a median");
	memset(rows, 0, 3 * room);
	for (int y = -1; y < in->Ysize; y++) {
		/* The line below takes the place of the one that is done. */
		for (int k = 0; k < 3; k++)
			row[k] = rows + (size_t)((y + k + 2) % 3) * room;
		line_read(in, y + 1, row[2]);
		if (y <= 0)
			line_read(in, 0, row[y < 0 ? 1 : 0]);
		if (y >= 0)
			line_median(row, bands, line, pixel_line(done, y));
	}
	free(rows);
	*out = take_ptr(done);
	return true;
}
