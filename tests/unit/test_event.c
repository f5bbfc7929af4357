/* SPDX-License-Identifier: Apache-2.0 */
/* Events and the access log: every line is what its contract says, whatever
 * was put in, and none gets lost uncounted. */
#include <sys/stat.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "conf/conf.h"
#include "disk_kit.h"
#include "event/event.h"
#include "event/text.h"
#include "metric/metric.h"
#include "schema.h"
#include "unit.h"

enum { PATH_SIZE = 96 };

/* --- a JSON line against the schema --- */

static json_t *schema;

/* Reads and checks one line; release with json_decref(). */
static json_t *
read_line(struct slice line)
{
	struct err e;
	json_t *event = json_read(line, &e);

	if (event == NULL)
		fail_msg("%s: %.*s", e.detail, SLICE_ARG(line));
	schema_check(schema, event);
	return event;
}

/* The tables of the program and the lists of the schema are the same. */
static void
test_schema(void **state)
{
	json_t *rules = json_object_get(schema, "properties");
	json_t *in =
	    json_object_get(json_object_get(rules, "format_in"), "enum");
	json_t *out =
	    json_object_get(json_object_get(rules, "format_out"), "enum");
	json_t *use =
	    json_object_get(json_object_get(rules, "cache_state"), "enum");
	size_t i;
	json_t *name;

	(void)state;
	assert_true(
	    json_is_false(json_object_get(schema, "additionalProperties")));
	assert_int_equal(json_object_size(rules),
	    json_array_size(json_object_get(schema, "required")));
	json_array_foreach(json_object_get(schema, "required"), i, name)
	    assert_non_null(json_object_get(rules, json_string_value(name)));
	for (int f = FORMAT_FIRST; f < FORMAT_COUNT; f++) {
		const struct format_row *row = format_row((enum format)f);
		scoped_json word = json_string(row->name);

		assert_int_equal(
		    schema_one_of(in, word), (row->flags & F_LOAD) != 0);
		assert_int_equal(
		    schema_one_of(out, word), (row->flags & F_SAVE) != 0);
	}
	for (int u = 0; u < CACHE_USE_COUNT; u++) {
		scoped_json word =
		    json_string(cache_use_name((enum cache_use)u));

		assert_true(schema_one_of(use, word));
	}
}

/* --- events --- */

static const uint8_t chance[10] = { 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9 };

static struct event
event_of(unsigned int n)
{
	struct event ev = {
		.at_ns = INT64_C(1795364296123456789) + n * NS_PER_S,
		.method = "GET",
		.status = 200,
		.answer_bytes = n,
		.cache = CACHE_USE_HIT,
		.total_ns = 1234567,
		.type = EVENT_SERVED,
		.rate = 1,
	};

	event_uid(ev.at_ns, chance, ev.uid);
	snprintf(ev.node, sizeof(ev.node), "here");
	snprintf(ev.uri, sizeof(ev.uri), "/cat.jpg?n=%u", n);
	return ev;
}

/* Printed, read back and checked. */
static json_t *
printed(const struct event *ev)
{
	static char line[EVENT_LINE_MAX];
	struct text t = { .at = line, .size = sizeof(line) };

	event_print_json(&t, ev);
	assert_true(t.len < t.size);
	assert_int_equal(line[t.len - 1], '\n');
	return read_line((struct slice){ line, t.len - 1 });
}

static void
member_is(json_t *event, const char *name, const char *text)
{
	json_t *value = json_object_get(event, name);

	if (text == NULL) {
		assert_true(json_is_null(value));
		return;
	}
	assert_true(json_is_string(value));
	assert_string_equal(json_string_value(value), text);
}

static void
number_is(json_t *event, const char *name, double number)
{
	json_t *value = json_object_get(event, name);

	assert_true(json_is_number(value));
	assert_true(json_number_value(value) == number);
}

