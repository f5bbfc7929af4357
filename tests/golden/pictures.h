/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sample images in every variant: bands, depth, alpha, colour space, profile,
 * orientation, animation; as images in memory and as files.
 *
 * Everything aborts on failure: this is for tests and for `make run`.
 */
#pragma once

#include <vips/vips.h>

#include "plan/op.h"
#include "scene.h"

struct file {
	uint8_t *bytes;
	size_t size;
};

/* 8-bit sRGB. All images returned are in memory and belong to the caller. */
VipsImage *picture_scene(enum scene scene, int width, int height);
/* Shapes on clear ground, soft and hard edges; colour under clear pixels. */
VipsImage *picture_alpha(int width, int height);
/* Frames on top of each other, with page-height, delays and a loop count. */
VipsImage *picture_moving(int side, int frames);

/* Four solid quarters: red, green, blue, yellow; and as a drawing. */
VipsImage *picture_quarters(int width, int height);
struct file picture_drawing(int width, int height, enum format format);

/* The same picture in another form; in is borrowed. */
VipsImage *picture_grey(VipsImage *in); /* colours out, alpha stays */
VipsImage *picture_deep(VipsImage *in); /* 16 bits */
VipsImage *picture_profile(VipsImage *in, const char *name); /* "p3" "cmyk" */
/* Stored so that the orientation shows it upright. */
VipsImage *picture_oriented(VipsImage *in, int orientation);
/* Without its profile. */
VipsImage *picture_bare(VipsImage *in);
VipsImage *picture_space(VipsImage *in, VipsInterpretation space);
/*
 * To be saved as a PNG with a palette, or with so many bits of grey, of which
 * it then has no more.
 */
enum { PICTURE_PALETTE = -1 };
VipsImage *picture_coded(VipsImage *in, int bits);
VipsImage *picture_crop(VipsImage *in, int width, int height);

/* A white frame: 11 on the left, 29 on the right, 23 above, 7 below. */
VipsImage *picture_framed(VipsImage *in);
/* Of the moving one only the ball: black on white. */
VipsImage *picture_ball(VipsImage *in);

/* With all metadata but in AVIF; quality 95. 16 bits as PNG, TIFF, JPEG 2000. */
struct file picture_file(VipsImage *in, enum format format);
void picture_file_free(struct file *file);
