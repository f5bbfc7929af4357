/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edits of DIT's own, which sharp has not: overlayWith, roundCrop, smartCrop
 * (dit.md, 2.5 to 2.7).
 *
 * Deviations, all meant:
 * - An overlay is measured by the image that it is laid on. DIT measures the
 *   one that it has when it comes to the edit, which a resize that is written
 *   behind it changes.
 * - alpha makes every overlay clear. DIT keeps the overlay's own format between
 *   its two steps, so that one without alpha becomes darker.
 * - An overlay is laid on each frame of an animation, DIT's on the first.
 * - After roundCrop corners are clear where the answer's format has alpha, and
 *   black elsewhere. DIT asks the format that was chosen before the edit.
 * - smartCrop finds no faces. It takes the half of each side that attracts the
 *   eye most for the first face, so a faceIndex other than 0 is out of range.
 */
#include <math.h>

#include "base/num.h"
#include "dialect/dit.h"

/* ---- overlayWith ---- */

/* What parseInt() reads; a percentage ends with 'p'. False: NaN. */
static bool
read_offset(const json_t *json, double *value, bool *percent)
{
	char text[64] = "";
	struct slice s = { json_string_value(json), json_string_length(json) };
	size_t n = 0;
	int64_t whole = 0;

	*percent = false;
	if (json_is_number(json)) {
		*value = trunc(json_number_value(json));
		return isfinite(*value);
	}
	if (!json_is_string(json))
		return false;
	*percent = slice_ends(s, SLICE("p"));
	s = slice_trim(s);
	if (s.len > 0 && (s.at[0] == '-' || s.at[0] == '+'))
		n = 1;
	while (n < s.len && n < 16 && s.at[n] >= '0' && s.at[n] <= '9')
		n++;
	if (s.len > 0 && s.at[0] == '+')
		s = (struct slice){ s.at + 1, n > 0 ? --n : 0 };
	slice_copy((struct slice){ s.at, n }, text, sizeof(text));
	if (!num_int(slice_of(text), -INT64_C(999999999999999),
		INT64_C(999999999999999), &whole))
		return false;
	*value = (double)whole;
	return true;
}

/* What lies further away than that is not to be seen, in any case. */
static bool
read_place(struct plan_step *s, unsigned arg, const json_t *json)
{
	union arg place = { .length = { 0, 0 } };
	double value = 0;
	bool percent = false;
	double most;

	if (!read_offset(json, &value, &percent))
		return false;
	most = percent ? 100 : 100000;
	place.length.value = (float)fmax(-most, fmin(value, most));
	place.length.percent = percent;
	step_set(s, arg, place);
	return true;
}

static bool
read_places(const json_t *options, struct plan_step *s, struct err *e)
{
	const json_t *left = dit_member(options, "left");
	const json_t *top = dit_member(options, "top");

	if ((left != NULL && !read_place(s, COMPOSITE_LEFT, left)) ||
	    (top != NULL && !read_place(s, COMPOSITE_TOP, top)) ||
	    (left == NULL) != (top == NULL))
		return dit_refuse(e, "overlayWith");
	return true;
}

static bool
read_switch(const json_t *options, const char *name, struct plan_step *s,
    unsigned arg, struct err *e)
{
	const json_t *json = dit_member(options, name);

	if (json == NULL)
		return true;
	if (!json_is_boolean(json))
		return dit_refuse(e, name);
	step_set(s, arg, (union arg){ .on = json_is_true(json) });
	return true;
}

