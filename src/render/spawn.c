/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One new worker: arena, socket, pipe, process, first message.
 *
 * The child is this program executed anew, not a fork: nothing of the
 * daemon's memory, environment or descriptors is in it.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "render/sandbox.h"
#include "render/warden.h"

/* Above all numbers that the child will have. */
enum { SPAWN_FD_LEAST = 16, SPAWN_ENV_MAX = 8, SPAWN_ENV_SIZE = 4096 };

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

/* ---- The arena ---- */

static bool
arena_create(uint64_t size, int *out, struct err *e)
{
	scoped_fd fd = memfd_create(
	    "pictor", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	/* Linux before 6.3 does not know the last flag. */
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("pictor", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return err_errno(e, ERR_SYSTEM, errno, "memfd");
	if (ftruncate(fd, (off_t)size) != 0)
		return err_errno(e, ERR_SYSTEM, errno, "arena");
	/* A child that cuts it would kill us with SIGBUS. */
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) !=
	    0)
		return err_errno(e, ERR_SYSTEM, errno, "arena's seals");
	*out = take_fd(fd);
	return true;
}

static bool
arena_map(const struct jail *j, int fd, struct worker_map *out, struct err *e)
{
	uint64_t size = wire_arena_size(j->in_max, j->out_max);
	uint8_t *at =
	    mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return err_errno(e, ERR_SYSTEM, errno, "arena");
	*out = (struct worker_map){
		.at = at,
		.size = (size_t)size,
		.words = (struct wire_words *)(void *)at,
		.in = at + WIRE_PAGE,
		.out = at + WIRE_PAGE + j->in_max,
		.in_max = j->in_max,
		.out_max = j->out_max,
	};
#ifdef MADV_POPULATE_WRITE
	/* The first jobs find warm pages, too. Not on Linux before 5.14. */
	(void)madvise(at,
	    WIRE_PAGE +
		(j->in_max < WORKER_WARM_IN ? j->in_max : WORKER_WARM_IN),
	    MADV_POPULATE_WRITE);
#endif
	return true;
}

/* ---- The process ---- */

struct spawn_ends {
	int socket, errors, arena; /* the child's, far above its numbers */
	int null;
};

/* A descriptor of the same thing, numbered out of the child's way. */
static int
fd_far(int fd)
{
	int far = fcntl(fd, F_DUPFD_CLOEXEC, SPAWN_FD_LEAST);

	fd_close(&fd);
	return far;
}

/*
 * All that a worker inherits. LD_LIBRARY_PATH, since it must load the very
 * libraries that the daemon was started with.
 */
static void
spawn_environment(
    bool vector, char *env[SPAWN_ENV_MAX], char path[SPAWN_ENV_SIZE])
{
	static char arenas[] = "MALLOC_ARENA_MAX=1";
	/* Fewer hang in libvips' warm-up; more are never used. */
	static char threads[] = "VIPS_MAX_THREADS=8";
	static char novector[] = "VIPS_NOVECTOR=1";
	static char asan[] = "ASAN_OPTIONS=symbolize=0:detect_leaks=0:"
			     "abort_on_error=1";
	static char tsan[] = "TSAN_OPTIONS=symbolize=0:report_bugs=0";
	/* Nobody calls setenv(). NOLINTNEXTLINE(concurrency-mt-unsafe) */
	const char *libraries = getenv("LD_LIBRARY_PATH");
	size_t n = 0;

	env[n++] = arenas;
	env[n++] = threads;
	if (!vector)
		env[n++] = novector;
	if (SANDBOX_SANITIZED) {
		env[n++] = asan;
		env[n++] = tsan;
	}
	if (libraries != NULL &&
	    snprintf(path, SPAWN_ENV_SIZE, "LD_LIBRARY_PATH=%s", libraries) <
		SPAWN_ENV_SIZE)
		env[n++] = path;
	env[n] = NULL;
}

static int
spawn_actions(
    posix_spawn_file_actions_t *actions, const struct spawn_ends *ends)
{
	int failed = posix_spawn_file_actions_adddup2(actions, ends->null, 0);

	failed |= posix_spawn_file_actions_adddup2(actions, ends->null, 1);
	failed |= posix_spawn_file_actions_adddup2(actions, ends->errors, 2);
	failed |= posix_spawn_file_actions_adddup2(
	    actions, ends->socket, WIRE_SOCKET_FD);
	failed |= posix_spawn_file_actions_adddup2(
	    actions, ends->arena, WIRE_ARENA_FD);
	failed |= posix_spawn_file_actions_addclosefrom_np(actions, WIRE_FDS);
	return failed;
}

static int
spawn_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none;
	sigset_t all;
	int failed;

	sigemptyset(&none);
	sigfillset(&all);
	/* The daemon's threads block signals; the terminal's group is its. */
	failed = posix_spawnattr_setflags(attributes,
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
		POSIX_SPAWN_SETPGROUP);
	failed |= posix_spawnattr_setsigmask(attributes, &none);
	failed |= posix_spawnattr_setsigdefault(attributes, &all);
	failed |= posix_spawnattr_setpgroup(attributes, 0);
	return failed;
}

