/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What to do to which image: the one form every URL dialect is turned into.
 *
 * A plan is a value. It holds no pointers, so it can be compared, printed,
 * hashed into the cache key, fuzzed, and sent to a worker process with one
 * write(2). Strings are spans of text[].
 *
 * Invariant, set up by plan_check() and relied on everywhere after it: every
 * number is finite and inside its row's limits, picks and formats are inside
 * their lists, spans lie inside text[] and hold no zero byte, counts are
 * inside their maxima, and unused bytes are zero. Steps run in the order in
 * which they stand.
 */
#pragma once

#include "base/digest.h"
#include "base/err.h"
#include "base/slice.h"
#include "plan/op.h"

enum {
	PLAN_STEPS = 24,
	PLAN_MASKS = 6, /* steps that are blur, sharpen or convolve */
	PLAN_SOURCES = 5,
	PLAN_OVERLAYS = PLAN_SOURCES - 1,
	PLAN_TEXT = 6144,
	PLAN_HEADERS = 16,
	PLAN_LIST = 1024, /* numbers in a list */
	PLAN_LINE = 40960 /* room that plan_print() always fits in */
};

/* Which stored object. source[0] is the image, the others are overlays. */
struct plan_source {
	struct span store; /* name of a [store.NAME] section */
	struct span key;   /* decoded, UTF-8; what its store takes */
	struct span version;
};

struct plan_step {
	uint16_t op;
	uint16_t set; /* bit i: arg[i] was given; else the row's default */
	uint32_t zero;
	union arg arg[OP_ARGS_MAX];
};

/* How many pages, besides a number of them. */
enum {
	PAGES_AUTO = 0, /* all if the result can move, else one */
	PAGES_ALL = -1,
	PAGES_GIF = -2, /* as AUTO if the original is a GIF, else one */
	PAGES_MAX = 100000,
	DENSITY_MAX = 2400
};

struct plan_in {
	int32_t page;     /* first page or frame, from 0 */
	int32_t pages;    /* a number, or PAGES_x */
	uint8_t tolerant; /* 1: decode a truncated original as far as it goes */
	uint8_t zero[5];
	uint16_t density; /* SVG, PDF: pixels an inch; 0: 72 */
};

struct plan_out {
	uint16_t format; /* enum format, SAME and AUTO included */
	uint16_t zero;
	format_set
	    accepts; /* with AUTO: what the client and the mount accept */
	uint32_t
	    untouched; /* 1: no step, no format: the stored bytes as they are */
	uint32_t zero2;
	uint64_t set; /* bit i: arg[i] was given */
	union arg arg[OUT_COUNT];
};

/* What the answer carries besides the image; not part of the cache key. */
struct plan_answer {
	struct span cache_control; /* empty: the mount's */
	struct span file_name;     /* Content-Disposition; empty: none */
	struct span
	    media_type; /* the language's own word; empty: the format's */
	uint16_t nheader;
	uint16_t zero;
	struct {
		struct span name, value;
	} header[PLAN_HEADERS]; /* checked: token, no control bytes */
};

struct plan {
	uint16_t nsource;
	uint16_t nstep;
	uint16_t ntext;
	uint16_t zero;
	struct plan_source source[PLAN_SOURCES];
	struct plan_in in;
	struct plan_step step[PLAN_STEPS];
	struct plan_out out;
	struct plan_answer answer;
	char text[PLAN_TEXT];
};

/* What a mount allows. Zero or empty means: no limit of its own. */
struct plan_policy {
	int64_t max_width, max_height; /* of any step's result, pixels */
	double max_cost;               /* plan_cost() */
	const int64_t *sizes; /* allowed widths and heights, ascending */
	size_t nsize;
	format_set formats; /* allowed results; 0: all that can be saved */
};

/* Empty: no source, no step, format SAME. Clears all of it. */
void plan_init(struct plan *p);
/* Copies text into the pool; false with BAD_URL when it is full. */
bool plan_text(
    struct plan *p, struct slice s, struct span *out, struct err *e) must_check;
struct slice plan_slice(const struct plan *p, struct span s);
/* A new last step; false with BAD_URL when there are too many. */
bool plan_add(struct plan *p, enum op op, struct plan_step **step,
    struct err *e) must_check;
