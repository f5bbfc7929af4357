/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan's steps, walked twice: once with nothing but sizes, before anything
 * is decoded, and once with the image.
 *
 * Turns are not made where they stand but gathered, until a step needs the
 * image upright. A resize takes them along and makes them on the small image;
 * so that the large one can still be read from top to bottom.
 */
#include <assert.h>
#include <inttypes.h>
#include <math.h>

#include "image/render.h"
#include "image/turn.h"

/* libvips' least scale. */
#define VECTOR_LEAST 0.001

struct walk {
	struct render *r;
	struct op_context ctx;
	VipsImage *image;     /* owned; NULL: only sizes */
	struct op_memo *memo; /* of all steps; NULL: only sizes */
	bool loaded; /* still the loader's image, but for pointwise steps */
	bool turned; /* a turn other than the EXIF one stands before */
	bool same;
	bool deep;                    /* the result has 16 bits */
	double shrink;                /* what the loader may do */
	const struct plan_step *half; /* done by half, ahead of a resize */
};

static bool
is_vector(const struct render *r)
{
	return (format_row(r->from)->flags & F_VECTOR) != 0;
}

/*
 * Whether the step works with 16 bits. Others make 8 of them: what is looked
 * at by trim is cut out of the image as it is, and histograms have 256 places.
 */
static bool
step_is_deep(const struct plan_step *s)
{
	return s->op != OP_TRIM && s->op != OP_CLAHE;
}

static void
walk_init(struct walk *w, struct render *r)
{
	*w = (struct walk){ .r = r,
		.loaded = true,
		.same = true,
		.deep = output_deep(r),
		.shrink = 1 };
	w->ctx = (struct op_context){
		.plan = r->plan,
		.original = r->facts.original,
		.pages = r->pages,
		.orientation = r->facts.orientation,
		.deadline_ns = r->job->deadline_ns,
		.width = r->facts.original.width,
		.height = r->facts.original.height,
		.turn = 1,
		.from = r->from,
		.alpha = r->alpha,
		.grey = r->opened->Bands < 3,
		.profile = (uint32_t)out_get(r->plan, OUT_PROFILE).pick,
		.overlays = r->overlays,
	};
}

static void
walk_image(struct walk *w, VipsImage **image)
{
	g_clear_object(&w->image);
	w->image = take_ptr(*image);
}

/* The context's sizes, from an image that the loader has not shrunk. */
static void
walk_size(struct walk *w, uint32_t width, uint32_t height)
{
	w->loaded = false;
	w->ctx.width = width;
	w->ctx.height = height;
	if (w->image != NULL) {
		w->ctx.width = (uint32_t)w->image->Xsize;
		w->ctx.height = (uint32_t)w->image->Ysize;
	}
}

/* Makes the gathered turn. */
static bool
walk_turn(struct walk *w, struct err *e)
{
	uint32_t turn = w->ctx.turn;
	scoped_image done = NULL;

	if (turn == 1)
		return true;
	if (w->image != NULL) {
		if (!turn_apply(&w->ctx, w->image, turn, &done, e))
			return false;
		walk_image(w, &done);
	}
	w->ctx.turn = 1;
	w->same = false;
	walk_size(w, turn_swaps(turn) ? w->ctx.height : w->ctx.width,
	    turn_swaps(turn) ? w->ctx.width : w->ctx.height);
	return true;
}

static bool
walk_limits(const struct walk *w, const struct op_size *size, struct err *e)
{
	const struct image_limits *limits = &w->r->job->limits;
	double most =
	    fmax((double)limits->pixels, (double)limits->result_pixels);
	const char *name = op_row((enum op)w->ctx.step->op)->name;

	if ((double)size->width * size->height > most || size->pixels > most)
		return err_set(e, ERR_TOO_MANY_PIXELS,
		    "%s makes %" PRIu32 "x%" PRIu32, name, size->width,
		    size->height);
	if (size->width > INT32_MAX / 2 || size->height > INT32_MAX / 2)
		return err_set(e, ERR_TOO_LARGE, "%s", name);
	return true;
}

/* The size that the step makes; *size.same where it does nothing. */
static bool
walk_want(struct walk *w, const struct op_bind *bind, struct op_size *size,
    struct err *e)
{
	*size = (struct op_size){ .width = w->ctx.width,
		.height = w->ctx.height,
		.shrink = 1,
		.same = false,
		.alpha = w->ctx.alpha,
		.grey = w->ctx.grey };
	if (bind->want != NULL && !bind->want(&w->ctx, size, e))
		return false;
	return walk_limits(w, size, e);
}

static void
walk_field(struct walk *w)
{
	double shrink = w->loaded ? w->r->shrink : 1;

	if (w->image == NULL)
		return;
	w->ctx.field_width = w->image->Xsize;
	w->ctx.field_height = w->image->Ysize;
	if (shrink > 1) {
		w->ctx.field_width = w->ctx.width / shrink;
		w->ctx.field_height = w->ctx.height / shrink;
	}
}

static bool
walk_apply(
    struct walk *w, const struct op_bind *bind, enum op op, struct err *e)
{
	scoped_image done = NULL;
	struct op_size size;

