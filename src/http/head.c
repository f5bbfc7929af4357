/* SPDX-License-Identifier: Apache-2.0 */
#include "http/head.h"

#include <assert.h>

#include "base/num.h"

enum { ID_MAX = 79, BODY_TEXT_MAX = 19 };

/* Indexed by enum head_field. once: a second line is refused. */
static const struct {
	struct slice name;
	bool once;
} fields[HEAD_FIELDS] = {
	[HEAD_HOST] = { SLICE("Host"), true },
	[HEAD_CONTENT_LENGTH] = { SLICE("Content-Length"), true },
	[HEAD_TRANSFER_ENCODING] = { SLICE("Transfer-Encoding"), true },
	[HEAD_ACCEPT] = { SLICE("Accept"), false },
	[HEAD_USER_AGENT] = { SLICE("User-Agent"), false },
	[HEAD_REFERER] = { SLICE("Referer"), false },
	[HEAD_IF_NONE_MATCH] = { SLICE("If-None-Match"), false },
	[HEAD_IF_MODIFIED_SINCE] = { SLICE("If-Modified-Since"), false },
	[HEAD_RANGE] = { SLICE("Range"), false },
	[HEAD_IF_RANGE] = { SLICE("If-Range"), false },
	[HEAD_X_FORWARDED_FOR] = { SLICE("X-Forwarded-For"), false },
	[HEAD_X_AMZ_CF_ID] = { SLICE("X-Amz-Cf-Id"), false },
	[HEAD_X_REQUEST_ID] = { SLICE("X-Request-Id"), false },
	[HEAD_TRACEPARENT] = { SLICE("traceparent"), false },
};

/* Words of which every byte is checked against a list. */
enum word { WORD_TOKEN, WORD_HOST, WORD_ID };
static const char *const word_marks[] = {
	[WORD_TOKEN] = "!#$%&'*+-.^_`|~",    /* RFC 9110 section 5.6.2 */
	[WORD_HOST] = "-._~!$&'()*+,;=%[]:", /* RFC 3986 section 3.2.2 */
	[WORD_ID] = "-_.=+/:",               /* base64, UUIDs */
};

static bool
is_word(struct slice s, enum word kind)
{
	assert(s.at != NULL || s.len == 0);
	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if ((c < '0' || c > '9') && (c < 'A' || c > 'Z') &&
		    (c < 'a' || c > 'z') && c != '-' &&
		    (c == '\0' || strchr(word_marks[kind], c) == NULL))
			return false;
	}
	return true;
}

/*
 * No byte below least but the tab, if that is allowed, and no DEL. Bytes above
 * ASCII pass: old header values have them, and browsers send raw UTF-8.
 */
static bool
is_text(struct slice s, unsigned char least, unsigned char besides)
{
	unsigned bad = 0;

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];

		bad |= (unsigned)(c < least && c != besides);
		bad |= (unsigned)(c == 0x7f);
	}
	return bad == 0;
}

/* Lower case hex digits, not all of them zero. */
static bool
is_trace_part(struct slice s, size_t from, size_t len)
{
	bool zero = true;

	for (size_t i = from; i < from + len; i++) {
		if (s.at[i] == '\0' ||
		    strchr("0123456789abcdef", s.at[i]) == NULL)
			return false;
		zero = zero && s.at[i] == '0';
	}
	return !zero;
}

bool
head_trace_is_sane(struct slice trace)
{
	enum { LEN = 55, ID = 3, PARENT = 36, FLAGS = 53 };

	if (trace.len != LEN || !slice_starts(trace, SLICE("00-")) ||
	    trace.at[PARENT - 1] != '-' || trace.at[FLAGS - 1] != '-')
		return false;
	return is_trace_part(trace, ID, 32) &&
	    is_trace_part(trace, PARENT, 16) &&
	    strchr("0123456789abcdef", trace.at[FLAGS]) != NULL &&
	    strchr("0123456789abcdef", trace.at[FLAGS + 1]) != NULL &&
	    trace.at[FLAGS] != '\0' && trace.at[FLAGS + 1] != '\0';
}

bool
head_id_is_sane(struct slice id)
{
	return id.len > 0 && id.len <= ID_MAX && is_word(id, WORD_ID);
}

static bool
refuse(struct err *e, const char *what, struct slice value, const char *right)
{
	return err_param(
	    e, ERR_BAD_REQUEST, what, value.at, value.len, "%s", right);
}

