/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pictor check: is the configuration right, and can this machine do the work?
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/lock.h"
#include "cli/cli.h"
#include "conf/conf.h"
#include "image/image.h"
#include "origin/origin.h"
#include "render/render.h"
#include "route.h"

/* An 8x8 grey ramp as PNG. */
/* clang-format off */
static const uint8_t tiny_png[] = {
	0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d,
	0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x08,
	0x08, 0x00, 0x00, 0x00, 0x00, 0xe1, 0x64, 0xe1, 0x57, 0x00, 0x00, 0x00,
	0x2a, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0x60, 0x10, 0x50, 0x30,
	0x70, 0x08, 0x48, 0x28, 0x80, 0xd1, 0x0d, 0x0c, 0x50, 0x7a, 0x02, 0x03,
	0x94, 0x5e, 0xc0, 0x00, 0xa5, 0x37, 0x30, 0x40, 0xe9, 0x03, 0x0c, 0x50,
	0xfa, 0x02, 0x03, 0x94, 0x7e, 0x00, 0x00, 0x1e, 0x75, 0x1c, 0x01, 0x9f,
	0x44, 0x8f, 0x6d, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae,
	0x42, 0x60, 0x82,
};
/* clang-format on */

struct waiting {
	struct lock lock;
	struct cond done;
	bool is_done under(lock);
};

static void
job_done(struct render_job *job)
{
	struct waiting *w = job->owner;

	lock_take(&w->lock);
	w->is_done = true;
	cond_wake_all(&w->done);
	lock_drop(&w->lock);
}

static bool
try_format(const struct conf *conf, struct render *render, enum format f,
    struct err *e)
{
	scoped_free struct plan *plan = xcalloc(1, sizeof(*plan));
	struct waiting w = { .is_done = false };
	struct render_job job = { .plan = plan,
		.conf = conf,
		.originals = FORMAT_BIT(FORMAT_PNG),
		.results = FORMAT_BIT(f),
		.domain = "check",
		.deadline_ns = clock_ns() + 20 * NS_PER_S,
		.done = job_done,
		.owner = &w };

	plan_init(plan);
	plan->out.format = (uint16_t)f;
	job.original = blob_copy(tiny_png, sizeof(tiny_png));
	if (job.original == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	lock_init(&w.lock);
	cond_init(&w.done);
	if (render_submit(render, &job, e)) {
		lock_take(&w.lock);
		while (!w.is_done)
			(void)cond_wait(&w.done, &w.lock, CLOCK_NEVER);
		lock_drop(&w.lock);
	}
	cond_fini(&w.done);
	lock_fini(&w.lock);
	blob_drop(job.original);
	blob_drop(job.result);
	if (!job.ok && job.err.code != ERR_NONE)
		*e = job.err;
	return job.ok;
}

static bool
try_formats(const struct cli *cli, const struct conf *conf, format_set set,
    struct err *e)
{
	struct render *render = NULL;
	bool ok = true;

