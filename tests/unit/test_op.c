/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of operations and formats: names, types by first bytes, values. */
#include <math.h>
#include <stdio.h>

#include "base/err.h"
#include "plan/op.h"
#include "unit.h"

/* ---- Tables ---- */

static void
check_row(const char *where, const struct arg_row *row)
{
	union arg value;
	char text[ARG_TEXT_MAX];
	char accepted[1024] = "";

	assert_non_null(row->name);
	if (row->text[0] == '\0')
		fail_msg("%s.%s has no sentence", where, row->name);
	if ((row->type == ARG_PICK || row->type == ARG_SET) !=
	    (row->choices != NULL))
		fail_msg("%s.%s: words and type", where, row->name);
	if (row->type == ARG_NUM || row->type == ARG_WHOLE ||
	    row->type == ARG_LENGTH)
		assert_true(row->min < row->max);
	/* All of it, for the manual, and as much as an error has room for. */
	arg_accepted(row, accepted, sizeof(accepted));
	assert_null(strstr(accepted, "..."));
	arg_accepted(row, accepted, ERR_TEXT_MAX);
	assert_true(accepted[0] != '\0' && strlen(accepted) < ERR_TEXT_MAX);
	if (!arg_default(row, &value))
		return;
	arg_print(row, value, text);
	assert_true(text[0] != '\0');
	if (row->type == ARG_NUM)
		assert_true(value.num >= row->min && value.num <= row->max);
	if (row->type == ARG_WHOLE)
		assert_true((double)value.whole >= row->min &&
		    (double)value.whole <= row->max);
}

/* Each row is whole, its names are new, its default is inside its limits. */
static void
rows(void **state)
{
	(void)state;
	for (unsigned i = 0; i < OP_COUNT; i++) {
		const struct op_row *row = op_row((enum op)i);
		enum op found;

		assert_true(op_find(slice_of(row->name), &found));
		assert_int_equal(found, i);
		assert_true(row->narg <= OP_ARGS_MAX);
		assert_true(row->text[0] != '\0');
		for (size_t k = 0; k < row->narg; k++)
			check_row(row->name, &row->arg[k]);
	}
	for (unsigned i = 0; i < OUT_COUNT; i++)
		check_row("out", out_row((enum out)i));
	for (unsigned i = 0; i < FORMAT_COUNT; i++) {
		const struct format_row *row = format_row((enum format)i);
		enum format found;

		assert_true(format_find(slice_of(row->name), &found));
		assert_int_equal(found, i);
		assert_true((row->flags == 0) == (i < FORMAT_FIRST));
		assert_true((row->media_type[0] == '\0') == (i < FORMAT_FIRST));
	}
}

static void
names(void **state)
{
	enum op op;
	enum format format;

	(void)state;
	assert_true(op_find(SLICE("greyscale"), &op));
	assert_int_equal(op, OP_GRAYSCALE);
	assert_true(op_find(SLICE("crop"), &op));
	assert_int_equal(op, OP_EXTRACT);
	assert_false(op_find(SLICE("Resize"), &op));
	assert_false(op_find(SLICE("resiz"), &op));
	assert_false(op_find(SLICE(""), &op));
	assert_true(format_find(SLICE("jpg"), &format));
	assert_int_equal(format, FORMAT_JPEG);
	assert_true(format_find(SLICE("heif"), &format));
	assert_int_equal(format, FORMAT_HEIC);
	assert_false(format_find(SLICE("JPG"), &format));
	assert_false(format_find(SLICE("xbm"), &format));
	assert_false(format_find((struct slice){ NULL, 0 }, &format));
}

static void
sets(void **state)
{
	format_set moving = format_all(F_SAVE | F_ANIMATION);

	(void)state;
	assert_int_equal(
	    moving, FORMAT_BIT(FORMAT_WEBP) | FORMAT_BIT(FORMAT_GIF));
	assert_int_equal(format_all(F_SAVE) & FORMAT_BIT(FORMAT_HEIC), 0);
	assert_true((format_all(F_LOAD) & FORMAT_BIT(FORMAT_HEIC)) != 0);
	assert_int_equal(format_all(0) & FORMAT_BIT(FORMAT_AUTO), 0);
	assert_int_equal(format_all(0) & FORMAT_BIT(FORMAT_SAME), 0);
}

