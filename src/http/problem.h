/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors as application/problem+json (RFC 9457): a stable code, what is wrong
 * and what would be right; never a library's message or a detail for the log.
 */
#pragma once

#include "base/err.h"

#define PROBLEM_MEDIA_TYPE "application/problem+json"

/* Room that every problem fits in. */
enum { PROBLEM_MAX = 10240 };

/*
 * status: as answered. id: the request's. Returns the length.
 */
size_t problem_write(
    const struct err *e, int status, const char *id, char out[PROBLEM_MAX]);
