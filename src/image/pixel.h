/* SPDX-License-Identifier: Apache-2.0 */
/* What several operations need: memory, alpha, resampling, colours. */
#pragma once

#include "image/op.h"

/* Evaluates the image into memory; what is there already is only counted up. */
bool pixel_read(const struct op_context *ctx, VipsImage *in, VipsImage **out,
    struct err *e) must_check;

/*
 * An image in memory with what is known about another one but its size; its
 * pixels are to be written before anybody reads them.
 */
bool pixel_new(const struct op_context *ctx, VipsImage *like, int width,
    int height, VipsImage **out, struct err *e) must_check;

/* Bytes of a line of an image; the address of a region's pixel. */
size_t pixel_line_size(const VipsImage *image);
/* A line of an image in memory. */
uint8_t *pixel_line(const VipsImage *image, int y);
void *pixel_at(const VipsRegion *region, int x, int y);

/*
 * Colour times alpha, and back. Images without alpha pass unchanged. 8 and
 * 16 bit images stay what they are, rounded to the nearest.
 */
bool pixel_premultiply(const struct op_context *ctx, VipsImage *in,
    VipsImage **out, struct err *e) must_check;
bool pixel_unpremultiply(const struct op_context *ctx, VipsImage *in,
    VipsImage **out, struct err *e) must_check;

/*
 * Scales the field to width x height. The field starts at the image's top
 * left corner; its size may be a fraction of a pixel larger than the image's
 * (shrink-on-load). Alpha must be premultiplied.
 */
struct pixel_scale {
	double field_width, field_height;
	int width, height;
	VipsKernel kernel;
};

bool pixel_resample(const struct op_context *ctx, VipsImage *in,
    const struct pixel_scale *to, VipsImage **out, struct err *e) must_check;

/*
 * Makes the image fit for a colour 0xRRGGBBAA to be painted on it: converted
 * (colour_convert), an alpha channel where the colour is not solid, colours
 * where the colour is not grey. ink: the colour in the image's bands, n of
 * them.
 */
struct pixel_ink {
	double value[4];
	int n;
};

bool pixel_ink(const struct op_context *ctx, VipsImage *in, uint64_t colour,
    VipsImage **out, struct pixel_ink *ink, struct err *e) must_check;
/*
 * The same for what mixes neighbouring pixels, some of which are the colour:
 * image and ink with their alpha multiplied in, the image in memory.
 */
bool pixel_ink_premultiply(const struct op_context *ctx, VipsImage *in,
    uint64_t colour, VipsImage **out, struct pixel_ink *ink,
    struct err *e) must_check;
/* What painting with it makes of a step's size: alpha, colours. */
void pixel_ink_want(uint64_t colour, struct op_size *size);
/* Lays the image on a solid colour; the result has no alpha. */
bool pixel_flatten(const struct op_context *ctx, VipsImage *in, uint64_t colour,
    VipsImage **out, struct err *e) must_check;
/* 8 and 16 bit images as they are, others with 16 bits. */
bool pixel_whole(const struct op_context *ctx, VipsImage *in, VipsImage **out,
    struct err *e) must_check;
/*
 * Cuts out the area of that size that attracts the eye, or in which most
 * happens (entropy); of an animation where it is in the first frame, so that
 * the picture stands still.
 */
struct pixel_area {
	int width, height;
	bool entropy;
};

bool pixel_interest(const struct op_context *ctx, VipsImage *in,
    struct pixel_area want, VipsImage **out, struct err *e) must_check;
/* Whether a pixel of an image in memory is not solid. */
bool pixel_clear(const struct op_context *ctx, VipsImage *in, bool *clear,
    struct err *e) must_check;
