/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The result: which format, in which shape, with which metadata, and within
 * which limits.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "image/carry.h"
#include "image/colour.h"
#include "image/info.h"
#include "image/pixel.h"
#include "image/quality.h"
#include "image/render.h"

/* ---- Which format ---- */

static bool
can_save(enum format format)
{
	return (image_conf()->save & FORMAT_BIT(format)) != 0;
}

/* Whether the result is small enough for the format. */
static bool
fits(const struct render *r, enum format format)
{
	uint32_t most = format_row(format)->max_side;

	return r->width <= most && r->height <= most;
}

static bool
has(format_set set, enum format format)
{
	return (set & FORMAT_BIT(format)) != 0;
}

/*
 * JPEG, or PNG where a pixel is clear, which is known for sure when all are
 * there. Where neither is allowed, what is.
 */
static enum format
choose_plain(struct render *r, format_set allowed)
{
	static const enum format other[] = { FORMAT_WEBP, FORMAT_AVIF,
		FORMAT_GIF };
	bool jpeg = has(allowed, FORMAT_JPEG) && fits(r, FORMAT_JPEG);
	bool png = has(allowed, FORMAT_PNG);

	/* Flat colours and hard edges. */
	if (png && (format_row(r->from)->flags & F_VECTOR) != 0)
		return FORMAT_PNG;
	r->alpha_decides = jpeg && png && r->clear;
	if (png && (r->clear || !jpeg))
		return FORMAT_PNG;
	for (size_t i = 0; i < NELEM(other) && !jpeg; i++)
		if (has(allowed, other[i]))
			return other[i];
	return FORMAT_JPEG;
}

static enum format
choose_auto(struct render *r, bool moving)
{
	format_set allowed = r->plan->out.accepts & image_conf()->save;
	bool webp = has(allowed, FORMAT_WEBP) && fits(r, FORMAT_WEBP);

	if (moving && webp)
		return FORMAT_WEBP;
	if (moving && has(allowed, FORMAT_GIF))
		return FORMAT_GIF;
	if (has(allowed, FORMAT_AVIF) && fits(r, FORMAT_AVIF))
		return FORMAT_AVIF;
	return webp ? FORMAT_WEBP : choose_plain(r, allowed);
}

static bool
check_size(const struct render *r, uint32_t width, uint32_t height,
    uint32_t pages, struct err *e)
{
	const struct image_limits *limits = &r->job->limits;
	const struct format_row *row = format_row(r->to);
	uint64_t pixels = (uint64_t)width * height * pages;

	if (pixels > limits->result_pixels)
		return err_set(e, ERR_TOO_MANY_PIXELS,
		    "result of %" PRIu32 "x%" PRIu32 ", %" PRIu32 " pages",
		    width, height, pages);
	if (width > limits->side || height > limits->side)
		return err_set(e, ERR_TOO_LARGE,
		    "result of %" PRIu32 "x%" PRIu32, width, height);
	if (width > row->max_side || height > row->max_side)
		return err_param(e, ERR_BAD_VALUE, "format", row->name,
		    strlen(row->name),
		    "a format for %" PRIu32 "x%" PRIu32
		    ": %s has up to %" PRIu32 " pixels a side",
		    width, height, row->name, row->max_side);
	return true;
}

bool
output_choose(struct render *r, struct err *e)
{
	enum format wanted = (enum format)r->plan->out.format;
	bool moving = r->pages > 1 && r->plan->in.pages != 1;

	if (wanted == FORMAT_AUTO)
		r->to = choose_auto(r, moving);
	else if (wanted == FORMAT_SAME)
		r->to = can_save(r->from) ? r->from
					  : choose_plain(r, image_conf()->save);
	else
		r->to = wanted;
	if (!can_save(r->to)) {
		const char *name = format_row(r->to)->name;

		return err_param(e, ERR_BAD_VALUE, "format", name, strlen(name),
		    "a format that this server writes");
	}

	/* Of steps that make too much it is of use to know that they do. */
	if (r->to == FORMAT_INFO) {
		r->pages = 1;
		return !info_has_steps(r->plan) ||
		    check_size(r, r->width, r->height, 1, e);
	}
	r->moves = moving && (format_row(r->to)->flags & F_ANIMATION) != 0;
	if (!r->moves &&
	    (r->plan->in.pages == PAGES_AUTO || r->plan->in.pages == PAGES_GIF))
		r->pages = 1;
	return check_size(r, r->width, r->height, r->pages, e);
}

