/* SPDX-License-Identifier: Apache-2.0 */
/* Of conf alone: an INI file as a sequence of headers and settings. */
#pragma once

#include "base/err.h"
#include "base/slice.h"

/* Where a value was set. All empty: nowhere, it is the default. */
struct conf_where {
	const char *file;
	unsigned line;
	const char *env; /* name of the variable */
};

/*
 * One header (key.at NULL) or one setting, in the order of the file. section
 * is empty before the first header. The slices are gone after the call.
 * False ends the reading; *e is then filled.
 */
typedef bool conf_file_f(void *ctx, const struct conf_where *where,
    struct slice section, struct slice key, struct slice value, struct err *e);

/*
 * text: any bytes; name: for messages. Lines may have any length.
 * Fails with CONFIG: not UTF-8 text, a line that is neither, or what each()
 * said.
 */
bool conf_file_read(struct slice text, const char *name, conf_file_f *each,
    void *ctx, struct err *e) must_check;

/*
 * What a value may be in every source: UTF-8 without control characters. why
 * gets what is wrong.
 */
bool conf_text_check(struct slice value, const char **why) must_check;
