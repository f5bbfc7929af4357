/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The encoders' options: each is seen in the file that comes out, by its
 * header, by its structure, or because it is another file than without.
 */
#include <stdio.h>
#include <string.h>

#include "../unit/unit.h"
#include "golden.h"

static struct file photo;
static struct file alpha;
static struct file moving;
static struct plan plan;
static struct image_result result;

static void
render(const struct file *original, const char *query)
{
	struct err e = { 0 };

	image_result_fini(&result);
	golden_plan(query, NULL, &plan);
	if (!golden_render(original, &plan, &result, &e))
		fail_msg("%s: %s %s", query, err_row(e.code)->code, e.detail);
}

static size_t
size_of(const struct file *original, const char *query)
{
	render(original, query);
	return result.size;
}

/* Another file than without the option. */
static void
assert_tells(const struct file *original, const char *query, const char *option)
{
	char with[512];
	uint8_t *bytes;
	size_t size;

	render(original, query);
	size = result.size;
	bytes = g_memdup2(result.bytes, size);
	snprintf(with, sizeof(with), "%s&%s", query, option);
	render(original, with);
	if (size == result.size && memcmp(bytes, result.bytes, size) == 0)
		fail_msg("%s does nothing", with);
	g_free(bytes);
}

static bool
holds(const void *part, size_t size)
{
	return memmem(result.bytes, result.size, part, size) != NULL;
}

static VipsImage *
loaded(const char *options)
{
	VipsImage *in = vips_image_new_from_buffer(
	    result.bytes, result.size, options, NULL);

	if (in == NULL)
		fail_msg("%s", vips_error_buffer());
	return in;
}

static void
test_jpeg(void **state)
{
	(void)state;
	render(&photo, "width=100&format=jpeg&progressive=true");
	assert_true(holds("\xff\xc2", 2)); /* SOF2 */
	render(&photo, "width=100&format=jpeg");
	assert_false(holds("\xff\xc2", 2));
	assert_true(holds("\xff\xc0", 2));
	render(&photo, "width=100&format=jpeg&optimiseScans=true");
	assert_true(holds("\xff\xc2", 2));
	render(&photo, "width=100&format=jpeg&mozjpeg=true");
	assert_true(holds("\xff\xc2", 2));
	/* The sampling factors of the first component. */
	render(&photo, "width=100&format=jpeg&subsample=4:4:4");
	assert_true(holds("\x01\x11\x00\x02\x11", 5));
	render(&photo, "width=100&format=jpeg&chromaSubsampling=4:2:0");
	assert_true(holds("\x01\x22\x00\x02\x11", 5));
	assert_true(
	    size_of(&photo, "width=300&format=jpeg&optimizeCoding=false") >
	    size_of(&photo, "width=300&format=jpeg"));
}

static void
test_png(void **state)
{
	(void)state;
	/* IHDR: depth, colour type, compression, filter, interlace. */
	render(&photo, "width=100&format=png&palette=true&colours=16");
	assert_memory_equal(result.bytes + 24, "\x04\x03\0\0\0", 5);
	render(&photo, "width=100&format=png&palette&colours=16&progressive");
	assert_memory_equal(result.bytes + 24, "\x04\x03\0\0\x01", 5);
	render(&photo, "width=100&format=png&palette=true&bitdepth=2");
	assert_memory_equal(result.bytes + 24, "\x02\x03\0\0\0", 5);
	render(&photo, "width=100&format=png&grayscale=true&bitdepth=4");
	assert_memory_equal(result.bytes + 24, "\x04\0\0\0\0", 5);
	assert_true(size_of(&photo, "width=300&format=png&compressionLevel=0") >
	    size_of(&photo, "width=300&format=png"));
	assert_true(
	    size_of(&photo, "width=300&format=png&adaptive_filtering=false") >
	    size_of(&photo, "width=300&format=png&adaptive_filtering=true"));
	assert_tells(
	    &photo, "width=100&format=png&palette&colours=8", "dither=0");
}

