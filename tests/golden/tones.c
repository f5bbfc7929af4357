/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tones and channels, slow: each pixel as straight colour and alpha, 0 to 255,
 * by the formulas of sRGB (IEC 61966-2-1) and CIE Lab for D65.
 */
#include "tones.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBERS = 16 };

struct tone {
	double n[NUMBERS];
	double low, high; /* normalise */
};

/* ---- Colour spaces ---- */

static double
linear_of(double v)
{
	v /= 255;
	return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double
curved_of(double v)
{
	v = v <= 0.0031308 ? v * 12.92 : 1.055 * pow(v, 1 / 2.4) - 0.055;
	return 255 * v;
}

static double
lab_of(double v)
{
	return v > 0.008856 ? cbrt(v) : 7.787 * v + 16.0 / 116;
}

static double
lab_back(double v)
{
	return v > 0.206893 ? v * v * v : (v - 16.0 / 116) / 7.787;
}

static void
to_lab(const double *p, double lab[3])
{
	double r = linear_of(p[0]);
	double g = linear_of(p[1]);
	double b = linear_of(p[2]);
	double x =
	    lab_of((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
	double y = lab_of(0.2126729 * r + 0.7151522 * g + 0.0721750 * b);
	double z =
	    lab_of((0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.088827);

	lab[0] = 116 * y - 16;
	lab[1] = 500 * (x - y);
	lab[2] = 200 * (y - z);
}

static void
from_lab(const double lab[3], double *p)
{
	double t = (lab[0] + 16) / 116;
	double y = lab_back(t);
	double x = lab_back(t + lab[1] / 500) * 0.95047;
	double z = lab_back(t - lab[2] / 200) * 1.088827;

	p[0] = curved_of(3.2404542 * x - 1.5371385 * y - 0.4985314 * z);
	p[1] = curved_of(-0.9692660 * x + 1.8760108 * y + 0.0415560 * z);
	p[2] = curved_of(0.0556434 * x - 0.2040259 * y + 1.0572252 * z);
}

static double
grey_of(const double *p)
{
	return curved_of(0.2126 * linear_of(p[0]) + 0.7152 * linear_of(p[1]) +
	    0.0722 * linear_of(p[2]));
}

static void
set_grey(double *p, double grey)
{
	p[0] = p[1] = p[2] = grey;
}

/* ---- One pixel: red, green, blue, alpha ---- */

/* n: alpha too */
static void
tone_negate(const struct tone *t, double *p)
{
	for (int b = 0; b < (t->n[0] > 0 ? 4 : 3); b++)
		p[b] = 255 - p[b];
}

/* n: from where, grey first */
static void
tone_threshold(const struct tone *t, double *p)
{
	if (t->n[1] > 0)
		set_grey(p, round(grey_of(p)));
	for (int b = 0; b < 4; b++)
		p[b] = p[b] >= t->n[0] ? 255 : 0;
}

/* n: 3x3 */
static void
tone_recomb(const struct tone *t, double *p)
{
	double was[3] = { p[0], p[1], p[2] };

	for (size_t i = 0; i < 3; i++)
		p[i] = t->n[3 * i] * was[0] + t->n[3 * i + 1] * was[1] +
		    t->n[3 * i + 2] * was[2];
}

/* n: 4x4 */
static void
tone_recomb4(const struct tone *t, double *p)
{
	double was[4] = { p[0], p[1], p[2], p[3] };

	for (size_t i = 0; i < 4; i++) {
		p[i] = 0;
		for (size_t k = 0; k < 4; k++)
			p[i] += t->n[4 * i + k] * was[k];
	}
}

/* n: brightness, saturation, hue, lightness */
static void
tone_modulate(const struct tone *t, double *p)
{
	double lab[3];
	double chroma;
	double hue;

	to_lab(p, lab);
	chroma = hypot(lab[1], lab[2]) * t->n[1];
	hue = atan2(lab[2], lab[1]) + t->n[2] * M_PI / 180;
	lab[0] = lab[0] * t->n[0] + t->n[3];
	lab[1] = chroma * cos(hue);
	lab[2] = chroma * sin(hue);
	from_lab(lab, p);
}

/* n: the exponent */
static void
tone_power(const struct tone *t, double *p)
{
	for (int b = 0; b < 3; b++)
		p[b] = 255 * pow(p[b] / 255, t->n[0]);
}

/* n: a and b of red, green, blue and alpha */
static void
tone_linear(const struct tone *t, double *p)
{
	for (int b = 0; b < 4; b++)
		p[b] = t->n[2 * b] * p[b] + t->n[2 * b + 1];
}

static void
tone_normalise(const struct tone *t, double *p)
{
	double lab[3];

	to_lab(p, lab);
	lab[0] = (lab[0] - t->low) * 100 / (t->high - t->low);
	from_lab(lab, p);
}

static void
tone_and(const struct tone *t, double *p)
{
	for (int b = 0; b < 3; b++)
		p[b] = (int)lround(p[b]) & (int)t->n[0];
}

static void
tone_or(const struct tone *t, double *p)
{
	for (int b = 0; b < 3; b++)
		p[b] = (int)lround(p[b]) | (int)t->n[0];
}

static void
tone_eor(const struct tone *t, double *p)
{
	for (int b = 0; b < 3; b++)
		p[b] = (int)lround(p[b]) ^ (int)t->n[0];
}

static void
tone_band_and(const struct tone *t, double *p)
{
	(void)t;
	set_grey(p,
	    (int)lround(p[0]) & (int)lround(p[1]) & (int)lround(p[2]) &
		(int)lround(p[3]));
	p[3] = 255;
}

/* Of an image without alpha. */
static void
tone_band_eor(const struct tone *t, double *p)
{
	(void)t;
	set_grey(p, (int)lround(p[0]) ^ (int)lround(p[1]) ^ (int)lround(p[2]));
}

/* n: the colour's red, green and blue */
static void
tone_tint(const struct tone *t, double *p)
{
	double grey[3];
	double to[3];
	double lab[3];
	double far;

	set_grey(grey, grey_of(p));
	to_lab(grey, lab);
	to_lab(t->n, to);
	far = lab[0] / 100 - 0.5;
	lab[1] = (1 - 4 * far * far) * to[1];
	lab[2] = (1 - 4 * far * far) * to[2];
	from_lab(lab, p);
}

/* n: which, from 0 */
static void
tone_channel(const struct tone *t, double *p)
{
	set_grey(p, p[(int)t->n[0]]);
	p[3] = 255;
}

/* n: alpha, 0 to 255 */
static void
tone_alpha(const struct tone *t, double *p)
{
	p[3] = t->n[0];
}

static void
tone_bw(const struct tone *t, double *p)
{
	(void)t;
	set_grey(p, grey_of(p));
}

/* ---- All of them ---- */

static void
straight(const float *from, double p[4])
{
	p[3] = (double)from[3];
	for (int b = 0; b < 3; b++)
		p[b] = p[3] > 0 ? (double)from[b] * 255 / p[3] : 0;
}

static double
within_byte(double v)
{
	return v < 0 ? 0 : v > 255 ? 255 : v;
}

static void
multiplied(const double p[4], float *to)
{
	double alpha = within_byte(p[3]);

	for (int b = 0; b < 3; b++)
		to[b] = (float)(within_byte(p[b]) * alpha / 255);
	to[3] = (float)alpha;
}

/*
 * The whole number of lightness below which so many percent are, as libvips
 * finds it: in a histogram of as many values as there are, on a scale of as
 * many steps.
 */
static double
percentile(const struct raster *r, double percent)
{
	size_t all = (size_t)r->width * (size_t)r->height;
	double count[102] = { 0 };
	double sum = 0;
	double p[4];
	double lab[3];
	int most = 0;
	int at = 0;

	for (size_t i = 0; i < all; i++) {
		int light;

		straight(r->at + 4 * i, p);
		to_lab(p, lab);
		light = (int)fmin(fmax(lab[0], 0), 100);
		most = light > most ? light : most;
		count[light]++;
	}
	for (; at < most; at++) {
		sum += count[at];
		if (floor(sum * most / (double)all) >=
		    percent / 100 * (most + 1))
			break;
	}
	return at;
}

static const struct {
	const char *name;
	void (*pixel)(const struct tone *t, double *p);
} tones[] = {
	{ "negate", tone_negate },
	{ "threshold", tone_threshold },
	{ "recomb", tone_recomb },
	{ "recomb4", tone_recomb4 },
	{ "modulate", tone_modulate },
	{ "power", tone_power },
	{ "linear", tone_linear },
	{ "normalise", tone_normalise },
	{ "and", tone_and },
	{ "or", tone_or },
	{ "eor", tone_eor },
	{ "bandand", tone_band_and },
	{ "bandeor", tone_band_eor },
	{ "tint", tone_tint },
	{ "channel", tone_channel },
	{ "alpha", tone_alpha },
	{ "bw", tone_bw },
};

static void
tone_run(struct raster *r, const struct tone *t,
    void (*pixel)(const struct tone *t, double *p))
{
	double p[4];

	for (size_t i = 0; i < (size_t)r->width * (size_t)r->height; i++) {
		straight(r->at + 4 * i, p);
		pixel(t, p);
		multiplied(p, r->at + 4 * i);
	}
}

/* Where a mirrored image has the place. */
static int
mirrored(int at, int size)
{
	at = at < 0 ? -1 - at : at;
	return at >= size ? 2 * size - 1 - at : at;
}

/*
 * A pixel's rank in the area around it, of the histogram that has at most
 * slope of one value; what is more is spread over all 256.
 */
static double
clahe_value(const struct raster *r, int x, int y, int b, const struct tone *t)
{
	int width = (int)t->n[0];
	int height = (int)t->n[1];
	int slope = (int)t->n[2];
	int count[256] = { 0 };
	double over = 0;
	double sum = 0;
	double p[4];
	int value;

	for (int j = 0; j < height; j++)
		for (int i = 0; i < width; i++) {
			int u = mirrored(x + i - width / 2, r->width);
			int v = mirrored(y + j - height / 2, r->height);

			straight(r->at +
				4 * ((size_t)v * (size_t)r->width + (size_t)u),
			    p);
			count[lround(p[b])]++;
		}
	straight(r->at + 4 * ((size_t)y * (size_t)r->width + (size_t)x), p);
	value = (int)lround(p[b]);
	for (int i = 0; i < 256; i++) {
		int more = slope > 0 && count[i] > slope ? count[i] - slope : 0;

		over += more;
		sum += i <= value ? count[i] - more : 0;
	}
	sum += over * (value + 1) / 256;
	return 255 * sum / (width * height);
}

static void
clahe_run(struct raster *r, const struct tone *t)
{
	size_t n = (size_t)r->width * (size_t)r->height;
	struct raster out = { r->width, r->height,
		calloc(n * 4, sizeof(float)) };

	if (out.at == NULL)
		abort();
	for (size_t i = 0; i < n; i++) {
		double p[4];

		straight(r->at + 4 * i, p);
		for (int b = 0; b < 3; b++)
			p[b] = clahe_value(r, (int)(i % (size_t)r->width),
			    (int)(i / (size_t)r->width), b, t);
		multiplied(p, out.at + 4 * i);
	}
	raster_free(r);
	*r = out;
}

bool
raster_tone(struct raster *r, const char *step)
{
	struct tone t = { .low = 0 };
	char name[16] = "";
	int used = 0;

	sscanf(step, " %15s%n", name, &used);
	for (size_t i = 0; i < NUMBERS; i++) {
		int more = 0;

		if (sscanf(step + used, " %lf%n", &t.n[i], &more) != 1)
			break;
		used += more;
	}
	if (strcmp(name, "clahe") == 0) {
		clahe_run(r, &t);
		return true;
	}
	if (strcmp(name, "normalise") == 0) {
		t.low = percentile(r, t.n[0]);
		t.high = percentile(r, t.n[1]);
	}
	for (size_t i = 0; i < sizeof(tones) / sizeof(tones[0]); i++) {
		if (strcmp(name, tones[i].name) == 0) {
			tone_run(r, &t, tones[i].pixel);
			return true;
		}
	}
	return false;
}
