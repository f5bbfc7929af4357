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

/* All 148 of CSS: a digest (FNV-1a) over their values, taken from the
 * standard's table. */
static void
all_names(void **state)
{
	static const char list[] =
	    "aliceblue antiquewhite aqua aquamarine azure beige bisque "
	    "black blanchedalmond blue blueviolet brown burlywood "
	    "cadetblue chartreuse chocolate coral cornflowerblue cornsilk "
	    "crimson cyan darkblue darkcyan darkgoldenrod darkgray "
	    "darkgreen darkgrey darkkhaki darkmagenta darkolivegreen "
	    "darkorange darkorchid darkred darksalmon darkseagreen "
	    "darkslateblue darkslategray darkslategrey darkturquoise "
	    "darkviolet deeppink deepskyblue dimgray dimgrey dodgerblue "
	    "firebrick floralwhite forestgreen fuchsia gainsboro "
	    "ghostwhite gold goldenrod gray green greenyellow grey "
	    "honeydew hotpink indianred indigo ivory khaki lavender "
	    "lavenderblush lawngreen lemonchiffon lightblue lightcoral "
	    "lightcyan lightgoldenrodyellow lightgray lightgreen "
	    "lightgrey lightpink lightsalmon lightseagreen lightskyblue "
	    "lightslategray lightslategrey lightsteelblue lightyellow "
	    "lime limegreen linen magenta maroon mediumaquamarine "
	    "mediumblue mediumorchid mediumpurple mediumseagreen "
	    "mediumslateblue mediumspringgreen mediumturquoise "
	    "mediumvioletred midnightblue mintcream mistyrose moccasin "
	    "navajowhite navy oldlace olive olivedrab orange orangered "
	    "orchid palegoldenrod palegreen paleturquoise palevioletred "
	    "papayawhip peachpuff peru pink plum powderblue purple "
	    "rebeccapurple red rosybrown royalblue saddlebrown salmon "
	    "sandybrown seagreen seashell sienna silver skyblue slateblue "
	    "slategray slategrey snow springgreen steelblue tan teal "
	    "thistle tomato turquoise violet wheat white whitesmoke "
	    "yellow yellowgreen";
	struct slice rest = SLICE(list);
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	uint64_t colour = 0;
	unsigned n = 0;

	(void)state;
	while (rest.at != NULL) {
		struct slice name = slice_cut(&rest, ' ');

		if (!colour_read(name, &colour))
			fail_msg("%.*s", SLICE_ARG(name));
		for (int shift = 24; shift >= 0; shift -= 8)
			hash = (hash ^ (colour >> shift & 0xff)) *
			    UINT64_C(0x100000001b3);
		n++;
	}
	assert_int_equal(n, 148);
	assert_true(hash == UINT64_C(0xbdfd2ddac8b0e9d5));
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
}

static void
hues(void **state)
{
	(void)state;
	is("hsl(0,100%,50%)", 0xff0000ff);
	is("hsl(120deg 100% 25% / .5)", 0x00800080);
	is("hsla(-120, 100%, 50%, 25%)", 0x0000ff40);
	is("hsl(570,50%,40%)", 0x336699ff);
	is("hsl(77,0%,100%)", 0xffffffff);
	is("hwb(0,0%,0%)", 0xff0000ff);
	is("hwb(60 20% 40%)", 0x999933ff);
	is("hwb(60 20% 40% / 0)", 0x99993300);
	/* Together more than all of it: grey. */
	is("hwb(10,60%,60%)", 0x808080ff);
	is("hwb(10,300%,0%)", 0xffffffff);
	is_not("hsl(0,100,50%)");
	is_not("hsl(red,100%,50%)");
	is_not("hsl(0,100%)");
	is_not("hwb(0,0%,0%,1,1)");
	is_not("hwba(0,0%,0%)");
	is_not("hsl(1e999,0%,0%)");
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
		cmocka_unit_test(all_names),
		cmocka_unit_test(hex),
		cmocka_unit_test(functions),
		cmocka_unit_test(hues),
		cmocka_unit_test(slices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
