/* SPDX-License-Identifier: Apache-2.0 */
/* EXIF: the table of what is known, a reader of directories, a writer. */
#include "image/exif.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- What is known: Exif 2.32, TIFF 6.0, and Windows' texts ---- */

enum {
	TAG_ORIENTATION = 0x0112,
	TAG_PHOTO = 0x8769,
	TAG_GPS = 0x8825,
	TAG_INTEROP = 0xa005,
	TAG_WIDTH = 0xa002,
	TAG_HEIGHT = 0xa003,
	GPS_LATITUDE_REF = 1,
	GPS_LATITUDE = 2,
	GPS_LONGITUDE_REF = 3,
	GPS_LONGITUDE = 4
};

static const struct row {
	uint16_t tag;
	uint8_t group;
	uint8_t flags;
	const char *name;
} rows[] = {
	{ 0x010e, EXIF_IMAGE, 0, "ImageDescription" },
	{ 0x010f, EXIF_IMAGE, 0, "Make" },
	{ 0x0110, EXIF_IMAGE, 0, "Model" },
	{ TAG_ORIENTATION, EXIF_IMAGE, EXIF_OWN, "Orientation" },
	{ 0x011a, EXIF_IMAGE, 0, "XResolution" },
	{ 0x011b, EXIF_IMAGE, 0, "YResolution" },
	{ 0x0128, EXIF_IMAGE, 0, "ResolutionUnit" },
	{ 0x0131, EXIF_IMAGE, 0, "Software" },
	{ 0x0132, EXIF_IMAGE, 0, "DateTime" },
	{ 0x013b, EXIF_IMAGE, EXIF_RIGHTS, "Artist" },
	{ 0x013c, EXIF_IMAGE, EXIF_PERSONAL, "HostComputer" },
	{ 0x0213, EXIF_IMAGE, 0, "YCbCrPositioning" },
	{ 0x4746, EXIF_IMAGE, 0, "Rating" },
	{ 0x4749, EXIF_IMAGE, 0, "RatingPercent" },
	{ 0x8298, EXIF_IMAGE, EXIF_RIGHTS, "Copyright" },
	{ 0x9c9b, EXIF_IMAGE, EXIF_UTF16, "XPTitle" },
	{ 0x9c9c, EXIF_IMAGE, EXIF_UTF16, "XPComment" },
	{ 0x9c9d, EXIF_IMAGE, EXIF_UTF16 | EXIF_RIGHTS, "XPAuthor" },
	{ 0x9c9e, EXIF_IMAGE, EXIF_UTF16, "XPKeywords" },
	{ 0x9c9f, EXIF_IMAGE, EXIF_UTF16, "XPSubject" },
	{ 0x829a, EXIF_PHOTO, 0, "ExposureTime" },
	{ 0x829d, EXIF_PHOTO, 0, "FNumber" },
	{ 0x8822, EXIF_PHOTO, 0, "ExposureProgram" },
	{ 0x8824, EXIF_PHOTO, 0, "SpectralSensitivity" },
	{ 0x8827, EXIF_PHOTO, 0, "ISOSpeedRatings" },
	{ 0x8830, EXIF_PHOTO, 0, "SensitivityType" },
	{ 0x8831, EXIF_PHOTO, 0, "StandardOutputSensitivity" },
	{ 0x8832, EXIF_PHOTO, 0, "RecommendedExposureIndex" },
	{ 0x8833, EXIF_PHOTO, 0, "ISOSpeed" },
	{ 0x9000, EXIF_PHOTO, 0, "ExifVersion" },
	{ 0x9003, EXIF_PHOTO, 0, "DateTimeOriginal" },
	{ 0x9004, EXIF_PHOTO, 0, "DateTimeDigitized" },
	{ 0x9010, EXIF_PHOTO, 0, "OffsetTime" },
	{ 0x9011, EXIF_PHOTO, 0, "OffsetTimeOriginal" },
	{ 0x9012, EXIF_PHOTO, 0, "OffsetTimeDigitized" },
	{ 0x9101, EXIF_PHOTO, 0, "ComponentsConfiguration" },
	{ 0x9102, EXIF_PHOTO, 0, "CompressedBitsPerPixel" },
	{ 0x9201, EXIF_PHOTO, 0, "ShutterSpeedValue" },
	{ 0x9202, EXIF_PHOTO, 0, "ApertureValue" },
	{ 0x9203, EXIF_PHOTO, 0, "BrightnessValue" },
	{ 0x9204, EXIF_PHOTO, 0, "ExposureBiasValue" },
	{ 0x9205, EXIF_PHOTO, 0, "MaxApertureValue" },
	{ 0x9206, EXIF_PHOTO, 0, "SubjectDistance" },
	{ 0x9207, EXIF_PHOTO, 0, "MeteringMode" },
	{ 0x9208, EXIF_PHOTO, 0, "LightSource" },
	{ 0x9209, EXIF_PHOTO, 0, "Flash" },
	{ 0x920a, EXIF_PHOTO, 0, "FocalLength" },
	{ 0x9214, EXIF_PHOTO, 0, "SubjectArea" },
	{ 0x9286, EXIF_PHOTO, EXIF_COMMENT, "UserComment" },
	{ 0x9290, EXIF_PHOTO, 0, "SubSecTime" },
	{ 0x9291, EXIF_PHOTO, 0, "SubSecTimeOriginal" },
	{ 0x9292, EXIF_PHOTO, 0, "SubSecTimeDigitized" },
	{ 0xa000, EXIF_PHOTO, 0, "FlashpixVersion" },
	{ 0xa001, EXIF_PHOTO, 0, "ColorSpace" },
	{ TAG_WIDTH, EXIF_PHOTO, EXIF_OWN, "PixelXDimension" },
	{ TAG_HEIGHT, EXIF_PHOTO, EXIF_OWN, "PixelYDimension" },
	{ 0xa20e, EXIF_PHOTO, 0, "FocalPlaneXResolution" },
	{ 0xa20f, EXIF_PHOTO, 0, "FocalPlaneYResolution" },
	{ 0xa210, EXIF_PHOTO, 0, "FocalPlaneResolutionUnit" },
	{ 0xa214, EXIF_PHOTO, 0, "SubjectLocation" },
	{ 0xa215, EXIF_PHOTO, 0, "ExposureIndex" },
	{ 0xa217, EXIF_PHOTO, 0, "SensingMethod" },
	{ 0xa300, EXIF_PHOTO, 0, "FileSource" },
	{ 0xa301, EXIF_PHOTO, 0, "SceneType" },
	{ 0xa401, EXIF_PHOTO, 0, "CustomRendered" },
	{ 0xa402, EXIF_PHOTO, 0, "ExposureMode" },
	{ 0xa403, EXIF_PHOTO, 0, "WhiteBalance" },
	{ 0xa404, EXIF_PHOTO, 0, "DigitalZoomRatio" },
	{ 0xa405, EXIF_PHOTO, 0, "FocalLengthIn35mmFilm" },
	{ 0xa406, EXIF_PHOTO, 0, "SceneCaptureType" },
	{ 0xa407, EXIF_PHOTO, 0, "GainControl" },
	{ 0xa408, EXIF_PHOTO, 0, "Contrast" },
	{ 0xa409, EXIF_PHOTO, 0, "Saturation" },
	{ 0xa40a, EXIF_PHOTO, 0, "Sharpness" },
	{ 0xa40c, EXIF_PHOTO, 0, "SubjectDistanceRange" },
	{ 0xa420, EXIF_PHOTO, EXIF_PERSONAL, "ImageUniqueID" },
	{ 0xa430, EXIF_PHOTO, EXIF_PERSONAL, "CameraOwnerName" },
	{ 0xa431, EXIF_PHOTO, EXIF_PERSONAL, "BodySerialNumber" },
	{ 0xa432, EXIF_PHOTO, 0, "LensSpecification" },
	{ 0xa433, EXIF_PHOTO, 0, "LensMake" },
	{ 0xa434, EXIF_PHOTO, 0, "LensModel" },
	{ 0xa435, EXIF_PHOTO, EXIF_PERSONAL, "LensSerialNumber" },
	{ 0xa460, EXIF_PHOTO, 0, "CompositeImage" },
	{ 0xa500, EXIF_PHOTO, 0, "Gamma" },
	{ 0x0000, EXIF_GPS, 0, "GPSVersionID" },
	{ GPS_LATITUDE_REF, EXIF_GPS, 0, "GPSLatitudeRef" },
	{ GPS_LATITUDE, EXIF_GPS, 0, "GPSLatitude" },
	{ GPS_LONGITUDE_REF, EXIF_GPS, 0, "GPSLongitudeRef" },
	{ GPS_LONGITUDE, EXIF_GPS, 0, "GPSLongitude" },
	{ 0x0005, EXIF_GPS, 0, "GPSAltitudeRef" },
	{ 0x0006, EXIF_GPS, 0, "GPSAltitude" },
	{ 0x0007, EXIF_GPS, 0, "GPSTimeStamp" },
	{ 0x0008, EXIF_GPS, 0, "GPSSatellites" },
	{ 0x0009, EXIF_GPS, 0, "GPSStatus" },
	{ 0x000a, EXIF_GPS, 0, "GPSMeasureMode" },
	{ 0x000b, EXIF_GPS, 0, "GPSDOP" },
	{ 0x000c, EXIF_GPS, 0, "GPSSpeedRef" },
	{ 0x000d, EXIF_GPS, 0, "GPSSpeed" },
	{ 0x000e, EXIF_GPS, 0, "GPSTrackRef" },
	{ 0x000f, EXIF_GPS, 0, "GPSTrack" },
	{ 0x0010, EXIF_GPS, 0, "GPSImgDirectionRef" },
	{ 0x0011, EXIF_GPS, 0, "GPSImgDirection" },
	{ 0x0012, EXIF_GPS, 0, "GPSMapDatum" },
	{ 0x0013, EXIF_GPS, 0, "GPSDestLatitudeRef" },
	{ 0x0014, EXIF_GPS, 0, "GPSDestLatitude" },
	{ 0x0015, EXIF_GPS, 0, "GPSDestLongitudeRef" },
	{ 0x0016, EXIF_GPS, 0, "GPSDestLongitude" },
	{ 0x0017, EXIF_GPS, 0, "GPSDestBearingRef" },
	{ 0x0018, EXIF_GPS, 0, "GPSDestBearing" },
	{ 0x0019, EXIF_GPS, 0, "GPSDestDistanceRef" },
	{ 0x001a, EXIF_GPS, 0, "GPSDestDistance" },
	{ 0x001b, EXIF_GPS, EXIF_COMMENT, "GPSProcessingMethod" },
	{ 0x001c, EXIF_GPS, EXIF_COMMENT, "GPSAreaInformation" },
	{ 0x001d, EXIF_GPS, 0, "GPSDateStamp" },
	{ 0x001e, EXIF_GPS, 0, "GPSDifferential" },
	{ 0x001f, EXIF_GPS, 0, "GPSHPositioningError" },
	{ 0x0001, EXIF_INTEROP, 0, "InteroperabilityIndex" },
	{ 0x0002, EXIF_INTEROP, 0, "InteroperabilityVersion" },
};

