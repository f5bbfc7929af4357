/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event as one flat JSON object on one line. event.schema.json is its
 * contract: every member is always there, null where nothing is known, so that
 * whoever loads it has fixed columns.
 *
 * id, source, type and time are what CloudEvents 1.0 calls by these names. No
 * personal data: the viewer's network in place of its address, the page that
 * refers without its query.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/codec.h"
#include "event/text.h"

static const char *const event_types[EVENT_TYPES] = {
	[EVENT_RENDERED] = "image.rendered",
	[EVENT_SERVED] = "image.served",
	[EVENT_FAILED] = "image.failed",
	[EVENT_STORED] = "image.stored",
	[EVENT_UPLOADED] = "image.uploaded",
	[EVENT_ARCHIVED] = "image.archived",
	[EVENT_EXPIRED] = "image.expired",
};

const char *
event_type_name(enum event_type t)
{
	assert((unsigned int)t < EVENT_TYPES);
	return event_types[t];
}

enum event_type
event_type_of(enum err_code code, enum cache_use cache)
{
	if (code != ERR_NONE)
		return EVENT_FAILED;
	return cache == CACHE_USE_MISS ? EVENT_RENDERED : EVENT_SERVED;
}

/* What stands before a value, as one piece: there are fifty in a line. */
#define NAME(name) SLICE(",\"" name "\":")

static void
member_slice(struct text *t, struct slice name, struct slice s)
{
	text_add(t, name);
	if (s.len == 0) {
		text_put(t, "null");
		return;
	}
	text_put(t, "\"");
	text_json(t, s);
	text_put(t, "\"");
}

static void
member_text(struct text *t, struct slice name, const char *s)
{
	member_slice(t, name, slice_of(s));
}

static void
member_whole(struct text *t, struct slice name, bool known, uint64_t value)
{
	text_add(t, name);
	if (known)
		text_whole(t, value);
	else
		text_put(t, "null");
}

static void
member_bool(struct text *t, struct slice name, bool known, bool value)
{
	const char *word = value ? "true" : "false";

	text_add(t, name);
	text_put(t, known ? word : "null");
}

static void
member_ms(struct text *t, struct slice name, bool known, int64_t ns)
{
	text_add(t, name);
	if (known)
		text_ms(t, ns);
	else
		text_put(t, "null");
}

/* Stages that are over when an event is made. */
enum { EVENT_STAGES = STAGE_RECORD };
static const struct slice stage_members[EVENT_STAGES] = {
	[STAGE_CLAIM] = NAME("ms_claim"),
	[STAGE_VERIFY] = NAME("ms_verify"),
	[STAGE_PARSE] = NAME("ms_parse"),
	[STAGE_LOOKUP] = NAME("ms_lookup"),
	[STAGE_FETCH] = NAME("ms_fetch"),
	[STAGE_RENDER] = NAME("ms_render"),
	[STAGE_SETTLE] = NAME("ms_settle"),
};

void
event_uid(int64_t at_ns, const uint8_t random[10], uint8_t out[EVENT_UID_SIZE])
{
	uint64_t ms = (uint64_t)(at_ns / NS_PER_MS);

	for (size_t i = 0; i < 6; i++)
		out[i] = (uint8_t)(ms >> (40 - 8 * i));
	memcpy(out + 6, random, 10);
	out[6] = (uint8_t)(0x70 | (out[6] & 0x0f));
	out[8] = (uint8_t)(0x80 | (out[8] & 0x3f));
}

void
event_uid_print(const uint8_t uid[EVENT_UID_SIZE], char out[EVENT_UUID_MAX])
{
	static const uint8_t cuts[] = { 4, 6, 8, 10, 16 };
	size_t from = 0;

	for (size_t i = 0; i < NELEM(cuts); i++) {
		codec_hex(uid + from, cuts[i] - from, out);
		out += 2 * (cuts[i] - from);
		*out++ = '-';
		from = cuts[i];
	}
	out[-1] = '\0';
}

