/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Colours: profiles are looked at by their numbers, and lcms runs only where
 * they say that something would change.
 */
#include "image/colour.h"

#include <math.h>
#include <string.h>

#include "image/srgb.h"

/* ---- Is it sRGB? ICC.1:2010, chapters 7, 9 and 10 ---- */

struct profile {
	const uint8_t *at;
	size_t size;
};

enum { PROFILE_HEAD = 128, PROFILE_TAGS_MAX = 100 };

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static unsigned
be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static double
fixed(const uint8_t *p)
{
	return (int32_t)be32(p) / 65536.0;
}

static bool
profile_tag(struct profile in, const char *name, struct profile *tag)
{
	uint32_t n = be32(in.at + PROFILE_HEAD);

	if (n > PROFILE_TAGS_MAX || in.size < PROFILE_HEAD + 4 + 12 * n)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *row = in.at + PROFILE_HEAD + 4 + (size_t)12 * i;
		uint32_t at = be32(row + 4);
		uint32_t size = be32(row + 8);

		if (memcmp(row, name, 4) != 0)
			continue;
		if (at > in.size || size > in.size - at || size < 12)
			return false;
		*tag = (struct profile){ in.at + at, size };
		return true;
	}
	return false;
}

/* Primaries as every sRGB profile has them: adapted to D50. */
static bool
primary_is(struct profile in, const char *name, const double xyz[3])
{
	struct profile tag;

	if (!profile_tag(in, name, &tag) || tag.size < 20)
		return false;
	for (size_t i = 0; i < 3; i++)
		if (fabs(fixed(tag.at + 8 + 4 * i) - xyz[i]) > 0.003)
			return false;
	return true;
}

static double
srgb_curve(double x)
{
	return x <= 0.04045 ? x / 12.92 : pow((x + 0.055) / 1.055, 2.4);
}

static bool
curve_table_is_srgb(struct profile tag)
{
	uint32_t n = be32(tag.at + 8);

	if (n < 64 || n > 65536 || tag.size < 12 + 2 * (size_t)n)
		return false;
	for (uint32_t i = 0; i < 16; i++) {
		uint32_t at = (n - 1) * i / 15;
		double y = be16(tag.at + 12 + 2 * (size_t)at) / 65535.0;

		if (fabs(y - srgb_curve((double)at / (n - 1))) > 0.004)
			return false;
	}
	return true;
}

/* Type 3: Y = (aX + b)^g for X >= d, else cX. */
static bool
curve_formula_is_srgb(struct profile tag)
{
	static const double want[5] = { 2.4, 1 / 1.055, 0.055 / 1.055,
		1 / 12.92, 0.04045 };

	if (be16(tag.at + 8) != 3 || tag.size < 12 + 20)
		return false;
	for (size_t i = 0; i < 5; i++)
		if (fabs(fixed(tag.at + 12 + 4 * i) - want[i]) > 0.002)
			return false;
	return true;
}

static bool
curve_is_srgb(struct profile in, const char *name)
{
	struct profile tag;

	if (!profile_tag(in, name, &tag))
		return false;
	if (memcmp(tag.at, "curv", 4) == 0)
		return curve_table_is_srgb(tag);
	return memcmp(tag.at, "para", 4) == 0 && curve_formula_is_srgb(tag);
}

/* Red, green and blue, and sRGB's curve. */
static bool
profile_is(const uint8_t *bytes, size_t size, const double primary[3][3])
{
	struct profile in = { bytes, size };
	struct profile table;

	if (size < PROFILE_HEAD + 4 || memcmp(bytes + 16, "RGB XYZ ", 8) != 0)
		return false;
	/* A table, where there is one, counts more than the matrix. */
	if (profile_tag(in, "A2B0", &table))
		return false;
	return primary_is(in, "rXYZ", primary[0]) &&
	    primary_is(in, "gXYZ", primary[1]) &&
	    primary_is(in, "bXYZ", primary[2]) && curve_is_srgb(in, "rTRC") &&
	    curve_is_srgb(in, "gTRC") && curve_is_srgb(in, "bTRC");
}

bool
colour_profile_is_srgb(const uint8_t *bytes, size_t size)
{
	static const double primary[3][3] = { { 0.4361, 0.2225, 0.0139 },
		{ 0.3851, 0.7169, 0.0971 }, { 0.1431, 0.0606, 0.7141 } };

	return profile_is(bytes, size, primary);
}

