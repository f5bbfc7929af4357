/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tries one thing that a taken-over worker would try.
 *
 * jail_probe MODE NAME. MODE: bare (as it is), jail (first closed in by the
 * function that closes workers in), blind (the same on a kernel without
 * Landlock). Exits with 0 when the attempt succeeded, 1 when it was refused,
 * 2 when it could not be made. test_escape.c runs it.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "render/sandbox.h"
#include "render/worker.h"

enum { REFUSED = 1, UNABLE = 2 };

/* Asked before the sandbox, where asking is fatal by itself. */
static pid_t parent;

static int
closed(int fd)
{
	if (fd >= 0)
		close(fd);
	return fd >= 0 ? 0 : -1;
}

static int
try_open_write(void)
{
	return closed(open("/dev/null", O_WRONLY));
}

static int
try_open_create(void)
{
	return closed(open("/tmp", O_TMPFILE | O_RDWR, 0600));
}

static int
try_creat(void)
{
	return closed(creat("/dev/null", 0600));
}

static int
try_read_passwd(void)
{
	return closed(open("/etc/passwd", O_RDONLY));
}

static int
try_read_old(void)
{
	return closed((int)syscall(SYS_open, "/etc/passwd", O_RDONLY));
}

static int
try_read_memory(void)
{
	return closed(open("/proc/self/mem", O_RDONLY));
}

static int
try_read_environment(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)parent);
	return closed(open(path, O_RDONLY));
}

static int
try_read_root(void)
{
	return closed(open("/", O_RDONLY | O_DIRECTORY));
}

/* What fonts and codecs need may be read. */
static int
try_read_library(void)
{
	return closed(open("/etc/ld.so.cache", O_RDONLY));
}

static int
try_read_fonts(void)
{
	return closed(open("/usr/share/fonts", O_RDONLY | O_DIRECTORY));
}

static int
try_socket_inet(void)
{
	return closed(socket(AF_INET, SOCK_STREAM, 0));
}

static int
try_socket_unix(void)
{
	return closed(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int
try_connect(void)
{
	struct sockaddr_un no = { .sun_family = AF_UNSPEC };

	/* Of the socket that it has. */
	return connect(WIRE_SOCKET_FD, (struct sockaddr *)&no, sizeof(no)) ==
		    0 ||
		errno == EISCONN || errno == EINVAL
	    ? 0
	    : -1;
}

static int
try_send_descriptor(void)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
			  .cmsg_level = SOL_SOCKET,
			  .cmsg_type = SCM_RIGHTS } };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };

	return sendmsg(WIRE_SOCKET_FD, &message, 0) == 1 ? 0 : -1;
}

static int
try_write_elsewhere(void)
{
	return write(WIRE_SOCKET_FD, "x", 1) == 1 ? 0 : -1;
}

static int
try_exec(void)
{
	char *const argv[] = { NULL };

	execve("/bin/true", argv, argv);
	return -1;
}

static int
reaped(long pid)
{
	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	return pid > 0 ? 0 : -1;
}

static int
try_fork(void)
{
	return reaped(fork());
}

static int
try_vfork(void)
{
	return reaped(vfork());
}

static int
try_clone(void)
{
	return reaped(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL));
}

static int
try_clone3(void)
{
	uint64_t args[8] = { 0 };

	args[4] = SIGCHLD;
	return reaped(syscall(SYS_clone3, args, sizeof(args)));
}

static int
try_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static void *
thread_main(void *arg)
{
	return arg;
}

/* Codecs start threads. */
static int
try_thread(void)
{
	pthread_t thread;
	void *end = NULL;
	int done = 0;

	if (pthread_create(&thread, NULL, thread_main, &done) != 0)
		return -1;
	pthread_join(thread, &end);
	return end == &done ? 0 : -1;
}

