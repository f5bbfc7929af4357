/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the sample images that `make run` serves: make_images FOLDER.
 * What is measured is made larger than what is only looked at.
 */
#include <stdio.h>
#include <string.h>

#include "pictures.h"

static const char *folder;

static void
put(const char *name, struct file file)
{
	char path[4096];
	FILE *out;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >=
	    (int)sizeof(path)) {
		fprintf(stderr, "the folder's name is too long\n");
		exit(1);
	}
	out = fopen(path, "wbe");
	if (out == NULL || fwrite(file.bytes, 1, file.size, out) != file.size ||
	    fclose(out) != 0) {
		perror(path);
		exit(1);
	}
	picture_file_free(&file);
}

static void
put_image(const char *name, VipsImage *image, enum format format)
{
	put(name, picture_file(image, format));
	g_object_unref(image);
}

/* A damaged copy: cut, or with a hole. */
static void
put_bad(const char *name, const struct file *from, size_t size, size_t hole)
{
	struct file bad = { g_malloc(size), size };

	memcpy(bad.bytes, from->bytes, size);
	if (hole != 0)
		memset(bad.bytes + hole, 0, 400);
	put(name, bad);
}

int
main(int argc, char **argv)
{
	if (argc != 2 || VIPS_INIT(argv[0]) != 0) {
		fprintf(stderr, "usage: make_images FOLDER\n");
		return 2;
	}
	folder = argv[1];

	VipsImage *photo = picture_scene(SCENE_MOUNTAINS, 1600, 1067);
	VipsImage *small = picture_crop(photo, 800, 1067);
	VipsImage *alpha = picture_alpha(900, 600);
	struct file jpeg = picture_file(photo, FORMAT_JPEG);
	struct file png = picture_file(alpha, FORMAT_PNG);

	put_image("wide-gamut.jpg", picture_profile(photo, "p3"), FORMAT_JPEG);
	put_image("cmyk.jpg", picture_profile(small, "cmyk"), FORMAT_JPEG);
	put_image("deep.png", picture_deep(small), FORMAT_PNG);
	put_image("grey.jpg", picture_grey(photo), FORMAT_JPEG);
	put_image("portrait.jpg", picture_oriented(small, 6), FORMAT_JPEG);
	put("photo.webp", picture_file(photo, FORMAT_WEBP));
	put_image("pebbles.jpg", picture_scene(SCENE_PEBBLES, 1601, 1069),
	    FORMAT_JPEG);
	put_image(
	    "city.jpg", picture_scene(SCENE_CITY, 1602, 1070), FORMAT_JPEG);
	put_image("grey-alpha.png", picture_grey(alpha), FORMAT_PNG);
	put_image("animation.gif", picture_moving(400, 24), FORMAT_GIF);
	put_image("animation.webp", picture_moving(400, 24), FORMAT_WEBP);
	put_bad("cut.jpg", &jpeg, jpeg.size / 2, 0);
	put_bad("cut.png", &png, png.size / 2, 0);
	put_bad("damaged.png", &png, png.size, png.size / 2);
	put("photo.jpg", jpeg);
	put("alpha.png", png);
	g_object_unref(photo);
	g_object_unref(small);
	g_object_unref(alpha);
	vips_shutdown();
	return 0;
}
