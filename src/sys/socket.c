/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that wait for viewers. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "sys/address.h"

/* The kernel cuts it to net.core.somaxconn. */
enum { SOCKET_BACKLOG = 4096 };

/*
 * A socket file stays when its program was killed. It is in the way only if
 * somebody still answers on it.
 */
static bool
unix_make_room(const struct sys_address *a, const char *text, struct err *e)
{
	const char *path = a->at.un.sun_path;
	scoped_fd probe = -1;
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ||
		    err_errno(e, ERR_SYSTEM, errno, "%s", text);
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, ERR_SYSTEM,
		    "%s: there is a file of that name that is not a socket",
		    text);
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0)
		return err_errno(e, ERR_SYSTEM, errno, "%s: socket", text);
	/* EAGAIN: alive, with a full backlog. */
	if (connect(probe, &a->at.any, a->size) == 0 || errno == EAGAIN)
		return err_set(
		    e, ERR_SYSTEM, "%s is taken by another program", text);
	if (errno != ECONNREFUSED)
		return err_errno(e, ERR_SYSTEM, errno, "%s: connect", text);
	if (unlink(path) != 0 && errno != ENOENT)
		return err_errno(e, ERR_SYSTEM, errno, "%s: unlink", text);
	return true;
}

static bool
socket_refused(const char *text, int errnum, struct err *e)
{
	switch (errnum) {
	case EADDRINUSE:
		return err_set(
		    e, ERR_SYSTEM, "%s is taken by another program", text);
	case EADDRNOTAVAIL:
		return err_set(e, ERR_SYSTEM,
		    "%s: no interface of this machine has that address", text);
	case EACCES:
		return err_set(e, ERR_SYSTEM,
		    "%s: not permitted; ports below 1024 need "
		    "CAP_NET_BIND_SERVICE or a socket passed by systemd",
		    text);
	default:
		return err_errno(e, ERR_SYSTEM, errnum, "%s", text);
	}
}

/* Without IPv6 in the kernel, ":port" is every IPv4 address. */
static int
socket_of(struct sys_address *a)
{
	enum { TYPE = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK };
	in_port_t port = a->at.in6.sin6_port;
	int fd = socket(a->at.any.sa_family, TYPE, 0);

	if (fd >= 0 || errno != EAFNOSUPPORT || !a->every)
		return fd;
	*a = (struct sys_address){
		.at.in = { .sin_family = AF_INET,
		    .sin_port = port,
		    .sin_addr.s_addr = htonl(INADDR_ANY) },
		.size = sizeof(a->at.in),
	};
	return socket(AF_INET, TYPE, 0);
}

static bool
socket_prepare(int fd, const struct sys_address *a)
{
	int on = 1;
	int only = !a->every;

	if (a->at.any.sa_family == AF_UNIX)
		return true;
	/* Else a restart would have to wait for the old connections' end. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
		return false;
	return a->at.any.sa_family != AF_INET6 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)) == 0;
}

bool
sys_listen(const char *address, int *fd, struct err *e)
{
	scoped_fd listener = -1;
	struct sys_address a;

	if (!sys_address_read(address, &a, e))
		return false;
	if (a.at.any.sa_family == AF_UNIX && !unix_make_room(&a, address, e))
		return false;
	listener = socket_of(&a);
	if (listener < 0 || !socket_prepare(listener, &a))
		return err_errno(e, ERR_SYSTEM, errno, "%s", address);
	if (bind(listener, &a.at.any, a.size) != 0 ||
	    listen(listener, SOCKET_BACKLOG) != 0)
		return socket_refused(address, errno, e);
	*fd = take_fd(listener);
	return true;
}
