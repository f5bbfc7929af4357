/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is plan_cost() near the truth? Runs each operation by its example, and by
 * what makes it dear, on a picture of two megapixels, writes each format, and
 * prints the measured CPU time beside the estimated one.
 *
 * usage: cost [WORD]   only requests that hold WORD
 *
 * "alone" is a request less the same one without the operation. A row is
 * marked where the operation alone, or the whole request, takes more than three
 * times its estimate (!), or less than a third (-): then plan_cost.c is to be
 * mended. The least of some runs counts, since other programs may disturb it.
 */
#include <sys/resource.h>

#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "dialect/dialect.h"
#include "image/image.h"
#include "tests/golden/pictures.h"

enum { WIDTH = 1632, HEIGHT = 1224, TIMES = 4 };
/* A picture is decoded and encoded in any case. */
#define BARE "rotate=180&format=jpeg"
/* Less than so many milliseconds is nothing to worry about. */
#define LITTLE 4.0

struct cost {
	double measured, estimated;
};

/* What makes operations dear, besides their examples. */
static const char *const dear[] = {
	"rotate=17",
	"width=300",
	"width=3000&enlarge=true",
	"width=3000&enlarge=true&kernel=nearest",
	"width=300&kernel=nearest",
	"ratio=0.5",
	"width=800&height=800&position=attention",
	"width=800&height=800&position=entropy",
	"trim=threshold:20,line_art:true",
	"extend=500",
	"extend=all:500,extend_with:mirror",
	"affine=1;0.3;0.1;0.7,interpolator:nearest",
	"affine=1;0.3;0.1;0.7,interpolator:bilinear",
	"affine=1;0.3;0.1;0.7,interpolator:bicubic",
	"affine=1;0.3;0.1;0.7,interpolator:lbb",
	"affine=1;0.3;0.1;0.7,interpolator:nohalo",
	"affine=1;0.3;0.1;0.7,interpolator:vsqbs",
	"median=3",
	"median=15",
	"median=101",
	"dilate=1",
	"dilate=30",
	"erode=30",
	"blur=0.5",
	"blur=10",
	"blur=30",
	"blur=100",
	"blur=1000",
	"blur=sigma:10,precision:float",
	"blur=sigma:10,precision:approximate",
	"blur=sigma:5,min_amplitude:0.001",
	"blur=sigma:20,min_amplitude:0.001",
	"blur=sigma:20,precision:float,min_amplitude:0.001",
	"blur=sigma:100,precision:float,min_amplitude:0.001",
	"blur=true",
	"convolve=width:3,height:3,kernel:1;2;1;2;4;2;1;2;1",
	"sharpen=true",
	"sharpen=3",
	"sharpen=10",
	"pixelate=3",
	"pixelate=100",
	"clahe=3,3",
	"clahe=50,50",
	"clahe=300,300",
	"clahe=1000,1000",
	"gamma=2.2&width=300",
	"modulate=lightness:20",
	"modulate=hue:90,saturation:1.2",
	"composite=gravity:centre,blend:overlay&overlay=a",
	"composite=gravity:northwest,tile:true&overlay=a",
	"unflatten=true",
	"format=webp&effort=6",
	"format=webp&effort=4",
	"format=webp&near_lossless=true",
	"format=webp&lossless=true&effort=6",
	"format=webp&effort=0",
	"format=webp&lossless=true",
	"format=avif&effort=0",
	"format=avif&effort=1",
	"format=avif&effort=2",
	"format=avif&effort=3",
	"format=avif&effort=4&width=400",
	"format=avif&effort=9&width=200",
	"format=avif&lossless=true",
	"format=png&palette=true",
	"format=png&compression_level=9",
	"format=png&palette=true&effort=10",
	"format=webp&smart_subsample=true",
	"format=tiff&compression=deflate",
	"format=tiff&compression=lzw",
	"format=tiff&compression=zstd",
	"format=tiff&compression=webp",
	"format=tiff&compression=jp2k",
	"format=tiff&pyramid=true",
	"format=jp2&lossless=true",
	"format=jxl&lossless=true",
	"format=jxl&effort=7",
	"format=png&adaptive_filtering=true",
	"format=jpeg&progressive=true",
	"format=gif&effort=10",
};

