/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 9110 (validators, ranges, Retry-After), RFC 9111 (how long an answer is
 * fresh; we are a shared cache), RFC 5861 (stale-if-error).
 */
#include "origin/http_answer.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/num.h"

/* Longer than any answer is worth to be kept; also of numbers that do not fit. */
static const int64_t http_age_max = INT64_C(10) * 365 * 86400;

/* --- validators and types --- */

static bool
etag_ok(struct slice etag)
{
	if (slice_starts(etag, SLICE("W/")))
		etag = slice_skip(etag, 2);
	if (etag.len < 2 || etag.at[0] != '"' || etag.at[etag.len - 1] != '"')
		return false;
	for (size_t i = 1; i + 1 < etag.len; i++)
		if ((unsigned char)etag.at[i] <= ' ' || etag.at[i] == '"' ||
		    etag.at[i] == 0x7f)
			return false;
	return true;
}

static void
read_validator(const struct fetch *f, struct origin_facts *out)
{
	struct slice etag = fetch_answer_header(f, "etag");
	struct slice time = fetch_answer_header(f, "last-modified");
	char *at = out->validator;
	char kind = HTTP_BY_ETAG;

	if (time.at == NULL ||
	    !clock_http_read(time.at, time.len, &out->modified_s)) {
		out->modified_s = -1;
		time.len = 0;
	}
	/* One too long to be kept is as good as none. */
	if (!etag_ok(etag) || etag.len + 2 > sizeof(out->validator)) {
		etag = time;
		kind = HTTP_BY_TIME;
	}
	if (etag.len == 0)
		return;
	*at++ = kind;
	slice_copy(etag, at, sizeof(out->validator) - 1);
}

const char *
http_strong_etag(const char *validator)
{
	if (validator[0] != HTTP_BY_ETAG || validator[1] != '"')
		return NULL;
	return validator + 1;
}

static bool
is_printable(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] <= ' ' || s.at[i] > '~')
			return false;
	return s.len > 0;
}

/* "image/png; charset=x": without what is behind. */
static void
read_type(const struct fetch *f, struct origin_facts *out)
{
	struct slice rest = fetch_answer_header(f, "content-type");
	struct slice type = slice_trim(slice_cut(&rest, ';'));

	if (!is_printable(type) || type.len >= sizeof(out->media_type) ||
	    slice_find(type, '/') == type.len)
		return;
	slice_copy(type, out->media_type, sizeof(out->media_type));
	for (char *at = out->media_type; *at != '\0'; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at + ('a' - 'A'));
}

static void
read_request_id(const struct fetch *f, struct origin_facts *out)
{
	struct slice id = fetch_answer_header(f, "x-request-id");

	if (is_printable(id) && id.len < sizeof(out->request_id))
		slice_copy(id, out->request_id, sizeof(out->request_id));
}

/* --- how long it is fresh --- */

/* What of Cache-Control counts; -1: it is not there. */
struct control {
	bool any;
	bool no_cache, no_store, must_revalidate;
	int64_t max_age, s_maxage, stale_if_error;
};

/* delta-seconds: what is no number means none, what is too large "long". */
static int64_t
seconds_of(struct slice value)
{
	int64_t seconds = 0;

	value = slice_trim(value);
	if (value.len >= 2 && value.at[0] == '"' &&
	    value.at[value.len - 1] == '"')
		value = (struct slice){ value.at + 1, value.len - 2 };
	if (value.len == 0)
		return 0;
	for (size_t i = 0; i < value.len; i++)
		if (value.at[i] < '0' || value.at[i] > '9')
			return 0;
	if (!num_int(value, 0, http_age_max, &seconds))
		return http_age_max;
	return seconds;
}

/* Of two of a kind the shorter one. */
static void
control_seconds(int64_t *out, struct slice value)
{
	int64_t seconds = seconds_of(value);

	if (*out < 0 || seconds < *out)
		*out = seconds;
}

