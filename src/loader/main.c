/* SPDX-License-Identifier: Apache-2.0 */
/* pictor-loader: what to do from the arguments, nothing else. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/conf.h"
#include "loader/migrate.h"
#include "loader/options.h"
#include "loader/run.h"
#include "loader/upkeep.h"
#include "sql/sql.h"

static int
fail(const struct err *e)
{
	fprintf(stderr, "pictor-loader: %s%s%s\n", e->detail,
	    e->hint[0] != '\0' ? "; " : "", e->hint);
	return 1;
}

/* --migrate, and --check, which only looks. */
static bool
schema(const struct conf *conf, const struct options *o, struct err *e)
{
	struct upkeep *upkeep;
	struct sql *sql = NULL;
	int applied;
	bool ok;

	if (!sql_open(conf, "pictor-loader", &sql, NULL, e))
		return false;
	ok = migrate(sql, o->migrate, &applied, e);
	if (ok && o->migrate) {
		upkeep = upkeep_new(conf);
		upkeep_run(upkeep, sql);
		upkeep_free(upkeep);
	}
	if (ok && !o->quiet)
		printf("%s: the schema is at migration %d, %d applied now\n",
		    sql_where(sql), migrate_last(), applied);
	sql_close(sql);
	return ok;
}

static int
work(const struct conf *conf, const struct options *o)
{
	struct err e = { .code = ERR_NONE };

	log_level_set(
	    o->quiet ? LOG_LEVEL_WARNING : (enum log_level)conf->log_level);
	if (o->migrate || o->check)
		return schema(conf, o, &e) ? 0 : fail(&e);
	return run(conf, o);
}

int
main(int argc, char **argv)
{
	struct conf *conf = NULL;
	struct options o;
	struct err e = { .code = ERR_NONE };
	int status;

	if (!options_read(argc, argv, &o, &e)) {
		(void)fail(&e);
		return 2;
	}
	if (o.help) {
		options_help(stdout);
		return 0;
	}
	if (o.version) {
		printf("pictor-loader %s\n", PACKAGE_VERSION);
		return 0;
	}
	if (o.generate != NULL && strcmp(o.generate, "pictor-loader.8") == 0) {
		options_manual(stdout);
		return 0;
	}
	if (o.generate != NULL) {
		(void)err_set(
		    &e, ERR_CONFIG, "--generate takes pictor-loader.8");
		(void)fail(&e);
		return 2;
	}
	if (!conf_load(o.config, environ, &conf, &e))
		return fail(&e);
	status = work(conf, &o);
	conf_drop(conf);
	return status;
}