void
event_network(const char *viewer, char out[EVENT_NETWORK_MAX])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	uint8_t byte[16] = { 0 };
	char text[INET6_ADDRSTRLEN];
	size_t kept = 6; /* bytes of an IPv6 address */
	int family = AF_INET6;
	const uint8_t *at = byte;

	out[0] = '\0';
	if (inet_pton(AF_INET, viewer, byte + 12) == 1) {
		/* It has one form only, so what is kept can be copied. */
		size_t len = (size_t)(strrchr(viewer, '.') + 1 - viewer);

		memcpy(out, viewer, len);
		memcpy(out + len, "0/24", sizeof("0/24"));
		return;
	}
	if (inet_pton(AF_INET6, viewer, byte) != 1)
		return;
	if (memcmp(byte, mapped, sizeof(mapped)) == 0) {
		family = AF_INET;
		at = byte + sizeof(mapped);
		kept = sizeof(mapped) + 3;
	}
	memset(byte + kept, 0, sizeof(byte) - kept);
	if (inet_ntop(family, at, text, sizeof(text)) != NULL)
		snprintf(out, EVENT_NETWORK_MAX, "%s/%s", text,
		    family == AF_INET ? "24" : "48");
}

static const char *
format_name(uint32_t format)
{
	bool known = format >= FORMAT_FIRST && format < FORMAT_COUNT;

	return known ? format_row((enum format)format)->name : "";
}

static void
put_request(struct text *t, const struct event *ev)
{
	struct slice referer = slice_of(ev->referer);

	referer = slice_cut(&referer, '#');
	referer = slice_cut(&referer, '?');
	member_text(t, NAME("traceparent"), ev->traceparent);
	member_text(t, NAME("cloudfront_id"), ev->cloudfront_id);
	member_text(t, NAME("request_id"), ev->id);
	member_text(t, NAME("method"), ev->method);
	member_text(t, NAME("uri"), ev->uri);
	member_text(t, NAME("host"), ev->host);
	member_text(t, NAME("viewer_network"), ev->viewer_network);
	member_text(t, NAME("viewer_hash"), ev->viewer_hash);
	member_text(t, NAME("user_agent"), ev->user_agent);
	member_slice(t, NAME("referer"), referer);
	member_text(t, NAME("tenant"), ev->tenant);
	member_text(t, NAME("mount"), ev->mount);
	member_text(t, NAME("dialect"), ev->dialect);
	member_text(t, NAME("store"), ev->store);
	member_text(t, NAME("source_key"), ev->source_key);
	member_text(t, NAME("variant_key"), ev->key);
	member_text(t, NAME("plan_hash"), ev->plan_hash);
	member_text(t, NAME("plan"), ev->plan);
}

static void
put_answer(struct text *t, const struct event *ev)
{
	bool bad = ev->code != ERR_NONE;

	bool asked = ev->status != 0;

	member_whole(t, NAME("status"), asked, (uint64_t)ev->status);
	member_text(t, NAME("cache_state"), cache_use_name(ev->cache));
	member_text(t, NAME("error_code"), bad ? err_row(ev->code)->code : "");
	member_text(t, NAME("error_param"), ev->param);
	member_text(t, NAME("etag"), ev->etag);
	member_whole(t, NAME("bytes_out"), asked, ev->answer_bytes);
}

