/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers without decoding: is the file whole, and a copy of it without
 * metadata. The coded pixels are copied as they are.
 *
 * Never reads outside the input, for any bytes. Knows no libvips.
 */
#pragma once

#include "plan/op.h"

enum strip_state {
	STRIP_WHOLE,
	STRIP_CUT,    /* ends before its structure does */
	STRIP_BAD,    /* its structure is damaged */
	STRIP_UNKNOWN /* not a container that this file knows */
};

/*
 * Walks the structure of a JPEG, PNG, WebP or GIF; of AVIF and HEIC only the
 * boxes at the top.
 */
enum strip_state strip_check(
    enum format format, const uint8_t *in, size_t size);

/* The check of a PNG's chunk (annex D), over its type and bytes. */
uint32_t strip_crc(const uint8_t *p, size_t n);
/*
 * Copies a JPEG, PNG, WebP or GIF without its metadata and without what
 * follows the image. What decides how the pixels look stays, but for the
 * profile.
 *
 * keep:  bits 1u << KEEP_x: metadata that stays
 * out:   room for size bytes
 * *nout: bytes written
 * Not STRIP_WHOLE: out is undefined.
 */
enum strip_state strip_copy(enum format format, unsigned keep,
    const uint8_t *in, size_t size, uint8_t *out, size_t *nout);
