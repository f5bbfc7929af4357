/* SPDX-License-Identifier: Apache-2.0 */
/* TIFF. */
#include <math.h>

#include "image/format.h"
#include "image/table.h"

enum { TIFF_TILE = 256, TIFF_LEVEL = 6, ZSTD_LEVEL = 9 };

/*
 * Greys of floating point are linear light and 1 is white, as colours of
 * floating point are (Adobe's TIFF Technical Note 3). libvips takes only the
 * colours for that, and greys for numbers up to 255.
 */
static int
tiff_linear(VipsImage *in, VipsImage **out)
{
	VipsImage *same[3] = { in, in, in };
	VipsImage *joined = NULL;
	VipsImage *linear = NULL;
	int failed = vips_bandjoin(same, &joined, 3, NULL);

	if (failed == 0)
		failed = vips_copy(joined, &linear, "interpretation",
		    VIPS_INTERPRETATION_scRGB, NULL);
	if (failed == 0)
		failed = vips_colourspace(
		    linear, out, VIPS_INTERPRETATION_GREY16, NULL);
	g_clear_object(&joined);
	g_clear_object(&linear);
	return failed;
}

/*
 * libvips hands on numbers of other kinds than 8 and 16 bits as they are, and
 * everybody takes them for ones up to 255. Of 32 bits without a sign white (of
 * inks: all of it) is the largest (TIFF 6.0, PhotometricInterpretation): the
 * upper 16 are kept. Of numbers with a sign the standard says nothing: those
 * below 0 are black, and 255 is white, as sharp has it.
 */
static int
tiff_whole(VipsImage *in, VipsImage **out)
{
	bool wide = in->BandFmt == VIPS_FORMAT_UINT;
	bool grey = in->Bands < 3;
	VipsInterpretation space = in->Type;
	VipsImage *high = NULL;
	VipsImage *cast = NULL;
	int failed = wide ? vips_rshift_const1(in, &high, 16, NULL)
			  : vips_copy(in, &high, NULL);

	if (space != VIPS_INTERPRETATION_CMYK && wide)
		space = grey ? VIPS_INTERPRETATION_GREY16
			     : VIPS_INTERPRETATION_RGB16;
	else if (space != VIPS_INTERPRETATION_CMYK)
		space =
		    grey ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
	if (failed == 0)
		failed = vips_cast(high, &cast,
		    wide ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR, NULL);
	if (failed == 0)
		failed = vips_copy(cast, out, "interpretation", space, NULL);
	g_clear_object(&high);
	g_clear_object(&cast);
	return failed;
}

/* Colours, greys or inks of whole numbers that are no ordinary ones. */
static bool
tiff_is_whole(const VipsImage *in)
{
	return vips_band_format_isint(in->BandFmt) &&
	    in->BandFmt != VIPS_FORMAT_UCHAR &&
	    in->BandFmt != VIPS_FORMAT_USHORT &&
	    (in->Type == VIPS_INTERPRETATION_B_W ||
		in->Type == VIPS_INTERPRETATION_GREY16 ||
		in->Type == VIPS_INTERPRETATION_sRGB ||
		in->Type == VIPS_INTERPRETATION_RGB16 ||
		in->Type == VIPS_INTERPRETATION_CMYK);
}

int
format_tiff_load(const struct load_spec *spec, VipsImage **out)
{
	VipsImage *in = NULL;
	int failed = vips_tiffload_buffer(format_bytes(spec), spec->size, &in,
	    "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", spec->fail_on, "page",
	    spec->page, "n", 1, NULL);

	if (failed == 0 && in->Bands == 1 &&
	    in->Type == VIPS_INTERPRETATION_B_W &&
	    vips_band_format_isfloat(in->BandFmt))
		failed = tiff_linear(in, out);
	else if (failed == 0 && tiff_is_whole(in))
		failed = tiff_whole(in, out);
	/* Lab of 8 bits, packed into four bytes: the last is no alpha. */
	else if (failed == 0 && in->Coding == VIPS_CODING_LABQ)
		failed = vips_LabQ2LabS(in, out, NULL);
	else if (failed == 0)
		*out = g_object_ref(in);
	g_clear_object(&in);
	return failed;
}

static VipsForeignTiffCompression
tiff_compression(VipsImage *in, const struct save_spec *spec)
{
	static const VipsForeignTiffCompression compression[TIFF_COUNT] = {
		[TIFF_NONE] = VIPS_FOREIGN_TIFF_COMPRESSION_NONE,
		[TIFF_JPEG] = VIPS_FOREIGN_TIFF_COMPRESSION_JPEG,
		[TIFF_DEFLATE] = VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE,
		[TIFF_PACKBITS] = VIPS_FOREIGN_TIFF_COMPRESSION_PACKBITS,
		[TIFF_CCITTFAX4] = VIPS_FOREIGN_TIFF_COMPRESSION_CCITTFAX4,
		[TIFF_LZW] = VIPS_FOREIGN_TIFF_COMPRESSION_LZW,
		[TIFF_WEBP] = VIPS_FOREIGN_TIFF_COMPRESSION_WEBP,
		[TIFF_ZSTD] = VIPS_FOREIGN_TIFF_COMPRESSION_ZSTD,
		[TIFF_JP2K] = VIPS_FOREIGN_TIFF_COMPRESSION_JP2K,
	};

	/* JPEG has 8 bits and no alpha; sharp drops the alpha all the same. */
	if (!format_has(spec, OUT_COMPRESSION) &&
	    (spec->lossless || in->BandFmt == VIPS_FORMAT_USHORT ||
		(vips_image_hasalpha(in) &&
		    format_out(spec, OUT_SCALE).pick == SCALE_COMMON)))
		return VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE;
	return compression[format_out(spec, OUT_COMPRESSION).pick];
}

