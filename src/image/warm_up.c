/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything once, on images of 16 pixels a side with the lightest effort:
 * codecs make their tables, libheif looks for its plugins, ORC compiles its
 * loops, lcms builds its profiles. Afterwards a worker opens no file and maps
 * nothing executable.
 */
#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "dialect/dialect.h"
#include "image/pixel.h"
#include "image/render.h"
#include "image/tiny.h"

enum { SIDE = 16 };

struct original {
	void *bytes; /* g_malloc'd */
	size_t size;
};

static bool
warm_made(
    const struct op_context *ctx, int bands, VipsImage **out, struct err *e)
{
	static const uint8_t grey[4] = { 200, 100, 50, 128 };
	uint8_t pixels[SIDE * SIDE * 4];
	scoped_image done = NULL;

	for (int i = 0; i < SIDE * SIDE; i++)
		for (int b = 0; b < bands; b++)
			pixels[i * bands + b] = (uint8_t)(grey[b] + i % SIDE);
	done = vips_image_new_from_memory_copy(pixels,
	    (size_t)SIDE * SIDE * (size_t)bands, SIDE, SIDE, bands,
	    VIPS_FORMAT_UCHAR);
	if (done == NULL)
		return image_fail(ctx, e, ERR_INTERNAL, "warm_up");
	done->Type =
	    bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
	*out = take_ptr(done);
	return true;
}

/* What this program reads and cannot write; with text, for the fonts. */
static void
warm_tiny(enum format format, void **bytes, size_t *size)
{
	static const char svg[] =
	    "<svg xmlns='http://www.w3.org/2000/svg' width='64' height='32'>"
	    "<filter id='f'><feGaussianBlur stdDeviation='1'/></filter>"
	    "<text x='2' y='20' font-size='12'>Aa</text>"
	    "<text x='2' y='20' font-family='serif'>Aa</text>"
	    "<text x='2' y='20' font-family='monospace'>Aa</text>"
	    "<rect width='9' height='9' fill='red' filter='url(#f)'/></svg>";
	static const char pdf[] =
	    "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
	    "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
	    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 64 32]"
	    "/Contents 4 0 R/Resources<</Font<</F 5 0 R/G 6 0 R/H 7 0 R>>>>"
	    ">>endobj\n"
	    "4 0 obj<</Length 84>>stream\n"
	    "BT /F 12 Tf 2 9 Td (Aa) Tj /G 12 Tf (Aa) Tj /H 12 Tf (Aa) Tj ET\n"
	    "1 0 0 rg 0 0 9 9 re f\nendstream endobj\n"
	    "5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n"
	    "6 0 obj<</Type/Font/Subtype/Type1/BaseFont/Times-Roman>>endobj\n"
	    "7 0 obj<</Type/Font/Subtype/Type1/BaseFont/Courier>>endobj\n"
	    "trailer<</Root 1 0 R>>\n%%EOF\n";
	/* One red pixel; and the same as an icon. */
	static const char bmp[] =
	    "BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0"
	    "\x01\0\x18\0\0\0\0\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	    "\0\0\xff";
	static const char ico[] =
	    "\0\0\x01\0\x01\0\x01\x01\0\0\x01\0\x18\0\x30\0\0\0\x16\0\0\0"
	    "\x28\0\0\0\x01\0\0\0\x02\0\0\0\x01\0\x18\0\0\0\0\0\x08\0\0\0\0\0"
	    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\0\0\0\0";
	const void *tiny = tiny_heic;

	*size = sizeof(tiny_heic);
	if (format == FORMAT_SVG) {
		tiny = svg;
		*size = sizeof(svg) - 1;
	} else if (format == FORMAT_BMP) {
		tiny = bmp;
		*size = sizeof(bmp);
	} else if (format == FORMAT_ICO) {
		tiny = ico;
		*size = sizeof(ico);
	} else if (format == FORMAT_PDF) {
		tiny = pdf;
		*size = sizeof(pdf) - 1;
	}
	*bytes = g_memdup2(tiny, *size);
}

