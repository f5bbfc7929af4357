/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration, read for image.h. */
#include "render/setup.h"

/* One key of a mount that names formats. */
struct words {
	const char *key;
	const struct conf_list *list;
	unsigned flag; /* what such a format can do */
};

/* Adds the formats of a key to *set; what is named must be there. */
static bool
setup_formats(const struct conf_mount *mount, const struct words *words,
    format_set *set, format_set *must, struct err *e)
{
	if (words->list->n == 0)
		*set |= format_usual(words->flag);
	for (size_t i = 0; i < words->list->n; i++) {
		enum format format = FORMAT_SAME;

		if (strcmp(words->list->item[i], "all") == 0) {
			*set |= format_all(words->flag);
			continue;
		}
		if (!format_find(slice_of(words->list->item[i]), &format) ||
		    (int)format < (int)FORMAT_FIRST)
			return err_set(e, ERR_CONFIG,
			    "[mount.%s] %s: \"%s\" is not an image format",
			    mount->name, words->key, words->list->item[i]);
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
		const struct words in = { "originals", &m->originals, F_LOAD };
		const struct words out_of = { "formats", &m->formats, F_SAVE };

		if (!setup_formats(m, &in, &all.load, &all.load_must, e) ||
		    !setup_formats(m, &out_of, &all.save, &all.save_must, e))
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
