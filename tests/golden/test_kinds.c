/* SPDX-License-Identifier: Apache-2.0 */
/* Originals of odd kinds: numbers of 32 bits, numbers with a sign, the longest
 * sides, bitmaps. */
#include <sys/mman.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../unit/unit.h"
#include "base/clock.h"
#include "golden.h"
#include "image/exif.h"
#include "image/table.h"

enum { WIDTH = 16, HEIGHT = 4 };

static struct plan plan;

static enum err_code
render(const struct file *original, const char *query,
    struct image_result *result, double *cost)
{
	struct image_job job = { .plan = &plan,
		.limits = golden_limits(),
		.input = { .data = original->bytes, .size = original->size },
		.deadline_ns = CLOCK_NEVER,
		.cost = cost };
	struct err e = { 0 };

	golden_plan(query, NULL, &plan);
	return image_render(&job, result, &e) ? ERR_NONE : e.code;
}

/* Each column is times its number, 0 to 15; four bands are inks. */
static struct file
columns(VipsBandFormat format, int bands, double times)
{
	VipsImage *xy;
	VipsImage *x;
	VipsImage *scaled;
	VipsImage *cast;
	VipsImage *all[4];
	VipsImage *joined;
	VipsImage *typed;
	struct file file = { 0 };
	void *bytes;

	assert_int_equal(vips_xyz(&xy, WIDTH, HEIGHT, NULL), 0);
	assert_int_equal(vips_extract_band(xy, &x, 0, NULL), 0);
	assert_int_equal(vips_linear1(x, &scaled, times, 0, NULL), 0);
	assert_int_equal(vips_cast(scaled, &cast, format, NULL), 0);
	for (size_t i = 0; i < NELEM(all); i++)
		all[i] = cast;
	assert_int_equal(vips_bandjoin(all, &joined, bands, NULL), 0);
	assert_int_equal(vips_copy(joined, &typed, "interpretation",
			     bands < 3        ? VIPS_INTERPRETATION_B_W
				 : bands == 4 ? VIPS_INTERPRETATION_CMYK
					      : VIPS_INTERPRETATION_sRGB,
			     NULL),
	    0);
	assert_int_equal(
	    vips_tiffsave_buffer(typed, &bytes, &file.size, NULL), 0);
	file.bytes = bytes;
	g_object_unref(xy);
	g_object_unref(x);
	g_object_unref(scaled);
	g_object_unref(cast);
	g_object_unref(joined);
	g_object_unref(typed);
	return file;
}

/* The query's result has these bytes for every column and channel. */
static void
assert_columns(const struct file *original, const char *query, int bands,
    const unsigned *want)
{
	struct image_result result = { 0 };

	assert_int_equal(render(original, query, &result, NULL), ERR_NONE);
	assert_int_equal(result.size, (size_t)WIDTH * HEIGHT * (size_t)bands);
	for (size_t i = 0; i < result.size; i++) {
		unsigned x = (unsigned)(i / (size_t)bands % WIDTH);

		if (result.bytes[i] > want[x] + 1 ||
		    result.bytes[i] + 1U < want[x])
			fail_msg("%s: column %u is %u, not %u", query, x,
			    result.bytes[i], want[x]);
	}
	image_result_fini(&result);
}

static void
test_whole_numbers(void **state)
{
	static const struct {
		double times;
		VipsBandFormat format;
		unsigned step; /* of the result's columns */
	} kinds[] = {
		/* White is the largest: 15 * 0x11111111. */
		{ 0x11111111, VIPS_FORMAT_UINT, 17 },
		{ 17, VIPS_FORMAT_INT, 17 },
		{ 17, VIPS_FORMAT_SHORT, 17 },
		{ 8, VIPS_FORMAT_CHAR, 8 },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(kinds); i++)
		for (int bands = 1; bands <= 3; bands += 2) {
			struct file in =
			    columns(kinds[i].format, bands, kinds[i].times);
			unsigned want[WIDTH];

			for (unsigned x = 0; x < WIDTH; x++)
				want[x] = x * kinds[i].step;
			assert_columns(&in, "format=raw", bands, want);
			/* As an operation sees it. */
			for (unsigned x = 0; x < WIDTH; x++)
				want[x] = 255 - want[x];
			assert_columns(
			    &in, "negate=true&format=raw", bands, want);
			picture_file_free(&in);
		}
}