static bool
spawn_process(const char *exe, const struct spawn_ends *ends, bool vector,
    pid_t *pid, struct err *e)
{
	char *env[SPAWN_ENV_MAX];
	char path[SPAWN_ENV_SIZE];
	char name[] = "pictord";
	char role[] = "worker";
	char *const argv[] = { name, role, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int failed = posix_spawn_file_actions_init(&actions);

	failed |= posix_spawnattr_init(&attributes);
	failed |= spawn_actions(&actions, ends);
	failed |= spawn_attributes(&attributes);
	spawn_environment(vector, env, path);
	if (failed == 0)
		failed =
		    posix_spawn(pid, exe, &actions, &attributes, argv, env);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (failed == 0)
		return true;
	return err_errno(e, ERR_SYSTEM, failed, "starting %s", exe);
}

static bool
spawn_setup(const struct jail *j, const struct jail_setup *setup, int socket,
    struct err *e)
{
	struct wire_setup message;

	wire_init(&message, sizeof(message), WIRE_SETUP, 0);
	message.in_max = j->in_max;
	message.out_max = j->out_max;
	message.address_space = setup->address_space;
	message.load = setup->image.load;
	message.load_must = setup->image.load_must;
	message.save = setup->image.save;
	message.save_must = setup->image.save_must;
	message.vector = setup->image.vector ? 1 : 0;
	message.landlock_optional = setup->landlock_optional;
	if (send(socket, &message, sizeof(message),
		MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(message))
		return true;
	return err_errno(e, ERR_SYSTEM, errno, "the worker's setup");
}

/* Socket and pipe: the daemon's ends into w, the child's into ends. */
static bool
spawn_ends_open(struct worker *w, struct spawn_ends *ends, struct err *e)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return err_errno(e, ERR_SYSTEM, errno, "socketpair");
	w->socket = pair[0];
	ends->socket = fd_far(pair[1]);
	if (pipe2(pair, O_CLOEXEC) != 0)
		return err_errno(e, ERR_SYSTEM, errno, "pipe");
	w->errors = pair[0];
	ends->errors = fd_far(pair[1]);
	ends->null = fd_far(open("/dev/null", O_RDWR | O_CLOEXEC));
	/* The reader must not wait, the writer may. */
	if (ends->socket < 0 || ends->errors < 0 || ends->null < 0 ||
	    fcntl(w->errors, F_SETFL, O_NONBLOCK) != 0)
		return err_errno(e, ERR_SYSTEM, errno, "descriptors");
	return true;
}

static bool
spawn_start(const struct jail *j, const struct jail_setup *setup,
    struct worker *w, struct spawn_ends *ends, struct err *e)
{
	char statm[64];
	int arena = -1;

	if (!arena_create(wire_arena_size(j->in_max, j->out_max), &arena, e))
		return false;
	ends->arena = fd_far(arena);
	if (ends->arena < 0)
		return err_errno(e, ERR_SYSTEM, errno, "descriptors");
	if (!arena_map(j, ends->arena, &w->map, e) ||
	    !spawn_ends_open(w, ends, e) ||
	    !spawn_setup(j, setup, w->socket, e) ||
	    !spawn_process(j->exe, ends, setup->image.vector, &w->pid, e))
		return false;
	/* It cannot have been buried: that is for this thread to do. */
	w->pidfd = (int)syscall(SYS_pidfd_open, w->pid, 0);
	if (w->pidfd < 0) {
		err_errno(e, ERR_SYSTEM, errno, "pidfd of a worker");
		(void)kill(w->pid, SIGKILL);
		(void)waitpid(w->pid, NULL, 0);
		return false;
	}
	snprintf(statm, sizeof(statm), "/proc/%d/statm", (int)w->pid);
	w->statm = open(statm, O_RDONLY | O_CLOEXEC);
	return true;
}

bool
worker_spawn(const struct jail *j, const struct jail_setup *setup,
    uint64_t edition, struct worker **out, struct err *e)
{
	struct spawn_ends ends = { -1, -1, -1, -1 };
	struct worker *w = xcalloc(1, sizeof(*w));
	bool ok;

	w->pidfd = w->socket = w->errors = w->statm = -1;
	w->edition = edition;
	w->state = WORKER_STARTING;
	w->fresh = true;
	w->exit = EXIT_COUNT;
	w->started_ns = clock_ns();
	ok = spawn_start(j, setup, w, &ends, e);
	fd_close(&ends.socket);
	fd_close(&ends.errors);
	fd_close(&ends.arena);
	fd_close(&ends.null);
	if (!ok) {
		worker_free(w);
		return false;
	}
	*out = w;
	return true;
}

void
worker_free(struct worker *w)
{
	if (w->map.at != NULL)
		(void)munmap(w->map.at, w->map.size);
	fd_close(&w->socket);
	fd_close(&w->errors);
	fd_close(&w->statm);
	fd_close(&w->pidfd);
	free(w);
}
