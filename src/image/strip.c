/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers: one walker for each, which hands every piece of the file either
 * to the copy or to nobody.
 *
 * Whatever comes out is never longer than what went in: pieces are only left
 * out, and fixed fields are only rewritten in place.
 */
#include "image/strip.h"

#include <string.h>

struct strip {
	const uint8_t *in;
	size_t size;
	size_t at;
	uint8_t *out; /* NULL: only checked */
	size_t nout;
	unsigned keep;
};

static bool
kept(const struct strip *s, unsigned what)
{
	return (s->keep & 1U << what) != 0;
}

static size_t
left(const struct strip *s)
{
	return s->size - s->at;
}

/* Takes n bytes that are there; copies them if wanted. */
static void
take(struct strip *s, size_t n, bool copy)
{
	if (copy && s->out != NULL) {
		memcpy(s->out + s->nout, s->in + s->at, n);
		s->nout += n;
	}
	s->at += n;
}

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static uint32_t
le32(const uint8_t *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[1] << 8 | p[0];
}

static void
le32_put(uint8_t *p, size_t n)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(n >> 8 * i);
}

static bool
starts(const uint8_t *p, size_t size, const char *text, size_t n)
{
	return size >= n && memcmp(p, text, n) == 0;
}

#define STARTS(p, size, literal) starts(p, size, literal, sizeof(literal) - 1)

/* ---- JPEG: ITU-T T.81 annex B; APP segments by their usual names ---- */

enum {
	JPEG_TEM = 0x01,
	JPEG_RST0 = 0xd0,
	JPEG_SOI = 0xd8,
	JPEG_EOI = 0xd9,
	JPEG_SOS = 0xda,
	JPEG_APP0 = 0xe0,
	JPEG_APP1 = 0xe1,
	JPEG_APP2 = 0xe2,
	JPEG_APP13 = 0xed,
	JPEG_APP14 = 0xee,
	JPEG_APP15 = 0xef,
	JPEG_COM = 0xfe
};

static bool
jpeg_keeps(
    const struct strip *s, unsigned marker, const uint8_t *p, size_t size)
{
	switch (marker) {
	case JPEG_APP0:
		/* JFXX holds a thumbnail. */
		return STARTS(p, size, "JFIF\0");
	case JPEG_APP1:
		if (STARTS(p, size, "Exif\0"))
			return kept(s, KEEP_EXIF);
		return STARTS(p, size, "http://ns.adobe.com/") &&
		    kept(s, KEEP_XMP);
	case JPEG_APP2:
		return STARTS(p, size, "ICC_PROFILE\0") && kept(s, KEEP_ICC);
	case JPEG_APP13:
		return kept(s, KEEP_IPTC);
	case JPEG_APP14:
		/* Says how the colours are coded. */
		return STARTS(p, size, "Adobe");
	default:
		return marker != JPEG_COM &&
		    (marker < JPEG_APP0 || marker > JPEG_APP15);
	}
}

/* A segment of which no more than most bytes remain, with those of its length;
 * whether some were left out. */
static bool
jpeg_cut(struct strip *s, size_t length, unsigned char most)
{
	size_t start = s->nout;

	if (length <= most) {
		take(s, length, true);
		return false;
	}
	take(s, most, true);
	take(s, length - most, false);
	if (s->out != NULL) {
		s->out[start] = 0;
		s->out[start + 1] = most;
	}
	return true;
}

/* The bytes of JFIF's own fields (then comes a thumbnail) and of Adobe's. */
static void
jpeg_app(struct strip *s, unsigned marker, size_t length)
{
	size_t start = s->nout;

	if (marker == JPEG_APP14)
		(void)jpeg_cut(s, length, 14);
	else if (jpeg_cut(s, length, 16) && s->out != NULL)
		s->out[start + 14] = s->out[start + 15] = 0;
}

/*
 * Markers without a segment have no place between segments. Decoders pass over
 * them, so what follows would be taken for something else than they do.
 */
static bool
jpeg_is_bare(unsigned marker)
{
	return marker <= JPEG_TEM ||
	    (marker >= JPEG_RST0 && marker <= JPEG_SOI);
}

