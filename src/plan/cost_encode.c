/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What writing a megapixel costs, in ms: measured by bench/cost on a picture
 * full of detail, and rounded. Where others were measured to cost twice as
 * much, the middle.
 */
#include "plan/cost.h"

#define COST_PNG_PALETTE 250.0
#define COST_MOZJPEG     120.0
/* At the effort that libtiff gives it. */
#define COST_TIFF_WEBP_LOSSLESS 2500.0

enum { EFFORTS = 11 };

/* By effort; where one is missing, that of the effort before. */
static const double avif[EFFORTS] = { 100, 250, 450, 800, 5000, 6500, 9000,
	12000, 16000, 30000 };
static const double webp[EFFORTS] = { 25, 30, 40, 60, 85, 120, 220 };
/* Without loss or near it. */
static const double webp_exact[EFFORTS] = { 350, 600, 750, 750, 750, 750, 750 };
/* libvips 8.14 takes no effort below 3. */
static const double jxl[EFFORTS] = { 40, 40, 40, 40, 50, 100, 150, 200, 1500,
	2500 };
static const double jxl_exact[EFFORTS] = { 140, 140, 140, 140, 1000, 1000, 1400,
	1800, 5000, 14000 };

static const double tiff[TIFF_COUNT] = {
	[TIFF_NONE] = 2,
	[TIFF_JPEG] = 7,
	[TIFF_DEFLATE] = 150,
	[TIFF_PACKBITS] = 5,
	[TIFF_CCITTFAX4] = 5,
	[TIFF_LZW] = 45,
	[TIFF_WEBP] = 90,
	[TIFF_ZSTD] = 90,
	[TIFF_JP2K] = 200,
};

static bool
is_on(const struct plan *p, enum out option)
{
	return out_get(p, option).on != 0;
}

/* At the plan's effort, or its default. */
static double
by_effort(const struct plan *p, double rate, const double *effort)
{
	int64_t i = out_get(p, OUT_EFFORT).whole;

	if (!out_has(p, OUT_EFFORT))
		return rate;
	while (i > 0 && effort[i] <= 0)
		i--;
	return effort[i];
}

static double
jpeg_rate(const struct plan *p, double rate)
{
	int64_t subsample = out_get(p, OUT_SUBSAMPLE).pick;
	bool fine = out_get(p, OUT_QUALITY).whole >= 90;

	/* All of the colours, and most of the numbers are not 0. */
	if (subsample == SUBSAMPLE_OFF || (subsample == SUBSAMPLE_AUTO && fine))
		rate *= 1.5;
	if (is_on(p, OUT_TRELLIS_QUANTISATION) || is_on(p, OUT_OPTIMISE_SCANS))
		return COST_MOZJPEG;
	return is_on(p, OUT_PROGRESSIVE) ? 2 * rate : rate;
}

static double
png_rate(const struct plan *p, double rate)
{
	if (is_on(p, OUT_PALETTE))
		return COST_PNG_PALETTE;
	if (is_on(p, OUT_ADAPTIVE_FILTERING) ||
	    out_get(p, OUT_COMPRESSION_LEVEL).whole > 7)
		return 2.5 * rate;
	return rate;
}

static double
webp_rate(const struct plan *p, double rate)
{
	if (is_on(p, OUT_LOSSLESS) || is_on(p, OUT_NEAR_LOSSLESS))
		return by_effort(p, webp_exact[2], webp_exact);
	/* Each frame both ways. */
	if (is_on(p, OUT_MIXED))
		return rate + by_effort(p, webp_exact[2], webp_exact);
	if (is_on(p, OUT_MIN_SIZE))
		return 3 * rate;
	if (is_on(p, OUT_SMART_SUBSAMPLE) || is_on(p, OUT_SMART_DEBLOCK))
		return 3 * rate;
	return rate;
}

static double
tiff_rate(const struct plan *p, double rate)
{
	bool lossless = is_on(p, OUT_LOSSLESS);
	bool native = out_get(p, OUT_SCALE).pick == SCALE_NATIVE;
	/* It may have alpha or 16 bits, which are not for JPEG. */
	bool deflate = !out_has(p, OUT_COMPRESSION) &&
	    (lossless || !native || out_get(p, OUT_DEPTH).whole > 8);
	int64_t how =
	    deflate ? (int64_t)TIFF_DEFLATE : out_get(p, OUT_COMPRESSION).pick;

	rate = tiff[how];
	if (how == TIFF_WEBP && lossless)
		rate = COST_TIFF_WEBP_LOSSLESS;
	return is_on(p, OUT_PYRAMID) ? 1.5 * rate : rate;
}

static double
gif_rate(const struct plan *p, double rate)
{
	return out_get(p, OUT_DITHER).num > 0 ? rate : rate / 2;
}

static double
jxl_rate(const struct plan *p, double rate)
{
	bool exact =
	    out_has(p, OUT_DISTANCE) && !(out_get(p, OUT_DISTANCE).num > 0);

	return exact || is_on(p, OUT_LOSSLESS)
	    ? by_effort(p, jxl_exact[3], jxl_exact)
	    : rate;
}

static const struct {
	double rate;          /* at the effort that is the default */
	const double *effort; /* NULL: it hardly matters */
	/* What options make of it; NULL: nothing. */
	double (*of)(const struct plan *p, double rate);
} encode[FORMAT_COUNT] = {
	/* Which ones they become is not known: the dear ones are. */
	[FORMAT_SAME] = { 60, avif, NULL },
	[FORMAT_AUTO] = { 120, avif, NULL },
	[FORMAT_JPEG] = { 7, NULL, jpeg_rate },
	[FORMAT_PNG] = { 75, NULL, png_rate },
	[FORMAT_WEBP] = { 45, webp, webp_rate },
	[FORMAT_AVIF] = { 100, avif, NULL },
	[FORMAT_GIF] = { 200, NULL, gif_rate },
	[FORMAT_TIFF] = { 0, NULL, tiff_rate },
	[FORMAT_JP2] = { 170, NULL, NULL },
	[FORMAT_JXL] = { 40, jxl, jxl_rate },
	[FORMAT_RAW] = { 1, NULL, NULL },
};

double
cost_encode(const struct plan *p)
{
	enum format f = (enum format)p->out.format;
	double rate = encode[f].rate;

	if (encode[f].effort != NULL)
		rate = by_effort(p, rate, encode[f].effort);
	return encode[f].of != NULL ? encode[f].of(p, rate) : rate;
}
