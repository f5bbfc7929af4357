/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain of providers, in AWS's order, and what they share.
 *
 * Who is configured and fails ends it. What needs no network (files, profiles,
 * addresses) is looked at when the chain is made, so that a wrong configuration
 * is an error of the start.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/num.h"
#include "base/secret.h"
#include "net/credentials_private.h"

enum { PAUSE_MS = 100 }; /* before the second question; then twice that */

/* ---- Texts ---- */

const char *
chain_env(const struct chain *c, const char *name)
{
	const size_t n = strlen(name);

	for (char **v = c->env; *v != NULL; v++)
		if (strncmp(*v, name, n) == 0 && (*v)[n] == '=')
			return (*v)[n + 1] != '\0' ? *v + n + 1 : NULL;
	return NULL;
}

static bool
env_is(const struct chain *c, const char *name, const char *word)
{
	const char *value = chain_env(c, name);

	return value != NULL &&
	    slice_eq_nocase(slice_of(value), slice_of(word));
}

void
chain_wipe_free(char *text)
{
	if (text != NULL)
		secret_wipe(text, strlen(text));
	free(text);
}

/* What can be a key: a header or a form will hold it. */
static bool
is_key(const char *text)
{
	size_t n = 0;

	for (; text[n] != '\0'; n++)
		if (text[n] <= ' ' || text[n] > '~' || n >= CREDENTIAL_KEY_MAX)
			return false;
	return n > 0;
}

/* It is never sent; some stores take any password, with blanks inside. */
static bool
is_secret(const char *text)
{
	size_t n = 0;

	for (; text[n] != '\0'; n++)
		if (text[n] < ' ' || text[n] > '~' || n >= CREDENTIAL_KEY_MAX)
			return false;
	return n > 0 && text[0] != ' ' && text[n - 1] != ' ';
}

struct credential *
chain_credential(const char *access, const char *secret, const char *token,
    const char *provider)
{
	struct credential *c;

	if (token != NULL && token[0] == '\0')
		token = NULL;
	if (access == NULL || secret == NULL || !is_key(access) ||
	    !is_secret(secret) || (token != NULL && !is_key(token)))
		return NULL;
	c = xcalloc(1, sizeof(*c));
	c->access = xstrdup(access);
	c->secret = xstrdup(secret);
	c->token = token != NULL ? xstrdup(token) : NULL;
	c->expires_s = INT64_MAX;
	c->provider = provider;
	c->count = 1;
	return c;
}

bool
chain_is_region(struct slice text)
{
	if (text.len == 0 || text.len >= CREDENTIAL_REGION_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		const char a = text.at[i];

		if (!(a >= 'a' && a <= 'z') && !(a >= '0' && a <= '9') &&
		    a != '-')
			return false;
	}
	return true;
}

bool
chain_read_line(const char *path, size_t max, char **out, struct err *e)
{
	char *text = NULL;
	size_t size = 0;

	if (!fd_read_file(path, max, &text, &size, e)) {
		e->code = ERR_ORIGIN_DENIED;
		return false;
	}
	if (size > 0 && text[size - 1] == '\n')
		text[--size] = '\0';
	if (size > 0 && strlen(text) == size &&
	    ask_is_clean((struct slice){ text, size })) {
		*out = text;
		return true;
	}
	secret_wipe(text, size);
	free(text);
	return err_set(e, ERR_ORIGIN_DENIED, "%.150s: %s", path,
	    size == 0 ? "the token is empty"
		      : "the token has line breaks or other control bytes");
}

static bool
digits(struct slice *rest, size_t n, int64_t min, int64_t max, int64_t *out)
{
	struct slice part = { rest->at, n };

	if (rest->len < n || part.at[0] == '-' || !num_int(part, min, max, out))
		return false;
	*rest = slice_skip(*rest, n);
	return true;
}

static bool
take(struct slice *rest, const char *any)
{
	if (rest->len == 0 || strchr(any, rest->at[0]) == NULL)
		return false;
	*rest = slice_skip(*rest, 1);
	return true;
}

