/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that takes nothing more, for the tests of what is written. */
#pragma once

#include <sys/resource.h>

/*
 * From now on no file of this process grows beyond size: writes fail with
 * EFBIG. Returns what was before.
 */
struct rlimit disk_full(rlim_t size);
void disk_has_room(const struct rlimit *before);
