/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query language's table of parameters and the values read by it: between
 * query.c (URL to values to plan) and query_print.c (plan to URL). Not for use
 * outside this folder.
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
	Q_FLIP,
	Q_FLOP,
	Q_EXTRACT,
	Q_FLATTEN,
	Q_BACKGROUND,
	Q_GRAYSCALE,
	Q_BLUR,
	Q_SHARPEN,
	Q_FORMAT,
	Q_QUALITY,
	Q_EFFORT,
	Q_LOSSLESS,
	Q_PROGRESSIVE,
	Q_SUBSAMPLE,
	Q_COMPRESSION,
	Q_PALETTE,
	Q_COLOURS,
	Q_DITHER,
	Q_KEEP,
	Q_PROFILE,
	Q_PAGE,
	Q_PAGES,
	Q_ANIMATED,
	Q_COUNT
};

/* Where the row of op.def or format.def is by which a value is read. */
enum param_kind {
	KIND_RESIZE, /* arg: enum RESIZE_x */
	KIND_OUT,    /* arg: enum out */
	KIND_SWITCH, /* true, false, or nothing for true */
	KIND_OWN     /* read by a function of query.c */
};

struct param_row {
	const char *name;
	const char *alias[4];
	enum param_kind kind;
	unsigned arg;
};

extern const struct param_row query_params[Q_COUNT];

/* A word for a side or corner: "top", "right top", "north", "entropy". */
bool query_position(struct slice word, int64_t *position) must_check;
bool query_print(
    const struct plan *p, char *out, size_t size, struct err *e) must_check;
