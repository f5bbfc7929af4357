/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The events' JSON Schema, compiled: which members an event has and what each
 * may be. Only the words that event.schema.json uses are known; another one is
 * refused at start rather than ignored.
 */
#pragma once

#include "base/err.h"
#include "base/json.h"

enum { SCHEMA_FIELDS_MAX = 128, SCHEMA_WHY_MAX = 160 };

struct schema;

/* Fails with CONFIG: the schema itself is wrong. */
bool schema_new(
    struct slice text, struct schema **out, struct err *e) must_check;
void schema_free(struct schema *s); /* NULL is allowed */
size_t schema_count(const struct schema *s);
const char *schema_name(const struct schema *s, size_t field);
/*
 * Whether event is one by the schema. values: gets each field's value, borrowed
 * of event. why: gets what is wrong, in one line without the event's own
 * bytes other than a member's name, escaped.
 */
bool schema_check(const struct schema *s, const json_t *event,
    const json_t *values[SCHEMA_FIELDS_MAX],
    char why[SCHEMA_WHY_MAX]) must_check;
