/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of op.def and format.def as constant tables, the search in them,
 * and what a value of each type looks like as text.
 */
#include "plan/op.h"

#include <assert.h>
#include <stdio.h>

#include "base/codec.h"
#include "base/err.h"
#include "base/num.h"

/* ---- Word lists ---- */

#define NO_CHOICES_words       NULL
#define CHOICES(list)          static const char *const list##_words[] = {
#define CHOICE(list, id, word) word,
#define CHOICES_END(list) \
	NULL              \
	}                 \
	;
#define OP(id, name, phase, text, example)
#define ARG(op, id, name, type, min, max, def, unit, list, text)
#define OP_END(op)
#define FORMAT(id, name, media, ext, flags, side, text)
#define OUT(id, name, type, min, max, def, unit, list, text)
/* clang-format off */
#include "plan/op.def"
#include "plan/format.def"
/* clang-format on */
#undef CHOICES
#undef CHOICE
#undef CHOICES_END
#undef OP
#undef ARG
#undef OP_END
#undef FORMAT
#undef OUT

#define CHOICES(list)
#define CHOICE(list, id, word)
#define CHOICES_END(list)

/* ---- Arguments of each operation; an array may not be empty ---- */

#define OP(id, name, phase, text, example) \
	static const struct arg_row id##_args[] = {
#define ARG(op, id, name, type, min, max, def, unit, list, text)         \
	{ (name), ARG_##type, (min), (max), (def), (unit), list##_words, \
		(text) },
#define OP_END(op)                                       \
	{                                                \
		NULL, ARG_NUM, 0, 0, 0, NULL, NULL, NULL \
	}                                                \
	}                                                \
	;
/* clang-format off */
#include "plan/op.def"
/* clang-format on */
#undef OP
#undef ARG
#undef OP_END

