/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles: whose keys they are, and which roles are taken on with them.
 *
 * A profile with a role names another, whose keys take the role on; that one
 * may have a role, too. The last has keys, or says which other provider has.
 */
#include <string.h>

#include "net/credentials_private.h"

/* Profiles that name each other; AWS's tools allow about as many. */
enum { HOPS_MAX = 5 };

enum base {
	BASE_NONE, /* there is no such profile, or it has no keys */
	BASE_KEYS,
	BASE_WEB,
	BASE_ENVIRONMENT,
	BASE_CONTAINER,
	BASE_INSTANCE
};

struct hops {
	char *name[HOPS_MAX]; /* the first is the one that is used */
	size_t n;
	enum base base; /* what the last is */
};

static const struct {
	const char *word;
	enum base base;
} sources[] = {
	{ "Environment", BASE_ENVIRONMENT },
	{ "EcsContainer", BASE_CONTAINER },
	{ "Ec2InstanceMetadata", BASE_INSTANCE },
};

static const char *const unknown[] = { "sso_session", "sso_start_url",
	"credential_process" };

static void
hops_fini(struct hops *h)
{
	for (size_t i = 0; i < h->n; i++)
		free(h->name[i]);
	h->n = 0;
}

static bool
has(const struct profiles *p, const char *profile, const char *key)
{
	char *value = profiles_get(p, profile, key);
	const bool there = value != NULL;

	chain_wipe_free(value);
	return there;
}

/* A profile without a role: keys, or something that we do not know. */
static bool
judge_plain(
    const struct profiles *p, const char *name, enum base *base, struct err *e)
{
	const bool access = has(p, name, "aws_access_key_id");

	*base = BASE_NONE;
	if (access != has(p, name, "aws_secret_access_key"))
		return err_set(e, ERR_CONFIG,
		    "profile %.100s has only one of aws_access_key_id and "
		    "aws_secret_access_key",
		    name);
	if (access)
		*base = BASE_KEYS;
	for (size_t i = 0; !access && i < NELEM(unknown); i++)
		if (has(p, name, unknown[i]))
			return err_set(e, ERR_CONFIG,
			    "profile %.100s: %s is not supported; keys, "
			    "role_arn or web_identity_token_file are",
			    name, unknown[i]);
	return true;
}

/* One with a role: whose keys take it on; *next: another profile's. */
static bool
judge_role(const struct profiles *p, const char *name, enum base *base,
    char **next, struct err *e)
{
	char *source;

	if (has(p, name, "mfa_serial"))
		return err_set(e, ERR_CONFIG,
		    "profile %.100s: mfa_serial needs someone who types a code",
		    name);
	*base = BASE_WEB;
	*next = NULL;
	if (has(p, name, "web_identity_token_file"))
		return true;
	*next = profiles_get(p, name, "source_profile");
	if (*next != NULL)
		return true;
	source = profiles_get(p, name, "credential_source");
	for (size_t i = 0; source != NULL && i < NELEM(sources); i++)
		if (strcmp(source, sources[i].word) == 0) {
			*base = sources[i].base;
			free(source);
			return true;
		}
	free(source);
	return err_set(e, ERR_CONFIG,
	    "profile %.100s: role_arn needs source_profile, credential_source "
	    "(Environment, EcsContainer, Ec2InstanceMetadata) or "
	    "web_identity_token_file",
	    name);
}

/* Takes name. *more: there is a source_profile, which *next becomes. */
static bool
hop(const struct profiles *p, struct hops *h, char *name, char **next,
    struct err *e)
{
	*next = NULL;
	for (size_t i = 0; i < h->n; i++) {
		if (strcmp(h->name[i], name) != 0)
			continue;
		free(name);
		if (i + 1 < h->n)
			return err_set(e, ERR_CONFIG,
			    "profile %.100s is its own source_profile, by way "
			    "of %zu others",
			    h->name[i], h->n - i - 1);
		/* It may name itself: the keys are its own. */
		return judge_plain(p, h->name[i], &h->base, e) &&
		    (h->base == BASE_KEYS ||
			err_set(e, ERR_CONFIG,
			    "profile %.100s is its own source_profile and has "
			    "no keys",
			    h->name[i]));
	}
	if (h->n == HOPS_MAX) {
		free(name);
		return err_set(e, ERR_CONFIG,
		    "profile %.100s: more than %d profiles, one the "
		    "source_profile of the other",
		    h->name[0], HOPS_MAX);
	}
	h->name[h->n++] = name;
	if (has(p, name, "role_arn"))
		return judge_role(p, name, &h->base, next, e);
	return judge_plain(p, name, &h->base, e);
}

const char *
chain_profile_named(const struct chain *c)
{
	return c->profile != NULL ? c->profile : chain_env(c, "AWS_PROFILE");
}

const char *
chain_profile_used(const struct chain *c)
{
	const char *named = chain_profile_named(c);

	return named != NULL ? named : "default";
}

/* h->base is BASE_NONE: nobody named a profile, and there is no default. */
static bool
find_hops(const struct chain *c, const struct profiles *p, struct hops *h,
    struct err *e)
{
	char *next = xstrdup(chain_profile_used(c));

