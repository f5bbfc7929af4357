/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call that is not in the table kills the process with SIGSYS. Calls that a
 * library only tries, and can do without, fail instead.
 */
#include "render/sandbox.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

/* ---- Landlock ---- */

/*
 * The kernel's struct with what came after our oldest headers: TCP ports
 * (ABI 4) and scopes (ABI 6).
 */
struct ruleset {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

enum {
	ABI_REFER = 2,
	ABI_TRUNCATE = 3,
	ABI_NET = 4,
	ABI_IOCTL = 5,
	ABI_SCOPE = 6
};
static const uint64_t fs_first = (UINT64_C(1) << 13) - 1; /* ABI 1 */
static const uint64_t fs_refer = UINT64_C(1) << 13;
static const uint64_t fs_truncate = UINT64_C(1) << 14;
static const uint64_t fs_ioctl = UINT64_C(1) << 15;
static const uint64_t net_all = 3;   /* bind and connect TCP */
static const uint64_t scope_all = 3; /* abstract sockets, signals */

/* All that may be read. What a machine does not have is left out. */
static const char *const readable[] = {
	"/etc/fonts",
	"/usr/share/fonts",
	"/usr/local/share/fonts",
	"/usr/share/fontconfig",
	"/var/cache/fontconfig",
	"/usr/share/poppler",
	"/etc/ld.so.cache",
	"/usr/lib",
	"/usr/lib64",
	"/usr/local/lib",
	"/lib",
	"/lib64",
};

static bool
landlock_allow(int ruleset, const char *path, struct err *e)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access =
		    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
	};
	scoped_fd fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return true;
	rule.parent_fd = fd;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		&rule, 0) == 0)
		return true;
	/* A file takes no rights of a folder. */
	rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
	if (errno == EINVAL &&
	    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		&rule, 0) == 0)
		return true;
	return err_errno(e, ERR_SYSTEM, errno, "Landlock: %s", path);
}

static bool
landlock_close(long abi, struct err *e)
{
	struct ruleset all = { .fs = fs_first };
	size_t size = sizeof(all.fs);
	scoped_fd fd = -1;

	if (abi >= ABI_REFER)
		all.fs |= fs_refer;
	if (abi >= ABI_TRUNCATE)
		all.fs |= fs_truncate;
	if (abi >= ABI_IOCTL)
		all.fs |= fs_ioctl;
	if (abi >= ABI_NET) {
		all.net = net_all;
		size += sizeof(all.net);
	}
	if (abi >= ABI_SCOPE) {
		all.scoped = scope_all;
		size += sizeof(all.scoped);
	}
	fd = (int)syscall(SYS_landlock_create_ruleset, &all, size, 0);
	if (fd < 0)
		return err_errno(e, ERR_SYSTEM, errno, "Landlock's ruleset");
	for (size_t i = 0; i < NELEM(readable); i++)
		if (!landlock_allow(fd, readable[i], e))
			return false;
	if (syscall(SYS_landlock_restrict_self, fd, 0) != 0)
		return err_errno(e, ERR_SYSTEM, errno, "Landlock");
	return true;
}

bool
sandbox_files(bool optional, bool *landlock, struct err *e)
{
	long abi;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_errno(e, ERR_SYSTEM, errno, "no_new_privs");
	abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 1 && optional) {
		*landlock = false;
		return true;
	}
	if (abi < 1)
		return err_errno(e, ERR_SYSTEM, errno,
		    "this kernel has no Landlock (Linux 5.13 or newer, "
		    "enabled by lsm=landlock); [render] landlock = optional "
		    "does without");
	if (!landlock_close(abi, e))
		return false;
	*landlock = true;
	return true;
}

/* ---- Limits ---- */

static bool
limit_set(
    __rlimit_resource_t what, rlim_t most, const char *name, struct err *e)
{
	struct rlimit limit = { most, most };

	if (setrlimit(what, &limit) == 0)
		return true;
	return err_errno(e, ERR_SYSTEM, errno, "limit of %s", name);
}

