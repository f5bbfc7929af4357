/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ICO and CUR, read only: bitmaps by our own reader, PNG by libvips. Each
 * picture of the file is a page, the largest the first.
 */
#include "formats/bmp.h"
#include "image/table.h"

static int
ico_fail(const struct err *e)
{
	vips_error("ico", "%s", e->detail);
	return -1;
}

static int
ico_picture(
    const struct load_spec *spec, const struct icon *icon, VipsImage **out)
{
	struct err e = { 0 };
	struct dib dib;

	if (icon->png)
		return vips_pngload_buffer((void *)(uintptr_t)icon->bytes,
		    icon->size, out, "access", VIPS_ACCESS_SEQUENTIAL,
		    "fail_on", spec->fail_on, NULL);
	if (!dib_read_icon(icon->bytes, icon->size, &dib, &e))
		return ico_fail(&e);
	return bmp_image(&dib, spec->fail_on == VIPS_FAIL_ON_NONE, out);
}

int
format_ico_load(const struct load_spec *spec, VipsImage **out)
{
	struct icon icon[ICON_MOST];
	struct err e = { 0 };
	VipsImage *picture = NULL;
	size_t n;
	int failed;

	if (!icon_read(spec->data, spec->size, icon, &n, &e))
		return ico_fail(&e);
	if (spec->page < 0 || (size_t)spec->page >= n) {
		vips_error("ico", "%s", "no such picture");
		return -1;
	}
	if (ico_picture(spec, &icon[spec->page], &picture) != 0)
		return -1;
	failed = vips_copy(picture, out, NULL);
	g_object_unref(picture);
	if (failed == 0)
		vips_image_set_int(*out, VIPS_META_N_PAGES, (int)n);
	return failed;
}