bool
head_add(struct head *h, struct arena *arena, struct slice name,
    struct slice value, struct err *e)
{
	size_t i = 0;

	if (name.len == 0 || !is_word(name, WORD_TOKEN))
		return refuse(e, "header", name, "a name without spaces");
	if (!is_text(value, ' ', '\t'))
		return refuse(e, "header", name, "no control bytes");
	while (i < HEAD_FIELDS &&
	    (fields[i].name.len != name.len ||
		!slice_eq_nocase(fields[i].name, name)))
		i++;
	if (i == HEAD_FIELDS)
		return true;
	value = slice_trim(value);
	if (value.at == NULL)
		value = SLICE("");
	if (h->field[i].at == NULL) {
		h->field[i] = value;
		return true;
	}
	if (fields[i].once)
		return refuse(e, fields[i].name.at, value, "given once");
	h->field[i] = slice_of(arena_printf(
	    arena, "%.*s, %.*s", SLICE_ARG(h->field[i]), SLICE_ARG(value)));
	return true;
}

/* "http://host/path" (RFC 9112 section 3.2.2): its host wins over Host. */
static bool
split_absolute(struct head *h)
{
	static const struct slice schemes[] = { SLICE("http://"),
		SLICE("https://") };

	for (size_t i = 0; i < NELEM(schemes); i++) {
		struct slice begin = { h->target.at, schemes[i].len };
		struct slice rest = slice_skip(h->target, begin.len);
		size_t end = 0;

		if (h->target.len < begin.len ||
		    !slice_eq_nocase(begin, schemes[i]))
			continue;
		while (end < rest.len && rest.at[end] != '/' &&
		    rest.at[end] != '?')
			end++;
		h->host = (struct slice){ rest.at, end };
		h->uri = slice_skip(rest, end);
		if (h->uri.len == 0)
			h->uri = SLICE("/");
		return end > 0 && h->uri.at[0] == '/';
	}
	return false;
}

static bool
check_target(struct head *h, struct err *e)
{
	if (h->method.len == 0 || !is_word(h->method, WORD_TOKEN))
		return refuse(e, "method", h->method, "a word");
	if (!is_text(h->target, '!', '!'))
		return refuse(e, "target", h->target,
		    "no spaces or control bytes; write them as %20 and so on");
	h->uri = h->target;
	h->host = h->field[HEAD_HOST];
	if (h->target.len > 0 && h->target.at[0] == '/')
		return true;
	if (slice_is(h->target, "*") && slice_is(h->method, "OPTIONS"))
		return true;
	return split_absolute(h) ||
	    refuse(e, "target", h->target, "a path that begins with /");
}

static bool
check_host(const struct head *h, struct err *e)
{
	struct slice field = h->field[HEAD_HOST];

	if (field.at == NULL && !h->old)
		return refuse(e, "Host", SLICE(""), "given, in HTTP/1.1");
	if (!is_word(field, WORD_HOST))
		return refuse(e, "Host", field, "a name and a port");
	return is_word(h->host, WORD_HOST) ||
	    refuse(e, "target", h->host, "a name and a port");
}

/* The methods that have no use for a body, and so a bad one for it. */
static bool
is_bodiless(struct slice method)
{
	return slice_is(method, "GET") || slice_is(method, "HEAD") ||
	    slice_is(method, "OPTIONS");
}

static bool
check_body(struct head *h, struct err *e)
{
	struct slice coding = h->field[HEAD_TRANSFER_ENCODING];
	struct slice length = h->field[HEAD_CONTENT_LENGTH];
	int64_t bytes = 0;

	if (coding.at != NULL && length.at != NULL)
		return refuse(
		    e, "Transfer-Encoding", coding, "without Content-Length");
	if (coding.at != NULL &&
	    (h->old || !slice_eq_nocase(coding, SLICE("chunked"))))
		return refuse(
		    e, "Transfer-Encoding", coding, "chunked, in HTTP/1.1");
	if (length.at != NULL &&
	    (length.len > BODY_TEXT_MAX ||
		!num_int(length, 0, INT64_MAX, &bytes)))
		return refuse(e, "Content-Length", length, "a number");
	h->has_body = coding.at != NULL || bytes > 0;
	if (h->has_body && is_bodiless(h->method))
		return refuse(e, "body", SLICE(""), "none with this method");
	return true;
}

bool
head_check(struct head *h, struct err *e)
{
	return check_target(h, e) && check_host(h, e) && check_body(h, e);
}