	if (op != OP_RESIZE && !bind->pointwise && !walk_turn(w, e))
		return false;
	w->ctx.may_shrink = w->loaded && !w->turned;
	w->ctx.vector = w->loaded && is_vector(w->r);
	if (!walk_want(w, bind, &size, e))
		return false;
	if (op == OP_RESIZE && w->loaded)
		w->shrink = size.shrink;
	w->same = w->same && size.same && w->ctx.turn == 1;
	/* Also without effect: a shrunk image must get its size. */
	if (size.same && w->ctx.turn == 1)
		return true;

	if (w->image != NULL) {
		walk_field(w);
		if (!bind->apply(&w->ctx, w->image, &done, e))
			return false;
		walk_image(w, &done);
		if (w->r->job->applied != NULL)
			*w->r->job->applied |= UINT64_C(1) << op;
	}
	w->ctx.alpha = size.alpha;
	w->ctx.grey = size.grey;
	if (!bind->pointwise) {
		w->ctx.turn = 1;
		walk_size(w, size.width, size.height);
	}
	return true;
}

static bool
walk_step(struct walk *w, const struct plan_step *step, struct err *e)
{
	enum op op = (enum op)step->op;
	const struct op_bind *bind = table_op(op);
	uint32_t turn;

	w->ctx.step = step;
	w->ctx.deep = w->deep && step_is_deep(step);
	turn = bind->turn != NULL ? bind->turn(&w->ctx) : 0;
	if (turn != 0) {
		w->ctx.turn = turn_join(w->ctx.turn, turn);
		if (op == OP_AUTOORIENT) {
			w->r->turned = 1;
			w->ctx.orientation = 1;
		} else if (turn != 1) {
			w->turned = true;
		}
		return true;
	}
	return walk_apply(w, bind, op, e);
}

/*
 * A step of two halves that comes later has its first one ahead of the first
 * resize. The loader must not shrink for it: that would be without it.
 */
static bool
walk_ahead(struct walk *w, size_t at, struct err *e)
{
	const struct plan *plan = w->r->plan;
	const struct op_bind *bind = NULL;
	scoped_image done = NULL;

	if (plan->step[at].op != OP_RESIZE || w->half != NULL)
		return true;
	for (size_t i = at + 1; i < plan->nstep && w->half == NULL; i++) {
		bind = table_op((enum op)plan->step[i].op);
		if (bind->ahead != NULL)
			w->half = &plan->step[i];
	}
	if (w->half == NULL)
		return true;

	w->ctx.step = w->half;
	w->loaded = false;
	w->same = false;
	if (w->image != NULL) {
		if (!bind->ahead(&w->ctx, w->image, &done, e))
			return false;
		walk_image(w, &done);
	}
	w->ctx.gamma = bind->between(w->half);
	return true;
}

/* The first n steps. */
static bool
walk_some(struct walk *w, size_t n, struct err *e)
{
	const struct plan *plan = w->r->plan;

	for (size_t i = 0; i < n; i++) {
		w->ctx.memo = w->memo != NULL ? &w->memo[i] : NULL;
		if (!watch_check(&w->r->watch, e) || !walk_ahead(w, i, e) ||
		    !walk_step(w, &plan->step[i], e))
			return false;
		if (w->half == &plan->step[i]) {
			w->half = NULL;
			w->ctx.gamma = 0;
		}
	}
	return true;
}

static bool
walk_all(struct walk *w, struct err *e)
{
	return walk_some(w, w->r->plan->nstep, e) && walk_turn(w, e);
}

/*
 * How much the loader shrinks. JPEG: the largest factor of the DCT that does
 * not make it too small. WebP: libwebp's scaler averages areas, so half as
 * much again is left to ours: a third off the time, SSIMULACRA2 still 94.
 * JPEG 2000 holds its halves by itself, but half a pixel off: a factor of 2 is
 * left to ours, which makes less of it. What has no pixels is drawn at the size.
 */
static void
steps_shrink(struct render *r, double most)
{
	uint32_t largest = 1;

	r->shrink = 1;
	r->scale = 1;
	if (r->from == FORMAT_JPEG)
		largest = 8;
	else if (r->from == FORMAT_JP2)
		largest = 1U << r->levels;
	if (r->from == FORMAT_JP2)
		most /= 2;
	while (r->shrink < largest && r->shrink * 2 <= most)
		r->shrink *= 2;
	if (is_vector(r))
		r->scale = fmax(1 / most, VECTOR_LEAST);
	if (r->from == FORMAT_WEBP && r->facts.original.pages == 1 && most >= 3)
		r->scale = 1 / floor(most / 1.5);
}

bool
steps_plan(struct render *r, struct err *e)
{
	struct walk w;

	walk_init(&w, r);
	if (!walk_all(&w, e))
		return false;
	r->width = w.ctx.width;
	r->height = w.ctx.height;
	r->same = w.same;
	r->clear = w.ctx.alpha != 0;

	steps_shrink(r, w.shrink);
	return true;
}

bool
steps_run(struct render *r, VipsImage *in, struct op_memo *memo,
    VipsImage **out, struct err *e)
{
	struct walk w;

	walk_init(&w, r);
	w.memo = memo;
	w.image = g_object_ref(in);

	bool done = walk_all(&w, e);

	if (done)
		*out = take_ptr(w.image);
	g_clear_object(&w.image);
	return done;
}

bool
steps_look(struct render *r, VipsImage *in, struct op_memo *memo, size_t last,
    struct err *e)
{
	struct walk w;

	walk_init(&w, r);
	w.memo = memo;
	w.image = g_object_ref(in);

	bool done = walk_some(&w, last + 1, e);

	g_clear_object(&w.image);
	return done;
}