static void
control_word(struct control *c, struct slice name, struct slice value)
{
	const struct {
		struct slice name;
		bool *flag;
		int64_t *seconds;
	} words[] = {
		{ SLICE("no-cache"), &c->no_cache, NULL },
		{ SLICE("no-store"), &c->no_store, NULL },
		{ SLICE("private"), &c->no_store, NULL },
		{ SLICE("must-revalidate"), &c->must_revalidate, NULL },
		{ SLICE("proxy-revalidate"), &c->must_revalidate, NULL },
		{ SLICE("max-age"), NULL, &c->max_age },
		{ SLICE("s-maxage"), NULL, &c->s_maxage },
		{ SLICE("stale-if-error"), NULL, &c->stale_if_error },
	};

	for (size_t i = 0; i < NELEM(words); i++) {
		if (!slice_eq_nocase(name, words[i].name))
			continue;
		if (words[i].flag != NULL)
			*words[i].flag = true;
		else
			control_seconds(words[i].seconds, value);
	}
}

/* Up to the next comma that is not inside quotes. */
static struct slice
cut_word(struct slice *rest)
{
	struct slice word = *rest;
	bool quoted = false;
	size_t i = 0;

	for (; i < rest->len; i++) {
		if (rest->at[i] == '"')
			quoted = !quoted;
		if (rest->at[i] == ',' && !quoted)
			break;
	}
	word.len = i;
	*rest = i < rest->len ? slice_skip(*rest, i + 1)
			      : (struct slice){ NULL, 0 };
	return slice_trim(word);
}

static struct control
read_control(const struct fetch *f)
{
	struct control c = {
		.max_age = -1, .s_maxage = -1, .stale_if_error = -1
	};
	struct slice line;

	for (size_t i = 0;
	     (line = fetch_answer_header_at(f, "cache-control", i)).at != NULL;
	     i++) {
		c.any = true;
		while (line.at != NULL) {
			struct slice value = cut_word(&line);
			struct slice name = slice_trim(slice_cut(&value, '='));

			control_word(&c, name, value);
		}
	}
	return c;
}

/* -1: it does not say. */
static int64_t
lifetime_of(const struct fetch *f, const struct control *c)
{
	struct slice expires = fetch_answer_header(f, "expires");
	struct slice date = fetch_answer_header(f, "date");
	int64_t end = 0;
	int64_t begin = 0;

	if (c->no_cache || c->no_store)
		return 0;
	if (c->s_maxage >= 0)
		return c->s_maxage;
	if (c->max_age >= 0)
		return c->max_age;
	if (expires.at == NULL)
		return !c->any &&
			slice_eq_nocase(
			    fetch_answer_header(f, "pragma"), SLICE("no-cache"))
		    ? 0
		    : -1;
	/* One that cannot be read, such as 0, is in the past. */
	if (!clock_http_read(expires.at, expires.len, &end))
		return 0;
	if (date.at == NULL || !clock_http_read(date.at, date.len, &begin))
		begin = clock_wall_ns() / NS_PER_S;
	if (end <= begin)
		return 0;
	return end - begin < http_age_max ? end - begin : http_age_max;
}

static void
read_freshness(const struct fetch *f, struct origin_facts *out)
{
	struct control c = read_control(f);
	int64_t age = seconds_of(fetch_answer_header(f, "age"));

	out->no_store = c.no_store;
	out->fresh_s = lifetime_of(f, &c);
	if (out->fresh_s >= 0)
		out->fresh_s = out->fresh_s > age ? out->fresh_s - age : 0;
	out->stale_if_error_s = c.must_revalidate || c.no_store || c.no_cache
	    ? 0
	    : c.stale_if_error;
}

void
http_facts(const struct fetch *f, struct origin_facts *out)
{
	*out = (struct origin_facts){ .size = f->length };
	read_validator(f, out);
	read_type(f, out);
	read_request_id(f, out);
	read_freshness(f, out);
}

/* --- what is wrong --- */

bool
http_is_plain(const struct fetch *f, struct err *e)
{
	struct slice coding = fetch_answer_header(f, "content-encoding");

	if (coding.len == 0 || slice_eq_nocase(coding, SLICE("identity")))
		return true;
	return err_set(e, ERR_ORIGIN_FAILED,
	    "%s: coded (%.*s), which nobody asked for", f->peer,
	    (int)(coding.len < 20 ? coding.len : 20), coding.at);
}

