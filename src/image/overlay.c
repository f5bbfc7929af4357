/* SPDX-License-Identifier: Apache-2.0 */
/* An overlay is a render of its own, up to where the encoder would begin. */
#include "image/overlay.h"

#include <assert.h>

#include "image/pixel.h"
#include "image/render.h"

struct overlay {
	struct image_job job;
	struct plan plan; /* what is done to it before it is laid on */
	struct render render;
	bool begun; /* its input is open */
};

/* Of one step, found for the first frame. */
struct laid {
	bool known; /* facts are those for this box */
	struct overlay_box box;
	struct overlay_facts facts;
	VipsImage *pixels; /* NULL: not decoded yet */
};

struct overlays {
	const struct render *base;
	struct overlay of[PLAN_OVERLAYS];
	struct laid laid[PLAN_STEPS];
};

struct overlays *
overlays_new(const struct render *base)
{
	struct overlays *all;

	if (plan_overlays(base->plan) == 0)
		return NULL;
	all = xcalloc(1, sizeof(*all));
	all->base = base;
	for (size_t i = 0; i < plan_overlays(base->plan); i++) {
		struct overlay *o = &all->of[i];

		o->job = *base->job;
		o->job.plan = &o->plan;
		o->job.input = base->job->overlay[i];
		o->render = (struct render){
			.job = &o->job,
			.plan = &o->plan,
			.watch = { .job = &o->job },
			.scale = 1,
			.shrink = 1,
			/* Its shape is what that can hold: alpha stays. */
			.to = FORMAT_PNG,
		};
	}
	return all;
}

void
overlays_free(struct overlays *all)
{
	if (all == NULL)
		return;
	for (size_t i = 0; i < PLAN_STEPS; i++)
		g_clear_object(&all->laid[i].pixels);
	for (size_t i = 0; i < PLAN_OVERLAYS; i++) {
		g_clear_object(&all->of[i].render.opened);
		if (all->of[i].begun)
			input_close(&all->of[i].render.input);
	}
	free(all);
}

/* autoorient | resize to fit into the box */
static bool
overlay_plan(
    struct plan *p, bool tolerant, struct overlay_box box, struct err *e)
{
	struct plan_step *step = NULL;

	plan_init(p);
	p->in.tolerant = tolerant;
	p->in.pages = 1;
	if (!plan_add(p, OP_AUTOORIENT, &step, e))
		return false;
	if (box.width == 0 && box.height == 0)
		return true;
	if (!plan_add(p, OP_RESIZE, &step, e))
		return false;
	step_set(step, RESIZE_FIT, (union arg){ .pick = FIT_INSIDE });
	if (box.width > 0)
		step_set(step, RESIZE_WIDTH, (union arg){ .whole = box.width });
	if (box.height > 0)
		step_set(
		    step, RESIZE_HEIGHT, (union arg){ .whole = box.height });
	return true;
}

/* Its header, and what the box makes of it. */
static bool
overlay_open(
    struct overlay *o, bool tolerant, struct overlay_box box, struct err *e)
{
	struct render *r = &o->render;

	if (!overlay_plan(&o->plan, tolerant, box, e))
		return false;
	if (!o->begun) {
		o->begun = true;
		if (!input_open(&r->input, &o->job.input, &r->watch, e))
			return false;
	}
	return (r->opened != NULL || open_header(r, e)) && steps_plan(r, e);
}

static bool
overlay_read(struct overlay *o, VipsImage **out, struct err *e)
{
	struct render *r = &o->render;
	scoped_image opened = NULL;
	scoped_image stepped = NULL;
	scoped_image shaped = NULL;
	struct op_memo memo[PLAN_STEPS] = { 0 };
	bool done = open_pixels(r, &opened, e) &&
	    steps_run(r, opened, memo, &stepped, e) &&
	    output_shape(r, stepped, &shaped, e) &&
	    pixel_read(NULL, shaped, out, e);

	/* Read from top to bottom, once: its pixels are gone. */
	g_clear_object(&r->opened);
	return done;
}

static bool
overlay_fail(struct overlay *o, unsigned source, struct err *e)
{
	(void)render_blame(&o->render, e);
	return err_source(e, (int)source);
}

static struct overlay *
overlay_of(const struct op_context *ctx, unsigned source)
{
	assert(ctx->overlays != NULL && source >= 1 &&
	    source <= plan_overlays(ctx->overlays->base->plan));
	return &ctx->overlays->of[source - 1];
}

static struct laid *
laid_of(const struct op_context *ctx)
{
	return &ctx->overlays->laid[ctx->step - ctx->plan->step];
}

bool
overlay_look(const struct op_context *ctx, unsigned source,
    struct overlay_box box, struct overlay_facts *facts, struct err *e)
{
	struct overlay *o = overlay_of(ctx, source);
	struct laid *laid = laid_of(ctx);

	if (!laid->known || laid->box.width != box.width ||
	    laid->box.height != box.height) {
		if (!overlay_open(o, ctx->plan->in.tolerant == 1, box, e))
			return overlay_fail(o, source, e);
		laid->known = true;
		laid->box = box;
		laid->facts = (struct overlay_facts){ o->render.width,
			o->render.height, o->render.opened->Bands < 3 };
	}
	*facts = laid->facts;
	return true;
}

bool
overlay_pixels(const struct op_context *ctx, unsigned source,
    struct overlay_box box, VipsImage **out, struct err *e)
{
	struct overlay *o = overlay_of(ctx, source);
	struct laid *laid = laid_of(ctx);

	if (laid->pixels == NULL &&
	    (!overlay_open(o, ctx->plan->in.tolerant == 1, box, e) ||
		!overlay_read(o, &laid->pixels, e)))
		return overlay_fail(o, source, e);
	*out = g_object_ref(laid->pixels);
	return true;
}

double
overlays_cost(const struct overlays *all)
{
	double cost = 0;

	if (all == NULL)
		return 0;
	for (size_t i = 0; i < all->base->plan->nstep; i++) {
		const struct plan_step *s = &all->base->plan->step[i];
		const struct render *overlay;

		if (s->op != OP_COMPOSITE)
			continue;
		overlay =
		    &all->of[step_get(s, COMPOSITE_SOURCE).whole - 1].render;
		cost += plan_cost_decode(open_weight(overlay, 1)) +
		    plan_cost_from(overlay->from, open_weight(overlay, 1));
	}
	return cost;
}