static const struct row *
row_of(enum exif_group group, uint16_t tag)
{
	for (size_t i = 0; i < NELEM(rows); i++)
		if (rows[i].tag == tag && rows[i].group == group)
			return &rows[i];
	return NULL;
}

/* ---- Numbers of either byte order ---- */

static unsigned
get16(bool big, const uint8_t *p)
{
	return big ? (unsigned)p[0] << 8 | p[1] : (unsigned)p[1] << 8 | p[0];
}

static uint32_t
get32(bool big, const uint8_t *p)
{
	return big ? (uint32_t)get16(big, p) << 16 | get16(big, p + 2)
		   : (uint32_t)get16(big, p + 2) << 16 | get16(big, p);
}

static uint64_t
get64(bool big, const uint8_t *p)
{
	return big ? (uint64_t)get32(big, p) << 32 | get32(big, p + 4)
		   : (uint64_t)get32(big, p + 4) << 32 | get32(big, p);
}

static void
put16(bool big, uint8_t *p, unsigned value)
{
	p[big ? 0 : 1] = (uint8_t)(value >> 8);
	p[big ? 1 : 0] = (uint8_t)value;
}

static void
put32(bool big, uint8_t *p, uint32_t value)
{
	put16(big, p + (big ? 0 : 2), value >> 16);
	put16(big, p + (big ? 2 : 0), value & 0xffff);
}