static struct event
rendered(void)
{
	struct event ev = event_of(1);

	snprintf(ev.id, sizeof(ev.id), "abc");
	snprintf(ev.viewer, sizeof(ev.viewer), "203.0.113.77");
	event_network(ev.viewer, ev.viewer_network);
	snprintf(ev.referer, sizeof(ev.referer),
	    "https://example.org/page?who=me#there");
	snprintf(ev.store, sizeof(ev.store), "files");
	snprintf(ev.source_key, sizeof(ev.source_key), "a b.jpg");
	memset(ev.key, 'a', 64);
	snprintf(ev.etag, sizeof(ev.etag), "\"x\"");
	ev.cache = CACHE_USE_MISS;
	ev.type = EVENT_RENDERED;
	ev.worker = 4711;
	ev.facts.from = FORMAT_JPEG;
	ev.facts.to = FORMAT_WEBP;
	ev.facts.original = (struct image_size){ 2725, 2225, 1 };
	ev.facts.result = (struct image_size){ 300, 245, 1 };
	ev.facts.original_bytes = 482113;
	ev.facts.result_bytes = 9000;
	ev.facts.shrink = 8;
	ev.facts.alpha = 1;
	ev.facts.open_ns = 1000;
	ev.facts.work_ns = 20 * NS_PER_MS + 999;
	ev.stage_ns[STAGE_FETCH] = 2 * NS_PER_MS;
	ev.stage_ns[STAGE_RENDER] = 30 * NS_PER_MS;
	return ev;
}

static void
test_json(void **state)
{
	struct event ev = rendered();
	scoped_json json = printed(&ev);

	(void)state;
	member_is(json, "id", "01a2040d-19a3-7f01-8203-040506070809");
	member_is(json, "source", "/pictor/here");
	member_is(json, "type", "image.rendered");
	member_is(json, "time", "2026-11-22T16:18:17.123Z");
	member_is(json, "request_id", "abc");
	member_is(json, "uri", "/cat.jpg?n=1");
	member_is(json, "host", NULL);
	member_is(json, "viewer_network", "203.0.113.0/24");
	member_is(json, "referer", "https://example.org/page");
	member_is(json, "source_key", "a b.jpg");
	member_is(json, "cache_state", "miss");
	member_is(json, "error_code", NULL);
	member_is(json, "etag", "\"x\"");
	member_is(json, "format_in", "jpeg");
	member_is(json, "format_out", "webp");
	number_is(json, "status", 200);
	number_is(json, "width_in", 2725);
	number_is(json, "height_out", 245);
	number_is(json, "bytes_in", 482113);
	number_is(json, "ms_total", 1.234);
	number_is(json, "ms_fetch", 2);
	number_is(json, "ms_work", 20.000);
	number_is(json, "ms_open", 0.001);
	number_is(json, "worker", 4711);
	assert_true(json_is_true(json_object_get(json, "has_alpha")));
	assert_true(json_is_false(json_object_get(json, "unchanged")));
}

static void
test_types(void **state)
{
	(void)state;
	for (int u = 0; u < CACHE_USE_COUNT; u++) {
		struct event ev = rendered();
		bool miss = u == CACHE_USE_MISS;
		scoped_json good = NULL;
		scoped_json bad = NULL;

		ev.cache = (enum cache_use)u;
		ev.type = event_type_of(ev.code, ev.cache);
		good = printed(&ev);
		member_is(
		    good, "type", miss ? "image.rendered" : "image.served");
		assert_int_equal(
		    json_is_null(json_object_get(good, "ms_work")), !miss);
		ev.code = ERR_BUSY;
		ev.type = event_type_of(ev.code, ev.cache);
		bad = printed(&ev);
		member_is(bad, "type", "image.failed");
		member_is(bad, "error_code", "busy");
	}
	for (int c = 1; c < ERR_COUNT; c++) {
		struct event ev = event_of(1);
		scoped_json json = NULL;

		ev.code = (enum err_code)c;
		json = printed(&ev);
		member_is(json, "error_code", err_row(ev.code)->code);
		assert_true(json_is_null(json_object_get(json, "bytes_in")));
	}
}