/* Inks of 32 bits are the picture that those of 8 are. */
static void
test_inks(void **state)
{
	struct file in[2] = { columns(VIPS_FORMAT_UCHAR, 4, 17),
		columns(VIPS_FORMAT_UINT, 4, 0x11111111) };
	struct image_result out[2] = { 0 };

	(void)state;
	for (size_t i = 0; i < NELEM(in); i++)
		assert_int_equal(
		    render(&in[i], "format=raw", &out[i], NULL), ERR_NONE);
	assert_int_equal(out[0].size, (size_t)WIDTH * HEIGHT * 3);
	assert_int_equal(out[0].size, out[1].size);
	for (size_t i = 0; i < out[0].size; i++)
		if (out[0].bytes[i] > out[1].bytes[i] + 2 ||
		    out[0].bytes[i] + 2 < out[1].bytes[i])
			fail_msg("byte %zu is %u, not %u", i, out[1].bytes[i],
			    out[0].bytes[i]);
	for (size_t i = 0; i < NELEM(in); i++) {
		image_result_fini(&out[i]);
		picture_file_free(&in[i]);
	}
}

/* A TIFF of Lab of 8 bits. */
static struct file
lab_of_8_bits(void)
{
	struct file srgb = columns(VIPS_FORMAT_UCHAR, 3, 17);
	struct file in = { 0 };
	VipsImage *read;
	VipsImage *lab;
	void *bytes;

	assert_int_equal(vips_tiffload_buffer((void *)(uintptr_t)srgb.bytes,
			     srgb.size, &read, NULL),
	    0);
	assert_int_equal(
	    vips_colourspace(read, &lab, VIPS_INTERPRETATION_LABQ, NULL), 0);
	assert_int_equal(vips_tiffsave_buffer(lab, &bytes, &in.size, NULL), 0);
	in.bytes = bytes;
	g_object_unref(lab);
	g_object_unref(read);
	picture_file_free(&srgb);
	return in;
}

/*
 * Lab of 8 bits has three channels and no alpha. The loader of libvips 8.18
 * finds it damaged ("bad labq format").
 */
static void
test_lab(void **state)
{
	struct file in = lab_of_8_bits();
	struct image_result out[2] = { 0 };
	VipsImage *read;

	(void)state;
	if (vips_tiffload_buffer(
		(void *)(uintptr_t)in.bytes, in.size, &read, NULL) != 0) {
		assert_true(vips_version(1) >= 18);
		vips_error_clear();
		assert_int_equal(
		    render(&in, "format=raw", &out[0], NULL), ERR_BAD_IMAGE);
		image_result_fini(&out[0]);
		picture_file_free(&in);
		return;
	}
	g_object_unref(read);
	assert_int_equal(render(&in, "format=raw", &out[0], NULL), ERR_NONE);
	assert_int_equal(
	    render(&in, "flatten=red&format=raw", &out[1], NULL), ERR_NONE);
	assert_int_equal(out[0].size, (size_t)WIDTH * HEIGHT * 3);
	assert_int_equal(out[1].size, out[0].size);
	assert_memory_equal(out[0].bytes, out[1].bytes, out[0].size);
	for (size_t i = 0; i < NELEM(out); i++)
		image_result_fini(&out[i]);
	picture_file_free(&in);
}

/* Whatever the kind is: operations of histograms have 8 bits and no others. */
static void
test_histograms(void **state)
{
	static const VipsBandFormat formats[] = { VIPS_FORMAT_UINT,
		VIPS_FORMAT_INT, VIPS_FORMAT_SHORT, VIPS_FORMAT_CHAR };

	(void)state;
	for (size_t i = 0; i < NELEM(formats); i++) {
		struct file in = columns(formats[i], 3, 8);
		struct image_result result = { 0 };

		assert_int_equal(
		    render(&in, "clahe=5,5&format=png", &result, NULL),
		    ERR_NONE);
		image_result_fini(&result);
		picture_file_free(&in);
	}
}

