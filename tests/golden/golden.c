/* SPDX-License-Identifier: Apache-2.0 */
/* What the golden tests share. */
#include "golden.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "dialect/dialect.h"

static void
must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s: %s\n", what, vips_error_buffer());
	abort();
}

void
golden_start(void)
{
	struct err e = { 0 };
	struct image_conf conf = { .load = image_can_load(),
		.save = image_can_save(),
		.vector = true };

	must(image_init(&conf, &e), "image_init");
}

void
golden_plan(const char *query, const char *accept, struct plan *plan)
{
	static const char *const stores[] = { "file" };
	static const struct plan_policy policy;
	const struct dialect *dialect = dialect_find("query");
	struct dialect_in in = {
		.path = SLICE("/picture"),
		.query = slice_of(query),
		.accept = slice_of(accept),
		.stores = stores,
		.nstore = 1,
		.formats = format_all(F_SAVE),
	};
	struct err e = { 0 };

	plan_init(plan);
	if (dialect->parse(&in, plan, &e) && plan_check(plan, &policy, &e))
		return;
	fprintf(stderr, "%s: %s %s\n", query, e.param, e.detail);
	abort();
}

struct image_limits
golden_limits(void)
{
	return (struct image_limits){ .pixels = 100 * MIB,
		.side = 65535,
		.pages = 1000,
		.result_pixels = 100 * MIB,
		.result_bytes = 100 * MIB };
}

bool
golden_compose(const struct file *original, const struct file *overlay,
    const struct plan *plan, struct image_result *result, struct err *e)
{
	struct image_job job = {
		.plan = plan,
		.limits = golden_limits(),
		.input = { .data = original->bytes, .size = original->size },
		.deadline_ns = CLOCK_NEVER,
	};

	for (size_t i = 0; i < plan_overlays(plan); i++)
		job.overlay[i] = (struct image_input){ .data = overlay->bytes,
			.size = overlay->size };
	return image_render(&job, result, e);
}

bool
golden_render(const struct file *original, const struct plan *plan,
    struct image_result *result, struct err *e)
{
	static const struct file none;

	return golden_compose(original, &none, plan, result, e);
}

/* Greys of floating point are linear light, as colours are. */
static VipsImage *
linear_grey(VipsImage *in)
{
	VipsImage *same[3] = { in, in, in };
	VipsImage *joined;

	if (in->Bands != 1 || in->BandFmt != VIPS_FORMAT_FLOAT)
		return g_object_ref(in);
	must(vips_bandjoin(same, &joined, 3, NULL) == 0, "bandjoin");
	joined->Type = VIPS_INTERPRETATION_scRGB;
	return joined;
}

struct raster
golden_raster(VipsImage *from)
{
	VipsImage *in = linear_grey(from);
	VipsImage *srgb = NULL;
	VipsImage *rgba = NULL;
	size_t size;
	uint8_t *bytes;
	struct raster r;

	must(vips_colourspace(in, &srgb, VIPS_INTERPRETATION_sRGB, NULL) == 0,
	    "colourspace");
	if (vips_image_hasalpha(srgb))
		rgba = g_object_ref(srgb);
	else
		must(vips_addalpha(srgb, &rgba, NULL) == 0, "addalpha");
	bytes = vips_image_write_to_memory(rgba, &size);
	must(bytes != NULL, "write_to_memory");
	r = raster_of(bytes, rgba->Xsize, rgba->Ysize);
	g_free(bytes);
	g_object_unref(in);
	g_object_unref(srgb);
	g_object_unref(rgba);
	return r;
}

struct raster
golden_decode(const uint8_t *bytes, size_t size, enum format as)
{
	void *data = (void *)(uintptr_t)bytes;
	VipsImage *in = NULL;
	struct raster r;

	must((as == FORMAT_JPEG ? vips_jpegload_buffer(data, size, &in, NULL)
		     : as == FORMAT_PNG
		     ? vips_pngload_buffer(data, size, &in, NULL)
		     : as == FORMAT_WEBP
		     ? vips_webpload_buffer(data, size, &in, "n", -1, NULL)
		     : as == FORMAT_GIF
		     ? vips_gifload_buffer(data, size, &in, "n", -1, NULL)
		     : as == FORMAT_TIFF
		     ? vips_tiffload_buffer(data, size, &in, NULL)
		     : as == FORMAT_JP2
		     ? vips_jp2kload_buffer(data, size, &in, NULL)
		     : as == FORMAT_JXL
		     ? vips_jxlload_buffer(data, size, &in, NULL)
		     : vips_heifload_buffer(data, size, &in, NULL)) == 0,
	    "decode");
	r = golden_raster(in);
	g_object_unref(in);
	return r;
}