/* Fills every text with bytes from first on, as long as it goes. */
static struct event
hostile(unsigned int first, int step)
{
	struct event ev = event_of(0);
	const struct {
		char *at;
		size_t size;
	} texts[] = {
		{ ev.id, sizeof(ev.id) },
		{ ev.method, sizeof(ev.method) },
		{ ev.uri, sizeof(ev.uri) },
		{ ev.host, sizeof(ev.host) },
		{ ev.viewer, sizeof(ev.viewer) },
		{ ev.user_agent, sizeof(ev.user_agent) },
		{ ev.referer, sizeof(ev.referer) },
		{ ev.mount, sizeof(ev.mount) },
		{ ev.dialect, sizeof(ev.dialect) },
		{ ev.store, sizeof(ev.store) },
		{ ev.source_key, sizeof(ev.source_key) },
		{ ev.param, sizeof(ev.param) },
		{ ev.detail, sizeof(ev.detail) },
		{ ev.node, sizeof(ev.node) },
		{ ev.cloudfront_id, sizeof(ev.cloudfront_id) },
		{ ev.tenant, sizeof(ev.tenant) },
		{ ev.plan, sizeof(ev.plan) },
		{ ev.object_store, sizeof(ev.object_store) },
		{ ev.object_key, sizeof(ev.object_key) },
		{ ev.reason, sizeof(ev.reason) },
	};

	for (size_t i = 0; i < NELEM(texts); i++) {
		unsigned int byte = first;

		for (size_t k = 0; k + 1 < texts[i].size; k++) {
			byte = (byte + (unsigned int)step) & 255;
			texts[i].at[k] = (char)(byte != 0 ? byte : 1);
		}
	}
	return ev;
}

static void
test_hostile(void **state)
{
	static char line[EVENT_LINE_MAX];

	(void)state;
	for (unsigned int first = 0; first < 256; first++) {
		for (int step = 0; step < 2; step++) {
			struct event ev = hostile(first, step);
			struct text t = { .at = line, .size = sizeof(line) };
			scoped_json json = printed(&ev);

			assert_non_null(json);
			event_print_log(&t, &ev);
			assert_true(t.len < t.size);
			/* One line, of words that are all key=value. */
			assert_ptr_equal(
			    memchr(line, '\n', t.len), line + t.len - 1);
			for (size_t i = 0; i + 1 < t.len; i++)
				assert_true((unsigned char)line[i] >= ' ' &&
				    line[i] != 0x7f);
			line[t.len - 1] = '\0';
			assert_true(schema_pattern_fits(
			    "^[a-z]+=[^ ]+( [a-z]+=[^ ]+)*$", line));
		}
	}
}

static void
test_log(void **state)
{
	struct event ev = rendered();
	char line[EVENT_LINE_MAX];
	struct text t = { .at = line, .size = sizeof(line) };

	(void)state;
	ev.facts.original.pages = 12;
	event_print_log(&t, &ev);
	line[t.len] = '\0';
	assert_string_equal(line,
	    "time=2026-11-22T16:18:17.123Z viewer=203.0.113.77 method=GET "
	    "uri=/cat.jpg?n=1 status=200 bytes=1 ms=1.234 cache=miss id=abc "
	    "store=files source=a\\x20b.jpg in=jpeg:2725x2225x12:482113 "
	    "out=webp:300x245:9000 shrink=8 stages=fetch:2.000,render:30.000 "
	    "worker=4711 key="
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    " etag=\\\"x\\\" "
	    "referer=https://example.org/page?who=me#there\n");
}

static void
test_network(void **state)
{
	static const struct {
		const char *viewer, *network;
	} rows[] = {
		{ "10.1.2.3", "10.1.2.0/24" },
		{ "255.255.255.255", "255.255.255.0/24" },
		{ "::ffff:10.1.2.3", "10.1.2.0/24" },
		{ "2001:db8:1:2:3:4:5:6", "2001:db8:1::/48" },
		{ "::1", "::/48" },
		{ "", "" },
		{ "unix", "" },
		{ "10.1.2.3:80", "" },
	};
	char out[EVENT_NETWORK_MAX];

	(void)state;
	for (size_t i = 0; i < NELEM(rows); i++) {
		event_network(rows[i].viewer, out);
		assert_string_equal(out, rows[i].network);
	}
}

/* --- files --- */

struct place {
	char dir[PATH_SIZE];
	char json[PATH_SIZE + 8], log[PATH_SIZE + 8];
	struct conf conf;
	struct events *events;
	uint64_t stored, lost, log_lost; /* when it began */
};

