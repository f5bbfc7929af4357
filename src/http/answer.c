/* SPDX-License-Identifier: Apache-2.0 */
#include "http/answer.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/codec.h"
#include "http/problem.h"
#include "http/range.h"

/* What stale results and busy servers ask for. */
#define STALE_CONTROL "max-age=5"
enum { RETRY_S = 1, DIGITS = 21, LINE_MAX = 128 };

#define IMAGE_POLICY "default-src 'none'; style-src 'unsafe-inline'; sandbox"
#define METHODS      "GET, HEAD, OPTIONS"
#define EXPOSED                                                   \
	"Age, Content-Length, Content-Range, ETag, Retry-After, " \
	"Server-Timing, X-Cache, X-Request-Id"

/* --- small pieces --- */

/* Decimal; returns the first character, in out[]. */
static char *
print_whole(uint64_t value, char out[DIGITS])
{
	char *at = out + DIGITS - 1;

	*at = '\0';
	do
		*--at = (char)('0' + value % 10);
	while ((value /= 10) > 0);
	return at;
}

static char *
whole_text(struct arena *arena, uint64_t value)
{
	char digits[DIGITS];

	return arena_copy(arena, slice_of(print_whole(value, digits)));
}

static void
add(struct answer *a, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	assert(a->nheader < ANSWER_HEADERS);
	a->header[a->nheader].name = name;
	a->header[a->nheader].value = value;
	a->nheader++;
}

/* As add(), in place of a line of the same name. */
static void
set(struct answer *a, const char *name, const char *value)
{
	size_t i = 0;

	while (i < a->nheader &&
	    !slice_eq_nocase(slice_of(a->header[i].name), slice_of(name)))
		i++;
	if (i == a->nheader)
		add(a, name, value);
	else
		a->header[i].value = value;
}

/* --- deciding --- */

bool
answer_is_held(const struct asked *a, const struct cache_entry *entry)
{
	return conditions_hold(&a->conditions, entry->etag, entry->modified_s);
}

static void
decide_error(struct request *r, struct answer *out)
{
	static const struct plan nothing = { .out.format = FORMAT_SAME };
	const struct dialect *d = r->route != NULL ? r->route->dialect : NULL;
	char *body = NULL;

	out->status = err_row(r->err.code)->status;
	if (d != NULL && d->error != NULL) {
		out->error = arena_alloc(r->arena, sizeof(*out->error));
		d->error(
		    &r->err, r->plan != NULL ? r->plan : &nothing, out->error);
		out->status = out->error->status;
		out->body = out->error->body;
		out->size = out->error->size;
		return;
	}
	body = arena_alloc(r->arena, PROBLEM_MAX);
	out->size = problem_write(&r->err, out->status, r->id, body);
	out->body = body;
}

static void
decide_range(struct request *r, const struct asked *a, struct answer *out)
{
	const struct cache_entry *entry = r->entry;
	struct range range = { 0, 0 };

	if (a->range.at == NULL || !slice_is(r->method, "GET") ||
	    !conditions_allow_range(
		&a->conditions, entry->etag, entry->modified_s))
		return;
	switch (range_read(a->range, out->size, &range)) {
	case RANGE_NONE:
		return;
	case RANGE_PART:
		out->status = 206;
		out->body = (const char *)out->body + range.first;
		out->first = range.first;
		out->size = range.length;
		return;
	case RANGE_OUTSIDE:
		err_param(&r->err, ERR_BAD_RANGE, "Range", a->range.at,
		    a->range.len, "inside %llu bytes",
		    (unsigned long long)out->whole);
		decide_error(r, out);
		return;
	}
}

/* Of an image that stands for one that cannot be had. "Not there" is never said
 * of what merely could not be read: caches in front would keep it. */
static int
fallback_status(const struct request *r)
{
	int status = (int)r->route->mount->fallback_status;
	bool is_gone = status == 404 || status == 410;

	if (status == 0 || (is_gone && r->failed.code != ERR_NO_SOURCE))
		return err_row(r->failed.code)->status;
	return status;
}