/* ---- In which shape ---- */

/* Whether it was given, and is for that format. */
static bool
option_given(const struct render *r, enum out option)
{
	return out_has(r->plan, option) &&
	    (out_formats(option) & FORMAT_BIT(r->to)) != 0;
}

bool
output_deep(const struct render *r)
{
	const struct plan *p = r->plan;
	int64_t bits = out_get(p, OUT_DEPTH).whole;

	/* What the file is to have says more than what it may have. */
	if (option_given(r, OUT_BITDEPTH))
		bits = out_get(p, OUT_BITDEPTH).whole;
	/* These compressions have 8 bits and less. */
	if (option_given(r, OUT_COMPRESSION) &&
	    (out_get(p, OUT_COMPRESSION).pick == TIFF_JPEG ||
		out_get(p, OUT_COMPRESSION).pick == TIFF_WEBP ||
		out_get(p, OUT_COMPRESSION).pick == TIFF_CCITTFAX4))
		bits = 8;
	if (option_given(r, OUT_PALETTE) && out_get(p, OUT_PALETTE).on)
		bits = 8;
	return bits > 8 && (out_formats(OUT_DEPTH) & FORMAT_BIT(r->to)) != 0;
}

bool
output_shape(struct render *r, VipsImage *in, VipsImage **out, struct err *e)
{
	struct op_context ctx = {
		.profile = (uint32_t)out_get(r->plan, OUT_PROFILE).pick,
		.deep = output_deep(r),
	};
	scoped_image flat = NULL;

	if (!colour_convert(&ctx, in, &flat, e))
		return false;
	if ((format_row(r->to)->flags & F_ALPHA) == 0)
		return pixel_flatten(
		    &ctx, flat, out_get(r->plan, OUT_MATTE).colour, out, e);
	*out = take_ptr(flat);
	return true;
}

/* An opaque alpha channel needs no PNG. */
static bool
decide_by_alpha(struct render *r, VipsImage *in, VipsImage **out, struct err *e)
{
	scoped_image read = NULL;
	bool clear;

	if (!pixel_read(NULL, in, &read, e) ||
	    !pixel_clear(NULL, read, &clear, e))
		return false;
	if (!clear) {
		r->to = FORMAT_JPEG;
		return output_shape(r, read, out, e);
	}
	*out = take_ptr(read);
	return true;
}

/* ---- With which metadata ---- */

static bool
meta_stays(const char *name, unsigned keep)
{
	static const char *const always[] = { "vips-sequential", "page-height",
		"n-pages", "delay", "gif-delay", "loop", "gif-loop",
		"gif-palette" };

	for (size_t i = 0; i < NELEM(always); i++)
		if (strcmp(name, always[i]) == 0)
			return true;
	if (strncmp(name, "exif-", 5) == 0 ||
	    strcmp(name, VIPS_META_ORIENTATION) == 0)
		return (keep & 1U << KEEP_EXIF) != 0;
	if (strcmp(name, VIPS_META_ICC_NAME) == 0)
		return (keep & 1U << KEEP_ICC) != 0;
	if (strcmp(name, VIPS_META_XMP_NAME) == 0)
		return (keep & 1U << KEEP_XMP) != 0;
	return strcmp(name, VIPS_META_IPTC_NAME) == 0 &&
	    (keep & 1U << KEEP_IPTC) != 0;
}

/* Leaves on the image what libvips is to write; *keep: what that is. */
static bool
meta_choose(const struct render *r, const struct carry *carry, VipsImage *in,
    unsigned *keep, VipsImage **out, struct err *e)
{
	bool original = out_get(r->plan, OUT_PROFILE).pick != PROFILE_SRGB &&
	    vips_image_get_typeof(in, VIPS_META_ICC_NAME) != 0;
	bool icc =
	    original || (out_get(r->plan, OUT_KEEP).set & 1U << KEEP_ICC) != 0;
	scoped_image done = NULL;

	if (vips_copy(in, &done, NULL) != 0)
		return image_fail(NULL, e, ERR_INTERNAL, "copy");
	/* Grey images have no sRGB: theirs is a profile of three colours. */
	if (!original && icc) {
		(void)vips_image_remove(done, VIPS_META_ICC_NAME);
		if (done->Bands < 3)
			icc = false;
		else
			colour_attach(done);
	}
	*keep = icc ? 1U << KEEP_ICC : 0;
	if (!carry_embeds(r->to))
		*keep |= carry_attach(carry, done);

	char **names = vips_image_get_fields(done);

	for (char **name = names; name != NULL && *name != NULL; name++)
		if (!meta_stays(*name, *keep))
			(void)vips_image_remove(done, *name);
	g_strfreev(names);
	*out = take_ptr(done);
	return true;
}

