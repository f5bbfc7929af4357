/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the DIT language share. Not for use outside this folder.
 *
 *   dit.c          from a URL to a plan; JSON requests; the language's row
 *   dit_thumbor.c  paths in Thumbor's style, dit_filter.c their filters,
 *   dit_query.c    query parameters: both become edits of the same form
 *   dit_edits.c    the edits object, in its own order; with dit_resize.c,
 *                  dit_method.c and dit_tone.c (single edits), dit_value.c
 *   dit_overlay.c  edits of DIT's own: overlayWith, roundCrop, smartCrop
 *   dit_format.c   output formats and encoder options
 *   dit_steps.c    the steps, in sharp's fixed order
 *   dit_print.c    from a plan to a URL
 *   dit_error.c    how errors look
 */
#pragma once

#include "base/json.h"
#include "dialect/common.h"

/* Rows of the language's own table of errors; err.own. */
enum dit_fault {
	DIT_NONE,
	DIT_PROCESSING,    /* what sharp refuses or fails at */
	DIT_RESIZE,        /* a side <= 0 */
	DIT_CROP,          /* crop that is no area */
	DIT_BUCKET,        /* not one of the mount's stores */
	DIT_NO_BUCKETS,    /* the mount has none */
	DIT_REQUEST_TYPE,  /* neither JSON nor a path with a known type */
	DIT_INTERNAL,      /* JSON null */
	DIT_FORMAT,        /* err.value: the format */
	DIT_NO_KEY,        /* the source's key, else err.value */
	DIT_INSTANTIATION, /* not an image, or too many pixels */
	DIT_RESULT_SIZE,   /* too large */
	DIT_HEADER,        /* err.param: the header's name */
	DIT_NOT_SUPPORTED, /* err.param: ours to do later */
	DIT_BAD_REQUEST,   /* too much work */
	DIT_RETRIEVAL,     /* the store failed */
	DIT_QUERY,         /* a parameter that cannot be read */
	DIT_EXPIRY,        /* a time that there is not */
	DIT_EXPIRED,
	DIT_OVERLAY,        /* cannot be had or read */
	DIT_OVERLAY_BUCKET, /* not one of the mount's stores */
	DIT_OVERLAY_SIZE,   /* larger than what it is laid on */
	DIT_FACE,
	DIT_PADDING,
	DIT_FAULTS
};

/* Options of one encoder: as plan_out's arguments. */
struct dit_options {
	uint64_t set;
	union arg arg[OUT_COUNT];
};

struct dit_area {
	bool given;
	int32_t side[4]; /* left, top, width, height */
};

/*
 * What the edits say, gathered in the order in which they stand, as the object
 * that sharp gathers its options in: a later call of a method replaces what an
 * earlier one set.
 */
struct dit_edits {
	const struct dialect_in *in;
	struct plan *plan; /* whose pool takes lists of numbers */
	/* Of the call of composite; borrowed from the JSON. */
	struct slice overlay_store, overlay_key;
	bool smart_late; /* the call of smartcrop stands after the resize */
	bool any;        /* there is an edit, known or not */
	/* resize: the arguments of its step. sized: it has a side or ratio. */
	bool sized;
	struct plan_step resize;
	bool orient; /* turned as the camera was held */
	/* Degrees, 0 to 360; whole turns are 0. */
	double angle;
	/* Turn before cutting and scaling (dit.md, 10.3). */
	bool turn_first;
	struct dit_area before, after; /* the resize */
	/* The last call of each method that is one operation. */
	bool called[OP_COUNT];
	struct plan_step call[OP_COUNT];
	bool strip;    /* rotate: null */
	bool animated; /* with animated_given */
	bool animated_given;
	/* The encoder that an option object has chosen; else SAME. */
	enum format chosen;
	struct dit_options options[FORMAT_COUNT];
	bool to_given;
	enum format to;      /* toFormat */
	const char *to_type; /* its own media type: what DIT says; or NULL */
};

/* Is it asked for any turn? */
bool dit_turns(const struct dit_edits *d);

/* Fails with the language's own error; value may be NULL. */
bool dit_fail(struct err *e, enum err_code code, enum dit_fault fault,
    const char *param, const char *value);
/* sharp refuses that value. */
bool dit_refuse(struct err *e, const char *edit);
/* A part of the language that is not ours yet. */
bool dit_later(struct err *e, const char *what);

/*
 * JavaScript's Number(): numbers, texts of numbers, true, false and null. False
 * where that is NaN.
 */
bool dit_number(const json_t *json, double *out) must_check;
/* A number with no fraction, as Number.isInteger() says. */
bool dit_whole(
    const json_t *json, int64_t min, int64_t max, int64_t *out) must_check;
bool dit_truthy(const json_t *json);
/* A member that is there and not null: what sharp calls defined. */
const json_t *dit_member(const json_t *object, const char *name);
/* A string, or {r,g,b,alpha}. */
bool dit_colour(const json_t *json, uint64_t *colour) must_check;

/* One edit: its value into *out. */
typedef bool dit_edit_f(
    const json_t *value, struct dit_edits *out, struct err *e);
