/* SPDX-License-Identifier: Apache-2.0 */
#include "http/problem.h"

#include <assert.h>
#include <stdio.h>

#include "base/codec.h"

/* One sentence of what the client may know. */
enum { DETAIL_MAX = 640 };

struct writer {
	char *out;
	size_t size, used;
};

static void
put(struct writer *w, const char *text)
{
	size_t len = strlen(text);

	assert(len < w->size - w->used);
	memcpy(w->out + w->used, text, len + 1);
	w->used += len;
}

/* ,"name":"value"; nothing where there is no value. */
static void
put_member(struct writer *w, const char *name, const char *value)
{
	if (value[0] == '\0')
		return;
	put(w, ",\"");
	put(w, name);
	put(w, "\":\"");
	w->used += codec_json_escape(
	    slice_of(value), w->out + w->used, w->size - w->used);
	put(w, "\"");
}

static void
write_detail(const struct err *e, char out[DETAIL_MAX])
{
	struct writer w = { out, DETAIL_MAX, 0 };

	out[0] = '\0';
	if (e->param[0] == '\0')
		return;
	put(&w, e->param);
	if (e->value[0] != '\0') {
		put(&w, " is \"");
		put(&w, e->value);
		put(&w, "\"");
	}
	if (e->accepted[0] != '\0') {
		put(&w, e->value[0] != '\0' ? "; accepted: " : ": ");
		put(&w, e->accepted);
	}
	if (e->hint[0] != '\0') {
		put(&w, "; ");
		put(&w, e->hint);
	}
}

size_t
problem_write(
    const struct err *e, int status, const char *id, char out[PROBLEM_MAX])
{
	const struct err_row *row = err_row(e->code);
	struct writer w = { out, PROBLEM_MAX, 0 };
	char detail[DETAIL_MAX];
	char number[16];

	write_detail(e, detail);
	(void)snprintf(number, sizeof(number), "%d", status);
	put(&w, "{\"type\":\"/-/errors#");
	put(&w, row->code);
	put(&w, "\",\"title\":\"");
	put(&w, row->text);
	put(&w, "\",\"status\":");
	put(&w, number);
	put_member(&w, "code", row->code);
	put_member(&w, "detail", detail);
	put_member(&w, "parameter", e->param);
	put_member(&w, "value", e->value);
	put_member(&w, "accepted", e->accepted);
	put_member(&w, "hint", e->hint);
	put_member(&w, "request_id", id);
	put(&w, "}\n");
	return w.used;
}
