/* SPDX-License-Identifier: Apache-2.0 */
/* One request through the daemon's own pipeline, without HTTP. */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/lock.h"
#include "cli/cli.h"
#include "image/image.h"
#include "pipeline.h"

struct waiting {
	struct lock lock;
	struct cond answered;
	bool done under(lock);
};

static bool
client_holds(struct request *r, const struct cache_entry *entry)
{
	(void)r;
	(void)entry;
	return false;
}

static void
client_park(struct request *r)
{
	(void)r;
}

static void
client_decide(struct request *r)
{
	r->status =
	    r->err.code == ERR_NONE ? 200 : err_row(r->err.code)->status;
}

static void
client_answer(struct request *r, bool parked)
{
	struct waiting *w = r->client;

	(void)parked;
	lock_take(&w->lock);
	w->done = true;
	cond_wake_all(&w->answered);
	lock_drop(&w->lock);
}

static const struct client_ops client = {
	.holds = client_holds,
	.park = client_park,
	.decide = client_decide,
	.answer = client_answer,
};

static void
ask(struct pipeline *p, struct request *r)
{
	struct waiting w = { .done = false };

	lock_init(&w.lock);
	cond_init(&w.answered);
	/* cppcheck-suppress autoVariables ; r ends before w */
	r->client = &w;
	pipeline_start(p, r);
	lock_take(&w.lock);
	while (!w.done)
		(void)cond_wait(&w.answered, &w.lock, CLOCK_NEVER);
	lock_drop(&w.lock);
	cond_fini(&w.answered);
	lock_fini(&w.lock);
}

static bool
get(const struct pipeline_parts *parts, struct routes *routes,
    struct request *r, struct cache_entry **entry, struct err *e)
{
	struct pipeline *p = pipeline_new(parts, routes);
	bool ok = false;

	ask(p, r);
	if (r->err.code == ERR_NONE) {
		*entry = cache_entry_ref(r->entry);
		ok = true;
	} else {
		*e = r->err;
	}
	request_fini(r);
	pipeline_free(p);
	return ok;
}

bool
cli_get(const struct conf *conf, struct slice uri, struct slice accept,
    struct cache_entry **entry, struct err *e)
{
	scoped_free struct request *r = xcalloc(1, sizeof(*r));
	struct pipeline_parts parts = { .version = image_version() };
	struct routes *routes = NULL;
	bool ok = false;

	r->ops = &client;
	r->method = SLICE("GET");
	r->uri = uri;
	r->host = SLICE("localhost");
	r->accept = accept;
	r->start_ns = clock_ns();
	r->start_wall_ns = clock_wall_ns();
	if (!routes_new_take(conf_ref(conf), &routes, e))
		return false;
	if (!origin_new(conf, &parts.origin, e)) {
		routes_drop(routes);
		return false;
	}
	if (render_new(conf, "/proc/self/exe", &parts.render, e)) {
		parts.cache = cache_new(0, 0);
		ok = get(&parts, routes, r, entry, e);
		cache_free(parts.cache);
		render_free(parts.render);
	} else {
		routes_drop(routes);
	}
	origin_free(parts.origin);
	return ok;
}

bool
cli_conf(
    const struct cli *cli, struct slice text, struct conf **out, struct err *e)
{
	if (cli->config != NULL)
		return conf_load(cli->config, environ, out, e);
	return conf_load_text(text, "defaults", environ, out, e);
}

void
cli_error_print(const struct err *e, char *out, size_t size)
{
	const struct err_row *row = err_row(e->code);
	int n = 0;

	if (e->code == ERR_CONFIG || e->code == ERR_SYSTEM)
		n = snprintf(out, size, "%s", e->detail);
	else if (e->param[0] != '\0')
		n = snprintf(out, size, "%s: %s=%s; accepted: %s", row->text,
		    e->param, e->value, e->accepted);
	else
		n = snprintf(out, size, "%s%s%s", row->text,
		    e->detail[0] != '\0' ? ": " : "", e->detail);
	if (e->hint[0] != '\0' && n > 0 && (size_t)n < size)
		(void)snprintf(out + n, size - (size_t)n, "; %s", e->hint);
}
