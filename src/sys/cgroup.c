/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel: Documentation/admin-guide/cgroup-v2.rst, cpu.max.
 * In a container the group's path is usually "/", and the limits stand at the
 * mount itself.
 */
#include "sys/cgroup.h"

#include <stdio.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/num.h"
#include "base/slice.h"

enum { CGROUP_FILE_MAX = 65536, CGROUP_PATH_MAX = 4096 };

/* The path on the line "0::/system.slice/pictor.service"; "/" if none. */
static void
group_of(const char *self, char *out, size_t size)
{
	scoped_free char *text = NULL;
	struct slice rest;
	struct err ignored;

	slice_copy(SLICE("/"), out, size);
	if (!fd_read_file(self, CGROUP_FILE_MAX, &text, &rest.len, &ignored))
		return;
	rest.at = text;
	while (rest.at != NULL) {
		struct slice line = slice_cut(&rest, '\n');

		if (slice_starts(line, SLICE("0::/")) && line.len < size) {
			slice_copy(slice_skip(line, 3), out, size);
			return;
		}
	}
}

/* The first line of one of the group's files; out empty if there is none. */
static struct slice
read_line(const char *folder, const char *name, char **text)
{
	char path[CGROUP_PATH_MAX + 32];
	struct slice rest = { NULL, 0 };
	struct err ignored;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (!fd_read_file(path, CGROUP_FILE_MAX, text, &rest.len, &ignored))
		return (struct slice){ "", 0 };
	rest.at = *text;
	return slice_cut(&rest, '\n');
}

static uint64_t
smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* One group's own limits; "max" is none and is not a number. */
static void
group_limit(const char *folder, struct cgroup_limits *limits)
{
	scoped_free char *cpu = NULL;
	struct slice period = read_line(folder, "cpu.max", &cpu);
	struct slice quota = slice_cut(&period, ' ');
	int64_t value;
	int64_t per;

	/* Microseconds of CPU in each period of microseconds. */
	if (num_int(quota, 1, INT64_MAX / 1000, &value) &&
	    num_int(period, 1, INT64_MAX, &per))
		limits->cpu_milli =
		    smaller(limits->cpu_milli, (uint64_t)(value * 1000 / per));
}

struct cgroup_limits
cgroup_limits_read(const char *self, const char *root)
{
	struct cgroup_limits limits = { CGROUP_NO_LIMIT };
	char group[CGROUP_PATH_MAX / 2];
	char folder[CGROUP_PATH_MAX];

	group_of(self, group, sizeof(group));
	for (;;) {
		char *slash = strrchr(group, '/');

		snprintf(folder, sizeof(folder), "%s%s", root, group);
		group_limit(folder, &limits);
		if (slash == NULL || group[0] == '\0')
			return limits;
		*slash = '\0';
	}
}
