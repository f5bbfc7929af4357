/* SPDX-License-Identifier: Apache-2.0 */
/* The slow way, with neighbours. */
#include "reference_near.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What follows a word in a step's text. */
struct words {
	const char *rest;
};

static double
next(struct words *w)
{
	char *end;
	double number = strtod(w->rest, &end);

	w->rest = end;
	return number;
}

static int
next_int(struct words *w)
{
	return (int)next(w);
}

static struct raster
raster_blank(int width, int height)
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

static int
inside(int at, int size)
{
	return at < 0 ? 0 : at >= size ? size - 1 : at;
}

static const float *
nearest(const struct raster *r, int x, int y)
{
	return pixel(r, inside(x, r->width), inside(y, r->height));
}

static void
replace(struct raster *r, struct raster by)
{
	free(r->at);
	*r = by;
}

static void
copy(float *to, const float *from)
{
	memcpy(to, from, 4 * sizeof(*to));
}

/* Walks there, turning back at the ends or beginning anew. */
static int
tile_at(char mode, int at, int size)
{
	int step = at < 0 ? -1 : 1;
	int place = 0;
	int way = 1;

	if (mode == 'c')
		return inside(at, size);
	for (int i = 0; i != at; i += step) {
		place += way * step;
		if (place >= 0 && place < size)
			continue;
		if (mode == 'm') {
			place -= way * step;
			way = -way;
		} else {
			place = place < 0 ? size - 1 : 0;
		}
	}
	return place;
}

static void
tile(struct raster *r, struct words *w)
{
	char mode = w->rest[1];
	int left;
	int top;
	int width;
	struct raster out;

	w->rest += 2;
	left = next_int(w);
	top = next_int(w);
	width = next_int(w);
	out = raster_blank(width, next_int(w));
	for (int y = 0; y < out.height; y++)
		for (int x = 0; x < out.width; x++)
			copy(pixel(&out, x, y),
			    pixel(r, tile_at(mode, x - left, r->width),
				tile_at(mode, y - top, r->height)));
	replace(r, out);
}

