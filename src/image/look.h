/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a small picture looks, in few bytes: its average and its main colours,
 * and hashes to show before it is there or to find its like by. Knows no
 * libvips.
 */
#pragma once

#include "base/slice.h"

enum { LOOK_SIDE = 100, LOOK_COLOURS = 5 };

/* Straight alpha, sRGB; sides from 1 to LOOK_SIDE. */
struct look {
	const uint8_t *rgba;
	size_t width, height;
};

struct look_colour {
	uint8_t rgb[3];
	double share; /* of what is not clear, 0 to 1 */
};

/* Mean of what is not clear; black where all is. */
void look_average(const struct look *in, uint8_t rgb[3]);
/* The main colours, largest first; returns how many. */
size_t look_colours(
    const struct look *in, struct look_colour out[LOOK_COLOURS]);
/*
 * BlurHash (woltapp/blurhash, Algorithm.md), of the picture on white: nx x ny
 * components, each 1 to 9. NUL-terminated; returns its length.
 */
enum { LOOK_BLURHASH_MAX = 6 + 2 * 81 };
size_t look_blurhash(
    const struct look *in, size_t nx, size_t ny, char out[LOOK_BLURHASH_MAX]);
/* ThumbHash (evanw/thumbhash). Returns its size in bytes. */
enum { LOOK_THUMBHASH_MAX = 40 };
size_t look_thumbhash(const struct look *in, uint8_t out[LOOK_THUMBHASH_MAX]);
/*
 * 64 bits of which few differ between pictures that look alike: the signs of
 * low frequencies of a DCT of its lightness, against their median.
 */
uint64_t look_phash(const struct look *in);
