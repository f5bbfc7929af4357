/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much work a plan is: milliseconds of a common core for each megapixel,
 * measured once and rounded. It need not be exact: it keeps one request from
 * asking for a thousand times the work of an ordinary one, and lets the render
 * queue know what waits.
 */
#include <assert.h>
#include <math.h>

#include "plan/cost.h"

/* What a picture is taken for when neither it nor the request says its size. */
#define COST_PIXELS 2e6
/* Height of a picture of width 1 when only one side is known. */
#define COST_ASPECT 0.75
/* Starting, header, hand-over. */
#define COST_BASE 1.0
/* Main colours and hashes. */
#define COST_INFO 5.0
/* 256 colours for a frame. */
#define COST_COLOURS 5.0

/* ms for a megapixel at the size of that step. */
#define COST_DECODE      4.0
#define COST_RESIZE      4.0
#define COST_ENLARGE     18.0 /* and resize */
#define COST_PIXELWISE   3.0
#define COST_TURN        2.0
#define COST_TURN_FREE   40.0
#define COST_SMART       15.0
#define COST_ENTROPY     45.0
#define COST_BOX         5.0
#define COST_MILD        15.0
#define COST_BLUR        6.0
#define COST_BLUR_SIGMA  3.0
#define COST_BLUR_FLOAT  10.0
#define COST_SHARPEN     45.0
#define COST_SHARP_SIGMA 8.0
#define COST_TRIM        20.0
#define COST_TRIM_LINES  5.0
#define COST_MEDIAN_3    20.0
#define COST_MEDIAN      130.0
#define COST_UNFLATTEN   10.0
#define COST_EXTREME     5.0
#define COST_PIXELATE    8.0
#define COST_ROUND       25.0
#define COST_SUMS        10.0
#define COST_CONVOLVE    3.0 /* for each number of the kernel */
#define COST_LAB         55.0
#define COST_MATRIX      7.0
#define COST_GAMMA       18.0 /* at the size before the resize */
#define COST_CLAHE       450.0
#define COST_CLAHE_LINE  3.5   /* for each line of the area */
#define COST_CLAHE_AREA  0.011 /* for each pixel of it */
#define COST_COMPOSITE   15.0
#define COST_TILE        25.0
/* For each overlay, by what one mostly is: small. */
#define COST_OVERLAY 2.0
/* Looking for entropy, however small the image is. */
#define COST_LOOKS 12.0
/* Another profile than sRGB: making its tables, and a megapixel. */
#define COST_PROFILE        3.0
#define COST_PROFILE_PIXELS 7.0
#define COST_CMYK           30.0
#define COST_CMYK_PIXELS    40.0

/*
 * Above this sigma the blur works on a shrunk copy, so it grows no further.
 */
#define COST_SIGMA_MOST 16.0

/* ms for a megapixel of an original, more than COST_DECODE says. */
static const double decode_cost[FORMAT_COUNT] = {
	[FORMAT_PNG] = 8,
	[FORMAT_WEBP] = 10,
	[FORMAT_AVIF] = 25,
	[FORMAT_HEIC] = 75,
	[FORMAT_GIF] = 5,
	[FORMAT_TIFF] = 6,
	[FORMAT_JP2] = 100,
	[FORMAT_JXL] = 25,
	[FORMAT_SVG] = 60,
	[FORMAT_PDF] = 60,
	[FORMAT_ICO] = 8, /* large ones are PNG */
};

/* ms before its first pixel: it is read whole. */
static const double read_cost[FORMAT_COUNT] = {
	[FORMAT_SVG] = 5,
	[FORMAT_PDF] = 5,
};

/* Pixels of a box of which one side may be missing (0). */
static double
box_pixels(double width, double height)
{
	if (width > 0 && height > 0)
		return width * height;
	return width > 0 ? width * width * COST_ASPECT
			 : height * height / COST_ASPECT;
}

