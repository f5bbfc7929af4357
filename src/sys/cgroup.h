/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of sys alone: limits of the control group (version 2) this process is in and
 * of all groups above it; the smallest holds.
 */
#pragma once

#include "base/base.h"

#define CGROUP_NO_LIMIT UINT64_MAX

/*
 * self: /proc/self/cgroup; root: where cgroup2 is mounted. What cannot be read
 * is no limit.
 */
struct cgroup_limits {
	uint64_t cpu_milli; /* thousandths of a core */
};
struct cgroup_limits cgroup_limits_read(const char *self, const char *root);
