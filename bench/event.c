/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an event costs who answers: event_post() with a spool, with event.file,
 * with both and with the access log, by one thread and by several; how fast
 * events are written, read and made JSON; and with a broker, how fast Kafka
 * takes them.
 *
 * usage: event [BROKER:PORT TOPIC]
 *
 * Threads post at a rate that the writers keep up with, as answers come; what
 * is timed is the call alone.
 */
#include "event/event.h"

#include <sys/stat.h>

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/lock.h"
#include "conf/conf.h"
#include "event/spool.h"
#include "metric/metric.h"

enum { POSTS = 40000, BURST = 40, THREADS_MOST = 4, TEXT = 1024 };

struct job {
	struct events *events;
	int64_t ns[POSTS];
	uint64_t lost;
};

/* Much like the event of a cached answer. */
static struct event
event_of(unsigned int n)
{
	struct event ev;

	event_init(&ev);
	ev.at_ns = clock_wall_ns();
	ev.type = EVENT_SERVED;
	ev.status = 200;
	ev.answer_bytes = n;
	ev.cache = CACHE_USE_HIT;
	ev.facts.from = FORMAT_JPEG;
	ev.facts.to = FORMAT_WEBP;
	ev.facts.original = (struct image_size){ 2725, 2225, 1 };
	ev.facts.result = (struct image_size){ 300, 245, 1 };
	ev.total_ns = 30000;
	snprintf(ev.id, sizeof(ev.id), "dc4aef2951785e2500000000%08x", n);
	snprintf(ev.method, sizeof(ev.method), "GET");
	snprintf(ev.uri, sizeof(ev.uri),
	    "/photos/2026/11/a-name-of-usual-length.jpg?w=300&format=webp");
	snprintf(ev.host, sizeof(ev.host), "images.example.org");
	snprintf(ev.viewer, sizeof(ev.viewer), "203.0.113.77");
	snprintf(ev.user_agent, sizeof(ev.user_agent),
	    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 "
	    "Firefox/140.0");
	snprintf(ev.referer, sizeof(ev.referer), "https://example.org/page");
	snprintf(ev.tenant, sizeof(ev.tenant), "query");
	snprintf(ev.mount, sizeof(ev.mount), "query");
	snprintf(ev.dialect, sizeof(ev.dialect), "query");
	snprintf(ev.store, sizeof(ev.store), "files");
	snprintf(ev.source_key, sizeof(ev.source_key),
	    "photos/2026/11/a-name-of-usual-length.jpg");
	memset(ev.key, 'a', 64);
	memset(ev.plan_hash, 'b', 16);
	snprintf(ev.etag, sizeof(ev.etag), "\"0123456789012345678901\"");
	snprintf(ev.plan, sizeof(ev.plan),
	    "autoorient | resize width=300 fit=inside without_enlargement=1 | "
	    "out format=webp");
	return ev;
}

static void *
run(void *arg)
{
	struct job *job = arg;

	for (unsigned int i = 0; i < POSTS; i++) {
		struct event ev = event_of(i);
		int64_t before = clock_ns();

		job->lost += !event_post(job->events, &ev);
		job->ns[i] = clock_ns() - before;
		if (i % BURST == 0)
			clock_sleep_ns(NS_PER_MS);
	}
	return NULL;
}

static int
by_size(const void *a, const void *b)
{
	const int64_t *one = a;
	const int64_t *two = b;

	return (*one > *two) - (*one < *two);
}

static void
measure(const struct conf *conf, const char *what, size_t threads)
{
	struct job *job = xcalloc(threads, sizeof(*job));
	int64_t *all = xcalloc(threads * POSTS, sizeof(*all));
	pthread_t thread[THREADS_MOST];
	struct events *events = NULL;
	struct err e;
	uint64_t lost = 0;
	int64_t sum = 0;
	size_t n = threads * POSTS;

	if (!events_new(conf, &events, &e)) {
		fprintf(stderr, "%s\n", e.detail);
		exit(1);
	}
	for (size_t i = 0; i < threads; i++) {
		job[i].events = events;
		thread[i] = thread_start("bench", run, &job[i]);
	}
	for (size_t i = 0; i < threads; i++) {
		(void)pthread_join(thread[i], NULL);
		memcpy(all + i * POSTS, job[i].ns, sizeof(job[i].ns));
		lost += job[i].lost;
	}
	events_free(events);
	qsort(all, n, sizeof(*all), by_size);
	for (size_t i = 0; i < n; i++)
		sum += all[i];
	printf("%-24s %7zu %8.2f %8.2f %8.2f %8.2f %8" PRIu64 "\n", what,
	    threads, (double)sum / (double)n / 1e3, (double)all[n / 2] / 1e3,
	    (double)all[n - n / 100] / 1e3, (double)all[n - n / 1000] / 1e3,
	    lost);
	free(job);
	free(all);
}

