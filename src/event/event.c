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
#include "base/lock.h"
#include "base/log.h"
#include "base/ring.h"
#include "conf/conf.h"
#include "event/sink.h"
#include "event/text.h"
#include "metric/metric.h"

enum {
	EVENT_SLOTS = 4096,
	EVENT_BATCH = 256, /* records */
	EVENT_BUFFER = 256 * 1024,
	EVENT_SOURCE_MAX = 600
};
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
	char source[EVENT_SOURCE_MAX];
	uint8_t random[EVENT_BATCH][10];
};

/* Where the texts of an event are. */
static const size_t event_texts[] = {
#define TEXT(name) offsetof(struct event, name)
	TEXT(id),
	TEXT(method),
	TEXT(uri),
	TEXT(host),
	TEXT(viewer),
	TEXT(user_agent),
	TEXT(referer),
	TEXT(mount),
	TEXT(dialect),
	TEXT(store),
	TEXT(source_key),
	TEXT(param),
	TEXT(detail),
	TEXT(key),
	TEXT(etag),
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
	};

	assert((unsigned int)u < CACHE_USE_COUNT);
	return names[u];
}

/* The SINK label. */
enum event_fate { EVENT_STORED, EVENT_LOST, EVENT_FATES };

static void
fate_labels(void)
{
	static const char *const words[EVENT_FATES] = {
		[EVENT_STORED] = "stored",
		[EVENT_LOST] = "lost",
	};

	metric_label(LABEL_SINK, words, EVENT_FATES);
}

/* n lines for a file, of which so many are lost. */
static void
events_count(enum event_file file, uint64_t n, uint64_t lost)
{
	switch (file) {
	case EVENT_JSON:
		metric_add(METRIC_EVENTS, EVENT_STORED, 0, n - lost);
		if (lost > 0)
			metric_add(METRIC_EVENTS, EVENT_LOST, 0, lost);
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
events_format(
    struct events *ev, const struct event *event, const uint8_t random[10])
{
	struct event_mark mark = { .source = ev->source };

	memcpy(mark.random, random, sizeof(mark.random));
	if (ev->sink[EVENT_JSON].fd >= 0)
		event_print_json(&ev->text[EVENT_JSON], event, &mark);
	if (ev->sink[EVENT_LOG].fd >= 0)
		event_print_log(&ev->text[EVENT_LOG], event);
}

/* One batch; true: there is more than it could hold. */
static bool
events_batch(struct events *ev)
{
	const struct event *event = ring_look(ev->ring);
	unsigned int n = 0;
	ssize_t got = getrandom(ev->random, sizeof(ev->random), 0);

	/* Not interrupted: this thread has all signals blocked. */
	assert(got == (ssize_t)sizeof(ev->random));
	for (int i = 0; i < EVENT_FILES; i++)
		ev->text[i].len = 0;
	while (event != NULL && n < EVENT_BATCH &&
	    ev->text[EVENT_JSON].len + EVENT_LINE_MAX < EVENT_BUFFER &&
	    ev->text[EVENT_LOG].len + EVENT_LINE_MAX < EVENT_BUFFER) {
		events_format(ev, event, ev->random[n++]);
		ring_next(ev->ring);
		event = ring_look(ev->ring);
	}
	for (int i = 0; n > 0 && i < EVENT_FILES; i++) {
		struct sink *sink = &ev->sink[i];
		uint64_t lost;

		if (sink->fd < 0)
			continue;
		lost = sink_write(sink, ev->text[i].at, ev->text[i].len);
		events_count((enum event_file)i, n, lost);
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

/* "/pictor/HOST": whose events these are. */
static void
events_source(char out[EVENT_SOURCE_MAX])
{
	struct text text = { .at = out, .size = EVENT_SOURCE_MAX - 1 };
	char host[65] = "";

	/* Cut or not, it is only a name. */
	(void)gethostname(host, sizeof(host) - 1);
	text_put(&text, "/pictor/");
	text_json(&text, slice_of(host[0] != '\0' ? host : "localhost"));
	out[text.len] = '\0';
}

bool
events_check(const struct conf *conf, struct err *e)
{
	return sink_check("event.file", conf->event_file, e) &&
	    sink_check("log.access", conf->log_access, e);
}

bool
events_new(const struct conf *conf, struct events **out, struct err *e)
{
	struct sink sink[EVENT_FILES];
	struct events *ev;

	if (!events_open(conf, sink, e))
		return false;
	ev = xcalloc(1, sizeof(*ev));
	for (int i = 0; i < EVENT_FILES; i++) {
		ev->sink[i] = sink[i];
		ev->text[i].at = xcalloc(1, EVENT_BUFFER);
		ev->text[i].size = EVENT_BUFFER;
		atomic_init(&ev->wanted[i], sink[i].fd >= 0);
	}
	events_source(ev->source);
	fate_labels();
	ev->ring = ring_new(EVENT_SLOTS, sizeof(struct event));
	lock_init(&ev->lock);
	cond_init(&ev->changed);
	ev->thread = thread_start("pictor-events", events_thread, ev);
	*out = ev;
	return true;
}

bool
event_post(struct events *ev, const struct event *event)
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
		if (atomic_load_explicit(&ev->wanted[i], memory_order_relaxed))
			events_count((enum event_file)i, 1, 1);
	return false;
}

bool
events_reopen(struct events *ev, const struct conf *conf, struct err *e)
{
	struct sink next[EVENT_FILES];
	int64_t until = clock_ns() + event_swap_ns;

	if (!events_open(conf, next, e))
		return false;
	lock_take(&ev->lock);
	for (int i = 0; i < EVENT_FILES; i++) {
		/* Of a reload before, which the writer did not get to. */
		if (ev->has_next)
			sink_close(&ev->next[i]);
		ev->next[i] = next[i];
	}
	ev->has_next = true;
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
}

void
events_free(struct events *ev)
{
	int failed;

	if (ev == NULL)
		return;
	event_drain(ev, clock_ns() + event_free_ns);
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
