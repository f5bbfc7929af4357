/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What went wrong: a code from err.def, what a client may be told, and a
 * detail for the log.
 *
 * A function that can fail returns bool (true: done), takes struct err *e
 * last, and fills it once, where the fault is first understood. Callers pass
 * it up unchanged. e may not be NULL.
 */
#pragma once

#include "base/base.h"

enum err_code {
	ERR_NONE,
#define ERR(name, code, status, level, max_age, text) ERR_##name,
#include "base/err.def"
#undef ERR
	ERR_COUNT
};

/* Syslog's order: smaller is worse. */
enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

enum { ERR_PARAM_MAX = 40, ERR_TEXT_MAX = 160, ERR_DETAIL_MAX = 240 };

/*
 * param, value, accepted and hint are for the client: param names what is
 * wrong, value is what was given (cut, still unescaped: escape on output),
 * accepted says what would be right ("0.3 to 1000 px"), hint may name the
 * nearest known word. detail is for the log alone. All are NUL-terminated and
 * may be empty.
 */
struct err {
	enum err_code code;
	int retry_after_s; /* with BUSY and TOO_MANY_REQUESTS, else 0 */
	int own;    /* row of the dialect's own table of errors, 0: none */
	int source; /* which of a plan's images it is about: 0 the first or
		       none, else an overlay */
	char param[ERR_PARAM_MAX];
	char value[ERR_TEXT_MAX];
	char accepted[ERR_TEXT_MAX];
	char hint[ERR_TEXT_MAX];
	char detail[ERR_DETAIL_MAX];
};

struct err_row {
	const char *code; /* "bad-value" */
	int status;
	enum log_level level;
	int max_age_s;
	const char *text;
};

/* The row of a code; code must be > ERR_NONE and < ERR_COUNT. */
const struct err_row *err_row(enum err_code code);

/* Both fill *e whole (every other field emptied) and return false. */
bool err_set(struct err *e, enum err_code code, const char *detail, ...)
    printf_like(3, 4);
/*
 * A parameter is wrong. value: any bytes, cut to fit (len may be 0).
 * accepted is a format. detail is made of them, with value escaped.
 */
bool err_param(struct err *e, enum err_code code, const char *param,
    const char *value, size_t value_len, const char *accepted, ...)
    printf_like(6, 7);
/* Adds a hint to an error that is already set; returns false. */
bool err_hint(struct err *e, const char *hint, ...) printf_like(2, 3);
/*
 * Says of an error that is already set that it is about the plan's image of
 * that number, an overlay; returns false.
 */
bool err_source(struct err *e, int source);
/*
 * Names that image for the client as a parameter with that value, where the
 * error names nothing better.
 */
void err_name(
    struct err *e, const char *param, const char *value, size_t value_len);
/* As err_set, with ": " and the text of errno appended to the detail. */
bool err_errno(struct err *e, enum err_code code, int errnum,
    const char *detail, ...) printf_like(4, 5);

#ifdef __clang_analyzer__
/* What the analyzer cannot see in a prototype: they return false. */
static inline bool
err_false(bool returned)
{
	(void)returned;
	return false;
}
#define err_set(...)    err_false(err_set(__VA_ARGS__))
#define err_param(...)  err_false(err_param(__VA_ARGS__))
#define err_hint(...)   err_false(err_hint(__VA_ARGS__))
#define err_source(...) err_false(err_source(__VA_ARGS__))
#define err_errno(...)  err_false(err_errno(__VA_ARGS__))
#endif
