/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answering with the original's own bytes: when the plan says so, and when
 * nothing is asked for that a new encoding would serve.
 */
#include <string.h>

#include "image/carry.h"
#include "image/colour.h"
#include "image/render.h"
#include "image/strip.h"

static void
pass_facts(struct render *r)
{
	r->to = r->from;
	r->facts.to = r->from;
	r->facts.result = r->facts.original;
	r->facts.alpha = r->alpha;
	r->facts.unchanged = 1;
	r->facts.shrink = 1;
}

bool
pass_untouched(struct render *r, struct image_result *result, struct err *e)
{
	struct err why;
	bool whole = false;
	uint8_t *copy;
	bool opened;

	/* The header is for the facts alone: what is stored goes out. */
	if (!input_whole(&r->input, r->job->limits.result_bytes, &whole, e))
		return false;
	if (!whole)
		return err_set(e, ERR_TOO_LARGE, "the original is too large");
	opened = open_header(r, &why);
	if (!opened && why.code == ERR_NOT_AN_IMAGE)
		return err_set(e, ERR_NOT_AN_IMAGE, "%s", why.detail);
	/* A browser would run what is written in one: it is drawn. */
	if ((format_row(r->from)->flags & F_VECTOR) != 0) {
		if (!opened)
			*e = why;
		return opened;
	}

	copy = g_try_malloc(r->input.size);
	if (copy == NULL)
		return err_set(e, ERR_TOO_LARGE, "no memory for a copy");
	memcpy(copy, r->input.data, r->input.size);
	result->bytes = copy;
	result->size = r->input.size;
	pass_facts(r);
	return true;
}

/* Nothing is said about the encoding that only an encoder could do. */
static bool
pass_plain(const struct plan *p)
{
	static const enum out harmless[] = { OUT_SCALE, OUT_KEEP, OUT_PROFILE,
		OUT_MATTE, OUT_DITHER, OUT_EFFORT, OUT_DEPTH };
	uint64_t set = p->out.set;

	for (size_t i = 0; i < NELEM(harmless); i++)
		set &= ~(UINT64_C(1) << harmless[i]);
	return set == 0;
}

bool
pass_likely(const struct plan *p)
{
	for (size_t i = 0; i < p->nstep; i++)
		if (p->step[i].op != OP_AUTOORIENT)
			return false;
	return pass_plain(p);
}

bool
pass_may(struct render *r)
{
	return r->same && pass_plain(r->plan);
}

/*
 * Metadata that this program cannot take out, and that may not stay: any,
 * unless all of it may.
 */
static bool
pass_dirty(const struct render *r, uint64_t keep)
{
	const uint64_t all = 1U << KEEP_EXIF | 1U << KEEP_XMP | 1U << KEEP_GPS;

	return (keep & all) != all && !carry_is_plain(r->opened);
}

/* A copy that cannot be taken apart; false: it must not or cannot be one. */
static bool
pass_whole(const struct render *r, struct image_result *result)
{
	const struct input *in = &r->input;
	uint8_t *copy;

	if (r->from != FORMAT_AVIF ||
	    pass_dirty(r, out_get(r->plan, OUT_KEEP).set) ||
	    strip_check(r->from, in->data, in->size) != STRIP_WHOLE)
		return false;
	copy = g_try_malloc(in->size);
	if (copy == NULL)
		return false;
	memcpy(copy, in->data, in->size);
	image_result_fini(result);
	result->bytes = copy;
	result->size = in->size;
	return true;
}

/* A copy with what may stay of its metadata. */
static bool
pass_parts(const struct render *r, bool icc, struct image_result *result)
{
	const struct image_size *size = &r->facts.original;
	struct image_result copy = { 0 };
	struct carry carry;
	bool good;

	carry_make(r, r->from, size->width, size->height, &carry);
	good = carry_copy(
	    r->from, &carry, icc, r->input.data, r->input.size, &copy);
	carry_fini(&carry);
	if (!good || copy.size > r->job->limits.result_bytes) {
		image_result_fini(&copy);
		return false;
	}
	image_result_fini(result);
	*result = copy;
	return true;
}

bool
pass_copy(struct render *r, struct image_result *result)
{
	const struct plan *p = r->plan;
	int64_t profile = out_get(p, OUT_PROFILE).pick;
	bool icc = profile != PROFILE_SRGB ||
	    (out_get(p, OUT_KEEP).set & 1U << KEEP_ICC) != 0;
	bool all = r->page == 0 &&
	    ((format_row(r->from)->flags & F_ANIMATION) == 0 ||
		r->pages == r->facts.original.pages);

	if (r->input.data == NULL || !all ||
	    r->input.size > r->job->limits.result_bytes ||
	    colour_differs(r->opened, profile))
		return false;
	if (!pass_parts(r, icc, result) && !pass_whole(r, result))
		return false;
	pass_facts(r);
	return true;
}
