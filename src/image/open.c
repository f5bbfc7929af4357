/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening: the type by the first bytes, the header once, the limits on it
 * before a pixel is decoded, and how much the decoder may shrink.
 */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "image/render.h"
#include "image/strip.h"

static VipsFailOn
open_strictness(const struct render *r)
{
	return r->plan->in.tolerant ? VIPS_FAIL_ON_NONE : VIPS_FAIL_ON_ERROR;
}

static bool
open_at(struct render *r, struct load_spec spec, VipsImage **out, struct err *e)
{
	spec.data = r->input.data;
	spec.size = r->input.size;
	spec.fail_on = open_strictness(r);
	spec.density = r->plan->in.density == 0 ? 72 : r->plan->in.density;
	if (spec.data == NULL)
		spec.source = input_source(&r->input);
	if (table_format(r->from)->load(&spec, out) != 0)
		return image_fail(NULL, e, ERR_BAD_IMAGE, "load");
	return true;
}

static bool
open_type(struct render *r, struct err *e)
{
	size_t size;
	const uint8_t *bytes = input_look(&r->input, &size);
	enum format format;

	if (!format_sniff(bytes, size, &format) || format < FORMAT_FIRST)
		return err_set(e, ERR_NOT_AN_IMAGE, "unknown first bytes");
	if ((image_conf()->load & FORMAT_BIT(format)) == 0)
		return err_set(e, ERR_NOT_AN_IMAGE, "%s is not enabled",
		    format_row(format)->name);
	r->from = format;
	r->facts.from = format;
	return true;
}

double
open_weight(const struct render *r, uint32_t pages)
{
	const struct image_size *size = &r->facts.original;
	int fours = (r->opened->Bands + 3) / 4;

	return (double)size->width * size->height * pages * fours;
}

static bool
open_limits(const struct render *r, uint32_t pages, struct err *e)
{
	const struct image_limits *limits = &r->job->limits;
	const struct image_size *size = &r->facts.original;

	if (open_weight(r, pages) > (double)limits->pixels)
		return err_set(e, ERR_TOO_MANY_PIXELS,
		    "%" PRIu32 "x%" PRIu32 ", %" PRIu32 " pages, %d channels",
		    size->width, size->height, pages, r->opened->Bands);
	if (size->width > limits->side || size->height > limits->side)
		return err_set(e, ERR_TOO_LARGE, "%" PRIu32 "x%" PRIu32,
		    size->width, size->height);
	return true;
}

/* The page that is asked for, and how many from there on. */
static bool
open_pages(struct render *r, struct err *e)
{
	uint32_t total = r->facts.original.pages;
	uint32_t most = r->job->limits.pages;
	int32_t page = r->plan->in.page;
	int32_t pages = r->plan->in.pages;
	char text[16];
	int n;

	if (page < 0 || (uint32_t)page >= total || (uint32_t)page >= most) {
		n = snprintf(text, sizeof(text), "%" PRId32, page);
		return err_param(e, ERR_BAD_VALUE, "page", text, (size_t)n,
		    "0 to %" PRIu32, (total < most ? total : most) - 1);
	}
	if (pages > 0 && (uint32_t)pages > most) {
		n = snprintf(text, sizeof(text), "%" PRId32, pages);
		return err_param(e, ERR_BAD_VALUE, "pages", text, (size_t)n,
		    "1 to %" PRIu32, most);
	}
	r->page = (uint32_t)page;
	r->pages = total - r->page;
	if (pages > 0 && (uint32_t)pages < r->pages)
		r->pages = (uint32_t)pages;
	if (r->pages > most)
		r->pages = most;
	/* Only an animation is a row of pictures that belong together. */
	if ((format_row(r->from)->flags & F_ANIMATION) == 0 ||
	    (pages == PAGES_GIF && r->from != FORMAT_GIF))
		r->pages = 1;
	return true;
}

/* What the header says of the page that is open. */
static void
open_facts(struct render *r, uint32_t pages)
{
	VipsImage *im = r->opened;
	int orientation = 1;

	r->facts.original = (struct image_size){ (uint32_t)im->Xsize,
		(uint32_t)im->Ysize, pages };
	if (vips_image_get_typeof(im, VIPS_META_ORIENTATION) != 0 &&
	    (vips_image_get_int(im, VIPS_META_ORIENTATION, &orientation) != 0 ||
		orientation < 1 || orientation > 8))
		orientation = 1;
	r->facts.orientation = (uint32_t)orientation;
	r->facts.profile = vips_image_get_typeof(im, VIPS_META_ICC_NAME) != 0;
	r->alpha = vips_image_hasalpha(im);
}

/* Pages of their own may have a size and a turn of their own. */
static bool
open_page(struct render *r, struct err *e)
{
	uint32_t pages = r->facts.original.pages;

	if (r->page == r->at || (format_row(r->from)->flags & F_PAGES) == 0)
		return true;
	g_clear_object(&r->opened);
	if (!open_at(r,
		(struct load_spec){
		    .page = (int)r->page, .pages = 1, .shrink = 1, .scale = 1 },
		&r->opened, e))
		return false;
	r->at = r->page;
	open_facts(r, pages);
	return open_limits(r, 1, e);
}

bool
open_header(struct render *r, struct err *e)
{
	const struct format_bind *bind;
	bool whole = false;

	if (!open_type(r, e))
		return false;
	bind = table_format(r->from);
	/* What seeks in its input needs all of it. */
	if (!bind->streams && !input_whole(&r->input, SIZE_MAX, &whole, e))
		return false;
	/* The GIF decoder passes over what is missing. */
	if (r->from == FORMAT_GIF && !r->plan->in.tolerant &&
	    strip_check(r->from, r->input.data, r->input.size) == STRIP_CUT)
		return err_set(e, ERR_TRUNCATED, "the GIF is cut");
	if (!open_at(r,
		(struct load_spec){ .pages = 1, .shrink = 1, .scale = 1 },
		&r->opened, e))
		return false;

	int pages = vips_image_get_n_pages(r->opened);

	/* Those of a JPEG 2000 are the same picture, each half as large. */
	if (r->from == FORMAT_JP2) {
		r->levels =
		    pages > 1 ? (uint32_t)(pages < 16 ? pages : 16) - 1 : 0;
		pages = 1;
	}
	r->at = 0;
	open_facts(r, (uint32_t)pages);
	return open_limits(r, 1, e) && open_pages(r, e) && open_page(r, e);
}

/*
 * The image that is to be decoded: the header's own, if nothing else was
 * wanted of the loader.
 */
bool
open_pixels(struct render *r, VipsImage **out, struct err *e)
{
	scoped_image image = NULL;

	if (!open_limits(r, r->pages, e))
		return false;
	if (r->page == r->at && r->pages == 1 && r->shrink == 1 &&
	    fabs(r->scale - 1) < DBL_EPSILON)
		image = g_object_ref(r->opened);
	else if (!open_at(r,
		     (struct load_spec){ .page = (int)r->page,
			 .pages = (int)r->pages,
			 .shrink = (int)r->shrink,
			 .scale = r->scale },
		     &image, e))
		return false;
	/* What is drawn larger than it says is decoded as large as that. */
	if (r->scale > 1 &&
	    (uint64_t)image->Xsize * (uint64_t)image->Ysize >
		r->job->limits.pixels)
		return err_set(e, ERR_TOO_MANY_PIXELS, "drawn as %dx%d",
		    image->Xsize, image->Ysize);
	return watch_put(&r->watch, image, true, out, e);
}
