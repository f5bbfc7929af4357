/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration, read for image.h. */
#include "render/setup.h"

static bool
setup_formats(const struct conf_mount *mount, const struct conf_list *words,
    const char *key, unsigned flag, format_set *set, format_set *must,
    struct err *e)
{
	if (words->n == 0)
		*set |= format_all(flag);
	for (size_t i = 0; i < words->n; i++) {
		enum format format = FORMAT_SAME;

		if (!format_find(slice_of(words->item[i]), &format) ||
		    (int)format < (int)FORMAT_FIRST)
			return err_set(e, ERR_CONFIG,
			    "[mount.%s] %s: \"%s\" is not an image format",
			    mount->name, key, words->item[i]);
		*set |= FORMAT_BIT(format);
		*must |= FORMAT_BIT(format);
	}
	return true;
}

bool
setup_image(const struct conf *conf, struct image_conf *out, struct err *e)
{
	struct image_conf all = { .vector = conf->render_vector };

	for (size_t i = 0; i < conf->nmount; i++) {
		const struct conf_mount *m = &conf->mount[i];

		if (!setup_formats(m, &m->originals, "originals", F_LOAD,
			&all.load, &all.load_must, e) ||
		    !setup_formats(m, &m->formats, "formats", F_SAVE, &all.save,
			&all.save_must, e))
			return false;
	}
	*out = all;
	return true;
}

struct image_limits
setup_limits(const struct conf *conf)
{
	return (struct image_limits){
		.pixels = (uint64_t)conf->limit_pixels,
		.side = (uint32_t)conf->limit_side,
		.pages = (uint32_t)conf->limit_frames,
		.result_pixels = (uint64_t)conf->limit_result_pixels,
		.result_bytes = (uint64_t)conf->limit_result_bytes,
	};
}
