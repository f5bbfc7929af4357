/* SPDX-License-Identifier: Apache-2.0 */
/* What the languages share. Not for use outside this folder. */
#pragma once

#include "base/text.h"
#include "dialect/dialect.h"

enum { KEY_MAX = 1024 /* bytes; S3's own limit */ };

extern const struct dialect dialect_query;
extern const struct dialect dialect_dit;

/*
 * What a name must be that this one is not, in words; NULL: it is all right. A
 * key is UTF-8 without control bytes and, since it may become a path, without
 * "." and ".." segments; and without empty ones where the store, one of the
 * mount's, does not know them.
 */
const char *key_fault(
    const struct dialect_in *in, struct slice store, struct slice key);
/*
 * Sets source[0]. The key must have no fault. Fails with BAD_URL when the pool
 * is full.
 */
bool source_set(struct plan *p, struct slice store, struct slice key,
    struct err *e) must_check;
/* The next source, an overlay; fails with BAD_URL when there are too many. */
bool source_add(struct plan *p, struct slice store, struct slice key,
    struct err *e) must_check;
/*
 * The end of every print(): parses what was printed and fails with
 * NOT_SUPPORTED if that is another plan, so that no language says a plan
 * only roughly.
 *
 * url: path and query, NUL-terminated
 */
bool print_verify(const struct dialect *d, const struct plan *p,
    const char *url, struct err *e) must_check;
