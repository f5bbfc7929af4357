/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments of the spool: what they are called, how a record lies in one, and
 * which there are. Private to event/.
 *
 * A segment is a head of SEGMENT_HEAD bytes and records; a record is a frame
 * (magic, checksum, length, kind: 16 bytes, little-endian) and a packed event.
 * The checksum begins with the spool's salt, so that bytes that a client sent
 * in a URL are not taken for a record where a damaged one is skipped.
 */
#pragma once

#include "base/err.h"

enum {
	SEGMENT_HEAD = 64,
	FRAME_HEAD = 16,
	FRAME_MAX = 64 * 1024, /* of a packed event */
	SEGMENT_NAME_MAX = 40
};

struct segment {
	uint64_t number; /* from 1 on; 0: a file of another name */
	uint32_t salt;
	uint64_t size; /* bytes, when it was listed */
};

/* "0000000000000001-89abcdef.seg" */
void segment_name(const struct segment *s, char out[SEGMENT_NAME_MAX]);
bool segment_name_read(const char *name, struct segment *out) must_check;

void segment_head(
    const struct segment *s, int64_t made_ns, uint8_t out[SEGMENT_HEAD]);
/* False: it is none, or of a version that is not known. */
bool segment_head_read(
    const uint8_t in[SEGMENT_HEAD], struct segment *out) must_check;

/* The frame of a packed event, in front of it. */
void frame_head(
    uint32_t salt, const uint8_t *body, size_t size, uint8_t out[FRAME_HEAD]);
/* Bytes behind in[FRAME_HEAD]; 0: it is no frame. */
size_t frame_size(const uint8_t in[FRAME_HEAD]);
/* Of a whole frame: is it what was written? */
bool frame_good(uint32_t salt, const uint8_t *in, size_t body) must_check;
/* The next place from in on where a frame could begin, or in + size less what
 * could be the front of one. */
size_t frame_seek(const uint8_t *in, size_t size);

/* All of a folder, by number; release with free(). */
bool segments_list(int folder, struct segment **out, size_t *n) must_check;
