/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 on OpenSSL's libcrypto. Thread-safe. */
#pragma once

#include "base/base.h"

enum { DIGEST_SIZE = 32 };

struct digest {
	uint8_t byte[DIGEST_SIZE];
};

struct digest digest_of(const void *data, size_t size);
bool digest_eq(const struct digest *a, const struct digest *b);

/* In pieces: new, any number of adds, then end (which frees). */
struct digest_run;
struct digest_run *digest_new(void);
void digest_add(struct digest_run *run, const void *data, size_t size);
struct digest digest_end(struct digest_run *run);
