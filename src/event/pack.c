/* SPDX-License-Identifier: Apache-2.0 */
#include "event/pack.h"

#include <assert.h>

#include "base/slice.h"

enum pack_kind {
	PACK_TEXT,
	PACK_U32,
	PACK_U64, /* also signed ones */
	PACK_REAL,
	PACK_UID,
	PACK_TYPE, /* by name, from here on */
	PACK_ERROR,
	PACK_CACHE,
	PACK_FORMAT,
};

struct pack_row {
	uint8_t tag; /* never used again for something else */
	uint8_t kind;
	uint16_t offset;
	uint16_t size;
};

#define ROW(tag, kind, member)                                    \
	{                                                         \
		tag, PACK_##kind, offsetof(struct event, member), \
		    sizeof(((struct event *)NULL)->member)        \
	}

/* In the order of use; the tag counts, not the place. */
static const struct pack_row pack_rows[] = {
	ROW(1, UID, uid),
	ROW(2, TYPE, type),
	ROW(3, U64, at_ns),
	ROW(4, U32, status),
	ROW(5, U64, answer_bytes),
	ROW(6, CACHE, cache),
	ROW(7, ERROR, code),
	ROW(8, FORMAT, facts.from),
	ROW(9, FORMAT, facts.to),
	ROW(10, U32, facts.original.width),
	ROW(11, U32, facts.original.height),
	ROW(12, U32, facts.original.pages),
	ROW(13, U32, facts.result.width),
	ROW(14, U32, facts.result.height),
	ROW(15, U32, facts.result.pages),
	ROW(16, U32, facts.alpha),
	ROW(17, U32, facts.shrink),
	ROW(18, U32, facts.unchanged),
	ROW(19, U32, facts.orientation),
	ROW(20, U32, facts.profile),
	ROW(21, U32, facts.colour),
	ROW(22, U64, facts.original_bytes),
	ROW(23, U64, facts.result_bytes),
	ROW(24, U64, facts.open_ns),
	ROW(25, U64, facts.work_ns),
	ROW(26, U64, stage_ns[STAGE_CLAIM]),
	ROW(27, U64, stage_ns[STAGE_VERIFY]),
	ROW(28, U64, stage_ns[STAGE_PARSE]),
	ROW(29, U64, stage_ns[STAGE_LOOKUP]),
	ROW(30, U64, stage_ns[STAGE_FETCH]),
	ROW(31, U64, stage_ns[STAGE_RENDER]),
	ROW(32, U64, stage_ns[STAGE_SETTLE]),
	ROW(33, U64, total_ns),
	ROW(34, U64, queue_ns),
	ROW(35, U64, worker),
	ROW(36, U64, object_bytes),
	ROW(37, U64, expires_ns),
	ROW(38, REAL, rate),
	ROW(39, TEXT, node),
	ROW(40, TEXT, viewer_network),
	ROW(41, TEXT, viewer_hash),
	ROW(42, TEXT, id),
	ROW(43, TEXT, traceparent),
	ROW(44, TEXT, cloudfront_id),
	ROW(45, TEXT, method),
	ROW(46, TEXT, uri),
	ROW(47, TEXT, host),
	ROW(48, TEXT, user_agent),
	ROW(49, TEXT, referer),
	ROW(50, TEXT, tenant),
	ROW(51, TEXT, mount),
	ROW(52, TEXT, dialect),
	ROW(53, TEXT, store),
	ROW(54, TEXT, source_key),
	ROW(55, TEXT, param),
	ROW(56, TEXT, key),
	ROW(57, TEXT, etag),
	ROW(58, TEXT, plan_hash),
	ROW(59, TEXT, plan),
	ROW(60, TEXT, object_store),
	ROW(61, TEXT, object_key),
	ROW(62, TEXT, content_hash),
	ROW(63, TEXT, channel),
	ROW(64, TEXT, reason),
};
#undef ROW
enum { PACK_TAGS = NELEM(pack_rows) + 1, PACK_HEAD = 3 };

/* --- words --- */

static const char *
word_name(enum pack_kind kind, uint32_t value)
{
	switch (kind) {
	case PACK_TYPE:
		return event_type_name((enum event_type)value);
	case PACK_CACHE:
		return cache_use_name((enum cache_use)value);
	case PACK_ERROR:
		return value == ERR_NONE ? ""
					 : err_row((enum err_code)value)->code;
	case PACK_FORMAT:
		if (value < FORMAT_FIRST || value >= FORMAT_COUNT)
			return "";
		return format_row((enum format)value)->name;
	case PACK_TEXT:
	case PACK_U32:
	case PACK_U64:
	case PACK_REAL:
	case PACK_UID:
		break;
	}
	return "";
}

static bool
word_find(enum pack_kind kind, struct slice word, uint32_t *value)
{
	static const uint32_t first[] = {
		[PACK_ERROR] = 1, [PACK_FORMAT] = FORMAT_FIRST
	};
	static const uint32_t end[] = { [PACK_TYPE] = EVENT_TYPES,
		[PACK_CACHE] = CACHE_USE_COUNT,
		[PACK_ERROR] = ERR_COUNT,
		[PACK_FORMAT] = FORMAT_COUNT };

	for (uint32_t i = kind < PACK_ERROR ? 0 : first[kind]; i < end[kind];
	     i++) {
		if (!slice_is(word, word_name(kind, i)))
			continue;
		*value = i;
		return true;
	}
	return false;
}

