/* SPDX-License-Identifier: Apache-2.0 */
/* Sample images, made with libvips and scene.c. */
#include "pictures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* 8.15 brought a set in place of all or nothing. */
#if VIPS_MAJOR_VERSION > 8 || VIPS_MINOR_VERSION >= 15
#define KEEP_EVERYTHING "keep", VIPS_FOREIGN_KEEP_ALL
#define KEEP_NOTHING    "keep", VIPS_FOREIGN_KEEP_NONE
#else
#define KEEP_EVERYTHING "strip", FALSE
#define KEEP_NOTHING    "strip", TRUE
#endif

static void
must(bool good)
{
	if (good)
		return;
	fprintf(stderr, "making images: %s", vips_error_buffer());
	abort();
}

/* Evaluates and lets go of a lazy image. */
static VipsImage *
made(VipsImage *lazy)
{
	VipsImage *done = vips_image_copy_memory(lazy);

	must(done != NULL);
	g_object_unref(lazy);
	return done;
}

static VipsImage *
from_bytes(uint8_t *bytes, int width, int height, int bands)
{
	size_t size = (size_t)width * (size_t)height * (size_t)bands;
	VipsImage *raw = vips_image_new_from_memory_copy(
	    bytes, size, width, height, bands, VIPS_FORMAT_UCHAR);
	VipsImage *out;

	must(raw != NULL);
	must(vips_copy(raw, &out, "interpretation", VIPS_INTERPRETATION_sRGB,
		 NULL) == 0);
	g_object_unref(raw);
	free(bytes);
	return made(out);
}

VipsImage *
picture_scene(enum scene scene, int width, int height)
{
	uint8_t *rgb = xcalloc((size_t)width * (size_t)height, 3);

	scene_paint(scene, width, height, rgb);
	return from_bytes(rgb, width, height, 3);
}

/* How much of a soft disc covers a place, 0 to 1. */
static double
disc(double x, double y, double cx, double cy, double radius, double soft)
{
	double d = (radius - hypot(x - cx, y - cy)) / soft;

	return d < 0 ? 0 : d > 1 ? 1 : d;
}

VipsImage *
picture_alpha(int width, int height)
{
	uint8_t *p = xcalloc((size_t)width * (size_t)height, 4);
	uint8_t *at = p;

	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++) {
			double u = (x + 0.5) / height;
			double v = (y + 0.5) / height;
			double a = fmax(disc(u, v, 0.45, 0.5, 0.36, 0.004),
			    fmax(disc(u, v, 1.0, 0.4, 0.3, 0.25),
				0.5 * disc(u, v, 0.8, 0.75, 0.2, 0.004)));

			*at++ = (uint8_t)(40 + 200 * u / 1.5);
			*at++ = (uint8_t)(220 - 180 * v);
			*at++ = (uint8_t)(128 + 100 * sin(u * 9 + v * 5));
			*at++ = (uint8_t)lrint(255 * a);
		}
	return from_bytes(p, width, height, 4);
}

VipsImage *
picture_moving(int side, int frames)
{
	size_t frame = (size_t)side * (size_t)side * 4;
	uint8_t *p = xcalloc((size_t)frames, frame);
	uint8_t *at = p;
	int delay[64];
	VipsImage *out;

	g_assert(frames <= 64);
	for (int f = 0; f < frames; f++) {
		double turn = 2 * M_PI * f / frames;
		double cx = 0.5 + 0.28 * cos(turn);
		double cy = 0.5 + 0.28 * sin(turn);

		delay[f] = 40 + 10 * f;
		for (int i = 0; i < side * side; i++) {
			double u = (i % side + 0.5) / side;
			double v = ((double)i / side) / side;
			bool ball = hypot(u - cx, v - cy) < 0.16;
			bool ground = hypot(u - 0.5, v - 0.5) < 0.48;

			*at++ = ball ? 230 : (uint8_t)(30 + 60 * v);
			*at++ = ball ? 120 : (uint8_t)(90 + 80 * u);
			*at++ = ball ? 30 : 150;
			*at++ = ball || ground ? 255 : 0;
		}
	}
	out = from_bytes(p, side, side * frames, 4);
	vips_image_set_int(out, VIPS_META_PAGE_HEIGHT, side);
	vips_image_set_int(out, VIPS_META_N_PAGES, frames);
	vips_image_set_int(out, "loop", 3);
	vips_image_set_array_int(out, "delay", delay, frames);
	return out;
}

