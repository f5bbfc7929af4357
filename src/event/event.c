/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring that answering threads copy records into, and the thread that
 * formats and writes them: a batch of records, one buffer and one write(2) for
 * each of the two files.
 *
 * Who posts makes no system call unless the writer sleeps. The order that
 * makes this safe: who posts counts posted up and then looks at asleep; the
 * writer sets asleep and then looks at posted. Both are sequentially
 * consistent, so one of them sees the other. Awake, the writer lets a few
 * milliseconds pass so that a batch comes together.
 */
#include "event/event.h"

#include <sys/random.h>

#include <assert.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/digest.h"
#include "base/lock.h"
#include "base/ring.h"
#include "conf/conf.h"
#include "event/kafka.h"
#include "event/sink.h"
#include "event/spool_write.h"
#include "event/text.h"
#include "metric/metric.h"

enum {
	EVENT_SLOTS = 4096,
	EVENT_BATCH = 256, /* records */
	EVENT_BUFFER = 256 * 1024,
	EVENT_NODE_MAX = 64,
	EVENT_KEY_LEAST = 16, /* characters of event.viewer_key */
	EVENT_RANDOM = 10     /* bytes of an event's id */
};
#define EVENT_SHARE_ALL 4294967296.0 /* 2^32 */
static const int64_t event_gather_ns = 5 * NS_PER_MS;
/* How long a reload waits for the writer to take the new files over. */
static const int64_t event_swap_ns = 2 * NS_PER_S;
/* How long the end waits for what is still in the ring. */
static const int64_t event_free_ns = 10 * NS_PER_S;

enum event_file { EVENT_JSON, EVENT_LOG, EVENT_FILES };

struct events {
	struct ring *ring;
	pthread_t thread;
	_Atomic uint64_t posted; /* put into the ring */
	atomic_bool asleep;
	atomic_bool wanted[EVENT_FILES]; /* there is such a file */

	struct lock lock;
	struct cond changed;
	struct sink next[EVENT_FILES] under(lock);
	bool has_next under(lock);
	uint64_t done under(lock); /* of posted: written or lost */
	bool stop under(lock);

	/* The writer's. */
	uint64_t taken;
	struct sink sink[EVENT_FILES];
	struct text text[EVENT_FILES];
	/* Constant. */
	struct spool *spool; /* NULL: none */
	struct kafka *kafka; /* NULL: none; reads the spool */
	char node[EVENT_NODE_MAX];
	enum event_viewer viewer;
	struct digest viewer_key;
	/* Of 2^32: how many events of a type are told. */
	_Atomic uint64_t share[EVENT_TYPES];
};

/* Where the texts of an event are. */
static const size_t event_texts[] = {
#define TEXT(name) offsetof(struct event, name)
	TEXT(node),
	TEXT(viewer_network),
	TEXT(viewer_hash),
	TEXT(id),
	TEXT(traceparent),
	TEXT(cloudfront_id),
	TEXT(method),
	TEXT(uri),
	TEXT(host),
	TEXT(viewer),
	TEXT(user_agent),
	TEXT(referer),
	TEXT(tenant),
	TEXT(mount),
	TEXT(dialect),
	TEXT(store),
	TEXT(source_key),
	TEXT(param),
	TEXT(detail),
	TEXT(key),
	TEXT(etag),
	TEXT(plan_hash),
	TEXT(plan),
	TEXT(object_store),
	TEXT(object_key),
	TEXT(content_hash),
	TEXT(channel),
	TEXT(reason),
#undef TEXT
};

void
event_init(struct event *event)
{
	memset(event, 0, event_texts[0]);
	for (size_t i = 0; i < NELEM(event_texts); i++)
		((char *)event)[event_texts[i]] = '\0';
}

/* What is used of it, which is a small part. */
static void
event_copy(struct event *to, const struct event *from)
{
	memcpy(to, from, event_texts[0]);
	for (size_t i = 0; i < NELEM(event_texts); i++) {
		const char *text = (const char *)from + event_texts[i];

		memcpy((char *)to + event_texts[i], text, strlen(text) + 1);
	}
}