/* An original of that format, whether or not the plan may write it. */
static bool
warm_original(enum format format, VipsImage *in, void **bytes, size_t *size,
    struct err *e)
{
	struct save_spec spec = { .quality = 50,
		.effort = 0,
		.compression = -1,
		.colours = 256,
		.keep = 1U << KEEP_ICC,
		.subsample = VIPS_FOREIGN_SUBSAMPLE_ON };
	const struct format_bind *bind = table_format(format);

	if (bind->save == NULL) {
		warm_tiny(format, bytes, size);
		return true;
	}
	if (bind->save(in, &spec, bytes, size) != 0)
		return image_fail(
		    NULL, e, ERR_INTERNAL, format_row(format)->name);
	return true;
}

static void
warm_step(struct plan *p, enum op op)
{
	p->step[p->nstep++].op = (uint16_t)op;
}

static void
warm_arg(struct plan *p, unsigned arg, union arg value)
{
	step_set(&p->step[p->nstep - 1], arg, value);
}

/* What each format is read and written with. */
static void
warm_plain(struct plan *p)
{
	plan_init(p);
	warm_step(p, OP_AUTOORIENT);
	warm_step(p, OP_RESIZE);
	warm_arg(p, RESIZE_WIDTH, (union arg){ .whole = SIDE / 2 });
	out_set(p, OUT_EFFORT, (union arg){ .whole = 0 });
}

/* Steps one after the other, as no example has them. */
static void
warm_plan(struct plan *p, bool smart)
{
	plan_init(p);
	warm_step(p, OP_AUTOORIENT);
	warm_step(p, OP_FLIP);
	warm_step(p, OP_RESIZE);
	warm_arg(p, RESIZE_WIDTH, (union arg){ .whole = SIDE / 2 });
	warm_arg(p, RESIZE_HEIGHT, (union arg){ .whole = SIDE / 2 - 1 });
	warm_arg(p, RESIZE_POSITION,
	    (union arg){
		.pick = smart ? POSITION_ATTENTION : POSITION_ENTROPY });
	warm_step(p, OP_ROTATE);
	warm_arg(p, ROTATE_ANGLE, (union arg){ .num = 30 });
	warm_step(p, OP_EXTRACT);
	warm_arg(p, EXTRACT_LEFT, (union arg){ .length = { 1, 0 } });
	warm_step(p, OP_RESIZE);
	warm_arg(p, RESIZE_WIDTH, (union arg){ .whole = SIDE });
	warm_arg(p, RESIZE_HEIGHT, (union arg){ .whole = SIDE });
	warm_arg(p, RESIZE_FIT, (union arg){ .pick = FIT_CONTAIN });
	warm_step(p, OP_BLUR);
	warm_step(p, OP_BLUR);
	warm_arg(p, BLUR_SIGMA, (union arg){ .num = 1 });
	warm_step(p, OP_SHARPEN);
	warm_step(p, OP_SHARPEN);
	warm_arg(p, SHARPEN_SIGMA, (union arg){ .num = 1 });
	warm_step(p, OP_FLATTEN);
	if (smart)
		warm_step(p, OP_GRAYSCALE);
	out_set(p, OUT_EFFORT, (union arg){ .whole = 0 });
}

static bool
warm_render(const struct plan *plan, const void *bytes, size_t size,
    uint64_t *applied, struct err *e)
{
	struct image_job job = {
		.plan = plan,
		.limits = { .pixels = MIB,
		    .side = 1024,
		    .pages = 4,
		    .result_pixels = MIB,
		    .result_bytes = MIB },
		.input = { .data = bytes, .size = size },
		.deadline_ns = CLOCK_NEVER,
		.applied = applied,
	};
	struct image_result result = { 0 };

	/* Where the plan has one: itself once more. */
	job.overlay[0] = job.input;
	if (!image_render(&job, &result, e))
		return false;
	image_result_fini(&result);
	return true;
}

