/* SPDX-License-Identifier: Apache-2.0 */
/* pictor render: from arguments to originals, a place, and a query. */
#include "cli/render_words.h"

#include <sys/stat.h>

#include <string.h>
#include <unistd.h>

#include "base/codec.h"
#include "cli/client.h"
#include "cli/remote.h"
#include "cli/target.h"
#include "route.h"

/* "width=300", but not "./a=b.jpg". */
static bool
is_param(const char *arg)
{
	size_t n = strspn(arg,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return n > 0 && arg[n] == '=';
}

static bool
is_folder(const char *path)
{
	struct stat st;
	size_t n = strlen(path);

	if (remote_is(path))
		return false;
	return (n > 0 && path[n - 1] == '/') ||
	    (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

static bool
names_format(const char *param)
{
	static const char *const names[] = { "format=", "f=", "fm=" };

	for (size_t i = 0; i < NELEM(names); i++)
		if (strncmp(param, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

bool
render_words_stdin(const struct render_words *w)
{
	return strcmp(w->in[0], "-") == 0;
}

/*
 * The place behind "overlay=" and "overlay2=" of a further image beside the
 * caller, as standard input is nowhere; 0: it is none.
 */
static size_t
names_overlay(const struct render_words *w, const char *param)
{
	size_t n = strlen("overlay");

	if (!render_words_stdin(w) || strncmp(param, "overlay", n) != 0)
		return 0;
	n += param[n] >= '1' && param[n] <= '9';
	return param[n] == '=' && param[n + 1] != '/' ? n + 1 : 0;
}

/* Parameters and the format as one query. */
static bool
make_query(const struct cli *cli, struct render_words *w, struct err *e)
{
	const char *dot = w->out != NULL ? strrchr(w->out, '.') : NULL;
	const char *format = cli->format;
	size_t need = 64;
	size_t n = 0;

	for (int i = 0; i < cli->narg; i++)
		need += 3 * strlen(cli->arg[i]) + sizeof("//" RENDER_HERE "/");
	if (format != NULL)
		need += 3 * strlen(format);
	w->query = xcalloc(need, 1);
	for (int i = 0; i < cli->narg; i++) {
		if (!is_param(cli->arg[i]))
			continue;
		if (cli->format != NULL && names_format(cli->arg[i]))
			return err_set(e, ERR_CONFIG,
			    "--format and %.40s: one of them", cli->arg[i]);
		if (names_format(cli->arg[i]))
			dot = NULL;
		w->query[n] = '&';
		n += n > 0;
		const char *rest = cli->arg[i] + names_overlay(w, cli->arg[i]);

		if (rest != cli->arg[i])
			n += (size_t)snprintf(w->query + n, need - n,
			    "%.*s//" RENDER_HERE "/", (int)(rest - cli->arg[i]),
			    cli->arg[i]);
		n += codec_percent_encode(slice_of(rest), "=,:;", w->query + n);
	}
	if (format == NULL && dot != NULL && dot[1] != '\0' &&
	    strchr(dot, '/') == NULL)
		format = dot + 1;
	if (format != NULL) {
		n += (size_t)snprintf(
		    w->query + n, need - n, "%sformat=", n > 0 ? "&" : "");
		n += codec_percent_encode(slice_of(format), "", w->query + n);
	}
	w->query[n] = '\0';
	return true;
}

static bool
check_place(const struct cli *cli, const struct render_words *w, struct err *e)
{
	bool is_stdin = false;

	if (remote_is(w->folder != NULL ? w->folder : w->out))
		return err_set(e, ERR_CONFIG,
		    "results are files: %.100s is none",
		    w->folder != NULL ? w->folder : w->out);
	for (int i = 0; i < w->nin; i++)
		is_stdin = is_stdin || strcmp(w->in[i], "-") == 0;
	if (is_stdin && w->nin > 1)
		return err_set(
		    e, ERR_CONFIG, "standard input cannot stand among others");
	if (w->folder == NULL && (cli->name != NULL || cli->suffix != NULL))
		return err_set(e, ERR_CONFIG,
		    "--name and --suffix are for results in a folder");
	if (w->folder != NULL && strcmp(w->folder, "-") == 0)
		return err_set(e, ERR_CONFIG,
		    "several results cannot go to standard output");
	if (w->folder == NULL && strcmp(w->out, "-") == 0) {
		if (cli->json)
			return err_set(e, ERR_CONFIG,
			    "--json prints where the result would go");
		if (isatty(STDOUT_FILENO) == 1)
			return err_set(e, ERR_CONFIG,
			    "an image is not for a terminal; name a file, or "
			    "redirect standard output");
	}
	if (cli->suffix != NULL && strchr(cli->suffix, '/') != NULL)
		return err_set(e, ERR_CONFIG, "--suffix has no /");
	return cli->name == NULL || target_check_name(cli->name, e);
}

bool
render_words_read(const struct cli *cli, struct render_words *w, struct err *e)
{
	*w = (struct render_words){ .folder = cli->to };
	w->sorted = xcalloc((size_t)cli->narg + 1, sizeof(*w->sorted));
	for (int i = 0; i < cli->narg; i++)
		if (!is_param(cli->arg[i]))
			w->sorted[w->nin++] = cli->arg[i];
	w->in = w->sorted;
	if (cli->to == NULL && w->nin >= 2) {
		const char *last = w->sorted[--w->nin];

		if (w->nin > 1 || is_folder(last) || is_folder(w->in[0]))
			w->folder = last;
		else
			w->out = last;
	} else if (w->nin < 1 || cli->to == NULL) {
		return err_set(e, ERR_CONFIG,
		    "%s missing; usage: pictor render %s",
		    w->nin < 1 ? "an original is" : "OUT or --to is",
		    command_row(COMMAND_RENDER)->args);
	}
	return check_place(cli, w, e) && make_query(cli, w, e);
}

void
render_words_free(struct render_words *w)
{
	free(w->sorted);
	free(w->query);
}

/* There any path can stand, a file has comments and blanks. */
static char *
root_variable(const char *store, const char *root)
{
	size_t size = strlen(store) + strlen(root) + 32;
	char *variable = xcalloc(size, 1);

	(void)snprintf(variable, size, "PICTOR_STORE_%s_ROOT=%s", store, root);
	return variable;
}

/* remotes_conf() left room for it. */
static void
add_root(char **env, const char *store, const char *root)
{
	while (*env != NULL)
		env++;
	*env = root_variable(store, root);
}

bool
render_words_conf(const struct cli *cli, const struct render_places *places,
    size_t jobs, struct conf **conf, struct err *e)
{
	const bool here = places->here != NULL;
	char **env = NULL;
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	bool ok;

	if (f == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	fprintf(f,
	    "[render]\nworkers = %zu\nmode = %s\ntimeout = %lldms\n"
	    "queue_time = 1h\nqueue_jobs = 1000\nqueue_cost = 1e9\n"
	    "queue_bytes = 512G\n"
	    "[http]\ndeadline = 1h\n[origin]\ntimeout = 1h\n"
	    "[cache]\nmemory = 0\n"
	    "[limit]\noriginal_bytes = 512M\nresult_bytes = 512M\n"
	    "side = 65535\npixels = 500000000\nresult_pixels = 500000000\n"
	    "[store.files]\nfailures = 0\n%s"
	    "[mount.files]\npath = /\ndialect = query\nmax_cost = 1e9\n"
	    "max_width = 65535\nmax_height = 65535\noriginals = all\n%s",
	    jobs, cli->local ? "local" : "jail",
	    (long long)(cli->timeout / 1000000),
	    here ? "[store." RENDER_HERE "]\nfailures = 0\n" : "",
	    here ? "stores = files " RENDER_HERE "\n" : "");
	remotes_conf(places->remotes, f, &env);
	(void)fclose(f);
	add_root(env, "FILES", places->root);
	if (here)
		add_root(env, "HERE", places->here);
	ok = conf_load_text(slice_of(text), "pictor render", env, conf, e);
	remotes_env_free(env);
	free(text);
	return ok;
}

bool
render_words_check(
    const struct conf *conf, const struct render_words *w, struct err *e)
{
	scoped_free struct plan *plan = xcalloc(1, sizeof(*plan));
	struct routes *routes = NULL;
	bool ok;

	if (!routes_new_take(conf_ref(conf), &routes, e))
		return false;
	ok = cli_plan(
	    &routes->route[0], SLICE("/image"), slice_of(w->query), plan, e);
	routes_drop(routes);
	return ok;
}
