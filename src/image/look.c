/* SPDX-License-Identifier: Apache-2.0 */
/* Averages, main colours and hashes of small pictures. */
#include "image/look.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PIXELS_MAX = LOOK_SIDE * LOOK_SIDE };

static void
check(const struct look *in)
{
	assert(in->width >= 1 && in->width <= LOOK_SIDE);
	assert(in->height >= 1 && in->height <= LOOK_SIDE);
}

/* A channel of pixel i over white, 0 to 255. */
static double
on_white(const struct look *in, size_t i, size_t channel)
{
	double alpha = in->rgba[4 * i + 3] / 255.0;

	return in->rgba[4 * i + channel] * alpha + 255 * (1 - alpha);
}

static uint8_t
byte(double value)
{
	return (uint8_t)fmin(255, fmax(0, floor(value + 0.5)));
}

void
look_average(const struct look *in, uint8_t rgb[3])
{
	double sum[4] = { 0 };

	check(in);
	for (size_t i = 0; i < in->width * in->height; i++) {
		double alpha = in->rgba[4 * i + 3];

		for (size_t c = 0; c < 3; c++)
			sum[c] += alpha * in->rgba[4 * i + c];
		sum[3] += alpha;
	}
	for (size_t c = 0; c < 3; c++)
		rgb[c] = byte(sum[3] > 0 ? sum[c] / sum[3] : 0);
}

/* ---- Main colours ---- */

/*
 * The fullest of 16 x 16 x 16 boxes of colours, then the fullest that is far
 * from it, and so on; then what each has around it (three rounds of k-means).
 */
enum { BOXES = 4096, ROUNDS = 3, FAR = 48 * 48 };

struct box {
	double weight, sum[3];
};

static double
distance(const double a[3], const double b[3])
{
	double d = 0;

	for (size_t c = 0; c < 3; c++)
		d += (a[c] - b[c]) * (a[c] - b[c]);
	return d;
}

static void
box_add(struct box *box, const uint8_t *rgba)
{
	double alpha = rgba[3] / 255.0;

	box->weight += alpha;
	for (size_t c = 0; c < 3; c++)
		box->sum[c] += alpha * rgba[c];
}

static void
box_mean(const struct box *box, double mean[3])
{
	for (size_t c = 0; c < 3; c++)
		mean[c] = box->sum[c] / box->weight;
}

static size_t
boxes_choose(
    const struct look *in, struct box *box, double mean[LOOK_COLOURS][3])
{
	size_t n = 0;

	for (size_t i = 0; i < in->width * in->height; i++) {
		const uint8_t *p = in->rgba + 4 * i;

		box_add(
		    &box[(p[0] >> 4) * 256 + (p[1] & 0xf0) + (p[2] >> 4)], p);
	}
	while (n < LOOK_COLOURS) {
		const struct box *best = NULL;

		for (size_t i = 0; i < BOXES; i++) {
			bool far = box[i].weight > 0;
			double one[3];

			if (far)
				box_mean(&box[i], one);
			for (size_t k = 0; k < n && far; k++)
				far = distance(one, mean[k]) > FAR;
			if (far &&
			    (best == NULL || box[i].weight > best->weight))
				best = &box[i];
		}
		if (best == NULL)
			break;
		box_mean(best, mean[n++]);
	}
	return n;
}

static int
by_share(const void *a, const void *b)
{
	const struct look_colour *x = a;
	const struct look_colour *y = b;

	return (x->share < y->share) - (x->share > y->share);
}

size_t
look_colours(const struct look *in, struct look_colour out[LOOK_COLOURS])
{
	struct box *box = xcalloc(BOXES, sizeof(*box));
	struct box near[LOOK_COLOURS] = { 0 };
	double mean[LOOK_COLOURS][3];
	double total = 0;
	size_t n;

	check(in);
	n = boxes_choose(in, box, mean);
	free(box);
	for (int round = 0; round < ROUNDS && n > 0; round++) {
		memset(near, 0, sizeof(near));
		for (size_t i = 0; i < in->width * in->height; i++) {
			const uint8_t *p = in->rgba + 4 * i;
			const double one[3] = { p[0], p[1], p[2] };
			size_t best = 0;

			for (size_t k = 1; k < n; k++)
				if (distance(one, mean[k]) <
				    distance(one, mean[best]))
					best = k;
			box_add(&near[best], p);
		}
		for (size_t k = 0; k < n; k++)
			if (near[k].weight > 0)
				box_mean(&near[k], mean[k]);
	}
	for (size_t k = 0; k < n; k++)
		total += near[k].weight;
	for (size_t k = 0; k < n; k++) {
		for (size_t c = 0; c < 3; c++)
			out[k].rgb[c] = byte(mean[k][c]);
		out[k].share = near[k].weight / total;
	}
	qsort(out, n, sizeof(out[0]), by_share);
	return n;
}

