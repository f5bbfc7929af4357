/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of conf alone: a configuration while it is being put together, source by
 * source. One thread.
 */
#pragma once

#include "conf/conf.h"
#include "conf/file.h"
#include "conf/table.h"

/* Named sections, all kinds together. */
/* A name is whole in events, whose readers are told apart by a tenant's. */
enum { CONF_PARTS_MAX = 256, CONF_NAME_MAX = 31 };

/* One section by name, or (the first) everything outside of them. */
struct conf_part {
	const struct conf_table *table;
	const char *name;         /* NULL: the first */
	void *base;               /* the struct of the table */
	struct conf_where made;   /* where it was named first */
	struct conf_where *where; /* one for each row: who set it */
};

/* What belongs to a finished struct conf besides the values. */
struct conf_life {
	_Atomic size_t refs;
	struct arena *arena; /* of everything, the struct conf too */
	struct conf_part *part;
	size_t npart;
};

struct conf_build {
	struct conf *conf;
	struct conf_life *life;
};

/* The first part with its defaults. */
void build_init(struct conf_build *b, const char *file);
/* Releases all of it, unless the configuration was taken out. */
void build_fini(struct conf_build *b);

/* A new section with its defaults, or the one that is there. */
bool build_section(struct conf_build *b, const struct conf_table *table,
    struct slice name, const struct conf_where *where, struct conf_part **out,
    struct err *e) must_check;
bool build_has(const struct conf_build *b, const struct conf_table *table);

/*
 * Sets one key. section: as in a file, "mount.shop" (made if it is not there).
 * key.at NULL: only makes it. A conf_file_f; ctx is the struct conf_build.
 */
bool build_set(void *ctx, const struct conf_where *where, struct slice section,
    struct slice key, struct slice value, struct err *e) must_check;
/* A row; its value may be in a file that is named instead of it. */
struct conf_key {
	const struct conf_row *row;
	bool from_file;
	struct slice word; /* of an OPEN row: behind "KEY."; else empty */
};

/* The same where the key is known. */
bool build_set_key(struct conf_build *b, struct conf_part *part,
    struct conf_key key, struct slice value, const struct conf_where *where,
    struct err *e) must_check;
/*
 * A section's key by name, also NAME_file of a secret. section: NULL in named
 * sections. Its row is NULL if there is none.
 */
struct conf_key build_key(const struct conf_table *table,
    const struct slice *section, struct slice name);

/* Everything in the environment that begins with PICTOR_. */
bool build_env(
    struct conf_build *b, char *const *env, struct err *e) must_check;

/* What concerns several keys; the lists of the conf are complete. */
bool build_check(const struct conf_build *b, struct err *e) must_check;

/* Fills e and returns false: "FILE:3: [http] listen: why" */
bool build_fail(const struct conf_where *where, const struct conf_part *part,
    const struct conf_row *row, struct err *e, const char *why, ...)
    printf_like(5, 6);

/* The nearest of several words, for "did you mean". */
struct conf_near {
	struct slice word;
	const char *best;
	size_t distance;
};
void near_try(struct conf_near *n, const char *candidate);
/* NULL if none is near enough to be meant. */
const char *near_word(const struct conf_near *n);