/* A word, or the number that sharp has for it. */
static bool
read_gravity(const json_t *options, struct plan_step *s, struct err *e)
{
	static const int64_t numbers[] = { GRAVITY_CENTRE, GRAVITY_NORTH,
		GRAVITY_EAST, GRAVITY_SOUTH, GRAVITY_WEST, GRAVITY_NORTHEAST,
		GRAVITY_SOUTHEAST, GRAVITY_SOUTHWEST, GRAVITY_NORTHWEST };
	const json_t *json = dit_member(options, "gravity");
	int64_t number = 0;

	if (json == NULL)
		return true;
	if (json_is_number(json)) {
		if (!dit_whole(json, 0, NELEM(numbers) - 1, &number))
			return dit_refuse(e, "gravity");
		step_set(s, COMPOSITE_GRAVITY,
		    (union arg){ .pick = numbers[number] });
		return true;
	}
	return dit_arg_word(s, COMPOSITE_GRAVITY, json, "gravity", e);
}

static bool
read_options(const json_t *options, struct plan_step *s, struct err *e)
{
	const json_t *blend = dit_member(options, "blend");

	if (!read_gravity(options, s, e) ||
	    (blend != NULL &&
		!dit_arg_word(s, COMPOSITE_BLEND, blend, "blend", e)) ||
	    !read_switch(options, "tile", s, COMPOSITE_TILE, e) ||
	    !read_switch(
		options, "premultiplied", s, COMPOSITE_PREMULTIPLIED, e) ||
	    !read_places(options, s, e))
		return false;
	/* Both say where it lies, and the offsets win. */
	if (step_has(s, COMPOSITE_LEFT)) {
		s->arg[COMPOSITE_GRAVITY].whole = 0;
		s->set &= (uint16_t) ~(1u << COMPOSITE_GRAVITY);
	}
	return true;
}

/* 0 to 100, as a number or its digits; anything else is not said. */
static bool
read_percent(const json_t *json, double *percent)
{
	int64_t whole = 0;
	double number = json_number_value(json);

	if (json_is_string(json)) {
		struct slice text = slice_of(json_string_value(json));

		if (text.len > 3 || (text.len > 1 && text.at[0] == '0') ||
		    !num_int(text, 0, 100, &whole))
			return false;
		*percent = (double)whole;
		return true;
	}
	*percent = number;
	return json_is_number(json) && number >= 0 && number <= 100 &&
	    !(floor(number) < number);
}

static bool
fail_overlay(struct err *e, const char *value)
{
	return dit_fail(e, ERR_BAD_VALUE, DIT_OVERLAY, "overlayWith", value);
}

static bool
read_ratio(const json_t *overlay, const char *name, struct plan_step *s,
    unsigned arg, struct err *e)
{
	union arg side = { .length = { 0, 1 } };
	double percent = 0;

	if (!read_percent(json_object_get(overlay, name), &percent))
		return true;
	if (!(percent > 0))
		return fail_overlay(e, NULL);
	side.length.value = (float)percent;
	step_set(s, arg, side);
	return true;
}

static bool
read_bucket(const json_t *overlay, struct dit_edits *out, struct err *e)
{
	const char *name =
	    json_string_value(json_object_get(overlay, "bucket"));

	out->overlay_store = dialect_store(out->in, slice_of(name));
	if (name != NULL && out->overlay_store.at != NULL)
		return true;
	return dit_fail(
	    e, ERR_FORBIDDEN, DIT_OVERLAY_BUCKET, "overlayWith", name);
}

bool
dit_edit_overlay(const json_t *value, struct dit_edits *out, struct err *e)
{
	const json_t *key = json_object_get(value, "key");
	struct plan_step *s = dit_call(out, OP_COMPOSITE);
	double alpha = 0;

	if (json_is_null(value))
		return dit_refuse(e, "overlayWith");
	if (!read_bucket(value, out, e))
		return false;
	out->overlay_key =
	    (struct slice){ json_string_value(key), json_string_length(key) };
	if (!json_is_string(key) ||
	    key_fault(out->in, out->overlay_store, out->overlay_key) != NULL)
		return fail_overlay(e, json_string_value(key));
	if (!read_ratio(value, "wRatio", s, COMPOSITE_WIDTH, e) ||
	    !read_ratio(value, "hRatio", s, COMPOSITE_HEIGHT, e))
		return false;
	if (read_percent(json_object_get(value, "alpha"), &alpha) && alpha > 0)
		step_set(
		    s, COMPOSITE_OPACITY, (union arg){ .num = 100 - alpha });
	return read_options(json_object_get(value, "options"), s, e);
}