static void
measure_reading(const char *folder)
{
	struct spool_reader *r = NULL;
	struct spool_event event;
	struct spool_seen seen;
	uint64_t bytes = 0;
	int64_t before = clock_ns();
	double s;
	struct err e;

	if (!spool_reader_open(folder, NULL, &r, &e)) {
		fprintf(stderr, "%s\n", e.detail);
		exit(1);
	}
	while (spool_reader_next(r, &event) == SPOOL_EVENT)
		bytes += event.json.len;
	s = (double)(clock_ns() - before) / 1e9;
	spool_reader_look(r, &seen);
	printf("\nread from the spool and made JSON: %" PRIu64
	       " events, %.0f a second, %.0f bytes of JSON each\n",
	    seen.events, (double)seen.events / s,
	    (double)bytes / (double)seen.events);
	spool_reader_free(r);
}

/* From the first event to the acknowledgement of the last. */
static void
measure_kafka(struct conf *conf)
{
	enum { EVENTS = 200000 };
	struct events *events = NULL;
	uint64_t before = metric_value(METRIC_SENT, 0, 0);
	int64_t began = clock_ns();
	struct err e;

	if (!events_new(conf, &events, &e)) {
		fprintf(stderr, "%s\n", e.detail);
		exit(1);
	}
	for (unsigned int i = 0; i < EVENTS; i++) {
		struct event ev = event_of(i);

		while (!event_post(events, &ev))
			clock_sleep_ns(NS_PER_MS);
	}
	printf("\nposted: %.0f events a second\n",
	    EVENTS / ((double)(clock_ns() - began) / 1e9));
	while (metric_value(METRIC_SENT, 0, 0) - before < EVENTS)
		clock_sleep_ns(NS_PER_MS);
	printf("acknowledged by Kafka: %.0f events a second\n",
	    EVENTS / ((double)(clock_ns() - began) / 1e9));
	events_free(events);
}

int
main(int argc, char **argv)
{
	char folder[] = "/tmp/pictor-bench-XXXXXX";
	char spool[TEXT];
	char file[TEXT];
	char text[2 * TEXT];
	struct conf *conf = NULL;
	struct err e;
	bool good = mkdtemp(folder) != NULL;

	assert(good);
	snprintf(spool, sizeof(spool), "%s/spool", folder);
	snprintf(file, sizeof(file), "%s/events", folder);
	snprintf(text, sizeof(text),
	    "[spool]\nkeep = 1h\n%s%s%s%s%s[log]\naccess =\n",
	    argc > 2 ? "[kafka]\nbrokers = " : "", argc > 2 ? argv[1] : "",
	    argc > 2 ? "\ntopic = " : "", argc > 2 ? argv[2] : "",
	    argc > 2 ? "\n" : "");
	if (!conf_load_text(slice_of(text), "bench", NULL, &conf, &e)) {
		fprintf(stderr, "%s\n", e.detail);
		return 1;
	}
	printf("%-24s %7s %8s %8s %8s %8s %8s\n", "microseconds", "threads",
	    "mean", "50 %", "99 %", "99.9 %", "lost");
	if (argc > 2) {
		conf->spool_path = spool;
		measure_kafka(conf);
	} else {
		measure(conf, "nothing", 1);
		conf->event_file = file;
		measure(conf, "event.file", 1);
		conf->event_file = "";
		conf->spool_path = spool;
		for (size_t n = 1; n <= THREADS_MOST; n *= 2)
			measure(conf, "spool", n);
		conf->log_access = "/dev/null";
		measure(conf, "spool, access log", 1);
		conf->event_file = file;
		measure(conf, "spool, log, event.file", 1);
		measure_reading(spool);
	}
	conf_drop(conf);
	snprintf(text, sizeof(text), "rm -rf '%s'", folder);
	return system(text);
}