/* ---- First bytes ---- */

struct sample {
	const char *bytes;
	size_t size;
	int format; /* -1: none */
};
#define SAMPLE(literal, format)                          \
	{                                                \
		(literal), sizeof(literal) - 1, (format) \
	}

static const struct sample samples[] = {
	SAMPLE("\xff\xd8\xff\xe0rest", FORMAT_JPEG),
	SAMPLE("\xff\xd8\xff", FORMAT_JPEG),
	SAMPLE("\xff\xd8\xfe\xe0rest", -1),
	SAMPLE("\x89PNG\r\n\x1a\n", FORMAT_PNG),
	SAMPLE("\x89PNG\r\n\x1a\r", -1),
	SAMPLE("RIFF\1\2\3\4WEBPVP8 ", FORMAT_WEBP),
	SAMPLE("RIFF\1\2\3\4WAVEfmt ", -1),
	SAMPLE("GIF87a", FORMAT_GIF),
	SAMPLE("GIF89a", FORMAT_GIF),
	SAMPLE("GIF88a", -1),
	SAMPLE("\0\0\0\x1c"
	       "ftypavif\0\0\0\0mif1miafMA1B",
	    FORMAT_AVIF),
	SAMPLE("\0\0\0\x20"
	       "ftypavis\0\0\0\0msf1",
	    FORMAT_AVIF),
	SAMPLE("\0\0\0\x18"
	       "ftypheic\0\0\0\0mif1heic",
	    FORMAT_HEIC),
	SAMPLE("\0\0\0\x18"
	       "ftypheix\0\0\0\0mif1heic",
	    FORMAT_HEIC),
	SAMPLE("\0\0\0\x18"
	       "ftypmif1\0\0\0\0mif1heic",
	    FORMAT_HEIC),
	SAMPLE("\0\0\0\x1c"
	       "ftypmif1\0\0\0\0mif1miafavif",
	    FORMAT_AVIF),
	SAMPLE("\0\0\0\x1c"
	       "ftypmsf1\0\0\0\0msf1miafhevc",
	    FORMAT_HEIC),
	SAMPLE("\0\0\0\x14"
	       "ftypmif1\0\0\0\0mif1avif",
	    FORMAT_HEIC),
	SAMPLE("\0\0\0\x18"
	       "ftypisom\0\0\0\0avifmp41",
	    -1),
	SAMPLE("\0\0\0\x18"
	       "ftypavi",
	    -1),
	SAMPLE("\xff\xff\xff\xff"
	       "ftypmif1\0\0\0\0m",
	    FORMAT_HEIC),
	SAMPLE("<svg xmlns='http://www.w3.org/2000/svg'/>", FORMAT_SVG),
	SAMPLE("\xef\xbb\xbf \n<?xml version='1.0'?><!-- > -- --> <svg>",
	    FORMAT_SVG),
	SAMPLE("<!DOCTYPE svg PUBLIC 'x' 'y'>\n<svg>", FORMAT_SVG),
	SAMPLE("<!-- --><html><svg>", -1),
	SAMPLE("<!-- <svg>", -1),
	SAMPLE("<?xml <svg", -1),
	SAMPLE("<!DOCTYPE html><svg>", -1),
	SAMPLE("\x1f\x8b\x08 packed", -1),
	SAMPLE("%PDF-1.7", FORMAT_PDF),
	SAMPLE("II*\0", FORMAT_TIFF),
	SAMPLE("MM\0*", FORMAT_TIFF),
	SAMPLE("II+\0", FORMAT_TIFF),
	SAMPLE("MM\0+", FORMAT_TIFF),
	SAMPLE("MM*\0", -1),
	SAMPLE("\0\0\0\x0cjP  \r\n\x87\n", FORMAT_JP2),
	SAMPLE("\xff\x4f\xff\x51\0", FORMAT_JP2),
	SAMPLE("\0\0\0\x0cJXL \r\n\x87\n", FORMAT_JXL),
	SAMPLE("\xff\x0a", FORMAT_JXL),
	SAMPLE("", -1),
};

