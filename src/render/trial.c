/* SPDX-License-Identifier: Apache-2.0 */
/* One decoding more, of one image, in a process that has done nothing yet. */
#include "render/trial.h"

#include "base/clock.h"
#include "conf/conf.h"
#include "render/sources.h"

bool
trial_crashes(struct jail *j, const struct jail_turn *turn, size_t source)
{
	/* 9 kB: a keeper's stack has room. */
	struct plan plan;
	struct render_job bare = *turn->job;
	struct jail_turn again = *turn;
	struct err e;
	enum jail_end end;

	poison_plan(bare.results, &plan);
	bare.plan = &plan;
	bare.original = sources_blob(turn->job, source);
	bare.max_cost = 0;
	again.job = &bare;
	again.fresh = true;
	end = jail_run(j, &again, &e);
	jail_leave(j, &again);
	blob_drop(bare.result);
	return end == JAIL_CRASHED;
}

void
trial_condemn(struct poison *p, const struct render_job *job, size_t source,
    struct err *e)
{
	const struct conf *c = job->conf;
	struct blob_view view = blob_look(sources_blob(job, source));
	enum format format = FORMAT_SAME;

	if (!format_sniff(view.data, view.size, &format))
		return;
	poison_add(p, view.data, view.size, format,
	    (size_t)c->render_poison_entries,
	    clock_ns() + c->render_poison_time);
	err_set(e, ERR_POISON, "crashed the %s decoder twice",
	    format_row(format)->name);
	if (source > 0)
		err_source(e, (int)source);
}

bool
trial_knows(
    struct poison *p, struct blob_view view, enum format format, struct err *e)
{
	return view.state == BLOB_DONE &&
	    poison_has(p, view.data, view.size, format, clock_ns()) &&
	    !err_set(e, ERR_POISON, "known to crash the %s decoder",
		format_row(format)->name);
}

bool
trial_refuses(struct poison *p, const struct render_job *job, struct err *e)
{
	for (size_t i = 0; i < sources_count(job); i++) {
		struct blob_view view = blob_look(sources_blob(job, i));
		enum format format = FORMAT_SAME;

		if (view.state == BLOB_DONE &&
		    format_sniff(view.data, view.size, &format) &&
		    trial_knows(p, view, format, e))
			return i > 0 ? !err_source(e, (int)i) : true;
	}
	return false;
}
