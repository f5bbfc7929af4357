/* SPDX-License-Identifier: Apache-2.0 */
/* The operators' listener: /healthz, /readyz, /metrics. */
#pragma once

#include "base/err.h"

struct admin;
struct http_parts;

/* Serves on a listening socket, which is given; parts lives as long. Fails
 * with SYSTEM. */
bool admin_start(int fd, const struct http_parts *parts, struct admin **out,
    struct err *e) must_check;
void admin_free(struct admin *a); /* NULL is allowed */
