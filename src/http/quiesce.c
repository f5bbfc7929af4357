/* SPDX-License-Identifier: Apache-2.0 */
#include "http/quiesce.h"

#include <sys/epoll.h>
#include <sys/syscall.h>

#include <errno.h>
#include <microhttpd.h>
#include <unistd.h>

/*
 * Instead of libc's, for all libraries of the process. libmicrohttpd 0.9.75
 * ends the process when a socket that it wants to take out of an epoll set is
 * not in it any more: MHD_quiesce_daemon() and the threads of its pool do that
 * at the same time. What is not in a set is out of it.
 */
__attribute__((visibility("default"))) int
epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	long failed = syscall(SYS_epoll_ctl, epfd, op, fd, event);

	return op == EPOLL_CTL_DEL && failed != 0 && errno == ENOENT
	    ? 0
	    : (int)failed;
}

bool
quiesce_daemon(struct MHD_Daemon *daemon)
{
	return MHD_quiesce_daemon(daemon) >= 0;
}