static double
resize_pixels(const struct plan_step *s, double before)
{
	double ratio = step_get(s, RESIZE_RATIO).num;
	double wanted;

	if (step_has(s, RESIZE_RATIO))
		wanted = before * ratio * ratio;
	else
		wanted = box_pixels((double)step_get(s, RESIZE_WIDTH).whole,
		    (double)step_get(s, RESIZE_HEIGHT).whole);
	/* The box may still be filled with bars. */
	if (step_get(s, RESIZE_NO_ENLARGE).on &&
	    step_get(s, RESIZE_FIT).pick != FIT_CONTAIN)
		wanted = fmin(wanted, before);
	return wanted;
}

/* An area of the image: extract's, smartcrop's. */
static double
area_pixels(struct length width, struct length height, double before)
{
	if (width.percent || height.percent)
		return before *
		    (width.percent ? (double)width.value / 100 : 1) *
		    (height.percent ? (double)height.value / 100 : 1);
	return fmin(before, (double)width.value * (double)height.value);
}

/* What is added counts on both sides of a picture of the common shape. */
static double
extend_pixels(const struct plan_step *s, double before)
{
	static const unsigned side[4] = { EXTEND_LEFT, EXTEND_RIGHT, EXTEND_TOP,
		EXTEND_BOTTOM };
	double length[2] = { sqrt(before / COST_ASPECT),
		sqrt(before * COST_ASPECT) };
	double whole[2] = { length[0], length[1] };

	for (size_t i = 0; i < NELEM(side); i++)
		whole[i / 2] += step_length(s,
		    step_has(s, side[i]) ? side[i] : EXTEND_ALL, length[i / 2]);
	return whole[0] * whole[1];
}

static double
affine_pixels(const struct plan *p, const struct plan_step *s, double before)
{
	double width = sqrt(before / COST_ASPECT);
	double height = sqrt(before * COST_ASPECT);
	double m[4];

	(void)plan_list(p, step_get(s, AFFINE_MATRIX), m, 4);
	return (fabs(m[0]) * width + fabs(m[1]) * height) *
	    (fabs(m[2]) * width + fabs(m[3]) * height);
}

static double
affine_rate(const struct plan_step *s)
{
	static const double rate[INTERPOLATOR_COUNT] = {
		[INTERPOLATOR_NEAREST] = 15,
		[INTERPOLATOR_BILINEAR] = 20,
		[INTERPOLATOR_BICUBIC] = 50,
		[INTERPOLATOR_LBB] = 350,
		[INTERPOLATOR_NOHALO] = 700,
		[INTERPOLATOR_VSQBS] = 30,
	};

	return rate[step_get(s, AFFINE_INTERPOLATOR).pick];
}

static double
rotate_rate(const struct plan_step *s)
{
	double rest = fmod(step_get(s, ROTATE_ANGLE).num, 90);

	return rest < 0 || rest > 0 ? COST_TURN_FREE : COST_TURN;
}

static double
resize_rate(const struct plan_step *s)
{
	int64_t position = step_get(s, RESIZE_POSITION).pick;

	return COST_RESIZE +
	    (position == POSITION_ATTENTION        ? COST_SMART
		    : position == POSITION_ENTROPY ? COST_ENTROPY
						   : 0);
}

static double
trim_rate(const struct plan_step *s)
{
	return step_get(s, TRIM_LINE_ART).on ? COST_TRIM_LINES : COST_TRIM;
}

static double
composite_rate(const struct plan_step *s)
{
	return step_get(s, COMPOSITE_TILE).on ? COST_TILE : COST_COMPOSITE;
}

static double
blur_rate(const struct plan_step *s)
{
	double sigma = fmin(step_get(s, BLUR_SIGMA).num, COST_SIGMA_MOST);

	if (!step_has(s, BLUR_SIGMA))
		return COST_BOX;
	if (step_get(s, BLUR_PRECISION).pick == PRECISION_FLOAT)
		return COST_BLUR + COST_BLUR_FLOAT * fmin(sigma, 10);
	return COST_BLUR + COST_BLUR_SIGMA * sigma;
}

