/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of conf alone: the rows of conf.def as data, and what a value of each type
 * is: read, printed, compared.
 */
#pragma once

#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

enum conf_type {
	CONF_IS_TEXT,
	CONF_IS_PATH,
	CONF_IS_WHOLE,
	CONF_IS_NUM,
	CONF_IS_BOOL,
	CONF_IS_SIZE,
	CONF_IS_TIME,
	CONF_IS_LIST,
	CONF_IS_PICK,
};

/* conf.def's FLAGS; 0 stands there as itself. */
enum {
	CONF_FLAG_0 = 0,
	CONF_FLAG_RESTART = 1,
	CONF_FLAG_SECRET = 2,
	CONF_FLAG_OPEN = 4 /* a LIST: KEY.WORD = VALUE adds "WORD=VALUE" */
};

struct conf_row {
	const char *section; /* of a named section: "mount", "store" */
	const char *name;
	const char *def; /* as in a file */
	const char *text;
	const char *words; /* PICK: with blanks between; else NULL */
	double min;        /* WHOLE, NUM, SIZE (bytes), TIME (seconds) */
	double max;
	size_t offset; /* of its field in struct conf, conf_mount, ... */
	enum conf_type type;
	unsigned flags;
};

struct conf_table {
	const char *kind; /* "mount": sections [mount.NAME]; NULL: plain */
	const struct conf_row *rows;
	size_t n;
	size_t size; /* of the struct */
};

enum conf_table_id {
	CONF_MAIN,
	CONF_MOUNT_TABLE,
	CONF_STORE_TABLE,
	CONF_TABLES
};

const struct conf_table *conf_table(enum conf_table_id id);

/* preset.def; the last has no name. */
struct conf_preset {
	enum conf_table_id table;
	const char *name;
	const char *key;
	const char *value;
};
const struct conf_preset *conf_presets(void);

/*
 * Sets the row's field in base. What the value points to comes from a.
 * False when the text is no such value: row_accepted() says what is one.
 */
bool row_read(const struct conf_row *row, struct slice value, void *base,
    struct arena *a) must_check;
/* The field as text that row_read() reads back as the same. */
void row_print(const struct conf_row *row, const void *base, FILE *out);
/* "a time from 1s to 1h, such as 500ms, 10s, 5m, 2h or 7d" */
void row_accepted(const struct conf_row *row, char *out, size_t size);
bool row_same(const struct conf_row *row, const void *base, const void *other);
/* "PICTOR_HTTP_LISTEN"; name: of a named section, else NULL. */
enum { CONF_ENV_MAX = 128 };
void row_env(
    const struct conf_row *row, const char *name, char out[CONF_ENV_MAX]);