static int
setup(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));
	struct err e;

	snprintf(p->dir, sizeof(p->dir), "/tmp/pictor-event-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->json, sizeof(p->json), "%s/json", p->dir);
	snprintf(p->log, sizeof(p->log), "%s/log", p->dir);
	p->conf.event_file = p->json;
	p->conf.log_access = p->log;
	p->conf.event_node = "";
	p->conf.spool_path = "";
	p->conf.event_viewer_key = "";
	p->conf.event_rendered = 1;
	p->conf.event_served = 1;
	p->conf.event_failed = 1;
	p->conf.event_stored = 1;
	p->stored = metric_value(METRIC_EVENTS, 0, 0);
	p->lost = metric_value(METRIC_EVENTS, 1, 0);
	p->log_lost = metric_value(METRIC_LOG_LOST, 0, 0);
	assert_true(events_new(&p->conf, &p->events, &e));
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	struct place *p = *state;
	char command[PATH_SIZE + 16];

	events_free(p->events);
	events_free(NULL);
	snprintf(command, sizeof(command), "rm -rf '%s'", p->dir);
	assert_int_equal(system(command), 0);
	free(p);
	return 0;
}

/* Every line is an event, and no two are the same. Returns how many. */
static unsigned int
lines_of(const char *path, bool json)
{
	scoped_free char *text = NULL;
	scoped_json ids = json_object();
	unsigned int n = 0;
	size_t size = 0;
	struct slice rest;
	struct err e;

	assert_true(fd_read_file(path, 64 * MIB, &text, &size, &e));
	assert_true(size == 0 || text[size - 1] == '\n');
	rest = (struct slice){ text, size };
	while (rest.len > 0) {
		struct slice line = slice_cut(&rest, '\n');

		n++;
		if (json) {
			scoped_json event = read_line(line);
			json_t *id = json_object_get(event, "id");

			assert_int_equal(
			    json_object_set(ids, json_string_value(id), id), 0);
		} else {
			assert_true(slice_starts(line, SLICE("time=2")));
		}
	}
	assert_int_equal(json_object_size(ids), json ? n : 0);
	return n;
}

static void
post(struct place *p, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct event ev = event_of(i);

		assert_true(event_post(p->events, &ev));
	}
}

static void
drain(struct place *p)
{
	event_drain(p->events, clock_ns() + 30 * NS_PER_S);
}

static uint64_t
stored(const struct place *p)
{
	return metric_value(METRIC_EVENTS, 0, 0) - p->stored;
}

static uint64_t
lost(const struct place *p)
{
	return metric_value(METRIC_EVENTS, 1, 0) - p->lost;
}

