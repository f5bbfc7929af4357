/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory, alpha, resampling, colours to paint with.
 *
 * Alpha is multiplied here and not by vips_premultiply(): that one makes
 * floats of bytes, which triples the work of everything up to the inverse.
 */
#include "image/pixel.h"

#include <math.h>

#include "image/bands.h"
#include "image/colour.h"

/* The gap that vips_resize() has by default: see pixel_reduce(). */
static const double GAP = 2.0;

size_t
pixel_line_size(const VipsImage *image)
{
	return (size_t)image->Xsize * (size_t)image->Bands *
	    (size_t)vips_format_sizeof(image->BandFmt);
}

uint8_t *
pixel_line(const VipsImage *image, int y)
{
	return image->data + (size_t)y * pixel_line_size(image);
}

void *
pixel_at(const VipsRegion *region, int x, int y)
{
	const VipsImage *im = region->im;
	size_t pixel =
	    (size_t)im->Bands * (size_t)vips_format_sizeof(im->BandFmt);

	return region->data +
	    (size_t)(y - region->valid.top) * (size_t)region->bpl +
	    (size_t)(x - region->valid.left) * pixel;
}

bool
pixel_read(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	VipsImage *done = vips_image_copy_memory(in);

	if (done == NULL)
		return image_fail(ctx, e, ERR_INTERNAL, "copy_memory");
	*out = done;
	return true;
}

