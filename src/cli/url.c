/* SPDX-License-Identifier: Apache-2.0 */
/* pictor url: makes a URL, or says one in another language. */
#include <string.h>

#include "base/codec.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "route.h"

enum { URL_ROOM = 65536 };

static bool
is_url(const char *arg)
{
	return arg[0] == '/' || strstr(arg, "://") != NULL;
}

/* The first mount of the language. */
static bool
find_route(const struct routes *routes, const char *language,
    const struct route **out, struct err *e)
{
	struct cli_near near = { .word = slice_of(language) };
	char hint[64];

	for (size_t i = 0; i < routes->n; i++) {
		*out = &routes->route[i];
		if (strcmp((*out)->dialect->name, language) == 0)
			return true;
	}
	for (size_t i = 0; dialect_all[i] != NULL; i++) {
		cli_near_try(&near, dialect_all[i]->name);
		if (strcmp(dialect_all[i]->name, language) == 0)
			return err_set(e, ERR_CONFIG,
			    "no mount of the configuration has the language %s",
			    language);
	}
	cli_near_print(&near, hint, sizeof(hint));
	return err_set(e, ERR_CONFIG, "there is no language %.40s%s", language,
	    near.best != NULL ? hint : "; there are query and dit");
}

/* The URL of the arguments, in the language of a mount. */
static bool
plan_of_url(const struct cli *cli, const struct routes *routes,
    struct plan *plan, struct err *e)
{
	const struct route *route = NULL;
	struct slice host;
	struct slice query;
	struct slice path;
	size_t prefix;

	if (cli->narg > 1)
		return err_set(e, ERR_CONFIG,
		    "parameters stand in the URL, not behind it");
	if (!cli_split_url(slice_of(cli->arg[0]), &host, &query, e))
		return false;
	path = slice_cut(&query, '?');
	if (cli->from != NULL && !find_route(routes, cli->from, &route, e))
		return false;
	if (route == NULL)
		route = routes_find(routes, path);
	if (route == NULL)
		return err_set(e, ERR_NO_SOURCE, "no mount has this path");
	/* With --from, the prefix may be left out. */
	prefix = strlen(route->mount->path) - 1;
	if (slice_starts(path, slice_of(route->mount->path)))
		path = slice_skip(path, prefix);
	return cli_plan(route, path, query, plan, e);
}

/* KEY NAME=VALUE ... in the query language. */
static bool
plan_of_words(const struct cli *cli, const struct routes *routes,
    struct plan *plan, struct err *e)
{
	const struct route *route = NULL;
	size_t need = 2;
	size_t n = 1;
	scoped_free char *url = NULL;
	struct slice query;
	struct slice path;

	if (cli->from != NULL)
		return err_set(e, ERR_CONFIG,
		    "--from is for a URL, which begins with / or has ://");
	if (!find_route(routes, "query", &route, e))
		return false;
	for (int i = 0; i < cli->narg; i++)
		need += strlen(cli->arg[i]) * 3 + 1;
	url = xcalloc(need, 1);
	url[0] = '/';
	n += codec_percent_encode(slice_of(cli->arg[0]), "/", url + n);
	for (int i = 1; i < cli->narg; i++) {
		url[n++] = i == 1 ? '?' : '&';
		n += codec_percent_encode(
		    slice_of(cli->arg[i]), "=,:;", url + n);
	}
	query = (struct slice){ url, n };
	path = slice_cut(&query, '?');
	return cli_plan(route, path, query, plan, e);
}

/* The step of that name in a plan's line; empty: there is none. */
static struct slice
find_step(const char *line, struct slice name)
{
	struct slice rest = slice_of(line);

	while (rest.at != NULL) {
		struct slice step = slice_trim(slice_cut(&rest, '|'));
		struct slice words = step;

		if (slice_eq(slice_cut(&words, ' '), name))
			return step;
	}
	return (struct slice){ NULL, 0 };
}

