/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every format has.
 *
 * One format is one file src/formats/NAME.c with format_NAME_load and, where
 * it can be written, format_NAME_save, bound in image/table.c to its row of
 * plan/format.def. Both return 0, or -1 with libvips' error buffer filled.
 */
#pragma once

#include <vips/vips.h>

#include "plan/plan.h"

struct load_spec {
	const uint8_t *data; /* all of it; or NULL, then source */
	size_t size;
	VipsSource *source;
	int page;
	int pages;      /* -1: all */
	int shrink;     /* JPEG: 1, 2, 4, 8 */
	double scale;   /* WebP: 0 to 1; SVG, PDF: any */
	double density; /* SVG, PDF: pixels an inch */
	VipsFailOn fail_on;
};

/* *out: a new reference to a lazy image that is read from top to bottom. */
typedef int format_load_f(const struct load_spec *spec, VipsImage **out);

/* What the plan's output means to this format; plain numbers. */
struct save_spec {
	int quality;     /* on the encoder's own scale, 1 to 100 */
	int effort;      /* 0 to 10, cut by the format; -1: its default */
	int compression; /* -1: the format's default */
	int colours;     /* 2 to 256 */
	double dither;
	bool lossless;
	bool progressive;
	bool palette;
	VipsForeignSubsample subsample;
	bool animated;
	const struct plan *plan; /* the rest, by format_out(); NULL: defaults */
	/* What may stay: bits 1u << KEEP_x. The image holds nothing else. */
	unsigned keep;
};

/* *bytes: g_malloc'd. */
typedef int format_save_f(
    VipsImage *in, const struct save_spec *spec, void **bytes, size_t *size);

/*
 * Two arguments of every saver: the metadata to write. 8.15 brought a set in
 * place of all or nothing.
 */
#if VIPS_MAJOR_VERSION > 8 || VIPS_MINOR_VERSION >= 15
#define FORMAT_KEEP(spec) "keep", format_keep_flags((spec)->keep)
static inline VipsForeignKeep
format_keep_flags(unsigned keep)
{
	unsigned flags = 0;

	if (keep & 1U << KEEP_ICC)
		flags |= VIPS_FOREIGN_KEEP_ICC;
	if (keep & 1U << KEEP_EXIF)
		flags |= VIPS_FOREIGN_KEEP_EXIF;
	if (keep & 1U << KEEP_XMP)
		flags |= VIPS_FOREIGN_KEEP_XMP;
	if (keep & 1U << KEEP_IPTC)
		flags |= VIPS_FOREIGN_KEEP_IPTC;
	return (VipsForeignKeep)flags;
}
#else
#define FORMAT_KEEP(spec) "strip", (gboolean)((spec)->keep == 0)
#endif

/* An argument of the output: as the plan says, or its default. */
union arg format_out(const struct save_spec *spec, enum out out);
bool format_has(const struct save_spec *spec, enum out out);

static inline gboolean
format_on(const struct save_spec *spec, enum out out)
{
	return (gboolean)(format_out(spec, out).on != 0);
}

/* What is between -1 and 10 inside a format's own limits. */
static inline int
format_effort(const struct save_spec *spec, int least, int most, int otherwise)
{
	int effort = spec->effort < 0 ? otherwise : spec->effort;

	return effort < least ? least : effort > most ? most : effort;
}
