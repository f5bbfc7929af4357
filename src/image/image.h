/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan run on bytes: the only door to libvips.
 *
 * In pictord this is called inside a worker process (render/worker.c), or in
 * the daemon itself with render.mode = local. One render per thread at a time.
 */
#pragma once

#include "plan/facts.h"
#include "plan/plan.h"

struct image_conf {
	/* Loaders to unblock; everything else stays blocked. Those that this
	 * libvips does not have are left out, unless they must be there. */
	format_set load, load_must;
	format_set save, save_must;
	bool vector; /* false: no run-time code generation (VIPS_NOVECTOR) */
};

/* Checked on the header before any pixel is decoded and before shrinking. */
struct image_limits {
	uint64_t pixels; /* of the original, all pages decoded together */
	uint32_t side;   /* pixels, original and result */
	uint32_t pages;  /* more are refused when asked for by number, and
			       left out when the plan says all */
	uint64_t result_pixels;
	uint64_t result_bytes;
	double cost; /* plan_cost() for all frames of this original; 0: any */
};

/* The original: complete (data), or arriving (read). */
struct image_input {
	const uint8_t *data;
	size_t size;
	/*
	 * With data NULL: reads up to size bytes, waits for at least one; 0 at
	 * the end, -1 when it broke off. Called on libvips' threads, one at a
	 * time.
	 */
	int64_t (*read)(void *from, void *out, size_t size);
	void *from;
};

struct image_job {
	const struct plan *plan; /* checked */
	struct image_limits limits;
	struct image_input input;
	/* Of plan->source[1] and so on: complete. Their number is the plan's;
	 * limits are of each of them as well. */
	struct image_input overlay[PLAN_OVERLAYS];
	int64_t
	    deadline_ns; /* clock_ns(); the work stops with RENDER_TIMEOUT */
	const _Atomic uint32_t
	    *cancel;       /* not 0: stop with CLIENT_GONE; or NULL */
	double *cost;      /* gets what limits.cost is compared with; or NULL */
	uint64_t *applied; /* gets bit OP_x of each operation that did
				     something to pixels; or NULL */
};
_Static_assert(OP_COUNT <= 64, "applied has a bit for each operation");

struct image_result {
	uint8_t *bytes; /* release with image_result_fini() */
	size_t size;
	struct facts facts;
};

/*
 * Once per process, before any thread of ours that uses libvips: starts it,
 * blocks all loaders but those of conf, turns its caches and its logging off.
 * Fails with CONFIG if a wanted format is not in this libvips.
 */
bool image_init(const struct image_conf *conf, struct err *e) must_check;
/*
 * Loads and saves a tiny image of every enabled format and runs the example
 * of every operation, with each of its words, so that nothing needs to open a
 * file afterwards.
 */
bool image_warm_up(struct err *e) must_check;
void image_fini(void);

/*
 * Does it. Fails with NOT_AN_IMAGE, BAD_IMAGE, TRUNCATED, EMPTY,
 * TOO_MANY_PIXELS, TOO_LARGE, BAD_GEOMETRY, BAD_VALUE (only what cannot be
 * known before the header), RENDER_TIMEOUT, CLIENT_GONE, INTERNAL. Errors are
 * told apart by the call that failed, never by libvips' message, which goes
 * to e->detail only.
 */
bool image_render(const struct image_job *job, struct image_result *result,
    struct err *e) must_check;
void image_result_fini(struct image_result *result);

/* "libvips 8.14.1": part of the cache key, of --version and of /metrics. */
const char *image_version(void);
/* Which formats this libvips has; may be called before image_init(). */
format_set image_can_load(void);
format_set image_can_save(void);
