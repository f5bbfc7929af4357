/* SPDX-License-Identifier: Apache-2.0 */
/* Signals as something to read, so that no handler runs anywhere. */
#include <sys/signalfd.h>

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "base/fd.h"
#include "sys/sys.h"

int
sys_signals_open(void)
{
	static const int wanted[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1 };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;
	int failed = sigemptyset(&set);
	int fd;

	for (size_t i = 0; i < NELEM(wanted); i++)
		failed |= sigaddset(&set, wanted[i]);
	failed |= pthread_sigmask(SIG_BLOCK, &set, NULL);
	/* A write to a viewer who has left is EPIPE, not our end. */
	failed |= sigaction(SIGPIPE, &ignore, NULL);
	/* Nor is a file that may not grow, which is EFBIG. */
	failed |= sigaction(SIGXFSZ, &ignore, NULL);
	assert(failed == 0);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0) {
		perror("signalfd");
		abort();
	}
	return fd;
}

int
sys_signal_read(int fd)
{
	struct signalfd_siginfo info;
	ssize_t n = fd_read(fd, &info, sizeof(info));

	if (n < 0)
		assert(errno == EAGAIN);
	return n == (ssize_t)sizeof(info) ? (int)info.ssi_signo : 0;
}
