/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The edits object: one handler for each edit, in the order in which the edits
 * stand. Each checks its value as sharp does, since a value that sharp refuses
 * is an error of the language and not a default. Here are the edits whose place
 * among the others counts; those that are one call of one method are in
 * dit_method.c.
 *
 * Deviation: DIT looks for the original before it looks at most edits, so that
 * a missing image wins over a bad edit. Here a bad edit is seen first: parsing
 * asks no store.
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "dialect/dit.h"

bool
dit_turns(const struct dit_edits *d)
{
	return d->orient || d->angle > 0;
}

/* ---- Areas ---- */

static bool
read_area(const json_t *value, struct dit_area *area)
{
	static const char *const names[] = { "left", "top", "width", "height" };
	int64_t n = 0;

	for (size_t i = 0; i < NELEM(names); i++) {
		/* As far as a double counts in ones; no image is so large. */
		if (!dit_whole(json_object_get(value, names[i]), 0,
			INT64_C(1) << 53, &n))
			return false;
		area->side[i] = (int32_t)(n < INT32_MAX ? n : INT32_MAX);
	}
	area->given = true;
	return true;
}

/* Before the resize if that was not asked for yet and nothing else was cut. */
static bool
take_area(struct dit_edits *out, const struct dit_area *area, struct err *e)
{
	if (area->side[2] == 0 || area->side[3] == 0 ||
	    area->side[0] > 100000 || area->side[1] > 100000 ||
	    area->side[2] > 100000 || area->side[3] > 100000)
		return dit_refuse(e, "extract");
	if (out->sized || out->before.given)
		out->after = *area;
	else
		out->before = *area;
	if (dit_turns(out) && !out->sized &&
	    (!out->before.given || !out->after.given))
		out->turn_first = true;
	return true;
}

static bool
edit_extract(const json_t *value, struct dit_edits *out, struct err *e)
{
	struct dit_area area = { .given = false };

	if (!read_area(value, &area))
		return dit_refuse(e, "extract");
	return take_area(out, &area, e);
}

static bool
edit_crop(const json_t *value, struct dit_edits *out, struct err *e)
{
	struct dit_area area = { .given = false };

	if (!read_area(value, &area))
		return dit_fail(e, ERR_BAD_VALUE, DIT_CROP, "crop", NULL);
	return take_area(out, &area, e);
}

/* ---- The others ---- */

static bool
edit_rotate(const json_t *value, struct dit_edits *out, struct err *e)
{
	double angle = json_number_value(value);

	if (json_is_null(value)) {
		out->strip = true;
		return true;
	}
	/*
	 * Where sharp's rotate() gets nothing at all, which JSON cannot say:
	 * the filter rotate() of a path. DIT refuses any text.
	 */
	out->orient = json_is_string(value) &&
	    strcmp(json_string_value(value), "auto") == 0;
	if (!json_is_number(value) && !out->orient)
		return dit_refuse(e, "rotate");
	angle = fmod(angle, 360);
	out->angle = angle < 0 ? angle + 360 : angle;
	return true;
}

static bool
edit_animated(const json_t *value, struct dit_edits *out, struct err *e)
{
	(void)e;
	/* null counts as not said. */
	out->animated_given = !json_is_null(value);
	out->animated = dit_truthy(value);
	return true;
}

static bool
edit_to_format(const json_t *value, struct dit_edits *out, struct err *e)
{
	if (!dit_format_read(value, true, &out->to, e))
		return false;
	out->to_given = true;
	out->to_type = dit_format_type(value);
	return true;
}

/* ---- The table ---- */

static const struct {
	const char *name;
	dit_edit_f *read;
} edits_known[] = {
	{ "affine", dit_edit_affine },
	{ "animated", edit_animated },
	{ "bandbool", dit_edit_bandbool },
	{ "blur", dit_edit_blur },
	{ "boolean", dit_edit_never },
	{ "clahe", dit_edit_clahe },
	{ "convolve", dit_edit_convolve },
	{ "crop", edit_crop },
	{ "ensureAlpha", dit_edit_ensure_alpha },
	{ "extend", dit_edit_extend },
	{ "extract", edit_extract },
	{ "extractChannel", dit_edit_extract_channel },
	{ "flatten", dit_edit_flatten },
	{ "flip", dit_edit_flip },
	{ "flop", dit_edit_flop },
	{ "gamma", dit_edit_gamma },
	{ "grayscale", dit_edit_grayscale },
	{ "greyscale", dit_edit_grayscale },
	{ "joinChannel", dit_edit_never },
	{ "linear", dit_edit_linear },
	{ "median", dit_edit_median },
	{ "modulate", dit_edit_modulate },
	{ "negate", dit_edit_negate },
	{ "normalise", dit_edit_normalise },
	{ "normalize", dit_edit_normalise },
	{ "pipelineColorspace", dit_edit_pipeline },
	{ "pipelineColourspace", dit_edit_pipeline },
	{ "overlayWith", dit_edit_overlay },
	{ "recomb", dit_edit_recomb },
	{ "removeAlpha", dit_edit_remove_alpha },
	{ "resize", dit_edit_resize },
	{ "rotate", edit_rotate },
	{ "roundCrop", dit_edit_round },
	{ "sharpen", dit_edit_sharpen },
	{ "smartCrop", dit_edit_smart },
	{ "threshold", dit_edit_threshold },
	{ "tint", dit_edit_tint },
	{ "toColorspace", dit_edit_colourspace },
	{ "toColourspace", dit_edit_colourspace },
	{ "toFormat", edit_to_format },
	{ "trim", dit_edit_trim },
	{ "unflatten", dit_edit_unflatten },
};

/* Edits with an options object for an encoder: dit_format.c. */
static const char *const edits_format[] = { "jpeg", "png", "webp", "gif",
	"avif", "heif", "tiff" };

/* Edits that DIT has and we do not have yet. */
static const char *const edits_later[] = { "contentModeration" };

static bool
is_one_of(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, list[i]) == 0)
			return true;
	return false;
}

const char *
dit_edit_name(size_t i, bool *later)
{
	*later = false;
	if (i < NELEM(edits_known))
		return edits_known[i].name;
	i -= NELEM(edits_known);
	if (i < NELEM(edits_format))
		return edits_format[i];
	i -= NELEM(edits_format);
	*later = true;
	return i < NELEM(edits_later) ? edits_later[i] : NULL;
}

static bool
read_edit(
    const char *name, const json_t *value, struct dit_edits *out, struct err *e)
{
	for (size_t i = 0; i < NELEM(edits_known); i++)
		if (strcmp(name, edits_known[i].name) == 0)
			return edits_known[i].read(value, out, e);
	if (is_one_of(name, edits_format, NELEM(edits_format)))
		return dit_options_read(name, value, out, e);
	if (is_one_of(name, edits_later, NELEM(edits_later)))
		return dit_later(e, name);
	/* DIT has no such edit and says nothing about it. */
	return true;
}

bool
dit_edits_read(const struct dialect_in *in, json_t *edits, struct plan *plan,
    struct dit_edits *out, struct err *e)
{
	const char *name;
	json_t *value;

	memset(out, 0, sizeof(*out));
	out->in = in;
	out->plan = plan;
	out->resize.op = OP_RESIZE;
	if (!dit_check_sides(json_object_get(edits, "resize"), e))
		return false;
	json_object_foreach(edits, name, value)
	{
		out->any = true;
		if (!read_edit(name, value, out, e))
			return false;
	}
	return true;
}
