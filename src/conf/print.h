/* SPDX-License-Identifier: Apache-2.0 */
/* Of conf alone: what its texts share. */
#pragma once

#include "conf/table.h"

/*
 * first and then the words of text; lines end before the column, the others
 * begin with indent.
 */
void print_wrapped(FILE *out, const char *first, const char *indent,
    struct slice text, size_t columns);
/*
 * "A time from 1s to 1h". False where that says nothing that the type's name
 * does not say.
 */
bool print_limits(const struct conf_row *row, char *out, size_t size);
