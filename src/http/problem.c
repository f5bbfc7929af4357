/* SPDX-License-Identifier: Apache-2.0 */
#include "http/problem.h"

#include <assert.h>
#include <stdio.h>

#include "base/json_out.h"

/* One sentence of what the client may know. */
enum { DETAIL_MAX = 640 };

/* Nothing where there is no value. */
static void
put_member(struct json_out *j, const char *name, const char *value)
{
	if (value[0] != '\0')
		json_put_text(j, name, slice_of(value));
}

static void
write_detail(const struct err *e, struct text *t)
{
	if (e->param[0] == '\0')
		return;
	text_printf(t, "%s", e->param);
	if (e->value[0] != '\0')
		text_printf(t, " is \"%s\"", e->value);
	if (e->accepted[0] != '\0')
		text_printf(t, "%s%s",
		    e->value[0] != '\0' ? "; accepted: " : ": ", e->accepted);
	if (e->hint[0] != '\0')
		text_printf(t, "; %s", e->hint);
}

size_t
problem_write(
    const struct err *e, int status, const char *id, char out[PROBLEM_MAX])
{
	const struct err_row *row = err_row(e->code);
	struct json_out j = { .text = { .at = out, .size = PROBLEM_MAX } };
	char detail[DETAIL_MAX] = "";
	struct text text = { .at = detail, .size = sizeof(detail) };
	char type[64];

	write_detail(e, &text);
	(void)snprintf(type, sizeof(type), "/-/errors#%s", row->code);
	json_put_open(&j, NULL, '{');
	json_put_text(&j, "type", slice_of(type));
	json_put_text(&j, "title", slice_of(row->text));
	json_put_number(&j, "status", status);
	put_member(&j, "code", row->code);
	put_member(&j, "detail", detail);
	put_member(&j, "parameter", e->param);
	put_member(&j, "value", e->value);
	put_member(&j, "accepted", e->accepted);
	put_member(&j, "hint", e->hint);
	put_member(&j, "request_id", id);
	json_put_close(&j, '}');
	text_put(&j.text, SLICE("\n"));
	assert(!text.full && !j.text.full);
	return j.text.len;
}