static const uint8_t quarter[4][3] = { { 255, 0, 0 }, { 0, 128, 0 },
	{ 0, 0, 255 }, { 255, 255, 0 } };

VipsImage *
picture_quarters(int width, int height)
{
	uint8_t *p = xcalloc((size_t)width * (size_t)height, 3);
	uint8_t *at = p;

	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++, at += 3)
			memcpy(at,
			    quarter[2 * (2 * y >= height) + (2 * x >= width)],
			    3);
	return from_bytes(p, width, height, 3);
}

struct file
picture_drawing(int width, int height, enum format format)
{
	bool svg = format == FORMAT_SVG;
	GString *text = g_string_new(NULL);
	GString *body = g_string_new(NULL);
	int w = width / 2;
	int h = height / 2;

	for (int i = 0; i < 4; i++) {
		const uint8_t *c = quarter[i];
		int x = i % 2 * w;
		int y = i / 2 * h;

		if (svg)
			g_string_append_printf(body,
			    "<rect x='%d' y='%d' width='%d' height='%d' "
			    "fill='rgb(%d,%d,%d)'/>",
			    x, y, w, h, c[0], c[1], c[2]);
		else
			g_string_append_printf(body,
			    "%.6f %.6f %.6f rg %d %d %d %d re f\n",
			    c[0] / 255.0, c[1] / 255.0, c[2] / 255.0, x,
			    height - h - y, w, h);
	}
	if (svg)
		g_string_printf(text,
		    "<?xml version='1.0'?>\n<!-- four quarters -->\n"
		    "<svg xmlns='http://www.w3.org/2000/svg' width='%d' "
		    "height='%d' shape-rendering='crispEdges'>%s</svg>\n",
		    width, height, body->str);
	else
		g_string_printf(text,
		    "%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
		    "2 0 obj<</Type/Pages/Kids[3 0 R 5 0 R]/Count 2>>endobj\n"
		    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]"
		    "/Contents 4 0 R>>endobj\n"
		    "4 0 obj<</Length %d>>stream\n%s\nendstream endobj\n"
		    "5 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]"
		    ">>endobj\ntrailer<</Root 1 0 R>>\n%%%%EOF\n",
		    width, height, (int)body->len, body->str, 2 * height,
		    width);
	g_string_free(body, TRUE);

	size_t size = text->len;

	return (struct file){ (uint8_t *)g_string_free(text, FALSE), size };
}

VipsImage *
picture_grey(VipsImage *in)
{
	VipsImage *out;

	must(vips_colourspace(in, &out, VIPS_INTERPRETATION_B_W, NULL) == 0);
	return made(out);
}

VipsImage *
picture_deep(VipsImage *in)
{
	VipsImage *out;

	must(vips_colourspace(in, &out,
		 in->Bands < 3 ? VIPS_INTERPRETATION_GREY16
			       : VIPS_INTERPRETATION_RGB16,
		 NULL) == 0);
	return made(out);
}

VipsImage *
picture_profile(VipsImage *in, const char *name)
{
	VipsImage *out;

	must(vips_icc_transform(
		 in, &out, name, "input_profile", "srgb", NULL) == 0);
	return made(out);
}

VipsImage *
picture_oriented(VipsImage *in, int orientation)
{
	/* What undoes each orientation: the quarter turns change places. */
	static const VipsAngle back[9] = { 0, VIPS_ANGLE_D0, VIPS_ANGLE_D0,
		VIPS_ANGLE_D180, VIPS_ANGLE_D180, VIPS_ANGLE_D90,
		VIPS_ANGLE_D270, VIPS_ANGLE_D270, VIPS_ANGLE_D90 };
	bool mirror = orientation == 2 || orientation == 4 ||
	    orientation == 5 || orientation == 7;
	VipsImage *turned;
	VipsImage *out;

	must(vips_rot(in, &turned, back[orientation], NULL) == 0);
	if (mirror) {
		must(vips_flip(turned, &out, VIPS_DIRECTION_HORIZONTAL, NULL) ==
		    0);
		g_object_unref(turned);
	} else {
		out = turned;
	}
	out = made(out);
	vips_image_set_int(out, VIPS_META_ORIENTATION, orientation);
	return out;
}

VipsImage *
picture_crop(VipsImage *in, int width, int height)
{
	VipsImage *out;

	must(vips_crop(in, &out, 0, 0, width, height, NULL) == 0);
	return made(out);
}

