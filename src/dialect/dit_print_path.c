/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan as a path in Thumbor's style: what turns as the camera was held can be
 * said in no other way. As with JSON, what was written is parsed and compared.
 */
#include "base/codec.h"
#include "base/num.h"
#include "dialect/dit.h"

static const struct plan_step *
find_step(const struct plan *p, enum op op)
{
	for (size_t i = 0; i < p->nstep; i++)
		if (p->step[i].op == op)
			return &p->step[i];
	return NULL;
}

static void
put_number(struct text *t, const char *before, double value, const char *after)
{
	char number[NUM_TEXT_MAX];

	num_print(value, number);
	url_printf(t, "%s%s%s", before, number, after);
}

static void
put_crop(struct text *t, const struct plan_step *s)
{
	double side[EXTRACT_ARGS];

	if (s == NULL)
		return;
	for (unsigned i = 0; i < EXTRACT_ARGS; i++)
		side[i] = (double)step_get(s, i).length.value;
	url_printf(t, "/%.0fx%.0f:%.0fx%.0f", side[EXTRACT_LEFT],
	    side[EXTRACT_TOP], side[EXTRACT_LEFT] + side[EXTRACT_WIDTH],
	    side[EXTRACT_TOP] + side[EXTRACT_HEIGHT]);
}

/* Can the path say it? With one side it means fit-in, and outside nowhere. */
static bool
is_path_size(const struct plan_step *s)
{
	int64_t fit = step_get(s, RESIZE_FIT).pick;
	bool both = step_has(s, RESIZE_WIDTH) && step_has(s, RESIZE_HEIGHT);

	return fit == FIT_INSIDE || (both && fit != FIT_OUTSIDE);
}

static void
put_size(struct text *t, const struct plan_step *s)
{
	int64_t width, height;

	if (s == NULL || step_has(s, RESIZE_RATIO) || !is_path_size(s))
		return;
	width = step_get(s, RESIZE_WIDTH).whole;
	height = step_get(s, RESIZE_HEIGHT).whole;
	if (width > 0 && height > 0 &&
	    step_get(s, RESIZE_FIT).pick == FIT_INSIDE)
		url_put(t, SLICE("/fit-in"));
	url_printf(t, "/%dx%d", (int)width, (int)height);
}

/* Filters that only say more about the size. */
static void
put_resize(struct text *t, const struct plan_step *s)
{
	int64_t fit;

	if (s == NULL)
		return;
	fit = step_get(s, RESIZE_FIT).pick;
	if (step_has(s, RESIZE_RATIO))
		put_number(
		    t, ":proportion(", step_get(s, RESIZE_RATIO).num, ")");
	if (fit == FIT_FILL)
		url_put(t, SLICE(":stretch()"));
	else if (fit == FIT_CONTAIN)
		url_printf(t, ":fill(%08x)",
		    (unsigned)step_get(s, RESIZE_BACKGROUND).colour);
	if (step_get(s, RESIZE_NO_ENLARGE).on)
		url_put(t, SLICE(":no_upscale()"));
}

static void
put_filters(struct text *t, const struct plan *p)
{
	const struct plan_step *flatten = find_step(p, OP_FLATTEN);
	const struct plan_step *blur = find_step(p, OP_BLUR);
	const struct plan_step *sharpen = find_step(p, OP_SHARPEN);

	url_put(t, SLICE("/filters:rotate()"));
	put_resize(t, find_step(p, OP_RESIZE));
	if (flatten != NULL)
		url_printf(t, ":background_color(%08x)",
		    (unsigned)step_get(flatten, FLATTEN_BACKGROUND).colour);
	if (find_step(p, OP_GRAYSCALE) != NULL)
		url_put(t, SLICE(":grayscale()"));
	if (find_step(p, OP_NORMALISE) != NULL)
		url_put(t, SLICE(":equalize()"));
	if (blur != NULL)
		put_number(t, ":blur(,", step_get(blur, BLUR_SIGMA).num, ")");
	if (sharpen != NULL)
		put_number(t, ":sharpen(0,",
		    2 * (step_get(sharpen, SHARPEN_SIGMA).num - 1), ")");
	if (p->in.pages == PAGES_ALL)
		url_put(t, SLICE(":animated()"));
	if (p->out.format != FORMAT_SAME)
		url_printf(t, ":format(%s)",
		    format_row((enum format)p->out.format)->name);
	if (out_has(p, OUT_QUALITY) && p->out.format != FORMAT_SAME)
		put_number(
		    t, ":quality(", (double)out_get(p, OUT_QUALITY).whole, ")");
}

static void
put_key(struct text *t, const struct plan *p)
{
	struct slice key = plan_slice(p, p->source[0].key);
	char encoded[3 * KEY_MAX];

	if (key.len > KEY_MAX) {
		t->full = true;
		return;
	}
	url_put(t, SLICE("/s3:"));
	url_put(t, plan_slice(p, p->source[0].store));
	url_put(t, SLICE("/"));
	url_put(t,
	    (struct slice){ encoded, codec_percent_encode(key, "/", encoded) });
}

static void
put_query(struct text *t, const struct plan *p)
{
	const struct plan_step *s = find_step(p, OP_RESIZE);
	const char *before = "?";

	if (find_step(p, OP_FLIP) != NULL) {
		url_printf(t, "%sflip=true", before);
		before = "&";
	}
	if (find_step(p, OP_FLOP) != NULL) {
		url_printf(t, "%sflop=true", before);
		before = "&";
	}
	if (s == NULL || step_has(s, RESIZE_RATIO) || is_path_size(s))
		return;
	url_printf(t, "%swidth=%d&height=%d", before,
	    (int)step_get(s, RESIZE_WIDTH).whole,
	    (int)step_get(s, RESIZE_HEIGHT).whole);
	if (step_has(s, RESIZE_FIT))
		url_printf(t, "&fit=%s",
		    op_row(OP_RESIZE)
			->arg[RESIZE_FIT]
			.choices[step_get(s, RESIZE_FIT).pick]);
}

bool
dit_print_path(const struct plan *p, char *out, size_t size, struct err *e)
{
	struct text t = { .out = out, .size = size };

	put_crop(&t, find_step(p, OP_EXTRACT));
	put_size(&t, find_step(p, OP_RESIZE));
	put_filters(&t, p);
	put_key(&t, p);
	put_query(&t, p);
	if (t.full)
		return err_set(e, ERR_URL_TOO_LONG,
		    "the URL takes more than %zu bytes", size);
	return print_verify(&dialect_dit, p, out, e);
}
