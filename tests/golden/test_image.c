/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_render() as a contract: every error, every limit, arriving input,
 * deadline and cancellation, sizes, which loaders live.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "job_kit.h"

/* ---- Errors ---- */

static void
test_empty(void **state)
{
	struct file none = { photo.bytes, 0 };
	struct image_job job = job_of(&none, "width=100");

	(void)state;
	assert_fails(&job, ERR_EMPTY);
}

static void
test_not_an_image(void **state)
{
	static const char *const text[] = { "hello, world", "<html></html>",
		"P6 1 1 255 abc", "\xff", "\xff\xd8", "\x89PNG" };

	(void)state;
	for (size_t i = 0; i < NELEM(text); i++) {
		char copy[16];
		struct file bad = { (uint8_t *)copy, strlen(text[i]) };
		struct image_job job = job_of(&bad, "width=100");

		slice_copy(slice_of(text[i]), copy, sizeof(copy));
		assert_fails(&job, ERR_NOT_AN_IMAGE);
	}
}

static void
test_not_enabled(void **state)
{
	/* A HEIC by its first bytes: known, and nothing here can read it. */
	uint8_t bytes[] = "\0\0\0\x18"
			  "ftypheic\0\0\0\0mif1heic";
	struct file bad = { bytes, sizeof(bytes) - 1 };
	struct image_job job = job_of(&bad, "width=100");

	(void)state;
	if ((image_can_load() & FORMAT_BIT(FORMAT_HEIC)) == 0)
		assert_fails(&job, ERR_NOT_AN_IMAGE);
	else
		assert_fails(&job, ERR_BAD_IMAGE);
}

static void
test_truncated(void **state)
{
	static const char *const words[] = { "scene jpeg", "scene png",
		"scene webp", "scene avif", "moving gif", "moving webp" };
	static const unsigned part[] = { 95, 60, 30 };

	(void)state;
	for (size_t i = 0; i < NELEM(words); i++) {
		struct file whole;

		golden_picture(words[i], &whole, NULL);
		for (size_t k = 0; k < NELEM(part); k++) {
			struct file cut = { whole.bytes,
				whole.size * part[k] / 100 };
			struct image_job job =
			    job_of(&cut, "width=300&format=png");

			assert_fails(&job, ERR_TRUNCATED);
			/* Also where no pixel would have to be decoded. */
			job = job_of(&cut, "");
			assert_fails(&job, ERR_TRUNCATED);
		}
		picture_file_free(&whole);
	}
}

static void
test_tolerant(void **state)
{
	static const char *const words[] = { "scene jpeg", "scene png",
		"moving gif" };

	(void)state;
	for (size_t i = 0; i < NELEM(words); i++) {
		struct file cut;
		struct image_job job;

		golden_picture(words[i], &cut, NULL);
		cut.size = cut.size * 6 / 10;
		job = job_of(&cut, "width=90&format=png");
		plan.in.tolerant = 1;
		assert_works(&job);
		assert_int_equal(result.facts.result.width, 90);
		picture_file_free(&cut);
	}
}

static void
test_damaged(void **state)
{
	struct file png;
	struct file bad;
	struct image_job job;

	(void)state;
	golden_picture("scene png", &png, NULL);
	memset(png.bytes + png.size / 2, 0, 100);
	job = job_of(&png, "width=100");
	assert_fails(&job, ERR_BAD_IMAGE);
	job = job_of(&png, "");
	assert_fails(&job, ERR_BAD_IMAGE);

	/* A JPEG without its tables. */
	bad = (struct file){ g_memdup2(photo.bytes, photo.size), photo.size };
	for (size_t i = 2; i + 1 < 800; i++)
		if (bad.bytes[i] == 0xff && bad.bytes[i + 1] == 0xdb)
			bad.bytes[i + 1] = 0xfe;
	job = job_of(&bad, "width=100");
	assert_fails(&job, ERR_BAD_IMAGE);
	picture_file_free(&bad);
	picture_file_free(&png);
}

/* ---- Limits ---- */

