/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is what a request is thought to cost near the truth? Runs each operation by
 * its example, and by what makes it dear, on a picture of two megapixels, reads
 * and writes each format, and prints the measured CPU time beside the estimate
 * that limits are compared with.
 *
 * usage: cost [WORD]   only requests that hold WORD
 *
 * "alone" is a request less the same one without the operation, where both
 * make a picture of the same size. A row is marked where the operation alone,
 * or the whole request, takes more than three times its estimate (!), or less
 * than a third (-): then plan_cost.c is to be mended. The least of some runs
 * counts, since other programs may disturb it.
 */
#include <sys/resource.h>

#include <assert.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "dialect/dialect.h"
#include "image/image.h"
#include "tests/golden/pictures.h"

enum { WIDTH = 1632, HEIGHT = 1224, TIMES = 4, FRAMES = 12, SIDE = 320 };
/* A picture is decoded and encoded in any case. */
#define BARE "rotate=180&format=jpeg"
/* Less than so many milliseconds is nothing to worry about. */
#define LITTLE 1.0
/* By how much a difference of two measurements may be off. */
#define BLUR 8.0

struct cost {
	double measured, estimated;
	struct image_size size; /* of the result */
};

/* What is read; composite's overlay is always the logo. */
struct inputs {
	struct file picture, logo;
};

/* Of all rows that are not too small. */
static struct worst {
	double ratio;
	char query[128];
} worst[2]; /* too little estimated, too much */

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
	"depth=16&format=png&blur=3",
	"depth=16&format=png&width=800",
	"depth=16&format=png&modulate=hue:90",
	"depth=16&format=tiff&sharpen=1",
	"info",
	"info&width=300",
	"width=400&format=auto",
	"format=webp&effort=6",
	"format=webp&effort=4",
	"format=webp&near_lossless=true",
	"format=webp&lossless=true&effort=6",
	"format=webp&effort=0",
	"format=webp&lossless=true",
	"format=webp&lossless=true&effort=0",
	"format=webp&lossless=true&effort=1",
	"format=webp&lossless=true&effort=4",
	"format=webp&near_lossless=true&effort=0",
	"format=webp&smart_deblock=true&effort=4",
	"format=webp&alpha_quality=50",
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
	"format=tiff&compression=none",
	"format=tiff&compression=packbits",
	"format=tiff&compression=ccittfax4",
	"format=tiff&compression=webp&lossless=true",
	"format=tiff&lossless=true",
	"format=tiff&bitdepth=1",
	"format=tiff&depth=16",
	"format=tiff&pyramid=true",
	"format=tiff&pyramid=true&compression=deflate",
	"format=tiff&tile=true&compression=lzw",
	"format=jp2&lossless=true",
	"format=jxl&lossless=true",
	"format=jxl&distance=0",
	"format=jxl&distance=1",
	"format=jxl&effort=4",
	"format=jxl&effort=5",
	"format=jxl&effort=6",
	"format=jxl&effort=7",
	"format=jxl&effort=9&width=400",
	"format=jxl&effort=8&width=800",
	"format=jxl&lossless=true&effort=4",
	"format=jxl&lossless=true&effort=5",
	"format=jxl&lossless=true&effort=6&width=800",
	"format=jxl&lossless=true&effort=8&width=400",
	"format=jxl&lossless=true&effort=7",
	"format=jxl&lossless=true&effort=9&width=400",
	"format=jp2&quality=95",
	"format=jp2&tile_width=64&tile_height=64",
	"format=png&adaptive_filtering=true",
	"format=jpeg&progressive=true",
	"format=jpeg&quality=95&subsample=4:4:4",
	"format=jpeg&optimise_coding=false",
	"format=gif&effort=10",
	"format=gif&effort=1",
	"format=gif&dither=0&colours=16",
	"format=gif&dither=0",
	"format=png&depth=16",
	"format=avif&depth=16",
	"format=avif&bitdepth=10",
	"format=avif&quality=95&subsample=4:4:4",
	"format=jp2&depth=16",
	"format=jxl&depth=16",
};