/* ---- Encoding ---- */

/* On the scale that the plan says. */
static int
save_quality(const struct render *r)
{
	bool native = out_get(r->plan, OUT_SCALE).pick == SCALE_NATIVE;

	if (r->quality > 0)
		return r->quality;
	/* As sharp has it. */
	if (native && r->to == FORMAT_AVIF && !out_has(r->plan, OUT_QUALITY))
		return 50;
	return (int)out_get(r->plan, OUT_QUALITY).whole;
}

static VipsForeignSubsample
save_subsample(const struct render *r)
{
	bool native = out_get(r->plan, OUT_SCALE).pick == SCALE_NATIVE;
	bool whole = native ? r->to == FORMAT_AVIF : save_quality(r) >= 90;

	switch (out_get(r->plan, OUT_SUBSAMPLE).pick) {
	case SUBSAMPLE_ON:
		return VIPS_FOREIGN_SUBSAMPLE_ON;
	case SUBSAMPLE_OFF:
		return VIPS_FOREIGN_SUBSAMPLE_OFF;
	default:
		/*
		 * On the common scale high quality keeps all colours; each
		 * encoder's own scale comes with sharp's habits.
		 */
		return whole ? VIPS_FOREIGN_SUBSAMPLE_OFF
			     : VIPS_FOREIGN_SUBSAMPLE_ON;
	}
}

union arg
format_out(const struct save_spec *spec, enum out out)
{
	static const struct plan nothing;

	return out_get(spec->plan != NULL ? spec->plan : &nothing, out);
}

bool
format_has(const struct save_spec *spec, enum out out)
{
	return spec->plan != NULL && out_has(spec->plan, out);
}

static struct save_spec
save_spec_of(const struct render *r, unsigned keep)
{
	const struct plan *p = r->plan;
	bool native = out_get(p, OUT_SCALE).pick == SCALE_NATIVE;
	int quality = save_quality(r);

	return (struct save_spec){
		.quality = native ? quality : quality_for(r->to, quality),
		.effort = out_has(p, OUT_EFFORT)
		    ? (int)out_get(p, OUT_EFFORT).whole
		    : -1,
		.compression = out_has(p, OUT_COMPRESSION_LEVEL)
		    ? (int)out_get(p, OUT_COMPRESSION_LEVEL).whole
		    : -1,
		.colours = (int)out_get(p, OUT_COLOURS).whole,
		.dither = out_get(p, OUT_DITHER).num,
		.lossless = out_get(p, OUT_LOSSLESS).on != 0,
		.progressive = out_get(p, OUT_PROGRESSIVE).on != 0,
		.palette = out_get(p, OUT_PALETTE).on != 0,
		.subsample = save_subsample(r),
		.animated = r->moves,
		.plan = p,
		.keep = keep,
	};
}

/*
 * libvips before 8.15 keeps all metadata or none, and with all, or in WebP
 * always, it invents an EXIF block: what was not asked for is taken out again.
 * And what was asked for comes in.
 */
static bool
save_metadata(const struct render *r, const struct carry *carry, unsigned keep,
    struct image_result *result, struct err *e)
{
	bool icc = (keep & 1U << KEEP_ICC) != 0;
	bool invented = false;

	if (r->to != FORMAT_GIF && !carry_embeds(r->to))
		return true;
#if VIPS_MAJOR_VERSION == 8 && VIPS_MINOR_VERSION < 15
	invented = icc || r->to == FORMAT_WEBP;
#endif
	return (!invented && (r->to == FORMAT_GIF || carry_is_empty(carry))) ||
	    carry_copy(
		r->to, carry, icc, result->bytes, result->size, result) ||
	    err_set(e, ERR_INTERNAL, "metadata of the result");
}

/*
 * How often and how fast, where the plan says so: one delay for each frame,
 * the last of the list for those behind it.
 */
