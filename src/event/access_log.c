/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request as one line of the access log: words of key=value, of which none
 * has a space in it. What is not known is left out.
 */
#include "base/clock.h"
#include "event/text.h"

static void
word(struct text *t, const char *name, const char *value)
{
	if (value[0] == '\0')
		return;
	text_put(t, " ");
	text_put(t, name);
	text_put(t, "=");
	text_log(t, slice_of(value));
}

static void
word_whole(struct text *t, const char *name, uint64_t value)
{
	text_put(t, " ");
	text_put(t, name);
	text_put(t, "=");
	text_whole(t, value);
}

/* " in=jpeg:2725x2225:482113" */
static void
word_image(struct text *t, const char *name, uint32_t format,
    const struct image_size *size, uint64_t bytes)
{
	if (format < FORMAT_FIRST || format >= FORMAT_COUNT)
		return;
	word(t, name, format_row((enum format)format)->name);
	text_put(t, ":");
	text_whole(t, size->width);
	text_put(t, "x");
	text_whole(t, size->height);
	if (size->pages > 1) {
		text_put(t, "x");
		text_whole(t, size->pages);
	}
	text_put(t, ":");
	text_whole(t, bytes);
}

static void
word_stages(struct text *t, const struct event *ev)
{
	const char *before = " stages=";

	for (int i = 0; i < STAGE_COUNT; i++) {
		if (ev->stage_ns[i] <= 0)
			continue;
		text_put(t, before);
		text_put(t, stage_name((enum stage)i));
		text_put(t, ":");
		text_ms(t, ev->stage_ns[i]);
		before = ",";
	}
}

void
event_print_log(struct text *t, const struct event *ev)
{
	const struct facts *f = &ev->facts;
	char when[CLOCK_ISO_SIZE];

	clock_iso(ev->at_ns, when);
	text_put(t, "time=");
	text_put(t, when);
	word(t, "viewer", ev->viewer);
	word(t, "method", ev->method);
	word(t, "uri", ev->uri);
	word_whole(t, "status", (uint64_t)ev->status);
	word_whole(t, "bytes", ev->answer_bytes);
	text_put(t, " ms=");
	text_ms(t, ev->total_ns);
	word(t, "cache", cache_use_name(ev->cache));
	if (ev->code != ERR_NONE)
		word(t, "error", err_row(ev->code)->code);
	word(t, "param", ev->param);
	word(t, "detail", ev->detail);
	word(t, "id", ev->id);
	word(t, "host", ev->host);
	word(t, "mount", ev->mount);
	word(t, "dialect", ev->dialect);
	word(t, "store", ev->store);
	word(t, "source", ev->source_key);
	word_image(t, "in", f->from, &f->original, f->original_bytes);
	word_image(t, "out", f->to, &f->result, f->result_bytes);
	if (f->shrink > 1)
		word_whole(t, "shrink", f->shrink);
	word_stages(t, ev);
	if (ev->worker != 0)
		word_whole(t, "worker", ev->worker);
	word(t, "key", ev->key);
	word(t, "etag", ev->etag);
	word(t, "agent", ev->user_agent);
	word(t, "referer", ev->referer);
	text_put(t, "\n");
}