/* libjpeg has its own idea of the longest side. */
static void
test_longest_jpeg(void **state)
{
	struct image_result result = { 0 };
	struct file file = { 0 };
	VipsImage *black;
	void *bytes;

	(void)state;
	assert_int_equal(vips_black(&black, 65501, 1, NULL), 0);
	assert_int_equal(
	    vips_pngsave_buffer(black, &bytes, &file.size, NULL), 0);
	file.bytes = bytes;
	assert_int_equal(
	    render(&file, "format=jpeg", &result, NULL), ERR_BAD_VALUE);
	/* Where any will do, it is one that can hold it. */
	assert_int_equal(render(&file, "format=auto", &result, NULL), ERR_NONE);
	assert_int_equal(result.facts.to, FORMAT_PNG);
	image_result_fini(&result);
	assert_int_equal(
	    render(&file, "extract=0,0,65500,1&format=jpeg", &result, NULL),
	    ERR_NONE);
	assert_int_equal(result.facts.result.width, 65500);
	image_result_fini(&result);
	picture_file_free(&file);
	g_object_unref(black);
}

/* In any order, each line would be made again for all that a resize wants. */
static void
test_bitmap_in_order(void **state)
{
	struct load_spec spec = { .pages = 1, .shrink = 1, .scale = 1 };
	VipsImage *image = NULL;
	struct file bmp;

	(void)state;
	golden_picture("scene 599x400 bmp", &bmp, NULL);
	spec.data = bmp.bytes;
	spec.size = bmp.size;
	assert_int_equal(format_bmp_load(&spec, &image), 0);
	assert_true(vips_image_is_sequential(image));
	g_object_unref(image);
	picture_file_free(&bmp);
}

/* A profile that must be converted counts, and formats that are dear to read. */
static void
test_cost(void **state)
{
	struct image_result result = { 0 };
	struct file srgb;
	struct file cmyk;
	double plain = 0;
	double dear = 0;

	(void)state;
	golden_picture("scene jpeg", &srgb, NULL);
	golden_picture("scene cmyk jpeg", &cmyk, NULL);
	assert_int_equal(
	    render(&srgb, "width=20&format=raw", &result, &plain), ERR_NONE);
	image_result_fini(&result);
	assert_int_equal(
	    render(&cmyk, "width=20&format=raw", &result, &dear), ERR_NONE);
	image_result_fini(&result);
	assert_true(dear > plain + 20);
	assert_true(plan_cost_from(FORMAT_HEIC, 1e6) >
	    2 * plan_cost_from(FORMAT_AVIF, 1e6));
	assert_true(
	    plan_cost_from(FORMAT_ICO, 1e6) > plan_cost_from(FORMAT_BMP, 1e6));
	picture_file_free(&srgb);
	picture_file_free(&cmyk);
}

static void
note_text(void *to, const struct exif_field *f)
{
	char text[16] = "";

	if (strcmp(f->name, "ExifVersion") == 0 &&
	    exif_text(f, text, sizeof(text) - 1) > 0)
		snprintf(to, sizeof(text), "%s", text);
}

/* The last value of a block has no end but the block's: behind it is no page. */
static void
test_exif_end(void **state)
{
	static const char block[] =
	    "II*\0\x08\0\0\0"
	    "\x01\0\x69\x87\4\0\1\0\0\0\x1a\0\0\0\0\0\0\0"
	    "\x01\0\x00\x90\7\0\4\0\0\0"
	    "0232";
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = sizeof(block) - 1;
	char text[16] = "";
	uint8_t *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
	memcpy(pages + page - size, block, size);
	assert_true(exif_each(pages + page - size, size, note_text, text));
	assert_string_equal(text, "0232");
	assert_int_equal(munmap(pages, 2 * page), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_numbers),
		cmocka_unit_test(test_inks),
		cmocka_unit_test(test_lab),
		cmocka_unit_test(test_histograms),
		cmocka_unit_test(test_longest_jpeg),
		cmocka_unit_test(test_bitmap_in_order),
		cmocka_unit_test(test_cost),
		cmocka_unit_test(test_exif_end),
	};

	golden_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
