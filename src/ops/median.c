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
#include "image/nine.h"
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

/* Counts a line of the image into the columns, or out again. */
static void
columns_add(struct filter *f, int y, uint16_t by)
{
	int last = f->in->Ysize - 1;
	const uint8_t *from = pixel_line(f->in,
	    y < 0          ? 0
		: y < last ? y
			   : last);
	int bands = f->in->Bands;

	for (int x = 0; x < f->in->Xsize; x++) {
		unsigned v = from[x * bands + f->band];
		struct column *c = &f->column[x];

		c->part[v / PART] = (uint16_t)(c->part[v / PART] + by);
		c->value[v / PART][v % PART] =
		    (uint16_t)(c->value[v / PART][v % PART] + by);
	}
}

/* Those that the square sees before the image and behind it are repeated. */
static void
columns_start(struct filter *f)
{
	int end = f->after < f->in->Ysize ? f->after : f->in->Ysize;

	if (f->before > 0)
		columns_add(f, 0, (uint16_t)f->before);
	for (int y = 0; y < end; y++)
		columns_add(f, y, 1);
	if (f->after > end)
		columns_add(f, end, (uint16_t)(f->after - end));
}

/* sum += times * add, modulo 2^32. */
static void
sixteen_add(uint32_t *sum, const uint16_t *add, uint32_t times)
{
	for (size_t i = 0; i < PART; i++)
		sum[i] += times * add[i];
}

/* The columns [first, end), each sign times; k: which part, PARTS: of parts. */
static void
sixteen_sum(const struct filter *f, uint32_t *sum, unsigned k, int first,
    int end, uint32_t sign)
{
	int width = f->in->Xsize;

	while (first < end) {
		int x = first < 0 ? 0 : first < width ? first : width - 1;
		int next = first < 0 ? VIPS_MIN(0, end)
		    : first < width  ? first + 1
				     : end;
		const struct column *c = &f->column[x];

		sixteen_add(sum, k == PARTS ? c->part : c->value[k],
		    sign * (uint32_t)(next - first));
		first = next;
	}
}

/* Brings one sixteenth of the square up to the columns [first, end). */
static void
square_update(
    const struct filter *f, struct square *q, unsigned k, int first, int end)
{
	if (q->end[k] <= first) {
		memset(q->value[k], 0, sizeof(q->value[k]));
		q->first[k] = q->end[k] = first;
	}
	sixteen_sum(f, q->value[k], k, q->end[k], end, 1);
	sixteen_sum(f, q->value[k], k, q->first[k], first, UINT32_MAX);
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
	sixteen_sum(f, q.part, PARTS, -f->before, f->after, 1);
	for (int x = 0; x < width; x++) {
		int after = x + f->after;
		int before = x - f->before;

		sixteen_sum(f, q.part, PARTS, after, after + 1, 1);
		to[x * f->in->Bands + f->band] = square_median(f, &q, x);
		sixteen_sum(f, q.part, PARTS, before, before + 1, UINT32_MAX);
	}
}

static bool
median_band(const struct op_context *ctx, struct filter *f, struct err *e)
{
	memset(f->column, 0, (size_t)f->in->Xsize * sizeof(*f->column));
	columns_start(f);
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

	if (size == 3)
		return median_three(ctx, in, out, e);
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
