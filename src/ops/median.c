/* SPDX-License-Identifier: Apache-2.0 */
/*
 * median: each pixel becomes the median of the square around it, edges
 * repeated; alpha included.
 *
 * With 8 bits the work for a pixel does not grow with the square: S. Perreault
 * and P. Hebert, "Median Filtering in Constant Time", 2007. Each column has a
 * histogram of the lines around the current one; the square's is the sum of
 * its columns', of which only the sixteenth that holds the median is kept up
 * to date. (libvips does 2 additions a pixel for each line of the square, and
 * refuses squares larger than the image, as sharp then does.)
 *
 * Large squares of 16 bits are computed with the upper 8: what is left of a
 * picture has no finer shades to lose.
 */
#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "image/colour.h"
#include "image/op.h"
#include "image/pixel.h"
#include "image/table.h"

enum { MEDIAN_DEEP = 7, PARTS = 16, PART = 16 };

/* Of one column, or of the square: how many of each sixteenth, and of each. */
struct column {
	uint16_t part[PARTS];
	uint16_t value[PARTS][PART];
};

struct square {
	uint32_t part[PARTS];
	uint32_t value[PARTS][PART];
	/* The columns that value[k] counts: [first, end). */
	int first[PARTS], end[PARTS];
};

struct filter {
	const VipsImage *in;
	VipsImage *out;
	struct column *column; /* in->Xsize of them */
	int band;
	/* The square reaches from before the pixel to after it, included. */
	int before, after;
	uint32_t rank; /* as many are not above the median */
};

static int
clamp(int at, int size)
{
	return at < 0 ? 0 : at < size ? at : size - 1;
}

/* Counts a line of the image into the columns, or out again. */
static void
columns_add(struct filter *f, int y, uint16_t by)
{
	const uint8_t *from = pixel_line(f->in, clamp(y, f->in->Ysize));
	int bands = f->in->Bands;

	for (int x = 0; x < f->in->Xsize; x++) {
		unsigned v = from[x * bands + f->band];
		struct column *c = &f->column[x];

		c->part[v / PART] = (uint16_t)(c->part[v / PART] + by);
		c->value[v / PART][v % PART] =
		    (uint16_t)(c->value[v / PART][v % PART] + by);
	}
}

/* sum += sign * add, modulo 2^32. */
static void
sixteen_add(uint32_t *sum, const uint16_t *add, uint32_t sign)
{
	for (size_t i = 0; i < PART; i++)
		sum[i] += sign * add[i];
}

/* Brings one sixteenth of the square up to the columns [first, end). */
static void
square_update(
    const struct filter *f, struct square *q, unsigned k, int first, int end)
{
	int width = f->in->Xsize;

	if (q->end[k] <= first) {
		memset(q->value[k], 0, sizeof(q->value[k]));
		q->first[k] = q->end[k] = first;
	}
	for (int x = q->end[k]; x < end; x++)
		sixteen_add(
		    q->value[k], f->column[clamp(x, width)].value[k], 1);
	for (int x = q->first[k]; x < first; x++)
		sixteen_add(q->value[k], f->column[clamp(x, width)].value[k],
		    UINT32_MAX);
	q->first[k] = first;
	q->end[k] = end;
}

static uint8_t
square_median(const struct filter *f, struct square *q, int x)
{
	uint32_t below = 0;
	unsigned k = 0;
	unsigned v = 0;

	while (below + q->part[k] <= f->rank)
		below += q->part[k++];
	square_update(f, q, k, x - f->before, x + f->after + 1);
	while (below + q->value[k][v] <= f->rank)
		below += q->value[k][v++];
	assert(k < PARTS && v < PART);
	return (uint8_t)(k * PART + v);
}