static double
sharpen_rate(const struct plan_step *s)
{
	return step_has(s, SHARPEN_SIGMA)
	    ? COST_SHARPEN + COST_SHARP_SIGMA * step_get(s, SHARPEN_SIGMA).num
	    : COST_MILD;
}

static double
median_rate(const struct plan_step *s)
{
	return step_get(s, MEDIAN_SIZE).whole == 3 ? COST_MEDIAN_3
						   : COST_MEDIAN;
}

static double
convolve_rate(const struct plan_step *s)
{
	return COST_SUMS +
	    COST_CONVOLVE *
	    (double)(step_get(s, CONVOLVE_WIDTH).whole *
		step_get(s, CONVOLVE_HEIGHT).whole);
}

/* Work for a megapixel, without scaling. */
static double
step_rate(const struct plan_step *s)
{
	static const struct {
		double same; /* whatever the arguments are; or */
		double (*of)(const struct plan_step *s);
		bool only_says; /* what is read, or what comes later */
	} rate[OP_COUNT] = {
		[OP_AUTOORIENT] = { .only_says = true },
		[OP_EXTRACT] = { .only_says = true },
		[OP_ROTATE] = { .of = rotate_rate },
		[OP_FLIP] = { .same = COST_TURN },
		[OP_FLOP] = { .same = COST_PIXELWISE },
		[OP_TRIM] = { .of = trim_rate },
		[OP_RESIZE] = { .of = resize_rate },
		[OP_FLATTEN] = { .same = COST_PIXELWISE },
		[OP_GRAYSCALE] = { .same = COST_PIXELWISE },
		[OP_AFFINE] = { .of = affine_rate },
		[OP_EXTEND] = { .same = COST_PIXELWISE },
		[OP_MEDIAN] = { .of = median_rate },
		[OP_THRESHOLD] = { .same = COST_PIXELWISE },
		[OP_DILATE] = { .same = COST_EXTREME },
		[OP_ERODE] = { .same = COST_EXTREME },
		[OP_BLUR] = { .of = blur_rate },
		[OP_UNFLATTEN] = { .same = COST_UNFLATTEN },
		[OP_CONVOLVE] = { .of = convolve_rate },
		[OP_RECOMB] = { .same = COST_MATRIX },
		[OP_MODULATE] = { .same = COST_LAB },
		[OP_SHARPEN] = { .of = sharpen_rate },
		[OP_PIXELATE] = { .same = COST_PIXELATE },
		[OP_ROUND] = { .same = COST_ROUND },
		[OP_SMARTCROP] = { .only_says = true },
		[OP_COMPOSITE] = { .of = composite_rate },
		[OP_GAMMA] = { .same = COST_PIXELWISE },
		[OP_LINEAR] = { .same = COST_PIXELWISE },
		[OP_NORMALISE] = { .same = COST_LAB },
		[OP_CLAHE] = { .same = COST_CLAHE },
		[OP_BOOLEAN] = { .same = COST_PIXELWISE },
		[OP_BANDBOOL] = { .same = COST_PIXELWISE },
		[OP_TINT] = { .same = COST_MATRIX },
		[OP_REMOVE_ALPHA] = { .same = COST_PIXELWISE },
		[OP_ENSURE_ALPHA] = { .same = COST_PIXELWISE },
		[OP_EXTRACT_CHANNEL] = { .same = COST_PIXELWISE },
		[OP_COLOURSPACE] = { .same = COST_PIXELWISE },
		[OP_NEGATE] = { .same = COST_PIXELWISE },
	};

	/* An operation without a row would be for nothing. */
	assert(rate[s->op].of != NULL || rate[s->op].same > 0 ||
	    rate[s->op].only_says);
	return rate[s->op].of != NULL ? rate[s->op].of(s) : rate[s->op].same;
}

/*
 * Lines that enter and leave the histogram of each pixel, and areas that begin
 * anew with each row of them. An area is at most the image, which is hardly
 * more than twice as long as wide.
 */
static double
clahe_more(const struct plan_step *s, double now)
{
	double most = sqrt(2 * now);
	double width = fmin((double)step_get(s, CLAHE_WIDTH).whole, most);
	double height = fmin((double)step_get(s, CLAHE_HEIGHT).whole, most);

	return now *
	    (COST_CLAHE_LINE * height + COST_CLAHE_AREA * width * height);
}