	*h = (struct hops){ .n = 0 };
	while (next != NULL) {
		char *name = next;
		const bool there = profiles_has(p, name);

		if (!there && h->n == 0 && chain_profile_named(c) == NULL) {
			free(name);
			return true;
		}
		if (!there) {
			(void)err_set(e, ERR_CONFIG,
			    "there is no profile %.100s in AWS's files", name);
			free(name);
			goto fail;
		}
		if (!hop(p, h, name, &next, e))
			goto fail;
	}
	if (h->base != BASE_NONE ||
	    (h->n == 1 && chain_profile_named(c) == NULL))
		return true;
	(void)err_set(e, ERR_CONFIG, "profile %.100s has no keys and no role",
	    h->name[h->n - 1]);
fail:
	hops_fini(h);
	return false;
}

static enum chain_found
profile_keys(const struct profiles *p, const char *name,
    struct credential **out, struct err *e)
{
	char *access = profiles_get(p, name, "aws_access_key_id");
	char *secret = profiles_get(p, name, "aws_secret_access_key");
	char *token = profiles_get(p, name, "aws_session_token");
	struct credential *made =
	    chain_credential(access, secret, token, "profile");

	chain_wipe_free(access);
	chain_wipe_free(secret);
	chain_wipe_free(token);
	return chain_made(made, "the profile's keys", out, e);
}

/* The role of one profile, with keys or (NULL) its web identity. */
static bool
profile_role(struct chain *c, const struct profiles *p, const char *name,
    const struct credential *keys, struct credential **out, struct err *e)
{
	char *arn = profiles_get(p, name, "role_arn");
	char *session = profiles_get(p, name, "role_session_name");
	char *external = profiles_get(p, name, "external_id");
	char *duration = profiles_get(p, name, "duration_seconds");
	char *file = profiles_get(p, name, "web_identity_token_file");
	const struct chain_role role = { arn, session, external, duration };
	bool ok;

	if (arn == NULL || (keys == NULL && file == NULL))
		ok = err_set(e, ERR_CONFIG,
		    "profile %.100s changed while it was read", name);
	else if (keys != NULL)
		ok = chain_assume(c, &role, keys, out, e);
	else
		ok = chain_web_identity(c, &role, file, out, e);
	free(arn);
	free(session);
	chain_wipe_free(external);
	free(duration);
	free(file);
	return ok;
}

static enum chain_found
must(enum chain_found got, const char *what, struct err *e)
{
	if (got != CHAIN_NONE)
		return got;
	(void)err_set(e, ERR_ORIGIN_DENIED,
	    "the profile wants credentials of the %s, which has none", what);
	return CHAIN_BROKEN;
}

static enum chain_found
ask_base(struct chain *c, const struct profiles *p, const struct hops *h,
    struct credential **out, struct err *e)
{
	const char *last = h->name[h->n - 1];

	switch (h->base) {
	case BASE_NONE:
		return CHAIN_NONE;
	case BASE_KEYS:
		return profile_keys(p, last, out, e);
	case BASE_WEB:
		return profile_role(c, p, last, NULL, out, e) ? CHAIN_FOUND
							      : CHAIN_BROKEN;
	case BASE_ENVIRONMENT:
		return must(chain_environment(c, out, e), "environment", e);
	case BASE_CONTAINER:
		return must(chain_container(c, out, e), "container", e);
	case BASE_INSTANCE:
		return must(chain_instance(c, out, e), "instance", e);
	}
	return CHAIN_NONE;
}

/* From the last profile's keys on, back to the first one's role. */
static enum chain_found
walk_hops(struct chain *c, const struct profiles *p, const struct hops *h,
    struct credential **out, struct err *e)
{
	struct credential *keys = NULL;
	enum chain_found got = ask_base(c, p, h, &keys, e);
	size_t i = h->n;

	/* The last one's role is taken on already, or it has none, unless it
	 * is its own source. */
	if (h->base == BASE_WEB ||
	    (h->base == BASE_KEYS && !has(p, h->name[i - 1], "role_arn")))
		i--;
	while (got == CHAIN_FOUND && i-- > 0) {
		struct credential *taken = NULL;

		if (!profile_role(c, p, h->name[i], keys, &taken, e))
			got = CHAIN_BROKEN;
		credential_drop(keys);
		keys = taken;
	}
	if (got == CHAIN_FOUND)
		*out = keys;
	return got;
}

enum chain_found
chain_profile(struct chain *c, struct credential **out, struct err *e)
{
	struct profiles p;
	struct hops h;
	enum chain_found got = CHAIN_BROKEN;

	c->files_seen = profiles_mark(c);
	if (!profiles_read(c, &p, e))
		return CHAIN_BROKEN;
	if (find_hops(c, &p, &h, e)) {
		got = h.base == BASE_NONE ? CHAIN_NONE
					  : walk_hops(c, &p, &h, out, e);
		hops_fini(&h);
	}
	profiles_free(&p);
	return got;
}

bool
chain_profile_check(
    const struct chain *c, const struct profiles *p, struct err *e)
{
	struct hops h;

	if (!find_hops(c, p, &h, e))
		return false;
	hops_fini(&h);
	return true;
}
