/* SPDX-License-Identifier: Apache-2.0 */
/* Results' names, and results on disk. */
#include "cli/target.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "plan/op.h"

/* ---- Names ---- */

enum token {
	TOKEN_NAME,
	TOKEN_EXT,
	TOKEN_WIDTH,
	TOKEN_HEIGHT,
	TOKEN_INDEX,
	TOKEN_COUNT
};
static const char *const tokens[TOKEN_COUNT] = { "name", "ext", "width",
	"height", "index" };

/* The token between { and }, of which it finds the end. */
static bool
find_token(const char *open, enum token *token, const char **end)
{
	*end = strchr(open, '}');
	for (int i = 0; *end != NULL && i < TOKEN_COUNT; i++) {
		struct slice word = { open + 1, (size_t)(*end - open - 1) };

		if (slice_is(word, tokens[i])) {
			*token = (enum token)i;
			return true;
		}
	}
	return false;
}

bool
target_check_name(const char *name, struct err *e)
{
	enum token token;
	const char *end;

	if (name[0] == '/' || strstr(name, "..") != NULL)
		return err_set(e, ERR_CONFIG,
		    "--name %.80s: it must lie below the folder", name);
	for (const char *at = strchr(name, '{'); at != NULL;
	     at = strchr(end, '{'))
		if (!find_token(at, &token, &end))
			return err_set(e, ERR_CONFIG,
			    "--name %.80s: there are {name}, {ext}, {width}, "
			    "{height} and {index}",
			    name);
	return true;
}

/* The ending of the result's format; the original's own where it fits. */
static const char *
extension(const struct cli_file *file, const struct facts *facts)
{
	const char *dot = strrchr(file->below, '.');
	enum format named;

	if (dot != NULL && strchr(dot, '/') == NULL &&
	    format_find(slice_of(dot + 1), &named) &&
	    (uint32_t)named == facts->to)
		return dot + 1;
	return format_row((enum format)facts->to)->extension;
}

struct path {
	char *out;
	size_t n;
};

static void
put(struct path *p, const char *text, size_t len)
{
	if (p->n + len >= PATH_MAX) {
		p->n = PATH_MAX;
		return;
	}
	memcpy(p->out + p->n, text, len);
	p->n += len;
	p->out[p->n] = '\0';
}

static void
put_token(struct path *p, enum token token, const struct cli_file *file,
    struct slice name, size_t index, const struct facts *facts)
{
	char number[24];
	unsigned long long value = 0;

	switch (token) {
	case TOKEN_NAME:
		put(p, name.at, name.len);
		return;
	case TOKEN_EXT:
		put(p, extension(file, facts), strlen(extension(file, facts)));
		return;
	case TOKEN_WIDTH:
		value = facts->result.width;
		break;
	case TOKEN_HEIGHT:
		value = facts->result.height;
		break;
	case TOKEN_INDEX:
	case TOKEN_COUNT:
		value = index;
		break;
	}
	(void)snprintf(number, sizeof(number), "%llu", value);
	put(p, number, strlen(number));
}

bool
target_path(const struct target *t, const struct cli_file *file, size_t index,
    const struct facts *facts, char out[PATH_MAX], struct err *e)
{
	const char *rest = t->cli->name != NULL ? t->cli->name : "{name}.{ext}";
	const char *slash = strrchr(file->below, '/');
	struct slice name = slice_of(slash != NULL ? slash + 1 : file->below);
	struct path p = { .out = out };
	const char *suffix = t->cli->suffix != NULL ? t->cli->suffix : "";
	enum token token;

	out[0] = '\0';
	if (t->folder == NULL) {
		put(&p, t->single, strlen(t->single));
		return true;
	}
	for (size_t i = name.len; i-- > 1;) {
		if (name.at[i] == '.') {
			name.len = i;
			break;
		}
	}
	put(&p, t->folder, strlen(t->folder));
	put(&p, "/", 1);
	if (slash != NULL)
		put(&p, file->below, (size_t)(slash + 1 - file->below));
	for (const char *at = strchr(rest, '{'); at != NULL;
	     at = strchr(rest, '{')) {
		const char *end = at;

		put(&p, rest, (size_t)(at - rest));
		/* target_check_name() has seen that it is one. */
		if (find_token(at, &token, &end))
			put_token(&p, token, file, name, index, facts);
		if (find_token(at, &token, &end) && token == TOKEN_NAME)
			put(&p, suffix, strlen(suffix));
		rest = end + 1;
	}
	put(&p, rest, strlen(rest));
	return p.n < PATH_MAX ||
	    err_set(e, ERR_SYSTEM, "%s: the result's name is too long",
		file->shown);
}