const char *
stage_name(enum stage s)
{
	static const char *const names[STAGE_COUNT] = {
		[STAGE_CLAIM] = "claim",
		[STAGE_VERIFY] = "verify",
		[STAGE_PARSE] = "parse",
		[STAGE_LOOKUP] = "lookup",
		[STAGE_FETCH] = "fetch",
		[STAGE_RENDER] = "render",
		[STAGE_SETTLE] = "settle",
		[STAGE_RECORD] = "record",
		[STAGE_ANSWER] = "answer",
	};

	assert((unsigned int)s < STAGE_COUNT);
	return names[s];
}

const char *
cache_use_name(enum cache_use u)
{
	static const char *const names[CACHE_USE_COUNT] = {
		[CACHE_USE_NONE] = "none",
		[CACHE_USE_HIT] = "hit",
		[CACHE_USE_MISS] = "miss",
		[CACHE_USE_JOINED] = "joined",
		[CACHE_USE_STALE] = "stale",
		[CACHE_USE_REVALIDATED] = "revalidated",
		[CACHE_USE_FALLBACK] = "fallback",
	};

	assert((unsigned int)u < CACHE_USE_COUNT);
	return names[u];
}

/* The SINK label. */
enum event_fate { FATE_STORED, FATE_LOST, FATE_LEFT_OUT, FATES };

static void
fate_labels(void)
{
	static const char *const words[FATES] = {
		[FATE_STORED] = "stored",
		[FATE_LOST] = "lost",
		[FATE_LEFT_OUT] = "left-out",
	};

	metric_label(LABEL_SINK, words, FATES);
}

/* n lines for a file, of which so many are lost. */
static void
events_count(enum event_file file, uint64_t n, uint64_t lost)
{
	switch (file) {
	case EVENT_JSON:
		metric_add(METRIC_EVENTS, FATE_STORED, 0, n - lost);
		if (lost > 0)
			metric_add(METRIC_EVENTS, FATE_LOST, 0, lost);
		break;
	case EVENT_LOG:
		if (lost > 0)
			metric_add(METRIC_LOG_LOST, 0, 0, lost);
		break;
	case EVENT_FILES:
		break;
	}
}

/* --- the writer --- */

/* Waits for something to do. False: it is time to end, all is done. */
static bool
events_wait(struct events *ev)
{
	bool more;

	lock_take(&ev->lock);
	atomic_store(&ev->asleep, true);
	while (!ev->stop && !ev->has_next &&
	    atomic_load(&ev->posted) == ev->taken) {
		(void)cond_wait(&ev->changed, &ev->lock, CLOCK_NEVER);
		/* Who posted has cleared it. */
		atomic_store(&ev->asleep, true);
	}
	atomic_store(&ev->asleep, false);
	more =
	    !ev->stop || ev->has_next || atomic_load(&ev->posted) != ev->taken;
	lock_drop(&ev->lock);
	return more;
}

/* Takes over the files of a reload. */
static void
events_swap(struct events *ev)
{
	struct sink old[EVENT_FILES];

	lock_take(&ev->lock);
	if (!ev->has_next) {
		lock_drop(&ev->lock);
		return;
	}
	for (int i = 0; i < EVENT_FILES; i++) {
		old[i] = ev->sink[i];
		ev->sink[i] = ev->next[i];
		atomic_store(&ev->wanted[i], ev->sink[i].fd >= 0);
	}
	ev->has_next = false;
	cond_wake_all(&ev->changed);
	lock_drop(&ev->lock);
	for (int i = 0; i < EVENT_FILES; i++)
		sink_close(&old[i]);
}

static void
events_format(struct events *ev, const struct event *event)
{
	if (ev->sink[EVENT_JSON].fd >= 0 && event->told)
		event_print_json(&ev->text[EVENT_JSON], event);
	if (ev->sink[EVENT_LOG].fd >= 0)
		event_print_log(&ev->text[EVENT_LOG], event);
}