/* --- writing --- */

static size_t
put(uint8_t *out, uint8_t tag, const void *data, size_t size)
{
	out[0] = tag;
	out[1] = (uint8_t)size;
	out[2] = (uint8_t)(size >> 8);
	memcpy(out + PACK_HEAD, data, size);
	return PACK_HEAD + size;
}

/* Little-endian, without its zeros at the end. */
static size_t
put_number(uint8_t *out, uint8_t tag, uint64_t value)
{
	uint8_t byte[8];
	size_t size = 0;

	for (; value != 0; value >>= 8)
		byte[size++] = (uint8_t)value;
	return size > 0 ? put(out, tag, byte, size) : 0;
}

static size_t
put_text(uint8_t *out, uint8_t tag, const char *text)
{
	size_t size = strlen(text);

	return size > 0 ? put(out, tag, text, size) : 0;
}

size_t
pack_event(const struct event *event, uint8_t out[PACK_MAX])
{
	size_t len = 0;

	for (size_t i = 0; i < NELEM(pack_rows); i++) {
		const struct pack_row *row = &pack_rows[i];
		const char *at = (const char *)event + row->offset;
		uint64_t whole = 0;
		uint32_t half = 0;

		switch ((enum pack_kind)row->kind) {
		case PACK_TEXT:
			len += put_text(out + len, row->tag, at);
			break;
		case PACK_U32:
			memcpy(&half, at, sizeof(half));
			len += put_number(out + len, row->tag, half);
			break;
		case PACK_U64:
		case PACK_REAL:
			memcpy(&whole, at, sizeof(whole));
			len += put_number(out + len, row->tag, whole);
			break;
		case PACK_UID:
			len += put(out + len, row->tag, at, row->size);
			break;
		case PACK_TYPE:
		case PACK_ERROR:
		case PACK_CACHE:
		case PACK_FORMAT:
			memcpy(&half, at, sizeof(half));
			len += put_text(out + len, row->tag,
			    word_name((enum pack_kind)row->kind, half));
			break;
		}
	}
	assert(len <= PACK_MAX);
	return len;
}

/* --- reading --- */

static bool
get_member(const struct pack_row *row, struct slice in, struct event *out)
{
	char *at = (char *)out + row->offset;
	uint64_t whole = 0;
	uint32_t half = 0;

	switch ((enum pack_kind)row->kind) {
	case PACK_TEXT:
		slice_copy(in, at, row->size);
		return true;
	case PACK_U32:
	case PACK_U64:
	case PACK_REAL:
		if (in.len > sizeof(whole))
			return false;
		for (size_t i = in.len; i > 0; i--)
			whole = whole << 8 | (uint8_t)in.at[i - 1];
		half = (uint32_t)whole;
		if (row->kind == PACK_U32)
			memcpy(at, &half, sizeof(half));
		else
			memcpy(at, &whole, sizeof(whole));
		return row->kind != PACK_U32 || whole == half;
	case PACK_UID:
		if (in.len != row->size)
			return false;
		memcpy(at, in.at, row->size);
		return true;
	case PACK_TYPE:
	case PACK_ERROR:
	case PACK_CACHE:
	case PACK_FORMAT:
		if (!word_find((enum pack_kind)row->kind, in, &half)) {
			/* An error of another version is an error. */
			if (row->kind != PACK_ERROR)
				return row->kind == PACK_FORMAT;
			half = ERR_INTERNAL;
		}
		memcpy(at, &half, sizeof(half));
		return true;
	}
	return false;
}

static const struct pack_row *
row_of(uint8_t tag)
{
	const struct pack_row *row = &pack_rows[(tag - 1u) % PACK_TAGS];

	return tag > 0 && tag < PACK_TAGS && row->tag == tag ? row : NULL;
}

bool
unpack_event(const uint8_t *in, size_t size, struct event *out)
{
	bool has_uid = false;
	bool has_type = false;

	event_init(out);
	while (size >= PACK_HEAD) {
		size_t len = (size_t)in[1] | (size_t)in[2] << 8;
		const struct pack_row *row = row_of(in[0]);
		struct slice member = { (const char *)in + PACK_HEAD, len };

		if (len > size - PACK_HEAD ||
		    (row != NULL && !get_member(row, member, out)))
			return false;
		has_uid = has_uid || (row != NULL && row->kind == PACK_UID);
		has_type = has_type || (row != NULL && row->kind == PACK_TYPE);
		in += PACK_HEAD + len;
		size -= PACK_HEAD + len;
	}
	/* A time before 1970, or a share beyond all, is nobody's. */
	return size == 0 && has_uid && has_type && out->at_ns >= 0 &&
	    out->rate >= 0 && out->rate <= 1 && out->status >= 0 &&
	    out->status <= 999;
}