static const uint8_t type_size[EXIF_TYPES] = { 0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8,
	4, 8 };

/* ---- Reading ---- */

enum { ENTRY = 12, FIELD_MAX = 16384, SCAN_MAX = 2048 };

struct block {
	const uint8_t *at;
	size_t size;
	bool big;
	exif_each_f *each;
	void *to;
	unsigned calls;
	uint32_t sub[EXIF_GROUPS]; /* where the directories are; 0: none */
};

static bool
block_open(struct block *b, const uint8_t *bytes, size_t size)
{
	if (size >= 6 && memcmp(bytes, "Exif\0\0", 6) == 0) {
		bytes += 6;
		size -= 6;
	}
	if (size < 8 ||
	    (memcmp(bytes, "II*\0", 4) != 0 && memcmp(bytes, "MM\0*", 4) != 0))
		return false;
	b->at = bytes;
	b->size = size;
	b->big = *bytes == 'M';
	b->sub[EXIF_IMAGE] = get32(b->big, bytes + 4);
	return true;
}

/* Where a directory names another one: the first time counts. */
static void
block_link(struct block *b, enum exif_group from, const struct exif_field *f)
{
	enum exif_group to = EXIF_IMAGE;

	if (from == EXIF_IMAGE && f->tag == TAG_PHOTO)
		to = EXIF_PHOTO;
	else if (from == EXIF_IMAGE && f->tag == TAG_GPS)
		to = EXIF_GPS;
	else if (from == EXIF_PHOTO && f->tag == TAG_INTEROP)
		to = EXIF_INTEROP;
	if (to != EXIF_IMAGE && f->type == EXIF_LONG && f->count == 1 &&
	    b->sub[to] == 0)
		b->sub[to] = get32(f->big, f->at);
}