/* One batch; true: there is more than it could hold. */
static bool
events_batch(struct events *ev)
{
	const struct event *event = ring_look(ev->ring);
	unsigned int n = 0;
	unsigned int told = 0;

	for (int i = 0; i < EVENT_FILES; i++)
		ev->text[i].len = 0;
	while (event != NULL && n < EVENT_BATCH &&
	    ev->text[EVENT_JSON].len + EVENT_LINE_MAX < EVENT_BUFFER &&
	    ev->text[EVENT_LOG].len + EVENT_LINE_MAX < EVENT_BUFFER) {
		events_format(ev, event);
		n++;
		told += event->told;
		ring_next(ev->ring);
		event = ring_look(ev->ring);
	}
	for (int i = 0; n > 0 && i < EVENT_FILES; i++) {
		struct sink *sink = &ev->sink[i];
		uint64_t lost;

		if (sink->fd < 0)
			continue;
		lost = sink_write(sink, ev->text[i].at, ev->text[i].len);
		events_count(
		    (enum event_file)i, i == EVENT_JSON ? told : n, lost);
	}
	ev->taken += n;
	lock_take(&ev->lock);
	ev->done = ev->taken;
	cond_wake_all(&ev->changed);
	lock_drop(&ev->lock);
	return event != NULL;
}

static void *
events_thread(void *arg)
{
	struct events *ev = arg;

	while (events_wait(ev)) {
		clock_sleep_ns(event_gather_ns);
		events_swap(ev);
		while (events_batch(ev))
			;
	}
	return NULL;
}

/* --- the other threads --- */

static bool
events_wants(struct events *ev, enum event_file file)
{
	return atomic_load_explicit(&ev->wanted[file], memory_order_relaxed);
}

static void
events_wake(struct events *ev)
{
	lock_take(&ev->lock);
	cond_wake_all(&ev->changed);
	lock_drop(&ev->lock);
}

static bool
events_open(
    const struct conf *conf, struct sink out[EVENT_FILES], struct err *e)
{
	struct sink json;

	if (!sink_open(&json, "event.file", conf->event_file, e))
		return false;
	if (!sink_open(&out[EVENT_LOG], "log.access", conf->log_access, e)) {
		sink_close(&json);
		return false;
	}
	out[EVENT_JSON] = json;
	return true;
}

/* Whose events these are. */
static void
events_name(struct events *ev, const struct conf *conf)
{
	struct slice key = slice_of(conf->event_viewer_key);
	char host[EVENT_NODE_MAX] = "";

	/* Cut or not, it is only a name. */
	(void)gethostname(host, sizeof(host) - 1);
	if (conf->event_node[0] != '\0')
		slice_copy(
		    slice_of(conf->event_node), ev->node, sizeof(ev->node));
	else
		slice_copy(slice_of(host[0] != '\0' ? host : "localhost"),
		    ev->node, sizeof(ev->node));
	ev->viewer = (enum event_viewer)conf->event_viewer;
	ev->viewer_key = digest_of(key.at, key.len);
}

static void
events_shares(struct events *ev, const struct conf *conf)
{
	const double share[EVENT_TYPES] = {
		[EVENT_RENDERED] = conf->event_rendered,
		[EVENT_SERVED] = conf->event_served,
		[EVENT_FAILED] = conf->event_failed,
		[EVENT_STORED] = conf->event_stored,
		[EVENT_UPLOADED] = 1,
		[EVENT_ARCHIVED] = 1,
		[EVENT_EXPIRED] = 1,
	};

	for (int i = 0; i < EVENT_TYPES; i++)
		atomic_store_explicit(&ev->share[i],
		    (uint64_t)(share[i] * EVENT_SHARE_ALL),
		    memory_order_relaxed);
}