static void
test_limits(void **state)
{
	struct image_job job = job_of(&photo, "width=100");

	(void)state;
	job.limits.pixels = 600 * 400 - 1;
	assert_fails(&job, ERR_TOO_MANY_PIXELS);
	job.limits.pixels = 600 * 400;
	assert_works(&job);

	job = job_of(&photo, "width=100");
	job.limits.side = 599;
	assert_fails(&job, ERR_TOO_LARGE);

	job = job_of(&photo, "width=300&height=300&fit=fill");
	job.limits.result_pixels = 300 * 300 - 1;
	assert_fails(&job, ERR_TOO_MANY_PIXELS);

	job = job_of(&photo, "width=300");
	job.limits.result_bytes = 1000;
	assert_fails(&job, ERR_TOO_LARGE);

	/* What is decoded together counts together. */
	job = job_of(&moving, "width=50");
	job.limits.pixels = 120 * 120 * 6 - 1;
	assert_fails(&job, ERR_TOO_MANY_PIXELS);
	job = job_of(&moving, "width=50&format=png");
	job.limits.pixels = 120 * 120 * 6 - 1;
	assert_works(&job);
}

/* Each four channels of a pixel count as one. */
static void
test_limits_channels(void **state)
{
	double more[9] = { 0 };
	VipsImage *city = picture_scene(SCENE_CITY, 100, 100);
	struct image_job job;
	VipsImage *many;
	struct file file;

	(void)state;
	assert_int_equal(vips_bandjoin_const(city, &many, more, 9, NULL), 0);
	file = picture_file(many, FORMAT_TIFF);
	job = job_of(&file, "width=50&format=png");
	job.limits.pixels = 3 * 100 * 100 - 1;
	assert_fails(&job, ERR_TOO_MANY_PIXELS);
	job.limits.pixels = 3 * 100 * 100;
	assert_works(&job);
	job.limits.cost = 1.1 * plan_cost(&plan, 100 * 100);
	assert_fails(&job, ERR_TOO_COSTLY);
	picture_file_free(&file);
	g_object_unref(many);
	g_object_unref(city);
}

/* A side that no number holds is too large, not something smaller. */
static void
test_limits_ratio(void **state)
{
	struct image_job job =
	    job_of(&photo, "width=4295&height=1&fit=fill&enlarge=true");
	struct plan_step *s;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_true(plan_add(&plan, OP_RESIZE, &s, &e));
		step_set(s, RESIZE_RATIO, (union arg){ .num = 100 });
		step_set(s, RESIZE_FIT, (union arg){ .pick = FIT_COVER });
	}
	plan.out.format = FORMAT_RAW;
	job.limits.pixels = UINT64_MAX;
	job.limits.result_pixels = UINT64_MAX;
	job.limits.side = UINT32_MAX;
	assert_fails(&job, ERR_TOO_LARGE);
	assert_string_equal(e.detail, "resize");
}

static void
test_pages(void **state)
{
	struct image_job job = job_of(&moving, "width=50");

	(void)state;
	job.limits.pages = 4;
	assert_works(&job);
	assert_int_equal(result.facts.original.pages, 6);
	assert_int_equal(result.facts.result.pages, 4);

	job = job_of(&moving, "width=50&pages=5");
	job.limits.pages = 4;
	assert_fails(&job, ERR_BAD_VALUE);
	assert_string_equal(e.param, "pages");
	assert_string_equal(e.accepted, "1 to 4");

	/* What this original really costs: six frames, not one. */
	job = job_of(&moving, "width=50&format=gif");
	job.limits.cost = 5.9 * plan_cost(&plan, 120 * 120);
	assert_fails(&job, ERR_TOO_COSTLY);
	assert_string_equal(e.param, "cost");
	job.limits.cost = 6.1 * plan_cost(&plan, 120 * 120);
	assert_works(&job);

	/* And what trim must have seen first is decoded twice. */
	job = job_of(&moving, "trim=20&format=gif");
	job.limits.cost = 6.1 * plan_cost(&plan, 120 * 120);
	assert_fails(&job, ERR_TOO_COSTLY);
	job.limits.cost *= 2;
	assert_works(&job);

	job = job_of(&moving, "width=50&page=6");
	assert_fails(&job, ERR_BAD_VALUE);
	assert_string_equal(e.param, "page");
	assert_string_equal(e.value, "6");
	assert_string_equal(e.accepted, "0 to 5");
}