static void
put_image(struct text *t, const struct event *ev)
{
	const struct facts *f = &ev->facts;
	bool known = f->from >= FORMAT_FIRST && f->from < FORMAT_COUNT;
	bool made = f->to >= FORMAT_FIRST && f->to < FORMAT_COUNT;
	uint8_t rgb[3] = { (uint8_t)(f->colour >> 16),
		(uint8_t)(f->colour >> 8), (uint8_t)f->colour };
	char colour[8] = "#";

	codec_hex(rgb, sizeof(rgb), colour + 1);
	member_text(t, NAME("format_in"), format_name(f->from));
	member_whole(t, NAME("bytes_in"), known, f->original_bytes);
	member_whole(t, NAME("width_in"), known, f->original.width);
	member_whole(t, NAME("height_in"), known, f->original.height);
	member_whole(t, NAME("pages_in"), known, f->original.pages);
	member_whole(t, NAME("orientation"), known, f->orientation);
	member_bool(t, NAME("has_profile"), known, f->profile != 0);
	member_slice(t, NAME("dominant_colour"),
	    (struct slice){ colour, known && f->colour != 0 ? 7 : 0 });
	member_text(t, NAME("format_out"), format_name(f->to));
	member_whole(t, NAME("bytes_result"), made, f->result_bytes);
	member_whole(t, NAME("width_out"), made, f->result.width);
	member_whole(t, NAME("height_out"), made, f->result.height);
	member_whole(t, NAME("pages_out"), made, f->result.pages);
	member_bool(t, NAME("has_alpha"), made, f->alpha != 0);
	member_whole(t, NAME("shrink"), made, f->shrink);
	member_bool(t, NAME("unchanged"), made, f->unchanged != 0);
}

static void
put_times(struct text *t, const struct event *ev)
{
	bool asked = ev->status != 0;
	bool rendered = ev->type == EVENT_RENDERED;

	member_ms(t, NAME("ms_total"), asked, ev->total_ns);
	for (int i = 0; i < EVENT_STAGES; i++)
		member_ms(t, stage_members[i], asked, ev->stage_ns[i]);
	/* Of a cached result they were told when it was rendered. */
	member_ms(t, NAME("ms_queue"), rendered, ev->queue_ns);
	member_ms(t, NAME("ms_open"), rendered, ev->facts.open_ns);
	member_ms(t, NAME("ms_work"), rendered, ev->facts.work_ns);
	member_whole(t, NAME("worker"), ev->worker != 0, ev->worker);
}

static void
put_object(struct text *t, const struct event *ev)
{
	char when[CLOCK_ISO_SIZE] = "";

	if (ev->expires_ns > 0)
		clock_iso(ev->expires_ns, when);
	member_text(t, NAME("channel"), ev->channel);
	member_text(t, NAME("content_hash"), ev->content_hash);
	member_text(t, NAME("object_store"), ev->object_store);
	member_text(t, NAME("object_key"), ev->object_key);
	member_whole(
	    t, NAME("object_bytes"), ev->object_bytes != 0, ev->object_bytes);
	member_text(t, NAME("expires"), when);
	member_text(t, NAME("reason"), ev->reason);
}

/* From 0 to 1, with six decimals. */
static void
put_rate(struct text *t, double rate)
{
	uint64_t millionths = (uint64_t)(rate * 1e6 + 0.5);
	char digits[8] = "0.000000";

	text_put(t, ",\"sample_rate\":");
	if (millionths >= 1000000) {
		text_put(t, "1");
		return;
	}
	for (size_t i = 0; i < 6; i++) {
		digits[7 - i] = (char)('0' + millionths % 10);
		millionths /= 10;
	}
	text_add(t, (struct slice){ digits, sizeof(digits) });
}

void
event_print_json(struct text *t, const struct event *ev)
{
	char when[CLOCK_ISO_SIZE];
	char uuid[EVENT_UUID_MAX];

	clock_iso(ev->at_ns, when);
	event_uid_print(ev->uid, uuid);
	text_put(t, "{\"schema_version\":1,\"id\":\"");
	text_put(t, uuid);
	text_put(t, "\",\"source\":\"/pictor/");
	text_json(t, slice_of(ev->node));
	text_put(t, "\"");
	member_text(t, NAME("type"), event_types[ev->type]);
	member_text(t, NAME("time"), when);
	member_text(t, NAME("node"), ev->node);
	put_rate(t, ev->rate);
	put_request(t, ev);
	put_answer(t, ev);
	put_image(t, ev);
	put_times(t, ev);
	put_object(t, ev);
	text_put(t, "}\n");
}