/* Differences are of whole bytes. */
static VipsForeignTiffPredictor
tiff_predictor(const struct save_spec *spec, int depth)
{
	static const VipsForeignTiffPredictor predictor[PREDICTOR_COUNT] = {
		[PREDICTOR_NONE] = VIPS_FOREIGN_TIFF_PREDICTOR_NONE,
		[PREDICTOR_HORIZONTAL] = VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL,
		/* Is for samples of floating point, which there are none of. */
		[PREDICTOR_FLOAT] = VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL,
	};

	if (depth > 0)
		return VIPS_FOREIGN_TIFF_PREDICTOR_NONE;
	return predictor[format_out(spec, OUT_PREDICTOR).pick];
}

/* 0: 8; fewer bits are for grey only. */
static int
tiff_depth(const struct save_spec *spec, VipsForeignTiffCompression compression)
{
	int64_t depth = format_out(spec, OUT_BITDEPTH).whole;

	if (compression == VIPS_FOREIGN_TIFF_COMPRESSION_CCITTFAX4)
		return 1;
	if (!format_has(spec, OUT_BITDEPTH) || depth >= 8)
		return 0;
	return depth >= 4 ? 4 : depth >= 2 ? 2 : 1;
}

static int
tiff_tile(const struct save_spec *spec, enum out side)
{
	return format_has(spec, side) ? (int)format_out(spec, side).whole
				      : TIFF_TILE;
}

static int
tiff_write(VipsImage *in, const struct save_spec *spec,
    VipsForeignTiffCompression compression, void **bytes, size_t *size)
{
	int depth = tiff_depth(spec, compression);
	bool inch =
	    format_out(spec, OUT_RESOLUTION_UNIT).pick == RESOLUTION_INCH;
	/* JPEG 2000 is there in tiles only. */
	bool tiled = format_on(spec, OUT_TILE) ||
	    compression == VIPS_FOREIGN_TIFF_COMPRESSION_JP2K;
	double xres = format_has(spec, OUT_XRES)
	    ? format_out(spec, OUT_XRES).num
	    : fmax(in->Xres, 0.001);
	double yres = format_has(spec, OUT_YRES)
	    ? format_out(spec, OUT_YRES).num
	    : fmax(in->Yres, 0.001);

	return vips_tiffsave_buffer(in, bytes, size, "compression", compression,
	    "Q", spec->quality, "predictor", tiff_predictor(spec, depth),
	    "tile", (gboolean)tiled, "tile_width",
	    tiff_tile(spec, OUT_TILE_WIDTH), "tile_height",
	    tiff_tile(spec, OUT_TILE_HEIGHT), "pyramid",
	    format_on(spec, OUT_PYRAMID), "bitdepth", depth, "miniswhite",
	    format_on(spec, OUT_MINISWHITE), "bigtiff",
	    format_on(spec, OUT_BIGTIFF), "xres", xres, "yres", yres, "resunit",
	    inch ? VIPS_FOREIGN_TIFF_RESUNIT_INCH
		 : VIPS_FOREIGN_TIFF_RESUNIT_CM,
	    "lossless", (gboolean)spec->lossless, "level",
	    compression == VIPS_FOREIGN_TIFF_COMPRESSION_ZSTD ? ZSTD_LEVEL
							      : TIFF_LEVEL,
	    FORMAT_KEEP(spec), NULL);
}

static int
tiff_colours(VipsImage *in, const struct save_spec *spec,
    VipsForeignTiffCompression compression, void **bytes, size_t *size)
{
	VipsImage *rgb = NULL;
	int failed = vips_colourspace(in, &rgb, VIPS_INTERPRETATION_sRGB, NULL);

	if (failed == 0)
		failed = tiff_write(rgb, spec, compression, bytes, size);
	g_clear_object(&rgb);
	return failed;
}

static int
tiff_save(
    VipsImage *in, const struct save_spec *spec, void **bytes, size_t *size)
{
	VipsForeignTiffCompression compression = tiff_compression(in, spec);
	VipsImage *grey = NULL;
	VipsImage *bare = NULL;
	int failed;

	if (tiff_depth(spec, compression) == 0) {
		/* libwebp has colours always. */
		if (compression == VIPS_FOREIGN_TIFF_COMPRESSION_WEBP)
			return tiff_colours(in, spec, compression, bytes, size);
		return tiff_write(in, spec, compression, bytes, size);
	}
	/*
	 * The few bits have neither colours nor alpha, and these compressions
	 * know whole bytes only: libvips fails at them, or dies of a pyramid.
	 */
	if (compression == VIPS_FOREIGN_TIFF_COMPRESSION_WEBP ||
	    compression == VIPS_FOREIGN_TIFF_COMPRESSION_JP2K)
		compression = VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE;
	failed = vips_colourspace(in, &grey, VIPS_INTERPRETATION_B_W, NULL);
	if (failed == 0)
		failed = vips_extract_band(grey, &bare, 0, NULL);
	if (failed == 0)
		failed = tiff_write(bare, spec, compression, bytes, size);
	g_clear_object(&grey);
	g_clear_object(&bare);
	return failed;
}

/*
 * libvips dies of a pyramid that is not written to its end: so all pixels are
 * there, and nothing can go wrong with them, before it is begun.
 */
int
format_tiff_save(
    VipsImage *in, const struct save_spec *spec, void **bytes, size_t *size)
{
	VipsImage *read = NULL;
	int failed;

	if (!format_on(spec, OUT_PYRAMID))
		return tiff_save(in, spec, bytes, size);
	read = vips_image_copy_memory(in);
	failed = read == NULL ? -1 : tiff_save(read, spec, bytes, size);
	g_clear_object(&read);
	return failed;
}
