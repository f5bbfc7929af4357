/* SPDX-License-Identifier: Apache-2.0 */
/* What libmicrohttpd needs to stop listening without ending the process. */
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_out_twice),
		cmocka_unit_test(test_for_libraries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
