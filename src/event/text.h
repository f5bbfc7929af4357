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

/* "01a2040d-19a3-7f01-8203-040506070809" */
enum { EVENT_UUID_MAX = 37 };
void event_uid_print(
    const uint8_t uid[EVENT_UID_SIZE], char out[EVENT_UUID_MAX]);
/* UUID version 7 (RFC 9562): sorts by time. */
void event_uid(
    int64_t at_ns, const uint8_t random[10], uint8_t out[EVENT_UID_SIZE]);

/* Both end with a newline. */
void event_print_json(struct text *t, const struct event *event);
void event_print_log(struct text *t, const struct event *event);

/* "10.1.2.0/24", "2001:db8:1::/48": of a viewer's address; empty: none. */
enum { EVENT_NETWORK_MAX = 64 };
void event_network(const char *viewer, char out[EVENT_NETWORK_MAX]);