/* ---- Writing ---- */

void
target_init(struct target *t, const struct cli *cli,
    const struct cli_files *files, const char *folder, const char *single)
{
	mode_t mask = umask(0);

	(void)umask(mask);
	*t = (struct target){ .cli = cli,
		.files = files,
		.folder = folder,
		.single = single,
		.mode = 0666 & ~mask };
}

void
target_fini(struct target *t)
{
	tdestroy(t->written, free);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Every folder of the path. */
static bool
make_folders(const char *path, struct err *e)
{
	char folder[PATH_MAX];

	(void)snprintf(folder, sizeof(folder), "%s", path);
	for (char *at = strchr(folder + 1, '/'); at != NULL;
	     at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(folder, 0777) != 0 && errno != EEXIST)
			return err_errno(e, ERR_SYSTEM, errno, "%s", folder);
		*at = '/';
	}
	return true;
}

/* Beside it, then renamed. */
static bool
replace(const struct target *t, const char *path, struct blob_view bytes,
    struct err *e)
{
	char beside[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int folder = slash != NULL ? (int)(slash + 1 - path) : 0;
	scoped_fd fd = -1;

	if (folder + 20 > PATH_MAX)
		return err_set(e, ERR_SYSTEM, "%s: the name is too long", path);
	(void)snprintf(
	    beside, sizeof(beside), "%.*s.pictor-XXXXXX", folder, path);
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_SYSTEM, errno, "%s", path);
	if (fd_write_all(fd, bytes.data, bytes.size) &&
	    fchmod(fd, t->mode) == 0 && rename(beside, path) == 0)
		return true;
	err_errno(e, ERR_SYSTEM, errno, "%s", path);
	(void)unlink(beside);
	return false;
}

static bool
write_to(int fd, const char *path, struct blob_view bytes, struct err *e)
{
	return (fd >= 0 && fd_write_all(fd, bytes.data, bytes.size)) ||
	    err_errno(e, ERR_SYSTEM, errno, "%s", path);
}

bool
target_write(
    struct target *t, const char *path, struct blob_view bytes, struct err *e)
{
	const char *place = path;
	char real[PATH_MAX];
	struct stat st;
	char *name;

	if (strcmp(path, "-") == 0)
		return write_to(STDOUT_FILENO, "standard output", bytes, e);
	if (t->folder != NULL && !make_folders(path, e))
		return false;
	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return err_set(e, ERR_SYSTEM, "%s is a folder", path);
		if (files_have(t->files, &st))
			return err_set(e, ERR_SYSTEM,
			    "%s is an original, which is never overwritten",
			    path);
		if (!S_ISREG(st.st_mode)) {
			scoped_fd fd = open(path, O_WRONLY | O_CLOEXEC);

			return write_to(fd, path, bytes, e);
		}
		/* A link stays one. */
		if (realpath(path, real) != NULL)
			place = real;
	}
	if (tfind(path, &t->written, compare) != NULL)
		return err_set(e, ERR_SYSTEM,
		    "%s is the result of another original, too; --name with "
		    "{index} tells them apart",
		    path);
	if (!replace(t, place, bytes, e))
		return false;
	name = xstrdup(path);
	if (tsearch(name, &t->written, compare) == NULL)
		free(name);
	return true;
}
