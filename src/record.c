/* SPDX-License-Identifier: Apache-2.0 */
/* One request, told to the event writer and to the metrics. */
#include "record.h"

#include "base/clock.h"
#include "base/codec.h"
#include "metric/metric.h"
#include "request.h"

/* The STATUS label: every status that an answer can have. */
static const struct {
	int status;
	const char *word;
} statuses[] = {
	{ 200, "200" },
	{ 204, "204" },
	{ 206, "206" },
	{ 304, "304" },
	{ 400, "400" },
	{ 403, "403" },
	{ 404, "404" },
	{ 405, "405" },
	{ 413, "413" },
	{ 414, "414" },
	{ 415, "415" },
	{ 416, "416" },
	{ 422, "422" },
	{ 429, "429" },
	{ 431, "431" },
	{ 499, "499" },
	{ 500, "500" },
	{ 501, "501" },
	{ 502, "502" },
	{ 503, "503" },
	{ 504, "504" },
	{ 0, "other" },
};

static unsigned
status_index(int status)
{
	unsigned i = 0;

	while (statuses[i].status != 0 && statuses[i].status != status)
		i++;
	return i;
}

static void
count(const struct request *r, int64_t total_ns)
{
	unsigned format =
	    r->entry != NULL ? r->entry->facts.to : (unsigned)FORMAT_SAME;

	metric_add(
	    METRIC_REQUESTS, status_index(r->status), (unsigned)r->cache, 1);
	metric_seconds(METRIC_REQUEST_TIME, (unsigned)r->cache, 0, total_ns);
	if (r->err.code != ERR_NONE)
		metric_add(METRIC_ERRORS, (unsigned)r->err.code, 0, 1);
	else
		metric_add(METRIC_BYTES_OUT, format, 0, r->answer_bytes);
	for (unsigned s = 0; s < STAGE_COUNT; s++)
		if (r->stage_ns[s] != 0)
			metric_seconds(
			    METRIC_STAGE_TIME, s, format, r->stage_ns[s]);
}

#define COPY(to, from) slice_copy(from, to, sizeof(to))

/* Of a key that is a whole URL all but its query: it may be signed. */
static struct slice
key_shown(const struct plan *p)
{
	struct slice key = plan_slice(p, p->source[0].key);

	if (slice_starts(key, SLICE("http://")) ||
	    slice_starts(key, SLICE("https://")))
		key.len = slice_find(key, '?');
	return key;
}

static void
fill_result(const struct request *r, struct event *ev)
{
	const struct plan *p = r->plan;

	codec_hex(r->key.byte, DIGEST_SIZE, ev->key);
	memcpy(ev->plan_hash, r->reading->plan_hash, sizeof(ev->plan_hash));
	COPY(ev->plan, slice_of(r->reading->plan_text));
	COPY(ev->store, plan_slice(p, p->source[0].store));
	COPY(ev->source_key, key_shown(p));
	if (r->entry == NULL)
		return;
	memcpy(ev->etag, r->entry->etag, sizeof(ev->etag));
	ev->facts = r->entry->facts;
}

static const char *
tenant_of(const struct conf_mount *mount)
{
	return mount->tenant[0] != '\0' ? mount->tenant : mount->name;
}

void
record(const struct request *r, struct events *events)
{
	int64_t total_ns = clock_ns() - r->start_ns;
	const struct err *why =
	    r->cache == CACHE_USE_FALLBACK ? &r->failed : &r->err;
	struct event ev;

	count(r, total_ns);
	if (events == NULL)
		return;
	event_init(&ev);
	ev.at_ns = r->start_wall_ns;
	COPY(ev.id, slice_of(r->id));
	COPY(ev.traceparent, r->traceparent);
	COPY(ev.cloudfront_id, r->cloudfront_id);
	COPY(ev.method, r->method);
	COPY(ev.uri, r->uri);
	COPY(ev.host, r->host);
	COPY(ev.viewer, slice_of(r->viewer));
	COPY(ev.user_agent, r->user_agent);
	COPY(ev.referer, r->referer);
	if (r->route != NULL) {
		COPY(ev.tenant, slice_of(tenant_of(r->route->mount)));
		COPY(ev.mount, slice_of(r->route->mount->name));
		COPY(ev.dialect, slice_of(r->route->dialect->name));
	}
	ev.type = event_type_of(r->err.code, r->cache);
	ev.status = r->status;
	ev.answer_bytes = r->answer_bytes;
	ev.cache = r->cache;
	ev.code = why->code;
	COPY(ev.param, slice_of(why->param));
	COPY(ev.detail, slice_of(why->detail));
	if (r->at > STAGE_PARSE && r->plan->nsource > 0)
		fill_result(r, &ev);
	memcpy(ev.stage_ns, r->stage_ns, sizeof(ev.stage_ns));
	ev.total_ns = total_ns;
	ev.queue_ns = r->queue_ns;
	ev.worker = r->worker;
	(void)event_post(events, &ev); /* a lost one is counted there */
}

void
record_labels(void)
{
	static const char *status_words[NELEM(statuses)];
	static const char *cache_words[CACHE_USE_COUNT];
	static const char *stage_words[STAGE_COUNT];
	static const char *format_words[FORMAT_COUNT];
	static const char *error_words[ERR_COUNT];

	for (size_t i = 0; i < NELEM(statuses); i++)
		status_words[i] = statuses[i].word;
	for (int i = 0; i < CACHE_USE_COUNT; i++)
		cache_words[i] = cache_use_name((enum cache_use)i);
	for (int i = 0; i < STAGE_COUNT; i++)
		stage_words[i] = stage_name((enum stage)i);
	for (int i = 0; i < FORMAT_COUNT; i++)
		format_words[i] = format_row((enum format)i)->name;
	format_words[FORMAT_SAME] = "none";
	error_words[0] = "none";
	for (int i = 1; i < ERR_COUNT; i++)
		error_words[i] = err_row((enum err_code)i)->code;
	metric_label(LABEL_STATUS, status_words, NELEM(statuses));
	metric_label(LABEL_CACHE, cache_words, CACHE_USE_COUNT);
	metric_label(LABEL_STAGE, stage_words, STAGE_COUNT);
	metric_label(LABEL_FORMAT, format_words, FORMAT_COUNT);
	metric_label(LABEL_ERROR, error_words, ERR_COUNT);
}