static void
test_webp(void **state)
{
	(void)state;
	render(&photo, "width=100&format=webp&lossless=true");
	assert_true(holds("VP8L", 4));
	render(&photo, "width=100&format=webp&nearLossless=true&quality=60");
	assert_true(holds("VP8L", 4));
	assert_tells(&photo, "width=100&format=webp", "smartSubsample=true");
	assert_tells(&photo, "width=100&format=webp", "preset=text");
	assert_tells(&alpha, "width=100&format=webp", "alpha_quality=10");
	assert_tells(&photo, "width=100&format=webp", "effort=6");
	assert_true(size_of(&moving, "format=webp&min_size=true&quality=50") <=
	    size_of(&moving, "format=webp&quality=50"));
	render(&moving, "format=webp&quality=50&mixed=true");
	assert_true(holds("ANMF", 4));
#if VIPS_MAJOR_VERSION > 8 || VIPS_MINOR_VERSION >= 16
	assert_tells(&photo, "width=100&format=webp", "smart_deblock=true");
#endif
}

static void
test_avif(void **state)
{
	(void)state;
	if ((image_can_save() & FORMAT_BIT(FORMAT_AVIF)) == 0)
		return;
	render(&photo, "width=64&format=avif&bitdepth=10");
	/* Where 10 bits do not work it has 12. */
	assert_true(holds("pixi\0\0\0\0\x03\x0a", 10) ||
	    holds("pixi\0\0\0\0\x03\x0c", 10));
	render(&photo, "width=64&format=avif&bitdepth=12");
	assert_true(holds("pixi\0\0\0\0\x03\x0c", 10));
	render(&photo, "width=64&format=avif");
	assert_true(holds("pixi\0\0\0\0\x03\x08", 10));
	assert_tells(&photo, "width=64&format=avif", "subsample=4:4:4");
	assert_tells(&photo, "width=64&format=avif", "lossless=true");
}

static void
test_gif(void **state)
{
	struct file own;

	(void)state;
	/* The size of the global table: 2^(n + 1) colours. */
	render(&photo, "width=100&format=gif&colours=16");
	assert_int_equal(result.bytes[10] & 7, 3);
	assert_tells(&photo, "width=100&format=gif&colours=16", "dither=0");
	golden_picture("moving gif", &own, NULL);
	assert_tells(&own, "width=60&format=gif", "reuse=false");
	picture_file_free(&own);
	assert_tells(
	    &moving, "width=60&format=gif", "inter_frame_max_error=20");
	assert_tells(&photo, "width=100&format=gif", "progressive=true");
}

static void
assert_tempo(const char *query, int loop, const int *delay, int n)
{
	VipsImage *in;
	int has_loop = -1;
	int *has;
	int has_n = 0;

	render(&moving, query);
	in = loaded("n=-1");
	assert_int_equal(vips_image_get_n_pages(in), n);
	if (vips_image_get_int(in, "loop", &has_loop) != 0 ||
	    vips_image_get_array_int(in, "delay", &has, &has_n) != 0)
		fail_msg("%s", vips_error_buffer());
	assert_int_equal(has_loop, loop);
	assert_int_equal(has_n, n);
	for (int i = 0; i < n; i++)
		assert_int_equal(has[i], delay[i]);
	g_object_unref(in);
}