static void
decide_image(struct request *r, const struct asked *a, struct answer *out)
{
	const struct cache_entry *entry = r->entry;
	struct blob_view view = { .size = entry->facts.result_bytes };

	assert(entry != NULL);
	if (entry->body != NULL)
		view = blob_look(entry->body);
	out->status = 200;
	out->body = view.data;
	out->size = view.size;
	out->whole = view.size;
	if (r->cache == CACHE_USE_FALLBACK)
		out->status = fallback_status(r);
	if (out->status != 200)
		return;
	if (!answer_is_held(a, entry)) {
		decide_range(r, a, out);
		return;
	}
	/*
	 * Best without Content-Length, which libmicrohttpd 0.9 always sends. The
	 * image's length would be right, too, but clients on Node's parser
	 * and others then wait for a body: so it is 0.
	 */
	out->status = 304;
	out->body = NULL;
	out->size = 0;
}

void
answer_decide(struct request *r, const struct asked *a, struct answer *out)
{
	out->nheader = 0;
	out->error = NULL;
	out->body = NULL;
	out->size = out->whole = out->first = 0;
	if (r->err.code != ERR_NONE) {
		decide_error(r, out);
	} else if (a->own != NULL) {
		out->status = a->own->status;
		out->body = a->own->body;
		out->size = a->own->size;
	} else {
		decide_image(r, a, out);
	}
}

uint64_t
answer_bytes(const struct request *r, const struct answer *out)
{
	if (out->status == 304 || out->status == 204 ||
	    slice_is(r->method, "HEAD"))
		return 0;
	return out->size;
}

/* --- header lines --- */

/* Names that a URL cannot set, whatever its language lets through. */
static bool
is_ours(const char *name)
{
	static const char *const names[] = { "Age", "Connection", "Date",
		"ETag", "Keep-Alive", "Last-Modified", "Location",
		"Proxy-Authenticate", "Retry-After", "Server", "Set-Cookie",
		"Strict-Transport-Security", "Trailer", "Transfer-Encoding",
		"Upgrade", "Vary", "WWW-Authenticate", "X-Cache",
		"X-Request-Id" };
	/* Those at the end are a proxy's: it would answer something else. */
	static const char *const families[] = { "Accept-", "Access-Control-",
		"Content-", "Cross-Origin-", "X-Content-", "X-Accel-",
		"X-Sendfile", "X-LIGHTTPD-", "X-Reproxy-" };
	struct slice s = slice_of(name);

	for (size_t i = 0; i < NELEM(names); i++)
		if (slice_eq_nocase(s, slice_of(names[i])))
			return true;
	for (size_t i = 0; i < NELEM(families); i++) {
		struct slice family = slice_of(families[i]);

		if (s.len >= family.len &&
		    slice_eq_nocase((struct slice){ s.at, family.len }, family))
			return true;
	}
	return false;
}

/* What the plan's URL asks the answer to carry. */
static void
add_wishes(struct request *r, struct answer *out)
{
	const struct plan *p = r->plan;

	for (unsigned i = 0; i < p->answer.nheader; i++) {
		const char *name = arena_copy(
		    r->arena, plan_slice(p, p->answer.header[i].name));
		struct slice value = plan_slice(p, p->answer.header[i].value);

		if (!is_ours(name))
			set(out, name, arena_copy(r->arena, value));
	}
}

/*
 * RFC 6266: a plain name for old clients, where everything that is not plain
 * is '_', and the real one by RFC 8187.
 */
static const char *
disposition(struct arena *arena, struct slice name)
{
	char *plain = arena_copy(arena, name);
	char *coded = arena_alloc(arena, 3 * name.len + 1);

	for (size_t i = 0; i < name.len; i++)
		if (plain[i] < ' ' || plain[i] > '~' ||
		    strchr("\"\\/%", plain[i]) != NULL)
			plain[i] = '_';
	coded[codec_percent_encode(name, NULL, coded)] = '\0';
	return arena_printf(arena,
	    "inline; filename=\"%s\"; filename*=UTF-8''%s", plain, coded);
}

/* "200x100x3": width, height, bytes a pixel, which bare pixels do not say. */
static const char *
raw_size(struct request *r)
{
	const struct image_size *size = &r->entry->facts.result;
	uint64_t pixels = (uint64_t)size->width * size->height * size->pages;

	return arena_printf(r->arena, "%ux%ux%u", size->width, size->height,
	    (unsigned)(r->entry->facts.result_bytes / pixels));
}

