/* SPDX-License-Identifier: Apache-2.0 */
/* Original and overlays of a job. */
#include "render/sources.h"

#include <assert.h>

size_t
sources_count(const struct render_job *job)
{
	return 1 + plan_overlays(job->plan);
}

struct blob *
sources_blob(const struct render_job *job, size_t i)
{
	assert(i < sources_count(job));
	return i == 0 ? job->original : job->overlay[i - 1];
}

bool
sources_are_final(const struct render_job *job)
{
	bool final = true;

	for (size_t i = 0; i < sources_count(job); i++) {
		enum blob_state state = blob_look(sources_blob(job, i)).state;

		if (state == BLOB_FAILED)
			return true;
		final = final && state == BLOB_DONE;
	}
	return final;
}

size_t
sources_bytes(const struct render_job *job)
{
	size_t bytes = 0;

	for (size_t i = 0; i < sources_count(job); i++)
		bytes += blob_look(sources_blob(job, i)).size;
	return bytes;
}

bool
sources_broke(const struct render_job *job, struct err *e)
{
	for (size_t i = 0; i < sources_count(job); i++) {
		struct blob *blob = sources_blob(job, i);

		if (blob_look(blob).state != BLOB_FAILED)
			continue;
		blob_error(blob, e);
		if (i > 0)
			err_source(e, (int)i);
		return true;
	}
	return false;
}

void
sources_hang(
    struct render_job *job, size_t enough, void (*ring)(void *arg), void *arg)
{
	for (size_t i = 0; i < sources_count(job); i++) {
		struct blob *blob = sources_blob(job, i);

		/* One that does not grow any more keeps silent. */
		job->bell[i] = (struct blob_bell){ .arg = arg,
			.mark = i == 0 ? enough : SIZE_MAX };
		if (blob_look(blob).state != BLOB_GROWING)
			continue;
		job->bell[i].ring = ring;
		blob_hang(blob, &job->bell[i]);
	}
}

void
sources_unhang(struct render_job *job)
{
	for (size_t i = 0; i < sources_count(job); i++)
		if (job->bell[i].ring != NULL)
			blob_unhang(sources_blob(job, i), &job->bell[i]);
}

bool
sources_lack(const struct render_job *job, size_t enough)
{
	struct blob_view view = blob_look(job->original);

	for (size_t i = 1; i < sources_count(job); i++)
		if (blob_look(sources_blob(job, i)).state == BLOB_GROWING)
			return true;
	return view.state == BLOB_GROWING && view.size < enough;
}
