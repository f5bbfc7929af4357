/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: read once, checked whole, constant afterwards.
 *
 * Counted and immutable. Who works on a request holds a reference to the one
 * it began with; a reload builds another and swaps the pointer, or keeps the
 * old one and says why.
 *
 * Sources, later ones win: the defaults of conf.def, a file (INI, libinih),
 * the environment (PICTOR_SECTION_KEY; PICTOR_MOUNT_NAME_KEY and
 * PICTOR_STORE_NAME_KEY for named sections). Without a [mount.*] section,
 * `query` is mounted at / and `dit` at /dit/; without a [store.*] section there
 * is one store "files" with root "." for `make run`; both may be overridden by
 * the environment.
 * A variable that names a section which is not there makes it. Variables that
 * begin with PICTOR_ and with no section's name are not ours, unless they are
 * nearly the name of one that is.
 */
#pragma once

#include <stdio.h>

#include "base/err.h"
#include "base/slice.h"

struct conf_list {
	const char *const *item; /* NULL-terminated */
	size_t n;
};

enum render_mode { RENDER_JAIL, RENDER_LOCAL };
enum landlock_mode { LANDLOCK_REQUIRED, LANDLOCK_OPTIONAL };
/* As in conf.def. */
enum store_type { STORE_FILE, STORE_S3, STORE_HTTP };
enum store_addressing { ADDRESSING_AUTO, ADDRESSING_VIRTUAL, ADDRESSING_PATH };
enum store_signature { SIGNATURE_V4, SIGNATURE_V2, SIGNATURE_NONE };
enum event_viewer {
	EVENT_VIEWER_NETWORK,
	EVENT_VIEWER_HASH,
	EVENT_VIEWER_NONE
};

enum kafka_security {
	KAFKA_PLAINTEXT,
	KAFKA_TLS,
	KAFKA_SASL_PLAINTEXT,
	KAFKA_SASL_TLS
};
enum kafka_mechanism {
	KAFKA_PLAIN,
	KAFKA_SCRAM_256,
	KAFKA_SCRAM_512,
	KAFKA_OAUTHBEARER
};

/* C types of conf.def's types. */
#define CONF_TEXT  const char *
#define CONF_PATH  const char *
#define CONF_WHOLE int64_t
#define CONF_NUM   double
#define CONF_BOOL  bool
#define CONF_SIZE  int64_t
#define CONF_TIME  int64_t /* ns */
#define CONF_LIST  struct conf_list
#define CONF_PICK  int64_t

#define KEY(section, name, type, def, min, max, flags, text)
#define MOUNT_KEY(section, name, type, def, min, max, flags, text) \
	CONF_##type name;
#define STORE_KEY(section, name, type, def, min, max, flags, text)
struct conf_mount {
	const char *name; /* of its section */
#include "conf/conf.def"
};
#undef MOUNT_KEY
#undef STORE_KEY
#define MOUNT_KEY(section, name, type, def, min, max, flags, text)
#define STORE_KEY(section, name, type, def, min, max, flags, text) \
	CONF_##type name;
struct conf_store {
	const char *name;
#include "conf/conf.def"
};
#undef KEY
#undef STORE_KEY
#define KEY(section, name, type, def, min, max, flags, text) \
	CONF_##type section##_##name;
#define STORE_KEY(section, name, type, def, min, max, flags, text)
struct conf {
#include "conf/conf.def"
	const struct conf_mount *mount; /* longest path first */
	size_t nmount;
	const struct conf_store *store;
	size_t nstore;
	const char *file;       /* where it came from; NULL: no file */
	uint64_t generation;    /* 1, 2, ...: of this process */
	struct conf_life *life; /* count, memory, origins: conf's own */
};
#undef KEY
#undef MOUNT_KEY
#undef STORE_KEY

/*
 * file: NULL for none. env: environ, or NULL for none.
 * Checks every value and every name (a mount's stores exist, paths of mounts
 * differ and start and end with '/', ...); what needs another module to check
 * (names of dialects and formats, addresses) is checked by serve_check().
 * Fails with CONFIG; e->detail is one line that names file, line, section and
 * key, what is wrong and what would be right.
 */
bool conf_load(const char *file, char *const *env, struct conf **out,
    struct err *e) must_check;
/* The same from text: for tests and fuzzing. name stands in messages. */
bool conf_load_text(struct slice text, const char *name, char *const *env,
    struct conf **out, struct err *e) must_check;
/* Const outside: the count is the only thing that changes. */
const struct conf *conf_ref(const struct conf *c);
void conf_drop(const struct conf *c); /* NULL is allowed */
const struct conf_store *conf_store_find(
    const struct conf *c, struct slice name);
/*
 * A store's rows as an environment that makes the same one: of that name, in a
 * configuration made of others. Malloc'd texts that hold its secrets.
 */
enum { CONF_STORE_ENV_MAX = 64 };
size_t conf_store_env(const struct conf_store *store, const char *name,
    char *env[CONF_STORE_ENV_MAX]);
/* Whether all keys of two stores have the same values, names included. */
bool conf_store_same(const struct conf_store *a, const struct conf_store *b);
/* Can it be the name of a header? */
bool conf_header_is_named(struct slice name);
/*
 * Headers of one transfer or connection: whoever makes that says them. Neither
 * are a viewer's sent along (store.forward), nor an operator's own
 * (store.headers).
 */
bool conf_header_is_own(struct slice name);

/* Fails with CONFIG if a RESTART key differs; names it. */
bool conf_may_replace(
    const struct conf *old, const struct conf *new, struct err *e) must_check;

/* Generated texts; secrets are masked in the dump. */
void conf_print(const struct conf *c, FILE *out); /* --print-config: INI */
void conf_print_sample(FILE *out);                /* etc/pictor.conf */
void conf_print_manual(FILE *out);                /* man/pictor.conf.5 */
void conf_print_keys(FILE *out);                  /* for --help */
