/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_render(): the order of things.
 *
 *   the first bytes  input.c, open.c   which type
 *   the header       open.c            limits, pages
 *   the plan         steps.c           sizes, before anything is decoded
 *   the format       output.c
 *   the pixels       open.c            shrunk on load; one pass, top to bottom
 *   the steps        steps.c, frames.c, ops/
 *   the encoder      output.c, formats/
 *
 * Nothing is decoded before the encoder pulls.
 */
#include "image/render.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "image/colour.h"
#include "image/info.h"
#include "image/strip.h"

/*
 * Whose fault it was: a failure is mostly seen where the pixels are pulled,
 * and the watches know better what was behind it.
 */
bool
render_blame(struct render *r, struct err *e)
{
	uint32_t why = atomic_load(&r->watch.why);
	bool unread = atomic_load(&r->watch.unread) ||
	    (e->code == ERR_BAD_IMAGE && r->opened == NULL);
	char detail[ERR_DETAIL_MAX];

	memcpy(detail, e->detail, sizeof(detail));
	if (why != 0)
		return err_set(e, (enum err_code)why, "%s", detail);
	/* It was an overlay's, which is known. */
	if (e->source != 0)
		return false;
	if (r->input.broken)
		return err_set(e, ERR_TRUNCATED, "%s", detail);
	if (!unread)
		return false;
	if (r->input.data == NULL ? r->input.ended
				  : strip_check(r->from, r->input.data,
					r->input.size) == STRIP_CUT)
		return err_set(e, ERR_TRUNCATED, "%s", detail);
	return err_set(e, ERR_BAD_IMAGE, "%s", detail);
}

/* Decodes, steps and encodes once. */
static bool
render_pixels(struct render *r, struct image_result *result, struct err *e)
{
	scoped_image opened = NULL;
	scoped_image stepped = NULL;
	scoped_image shaped = NULL;
	struct op_memo memo[PLAN_STEPS] = { 0 };

	if (!watch_check(&r->watch, e) ||
	    (r->pages > 1 && !frames_look(r, memo, e)) ||
	    !open_pixels(r, &opened, e))
		return false;
	if (r->pages > 1) {
		if (!frames_run(r, opened, memo, &shaped, e))
			return false;
	} else if (!steps_run(r, opened, memo, &stepped, e) ||
	    !output_shape(r, stepped, &shaped, e)) {
		return false;
	}
	return output_save(r, shaped, result, e);
}

/* A result of another format may be replaced by the original. */
static bool
render_may_answer_original(const struct render *r)
{
	return r->plan->out.format == FORMAT_AUTO &&
	    (r->plan->out.accepts & FORMAT_BIT(r->from)) != 0;
}

/*
 * Only the format was asked to change: then the answer is not larger than the
 * original. Where any format will do, that is the original itself; where one
 * is named, the quality, which was not, is lowered as far as it is sensible.
 */
static bool
render_no_larger(struct render *r, struct image_result *result, struct err *e)
{
	static const int lower[] = { 60, 40, 22, 8 };
	const struct plan *p = r->plan;

	if (result->size <= r->input.size)
		return true;
	if (render_may_answer_original(r) && pass_copy(r, result))
		return true;
	if (out_get(p, OUT_SCALE).pick == SCALE_NATIVE ||
	    (r->to != FORMAT_JPEG && r->to != FORMAT_WEBP &&
		r->to != FORMAT_AVIF))
		return true;
	for (size_t i = 0; i < NELEM(lower); i++) {
		struct image_result again = { 0 };

		r->quality = lower[i];
		/* The header's image has been read: its pixels are gone. */
		g_clear_object(&r->opened);
		if (!open_header(r, e) || !output_choose(r, e) ||
		    !render_pixels(r, &again, e))
			return false;
		image_result_fini(result);
		*result = again;
		if (result->size <= r->input.size)
			break;
	}
	return true;
}

/*
 * The sizes say which format fits, and the format how many frames there are;
 * steps may care how many: then once more.
 */
static bool
render_plan(struct render *r, struct err *e)
{
	uint32_t pages = r->pages;

	if (!steps_plan(r, e) || !output_choose(r, e))
		return false;
	return r->pages == pages || (steps_plan(r, e) && output_choose(r, e));
}

/* Mostly done behind a resize, of which the result has the size. */
static double
render_cost_colours(const struct render *r)
{
	bool cmyk = r->opened->Type == VIPS_INTERPRETATION_CMYK;
	const struct image_size *size = &r->facts.original;

	if (!cmyk &&
	    !colour_differs(r->opened, out_get(r->plan, OUT_PROFILE).pick))
		return 0;
	return plan_cost_profile(cmyk,
	    fmin((double)size->width * size->height,
		(double)r->width * r->height));
}

