/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of pictord, as option.def lists it.
 */
#pragma once

#include <stdio.h>

#include "base/err.h"

/* Texts point into argv; NULL where not given. */
struct options {
#define OPTION_TEXT(field, name, letter, arg, text) const char *field;
#define OPTION_FLAG(field, name, letter, text)      bool field;
#include "conf/option.def"
#undef OPTION_TEXT
#undef OPTION_FLAG
};

/*
 * "--name value", "--name=value", "-n value", "-nvalue", "--" as the end.
 * argv is not changed. Fails with CONFIG; the detail is one line that names
 * the argument and, if one is near, what may be meant.
 */
bool options_read(
    int argc, char *const *argv, struct options *out, struct err *e) must_check;
/* The options, one paragraph each: for --help. */
void options_print(FILE *out);
/* man/pictord.8 */
void options_print_manual(FILE *out);