bool
colour_profile_is_p3(const uint8_t *bytes, size_t size)
{
	static const double primary[3][3] = { { 0.5151, 0.2412, -0.0011 },
		{ 0.2919, 0.6922, 0.0419 }, { 0.1572, 0.0666, 0.7841 } };

	return profile_is(bytes, size, primary);
}

/* "desc" of version 2 (section 6.5.17), of version 4 "mluc" (10.15). */
size_t
colour_profile_name(const uint8_t *bytes, size_t size, char *out, size_t room)
{
	struct profile in = { bytes, size };
	struct profile tag;
	size_t at = 12;
	size_t n;
	bool wide;

	if (size < PROFILE_HEAD + 4 || !profile_tag(in, "desc", &tag))
		return 0;
	wide = memcmp(tag.at, "mluc", 4) == 0;
	n = be32(tag.at + 8);
	if (wide) {
		if (tag.size < 28)
			return 0;
		n = be32(tag.at + 20) / 2;
		at = be32(tag.at + 24);
	}
	if (at > tag.size || n > (tag.size - at) / (wide ? 2 : 1))
		return 0;
	n = n < room ? n : room;
	/* Names are ASCII; of what is not, nothing is shown. */
	for (size_t i = 0; i < n; i++) {
		unsigned c = wide ? be16(tag.at + at + 2 * i) : tag.at[at + i];

		if (c == 0)
			return i;
		out[i] = '?';
		if (c < 0x7f)
			out[i] = (char)c;
	}
	return n;
}

/* ---- Conversion ---- */

/* The colour space that the profile is for; false: there is no profile. */
static bool
profile_of(VipsImage *in, struct profile *profile)
{
	const void *at;
	size_t size;

	if (vips_image_get_typeof(in, VIPS_META_ICC_NAME) == 0 ||
	    vips_image_get_blob(in, VIPS_META_ICC_NAME, &at, &size) != 0)
		return false;
	*profile = (struct profile){ at, size };
	return size >= PROFILE_HEAD + 4;
}

static bool
is_grey(VipsImage *in)
{
	return in->Bands < 3;
}

static bool
is_cmyk(VipsImage *in)
{
	return in->Type == VIPS_INTERPRETATION_CMYK && in->Bands >= 4;
}

/* Of greys and CMYK the wide gamut is not asked for. */
static bool
wants_p3(const struct op_context *ctx, VipsImage *in)
{
	return ctx->profile == PROFILE_P3 && !is_grey(in);
}

/* A profile that fits the image's bands and is not the one that is wanted. */
static bool
profile_matters(VipsImage *in, bool p3)
{
	struct profile profile;
	const char *space = is_grey(in) ? "GRAY"
	    : is_cmyk(in)               ? "CMYK"
					: "RGB ";

	if (!profile_of(in, &profile) || memcmp(profile.at + 16, space, 4) != 0)
		return false;
	return !(p3 ? colour_profile_is_p3(profile.at, profile.size)
		    : colour_profile_is_srgb(profile.at, profile.size));
}

static bool
has_profile(VipsImage *in)
{
	return vips_image_get_typeof(in, VIPS_META_ICC_NAME) != 0;
}

bool
colour_differs(VipsImage *in, int64_t profile)
{
	bool p3 = profile == PROFILE_P3 && !is_grey(in);

	if (profile == PROFILE_ORIGINAL)
		return false;
	return is_cmyk(in) || (p3 && !has_profile(in)) ||
	    profile_matters(in, p3);
}

/*
 * Runs lcms. A profile that it refuses counts as none: false, and libvips'
 * error is forgotten.
 */
static bool
profile_run(
    const struct op_context *ctx, VipsImage *in, bool p3, VipsImage **out)
{
	const char *instead = is_cmyk(in) ? "cmyk" : "srgb";

	if (vips_icc_transform(in, out, p3 ? "p3" : "srgb", "embedded", TRUE,
		"input_profile", instead, "intent", VIPS_INTENT_PERCEPTUAL,
		"depth", ctx->deep ? 16 : 8, NULL) == 0)
		return true;
	vips_error_clear();
	return false;
}