static double
cpu_ms(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static bool
read_plan(const char *query, struct plan *plan, struct err *e)
{
	static const char *const stores[] = { "file" };
	static const struct plan_policy policy;
	struct dialect_in in = {
		.path = SLICE("/picture"),
		.query = slice_of(query),
		.stores = stores,
		.nstore = 1,
		.formats = format_all(F_SAVE),
	};

	plan_init(plan);
	return dialect_find("query")->parse(&in, plan, e) &&
	    plan_check(plan, &policy, e);
}

static bool
run(const struct file *in, const struct file *logo, const struct plan *plan,
    double *ms, struct err *e)
{
	struct image_job job = {
		.plan = plan,
		.limits = { .pixels = 1000 * MIB,
		    .side = 65535,
		    .pages = 1000,
		    .result_pixels = 1000 * MIB,
		    .result_bytes = 1000 * MIB },
		.input = { .data = in->bytes, .size = in->size },
		.deadline_ns = CLOCK_NEVER,
	};
	struct image_result result = { 0 };
	double began = cpu_ms();

	for (size_t i = 0; i < plan_overlays(plan); i++)
		job.overlay[i] = (struct image_input){ .data = logo->bytes,
			.size = logo->size };
	if (!image_render(&job, &result, e))
		return false;
	*ms = cpu_ms() - began;
	image_result_fini(&result);
	return true;
}

static bool
measure(const struct file *in, const struct file *logo, const char *query,
    struct cost *out, struct err *e)
{
	struct plan plan;
	double ms = 0;

	if (!read_plan(query, &plan, e))
		return false;
	out->estimated = plan_cost(&plan, (double)WIDTH * HEIGHT);
	for (int i = 0; i < TIMES && (i < 2 || ms < 2000); i++) {
		if (!run(in, logo, &plan, &ms, e))
			return false;
		if (i == 0 || ms < out->measured)
			out->measured = ms;
	}
	return true;
}

static char
mark(double measured, double estimated)
{
	/* It makes the picture smaller: then only the whole says something. */
	if (estimated <= 0)
		return ' ';
	if (measured > 3 * estimated && measured > LITTLE)
		return '!';
	return estimated > 3 * measured && estimated > LITTLE ? '-' : ' ';
}

/* What stands before and behind the operation, so that both are the same. */
static void
compare(const struct file *in, const struct file *logo, const char *query)
{
	struct cost bare = { 0, 0 };
	struct cost whole = { 0, 0 };
	char text[512];
	struct err e = { 0 };
	bool writes = strncmp(query, "format=", 7) == 0;
	size_t len = 0;

	len += codec_percent_encode(slice_of(query), "=&,;:()/", text);
	text[len] = '\0';
	if (writes)
		stpcpy(text + len, "&rotate=180");
	else
		stpcpy(text + len,
		    "&" BARE +
			(strncmp(text, "rotate", 6) == 0 ? strlen("rotate=180&")
							 : 0));
	if (!measure(in, logo, BARE, &bare, &e) ||
	    !measure(in, logo, text, &whole, &e)) {
		printf("  %-50.50s %s\n", query, e.detail);
		return;
	}
	double alone = whole.measured - bare.measured;
	double expected = whole.estimated - bare.estimated;

	printf("%c%c %-50.50s %9.1f %9.1f %6.2f %9.1f %9.1f\n",
	    mark(alone, expected), mark(whole.measured, whole.estimated), query,
	    whole.measured, whole.estimated, whole.measured / whole.estimated,
	    alone, expected);
	fflush(stdout);
}

static void
compare_all(const char *word)
{
	VipsImage *scene = picture_scene(SCENE_PEBBLES, WIDTH, HEIGHT);
	VipsImage *alpha = picture_alpha(300, 200);
	struct file in = picture_file(scene, FORMAT_JPEG);
	struct file logo = picture_file(alpha, FORMAT_PNG);
	char query[64];

	printf("   %-50s %9s %9s %6s %9s %9s\n", "CPU ms", "measured",
	    "estimate", "ratio", "alone", "estimate");
	for (int i = 0; i < OP_COUNT; i++)
		if (strstr(op_row((enum op)i)->example, word) != NULL)
			compare(&in, &logo, op_row((enum op)i)->example);
	for (int i = FORMAT_FIRST; i < FORMAT_COUNT; i++) {
		if ((image_can_save() & FORMAT_BIT(i)) == 0)
			continue;
		snprintf(query, sizeof(query), "format=%s",
		    format_row((enum format)i)->name);
		if (strstr(query, word) != NULL)
			compare(&in, &logo, query);
	}
	for (size_t i = 0; i < NELEM(dear); i++)
		if (strstr(dear[i], word) != NULL)
			compare(&in, &logo, dear[i]);
	picture_file_free(&in);
	picture_file_free(&logo);
	g_object_unref(scene);
	g_object_unref(alpha);
}

int
main(int argc, char **argv)
{
	struct image_conf conf = { .load = image_can_load(),
		.save = image_can_save(),
		.vector = true };
	struct err e = { 0 };

	/* As in a worker. */
	mallopt(M_ARENA_MAX, 1);
	if (!image_init(&conf, &e) || !image_warm_up(&e)) {
		fprintf(stderr, "cost: %s\n", e.detail);
		return 1;
	}
	printf("%s, %dx%d\n", image_version(), WIDTH, HEIGHT);
	compare_all(argc > 1 ? argv[1] : "");
	image_fini();
	return 0;
}
