/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a result carries of its original's metadata: blocks made anew with
 * only what may stay, and how they come into a JPEG, PNG or WebP.
 */
#pragma once

#include "image/render.h"

struct carry_block {
	uint8_t *at; /* NULL: none */
	size_t size;
};

struct carry {
	struct carry_block exif; /* "Exif\0\0" before it */
	struct carry_block xmp;
	struct carry_block iptc; /* as a JPEG has it */
};

static inline bool
carry_is_empty(const struct carry *c)
{
	return c->exif.at == NULL && c->xmp.at == NULL && c->iptc.at == NULL;
}

/*
 * A block of the original as libvips has it (VIPS_META_EXIF_NAME and so on),
 * of which nothing is believed. at NULL: none.
 */
struct slice carry_blob(VipsImage *im, const char *name);
/* Whether a HEIF file holds no metadata at all, known to libvips or not. */
bool carry_is_plain(VipsImage *im);
/* Whether blocks are put into files of the format here, not by libvips. */
bool carry_embeds(enum format format);
/*
 * The blocks for a result of that format and size, as the plan's list says. A
 * block that is damaged, or has no room in the format, is left out. Release
 * with carry_fini().
 */
void carry_make(const struct render *r, enum format to, uint32_t width,
    uint32_t height, struct carry *c);
void carry_fini(struct carry *c);
/*
 * Leaves on an image that libvips writes the metadata of the blocks. Returns
 * the bits 1u << KEEP_x for it.
 */
unsigned carry_attach(const struct carry *c, VipsImage *image);
/*
 * A copy of a JPEG, PNG, WebP or GIF without metadata, but with the blocks
 * (GIF: none) and, if icc, with its profile. False: it is damaged, or there is
 * no memory.
 */
bool carry_copy(enum format format, const struct carry *c, bool icc,
    const uint8_t *in, size_t size, struct image_result *out);
