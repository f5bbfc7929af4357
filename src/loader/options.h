/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of pictor-loader, as option.def lists it. */
#pragma once

#include <stdio.h>

#include "base/err.h"

/* Texts point into argv; NULL where not given. */
struct options {
#define OPTION_TEXT(field, name, letter, arg, text) const char *field;
#define OPTION_FLAG(field, name, letter, text)      bool field;
#include "loader/option.def"
#undef OPTION_TEXT
#undef OPTION_FLAG
};

/*
 * "--name value", "--name=value", "-n value". Fails with CONFIG; the detail is
 * one line.
 */
bool options_read(
    int argc, char *const *argv, struct options *out, struct err *e) must_check;
void options_help(FILE *out);
/* man/pictor-loader.8 */
void options_manual(FILE *out);
