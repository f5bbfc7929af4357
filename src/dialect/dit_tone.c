/* SPDX-License-Identifier: Apache-2.0 */
/* Edits that are one call of a method, as in dit_method.c: tones and channels. */
#include <math.h>

#include "dialect/dit.h"

bool
dit_edit_tint(const json_t *value, struct dit_edits *out, struct err *e)
{
	return dit_arg_colour(
	    dit_call(out, OP_TINT), TINT_COLOUR, value, "tint", e);
}

bool
dit_edit_gamma(const json_t *value, struct dit_edits *out, struct err *e)
{
	struct plan_step *s = dit_call(out, OP_GAMMA);

	return json_is_null(value) ||
	    dit_arg_number(s, GAMMA_GAMMA, value, "gamma", e);
}

/* Only one argument reaches sharp: a factor, and a list lacks its summands. */
bool
dit_edit_linear(const json_t *value, struct dit_edits *out, struct err *e)
{
	struct plan_step *s = dit_call(out, OP_LINEAR);
	scoped_json list = json_array();

	if (json_is_null(value)) {
		out->called[OP_LINEAR] = false;
		return true;
	}
	if (!json_is_number(value))
		return dit_refuse(e, "linear");
	json_array_append_new(list, json_real(json_number_value(value)));
	return dit_arg_list(out, s, LINEAR_A, list, 1, e);
}

bool
dit_edit_negate(const json_t *value, struct dit_edits *out, struct err *e)
{
	const json_t *alpha = json_object_get(value, "alpha");
	union arg on = { .on = json_is_true(alpha) };

	dit_call_if(out, OP_NEGATE, value);
	if (alpha == NULL)
		return true;
	if (!json_is_boolean(alpha))
		return dit_refuse(e, "alpha");
	step_set(&out->call[OP_NEGATE], NEGATE_ALPHA, on);
	return true;
}

/* Any value switches it on. */
bool
dit_edit_normalise(const json_t *value, struct dit_edits *out, struct err *e)
{
	struct plan_step *s = dit_call(out, OP_NORMALISE);

	if (!dit_arg(s, NORMALISE_LOWER, value, "lower", e) ||
	    !dit_arg(s, NORMALISE_UPPER, value, "upper", e))
		return false;
	return step_get(s, NORMALISE_LOWER).num <
	    step_get(s, NORMALISE_UPPER).num ||
	    dit_refuse(e, "normalise");
}

bool
dit_edit_clahe(const json_t *value, struct dit_edits *out, struct err *e)
{
	struct plan_step *s = dit_call(out, OP_CLAHE);

	if (dit_member(value, "width") == NULL ||
	    dit_member(value, "height") == NULL)
		return dit_refuse(e, "clahe");
	return dit_arg(s, CLAHE_WIDTH, value, "width", e) &&
	    dit_arg(s, CLAHE_HEIGHT, value, "height", e) &&
	    dit_arg(s, CLAHE_SLOPE, value, "maxSlope", e);
}

/* 0 and false are off. */
bool
dit_edit_threshold(const json_t *value, struct dit_edits *out, struct err *e)
{
	struct plan_step *s = dit_call(out, OP_THRESHOLD);
	int64_t zero;

	if (json_is_true(value) || json_is_null(value))
		return true;
	if (json_is_false(value) || dit_whole(value, 0, 0, &zero)) {
		out->called[OP_THRESHOLD] = false;
		return true;
	}
	return dit_arg_number(s, THRESHOLD_THRESHOLD, value, "threshold", e);
}

/* Three rows or four, 9 numbers or 16, whatever row they stand in. */
bool
dit_edit_recomb(const json_t *value, struct dit_edits *out, struct err *e)
{
	struct plan_step *s = dit_call(out, OP_RECOMB);
	size_t rows = json_array_size(value);
	scoped_json flat = json_array();

	if (rows != 3 && rows != 4)
		return dit_refuse(e, "recomb");
	for (size_t i = 0; i < rows; i++) {
		const json_t *row = json_array_get(value, i);

		for (size_t k = 0; k < json_array_size(row); k++) {
			double number;

			if (!dit_number(json_array_get(row, k), &number))
				return dit_refuse(e, "recomb");
			json_array_append_new(flat, json_real(number));
		}
	}
	if (json_array_size(flat) != 9 && json_array_size(flat) != 16)
		return dit_refuse(e, "recomb");
	return dit_arg_list(out, s, RECOMB_MATRIX, flat, 16, e);
}