	if (!render_new(conf, "/proc/self/exe", &render, e))
		return false;
	if (!cli->quiet)
		printf("worker ready (%s)\n",
		    conf->render_mode == RENDER_JAIL ? "sandboxed" : "local");
	for (int f = FORMAT_FIRST; ok && f < FORMAT_COUNT; f++) {
		if ((set & FORMAT_BIT(f)) == 0)
			continue;
		/* One that a mount names is there: render_new() has looked. */
		if ((image_can_save() & FORMAT_BIT(f)) == 0) {
			if (!cli->quiet)
				printf("%s is not in this libvips\n",
				    format_row((enum format)f)->name);
			continue;
		}
		ok = try_format(conf, render, (enum format)f, e);
		if (!cli->quiet)
			printf("%s %s\n", format_row((enum format)f)->name,
			    ok ? "can be written" : "FAILED");
	}
	render_free(render);
	return ok;
}

/* ---- Stores ---- */

struct trial {
	const struct cli *cli;
	struct origin *origin;
	struct origin_stores *stores;
	unsigned failed;
};

static void
say(void *owner, const char *line)
{
	const struct trial *t = owner;

	if (!t->cli->quiet)
		printf("  %s\n", line);
}

static void
try_store(struct trial *t, const struct conf_store *row, int64_t timeout_ns,
    const char *key)
{
	static const char *const types[] = {
		[STORE_FILE] = "file", [STORE_S3] = "s3", [STORE_HTTP] = "http"
	};
	const struct origin_probe p = { .stores = t->stores,
		.store = row->name,
		.key = key,
		.deadline_ns =
		    clock_ns() + (row->timeout > 0 ? row->timeout : timeout_ns),
		.say = say,
		.owner = t };
	char line[768];
	struct err e;

	if (!t->cli->quiet)
		printf("store %s (%s)\n", row->name, types[row->type]);
	if (origin_probe(t->origin, &p, &e))
		return;
	t->failed++;
	cli_error_print(&e, line, sizeof(line));
	(void)fflush(stdout);
	cli_complain("store %s: %s", row->name, line);
}

/* "photos/2026/cat.jpg" of the arguments: what is behind the store's name. */
static const char *
key_of(const struct cli *cli, const struct conf_store *row)
{
	const size_t n = strlen(row->name);

	for (int i = 0; i < cli->narg; i++)
		if (strncmp(cli->arg[i], row->name, n) == 0 &&
		    cli->arg[i][n] == '/' && cli->arg[i][n + 1] != '\0')
			return cli->arg[i] + n + 1;
	return NULL;
}

static bool
check_words(const struct cli *cli, const struct conf *conf, struct err *e)
{
	for (int i = 0; i < cli->narg; i++) {
		struct slice rest = slice_of(cli->arg[i]);
		const struct slice name = slice_cut(&rest, '/');

		if (rest.len == 0 || conf_store_find(conf, name) == NULL)
			return err_set(e, ERR_CONFIG,
			    "%.100s is not STORE/KEY with a store of the "
			    "configuration",
			    cli->arg[i]);
	}
	return true;
}

/* All of them, also behind one that fails. */
static bool
try_stores(const struct cli *cli, const struct conf *conf, unsigned *failed,
    struct err *e)
{
	struct trial t = { .cli = cli };

	if (!origin_new(conf, &t.origin, e))
		return false;
	if (!origin_open(t.origin, conf, &t.stores, e)) {
		origin_free(t.origin);
		return false;
	}
	for (size_t i = 0; i < conf->nstore; i++)
		try_store(&t, &conf->store[i], conf->origin_timeout,
		    key_of(cli, &conf->store[i]));
	origin_stores_drop(t.stores);
	origin_free(t.origin);
	*failed = t.failed;
	return true;
}

static bool
check(const struct cli *cli, unsigned *failed, struct err *e)
{
	struct conf *conf = NULL;
	struct routes *routes = NULL;
	bool ok = false;

	if (!cli_conf(cli,
		cli->local ? SLICE("[render]\nworkers = 1\nmode = local\n")
			   : SLICE("[render]\nworkers = 1\n"),
		&conf, e))
		return false;
	if (!routes_new_take(conf, &routes, e))
		return false;
	if (!cli->quiet)
		printf("configuration %s; mounts: %zu; stores: %zu\n%s\n",
		    cli->config != NULL ? cli->config : "(defaults)",
		    conf->nmount, conf->nstore, image_version());
	ok = check_words(cli, conf, e) && origin_check(conf, e) &&
	    try_stores(cli, conf, failed, e) &&
	    try_formats(cli, conf, routes_formats(routes, false), e);
	routes_drop(routes);
	return ok;
}

int
cli_check(const struct cli *cli)
{
	struct err e = { .code = ERR_NONE };
	unsigned failed = 0;

	for (int i = 0; i < cli->narg; i++)
		if (strchr(cli->arg[i], '/') == NULL) {
			cli_complain(
			    "%s: not a store and an original in it, as "
			    "files/photo.jpg",
			    cli->arg[i]);
			return STATUS_USAGE;
		}
	if (!check(cli, &failed, &e))
		return cli_fail(&e);
	return failed == 0 ? STATUS_OK : STATUS_FAILED;
}
