/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations and formats: which code belongs to which row. The arrays are made
 * from the .def files, so a new row there does not compile without a BIND here.
 */
#include "image/table.h"

#include <assert.h>

#define BIND_AUTOORIENT                    \
	{                                  \
		.turn = op_autoorient_turn \
	}
#define BIND_ROTATE                                         \
	{                                                   \
		.apply = op_rotate, .want = op_rotate_want, \
		.turn = op_rotate_turn                      \
	}
#define BIND_FLIP                    \
	{                            \
		.turn = op_flip_turn \
	}
#define BIND_FLOP                    \
	{                            \
		.turn = op_flop_turn \
	}
#define BIND_TRIM                                      \
	{                                              \
		.apply = op_trim, .want = op_trim_want \
	}
#define BIND_EXTRACT                                         \
	{                                                    \
		.apply = op_extract, .want = op_extract_want \
	}
#define BIND_RESIZE                                        \
	{                                                  \
		.apply = op_resize, .want = op_resize_want \
	}
#define BIND_FLATTEN                                          \
	{                                                     \
		.apply = op_flatten, .want = op_flatten_want, \
		.pointwise = true                             \
	}
#define BIND_GRAYSCALE                                            \
	{                                                         \
		.apply = op_grayscale, .want = op_grayscale_want, \
		.pointwise = true                                 \
	}
#define BIND_AFFINE                                        \
	{                                                  \
		.apply = op_affine, .want = op_affine_want \
	}
#define BIND_EXTEND                                        \
	{                                                  \
		.apply = op_extend, .want = op_extend_want \
	}
#define BIND_MEDIAN                                        \
	{                                                  \
		.apply = op_median, .want = op_median_want \
	}
#define BIND_DILATE                \
	{                          \
		.apply = op_dilate \
	}
#define BIND_ERODE                \
	{                         \
		.apply = op_erode \
	}
#define BIND_BLUR                \
	{                        \
		.apply = op_blur \
	}
#define BIND_UNFLATTEN                                            \
	{                                                         \
		.apply = op_unflatten, .want = op_unflatten_want, \
		.pointwise = true                                 \
	}
#define BIND_CONVOLVE                \
	{                            \
		.apply = op_convolve \
	}
#define BIND_SHARPEN                \
	{                           \
		.apply = op_sharpen \
	}
#define BIND_PIXELATE                                          \
	{                                                      \
		.apply = op_pixelate, .want = op_pixelate_want \
	}
#define BIND_ROUND                                       \
	{                                                \
		.apply = op_round, .want = op_round_want \
	}

#define BIND_THRESHOLD                \
	{                             \
		.apply = op_threshold \
	}
#define BIND_RECOMB                                        \
	{                                                  \
		.apply = op_recomb, .want = op_recomb_want \
	}
#define BIND_MODULATE                                          \
	{                                                      \
		.apply = op_modulate, .want = op_modulate_want \
	}
#define BIND_GAMMA                                                   \
	{                                                            \
		.apply = op_gamma, .want = op_gamma_want,            \
		.ahead = op_gamma_ahead, .between = op_gamma_between \
	}
#define BIND_LINEAR                                        \
	{                                                  \
		.apply = op_linear, .want = op_linear_want \
	}
#define BIND_NORMALISE                \
	{                             \
		.apply = op_normalise \
	}
#define BIND_CLAHE                \
	{                         \
		.apply = op_clahe \
	}
#define BIND_BOOLEAN                                         \
	{                                                    \
		.apply = op_boolean, .want = op_boolean_want \
	}
#define BIND_BANDBOOL                                          \
	{                                                      \
		.apply = op_bandbool, .want = op_bandbool_want \
	}
#define BIND_TINT                                      \
	{                                              \
		.apply = op_tint, .want = op_tint_want \
	}
#define BIND_REMOVE_ALPHA                                              \
	{                                                              \
		.apply = op_remove_alpha, .want = op_remove_alpha_want \
	}
#define BIND_ENSURE_ALPHA                                              \
	{                                                              \
		.apply = op_ensure_alpha, .want = op_ensure_alpha_want \
	}
#define BIND_EXTRACT_CHANNEL                                                 \
	{                                                                    \
		.apply = op_extract_channel, .want = op_extract_channel_want \
	}
#define BIND_COLOURSPACE                                             \
	{                                                            \
		.apply = op_colourspace, .want = op_colourspace_want \
	}
