/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets: compared in constant time, wiped before they are released. */
#pragma once

#include "base/slice.h"

bool secret_eq(struct slice a, struct slice b);
void secret_wipe(void *data, size_t size);