bool
events_check(const struct conf *conf, struct err *e)
{
	if (conf->kafka_brokers.n > 0 && conf->spool_path[0] == '\0')
		return err_set(e, ERR_CONFIG,
		    "kafka.brokers is set, and spool.path is not: events "
		    "wait for Kafka there");
	if (conf->event_viewer == EVENT_VIEWER_HASH &&
	    strlen(conf->event_viewer_key) < EVENT_KEY_LEAST)
		return err_set(e, ERR_CONFIG,
		    "event.viewer = hash needs event.viewer_key, at least %d "
		    "characters",
		    EVENT_KEY_LEAST);
	return sink_check("event.file", conf->event_file, e) &&
	    sink_check("log.access", conf->log_access, e) &&
	    (conf->spool_path[0] == '\0' || spool_check(conf, e)) &&
	    (conf->kafka_brokers.n == 0 || kafka_check(conf, e));
}

/* The spool, and who sends it on. */
static bool
events_keep(struct events *ev, const struct conf *conf, struct err *e)
{
	bool sends = conf->kafka_brokers.n > 0;

	if (conf->spool_path[0] == '\0')
		return true;
	if (!spool_open(conf, sends, &ev->spool, e))
		return false;
	if (!sends || kafka_start(conf, ev->spool, &ev->kafka, e))
		return true;
	spool_close(ev->spool);
	return false;
}

bool
events_new(const struct conf *conf, struct events **out, struct err *e)
{
	struct sink sink[EVENT_FILES];
	struct events *ev;

	if (!events_open(conf, sink, e))
		return false;
	ev = xcalloc(1, sizeof(*ev));
	if (!events_keep(ev, conf, e)) {
		for (int i = 0; i < EVENT_FILES; i++)
			sink_close(&sink[i]);
		free(ev);
		return false;
	}
	for (int i = 0; i < EVENT_FILES; i++) {
		ev->sink[i] = sink[i];
		ev->text[i].at = xcalloc(1, EVENT_BUFFER);
		ev->text[i].size = EVENT_BUFFER;
		atomic_init(&ev->wanted[i], sink[i].fd >= 0);
	}
	events_name(ev, conf);
	events_shares(ev, conf);
	fate_labels();
	ev->ring = ring_new(EVENT_SLOTS, sizeof(struct event));
	lock_init(&ev->lock);
	cond_init(&ev->changed);
	ev->thread = thread_start("pictor-events", events_thread, ev);
	*out = ev;
	return true;
}

/* Random bytes, of which each thread fetches many at a time. */
static void
event_random(uint8_t *out, size_t size)
{
	static _Thread_local uint8_t pool[64 * (EVENT_RANDOM + 4)];
	static _Thread_local size_t left;

	assert(size <= sizeof(pool));
	if (left < size) {
		/* Up to 256 bytes come at once, more may be interrupted. */
		for (size_t i = 0; i < sizeof(pool); i += 128) {
			ssize_t got = getrandom(pool + i,
			    i + 128 < sizeof(pool) ? 128 : sizeof(pool) - i, 0);

			assert(got > 0);
		}
		left = sizeof(pool);
	}
	left -= size;
	memcpy(out, pool + left, size);
	memset(pool + left, 0, size);
}

static void
event_hide_viewer(const struct events *ev, struct event *event)
{
	struct {
		struct digest key;
		char viewer[sizeof(event->viewer)];
	} text = { .key = ev->viewer_key };
	struct digest hash;

	switch (ev->viewer) {
	case EVENT_VIEWER_NETWORK:
		event_network(event->viewer, event->viewer_network);
		break;
	case EVENT_VIEWER_HASH:
		if (event->viewer[0] == '\0')
			break;
		/* The key has a fixed length and half of the hash is kept. */
		memcpy(text.viewer, event->viewer, strlen(event->viewer));
		hash = digest_of(&text, sizeof(text));
		codec_hex(hash.byte, (sizeof(event->viewer_hash) - 1) / 2,
		    event->viewer_hash);
		break;
	case EVENT_VIEWER_NONE:
		break;
	}
}

