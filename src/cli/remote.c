/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/remote.h"

#include <string.h>

#include "base/codec.h"
#include "base/secret.h"
#include "net/ask.h"
#include "net/guard.h"

static const char s3_scheme[] = "s3://";

bool
remote_is(const char *arg)
{
	static const char *const schemes[] = { s3_scheme, "http://",
		"https://" };

	for (size_t i = 0; i < NELEM(schemes); i++)
		if (strncmp(arg, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

/* ---- Which store ---- */

/* The user's, asked once. */
static bool
load(const struct cli *cli, struct remotes *r, struct err *e)
{
	return r->conf != NULL || cli_conf(cli, SLICE(""), &r->conf, e);
}

/* Its number, from 1; row NULL: our own. */
static bool
use(struct remotes *r, const struct conf_store *row, int *number, struct err *e)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->store[i] == row) {
			*number = (int)i + 1;
			return true;
		}
	if (r->n == REMOTE_STORES_MAX)
		return err_set(e, ERR_CONFIG,
		    "originals of more than %d stores at one time",
		    REMOTE_STORES_MAX);
	r->store[r->n++] = row;
	*number = (int)r->n;
	return true;
}

static bool
find_s3(struct remotes *r, struct cli_file *f, struct err *e)
{
	struct slice rest = slice_of(f->shown + sizeof(s3_scheme) - 1);
	const struct slice name = slice_cut(&rest, '/');
	const struct conf_store *found = conf_store_find(r->conf, name);

	if (found != NULL && found->type != STORE_S3)
		found = NULL;
	for (size_t i = 0; found == NULL && i < r->conf->nstore; i++)
		if (r->conf->store[i].type == STORE_S3 &&
		    slice_is(name, r->conf->store[i].bucket))
			found = &r->conf->store[i];
	if (found == NULL)
		return err_set(e, ERR_CONFIG,
		    "%.100s: there is no store of type s3 whose name or bucket "
		    "is %.*s%s",
		    f->shown, name.len < 80 ? (int)name.len : 80, name.at,
		    r->conf->file == NULL ? " (no --config is given)" : "");
	if (rest.len == 0)
		return err_set(
		    e, ERR_CONFIG, "%.100s: there is no key in it", f->shown);
	f->key = xstrdup(rest.at);
	return use(r, found, &f->remote, e);
}

/* Behind the endpoint, if it begins so: decoded, as a key. */
static char *
below_endpoint(const struct conf_store *s, const char *url)
{
	struct slice rest = slice_of(url);
	struct slice begin = slice_of(s->endpoint);
	struct err e;
	size_t n = 0;
	char *key;

	if (begin.len > 0 && begin.at[begin.len - 1] == '/')
		begin.len--;
	if (begin.len == 0 || !slice_starts(rest, begin))
		return NULL;
	rest = slice_skip(rest, begin.len);
	if (rest.len < 2 || rest.at[0] != '/' ||
	    memchr(rest.at, '?', rest.len) != NULL)
		return NULL;
	rest = slice_skip(rest, 1);
	key = xcalloc(rest.len + 1, 1);
	if (codec_percent(rest, key, &n, &e))
		return key;
	free(key);
	return NULL;
}

/* A store of type http that would answer this URL; its key for it. */
static char *
key_in(const struct conf_store *s, const char *url)
{
	const struct guard_spec spec = { .allow = s->allow.item,
		.networks = s->networks.item };
	struct guard *guard = NULL;
	struct err e;
	bool fits;

	if (s->type != STORE_HTTP)
		return NULL;
	if (s->endpoint[0] != '\0')
		return below_endpoint(s, url);
	if (!guard_new(&spec, &guard, &e))
		return NULL;
	fits = guard_url(guard, slice_of(url), &e);
	guard_free(guard);
	return fits ? xstrdup(url) : NULL;
}

/* "https://host:port/" into the list of our own store's sites, once. */
static bool
add_site(struct remotes *r, const char *url, struct err *e)
{
	struct ask_url parts;
	char site[ASK_HOST_MAX + 16];
	const size_t have = r->sites != NULL ? strlen(r->sites) : 0;
	char *more;

	if (!ask_url_read(url, &parts, e))
		return false;
	(void)snprintf(site, sizeof(site), "%s://%s/ ",
	    parts.https ? "https" : "http", parts.origin);
	if (r->sites != NULL && strstr(r->sites, site) != NULL)
		return true;
	more = xcalloc(have + strlen(site) + 1, 1);
	(void)snprintf(more, have + strlen(site) + 1, "%s%s",
	    r->sites != NULL ? r->sites : "", site);
	free(r->sites);
	r->sites = more;
	return true;
}

static bool
find_url(struct remotes *r, struct cli_file *f, struct err *e)
{
	for (size_t i = 0; i < r->conf->nstore; i++) {
		f->key = key_in(&r->conf->store[i], f->shown);
		if (f->key != NULL)
			return use(r, &r->conf->store[i], &f->remote, e);
	}
	f->key = xstrdup(f->shown);
	return add_site(r, f->shown, e) && use(r, NULL, &f->remote, e);
}

bool
remotes_find(const struct cli *cli, struct cli_files *files, struct remotes *r,
    struct err *e)
{
	*r = (struct remotes){ .n = 0 };
	for (size_t i = 0; i < files->n; i++) {
		struct cli_file *f = &files->file[i];
		const bool s3 =
		    strncmp(f->shown, s3_scheme, sizeof(s3_scheme) - 1) == 0;

		if (f->real != NULL || f->fault != NULL)
			continue;
		if (!load(cli, r, e) ||
		    !(s3 ? find_s3(r, f, e) : find_url(r, f, e))) {
			remotes_fini(r);
			return false;
		}
	}
	return true;
}

/* ---- As a configuration ---- */

static size_t
own_env(const struct remotes *r, const char *name, char **env)
{
	static const char *const rows[][2] = { { "TYPE", "http" },
		{ "ALLOW", NULL }, { "FAILURES", "0" } };

	for (size_t i = 0; i < NELEM(rows); i++) {
		const char *value = rows[i][1] != NULL ? rows[i][1] : r->sites;
		const size_t size =
		    strlen(value) + strlen(name) + strlen(rows[i][0]) + 32;

		env[i] = xcalloc(size, 1);
		(void)snprintf(env[i], size, "PICTOR_STORE_%s_%s=%s", name,
		    rows[i][0], value);
	}
	return NELEM(rows);
}

/* One that has failed is asked for the next original all the same. */
static size_t
store_env(const struct conf_store *store, const char *name, char **env)
{
	struct conf_store patient = *store;

	patient.failures = 0;
	return conf_store_env(&patient, name, env);
}

void
remotes_conf(const struct remotes *r, FILE *text, char ***env)
{
	char **all = xcalloc(r->n * CONF_STORE_ENV_MAX + 3, sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		char name[24];

		(void)snprintf(name, sizeof(name), "R%zu", i + 1);
		n += r->store[i] != NULL ? store_env(r->store[i], name, all + n)
					 : own_env(r, name, all + n);
		fprintf(text,
		    "[store.r%zu]\nfailures = 0\n[mount.r%zu]\npath = /r%zu/\n"
		    "stores = r%zu\ndialect = query\nmax_cost = 1e9\n"
		    "max_width = 65535\nmax_height = 65535\n"
		    "originals = all\n",
		    i + 1, i + 1, i + 1, i + 1);
	}
	*env = all;
}

void
remotes_env_free(char **env)
{
	for (char **v = env; v != NULL && *v != NULL; v++) {
		secret_wipe(*v, strlen(*v));
		free(*v);
	}
	free(env);
}

void
remotes_fini(struct remotes *r)
{
	free(r->sites);
	conf_drop(r->conf);
	*r = (struct remotes){ .n = 0 };
}
