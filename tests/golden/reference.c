/* SPDX-License-Identifier: Apache-2.0 */
/* The slow way. */
#include "reference.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static struct raster
raster_new(int width, int height)
{
	struct raster r = { width, height,
		calloc((size_t)width * (size_t)height * 4, sizeof(float)) };

	if (r.at == NULL)
		abort();
	return r;
}

static float *
pixel(const struct raster *r, int x, int y)
{
	return r->at + 4 * ((size_t)y * (size_t)r->width + (size_t)x);
}

/* The nearest pixel that is inside. */
static const float *
near(const struct raster *r, int x, int y)
{
	x = x < 0 ? 0 : x >= r->width ? r->width - 1 : x;
	y = y < 0 ? 0 : y >= r->height ? r->height - 1 : y;
	return pixel(r, x, y);
}

static void
replace(struct raster *r, struct raster by)
{
	free(r->at);
	*r = by;
}

struct raster
raster_of(const uint8_t *rgba, int width, int height)
{
	struct raster r = raster_new(width, height);

	for (size_t i = 0; i < (size_t)width * (size_t)height; i++) {
		float alpha = rgba[4 * i + 3];

		for (size_t b = 0; b < 3; b++)
			r.at[4 * i + b] = rgba[4 * i + b] * alpha / 255;
		r.at[4 * i + 3] = alpha;
	}
	return r;
}

void
raster_free(struct raster *r)
{
	free(r->at);
	r->at = NULL;
}

static double
lanczos(double x)
{
	x = fabs(x);
	if (x < 1e-9)
		return 1;
	if (x >= 3)
		return 0;
	return 3 * sin(M_PI * x) * sin(M_PI * x / 3) / (M_PI * M_PI * x * x);
}

/* Columns only: what is wide becomes width; the rows are turned to columns. */
static void
scale_across(struct raster *r, int width)
{
	struct raster out = raster_new(width, r->height);
	double factor = (double)r->width / width;
	double stretch = factor > 1 ? factor : 1;

	for (int x = 0; x < width; x++) {
		double centre = (x + 0.5) * factor - 0.5;
		int first = (int)ceil(centre - 3 * stretch);
		int last = (int)floor(centre + 3 * stretch);
		double sum = 0;

		for (int i = first; i <= last; i++)
			sum += lanczos((i - centre) / stretch);
		for (int i = first; i <= last; i++) {
			double w = lanczos((i - centre) / stretch) / sum;

			for (int y = 0; y < r->height; y++)
				for (int b = 0; b < 4; b++)
					pixel(&out, x, y)[b] +=
					    (float)w * near(r, i, y)[b];
		}
	}
	replace(r, out);
}

static void
clip(struct raster *r)
{
	for (size_t i = 0; i < (size_t)r->width * (size_t)r->height; i++) {
		float *p = r->at + 4 * i;

		p[3] = fminf(fmaxf(p[3], 0), 255);
		for (int b = 0; b < 3; b++)
			p[b] = fminf(fmaxf(p[b], 0), p[3]);
	}
}

void
raster_scale(struct raster *r, int width, int height)
{
	scale_across(r, width);
	raster_turn(r, 5);
	scale_across(r, height);
	raster_turn(r, 5);
	clip(r);
}

void
raster_nearest(struct raster *r, int width, int height)
{
	struct raster out = raster_new(width, height);

	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++)
			memcpy(pixel(&out, x, y),
			    pixel(r, (int)((x + 0.5) * r->width / width),
				(int)((y + 0.5) * r->height / height)),
			    4 * sizeof(float));
	replace(r, out);
}

void
raster_crop(struct raster *r, int x, int y, int width, int height)
{
	struct raster out = raster_new(width, height);

	for (int j = 0; j < height; j++)
		memcpy(pixel(&out, 0, j), pixel(r, x, y + j),
		    (size_t)width * 4 * sizeof(float));
	replace(r, out);
}

static void
ink(uint32_t colour, float out[4])
{
	float alpha = (float)(colour & 255);

	for (int b = 0; b < 3; b++)
		out[b] = (float)(colour >> (24 - 8 * b) & 255) * alpha / 255;
	out[3] = alpha;
}

void
raster_pad(
    struct raster *r, int x, int y, int width, int height, uint32_t colour)
{
	struct raster out = raster_new(width, height);

	for (int j = 0; j < height; j++)
		for (int i = 0; i < width; i++) {
			bool inside = i >= x && i < x + r->width && j >= y &&
			    j < y + r->height;

			if (inside)
				memcpy(pixel(&out, i, j),
				    pixel(r, i - x, j - y), 4 * sizeof(float));
			else
				ink(colour, pixel(&out, i, j));
		}
	replace(r, out);
}

/* Of colours times alpha and of alpha alike, all from 0 to 1. */
static float
blend_of(enum raster_blend blend, float d, float da, float s, float sa)
{
	switch (blend) {
	case RASTER_OVER:
		return s + d * (1 - sa);
	case RASTER_MULTIPLY:
		return s * d + s * (1 - da) + d * (1 - sa);
	case RASTER_SCREEN:
		return s + d - s * d;
	case RASTER_DEST_IN:
		return d * sa;
	case RASTER_XOR:
		return s * (1 - da) + d * (1 - sa);
	}
	abort();
}

