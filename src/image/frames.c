/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Animations: the loader gives all frames as one tall strip. Each is taken out
 * of it as it is decoded, goes through the steps by itself (so that nothing
 * bleeds over from its neighbour), and the results are stacked again.
 *
 * In memory are one frame as decoded and all results.
 */
#include <string.h>

#include "image/pixel.h"
#include "image/render.h"

static bool
is_header(const char *name)
{
	static const char *const header[] = { "width", "height", "bands",
		"format", "coding", "interpretation", "xoffset", "yoffset",
		"xres", "yres", "filename" };

	for (size_t i = 0; i < NELEM(header); i++)
		if (strcmp(name, header[i]) == 0)
			return true;
	return false;
}

static void *
meta_copy(VipsImage *from, const char *name, GValue *value, void *to)
{
	(void)from;
	if (!is_header(name))
		vips_image_set(to, name, value);
	return NULL;
}

/* One frame as an image of its own, unconnected with the strip. */
static bool
frame_read(VipsRegion *region, uint32_t index, int height, VipsImage **out,
    struct err *e)
{
	VipsImage *strip = region->im;
	VipsRect area = { 0, (int)index * height, strip->Xsize, height };
	scoped_image frame = vips_image_new_memory();
	GValue profile = G_VALUE_INIT;

	if (vips_region_prepare(region, &area) != 0)
		return image_fail(NULL, e, ERR_INTERNAL, "frame");
	vips_image_init_fields(frame, area.width, area.height, strip->Bands,
	    strip->BandFmt, strip->Coding, strip->Type, strip->Xres,
	    strip->Yres);
	if (vips_image_write_prepare(frame) != 0)
		return image_fail(NULL, e, ERR_INTERNAL, "write_prepare");

	size_t line = pixel_line_size(frame);

	for (int y = 0; y < height; y++)
		memcpy(pixel_line(frame, y), pixel_at(region, 0, area.top + y),
		    line);
	if (vips_image_get_typeof(strip, VIPS_META_ICC_NAME) != 0 &&
	    vips_image_get(strip, VIPS_META_ICC_NAME, &profile) == 0) {
		vips_image_set(frame, VIPS_META_ICC_NAME, &profile);
		g_value_unset(&profile);
	}
	*out = take_ptr(frame);
	return true;
}

static bool
frame_run(struct render *r, VipsImage *frame, struct op_memo *memo,
    VipsImage **out, struct err *e)
{
	scoped_image stepped = NULL;
	scoped_image shaped = NULL;

	return steps_run(r, frame, memo, &stepped, e) &&
	    output_shape(r, stepped, &shaped, e) &&
	    pixel_read(NULL, shaped, out, e);
}

/* The delays of the frames that were taken. */
static void
frames_delays(struct render *r, VipsImage *strip, VipsImage *out)
{
	int *delay;
	int n;

	if (vips_image_get_typeof(strip, "delay") == 0 ||
	    vips_image_get_array_int(strip, "delay", &delay, &n) != 0)
		return;
	if ((uint64_t)n >= (uint64_t)r->page + r->pages)
		vips_image_set_array_int(
		    out, "delay", delay + r->page, (int)r->pages);
}

static bool
frames_join(struct render *r, VipsImage *strip, VipsImage **frame, uint32_t n,
    VipsImage **out, struct err *e)
{
	scoped_image joined = NULL;
	scoped_image done = NULL;

	if (vips_arrayjoin(frame, &joined, (int)n, "across", 1, NULL) != 0 ||
	    vips_copy(joined, &done, NULL) != 0)
		return image_fail(NULL, e, ERR_INTERNAL, "arrayjoin");
	for (uint32_t i = 1; i < n; i++)
		if (frame[i]->Xsize != frame[0]->Xsize ||
		    frame[i]->Ysize != frame[0]->Ysize)
			return err_set(e, ERR_INTERNAL, "frames differ");

	bool profiled = vips_image_get_typeof(done, VIPS_META_ICC_NAME) != 0;

	vips_image_map(strip, meta_copy, done);
	if (!profiled)
		(void)vips_image_remove(done, VIPS_META_ICC_NAME);
	vips_image_set_int(done, VIPS_META_N_PAGES, (int)n);
	vips_image_set_int(done, VIPS_META_PAGE_HEIGHT, frame[0]->Ysize);
	frames_delays(r, strip, done);
	*out = take_ptr(done);
	return true;
}

/* What one step must know of all frames. */
static bool
frames_survey(
    struct render *r, struct op_memo *memo, size_t step, struct err *e)
{
	scoped_image strip = NULL;
	bool done = true;

	if (!open_pixels(r, &strip, e))
		return false;

	int height = vips_image_get_page_height(strip);
	uint32_t n = (uint32_t)(strip->Ysize / height);
	VipsRegion *region = vips_region_new(strip);

	memo[step].survey = true;
	for (uint32_t i = 0; i < n && done; i++) {
		scoped_image one = NULL;

		done = watch_check(&r->watch, e) &&
		    frame_read(region, i, height, &one, e) &&
		    steps_look(r, one, memo, step, e);
	}
	memo[step].survey = false;
	memo[step].set = true;
	g_object_unref(region);
	return done;
}

bool
frames_looks(unsigned op)
{
	return op == OP_TRIM;
}

bool
frames_look(struct render *r, struct op_memo *memo, struct err *e)
{
	for (size_t i = 0; i < r->plan->nstep; i++)
		if (frames_looks(r->plan->step[i].op) &&
		    !frames_survey(r, memo, i, e))
			return false;
	return true;
}

bool
frames_run(struct render *r, VipsImage *strip, struct op_memo *memo,
    VipsImage **out, struct err *e)
{
	int height = vips_image_get_page_height(strip);
	uint32_t n = (uint32_t)(strip->Ysize / height);
	VipsImage **frame = xcalloc(n, sizeof(*frame));
	VipsRegion *region = vips_region_new(strip);
	bool done = true;

	for (uint32_t i = 0; i < n && done; i++) {
		scoped_image one = NULL;

		done = watch_check(&r->watch, e) &&
		    frame_read(region, i, height, &one, e) &&
		    frame_run(r, one, memo, &frame[i], e);
	}
	done = done && frames_join(r, strip, frame, n, out, e);
	for (uint32_t i = 0; i < n; i++)
		g_clear_object(&frame[i]);
	free(frame);
	g_object_unref(region);
	return done;
}