/* Of an animation. */
static const char *const moving[] = {
	"rotate=180&format=gif",
	"rotate=180&format=webp",
	"format=webp&mixed=true&min_size=true",
	"trim=20&format=gif",
	"width=160&format=gif",
	"page=3&format=png",
	"smartcrop=50p,50p&format=webp",
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
run(const struct inputs *in, const struct plan *plan, struct cost *out,
    double *ms, struct err *e)
{
	struct image_job job = {
		.plan = plan,
		.limits = { .pixels = 1000 * MIB,
		    .side = 65535,
		    .pages = 1000,
		    .result_pixels = 1000 * MIB,
		    .result_bytes = 1000 * MIB },
		.input = { .data = in->picture.bytes,
		    .size = in->picture.size },
		.deadline_ns = CLOCK_NEVER,
		.cost = &out->estimated,
	};
	struct image_result result = { 0 };
	double began = cpu_ms();

	for (size_t i = 0; i < plan_overlays(plan); i++)
		job.overlay[i] = (struct image_input){ .data = in->logo.bytes,
			.size = in->logo.size };
	if (!image_render(&job, &result, e))
		return false;
	*ms = cpu_ms() - began;
	out->size = result.facts.result;
	image_result_fini(&result);
	return true;
}

static bool
measure(
    const struct inputs *in, const char *query, struct cost *out, struct err *e)
{
	struct plan plan;
	double ms = 0;

	if (!read_plan(query, &plan, e))
		return false;
	for (int i = 0; i < TIMES && (i < 2 || ms < 1000); i++) {
		if (!run(in, &plan, out, &ms, e))
			return false;
		if (i == 0 || ms < out->measured)
			out->measured = ms;
	}
	return true;
}

static char
mark(double measured, double estimated, double least)
{
	if (measured > 3 * estimated && measured > least)
		return '!';
	return estimated > 3 * measured && estimated > least ? '-' : ' ';
}

static void
remember(const struct cost *whole, const char *query)
{
	double ratio = whole->measured / whole->estimated;

	if (whole->measured < LITTLE)
		return;
	for (int i = 0; i < 2; i++, ratio = 1 / ratio) {
		if (ratio <= worst[i].ratio)
			continue;
		worst[i].ratio = ratio;
		snprintf(worst[i].query, sizeof(worst[i].query), "%s", query);
	}
}

/* rest: what stands behind it in the request, also without it. */
static void
compare(const struct inputs *in, const char *query, const char *rest,
    const char *bare_query)
{
	struct cost bare = { 0 };
	struct cost whole = { 0 };
	char text[512];
	struct err e = { 0 };
	size_t len = codec_percent_encode(slice_of(query), "=&,;:()/", text);

	snprintf(text + len, sizeof(text) - len, "%s", rest);
	if (!measure(in, bare_query, &bare, &e) ||
	    !measure(in, text, &whole, &e)) {
		printf("  %-50.50s %s\n", query, e.detail);
		return;
	}
	double alone = whole.measured - bare.measured;
	double expected = whole.estimated - bare.estimated;
	bool same = whole.size.width * whole.size.height ==
	    bare.size.width * bare.size.height;

	remember(&whole, query);
	printf("%c%c %-50.50s %9.1f %9.1f %6.2f",
	    same ? mark(alone, expected, BLUR) : ' ',
	    mark(whole.measured, whole.estimated, LITTLE), query,
	    whole.measured, whole.estimated, whole.measured / whole.estimated);
	if (same)
		printf(" %9.1f %9.1f", alone, expected);
	printf("\n");
	fflush(stdout);
}

static void
compare_query(const struct inputs *in, const char *query, const char *word)
{
	const char *rest = "&" BARE;

	if (strstr(query, word) == NULL)
		return;
	if (strncmp(query, "info", 4) == 0)
		rest = "";
	else if (strstr(query, "format=") != NULL)
		rest = strstr(query, "rotate=") != NULL ? "" : "&rotate=180";
	else if (strncmp(query, "rotate", 6) == 0)
		rest = "&format=jpeg";
	compare(in, query, rest, BARE);
}

/*
 * What people draw is some hundred shapes, half clear and with edges; nothing
 * says how many there are but the work itself.
 */
static struct file
drawing(enum format format)
{
	enum { SHAPES = 400 };
	bool svg = format == FORMAT_SVG;
	GString *body = g_string_new(NULL);
	struct file file = picture_drawing(WIDTH, HEIGHT, format);
	const char *end = svg ? "</svg>" : "endstream";
	GString *text = g_string_new_len((char *)file.bytes, (gssize)file.size);
	char *at = g_strstr_len(text->str, (gssize)text->len, end);

	for (int i = 0; i < SHAPES; i++) {
		int x = i * 611 % WIDTH;
		int y = i * 257 % HEIGHT;
		int side = 20 + i * 37 % 180;

		g_string_append_printf(body,
		    svg ? "<circle cx='%d' cy='%d' r='%d' fill='#%06x' "
			  "opacity='0.5' stroke='black'/>"
			: "%d %d m %d 300 900 700 %d 20 c S\n",
		    x, y, side, svg ? i * 40503 % 0xffffff : y);
	}
	assert(at != NULL);
	g_string_insert_len(text, at - text->str, body->str, (gssize)body->len);
	picture_file_free(&file);
	file.size = text->len;
	file.bytes = (uint8_t *)g_string_free(text, FALSE);
	g_string_free(body, TRUE);
	return file;
}

/* A moving photograph. */
static VipsImage *
moving_scene(VipsImage *scene)
{
	VipsImage *frame[FRAMES];
	VipsImage *joined;
	VipsImage *out;
	int delay[FRAMES];
	bool good = true;

	for (int i = 0; i < FRAMES; i++) {
		delay[i] = 40;
		good = good &&
		    vips_extract_area(scene, &frame[i], 10 * i, 20 * i, SIDE,
			SIDE, NULL) == 0;
	}
	good = good &&
	    vips_arrayjoin(frame, &joined, FRAMES, "across", 1, NULL) == 0;
	assert(good);
	out = vips_image_copy_memory(joined);
	assert(out != NULL);
	vips_image_set_int(out, VIPS_META_PAGE_HEIGHT, SIDE);
	vips_image_set_int(out, VIPS_META_N_PAGES, FRAMES);
	vips_image_set_array_int(out, "delay", delay, FRAMES);
	for (int i = 0; i < FRAMES; i++)
		g_object_unref(frame[i]);
	g_object_unref(joined);
	return out;
}

/* Where libheif has an encoder; else no bytes. */
static struct file
heic_file(VipsImage *scene)
{
	struct file file = { 0 };
	void *bytes = NULL;

	if (vips_heifsave_buffer(scene, &bytes, &file.size, "Q", 90, "effort",
		0, "compression", VIPS_FOREIGN_HEIF_COMPRESSION_HEVC,
		"bitdepth", 8, NULL) == 0)
		file.bytes = bytes;
	vips_error_clear();
	return file;
}

static struct file
original(VipsImage *scene, enum format format)
{
	if (format == FORMAT_SVG || format == FORMAT_PDF)
		return drawing(format);
	if (format == FORMAT_HEIC)
		return heic_file(scene);
	return picture_file(scene, format);
}

/* One request of an original of each format. */
static void
compare_originals(VipsImage *scene, const char *word)
{
	char words[64];

	for (int i = FORMAT_FIRST; i < FORMAT_COUNT; i++) {
		enum format f = (enum format)i;
		struct inputs in = { 0 };

		if ((image_can_load() & FORMAT_BIT(f)) == 0)
			continue;
		in.picture = original(scene, f);
		if (in.picture.bytes == NULL)
			continue;
		snprintf(
		    words, sizeof(words), "(from %s)", format_row(f)->name);
		if (strstr(words, word) != NULL) {
			printf("%s\n", words);
			compare(&in, "format=raw", "", BARE);
			compare(&in, "width=300&format=raw", "", BARE);
			compare(&in, "info", "", BARE);
		}
		picture_file_free(&in.picture);
	}
}

static void
compare_all(const char *word)
{
	VipsImage *scene = picture_scene(SCENE_PEBBLES, WIDTH, HEIGHT);
	VipsImage *alpha = picture_alpha(300, 200);
	VipsImage *moves = moving_scene(scene);
	struct inputs in = { picture_file(scene, FORMAT_JPEG),
		picture_file(alpha, FORMAT_PNG) };
	struct inputs gif = { picture_file(moves, FORMAT_GIF), in.logo };
	char query[64];

	printf("   %-50s %9s %9s %6s %9s %9s\n", "CPU ms", "measured",
	    "estimate", "ratio", "alone", "estimate");
	for (int i = 0; i < OP_COUNT; i++)
		compare_query(&in, op_row((enum op)i)->example, word);
	for (int i = FORMAT_FIRST; i < FORMAT_COUNT; i++) {
		if ((image_can_save() & FORMAT_BIT(i)) == 0)
			continue;
		snprintf(query, sizeof(query), "format=%s",
		    format_row((enum format)i)->name);
		compare_query(&in, query, word);
	}
	for (size_t i = 0; i < NELEM(dear); i++)
		compare_query(&in, dear[i], word);
	compare_originals(scene, word);
	if (strstr("(animation)", word) != NULL)
		printf("(animation)\n");
	for (size_t i = 0; i < NELEM(moving); i++)
		if (strstr("(animation)", word) != NULL)
			compare(&gif, moving[i], "", "rotate=180&format=gif");
	for (int i = 0; i < 2; i++)
		printf("most %s: %.2f times: %s\n",
		    i == 0 ? "over the estimate" : "under it", worst[i].ratio,
		    worst[i].query);
	picture_file_free(&in.picture);
	picture_file_free(&in.logo);
	picture_file_free(&gif.picture);
	g_object_unref(scene);
	g_object_unref(alpha);
	g_object_unref(moves);
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