/* The entry's value, if it lies inside the block. */
static bool
block_field(const struct block *b, const uint8_t *entry, struct exif_field *f)
{
	f->tag = (uint16_t)get16(b->big, entry);
	f->type = (uint16_t)get16(b->big, entry + 2);
	f->count = get32(b->big, entry + 4);
	f->big = b->big;
	if (f->type == 0 || f->type >= EXIF_TYPES || f->count == 0 ||
	    f->count > FIELD_MAX)
		return false;
	f->size = (size_t)f->count * type_size[f->type];
	if (f->size > FIELD_MAX)
		return false;
	f->at = entry + 8;
	if (f->size > 4) {
		uint32_t at = get32(b->big, entry + 8);

		if (at > b->size || f->size > b->size - at)
			return false;
		f->at = b->at + at;
	}
	return true;
}

static void
block_read(struct block *b, enum exif_group group)
{
	uint32_t at = b->sub[group];
	size_t n;

	if (at < 8 || at > b->size || b->size - at < 2)
		return;
	n = get16(b->big, b->at + at);
	n = n < SCAN_MAX ? n : SCAN_MAX;
	at += 2;
	for (size_t i = 0; i < n && b->size - at >= ENTRY; i++, at += ENTRY) {
		struct exif_field f = { .group = group };
		const struct row *row;

		if (!block_field(b, b->at + at, &f))
			continue;
		block_link(b, group, &f);
		row = row_of(group, f.tag);
		if (row == NULL || b->calls == EXIF_FIELDS)
			continue;
		f.name = row->name;
		f.flags = row->flags;
		b->calls++;
		b->each(b->to, &f);
	}
}

