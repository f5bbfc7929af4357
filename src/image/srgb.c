/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The profile that says sRGB (IEC 61966-2-1), as small as ICC.1:2010 allows:
 * libvips 8.14 brings one of seven kilobytes, more than many a thumbnail has.
 */
#include "image/srgb.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { TAGS = 10, HEAD = 128, TABLE = HEAD + 4 };

/* A profile that is being written. */
struct out {
	uint8_t *at;
	size_t used; /* by the tags' contents */
	size_t tags;
};

static void
put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void
put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

/* s15Fixed16Number (4.6). */
static void
put_fixed(uint8_t *at, double value)
{
	put32(at, (uint32_t)(int32_t)floor(value * 65536 + 0.5));
}

static void
put_row(struct out *o, const char *name, size_t at, size_t size)
{
	uint8_t *row = o->at + TABLE + 12 * o->tags++;

	memcpy(row, name, 4);
	put32(row + 4, (uint32_t)at);
	put32(row + 8, (uint32_t)size);
}

/* A new tag with contents of that type; they begin behind its 8 bytes. */
static uint8_t *
put_tag(struct out *o, const char *name, const char *type, size_t size)
{
	uint8_t *at = o->at + o->used;

	put_row(o, name, o->used, size);
	memcpy(at, type, 4);
	o->used += (size + 3) & ~(size_t)3;
	return at + 8;
}

/* multiLocalizedUnicodeType (10.13) with one text. */
static void
put_text(struct out *o, const char *name, const char *text)
{
	size_t len = strlen(text);
	uint8_t *at = put_tag(o, name, "mluc", 28 + 2 * len);

	put32(at, 1);
	put32(at + 4, 12);
	memcpy(at + 8, "enUS", 4);
	put32(at + 12, (uint32_t)(2 * len));
	put32(at + 16, 28);
	for (size_t i = 0; i < len; i++)
		at[20 + 2 * i + 1] = (uint8_t)text[i];
}

static void
put_numbers(struct out *o, const char *name, const char *type,
    const double *number, size_t n)
{
	uint8_t *at = put_tag(o, name, type, 8 + 4 * n);

	for (size_t i = 0; i < n; i++)
		put_fixed(at + 4 * i, number[i]);
}

/* One curve for the three channels: parametricCurveType (10.16), function 3. */
static void
put_curves(struct out *o)
{
	static const double curve[] = { 2.4, 1 / 1.055, 0.055 / 1.055,
		1 / 12.92, 0.04045 };
	size_t at = o->used;
	size_t size = 12 + 4 * sizeof(curve) / sizeof(curve[0]);
	uint8_t *in = put_tag(o, "rTRC", "para", size);

	put16(in, 3);
	for (size_t i = 0; i < sizeof(curve) / sizeof(curve[0]); i++)
		put_fixed(in + 4 + 4 * i, curve[i]);
	put_row(o, "gTRC", at, size);
	put_row(o, "bTRC", at, size);
}

static void
put_head(uint8_t *at, size_t size, const double white[3])
{
	put32(at, (uint32_t)size);
	put32(at + 8, 0x04200000); /* version 4.2 */
	memcpy(at + 12, "mntrRGB XYZ ", 12);
	put16(at + 24, 2026); /* a date must stand here */
	put16(at + 26, 1);
	put16(at + 28, 1);
	memcpy(at + 36, "acsp", 4);
	for (size_t i = 0; i < 3; i++)
		put_fixed(at + 68 + 4 * i, white[i]);
	put32(at + HEAD, TAGS);
}

void
srgb_profile(uint8_t bytes[SRGB_PROFILE_SIZE])
{
	/* D50, and the primaries adapted to it. */
	static const double white[] = { 0.9642, 1, 0.8249 };
	static const double red[] = { 0.43607, 0.22249, 0.01392 };
	static const double green[] = { 0.38515, 0.71687, 0.09708 };
	static const double blue[] = { 0.14307, 0.06061, 0.7141 };
	/* Bradford's adaptation of D65 to D50, by rows. */
	static const double adaptation[] = { 1.04788, 0.02292, -0.0502, 0.02959,
		0.99048, -0.01706, -0.00923, 0.01508, 0.75168 };
	struct out o = { .at = bytes, .used = TABLE + 12 * TAGS };

	memset(bytes, 0, SRGB_PROFILE_SIZE);
	put_text(&o, "desc", "sRGB");
	put_text(&o, "cprt", "CC0");
	put_numbers(&o, "wtpt", "XYZ ", white, 3);
	put_numbers(&o, "chad", "sf32", adaptation, 9);
	put_numbers(&o, "rXYZ", "XYZ ", red, 3);
	put_numbers(&o, "gXYZ", "XYZ ", green, 3);
	put_numbers(&o, "bXYZ", "XYZ ", blue, 3);
	put_curves(&o);
	assert(o.used == SRGB_PROFILE_SIZE && o.tags == TAGS);
	put_head(bytes, o.used, white);
}