static void
test_too_large_for_format(void **state)
{
	struct image_job job =
	    job_of(&photo, "width=17000&height=2&fit=fill&enlarge&format=webp");

	(void)state;
	assert_fails(&job, ERR_BAD_VALUE);
	assert_string_equal(e.param, "format");
	assert_string_equal(e.value, "webp");

	/* Any format will do: one that is large enough. */
	golden_plan("width=17000&height=2&fit=fill&enlarge&format=auto",
	    "image/avif,image/webp", &plan);
	assert_works(&job);
	assert_int_equal(result.facts.to, FORMAT_JPEG);
}

/* The mount may leave little to choose from. */
static void
test_auto_of_few(void **state)
{
	static const struct {
		format_set accepts;
		enum format photo, moving;
	} want[] = {
		{ FORMAT_BIT(FORMAT_PNG), FORMAT_PNG, FORMAT_PNG },
		{ FORMAT_BIT(FORMAT_GIF), FORMAT_GIF, FORMAT_GIF },
		{ FORMAT_BIT(FORMAT_JPEG), FORMAT_JPEG, FORMAT_JPEG },
		{ FORMAT_BIT(FORMAT_WEBP), FORMAT_WEBP, FORMAT_WEBP },
		{ FORMAT_BIT(FORMAT_JPEG) | FORMAT_BIT(FORMAT_PNG), FORMAT_JPEG,
		    FORMAT_PNG },
		{ 0, FORMAT_JPEG, FORMAT_JPEG },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(want); i++) {
		struct image_job job = job_of(&photo, "width=50&format=auto");

		plan.out.accepts = want[i].accepts;
		assert_works(&job);
		assert_int_equal(result.facts.to, want[i].photo);
		job = job_of(&moving, "width=50&format=auto");
		plan.out.accepts = want[i].accepts;
		assert_works(&job);
		assert_int_equal(result.facts.to, want[i].moving);
	}
}

/* ---- Arriving input ---- */

struct arriving {
	const struct file *file;
	size_t at, step;
	size_t breaks; /* where it breaks off; 0: never */
	bool slow;
};

static int64_t
arriving_read(void *from, void *out, size_t size)
{
	struct arriving *a = from;
	size_t n = a->file->size - a->at;

	if (a->breaks != 0 && a->at >= a->breaks)
		return -1;
	if (a->slow)
		clock_sleep_ns(5 * NS_PER_MS);
	n = n < a->step ? n : a->step;
	n = n < size ? n : size;
	memcpy(out, a->file->bytes + a->at, n);
	a->at += n;
	return (int64_t)n;
}

static void
test_arriving(void **state)
{
	static const char *const words[] = { "scene jpeg", "scene png",
		"scene webp", "scene avif", "moving gif", "moving webp" };
	static const char *const query[] = { "width=200&format=png", "",
		"width=100&rotate=90" };
	static const size_t step[] = { 1 << 20, 4096, 700 };

	(void)state;
	for (size_t i = 0; i < NELEM(words) * NELEM(query) * NELEM(step); i++) {
		struct file file;
		const char *q = query[i / NELEM(step) % NELEM(query)];
		struct arriving a = { &file, 0, step[i % NELEM(step)], 0,
			false };
		struct image_job job;
		struct image_result whole;

		golden_picture(
		    words[i / NELEM(step) / NELEM(query)], &file, NULL);
		job = job_of(&file, q);
		assert_works(&job);
		whole = result;
		result = (struct image_result){ 0 };
		job.input =
		    (struct image_input){ .read = arriving_read, .from = &a };
		assert_works(&job);
		assert_int_equal(result.size, whole.size);
		assert_memory_equal(result.bytes, whole.bytes, whole.size);
		assert_int_equal(
		    result.facts.original_bytes, whole.facts.original_bytes);
		image_result_fini(&whole);
		picture_file_free(&file);
	}
}