static void
add_image(struct request *r, struct answer *out)
{
	const struct plan *p = r->plan;
	struct slice media = plan_slice(p, p->answer.media_type);
	struct slice file = plan_slice(p, p->answer.file_name);
	char *date = arena_alloc(r->arena, CLOCK_HTTP_SIZE);

	clock_http(r->entry->modified_s, date);
	add(out, "Last-Modified", date);
	if (media.len > 0)
		add(out, "Content-Type", arena_copy(r->arena, media));
	else
		add(out, "Content-Type",
		    format_row((enum format)r->entry->facts.to)->media_type);
	if (r->entry->facts.to == FORMAT_RAW)
		add(out, "X-Image-Size", raw_size(r));
	add(out, "Accept-Ranges", "bytes");
	if (out->status == 206)
		add(out, "Content-Range",
		    arena_printf(r->arena, "bytes %llu-%llu/%llu",
			(unsigned long long)out->first,
			(unsigned long long)(out->first + out->size - 1),
			(unsigned long long)out->whole));
	if (file.len > 0)
		add(out, "Content-Disposition", disposition(r->arena, file));
}

/* The headers that decide which image it is. */
static void
add_vary(struct request *r, struct answer *out)
{
	bool accept = r->plan->out.format == FORMAT_AUTO;
	const char *vary = r->route->vary;

	if (vary != NULL && accept)
		vary = arena_printf(r->arena, "Accept, %s", vary);
	else if (accept)
		vary = "Accept";
	add(out, "Vary", vary);
}

/* What a 304 carries as well as a 200 (RFC 9110 section 15.4.5). */
static void
add_validators(struct request *r, struct answer *out)
{
	const struct cache_entry *entry = r->entry;
	const struct plan *p = r->plan;
	struct slice control = plan_slice(p, p->answer.cache_control);
	int64_t now_s = r->start_wall_ns / NS_PER_S;
	int64_t age_s = now_s - entry->made_s;
	int64_t expires_s = r->claim.expires_s;

	add(out, "ETag", entry->etag);
	if (r->cache == CACHE_USE_STALE)
		add(out, "Cache-Control", STALE_CONTROL);
	else if (r->cache == CACHE_USE_FALLBACK)
		add(out, "Cache-Control", r->route->mount->fallback_control);
	else if (entry->no_store)
		add(out, "Cache-Control", "no-store");
	else if (expires_s != 0)
		/* As long as the URL is good; its age is counted in. */
		add(out, "Cache-Control",
		    arena_printf(r->arena, "max-age=%" PRId64 ",public",
			expires_s - now_s > 0 ? expires_s - now_s : 0));
	else if (control.len > 0)
		add(out, "Cache-Control", arena_copy(r->arena, control));
	else
		add(out, "Cache-Control", r->route->mount->cache_control);
	if (expires_s == 0 &&
	    (r->cache == CACHE_USE_HIT || r->cache == CACHE_USE_STALE))
		add(out, "Age",
		    whole_text(r->arena, age_s > 0 ? (uint64_t)age_s : 0));
	add_vary(r, out);
}

static void
add_error(struct request *r, struct answer *out)
{
	const struct err_row *row = err_row(r->err.code);
	const struct dialect_error *error = out->error;
	int retry_s = r->err.retry_after_s;

	/* What a store answered may have depended on them. */
	if (r->route != NULL)
		add(out, "Vary", r->route->vary);
	if (error == NULL || error->cacheable)
		add(out, "Cache-Control",
		    row->max_age_s > 0
			? arena_printf(
			      r->arena, "public, max-age=%d", row->max_age_s)
			: "no-store");
	if (error != NULL && error->size > 0)
		add(out, "Content-Type", error->media_type);
	else if (error == NULL)
		add(out, "Content-Type", PROBLEM_MEDIA_TYPE);
	if (retry_s <= 0 && (row->status == 429 || row->status == 503))
		retry_s = RETRY_S;
	if (retry_s > 0)
		add(out, "Retry-After",
		    whole_text(r->arena, (uint64_t)retry_s));
	if (r->err.code == ERR_NOT_ALLOWED)
		add(out, "Allow", METHODS);
	if (r->err.code == ERR_BAD_RANGE)
		add(out, "Content-Range",
		    arena_printf(r->arena, "bytes */%llu",
			(unsigned long long)out->whole));
	for (size_t i = 0; error != NULL && i < NELEM(error->header) &&
	     error->header[i][0] != NULL;
	     i++)
		set(out, error->header[i][0], error->header[i][1]);
}