/* One original of every kind of colour into one result of a format. */
static bool
warm_format(struct plan *plan, enum format format, VipsImage *in, struct err *e)
{
	const struct image_conf *c = image_conf();
	void *bytes = NULL;
	size_t size = 0;
	bool good;

	if (!warm_original(format, in, &bytes, &size, e))
		return false;
	if ((c->save & FORMAT_BIT(format)) != 0)
		plan->out.format = (uint16_t)format;
	else
		plan->out.format = FORMAT_SAME;
	good = (c->load & FORMAT_BIT(format)) == 0 ||
	    warm_render(plan, bytes, size, NULL, e);
	g_free(bytes);
	return good;
}

/* A profile of every kind: RGB, and CMYK with lcms' largest tables. */
static bool
warm_profiles(struct plan *plan, VipsImage *rgb, struct err *e)
{
	static const char *const profile[] = { "p3", "cmyk" };

	if ((image_conf()->load & FORMAT_BIT(FORMAT_JPEG)) == 0)
		return true;
	for (size_t i = 0; i < NELEM(profile); i++) {
		scoped_image there = NULL;

		if (vips_icc_transform(rgb, &there, profile[i], "input_profile",
			"srgb", NULL) != 0)
			return image_fail(NULL, e, ERR_INTERNAL, "icc");
		if (!warm_format(plan, FORMAT_JPEG, there, e))
			return false;
	}
	/* Other numbers of bits have other code in lcms. */
	out_set(plan, OUT_PROFILE, (union arg){ .pick = PROFILE_P3 });
	out_set(plan, OUT_DEPTH, (union arg){ .whole = 16 });
	return (image_conf()->save & FORMAT_BIT(FORMAT_PNG)) == 0 ||
	    warm_format(plan, FORMAT_PNG, rgb, e);
}

/* The row's example, as the query language has it. */
static bool
warm_example(struct plan *plan, enum op op, struct err *e)
{
	static const char *const stores[] = { "warm-up" };
	static const struct plan_policy policy;
	const char *example = op_row(op)->example;
	char query[512];
	struct dialect_in in = {
		.path = SLICE("/image"),
		.query = { query, 0 },
		.stores = stores,
		.nstore = NELEM(stores),
		.formats = format_all(F_SAVE),
	};

	/* The table has it as people write it: with a plain "%". */
	assert(3 * strlen(example) < sizeof(query));
	in.query.len = codec_percent_encode(slice_of(example), "&=,;:", query);
	plan_init(plan);
	if (!dialect_find("query")->parse(&in, plan, e) ||
	    !plan_check(plan, &policy, e))
		return false;
	plan->out.format = FORMAT_SAME;
	return true;
}

/* Words that make libvips run, load or compile other code. */
static const struct {
	enum op op;
	unsigned arg;
} warm_words[] = {
	{ OP_RESIZE, RESIZE_KERNEL },
	{ OP_RESIZE, RESIZE_FIT },
	{ OP_AFFINE, AFFINE_INTERPOLATOR },
	{ OP_BLUR, BLUR_PRECISION },
};

/* The operations of warm_words[] by their example, with each of the words. */
static bool
warm_worded(struct plan *plan, const struct original *from, struct err *e)
{
	for (size_t i = 0; i < NELEM(warm_words); i++) {
		enum op op = warm_words[i].op;
		unsigned arg = warm_words[i].arg;
		union arg value = { .pick = 0 };

		if (!warm_example(plan, op, e))
			return false;
		for (; op_row(op)->arg[arg].choices[value.pick] != NULL;
		     value.pick++) {
			step_set(plan_find(plan, op), arg, value);
			if (!warm_render(
				plan, from->bytes, from->size, NULL, e))
				return false;
		}
	}
	return true;
}

static bool
warm_op(struct plan *plan, enum op op, const struct original *from,
    uint64_t *applied, struct err *e)
{
	return warm_example(plan, op, e) &&
	    warm_render(plan, from->bytes, from->size, applied, e);
}

