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
#define BIND_ROTATE                                              \
	{                                                        \
		op_rotate, op_rotate_want, op_rotate_turn, false \
	}
#define BIND_FLIP                    \
	{                            \
		.turn = op_flip_turn \
	}
#define BIND_FLOP                    \
	{                            \
		.turn = op_flop_turn \
	}
#define BIND_TRIM                                  \
	{                                          \
		op_trim, op_trim_want, NULL, false \
	}
#define BIND_EXTRACT                                     \
	{                                                \
		op_extract, op_extract_want, NULL, false \
	}
#define BIND_RESIZE                                    \
	{                                              \
		op_resize, op_resize_want, NULL, false \
	}
#define BIND_FLATTEN                                    \
	{                                               \
		op_flatten, op_flatten_want, NULL, true \
	}
#define BIND_GRAYSCALE                                      \
	{                                                   \
		op_grayscale, op_grayscale_want, NULL, true \
	}
#define BIND_AFFINE                                    \
	{                                              \
		op_affine, op_affine_want, NULL, false \
	}
#define BIND_EXTEND                                    \
	{                                              \
		op_extend, op_extend_want, NULL, false \
	}
#define BIND_MEDIAN                                    \
	{                                              \
		op_median, op_median_want, NULL, false \
	}
#define BIND_DILATE                          \
	{                                    \
		op_dilate, NULL, NULL, false \
	}
#define BIND_ERODE                          \
	{                                   \
		op_erode, NULL, NULL, false \
	}
#define BIND_BLUR                          \
	{                                  \
		op_blur, NULL, NULL, false \
	}
#define BIND_UNFLATTEN                                      \
	{                                                   \
		op_unflatten, op_unflatten_want, NULL, true \
	}
#define BIND_CONVOLVE                          \
	{                                      \
		op_convolve, NULL, NULL, false \
	}
#define BIND_SHARPEN                          \
	{                                     \
		op_sharpen, NULL, NULL, false \
	}
#define BIND_PIXELATE                                      \
	{                                                  \
		op_pixelate, op_pixelate_want, NULL, false \
	}
#define BIND_ROUND                                   \
	{                                            \
		op_round, op_round_want, NULL, false \
	}

#define BIND_THRESHOLD                          \
	{                                       \
		op_threshold, NULL, NULL, false \
	}
#define BIND_RECOMB                                    \
	{                                              \
		op_recomb, op_recomb_want, NULL, false \
	}
#define BIND_MODULATE                                      \
	{                                                  \
		op_modulate, op_modulate_want, NULL, false \
	}
#define BIND_GAMMA                                                   \
	{                                                            \
		.apply = op_gamma, .want = op_gamma_want,            \
		.ahead = op_gamma_ahead, .between = op_gamma_between \
	}
#define BIND_LINEAR                                    \
	{                                              \
		op_linear, op_linear_want, NULL, false \
	}
#define BIND_NORMALISE                          \
	{                                       \
		op_normalise, NULL, NULL, false \
	}
#define BIND_CLAHE                          \
	{                                   \
		op_clahe, NULL, NULL, false \
	}
#define BIND_BOOLEAN                                     \
	{                                                \
		op_boolean, op_boolean_want, NULL, false \
	}
#define BIND_BANDBOOL                                      \
	{                                                  \
		op_bandbool, op_bandbool_want, NULL, false \
	}
#define BIND_TINT                                  \
	{                                          \
		op_tint, op_tint_want, NULL, false \
	}
#define BIND_REMOVE_ALPHA                                          \
	{                                                          \
		op_remove_alpha, op_remove_alpha_want, NULL, false \
	}
#define BIND_ENSURE_ALPHA                                          \
	{                                                          \
		op_ensure_alpha, op_ensure_alpha_want, NULL, false \
	}
#define BIND_EXTRACT_CHANNEL                                             \
	{                                                                \
		op_extract_channel, op_extract_channel_want, NULL, false \
	}
#define BIND_COLOURSPACE                                         \
	{                                                        \
		op_colourspace, op_colourspace_want, NULL, false \
	}
#define BIND_NEGATE                          \
	{                                    \
		op_negate, NULL, NULL, false \
	}
#define BIND_SMARTCROP                                       \
	{                                                    \
		op_smartcrop, op_smartcrop_want, NULL, false \
	}
#define BIND_COMPOSITE                                       \
	{                                                    \
		op_composite, op_composite_want, NULL, false \
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