/* How many of its sources are overlays. */
static inline size_t
plan_overlays(const struct plan *p)
{
	return p->nsource > 1 ? (size_t)p->nsource - 1 : 0;
}
/* The last step of that operation, or NULL. */
struct plan_step *plan_find(struct plan *p, enum op op);

/* Setting marks the argument as given. Values are checked by plan_check(). */
void step_set(struct plan_step *s, unsigned arg, union arg value);
bool step_has(const struct plan_step *s, unsigned arg);
/* The given value, or the row's default, or (UNSET) all zero. */
union arg step_get(const struct plan_step *s, unsigned arg);
/* A LENGTH in whole pixels; percent: of that side. */
double step_length(const struct plan_step *s, unsigned arg, double side);
void out_set(struct plan *p, enum out arg, union arg value);
bool out_has(const struct plan *p, enum out arg);
union arg out_get(const struct plan *p, enum out arg);

/*
 * One argument from text, by its row: numbers, words, colours, lengths
 * ("10", "10px", "10%", "10p"), lists ("1,2.5,3"), whose numbers go to the
 * plan's pool. name is the parameter's name in the URL. Fails with BAD_VALUE
 * naming it, its value and what is accepted (and the nearest word).
 */
bool arg_read(struct plan *p, const struct arg_row *row, const char *name,
    struct slice text, union arg *out, struct err *e) must_check;
/* Any value as text: of the pool, or written to room. */
struct slice plan_arg(const struct plan *p, const struct arg_row *row,
    union arg value, char room[ARG_TEXT_MAX]);
/* A LIST of these numbers; false with BAD_URL when the pool is full. */
bool plan_numbers(struct plan *p, const double *number, size_t n,
    union arg *out, struct err *e) must_check;
/* The numbers of a LIST, the first max of them; returns how many it has. */
size_t plan_list(
    const struct plan *p, union arg value, double *number, size_t max);

/*
 * The one gate between dialects and everything else: establishes the
 * invariant above, for any bytes in *p, and applies the policy. It also
 * refuses what contradicts itself (resize without a side and without a
 * reason, one focus without the other). Fails with BAD_VALUE, TOO_COSTLY.
 */
bool plan_check(const struct plan *p, const struct plan_policy *policy,
    struct err *e) must_check;

/*
 * The policy's widths and heights for steps that enlarge without a box; part
 * of plan_check(). Fails with BAD_VALUE.
 */
bool plan_sides(const struct plan *p, const struct plan_policy *policy,
    struct err *e) must_check;

/*
 * Work of a checked plan for an original of that many pixels (0: not known,
 * then by the result's size): about CPU milliseconds on a common server core.
 */
double plan_cost(const struct plan *p, double pixels);
/* The part of it that decoding an image of that many pixels is. */
double plan_cost_decode(double pixels);
/* What decoding that format takes more than others. */
double plan_cost_from(enum format from, double pixels);
/* Converting that many pixels of another profile than the result's. */
double plan_cost_profile(bool cmyk, double pixels);

/*
 * The one-line text form: "file:cat.jpg | autoorient | resize width=300 ... |
 * out format=webp quality=80". Only given arguments; canonical: full = true
 * writes defaults in as well. Returns its length (< PLAN_LINE).
 */
size_t plan_print(const struct plan *p, bool full, char out[PLAN_LINE]);

/*
 * What is done, whatever the original: 64 bits of a digest of the full text
 * form behind the sources, in hex, and the short text form behind them, cut.
 */
enum { PLAN_HASH_MAX = 17 };
void plan_variant(
    const struct plan *p, char hash[PLAN_HASH_MAX], char *text, size_t size);

/*
 * The cache key: SHA-256 over the full text form (names, never indices; not
 * the answer's part) and what else decides the bytes.
 *
 * stores:  identity of each source's store (type and place, not its name)
 * scope:   who may have the answer: what one mount renders or refuses is
 *          nothing that another one has said
 * version: of the pipeline and the codecs
 */
struct digest plan_key(const struct plan *p, const struct slice *stores,
    size_t nstore, struct slice scope, struct slice version);