static void
test_arriving_breaks(void **state)
{
	struct arriving a = { &photo, 0, 1000, photo.size / 2, false };
	struct image_job job = job_of(&photo, "width=200");
	struct file cut = { photo.bytes, photo.size / 2 };

	(void)state;
	job.input = (struct image_input){ .read = arriving_read, .from = &a };
	assert_fails(&job, ERR_TRUNCATED);
	/* The same when it just ends. */
	a = (struct arriving){ &cut, 0, 1000, 0, false };
	assert_fails(&job, ERR_TRUNCATED);
	cut.size = 0;
	a = (struct arriving){ &cut, 0, 1000, 0, false };
	assert_fails(&job, ERR_EMPTY);
}

/* ---- Stopping ---- */

static void
test_deadline(void **state)
{
	static const char *const query[] = { "width=100&format=gif",
		"blur=9&sharpen=2&format=png", "rotate=33&width=2000&enlarge" };
	struct image_job job;

	(void)state;
	job = job_of(&photo, "width=100");
	job.deadline_ns = clock_ns() - 1;
	assert_fails(&job, ERR_RENDER_TIMEOUT);
	for (size_t i = 0; i < NELEM(query); i++) {
		int64_t start;

		job = job_of(i == 0 ? &moving : &photo, query[i]);
		start = clock_ns();
		job.deadline_ns = start + NS_PER_MS;
		assert_fails(&job, ERR_RENDER_TIMEOUT);
		/* Generous: other work may have the processor. */
		assert_true(clock_ns() - start < 500 * NS_PER_MS);
	}
}

/* Not between steps, but in the midst of the pixels. */
static void
test_deadline_within(void **state)
{
	struct image_job job =
	    job_of(&photo, "width=6000&enlarge&format=png&compression_level=9");
	int64_t start = clock_ns();

	(void)state;
	job.deadline_ns = start + 40 * NS_PER_MS;
	assert_fails(&job, ERR_RENDER_TIMEOUT);
	assert_true(clock_ns() - start < 1000 * NS_PER_MS);
}

static void
test_deadline_arriving(void **state)
{
	struct arriving a = { &photo, 0, 100, 0, true };
	struct image_job job = job_of(&photo, "width=200");
	int64_t start = clock_ns();

	(void)state;
	job.input = (struct image_input){ .read = arriving_read, .from = &a };
	job.deadline_ns = start + 50 * NS_PER_MS;
	assert_fails(&job, ERR_RENDER_TIMEOUT);
	assert_true(clock_ns() - start < 500 * NS_PER_MS);
}

static void
test_cancelled(void **state)
{
	static _Atomic uint32_t gone = 1;
	struct image_job job = job_of(&photo, "width=100");

	(void)state;
	job.cancel = &gone;
	assert_fails(&job, ERR_CLIENT_GONE);
	atomic_store(&gone, 0);
	assert_works(&job);
}

/* ---- Sizes as sharp has them ---- */

static void
test_sharp_sizing(void **state)
{
	static const struct {
		int width, height;
		bool fast;
		uint32_t to_height;
	} want[] = { { 640, 523, true, 81 }, { 640, 523, false, 82 } };

	(void)state;
	for (size_t i = 0; i < NELEM(want); i++) {
		VipsImage *in = picture_scene(
		    SCENE_MOUNTAINS, want[i].width, want[i].height);
		struct file file = picture_file(in, FORMAT_JPEG);
		struct image_job job = job_of(&file, "width=100");
		struct plan_step *s = plan_find(&plan, OP_RESIZE);

		step_set(s, RESIZE_SIZING, (union arg){ .pick = SIZING_SHARP });
		step_set(s, RESIZE_SHRINK, (union arg){ .on = want[i].fast });
		assert_works(&job);
		assert_int_equal(result.facts.result.width, 100);
		assert_int_equal(result.facts.result.height, want[i].to_height);
		picture_file_free(&file);
		g_object_unref(in);
	}
}

