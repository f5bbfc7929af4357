/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics: what is counted is printed, in Prometheus' text format. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"
#include "metric/metric.h"
#include "unit.h"

enum { THREADS = 4, ROUNDS = 20000 };

static bool
has_line(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (const char *at = strstr(text, line); at != NULL;
	     at = strstr(at + 1, line))
		if ((at == text || at[-1] == '\n') && at[len] == '\n')
			return true;
	return false;
}

static void
must_have(const char *line)
{
	size_t size;
	scoped_free char *text = metric_print(&size);

	assert_int_equal(strlen(text), size);
	if (!has_line(text, line))
		fail_msg("no line \"%s\" in:\n%s", line, text);
}

static void
must_not_have(const char *piece)
{
	size_t size;
	scoped_free char *text = metric_print(&size);

	if (strstr(text, piece) != NULL)
		fail_msg("\"%s\" in:\n%s", piece, text);
}

static void
counters(void **state)
{
	static const char *const status[] = { "0xx", "1xx", "2xx", "3xx" };
	static const char *const cache[] = { "hit", "mi\"s\\s\n" };

	(void)state;
	/* Plain ones are always there, others when they were touched. */
	must_have("pictor_cache_evictions_total 0");
	must_have("# TYPE pictor_requests_total counter");
	must_have("# HELP pictor_requests_total Answered requests.");
	must_not_have("\npictor_requests_total{");

	metric_label(LABEL_STATUS, status, NELEM(status));
	metric_label(LABEL_CACHE, cache, NELEM(cache));
	metric_add(METRIC_REQUESTS, 2, 0, 1);
	metric_add(METRIC_REQUESTS, 2, 0, 2);
	metric_add(METRIC_REQUESTS, 3, 1, 1);
	metric_add(METRIC_REQUESTS, 63, 63, 5);
	assert_int_equal(metric_value(METRIC_REQUESTS, 2, 0), 3);
	assert_int_equal(metric_value(METRIC_REQUESTS, 0, 2), 0);
	must_have("pictor_requests_total{status=\"2xx\",cache=\"hit\"} 3");
	must_have("pictor_requests_total{status=\"3xx\","
		  "cache=\"mi\\\"s\\\\s\\n\"} 1");
	/* What has no word is counted under its number. */
	must_have("pictor_requests_total{status=\"63\",cache=\"63\"} 5");
	metric_add(METRIC_CACHE_EVICTED, 0, 0, UINT64_C(1) << 62);
	must_have("pictor_cache_evictions_total 4611686018427387904");
}

static void
gauges(void **state)
{
	(void)state;
	must_have("# TYPE pictor_connections gauge");
	must_have("pictor_connections 0");
	metric_gauge_add(METRIC_CONNECTIONS, 5);
	metric_gauge_add(METRIC_CONNECTIONS, -7);
	must_have("pictor_connections -2");
	metric_gauge(METRIC_CONNECTIONS, 9);
	must_have("pictor_connections 9");
	must_have("pictor_workers 0");
}

static void
histograms(void **state)
{
	(void)state;
	must_have("# TYPE pictor_render_queue_seconds histogram");
	must_have("pictor_render_queue_seconds_bucket{le=\"+Inf\"} 0");
	metric_seconds(METRIC_QUEUE_TIME, 0, 0, -5);
	/* Upper ends belong to their bucket. */
	metric_seconds(METRIC_QUEUE_TIME, 0, 0, NS_PER_MS);
	metric_seconds(METRIC_QUEUE_TIME, 0, 0, NS_PER_MS + 1);
	metric_seconds(METRIC_QUEUE_TIME, 0, 0, 60 * NS_PER_S);
	metric_seconds(METRIC_QUEUE_TIME, 0, 0, 61 * NS_PER_S);
	assert_int_equal(metric_value(METRIC_QUEUE_TIME, 0, 0), 5);
	must_have("pictor_render_queue_seconds_bucket{le=\"0.0001\"} 1");
	must_have("pictor_render_queue_seconds_bucket{le=\"0.0003\"} 1");
	must_have("pictor_render_queue_seconds_bucket{le=\"0.001\"} 2");
	must_have("pictor_render_queue_seconds_bucket{le=\"0.003\"} 3");
	must_have("pictor_render_queue_seconds_bucket{le=\"30\"} 3");
	must_have("pictor_render_queue_seconds_bucket{le=\"60\"} 4");
	must_have("pictor_render_queue_seconds_bucket{le=\"+Inf\"} 5");
	must_have("pictor_render_queue_seconds_sum 121.002000001");
	must_have("pictor_render_queue_seconds_count 5");

	must_not_have("pictor_stage_duration_seconds_bucket{");
	metric_seconds(METRIC_STAGE_TIME, 3, 4, NS_PER_S);
	must_have("pictor_stage_duration_seconds_bucket{stage=\"3\","
		  "format=\"4\",le=\"0.5\"} 0");
	must_have("pictor_stage_duration_seconds_bucket{stage=\"3\","
		  "format=\"4\",le=\"1\"} 1");
	must_have("pictor_stage_duration_seconds_sum{stage=\"3\","
		  "format=\"4\"} 1");
}