void
raster_lay(struct raster *r, const struct raster *over, int x, int y,
    float opacity, enum raster_blend blend)
{
	static const float nothing[4];

	for (int j = 0; j < r->height; j++)
		for (int i = 0; i < r->width; i++) {
			bool inside = i >= x && i < x + over->width && j >= y &&
			    j < y + over->height;
			const float *s =
			    inside ? pixel(over, i - x, j - y) : nothing;
			float *d = pixel(r, i, j);
			float da = d[3] / 255;

			for (int b = 0; b < 4; b++)
				d[b] = 255 *
				    blend_of(b == 3 && blend < RASTER_DEST_IN
					    ? RASTER_OVER
					    : blend,
					d[b] / 255, da, s[b] / 255 * opacity,
					s[3] / 255 * opacity);
		}
}

void
raster_flatten(struct raster *r, uint32_t colour)
{
	float ground[4];

	ink(colour | 255, ground);
	for (size_t i = 0; i < (size_t)r->width * (size_t)r->height; i++) {
		float *p = r->at + 4 * i;

		for (int b = 0; b < 3; b++)
			p[b] += ground[b] * (255 - p[3]) / 255;
		p[3] = 255;
	}
}

void
raster_turn(struct raster *r, int turn)
{
	bool swap = turn >= 5;
	struct raster out = raster_new(
	    swap ? r->height : r->width, swap ? r->width : r->height);

	/* Where the pixel that is shown at x, y is stored (TIFF 6, tag 274). */
	for (int y = 0; y < out.height; y++)
		for (int x = 0; x < out.width; x++) {
			int right = out.width - 1 - x;
			int up = out.height - 1 - y;
			const int at[9][2] = { { 0, 0 }, { x, y }, { right, y },
				{ right, up }, { x, up }, { y, x },
				{ y, right }, { up, right }, { up, x } };

			memcpy(pixel(&out, x, y),
			    pixel(r, at[turn][0], at[turn][1]),
			    4 * sizeof(float));
		}
	replace(r, out);
}

static double
linear(double v)
{
	v /= 255;
	return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double
curved(double v)
{
	v = v <= 0.0031308 ? v * 12.92 : 1.055 * pow(v, 1 / 2.4) - 0.055;
	return 255 * v;
}

/* By luminance (Rec. 709). */
void
raster_grey(struct raster *r)
{
	for (size_t i = 0; i < (size_t)r->width * (size_t)r->height; i++) {
		float *p = r->at + 4 * i;
		double a = p[3] > 0 ? (double)p[3] / 255 : 1;
		double light = 0.2126 * linear((double)p[0] / a) +
		    0.7152 * linear((double)p[1] / a) +
		    0.0722 * linear((double)p[2] / a);
		double grey = curved(light);

		for (int b = 0; b < 3; b++)
			p[b] = (float)(grey * a);
	}
}

static void
gauss_across(struct raster *r, double sigma)
{
	struct raster out = raster_new(r->width, r->height);
	/* libvips cuts where the curve is below a fifth of its height. */
	int radius = (int)floor(sigma * sqrt(2 * log(5)));
	double sum = 0;

	for (int i = -radius; i <= radius; i++)
		sum += exp(-i * i / (2 * sigma * sigma));
	for (int i = -radius; i <= radius; i++) {
		double w = exp(-i * i / (2 * sigma * sigma)) / sum;

		for (int y = 0; y < r->height; y++)
			for (int x = 0; x < r->width; x++)
				for (int b = 0; b < 4; b++)
					pixel(&out, x, y)[b] +=
					    (float)w * near(r, x + i, y)[b];
	}
	replace(r, out);
}

void
raster_gauss(struct raster *r, double sigma)
{
	gauss_across(r, sigma);
	raster_turn(r, 5);
	gauss_across(r, sigma);
	raster_turn(r, 5);
}

void
raster_mask(struct raster *r, float middle, float other, float scale)
{
	struct raster out = raster_new(r->width, r->height);

	for (int y = 0; y < r->height; y++)
		for (int x = 0; x < r->width; x++)
			for (int k = 0; k < 9; k++)
				for (int b = 0; b < 4; b++)
					pixel(&out, x, y)[b] +=
					    (k == 4 ? middle : other) / scale *
					    near(r, x + k % 3 - 1,
						y + k / 3 - 1)[b];
	replace(r, out);
	clip(r);
}

double
raster_difference(const struct raster *a, const struct raster *b)
{
	size_t n = (size_t)a->width * (size_t)a->height * 4;
	double sum = 0;

	if (a->width != b->width || a->height != b->height)
		return 1000;
	for (size_t i = 0; i < n; i++)
		sum += fabs((double)a->at[i] - (double)b->at[i]);
	return sum / (double)n;
}
