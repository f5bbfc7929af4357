/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that is put together in a room of fixed size.
 *
 * A piece goes in whole or not at all. Once one did not fit, full is set and
 * the text stays as it is. at is NUL-terminated after every call.
 */
#pragma once

#include <stdio.h>

#include "base/slice.h"

/* Begin with at and size (at least 1), the rest zero. */
struct text {
	char *at;
	size_t size;
	size_t len;
	bool full;
};

void text_put(struct text *t, struct slice s);
void text_printf(struct text *t, const char *format, ...) printf_like(2, 3);
/*
 * To a file: first and then the words of text; lines end before the column,
 * the others begin with indent.
 */
void text_wrap(FILE *out, const char *first, const char *indent,
    struct slice text, size_t columns);