static void
median_line(const struct filter *f, int y)
{
	struct square q = { 0 };
	uint8_t *to = pixel_line(f->out, y);
	int width = f->in->Xsize;

	for (unsigned k = 0; k < PARTS; k++)
		q.first[k] = q.end[k] = -f->before;
	for (int x = -f->before; x < f->after; x++)
		sixteen_add(q.part, f->column[clamp(x, width)].part, 1);
	for (int x = 0; x < width; x++) {
		sixteen_add(
		    q.part, f->column[clamp(x + f->after, width)].part, 1);
		to[x * f->in->Bands + f->band] = square_median(f, &q, x);
		sixteen_add(q.part, f->column[clamp(x - f->before, width)].part,
		    UINT32_MAX);
	}
}

static bool
median_band(const struct op_context *ctx, struct filter *f, struct err *e)
{
	memset(f->column, 0, (size_t)f->in->Xsize * sizeof(*f->column));
	for (int y = -f->before; y < f->after; y++)
		columns_add(f, y, 1);
	for (int y = 0; y < f->in->Ysize; y++) {
		if (ctx->deadline_ns != CLOCK_NEVER &&
		    clock_ns() >= ctx->deadline_ns)
			return err_set(e, ERR_RENDER_TIMEOUT, "median");
		columns_add(f, y + f->after, 1);
		median_line(f, y);
		columns_add(f, y - f->before, UINT16_MAX);
	}
	return true;
}

/* in: in memory, 8 bits. */
static bool
median_eight(const struct op_context *ctx, VipsImage *in, int size,
    VipsImage **out, struct err *e)
{
	scoped_image done = NULL;
	struct filter f = {
		.in = in,
		.before = size / 2,
		.after = size - 1 - size / 2,
		.rank = (uint32_t)size * (uint32_t)size / 2,
	};
	bool good = true;

	if (!pixel_new(ctx, in, in->Xsize, in->Ysize, &done, e))
		return false;
	f.out = done;
	f.column = mem_try((size_t)in->Xsize * sizeof(*f.column));
	if (f.column == NULL)
		return err_set(e, ERR_TOO_LARGE, "no memory for a median");
	for (f.band = 0; f.band < in->Bands && good; f.band++)
		good = median_band(ctx, &f, e);
	free(f.column);
	if (good)
		*out = take_ptr(done);
	return good;
}

/* Of more than 8 bits. */
static bool
median_deep(const struct op_context *ctx, VipsImage *in, int size,
    VipsImage **out, struct err *e)
{
	VipsBandFormat format = in->BandFmt;
	scoped_image high = NULL;
	scoped_image read = NULL;
	scoped_image soft = NULL;
	scoped_image wide = NULL;
	scoped_image cast = NULL;
	scoped_image done = NULL;

	if (size <= MEDIAN_DEEP && size <= in->Xsize && size <= in->Ysize) {
		if (vips_median(in, out, size, NULL) != 0)
			return image_fail(ctx, e, ERR_INTERNAL, "median");
		return true;
	}
	if (vips_msb(in, &high, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "msb");
	if (!pixel_read(ctx, high, &read, e) ||
	    !median_eight(ctx, read, size, &soft, e))
		return false;
	if (vips_linear1(soft, &wide, 257, 0, NULL) != 0 ||
	    vips_cast(wide, &cast, format, NULL) != 0 ||
	    vips_copy(cast, &done, "interpretation", in->Type, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "cast");
	*out = take_ptr(done);
	return true;
}

bool
op_median_want(
    const struct op_context *ctx, struct op_size *size, struct err *e)
{
	(void)e;
	size->same = step_get(ctx->step, MEDIAN_SIZE).whole == 1;
	return true;
}

bool
op_median(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	int size = (int)step_get(ctx->step, MEDIAN_SIZE).whole;
	scoped_image flat = NULL;
	scoped_image solid = NULL;
	scoped_image read = NULL;
	scoped_image done = NULL;

	if (!colour_convert(ctx, in, &flat, e) ||
	    !pixel_premultiply(ctx, flat, &solid, e) ||
	    !pixel_read(ctx, solid, &read, e))
		return false;
	if (!(read->BandFmt == VIPS_FORMAT_UCHAR ? median_eight : median_deep)(
		ctx, read, size, &done, e))
		return false;
	return pixel_unpremultiply(ctx, done, out, e);
}