bool
exif_each(const uint8_t *bytes, size_t size, exif_each_f *each, void *to)
{
	struct block b = { .each = each, .to = to };

	if (!block_open(&b, bytes, size))
		return false;
	for (unsigned group = 0; group < EXIF_GROUPS; group++)
		block_read(&b, (enum exif_group)group);
	return true;
}

static double
fraction(double over, double under, bool *finite)
{
	*finite = under < 0 || under > 0;
	return *finite ? over / under : 0;
}

double
exif_number(const struct exif_field *f, uint32_t i, bool *finite)
{
	const uint8_t *p = f->at + (size_t)i * type_size[f->type];
	union {
		uint64_t bits;
		double value;
	} wide;
	union {
		uint32_t bits;
		float value;
	} narrow;
	double value = 0;

	*finite = i < f->count;
	if (!*finite)
		return 0;
	switch ((enum exif_type)f->type) {
	case EXIF_BYTE:
	case EXIF_UNDEFINED:
		return *p;
	case EXIF_SBYTE:
		return (int8_t)*p;
	case EXIF_SHORT:
		return get16(f->big, p);
	case EXIF_SSHORT:
		return (int16_t)get16(f->big, p);
	case EXIF_LONG:
		return get32(f->big, p);
	case EXIF_SLONG:
		return (int32_t)get32(f->big, p);
	case EXIF_RATIONAL:
		return fraction(get32(f->big, p), get32(f->big, p + 4), finite);
	case EXIF_SRATIONAL:
		return fraction((int32_t)get32(f->big, p),
		    (int32_t)get32(f->big, p + 4), finite);
	case EXIF_FLOAT:
		narrow.bits = get32(f->big, p);
		value = (double)narrow.value;
		break;
	case EXIF_DOUBLE:
		wide.bits = get64(f->big, p);
		value = wide.value;
		break;
	case EXIF_ASCII:
	case EXIF_TYPES:
		*finite = false;
		break;
	}
	*finite = *finite && isfinite(value);
	return *finite ? value : 0;
}

/* ---- Texts ---- */

static size_t
utf8_put(uint32_t c, char *out, size_t room)
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (n > room)
		return 0;
	if (n == 1) {
		*out = (char)c;
		return 1;
	}
	for (size_t i = n; i-- > 1; c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	*out = (char)(0xf00 >> n | c);
	return n;
}

static size_t
text_utf16(
    const struct exif_field *f, size_t from, bool big, char *out, size_t room)
{
	size_t used = 0;

	for (size_t i = from; i + 1 < f->size; i += 2) {
		uint32_t c = get16(big, f->at + i);
		size_t n;

		if (c >= 0xd800 && c < 0xdc00 && i + 3 < f->size) {
			uint32_t low = get16(big, f->at + i + 2);

			c = low >= 0xdc00 && low < 0xe000
			    ? 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00)
			    : 0xfffd;
			i += 2;
		} else if (c >= 0xd800 && c < 0xe000) {
			c = 0xfffd;
		}
		if (c == 0)
			break;
		n = utf8_put(c, out + used, room - used);
		if (n == 0)
			break;
		used += n;
	}
	return used;
}

static size_t
text_bytes(const struct exif_field *f, size_t from, char *out, size_t room)
{
	const uint8_t *end = memchr(f->at + from, 0, f->size - from);
	size_t n = end != NULL ? (size_t)(end - f->at) - from : f->size - from;

	n = n < room ? n : room;
	memcpy(out, f->at + from, n);
	return n;
}

static size_t
text_comment(const struct exif_field *f, char *out, size_t room)
{
	if (f->size < 8)
		return 0;
	if (memcmp(f->at, "UNICODE\0", 8) == 0)
		return text_utf16(f, 8, f->big, out, room);
	if (memcmp(f->at, "ASCII\0\0\0", 8) == 0 ||
	    memcmp(f->at, "\0\0\0\0\0\0\0\0", 8) == 0)
		return text_bytes(f, 8, out, room);
	return 0;
}