bool
dit_edit_modulate(const json_t *value, struct dit_edits *out, struct err *e)
{
	static const struct {
		const char *name;
		unsigned arg;
	} parts[] = {
		{ "brightness", MODULATE_BRIGHTNESS },
		{ "saturation", MODULATE_SATURATION },
		{ "lightness", MODULATE_LIGHTNESS },
	};
	struct plan_step *s = dit_call(out, OP_MODULATE);
	const json_t *hue = json_object_get(value, "hue");
	union arg turn;

	if (!json_is_object(value))
		return dit_refuse(e, "modulate");
	for (size_t i = 0; i < NELEM(parts); i++) {
		const json_t *part = json_object_get(value, parts[i].name);

		/* Here null is a value, and no number. */
		if (part != NULL &&
		    !dit_arg_number(s, parts[i].arg, part, parts[i].name, e))
			return false;
	}
	if (hue == NULL)
		return true;
	if (!dit_whole(hue, -(INT64_C(1) << 53), INT64_C(1) << 53, &turn.whole))
		return dit_refuse(e, "hue");
	turn.whole %= 360;
	step_set(s, MODULATE_HUE, turn);
	return true;
}

/* ---- Channels ---- */

bool
dit_edit_remove_alpha(const json_t *value, struct dit_edits *out, struct err *e)
{
	(void)value;
	(void)e;
	dit_call(out, OP_REMOVE_ALPHA);
	return true;
}

bool
dit_edit_ensure_alpha(const json_t *value, struct dit_edits *out, struct err *e)
{
	struct plan_step *s = dit_call(out, OP_ENSURE_ALPHA);

	return json_is_null(value) ||
	    dit_arg_number(s, ENSURE_ALPHA_ALPHA, value, "ensureAlpha", e);
}

/* By name, or by number, and the fifth is one that no image here has. */
bool
dit_edit_extract_channel(
    const json_t *value, struct dit_edits *out, struct err *e)
{
	struct plan_step *s = dit_call(out, OP_EXTRACT_CHANNEL);
	union arg channel;
	int64_t number;

	if (dit_whole(value, 0, 3, &number)) {
		channel.pick = CHANNEL_0 + number;
		step_set(s, EXTRACT_CHANNEL_CHANNEL, channel);
		return true;
	}
	if (!json_is_string(value) || strlen(json_string_value(value)) < 2)
		return dit_refuse(e, "extractChannel");
	return dit_arg_word(
	    s, EXTRACT_CHANNEL_CHANNEL, value, "extractChannel", e);
}

bool
dit_edit_bandbool(const json_t *value, struct dit_edits *out, struct err *e)
{
	return json_is_string(value)
	    ? dit_arg_word(dit_call(out, OP_BANDBOOL), BANDBOOL_OPERATOR, value,
		  "bandbool", e)
	    : dit_refuse(e, "bandbool");
}

/*
 * The result is sRGB of 8 bits whatever is asked for, so that of all spaces
 * grey alone shows.
 */
bool
dit_edit_colourspace(const json_t *value, struct dit_edits *out, struct err *e)
{
	union arg grey = { .pick = COLOURSPACE_BW };

	if (!json_is_string(value))
		return dit_refuse(e, "toColourspace");
	out->called[OP_COLOURSPACE] = false;
	if (strcmp(json_string_value(value), "b-w") == 0)
		step_set(
		    dit_call(out, OP_COLOURSPACE), COLOURSPACE_SPACE, grey);
	return true;
}

/*
 * The space in which sharp works: ours is sRGB, as deep as the image is.
 */
bool
dit_edit_pipeline(const json_t *value, struct dit_edits *out, struct err *e)
{
	(void)out;
	return json_is_string(value) || dit_refuse(e, "pipelineColourspace");
}

/*
 * boolean needs two arguments and gets one; joinChannel takes paths of files on
 * the server, and there is nothing that may be read so.
 */
bool
dit_edit_never(const json_t *value, struct dit_edits *out, struct err *e)
{
	(void)value;
	(void)out;
	return dit_refuse(e, "boolean");
}
