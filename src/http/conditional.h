/* SPDX-License-Identifier: Apache-2.0 */
/* Conditional requests (RFC 9110 section 13): pure functions of text. */
#pragma once

#include "base/slice.h"

/* What a viewer said it has; at = NULL where the header is missing. */
struct conditions {
	struct slice none_match;     /* If-None-Match */
	struct slice modified_since; /* If-Modified-Since */
	struct slice if_range;       /* If-Range */
};

/*
 * Does the viewer hold this version already (304)? If-None-Match (a list or
 * "*", weak comparison) decides alone where it is given. etag: with its
 * quotes. modified_s: wall clock.
 */
bool conditions_hold(
    const struct conditions *c, const char *etag, int64_t modified_s);
/*
 * May a range of this version be sent? True without If-Range; an ETag is
 * compared strongly, a date exactly.
 */
bool conditions_allow_range(
    const struct conditions *c, const char *etag, int64_t modified_s);