#define BIND_NEGATE                \
	{                          \
		.apply = op_negate \
	}
#define BIND_SMARTCROP                                           \
	{                                                        \
		.apply = op_smartcrop, .want = op_smartcrop_want \
	}
#define BIND_COMPOSITE                                           \
	{                                                        \
		.apply = op_composite, .want = op_composite_want \
	}

#define CHOICES(list)
#define CHOICE(list, id, word)
#define CHOICES_END(list)
#define OP(id, name, phase, text, example) [OP_##id] = BIND_##id,
#define ARG(op, id, name, type, min, max, def, unit, list, text)
#define OP_END(op)

static const struct op_bind ops[OP_COUNT] = {
#include "plan/op.def"
};

#define BIND_SAME \
	{         \
		0 \
	}
#define BIND_AUTO BIND_SAME
#define BIND_JPEG                                          \
	{                                                  \
		format_jpeg_load, format_jpeg_save,        \
		    { "VipsForeignLoadJpegBuffer",         \
			    "VipsForeignLoadJpegSource" }, \
		    "jpegsave_buffer", true                \
	}
#define BIND_PNG                                          \
	{                                                 \
		format_png_load, format_png_save,         \
		    { "VipsForeignLoadPngBuffer",         \
			    "VipsForeignLoadPngSource" }, \
		    "pngsave_buffer", true                \
	}
#define BIND_WEBP                                                             \
	{                                                                     \
		format_webp_load, format_webp_save,                           \
		    { "VipsForeignLoadWebpBuffer" }, "webpsave_buffer", false \
	}
#define BIND_AVIF                                                             \
	{                                                                     \
		format_avif_load, format_avif_save,                           \
		    { "VipsForeignLoadHeifBuffer" }, "heifsave_buffer", false \
	}
#define BIND_GIF                                                              \
	{                                                                     \
		format_gif_load, format_gif_save,                             \
		    { "VipsForeignLoadNsgifBuffer" }, "gifsave_buffer", false \
	}
/* Written by info.c. */
#define BIND_INFO BIND_SAME
#define BIND_HEIC                                                              \
	{                                                                      \
		format_heic_load, NULL, { "VipsForeignLoadHeifBuffer" }, NULL, \
		    false                                                      \
	}

#define BIND_TIFF                                                             \
	{                                                                     \
		format_tiff_load, format_tiff_save,                           \
		    { "VipsForeignLoadTiffBuffer" }, "tiffsave_buffer", false \
	}
#define BIND_JP2                                                              \
	{                                                                     \
		format_jp2_load, format_jp2_save,                             \
		    { "VipsForeignLoadJp2kBuffer" }, "jp2ksave_buffer", false \
	}
#define BIND_JXL                                                            \
	{                                                                   \
		format_jxl_load, format_jxl_save,                           \
		    { "VipsForeignLoadJxlBuffer" }, "jxlsave_buffer", false \
	}
#define BIND_SVG                                                             \
	{                                                                    \
		format_svg_load, NULL, { "VipsForeignLoadSvgBuffer" }, NULL, \
		    false                                                    \
	}
#define BIND_PDF                                                             \
	{                                                                    \
		format_pdf_load, NULL, { "VipsForeignLoadPdfBuffer" }, NULL, \
		    false                                                    \
	}
#define BIND_BMP                                             \
	{                                                    \
		format_bmp_load, NULL, { NULL }, NULL, false \
	}
#define BIND_ICO                                                             \
	{                                                                    \
		format_ico_load, NULL, { "VipsForeignLoadPngBuffer" }, NULL, \
		    false                                                    \
	}
#define BIND_RAW                                                  \
	{                                                         \
		NULL, format_raw_save, { NULL }, "rawsave", false \
	}

#define FORMAT(id, name, media, ext, flags, side, text) \
	[FORMAT_##id] = BIND_##id,
#define OUT(id, name, type, min, max, def, unit, list, text)

static const struct format_bind formats[FORMAT_COUNT] = {
#include "plan/format.def"
};

const struct op_bind *
table_op(enum op op)
{
	assert(op < OP_COUNT);
	return &ops[op];
}

const struct format_bind *
table_format(enum format format)
{
	assert(format >= FORMAT_FIRST && format < FORMAT_COUNT);
	return &formats[format];
}