static bool
has_word(struct slice step, struct slice word)
{
	while (step.at != NULL)
		if (slice_eq(slice_cut(&step, ' '), word))
			return true;
	return false;
}

/* What one plan says of its steps and the other one does not. */
static void
print_missing(const char *head, const char *line, const char *other)
{
	struct slice rest = slice_of(line);

	while (rest.at != NULL) {
		struct slice words = slice_trim(slice_cut(&rest, '|'));
		struct slice name = slice_cut(&words, ' ');
		struct slice its = find_step(other, name);
		bool said = its.at == NULL;

		if (said)
			fprintf(stderr, "  %s %.*s", head, SLICE_ARG(name));
		while (words.at != NULL) {
			struct slice word = slice_cut(&words, ' ');

			if (has_word(its, word))
				continue;
			if (!said)
				fprintf(
				    stderr, "  %s %.*s", head, SLICE_ARG(name));
			fprintf(stderr, " %.*s", SLICE_ARG(word));
			said = true;
		}
		if (said)
			fputc('\n', stderr);
	}
}

static bool
print_near(const struct plan *asked, const struct plan *said)
{
	scoped_free char *line = xcalloc(2, PLAN_LINE);
	struct plan copy = *said;

	copy.out.accepts = asked->out.accepts;
	plan_print(asked, true, line);
	plan_print(&copy, true, line + PLAN_LINE);
	if (strcmp(line, line + PLAN_LINE) == 0)
		return true;
	fputs("pictor: this is not quite the same:\n", stderr);
	print_missing("asked:", line, line + PLAN_LINE);
	print_missing("said: ", line + PLAN_LINE, line);
	return false;
}

/*
 * A language prints by what it knows; whether the mount reads the same from it
 * is seen by reading it.
 */
static bool
print_url(const struct cli *cli, const struct route *route,
    const struct plan *plan, struct err *e)
{
	scoped_free char *url = xcalloc(URL_ROOM, 1);
	scoped_free struct plan *again = xcalloc(1, sizeof(*again));
	struct slice query;
	struct slice path;
	struct slice base = slice_of(cli->base);
	bool same = route->dialect->print(plan, url, URL_ROOM, e);

	if (!same && (!cli->near || url[0] == '\0'))
		return err_hint(e, "--near prints the nearest that it can say");
	query = slice_of(url);
	path = slice_cut(&query, '?');
	if (!cli_plan(route, path, query, again, e))
		return false;
	if (cli->near || !same)
		(void)print_near(plan, again);
	if (!slice_eq(plan_slice(plan, plan->source[0].store),
		plan_slice(again, again->source[0].store)))
		return err_set(e, ERR_NOT_SUPPORTED,
		    "the mount %s has another store", route->mount->name);
	while (base.len > 0 && base.at[base.len - 1] == '/')
		base.len--;
	printf("%.*s%.*s%s\n", SLICE_ARG(base),
	    (int)strlen(route->mount->path) - 1, route->mount->path, url);
	return true;
}

int
cli_url(const struct cli *cli)
{
	scoped_free struct plan *plan = xcalloc(1, sizeof(*plan));
	const struct route *to = NULL;
	struct routes *routes = NULL;
	struct conf *conf = NULL;
	struct err e;
	bool ok;

	if (!cli_conf(cli, SLICE(""), &conf, &e) ||
	    !routes_new_take(conf, &routes, &e))
		return cli_fail(&e);
	ok = find_route(routes, cli->dialect != NULL ? cli->dialect : "query",
		 &to, &e) &&
	    (is_url(cli->arg[0]) ? plan_of_url(cli, routes, plan, &e)
				 : plan_of_words(cli, routes, plan, &e)) &&
	    plan_check(plan, &to->policy, &e) && print_url(cli, to, plan, &e);
	routes_drop(routes);
	return ok ? STATUS_OK : cli_fail(&e);
}
