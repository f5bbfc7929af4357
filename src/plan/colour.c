/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Colours from text (CSS Color Module Level 4, sections 4 to 8: named, hex,
 * rgb(), hsl() and hwb() colours; the words are in the order of the alphabet, for bsearch).
 */
#include "plan/colour.h"

#include <math.h>

#include "base/codec.h"
#include "base/num.h"

struct named {
	const char *name;
	uint32_t rgb;
};

static const struct named named[] = {
	{ "aliceblue", 0xf0f8ff },
	{ "antiquewhite", 0xfaebd7 },
	{ "aqua", 0x00ffff },
	{ "aquamarine", 0x7fffd4 },
	{ "azure", 0xf0ffff },
	{ "beige", 0xf5f5dc },
	{ "bisque", 0xffe4c4 },
	{ "black", 0x000000 },
	{ "blanchedalmond", 0xffebcd },
	{ "blue", 0x0000ff },
	{ "blueviolet", 0x8a2be2 },
	{ "brown", 0xa52a2a },
	{ "burlywood", 0xdeb887 },
	{ "cadetblue", 0x5f9ea0 },
	{ "chartreuse", 0x7fff00 },
	{ "chocolate", 0xd2691e },
	{ "coral", 0xff7f50 },
	{ "cornflowerblue", 0x6495ed },
	{ "cornsilk", 0xfff8dc },
	{ "crimson", 0xdc143c },
	{ "cyan", 0x00ffff },
	{ "darkblue", 0x00008b },
	{ "darkcyan", 0x008b8b },
	{ "darkgoldenrod", 0xb8860b },
	{ "darkgray", 0xa9a9a9 },
	{ "darkgreen", 0x006400 },
	{ "darkgrey", 0xa9a9a9 },
	{ "darkkhaki", 0xbdb76b },
	{ "darkmagenta", 0x8b008b },
	{ "darkolivegreen", 0x556b2f },
	{ "darkorange", 0xff8c00 },
	{ "darkorchid", 0x9932cc },
	{ "darkred", 0x8b0000 },
	{ "darksalmon", 0xe9967a },
	{ "darkseagreen", 0x8fbc8f },
	{ "darkslateblue", 0x483d8b },
	{ "darkslategray", 0x2f4f4f },
	{ "darkslategrey", 0x2f4f4f },
	{ "darkturquoise", 0x00ced1 },
	{ "darkviolet", 0x9400d3 },
	{ "deeppink", 0xff1493 },
	{ "deepskyblue", 0x00bfff },
	{ "dimgray", 0x696969 },
	{ "dimgrey", 0x696969 },
	{ "dodgerblue", 0x1e90ff },
	{ "firebrick", 0xb22222 },
	{ "floralwhite", 0xfffaf0 },
	{ "forestgreen", 0x228b22 },
	{ "fuchsia", 0xff00ff },
	{ "gainsboro", 0xdcdcdc },
	{ "ghostwhite", 0xf8f8ff },
	{ "gold", 0xffd700 },
	{ "goldenrod", 0xdaa520 },
	{ "gray", 0x808080 },
	{ "green", 0x008000 },
	{ "greenyellow", 0xadff2f },
	{ "grey", 0x808080 },
	{ "honeydew", 0xf0fff0 },
	{ "hotpink", 0xff69b4 },
	{ "indianred", 0xcd5c5c },
	{ "indigo", 0x4b0082 },
	{ "ivory", 0xfffff0 },
	{ "khaki", 0xf0e68c },
	{ "lavender", 0xe6e6fa },
	{ "lavenderblush", 0xfff0f5 },
	{ "lawngreen", 0x7cfc00 },
	{ "lemonchiffon", 0xfffacd },
	{ "lightblue", 0xadd8e6 },
	{ "lightcoral", 0xf08080 },
	{ "lightcyan", 0xe0ffff },
	{ "lightgoldenrodyellow", 0xfafad2 },
	{ "lightgray", 0xd3d3d3 },
	{ "lightgreen", 0x90ee90 },
	{ "lightgrey", 0xd3d3d3 },
	{ "lightpink", 0xffb6c1 },
	{ "lightsalmon", 0xffa07a },
	{ "lightseagreen", 0x20b2aa },
	{ "lightskyblue", 0x87cefa },
	{ "lightslategray", 0x778899 },
	{ "lightslategrey", 0x778899 },
	{ "lightsteelblue", 0xb0c4de },
	{ "lightyellow", 0xffffe0 },
	{ "lime", 0x00ff00 },
	{ "limegreen", 0x32cd32 },
	{ "linen", 0xfaf0e6 },
	{ "magenta", 0xff00ff },
	{ "maroon", 0x800000 },
	{ "mediumaquamarine", 0x66cdaa },
	{ "mediumblue", 0x0000cd },
	{ "mediumorchid", 0xba55d3 },
	{ "mediumpurple", 0x9370db },
	{ "mediumseagreen", 0x3cb371 },
	{ "mediumslateblue", 0x7b68ee },
	{ "mediumspringgreen", 0x00fa9a },
	{ "mediumturquoise", 0x48d1cc },
	{ "mediumvioletred", 0xc71585 },
	{ "midnightblue", 0x191970 },
	{ "mintcream", 0xf5fffa },
	{ "mistyrose", 0xffe4e1 },
	{ "moccasin", 0xffe4b5 },
	{ "navajowhite", 0xffdead },
	{ "navy", 0x000080 },
	{ "oldlace", 0xfdf5e6 },
	{ "olive", 0x808000 },
	{ "olivedrab", 0x6b8e23 },
	{ "orange", 0xffa500 },
	{ "orangered", 0xff4500 },
	{ "orchid", 0xda70d6 },
	{ "palegoldenrod", 0xeee8aa },
	{ "palegreen", 0x98fb98 },
	{ "paleturquoise", 0xafeeee },
	{ "palevioletred", 0xdb7093 },
	{ "papayawhip", 0xffefd5 },
	{ "peachpuff", 0xffdab9 },
	{ "peru", 0xcd853f },
	{ "pink", 0xffc0cb },
	{ "plum", 0xdda0dd },
	{ "powderblue", 0xb0e0e6 },
	{ "purple", 0x800080 },
	{ "rebeccapurple", 0x663399 },
	{ "red", 0xff0000 },
	{ "rosybrown", 0xbc8f8f },
	{ "royalblue", 0x4169e1 },
	{ "saddlebrown", 0x8b4513 },
	{ "salmon", 0xfa8072 },
	{ "sandybrown", 0xf4a460 },
	{ "seagreen", 0x2e8b57 },
	{ "seashell", 0xfff5ee },
	{ "sienna", 0xa0522d },
	{ "silver", 0xc0c0c0 },
	{ "skyblue", 0x87ceeb },
	{ "slateblue", 0x6a5acd },
	{ "slategray", 0x708090 },
	{ "slategrey", 0x708090 },
	{ "snow", 0xfffafa },
	{ "springgreen", 0x00ff7f },
	{ "steelblue", 0x4682b4 },
	{ "tan", 0xd2b48c },
	{ "teal", 0x008080 },
	{ "thistle", 0xd8bfd8 },
	{ "tomato", 0xff6347 },
	{ "turquoise", 0x40e0d0 },
	{ "violet", 0xee82ee },
	{ "wheat", 0xf5deb3 },
	{ "white", 0xffffff },
	{ "whitesmoke", 0xf5f5f5 },
	{ "yellow", 0xffff00 },
	{ "yellowgreen", 0x9acd32 },
};

