/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of plan_check(). Private to plan/. */
#pragma once

#include "plan/plan.h"

/* Whether the arguments of a step make sense together; BAD_VALUE if not. */
bool plan_sense(
    const struct plan *p, const struct plan_step *s, struct err *e) must_check;
/* Fails with BAD_VALUE: something is not there, or not with something else. */
bool plan_missing(const char *param, const char *accepted, struct err *e);
