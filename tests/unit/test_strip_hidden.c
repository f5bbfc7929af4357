/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was made to pass: text in places that decoders pass over, in files that
 * are answered without being encoded anew.
 */
#include <string.h>

#include "image/strip.h"
#include "unit.h"

#define SECRET "where it was taken"
/* Behind the marker: the length in two bytes, and the secret. */
#define SEGMENT    "\0\x14" SECRET
#define BEGIN      "\xff\xd8"
#define PIXELS     "\xff\xda\0\x02\x12\x34\xff\0\x56"
#define END        "\xff\xd9"
#define TEXT(text) ((const uint8_t *)(text)), sizeof(text) - 1

static uint8_t out[256];
static size_t nout;

static enum strip_state
strip(enum format format, const uint8_t *in, size_t size)
{
	/* Of its very size, so that a sanitizer sees what is read behind. */
	uint8_t *copy = xcalloc(size, 1);
	enum strip_state state;

	assert_true(size <= sizeof(out));
	memcpy(copy, in, size);
	state = strip_copy(format, 0, copy, size, out, &nout);
	assert_true(nout <= size);
	free(copy);
	return state;
}

static bool
has_secret(void)
{
	return memmem(out, nout, SECRET, strlen(SECRET)) != NULL;
}

/* A second one, one between scans, one behind the end. */
static void
test_jpeg_places(void **state)
{
	static const char in[] =
	    BEGIN "\xff\xe1" SEGMENT "\xff\xff\xff\xe1" SEGMENT PIXELS
		  "\xff\xed" SEGMENT PIXELS END SECRET;

	(void)state;
	assert_int_equal(strip(FORMAT_JPEG, TEXT(in)), STRIP_WHOLE);
	assert_int_equal(nout, sizeof(BEGIN PIXELS PIXELS END) - 1);
	assert_memory_equal(out, BEGIN PIXELS PIXELS END, nout);
}

/* Taken for a segment, its "length" would be the next one's marker. */
static void
test_jpeg_bare_markers(void **state)
{
	static const char bare[] = "\xd0\xd7\xd8\x01";

	(void)state;
	for (size_t i = 0; i < sizeof(bare) - 1; i++) {
		uint8_t in[] = BEGIN "\xff?\xff\xe1" SEGMENT PIXELS END;

		in[3] = (uint8_t)bare[i];
		assert_int_equal(
		    strip(FORMAT_JPEG, in, sizeof(in) - 1), STRIP_BAD);
	}
}

/* Adobe's has 12 bytes; JFIF's 14, and a thumbnail that goes. */
static void
test_jpeg_long_segments(void **state)
{
#define ADOBE "Adobe\0\x64\0\0\0\0\x02"
#define JFIF  "JFIF\0\x01\x01\0\0\x01\0\x01"
	static const char adobe[] =
	    BEGIN "\xff\xee\0\x20" ADOBE SECRET PIXELS END;
	static const char jfif[] =
	    BEGIN "\xff\xe0\0\x22" JFIF "\x02\x03" SECRET PIXELS END;

	(void)state;
	assert_int_equal(strip(FORMAT_JPEG, TEXT(adobe)), STRIP_WHOLE);
	assert_false(has_secret());
	assert_memory_equal(out, BEGIN "\xff\xee\0\x0e" ADOBE PIXELS END, nout);
	assert_int_equal(strip(FORMAT_JPEG, TEXT(jfif)), STRIP_WHOLE);
	assert_false(has_secret());
	assert_memory_equal(
	    out, BEGIN "\xff\xe0\0\x10" JFIF "\0\0" PIXELS END, nout);
}

/* An end with something in it is an end, too, for those who read it. */
static void
test_png_end(void **state)
{
#define PNG "\x89PNG\r\n\x1a\n\0\0\0\0IHDR\xa8\xa1\xae\x0a"
	(void)state;
	assert_int_equal(
	    strip(FORMAT_PNG, TEXT(PNG "\0\0\0\0IEND\xae\x42\x60\x82" SECRET)),
	    STRIP_WHOLE);
	assert_false(has_secret());
	assert_int_equal(
	    strip(FORMAT_PNG, TEXT(PNG "\0\0\0\2IENDhi\x9c\x94\x1f\x7f")),
	    STRIP_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jpeg_places),
		cmocka_unit_test(test_jpeg_bare_markers),
		cmocka_unit_test(test_jpeg_long_segments),
		cmocka_unit_test(test_png_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
