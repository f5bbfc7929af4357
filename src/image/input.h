/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The original's bytes for one render: in one buffer, or arriving.
 *
 * What arrives is read ahead as far as somebody needs to look; the loader then
 * gets that part again and the rest as it comes. A loader that wants to seek
 * is given the whole instead (input_whole).
 */
#pragma once

#include <vips/vips.h>

#include "image/image.h"

struct watch;

struct input {
	const struct image_input *from;
	struct watch *watch;
	/* The whole, once known; else NULL. Borrowed, or head. */
	const uint8_t *data;
	size_t size;
	/* What was read ahead (malloc'd), and how much of it was given on. */
	uint8_t *head;
	size_t nhead;
	size_t room;
	size_t given;
	bool ended;  /* read() has returned 0 */
	bool broken; /* read() has returned -1 */
	VipsSource *source;
	uint64_t bytes; /* seen so far */
};

/* Reads the first bytes. Fails with EMPTY, TRUNCATED. */
bool input_open(struct input *in, const struct image_input *from,
    struct watch *watch, struct err *e) must_check;
void input_close(struct input *in);
/* The first bytes: at least FORMAT_SNIFF, or all there are. */
const uint8_t *input_look(const struct input *in, size_t *size);
/*
 * Waits for all of it, if it is at most most bytes; *whole says whether it
 * was, and if so data and size are set. Nothing is lost if not. Must come
 * before input_source(). Fails with TRUNCATED where the input broke off.
 */
bool input_whole(
    struct input *in, size_t most, bool *whole, struct err *e) must_check;
/* For a loader, with data == NULL: owned by the input. */
VipsSource *input_source(struct input *in);
