/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations once more, slow and simple: floating point, one loop for each
 * pixel, nothing of libvips and nothing of src/. What the fast ones are
 * compared with.
 *
 * A raster is colour times alpha and alpha, 0 to 255, four floats a pixel.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct raster {
	int width, height;
	float *at; /* malloc'd */
};

/* rgba: straight alpha. */
struct raster raster_of(const uint8_t *rgba, int width, int height);
void raster_free(struct raster *r);

/* Each takes its input's place. */
void raster_scale(struct raster *r, int width, int height); /* Lanczos 3 */
void raster_nearest(struct raster *r, int width, int height);
void raster_crop(struct raster *r, int x, int y, int width, int height);
/* On a ground of that size and colour 0xRRGGBBAA. */
void raster_pad(
    struct raster *r, int x, int y, int width, int height, uint32_t colour);
void raster_flatten(struct raster *r, uint32_t colour);
/* As EXIF's orientation: 6 turns clockwise. */
void raster_turn(struct raster *r, int turn);
void raster_grey(struct raster *r);
void raster_gauss(struct raster *r, double sigma);
/* A 3x3 mask: the middle, the eight others, what the sum is divided by. */
void raster_mask(struct raster *r, float middle, float other, float scale);

/*
 * Another one laid on it, its left top corner at x, y: "over", "multiply",
 * "screen", "dest-in", "xor".
 */
enum raster_blend {
	RASTER_OVER,
	RASTER_MULTIPLY,
	RASTER_SCREEN,
	RASTER_DEST_IN,
	RASTER_XOR
};
void raster_lay(struct raster *r, const struct raster *over, int x, int y,
    float opacity, enum raster_blend blend);

/* Mean of the absolute differences; of different sizes a large number. */
double raster_difference(const struct raster *a, const struct raster *b);
