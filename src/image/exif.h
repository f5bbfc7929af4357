/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EXIF blocks (CIPA DC-008, in the form of TIFF 6.0) by our own reading: their
 * fields, and a new block with only those that may stay.
 *
 * Of an unknown uploader: nothing outside the block is read, a directory is
 * looked at once, and fields that the table does not know are nobody's: they
 * are neither shown nor copied. So are maker notes, previews and padding, in
 * which anything may hide. Knows no libvips.
 */
#pragma once

#include "base/slice.h"

enum exif_group { EXIF_IMAGE, EXIF_PHOTO, EXIF_GPS, EXIF_INTEROP, EXIF_GROUPS };

enum exif_flag {
	EXIF_RIGHTS = 1,   /* who made it, who may use it */
	EXIF_PERSONAL = 2, /* tells one camera or its owner from others */
	EXIF_UTF16 = 4,    /* bytes are little-endian UTF-16 */
	EXIF_COMMENT = 8,  /* eight bytes say how the text is coded */
	EXIF_OWN = 16      /* said anew for each result */
};

enum exif_type {
	EXIF_BYTE = 1,
	EXIF_ASCII = 2,
	EXIF_SHORT = 3,
	EXIF_LONG = 4,
	EXIF_RATIONAL = 5,
	EXIF_SBYTE = 6,
	EXIF_UNDEFINED = 7,
	EXIF_SSHORT = 8,
	EXIF_SLONG = 9,
	EXIF_SRATIONAL = 10,
	EXIF_FLOAT = 11,
	EXIF_DOUBLE = 12,
	EXIF_TYPES
};

/* Points into the block. */
struct exif_field {
	enum exif_group group;
	uint16_t tag;
	uint16_t type;  /* enum exif_type */
	uint32_t count; /* values */
	bool big;       /* most significant byte first */
	const uint8_t *at;
	size_t size; /* bytes */
	unsigned flags;
	const char *name; /* "FNumber" */
};

typedef void exif_each_f(void *to, const struct exif_field *field);

/*
 * Calls for each known field, at most EXIF_FIELDS of them. "Exif\0\0" may
 * stand before the block. False: not EXIF.
 */
enum { EXIF_FIELDS = 256 };
bool exif_each(const uint8_t *bytes, size_t size, exif_each_f *each, void *to);
/*
 * The value number i, 0 where it is none. *finite: false for what no number
 * is (x/0).
 */
double exif_number(const struct exif_field *field, uint32_t i, bool *finite);
/*
 * The text of an ASCII, UTF-16 or comment field as UTF-8, without spaces and
 * zero bytes at its ends, cut to fit; broken bytes are left to the caller.
 * Returns its length, 0 where it holds no text.
 */
size_t exif_text(const struct exif_field *field, char *out, size_t room);
/*
 * Where it was: degrees north and east. False: the block does not say, or not
 * both.
 */
bool exif_place(const uint8_t *bytes, size_t size, double *north, double *east);

struct exif_want {
	bool all;    /* everything known, but no place */
	bool rights; /* EXIF_RIGHTS */
	bool place;  /* the GPS directory */
	/* With all: what is said of the result; width 0: nothing. */
	uint32_t orientation, width, height;
};

/*
 * A block ("Exif\0\0" before it) with what is wanted of another one. Returns
 * its size; 0: nothing is left, or it does not fit the room.
 */
size_t exif_write(const uint8_t *bytes, size_t size,
    const struct exif_want *want, uint8_t *out, size_t room);