VipsImage *
picture_framed(VipsImage *in)
{
	VipsImage *out;
	double white[4] = { 255, 255, 255, 255 };
	VipsArrayDouble *ground = vips_array_double_new(white, in->Bands);

	must(vips_embed(in, &out, 11, 23, in->Xsize + 40, in->Ysize + 30,
		 "extend", VIPS_EXTEND_BACKGROUND, "background", ground,
		 NULL) == 0);
	vips_area_unref(VIPS_AREA(ground));
	return made(out);
}

VipsImage *
picture_ball(VipsImage *in)
{
	VipsImage *red = NULL;
	VipsImage *out = NULL;

	must(vips_extract_band(in, &red, 0, NULL) == 0 &&
	    vips_less_const1(red, &out, 200, NULL) == 0);
	g_object_unref(red);
	out->Type = VIPS_INTERPRETATION_B_W;
	return made(out);
}

static void
put_number(GByteArray *out, uint32_t number, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++) {
		uint8_t byte = (uint8_t)(i < 4 ? number >> 8 * i : 0);

		g_byte_array_append(out, &byte, 1);
	}
}

/* From below, blue first, rows of whole words; with alpha 32 bits. */
static void
put_rows(GByteArray *out, VipsImage *in)
{
	size_t size;
	uint8_t *p = vips_image_write_to_memory(in, &size);
	int bands = in->Bands;

	must(p != NULL && bands >= 3);
	for (int y = in->Ysize - 1; y >= 0; y--) {
		for (int x = 0; x < in->Xsize; x++) {
			const uint8_t *at = p +
			    ((size_t)y * (size_t)in->Xsize + (size_t)x) *
				(size_t)bands;

			put_number(out,
			    (uint32_t)at[2] | (uint32_t)at[1] << 8 |
				(uint32_t)at[0] << 16 |
				(bands > 3 ? (uint32_t)at[3] << 24 : 0),
			    (unsigned)bands);
		}
		while (bands == 3 && (out->len - 54) % 4 != 0)
			put_number(out, 0, 1);
	}
	g_free(p);
}

static void
put_bitmap(GByteArray *out, VipsImage *in, int height, unsigned header)
{
	put_number(out, header, 4);
	put_number(out, (uint32_t)in->Xsize, 4);
	put_number(out, (uint32_t)height, 4);
	put_number(out, 1, 2);
	put_number(out, (uint32_t)in->Bands * 8, 2);
	put_number(out, header == 40 ? 0 : 3, 4);
	for (int i = 0; i < 5; i++)
		put_number(out, 0, 4);
	if (header == 40)
		return;
	put_number(out, 0xff0000, 4);
	put_number(out, 0xff00, 4);
	put_number(out, 0xff, 4);
	put_number(out, 0xff000000, 4);
}

static struct file
picture_bmp(VipsImage *in)
{
	GByteArray *out = g_byte_array_new();
	unsigned header = in->Bands > 3 ? 56 : 40;

	g_byte_array_append(out, (const uint8_t *)"BM", 2);
	put_number(out, 0, 8);
	put_number(out, 14 + header, 4);
	put_bitmap(out, in, in->Ysize, header);
	put_rows(out, in);

	size_t size = out->len;

	return (struct file){ g_byte_array_free(out, FALSE), size };
}

/* A quarter as wide and high, as a bitmap; and as it is, as PNG. */
static struct file
picture_ico(VipsImage *in)
{
	GByteArray *out = g_byte_array_new();
	GByteArray *bitmap = g_byte_array_new();
	VipsImage *small;
	void *png;
	size_t size;

	must(vips_shrink(in, &small, 4, 4, NULL) == 0);
	must(vips_pngsave_buffer(in, &png, &size, KEEP_NOTHING, NULL) == 0);
	put_bitmap(bitmap, small, 2 * small->Ysize, 40);
	put_rows(bitmap, small);
	put_number(out, 0x10000, 4);
	put_number(out, 2, 2);
	put_number(out, (uint32_t)(small->Xsize & 255), 1);
	put_number(out, (uint32_t)(small->Ysize & 255), 1);
	put_number(out, 0x10000, 4);
	put_number(out, 32, 2);
	put_number(out, bitmap->len, 4);
	put_number(out, 38, 4);
	put_number(out, (uint32_t)(in->Xsize & 255), 1);
	put_number(out, (uint32_t)(in->Ysize & 255), 1);
	put_number(out, 0x10000, 4);
	put_number(out, 32, 2);
	put_number(out, (uint32_t)size, 4);
	put_number(out, 38 + bitmap->len, 4);
	g_byte_array_append(out, bitmap->data, bitmap->len);
	g_byte_array_append(out, png, (unsigned)size);
	g_byte_array_free(bitmap, TRUE);
	g_object_unref(small);
	g_free(png);
	size = out->len;
	return (struct file){ g_byte_array_free(out, FALSE), size };
}

