/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query language's table of parameters and the values read by it: between
 * query.c (URL to values), query_steps.c, query_plain.c, query_overlay.c and
 * query_out.c (values to plan), query_print.c (plan to URL) and query_manual.c.
 * Not for use outside this folder.
 */
#pragma once

#include "dialect/common.h"

/* In the order in which print() writes them. */
enum param {
	Q_WIDTH,
	Q_HEIGHT,
	Q_RATIO,
	Q_DPR,
	Q_FIT,
	Q_POSITION,
	Q_FOCUS,
	Q_KERNEL,
	Q_ENLARGE,
	Q_NO_ENLARGE,
	Q_NO_REDUCE,
	Q_AUTOORIENT,
	Q_ROTATE,
	Q_EXTRACT,
	Q_FLATTEN,
	Q_BACKGROUND,
	/* As many of each as a plan has overlays. */
	Q_OVERLAY,
	Q_OVERLAY2,
	Q_OVERLAY3,
	Q_OVERLAY4,
	Q_COMPOSITE,
	Q_COMPOSITE2,
	Q_COMPOSITE3,
	Q_COMPOSITE4,
	Q_FORMAT,
	Q_INFO,
	Q_MOZJPEG,
	Q_DENSITY,
	Q_PAGE,
	Q_PAGES,
	Q_ANIMATED,
	/* The arguments of the output, each by its name: Q_OUTS + enum out. */
	Q_OUTS,
	/* The other operations, the same way: Q_OPS + enum op. */
	Q_OPS = Q_OUTS + OUT_COUNT,
	Q_COUNT = Q_OPS + OP_COUNT
};

/* Where the row of op.def is by which a value is read. */
enum param_kind {
	KIND_RESIZE, /* arg: enum RESIZE_x */
	KIND_SWITCH, /* true, false, or nothing for true */
	KIND_OWN     /* read by a function of its own */
};

struct param_row {
	const char *name;
	const char *alias[4]; /* NULL behind the last */
	enum param_kind kind;
	unsigned arg;
};

extern const struct param_row query_params[Q_OUTS];
/* The limits of a parameter of kind OWN that is a number; NULL: it is none. */
const struct arg_row *query_own(enum param param);

/* Other names of the output's arguments; a row without a name behind them. */
struct out_alias {
	const char *name;
	enum out out;
};
extern const struct out_alias query_out_aliases[];

/* Whether the operation is written NAME=VALUE,VALUE: it has no other row. */
bool query_is_plain(enum op op);

/* Whether an argument of the output is a parameter: not what is our choice. */
static inline bool
query_has_out(enum out out)
{
	return out != OUT_SCALE && out != OUT_MATTE;
}

/* What one URL says. Texts are decoded and lie in room. */
struct query {
	const char *name[Q_COUNT]; /* as it was written; NULL: not given */
	struct slice value[Q_COUNT];
	union arg arg[Q_OUTS]; /* of all kinds but OWN */
	char *room;            /* of ROOM bytes */
	size_t used;
};
enum { ROOM = 4096 };

static inline bool
query_given(const struct query *q, enum param param)
{
	return q->name[param] != NULL;
}

/* The value of a switch; otherwise: where the URL does not have it. */
static inline bool
query_switched(const struct query *q, enum param param, bool otherwise)
{
	return query_given(q, param) ? q->arg[param].on != 0 : otherwise;
}

/* The row of op.def that a parameter of kind RESIZE is read by. */
const struct arg_row *query_arg(const struct param_row *row);
/* Fails with BAD_VALUE; accepted: what would be right. */
bool query_refuse(const struct query *q, size_t param, struct err *e,
    const char *accepted) must_check;
/* All values, whose parameters may be in any order, as steps in theirs. */
bool query_steps(struct query *q, struct plan *p, struct err *e) must_check;

/* The values of a parameter as a new step; NULL: they say "none". */
bool query_step(const struct query *q, size_t param, struct plan *p, enum op op,
    struct plan_step **step, struct err *e) must_check;
/* overlay=, overlay2= and so on: the plan's further sources. */
bool query_overlays(const struct dialect_in *in, const struct query *q,
    struct plan *p, struct err *e) must_check;
/* composite=, composite2= and so on: a step for each of them. */
bool query_composites(
    struct query *q, struct plan *p, struct err *e) must_check;
/* The step of an operation by its name, if the URL has it. */
bool query_plain(const struct query *q, struct plan *p, enum op op,
    struct err *e) must_check;
/* An argument of the output by its name, or by another one it goes by. */
size_t query_out_find(struct slice name, const char **word);
/* Which pages are read, and how densely a drawing is drawn. */
bool query_in(struct query *q, struct plan *p, struct err *e) must_check;
/* Format and arguments of the output. */
bool query_out(const struct dialect_in *in, struct query *q, struct plan *p,
    struct err *e) must_check;
/* The i-th parameter, then the plain operations: query_manual.c. */
bool query_word(size_t i, struct dialect_word *out) must_check;
bool query_print(
    const struct plan *p, char *out, size_t size, struct err *e) must_check;
