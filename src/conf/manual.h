/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of manual pages in man(7)'s language. */
#pragma once

#include <stdio.h>

/* Escaped; every sentence on a line of its own, as man(7) wants it. */
void manual_text(FILE *out, const char *text);
/* Escaped, without a line feed. */
void manual_word(FILE *out, const char *word);

/* pictord(8) around the list of its options. */
void manual_pictord_before(FILE *out);
void manual_pictord_after(FILE *out);
