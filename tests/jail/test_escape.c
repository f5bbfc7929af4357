/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a taken-over worker can do: everything that jail_probe knows, without
 * the sandbox (where it must work, or the test would prove nothing) and in it.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "jail_kit.h"
#include "render/sandbox.h"
#include "render/wire.h"

/* How an attempt may end. */
enum end { DONE, REFUSED, UNABLE, KILLED, ABORTED, CRASHED, OTHER };

static const char *const end_words[] = {
	"is done",
	"is refused",
	"could not be tried",
	"dies by SIGSYS",
	"dies by SIGABRT",
	"dies by SIGSEGV",
	"ends otherwise",
};

enum flags {
	NOT_BARE = 1,      /* what it does bare says nothing */
	NOT_SANITIZED = 2, /* a sanitizer needs it, or changes it */
};

static const struct {
	const char *name;
	enum end jail;
	enum end blind; /* on a kernel without Landlock */
	unsigned flags;
} expected[] = {
	{ "open-write", KILLED, REFUSED, 0 },
	{ "open-create", KILLED, REFUSED, 0 },
	{ "creat", KILLED, KILLED, 0 },
	{ "read-passwd", REFUSED, REFUSED, 0 },
	{ "read-old", REFUSED, REFUSED, 0 },
	{ "read-memory", REFUSED, REFUSED, 0 },
	{ "read-environment", REFUSED, REFUSED, 0 },
	{ "read-root", REFUSED, REFUSED, 0 },
	{ "read-library", DONE, REFUSED, 0 },
	{ "socket-inet", KILLED, KILLED, 0 },
	{ "socket-unix", KILLED, KILLED, 0 },
	{ "connect", KILLED, KILLED, 0 },
	{ "send-descriptor", KILLED, KILLED, 0 },
	{ "write-elsewhere", KILLED, KILLED, 0 },
	{ "exec", KILLED, KILLED, 0 },
	{ "fork", KILLED, KILLED, 0 },
	{ "vfork", KILLED, KILLED, 0 },
	{ "clone", KILLED, KILLED, 0 },
	{ "clone3", REFUSED, REFUSED, 0 },
	{ "namespace", KILLED, KILLED, NOT_BARE },
	{ "thread", DONE, DONE, 0 },
	{ "ptrace", KILLED, KILLED, 0 },
	{ "peek", KILLED, KILLED, 0 },
	{ "kill", KILLED, KILLED, 0 },
	{ "tgkill", KILLED, KILLED, 0 },
	{ "kill-self", KILLED, KILLED, 0 },
	{ "pidfd", KILLED, KILLED, 0 },
	{ "mprotect", KILLED, KILLED, 0 },
	{ "mprotect-exec", KILLED, KILLED, 0 },
	{ "mmap-exec", KILLED, KILLED, 0 },
	{ "much-memory", REFUSED, DONE, NOT_SANITIZED },
	{ "memfd", KILLED, KILLED, 0 },
	{ "truncate", KILLED, KILLED, 0 },
	{ "limit", KILLED, KILLED, 0 },
	{ "dumpable", KILLED, KILLED, NOT_SANITIZED },
	{ "ioctl", KILLED, KILLED, NOT_SANITIZED },
	{ "chdir", KILLED, KILLED, 0 },
	{ "mkdir", KILLED, KILLED, 0 },
	{ "unlink", KILLED, KILLED, 0 },
	{ "uid", KILLED, KILLED, 0 },
	{ "handler", KILLED, KILLED, NOT_SANITIZED },
	{ "abort", ABORTED, ABORTED, NOT_BARE },
	{ "segfault", CRASHED, CRASHED, NOT_BARE | NOT_SANITIZED },
#if defined(__x86_64__)
	{ "x32", KILLED, KILLED, NOT_BARE },
#endif
};

/* A worker's descriptors, and nothing to write to. */
static void
child_run(const char *probe, const char *mode, const char *name)
{
	int pair[2];
	int null = open("/dev/null", O_RDWR);
	int arena = memfd_create("arena", 0);

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0 || null < 0 ||
	    arena < 0 || ftruncate(arena, 1 << 20) != 0)
		_exit(UNABLE);
	pair[1] = fcntl(pair[1], F_DUPFD, 16);
	arena = fcntl(arena, F_DUPFD, 16);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	dup2(pair[1], WIRE_SOCKET_FD);
	dup2(arena, WIRE_ARENA_FD);
	setenv("VIPS_MAX_THREADS", "8", 1);
	setenv("MALLOC_ARENA_MAX", "1", 1);
	execl(probe, probe, mode, name, NULL);
	_exit(UNABLE);
}

static enum end
attempt(const char *probe, const char *mode, const char *name)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		child_run(probe, mode, name);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return OTHER;
	if (WIFEXITED(status))
		return WEXITSTATUS(status) <= UNABLE
		    ? (enum end)WEXITSTATUS(status)
		    : OTHER;
	switch (WTERMSIG(status)) {
	case SIGSYS:
		return KILLED;
	case SIGABRT:
		return ABORTED;
	case SIGSEGV:
		return CRASHED;
	default:
		return OTHER;
	}
}

static unsigned cases;
static unsigned failed;

static void
check(const char *probe, const char *mode, const char *name, enum end want)
{
	enum end got = attempt(probe, mode, name);

	cases++;
	failed += got != want;
	printf("%s %u - %s, %s: %s\n", got == want ? "ok" : "not ok", cases,
	    mode, name, end_words[got]);
	if (got != want)
		printf("# expected: %s\n", end_words[want]);
	fflush(stdout);
}

int
main(void)
{
	scoped_free char *probe = kit_beside("jail_probe");

	for (size_t i = 0; i < NELEM(expected); i++) {
		const char *name = expected[i].name;
		unsigned flags = expected[i].flags;

		if (SANDBOX_SANITIZED && (flags & NOT_SANITIZED) != 0)
			continue;
		if ((flags & NOT_BARE) == 0)
			check(probe, "bare", name, DONE);
		check(probe, "jail", name, expected[i].jail);
		check(probe, "blind", name, expected[i].blind);
	}
	if (access("/usr/share/fonts", R_OK) == 0)
		check(probe, "jail", "read-fonts", DONE);
	printf("1..%u\n", cases);
	return failed > 0;
}
