/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a result carries of its original besides pixels: metadata, profiles,
 * and files that are passed on as they are.
 */
#include <stdio.h>
#include <string.h>

#include "image/colour.h"
#include "image/srgb.h"
#include "job_kit.h"

static bool
holds(const char *field)
{
	VipsImage *in = loaded();
	bool there = vips_image_get_typeof(in, field) != 0;

	g_object_unref(in);
	return there;
}

/* ---- Metadata ---- */

#define XMP "<x:xmpmeta><dc:title>Hill</dc:title></x:xmpmeta>"

static struct file
with_metadata(enum format format)
{
	VipsImage *in = picture_scene(SCENE_MOUNTAINS, 200, 100);
	VipsImage *turned = picture_oriented(in, 6);
	VipsImage *wide = picture_profile(turned, "p3");
	struct file file;

	vips_image_set_int(wide, VIPS_META_ORIENTATION, 6);
	vips_image_set_string(wide, "exif-ifd0-Artist",
	    "Nobody (Nobody, ASCII, 7 components, 7 bytes)");
	vips_image_set_blob_copy(wide, VIPS_META_XMP_NAME, XMP, strlen(XMP));
	file = picture_file(wide, format);
	g_object_unref(in);
	g_object_unref(turned);
	g_object_unref(wide);
	return file;
}

static void
test_metadata(void **state)
{
	static const enum format format[] = { FORMAT_JPEG, FORMAT_PNG,
		FORMAT_WEBP };
	struct file file = with_metadata(FORMAT_JPEG);

	(void)state;
	for (size_t i = 0; i < NELEM(format); i++) {
		char query[100];
		const char *name = format_row(format[i])->name;
		struct image_job job;
		VipsImage *in;
		int orientation;

		snprintf(query, sizeof(query), "width=80&format=%s", name);
		job = job_of(&file, query);
		assert_works(&job);
		assert_false(holds("exif-data"));
		assert_false(holds("xmp-data"));
		assert_false(holds("icc-profile-data"));

		snprintf(query, sizeof(query),
		    "width=80&format=%s&keep=exif,icc,xmp", name);
		job = job_of(&file, query);
		assert_works(&job);
		assert_true(holds("exif-data"));
		assert_true(holds("xmp-data"));
		assert_true(holds("icc-profile-data"));
		in = loaded();
		/* Upright in the pixels: nobody may turn it again. */
		assert_int_equal(in->Xsize, 80);
		assert_int_equal(in->Ysize, 40);
		if (vips_image_get_typeof(in, "orientation") != 0) {
			assert_int_equal(
			    vips_image_get_int(in, "orientation", &orientation),
			    0);
			assert_int_equal(orientation, 1);
		}
		g_object_unref(in);
	}
	picture_file_free(&file);
}

static void
test_metadata_apart(void **state)
{
	static const char *const keep[] = { "exif", "icc", "xmp" };
	static const char *const field[] = { "exif-data", "icc-profile-data",
		"xmp-data" };
	static const char *const format[] = { "jpeg", "webp" };
	struct file file = with_metadata(FORMAT_JPEG);

	(void)state;
	for (size_t i = 0; i < NELEM(keep) * NELEM(format); i++) {
		char query[100];
		struct image_job job;

		snprintf(query, sizeof(query), "width=80&keep=%s&format=%s",
		    keep[i % 3], format[i / 3]);
		job = job_of(&file, query);
		assert_works(&job);
		for (size_t k = 0; k < NELEM(field); k++)
			assert_int_equal(holds(field[k]), k == i % 3);
	}
	picture_file_free(&file);
}

/* The profile that is kept says what the pixels are. */
static void
test_profiles(void **state)
{
	struct file file = with_metadata(FORMAT_JPEG);
	struct image_job job = job_of(&file, "width=80&profile=original");
	VipsImage *in;
	const void *kept;
	size_t size;

	(void)state;
	assert_works(&job);
	in = loaded();
	assert_int_equal(
	    vips_image_get_blob(in, VIPS_META_ICC_NAME, &kept, &size), 0);
	assert_non_null(memmem(kept, size, "P3", 2) != NULL
		? kept
		: memmem(kept, size, "P\0003", 3));
	g_object_unref(in);
	picture_file_free(&file);
}

/* ---- The original's own bytes ---- */

