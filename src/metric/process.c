/* SPDX-License-Identifier: Apache-2.0 */
/* Linux: proc(5), /proc/self/stat and /proc/self/fd. */
#include "metric/process.h"

#include <sys/resource.h>

#include <dirent.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/num.h"
#include "base/slice.h"

/* Fields behind the program's name, which may itself hold blanks and ')'. */
enum {
	STAT_UTIME = 11,
	STAT_STIME = 12,
	STAT_START = 19,
	STAT_VSIZE = 20,
	STAT_RSS = 21,
	STAT_FIELDS
};

enum { STAT_MAX = 4096 };

static bool
stat_read(int64_t field[STAT_FIELDS])
{
	scoped_free char *text = NULL;
	struct slice rest;
	struct err ignored;
	size_t size;

	if (!fd_read_file("/proc/self/stat", STAT_MAX, &text, &size, &ignored))
		return false;
	rest.at = strrchr(text, ')');
	if (rest.at == NULL || rest.at[1] != ' ')
		return false;
	rest = slice_of(rest.at + 2);
	for (size_t i = 0; i < STAT_FIELDS; i++) {
		struct slice word = slice_cut(&rest, ' ');

		field[i] = 0;
		/* The first is a letter: the state. */
		if (i > 0 && !num_int(word, INT64_MIN, INT64_MAX, &field[i]))
			return false;
	}
	return true;
}

/* Descriptors that are open now, without the one that counts them. */
static int64_t
open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int64_t n = 0;

	if (folder == NULL)
		return -1;
	/* glibc locks each folder, and this one is ours alone. */
	while (readdir(folder) != NULL) /* NOLINT(concurrency-mt-unsafe) */
		n++;
	closedir(folder);
	return n - 3; /* "." and ".." too */
}

static int64_t
boot_ns(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/*
 * When the process started, by the wall clock. Worked out once: if the clock
 * is set later, the start must not move, since monitoring takes that for a
 * restart.
 */
static int64_t
start_ns(int64_t since_boot_ns)
{
	static _Atomic int64_t kept;
	int64_t start = atomic_load_explicit(&kept, memory_order_relaxed);

	if (start == 0) {
		start = clock_wall_ns() - boot_ns() + since_boot_ns;
		atomic_store_explicit(&kept, start, memory_order_relaxed);
	}
	return start;
}

static void
print_one(FILE *out, const char *name, const char *kind, const char *help,
    double value)
{
	char text[NUM_TEXT_MAX];

	num_print(value, text);
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n%s %s\n", name, help, name,
	    kind, name, text);
}

static double
seconds(int64_t ns)
{
	/* Hundredths, which is what the kernel counts in. */
	int64_t hundredths = ns / (NS_PER_S / 100);

	return (double)hundredths / 100;
}

static void
print_stat(FILE *out)
{
	int64_t tick_ns = NS_PER_S / sysconf(_SC_CLK_TCK);
	int64_t page = sysconf(_SC_PAGESIZE);
	int64_t field[STAT_FIELDS];

	if (!stat_read(field))
		return;
	print_one(out, "process_cpu_seconds_total", "counter",
	    "CPU time of the process, its workers not included, in seconds.",
	    seconds((field[STAT_UTIME] + field[STAT_STIME]) * tick_ns));
	print_one(out, "process_resident_memory_bytes", "gauge",
	    "Resident memory.", (double)(field[STAT_RSS] * page));
	print_one(out, "process_virtual_memory_bytes", "gauge",
	    "Address space.", (double)field[STAT_VSIZE]);
	print_one(out, "process_start_time_seconds", "gauge",
	    "Start of the process, seconds since 1970.",
	    seconds(start_ns(field[STAT_START] * tick_ns)));
}

void
process_print(FILE *out)
{
	struct rlimit limit;
	int64_t n = open_descriptors();

	print_stat(out);
	if (n >= 0)
		print_one(out, "process_open_fds", "gauge", "Open descriptors.",
		    (double)n);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		print_one(out, "process_max_fds", "gauge",
		    "Most descriptors it may open.", (double)limit.rlim_cur);
}
