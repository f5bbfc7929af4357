/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became known about an image while it was rendered: goes back from the
 * worker, into the cache entry, the event and the metrics. A value.
 */
#pragma once

#include "plan/op.h"

struct image_size {
	uint32_t width;  /* pixels, of one page */
	uint32_t height; /* pixels, of one page */
	uint32_t pages;
};

struct facts {
	uint32_t from; /* enum format of the original */
	uint32_t to;   /* enum format of the result */
	struct image_size original, result;
	uint32_t alpha;       /* 1: the result has an alpha channel */
	uint32_t shrink;      /* factor by which the decoder shrank, 1: none */
	uint32_t unchanged;   /* 1: passed through (metadata perhaps removed) */
	uint32_t orientation; /* EXIF's of the original, 1..8 */
	uint32_t profile;     /* 1: the original has a colour profile */
	uint32_t colour;      /* 0: unknown; else 0x1rrggbb: the main one */
	uint64_t original_bytes, result_bytes;
	int64_t open_ns; /* reading the header */
	int64_t work_ns; /* decoding, operations and encoding */
};
