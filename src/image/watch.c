/* SPDX-License-Identifier: Apache-2.0 */
/* The look-out: an operation that hands on its input's pixels uncopied. */
#include "image/watch.h"

#include <stdatomic.h>

#include "base/clock.h"

bool
watch_stop(struct watch *watch)
{
	const struct image_job *job = watch->job;

	if (atomic_load_explicit(&watch->why, memory_order_relaxed) != 0)
		return true;
	if (job->cancel != NULL &&
	    atomic_load_explicit(job->cancel, memory_order_relaxed) != 0)
		atomic_store_explicit(
		    &watch->why, ERR_CLIENT_GONE, memory_order_relaxed);
	else if (job->deadline_ns != CLOCK_NEVER &&
	    clock_ns() >= job->deadline_ns)
		atomic_store_explicit(
		    &watch->why, ERR_RENDER_TIMEOUT, memory_order_relaxed);
	else
		return false;
	return true;
}

bool
watch_check(struct watch *watch, struct err *e)
{
	if (!watch_stop(watch))
		return true;
	return err_set(e,
	    (enum err_code)atomic_load_explicit(
		&watch->why, memory_order_relaxed),
	    "the work was stopped");
}

/* The pixels of the input, handed on without a copy. */
static int
watch_pass(VipsRegion *out, VipsRegion *in, struct watch *watch, gboolean *stop)
{
	if (watch_stop(watch)) {
		vips_error("watch", "stopped");
		*stop = TRUE;
		return -1;
	}
	if (vips_region_prepare(in, &out->valid) != 0)
		return 1;
	return vips_region_region(
	    out, in, &out->valid, out->valid.left, out->valid.top);
}

static int
watch_decoder(VipsRegion *out, void *seq, void *in, void *watch, gboolean *stop)
{
	struct watch *w = watch;
	int failed = watch_pass(out, seq, w, stop);

	(void)in;
	if (failed == 1)
		atomic_store_explicit(&w->unread, true, memory_order_relaxed);
	return failed == 0 ? 0 : -1;
}

static int
watch_result(VipsRegion *out, void *seq, void *in, void *watch, gboolean *stop)
{
	(void)in;
	return watch_pass(out, seq, watch, stop) == 0 ? 0 : -1;
}

bool
watch_put(struct watch *watch, VipsImage *in, bool decoder, VipsImage **out,
    struct err *e)
{
	scoped_image done = vips_image_new();

	/* libvips links pipelines without counting: the input lives as long. */
	vips_object_local(done, g_object_ref(in));
	if (vips_image_pipelinev(done, VIPS_DEMAND_STYLE_ANY, in, NULL) != 0 ||
	    vips_image_generate(done, vips_start_one,
		decoder ? watch_decoder : watch_result, vips_stop_one, in,
		watch) != 0)
		return image_fail(NULL, e, ERR_INTERNAL, "watch");
	*out = take_ptr(done);
	return true;
}
