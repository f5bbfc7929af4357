/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON from untrusted bytes: the one place that knows jansson's reading flags
 * and its limits (depth, size, duplicate keys, NUL in strings).
 *
 * Objects keep the order of their keys (jansson's do since 2.8), which the
 * dit language needs. Writing JSON needs no library: base/json_out.h.
 */
#pragma once

#include <jansson.h>

#include "base/slice.h"

struct err;

/*
 * Any JSON value at the top, at most 64 KiB, nested at most 32 deep. NULL with
 * BAD_URL when it is not. Release with json_decref().
 */
json_t *json_read(struct slice text, struct err *e) must_check;
/* The same with another size. */
json_t *json_read_long(
    struct slice text, size_t most, struct err *e) must_check;

/*
 * Overwrites the texts of an object (not of what is deeper in it) before it is
 * released: for answers that hold secrets. Nobody else may have a reference to
 * one. Anything else, NULL too, is left alone.
 */
void json_wipe(json_t *object);

static inline void
scoped_json_fn(json_t **json)
{
	json_decref(*json);
}
#define scoped_json __attribute__((cleanup(scoped_json_fn))) json_t *
