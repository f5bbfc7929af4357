/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A buffer that lines are put into, and the two forms of a line. Private to
 * event/, used by its writer thread alone.
 */
#pragma once

#include "base/slice.h"
#include "event/event.h"

/*
 * The longest line of either form: every byte of an event's texts escaped to
 * six, and what stands around them.
 */
enum { EVENT_LINE_MAX = 6 * sizeof(struct event) + 4096 };

/* Appending cuts what does not fit; a line always fits in EVENT_LINE_MAX. */
struct text {
	char *at;
	size_t size;
	size_t len;
};

/* As text_add(), for what does not fit. */
void text_cut(struct text *t, struct slice s);
/* Here, since a line has two hundred pieces, most of known length. */
static inline void
text_add(struct text *t, struct slice s)
{
	if (s.len > t->size - t->len) {
		text_cut(t, s);
		return;
	}
	memcpy(t->at + t->len, s.at, s.len);
	t->len += s.len;
}
static inline void
text_put(struct text *t, const char *s)
{
	text_add(t, slice_of(s));
}
void text_whole(struct text *t, uint64_t value);
/* Nanoseconds as milliseconds with three decimals, in any locale. */
void text_ms(struct text *t, int64_t ns);
/* Inside of a JSON string; one word of a log line. */
void text_json(struct text *t, struct slice s);
void text_log(struct text *t, struct slice s);

/* What a JSON line has besides the event. */
struct event_mark {
	const char *source; /* of the daemon on this machine, escaped */
	uint8_t random[10]; /* of this event */
};

/* Both end with a newline. */
void event_print_json(
    struct text *t, const struct event *event, const struct event_mark *mark);
void event_print_log(struct text *t, const struct event *event);

/* "10.1.2.0/24", "2001:db8:1::/48": of a viewer's address; empty: none. */
enum { EVENT_NETWORK_MAX = 64 };
void event_network(const char *viewer, char out[EVENT_NETWORK_MAX]);