/* Work for a pixel that is not of the result's size alone. */
static double
step_more(const struct plan_step *s, double full, double before, double now)
{
	if (s->op == OP_RESIZE)
		return now > before ? COST_ENLARGE * now : 0;
	/* It begins ahead of the resize, for which the loader must not shrink. */
	if (s->op == OP_GAMMA)
		return COST_GAMMA * full;
	if (s->op == OP_CLAHE)
		return clahe_more(s, now);
	/* It looks at all of it. */
	if (s->op == OP_SMARTCROP)
		return before *
		    (step_get(s, SMARTCROP_INTEREST).pick == INTEREST_ENTROPY
			    ? COST_ENTROPY
			    : COST_SMART);
	return 0;
}

/* Work of any image. */
static double
step_fixed(const struct plan_step *s)
{
	bool entropy = s->op == OP_SMARTCROP
	    ? step_get(s, SMARTCROP_INTEREST).pick == INTEREST_ENTROPY
	    : s->op == OP_RESIZE &&
		step_get(s, RESIZE_POSITION).pick == POSITION_ENTROPY;

	return entropy ? COST_LOOKS : 0;
}

/* Pixels of what the step makes. */
static double
step_pixels(const struct plan *p, const struct plan_step *s, double before)
{
	if (s->op == OP_RESIZE)
		return resize_pixels(s, before);
	if (s->op == OP_EXTRACT)
		return area_pixels(step_get(s, EXTRACT_WIDTH).length,
		    step_get(s, EXTRACT_HEIGHT).length, before);
	if (s->op == OP_SMARTCROP)
		return area_pixels(step_get(s, SMARTCROP_WIDTH).length,
		    step_get(s, SMARTCROP_HEIGHT).length, before);
	if (s->op == OP_EXTEND)
		return extend_pixels(s, before);
	if (s->op == OP_AFFINE)
		return affine_pixels(p, s, before);
	if (s->op == OP_ROTATE && step_rate(s) >= COST_TURN_FREE)
		return before * 2;
	return before;
}

double
plan_cost_from(enum format from, double pixels)
{
	assert((unsigned)from < FORMAT_COUNT);
	return read_cost[from] + pixels * 1e-6 * decode_cost[from];
}

double
plan_cost_decode(double pixels)
{
	return pixels * 1e-6 * COST_DECODE;
}

double
plan_cost_profile(bool cmyk, double pixels)
{
	return cmyk ? COST_CMYK + pixels * 1e-6 * COST_CMYK_PIXELS
		    : COST_PROFILE + pixels * 1e-6 * COST_PROFILE_PIXELS;
}

/* 16 bits: everything has twice the bytes. */
static double
depth_factor(const struct plan *p)
{
	return out_get(p, OUT_DEPTH).whole > 8 ? 2 : 1;
}

double
plan_cost(const struct plan *p, double pixels)
{
	double now = pixels > 0 ? pixels : COST_PIXELS;
	double full = now; /* before any step */
	double megapixel = 1e-6;
	double cost = COST_BASE;

	if (p->out.untouched)
		return cost;
	cost += COST_OVERLAY * (double)plan_overlays(p);
	if (pixels > 0)
		cost += plan_cost_decode(pixels);
	/* Its steps are not run. */
	if (p->out.format == FORMAT_INFO)
		return cost + COST_INFO + now * megapixel * COST_RESIZE;
	for (size_t i = 0; i < p->nstep; i++) {
		const struct plan_step *s = &p->step[i];

		double before = now;

		now = step_pixels(p, s, now);
		cost += step_fixed(s) + now * megapixel * step_rate(s) +
		    megapixel * step_more(s, full, before, now);
	}
	cost += now * megapixel * cost_encode(p);
	if (p->out.format == FORMAT_GIF)
		cost += COST_COLOURS;
	cost *= depth_factor(p);
	assert(isfinite(cost));
	return cost;
}