static int
try_ptrace(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int
try_peek(void)
{
	char byte;
	struct iovec iov = { &byte, 1 };

	return process_vm_readv(getpid(), &iov, 1, &iov, 1, 0) == 1 ? 0 : -1;
}

static int
try_kill(void)
{
	return kill(parent, 0);
}

static int
try_tgkill(void)
{
	return (int)syscall(SYS_tgkill, parent, parent, 0);
}

static int
try_kill_self(void)
{
	/* Aborting itself is allowed, other signals are not. */
	return (int)syscall(SYS_tgkill, getpid(), gettid(), 0);
}

static int
try_pidfd(void)
{
	return closed((int)syscall(SYS_pidfd_open, parent, 0));
}

static int
try_mprotect(void)
{
	static char page[8192] __attribute__((aligned(4096)));

	return mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
}

static int
try_mprotect_exec(void)
{
	static char page[8192] __attribute__((aligned(4096)));

	return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static int
try_mmap_exec(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED
	    ? 0
	    : -1;
}

/* Addresses beyond the limit. */
static int
try_much_memory(void)
{
	return mmap(NULL, (size_t)64 << 30, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		   0) != MAP_FAILED
	    ? 0
	    : -1;
}

static int
try_memfd(void)
{
	return closed(memfd_create("x", 0));
}

/* The test's arena is not sealed, so that this works where it may. */
static int
try_truncate(void)
{
	return ftruncate(WIRE_ARENA_FD, 0);
}

static int
try_limit(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0
	    ? setrlimit(RLIMIT_NOFILE, &limit)
	    : -1;
}

static int
try_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static int
try_ioctl(void)
{
	int n = 0;

	return ioctl(WIRE_SOCKET_FD, FIONREAD, &n);
}

static int
try_chdir(void)
{
	return chdir("/");
}

static int
try_mkdir(void)
{
	/* Already there: the call was let through. */
	return mkdir("/", 0700) == 0 || errno == EEXIST ? 0 : -1;
}

static int
try_unlink(void)
{
	return unlink("/nowhere/at/all") != 0 && errno == ENOENT ? 0 : -1;
}

static int
try_uid(void)
{
	return setuid(getuid());
}

static int
try_handler(void)
{
	return signal(SIGSEGV, SIG_IGN) == SIG_ERR ? -1 : 0;
}

static int
try_abort(void)
{
	abort();
}

static int
try_segfault(void)
{
	volatile int *volatile nowhere = NULL;

	return *nowhere;
}

#if defined(__x86_64__)
/* The other ABIs of the same kernel. */
static int
try_x32(void)
{
	return syscall(0x40000000L + SYS_getppid) > 0 ? 0 : -1;
}
#endif

static const struct {
	const char *name;
	int (*run)(void);
} attempts[] = {
	{ "open-write", try_open_write },
	{ "open-create", try_open_create },
	{ "creat", try_creat },
	{ "read-passwd", try_read_passwd },
	{ "read-old", try_read_old },
	{ "read-memory", try_read_memory },
	{ "read-environment", try_read_environment },
	{ "read-root", try_read_root },
	{ "read-library", try_read_library },
	{ "read-fonts", try_read_fonts },
	{ "socket-inet", try_socket_inet },
	{ "socket-unix", try_socket_unix },
	{ "connect", try_connect },
	{ "send-descriptor", try_send_descriptor },
	{ "write-elsewhere", try_write_elsewhere },
	{ "exec", try_exec },
	{ "fork", try_fork },
	{ "vfork", try_vfork },
	{ "clone", try_clone },
	{ "clone3", try_clone3 },
	{ "namespace", try_namespace },
	{ "thread", try_thread },
	{ "ptrace", try_ptrace },
	{ "peek", try_peek },
	{ "kill", try_kill },
	{ "tgkill", try_tgkill },
	{ "kill-self", try_kill_self },
	{ "pidfd", try_pidfd },
	{ "mprotect", try_mprotect },
	{ "mprotect-exec", try_mprotect_exec },
	{ "mmap-exec", try_mmap_exec },
	{ "much-memory", try_much_memory },
	{ "memfd", try_memfd },
	{ "truncate", try_truncate },
	{ "limit", try_limit },
	{ "dumpable", try_dumpable },
	{ "ioctl", try_ioctl },
	{ "chdir", try_chdir },
	{ "mkdir", try_mkdir },
	{ "unlink", try_unlink },
	{ "uid", try_uid },
	{ "handler", try_handler },
	{ "abort", try_abort },
	{ "segfault", try_segfault },
#if defined(__x86_64__)
	{ "x32", try_x32 },
#endif
};

/* As worker.c does it, with one loader only: it is the quickest to warm. */
static bool
enter(const char *mode)
{
	struct wire_setup setup;
	struct err e;

	parent = getppid();
	/* The first thread sets up signals; libvips has started some by then. */
	if (strcmp(mode, "blind") == 0 && try_thread() != 0)
		return false;
	wire_init(&setup, sizeof(setup), WIRE_SETUP, 0);
	setup.in_max = setup.out_max = 1 << 20;
	setup.address_space = (uint64_t)4 << 30;
	setup.load = setup.save = FORMAT_BIT(FORMAT_PNG);
	setup.vector = 1;
	if (strcmp(mode, "bare") == 0)
		return true;
	if (strcmp(mode, "blind") == 0
		? sandbox_close(WIRE_SOCKET_FD, 0, false, &e)
		: worker_enter(&setup, &e))
		return true;
	fprintf(stderr, "%s\n", e.detail);
	return false;
}

int
main(int argc, char **argv)
{
	for (size_t i = 0; argc == 3 && i < NELEM(attempts); i++) {
		if (strcmp(argv[2], attempts[i].name) != 0)
			continue;
		if (!enter(argv[1]))
			return UNABLE;
		/* Not by return: what runs at exit needs what is closed. */
		_exit(attempts[i].run() == 0 ? 0 : REFUSED);
	}
	return UNABLE;
}
