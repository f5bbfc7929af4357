/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of plan_cost(). Private to plan/. */
#pragma once

#include "plan/plan.h"

/* Writing a megapixel as the plan says, ms. */
double cost_encode(const struct plan *p);
