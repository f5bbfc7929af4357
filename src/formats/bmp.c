/* SPDX-License-Identifier: Apache-2.0 */
/* BMP, read only, by a reader of our own: dib.c. */
#include "formats/bmp.h"

#include <string.h>

#include "image/pixel.h"
#include "image/table.h"

/* One image's. Its pixels are made on libvips' threads. */
struct bmp {
	struct dib dib;
	bool tolerant;
	GMutex mutex;
	bool tried;        /* under mutex: unpacking */
	uint8_t *unpacked; /* constant afterwards; NULL: it failed */
};

static void
bmp_free(gpointer data)
{
	struct bmp *bmp = data;

	g_free(bmp->unpacked);
	g_mutex_clear(&bmp->mutex);
	g_free(bmp);
}

/* Run lengths have no places to begin at: all of them, when the first row is
 * wanted, which is after the header's size was found to be within limits. */
static bool
bmp_unpack(struct bmp *bmp)
{
	const struct dib *d = &bmp->dib;
	bool good;

	g_mutex_lock(&bmp->mutex);
	if (!bmp->tried) {
		bmp->tried = true;
		bmp->unpacked = g_try_malloc((size_t)d->width * d->height);
		if (bmp->unpacked != NULL && !dib_unpack(d, bmp->unpacked) &&
		    !bmp->tolerant)
			g_clear_pointer(&bmp->unpacked, g_free);
	}
	good = bmp->unpacked != NULL;
	g_mutex_unlock(&bmp->mutex);
	return good;
}

static bool
bmp_row(struct bmp *bmp, uint32_t y, uint8_t *out)
{
	const struct dib *d = &bmp->dib;

	if (d->packed != 0) {
		dib_unpacked_row(d, bmp->unpacked, y, out);
		return true;
	}
	if (dib_row(d, y, out))
		return true;
	memset(out, 0, (size_t)d->width * (d->alpha ? 4 : 3));
	return bmp->tolerant;
}

static int
bmp_generate(VipsRegion *out, void *seq, void *a, void *b, gboolean *stop)
{
	struct bmp *bmp = a;
	const VipsRect *r = &out->valid;
	size_t each = bmp->dib.alpha ? 4 : 3;
	bool good = bmp->dib.packed == 0 || bmp_unpack(bmp);
	uint8_t *row = g_malloc(bmp->dib.width * each);

	(void)seq;
	(void)b;
	(void)stop;
	for (int y = r->top; y < r->top + r->height && good; y++) {
		good = bmp_row(bmp, (uint32_t)y, row);
		if (good)
			memcpy(pixel_at(out, r->left, y),
			    row + (size_t)r->left * each,
			    (size_t)r->width * each);
	}
	g_free(row);
	if (!good)
		vips_error("bmp", "%s", "the bitmap is cut");
	return good ? 0 : -1;
}

enum { STRIP = 16 };

/*
 * Read from top to bottom, as what libvips reads: of a picture that could be
 * read in any order a resize makes the same lines again and again.
 */
static int
bmp_sequential(VipsImage *image, VipsImage **out)
{
	VipsImage *in_order;
	int failed =
	    vips_sequential(image, &in_order, "tile_height", STRIP, NULL);

	g_object_unref(image);
	if (failed != 0)
		return -1;
	vips_image_set_int(in_order, VIPS_META_SEQUENTIAL, 1);
	*out = in_order;
	return 0;
}

int
bmp_image(const struct dib *dib, bool tolerant, VipsImage **out)
{
	VipsImage *image = vips_image_new();
	struct bmp *bmp = g_new0(struct bmp, 1);

	bmp->dib = *dib;
	bmp->tolerant = tolerant;
	g_mutex_init(&bmp->mutex);
	g_object_set_data_full(G_OBJECT(image), "pictor-bmp", bmp, bmp_free);
	vips_image_init_fields(image, (int)dib->width, (int)dib->height,
	    dib->alpha ? 4 : 3, VIPS_FORMAT_UCHAR, VIPS_CODING_NONE,
	    VIPS_INTERPRETATION_sRGB, 1, 1);
	if (vips_image_pipelinev(image, VIPS_DEMAND_STYLE_THINSTRIP, NULL) !=
		0 ||
	    vips_image_generate(image, NULL, bmp_generate, NULL, bmp, NULL) !=
		0) {
		g_object_unref(image);
		return -1;
	}
	return bmp_sequential(image, out);
}

int
format_bmp_load(const struct load_spec *spec, VipsImage **out)
{
	struct err e = { 0 };
	struct dib dib;

	if (!dib_read_bmp(spec->data, spec->size, &dib, &e)) {
		vips_error("bmp", "%s", e.detail);
		return -1;
	}
	return bmp_image(&dib, spec->fail_on == VIPS_FAIL_ON_NONE, out);
}
