/* SPDX-License-Identifier: Apache-2.0 */
/* The originals: paths in their order, folders' files by their names. */
#include "cli/files.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "cli/remote.h"
#include "plan/op.h"

static struct cli_file *
add(struct cli_files *files)
{
	if (files->n == files->room) {
		size_t room = files->room > 0 ? 2 * files->room : 64;
		struct cli_file *more = xcalloc(room, sizeof(*more));

		if (files->n > 0)
			memcpy(more, files->file, files->n * sizeof(*more));
		free(files->file);
		files->file = more;
		files->room = room;
	}
	return &files->file[files->n++];
}

static void
add_fault(struct cli_files *files, const char *path, int errnum)
{
	struct cli_file *f = add(files);

	f->shown = xstrdup(path);
	f->below = xstrdup("");
	/* One thread as yet. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	f->fault = xstrdup(strerror(errnum));
}

static void
add_file(struct cli_files *files, const FTSENT *entry, size_t skip)
{
	char *real = realpath(entry->fts_path, NULL);
	struct cli_file *f;

	if (real == NULL) {
		add_fault(files, entry->fts_path, errno);
		return;
	}
	f = add(files);
	f->real = real;
	f->shown = xstrdup(entry->fts_path);
	f->below = xstrdup(entry->fts_path + skip);
	f->id = (struct cli_id){ entry->fts_statp->st_dev,
		entry->fts_statp->st_ino };
}

/* By its first bytes, as the server does; its name says nothing. */
static bool
is_image(const char *path)
{
	uint8_t head[1024];
	enum format format;
	scoped_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd >= 0 ? fd_read_full(fd, head, sizeof(head)) : -1;

	/* One that cannot be read is not passed over in silence. */
	return n < 0 || format_sniff(head, (size_t)n, &format);
}

static bool
is_out(const struct cli_files *files, const struct stat *st)
{
	return files->out.ino != 0 && st->st_dev == files->out.dev &&
	    st->st_ino == files->out.ino;
}

/* skip: bytes of the path that are not kept below the results' folder. */
static void
visit(struct cli_files *files, FTS *fts, FTSENT *entry, size_t skip)
{
	bool hidden = entry->fts_level > 0 && entry->fts_name[0] == '.';

	switch (entry->fts_info) {
	case FTS_D:
		if (hidden || is_out(files, entry->fts_statp))
			(void)fts_set(fts, entry, FTS_SKIP);
		break;
	case FTS_F:
		if (entry->fts_level == 0 ||
		    (!hidden && is_image(entry->fts_path)))
			add_file(files, entry, skip);
		else
			files->passed_over++;
		break;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		add_fault(files, entry->fts_path, entry->fts_errno);
		break;
	case FTS_DP:
	case FTS_DC:
	case FTS_DOT:
		break;
	default: /* links, pipes, devices */
		if (entry->fts_level == 0)
			add_fault(files, entry->fts_path,
			    entry->fts_info == FTS_SLNONE ? ENOENT : EINVAL);
		else
			files->passed_over++;
		break;
	}
}

static int
compare(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* Where the last part of a path begins; slashes at its end do not count. */
static size_t
last_part(const char *path)
{
	size_t n = strlen(path);

	while (n > 0 && path[n - 1] == '/')
		n--;
	while (n > 0 && path[n - 1] != '/')
		n--;
	return n;
}

/* Its last part is its name; a query is none of it. */
static void
add_remote(struct cli_files *files, const char *url)
{
	struct cli_file *f = add(files);
	struct slice path = slice_of(url);
	size_t at;

	if (strncmp(url, "s3:", 3) != 0) {
		path.len = slice_find(path, '#');
		path.len = slice_find(path, '?');
	}
	f->shown = xstrdup(url);
	f->below = xcalloc(path.len + 8, 1);
	memcpy(f->below, url, path.len);
	at = last_part(f->below);
	memmove(f->below, f->below + at, path.len - at + 1);
	f->below[strcspn(f->below, "/")] = '\0';
	if (f->below[0] == '\0' || f->below[0] == '.')
		memcpy(f->below, "image", sizeof("image"));
}

static bool
walk(struct cli_files *files, const char *path, bool several, struct err *e)
{
	scoped_free char *copy = xstrdup(path);
	char *paths[] = { copy, NULL };
	size_t keep = last_part(path);
	FTSENT *entry;
	FTS *fts = fts_open(
	    paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, compare);

	if (fts == NULL)
		return err_errno(e, ERR_SYSTEM, errno, "%s", path);
	errno = 0;
	while ((entry = fts_read(fts)) != NULL) {
		size_t skip = keep;

		/* What is in the only folder is kept without its name. */
		if (!several && entry->fts_level > 0)
			skip = strlen(path);
		while (entry->fts_path[skip] == '/')
			skip++;
		visit(files, fts, entry, skip);
	}
	(void)fts_close(fts);
	return true;
}

/* Whether a folder's name can stand in a configuration. */
static bool
is_settable(const char *path, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)path[i] < ' ' || path[i] == 0x7f ||
		    (path[i] == ';' && i > 0 && path[i - 1] == ' '))
			return false;
	return true;
}

/* The longest folder that all paths are in; a shorter one does as well. */
static char *
common_root(const struct cli_files *files)
{
	char *root = NULL;
	size_t len = 0;

	for (size_t i = 0; i < files->n; i++) {
		const char *real = files->file[i].real;

		if (real == NULL)
			continue;
		if (root == NULL) {
			root = xstrdup(real);
			len = last_part(real);
		}
		while (len > 1 &&
		    (strncmp(root, real, len) != 0 || root[len - 1] != '/'))
			len--;
	}
	if (root == NULL)
		return xstrdup("/");
	while (len > 1 && (!is_settable(root, len) || root[len - 1] != '/'))
		len--;
	root[len] = '\0';
	return root;
}

static int
compare_ids(const void *a, const void *b)
{
	const struct cli_id *x = a;
	const struct cli_id *y = b;

	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	return (x->dev > y->dev) - (x->dev < y->dev);
}

static void
sort_ids(struct cli_files *files)
{
	files->ids = xcalloc(files->n + 1, sizeof(*files->ids));
	for (size_t i = 0; i < files->n; i++)
		files->ids[i] = files->file[i].id;
	qsort(files->ids, files->n, sizeof(*files->ids), compare_ids);
}

bool
files_find(char *const *arg, int n, const char *out, struct cli_files *files,
    struct err *e)
{
	struct stat st;

	memset(files, 0, sizeof(*files));
	if (out != NULL && stat(out, &st) == 0)
		files->out = (struct cli_id){ st.st_dev, st.st_ino };
	for (int i = 0; i < n; i++) {
		if (remote_is(arg[i])) {
			add_remote(files, arg[i]);
			continue;
		}
		if (!walk(files, arg[i], n > 1, e)) {
			files_free(files);
			return false;
		}
	}
	files->root = common_root(files);
	sort_ids(files);
	return true;
}

bool
files_have(const struct cli_files *files, const struct stat *st)
{
	const struct cli_id id = { st->st_dev, st->st_ino };

	return bsearch(&id, files->ids, files->n, sizeof(id), compare_ids) !=
	    NULL;
}

void
files_free(struct cli_files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		free(files->file[i].shown);
		free(files->file[i].real);
		free(files->file[i].below);
		free(files->file[i].fault);
		free(files->file[i].key);
	}
	free(files->file);
	free(files->ids);
	free(files->root);
	memset(files, 0, sizeof(*files));
}