static void
test_written(void **state)
{
	struct place *p = *state;
	struct stat st;

	drain(p); /* nothing yet */
	post(p, 1000);
	drain(p);
	assert_int_equal(lines_of(p->json, true), 1000);
	assert_int_equal(lines_of(p->log, false), 1000);
	assert_int_equal(stored(p), 1000);
	assert_int_equal(lost(p), 0);
	assert_int_equal(stat(p->json, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	/* One by one: the writer sleeps and is woken. */
	for (unsigned int i = 0; i < 5; i++) {
		post(p, 1);
		drain(p);
		assert_int_equal(lines_of(p->json, true), 1001 + i);
	}
	/* The end writes what is there. */
	post(p, 100);
	events_free(p->events);
	p->events = NULL;
	assert_int_equal(lines_of(p->json, true), 1105);
}

static void
test_reopen(void **state)
{
	struct place *p = *state;
	char moved[2 * PATH_SIZE];
	char kept[2 * PATH_SIZE];
	struct err e;

	snprintf(moved, sizeof(moved), "%s.1", p->json);
	post(p, 10);
	drain(p);
	assert_int_equal(rename(p->json, moved), 0);
	post(p, 10);
	drain(p);
	assert_true(events_reopen(p->events, &p->conf, &e));
	post(p, 5);
	drain(p);
	assert_int_equal(lines_of(moved, true), 20);
	assert_int_equal(lines_of(p->json, true), 5);

	/* One that cannot be opened: both are kept. */
	snprintf(kept, sizeof(kept), "%s/other", p->dir);
	p->conf.event_file = kept;
	p->conf.log_access = "/dev/null/x";
	assert_false(events_reopen(p->events, &p->conf, &e));
	assert_int_equal(e.code, ERR_CONFIG);
	assert_string_equal(
	    e.detail, "log.access = /dev/null/x: Not a directory");
	post(p, 5);
	drain(p);
	assert_int_equal(lines_of(p->json, true), 10);

	/* Off, and on again. */
	p->conf.event_file = "";
	p->conf.log_access = "";
	assert_true(events_reopen(p->events, &p->conf, &e));
	post(p, 5);
	drain(p);
	p->conf.event_file = p->json;
	assert_true(events_reopen(p->events, &p->conf, &e));
	post(p, 5);
	drain(p);
	assert_int_equal(lines_of(p->json, true), 15);
	assert_int_equal(stored(p), 35);
}

static void
test_bad_file(void **state)
{
	struct place *p = *state;
	struct events *none = NULL;
	struct err e;

	p->conf.event_file = p->dir;
	assert_false(events_new(&p->conf, &none, &e));
	assert_null(none);
	assert_int_equal(e.code, ERR_CONFIG);
	assert_non_null(strstr(e.detail, "event.file = /tmp/pictor-event-"));
	assert_non_null(strstr(e.detail, "Is a directory"));
}

/* A full disk: counted, and the file keeps whole lines only. */
static void
test_full(void **state)
{
	struct place *p = *state;
	struct rlimit before;
	unsigned int n;

	p->conf.log_access = "/dev/full";
	assert_true(events_reopen(p->events, &p->conf, &(struct err){ 0 }));
	before = disk_full(10000);
	post(p, 100);
	drain(p);
	post(p, 10);
	drain(p);
	disk_has_room(&before);
	n = lines_of(p->json, true);
	assert_in_range(n, 5, 20);
	assert_int_equal(stored(p), n);
	assert_int_equal(lost(p), 110 - n);

	/* There is room again. */
	post(p, 10);
	drain(p);
	assert_int_equal(lines_of(p->json, true), n + 10);
	assert_int_equal(stored(p) + lost(p), 120);
	assert_int_equal(
	    metric_value(METRIC_LOG_LOST, 0, 0) - p->log_lost, 120);
}

/* A pipe that nobody reads: nobody waits for it, what is lost is counted. */
static void
test_stuck(void **state)
{
	enum { POSTED = 20000 };
	struct place *p = *state;
	char fifo[2 * PATH_SIZE];
	scoped_fd reader = -1;
	unsigned int refused = 0;
	int64_t began;
	struct err e;

	snprintf(fifo, sizeof(fifo), "%s/fifo", p->dir);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	p->conf.event_file = fifo;
	assert_false(events_reopen(p->events, &p->conf, &e));
	reader = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(events_reopen(p->events, &p->conf, &e));
	began = clock_ns();
	for (unsigned int i = 0; i < POSTED; i++) {
		struct event ev = event_of(i);

		refused += !event_post(p->events, &ev);
	}
	drain(p);
	events_free(p->events);
	p->events = NULL;
	assert_true(clock_ns() - began < 20 * NS_PER_S);
	assert_true(refused > 0);
	assert_true(stored(p) > 0);
	assert_int_equal(stored(p) + lost(p), POSTED);
}

/* Shares: what is left out is counted, the rest says what it stands for. */
static void
test_shares(void **state)
{
	enum { POSTED = 4000 };
	struct place *p = *state;
	uint64_t before = metric_value(METRIC_EVENTS, 2, 0);
	uint64_t left_out;

	p->conf.event_served = 0.25;
	assert_true(events_reopen(p->events, &p->conf, &(struct err){ 0 }));
	for (unsigned int i = 0; i < POSTED; i++) {
		struct event ev = event_of(i);

		while (!event_post(p->events, &ev))
			clock_sleep_ns(NS_PER_MS);
		assert_true(!ev.told || ev.rate == 0.25);
	}
	drain(p);
	left_out = metric_value(METRIC_EVENTS, 2, 0) - before;
	/* So far from 1000 once in 10^40. */
	assert_in_range(POSTED - left_out, 600, 1400);
	assert_int_equal(lines_of(p->json, true) + left_out, POSTED);
	/* Requests are all in the access log. */
	assert_int_equal(lines_of(p->log, false), POSTED);

	p->conf.event_served = 0;
	assert_true(events_reopen(p->events, &p->conf, &(struct err){ 0 }));
	post(p, 100);
	p->conf.event_served = 1;
	assert_true(events_reopen(p->events, &p->conf, &(struct err){ 0 }));
	post(p, 100);
	drain(p);
	assert_int_equal(lines_of(p->json, true) + left_out, POSTED + 100);
}

/* What is told of a viewer. */
static void
test_viewer(void **state)
{
	struct place *p = *state;
	struct event one = rendered();
	struct event two = rendered();
	char first[sizeof(one.viewer_hash)];

	one.viewer_network[0] = '\0';
	assert_true(event_post(p->events, &one));
	assert_string_equal(one.viewer_network, "203.0.113.0/24");
	assert_string_equal(one.viewer_hash, "");
	events_free(p->events);

	p->conf.event_viewer = EVENT_VIEWER_HASH;
	p->conf.event_viewer_key = "0123456789abcdef";
	assert_true(events_new(&p->conf, &p->events, &(struct err){ 0 }));
	one.viewer_network[0] = two.viewer_network[0] = '\0';
	assert_true(event_post(p->events, &one));
	assert_true(event_post(p->events, &two));
	assert_string_equal(one.viewer_network, "");
	assert_int_equal(strlen(one.viewer_hash), 32);
	assert_string_equal(one.viewer_hash, two.viewer_hash);
	memcpy(first, one.viewer_hash, sizeof(first));
	snprintf(two.viewer, sizeof(two.viewer), "203.0.113.78");
	assert_true(event_post(p->events, &two));
	assert_string_not_equal(two.viewer_hash, first);
	events_free(p->events);

	p->conf.event_viewer_key = "0123456789abcdeg";
	assert_true(events_new(&p->conf, &p->events, &(struct err){ 0 }));
	assert_true(event_post(p->events, &one));
	assert_string_not_equal(one.viewer_hash, first);
	events_free(p->events);

	p->conf.event_viewer = EVENT_VIEWER_NONE;
	assert_true(events_new(&p->conf, &p->events, &(struct err){ 0 }));
	one.viewer_hash[0] = '\0';
	assert_true(event_post(p->events, &one));
	assert_string_equal(one.viewer_hash, "");
	assert_string_equal(one.viewer_network, "");
}

/* --- many threads --- */

enum { CROWD_THREADS = 4, CROWD_POSTS = 3000 };

static void *
crowd_run(void *arg)
{
	struct place *p = arg;
	uintptr_t refused = 0;

	for (unsigned int i = 0; i < CROWD_POSTS; i++) {
		struct event ev = event_of(i);

		refused += !event_post(p->events, &ev);
		if (i % 500 == 0)
			clock_sleep_ns(NS_PER_MS);
	}
	return (void *)refused;
}

static void
test_crowd(void **state)
{
	struct place *p = *state;
	pthread_t thread[CROWD_THREADS];
	uint64_t refused = 0;

	for (size_t i = 0; i < NELEM(thread); i++)
		assert_int_equal(
		    pthread_create(&thread[i], NULL, crowd_run, p), 0);
	assert_true(events_reopen(p->events, &p->conf, &(struct err){ 0 }));
	for (size_t i = 0; i < NELEM(thread); i++) {
		void *n = NULL;

		assert_int_equal(pthread_join(thread[i], &n), 0);
		refused += (uintptr_t)n;
	}
	drain(p);
	assert_int_equal(lost(p), refused);
	assert_int_equal(stored(p) + lost(p), CROWD_THREADS * CROWD_POSTS);
	assert_int_equal(lines_of(p->json, true), stored(p));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		cmocka_unit_test(test_schema),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_network),
		TEST(test_written),
		TEST(test_reopen),
		TEST(test_bad_file),
		TEST(test_full),
		TEST(test_stuck),
		TEST(test_shares),
		TEST(test_viewer),
		TEST(test_crowd),
#undef TEST
	};
	const char *src = getenv("PICTOR_SRC");
	char path[512];
	scoped_free char *text = NULL;
	size_t size = 0;
	struct err e;
	int failed;

	snprintf(path, sizeof(path), "%s/src/event/event.schema.json",
	    src != NULL ? src : ".");
	if (!fd_read_file(path, 64 * KIB, &text, &size, &e)) {
		fprintf(stderr, "%s\n", e.detail);
		return 1;
	}
	schema = json_read((struct slice){ text, size }, &e);
	if (schema == NULL) {
		fprintf(stderr, "%s: %s\n", path, e.detail);
		return 1;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	json_decref(schema);
	return failed;
}