enum { COLOUR_NAME_MAX = 24 };

static int
named_order(const void *key, const void *row)
{
	return strcmp(key, ((const struct named *)row)->name);
}

static bool
read_name(struct slice text, uint64_t *colour)
{
	char name[COLOUR_NAME_MAX];
	const struct named *row;

	if (text.len == 0 || text.len >= sizeof(name) ||
	    memchr(text.at, '\0', text.len) != NULL)
		return false;
	slice_copy(text, name, sizeof(name));
	for (size_t i = 0; i < text.len; i++)
		if (name[i] >= 'A' && name[i] <= 'Z')
			name[i] = (char)(name[i] - 'A' + 'a');
	if (strcmp(name, "transparent") == 0) {
		*colour = 0;
		return true;
	}
	row = bsearch(name, named, NELEM(named), sizeof(named[0]), named_order);
	if (row == NULL)
		return false;
	*colour = (uint64_t)row->rgb << 8 | 0xff;
	return true;
}

static bool
read_hex(struct slice text, uint64_t *colour)
{
	/* One digit for each channel stands for two equal ones. */
	bool is_short = text.len == 3 || text.len == 4;
	uint64_t value = 0;

	if (!is_short && text.len != 6 && text.len != 8)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int digit = codec_hex_digit(text.at[i]);

		if (digit < 0)
			return false;
		value = value << 4 | (uint64_t)digit;
		if (is_short)
			value = value << 4 | (uint64_t)digit;
	}
	if (text.len == 3 || text.len == 6)
		value = value << 8 | 0xff;
	*colour = value;
	return true;
}

/*
 * One channel, 0..1: a number up to most, or percent. Values outside are cut to
 * the range, as CSS says.
 */
