/* SPDX-License-Identifier: Apache-2.0 */
/*
 * More than 8 bits and more than sRGB: kept where they are asked for, through
 * the operations too, and said so in the file.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../unit/unit.h"
#include "base/clock.h"
#include "golden.h"
#include "image/colour.h"

enum { WIDE = 2048, HIGH = 32 };

static struct plan plan;
static struct image_result result;

static bool
render(const struct file *original, const char *query)
{
	struct image_job job = { .plan = &plan,
		.limits = golden_limits(),
		.input = { .data = original->bytes, .size = original->size },
		.deadline_ns = CLOCK_NEVER };
	struct err e = { 0 };

	golden_plan(query, NULL, &plan);
	for (size_t i = 0; i < plan_overlays(&plan); i++)
		job.overlay[i] = job.input;
	image_result_fini(&result);
	if (!image_render(&job, &result, &e))
		fail_msg("%s: %s %s", query, err_row(e.code)->code, e.detail);
	return true;
}

static VipsImage *
loaded(void)
{
	VipsImage *lazy =
	    vips_image_new_from_buffer(result.bytes, result.size, "", NULL);
	VipsImage *in;

	if (lazy == NULL)
		fail_msg("%s", vips_error_buffer());
	in = vips_image_copy_memory(lazy);
	g_object_unref(lazy);
	assert_non_null(in);
	return in;
}

/* ---- Depth ---- */

/* A slope of WIDE different values, with alpha or not. */
static struct file
slope(int bands)
{
	uint16_t *p = xcalloc((size_t)WIDE * HIGH * 4, sizeof(*p));
	struct file file;
	VipsImage *raw;
	VipsImage *in;

	for (int i = 0; i < WIDE * HIGH; i++)
		for (int b = 0; b < bands; b++)
			p[i * bands + b] =
			    (uint16_t)(b == 3 ? 65535 : i % WIDE * 32);
	raw = vips_image_new_from_memory_copy(p,
	    (size_t)WIDE * HIGH * (size_t)bands * 2, WIDE, HIGH, bands,
	    VIPS_FORMAT_USHORT);
	assert_non_null(raw);
	assert_int_equal(vips_copy(raw, &in, "interpretation",
			     bands < 3 ? VIPS_INTERPRETATION_GREY16
				       : VIPS_INTERPRETATION_RGB16,
			     NULL),
	    0);
	file = picture_file(in, FORMAT_PNG);
	g_object_unref(raw);
	g_object_unref(in);
	free(p);
	return file;
}

/* Different values of the first channel. */
static unsigned
steps(VipsImage *in)
{
	static bool seen[65536];
	size_t pixels = (size_t)in->Xsize * (size_t)in->Ysize;
	unsigned n = 0;

	memset(seen, 0, sizeof(seen));
	for (size_t i = 0; i < pixels * (size_t)in->Bands;
	     i += (size_t)in->Bands) {
		unsigned v = in->BandFmt == VIPS_FORMAT_USHORT
		    ? ((const uint16_t *)(const void *)in->data)[i]
		    : ((const uint8_t *)in->data)[i];

		n += !seen[v];
		seen[v] = true;
	}
	return n;
}

static void
assert_steps(const char *query, VipsBandFormat format, unsigned least)
{
	VipsImage *in = loaded();
	unsigned n = steps(in);

	if (in->BandFmt != format || n < least)
		fail_msg(
		    "%s: band format %d, %u steps", query, (int)in->BandFmt, n);
	g_object_unref(in);
}