static const struct op_row op_rows[] = {
#define OP(id, name, phase, text, example)                     \
	{ (name), PHASE_##phase, (text), (example), id##_args, \
		NELEM(id##_args) - 1 },
#define ARG(op, id, name, type, min, max, def, unit, list, text)
#define OP_END(op)
/* clang-format off */
#include "plan/op.def"
/* clang-format on */
#undef OP
#undef ARG
#undef OP_END
};

static const struct format_row format_rows[] = {
#define FORMAT(id, name, media, ext, flags, side, text) \
	{ (name), (media), (ext), (flags), (side), (text) },
#define OUT(id, name, type, min, max, def, unit, list, text)
/* clang-format off */
#include "plan/format.def"
/* clang-format on */
#undef FORMAT
#undef OUT
};

static const struct arg_row out_rows[] = {
#define FORMAT(id, name, media, ext, flags, side, text)
#define OUT(id, name, type, min, max, def, unit, list, text)             \
	{ (name), ARG_##type, (min), (max), (def), (unit), list##_words, \
		(text) },
/* clang-format off */
#include "plan/format.def"
/* clang-format on */
#undef FORMAT
#undef OUT
};

/* Every operation fits into a step. */
#define OP(id, name, phase, text, example)
#define ARG(op, id, name, type, min, max, def, unit, list, text)
#define OP_END(op) _Static_assert((int)op##_ARGS <= (int)OP_ARGS_MAX, #op);
/* clang-format off */
#include "plan/op.def"
/* clang-format on */
#undef OP
#undef ARG
#undef OP_END
#undef CHOICES
#undef CHOICE
#undef CHOICES_END

_Static_assert(NELEM(op_rows) == OP_COUNT, "a row for each operation");
_Static_assert(NELEM(format_rows) == FORMAT_COUNT, "a row for each format");
_Static_assert(FORMAT_COUNT <= 32, "a format_set holds them all");

const struct op_row *
op_row(enum op op)
{
	assert((unsigned)op < OP_COUNT);
	return &op_rows[op];
}

const struct arg_row *
out_row(enum out out)
{
	assert((unsigned)out < OUT_COUNT);
	return &out_rows[out];
}

const struct format_row *
format_row(enum format format)
{
	assert((unsigned)format < FORMAT_COUNT);
	return &format_rows[format];
}

format_set
out_formats(enum out out)
{
#define JPEG FORMAT_BIT(FORMAT_JPEG)
#define PNG  FORMAT_BIT(FORMAT_PNG)
#define WEBP FORMAT_BIT(FORMAT_WEBP)
#define AVIF FORMAT_BIT(FORMAT_AVIF)
#define GIF  FORMAT_BIT(FORMAT_GIF)
#define TIFF FORMAT_BIT(FORMAT_TIFF)
#define JP2  FORMAT_BIT(FORMAT_JP2)
#define JXL  FORMAT_BIT(FORMAT_JXL)
#define RAW  FORMAT_BIT(FORMAT_RAW)
	static const format_set of[OUT_COUNT] = {
		[OUT_EFFORT] = PNG | WEBP | AVIF | GIF | JXL,
		[OUT_LOSSLESS] = WEBP | AVIF | TIFF | JP2 | JXL,
		[OUT_PROGRESSIVE] = JPEG | PNG | GIF,
		[OUT_SUBSAMPLE] = JPEG | AVIF,
		[OUT_COMPRESSION_LEVEL] = PNG,
		[OUT_PALETTE] = PNG,
		[OUT_COLOURS] = PNG | GIF,
		[OUT_DITHER] = PNG | GIF,
		[OUT_ADAPTIVE_FILTERING] = PNG,
		[OUT_BITDEPTH] = PNG | AVIF | TIFF,
		[OUT_DEPTH] = PNG | AVIF | TIFF | JP2 | JXL | RAW,
		[OUT_OPTIMISE_CODING] = JPEG,
		[OUT_OPTIMISE_SCANS] = JPEG,
		[OUT_TRELLIS_QUANTISATION] = JPEG,
		[OUT_OVERSHOOT_DERINGING] = JPEG,
		[OUT_QUANTISATION_TABLE] = JPEG,
		[OUT_ALPHA_QUALITY] = WEBP,
		[OUT_NEAR_LOSSLESS] = WEBP,
		[OUT_SMART_SUBSAMPLE] = WEBP,
		[OUT_SMART_DEBLOCK] = WEBP,
		[OUT_PRESET] = WEBP,
		[OUT_MIN_SIZE] = WEBP,
		[OUT_MIXED] = WEBP,
		[OUT_REUSE] = GIF,
		[OUT_INTER_FRAME_MAX_ERROR] = GIF,
		[OUT_INTER_PALETTE_MAX_ERROR] = GIF,
		[OUT_KEEP_DUPLICATE_FRAMES] = GIF,
		[OUT_COMPRESSION] = TIFF,
		[OUT_PREDICTOR] = TIFF,
		[OUT_TILE] = TIFF,
		[OUT_TILE_WIDTH] = TIFF | JP2,
		[OUT_TILE_HEIGHT] = TIFF | JP2,
		[OUT_PYRAMID] = TIFF,
		[OUT_BIGTIFF] = TIFF,
		[OUT_MINISWHITE] = TIFF,
		[OUT_XRES] = TIFF,
		[OUT_YRES] = TIFF,
		[OUT_RESOLUTION_UNIT] = TIFF,
		[OUT_DISTANCE] = JXL,
		[OUT_DECODING_TIER] = JXL,
		[OUT_LOOP] = GIF | WEBP,
		[OUT_DELAY] = GIF | WEBP,
	};
#undef JPEG
#undef PNG
#undef WEBP
#undef AVIF
#undef GIF
#undef TIFF
#undef JP2
#undef JXL
#undef RAW

	assert((unsigned)out < OUT_COUNT);
	return of[out];
}

bool
out_matters(enum out out, enum format format)
{
	const format_set lossy = FORMAT_BIT(FORMAT_JPEG) |
	    FORMAT_BIT(FORMAT_WEBP) | FORMAT_BIT(FORMAT_AVIF) |
	    FORMAT_BIT(FORMAT_TIFF) | FORMAT_BIT(FORMAT_JP2) |
	    FORMAT_BIT(FORMAT_JXL);
	format_set some = out_formats(out);

	if (out == OUT_QUALITY || out == OUT_SCALE)
		some = lossy;
	else if (out == OUT_KEEP)
		some = ~FORMAT_BIT(FORMAT_RAW);
	else if (out == OUT_PROFILE)
		some = ~FORMAT_BIT(FORMAT_INFO);
	else if (out == OUT_MATTE)
		some = ~format_all(F_ALPHA) & ~FORMAT_BIT(FORMAT_INFO);
	return some == 0 || (some & FORMAT_BIT(format)) != 0;
}

/* ---- Names ---- */

bool
name_is(struct slice given, const char *name)
{
	size_t i = 0;

	if (slice_is(given, name))
		return true;
	for (; i < given.len && *name != '\0'; i++, name++) {
		bool camel = *name == '_';

		name += camel;
		if (given.at[i] != (camel ? *name - 'a' + 'A' : *name))
			return false;
	}
	return i == given.len && *name == '\0';
}

bool
op_find(struct slice name, enum op *op)
{
	static const struct {
		const char *name;
		enum op op;
	} aliases[] = {
		{ "auto_orient", OP_AUTOORIENT },
		{ "autoOrient", OP_AUTOORIENT },
		{ "autorotate", OP_AUTOORIENT },
		{ "crop", OP_EXTRACT },
		{ "greyscale", OP_GRAYSCALE },
		{ "normalize", OP_NORMALISE },
		{ "colorspace", OP_COLOURSPACE },
		{ "toColourspace", OP_COLOURSPACE },
		{ "toColorspace", OP_COLOURSPACE },
	};

	for (size_t i = 0; i < OP_COUNT; i++) {
		if (name_is(name, op_rows[i].name)) {
			*op = (enum op)i;
			return true;
		}
	}
	for (size_t i = 0; i < NELEM(aliases); i++) {
		if (slice_is(name, aliases[i].name)) {
			*op = aliases[i].op;
			return true;
		}
	}
	return false;
}

bool
format_find(struct slice name, enum format *format)
{
	static const struct {
		const char *name;
		enum format format;
	} aliases[] = {
		{ "jpg", FORMAT_JPEG },
		{ "jpe", FORMAT_JPEG },
		{ "heif", FORMAT_HEIC },
		{ "json", FORMAT_INFO },
		{ "tif", FORMAT_TIFF },
		{ "cur", FORMAT_ICO },
		{ "j2k", FORMAT_JP2 },
		{ "jp2k", FORMAT_JP2 },
		{ "jpx", FORMAT_JP2 },
	};

	for (size_t i = 0; i < FORMAT_COUNT; i++) {
		if (slice_is(name, format_rows[i].name)) {
			*format = (enum format)i;
			return true;
		}
	}
	for (size_t i = 0; i < NELEM(aliases); i++) {
		if (slice_is(name, aliases[i].name)) {
			*format = aliases[i].format;
			return true;
		}
	}
	return false;
}

format_set
format_all(unsigned flags)
{
	format_set set = 0;

	for (unsigned i = FORMAT_FIRST; i < FORMAT_COUNT; i++)
		if ((format_rows[i].flags & flags) == flags)
			set |= FORMAT_BIT(i);
	return set;
}

format_set
format_usual(unsigned flags)
{
	return format_all(flags) & ~format_all(F_NAMED);
}

/* ---- First bytes ---- */

struct magic {
	size_t at;
	const char *bytes;
	size_t size;
};

#define MAGIC(at, literal)                           \
	{                                            \
		(at), (literal), sizeof(literal) - 1 \
	}

static bool
magic_is(const struct magic *m, const uint8_t *bytes, size_t size)
{
	return m->bytes != NULL && size >= m->at + m->size &&
	    memcmp(bytes + m->at, m->bytes, m->size) == 0;
}

/*
 * ISO base media (ISO/IEC 14496-12 section 4.3): a file type box with one main
 * brand and further compatible ones. The main brand decides where it names a
 * codec; the general ones (mif1, msf1, miaf) are AVIF only if the list says
 * so, since HEIC files have them too.
 */
static bool
sniff_ftyp(const uint8_t *bytes, size_t size, enum format *format)
{
	static const struct {
		const char *brand;
		bool general;
		enum format format;
	} brands[] = {
		{ "avif", false, FORMAT_AVIF },
		{ "avis", false, FORMAT_AVIF },
		{ "heic", false, FORMAT_HEIC },
		{ "heix", false, FORMAT_HEIC },
		{ "heim", false, FORMAT_HEIC },
		{ "heis", false, FORMAT_HEIC },
		{ "hevc", false, FORMAT_HEIC },
		{ "hevx", false, FORMAT_HEIC },
		{ "mif1", true, FORMAT_HEIC },
		{ "msf1", true, FORMAT_HEIC },
		{ "miaf", true, FORMAT_HEIC },
	};
	size_t end;
	bool general = false;

	if (size < 12 || memcmp(bytes + 4, "ftyp", 4) != 0)
		return false;
	end = (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 |
	    (size_t)bytes[2] << 8 | bytes[3];
	if (end > size)
		end = size;
	/* Main brand, then (behind the four bytes of its version) the others. */
	for (size_t at = 8; at == 8 || (general && at + 4 <= end);
	     at += at == 8 ? 8 : 4) {
		for (size_t i = 0; i < NELEM(brands); i++) {
			if (memcmp(bytes + at, brands[i].brand, 4) != 0)
				continue;
			general = brands[i].general;
			*format = brands[i].format;
			if (!general)
				return true;
		}
	}
	return general;
}

/* Their magic is short, so what follows it must make sense, too. */
static bool
sniff_windows(const uint8_t *bytes, size_t size, enum format *format)
{
	static const uint8_t headers[] = { 12, 40, 52, 56, 64, 108, 124 };

	if (size >= 18 && memcmp(bytes, "BM", 2) == 0 &&
	    memcmp(bytes + 15, "\0\0\0", 3) == 0 &&
	    memchr(headers, bytes[14], sizeof(headers)) != NULL) {
		*format = FORMAT_BMP;
		return true;
	}
	*format = FORMAT_ICO;
	return size >= 22 && bytes[0] == 0 && bytes[1] == 0 &&
	    (bytes[2] == 1 || bytes[2] == 2) && bytes[3] == 0 &&
	    bytes[4] != 0 && bytes[5] == 0 && bytes[9] == 0;
}

/*
 * XML whose first element is svg, behind a byte order mark, declarations and
 * comments; as far as it can be seen. Not what is packed (.svgz).
 */
static bool
sniff_svg(const uint8_t *bytes, size_t size)
{
	struct slice text = { (const char *)bytes,
		size < FORMAT_SNIFF ? size : FORMAT_SNIFF };

	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		text = slice_skip(text, 3);
	for (;;) {
		const char *end;

		while (text.len > 0 && strchr(" \t\r\n", text.at[0]) != NULL &&
		    text.at[0] != '\0')
			text = slice_skip(text, 1);
		if (slice_starts(text, SLICE("<svg")))
			return true;
		if (slice_starts(text, SLICE("<!--")))
			end = memmem(text.at, text.len, "-->", 3);
		else if (slice_starts(text, SLICE("<?")) ||
		    slice_starts(text, SLICE("<!DOCTYPE svg")))
			end = memchr(text.at, '>', text.len);
		else
			return false;
		if (end == NULL)
			return false;
		end = memchr(end, '>', text.len - (size_t)(end - text.at));
		text = slice_skip(text, (size_t)(end + 1 - text.at));
	}
}

bool
format_sniff(const uint8_t *bytes, size_t size, enum format *format)
{
	static const struct {
		struct magic first, second;
		enum format format;
	} magics[] = {
		{ MAGIC(0, "\xff\xd8\xff"), { 0, NULL, 0 }, FORMAT_JPEG },
		{ MAGIC(0, "\x89PNG\r\n\x1a\n"), { 0, NULL, 0 }, FORMAT_PNG },
		{ MAGIC(0, "RIFF"), MAGIC(8, "WEBP"), FORMAT_WEBP },
		{ MAGIC(0, "GIF87a"), { 0, NULL, 0 }, FORMAT_GIF },
		{ MAGIC(0, "GIF89a"), { 0, NULL, 0 }, FORMAT_GIF },
		{ MAGIC(0, "II*\0"), { 0, NULL, 0 }, FORMAT_TIFF },
		{ MAGIC(0, "MM\0*"), { 0, NULL, 0 }, FORMAT_TIFF },
		{ MAGIC(0, "II+\0"), { 0, NULL, 0 }, FORMAT_TIFF },
		{ MAGIC(0, "MM\0+"), { 0, NULL, 0 }, FORMAT_TIFF },
		{ MAGIC(0, "\0\0\0\x0cjP  \r\n\x87\n"), { 0, NULL, 0 },
		    FORMAT_JP2 },
		{ MAGIC(0, "\xff\x4f\xff\x51"), { 0, NULL, 0 }, FORMAT_JP2 },
		{ MAGIC(0, "\0\0\0\x0cJXL \r\n\x87\n"), { 0, NULL, 0 },
		    FORMAT_JXL },
		{ MAGIC(0, "\xff\x0a"), { 0, NULL, 0 }, FORMAT_JXL },
		{ MAGIC(0, "%PDF-"), { 0, NULL, 0 }, FORMAT_PDF },
	};

	for (size_t i = 0; i < NELEM(magics); i++) {
		if (magic_is(&magics[i].first, bytes, size) &&
		    (magics[i].second.bytes == NULL ||
			magic_is(&magics[i].second, bytes, size))) {
			*format = magics[i].format;
			return true;
		}
	}
	if (sniff_ftyp(bytes, size, format))
		return true;
	if (sniff_windows(bytes, size, format))
		return true;
	*format = FORMAT_SVG;
	return sniff_svg(bytes, size);
}

/* ---- Values as text ---- */

bool
arg_default(const struct arg_row *row, union arg *value)
{
	union arg v = { .whole = 0 };

	if (isnan(row->def))
		return false;
	switch (row->type) {
	case ARG_NUM:
		v.num = row->def;
		break;
	case ARG_WHOLE:
		v.whole = (int64_t)row->def;
		break;
	case ARG_LENGTH:
		v.length.value = (float)row->def;
		break;
	case ARG_BOOL:
		v.on = (int64_t)row->def;
		break;
	case ARG_PICK:
		v.pick = (int64_t)row->def;
		break;
	case ARG_SET:
		v.set = (uint64_t)row->def;
		break;
	case ARG_COLOUR:
		v.colour = (uint64_t)row->def;
		break;
	case ARG_LIST: /* The row of one has no default but UNSET. */
		break;
	}
	*value = v;
	return true;
}

static bool
same_float(float a, float b)
{
	return !(a < b) && !(a > b);
}

/*
 * The shortest of few decimals that reads back as the same float, so that
 * 33.3 is not 33.29999923706055.
 */
static size_t
print_length(struct length length, char *out, size_t size)
{
	char number[NUM_TEXT_MAX];
	double exact = (double)length.value;
	double shown = exact;
	double ten = 1;

	for (int decimals = 0; decimals < 10; decimals++) {
		double rounded = round(exact * ten) / ten;

		if (same_float((float)rounded, length.value)) {
			shown = rounded;
			break;
		}
		ten *= 10;
	}
	num_print(shown, number);
	return (size_t)snprintf(
	    out, size, "%s%s", number, length.percent ? "%" : "");
}

static size_t
print_set(const struct arg_row *row, uint64_t set, char *out, size_t size)
{
	size_t n = 0;

	size_t words = 0;

	while (row->choices[words] != NULL)
		words++;
	if (set == 0 || set + 1 == (uint64_t)1 << words)
		return (size_t)snprintf(out, size, set == 0 ? "none" : "all");
	for (size_t i = 0; row->choices[i] != NULL; i++) {
		if ((set >> i & 1) == 0)
			continue;
		n += (size_t)snprintf(out + n, size - n, "%s%s",
		    n > 0 ? "," : "", row->choices[i]);
		assert(n < size);
	}
	return n;
}

static size_t
print_word(const char *word, char out[ARG_TEXT_MAX])
{
	size_t len = strlen(word);

	assert(len < ARG_TEXT_MAX);
	memcpy(out, word, len + 1);
	return len;
}

/* "#rrggbbaa" */
static size_t
print_colour(uint64_t colour, char out[ARG_TEXT_MAX])
{
	const uint8_t byte[4] = { (uint8_t)(colour >> 24),
		(uint8_t)(colour >> 16), (uint8_t)(colour >> 8),
		(uint8_t)colour };

	assert(colour <= UINT32_MAX);
	out[0] = '#';
	codec_hex(byte, sizeof(byte), out + 1);
	return 1 + 2 * sizeof(byte);
}

size_t
arg_print(const struct arg_row *row, union arg value, char out[ARG_TEXT_MAX])
{
	_Static_assert((int)NUM_TEXT_MAX <= (int)ARG_TEXT_MAX,
	    "a number is an argument's text");
	switch (row->type) {
	case ARG_NUM:
		return num_print(value.num, out);
	case ARG_WHOLE:
	case ARG_BOOL:
		return num_print_int(value.whole, out);
	case ARG_LENGTH:
		return print_length(value.length, out, ARG_TEXT_MAX);
	case ARG_PICK:
		return print_word(row->choices[value.pick], out);
	case ARG_SET:
		return print_set(row, value.set, out, ARG_TEXT_MAX);
	case ARG_COLOUR:
		return print_colour(value.colour, out);
	case ARG_LIST:
		break;
	}
	assert(false);
	return 0;
}

double
length_min(const struct arg_row *row, bool percent)
{
	return percent ? fmax(row->min, -100) : row->min;
}

/* As many words as there is room for: in an error not always all. */
static void
list_words(
    const struct arg_row *row, const char *before, char *out, size_t size)
{
	static const char more[] = ", ...";
	size_t n = (size_t)snprintf(out, size, "%s", before);

	for (size_t i = 0; row->choices[i] != NULL; i++) {
		if (n + 2 + strlen(row->choices[i]) + sizeof(more) > size) {
			if (n < size)
				snprintf(out + n, size - n, "%s", more);
			return;
		}
		n += (size_t)snprintf(out + n, size - n, "%s%s",
		    i > 0 ? ", " : "", row->choices[i]);
	}
}

void
arg_accepted(const struct arg_row *row, char *out, size_t size)
{
	char min[NUM_TEXT_MAX];
	char max[NUM_TEXT_MAX];
	const char *space = row->unit[0] != '\0' ? " " : "";

	num_print(row->min, min);
	num_print(row->max, max);
	switch (row->type) {
	case ARG_NUM:
		snprintf(out, size, "%s to %s%s%s", min, max, space, row->unit);
		break;
	case ARG_WHOLE:
		snprintf(out, size, "a whole number from %s to %s%s%s", min,
		    max, space, row->unit);
		break;
	case ARG_LENGTH:
		snprintf(out, size, "%s to %s pixels, or %s%% to 100%%", min,
		    max, row->min < 0 ? "-100" : "0");
		break;
	case ARG_BOOL:
		snprintf(out, size, "true or false");
		break;
	case ARG_PICK:
		list_words(row, "one of ", out, size);
		break;
	case ARG_SET:
		list_words(
		    row, "none, all, or a list with commas of ", out, size);
		break;
	case ARG_COLOUR:
		snprintf(out, size,
		    "a colour: a CSS name, rgb, rrggbb, rrggbbaa in hex, or "
		    "rgb(r,g,b)");
		break;
	case ARG_LIST:
		snprintf(out, size,
		    "%s%snumbers from %s to %s, with commas between", row->unit,
		    space, min, max);
		break;
	}
}