/* What operations are run on: any that is read, and written with alpha. */
static enum format
warm_source(void)
{
	for (enum format f = FORMAT_FIRST; f < FORMAT_COUNT; f++)
		if ((image_conf()->load & FORMAT_BIT(f)) != 0 &&
		    (format_row(f)->flags & F_ALPHA) != 0 &&
		    table_format(f)->save != NULL)
			return f;
	return FORMAT_SAME;
}

/*
 * With alpha and without; where that cannot be asked of an image without it,
 * it is refused before anything runs.
 */
static bool
warm_ops(struct plan *plan, enum format source, VipsImage *rgb, VipsImage *rgba,
    struct err *e)
{
	struct original solid = { 0 };
	struct original clear = { 0 };
	uint64_t applied = 0;
	struct err ignored = { 0 };
	bool good = warm_original(source, rgb, &solid.bytes, &solid.size, e) &&
	    warm_original(source, rgba, &clear.bytes, &clear.size, e);

	for (enum op op = 0; op < OP_COUNT && good; op++) {
		good = warm_op(plan, op, &clear, &applied, e);
		(void)warm_op(plan, op, &solid, &applied, &ignored);
	}
	good = good && warm_worded(plan, &clear, e);
	warm_plan(plan, true);
	good = good && warm_render(plan, clear.bytes, clear.size, &applied, e);
	g_free(solid.bytes);
	g_free(clear.bytes);
	/* A row whose example does nothing to these images is not warm. */
	for (enum op op = 0; op < OP_COUNT && good; op++)
		assert(table_op(op)->apply == NULL || (applied >> op & 1) != 0);
	return good;
}

/*
 * libvips 8.14's loops are compiled for each image, into memory that may be
 * executed; a sandboxed worker gets no more of that, and ORC aborts when it
 * wants some. So much is taken here, and kept by ORC, as the largest plan
 * needs: as many blurs at once as it may have (29 kB each at the largest sigma
 * that is not done on a smaller copy), twice for what is lost in holes.
 */
static bool
warm_code(VipsImage *rgb, struct err *e)
{
	VipsImage *blurred[2 * PLAN_MASKS] = { NULL };
	bool good = true;

	for (size_t i = 0; i < NELEM(blurred) && good; i++)
		if (vips_gaussblur(rgb, &blurred[i], 11.9, NULL) != 0)
			good = image_fail(NULL, e, ERR_INTERNAL, "gaussblur");
	for (size_t i = 0; i < NELEM(blurred); i++)
		g_clear_object(&blurred[i]);
	return good;
}

static bool
warm_all(struct plan *plan, struct err *e)
{
	scoped_image rgb = NULL;
	scoped_image rgba = NULL;
	const format_set all = image_conf()->load | image_conf()->save;
	enum format source = warm_source();

	if (!warm_made(NULL, 3, &rgb, e) || !warm_made(NULL, 4, &rgba, e))
		return false;
	for (enum format f = FORMAT_FIRST; f < FORMAT_COUNT; f++) {
		if ((all & FORMAT_BIT(f)) == 0 ||
		    (format_row(f)->flags & F_DATA) != 0)
			continue;
		/* Of what else is read, the operations' code is the same. */
		if (source != FORMAT_SAME)
			warm_plain(plan);
		else
			warm_plan(plan, (f & 1) != 0);
		if (!warm_format(plan, f,
			(format_row(f)->flags & F_ALPHA) != 0 ? rgba : rgb, e))
			return false;
	}
	warm_plain(plan);
	if (!warm_profiles(plan, rgb, e) || !warm_code(rgb, e))
		return false;
	return source == FORMAT_SAME || warm_ops(plan, source, rgb, rgba, e);
}

bool
image_warm_up(struct err *e)
{
	struct plan *plan = xcalloc(1, sizeof(*plan));
	bool good = warm_all(plan, e);

	free(plan);
	return good;
}
