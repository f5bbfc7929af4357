/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libvips writes all metadata or none before 8.15, and always writes whole
 * blocks, its own inventions included. So JPEG, PNG and WebP are written
 * without, and get blocks of ours; what libvips writes (AVIF and others) finds
 * only what may stay on the image.
 */
#include "image/carry.h"

#include <string.h>

#include "image/exif.h"
#include "image/iptc.h"
#include "image/strip.h"
#include "image/xmp.h"

/* ---- The blocks ---- */

enum {
	SEGMENT_MAX = 65533, /* of a JPEG, without its length */
	BLOCK_MAX = XMP_MAX
};

#define XMP_NAME "http://ns.adobe.com/xap/1.0/"

bool
carry_embeds(enum format format)
{
	return format == FORMAT_JPEG || format == FORMAT_PNG ||
	    format == FORMAT_WEBP;
}

static struct slice
blob_of(VipsImage *im, const char *name)
{
	const void *at = NULL;
	size_t size = 0;

	if (vips_image_get_typeof(im, name) == VIPS_TYPE_BLOB &&
	    vips_image_get_blob(im, name, &at, &size) == 0)
		return (struct slice){ at, size };
	return (struct slice){ NULL, 0 };
}

/* The first blob whose name begins so. */
static struct slice
blob_like(VipsImage *im, const char *start)
{
	struct slice found = { NULL, 0 };
	char **names = vips_image_get_fields(im);

	for (char **name = names; found.len == 0 && *name != NULL; name++)
		if (strncmp(*name, start, strlen(start)) == 0)
			found = blob_of(im, *name);
	g_strfreev(names);
	return found;
}

struct slice
carry_blob(VipsImage *im, const char *name)
{
	struct slice blob = blob_of(im, name);

	/* What HEIF files hold is not always told apart by libvips. */
	if (blob.len == 0 && strcmp(name, VIPS_META_XMP_NAME) == 0)
		return blob_like(im, "heif-mime");
	return blob;
}

bool
carry_is_plain(VipsImage *im)
{
	return carry_blob(im, VIPS_META_EXIF_NAME).len == 0 &&
	    carry_blob(im, VIPS_META_XMP_NAME).len == 0 &&
	    blob_like(im, "heif-").len == 0;
}

static size_t
room_for(enum format format, size_t size, size_t head)
{
	size_t most =
	    format == FORMAT_JPEG ? SEGMENT_MAX - head : (size_t)BLOCK_MAX;

	/* What changes with the image may be new: a few fields. */
	return size + 256 < most ? size + 256 : most;
}

static void
settle(struct carry_block *block, uint8_t *at, size_t size)
{
	if (size > 0)
		*block = (struct carry_block){ at, size };
	else
		free(at);
}

/* The orientation that is true of the pixels as they are written. */
static uint32_t
orientation_of(const struct render *r, enum format to)
{
	return r->turned || !carry_embeds(to) ? 1 : r->facts.orientation;
}

static void
make_exif(const struct render *r, enum format to, const struct exif_want *want,
    struct carry_block *block)
{
	struct slice blob = carry_blob(r->opened, VIPS_META_EXIF_NAME);
	size_t room;
	uint8_t *at;

	if (blob.len == 0)
		return;
	room = room_for(to, blob.len + 6, 0);
	at = xcalloc(room, 1);
	settle(block, at,
	    exif_write((const uint8_t *)blob.at, blob.len, want, at, room));
}

static void
make_xmp(const struct render *r, enum format to, const struct xmp_want *want,
    struct carry_block *block)
{
	struct slice blob = carry_blob(r->opened, VIPS_META_XMP_NAME);
	size_t room;
	char *at;

	if (blob.len == 0)
		return;
	/* A packet of rights has words of its own. */
	room = room_for(to, blob.len + 1024, sizeof(XMP_NAME));
	at = xcalloc(room, 1);
	settle(block, (uint8_t *)at, xmp_write(blob, want, at, room));
}

static void
make_iptc(const struct render *r, enum format to, const struct iptc_want *want,
    struct carry_block *block)
{
	struct slice blob = carry_blob(r->opened, VIPS_META_IPTC_NAME);
	size_t room;
	uint8_t *at;

	if (blob.len == 0)
		return;
	room = room_for(to, blob.len, 0);
	at = xcalloc(room, 1);
	settle(block, at,
	    iptc_write((const uint8_t *)blob.at, blob.len, want, at, room));
}

