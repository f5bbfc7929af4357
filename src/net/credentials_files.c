/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of AWS's tools: ~/.aws/credentials and ~/.aws/config.
 *
 * Their INI has habits of its own: "[profile name]" in the one, "[name]" in the
 * other, a comment behind a blank ends a value, and what is indented belongs
 * to the key above it. Lines that are nothing are passed over, as the tools do.
 */
#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/secret.h"
#include "net/credentials_private.h"

enum { FILE_MAX = 1024 * 1024 };

/* ---- Lines ---- */

static struct slice
next_line(struct slice *rest)
{
	struct slice line = slice_cut(rest, '\n');

	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Without what begins with # or ; behind a blank, or at the start. */
static struct slice
without_comment(struct slice line)
{
	for (size_t i = 0; i < line.len; i++) {
		bool at_word = i == 0 || is_blank(line.at[i - 1]);

		if (at_word && (line.at[i] == '#' || line.at[i] == ';'))
			line.len = i;
	}
	return slice_trim(line);
}

/* "[profile name]" is kind "profile" and the name; "[name]" has no kind. */
static bool
is_section(struct slice line, const char *kind, const char *name)
{
	struct slice word;

	line.len = slice_find(line, ']');
	line = slice_trim(slice_skip(line, 1));
	if (kind[0] != '\0') {
		word = (struct slice){ line.at, 0 };
		while (word.len < line.len && !is_blank(line.at[word.len]))
			word.len++;
		if (!slice_is(word, kind) || word.len == line.len)
			return false;
		line = slice_trim(slice_skip(line, word.len));
	}
	if (line.len >= 2 && line.at[0] == '"' && line.at[line.len - 1] == '"')
		line = (struct slice){ line.at + 1, line.len - 2 };
	return slice_is(line, name);
}

/* Where to look: a section, and in it below a key, or not. */
struct place {
	const char *kind, *name;
	const char *parent; /* NULL: not below one */
};

/*
 * The last value of a key, as the tools have it; at NULL: there is none. With
 * key NULL: any place in the section, which says that it is there.
 */
static struct slice
find(struct slice text, const struct place *place, const char *key)
{
	struct slice found = { NULL, 0 };
	bool inside = false, below = false;

	while (text.at != NULL) {
		struct slice line = next_line(&text);
		const bool indented = line.len > 0 && is_blank(line.at[0]);
		struct slice value, word;

		if (line.len > 0 && line.at[0] == '[') {
			inside = is_section(line, place->kind, place->name);
			below = false;
			if (inside && key == NULL)
				return line;
			continue;
		}
		value = without_comment(line);
		if (!inside || value.len == 0)
			continue;
		word = slice_trim(slice_cut(&value, '='));
		if (value.at == NULL)
			continue;
		if (!indented && place->parent != NULL)
			below = slice_eq_nocase(word, slice_of(place->parent));
		if (key != NULL && indented == (place->parent != NULL) &&
		    (!indented || below) &&
		    slice_eq_nocase(word, slice_of(key)))
			found = slice_trim(value);
	}
	return found;
}

/* ---- Profiles ---- */

/* "default" is the one profile that config may name without its kind. */
static struct slice
find_in_config(const struct profiles *p, const char *profile, const char *key)
{
	const struct slice text = { p->config, p->config_size };
	struct place place = { "profile", profile, NULL };
	struct slice found = find(text, &place, key);

	place.kind = "";
	if (found.at == NULL && strcmp(profile, "default") == 0)
		found = find(text, &place, key);
	return found;
}

static char *
copy(struct slice found)
{
	char *out;

	if (found.at == NULL || found.len == 0)
		return NULL;
	out = xcalloc(found.len + 1, 1);
	memcpy(out, found.at, found.len);
	return out;
}

bool
profiles_has(const struct profiles *p, const char *profile)
{
	const struct slice text = { p->credentials, p->credentials_size };
	const struct place place = { "", profile, NULL };

	return find(text, &place, NULL).at != NULL ||
	    find_in_config(p, profile, NULL).at != NULL;
}

char *
profiles_get(const struct profiles *p, const char *profile, const char *key)
{
	const struct slice text = { p->credentials, p->credentials_size };
	const struct place place = { "", profile, NULL };
	struct slice found = find(text, &place, key);

	return copy(found.at != NULL ? found : find_in_config(p, profile, key));
}

char *
profiles_service(
    const struct profiles *p, const char *profile, const char *service)
{
	const struct slice text = { p->config, p->config_size };
	char *services = profiles_get(p, profile, "services");
	const struct place place = { "services", services, service };
	char *found = NULL;

	if (services != NULL)
		found = copy(find(text, &place, "endpoint_url"));
	free(services);
	return found;
}

/* ---- Files ---- */

/* Its path; false: there is no place where it could be. */
static bool
path_of(const struct chain *c, const char *variable, const char *below_home,
    char path[PATH_MAX], bool *named)
{
	const char *set = chain_env(c, variable);
	const char *home = chain_env(c, "HOME");
	int n;

	*named = set != NULL;
	if (set == NULL && home == NULL)
		return false;
	n = snprintf(path, PATH_MAX, "%s%s", set != NULL ? set : home,
	    set != NULL ? "" : below_home);
	return n > 0 && n < PATH_MAX;
}

static bool
read_one(const struct chain *c, const char *variable, const char *below_home,
    char **text, size_t *size, struct err *e)
{
	char path[PATH_MAX];
	struct stat st;
	bool named;

	/*
	 * A home that is closed to a service is no fault (systemd's ProtectHome
	 * makes it look like that), a file that is named and closed is one.
	 */
	if (!path_of(c, variable, below_home, path, &named))
		return true;
	if (stat(path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR))
		return true;
	if (fd_read_file(path, FILE_MAX, text, size, e))
		return true;
	if (!named)
		return true;
	e->code = ERR_CONFIG;
	return false;
}

bool
profiles_read(const struct chain *c, struct profiles *out, struct err *e)
{
	struct profiles p = { .credentials = NULL };

	if (!read_one(c, "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials",
		&p.credentials, &p.credentials_size, e) ||
	    !read_one(c, "AWS_CONFIG_FILE", "/.aws/config", &p.config,
		&p.config_size, e)) {
		profiles_free(&p);
		return false;
	}
	*out = p;
	return true;
}

static void
wipe(char **text, size_t *size)
{
	if (*text != NULL)
		secret_wipe(*text, *size);
	free(*text);
	*text = NULL;
	*size = 0;
}

void
profiles_free(struct profiles *p)
{
	wipe(&p->credentials, &p->credentials_size);
	wipe(&p->config, &p->config_size);
}

static uint64_t
mark_one(const struct chain *c, const char *variable, const char *below_home)
{
	char path[PATH_MAX];
	struct stat st;
	uint64_t mark = 0;
	bool named;

	if (!path_of(c, variable, below_home, path, &named) ||
	    stat(path, &st) != 0)
		return 0;
	mark = (uint64_t)st.st_mtim.tv_sec * 1000000007U;
	mark = (mark ^ (uint64_t)st.st_mtim.tv_nsec) * 1000000007U;
	mark = (mark ^ (uint64_t)st.st_size) * 1000000007U;
	return (mark ^ (uint64_t)st.st_ino) | 1;
}

uint64_t
profiles_mark(const struct chain *c)
{
	return mark_one(c, "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials") *
	    31 +
	    mark_one(c, "AWS_CONFIG_FILE", "/.aws/config");
}
