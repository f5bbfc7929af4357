/* SPDX-License-Identifier: Apache-2.0 */
/* What libmicrohttpd needs to stop listening without ending the process. */
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <dlfcn.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "http/quiesce.h"
#include "unit.h"

/* Taken out of a set twice, as by two threads at the same time. */
static void
test_out_twice(void **state)
{
	struct epoll_event event = { .events = EPOLLIN };
	int set = epoll_create1(EPOLL_CLOEXEC);
	int fd = eventfd(0, EFD_CLOEXEC);

	(void)state;
	assert_true(set >= 0 && fd >= 0);
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event), 0);
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL), 0);
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL), 0);
	/* All else is as ever. */
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_MOD, fd, &event), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(close(fd), 0);
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(close(set), 0);
}

/* Libraries find that one, and not libc's. */
static void
test_for_libraries(void **state)
{
	int (*own)(int, int, int, struct epoll_event *) = epoll_ctl;
	void *theirs = dlsym(RTLD_DEFAULT, "epoll_ctl");

	(void)state;
	assert_memory_equal(&own, &theirs, sizeof(own));
}

static enum MHD_Result
never(void *cls, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *size,
    void **one)
{
	(void)cls, (void)connection, (void)url, (void)method;
	(void)version, (void)data, (void)size, (void)one;
	return MHD_NO;
}

/* With threads that have nothing to do. */
static void
test_idle(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct MHD_Daemon *daemon = MHD_start_daemon(
	    MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, never,
	    NULL, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&at,
	    MHD_OPTION_THREAD_POOL_SIZE, 2U, MHD_OPTION_END);
	const union MHD_DaemonInfo *info;
	int fd;

	(void)state;
	assert_non_null(daemon);
	info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_LISTEN_FD);
	assert_non_null(info);
	fd = info->listen_fd;
	assert_true(quiesce_daemon(daemon));
	MHD_stop_daemon(daemon);
	/* It was left to who asked. */
	assert_int_equal(close(fd), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_out_twice),
		cmocka_unit_test(test_for_libraries),
		cmocka_unit_test(test_idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