/* Entropy-coded bytes up to the next marker that is not part of them. */
static bool
jpeg_scan(struct strip *s)
{
	size_t at = s->at;

	for (;;) {
		const uint8_t *ff = at < s->size
		    ? memchr(s->in + at, 0xff, s->size - at)
		    : NULL;

		if (ff == NULL || ff + 1 >= s->in + s->size)
			return false;
		at = (size_t)(ff - s->in);
		/* 00 is a stuffed byte, D0 to D7 restart, FF fills. */
		if (ff[1] == 0xff)
			at += 1;
		else if (ff[1] == 0 || (ff[1] >= 0xd0 && ff[1] <= 0xd7))
			at += 2;
		else
			break;
	}
	take(s, at - s->at, true);
	return true;
}

static enum strip_state
jpeg_walk(struct strip *s)
{
	bool scanned = false;

	if (left(s) < 2 || s->in[1] != JPEG_SOI)
		return STRIP_BAD;
	take(s, 2, true);
	for (;;) {
		while (left(s) >= 2 && s->in[s->at] == 0xff &&
		    s->in[s->at + 1] == 0xff)
			take(s, 1, false);
		if (left(s) < 2)
			return STRIP_CUT;
		if (s->in[s->at] != 0xff)
			return STRIP_BAD;

		unsigned marker = s->in[s->at + 1];

		if (marker == JPEG_EOI) {
			take(s, 2, true);
			return scanned ? STRIP_WHOLE : STRIP_BAD;
		}
		if (jpeg_is_bare(marker))
			return STRIP_BAD;
		if (left(s) < 4)
			return STRIP_CUT;

		const uint8_t *p = s->in + s->at + 2;
		size_t length = (size_t)p[0] << 8 | p[1];

		if (length < 2)
			return STRIP_BAD;
		if (length > left(s) - 2)
			return STRIP_CUT;
		bool keep = jpeg_keeps(s, marker, p + 2, length - 2);

		take(s, 2, keep);
		if (keep && (marker == JPEG_APP0 || marker == JPEG_APP14))
			jpeg_app(s, marker, length);
		else
			take(s, length, keep);
		if (marker == JPEG_SOS) {
			scanned = true;
			if (!jpeg_scan(s))
				return STRIP_CUT;
		}
	}
}

/* ---- PNG: W3C, third edition, chapters 5 and 11 ---- */

uint32_t
strip_crc(const uint8_t *p, size_t n)
{
	static const uint32_t nibble[16] = { 0x00000000, 0x1db71064, 0x3b6e20c8,
		0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0,
		0x86d3d2d4, 0xa00ae278, 0xbdbdf21c };
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return ~crc;
}

/* Chunks that decide how the image looks; moving PNGs stay moving. */
static bool
png_keeps(const struct strip *s, const uint8_t *type, size_t size)
{
	static const char always[][5] = { "tRNS", "gAMA", "cHRM", "sRGB",
		"cICP", "sBIT", "bKGD", "acTL", "fcTL", "fdAT" };

	/* A capital letter first: the image cannot be decoded without it. */
	if ((type[0] & 0x20) == 0)
		return true;
	for (size_t i = 0; i < NELEM(always); i++)
		if (memcmp(type, always[i], 4) == 0)
			return true;
	if (memcmp(type, "iCCP", 4) == 0)
		return kept(s, KEEP_ICC);
	if (memcmp(type, "eXIf", 4) == 0)
		return kept(s, KEEP_EXIF);
	/* XMP is in an iTXt by its own rules, libvips makes it a zTXt. */
	return (memcmp(type, "iTXt", 4) == 0 || memcmp(type, "zTXt", 4) == 0) &&
	    kept(s, KEEP_XMP) && STARTS(type + 4, size, "XML:com.adobe.xmp\0");
}

static enum strip_state
png_walk(struct strip *s)
{
	bool first = true;

	if (left(s) < 8 || memcmp(s->in, "\x89PNG\r\n\x1a\n", 8) != 0)
		return STRIP_BAD;
	take(s, 8, true);
	for (;;) {
		if (left(s) < 12)
			return STRIP_CUT;

		const uint8_t *p = s->in + s->at;
		size_t length = be32(p);

		if (length > INT32_MAX)
			return STRIP_BAD;
		if (length > left(s) - 12)
			return STRIP_CUT;
		if (strip_crc(p + 4, length + 4) != be32(p + 8 + length) ||
		    first != (memcmp(p + 4, "IHDR", 4) == 0))
			return STRIP_BAD;
		first = false;
		take(s, length + 12, png_keeps(s, p + 4, length));
		/* It is empty; decoders do not mind when it is not. */
		if (memcmp(p + 4, "IEND", 4) == 0)
			return length == 0 ? STRIP_WHOLE : STRIP_BAD;
	}
}

