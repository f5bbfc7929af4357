/* SPDX-License-Identifier: Apache-2.0 */
/* Requests through the daemon's own pipeline, without HTTP. */
#include "cli/client.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "image/image.h"
#include "pipeline.h"

struct cli_run {
	struct pipeline_parts parts;
	struct pipeline *pipeline;
};

static bool
client_holds(struct request *r, const struct cache_entry *entry)
{
	(void)r;
	(void)entry;
	return false;
}

static struct slice
client_header(struct request *r, const char *name)
{
	(void)r;
	(void)name;
	return (struct slice){ NULL, 0 };
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
	struct cli_ask *ask = r->client;

	(void)parked;
	ask->answered(ask);
}

static const struct client_ops client = {
	.holds = client_holds,
	.header = client_header,
	.park = client_park,
	.decide = client_decide,
	.answer = client_answer,
};

bool
cli_run_new(const struct conf *conf, struct cli_run **out, struct err *e)
{
	struct cli_run *run = xcalloc(1, sizeof(*run));
	struct routes *routes = NULL;

	run->parts.version = image_version();
	if (!routes_new_take(conf_ref(conf), &routes, e)) {
		free(run);
		return false;
	}
	if (!origin_new(conf, &run->parts.origin, e)) {
		routes_drop(routes);
		free(run);
		return false;
	}
	if (!origin_open(run->parts.origin, conf, &routes->stores, e) ||
	    !render_new(conf, "/proc/self/exe", &run->parts.render, e)) {
		routes_drop(routes);
		origin_free(run->parts.origin);
		free(run);
		return false;
	}
	run->parts.cache = cache_new(0, 0);
	run->pipeline = pipeline_new(&run->parts, routes);
	*out = run;
	return true;
}

void
cli_run_free(struct cli_run *run)
{
	pipeline_free(run->pipeline);
	cache_free(run->parts.cache);
	render_free(run->parts.render);
	origin_free(run->parts.origin);
	free(run);
}

void
cli_ask(struct cli_run *run, struct cli_ask *ask, struct slice uri)
{
	struct request *r = &ask->request;

	*r = (struct request){ .ops = &client,
		.client = ask,
		.method = SLICE("GET"),
		.uri = uri,
		.host = SLICE("localhost"),
		.start_ns = clock_ns(),
		.start_wall_ns = clock_wall_ns() };
	pipeline_start(run->pipeline, r);
}

void
cli_ask_fini(struct cli_ask *ask)
{
	request_fini(&ask->request);
}

bool
cli_split_url(
    struct slice url, struct slice *host, struct slice *uri, struct err *e)
{
	*host = SLICE("localhost");
	*uri = url;
	/* A path may have :// as well: where a key, or an overlay's, is a URL. */
	for (size_t i = 0; i + 3 <= url.len && url.at[0] != '/'; i++) {
		if (memcmp(url.at + i, "://", 3) != 0)
			continue;
		*uri = slice_skip(url, i + 3);
		*host = *uri;
		host->len = slice_find(*uri, '/');
		*uri = slice_skip(*uri, host->len);
		host->len = slice_find(*host, ':');
		break;
	}
	if (uri->len == 0 || uri->at[0] != '/')
		return err_set(
		    e, ERR_SYSTEM, "a URL starts with / or with http://");
	return true;
}

bool
cli_plan(const struct route *route, struct slice path, struct slice query,
    struct plan *plan, struct err *e)
{
	const struct dialect_in in = { .path = path,
		.query = query,
		.accept = SLICE(""),
		.stores = route->mount->stores.item,
		.nstore = route->mount->stores.n,
		.buckets = route->buckets,
		.gaps = route->gaps,
		.formats = route->results };

	plan_init(plan);
	return route->dialect->parse(&in, plan, e) &&
	    plan_check(plan, &route->policy, e);
}

bool
cli_conf(
    const struct cli *cli, struct slice text, struct conf **out, struct err *e)
{
	if (cli->config != NULL)
		return conf_load(cli->config, environ, out, e);
	return conf_load_text(text, "defaults", environ, out, e);
}
