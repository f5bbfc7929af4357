/* SPDX-License-Identifier: Apache-2.0 */
/* Of origin/http alone: the URL that a key means. Pure. */
#pragma once

#include "base/err.h"
#include "base/slice.h"

/*
 * endpoint: "https://host/pics/", what key is put behind, encoded. Empty: key
 * is a URL; only what may not stand in one (blanks, bytes above ASCII) is
 * encoded. Fails with NO_SOURCE (empty), FORBIDDEN, URL_TOO_LONG. size: of out.
 */
bool http_url(const char *endpoint, const char *key, char *out, size_t size,
    struct err *e) must_check;
/* Scheme, host and port of a URL, as they stand there. */
struct slice http_site(const char *url);
