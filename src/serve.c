/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start order and stop order of everything: the table `parts` is read
 * downwards to start and upwards to stop.
 */
#include "serve.h"

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "cache/cache.h"
#include "conf/conf.h"
#include "event/event.h"
#include "http/http.h"
#include "image/image.h"
#include "metric/metric.h"
#include "origin/origin.h"
#include "pipeline.h"
#include "render/render.h"
#include "route.h"
#include "sys/sys.h"

struct service {
	const char *file;        /* of the configuration, for reloads */
	const struct conf *conf; /* a reference: the one in force */
	struct routes *routes;   /* given to the pipeline when it starts */
	int signals;
	struct events *events;
	struct cache *cache;
	struct origin *origin;
	struct render *render;
	struct pipeline *pipeline;
	struct http *http;
	_Atomic bool draining;
};

/* --- the parts --- */

static void
apply_log_level(const struct conf *conf)
{
	/* The words of log.level stand in the order of enum log_level. */
	log_level_set((enum log_level)conf->log_level);
}

static bool
start_signals(struct service *s, struct err *e)
{
	(void)e;
	apply_log_level(s->conf);
	s->signals = sys_signals_open();
	return true;
}

static void
stop_signals(struct service *s)
{
	fd_close(&s->signals);
}

static bool
start_events(struct service *s, struct err *e)
{
	return events_new(s->conf, &s->events, e);
}

static void
stop_events(struct service *s)
{
	events_free(s->events);
}

static bool
start_cache(struct service *s, struct err *e)
{
	(void)e;
	s->cache = cache_new(
	    (size_t)s->conf->cache_memory, (size_t)s->conf->cache_records);
	return true;
}

static void
stop_cache(struct service *s)
{
	cache_free(s->cache);
}

static bool
start_origin(struct service *s, struct err *e)
{
	if (!origin_new(s->conf, &s->origin, e))
		return false;
	if (origin_open(s->origin, s->conf, &s->routes->stores, e))
		return true;
	origin_free(s->origin);
	return false;
}

static void
stop_origin(struct service *s)
{
	/* Where the pipeline never came to have them. */
	routes_drop(take_ptr(s->routes));
	origin_free(s->origin);
}

static bool
start_render(struct service *s, struct err *e)
{
	return render_new(s->conf, "/proc/self/exe", &s->render, e);
}

static void
stop_render(struct service *s)
{
	render_free(s->render);
}

static bool
start_pipeline(struct service *s, struct err *e)
{
	const struct pipeline_parts needs = {
		.cache = s->cache,
		.origin = s->origin,
		.render = s->render,
		.events = s->events,
		.version = image_version(),
	};

	(void)e;
	s->pipeline = pipeline_new(&needs, take_ptr(s->routes));
	return true;
}

static void
stop_pipeline(struct service *s)
{
	pipeline_free(s->pipeline);
}

static const char *
not_ready(void *owner)
{
	const struct service *s = owner;

	if (atomic_load_explicit(&s->draining, memory_order_relaxed))
		return "shutting down";
	if (!render_ready(s->render))
		return "no worker is ready";
	return NULL;
}

static void
refresh_metrics(void *owner)
{
	const struct service *s = owner;
	struct cache_state cache;
	struct render_state render;
	struct origin_state origin;

	cache_look(s->cache, &cache);
	metric_gauge(METRIC_CACHE_BYTES, (int64_t)cache.bytes);
	metric_gauge(METRIC_CACHE_ENTRIES, (int64_t)cache.entries);
	render_look(s->render, &render);
	metric_gauge(METRIC_WORKERS, render.workers);
	metric_gauge(METRIC_WORKERS_BUSY, render.busy);
	metric_gauge(METRIC_QUEUE_JOBS, render.queued);
	metric_gauge(METRIC_FLIGHTS, pipeline_busy(s->pipeline));
	origin_look(s->origin, &origin);
	metric_gauge(METRIC_ORIGIN_TRANSFERS, origin.transfers);
	metric_gauge(METRIC_STORES_RESTING, origin.resting);
}

static bool
start_http(struct service *s, struct err *e)
{
	const struct http_parts needs = {
		.pipeline = s->pipeline,
		.not_ready = not_ready,
		.refresh = refresh_metrics,
		.owner = s,
	};

	return http_start(s->conf, &needs, &s->http, e);
}

/* Lets running requests finish, then stops listening for good. */
static void
stop_http(struct service *s)
{
	int64_t until = clock_ns() + s->conf->http_drain_time;

	atomic_store_explicit(&s->draining, true, memory_order_relaxed);
	http_drain(s->http, until);
	render_drain(s->render, until);
	http_free(s->http);
}

static const struct {
	const char *name;
	bool (*start)(struct service *s, struct err *e);
	void (*stop)(struct service *s);
} parts[] = {
	{ "signals", start_signals, stop_signals },
	{ "events", start_events, stop_events },
	{ "cache", start_cache, stop_cache },
	{ "origin", start_origin, stop_origin },
	{ "render", start_render, stop_render },
	{ "pipeline", start_pipeline, stop_pipeline },
	{ "http", start_http, stop_http },
};

