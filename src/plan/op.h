/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of operations, arguments and formats, made from op.def and
 * format.def.
 */
#pragma once

#include <math.h>

#include "base/slice.h"

/* Where a row's default is "leaving it out is different from every value". */
#define UNSET ((double)NAN)

/* The manual's headings; rows may stand in any order of them. */
enum op_phase {
	PHASE_ORIENT,
	PHASE_TURN,
	PHASE_CROP,
	PHASE_RESIZE,
	PHASE_COLOUR,
	PHASE_EFFECT
};

enum arg_type {
	ARG_NUM,
	ARG_WHOLE,
	ARG_LENGTH,
	ARG_BOOL,
	ARG_PICK,
	ARG_SET,
	ARG_COLOUR,
	ARG_LIST
};

/* A piece of a plan's text[]. */
struct span {
	uint16_t at;
	uint16_t len;
};

struct length {
	float value;
	uint32_t percent; /* 1: of the image at that step, 0: pixels */
};

/* 8 bytes; which member counts is the row's type. */
union arg {
	double num;    /* NUM */
	int64_t whole; /* WHOLE */
	struct length length;
	int64_t on;      /* BOOL: 0 or 1 */
	int64_t pick;    /* PICK: index of the word */
	uint64_t set;    /* SET: bit i is word i */
	uint64_t colour; /* COLOUR: 0xRRGGBBAA */
	struct {
		struct span text; /* numbers with commas between */
		uint32_t zero;
	} list; /* LIST; see plan_list() */
};
_Static_assert(sizeof(union arg) == 8, "args are compared as bytes");

/* Word lists: enum FIT_COVER ... FIT_COUNT. */
#define CHOICES(list)          enum {
#define CHOICE(list, id, word) list##_##id,
#define CHOICES_END(list) \
	list##_COUNT      \
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

/* Arguments: enum RESIZE_WIDTH ... RESIZE_ARGS. */
#define CHOICES(list)
#define CHOICE(list, id, word)
#define CHOICES_END(list)
#undef OP
#undef ARG
#undef OP_END
#define OP(id, name, phase, text, example)                       enum {
#define ARG(op, id, name, type, min, max, def, unit, list, text) op##_##id,
#define OP_END(op) \
	op##_ARGS  \
	}          \
	;
/* clang-format off */
#include "plan/op.def"
/* clang-format on */
#undef OP
#undef ARG
#undef OP_END

enum op {
#define OP(id, name, phase, text, example) OP_##id,
#define ARG(op, id, name, type, min, max, def, unit, list, text)
#define OP_END(op)
#include "plan/op.def"
	OP_COUNT
};
#undef OP
#undef ARG
#undef OP_END

#undef FORMAT
#undef OUT
enum format {
#define FORMAT(id, name, media, ext, flags, side, text) FORMAT_##id,
#define OUT(id, name, type, min, max, def, unit, list, text)
#include "plan/format.def"
	FORMAT_COUNT
};
#undef FORMAT
#undef OUT

enum out {
#define FORMAT(id, name, media, ext, flags, side, text)
#define OUT(id, name, type, min, max, def, unit, list, text) OUT_##id,
#include "plan/format.def"
	OUT_COUNT
};
#undef FORMAT
#undef OUT
#undef CHOICES
#undef CHOICE
#undef CHOICES_END

/* The first real format; SAME and AUTO stand before it. */
#define FORMAT_FIRST FORMAT_JPEG

/* A set of formats: bit 1u << FORMAT_x. */
typedef uint32_t format_set;
#define FORMAT_BIT(f) ((format_set)1 << (f))

enum format_flag {
	F_LOAD = 1,
	F_SAVE = 2,
	F_ALPHA = 4,
	F_ANIMATION = 8,
	F_RISKY = 16,
	F_DATA = 32,
	F_PAGES = 64,
	F_VECTOR = 128,
	F_NAMED = 256
};

/* A result of the format info is shorter, bytes. */
enum { INFO_MAX = 48 * 1024 };

enum { OP_ARGS_MAX = 13 };
_Static_assert(
    (int)RESIZE_ARGS <= (int)OP_ARGS_MAX, "a step has room for its args");

struct arg_row {
	const char *name;
	enum arg_type type;
	double min, max;
	double def; /* NAN: UNSET */
	const char *unit;
	const char *const *choices; /* NULL-terminated; PICK and SET */
	const char *text;
};

struct op_row {
	const char *name;
	enum op_phase phase;
	const char *text;
	const char *example; /* of the query language */
	const struct arg_row *arg;
	size_t narg;
};

struct format_row {
	const char *name;
	const char *media_type;
	const char *extension;
	unsigned flags;
	uint32_t max_side;
	const char *text;
};

const struct op_row *op_row(enum op op);
const struct arg_row *out_row(enum out out);
/* The formats that have this argument; 0: whatever is written. */
format_set out_formats(enum out out);
/*
 * Whether the argument does anything for that format. Some that do not are
 * accepted all the same, since a request may leave the format open.
 */
bool out_matters(enum out out, enum format format);
const struct format_row *format_row(enum format format);
/*
 * Whether a name of the tables is meant: as it stands there or as sharp writes
 * it, without_enlargement or withoutEnlargement.
 */
bool name_is(struct slice given, const char *name) must_check;
/* By name; false when there is none. "jpg" is jpeg, "grey" is gray. */
bool op_find(struct slice name, enum op *op) must_check;
bool format_find(struct slice name, enum format *format) must_check;
/*
 * What the first bytes say (nothing is decoded). False: none of ours. At least
 * FORMAT_SNIFF bytes are wanted, or all there are.
 */
enum { FORMAT_SNIFF = 1024 };
bool format_sniff(
    const uint8_t *bytes, size_t size, enum format *format) must_check;
/* All formats with every one of the flags. */
format_set format_all(unsigned flags);
/* The same, without those that a mount must name. */
format_set format_usual(unsigned flags);
/*
 * One value as text, for arg_print: "300", "50%", "cover", "icc,exif",
 * "#ff0000ff". Returns its length; out has room for 64 bytes. A LIST is
 * shown by plan_arg(), for its numbers are in the plan.
 */
enum { ARG_TEXT_MAX = 64 };
size_t arg_print(
    const struct arg_row *row, union arg value, char out[ARG_TEXT_MAX]);
/* The least of a LENGTH: a negative one is from the other side. */
double length_min(const struct arg_row *row, bool percent);
/* The row's default; false when it is UNSET. */
bool arg_default(const struct arg_row *row, union arg *value) must_check;
/* "0.3 to 1000 px", "one of cover, contain, ...": what is accepted. */
void arg_accepted(const struct arg_row *row, char *out, size_t size);
