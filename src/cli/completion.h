/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pictor completion SHELL: a script with all words in it, from the tables. It
 * runs nothing but the shell's own commands. For completion*.c alone.
 */
#pragma once

#include "cli/cli.h"
#include "dialect/dialect.h"

enum {
	COMPLETION_WORDS = 256,
	COMPLETION_BRIEF = 80 /* bytes, the end included */
};

struct completion_word {
	const char *name;
	const char *text; /* a sentence; NULL: none */
};

/* All words of these kinds but files, folders and parameters; how many. */
size_t completion_words(
    unsigned words, struct completion_word out[COMPLETION_WORDS]);
/* The values that a parameter's name takes behind its =; how many. */
size_t completion_values(const struct dialect_word *param,
    struct completion_word out[COMPLETION_WORDS]);
/* The first clause of a sentence, in one line of a list. */
void completion_brief(const char *text, char out[COMPLETION_BRIEF]);

void completion_bash(void);
void completion_fish(void);
void completion_zsh(void);
