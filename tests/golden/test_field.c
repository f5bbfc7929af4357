/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The true field of view after shrink-on-load: a JPEG whose sides do not
 * divide by the decoder's factor is loaded a fraction of a pixel too small.
 * All remainders of 4 and 8 are scaled and compared with the slow way on the
 * whole picture; and so is what comes of taking the loaded size for the
 * picture's, to show that the bar is one that this would not pass.
 */
#include <stdio.h>

#include "golden.h"

enum { WIDTH = 150, SIDE = 900 };

/*
 * Mean difference of the pixels, 0 to 255. What is left is the DCT's own way
 * of making smaller, and the last column, which libvips throws away.
 */
static double
bar(int factor)
{
	return factor == 4 ? 1.9 : 2.3;
}

/* The pebbles have an edge everywhere. */
static VipsImage *
original(int cut)
{
	static VipsImage *whole;

	if (whole == NULL)
		whole = picture_scene(SCENE_PEBBLES, SIDE, SIDE * 2 / 3);
	return picture_crop(whole, SIDE - cut, SIDE * 2 / 3 - cut);
}

/* By the loaded size, as if it were the picture's. */
static double
naive(const struct file *stored, int shrink, const struct raster *want)
{
	VipsImage *loaded = NULL;
	VipsImage *small = NULL;
	struct raster got;
	double far;

	if (vips_jpegload_buffer(stored->bytes, stored->size, &loaded, "shrink",
		shrink, NULL) != 0 ||
	    vips_resize(loaded, &small, (double)want->width / loaded->Xsize,
		"vscale", (double)want->height / loaded->Ysize, NULL) != 0)
		abort();
	got = golden_raster(small);
	far = raster_difference(&got, want);
	raster_free(&got);
	g_object_unref(loaded);
	g_object_unref(small);
	return far;
}

static double
ours(const struct file *stored, int width, const struct raster *want,
    unsigned *shrink)
{
	struct plan *plan = xcalloc(1, sizeof(*plan));
	struct image_result result = { 0 };
	struct err e = { 0 };
	struct raster got;
	char query[64];
	double far;

	snprintf(query, sizeof(query), "width=%d&format=png", width);
	golden_plan(query, NULL, plan);
	if (!golden_render(stored, plan, &result, &e)) {
		fprintf(stderr, "%s\n", e.detail);
		abort();
	}
	got = golden_decode(result.bytes, result.size, FORMAT_PNG);
	far = raster_difference(&got, want);
	*shrink = result.facts.shrink;
	raster_free(&got);
	image_result_fini(&result);
	free(plan);
	return far;
}

/* One remainder; returns whether the naive way would have failed. */
static bool
remainder_test(int cut, int width, int factor, unsigned *done, bool *good)
{
	VipsImage *in = original(cut);
	struct file stored = picture_file(in, FORMAT_JPEG);
	struct raster want = golden_raster(in);
	unsigned shrink;
	int height = (int)((double)width * in->Ysize / in->Xsize + 0.5);

	raster_scale(&want, width, height);

	double far = ours(&stored, width, &want, &shrink);
	double off = naive(&stored, factor, &want);
	bool pass = far <= bar(factor) && shrink == (unsigned)factor;

	printf("%sok %u - %dx%d, a %dth: remainder %d, %.2f of %.2f "
	       "(by the loaded size: %.2f)\n",
	    pass ? "" : "not ", ++*done, in->Xsize, in->Ysize, factor,
	    in->Xsize % factor, far, bar(factor), off);
	*good = *good && pass;
	raster_free(&want);
	picture_file_free(&stored);
	g_object_unref(in);
	return off > bar(factor);
}

int
main(void)
{
	unsigned done = 0;
	unsigned worse = 0;
	bool good = true;

	setvbuf(stdout, NULL, _IOLBF, 0);
	golden_start();
	for (int cut = 0; cut < 4; cut++)
		worse += remainder_test(cut, WIDTH, 4, &done, &good);
	for (int cut = 0; cut < 8; cut++)
		worse += remainder_test(cut, WIDTH / 2, 8, &done, &good);
	/* All but the one that loses nothing. */
	printf("%sok %u - the loaded size would have failed %u of them\n",
	    worse >= 10 ? "" : "not ", ++done, worse);
	printf("1..%u\n", done);
	return good && worse >= 10 ? 0 : 1;
}