static void
test_never_larger(void **state)
{
	VipsImage *in = picture_scene(SCENE_PEBBLES, 300, 200);
	void *bytes = NULL;
	struct file poor = { 0 };
	static const char *const query[] = { "format=webp", "format=avif", "" };
	struct image_job job;

	(void)state;
	assert_int_equal(
	    vips_jpegsave_buffer(in, &bytes, &poor.size, "Q", 25, NULL), 0);
	poor.bytes = bytes;
	for (size_t i = 0; i < NELEM(query); i++) {
		job = job_of(&poor, query[i]);
		assert_works(&job);
		assert_true(result.size <= poor.size);
	}
	/* Where any format will do: better the original than a worse copy. */
	golden_plan("format=auto", "image/webp", &plan);
	assert_works(&job);
	assert_true(result.size <= poor.size);
	assert_int_equal(result.facts.to, FORMAT_JPEG);
	assert_int_equal(result.facts.unchanged, 1);
	picture_file_free(&poor);
	g_object_unref(in);
}

static void
test_animation_kept(void **state)
{
	static const char *const query[] = { "width=60",
		"width=60&format=webp" };

	(void)state;
	for (size_t i = 0; i < NELEM(query); i++) {
		struct image_job job = job_of(&moving, query[i]);
		VipsImage *in;
		int *delay;
		int n;
		int loop;

		assert_works(&job);
		in = loaded();
		assert_int_equal(vips_image_get_n_pages(in), 6);
		assert_int_equal(
		    vips_image_get_array_int(in, "delay", &delay, &n), 0);
		assert_int_equal(n, 6);
		for (int k = 0; k < 6; k++)
			assert_int_equal(delay[k], 40 + 10 * k);
		assert_int_equal(vips_image_get_int(in, "loop", &loop), 0);
		assert_int_equal(loop, 3);
		g_object_unref(in);
	}
	/* Some frames keep their own delays. */
	struct image_job job = job_of(&moving, "page=2&pages=3&format=webp");
	VipsImage *in;
	int *delay;
	int n;

	assert_works(&job);
	in = loaded();
	assert_int_equal(vips_image_get_array_int(in, "delay", &delay, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(delay[0], 60);
	assert_int_equal(delay[2], 80);
	g_object_unref(in);
}

/* ---- Which loaders live ---- */

static void
test_blocked(void **state)
{
	static const char ppm[] = "P6 1 1 255 abc";

	(void)state;
	assert_null(vips_image_new_from_buffer(ppm, sizeof(ppm) - 1, "", NULL));
	/* Not from files either, whatever they are. */
	assert_null(vips_image_new_from_file("/etc/hostname", NULL));
	vips_error_clear();
}

static void
test_warm_up(void **state)
{
	struct err failed = { 0 };

	(void)state;
	if (!image_warm_up(&failed))
		fail_msg("%s", failed.detail);
}

/*
 * A TIFF may have more channels than colours and alpha: every operation that
 * takes channels one by one passes over them, also in what is laid on.
 */
static void
test_many_channels(void **state)
{
	static const char *const query[] = { "width=60&format=jpeg",
		"trim=20&format=png", "rotate=30&background=red&format=png",
		"width=90&height=90&fit=contain&background=blue&format=png",
		"affine=1;0.3;0.1;0.7,white&format=png",
		"recomb=1;0;0;0;1;0;0;0;1&flatten=white&format=png",
		"overlay=a.png&composite=opacity:50&format=png",
		"overlay=a.png&composite=tile:true,width:20&format=png" };
	double more[3] = { 255, 9, 99 };
	VipsImage *city = picture_scene(SCENE_CITY, 120, 80);
	VipsImage *many;
	struct file file;

	(void)state;
	assert_int_equal(vips_bandjoin_const(city, &many, more, 3, NULL), 0);
	file = picture_file(many, FORMAT_TIFF);
	for (size_t i = 0; i < NELEM(query); i++) {
		struct image_job job = job_of(&file, query[i]);
		VipsImage *in;

		for (size_t k = 0; k < plan_overlays(&plan); k++)
			job.overlay[k] = job.input;
		assert_works(&job);
		in = loaded();
		assert_in_range(in->Bands, 3, 4);
		g_object_unref(in);
	}
	picture_file_free(&file);
	g_object_unref(many);
	g_object_unref(city);
}

/* A picture of which no two pixels are alike, as PNG. */
static struct file
distinct(int width, int height)
{
	uint8_t p[64 * 64 * 3];
	struct file file;
	VipsImage *raw;
	VipsImage *in;

	for (int i = 0; i < width * height; i++) {
		p[3 * i] = (uint8_t)(i % width * 3);
		p[3 * i + 1] = (uint8_t)(i / width * 3);
		p[3 * i + 2] = 200;
	}
	raw = vips_image_new_from_memory_copy(p,
	    (size_t)width * (size_t)height * 3, width, height, 3,
	    VIPS_FORMAT_UCHAR);
	assert_int_equal(vips_copy(raw, &in, "interpretation",
			     VIPS_INTERPRETATION_sRGB, NULL),
	    0);
	file = picture_file(in, FORMAT_PNG);
	g_object_unref(raw);
	g_object_unref(in);
	return file;
}

/*
 * Small tiles are put together to larger ones first: each pixel is still the
 * one that a single tile after the other has there, with one in the corner, or
 * one in the middle.
 */
static void
test_tiles(void **state)
{
	static const int side[][2] = { { 1, 1 }, { 5, 3 }, { 16, 2 }, { 3, 48 },
		{ 64, 48 }, { 7, 40 } };
	struct file base = distinct(64, 48);

	(void)state;
	for (size_t i = 0; i < 2 * NELEM(side); i++) {
		int w = side[i / 2][0];
		int h = side[i / 2][1];
		bool middle = i % 2 == 1;
		/* An odd number of them, of which what is too much is cut. */
		int left = middle ? (w * ((63 / w + 1) | 1) - 63) / 2 : 0;
		int top = middle ? (h * ((47 / h + 1) | 1) - 47) / 2 : 0;
		struct file tile = distinct(w, h);
		struct image_job job = job_of(&base,
		    middle ? "overlay=a&composite=tile:true&format=png"
			   : "overlay=a&composite=northwest,tile:true"
			     "&format=png");
		VipsImage *lazy;
		VipsImage *in;

		job.overlay[0] = (struct image_input){ .data = tile.bytes,
			.size = tile.size };
		assert_works(&job);
		lazy = loaded();
		in = vips_image_copy_memory(lazy);
		assert_int_equal(in->Bands, 3);
		for (int k = 0; k < 64 * 48; k++) {
			const uint8_t *at = (const uint8_t *)in->data + 3 * k;
			int x = (k % 64 + left) % w;
			int y = (k / 64 + top) % h;

			if (at[0] != x * 3 || at[1] != y * 3)
				fail_msg("%dx%d, %d,%d: %d,%d is %d,%d", w, h,
				    left, top, k % 64, k / 64, at[0] / 3,
				    at[1] / 3);
		}
		g_object_unref(lazy);
		g_object_unref(in);
		picture_file_free(&tile);
	}
	picture_file_free(&base);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_warm_up),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_not_an_image),
		cmocka_unit_test(test_not_enabled),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_tolerant),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_limits_channels),
		cmocka_unit_test(test_limits_ratio),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_too_large_for_format),
		cmocka_unit_test(test_auto_of_few),
		cmocka_unit_test(test_arriving),
		cmocka_unit_test(test_arriving_breaks),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_deadline_within),
		cmocka_unit_test(test_deadline_arriving),
		cmocka_unit_test(test_cancelled),
		cmocka_unit_test(test_sharp_sizing),
		cmocka_unit_test(test_never_larger),
		cmocka_unit_test(test_animation_kept),
		cmocka_unit_test(test_many_channels),
		cmocka_unit_test(test_tiles),
		cmocka_unit_test(test_blocked),
	};

	return cmocka_run_group_tests_name("image", tests, job_start, job_stop);
}