/* Neighbours in the array must not reach into each other. */
static void
apart(void **state)
{
	(void)state;
	metric_seconds(METRIC_STAGE_TIME, 63, 63, 3600 * NS_PER_S);
	assert_int_equal(metric_value(METRIC_STAGE_TIME, 63, 63), 1);
	assert_int_equal(metric_value(METRIC_STAGE_TIME, 63, 62), 0);
	assert_int_equal(metric_value(METRIC_STAGE_TIME, 62, 63), 0);
	assert_int_equal(metric_value(METRIC_ERRORS, 0, 0), 0);
	metric_add(METRIC_ERRORS, 63, 0, 7);
	assert_int_equal(metric_value(METRIC_BYTES_OUT, 0, 0), 0);
	metric_gauge(METRIC_FLIGHTS, -1);
	assert_int_equal(metric_value(METRIC_QUEUE_JOBS, 0, 0), 0);
	assert_int_equal(metric_value(METRIC_CACHE_ENTRIES, 0, 0), 0);
}

static void *
count_up(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		metric_add(METRIC_RENDERS, 1, 0, 1);
		metric_seconds(METRIC_REQUEST_TIME, 0, 0, NS_PER_S);
	}
	return NULL;
}

static void
threads(void **state)
{
	pthread_t thread[THREADS];

	(void)state;
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&thread[i], NULL, count_up, NULL), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(metric_value(METRIC_RENDERS, 1, 0), THREADS * ROUNDS);
	assert_int_equal(
	    metric_value(METRIC_REQUEST_TIME, 0, 0), THREADS * ROUNDS);
}

/* The value of a metric without labels. */
static double
value_of(const char *name)
{
	size_t size;
	scoped_free char *text = metric_print(&size);
	char line[80];
	const char *at;
	double value = -1;

	snprintf(line, sizeof(line), "\n%s ", name);
	at = strstr(text, line);
	if (at == NULL)
		fail_msg("no %s", name);
	at += strlen(line);
	if (!num_double(
		(struct slice){ at, strcspn(at, "\n") }, 0, 1e18, &value))
		fail_msg("%s is no number", name);
	return value;
}

static void
process(void **state)
{
	double start = value_of("process_start_time_seconds");
	double open = value_of("process_open_fds");
	int fd = dup(0);
	int here = 0;

	(void)state;
	assert_true(value_of("process_resident_memory_bytes") > 500e3);
	assert_true(value_of("process_virtual_memory_bytes") >
	    value_of("process_resident_memory_bytes"));
	assert_true(value_of("process_cpu_seconds_total") < 1000);
	assert_true(value_of("process_max_fds") >= 20);
	/* Between 2020 and now, and it never moves. */
	assert_true(start > 1.5e9 && start < (double)time(NULL) + 1);
	assert_true(value_of("process_start_time_seconds") - start < 1e-9);
	assert_true(fd >= 0);
	for (int i = 0; i < 1024; i++)
		here += fcntl(i, F_GETFD) >= 0 && i != fd;
	assert_true(open > here - 0.5 && open < here + 0.5);
	assert_true(value_of("process_open_fds") - open > 0.5);
	close(fd);
	assert_true(value_of("process_open_fds") - open < 0.5);
}

/* Every line is a comment or "series number", every family said once. */
static void
well_formed(void **state)
{
	size_t size;
	scoped_free char *text = metric_print(&size);
	struct slice rest = { text, size };
	char family[96] = "";

	(void)state;
	assert_true(size > 0 && text[size - 1] == '\n');
	rest.len--;
	while (rest.at != NULL) {
		struct slice line = slice_cut(&rest, '\n');
		size_t last = line.len;
		double value;

		if (slice_starts(line, SLICE("# HELP "))) {
			struct slice name = slice_skip(line, 7);

			name = slice_cut(&name, ' ');
			assert_true(name.len + 1 < sizeof(family));
			slice_copy(name, family, sizeof(family));
			continue;
		}
		if (slice_starts(line, SLICE("# TYPE ")))
			continue;
		while (last > 0 && line.at[last - 1] != ' ')
			last--;
		assert_true(slice_starts(line, slice_of(family)));
		assert_true(
		    num_double(slice_skip(line, last), -1e300, 1e300, &value));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters),
		cmocka_unit_test(gauges),
		cmocka_unit_test(histograms),
		cmocka_unit_test(apart),
		cmocka_unit_test(threads),
		cmocka_unit_test(process),
		cmocka_unit_test(well_formed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