void
carry_make(const struct render *r, enum format to, uint32_t width,
    uint32_t height, struct carry *c)
{
	uint64_t keep = out_get(r->plan, OUT_KEEP).set;
	bool rights = (keep & 1U << KEEP_COPYRIGHT) != 0;
	bool place = (keep & 1U << KEEP_GPS) != 0;
	struct exif_want exif = { .all = (keep & 1U << KEEP_EXIF) != 0,
		.rights = rights,
		.place = place,
		.orientation = orientation_of(r, to),
		.width = width,
		.height = height };
	struct xmp_want xmp = { .all = (keep & 1U << KEEP_XMP) != 0,
		.rights = rights,
		.place = place,
		.turned = orientation_of(r, to) != r->facts.orientation };
	struct iptc_want iptc = { .all = (keep & 1U << KEEP_IPTC) != 0,
		.rights = rights,
		.wrapped = to == FORMAT_JPEG };

	*c = (struct carry){ 0 };
	if (exif.all || exif.rights || exif.place)
		make_exif(r, to, &exif, &c->exif);
	if (xmp.all || xmp.rights)
		make_xmp(r, to, &xmp, &c->xmp);
	if ((iptc.all || iptc.rights) && to != FORMAT_PNG && to != FORMAT_WEBP)
		make_iptc(r, to, &iptc, &c->iptc);
}

void
carry_fini(struct carry *c)
{
	free(c->exif.at);
	free(c->xmp.at);
	free(c->iptc.at);
	*c = (struct carry){ 0 };
}

/* ---- What libvips writes ---- */

struct named {
	const char *name; /* as libvips calls it: "exif-ifd0-Artist" */
	bool found;
};

static void
find_named(void *to, const struct exif_field *field)
{
	static const char *const group[EXIF_GROUPS] = { "exif-ifd0-",
		"exif-ifd2-", "exif-ifd3-", "exif-ifd4-" };
	struct named *n = to;
	size_t len = strlen(group[field->group]);

	n->found = n->found ||
	    (strncmp(n->name, group[field->group], len) == 0 &&
		strcmp(n->name + len, field->name) == 0);
}

/*
 * libvips writes fields that are in the block and on the image as texts, and
 * makes those anew that are only texts.
 */
static void
drop_texts(const struct carry_block *exif, VipsImage *image)
{
	char **names = vips_image_get_fields(image);

	for (char **name = names; name != NULL && *name != NULL; name++) {
		struct named n = { *name, false };

		if (strncmp(*name, "exif-ifd", 8) != 0)
			continue;
		if (exif->at != NULL)
			(void)exif_each(exif->at, exif->size, find_named, &n);
		/* What differs from the original is in the block alone. */
		if (!n.found || strstr(*name, "Orientation") != NULL ||
		    strstr(*name, "PixelXDimension") != NULL ||
		    strstr(*name, "PixelYDimension") != NULL)
			(void)vips_image_remove(image, *name);
	}
	g_strfreev(names);
}

unsigned
carry_attach(const struct carry *c, VipsImage *image)
{
	const struct {
		const char *name;
		const struct carry_block *block;
		unsigned keep;
	} kinds[] = { { VIPS_META_EXIF_NAME, &c->exif, KEEP_EXIF },
		{ VIPS_META_XMP_NAME, &c->xmp, KEEP_XMP },
		{ VIPS_META_IPTC_NAME, &c->iptc, KEEP_IPTC } };
	unsigned keep = 0;

	drop_texts(&c->exif, image);
	for (size_t i = 0; i < NELEM(kinds); i++) {
		(void)vips_image_remove(image, kinds[i].name);
		if (kinds[i].block->at == NULL)
			continue;
		vips_image_set_blob_copy(image, kinds[i].name,
		    kinds[i].block->at, kinds[i].block->size);
		keep |= 1U << kinds[i].keep;
	}
	/* Sizes and orientation are said by the format itself. */
	vips_image_set_int(image, VIPS_META_ORIENTATION, 1);
	return keep;
}

/* ---- What is put into files here ---- */

struct copy {
	uint8_t *at;
	size_t used;
};

static void
put(struct copy *to, const void *bytes, size_t size)
{
	memcpy(to->at + to->used, bytes, size);
	to->used += size;
}

static void
put_number(struct copy *to, size_t value, unsigned bytes, bool big)
{
	for (unsigned i = 0; i < bytes; i++)
		to->at[to->used++] =
		    (uint8_t)(value >> 8 * (big ? bytes - 1 - i : i));
}

static void
jpeg_segment(struct copy *to, unsigned marker, const char *head, size_t nhead,
    const struct carry_block *block)
{
	if (block->at == NULL)
		return;
	put_number(to, 0xff00 | marker, 2, true);
	put_number(to, 2 + nhead + block->size, 2, true);
	put(to, head, nhead);
	put(to, block->at, block->size);
}

/* Behind the first segment, where that is JFIF's. */
static void
jpeg_embed(
    const struct carry *c, const uint8_t *in, size_t size, struct copy *to)
{
	size_t at = 2;

	if (size > 20 && memcmp(in + 2, "\xff\xe0", 2) == 0 &&
	    memcmp(in + 6, "JFIF", 5) == 0)
		at = 4 + ((size_t)in[4] << 8 | in[5]);
	put(to, in, at);
	jpeg_segment(to, 0xe1, "", 0, &c->exif);
	jpeg_segment(to, 0xe1, XMP_NAME, sizeof(XMP_NAME), &c->xmp);
	jpeg_segment(to, 0xed, "", 0, &c->iptc);
	put(to, in + at, size - at);
}