/* ---- WebP: RFC 9649 ---- */

enum { VP8X_ICC = 0x20, VP8X_EXIF = 0x08, VP8X_XMP = 0x04 };

static bool
webp_keeps(const struct strip *s, const uint8_t *type)
{
	static const char always[][5] = { "VP8 ", "VP8L", "VP8X", "ALPH",
		"ANIM", "ANMF" };

	for (size_t i = 0; i < NELEM(always); i++)
		if (memcmp(type, always[i], 4) == 0)
			return true;
	if (memcmp(type, "ICCP", 4) == 0)
		return kept(s, KEEP_ICC);
	if (memcmp(type, "EXIF", 4) == 0)
		return kept(s, KEEP_EXIF);
	return memcmp(type, "XMP ", 4) == 0 && kept(s, KEEP_XMP);
}

/* The flags of VP8X that say what else is in the file. */
static void
webp_flags(const struct strip *s, uint8_t *flags)
{
	if (!kept(s, KEEP_ICC))
		*flags &= (uint8_t)~VP8X_ICC;
	if (!kept(s, KEEP_EXIF))
		*flags &= (uint8_t)~VP8X_EXIF;
	if (!kept(s, KEEP_XMP))
		*flags &= (uint8_t)~VP8X_XMP;
}

static enum strip_state
webp_walk(struct strip *s)
{
	size_t end;
	bool pixels = false;

	if (left(s) < 12 || memcmp(s->in, "RIFF", 4) != 0 ||
	    memcmp(s->in + 8, "WEBP", 4) != 0)
		return STRIP_BAD;
	end = le32(s->in + 4);
	if (end < 4)
		return STRIP_BAD;
	if (end > s->size - 8)
		return STRIP_CUT;
	end += 8;
	take(s, 12, true);
	while (end - s->at >= 8) {
		const uint8_t *p = s->in + s->at;
		size_t length = le32(p + 4);
		size_t padded = length + (length & 1);
		size_t start = s->nout;

		if (padded > end - s->at - 8)
			return STRIP_BAD;
		take(s, padded + 8, webp_keeps(s, p));
		if (memcmp(p, "VP8X", 4) == 0 && length < 10)
			return STRIP_BAD;
		if (memcmp(p, "VP8X", 4) == 0 && s->out != NULL)
			webp_flags(s, s->out + start + 8);
		pixels = pixels || memcmp(p, "VP8 ", 4) == 0 ||
		    memcmp(p, "VP8L", 4) == 0 || memcmp(p, "ANMF", 4) == 0;
	}
	if (s->out != NULL)
		le32_put(s->out + 4, s->nout - 8);
	return pixels ? STRIP_WHOLE : STRIP_BAD;
}

/* ---- GIF: CompuServe, 1990 (89a) ---- */

enum {
	GIF_IMAGE = 0x2c,
	GIF_EXTENSION = 0x21,
	GIF_TRAILER = 0x3b,
	GIF_COMMENT = 0xfe,
	GIF_APPLICATION = 0xff
};

static size_t
gif_colours(uint8_t flags)
{
	return (flags & 0x80) != 0 ? (size_t)3 << ((flags & 7) + 1) : 0;
}

/* Blocks of data up to the empty one. */
static bool
gif_blocks(struct strip *s, bool copy)
{
	for (;;) {
		if (left(s) < 1)
			return false;

		size_t n = (size_t)s->in[s->at] + 1;

		if (n > left(s))
			return false;
		take(s, n, copy);
		if (n == 1)
			return true;
	}
}

