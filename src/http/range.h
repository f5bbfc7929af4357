/* SPDX-License-Identifier: Apache-2.0 */
/* Range requests (RFC 9110 section 14), one range of bytes. */
#pragma once

#include "base/slice.h"

enum range_answer {
	RANGE_NONE,   /* none, several, or not understood: send everything */
	RANGE_PART,   /* *out is what to send */
	RANGE_OUTSIDE /* nothing of it exists: 416 */
};

struct range {
	uint64_t first;
	uint64_t length; /* at least 1 */
};

/*
 * field: the Range header's value, at = NULL: none. size: bytes there are.
 * *out is set with RANGE_PART and lies inside size. Any bytes, any length.
 */
enum range_answer range_read(
    struct slice field, uint64_t size, struct range *out);
