/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request as one line of the access log: words of key=value, of which none
 * has a space in it. What is not known is left out.
 */
#include "base/clock.h"
#include "event/text.h"

/* What stands before a value, as one piece. */
#define NAME(name) SLICE(" " name "=")

static void
word(struct text *t, struct slice name, const char *value)
{
	if (value[0] == '\0')
		return;
	text_add(t, name);
	text_log(t, slice_of(value));
}

static void
word_whole(struct text *t, struct slice name, uint64_t value)
{
	text_add(t, name);
	text_whole(t, value);
}

/* " in=jpeg:2725x2225:482113" */
static void
word_image(struct text *t, struct slice name, uint32_t format,
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
	word(t, NAME("viewer"), ev->viewer);
	word(t, NAME("method"), ev->method);
	word(t, NAME("uri"), ev->uri);
	word_whole(t, NAME("status"), (uint64_t)ev->status);
	word_whole(t, NAME("bytes"), ev->answer_bytes);
	text_put(t, " ms=");
	text_ms(t, ev->total_ns);
	word(t, NAME("cache"), cache_use_name(ev->cache));
	if (ev->code != ERR_NONE)
		word(t, NAME("error"), err_row(ev->code)->code);
	word(t, NAME("param"), ev->param);
	word(t, NAME("detail"), ev->detail);
	word(t, NAME("id"), ev->id);
	word(t, NAME("host"), ev->host);
	word(t, NAME("mount"), ev->mount);
	word(t, NAME("dialect"), ev->dialect);
	word(t, NAME("store"), ev->store);
	word(t, NAME("source"), ev->source_key);
	word_image(t, NAME("in"), f->from, &f->original, f->original_bytes);
	word_image(t, NAME("out"), f->to, &f->result, f->result_bytes);
	if (f->shrink > 1)
		word_whole(t, NAME("shrink"), f->shrink);
	word_stages(t, ev);
	if (ev->worker != 0)
		word_whole(t, NAME("worker"), ev->worker);
	word(t, NAME("key"), ev->key);
	word(t, NAME("etag"), ev->etag);
	word(t, NAME("agent"), ev->user_agent);
	word(t, NAME("referer"), ev->referer);
	text_put(t, "\n");
}