static void
save_tempo(const struct render *r, VipsImage *image)
{
	double number[PLAN_LIST];
	size_t n;

	if (out_has(r->plan, OUT_LOOP))
		vips_image_set_int(
		    image, "loop", (int)out_get(r->plan, OUT_LOOP).whole);
	if (!out_has(r->plan, OUT_DELAY))
		return;
	n = plan_list(r->plan, out_get(r->plan, OUT_DELAY), number, PLAN_LIST);
	if (n > PLAN_LIST)
		n = PLAN_LIST;

	int pages = image->Ysize / vips_image_get_page_height(image);
	int *delay = xcalloc((size_t)pages, sizeof(*delay));

	for (size_t i = 0; i < (size_t)pages && n > 0; i++)
		delay[i] = (int)number[i < n ? i : n - 1];
	vips_image_set_array_int(image, "delay", delay, pages);
	free(delay);
}

/*
 * Whether it was the word's fault: what it names is not in this libvips, or in
 * a library behind it, if it does not work on an empty image either.
 */
static bool
save_blame(const struct render *r, const struct save_spec *spec, struct err *e)
{
	const struct arg_row *row = out_row(OUT_COMPRESSION);
	scoped_image black = NULL;
	scoped_image colours = NULL;
	void *bytes = NULL;
	size_t size;
	bool works;
	const char *word;

	if (r->to != FORMAT_TIFF || !out_has(r->plan, OUT_COMPRESSION))
		return false;
	works = vips_black(&black, 16, 16, "bands", 3, NULL) == 0 &&
	    vips_copy(black, &colours, "interpretation",
		VIPS_INTERPRETATION_sRGB, NULL) == 0 &&
	    table_format(r->to)->save(colours, spec, &bytes, &size) == 0;
	g_free(bytes);
	vips_error_clear();
	if (works)
		return false;
	word = row->choices[out_get(r->plan, OUT_COMPRESSION).pick];
	return err_param(e, ERR_BAD_VALUE, row->name, word, strlen(word),
	    "a compression that this libvips has");
}

static bool
save_with(struct render *r, const struct carry *carry, VipsImage *in,
    struct image_result *result, struct err *e)
{
	scoped_image watched = NULL;
	scoped_image ready = NULL;
	unsigned keep = 0;
	void *bytes = NULL;

	if (!meta_choose(r, carry, in, &keep, &ready, e))
		return false;
	if (r->moves)
		save_tempo(r, ready);
	if (!watch_put(&r->watch, ready, false, &watched, e))
		return false;

	struct save_spec spec = save_spec_of(r, keep);

	if (table_format(r->to)->save(watched, &spec, &bytes, &result->size) !=
	    0) {
		g_free(bytes);
		(void)image_fail(NULL, e, ERR_INTERNAL, "save");
		(void)save_blame(r, &spec, e);
		return false;
	}
	result->bytes = bytes;
	return save_metadata(r, carry, keep, result, e);
}

static bool
save_to(struct render *r, VipsImage *in, uint32_t height,
    struct image_result *result, struct err *e)
{
	struct carry carry;
	bool good;

	carry_make(r, r->to, (uint32_t)in->Xsize, height, &carry);
	good = save_with(r, &carry, in, result, e);
	carry_fini(&carry);
	return good;
}

bool
output_save(
    struct render *r, VipsImage *in, struct image_result *result, struct err *e)
{
	scoped_image ready = NULL;

	if (!r->alpha_decides)
		ready = g_object_ref(in);
	else if (!decide_by_alpha(r, in, &ready, e))
		return false;

	uint32_t height = (uint32_t)vips_image_get_page_height(ready);
	uint32_t pages = r->moves ? (uint32_t)ready->Ysize / height : 1;

	if (!r->moves)
		height = (uint32_t)ready->Ysize;
	if (!check_size(r, (uint32_t)ready->Xsize, height, pages, e) ||
	    !save_to(r, ready, height, result, e))
		return false;

	r->facts.to = r->to;
	r->facts.result =
	    (struct image_size){ (uint32_t)ready->Xsize, height, pages };
	r->facts.alpha = vips_image_hasalpha(ready) ? 1 : 0;
	if (result->size <= r->job->limits.result_bytes)
		return true;
	image_result_fini(result);
	return err_set(e, ERR_TOO_LARGE, "the result is too large");
}