static void
test_depth(void **state)
{
	static const char *const deep[] = { "", "&width=1024", "&rotate=90",
		"&extract=0,0,1024,32", "&extend=4", "&flatten=white",
		"&blur=1", "&sharpen=1", "&grayscale", "&affine=1;0;0;1.5",
		"&width=1024&height=64&fit=contain&bg=red", "&profile=p3",
		"&profile=original&rotate=180", "&negate=true", "&median=3",
		"&linear=0.9,10", "&modulate=brightness:0.9", "&normalise=true",
		"&tint=white", "&unflatten=true", "&recomb=1;0;0;0;1;0;0;0;1",
		"&colourspace=b-w", "&extract_channel=green", "&remove_alpha",
		"&ensure_alpha=0.5", "&boolean=eor,170", "&bandbool=and",
		"&round=4", "&dilate=1", "&erode=1", "&gamma=2.2&width=1900",
		"&gamma=1.5,2", "&convolve=3,3,0;0;0;0;1;0;0;0;0",
		"&smartcrop=1200,32", "&width=1024&height=30&position=entropy",
		"&pixelate=2,0,0,10,10", "&trim=2",
		"&overlay=a&composite=opacity:50,left:0,top:0,width:9" };
	static const int bands[] = { 1, 3, 4 };

	(void)state;
	for (size_t k = 0; k < NELEM(bands); k++) {
		struct file file = slope(bands[k]);

		for (size_t i = 0; i < NELEM(deep); i++) {
			char query[100];

			snprintf(query, sizeof(query),
			    "format=png&depth=16&keep=icc%s", deep[i]);
			render(&file, query);
			assert_steps(query, VIPS_FORMAT_USHORT, 900);
		}
		render(&file, "format=tiff&depth=16");
		assert_steps("tiff", VIPS_FORMAT_USHORT, 900);
		render(&file, "format=tiff&depth=16&compression=jpeg");
		assert_steps("tiff, jpeg", VIPS_FORMAT_UCHAR, 150);
		/* Not asked for: what is encoded anew has 8 bits. */
		render(&file, "format=png&rotate=90");
		assert_steps("8 bits", VIPS_FORMAT_UCHAR, 200);
		/* Work with 8 bits, and a file that could hold more. */
		render(&file, "format=png&median=9&depth=16");
		assert_steps("median", VIPS_FORMAT_USHORT, 200);
		render(&file, "format=png&clahe=9,9&depth=16");
		assert_steps("clahe", VIPS_FORMAT_USHORT, 50);
		/* Black or white: nothing between. */
		render(&file, "format=png&threshold=128&depth=16");
		assert_steps("threshold", VIPS_FORMAT_USHORT, 2);
		render(&file, "format=png&depth=16&bitdepth=8&rotate=90");
		assert_steps("bitdepth", VIPS_FORMAT_UCHAR, 200);
		render(&file, "format=webp&lossless=true&width=1024");
		assert_steps("webp", VIPS_FORMAT_UCHAR, 200);
		picture_file_free(&file);
	}
}

static void
test_depth_avif(void **state)
{
	struct file file = slope(3);

	(void)state;
	if ((image_can_save() & FORMAT_BIT(FORMAT_AVIF)) == 0)
		skip();
	render(&file, "format=avif&depth=16&quality=100");
	assert_steps("depth", VIPS_FORMAT_USHORT, 900);
	render(&file, "format=avif&bitdepth=12&quality=100");
	assert_steps("bitdepth", VIPS_FORMAT_USHORT, 900);
	render(&file, "format=avif&quality=100");
	assert_steps("neither", VIPS_FORMAT_UCHAR, 200);
	picture_file_free(&file);
}

/* Alpha of 65535 is solid, and half of it is not. */
static void
test_depth_alpha(void **state)
{
	struct file file = slope(4);

	(void)state;
	/* What has no pixel that is clear needs no PNG. */
	render(&file, "format=auto&depth=16&rotate=90");
	assert_int_equal(result.facts.to, FORMAT_JPEG);
	picture_file_free(&file);
}

/*
 * The corners of what is turned or sheared have the colour that was asked for,
 * in each depth, half clear or solid.
 */
static void
test_background(void **state)
{
	static const char *const shape[] = { "rotate=30&background=",
		"affine=1;0.5;0.5;1,background:" };
	static const unsigned alpha[] = { 255, 128 };
	static const unsigned depth[] = { 8, 16 };
	struct file file = slope(4);

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		unsigned clear = alpha[i / 2 % 2];
		double most = depth[i / 4] == 8 ? 255 : 65535;
		char query[128];
		double *ink;
		VipsImage *in;
		int n;

		snprintf(query, sizeof(query),
		    "%s402080%02x&flatten=false&format=png&depth=%u",
		    shape[i % 2], clear, depth[i / 4]);
		render(&file, query);
		in = loaded();
		/* The right upper corner. */
		assert_int_equal(
		    vips_getpoint(in, &ink, &n, in->Xsize - 1, 0, NULL), 0);
		assert_int_equal(n, 4);
		assert_true(fabs(ink[0] / most - 64 / 255.0) < 0.01);
		assert_true(fabs(ink[1] / most - 32 / 255.0) < 0.01);
		assert_true(fabs(ink[2] / most - 128 / 255.0) < 0.01);
		assert_true(fabs(ink[3] / most - clear / 255.0) < 0.01);
		g_free(ink);
		g_object_unref(in);
	}
	picture_file_free(&file);
}

/* ---- Gamut ---- */

