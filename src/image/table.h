/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Binds the rows of plan/op.def and plan/format.def to the code that does
 * them. A row without its file does not link.
 */
#pragma once

#include "image/format.h"
#include "image/op.h"

/* What a step is: a pure turn where turn is set, else apply. */
struct op_bind {
	op_apply_f *apply; /* NULL: always a pure turn */
	op_want_f *want;   /* NULL: the size stays */
	op_turn_f *turn;   /* NULL: never a pure turn */
	/*
	 * Each pixel becomes one by itself: so it may stand before a turn, or
	 * before a resize of an image that was shrunk on load.
	 */
	bool pointwise;
	/*
	 * The half of the step that is done ahead of the resize before it; NULL:
	 * there is none. It is pointwise, and the loader must not shrink for it.
	 * between: what ctx->gamma is from there to the step.
	 */
	op_apply_f *ahead;
	double (*between)(const struct plan_step *s);
};

const struct op_bind *table_op(enum op op);

struct format_bind {
	format_load_f *load;
	format_save_f *save;   /* NULL: read only */
	const char *loader[2]; /* classes to unblock; [1]: of sources;
				       NULL: a reader of our own */
	const char *saver;     /* its nickname */
	bool streams;          /* can be read as it arrives */
};

const struct format_bind *table_format(enum format format);

/* libvips takes bytes as void *, and only reads them. */
static inline void *
format_bytes(const struct load_spec *spec)
{
	return (void *)(uintptr_t)spec->data;
}

op_turn_f op_autoorient_turn;
op_apply_f op_rotate;
op_want_f op_rotate_want;
op_turn_f op_rotate_turn;
op_turn_f op_flip_turn;
op_turn_f op_flop_turn;
op_apply_f op_trim;
op_want_f op_trim_want;
op_apply_f op_extract;
op_want_f op_extract_want;
op_apply_f op_resize;
op_want_f op_resize_want;
op_apply_f op_flatten;
op_want_f op_flatten_want;
op_apply_f op_grayscale;
op_want_f op_grayscale_want;
op_apply_f op_affine;
op_want_f op_affine_want;
op_apply_f op_extend;
op_want_f op_extend_want;
op_apply_f op_median;
op_want_f op_median_want;
op_apply_f op_dilate;
op_apply_f op_erode;
op_apply_f op_blur;
op_apply_f op_unflatten;
op_want_f op_unflatten_want;
op_apply_f op_convolve;
op_apply_f op_sharpen;
op_apply_f op_pixelate;
op_want_f op_pixelate_want;
op_apply_f op_round;
op_want_f op_round_want;
op_apply_f op_threshold;
op_apply_f op_recomb;
op_want_f op_recomb_want;
op_apply_f op_modulate;
op_want_f op_modulate_want;
op_apply_f op_gamma;
op_want_f op_gamma_want;
op_apply_f op_gamma_ahead;
double op_gamma_between(const struct plan_step *s);
op_apply_f op_linear;
op_want_f op_linear_want;
op_apply_f op_normalise;
op_apply_f op_clahe;
op_apply_f op_boolean;
op_want_f op_boolean_want;
op_apply_f op_bandbool;
op_want_f op_bandbool_want;
op_apply_f op_tint;
op_want_f op_tint_want;
op_apply_f op_remove_alpha;
op_want_f op_remove_alpha_want;
op_apply_f op_ensure_alpha;
op_want_f op_ensure_alpha_want;
op_apply_f op_extract_channel;
op_want_f op_extract_channel_want;
op_apply_f op_colourspace;
op_want_f op_colourspace_want;
op_apply_f op_negate;
op_apply_f op_smartcrop;
op_want_f op_smartcrop_want;
op_apply_f op_composite;
op_want_f op_composite_want;

format_load_f format_jpeg_load;
format_save_f format_jpeg_save;
format_load_f format_png_load;
format_save_f format_png_save;
format_load_f format_webp_load;
format_save_f format_webp_save;
format_load_f format_avif_load;
format_save_f format_avif_save;
format_load_f format_gif_load;
format_save_f format_gif_save;
format_load_f format_heic_load;
format_load_f format_tiff_load;
format_save_f format_tiff_save;
format_load_f format_jp2_load;
format_save_f format_jp2_save;
format_load_f format_jxl_load;
format_save_f format_jxl_save;
format_load_f format_svg_load;
format_load_f format_pdf_load;
format_load_f format_bmp_load;
format_load_f format_ico_load;
format_save_f format_raw_save;