bool
pixel_new(const struct op_context *ctx, VipsImage *like, int width, int height,
    VipsImage **out, struct err *e)
{
	scoped_image done = vips_image_new_memory();

	if (vips_image_pipelinev(done, VIPS_DEMAND_STYLE_ANY, like, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "pipeline");
	done->Xsize = width;
	done->Ysize = height;
	if (vips_image_write_prepare(done) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "write_prepare");
	*out = take_ptr(done);
	return true;
}

/* ---- Alpha ---- */

static void
multiply_8(const uint8_t *from, uint8_t *to, int pixels, int colours)
{
	for (int x = 0; x < pixels; x++) {
		unsigned alpha = from[colours];

		for (int b = 0; b < colours; b++) {
			unsigned t = from[b] * alpha + 128;

			to[b] = (uint8_t)((t + (t >> 8)) >> 8);
		}
		to[colours] = (uint8_t)alpha;
		from += colours + 1;
		to += colours + 1;
	}
}

static void
multiply_16(const uint16_t *from, uint16_t *to, int pixels, int colours)
{
	for (int x = 0; x < pixels; x++) {
		uint64_t alpha = from[colours];

		for (int b = 0; b < colours; b++)
			to[b] = (uint16_t)((from[b] * alpha + 32767) / 65535);
		to[colours] = (uint16_t)alpha;
		from += colours + 1;
		to += colours + 1;
	}
}

static void
divide_8(const uint8_t *from, uint8_t *to, int pixels, int colours)
{
	for (int x = 0; x < pixels; x++) {
		unsigned alpha = from[colours];

		for (int b = 0; b < colours; b++) {
			unsigned c = alpha == 0
			    ? 0
			    : (from[b] * 255U + alpha / 2) / alpha;

			to[b] = (uint8_t)(c > 255 ? 255 : c);
		}
		to[colours] = (uint8_t)alpha;
		from += colours + 1;
		to += colours + 1;
	}
}

static void
divide_16(const uint16_t *from, uint16_t *to, int pixels, int colours)
{
	for (int x = 0; x < pixels; x++) {
		uint64_t alpha = from[colours];

		for (int b = 0; b < colours; b++) {
			uint64_t c = alpha == 0
			    ? 0
			    : (from[b] * UINT64_C(65535) + alpha / 2) / alpha;

			to[b] = (uint16_t)(c > 65535 ? 65535 : c);
		}
		to[colours] = (uint16_t)alpha;
		from += colours + 1;
		to += colours + 1;
	}
}

/* Nothing to do: most images with an alpha channel are mostly solid. */
static bool
region_is_solid(const VipsRegion *in, const VipsRect *area)
{
	int bands = in->im->Bands;
	bool solid = in->im->BandFmt == VIPS_FORMAT_UCHAR;

	for (int y = area->top; y < area->top + area->height && solid; y++) {
		const uint8_t *p = pixel_at(in, area->left, y);
		unsigned all = 255;

		for (int x = 0; x < area->width; x++)
			all &= p[x * bands + bands - 1];
		solid = all == 255;
	}
	return solid;
}

static int
alpha_generate(VipsRegion *out, VipsRegion *in, bool divide)
{
	const VipsRect *area = &out->valid;
	int colours = out->im->Bands - 1;

	if (vips_region_prepare(in, area) != 0)
		return -1;
	if (region_is_solid(in, area))
		return vips_region_region(out, in, area, area->left, area->top);
	for (int y = area->top; y < area->top + area->height; y++) {
		const void *from = pixel_at(in, area->left, y);
		void *to = pixel_at(out, area->left, y);

		if (out->im->BandFmt == VIPS_FORMAT_UCHAR)
			(divide ? divide_8 : multiply_8)(
			    from, to, area->width, colours);
		else
			(divide ? divide_16 : multiply_16)(
			    from, to, area->width, colours);
	}
	return 0;
}

static int
alpha_multiply(
    VipsRegion *out, void *seq, void *image, void *data, gboolean *stop)
{
	(void)image;
	(void)data;
	(void)stop;
	return alpha_generate(out, seq, false);
}

static int
alpha_divide(
    VipsRegion *out, void *seq, void *image, void *data, gboolean *stop)
{
	(void)image;
	(void)data;
	(void)stop;
	return alpha_generate(out, seq, true);
}

static bool
alpha_scale(const struct op_context *ctx, VipsImage *in, bool divide,
    VipsImage **out, struct err *e)
{
	scoped_image done = NULL;

	if (!vips_image_hasalpha(in)) {
		*out = g_object_ref(in);
		return true;
	}
	if (in->BandFmt != VIPS_FORMAT_UCHAR &&
	    in->BandFmt != VIPS_FORMAT_USHORT) {
		if ((divide ? vips_unpremultiply(in, &done, NULL)
			    : vips_premultiply(in, &done, NULL)) != 0)
			return image_fail(ctx, e, ERR_INTERNAL, "premultiply");
		*out = take_ptr(done);
		return true;
	}

	done = vips_image_new();
	/* libvips links pipelines without counting: the input lives as long. */
	vips_object_local(done, g_object_ref(in));
	if (vips_image_pipelinev(done, VIPS_DEMAND_STYLE_ANY, in, NULL) != 0 ||
	    vips_image_generate(done, vips_start_one,
		divide ? alpha_divide : alpha_multiply, vips_stop_one, in,
		NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "premultiply");
	*out = take_ptr(done);
	return true;
}

bool
pixel_premultiply(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	return alpha_scale(ctx, in, false, out, e);
}

bool
pixel_unpremultiply(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	return alpha_scale(ctx, in, true, out, e);
}

bool
pixel_whole(
    const struct op_context *ctx, VipsImage *in, VipsImage **out, struct err *e)
{
	scoped_image done = NULL;

	if (in->BandFmt == VIPS_FORMAT_UCHAR ||
	    in->BandFmt == VIPS_FORMAT_USHORT)
		done = g_object_ref(in);
	else if (vips_cast(in, &done, VIPS_FORMAT_USHORT, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "cast");
	*out = take_ptr(done);
	return true;
}

/* ---- Resampling ---- */

/*
 * libvips' reduce centres its output: of an axis of W pixels it makes
 * n = round(W / f), starting at -(n * f - W) / 2, with no way to say otherwise.
 * So for a fractional field the axis is lengthened, by copies of its last
 * pixel, to a W for which n * f is W nearly: then it starts at 0. What comes
 * out too much is cropped.
 */
static int
canvas_for(double field, double factor)
{
	int first = (int)ceil(field - 1e-9);
	int best = first;
	double least = 1;

	for (int w = first; w <= first + 60; w++) {
		double n = w / factor;
		double off = fabs(n - round(n));

		if (off < least - 1e-12) {
			least = off;
			best = w;
		}
	}
	return best;
}

struct axis {
	bool vertical;
	double field;
	int size;
	VipsKernel kernel;
};

static bool
axis_reduce(const struct op_context *ctx, VipsImage *in,
    const struct axis *axis, VipsImage **out, struct err *e)
{
	bool v = axis->vertical;
	int have = v ? in->Ysize : in->Xsize;
	double factor = axis->field / axis->size;
	bool whole = fabs(axis->field - have) < 1e-9;
	int canvas = whole ? have : canvas_for(axis->field, factor);
	scoped_image wide = NULL;
	scoped_image reduced = NULL;
	scoped_image done = NULL;

	/* Making larger is vips_resize()'s work. */
	if (factor < 1 || (whole && have == axis->size)) {
		*out = g_object_ref(in);
		return true;
	}
	if (canvas <= have)
		wide = g_object_ref(in);
	else if (vips_embed(in, &wide, 0, 0, v ? in->Xsize : canvas,
		     v ? canvas : in->Ysize, "extend", VIPS_EXTEND_COPY,
		     NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "embed");

	/* From twice the gap on, a box filter does the first, whole part. */
	if ((v ? vips_reducev(wide, &reduced, factor, "kernel", axis->kernel,
		     "gap", GAP, NULL)
	       : vips_reduceh(wide, &reduced, factor, "kernel", axis->kernel,
		     "gap", GAP, NULL)) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "reduce");

	if ((v ? reduced->Ysize : reduced->Xsize) == axis->size)
		done = g_object_ref(reduced);
	else if (vips_crop(reduced, &done, 0, 0,
		     v ? reduced->Xsize : axis->size,
		     v ? axis->size : reduced->Ysize, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "crop");
	*out = take_ptr(done);
	return true;
}

bool
pixel_resample(const struct op_context *ctx, VipsImage *in,
    const struct pixel_scale *to, VipsImage **out, struct err *e)
{
	struct axis down = { true, to->field_height, to->height, to->kernel };
	struct axis across = { false, to->field_width, to->width, to->kernel };
	scoped_image low = NULL;
	scoped_image small = NULL;
	scoped_image done = NULL;

	if (to->kernel == VIPS_KERNEL_NEAREST)
		small = g_object_ref(in);
	else if (!axis_reduce(ctx, in, &down, &low, e) ||
	    !axis_reduce(ctx, low, &across, &small, e))
		return false;

	if (small->Xsize == to->width && small->Ysize == to->height)
		done = g_object_ref(small);
	else if (vips_resize(small, &done, (double)to->width / small->Xsize,
		     "vscale", (double)to->height / small->Ysize, "kernel",
		     to->kernel, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "resize");
	*out = take_ptr(done);
	return true;
}

/* ---- Painting ---- */

/* To the depth of the image, and so that the rest of gamma makes it right. */
static void
ink_deepen(
    const struct op_context *ctx, const VipsImage *in, struct pixel_ink *ink)
{
	double most = bands_most(in);

	for (int i = 0; i < ink->n; i++) {
		double share = ink->value[i] / 255;

		if (ctx->gamma > 0 && (ink->n % 2 != 0 || i < ink->n - 1))
			share = pow(share, ctx->gamma);
		ink->value[i] = share * most;
	}
}

bool
pixel_ink(const struct op_context *ctx, VipsImage *in, uint64_t colour,
    VipsImage **out, struct pixel_ink *ink, struct err *e)
{
	unsigned red = colour >> 24 & 0xff;
	unsigned green = colour >> 16 & 0xff;
	unsigned blue = colour >> 8 & 0xff;
	unsigned alpha = colour & 0xff;
	scoped_image flat = NULL;
	scoped_image coloured = NULL;
	scoped_image done = NULL;

	/* Between the halves of gamma it has been converted and made deep. */
	if (ctx->gamma > 0)
		flat = g_object_ref(in);
	else if (!colour_convert(ctx, in, &flat, e))
		return false;
	if (red == green && green == blue)
		coloured = g_object_ref(flat);
	else if (!bands_rgb(ctx, flat, &coloured, e))
		return false;

	if (vips_image_hasalpha(coloured) || alpha == 255)
		done = g_object_ref(coloured);
	else if (vips_addalpha(coloured, &done, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "addalpha");

	ink->n = 0;
	ink->value[ink->n++] = red;
	if (done->Bands >= 3) {
		ink->value[ink->n++] = green;
		ink->value[ink->n++] = blue;
	}
	if (vips_image_hasalpha(done))
		ink->value[ink->n++] = alpha;
	ink_deepen(ctx, done, ink);
	*out = take_ptr(done);
	return true;
}

bool
pixel_ink_premultiply(const struct op_context *ctx, VipsImage *in,
    uint64_t colour, VipsImage **out, struct pixel_ink *ink, struct err *e)
{
	scoped_image ready = NULL;
	scoped_image solid = NULL;

	if (!pixel_ink(ctx, in, colour, &ready, ink, e) ||
	    !pixel_premultiply(ctx, ready, &solid, e) ||
	    !pixel_read(ctx, solid, out, e))
		return false;
	if (vips_image_hasalpha(ready))
		for (int i = 0; i < ink->n - 1; i++)
			ink->value[i] *=
			    ink->value[ink->n - 1] / bands_most(ready);
	return true;
}

void
pixel_ink_want(uint64_t colour, struct op_size *size)
{
	unsigned red = colour >> 24 & 0xff;
	unsigned green = colour >> 16 & 0xff;
	unsigned blue = colour >> 8 & 0xff;

	if ((colour & 0xff) != 0xff)
		size->alpha = 1;
	if (red != green || green != blue)
		size->grey = 0;
}

bool
pixel_flatten(const struct op_context *ctx, VipsImage *in, uint64_t colour,
    VipsImage **out, struct err *e)
{
	scoped_image ready = NULL;
	scoped_image done = NULL;
	struct pixel_ink ink;

	if (!vips_image_hasalpha(in)) {
		*out = g_object_ref(in);
		return true;
	}
	if (!pixel_ink(ctx, in, colour | 0xff, &ready, &ink, e))
		return false;

	VipsArrayDouble *background =
	    vips_array_double_new(ink.value, ink.n - 1);
	int failed = vips_flatten(ready, &done, "background", background, NULL);

	vips_area_unref(VIPS_AREA(background));
	if (failed != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "flatten");
	*out = take_ptr(done);
	return true;
}

bool
pixel_clear(
    const struct op_context *ctx, VipsImage *in, bool *clear, struct err *e)
{
	scoped_image alpha = NULL;
	double most = bands_most(in);
	double least = most;

	if (vips_image_hasalpha(in) &&
	    (vips_extract_band(in, &alpha, in->Bands - 1, NULL) != 0 ||
		vips_min(alpha, &least, NULL) != 0))
		return image_fail(ctx, e, ERR_INTERNAL, "min");
	*clear = least < most;
	return true;
}

/* ---- What attracts the eye ---- */

/* Looks for it with 8 bits. */
static bool
interest_find(const struct op_context *ctx, VipsImage *in,
    struct pixel_area want, struct err *e)
{
	scoped_image eight = NULL;
	scoped_image found = NULL;

	if (in->BandFmt == VIPS_FORMAT_UCHAR)
		eight = g_object_ref(in);
	else if (vips_colourspace(in, &eight,
		     in->Bands < 3 ? VIPS_INTERPRETATION_B_W
				   : VIPS_INTERPRETATION_sRGB,
		     NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "colourspace");
	if (vips_smartcrop(eight, &found, want.width, want.height,
		"interesting",
		want.entropy ? VIPS_INTERESTING_ENTROPY
			     : VIPS_INTERESTING_ATTENTION,
		NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "smartcrop");
	/* A crop's offset is minus where its input's corner went. */
	*ctx->memo = (struct op_memo){
		.left = -found->Xoffset, .top = -found->Yoffset, .set = true
	};
	return true;
}

bool
pixel_interest(const struct op_context *ctx, VipsImage *in,
    struct pixel_area want, VipsImage **out, struct err *e)
{
	scoped_image read = NULL;
	scoped_image done = NULL;

	if (!pixel_read(ctx, in, &read, e) ||
	    (!ctx->memo->set && !interest_find(ctx, read, want, e)))
		return false;
	if (vips_crop(read, &done, ctx->memo->left, ctx->memo->top, want.width,
		want.height, NULL) != 0)
		return image_fail(ctx, e, ERR_INTERNAL, "crop");
	*out = take_ptr(done);
	return true;
}