/* As in "0232". */
static bool
is_version(const struct exif_field *f)
{
	bool digits = f->type == EXIF_UNDEFINED && f->size == 4;

	/* No text ends it: behind it may be the block's end. */
	for (size_t i = 0; i < f->size && digits; i++)
		digits = f->at[i] >= '0' && f->at[i] <= '9';
	return digits;
}

size_t
exif_text(const struct exif_field *f, char *out, size_t room)
{
	size_t n = 0;
	size_t skip = 0;

	if (f->type == EXIF_ASCII || is_version(f))
		n = text_bytes(f, 0, out, room);
	else if ((f->flags & EXIF_UTF16) != 0 && f->type == EXIF_BYTE)
		n = text_utf16(f, 0, false, out, room);
	else if ((f->flags & EXIF_COMMENT) != 0 && f->type == EXIF_UNDEFINED)
		n = text_comment(f, out, room);
	while (n > 0 && (out[n - 1] == ' ' || out[n - 1] == '\0'))
		n--;
	while (skip < n && out[skip] == ' ')
		skip++;
	memmove(out, out + skip, n - skip);
	return n - skip;
}

/* ---- The place ---- */

struct place {
	double degrees[2]; /* latitude, longitude */
	bool there[2];
	bool minus[2];
};

static void
place_field(void *to, const struct exif_field *f)
{
	struct place *p = to;
	unsigned i = f->tag >= GPS_LONGITUDE_REF;
	bool good[3];

	if (f->group != EXIF_GPS || f->tag < GPS_LATITUDE_REF ||
	    f->tag > GPS_LONGITUDE)
		return;
	if (f->tag == GPS_LATITUDE_REF || f->tag == GPS_LONGITUDE_REF) {
		p->minus[i] = *f->at == 'S' || *f->at == 'W';
		return;
	}
	p->degrees[i] = exif_number(f, 0, &good[0]) +
	    exif_number(f, 1, &good[1]) / 60 +
	    exif_number(f, 2, &good[2]) / 3600;
	/* Three numbers of 64 bits may be infinite together. */
	p->there[i] = good[0] && fabs(p->degrees[i]) <= (i == 0 ? 90 : 180);
}

bool
exif_place(const uint8_t *bytes, size_t size, double *north, double *east)
{
	struct place p = { 0 };

	if (!exif_each(bytes, size, place_field, &p) || !p.there[0] ||
	    !p.there[1])
		return false;
	*north = p.minus[0] ? -p.degrees[0] : p.degrees[0];
	*east = p.minus[1] ? -p.degrees[1] : p.degrees[1];
	return true;
}

/* ---- Writing ---- */

struct writer {
	const struct exif_want *want;
	struct exif_field field[EXIF_FIELDS + 8];
	size_t n;
	uint8_t own[8][4]; /* values of fields that are said anew */
	size_t nown;
	uint8_t *out;
	size_t room, used;
	bool big;
};

static void
writer_take(void *to, const struct exif_field *f)
{
	struct writer *w = to;
	const struct exif_want *want = w->want;
	bool wanted = f->group == EXIF_GPS
	    ? want->place
	    : want->all || (want->rights && (f->flags & EXIF_RIGHTS) != 0);

	w->big = f->big;
	for (size_t i = 0; i < w->n && wanted; i++)
		wanted =
		    w->field[i].group != f->group || w->field[i].tag != f->tag;
	if (wanted && (f->flags & EXIF_OWN) == 0)
		w->field[w->n++] = *f;
}

static void
writer_add(
    struct writer *w, enum exif_group group, uint16_t tag, uint32_t value)
{
	bool wide = value > UINT16_MAX;
	uint8_t *own = w->own[w->nown++];

	if (wide)
		put32(w->big, own, value);
	else
		put16(w->big, own, value);
	w->field[w->n++] = (struct exif_field){ .group = group,
		.tag = tag,
		.type = wide ? EXIF_LONG : EXIF_SHORT,
		.count = 1,
		.big = w->big,
		.at = own,
		.size = wide ? 4 : 2 };
}

static int
by_tag(const void *a, const void *b)
{
	const struct exif_field *x = a;
	const struct exif_field *y = b;

	return (x->tag > y->tag) - (x->tag < y->tag);
}

