/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor: what libvips itself costs for the jobs of the benchmark, called
 * in a loop from C, with the settings that pictord uses and nothing around it.
 *
 * usage: floor IN FORMAT WIDTH TIMES   prints CPU milliseconds per image
 *        floor IN reference WIDTH OUT  writes the full decode, scaled, as PNG
 *
 * FORMAT: jpeg webp avif png, gif (animated, in and out), gif-webp.
 */
#include <sys/resource.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vips/vips.h>

#if VIPS_MAJOR_VERSION > 8 || VIPS_MINOR_VERSION >= 15
#define STRIP "keep", VIPS_FOREIGN_KEEP_NONE
#else
#define STRIP "strip", TRUE
#endif
/* The PNG filter that pictord uses with this libvips. */
#if VIPS_MAJOR_VERSION > 8 || VIPS_MINOR_VERSION >= 18
#define PNG_FILTER VIPS_FOREIGN_PNG_FILTER_ALL
#else
#define PNG_FILTER VIPS_FOREIGN_PNG_FILTER_NONE
#endif

struct job {
	void *bytes;
	size_t size;
	const char *format;
	int width;
};

static double
cpu_ms(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static int
save(VipsImage *image, const char *format, void **out, size_t *size)
{
	if (strcmp(format, "jpeg") == 0)
		return vips_jpegsave_buffer(image, out, size, "Q", 80,
		    "optimize_coding", TRUE, STRIP, NULL);
	if (strcmp(format, "webp") == 0)
		return vips_webpsave_buffer(
		    image, out, size, "Q", 83, "effort", 2, STRIP, NULL);
	if (strcmp(format, "gif-webp") == 0)
		return vips_webpsave_buffer(
		    image, out, size, "Q", 83, "effort", 2, STRIP, NULL);
	if (strcmp(format, "avif") == 0)
		return vips_heifsave_buffer(image, out, size, "compression",
		    VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "Q", 67, "effort", 0,
		    "subsample_mode", VIPS_FOREIGN_SUBSAMPLE_ON, STRIP, NULL);
	if (strcmp(format, "gif") == 0)
		return vips_gifsave_buffer(
		    image, out, size, "reuse", TRUE, STRIP, NULL);
	return vips_pngsave_buffer(
	    image, out, size, "filter", PNG_FILTER, STRIP, NULL);
}

static int
one_still(const struct job *job, void **out, size_t *size)
{
	VipsImage *in = NULL;
	VipsImage *small = NULL;
	double scale = 1;
	int shrink = 1;
	int failed = -1;

	if (vips_jpegload_buffer(job->bytes, job->size, &in, NULL) != 0)
		return -1;
	while (
	    shrink < 8 && vips_image_get_width(in) / (shrink * 2) >= job->width)
		shrink *= 2;
	g_object_unref(in);
	in = NULL;
	if (vips_jpegload_buffer(job->bytes, job->size, &in, "shrink", shrink,
		"access", VIPS_ACCESS_SEQUENTIAL, NULL) == 0) {
		scale = (double)job->width / vips_image_get_width(in);
		if (vips_resize(in, &small, scale, NULL) == 0)
			failed = save(small, job->format, out, size);
	}
	g_clear_object(&small);
	g_clear_object(&in);
	return failed;
}

static int
one_animation(const struct job *job, void **out, size_t *size)
{
	VipsImage *small = NULL;
	int failed = -1;

	if (vips_thumbnail_buffer(job->bytes, job->size, &small, job->width,
		"option_string", "n=-1", NULL) == 0)
		failed = save(small, job->format, out, size);
	g_clear_object(&small);
	return failed;
}

static int
reference(const struct job *job, const char *path)
{
	VipsImage *in = NULL;
	VipsImage *small = NULL;
	double scale = 1;

	if (vips_jpegload_buffer(job->bytes, job->size, &in, NULL) != 0)
		return 1;
	scale = (double)job->width / vips_image_get_width(in);
	if (vips_resize(in, &small, scale, "gap", 0.0, NULL) != 0 ||
	    vips_pngsave(small, path, STRIP, NULL) != 0)
		return 1;
	return 0;
}

int
main(int argc, char **argv)
{
	struct job job = { 0 };
	gchar *bytes = NULL;
	gsize length = 0;
	size_t size = 0;
	double began = 0;
	int times = 0;

	if (argc != 5 || VIPS_INIT(argv[0]) != 0 ||
	    !g_file_get_contents(argv[1], &bytes, &length, NULL)) {
		fprintf(stderr, "usage: floor IN FORMAT WIDTH TIMES\n");
		return 2;
	}
	vips_concurrency_set(1);
	vips_cache_set_max(0);
	job = (struct job){ bytes, length, argv[2], atoi(argv[3]) };
	if (strcmp(job.format, "reference") == 0)
		return reference(&job, argv[4]);
	times = atoi(argv[4]);
	for (int i = -2; i < times; i++) {
		void *out = NULL;
		int failed = 0;

		if (i == 0)
			began = cpu_ms();
		failed = strncmp(job.format, "gif", 3) == 0
		    ? one_animation(&job, &out, &size)
		    : one_still(&job, &out, &size);
		g_free(out);
		if (failed != 0) {
			fprintf(stderr, "floor: %s\n", vips_error_buffer());
			return 1;
		}
	}
	printf("%.3f %zu\n", (cpu_ms() - began) / times, size);
	return 0;
}