static void
test_stripped(void **state)
{
	VipsImage *in = picture_scene(SCENE_MOUNTAINS, 200, 100);
	static const enum format format[] = { FORMAT_JPEG, FORMAT_PNG,
		FORMAT_WEBP };

	(void)state;
	vips_image_set_string(in, "exif-ifd0-Artist",
	    "Nobody (Nobody, ASCII, 7 components, 7 bytes)");
	vips_image_set_blob_copy(in, VIPS_META_XMP_NAME, XMP, strlen(XMP));
	for (size_t i = 0; i < NELEM(format); i++) {
		struct file file = picture_file(in, format[i]);
		struct raster before =
		    golden_decode(file.bytes, file.size, format[i]);
		struct image_job job = job_of(&file, "");
		struct raster after;

		assert_works(&job);
		assert_int_equal(result.facts.unchanged, 1);
		assert_true(result.size < file.size);
		assert_false(holds("xmp-data"));
		after = golden_decode(result.bytes, result.size, format[i]);
		assert_true(raster_difference(&before, &after) <= 0);
		raster_free(&before);
		raster_free(&after);

		job = job_of(&file, "keep=xmp");
		assert_works(&job);
		assert_int_equal(result.facts.unchanged, 1);
		assert_true(holds("xmp-data"));
		picture_file_free(&file);
	}
	g_object_unref(in);
}

/*
 * Our own profile of sRGB is one: a colour engine that believes it finds what
 * libvips' own says, and so do we.
 */
static void
test_small_profile(void **state)
{
	enum { SIDE = 64 };
	uint8_t pixel[SIDE * SIDE * 3];
	uint8_t profile[SRGB_PROFILE_SIZE];
	VipsImage *in;
	VipsImage *out = NULL;
	uint8_t *there;
	size_t size = 0;

	(void)state;
	srgb_profile(profile);
	assert_true(colour_profile_is_srgb(profile, sizeof(profile)));
	for (int i = 0; i < SIDE * SIDE; i++) {
		pixel[3 * i] = (uint8_t)(i % SIDE * 4);
		pixel[3 * i + 1] = (uint8_t)(i / SIDE * 4);
		pixel[3 * i + 2] = (uint8_t)(255 - i % SIDE * 2 - i / SIDE);
	}
	in = vips_image_new_from_memory_copy(
	    pixel, sizeof(pixel), SIDE, SIDE, 3, VIPS_FORMAT_UCHAR);
	assert_non_null(in);
	in->Type = VIPS_INTERPRETATION_sRGB;
	colour_attach(in);
	assert_int_equal(
	    vips_icc_transform(in, &out, "srgb", "embedded", TRUE, NULL), 0);
	there = vips_image_write_to_memory(out, &size);
	assert_int_equal(size, sizeof(pixel));
	for (size_t i = 0; i < sizeof(pixel); i++)
		assert_true(abs((int)there[i] - (int)pixel[i]) <= 1);
	g_free(there);
	g_object_unref(out);
	g_object_unref(in);
}

static void
test_untouched(void **state)
{
	struct file file = with_metadata(FORMAT_JPEG);
	struct image_job job = job_of(&file, "");

	(void)state;
	plan_init(&plan);
	plan.out.untouched = 1;
	assert_works(&job);
	assert_int_equal(result.size, file.size);
	assert_memory_equal(result.bytes, file.bytes, file.size);
	assert_int_equal(result.facts.unchanged, 1);
	assert_int_equal(result.facts.original.width, 100);

	/* But it must be an image of a type that is served. */
	memcpy(file.bytes, "none", 4);
	assert_fails(&job, ERR_NOT_AN_IMAGE);
	picture_file_free(&file);
}

/* What may hold programs is drawn instead. */
static void
test_untouched_drawing(void **state)
{
	struct file file;
	struct image_job job;

	(void)state;
	if ((image_can_load() & FORMAT_BIT(FORMAT_SVG)) == 0)
		skip();
	golden_picture("drawing svg", &file, NULL);
	job = job_of(&file, "");
	plan_init(&plan);
	plan.out.untouched = 1;
	assert_works(&job);
	assert_int_equal(result.facts.unchanged, 0);
	assert_int_equal(result.facts.to, FORMAT_PNG);
	assert_int_equal(
	    result.facts.result.width, result.facts.original.width);
	picture_file_free(&file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metadata),
		cmocka_unit_test(test_metadata_apart),
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_stripped),
		cmocka_unit_test(test_small_profile),
		cmocka_unit_test(test_untouched),
		cmocka_unit_test(test_untouched_drawing),
	};

	return cmocka_run_group_tests_name(
	    "carried", tests, job_start, job_stop);
}