/* "bytes 5-9/10": from the first byte to the end, of so many; "*" says less
 * than what has to be known. */
static bool
rest_of(const struct fetch *f, int64_t *first, int64_t *size)
{
	struct slice rest = fetch_answer_header(f, "content-range");
	struct slice part;
	int64_t last = 0;

	if (!slice_starts(rest, SLICE("bytes ")))
		return false;
	rest = slice_skip(rest, 6);
	part = slice_cut(&rest, '/');
	return rest.at != NULL && num_int(rest, 1, INT64_MAX, size) &&
	    num_int(slice_cut(&part, '-'), 0, *size - 1, first) &&
	    part.at != NULL && num_int(part, *first, *size - 1, &last) &&
	    last == *size - 1;
}

bool
http_goes_on(const struct fetch *f, const struct origin_facts *facts,
    uint64_t at, int64_t *whole, struct err *e)
{
	struct origin_facts now;
	int64_t first = -1;
	int64_t size = -1;

	if (f->status == 404 || f->status == 410 || f->status == 412)
		return err_set(e, ERR_ORIGIN_CHANGED,
		    "%s: it is another one, or gone, at byte %" PRIu64, f->peer,
		    at);
	if (f->status != 206 && f->status != 200)
		return http_status(f, e);
	http_facts(f, &now);
	if (strcmp(now.validator, facts->validator) != 0)
		return err_set(e, ERR_ORIGIN_CHANGED,
		    "%s: it is another one, at byte %" PRIu64, f->peer, at);
	if (f->status == 200)
		return err_set(e, ERR_ORIGIN_FAILED,
		    "%s: broken off at byte %" PRIu64
		    ", and it knows no ranges",
		    f->peer, at);
	if (!rest_of(f, &first, &size) || (uint64_t)first != at ||
	    (facts->size >= 0 && size != facts->size))
		return err_set(e, ERR_ORIGIN_FAILED,
		    "%s: another range than from byte %" PRIu64 " to the end",
		    f->peer, at);
	*whole = size;
	return http_is_plain(f, e);
}

bool
http_status_passes(int status)
{
	return status == 408 || status == 425 || status == 429 ||
	    (status >= 500 && status != 501 && status != 505);
}

bool
http_status(const struct fetch *f, struct err *e)
{
	static const struct {
		int status;
		enum err_code code;
	} rows[] = {
		{ 204, ERR_EMPTY },
		{ 205, ERR_EMPTY },
		{ 404, ERR_NO_SOURCE },
		{ 410, ERR_NO_SOURCE },
		/* Of the store, not of one original. */
		{ 407, ERR_ORIGIN_FAILED },
	};
	/* Of 4xx most are answers to one key, by a server that works. */
	enum err_code code = f->status >= 400 && f->status < 500 &&
		!http_status_passes(f->status)
	    ? ERR_ORIGIN_DENIED
	    : ERR_ORIGIN_FAILED;

	for (size_t i = 0; i < NELEM(rows); i++)
		if (rows[i].status == f->status)
			code = rows[i].code;
	err_set(e, code, "%s: answered %d", f->peer, f->status);
	if (code == ERR_ORIGIN_FAILED)
		e->retry_after_s = http_retry_after_s(f);
	return false;
}

int
http_retry_after_s(const struct fetch *f)
{
	struct slice after = fetch_answer_header(f, "retry-after");
	int64_t seconds = 0;
	int64_t then = 0;

	if (after.len == 0)
		return 0;
	if (after.at[0] >= '0' && after.at[0] <= '9')
		seconds = seconds_of(after);
	else if (clock_http_read(after.at, after.len, &then))
		seconds = then - clock_wall_ns() / NS_PER_S;
	if (seconds <= 0)
		return 0;
	return seconds < HTTP_RETRY_MAX ? (int)seconds : HTTP_RETRY_MAX;
}