static int
by_size(const void *a, const void *b)
{
	const float *x = a;
	const float *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The one of this rank among the window's, of one band. */
static float
ranked(const struct raster *r, const int window[4], int band, int rank)
{
	int n = window[2] * window[3];
	float *all = calloc((size_t)n, sizeof(*all));
	float found;

	if (all == NULL)
		abort();
	for (int i = 0; i < n; i++)
		all[i] = nearest(r, window[0] + i % window[2],
		    window[1] + i / window[2])[band];
	qsort(all, (size_t)n, sizeof(*all), by_size);
	found = all[rank];
	free(all);
	return found;
}

/* rank 0: the least; the square reaches before to the left and up. */
static void
rank_all(struct raster *r, int size, int before, int rank)
{
	struct raster out = raster_blank(r->width, r->height);

	for (int y = 0; y < r->height; y++)
		for (int x = 0; x < r->width; x++)
			for (int b = 0; b < 4; b++) {
				const int window[4] = { x - before, y - before,
					size, size };

				pixel(&out, x, y)[b] =
				    ranked(r, window, b, rank);
			}
	replace(r, out);
}

static void
median(struct raster *r, struct words *w)
{
	int size = next_int(w);

	rank_all(r, size, size / 2, size * size / 2);
}

static void
least(struct raster *r, struct words *w)
{
	int width = next_int(w);

	rank_all(r, 2 * width + 1, width, 0);
}

static void
most(struct raster *r, struct words *w)
{
	int width = next_int(w);
	int size = 2 * width + 1;

	rank_all(r, size, width, size * size - 1);
}

static void
kernel(struct raster *r, struct words *w)
{
	struct raster out = raster_blank(r->width, r->height);
	int width = next_int(w);
	int height = next_int(w);
	double scale = next(w);
	double offset = next(w);

	for (int k = 0; k < width * height; k++) {
		double number = next(w) / scale;

		for (int y = 0; y < r->height; y++)
			for (int x = 0; x < r->width; x++)
				for (int b = 0; b < 4; b++)
					pixel(&out, x, y)[b] += (float)number *
					    nearest(r,
						x + k % width - width / 2,
						y + k / width - height / 2)[b];
	}
	for (size_t i = 0; i < (size_t)r->width * (size_t)r->height; i++) {
		float *p = out.at + 4 * i;

		for (int b = 3; b >= 0; b--)
			p[b] = fminf(fmaxf(p[b] + (float)offset, 0),
			    b == 3 ? 255 : p[3]);
	}
	replace(r, out);
}

static void
ink(struct words *w, float out[4])
{
	char *end;
	unsigned long colour = strtoul(w->rest, &end, 16);
	float alpha = (float)(colour & 255);

	w->rest = end;
	for (int b = 0; b < 3; b++)
		out[b] = (float)(colour >> (24 - 8 * b) & 255) * alpha / 255;
	out[3] = alpha;
}

/* Of the image, or of the ground around it. */
static const float *
image_or(const struct raster *r, int x, int y, const float *ground)
{
	if (x < 0 || y < 0 || x >= r->width || y >= r->height)
		return ground;
	return pixel(r, x, y);
}

static void
affine(struct raster *r, struct words *w)
{
	double a = next(w);
	double b = next(w);
	double c = next(w);
	double d = next(w);
	double right = fmin(0, a * r->width) + fmin(0, b * r->height);
	double down = fmin(0, c * r->width) + fmin(0, d * r->height);
	double det = a * d - b * c;
	float ground[4];
	struct raster out =
	    raster_blank((int)lround(fabs(a * r->width) + fabs(b * r->height)),
		(int)lround(fabs(c * r->width) + fabs(d * r->height)));

	ink(w, ground);
	for (int y = 0; y < out.height; y++)
		for (int x = 0; x < out.width; x++) {
			double u = x + round(right);
			double v = y + round(down);
			double fx = (d * u - b * v) / det;
			double fy = (a * v - c * u) / det;
			int ix = (int)floor(fx);
			int iy = (int)floor(fy);

			for (int k = 0; k < 4; k++) {
				const float *from =
				    image_or(r, ix + k % 2, iy + k / 2, ground);
				double wx = k % 2 ? fx - ix : ix + 1 - fx;
				double wy = k / 2 ? fy - iy : iy + 1 - fy;

				for (int i = 0; i < 4; i++)
					pixel(&out, x, y)[i] +=
					    (float)(wx * wy) * from[i];
			}
		}
	replace(r, out);
}

static void
unflatten(struct raster *r, struct words *w)
{
	(void)w;
	for (size_t i = 0; i < (size_t)r->width * (size_t)r->height; i++) {
		float *p = r->at + 4 * i;
		float white = p[3] * 254.5F / 255;

		if (p[0] > white && p[1] > white && p[2] > white)
			memset(p, 0, 4 * sizeof(*p));
	}
}

static void
block(struct raster *r, int left, int top, int right, int bottom)
{
	double mean[4] = { 0 };
	int n = (right - left) * (bottom - top);

	for (int i = 0; i < n; i++)
		for (int b = 0; b < 4; b++)
			mean[b] += (double)pixel(r, left + i % (right - left),
				       top + i / (right - left))[b] /
			    n;
	for (int i = 0; i < n; i++)
		for (int b = 0; b < 4; b++)
			pixel(r, left + i % (right - left),
			    top + i / (right - left))[b] = (float)mean[b];
}

static void
blocks(struct raster *r, struct words *w)
{
	int size = next_int(w);
	int left = next_int(w);
	int top = next_int(w);
	int right = left + next_int(w);
	int bottom = top + next_int(w);

	for (int y = top; y < bottom; y += size)
		for (int x = left; x < right; x += size)
			block(r, x, y, x + size < right ? x + size : right,
			    y + size < bottom ? y + size : bottom);
}

/* Of 16 x 16 points of each pixel, those within an ellipse stay. */
static void
ellipse(struct raster *r, const double at[4], const int area[4])
{
	for (int y = area[1]; y < area[3]; y++)
		for (int x = area[0]; x < area[2]; x++) {
			int n = 0;

			for (int k = 0; k < 256; k++) {
				double u = x + (k % 16 + 0.5) / 16 - at[0];
				double v =
				    y + ((int)(k / 16) + 0.5) / 16 - at[1];

				n += u * u / (at[2] * at[2]) +
					v * v / (at[3] * at[3]) <=
				    1;
			}
			for (int b = 0; b < 4; b++)
				pixel(r, x, y)[b] *= (float)n / 256;
		}
}

static void
ellipse_all(struct raster *r, struct words *w)
{
	double at[4];
	const int area[4] = { 0, 0, r->width, r->height };

	for (size_t i = 0; i < 4; i++)
		at[i] = next(w);
	ellipse(r, at, area);
}

/* Whole numbers. */
static void
corners(struct raster *r, struct words *w)
{
	int rx = next_int(w);
	int ry = next_int(w);

	for (int i = 0; i < 4; i++) {
		int left = i % 2 ? r->width - rx : 0;
		int top = i / 2 ? r->height - ry : 0;
		const int area[4] = { left, top, left + rx, top + ry };
		const double at[4] = { i % 2 ? left : rx, i / 2 ? top : ry, rx,
			ry };

		ellipse(r, at, area);
	}
}

bool
raster_near(struct raster *r, const char *step)
{
	static const struct {
		const char *name;
		void (*run)(struct raster *r, struct words *w);
	} steps[] = { { "tile", tile }, { "median", median },
		{ "kernel", kernel }, { "affine", affine },
		{ "unflatten", unflatten }, { "least", least },
		{ "most", most }, { "blocks", blocks },
		{ "ellipse", ellipse_all }, { "corners", corners } };
	struct words w;

	step += strspn(step, " ");
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		size_t n = strlen(steps[i].name);

		if (strncmp(step, steps[i].name, n) == 0 &&
		    (step[n] == ' ' || step[n] == '\0')) {
			w.rest = step + n;
			steps[i].run(r, &w);
			return true;
		}
	}
	return false;
}