/* One colour, with or without a profile of that name. */
static struct file
colour(const uint8_t rgb[3], const char *profile)
{
	uint8_t p[16 * 16 * 3];
	struct file file;
	VipsImage *raw;
	VipsImage *in;
	VipsBlob *blob = NULL;

	for (size_t i = 0; i < sizeof(p); i++)
		p[i] = rgb[i % 3];
	raw = vips_image_new_from_memory_copy(
	    p, sizeof(p), 16, 16, 3, VIPS_FORMAT_UCHAR);
	assert_int_equal(vips_copy(raw, &in, "interpretation",
			     VIPS_INTERPRETATION_sRGB, NULL),
	    0);
	if (profile != NULL) {
		size_t size;
		const void *bytes;

		assert_int_equal(vips_profile_load(profile, &blob, NULL), 0);
		bytes = vips_blob_get(blob, &size);
		vips_image_set_blob_copy(in, VIPS_META_ICC_NAME, bytes, size);
		vips_area_unref(VIPS_AREA(blob));
	}
	file = picture_file(in, FORMAT_PNG);
	g_object_unref(raw);
	g_object_unref(in);
	return file;
}

enum profile { NO_PROFILE, SRGB, P3, OTHER };

static void
assert_colour(
    const char *query, int red, int green, int blue, enum profile profile)
{
	const int want[3] = { red, green, blue };
	VipsImage *in = loaded();
	const void *icc = NULL;
	size_t size = 0;
	enum profile found = NO_PROFILE;

	if (vips_image_get_typeof(in, VIPS_META_ICC_NAME) != 0) {
		vips_image_get_blob(in, VIPS_META_ICC_NAME, &icc, &size);
		found = colour_profile_is_srgb(icc, size) ? SRGB
		    : colour_profile_is_p3(icc, size)     ? P3
							  : OTHER;
	}
	if (found != profile)
		fail_msg("%s: profile %d", query, (int)found);
	for (int c = 0; c < 3; c++) {
		int v = ((const uint8_t *)in->data)[c];

		if (v < want[c] - 2 || v > want[c] + 2)
			fail_msg("%s: channel %d is %d, not %d", query, c, v,
			    want[c]);
	}
	g_object_unref(in);
}

static void
test_gamut(void **state)
{
	static const uint8_t red[3] = { 255, 0, 0 };
	static const uint8_t mild[3] = { 200, 100, 50 };
	struct file srgb = colour(red, NULL);
	struct file tagged = colour(red, "srgb");
	struct file p3 = colour(red, "p3");
	struct file soft = colour(mild, "p3");

	(void)state;
	/* Red of sRGB lies inside P3: W3C's CSS Color 4 has 0.9175 0.2003
	 * 0.1386. */
	render(&srgb, "profile=p3&format=png");
	assert_colour("sRGB to P3", 234, 51, 35, P3);
	assert_int_equal(result.facts.unchanged, 0);
	render(&tagged, "profile=p3&width=8");
	assert_colour("tagged sRGB to P3", 234, 51, 35, P3);
	/* What is P3 stays: with the file, and made anew. */
	render(&p3, "profile=p3");
	assert_colour("P3, the file", 255, 0, 0, P3);
	assert_int_equal(result.facts.unchanged, 1);
	render(&p3, "profile=p3&width=8&format=webp&lossless=true");
	assert_colour("P3, resized", 255, 0, 0, P3);
	render(&p3, "profile=original&width=8");
	assert_colour("original", 255, 0, 0, P3);
	render(&p3, "profile=srgb&width=8");
	assert_colour("P3 to sRGB", 255, 0, 0, NO_PROFILE);
	render(&soft, "keep=icc");
	assert_colour("inside of both", 215, 93, 31, SRGB);
	render(&soft, "profile=p3&grayscale");
	{
		VipsImage *in = loaded();

		/* A grey one has no profile of three colours. */
		assert_int_equal(in->Bands, 1);
		assert_int_equal(
		    vips_image_get_typeof(in, VIPS_META_ICC_NAME), 0);
		g_object_unref(in);
	}
	picture_file_free(&srgb);
	picture_file_free(&tagged);
	picture_file_free(&p3);
	picture_file_free(&soft);
}

/* A wide gamut and its fine steps together. */
static void
test_both(void **state)
{
	struct file file = slope(3);
	VipsImage *in;

	(void)state;
	render(&file, "profile=p3&depth=16&width=1024");
	in = loaded();
	assert_int_equal(in->BandFmt, VIPS_FORMAT_USHORT);
	assert_true(vips_image_get_typeof(in, VIPS_META_ICC_NAME) != 0);
	assert_true(steps(in) > 900);
	g_object_unref(in);
	picture_file_free(&file);
}

static int
start(void **state)
{
	(void)state;
	golden_start();
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	image_result_fini(&result);
	image_fini();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_depth_avif),
		cmocka_unit_test(test_depth_alpha),
		cmocka_unit_test(test_background),
		cmocka_unit_test(test_gamut),
		cmocka_unit_test(test_both),
	};

	return cmocka_run_group_tests_name("depth", tests, start, stop);
}