/* Bytes of a directory and its values, each at an even place; 0: empty. */
static size_t
group_size(const struct writer *w, enum exif_group group)
{
	size_t size = 0;

	for (size_t i = 0; i < w->n; i++)
		if (w->field[i].group == group)
			size += ENTRY +
			    (w->field[i].size > 4 ? w->field[i].size + 1 : 0) /
				2 * 2;
	return size > 0 ? size + 6 : 0;
}

static void
group_write(struct writer *w, enum exif_group group)
{
	uint8_t *dir = w->out + w->used;
	size_t at = w->used;
	unsigned n = 0;

	for (size_t i = 0; i < w->n; i++)
		n += w->field[i].group == group;
	if (n == 0)
		return;
	memset(dir, 0, group_size(w, group));
	put16(w->big, dir, n);
	at += 6 + (size_t)n * ENTRY;
	dir += 2;
	for (size_t i = 0; i < w->n; i++) {
		const struct exif_field *f = &w->field[i];

		if (f->group != group)
			continue;
		put16(w->big, dir, f->tag);
		put16(w->big, dir + 2, f->type);
		put32(w->big, dir + 4, f->count);
		if (f->size <= 4) {
			memcpy(dir + 8, f->at, f->size);
		} else {
			put32(w->big, dir + 8, (uint32_t)at);
			memcpy(w->out + at, f->at, f->size);
			at += (f->size + 1) / 2 * 2;
		}
		dir += ENTRY;
	}
	w->used = at;
}

/* Fields that say where the others are; false: it does not fit. */
static bool
writer_link(struct writer *w)
{
	static const struct {
		enum exif_group in, to;
		uint16_t tag;
	} links[] = { { EXIF_PHOTO, EXIF_INTEROP, TAG_INTEROP },
		{ EXIF_IMAGE, EXIF_PHOTO, TAG_PHOTO },
		{ EXIF_IMAGE, EXIF_GPS, TAG_GPS } };
	uint8_t *value[NELEM(links)] = { NULL };
	size_t at[EXIF_GROUPS];
	size_t size = 8;

	for (size_t i = 0; i < NELEM(links); i++) {
		if (group_size(w, links[i].to) == 0)
			continue;
		value[i] = w->own[w->nown];
		writer_add(w, links[i].in, links[i].tag, UINT32_MAX);
	}
	for (unsigned group = 0; group < EXIF_GROUPS; group++) {
		at[group] = size;
		size += group_size(w, (enum exif_group)group);
	}
	for (size_t i = 0; i < NELEM(links); i++)
		if (value[i] != NULL)
			put32(w->big, value[i], (uint32_t)at[links[i].to]);
	qsort(w->field, w->n, sizeof(w->field[0]), by_tag);
	return size <= w->room;
}

/* What changes with the image. */
static void
writer_renew(struct writer *w)
{
	const struct exif_want *want = w->want;

	if (!want->all)
		return;
	if (want->orientation > 0)
		writer_add(w, EXIF_IMAGE, TAG_ORIENTATION, want->orientation);
	if (want->width > 0) {
		writer_add(w, EXIF_PHOTO, TAG_WIDTH, want->width);
		writer_add(w, EXIF_PHOTO, TAG_HEIGHT, want->height);
	}
}

size_t
exif_write(const uint8_t *bytes, size_t size, const struct exif_want *want,
    uint8_t *out, size_t room)
{
	struct writer w = { .want = want, .out = out + 6, .used = 8 };

	if (room < 6 + 8 || !exif_each(bytes, size, writer_take, &w) ||
	    w.n == 0)
		return 0;
	w.room = room - 6;
	writer_renew(&w);
	if (!writer_link(&w))
		return 0;
	memcpy(out, "Exif\0\0", 6);
	memcpy(w.out, w.big ? "MM" : "II", 2);
	put16(w.big, w.out + 2, 42);
	put32(w.big, w.out + 4, 8);
	for (unsigned group = 0; group < EXIF_GROUPS; group++)
		group_write(&w, (enum exif_group)group);
	return 6 + w.used;
}
