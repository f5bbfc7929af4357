/* SPDX-License-Identifier: Apache-2.0 */
/* Colours as text: each form, and what is none. */
#include <inttypes.h>

#include "plan/colour.h"
#include "unit.h"

static void
is(const char *text, uint64_t want)
{
	uint64_t got = 77;

	if (!colour_read(slice_of(text), &got) || got != want)
		fail_msg("\"%s\": #%08" PRIx64, text, got);
}

static void
is_not(const char *text)
{
	uint64_t got = 77;

	if (colour_read(slice_of(text), &got) || got != 77)
		fail_msg("\"%s\": #%08" PRIx64, text, got);
}

static void
names(void **state)
{
	(void)state;
	is("aliceblue", 0xf0f8ffff);
	is("yellowgreen", 0x9acd32ff);
	is("red", 0xff0000ff);
	is("RED", 0xff0000ff);
	is("LightGoldenrodYellow", 0xfafad2ff);
	is("rebeccapurple", 0x663399ff);
	is("gray", 0x808080ff);
	is("grey", 0x808080ff);
	is("transparent", 0);
	is_not("");
	is_not("redd");
	is_not(" red");
	is_not("currentcolor");
	is_not("lightgoldenrodyellowlightgoldenrodyellow");
	is_not("none");
}

static void
hex(void **state)
{
	(void)state;
	is("#abc", 0xaabbccff);
	is("abc", 0xaabbccff);
	is("#ABCD", 0xaabbccdd);
	is("#010203", 0x010203ff);
	is("01020304", 0x01020304);
	is_not("#");
	is_not("##fff");
	is_not("#ff");
	is_not("#fffff");
	is_not("#fffffff");
	is_not("#fffffffff");
	is_not("#ggg");
	is_not("#-12");
	is_not("0x102030");
}

static void
functions(void **state)
{
	(void)state;
	is("rgb(1,2,3)", 0x010203ff);
	is("rgb( 1 , 2 , 3 )", 0x010203ff);
	is("rgb(1 2 3)", 0x010203ff);
	is("rgb(1 2 3 / 50%)", 0x01020380);
	is("rgba(1,2,3,0.5)", 0x01020380);
	is("rgba(1,2,3,0)", 0x01020300);
	is("rgb(100%,0%,50%)", 0xff0080ff);
	/* Cut to the range, as CSS says. */
	is("rgb(300,-5,255)", 0xff00ffff);
	is("rgba(0,0,0,7)", 0x000000ff);
	is_not("rgb(1,2)");
	is_not("rgb(1,2,3,4,5)");
	is_not("rgb(1,2,3");
	is_not("rgb 1,2,3)");
	is_not("rgb(a,b,c)");
	is_not("rgb(nan,0,0)");
	is_not("rgb(1e999,0,0)");
	is_not("rgb()");
	is_not("hsl(0,100%,50%)");
}

/* What is behind the length is not read; a zero byte is no letter. */
static void
slices(void **state)
{
	uint64_t colour = 77;

	(void)state;
	assert_true(colour_read((struct slice){ "redx", 3 }, &colour));
	assert_int_equal(colour, 0xff0000ff);
	assert_false(colour_read((struct slice){ "red\0", 4 }, &colour));
	assert_false(colour_read((struct slice){ "red\0x", 5 }, &colour));
	assert_false(colour_read((struct slice){ "ff\0", 3 }, &colour));
	assert_false(colour_read((struct slice){ NULL, 0 }, &colour));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(hex),
		cmocka_unit_test(functions),
		cmocka_unit_test(slices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