/* ---- BlurHash ---- */

static double
linear(double value)
{
	double v = value / 255;

	return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static unsigned
gamma_byte(double v)
{
	v = fmin(1, fmax(0, v));
	return (unsigned)(v <= 0.0031308
		? v * 12.92 * 255 + 0.5
		: (1.055 * pow(v, 1 / 2.4) - 0.055) * 255 + 0.5);
}

static void
base83(unsigned value, size_t digits, char *out)
{
	static const char digit[] =
	    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "#$%*+,-.:;=?@[]^_{|}~";

	for (size_t i = digits; i-- > 0; value /= 83)
		out[i] = digit[value % 83];
}

/* A factor of the highest, in 19 steps. */
static unsigned
blur_step(double factor, double most)
{
	double v = factor / most;
	double root = copysign(sqrt(fabs(v)), v);

	return (unsigned)fmin(18, fmax(0, floor(root * 9 + 9.5)));
}

static void
blur_factor(const struct look *in, const float *light, size_t i, size_t j,
    double factor[3])
{
	double across[LOOK_SIDE];
	double scale =
	    (i == 0 && j == 0 ? 1.0 : 2.0) / (double)(in->width * in->height);

	for (size_t x = 0; x < in->width; x++)
		across[x] = cos(M_PI * (double)(i * x) / (double)in->width);
	for (size_t c = 0; c < 3; c++)
		factor[c] = 0;
	for (size_t y = 0; y < in->height; y++) {
		double down = cos(M_PI * (double)(j * y) / (double)in->height);
		const float *p = light + 3 * y * in->width;

		for (size_t x = 0; x < in->width; x++, p += 3)
			for (size_t c = 0; c < 3; c++)
				factor[c] += across[x] * down * (double)p[c];
	}
	for (size_t c = 0; c < 3; c++)
		factor[c] *= scale;
}

size_t
look_blurhash(
    const struct look *in, size_t nx, size_t ny, char out[LOOK_BLURHASH_MAX])
{
	float *light = xcalloc(PIXELS_MAX, 3 * sizeof(*light));
	double factor[81][3] = { 0 };
	double most = 0; /* of the positive ones: as its authors have it */
	double unit = 1;
	unsigned step = 0;
	size_t used = 2 + 4;

	check(in);
	assert(nx >= 1 && nx <= 9 && ny >= 1 && ny <= 9);
	for (size_t i = 0; i < in->width * in->height; i++)
		for (size_t c = 0; c < 3; c++)
			light[3 * i + c] = (float)linear(on_white(in, i, c));
	for (size_t k = 0; k < nx * ny; k++) {
		blur_factor(in, light, k % nx, k / nx, factor[k]);
		for (size_t c = 0; c < 3 && k > 0; c++)
			most = fmax(most, factor[k][c]);
	}
	free(light);
	if (nx * ny > 1) {
		step = (unsigned)fmin(82, fmax(0, floor(most * 166 - 0.5)));
		unit = (step + 1) / 166.0;
	}
	base83((unsigned)(nx - 1 + (ny - 1) * 9), 1, out);
	base83(step, 1, out + 1);
	base83(gamma_byte(factor[0][0]) << 16 | gamma_byte(factor[0][1]) << 8 |
		gamma_byte(factor[0][2]),
	    4, out + 2);
	for (size_t k = 1; k < nx * ny; k++, used += 2)
		base83((blur_step(factor[k][0], unit) * 19 +
			   blur_step(factor[k][1], unit)) *
			    19 +
			blur_step(factor[k][2], unit),
		    2, out + used);
	out[used] = '\0';
	return used;
}

/* ---- ThumbHash ---- */

enum { AC_MAX = 48 };

struct channel {
	double dc, scale;
	double ac[AC_MAX];
	size_t n;
};

static double
wave(const struct look *in, const float *value, size_t cx, size_t cy)
{
	double across[LOOK_SIDE];
	double f = 0;

	for (size_t x = 0; x < in->width; x++)
		across[x] = cos(
		    M_PI / (double)in->width * (double)cx * ((double)x + 0.5));
	for (size_t y = 0; y < in->height; y++) {
		double down = cos(
		    M_PI / (double)in->height * (double)cy * ((double)y + 0.5));

		for (size_t x = 0; x < in->width; x++)
			f +=
			    (double)value[x + y * in->width] * across[x] * down;
	}
	return f / (double)(in->width * in->height);
}

/* The low frequencies, a triangle of them; ac from 0 to 1. */
static void
channel_of(const struct look *in, const float *value, size_t nx, size_t ny,
    struct channel *out)
{
	*out = (struct channel){ 0 };
	for (size_t cy = 0; cy < ny; cy++) {
		for (size_t cx = 0; cx * ny < nx * (ny - cy); cx++) {
			double f = wave(in, value, cx, cy);

			if (cx == 0 && cy == 0) {
				out->dc = f;
				continue;
			}
			assert(out->n < AC_MAX);
			out->ac[out->n++] = f;
			out->scale = fmax(out->scale, fabs(f));
		}
	}
	for (size_t i = 0; i < out->n && out->scale > 0; i++)
		out->ac[i] = 0.5 + 0.5 / out->scale * out->ac[i];
}

static unsigned
rounded(double value)
{
	return (unsigned)fmax(0, floor(value + 0.5));
}

/* Lightness, yellow against blue, red against green, alpha: one after the
 * other; clear places have the average colour. */
static bool
thumb_channels(const struct look *in, float *value)
{
	double mean[4] = { 0 };
	size_t pixels = in->width * in->height;
	const uint8_t *p = in->rgba;

	for (size_t i = 0; i < pixels; i++, p += 4) {
		double alpha = p[3] / 255.0;

		for (size_t c = 0; c < 3; c++)
			mean[c] += alpha / 255 * p[c];
		mean[3] += alpha;
	}
	for (size_t c = 0; c < 3 && mean[3] > 0; c++)
		mean[c] /= mean[3];
	p = in->rgba;
	for (size_t i = 0; i < pixels; i++, p += 4) {
		double alpha = p[3] / 255.0;
		double v[3];

		for (size_t c = 0; c < 3; c++)
			v[c] = mean[c] * (1 - alpha) + alpha / 255 * p[c];
		value[i] = (float)((v[0] + v[1] + v[2]) / 3);
		value[PIXELS_MAX + i] = (float)((v[0] + v[1]) / 2 - v[2]);
		value[(size_t)2 * PIXELS_MAX + i] = (float)(v[0] - v[1]);
		value[(size_t)3 * PIXELS_MAX + i] = (float)alpha;
	}
	return mean[3] < (double)pixels;
}

static size_t
thumb_write(const struct look *in, const struct channel channel[4], bool clear,
    size_t side, uint8_t out[LOOK_THUMBHASH_MAX])
{
	bool wide = in->width > in->height;
	const struct channel *l = &channel[0];
	const struct channel *p = &channel[1];
	const struct channel *q = &channel[2];
	unsigned head = rounded(63 * l->dc) |
	    rounded(31.5 + 31.5 * p->dc) << 6 |
	    rounded(31.5 + 31.5 * q->dc) << 12 | rounded(31 * l->scale) << 18 |
	    (unsigned)clear << 23;
	unsigned more = (unsigned)side | rounded(63 * p->scale) << 3 |
	    rounded(63 * q->scale) << 9 | (unsigned)wide << 15;
	size_t used = clear ? 6 : 5;
	size_t nibble = 0;

	memset(out, 0, LOOK_THUMBHASH_MAX);
	for (unsigned i = 0; i < 3; i++)
		out[i] = (uint8_t)(head >> 8 * i);
	for (unsigned i = 0; i < 2; i++)
		out[3 + i] = (uint8_t)(more >> 8 * i);
	if (clear)
		out[5] = (uint8_t)(rounded(15 * channel[3].dc) |
		    rounded(15 * channel[3].scale) << 4);
	for (size_t c = 0; c < (clear ? 4 : 3); c++)
		for (size_t i = 0; i < channel[c].n; i++, nibble++)
			out[used + nibble / 2] |=
			    (uint8_t)(rounded(15 * channel[c].ac[i])
				<< (nibble % 2 != 0 ? 4 : 0));
	return used + (nibble + 1) / 2;
}

size_t
look_thumbhash(const struct look *in, uint8_t out[LOOK_THUMBHASH_MAX])
{
	float *value = xcalloc((size_t)4 * PIXELS_MAX, sizeof(*value));
	double longest =
	    (double)(in->width > in->height ? in->width : in->height);
	struct channel channel[4] = { 0 };
	bool clear;
	size_t side[2];

	check(in);
	clear = thumb_channels(in, value);
	side[0] = rounded((clear ? 5 : 7) * (double)in->width / longest);
	side[1] = rounded((clear ? 5 : 7) * (double)in->height / longest);
	for (size_t i = 0; i < 2; i++)
		side[i] = side[i] > 1 ? side[i] : 1;
	channel_of(in, value, side[0] > 3 ? side[0] : 3,
	    side[1] > 3 ? side[1] : 3, &channel[0]);
	for (size_t c = 1; c < (clear ? 4 : 3); c++)
		channel_of(in, value + c * PIXELS_MAX, c == 3 ? 5 : 3,
		    c == 3 ? 5 : 3, &channel[c]);
	free(value);
	return thumb_write(in, channel, clear,
	    in->width > in->height ? side[1] : side[0], out);
}

/* ---- Perceptual hash ---- */

enum { PHASH_SIDE = 32, PHASH_LOW = 8 };

/* Lightness of the part of the picture that is one of 32 x 32. */
static double
phash_cell(const struct look *in, size_t column, size_t line)
{
	size_t x0 = column * in->width / PHASH_SIDE;
	size_t x1 = (column + 1) * in->width / PHASH_SIDE;
	size_t y0 = line * in->height / PHASH_SIDE;
	size_t y1 = (line + 1) * in->height / PHASH_SIDE;
	double sum = 0;
	size_t n = 0;

	for (size_t y = y0; y < y1 || y == y0; y++)
		for (size_t x = x0; x < x1 || x == x0; x++, n++) {
			size_t i = x + y * in->width;

			sum += 0.299 * on_white(in, i, 0) +
			    0.587 * on_white(in, i, 1) +
			    0.114 * on_white(in, i, 2);
		}
	return sum / (double)n;
}

static int
by_value(const void *a, const void *b)
{
	const double *x = a;
	const double *y = b;

	return (*x > *y) - (*x < *y);
}

uint64_t
look_phash(const struct look *in)
{
	double cell[PHASH_SIDE][PHASH_SIDE];
	double line[PHASH_SIDE][PHASH_LOW];
	double low[PHASH_LOW * PHASH_LOW];
	double sorted[PHASH_LOW * PHASH_LOW];
	uint64_t hash = 0;

	check(in);
	for (size_t y = 0; y < PHASH_SIDE; y++)
		for (size_t x = 0; x < PHASH_SIDE; x++)
			cell[y][x] = phash_cell(in, x, y);
	for (size_t y = 0; y < PHASH_SIDE; y++)
		for (size_t u = 0; u < PHASH_LOW; u++) {
			line[y][u] = 0;
			for (size_t x = 0; x < PHASH_SIDE; x++)
				line[y][u] += cell[y][x] *
				    cos(M_PI / PHASH_SIDE * (double)u *
					((double)x + 0.5));
		}
	for (size_t v = 0; v < PHASH_LOW; v++)
		for (size_t u = 0; u < PHASH_LOW; u++) {
			double *f = &low[v * PHASH_LOW + u];

			*f = 0;
			for (size_t y = 0; y < PHASH_SIDE; y++)
				*f += line[y][u] *
				    cos(M_PI / PHASH_SIDE * (double)v *
					((double)y + 0.5));
		}
	/* The mean lightness says nothing. */
	low[0] = 0;
	memcpy(sorted, low, sizeof(sorted));
	qsort(sorted, NELEM(sorted), sizeof(sorted[0]), by_value);
	for (size_t i = 0; i < NELEM(low); i++)
		hash = hash << 1 | (low[i] > sorted[NELEM(low) / 2]);
	return hash;
}
