/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of credentials share: the chain of providers, and the places
 * that it looks at. Private to net/credentials*.c.
 *
 * A chain belongs to one thread at a time, and what it says of itself (texts,
 * environment) is constant. It keeps no keys but those that it was made with:
 * each fetch reads everything again, since tokens and files are rotated.
 */
#pragma once

#include "net/ask.h"
#include "net/credentials.h"

enum {
	CREDENTIAL_KEY_MAX = 8192, /* bytes of a key, secret or token */
	CREDENTIAL_REGION_MAX = 33,
	CREDENTIAL_URL_MAX = 512
};

/* Texts of a configuration or environment: NULL where nothing is said. */
struct chain {
	char *access, *secret, *token;
	char *profile; /* of the store */
	char *role, *external_id;
	char *store;       /* name */
	char *set_region;  /* of the store */
	char **env;        /* AWS_*, HOME: "NAME=value"; NULL-terminated */
	int64_t ask_ns;    /* how long one question to a local service takes */
	unsigned attempts; /* of each question */
	bool (*go_on)(void *owner); /* see struct ask */
	void *owner;

	char region[CREDENTIAL_REGION_MAX]; /* "" until someone says it */
	char endpoint[CREDENTIAL_URL_MAX];  /* for S3 */
	char sts[CREDENTIAL_URL_MAX];       /* URL; "": the region's */
	/* When the files were last read: mtime, size, inode of both. */
	uint64_t files_seen;
};

enum chain_found {
	CHAIN_NONE,  /* it is not configured: ask the next */
	CHAIN_FOUND, /* *out */
	CHAIN_BROKEN /* it is, and failed: *e */
};

/* ---- credentials_chain.c ---- */

/* Fails with CONFIG. */
bool chain_init(struct chain *c, const struct credential_spec *spec,
    struct err *e) must_check;
void chain_fini(struct chain *c); /* wipes */
/* Fetches from the first provider that is configured. */
bool chain_fetch(
    struct chain *c, struct credential **out, struct err *e) must_check;
/* Did someone write the files since they were last read? */
bool chain_files_changed(const struct chain *c);
/* A variable; NULL when it is empty or not there. */
const char *chain_env(const struct chain *c, const char *name);
/*
 * A snapshot with one reference, from texts that are copied. token may be
 * NULL or empty. NULL when key or secret are empty or any is not a line of
 * printable ASCII.
 */
struct credential *chain_credential(const char *access, const char *secret,
    const char *token, const char *provider) must_check;
/* "[a-z0-9-]{1,32}" */
bool chain_is_region(struct slice text);
/*
 * A token or another secret that fits into one line: without one line feed at
 * its end. Wiped by chain_wipe_free(). Fails with ORIGIN_DENIED.
 */
bool chain_read_line(
    const char *path, size_t max, char **out, struct err *e) must_check;
/* NULL is allowed. */
void chain_wipe_free(char *text);
/*
 * Asks, and again while it may help: nobody answers, 429, 5xx. a->status says
 * what the answer was.
 */
bool chain_ask(const struct chain *c, struct ask *a, struct err *e) must_check;
/* Waits, unless go_on() says no. */
void chain_pause(const struct chain *c, int64_t ns);
/* RFC 3339; false when it is none. */
bool chain_time(const char *text, int64_t *at_s) must_check;
/* Our clock is not the one that said until: by what a->date_s says. */
int64_t chain_expiry(const struct ask *a, int64_t until_s);

/* CHAIN_FOUND, or CHAIN_BROKEN when c is NULL; what: whose keys they are. */
enum chain_found chain_made(struct credential *c, const char *what,
    struct credential **out, struct err *e);
enum chain_found chain_environment(
    struct chain *c, struct credential **out, struct err *e);

/* ---- credentials_profile.c ---- */

struct profiles;
enum chain_found chain_profile(
    struct chain *c, struct credential **out, struct err *e);
/* Are the profiles that would be used right? Fails with CONFIG. */
bool chain_profile_check(
    const struct chain *c, const struct profiles *p, struct err *e) must_check;
const char *chain_profile_named(const struct chain *c); /* NULL: by nobody */
const char *chain_profile_used(const struct chain *c);

/* ---- credentials_files.c ---- */

/* Both files' bytes; wiped. */
struct profiles {
	char *credentials, *config; /* NULL: there is none */
	size_t credentials_size, config_size;
};
/* Fails with CONFIG when a file is named that cannot be read. */
bool profiles_read(
    const struct chain *c, struct profiles *out, struct err *e) must_check;
void profiles_free(struct profiles *p);
/* Changes when either file does. */
uint64_t profiles_mark(const struct chain *c);
bool profiles_has(const struct profiles *p, const char *profile);
/* A malloc'd value of a profile; NULL: it has none. */
char *profiles_get(
    const struct profiles *p, const char *profile, const char *key);
/* endpoint_url of a service in the profile's section of services. */
char *profiles_service(
    const struct profiles *p, const char *profile, const char *service);

/* ---- credentials_local.c: what answers on addresses of the machine ---- */

enum chain_found chain_container(
    struct chain *c, struct credential **out, struct err *e);
enum chain_found chain_instance(
    struct chain *c, struct credential **out, struct err *e);
/* May the container's keys be asked for there? Fails with CONFIG. */
bool chain_container_check(const struct chain *c, struct err *e) must_check;

/* ---- credentials_sts.c ---- */

struct chain_role {
	const char *arn, *session, *external_id, *duration; /* NULL: not said */
};
/* token_file holds the web identity. */
bool chain_web_identity(struct chain *c, const struct chain_role *role,
    const char *token_file, struct credential **out, struct err *e) must_check;
/* Takes a role on with keys. */
bool chain_assume(struct chain *c, const struct chain_role *role,
    const struct credential *keys, struct credential **out,
    struct err *e) must_check;