/* Whole, and cut at every byte: never read behind the end (ASan sees it). */
static void
sniff(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(samples); i++) {
		enum format format = FORMAT_SAME;
		bool found = format_sniff((const uint8_t *)samples[i].bytes,
		    samples[i].size, &format);

		if (found != (samples[i].format >= 0) ||
		    (found && (int)format != samples[i].format))
			fail_msg("sample %zu: %d %d", i, found, (int)format);
		for (size_t n = 0; n < samples[i].size; n++) {
			uint8_t *copy = malloc(n > 0 ? n : 1);

			assert_non_null(copy);
			memcpy(copy, samples[i].bytes, n);
			(void)!format_sniff(copy, n, &format);
			free(copy);
		}
	}
}

/* ---- Values ---- */

static void
prints(const struct arg_row *row, union arg value, const char *want)
{
	char text[ARG_TEXT_MAX];

	size_t len = arg_print(row, value, text);

	assert_string_equal(text, want);
	assert_int_equal(len, strlen(want));
}

static void
values(void **state)
{
	const struct arg_row *resize = op_row(OP_RESIZE)->arg;
	const struct arg_row *left = &op_row(OP_EXTRACT)->arg[EXTRACT_LEFT];
	const struct arg_row *keep = out_row(OUT_KEEP);
	union arg length = { .whole = 0 };

	(void)state;
	prints(&resize[RESIZE_WIDTH], (union arg){ .whole = 300 }, "300");
	prints(
	    &resize[RESIZE_FIT], (union arg){ .pick = FIT_INSIDE }, "inside");
	prints(&resize[RESIZE_BACKGROUND], (union arg){ .colour = 0x1020304 },
	    "#01020304");
	prints(&resize[RESIZE_FOCUS_X], (union arg){ .num = 0.1 }, "0.1");
	prints(keep, (union arg){ .set = 0 }, "none");
	prints(keep, (union arg){ .set = 1 << KEEP_ICC | 1 << KEEP_XMP },
	    "icc,xmp");
	prints(keep, (union arg){ .set = (1 << KEEP_COUNT) - 1 }, "all");
	length.length = (struct length){ 33.3F, 1 };
	prints(left, length, "33.3%");
	length.length = (struct length){ 100000, 0 };
	prints(left, length, "100000");
	length.length = (struct length){ 0.1F, 0 };
	prints(left, length, "0.1");
	length.length = (struct length){ 1.0F / 3, 1 };
	prints(left, length, "0.33333334%");
}

/* A length's text reads back as the same float, whatever the float. */
static void
lengths(void **state)
{
	const struct arg_row *left = &op_row(OP_EXTRACT)->arg[EXTRACT_LEFT];
	union arg value = { .whole = 0 };
	char text[ARG_TEXT_MAX];

	(void)state;
	for (int i = 0; i < 100000; i++) {
		float f = (float)i / 977.0F;
		float back;

		value.length.value = f;
		arg_print(left, value, text);
		back = strtof(text, NULL);
		if (memcmp(&back, &f, sizeof(f)) != 0)
			fail_msg("%s", text);
	}
}

static void
accepted_is(const struct arg_row *row, const char *want)
{
	char text[160];

	arg_accepted(row, text, sizeof(text));
	assert_string_equal(text, want);
}

static void
accepted(void **state)
{
	char small[8];

	(void)state;
	accepted_is(&op_row(OP_BLUR)->arg[BLUR_SIGMA], "0.3 to 1000 px");
	accepted_is(&op_row(OP_RESIZE)->arg[RESIZE_FIT],
	    "one of cover, contain, fill, inside, outside");
	accepted_is(out_row(OUT_QUALITY), "a whole number from 1 to 100");
	accepted_is(out_row(OUT_LOSSLESS), "true or false");
	arg_accepted(out_row(OUT_KEEP), small, sizeof(small));
	assert_string_equal(small, "none, a");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(names),
		cmocka_unit_test(sets),
		cmocka_unit_test(sniff),
		cmocka_unit_test(values),
		cmocka_unit_test(lengths),
		cmocka_unit_test(accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