static void
test_tempo(void **state)
{
	static const char *const to[] = { "webp", "gif" };
	static const int as_it_was[] = { 40, 50, 60, 70, 80, 90 };
	static const int all_one[] = { 120, 120, 120, 120, 120, 120 };
	static const int two[] = { 200, 50, 50, 50, 50, 50 };
	char query[128];

	(void)state;
	for (size_t i = 0; i < NELEM(to); i++) {
		snprintf(query, sizeof(query), "width=60&format=%s", to[i]);
		assert_tempo(query, 3, as_it_was, 6);
		snprintf(query, sizeof(query),
		    "width=60&format=%s&loop=0&delay=120", to[i]);
		assert_tempo(query, 0, all_one, 6);
		snprintf(query, sizeof(query),
		    "width=60&format=%s&loop=7&delay=200,50", to[i]);
		assert_tempo(query, 7, two, 6);
		/* More delays than frames. */
		snprintf(query, sizeof(query),
		    "width=60&format=%s&page=2&pages=2&delay=200,50,60,70,80,"
		    "90,100",
		    to[i]);
		assert_tempo(query, 3, two, 2);
	}
}

static bool
tiff_works(const char *query)
{
	struct err e = { 0 };

	image_result_fini(&result);
	golden_plan(query, NULL, &plan);
	if (golden_render(&photo, &plan, &result, &e))
		return true;
	if (e.code != ERR_BAD_VALUE || strcmp(e.param, "compression") != 0)
		fail_msg("%s: %s %s", query, err_row(e.code)->code, e.detail);
	return false;
}

/* Whatever a TIFF is compressed with, it has the few bits that are asked for. */
static void
test_tiff_bits(void **state)
{
	static const char *const how[] = { "none", "jpeg", "deflate",
		"packbits", "ccittfax4", "lzw", "webp", "zstd", "jp2k" };
	static const char *const more[] = { "", "&pyramid=true",
		"&pyramid=true&tile=true&tile_width=16&predictor=float" };
	char query[256];

	(void)state;
	for (size_t i = 0; i < NELEM(how); i++) {
		for (size_t k = 0; k < NELEM(more); k++) {
			VipsImage *in;
			int bits;

			snprintf(query, sizeof(query),
			    "width=200&format=tiff&bitdepth=2&compression=%s%s",
			    how[i], more[k]);
			/* Not every libtiff has all of them. */
			if (!tiff_works(query))
				continue;
			in = loaded("");
			assert_int_equal(in->Xsize, 200);
			assert_int_equal(in->Bands, 1);
			if (vips_image_get_int(in, "bits-per-sample", &bits) !=
			    0)
				vips_error_clear();
			else
				assert_int_equal(bits,
				    strcmp(how[i], "ccittfax4") == 0 ? 1 : 2);
			g_object_unref(in);
		}
	}
}

/* An original that breaks off is an error, also of a pyramid's many levels. */
static void
test_pyramid_cut(void **state)
{
	static const char *const query[] = { "format=tiff&pyramid=true",
		"format=tiff&pyramid=true&compression=deflate&tile=true",
		"format=tiff&pyramid=true&bitdepth=1" };
	struct file cut = { photo.bytes, photo.size / 2 };

	(void)state;
	for (size_t i = 0; i < NELEM(query); i++) {
		struct err e = { 0 };

		image_result_fini(&result);
		golden_plan(query[i], NULL, &plan);
		assert_false(golden_render(&cut, &plan, &result, &e));
		assert_int_equal(e.code, ERR_TRUNCATED);
		assert_true(size_of(&photo, query[i]) > 0);
	}
}

static int
start(void **state)
{
	(void)state;
	golden_start();
	golden_picture("scene png", &photo, NULL);
	golden_picture("alpha png", &alpha, NULL);
	golden_picture("moving webp", &moving, NULL);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	picture_file_free(&photo);
	picture_file_free(&alpha);
	picture_file_free(&moving);
	image_result_fini(&result);
	image_fini();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jpeg),
		cmocka_unit_test(test_png),
		cmocka_unit_test(test_webp),
		cmocka_unit_test(test_avif),
		cmocka_unit_test(test_gif),
		cmocka_unit_test(test_tempo),
		cmocka_unit_test(test_tiff_bits),
		cmocka_unit_test(test_pyramid_cut),
	};

	return cmocka_run_group_tests_name("options", tests, start, stop);
}
