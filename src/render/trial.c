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