static bool
limits_close(uint64_t address_space, bool landlock, struct err *e)
{
	/* Descriptors are only needed to read fonts. */
	rlim_t files = landlock ? 64 : 0;

	if (!SANDBOX_SANITIZED && address_space > 0 &&
	    !limit_set(RLIMIT_AS, address_space, "address space", e))
		return false;
	return limit_set(RLIMIT_CORE, 0, "core size", e) &&
	    limit_set(RLIMIT_FSIZE, 0, "file size", e) &&
	    limit_set(RLIMIT_MSGQUEUE, 0, "message queues", e) &&
	    limit_set(RLIMIT_NOFILE, files, "descriptors", e);
}

/* ---- System calls ---- */

enum rule {
	ALLOW,
	ALLOW_READING, /* with Landlock; else EACCES */
	OPEN_READING,  /* the same, and only to read */
	TRY,           /* EACCES: libraries go on without */
	NO_EXEC,       /* third argument: protection without PROT_EXEC */
	ON_SOCKET,     /* first argument: the socket; no address */
	ON_STDERR,
	ON_CLOCK, /* nothing is asked of another process's clock */
	ABORT,    /* of this process by itself, for abort(3) */
	THREAD,   /* flags: exactly those of a new thread */
	NAME,     /* prctl: a thread's name, nothing else */
	UNKNOWN, /* as an older kernel: what it points to cannot be looked at */
	FD_FLAGS, /* fcntl: close-on-exec and asking, nothing else */
	SANITIZED /* where a sanitizer is built in */
};

/* One system call that is not fatal. */
struct row {
	int call;
	enum rule rule;
};

static const struct row rows[] = {
	/* Memory. */
	{ SCMP_SYS(brk), ALLOW },
	{ SCMP_SYS(mmap), NO_EXEC },
	{ SCMP_SYS(mprotect), NO_EXEC },
	{ SCMP_SYS(munmap), ALLOW },
	{ SCMP_SYS(mremap), ALLOW },
	{ SCMP_SYS(madvise), ALLOW },
	/*
	 * Threads: libheif, its codecs and OpenMP begin and end some for each
	 * image. They inherit the filter and Landlock. What clone3 is asked for
	 * lies in memory, where a filter cannot look.
	 */
	{ SCMP_SYS(clone), THREAD },
	{ SCMP_SYS(clone3), UNKNOWN },
	{ SCMP_SYS(prctl), NAME },
	{ SCMP_SYS(set_robust_list), ALLOW },
	{ SCMP_SYS(rseq), ALLOW },
	{ SCMP_SYS(futex), ALLOW },
	{ SCMP_SYS(sched_yield), ALLOW },
	{ SCMP_SYS(sched_getaffinity), ALLOW },
	{ SCMP_SYS(gettid), ALLOW },
	{ SCMP_SYS(getpid), ALLOW },
	{ SCMP_SYS(exit), ALLOW },
	{ SCMP_SYS(exit_group), ALLOW },
	/* Time and chance. */
	{ SCMP_SYS(clock_gettime), ALLOW },
	{ SCMP_SYS(clock_getres), ALLOW },
	{ SCMP_SYS(gettimeofday), ALLOW },
	{ SCMP_SYS(clock_nanosleep), ON_CLOCK },
	{ SCMP_SYS(getrandom), ALLOW },
	{ SCMP_SYS(sysinfo), ALLOW }, /* qsort(3) asks how much memory */
	/* Signals: coming back from one, and abort(3). */
	{ SCMP_SYS(rt_sigprocmask), ALLOW },
	{ SCMP_SYS(rt_sigreturn), ALLOW },
	{ SCMP_SYS(restart_syscall), ALLOW },
	{ SCMP_SYS(tgkill), ABORT },
	/* The daemon, and what libraries print. */
	{ SCMP_SYS(recvfrom), ON_SOCKET },
	{ SCMP_SYS(sendto), ON_SOCKET },
	{ SCMP_SYS(write), ON_STDERR },
	/* Fonts. */
	{ SCMP_SYS(openat), OPEN_READING },
	{ SCMP_SYS(open), TRY },
	{ SCMP_SYS(read), ALLOW },
	{ SCMP_SYS(pread64), ALLOW },
	{ SCMP_SYS(lseek), ALLOW },
	{ SCMP_SYS(close), ALLOW },
	{ SCMP_SYS(fcntl), FD_FLAGS },
	{ SCMP_SYS(fstat), ALLOW },
	{ SCMP_SYS(newfstatat), ALLOW_READING },
	{ SCMP_SYS(getdents64), ALLOW_READING },
	{ SCMP_SYS(stat), TRY },
	{ SCMP_SYS(lstat), TRY },
	{ SCMP_SYS(statx), TRY },
	{ SCMP_SYS(access), ALLOW_READING },
	{ SCMP_SYS(faccessat), ALLOW_READING },
	{ SCMP_SYS(faccessat2), ALLOW_READING },
	{ SCMP_SYS(readlink), TRY },
	{ SCMP_SYS(readlinkat), TRY },
	/* Sanitizers: their alternate stacks, their reports. */
	{ SCMP_SYS(sigaltstack), SANITIZED },
	{ SCMP_SYS(rt_sigaction), SANITIZED },
	{ SCMP_SYS(getrusage), SANITIZED },
	{ SCMP_SYS(getuid), SANITIZED },
	{ SCMP_SYS(getppid), SANITIZED },
	{ SCMP_SYS(ioctl), SANITIZED },
	{ SCMP_SYS(uname), SANITIZED },
};