bool
dit_add_overlay(const struct dit_edits *d, struct plan *p, struct err *e)
{
	struct plan_step *s;

	if (!d->called[OP_COMPOSITE])
		return true;
	if (!source_add(p, d->overlay_store, d->overlay_key, e) ||
	    !plan_add(p, OP_COMPOSITE, &s, e))
		return false;
	*s = d->call[OP_COMPOSITE];
	return true;
}

/* ---- roundCrop ---- */

/* A radius or a place; what is none is not said. */
static void
read_round(
    const json_t *round, const char *name, struct plan_step *s, unsigned arg)
{
	union arg length = { .length = { 0, 0 } };
	double value = json_number_value(json_object_get(round, name));

	if (!(value > 0) || value > 100000)
		return;
	length.length.value = (float)value;
	step_set(s, arg, length);
}

/*
 * What was asked for so far is done first. The rest begins with the picture
 * that is left, as DIT makes a new one of it; an overlay is lost, since the mask
 * takes its place.
 */
bool
dit_edit_round(const json_t *value, struct dit_edits *out, struct err *e)
{
	union arg on = { .on = 1 };
	struct plan *p = out->plan;
	struct plan_step *s;

	if (!dit_truthy(value))
		return true;
	out->called[OP_COMPOSITE] = false;
	if (!dit_steps(out, true, p, e) || !plan_add(p, OP_ROUND, &s, e))
		return false;
	step_set(s, ROUND_SHAPE, (union arg){ .pick = ROUNDING_ELLIPSE });
	read_round(value, "rx", s, ROUND_RX);
	read_round(value, "ry", s, ROUND_RY);
	read_round(value, "left", s, ROUND_LEFT);
	read_round(value, "top", s, ROUND_TOP);
	step_set(s, ROUND_STILL, on);
	if (!plan_add(p, OP_TRIM, &s, e))
		return false;
	step_set(s, TRIM_STILL, on);
	memset(out->called, 0, sizeof(out->called));
	out->sized = out->turn_first = out->orient = out->smart_late = false;
	out->angle = 0;
	out->before.given = out->after.given = false;
	memset(&out->resize, 0, sizeof(out->resize));
	out->resize.op = OP_RESIZE;
	return true;
}

/* ---- smartCrop ---- */

bool
dit_edit_smart(const json_t *value, struct dit_edits *out, struct err *e)
{
	const union arg half = { .length = { 50, 1 } };
	const json_t *face = json_object_get(value, "faceIndex");
	const json_t *room = json_object_get(value, "padding");
	union arg padding = { .whole = 0 };
	double number = 0;
	struct plan_step *s;

	if (!dit_truthy(value))
		return true;
	/* Which is null where a path's number was none. */
	if (face != NULL &&
	    (json_is_null(face) || !dit_number(face, &number) || number > 0 ||
		number < 0))
		return dit_fail(e, ERR_BAD_VALUE, DIT_FACE, "smartCrop", NULL);
	number = 0;
	if (room != NULL &&
	    (json_is_null(room) || !dit_number(room, &number) ||
		!(fabs(number) <= 65535)))
		return dit_fail(
		    e, ERR_BAD_VALUE, DIT_PADDING, "smartCrop", NULL);
	s = dit_call(out, OP_SMARTCROP);
	step_set(s, SMARTCROP_WIDTH, half);
	step_set(s, SMARTCROP_HEIGHT, half);
	padding.whole = (int64_t)floor(number);
	if (padding.whole != 0)
		step_set(s, SMARTCROP_PADDING, padding);
	step_set(s, SMARTCROP_STILL, (union arg){ .on = 1 });
	out->smart_late = out->sized;
	return true;
}
