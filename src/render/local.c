/* SPDX-License-Identifier: Apache-2.0 */
/* image_render() on a keeper's own thread. */
#include "render/local.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "render/check.h"
#include "render/setup.h"
#include "sys/sys.h"

/* How long a read may sleep before it looks at the flag again. */
static const int64_t local_tick_ns = 20 * NS_PER_MS;

/* An original that is still arriving, as libvips reads it. */
struct feed {
	struct blob *blob;
	size_t at;
	int64_t due_ns;
	const _Atomic uint32_t *cancel;
	struct local_lend *lend;
};

bool
local_check(const struct conf *conf, struct err *e)
{
	for (size_t i = 0; i < conf->http_listen.n; i++)
		if (!sys_is_loopback(conf->http_listen.item[i]))
			return err_set(e, ERR_CONFIG,
			    "[render] mode = local decodes beside everything "
			    "else: [http] listen must be on loopback, not %s",
			    conf->http_listen.item[i]);
	return true;
}

bool
local_start(const struct conf *conf, struct err *e)
{
	struct image_conf image;

	return local_check(conf, e) && setup_image(conf, &image, e) &&
	    image_init(&image, e);
}

void
local_stop(void)
{
	image_fini();
}

static int64_t
feed_read(void *from, void *out, size_t size)
{
	struct feed *f = from;
	struct blob_view view = blob_look(f->blob);

	while (view.size <= f->at && view.state == BLOB_GROWING) {
		int64_t now = clock_ns();

		if (now >= f->due_ns ||
		    atomic_load_explicit(f->cancel, memory_order_relaxed) != 0)
			return -1;
		view = blob_wait(f->blob, f->at, now + local_tick_ns);
		f->lend->yielded = view.size <= f->at &&
		    view.state == BLOB_GROWING && f->lend->wanted(f->lend->arg);
		if (f->lend->yielded)
			return -1;
	}
	if (view.state == BLOB_FAILED)
		return -1;
	if (size > view.size - f->at)
		size = view.size - f->at;
	if (size > 0)
		memcpy(out, view.data + f->at, size);
	f->at += size;
	return (int64_t)size;
}

/* An original that broke off decides, also when the picture did not need its
 * end; one that still grows is waited for by who called. */
static bool
local_end(struct render_job *job, bool ok, struct err *e)
{
	struct blob_view view = blob_look(job->original);

	if (view.state == BLOB_FAILED) {
		blob_error(job->original, e);
		return false;
	}
	job->facts.original_bytes = view.size;
	return ok;
}

static bool
local_settle(struct render_job *job, struct image_result *result, struct err *e)
{
	job->facts.from = result->facts.from;
	if (!check_result(job, &result->facts, result->bytes, result->size, e))
		return false;
	result->facts.original_bytes = job->facts.original_bytes;
	result->facts.result_bytes = result->size;
	job->facts = result->facts;
	job->result = blob_copy(result->bytes, result->size);
	if (job->result == NULL)
		return err_set(
		    e, ERR_BUSY, "no memory for %zu bytes", result->size);
	return true;
}

bool
local_run(struct render_job *job, int64_t due_ns,
    const _Atomic uint32_t *cancel, struct local_lend *lend, struct err *e)
{
	struct blob_view view = blob_look(job->original);
	struct feed feed = { .blob = job->original,
		.due_ns = due_ns,
		.cancel = cancel,
		.lend = lend };
	struct image_job work = {
		.plan = job->plan,
		.limits = setup_limits(job->conf),
		.deadline_ns = due_ns,
		.cancel = cancel,
	};
	struct image_result result = { 0 };
	bool ok;

	work.limits.cost = job->max_cost;
	for (size_t i = 0; i < plan_overlays(job->plan); i++) {
		struct blob_view overlay = blob_look(job->overlay[i]);

		work.overlay[i].data = overlay.data;
		work.overlay[i].size = overlay.size;
	}
	if (view.state == BLOB_DONE) {
		work.input.data = view.data;
		work.input.size = view.size;
	} else {
		work.input.read = feed_read;
		work.input.from = &feed;
	}
	ok = image_render(&work, &result, e);
	/* A decoder may be content with what it has. */
	lend->yielded = lend->yielded && !ok;
	if (lend->yielded)
		return false;
	if (!local_end(job, ok, e)) {
		if (ok)
			image_result_fini(&result);
		return false;
	}
	ok = local_settle(job, &result, e);
	image_result_fini(&result);
	return ok;
}