/* Days since 1970 (Howard Hinnant's days_from_civil). */
static int64_t
days_of(int64_t y, int64_t m, int64_t d)
{
	const int64_t year = y - (m <= 2 ? 1 : 0);
	const int64_t era = year / 400;
	const int64_t yoe = year - era * 400;
	const int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

bool
chain_time(const char *text, int64_t *at_s)
{
	struct slice r = slice_of(text);
	int64_t y, mo, d, h, mi, s, zh = 0, zm = 0;
	int sign = 0;

	if (!digits(&r, 4, 1970, 9999, &y) || !take(&r, "-") ||
	    !digits(&r, 2, 1, 12, &mo) || !take(&r, "-") ||
	    !digits(&r, 2, 1, 31, &d) || !take(&r, "Tt ") ||
	    !digits(&r, 2, 0, 23, &h) || !take(&r, ":") ||
	    !digits(&r, 2, 0, 59, &mi) || !take(&r, ":") ||
	    !digits(&r, 2, 0, 60, &s))
		return false;
	if (take(&r, "."))
		while (take(&r, "0123456789"))
			continue;
	if (!take(&r, "Zz")) {
		sign = r.len > 0 && r.at[0] == '-' ? -1 : 1;
		if (!take(&r, "+-") || !digits(&r, 2, 0, 23, &zh) ||
		    !take(&r, ":") || !digits(&r, 2, 0, 59, &zm))
			return false;
	}
	if (r.len > 0)
		return false;
	*at_s = days_of(y, mo, d) * 86400 + h * 3600 + mi * 60 + s -
	    sign * (zh * 3600 + zm * 60);
	return true;
}

int64_t
chain_expiry(const struct ask *a, int64_t until_s)
{
	const int64_t ahead_s =
	    a->date_s != 0 ? a->date_s - clock_wall_ns() / NS_PER_S : 0;

	/* A Date is whole seconds and comes late: small ones say nothing. */
	return ahead_s > 300 || ahead_s < -300 ? until_s - ahead_s : until_s;
}

/* ---- Asking ---- */

void
chain_pause(const struct chain *c, int64_t ns)
{
	const int64_t until = clock_ns() + ns;

	while (clock_ns() < until && (c->go_on == NULL || c->go_on(c->owner)))
		clock_sleep_ns(20 * NS_PER_MS);
}

bool
chain_ask(const struct chain *c, struct ask *a, struct err *e)
{
	bool ok = false;

	a->go_on = c->go_on;
	a->owner = c->owner;
	a->ca_file = chain_env(c, "AWS_CA_BUNDLE");
	for (unsigned i = 0; i < c->attempts; i++) {
		if (i > 0)
			chain_pause(c, (PAUSE_MS << i) * NS_PER_MS);
		ok = ask_do(a, e);
		if (ok && a->status != 429 && a->status < 500)
			return true;
		if (c->go_on != NULL && !c->go_on(c->owner))
			break;
	}
	return ok;
}

/* ---- Providers ---- */

enum chain_found
chain_made(struct credential *c, const char *what, struct credential **out,
    struct err *e)
{
	if (c == NULL) {
		(void)err_set(e, ERR_ORIGIN_DENIED,
		    "%s: key id and secret must both be there, without blanks",
		    what);
		return CHAIN_BROKEN;
	}
	*out = c;
	return CHAIN_FOUND;
}

static enum chain_found
from_store(struct chain *c, struct credential **out, struct err *e)
{
	if (c->access == NULL && c->secret == NULL)
		return CHAIN_NONE;
	return chain_made(
	    chain_credential(c->access, c->secret, c->token, "configuration"),
	    "access_key and secret_key of the store", out, e);
}

enum chain_found
chain_environment(struct chain *c, struct credential **out, struct err *e)
{
	const char *access = chain_env(c, "AWS_ACCESS_KEY_ID");
	const char *secret = chain_env(c, "AWS_SECRET_ACCESS_KEY");

	if (access == NULL && secret == NULL)
		return CHAIN_NONE;
	return chain_made(chain_credential(access, secret,
			      chain_env(c, "AWS_SESSION_TOKEN"), "environment"),
	    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", out, e);
}

static enum chain_found
from_environment_unless_profile(
    struct chain *c, struct credential **out, struct err *e)
{
	return chain_profile_named(c) != NULL ? CHAIN_NONE
					      : chain_environment(c, out, e);
}

static enum chain_found
from_web_identity(struct chain *c, struct credential **out, struct err *e)
{
	const char *file = chain_env(c, "AWS_WEB_IDENTITY_TOKEN_FILE");
	const struct chain_role role = { .arn = chain_env(c, "AWS_ROLE_ARN"),
		.session = chain_env(c, "AWS_ROLE_SESSION_NAME") };

	if (file == NULL)
		return CHAIN_NONE;
	if (role.arn == NULL) {
		(void)err_set(e, ERR_ORIGIN_DENIED,
		    "AWS_WEB_IDENTITY_TOKEN_FILE is set, AWS_ROLE_ARN is not");
		return CHAIN_BROKEN;
	}
	return chain_web_identity(c, &role, file, out, e) ? CHAIN_FOUND
							  : CHAIN_BROKEN;
}

static enum chain_found (*const providers[])(
    struct chain *c, struct credential **out, struct err *e) = {
	from_store,
	from_environment_unless_profile,
	chain_profile,
	from_web_identity,
	chain_container,
	chain_instance,
};

/* The store's own role, on top of whatever was found. */
static bool
take_store_role(struct chain *c, struct credential **keys, struct err *e)
{
	const struct chain_role role = { .arn = c->role,
		.session = chain_env(c, "AWS_ROLE_SESSION_NAME"),
		.external_id = c->external_id };
	struct credential *taken = NULL;
	bool ok;

	if (c->role == NULL)
		return true;
	ok = chain_assume(c, &role, *keys, &taken, e);
	credential_drop(*keys);
	*keys = taken;
	return ok;
}

bool
chain_fetch(struct chain *c, struct credential **out, struct err *e)
{
	struct credential *keys = NULL;
	enum chain_found got = CHAIN_NONE;

	for (size_t i = 0; got == CHAIN_NONE && i < NELEM(providers); i++)
		got = providers[i](c, &keys, e);
	if (got == CHAIN_NONE)
		return err_set(e, ERR_ORIGIN_DENIED,
		    "there are no credentials: neither access_key of the "
		    "store, nor AWS_ACCESS_KEY_ID, a profile, a web identity, "
		    "a container's or an instance's");
	if (got == CHAIN_BROKEN || !take_store_role(c, &keys, e))
		return false;
	*out = keys;
	return true;
}

bool
chain_files_changed(const struct chain *c)
{
	return c->files_seen != 0 && c->files_seen != profiles_mark(c);
}

/* ---- Begin and end ---- */

static char *
text_of(const char *text)
{
	return text != NULL && text[0] != '\0' ? xstrdup(text) : NULL;
}

static char **
copy_env(char *const *env)
{
	size_t n = 0, kept = 0;
	char **out;

	while (env != NULL && env[n] != NULL)
		n++;
	out = xcalloc(n + 1, sizeof(*out));
	for (size_t i = 0; i < n; i++)
		if (strncmp(env[i], "AWS_", 4) == 0 ||
		    strncmp(env[i], "HOME=", 5) == 0)
			out[kept++] = xstrdup(env[i]);
	return out;
}

/* Takes value. A region that is none is left out with a warning. */
static bool
use_region(struct chain *c, char *value, const char *whose)
{
	const bool good = value != NULL && chain_is_region(slice_of(value));

	if (good)
		memcpy(c->region, value, strlen(value) + 1);
	else if (value != NULL)
		log_line(LOG_LEVEL_WARNING,
		    "the region of the %s is not one (lower case, digits, "
		    "dashes)",
		    whose);
	free(value);
	return good;
}

static void
find_region(struct chain *c, const struct profiles *p)
{
	if (use_region(c, text_of(c->set_region), "store") ||
	    use_region(c, text_of(chain_env(c, "AWS_REGION")), "environment"))
		return;
	if (!use_region(
		c, text_of(chain_env(c, "AWS_DEFAULT_REGION")), "environment"))
		(void)use_region(c,
		    profiles_get(p, chain_profile_used(c), "region"),
		    "profile");
}

/* An endpoint of a service that environment or profile name; "": none. */
static bool
find_endpoint(const struct chain *c, const struct profiles *p,
    const char *variable, const char *service, char *out, struct err *e)
{
	const char *profile = chain_profile_used(c);
	char *url = text_of(chain_env(c, variable));
	struct ask_url parts;
	bool ok = true;

	out[0] = '\0';
	if (env_is(c, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")) {
		free(url);
		return true;
	}
	if (url == NULL)
		url = text_of(chain_env(c, "AWS_ENDPOINT_URL"));
	if (url == NULL)
		url = profiles_service(p, profile, service);
	if (url == NULL)
		url = profiles_get(p, profile, "endpoint_url");
	if (url != NULL && strlen(url) >= CREDENTIAL_URL_MAX)
		ok = err_set(e, ERR_CONFIG, "%s: too long", variable);
	else if (url != NULL && (ok = ask_url_read(url, &parts, e)))
		memcpy(out, url, strlen(url) + 1);
	free(url);
	return ok;
}

static void
read_numbers(struct chain *c)
{
	const char *text = chain_env(c, "AWS_METADATA_SERVICE_TIMEOUT");
	double seconds = 1;
	int64_t n = 3;

	if (text != NULL && !num_double(slice_of(text), 0.05, 60, &seconds))
		log_line(LOG_LEVEL_WARNING,
		    "AWS_METADATA_SERVICE_TIMEOUT is not 0.05 to 60 seconds");
	text = chain_env(c, "AWS_METADATA_SERVICE_NUM_ATTEMPTS");
	if (text != NULL && !num_int(slice_of(text), 1, 10, &n))
		log_line(LOG_LEVEL_WARNING,
		    "AWS_METADATA_SERVICE_NUM_ATTEMPTS is not 1 to 10");
	c->ask_ns = (int64_t)(seconds * (double)NS_PER_S);
	c->attempts = (unsigned)n;
}

/* All that can be wrong before anyone is asked. */
static bool
check(const struct chain *c, const struct profiles *p, struct err *e)
{
	const bool keys = chain_env(c, "AWS_ACCESS_KEY_ID") != NULL;

	if (c->access != NULL || c->secret != NULL)
		return true;
	if (keys && chain_profile_named(c) != NULL)
		log_line(LOG_LEVEL_WARNING,
		    "store %s: there are AWS_ACCESS_KEY_ID and a profile: the "
		    "profile %s is used",
		    c->store, chain_profile_named(c));
	if (keys && chain_profile_named(c) == NULL)
		return true;
	return chain_profile_check(c, p, e) && chain_container_check(c, e);
}

static bool
find_places(struct chain *c, const struct profiles *p, struct err *e)
{
	find_region(c, p);
	return find_endpoint(
		   c, p, "AWS_ENDPOINT_URL_S3", "s3", c->endpoint, e) &&
	    find_endpoint(c, p, "AWS_ENDPOINT_URL_STS", "sts", c->sts, e);
}

bool
chain_init(struct chain *c, const struct credential_spec *spec, struct err *e)
{
	struct profiles p;
	bool ok;

	*c = (struct chain){ .access = text_of(spec->access),
		.secret = text_of(spec->secret),
		.token = text_of(spec->token),
		.profile = text_of(spec->profile),
		.role = text_of(spec->role),
		.external_id = text_of(spec->external_id),
		.set_region = text_of(spec->region),
		.store = xstrdup(spec->name != NULL ? spec->name : "-"),
		.env = copy_env(spec->env) };
	read_numbers(c);
	ok = profiles_read(c, &p, e);
	if (ok) {
		ok = find_places(c, &p, e) && check(c, &p, e);
		profiles_free(&p);
	}
	if (!ok)
		chain_fini(c);
	return ok;
}

void
chain_fini(struct chain *c)
{
	for (char **v = c->env; *v != NULL; v++)
		chain_wipe_free(*v);
	free(c->env);
	chain_wipe_free(c->access);
	chain_wipe_free(c->secret);
	chain_wipe_free(c->token);
	chain_wipe_free(c->external_id);
	free(c->profile);
	free(c->role);
	free(c->set_region);
	free(c->store);
	*c = (struct chain){ .env = NULL };
}