/* The check of resize that DIT makes before it looks at any edit. */
bool dit_check_sides(const json_t *resize, struct err *e) must_check;
dit_edit_f dit_edit_resize;
/* Those of resize that are true or false. */
struct dit_flag {
	const char *name;
	unsigned arg; /* enum RESIZE_x */
};
enum { DIT_RESIZE_FLAGS = 3 };
extern const struct dit_flag dit_resize_flags[DIT_RESIZE_FLAGS];
/* dit_method.c and dit_tone.c */
dit_edit_f dit_edit_affine, dit_edit_bandbool, dit_edit_blur, dit_edit_clahe,
    dit_edit_colourspace, dit_edit_convolve, dit_edit_ensure_alpha,
    dit_edit_extend, dit_edit_extract_channel, dit_edit_flatten, dit_edit_flip,
    dit_edit_flop, dit_edit_gamma, dit_edit_grayscale, dit_edit_linear,
    dit_edit_median, dit_edit_modulate, dit_edit_negate, dit_edit_never,
    dit_edit_normalise, dit_edit_pipeline, dit_edit_recomb,
    dit_edit_remove_alpha, dit_edit_sharpen, dit_edit_threshold, dit_edit_tint,
    dit_edit_trim, dit_edit_unflatten;

/* dit_overlay.c; round does what was asked for so far, and begins anew. */
dit_edit_f dit_edit_overlay, dit_edit_round, dit_edit_smart;
/* The overlay's source and step, if it was asked for. */
bool dit_add_overlay(
    const struct dit_edits *d, struct plan *p, struct err *e) must_check;

/* A new call, which replaces an earlier one of the same method. */
struct plan_step *dit_call(struct dit_edits *d, enum op op);
/* One that a boolean switches: what is no boolean counts as true. True. */
bool dit_call_if(struct dit_edits *d, enum op op, const json_t *value);
/*
 * Values into an argument of the step, as its row limits them; NULL: nothing
 * is said. name: what the error names. A number, the member of that name of an
 * object, a colour, one of the row's words, an array of 1 to max numbers.
 */
bool dit_arg_number(struct plan_step *s, unsigned arg, const json_t *json,
    const char *name, struct err *e) must_check;
bool dit_arg(struct plan_step *s, unsigned arg, const json_t *object,
    const char *name, struct err *e) must_check;
bool dit_arg_colour(struct plan_step *s, unsigned arg, const json_t *json,
    const char *name, struct err *e) must_check;
bool dit_arg_word(struct plan_step *s, unsigned arg, const json_t *json,
    const char *name, struct err *e) must_check;
bool dit_arg_list(struct dit_edits *d, struct plan_step *s, unsigned arg,
    const json_t *array, size_t max, struct err *e) must_check;

/*
 * edits: not changed (the library's iterator wants it so)
 * plan:  whose pool takes lists of numbers
 */
bool dit_edits_read(const struct dialect_in *in, json_t *edits,
    struct plan *plan, struct dit_edits *out, struct err *e) must_check;
/* jpeg, png, webp, gif, avif, heif, tiff: the value of such an edit. */
bool dit_options_read(const char *name, const json_t *value,
    struct dit_edits *out, struct err *e) must_check;
/*
 * The word of toFormat (as_edit) or outputFormat. Fails as DIT does for what it
 * does not write.
 */
bool dit_format_read(const json_t *word, bool as_edit, enum format *format,
    struct err *e) must_check;
/* The media type that DIT makes of the word, where it is not the format's. */
const char *dit_format_type(const json_t *word);
/* Encoder options of the chosen format, with sharp's defaults. */
void dit_options_apply(
    const struct dit_edits *edits, enum format format, struct plan *p);
/* The steps, in sharp's order. animation: several frames may be loaded. */
bool dit_steps(const struct dit_edits *edits, bool animation, struct plan *p,
    struct err *e) must_check;

/* dit_thumbor.c: edits of the path, into an object. */
bool dit_thumbor_edits(
    struct slice path, json_t *edits, struct err *e) must_check;
/*
 * dit_filter.c: one filter, "name(value)": the name to the last '(', the value
 * to the last ')'. What is not so is an error that DIT did not expect: a ':' in
 * a value does it.
 *
 * extension: the word behind the path's last dot: what quality() is of
 */
bool dit_filter(struct slice text, struct slice extension, json_t *edits,
    struct err *e) must_check;
/* The edit resize, made where there is none yet. */
json_t *dit_resize_of(json_t *edits);
/* The first "s3:NAME" that is a store, else the first store. */
struct slice dit_thumbor_bucket(struct slice path, const struct dialect_in *in);
/* What the edits leave of the path, decoded; room for path.len bytes. */
bool dit_thumbor_key(struct slice path, struct slice bucket, char *room,
    struct slice *key, struct err *e) must_check;

/* dit_query.c: edits of the query, into an object. */
bool dit_query_edits(
    struct slice query, json_t *edits, struct err *e) must_check;
/* As JavaScript does; "NaN" where there is no number. */
json_t *dit_parse_int(struct slice s);
bool dit_claim(const struct dialect_in *in, struct claim *out, struct err *e);

/* The i-th edit, or NULL; later: it is answered with 501. */
const char *dit_edit_name(size_t i, bool *later);
/* The same with its meaning: dit_manual.c. */
bool dit_word(size_t i, struct dialect_word *out) must_check;
bool dit_print(
    const struct plan *p, char *out, size_t size, struct err *e) must_check;
void dit_error(
    const struct err *e, const struct plan *p, struct dialect_error *out);

#define DIT_CACHE_CONTROL "max-age=31536000,public"
