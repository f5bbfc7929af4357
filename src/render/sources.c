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

struct blob *
sources_lack(const struct render_job *job, size_t enough, size_t *have)
{
	struct blob_view view = blob_look(job->original);

	for (size_t i = 1; i < sources_count(job); i++) {
		struct blob *overlay = sources_blob(job, i);

		if (blob_look(overlay).state != BLOB_GROWING)
			continue;
		*have = SIZE_MAX;
		return overlay;
	}
	*have = enough > 0 ? enough - 1 : 0;
	return view.state == BLOB_GROWING && view.size < enough ? job->original
								: NULL;
}