/* Argument n is that value; and argument n has only these of the mask. */
static struct scmp_arg_cmp
arg_is(unsigned n, scmp_datum_t value)
{
	return (struct scmp_arg_cmp){ n, SCMP_CMP_EQ, value, 0 };
}

static struct scmp_arg_cmp
arg_has(unsigned n, scmp_datum_t mask, scmp_datum_t value)
{
	return (struct scmp_arg_cmp){ n, SCMP_CMP_MASKED_EQ, mask, value };
}

static int
row_allow_if(
    scmp_filter_ctx ctx, int call, unsigned n, const struct scmp_arg_cmp *when)
{
	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, call, n, when);
}

/* Without rights to write, to make or to cut. */
static int
row_open(scmp_filter_ctx ctx, int call)
{
	/* O_TMPFILE's own bit: it contains O_DIRECTORY, which may be. */
	const int making = O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY);
	const struct scmp_arg_cmp reading =
	    arg_has(2, (scmp_datum_t)(O_ACCMODE | O_APPEND | making), O_RDONLY);

	return row_allow_if(ctx, call, 1, &reading);
}

static int
row_socket(scmp_filter_ctx ctx, int call, int socket)
{
	const struct scmp_arg_cmp only[] = {
		arg_is(0, (scmp_datum_t)socket),
		arg_is(4, 0),
	};

	return row_allow_if(ctx, call, NELEM(only), only);
}

static int
row_abort(scmp_filter_ctx ctx, int call)
{
	const struct scmp_arg_cmp only[] = {
		arg_is(0, (scmp_datum_t)getpid()),
		arg_is(2, SIGABRT),
	};

	return row_allow_if(ctx, call, NELEM(only), only);
}

/*
 * Flags of pthread_create(3) in glibc. A process of its own would have fewer;
 * a new namespace would have others.
 */
static int
row_thread(scmp_filter_ctx ctx, int call)
{
	static const scmp_datum_t flags = CLONE_VM | CLONE_FS | CLONE_FILES |
	    CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |
	    CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
	const struct scmp_arg_cmp only = arg_is(0, flags);

	return row_allow_if(ctx, call, 1, &only);
}