/* A grey profile gives three equal bands: one of them is enough. */
static bool
grey_again(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	VipsInterpretation grey = in->BandFmt == VIPS_FORMAT_USHORT
	    ? VIPS_INTERPRETATION_GREY16
	    : VIPS_INTERPRETATION_B_W;
	scoped_image one = NULL;
	scoped_image alpha = NULL;
	scoped_image both = NULL;
	scoped_image done = NULL;

	if (vips_extract_band(in, &one, 1, NULL) != 0 ||
	    vips_copy(one, &done, "interpretation", grey, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "extract_band");
	if (vips_image_hasalpha(in)) {
		if (vips_extract_band(in, &alpha, 3, NULL) != 0 ||
		    vips_bandjoin2(done, alpha, &both, NULL) != 0)
			return image_fail(ctx, e, ERR_INTERNAL, "bandjoin");
		g_clear_object(&done);
		done = take_ptr(both);
	}
	*out = take_ptr(done);
	return true;
}

static bool
profile_apply(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	scoped_image converted = NULL;
	scoped_image done = NULL;

	if (!(is_cmyk(in) || profile_matters(in, false)) ||
	    !profile_run(ctx, in, false, &converted)) {
		*out = g_object_ref(in);
		return true;
	}
	if (!is_grey(in))
		done = g_object_ref(converted);
	else if (!grey_again(ctx, converted, &done, e))
		return false;
	*out = take_ptr(done);
	return true;
}

static bool
profile_drop(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	scoped_image done = NULL;

	if (!has_profile(in)) {
		*out = g_object_ref(in);
		return true;
	}
	if (vips_copy(in, &done, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "copy");
	(void)vips_image_remove(done, VIPS_META_ICC_NAME);
	*out = take_ptr(done);
	return true;
}

/*
 * Three colours and alpha: a TIFF may have any number of channels behind those,
 * of which nothing here knows what they are.
 */
enum { COLOUR_BANDS = 4 };

/* The numbers of the colours to the wanted kind and depth, if need be. */
static bool
shape(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	static const VipsInterpretation kinds[2][2] = {
		{ VIPS_INTERPRETATION_sRGB, VIPS_INTERPRETATION_RGB16 },
		{ VIPS_INTERPRETATION_B_W, VIPS_INTERPRETATION_GREY16 },
	};
	VipsInterpretation want = kinds[is_grey(in)][ctx->deep != 0];
	VipsBandFormat format =
	    ctx->deep ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR;
	scoped_image shaped = NULL;

	if (in->Type == want && in->BandFmt == format)
		shaped = g_object_ref(in);
	else if (vips_colourspace(in, &shaped, want, NULL) != 0)
		return image_fail(ctx, e, ERR_BAD_IMAGE, "colourspace");
	if (shaped->Bands <= COLOUR_BANDS)
		*out = take_ptr(shaped);
	else if (vips_extract_band(shaped, out, 0, "n", COLOUR_BANDS, NULL) !=
	    0)
		return image_fail(ctx, e, ERR_INTERNAL, "extract_band");
	return true;
}

/* What has no profile, or a damaged one, is taken for sRGB. */
static bool
convert_p3(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	scoped_image wide = NULL;
	scoped_image plain = NULL;
	scoped_image shaped = NULL;

	if (has_profile(in) && !is_cmyk(in) && !profile_matters(in, true))
		return shape(ctx, in, out, e);
	if (profile_matters(in, true) && profile_run(ctx, in, true, &wide))
		return shape(ctx, wide, out, e);
	if (!profile_apply(ctx, in, &shaped, e) ||
	    !profile_drop(ctx, shaped, &plain, e))
		return false;
	g_clear_object(&shaped);
	if (!shape(ctx, plain, &shaped, e))
		return false;
	if (!profile_run(ctx, shaped, true, &wide))
		return image_fail(ctx, e, ERR_INTERNAL, "p3");
	return shape(ctx, wide, out, e);
}

bool
colour_convert(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	scoped_image converted = NULL;
	scoped_image shaped = NULL;

	if (wants_p3(ctx, in))
		return convert_p3(ctx, in, out, e);
	/* The original's own profile stays, CMYK only where it is printable. */
	if (ctx->profile == PROFILE_ORIGINAL && !is_cmyk(in))
		return shape(ctx, in, out, e);
	return profile_apply(ctx, in, &converted, e) &&
	    shape(ctx, converted, &shaped, e) &&
	    profile_drop(ctx, shaped, out, e);
}

void
colour_attach(VipsImage *in)
{
	uint8_t profile[SRGB_PROFILE_SIZE];

	srgb_profile(profile);
	vips_image_set_blob_copy(
	    in, VIPS_META_ICC_NAME, profile, sizeof(profile));
}
