/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The common quality scale, as a table with straight lines between its rows.
 *
 * Each row holds the encoders' numbers whose results have the same
 * SSIMULACRA2: the mean of three photographs 640 pixels wide, with libvips
 * 8.18 and the efforts of formats/ (WebP 2, AVIF 0). Colours are subsampled
 * up to 89 and, but for WebP which cannot, whole from 90 on: hence the step.
 * Above JPEG's 92 WebP's lossy mode has nothing to match it.
 */
#include "image/quality.h"

#include "base/base.h"

struct row {
	int jpeg, webp, avif;
};

static const struct row table[] = {
	{ 1, 1, 1 },
	{ 10, 4, 12 },
	{ 20, 16, 31 },
	{ 30, 30, 40 },
	{ 40, 43, 45 },
	{ 50, 54, 49 },
	{ 60, 65, 53 },
	{ 70, 76, 58 },
	{ 80, 83, 67 },
	{ 85, 87, 71 },
	{ 89, 91, 76 },
	{ 90, 96, 85 },
	{ 95, 100, 93 },
	{ 100, 100, 100 },
};

static int
between(int x, int x0, int x1, int y0, int y1)
{
	return y0 + ((x - x0) * (y1 - y0) * 2 + (x1 - x0)) / (2 * (x1 - x0));
}

/*
 * JPEG 2000's number is dB of PSNR, which says little of how a picture looks:
 * at equal SSIMULACRA2 a smooth one needs 10 dB more than one full of detail.
 * These are about 3 dB above what the mean of three photographs 160, 320 and
 * 640 pixels wide needs: less, and smooth ones ring where they have edges.
 */
static const struct {
	int jpeg, db;
} decibel[] = {
	{ 1, 24 },
	{ 10, 30 },
	{ 30, 34 },
	{ 50, 36 },
	{ 70, 38 },
	{ 80, 40 },
	{ 90, 43 },
	{ 95, 46 },
	{ 100, 50 },
};

static int
quality_jp2(int quality)
{
	size_t i = 1;

	while (i + 1 < NELEM(decibel) && decibel[i].jpeg < quality)
		i++;
	return between(quality, decibel[i - 1].jpeg, decibel[i].jpeg,
	    decibel[i - 1].db, decibel[i].db);
}

int
quality_for(enum format format, int quality)
{
	size_t i = 1;

	if (format == FORMAT_JP2)
		return quality_jp2(quality);
	if (format != FORMAT_WEBP && format != FORMAT_AVIF)
		return quality;
	while (i + 1 < NELEM(table) && table[i].jpeg < quality)
		i++;

	const struct row *a = &table[i - 1];
	const struct row *b = &table[i];

	return format == FORMAT_WEBP
	    ? between(quality, a->jpeg, b->jpeg, a->webp, b->webp)
	    : between(quality, a->jpeg, b->jpeg, a->avif, b->avif);
}
