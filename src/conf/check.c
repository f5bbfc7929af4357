/* SPDX-License-Identifier: Apache-2.0 */
/* What concerns more than one key, or more than a row's limits can say. */
#include "base/codec.h"
#include "base/num.h"
#include "conf/build.h"

/* Of resize's width and height (op.def); a list cannot say it in its row. */
enum { SIZE_MAX_PX = 65535, FORWARD_MAX = 16 };

/* As build_fail(), for a key by name: says where it was set. */
static bool
fail_key(const struct conf_part *part, const char *section, const char *key,
    struct err *e, const char *why)
{
	struct slice in = slice_of(section);
	const struct conf_row *row =
	    build_key(part->table, &in, slice_of(key)).row;
	const struct conf_where *where = &part->where[row - part->table->rows];

	/* What nobody set is missed where its section begins. */
	if (where->file == NULL && where->env == NULL)
		where = &part->made;
	return build_fail(where, part, row, e, "%s", why);
}

static bool
list_has(const struct conf_list *list, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list->item[i], word) == 0)
			return true;
	return false;
}

/* NULL, or the first word that stands twice. */
static const char *
list_twice(const struct conf_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list_has(list, i, list->item[i]))
			return list->item[i];
	return NULL;
}

static const char *
path_wrong(const char *path)
{
	struct slice s = slice_of(path);

	if (!slice_starts(s, SLICE("/")) || !slice_ends(s, SLICE("/")))
		return "must begin and end with /";
	if (slice_starts(s, SLICE("/-/")))
		return "may not be below /-/, which is the server's own";
	if (strstr(path, "//") != NULL)
		return "may not hold //";
	/* It is compared with the path of the URL before any decoding. */
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] <= ' ' || s.at[i] > '~' ||
		    strchr("%?#\"<>\\^`{|}", s.at[i]) != NULL)
			return "must be written as in a URL: letters, digits "
			       "and -._~!$&'()*+,;=:@/";
	return NULL;
}

static bool
host_ok(const char *host)
{
	struct slice s = slice_of(host);

	if (slice_starts(s, SLICE("[")) && slice_ends(s, SLICE("]")))
		return s.len > 2;
	if (slice_starts(s, SLICE("*.")))
		s = slice_skip(s, 2);
	for (size_t i = 0; i < s.len; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXY"
			   "Z0123456789.-_",
			s.at[i]) == NULL)
			return false;
	return s.len > 0;
}

static bool
check_hosts(
    const struct conf_part *part, const struct conf_mount *m, struct err *e)
{
	for (size_t i = 0; i < m->hosts.n; i++)
		if (!host_ok(m->hosts.item[i]))
			return fail_key(part, "mount", "hosts", e,
			    "a host is a name without port, such as "
			    "img.example.org or *.example.org");
	return true;
}

static bool
check_sizes(
    const struct conf_part *part, const struct conf_mount *m, struct err *e)
{
	int64_t ignored;

	for (size_t i = 0; i < m->sizes.n; i++)
		if (!num_int(
			slice_of(m->sizes.item[i]), 1, SIZE_MAX_PX, &ignored))
			return fail_key(part, "mount", "sizes", e,
			    "a size is a whole number of pixels from 1 to "
			    "65535");
	return true;
}

static bool
check_stores(const struct conf_build *b, const struct conf_part *part,
    const struct conf_mount *m, struct err *e)
{
	char why[ERR_TEXT_MAX];

	for (size_t i = 0; i < m->stores.n; i++) {
		const char *name = m->stores.item[i];

		if (conf_store_find(b->conf, slice_of(name)) != NULL)
			continue;
		snprintf(why, sizeof(why),
		    "there is no section [store.%.40s]; the first of those "
		    "there are is [store.%s]",
		    name, b->conf->store[0].name);
		return fail_key(part, "mount", "stores", e, why);
	}
	return true;
}

/* Lists in which a word may not stand twice, nor none at all. */
static bool
check_lists(
    const struct conf_part *part, const struct conf_mount *m, struct err *e)
{
	const struct {
		const char *key;
		const struct conf_list *list;
		bool needed;
	} lists[] = {
		{ "stores", &m->stores, true },
		{ "formats", &m->formats, false },
		{ "originals", &m->originals, false },
		{ "hosts", &m->hosts, false },
		{ "sizes", &m->sizes, false },
	};

	for (size_t i = 0; i < NELEM(lists); i++) {
		if (lists[i].needed && lists[i].list->n == 0)
			return fail_key(part, "mount", lists[i].key, e,
			    "needs at least one word");
		if (list_twice(lists[i].list) != NULL)
			return fail_key(part, "mount", lists[i].key, e,
			    "names something twice");
	}
	return true;
}

/* RFC 9110, 15.3.5, 15.3.6 and 15.4.5. */
static bool
status_has_body(int status)
{
	return status != 204 && status != 205 && status != 304;
}

/* STORE/KEY, of one of the mount's stores. */
static bool
check_fallback(
    const struct conf_part *part, const struct conf_mount *m, struct err *e)
{
	struct slice key = slice_of(m->fallback);
	struct slice store = slice_cut(&key, '/');
	bool own = false;

	if (m->fallback[0] == '\0')
		return true;
	if (key.len == 0)
		return fail_key(part, "mount", "fallback", e,
		    "is a store and a key in it, such as files/missing.png");
	for (size_t i = 0; i < m->stores.n && !own; i++)
		own = slice_is(store, m->stores.item[i]);
	if (!own)
		return fail_key(part, "mount", "fallback", e,
		    "must begin with one of the mount's stores and /");
	if ((m->fallback_status != 0 && m->fallback_status < 200) ||
	    !status_has_body((int)m->fallback_status))
		return fail_key(part, "mount", "fallback_status", e,
		    "is 0 or from 200 to 599, but for 204, 205 and 304, which "
		    "have no body");
	return true;
}