VipsImage *
picture_bare(VipsImage *in)
{
	VipsImage *out = vips_image_copy_memory(in);

	must(out != NULL);
	must(vips_image_remove(out, VIPS_META_ICC_NAME));
	return out;
}

VipsImage *
picture_space(VipsImage *in, VipsInterpretation space)
{
	VipsImage *out;
	VipsImage *one;

	must(vips_colourspace(in, &out, space, NULL) == 0);
	if (in->Bands >= 3)
		return made(out);
	/* Of a grey one three equal channels have come. */
	must(vips_extract_band(out, &one, 0, NULL) == 0);
	one->Type = VIPS_INTERPRETATION_B_W;
	g_object_unref(out);
	return made(one);
}

VipsImage *
picture_coded(VipsImage *in, int bits)
{
	VipsImage *out = bits == PICTURE_PALETTE ? vips_image_copy_memory(in)
						 : picture_grey(in);

	must(out != NULL);
	for (int i = 0; bits > 0 && i < out->Xsize * out->Ysize; i++) {
		int most = (1 << bits) - 1;
		uint8_t *v = (uint8_t *)out->data + i;

		*v = (uint8_t)((*v >> (8 - bits)) * 255 / most);
	}
	vips_image_set_int(out, "golden-bits", bits);
	return out;
}

static int
save_png(VipsImage *in, void **bytes, size_t *size)
{
	int bits;

	if (vips_image_get_typeof(in, "golden-bits") == 0 ||
	    vips_image_get_int(in, "golden-bits", &bits) != 0)
		return vips_pngsave_buffer(
		    in, bytes, size, KEEP_EVERYTHING, NULL);
	if (bits == PICTURE_PALETTE)
		return vips_pngsave_buffer(in, bytes, size, "palette", TRUE,
		    "Q", 100, KEEP_NOTHING, NULL);
	return vips_pngsave_buffer(
	    in, bytes, size, "bitdepth", bits, KEEP_NOTHING, NULL);
}

struct file
picture_file(VipsImage *in, enum format format)
{
	void *bytes = NULL;
	size_t size = 0;
	int failed = -1;

	if (format == FORMAT_BMP)
		return picture_bmp(in);
	if (format == FORMAT_ICO)
		return picture_ico(in);
	if (format == FORMAT_JPEG)
		failed = vips_jpegsave_buffer(in, &bytes, &size, "Q", 95,
		    "subsample_mode", VIPS_FOREIGN_SUBSAMPLE_OFF,
		    KEEP_EVERYTHING, NULL);
	else if (format == FORMAT_PNG)
		failed = save_png(in, &bytes, &size);
	else if (format == FORMAT_WEBP)
		failed = vips_webpsave_buffer(in, &bytes, &size, "Q", 95,
		    "effort", 0, KEEP_EVERYTHING, NULL);
	else if (format == FORMAT_GIF)
		failed = vips_gifsave_buffer(
		    in, &bytes, &size, "effort", 3, KEEP_EVERYTHING, NULL);
	else if (format == FORMAT_AVIF)
		failed =
		    vips_heifsave_buffer(in, &bytes, &size, "Q", 90, "effort",
			0, "compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1,
			"bitdepth", 8, KEEP_NOTHING, NULL);
	else if (format == FORMAT_TIFF)
		failed = vips_tiffsave_buffer(in, &bytes, &size, "compression",
		    VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE, KEEP_EVERYTHING,
		    NULL);
	else if (format == FORMAT_JP2)
		failed = vips_jp2ksave_buffer(
		    in, &bytes, &size, "lossless", TRUE, KEEP_EVERYTHING, NULL);
	else if (format == FORMAT_JXL)
		failed = vips_jxlsave_buffer(in, &bytes, &size, "Q", 95,
		    "effort", 3, KEEP_EVERYTHING, NULL);
	must(failed == 0);
	return (struct file){ bytes, size };
}

void
picture_file_free(struct file *file)
{
	g_free(file->bytes);
	*file = (struct file){ NULL, 0 };
}