/* Whether it is told; then with what post adds. */
static void
event_complete(struct events *ev, struct event *event)
{
	uint64_t share =
	    atomic_load_explicit(&ev->share[event->type], memory_order_relaxed);
	uint8_t random[EVENT_RANDOM + 4];
	uint32_t chance;

	event_random(random, sizeof(random));
	memcpy(&chance, random + EVENT_RANDOM, sizeof(chance));
	event->told = chance < share;
	if (!event->told) {
		metric_add(METRIC_EVENTS, FATE_LEFT_OUT, 0, 1);
		return;
	}
	event->rate = (double)share / EVENT_SHARE_ALL;
	event_uid(event->at_ns, random, event->uid);
	memcpy(event->node, ev->node, strlen(ev->node) + 1);
	event_hide_viewer(ev, event);
}

static bool
event_put(struct events *ev, const struct event *event)
{
	struct event *slot = ring_begin(ev->ring);

	if (slot != NULL) {
		event_copy(slot, event);
		ring_commit(ev->ring, slot);
		(void)atomic_fetch_add(&ev->posted, 1);
		/* One of those who post in the same moment wakes it. */
		if (atomic_load(&ev->asleep) &&
		    atomic_exchange(&ev->asleep, false))
			events_wake(ev);
		return true;
	}
	for (int i = 0; i < EVENT_FILES; i++)
		if (events_wants(ev, (enum event_file)i) &&
		    (event->told || i != EVENT_JSON))
			events_count((enum event_file)i, 1, 1);
	return false;
}

bool
event_post(struct events *ev, struct event *event)
{
	bool json = events_wants(ev, EVENT_JSON);

	bool done = true;

	if (json || ev->spool != NULL)
		event_complete(ev, event);
	if (ev->spool != NULL && event->told)
		done = spool_append(ev->spool, event);
	if ((json && event->told) || events_wants(ev, EVENT_LOG))
		done = event_put(ev, event) && done;
	return done;
}

bool
events_reopen(struct events *ev, const struct conf *conf, struct err *e)
{
	struct sink next[EVENT_FILES];
	int64_t until = clock_ns() + event_swap_ns;

	if (!events_open(conf, next, e))
		return false;
	if (ev->spool != NULL)
		spool_tune(ev->spool, conf);
	lock_take(&ev->lock);
	for (int i = 0; i < EVENT_FILES; i++) {
		/* Of a reload before, which the writer did not get to. */
		if (ev->has_next)
			sink_close(&ev->next[i]);
		ev->next[i] = next[i];
	}
	ev->has_next = true;
	events_shares(ev, conf);
	cond_wake_all(&ev->changed);
	/* So that who moves a log away sees its end soon after. */
	while (ev->has_next && cond_wait(&ev->changed, &ev->lock, until))
		;
	lock_drop(&ev->lock);
	return true;
}

void
event_drain(struct events *ev, int64_t until_ns)
{
	uint64_t target = atomic_load(&ev->posted);

	lock_take(&ev->lock);
	while (
	    ev->done < target && cond_wait(&ev->changed, &ev->lock, until_ns))
		;
	lock_drop(&ev->lock);
	if (ev->spool != NULL)
		spool_drain(ev->spool, until_ns);
}

void
events_free(struct events *ev)
{
	int failed;

	if (ev == NULL)
		return;
	event_drain(ev, clock_ns() + event_free_ns);
	/* It sends what the spool has got, for a while. */
	kafka_stop(ev->kafka);
	spool_close(ev->spool);
	lock_take(&ev->lock);
	ev->stop = true;
	cond_wake_all(&ev->changed);
	lock_drop(&ev->lock);
	failed = pthread_join(ev->thread, NULL);
	assert(failed == 0);
	for (int i = 0; i < EVENT_FILES; i++) {
		if (ev->has_next)
			sink_close(&ev->next[i]);
		sink_close(&ev->sink[i]);
		free(ev->text[i].at);
	}
	ring_free(ev->ring);
	cond_fini(&ev->changed);
	lock_fini(&ev->lock);
	free(ev);
}