static bool
check_mount(
    const struct conf_build *b, const struct conf_part *part, struct err *e)
{
	const struct conf_mount *m = part->base;
	const char *why = path_wrong(m->path);

	if (why != NULL)
		return fail_key(part, "mount", "path", e, why);
	if (m->dialect[0] == '\0')
		return fail_key(
		    part, "mount", "dialect", e, "needs a URL language");
	if (strlen(m->tenant) > CONF_NAME_MAX)
		return fail_key(part, "mount", "tenant", e,
		    "is at most 31 characters long");
	for (const struct conf_part *other = b->life->part; other < part;
	     other++) {
		const struct conf_mount *o = other->base;

		if (other->table == part->table &&
		    strcmp(o->path, m->path) == 0)
			return fail_key(part, "mount", "path", e,
			    "another mount has this path already");
	}
	return check_lists(part, m, e) && check_hosts(part, m, e) &&
	    check_sizes(part, m, e) && check_stores(b, part, m, e) &&
	    check_fallback(part, m, e);
}

/*
 * Headers of a request that are not sent along: secrets of its viewer, since
 * results are cached; where it was sent to; and what concerns one transfer.
 */
static bool
forward_ok(const char *name)
{
	static const char *const viewers[] = { "Authorization", "Cookie",
		"Host" };
	struct slice s = slice_of(name);

	for (size_t i = 0; i < NELEM(viewers); i++)
		if (slice_eq_nocase(s, slice_of(viewers[i])))
			return false;
	return conf_header_is_named(s) && !conf_header_is_own(s);
}

static bool
check_forward(
    const struct conf_part *part, const struct conf_store *s, struct err *e)
{
	if (s->forward.n > 0 && s->type != STORE_HTTP)
		return fail_key(part, "store", "forward", e,
		    "is for stores of type http alone");
	if (s->forward.n > FORWARD_MAX)
		return fail_key(
		    part, "store", "forward", e, "holds at most 16 names");
	if (list_twice(&s->forward) != NULL)
		return fail_key(
		    part, "store", "forward", e, "names something twice");
	for (size_t i = 0; i < s->forward.n; i++)
		if (!forward_ok(s->forward.item[i]))
			return fail_key(part, "store", "forward", e,
			    "a name is that of a header, and never of one that "
			    "identifies viewers (Authorization, Cookie) or "
			    "concerns a single transfer");
	return true;
}

/* What each kind of store cannot do without. */
static bool
check_store(
    const struct conf_part *part, const struct conf_store *s, struct err *e)
{
	if (s->type == STORE_FILE && s->root[0] == '\0')
		return fail_key(part, "store", "root", e,
		    "needs the folder of the originals");
	if (s->type == STORE_S3 && s->bucket[0] == '\0')
		return fail_key(
		    part, "store", "bucket", e, "needs the name of the bucket");
	if (s->type == STORE_HTTP && s->endpoint[0] == '\0' && s->allow.n == 0)
		return fail_key(part, "store", "allow", e,
		    "needs the URLs that may be read, or endpoint one that "
		    "keys are appended to");
	if ((s->access_key[0] == '\0') != (s->secret_key[0] == '\0'))
		return fail_key(part, "store",
		    s->access_key[0] == '\0' ? "access_key" : "secret_key", e,
		    "access_key and secret_key go together");
	if ((s->client_cert[0] == '\0') != (s->client_key[0] == '\0'))
		return fail_key(part, "store",
		    s->client_cert[0] == '\0' ? "client_cert" : "client_key", e,
		    "client_cert and client_key go together");
	return check_forward(part, s, e);
}

/* RFC 6454, 6.1, and Fetch, 3.3.3: one origin, or every one. */
static bool
cors_ok(const char *origin)
{
	struct slice s = slice_of(origin);
	struct slice host;

	if (s.len == 0 || slice_is(s, "*") || slice_is(s, "null"))
		return true;
	if (slice_starts(s, SLICE("https://")))
		host = slice_skip(s, strlen("https://"));
	else if (slice_starts(s, SLICE("http://")))
		host = slice_skip(s, strlen("http://"));
	else
		return false;
	for (size_t i = 0; i < host.len; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789.-_:[]",
			host.at[i]) == NULL)
			return false;
	return host.len > 0;
}

static bool
check_main(const struct conf_build *b, struct err *e)
{
	const struct conf_part *part = &b->life->part[0];
	const struct conf *c = b->conf;

	if (c->http_listen.n == 0)
		return fail_key(
		    part, "http", "listen", e, "needs at least one address");
	if (list_twice(&c->http_listen) != NULL)
		return fail_key(
		    part, "http", "listen", e, "names an address twice");
	for (size_t i = 0; i < c->http_admin.n; i++)
		if (list_has(&c->http_listen, c->http_listen.n,
			c->http_admin.item[i]))
			return fail_key(part, "http", "admin", e,
			    "is also an address of listen");
	if (!cors_ok(c->http_cors_origin))
		return fail_key(part, "http", "cors_origin", e,
		    "is *, or one origin in lower case without a path, such "
		    "as https://www.example.org");
	return true;
}

bool
build_check(const struct conf_build *b, struct err *e)
{
	const struct conf_life *life = b->life;

	if (!check_main(b, e))
		return false;
	for (size_t i = 1; i < life->npart; i++) {
		const struct conf_part *part = &life->part[i];
		const struct conf_store *s = part->base;

		if (part->table == conf_table(CONF_STORE_TABLE) &&
		    !check_store(part, s, e))
			return false;
		if (part->table == conf_table(CONF_MOUNT_TABLE) &&
		    !check_mount(b, part, e))
			return false;
	}
	return true;
}