static void
png_chunk(struct copy *to, const char type[5], const char *head, size_t nhead,
    const uint8_t *bytes, size_t size)
{
	size_t start;

	put_number(to, nhead + size, 4, true);
	start = to->used;
	put(to, type, 4);
	put(to, head, nhead);
	put(to, bytes, size);
	put_number(to, strip_crc(to->at + start, to->used - start), 4, true);
}

/* Behind the head, which is of 33 bytes: before palette and pixels. */
static void
png_embed(
    const struct carry *c, const uint8_t *in, size_t size, struct copy *to)
{
	static const char xmp[] = "XML:com.adobe.xmp\0\0\0\0";

	put(to, in, 33);
	if (c->exif.at != NULL)
		png_chunk(to, "eXIf", "", 0, c->exif.at + 6, c->exif.size - 6);
	if (c->xmp.at != NULL)
		png_chunk(to, "iTXt", xmp, sizeof(xmp), c->xmp.at, c->xmp.size);
	put(to, in + 33, size - 33);
}

/* The extended head for a file without one, by the head of its pixels. */
static bool
webp_head(const uint8_t *in, size_t size, struct copy *to)
{
	const uint8_t *p = in + 20;
	unsigned alpha = 0;
	size_t width;
	size_t height;

	if (size < 30)
		return false;
	if (memcmp(in + 12, "VP8 ", 4) == 0) {
		width = ((size_t)p[7] << 8 | p[6]) & 0x3fff;
		height = ((size_t)p[9] << 8 | p[8]) & 0x3fff;
	} else if (memcmp(in + 12, "VP8L", 4) == 0) {
		width = 1 + (((size_t)p[2] << 8 | p[1]) & 0x3fff);
		height = 1 +
		    (((size_t)p[4] << 10 | (size_t)p[3] << 2 | p[2] >> 6) &
			0x3fff);
		alpha = p[4] >> 4 & 1;
	} else {
		return false;
	}
	if (width == 0 || height == 0)
		return false;
	put(to, "VP8X\x0a\0\0", 8);
	put_number(to, alpha != 0 ? 0x10 : 0, 4, false);
	put_number(to, width - 1, 3, false);
	put_number(to, height - 1, 3, false);
	return true;
}

static void
webp_chunk(
    struct copy *to, const char type[5], const uint8_t *bytes, size_t size)
{
	put(to, type, 4);
	put_number(to, size, 4, false);
	put(to, bytes, size);
	put(to, "", size % 2);
}

/* EXIF and XMP stand at the end; the extended head says so. */
static bool
webp_embed(
    const struct carry *c, const uint8_t *in, size_t size, struct copy *to)
{
	size_t whole;

	put(to, in, 12);
	if (memcmp(in + 12, "VP8X", 4) != 0 && !webp_head(in, size, to))
		return false;
	put(to, in + 12, size - 12);
	if (c->exif.at != NULL) {
		webp_chunk(to, "EXIF", c->exif.at + 6, c->exif.size - 6);
		to->at[20] |= 0x08;
	}
	if (c->xmp.at != NULL) {
		webp_chunk(to, "XMP ", c->xmp.at, c->xmp.size);
		to->at[20] |= 0x04;
	}
	whole = to->used;
	to->used = 4;
	put_number(to, whole - 8, 4, false);
	to->used = whole;
	return true;
}

static bool
embed(enum format format, const struct carry *c, struct carry_block *file)
{
	/* Heads of segments and chunks, and of the file, are shorter. */
	size_t room =
	    file->size + c->exif.size + c->xmp.size + c->iptc.size + 256;
	struct copy to = { .at = g_try_malloc(room) };
	bool good = to.at != NULL && file->size > 33;

	if (good && format == FORMAT_JPEG)
		jpeg_embed(c, file->at, file->size, &to);
	else if (good && format == FORMAT_PNG)
		png_embed(c, file->at, file->size, &to);
	else
		good = good && webp_embed(c, file->at, file->size, &to);
	if (!good) {
		g_free(to.at);
		return false;
	}
	g_free(file->at);
	*file = (struct carry_block){ to.at, to.used };
	return true;
}

bool
carry_copy(enum format format, const struct carry *c, bool icc,
    const uint8_t *in, size_t size, struct image_result *out)
{
	unsigned keep = icc ? 1U << KEEP_ICC : 0;
	struct carry_block file = { .at = g_try_malloc(size) };

	if (file.at == NULL)
		return false;
	if (strip_copy(format, keep, in, size, file.at, &file.size) !=
		STRIP_WHOLE ||
	    (!carry_is_empty(c) && carry_embeds(format) &&
		!embed(format, c, &file))) {
		g_free(file.at);
		return false;
	}
	image_result_fini(out);
	out->bytes = file.at;
	out->size = file.size;
	return true;
}
