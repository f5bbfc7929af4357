/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operators' listener: /healthz, /readyz and /metrics. One thread, one
 * request at a time, each at most two seconds: for a monitor, not for the world.
 */
#pragma once

#include "base/err.h"

struct admin;

/* address: as http.listen; "": none, *out is NULL. Fails as sys_listen(). */
bool admin_start(
    const char *address, struct admin **out, struct err *e) must_check;
void admin_free(struct admin *a); /* NULL is allowed */