static bool
read_part(struct slice text, double most, double *part)
{
	bool percent = slice_ends(text, SLICE("%"));
	double value;

	if (percent)
		text.len--;
	if (!num_double(text, -1e6, 1e6, &value))
		return false;
	*part = fmin(fmax(value / (percent ? 100 : most), 0), 1);
	return true;
}

static bool
parts_words(char c)
{
	return c == ' ' || c == ',' || c == '/';
}

/* The next word, with what parts it from its neighbours cut off. */
static struct slice
cut_word(struct slice *rest)
{
	struct slice word;

	while (rest->len > 0 && parts_words(rest->at[0]))
		*rest = slice_skip(*rest, 1);
	word = (struct slice){ rest->at, 0 };
	while (word.len < rest->len && !parts_words(rest->at[word.len]))
		word.len++;
	*rest = slice_skip(*rest, word.len);
	return word;
}

static bool
read_rgb(const struct slice word[3], double rgb[3])
{
	for (size_t i = 0; i < 3; i++)
		if (!read_part(word[i], 255, &rgb[i]))
			return false;
	return true;
}

/* Degrees, with or without "deg"; any number of turns. */
static bool
read_hue(struct slice text, double *hue)
{
	if (slice_ends(text, SLICE("deg")))
		text.len -= 3;
	if (!num_double(text, -1e6, 1e6, hue))
		return false;
	*hue = fmod(*hue, 360);
	if (*hue < 0)
		*hue += 360;
	return true;
}

/* Section 7.1's arithmetic; all of it 0..1 but the hue. */
static void
hsl_to_rgb(double hue, double saturation, double lightness, double rgb[3])
{
	static const double channel[] = { 0, 8, 4 };
	double range = saturation * fmin(lightness, 1 - lightness);

	for (size_t i = 0; i < 3; i++) {
		double k = fmod(channel[i] + hue / 30, 12);

		rgb[i] =
		    lightness - range * fmax(-1, fmin(fmin(k - 3, 9 - k), 1));
	}
}

/* Saturation and lightness, whiteness and blackness: always in percent. */
static bool
read_percent(struct slice text, double *part)
{
	return slice_ends(text, SLICE("%")) && read_part(text, 1, part);
}

static bool
read_hsl(const struct slice word[3], double rgb[3])
{
	double hue, saturation, lightness;

	if (!read_hue(word[0], &hue) || !read_percent(word[1], &saturation) ||
	    !read_percent(word[2], &lightness))
		return false;
	hsl_to_rgb(hue, saturation, lightness, rgb);
	return true;
}

static bool
read_hwb(const struct slice word[3], double rgb[3])
{
	double hue, white, black;

	if (!read_hue(word[0], &hue) || !read_percent(word[1], &white) ||
	    !read_percent(word[2], &black))
		return false;
	hsl_to_rgb(hue, 1, 0.5, rgb);
	for (size_t i = 0; i < 3; i++)
		rgb[i] = white + black >= 1
		    ? white / (white + black)
		    : rgb[i] * (1 - white - black) + white;
	return true;
}

/*
 * rgb(r,g,b) rgb(r,g,b,a) rgb(r g b / a), the same as rgba(), hsl(h,s%,l%),
 * hsla() and hwb(h,w%,b%).
 */
static bool
read_call(struct slice text, uint64_t *colour)
{
	static const struct {
		const char *name;
		bool (*read)(const struct slice word[3], double rgb[3]);
	} calls[] = {
		{ "rgba(", read_rgb },
		{ "rgb(", read_rgb },
		{ "hsla(", read_hsl },
		{ "hsl(", read_hsl },
		{ "hwb(", read_hwb },
	};
	struct slice word[4];
	double part[4] = { 0, 0, 0, 1 };
	size_t i = 0;

	while (i < NELEM(calls) && !slice_starts(text, slice_of(calls[i].name)))
		i++;
	if (i == NELEM(calls) || !slice_ends(text, SLICE(")")))
		return false;
	text.len--;
	text = slice_skip(text, strlen(calls[i].name));
	for (size_t k = 0; k < NELEM(word); k++)
		word[k] = cut_word(&text);
	if (cut_word(&text).len > 0 || !calls[i].read(word, part) ||
	    (word[3].len > 0 && !read_part(word[3], 1, &part[3])))
		return false;
	*colour = 0;
	for (size_t k = 0; k < NELEM(part); k++)
		*colour = *colour << 8 | (uint64_t)floor(part[k] * 255 + 0.5);
	return true;
}

bool
colour_read(struct slice text, uint64_t *colour)
{
	if (slice_starts(text, SLICE("#")))
		return read_hex(slice_skip(text, 1), colour);
	return read_name(text, colour) || read_hex(text, colour) ||
	    read_call(text, colour);
}
