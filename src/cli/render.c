/* SPDX-License-Identifier: Apache-2.0 */
/* pictor render IN OUT key=value...: a file through the whole pipeline. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/fd.h"
#include "cli/cli.h"

enum { URI_ROOM = 16384 };

/* "cat 1.jpg", "width=300", ... -> "/cat%201.jpg?width=300&..." */
static bool
make_uri(const struct cli *cli, const char *name, char *uri, struct err *e)
{
	size_t n = 0;
	bool has_format = false;
	const char *dot = strrchr(cli->arg[1], '.');

	for (int i = 2; i < cli->narg; i++)
		n += strlen(cli->arg[i]) * 3 + 1;
	if (n + strlen(name) * 3 + 64 > URI_ROOM)
		return err_set(e, ERR_SYSTEM, "too many parameters");
	uri[0] = '/';
	n = 1 + codec_percent_encode(slice_of(name), "", uri + 1);
	for (int i = 2; i < cli->narg; i++) {
		if (strchr(cli->arg[i], '=') == NULL)
			return err_set(e, ERR_SYSTEM,
			    "%s is not of the form key=value", cli->arg[i]);
		has_format |= strncmp(cli->arg[i], "format=", 7) == 0 ||
		    strncmp(cli->arg[i], "f=", 2) == 0 ||
		    strncmp(cli->arg[i], "fm=", 3) == 0;
		uri[n++] = i == 2 ? '?' : '&';
		n += codec_percent_encode(slice_of(cli->arg[i]), "=,", uri + n);
	}
	uri[n] = '\0';
	if (!has_format && dot != NULL && strchr(dot, '/') == NULL)
		(void)snprintf(uri + n, URI_ROOM - n, "%cformat=%.16s",
		    cli->narg > 2 ? '&' : '?', dot + 1);
	return true;
}

static bool
make_conf(const struct cli *cli, const char *folder, struct conf **conf,
    struct err *e)
{
	char text[PATH_MAX + 512];

	if (strpbrk(folder, "\r\n") != NULL)
		return err_set(e, ERR_SYSTEM, "a folder name with a newline");
	(void)snprintf(text, sizeof(text),
	    "[render]\nworkers = 1\nmode = %s\n"
	    "[cache]\nmemory = 0\n"
	    "[store.files]\nroot = %s\n"
	    "[mount.files]\npath = /\ndialect = query\nmax_cost = 1e9\n"
	    "max_width = 65535\nmax_height = 65535\noriginals = all\n",
	    cli->local ? "local" : "jail", folder);
	return conf_load_text(slice_of(text), "pictor render", NULL, conf, e);
}

/* Whole or not at all: written beside it and renamed. */
static bool
write_out(const char *path, struct blob_view bytes, struct err *e)
{
	char beside[PATH_MAX];
	scoped_fd fd = -1;

	if (strcmp(path, "-") == 0) {
		if (fd_write_all(STDOUT_FILENO, bytes.data, bytes.size))
			return true;
		return err_errno(e, ERR_SYSTEM, errno, "standard output");
	}
	if ((size_t)snprintf(beside, sizeof(beside), "%s.XXXXXX", path) >=
	    sizeof(beside))
		return err_set(e, ERR_SYSTEM, "%s: the name is too long", path);
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_SYSTEM, errno, "%s", path);
	if (!fd_write_all(fd, bytes.data, bytes.size) ||
	    fchmod(fd, 0644) != 0 || rename(beside, path) != 0) {
		err_errno(e, ERR_SYSTEM, errno, "%s", path);
		(void)unlink(beside);
		return false;
	}
	return true;
}

static void
print_figures(const struct cli *cli, const struct facts *f, int64_t took_ns)
{
	if (cli->quiet)
		return;
	fprintf(stderr,
	    "%s: %s %ux%u, %llu bytes, from %s %ux%u, %llu bytes; "
	    "%.1f ms of work, %.1f ms in all\n",
	    cli->arg[1], format_row((enum format)f->to)->name, f->result.width,
	    f->result.height, (unsigned long long)f->result_bytes,
	    format_row((enum format)f->from)->name, f->original.width,
	    f->original.height, (unsigned long long)f->original_bytes,
	    (double)(f->open_ns + f->work_ns) / 1e6, (double)took_ns / 1e6);
}

bool
cli_render(const struct cli *cli, struct err *e)
{
	scoped_free char *in = realpath(cli->arg[0], NULL);
	scoped_free char *folder = NULL;
	scoped_free char *uri = xcalloc(URI_ROOM, 1);
	struct cache_entry *entry = NULL;
	struct conf *conf = NULL;
	int64_t began = clock_ns();
	bool ok = false;

	if (in == NULL)
		return err_errno(e, ERR_SYSTEM, errno, "%s", cli->arg[0]);
	folder = xstrdup(in);
	if (!make_uri(cli, strrchr(in, '/') + 1, uri, e) ||
	    /* One thread as yet. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	    !make_conf(cli, dirname(folder), &conf, e))
		return false;
	if (cli_get(conf, slice_of(uri), SLICE(""), &entry, e)) {
		ok = write_out(cli->arg[1], blob_look(entry->body), e);
		if (ok)
			print_figures(cli, &entry->facts, clock_ns() - began);
		cache_entry_drop(entry);
	}
	conf_drop(conf);
	return ok;
}
