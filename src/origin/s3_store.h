/* SPDX-License-Identifier: Apache-2.0 */
/* Of origin/s3*.c alone: what is kept for a store of type s3. */
#pragma once

#include "origin/store.h"

struct credential_source;
struct fetch_way;
struct s3;

struct bucket {
	struct fetch_way *way;
	struct credential_source *credentials; /* NULL: nothing is signed */
	struct s3 *s3;
};

/* Tries a store that is open: see store_kind.probe. */
bool bucket_probe(
    struct store *s, const struct origin_probe *p, struct err *e) must_check;