/*
 * The mount has looked at the plan for an ordinary original. One that is large,
 * or an animation, can make a thousand times the work of the same plan.
 */
static bool
render_cost(const struct render *r, struct err *e)
{
	double most = r->job->limits.cost;
	/* Some kB: what it says of the format is known better by now. */
	struct plan plan = *r->plan;
	double pixels = open_weight(r, 1);
	double from;
	double cost;
	char text[NUM_TEXT_MAX];
	size_t n;

	/* A drawing has as many as are asked of it. */
	if ((format_row(r->from)->flags & F_VECTOR) != 0)
		pixels *= r->scale * r->scale;
	from = plan_cost_from(r->from, pixels);
	plan.out.format = (uint16_t)r->to;
	/* What a TIFF is compressed with, where the plan does not say. */
	if (r->to == FORMAT_TIFF && !out_has(&plan, OUT_COMPRESSION) &&
	    !out_get(&plan, OUT_LOSSLESS).on)
		out_set(&plan, OUT_COMPRESSION,
		    (union arg){ .pick = r->clear || output_deep(r)
			    ? TIFF_DEFLATE
			    : TIFF_JPEG });
	from += render_cost_colours(r);
	cost = plan_cost(&plan, pixels) + from;
	/* What must have seen all frames first decodes them once more. */
	plan.out.format = FORMAT_RAW;
	for (size_t i = 0; i < r->plan->nstep && r->pages > 1; i++) {
		if (!frames_looks(r->plan->step[i].op))
			continue;
		plan.nstep = (uint16_t)(i + 1);
		cost += plan_cost(&plan, pixels) + from;
	}
	cost = cost * r->pages + overlays_cost(r->overlays);
	if (r->job->cost != NULL)
		*r->job->cost = cost;
	if (!(most > 0) || cost <= most)
		return true;
	n = num_print(round(cost), text);
	return err_param(e, ERR_TOO_COSTLY, "cost", text, n,
	    "at most %.0f for this original", most);
}

/* The header is open. */
static bool
render_opened(struct render *r, struct image_result *result, struct err *e)
{
	bool whole;

	if (!render_plan(r, e) || !render_cost(r, e))
		return false;
	if (r->to == FORMAT_INFO)
		return info_make(r, result, e);
	r->facts.shrink =
	    r->shrink > 1 ? r->shrink : (uint32_t)lround(fmax(1 / r->scale, 1));
	if (!pass_may(r))
		return render_pixels(r, result, e);

	whole = r->input.data != NULL;
	if (whole && r->to == r->from && pass_copy(r, result))
		return true;
	return render_pixels(r, result, e) &&
	    (!whole || render_no_larger(r, result, e));
}

static bool
render_run(struct render *r, struct image_result *result, struct err *e)
{
	bool whole = false;

	if (!watch_check(&r->watch, e) ||
	    !input_open(&r->input, &r->job->input, &r->watch, e))
		return false;
	if (r->plan->out.untouched)
		return pass_untouched(r, result, e) &&
		    (result->bytes != NULL || render_opened(r, result, e));
	/* How many bytes it has is part of what is said of it. */
	if (r->plan->out.format == FORMAT_INFO) {
		if (!input_whole(&r->input, SIZE_MAX, &whole, e))
			return false;
		/* What may be answered as it is must be here as it is. */
	} else if (pass_likely(r->plan) &&
	    !input_whole(&r->input, r->job->limits.result_bytes, &whole, e))
		return false;

	int64_t start = clock_ns();

	if (!open_header(r, e))
		return false;
	r->facts.open_ns = clock_ns() - start;
	return render_opened(r, result, e);
}

bool
image_render(
    const struct image_job *job, struct image_result *result, struct err *e)
{
	struct render r = {
		.job = job,
		.plan = job->plan,
		.watch = { .job = job },
		.scale = 1,
		.shrink = 1,
	};
	struct image_result done = { 0 };
	int64_t start = clock_ns();
	bool good;

	r.overlays = overlays_new(&r);
	good = render_run(&r, &done, e);

	if (good) {
		done.facts = r.facts;
		done.facts.original_bytes = r.input.bytes;
		done.facts.result_bytes = done.size;
		done.facts.work_ns = clock_ns() - start - r.facts.open_ns;
		*result = done;
	} else {
		image_result_fini(&done);
		(void)render_blame(&r, e);
	}
	overlays_free(r.overlays);
	g_clear_object(&r.opened);
	input_close(&r.input);
	vips_error_clear();
	return good;
}

void
image_result_fini(struct image_result *result)
{
	g_free(result->bytes);
	result->bytes = NULL;
	result->size = 0;
}
