/* SPDX-License-Identifier: Apache-2.0 */
/* One render on its way through the files of this folder. Nobody else's. */
#pragma once

#include "image/image.h"
#include "image/input.h"
#include "image/table.h"
#include "image/watch.h"

/*
 * Belongs to the thread that called image_render(); libvips' threads see
 * input and watch only.
 */
struct render {
	const struct image_job *job;
	const struct plan *plan;
	struct watch watch;
	struct input input;
	struct facts facts;
	enum format from;
	enum format to;
	/* JPEG or PNG, as soon as it is known whether a pixel is clear. */
	bool alpha_decides;
	bool alpha;        /* the original has the channel */
	bool clear;        /* what the steps make has it */
	bool moves;        /* the result is an animation */
	VipsImage *opened; /* page 0, header read, nothing decoded */
	uint32_t page;     /* what is decoded: the first */
	uint32_t pages;    /* and how many */
	uint32_t shrink;   /* asked of the loader, 1: none */
	double scale;      /* the same of WebP, SVG and PDF, 1: none */
	uint32_t at;       /* the page that opened is of */
	uint32_t levels;   /* JPEG 2000: by 2^n the decoder can shrink */
	int quality;       /* instead of the plan's; 0: the plan's */
	/* What the steps make, known before decoding. */
	uint32_t width, height;
	bool same;                 /* they change nothing */
	uint32_t turned;           /* an autoorient is among them */
	struct overlays *overlays; /* NULL: there are none */
};

/* render.c: whose fault a failure was; changes e where it knows better. */
bool render_blame(struct render *r, struct err *e);

/* overlay.c: NULL where the plan has none. base must outlive them. */
struct overlays *overlays_new(const struct render *base);
void overlays_free(struct overlays *all); /* NULL is allowed */
/* The work of decoding them; 0 for NULL. After steps_plan(). */
double overlays_cost(const struct overlays *all);

/*
 * open.c
 *
 * open_weight(): pixels of so many pages, each counted once for every four
 * channels that it has; a TIFF may have thousands. The header is open.
 */
double open_weight(const struct render *r, uint32_t pages);
bool open_header(struct render *r, struct err *e) must_check;
bool open_pixels(struct render *r, VipsImage **out, struct err *e) must_check;

/*
 * steps.c: the plan's steps, before and after decoding; memo: one for each
 * step. steps_look() runs those up to a trim, which notes what it would cut.
 */
bool steps_plan(struct render *r, struct err *e) must_check;
bool steps_run(struct render *r, VipsImage *in, struct op_memo *memo,
    VipsImage **out, struct err *e) must_check;
bool steps_look(struct render *r, VipsImage *in, struct op_memo *memo,
    size_t last, struct err *e) must_check;

/*
 * frames.c: the steps on every frame of an animation. frames_look() decodes
 * it once more where a step must have seen all frames before it does anything.
 */
bool frames_looks(unsigned op); /* such a step */
bool frames_look(
    struct render *r, struct op_memo *memo, struct err *e) must_check;
bool frames_run(struct render *r, VipsImage *strip, struct op_memo *memo,
    VipsImage **out, struct err *e) must_check;

/* output.c */
bool output_choose(struct render *r, struct err *e) must_check;
/* Whether the result has more than 8 bits. */
bool output_deep(const struct render *r);
/* To what the format can hold: colours or grey, alpha or not. */
bool output_shape(
    struct render *r, VipsImage *in, VipsImage **out, struct err *e) must_check;
bool output_save(struct render *r, VipsImage *in, struct image_result *result,
    struct err *e) must_check;

/*
 * pass.c: answering with the original's own bytes. Of a drawing these are not
 * answered: its header is open then, and *result as it was.
 */
bool pass_untouched(
    struct render *r, struct image_result *result, struct err *e) must_check;
/* From the plan alone: whether its bytes may be passed on. */
bool pass_likely(const struct plan *p);
/* Whether nothing was asked that needs the pixels, but perhaps the format. */
bool pass_may(struct render *r);
/* Copies the original without its metadata; false: not possible. */
bool pass_copy(struct render *r, struct image_result *result);

/* image.c: what image_init() was told. */
const struct image_conf *image_conf(void);
