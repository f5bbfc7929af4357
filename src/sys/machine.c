/* SPDX-License-Identifier: Apache-2.0 */
/* How much of the machine is ours. */
#include <sched.h>

#include "sys/cgroup.h"
#include "sys/sys.h"

enum { CORES_MAX = 8192 };

static struct cgroup_limits
limits_here(void)
{
	return cgroup_limits_read("/proc/self/cgroup", "/sys/fs/cgroup");
}

/* Cores this process may run on; 0 if the system does not say. */
static unsigned
cores_allowed(void)
{
	cpu_set_t *set = CPU_ALLOC(CORES_MAX);
	size_t size = CPU_ALLOC_SIZE(CORES_MAX);
	int n = 0;

	if (set != NULL && sched_getaffinity(0, size, set) == 0)
		n = CPU_COUNT_S(size, set);
	CPU_FREE(set);
	return n > 0 ? (unsigned)n : 0;
}

unsigned
sys_cores(void)
{
	uint64_t milli = limits_here().cpu_milli;
	unsigned cores = cores_allowed();
	/* Rounded up: half a core more is used when one and a half are ours. */
	uint64_t quota = milli / 1000 + (milli % 1000 != 0);

	if (quota < cores)
		cores = (unsigned)quota;
	return cores > 0 ? cores : 1;
}
