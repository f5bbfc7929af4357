/* SPDX-License-Identifier: Apache-2.0 */
/* Of conf alone: what its texts share. */
#pragma once

#include "conf/table.h"

/*
 * "A time from 1s to 1h". False where that says nothing that the type's name
 * does not say.
 */
bool print_limits(const struct conf_row *row, char *out, size_t size);