static void
stop_from(struct service *s, size_t n)
{
	while (n > 0) {
		n--;
		log_line(LOG_LEVEL_DEBUG, "stopping %s", parts[n].name);
		parts[n].stop(s);
	}
}

static bool
start_all(struct service *s, struct err *e)
{
	for (size_t i = 0; i < NELEM(parts); i++) {
		log_line(LOG_LEVEL_DEBUG, "starting %s", parts[i].name);
		if (parts[i].start(s, e))
			continue;
		stop_from(s, i);
		return false;
	}
	return true;
}

/* --- reload --- */

/* What can be seen without starting anything. */
static bool
conf_is_good(const struct conf *conf, struct err *e)
{
	return http_check(conf, e) && origin_check(conf, e);
}

static bool
reload_build(struct service *s, struct conf **conf, struct routes **routes,
    struct err *e)
{
	if (!conf_load(s->file, environ, conf, e))
		return false;
	if (conf_may_replace(s->conf, *conf, e) && conf_is_good(*conf, e) &&
	    routes_new_take(conf_ref(*conf), routes, e)) {
		if (origin_open(s->origin, *conf, &(*routes)->stores, e) &&
		    events_reopen(s->events, *conf, e))
			return true;
		routes_drop(*routes);
	}
	conf_drop(*conf);
	return false;
}

/* All of the new configuration, or none of it. */
static void
reload(struct service *s)
{
	struct conf *conf = NULL;
	struct routes *routes = NULL;
	struct err e = { 0 };

	sys_notify_reloading();
	if (reload_build(s, &conf, &routes, &e)) {
		const struct conf *old = s->conf;

		apply_log_level(conf);
		cache_resize(s->cache, (size_t)conf->cache_memory,
		    (size_t)conf->cache_records);
		s->conf = conf;
		pipeline_route(s->pipeline, routes);
		conf_drop(old);
		metric_add(METRIC_RELOADS, 0, 0, 1);
		log_line(LOG_LEVEL_INFO, "configuration reloaded");
	} else {
		struct err log_error = { 0 };

		metric_add(METRIC_RELOADS, 1, 0, 1);
		log_line(LOG_LEVEL_ERROR,
		    "the old configuration stays in force: %s", e.detail);
		/* A rotated log must be let go of all the same. */
		if (!events_reopen(s->events, s->conf, &log_error))
			log_line(LOG_LEVEL_ERROR, "%s", log_error.detail);
	}
	sys_notify_ready();
}

/* --- the main thread's loop --- */

static void
run(struct service *s)
{
	int64_t watchdog = sys_watchdog_ns();
	int timeout_ms = watchdog > 0 ? (int)(watchdog / NS_PER_MS) : -1;

	for (;;) {
		struct pollfd fd = { .fd = s->signals, .events = POLLIN };
		int got = 0;

		(void)poll(&fd, 1, timeout_ms);
		if (watchdog > 0)
			sys_notify_alive();
		while ((got = sys_signal_read(s->signals)) != 0) {
			if (got == SIGTERM || got == SIGINT)
				return;
			if (got == SIGHUP)
				reload(s);
		}
	}
}

/* For people who typed `make run`: what to open. */
static void
greet(const struct service *s)
{
	const char *all = http_addresses(s->http, false);
	int len = (int)strcspn(all, "\n");

	printf("pictord is ready. Open\n"
	       "  http://%.*s/\n"
	       "  http://%.*s/photo.jpg?width=600&format=webp\n"
	       "  http://%.*s/animation.gif?width=200\n"
	       "or type\n"
	       "  curl -o small.jpg 'http://%.*s/photo.jpg?w=300&h=300'\n",
	    len, all, len, all, len, all, len, all);
	(void)fflush(stdout);
}

static const char *const reload_words[] = { "done", "refused" };

bool
serve(struct conf *conf, const char *file, struct err *e)
{
	struct service s = { .file = file, .conf = conf, .signals = -1 };
	bool ok = false;

	metric_label(LABEL_RESULT, reload_words, NELEM(reload_words));
	if (!routes_new_take(conf_ref(s.conf), &s.routes, e)) {
		conf_drop(s.conf);
		return false;
	}
	/* Before the long start of the workers. */
	if (conf_is_good(s.conf, e) && start_all(&s, e)) {
		ok = true;
		log_line(LOG_LEVEL_INFO, "ready, %s", image_version());
		sys_notify_ready();
		if (s.conf->http_page)
			greet(&s);
		run(&s);
		sys_notify_stopping();
		log_line(LOG_LEVEL_INFO, "stopping");
		stop_from(&s, NELEM(parts));
	}
	routes_drop(s.routes);
	conf_drop(s.conf);
	return ok;
}

bool
serve_check(const struct conf *conf, struct err *e)
{
	struct routes *routes = NULL;

	if (!routes_new_take(conf_ref(conf), &routes, e))
		return false;
	routes_drop(routes);
	return conf_is_good(conf, e) && events_check(conf, e) &&
	    render_check(conf, e);
}
