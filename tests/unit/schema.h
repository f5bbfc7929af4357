/* SPDX-License-Identifier: Apache-2.0 */
/* As much of JSON Schema as the schema of events uses. */
#pragma once

#include "base/json.h"

/* Fails the test unless event has all members of schema, and as it says. */
void schema_check(json_t *schema, json_t *event);
bool schema_one_of(const json_t *list, const json_t *value);
bool schema_pattern_fits(const char *pattern, const char *text);