static bool
gif_keeps(const struct strip *s, const uint8_t *p, size_t size)
{
	if (size < 14 || p[1] == GIF_COMMENT)
		return size >= 2 && p[1] != GIF_COMMENT &&
		    p[1] != GIF_APPLICATION;
	if (p[1] != GIF_APPLICATION)
		return true;
	/* How often it plays; and metadata. */
	if (memcmp(p + 3, "NETSCAPE2.0", 11) == 0 ||
	    memcmp(p + 3, "ANIMEXTS1.0", 11) == 0)
		return true;
	return memcmp(p + 3, "XMP DataXMP", 11) == 0 && kept(s, KEEP_XMP);
}

static enum strip_state
gif_walk(struct strip *s)
{
	bool pixels = false;
	size_t head;

	if (left(s) < 13)
		return STRIP_CUT;
	if (memcmp(s->in, "GIF8", 4) != 0)
		return STRIP_BAD;
	head = 13 + gif_colours(s->in[10]);
	if (head > left(s))
		return STRIP_CUT;
	take(s, head, true);
	while (left(s) >= 2) {
		const uint8_t *p = s->in + s->at;
		bool copy = true;

		if (*p == GIF_TRAILER)
			break;
		if (*p == GIF_EXTENSION) {
			copy = gif_keeps(s, p, left(s));
			head = 2;
		} else if (*p == GIF_IMAGE) {
			/* Place, size, flags; colours; size of the codes. */
			head = left(s) < 10 ? 10 : 11 + gif_colours(p[9]);
			pixels = true;
		} else {
			return STRIP_BAD;
		}
		if (head > left(s))
			return STRIP_CUT;
		take(s, head, copy);
		if (!gif_blocks(s, copy))
			return STRIP_CUT;
	}
	/* Many writers forget the last byte; a copy must have it. */
	if (left(s) == 0 && s->out == NULL && pixels)
		return STRIP_WHOLE;
	if (left(s) < 1 || s->in[s->at] != GIF_TRAILER)
		return STRIP_CUT;
	take(s, 1, true);
	return pixels ? STRIP_WHOLE : STRIP_BAD;
}

/* ---- AVIF, HEIC: ISO/IEC 14496-12, 4.2; the top level only ---- */

static enum strip_state
heif_walk(struct strip *s)
{
	while (left(s) > 0) {
		const uint8_t *p = s->in + s->at;
		uint64_t length;

		if (left(s) < 8)
			return STRIP_CUT;
		length = be32(p);
		if (length == 0)
			return STRIP_WHOLE;
		if (length == 1) {
			if (left(s) < 16)
				return STRIP_CUT;
			length = (uint64_t)be32(p + 8) << 32 | be32(p + 12);
		}
		if (length < 8)
			return STRIP_BAD;
		if (length > left(s))
			return STRIP_CUT;
		take(s, (size_t)length, false);
	}
	return STRIP_WHOLE;
}

static enum strip_state
walk(enum format format, struct strip *s)
{
	switch (format) {
	case FORMAT_JPEG:
		return jpeg_walk(s);
	case FORMAT_PNG:
		return png_walk(s);
	case FORMAT_WEBP:
		return webp_walk(s);
	case FORMAT_GIF:
		return gif_walk(s);
	case FORMAT_AVIF:
	case FORMAT_HEIC:
		return heif_walk(s);
	case FORMAT_TIFF:
	case FORMAT_JP2:
	case FORMAT_JXL:
	case FORMAT_SVG:
	case FORMAT_PDF:
	case FORMAT_BMP:
	case FORMAT_ICO:
	case FORMAT_RAW:
	case FORMAT_SAME:
	case FORMAT_AUTO:
	case FORMAT_INFO:
	case FORMAT_COUNT:
		break;
	}
	return STRIP_UNKNOWN;
}

enum strip_state
strip_check(enum format format, const uint8_t *in, size_t size)
{
	struct strip s = { .in = in, .size = size };

	return walk(format, &s);
}

enum strip_state
strip_copy(enum format format, unsigned keep, const uint8_t *in, size_t size,
    uint8_t *out, size_t *nout)
{
	struct strip s = { .in = in, .size = size, .out = out, .keep = keep };
	enum strip_state state;

	if (format == FORMAT_AVIF || format == FORMAT_HEIC)
		return STRIP_UNKNOWN;
	state = walk(format, &s);
	*nout = s.nout;
	return state;
}
