/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XMP packets (ISO 16684-1): their properties, and a new packet with only
 * those that may stay.
 *
 * A packet is read as the XML that it is, tag by tag, without entities of its
 * own, at most XMP_MAX bytes and XMP_DEPTH deep. What is not well-formed UTF-8
 * XML of that kind is not read at all, and so never copied. Knows no libvips.
 */
#pragma once

#include "base/slice.h"

enum { XMP_MAX = 1 << 20, XMP_DEPTH = 64 };

/*
 * name: "dc:title", or "exif:Flash/exif:Fired" of a structure's field; value:
 * with its entities still in it (xmp_text()). Arrays: once for each item.
 */
typedef void xmp_each_f(void *to, struct slice name, struct slice value);

/* Calls for each property with a text. False: not XMP; calls were made
 * perhaps. */
bool xmp_each(struct slice packet, xmp_each_f *each, void *to);
/* Without entities and without spaces at its ends, cut to fit. */
size_t xmp_text(struct slice value, char *out, size_t room);
/* Whether a property says where something is: exif:GPSLatitude and the like. */
bool xmp_is_place(struct slice name);

struct xmp_want {
	bool all;    /* everything, but no place and no previews */
	bool rights; /* who made it, who may use it */
	bool place;
	bool turned; /* an orientation would be wrong */
};

/*
 * A packet with what is wanted of another one. Returns its size; 0: nothing
 * is left, it is not XMP, or it does not fit.
 */
size_t xmp_write(
    struct slice packet, const struct xmp_want *want, char *out, size_t room);
