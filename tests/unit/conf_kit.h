/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the configuration share: a text that is read or refused. */
#pragma once

#include "conf/conf.h"
#include "unit.h"

/* The file "t.conf" with this text and that environment (NULL: none); the
 * caller drops it. */
struct conf *loaded(const char *text, char *const *env);
/* want: the whole of the error. */
void refused(const char *text, char *const *env, const char *want);