static void
add_own(const struct own *own, struct answer *out)
{
	add(out, "Content-Type", own->media_type);
	add(out, "Cache-Control", own->cache_control);
	add(out, "Allow", own->methods);
}

static void
add_cors(const struct request *r, const struct asked *a, struct answer *out)
{
	const char *origin = r->routes->conf->http_cors_origin;

	if (origin[0] == '\0')
		return;
	add(out, "Access-Control-Allow-Origin", origin);
	if (a->preflight) {
		add(out, "Access-Control-Allow-Methods", METHODS);
		add(out, "Access-Control-Allow-Headers", "*");
		add(out, "Access-Control-Max-Age", "86400");
		return;
	}
	if (out->status == 304)
		return;
	add(out, "Access-Control-Expose-Headers", EXPOSED);
	add(out, "Timing-Allow-Origin", origin);
}

/* "claim;dur=0.012, lookup;dur=0.003": milliseconds (W3C Server Timing). */
static const char *
server_timing(struct request *r)
{
	enum { STAGE_TEXT = 48 };
	char *text = arena_alloc(r->arena, (size_t)STAGE_COUNT * STAGE_TEXT);
	char *at = text;

	for (int i = 0; i < STAGE_COUNT; i++) {
		int64_t us = r->stage_ns[i] / 1000;
		char digits[DIGITS];

		if (r->stage_ns[i] <= 0)
			continue;
		if (at != text)
			at = stpcpy(at, ", ");
		at = stpcpy(at, stage_name((enum stage)i));
		at = stpcpy(at, ";dur=");
		at = stpcpy(at, print_whole((uint64_t)us / 1000, digits));
		*at++ = '.';
		*at++ = (char)('0' + us / 100 % 10);
		*at++ = (char)('0' + us / 10 % 10);
		*at++ = (char)('0' + us % 10);
		*at = '\0';
	}
	return text;
}

static const char *
x_cache(const struct request *r)
{
	switch (r->cache) {
	case CACHE_USE_NONE:
		return NULL;
	case CACHE_USE_HIT:
	case CACHE_USE_REVALIDATED:
		return "hit";
	case CACHE_USE_STALE:
		return "stale";
	case CACHE_USE_JOINED:
		return "joined";
	case CACHE_USE_FALLBACK:
		return "fallback";
	case CACHE_USE_MISS:
	case CACHE_USE_COUNT:
		break;
	}
	return "miss";
}

void
answer_head(struct request *r, const struct asked *a, struct answer *out)
{
	const struct conf *conf = r->routes->conf;
	bool image = false;

	add(out, "Date", a->date);
	add(out, "Server", "Pictor");
	add(out, "X-Request-Id", r->id);
	if (a->close)
		add(out, "Connection", "close");
	if (r->err.code != ERR_NONE) {
		add_error(r, out);
	} else if (a->own != NULL) {
		add_own(a->own, out);
	} else {
		image = true;
		add_validators(r, out);
		if (out->status != 304)
			add_image(r, out);
	}
	/* A 304 leaves all but the validators as the viewer has it (RFC 9110
	 * section 15.4.5); whose image it is, some browsers ask again. */
	if (out->status != 304) {
		add(out, "X-Content-Type-Options", "nosniff");
		add(out, "Content-Security-Policy",
		    a->own != NULL && a->own->policy != NULL ? a->own->policy
							     : IMAGE_POLICY);
		add(out, "Cross-Origin-Resource-Policy", "cross-origin");
	}
	add_cors(r, a, out);
	if (conf->http_server_timing && a->own == NULL)
		add(out, "Server-Timing", server_timing(r));
	if (conf->http_x_cache)
		add(out, "X-Cache", x_cache(r));
	if (image)
		add_wishes(r, out);
	if (r->route != NULL && r->route->dialect->headers != NULL)
		for (const char *const(*h)[2] = r->route->dialect->headers;
		     (*h)[0] != NULL; h++)
			set(out, (*h)[0], (*h)[1]);
}
