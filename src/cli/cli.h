/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: one command, one file. Every command runs the same
 * modules as the daemon, all but http.
 */
#pragma once

#include "base/err.h"
#include "cache/cache.h"
#include "conf/conf.h"
#include "render/render.h"

/* What the words before the command's own arguments said. */
struct cli {
	const char *config; /* --config FILE; NULL: none */
	bool local;         /* --local: render without a sandbox */
	bool quiet;         /* --quiet: no figures */
	char **arg;         /* the command's arguments, NULL-terminated */
	int narg;
};

/* A command returns true, or false with e->detail as its one line. */
bool cli_render(const struct cli *cli, struct err *e) must_check;
bool cli_explain(const struct cli *cli, struct err *e) must_check;
bool cli_check(const struct cli *cli, struct err *e) must_check;

/* The configuration of --config, or text where there is none; with the
 * environment, as the daemon would read it. */
bool cli_conf(const struct cli *cli, struct slice text, struct conf **out,
    struct err *e) must_check;

/*
 * One GET through a pipeline of its own, made for conf (borrowed) and taken
 * down again. *entry: the result, a reference. Fails as a request does; what
 * a client would be told is in e.
 */
bool cli_get(const struct conf *conf, struct slice uri, struct slice accept,
    struct cache_entry **entry, struct err *e) must_check;

/* One line for people from an error that a client may be told of. */
void cli_error_print(const struct err *e, char *out, size_t size);