static int
row_fcntl(scmp_filter_ctx ctx, int call)
{
	static const scmp_datum_t allowed[] = { F_GETFD, F_SETFD, F_GETFL };
	int failed = 0;

	for (size_t i = 0; i < NELEM(allowed) && failed == 0; i++) {
		const struct scmp_arg_cmp only = arg_is(1, allowed[i]);

		failed = row_allow_if(ctx, call, 1, &only);
	}
	return failed;
}

static int
row_add(scmp_filter_ctx ctx, const struct row *row, int socket, bool landlock)
{
	const struct scmp_arg_cmp no_exec = arg_has(2, PROT_EXEC, 0);
	const struct scmp_arg_cmp to_stderr = arg_is(0, STDERR_FILENO);
	const struct scmp_arg_cmp clock =
	    (struct scmp_arg_cmp){ 0, SCMP_CMP_LE, CLOCK_MONOTONIC, 0 };
	const struct scmp_arg_cmp name = arg_is(0, PR_SET_NAME);
	uint32_t denied = SCMP_ACT_ERRNO(EACCES);

	switch (row->rule) {
	case ALLOW:
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, row->call, 0);
	case ALLOW_READING:
		return seccomp_rule_add(
		    ctx, landlock ? SCMP_ACT_ALLOW : denied, row->call, 0);
	case OPEN_READING:
		if (!landlock)
			return seccomp_rule_add(ctx, denied, row->call, 0);
		return row_open(ctx, row->call);
	case TRY:
		return seccomp_rule_add(ctx, denied, row->call, 0);
	case NO_EXEC:
		return row_allow_if(ctx, row->call, 1, &no_exec);
	case ON_SOCKET:
		return row_socket(ctx, row->call, socket);
	case ON_STDERR:
		return row_allow_if(ctx, row->call, 1, &to_stderr);
	case ON_CLOCK:
		return row_allow_if(ctx, row->call, 1, &clock);
	case ABORT:
		return row_abort(ctx, row->call);
	case THREAD:
		return row_thread(ctx, row->call);
	case NAME:
		return row_allow_if(ctx, row->call, 1, &name);
	case UNKNOWN:
		return seccomp_rule_add(
		    ctx, SCMP_ACT_ERRNO(ENOSYS), row->call, 0);
	case FD_FLAGS:
		return row_fcntl(ctx, row->call);
	case SANITIZED:
		if (!SANDBOX_SANITIZED)
			return 0;
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, row->call, 0);
	}
	return -EINVAL;
}

static int
filter_load(scmp_filter_ctx ctx, int socket, bool landlock)
{
	int failed = seccomp_attr_set(
	    ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	/* All threads at once; and a tree instead of a list. */
	if (failed == 0)
		failed = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	if (failed == 0)
		failed = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (size_t i = 0; i < NELEM(rows) && failed == 0; i++)
		failed = row_add(ctx, &rows[i], socket, landlock);
	if (failed == 0)
		failed = seccomp_load(ctx);
	return failed;
}

bool
sandbox_close(int socket, uint64_t address_space, bool landlock, struct err *e)
{
	scmp_filter_ctx ctx;
	int failed;

	if (!limits_close(address_space, landlock, e))
		return false;
	/* Not dumpable: no other process of this user may look inside. */
	if (!SANDBOX_SANITIZED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return err_errno(e, ERR_SYSTEM, errno, "not dumpable");
	ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (ctx == NULL)
		return err_set(e, ERR_SYSTEM, "seccomp: no memory");
	failed = filter_load(ctx, socket, landlock);
	seccomp_release(ctx);
	if (failed == 0)
		return true;
	return err_errno(e, ERR_SYSTEM, -failed,
	    "seccomp refused its filter (SECCOMP_FILTER in the kernel?)");
}
