/* SPDX-License-Identifier: Apache-2.0 */
/* The manual pages' fixed texts. Of manual.c alone. */
#pragma once

#include <stddef.h>

/* Lines in man(7)'s language, NULL-terminated. */
extern const char *const page_pictor_before[];
extern const char *const page_pictor_after[];
extern const char *const page_url_before[];
extern const char *const page_url_operations[];
extern const char *const page_url_dit[];
extern const char *const page_url_after[];
extern const char *const page_ops_before[];
extern const char *const page_ops_after[];
