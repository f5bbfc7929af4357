/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IPTC's IIM (version 4.2): its data sets, as they are or inside the image
 * resources of Photoshop, and a new block with only those that may stay.
 *
 * Only data sets with a text that the table knows are shown or copied; no
 * other image resource is (previews and whole EXIF blocks are among them).
 * Knows no libvips.
 */
#pragma once

#include "base/slice.h"

typedef void iptc_each_f(void *to, const char *name, struct slice value);

/* Calls for each known text. False: there is no IIM in it. */
bool iptc_each(const uint8_t *bytes, size_t size, iptc_each_f *each, void *to);
/* As UTF-8: what is none is taken for Latin-1. Cut to fit. */
size_t iptc_text(struct slice value, char *out, size_t room);

struct iptc_want {
	bool all;
	bool rights;  /* who made it, who may use it */
	bool wrapped; /* as JPEG has it: "Photoshop 3.0", one resource */
};

/*
 * A block with what is wanted of another one. Returns its size; 0: nothing is
 * left, or it does not fit.
 */
size_t iptc_write(const uint8_t *bytes, size_t size,
    const struct iptc_want *want, uint8_t *out, size_t room);
