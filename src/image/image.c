/* SPDX-License-Identifier: Apache-2.0 */
/* Starting and stopping libvips; what it can do; how its failures are told. */
#include "image/image.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "image/render.h"
#include "image/tiny.h"

/* clang-format off: it must come after vips.h */
#include <vips/vector.h>
/* clang-format on */

#ifdef __clang_analyzer__
#undef image_fail
#endif

/* Written by image_init(), before there are threads; constant afterwards. */
static struct image_conf conf;
static bool started;
static char version[32];

const struct image_conf *
image_conf(void)
{
	return &conf;
}

bool
image_fail(const struct op_context *ctx, struct err *e, enum err_code code,
    const char *call)
{
	char text[ERR_DETAIL_MAX];
	size_t n;

	(void)ctx;
	g_strlcpy(text, vips_error_buffer(), sizeof(text));
	vips_error_clear();
	for (n = strlen(text); n > 0 && text[n - 1] == '\n'; n--)
		text[n - 1] = '\0';
	for (char *c = text; *c != '\0'; c++)
		if (*c == '\n')
			*c = ';';
	return err_set(e, code, "%s: %s", call, text);
}

/* libvips' warnings would be lines in a log that is not ours. */
static GLogWriterOutput
log_nothing(
    GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
	(void)level;
	(void)fields;
	(void)n;
	(void)data;
	return G_LOG_WRITER_HANDLED;
}

/* Starts libvips once, whoever asks first. */
static bool
vips_started(void)
{
	static gsize once;
	static bool good;

	if (g_once_init_enter(&once)) {
		g_log_set_writer_func(log_nothing, NULL, NULL);
		good = vips_init("pictor") == 0;
		if (good) {
			vips_concurrency_set(1);
			vips_cache_set_max(0);
			snprintf(version, sizeof(version), "libvips %d.%d.%d",
			    vips_version(0), vips_version(1), vips_version(2));
		}
		g_once_init_leave(&once, 1);
	}
	return good;
}

const char *
image_version(void)
{
	return vips_started() ? version : "libvips";
}

/* ---- What it can do ---- */

static bool
can_decode(enum format format, const uint8_t *bytes, size_t size)
{
	struct load_spec spec = {
		.data = bytes, .size = size, .pages = 1, .shrink = 1, .scale = 1
	};
	scoped_image image = NULL;
	scoped_image read = NULL;
	if (table_format(format)->load(&spec, &image) == 0)
		read = vips_image_copy_memory(image);
	vips_error_clear();
	return read != NULL;
}

format_set
image_can_load(void)
{
	format_set can = 0;

	if (!vips_started())
		return 0;
	for (enum format f = FORMAT_FIRST; f < FORMAT_COUNT; f++)
		if ((format_row(f)->flags & F_LOAD) != 0 &&
		    (table_format(f)->loader[0] == NULL ||
			vips_type_find("VipsForeignLoad",
			    table_format(f)->loader[0]) != 0))
			can |= FORMAT_BIT(f);
	/* A container without its codec is of no use. */
	if ((can & FORMAT_BIT(FORMAT_HEIC)) != 0 && !started &&
	    !can_decode(FORMAT_HEIC, tiny_heic, sizeof(tiny_heic)))
		can &= ~FORMAT_BIT(FORMAT_HEIC);
	if (started)
		can &= conf.load;
	return can;
}

/* The HEIF saver is there without any codec, too. */
static bool
can_encode(enum format format)
{
	struct save_spec spec = { .quality = 50,
		.effort = 0,
		.compression = -1,
		.colours = 256,
		.subsample = VIPS_FOREIGN_SUBSAMPLE_ON };
	scoped_image black = NULL;
	scoped_image colours = NULL;
	void *bytes = NULL;
	size_t size;
	bool good = vips_black(&black, 16, 16, "bands", 3, NULL) == 0 &&
	    vips_copy(black, &colours, "interpretation",
		VIPS_INTERPRETATION_sRGB, NULL) == 0 &&
	    table_format(format)->save(colours, &spec, &bytes, &size) == 0;

	g_free(bytes);
	vips_error_clear();
	return good;
}

format_set
image_can_save(void)
{
	format_set can = 0;

	if (!vips_started())
		return 0;
	for (enum format f = FORMAT_FIRST; f < FORMAT_COUNT; f++) {
		const char *saver = table_format(f)->saver;

		if (f == FORMAT_INFO ||
		    ((format_row(f)->flags & F_SAVE) != 0 && saver != NULL &&
			vips_type_find("VipsForeignSave", saver) != 0))
			can |= FORMAT_BIT(f);
	}
	if ((can & FORMAT_BIT(FORMAT_AVIF)) != 0 && !can_encode(FORMAT_AVIF))
		can &= ~FORMAT_BIT(FORMAT_AVIF);
	return can;
}

/* ---- Starting ---- */

/* Everything but the loaders of these formats, those for files included. */
static void
block_loaders(format_set load)
{
	vips_operation_block_set("VipsForeignLoad", TRUE);
	for (enum format f = FORMAT_FIRST; f < FORMAT_COUNT; f++) {
		const struct format_bind *bind = table_format(f);

		if ((load & FORMAT_BIT(f)) == 0)
			continue;
		for (size_t i = 0; i < NELEM(bind->loader); i++)
			if (bind->loader[i] != NULL)
				vips_operation_block_set(
				    bind->loader[i], FALSE);
	}
}

static bool
init_formats(const char *what, format_set wanted, format_set can, struct err *e)
{
	for (enum format f = FORMAT_FIRST; f < FORMAT_COUNT; f++)
		if ((wanted & ~can & FORMAT_BIT(f)) != 0)
			return err_set(e, ERR_CONFIG, "this %s cannot %s %s",
			    image_version(), what, format_row(f)->name);
	return true;
}

bool
image_init(const struct image_conf *wanted, struct err *e)
{
	assert(!started);
	if (!vips_started())
		return image_fail(NULL, e, ERR_SYSTEM, "vips_init");
	format_set load = image_can_load();
	format_set save = image_can_save();

	if (!init_formats("read", wanted->load_must, load, e) ||
	    !init_formats("write", wanted->save_must, save, e))
		return false;
	conf = *wanted;
	conf.load &= load;
	conf.save &= save;
	vips_vector_set_enabled(conf.vector);
	block_loaders(conf.load);
	started = true;
	return true;
}

void
image_fini(void)
{
	if (started)
		vips_shutdown();
	started = false;
}