static VipsImage *
picture_by(const char *name)
{
	if (strcmp(name, "scene") == 0)
		return picture_scene(SCENE_MOUNTAINS, 600, 400);
	if (strcmp(name, "pebbles") == 0)
		return picture_scene(SCENE_PEBBLES, 600, 400);
	if (strcmp(name, "city") == 0)
		return picture_scene(SCENE_CITY, 600, 400);
	if (strcmp(name, "alpha") == 0)
		return picture_alpha(300, 200);
	must(strcmp(name, "moving") == 0, name);
	return picture_moving(120, 6);
}

static VipsImage *
picture_as(VipsImage *in, const char *word)
{
	int width;
	int height;
	char end;

	if (sscanf(word, "%dx%d%c", &width, &height, &end) == 2)
		return picture_crop(in, width, height);
	if (strcmp(word, "grey") == 0)
		return picture_grey(in);
	if (strcmp(word, "deep") == 0)
		return picture_deep(in);
	if (strcmp(word, "p3") == 0 || strcmp(word, "cmyk") == 0)
		return picture_profile(in, word);
	if (strcmp(word, "framed") == 0)
		return picture_framed(in);
	if (strcmp(word, "ball") == 0)
		return picture_ball(in);
	if (strcmp(word, "bare") == 0)
		return picture_bare(in);
	if (strcmp(word, "float") == 0)
		return picture_space(in, VIPS_INTERPRETATION_scRGB);
	if (strcmp(word, "lab") == 0)
		return picture_space(in, VIPS_INTERPRETATION_LAB);
	if (strcmp(word, "palette") == 0)
		return picture_coded(in, PICTURE_PALETTE);
	if (sscanf(word, "bits%d%c", &width, &end) == 1)
		return picture_coded(in, width);
	must(word[0] == 'o' && word[1] >= '1' && word[1] <= '8', word);
	return picture_oriented(in, word[1] - '0');
}

/* CMYK has fewer colours: what is shown is what came through it. */
static struct raster
picture_shown(VipsImage *stored, VipsImage *upright)
{
	VipsImage *back = NULL;
	struct raster r;

	if (stored->Type != VIPS_INTERPRETATION_CMYK)
		return golden_raster(upright);
	must(vips_icc_transform(stored, &back, "srgb", "embedded", TRUE,
		 "input_profile", "cmyk", "intent", VIPS_INTENT_PERCEPTUAL,
		 NULL) == 0,
	    "cmyk");
	r = golden_raster(back);
	g_object_unref(back);
	return r;
}

static const struct {
	const char *words;
	enum format format;
} drawings[] = {
	{ "drawing svg", FORMAT_SVG },
	{ "drawing pdf", FORMAT_PDF },
};

bool
golden_has(const char *words)
{
	format_set needed = 0;
	struct slice rest = slice_of(words);

	while (rest.at != NULL) {
		struct slice word = slice_cut(&rest, ' ');
		enum format format;

		if (format_find(word, &format) &&
		    format >= (enum format)FORMAT_FIRST)
			needed |= FORMAT_BIT(format);
	}
	/* It is made, and it is read. */
	return (needed & ~image_can_load()) == 0 &&
	    (needed & format_all(F_SAVE) & ~image_can_save()) == 0;
}

enum format
golden_picture(const char *words, struct file *stored, struct raster *shown)
{
	char copy[128];
	char *rest = copy;
	char *word;
	enum format format;
	VipsImage *upright;
	VipsImage *in;

	for (size_t i = 0; i < NELEM(drawings); i++) {
		if (strcmp(words, drawings[i].words) != 0)
			continue;
		in = picture_quarters(120, 80);
		if (shown != NULL)
			*shown = golden_raster(in);
		g_object_unref(in);
		*stored = picture_drawing(120, 80, drawings[i].format);
		return drawings[i].format;
	}
	slice_copy(slice_of(words), copy, sizeof(copy));
	in = picture_by(strsep(&rest, " "));
	upright = g_object_ref(in);
	while ((word = strsep(&rest, " ")) != NULL &&
	    !format_find(slice_of(word), &format)) {
		VipsImage *next = picture_as(in, word);

		g_object_unref(in);
		in = next;
		/* Neither profile nor orientation changes what is seen. */
		if (strchr("opedc", word[0]) == NULL) {
			g_object_unref(upright);
			upright = g_object_ref(in);
		}
	}
	must(word != NULL, words);
	if (shown != NULL)
		*shown = picture_shown(in, upright);
	*stored = picture_file(in, format);
	g_object_unref(in);
	g_object_unref(upright);
	return format;
}
