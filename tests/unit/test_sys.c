/* SPDX-License-Identifier: Apache-2.0 */
/* The surroundings: addresses, sockets, signals, systemd, size of the machine. */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/slice.h"
#include "sys/cgroup.h"
#include "sys/sys.h"
#include "unit.h"

static void
spelling(void **state)
{
	static const char *const good[] = { "127.0.0.1:8080", "0.0.0.0:0",
		"[::1]:80", "[::]:65535", ":8080", "localhost:1",
		"unix:/run/x.sock" };
	static const char *const bad[][2] = {
		{ "", "the port is missing" },
		{ "8080", "the port is missing" },
		{ "127.0.0.1", "the port is missing" },
		{ "127.0.0.1:", "the port must be 0 to 65535" },
		{ "127.0.0.1:65536", "the port must be 0 to 65535" },
		{ "127.0.0.1:-1", "the port must be 0 to 65535" },
		{ "127.0.0.1:http", "the port must be 0 to 65535" },
		{ "127.0.0.256:1", "names are not looked up" },
		{ "example.org:1", "names are not looked up" },
		{ "127.1:1", "names are not looked up" },
		{ "::1:80", "an IPv6 address stands between [ and ]" },
		{ "[::1:80", "an IPv6 address stands between [ and ]" },
		{ "[]:80", "between [ and ] is no IPv6 address" },
		{ "[127.0.0.1]:80", "between [ and ] is no IPv6 address" },
		{ "[::1]80", "the port must be 0 to 65535" },
		{ "unix:", "the path must begin with /" },
		{ "unix:x.sock", "the path must begin with /" },
	};
	char path[128] = "unix:/";
	struct err e;

	(void)state;
	for (size_t i = 0; i < NELEM(good); i++)
		if (!sys_listen_check(good[i], &e))
			fail_msg("%s: %s", good[i], e.detail);
	for (size_t i = 0; i < NELEM(bad); i++) {
		if (sys_listen_check(bad[i][0], &e))
			fail_msg("%s was accepted", bad[i][0]);
		assert_int_equal(e.code, ERR_CONFIG);
		if (strstr(e.detail, bad[i][1]) == NULL ||
		    strstr(e.detail, "right would be 127.0.0.1:8080") == NULL)
			fail_msg("%s: %s", bad[i][0], e.detail);
	}
	memset(path + 6, 'x', 106);
	assert_true(sys_listen_check(path, &e));
	path[112] = 'x';
	assert_false(sys_listen_check(path, &e));
}

static void
loopback(void **state)
{
	(void)state;
	assert_true(sys_is_loopback("127.0.0.1:1"));
	assert_true(sys_is_loopback("127.3.2.1:1"));
	assert_true(sys_is_loopback("localhost:1"));
	assert_true(sys_is_loopback("[::1]:1"));
	assert_true(sys_is_loopback("[::ffff:127.0.0.1]:1"));
	assert_true(sys_is_loopback("unix:/x"));
	assert_false(sys_is_loopback(":1"));
	assert_false(sys_is_loopback("0.0.0.0:1"));
	assert_false(sys_is_loopback("[::]:1"));
	assert_false(sys_is_loopback("[::2]:1"));
	assert_false(sys_is_loopback("128.0.0.1:1"));
	assert_false(sys_is_loopback("systemd"));
}

/* Connects to what is printed for a socket; -1 if it is refused. */
static int
reach(int family, const void *address, socklen_t size)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (connect(fd, address, size) != 0)
		fd_close(&fd);
	return fd;
}

static int
reach_v4(in_port_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = port,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return reach(AF_INET, &in, sizeof(in));
}

static int
reach_v6(in_port_t port)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_port = port,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };

	return reach(AF_INET6, &in6, sizeof(in6));
}

static bool
have_v6(void)
{
	scoped_fd fd = -1;
	struct err e;

	return sys_listen("[::1]:0", &fd, &e);
}

static in_port_t
port_of(int fd)
{
	struct sockaddr_storage s;
	socklen_t size = sizeof(s);
	struct sockaddr_in in;

	assert_int_equal(getsockname(fd, (struct sockaddr *)&s, &size), 0);
	/* The port lies at the same place in both. */
	memcpy(&in, &s, sizeof(in));
	return in.sin_port;
}

static void
tcp(void **state)
{
	scoped_fd fd = -1;
	scoped_fd second = -1;
	scoped_fd viewer = -1;
	scoped_fd served = -1;
	char text[SYS_ADDRESS_MAX];
	char want[2 * SYS_ADDRESS_MAX];
	struct err e;

	(void)state;
	assert_true(sys_listen("127.0.0.1:0", &fd, &e));
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	sys_address_of(fd, text);
	snprintf(want, sizeof(want), "127.0.0.1:%u", ntohs(port_of(fd)));
	assert_string_equal(text, want);
	viewer = reach_v4(port_of(fd));
	assert_true(viewer >= 0);

	assert_false(sys_listen(text, &second, &e));
	assert_int_equal(second, -1);
	assert_int_equal(e.code, ERR_SYSTEM);
	snprintf(want, sizeof(want), "%s is taken by another program", text);
	assert_string_equal(e.detail, want);

	/* Right after it was closed, with a connection in TIME_WAIT. */
	served = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	assert_true(served >= 0);
	fd_close(&served);
	fd_close(&viewer);
	fd_close(&fd);
	assert_true(sys_listen(text, &second, &e));

	assert_false(sys_listen("192.0.2.1:0", &fd, &e));
	assert_string_equal(e.detail,
	    "192.0.2.1:0: no interface of this machine has that address");
	assert_false(sys_listen("nonsense", &fd, &e));
	assert_int_equal(e.code, ERR_CONFIG);
}

static void
every_address(void **state)
{
	scoped_fd fd = -1;
	scoped_fd v4 = -1;
	scoped_fd v6 = -1;
	scoped_fd only = -1;
	struct err e;

	(void)state;
	assert_true(sys_listen(":0", &fd, &e));
	v4 = reach_v4(port_of(fd));
	assert_true(v4 >= 0);
	if (!have_v6())
		return;
	v6 = reach_v6(port_of(fd));
	assert_true(v6 >= 0);
	assert_true(sys_listen("[::]:0", &only, &e));
	assert_int_equal(reach_v4(port_of(only)), -1);
}

static void
unix_socket(void **state)
{
	char folder[] = "/tmp/test_sys_XXXXXX";
	char address[64];
	char text[SYS_ADDRESS_MAX];
	char want[128];
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	scoped_fd fd = -1;
	scoped_fd second = -1;
	scoped_fd viewer = -1;
	struct err e;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(address, sizeof(address), "unix:%s/s", folder);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s/s", folder);
	assert_true(sys_listen(address, &fd, &e));
	sys_address_of(fd, text);
	assert_string_equal(text, address);
	viewer = reach(AF_UNIX, &un, sizeof(un));
	assert_true(viewer >= 0);

	/* A live one is not taken away. */
	assert_false(sys_listen(address, &second, &e));
	snprintf(want, sizeof(want), "%s is taken by another program", address);
	assert_string_equal(e.detail, want);
	fd_close(&viewer);
	viewer = reach(AF_UNIX, &un, sizeof(un));
	assert_true(viewer >= 0);

	/* A stale one is. */
	fd_close(&fd);
	assert_int_equal(access(un.sun_path, F_OK), 0);
	assert_true(sys_listen(address, &second, &e));
	fd_close(&viewer);
	viewer = reach(AF_UNIX, &un, sizeof(un));
	assert_true(viewer >= 0);

	/* Other files are never removed. */
	assert_int_equal(unlink(un.sun_path), 0);
	fd = open(un.sun_path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	fd_close(&fd);
	assert_false(sys_listen(address, &fd, &e));
	assert_non_null(strstr(e.detail, "that is not a socket"));
	assert_int_equal(access(un.sun_path, F_OK), 0);
	assert_int_equal(unlink(un.sun_path), 0);
	assert_int_equal(rmdir(folder), 0);
	assert_false(sys_listen(address, &fd, &e));
	assert_non_null(strstr(e.detail, "No such file or directory"));
}

static bool
in_network(const char *network, const char *address)
{
	struct sys_network n;
	struct sys_network a;

	/* A single address is read as the network of all its bits. */
	assert_true(sys_network_read(network, &n));
	assert_true(sys_network_read(address, &a));
	return sys_network_has(&n, a.address);
}

static void
networks(void **state)
{
	static const char *const bad[] = { "", "/", "/8", "10.0.0.0/",
		"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0.1/8",
		"10.0.0/8", "::/129", "::1/127", "localhost", "a",
		"10.0.0.0 /8", "[::1]" };
	struct sys_network n = { .bits = 77 };

	(void)state;
	for (size_t i = 0; i < NELEM(bad); i++)
		if (sys_network_read(bad[i], &n) || n.bits != 77)
			fail_msg("\"%s\"", bad[i]);
	assert_true(in_network("10.0.0.0/8", "10.255.0.1"));
	assert_false(in_network("10.0.0.0/8", "11.0.0.0"));
	assert_true(in_network("192.168.64.0/18", "192.168.127.255"));
	assert_false(in_network("192.168.64.0/18", "192.168.128.0"));
	assert_false(in_network("192.168.64.0/18", "192.168.63.255"));
	assert_true(in_network("1.2.3.4", "1.2.3.4"));
	assert_false(in_network("1.2.3.4", "1.2.3.5"));
	assert_true(in_network("0.0.0.0/0", "255.1.2.3"));
	assert_false(in_network("0.0.0.0/0", "2001:db8::1"));
	assert_true(in_network("::/0", "2001:db8::1"));
	assert_true(in_network("::/0", "1.2.3.4"));
	assert_true(in_network("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(in_network("2001:db8::/33", "2001:db8:8000::1"));
	/* An IPv4 viewer on an IPv6 socket is the same viewer. */
	assert_true(in_network("10.0.0.0/8", "::ffff:10.1.2.3"));
	assert_true(in_network("::ffff:10.0.0.0/104", "10.1.2.3"));
}

static void
addresses(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(80),
		.sin_addr.s_addr = htonl(0x01020304) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(443),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/a/b" };
	static const uint8_t v4[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255,
		1, 2, 3, 4 };
	static const uint8_t v6[16] = { [15] = 1 };
	char text[SYS_ADDRESS_MAX];
	uint8_t bytes[16];

	(void)state;
	sys_address_print((struct sockaddr *)&in, text);
	assert_string_equal(text, "1.2.3.4:80");
	assert_true(sys_address_bytes((struct sockaddr *)&in, bytes));
	assert_memory_equal(bytes, v4, 16);
	sys_address_print((struct sockaddr *)&in6, text);
	assert_string_equal(text, "[::1]:443");
	assert_true(sys_address_bytes((struct sockaddr *)&in6, bytes));
	assert_memory_equal(bytes, v6, 16);
	sys_address_print((struct sockaddr *)&un, text);
	assert_string_equal(text, "unix:/a/b");
	assert_false(sys_address_bytes((struct sockaddr *)&un, bytes));
	sys_address_of(-1, text);
	assert_string_equal(text, "?");
}

static void
signals(void **state)
{
	scoped_fd fd = sys_signals_open();
	scoped_fd pipe_in = -1;
	int both[2];
	struct pollfd waiting = { .fd = fd, .events = POLLIN };

	(void)state;
	assert_int_equal(sys_signal_read(fd), 0);
	assert_int_equal(kill(getpid(), SIGHUP), 0);
	assert_int_equal(poll(&waiting, 1, 1000), 1);
	assert_int_equal(sys_signal_read(fd), SIGHUP);
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_int_equal(sys_signal_read(fd), SIGTERM);
	assert_int_equal(sys_signal_read(fd), 0);

	assert_int_equal(pipe2(both, O_CLOEXEC), 0);
	pipe_in = both[1];
	fd_close(&both[0]);
	assert_false(fd_write_all(pipe_in, "x", 1));
	assert_int_equal(errno, EPIPE);
}

/* --- systemd --- */

static void
said(int fd, const char *want)
{
	char text[512];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	assert_true(n >= 0);
	text[n] = '\0';
	if (strncmp(text, want, strlen(want)) != 0)
		fail_msg("\"%s\", want \"%s\"", text, want);
}

static void
systemd_notify(void **state)
{
	char folder[] = "/tmp/test_sys_XXXXXX";
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	scoped_fd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char pid[24];

	(void)state;
	/* Nobody there: nothing happens. */
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	sys_notify_ready();
	assert_true(sys_watchdog_ns() == 0);

	assert_non_null(mkdtemp(folder));
	snprintf(un.sun_path, sizeof(un.sun_path), "%s/n", folder);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	setenv("NOTIFY_SOCKET", un.sun_path, 1);
	sys_notify_ready();
	said(fd, "READY=1");
	sys_notify_reloading();
	said(fd, "RELOADING=1\nMONOTONIC_USEC=");
	sys_notify_alive();
	said(fd, "WATCHDOG=1");
	sys_notify_stopping();
	said(fd, "STOPPING=1");
	unsetenv("NOTIFY_SOCKET");

	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("WATCHDOG_PID", pid, 1);
	setenv("WATCHDOG_USEC", "30000000", 1);
	assert_true(sys_watchdog_ns() == 15 * NS_PER_S);
	setenv("WATCHDOG_PID", "1", 1);
	assert_true(sys_watchdog_ns() == 0);
	unsetenv("WATCHDOG_PID");
	unsetenv("WATCHDOG_USEC");
	unlink(un.sun_path);
	rmdir(folder);
}

static void
systemd_sockets(void **state)
{
	char pid[24];
	int flags;

	(void)state;
	unsetenv("LISTEN_FDS");
	assert_int_equal(sys_passed_sockets(), 0);
	/* In a child, since the numbers from 3 on are whoever's here. */
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (fd != 3 && dup2(fd, 3) != 3)
			_exit(1);
		snprintf(pid, sizeof(pid), "%d", getpid());
		setenv("LISTEN_PID", pid, 1);
		setenv("LISTEN_FDS", "1", 1);
		if (sys_passed_sockets() != 1 || sys_passed_sockets() != 1)
			_exit(2);
		flags = fcntl(3, F_GETFD);
		if ((flags & FD_CLOEXEC) == 0)
			_exit(3);
		flags = fcntl(3, F_GETFL);
		if ((flags & O_NONBLOCK) == 0)
			_exit(4);
		setenv("LISTEN_PID", "1", 1);
		_exit(sys_passed_sockets() == 0 ? 0 : 5);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- the machine --- */

static void
put(const char *folder, const char *name, const char *text)
{
	char path[256];
	scoped_fd fd = -1;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_true(fd_write_all(fd, text, strlen(text)));
}

static void
cgroups(void **state)
{
	char root[] = "/tmp/test_sys_XXXXXX";
	char a[64];
	char b[64];
	char self[64];
	char command[96];
	struct cgroup_limits limits;

	(void)state;
	assert_non_null(mkdtemp(root));
	snprintf(a, sizeof(a), "%s/a", root);
	snprintf(b, sizeof(b), "%s/a/b", root);
	snprintf(self, sizeof(self), "%s/self", root);
	assert_int_equal(mkdir(a, 0700), 0);
	assert_int_equal(mkdir(b, 0700), 0);

	limits = cgroup_limits_read(self, root);
	assert_true(limits.cpu_milli == CGROUP_NO_LIMIT);

	put(root, "self", "1:name=x:/zzz\n0::/a/b\n");
	put(b, "cpu.max", "max 100000\n");
	limits = cgroup_limits_read(self, root);
	assert_true(limits.cpu_milli == CGROUP_NO_LIMIT);

	/* The smallest on the way up holds. */
	put(a, "cpu.max", "150000 100000\n");
	put(root, "cpu.max", "50000 20000\n");
	limits = cgroup_limits_read(self, root);
	assert_true(limits.cpu_milli == 1500);

	/* In a container: the group is the root. */
	put(root, "self", "0::/\n");
	limits = cgroup_limits_read(self, root);
	assert_true(limits.cpu_milli == 2500);

	put(root, "cpu.max", "nonsense\n");
	limits = cgroup_limits_read(self, root);
	assert_true(limits.cpu_milli == CGROUP_NO_LIMIT);
	snprintf(command, sizeof(command), "rm -r %s", root);
	assert_int_equal(system(command), 0);
}

static void
machine(void **state)
{
	long online = sysconf(_SC_NPROCESSORS_CONF);

	(void)state;
	assert_true(sys_cores() >= 1);
	assert_true(online < 1 || sys_cores() <= (unsigned long)online);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spelling),
		cmocka_unit_test(loopback),
		cmocka_unit_test(tcp),
		cmocka_unit_test(every_address),
		cmocka_unit_test(unix_socket),
		cmocka_unit_test(networks),
		cmocka_unit_test(addresses),
		cmocka_unit_test(signals),
		cmocka_unit_test(systemd_notify),
		cmocka_unit_test(systemd_sockets),
		cmocka_unit_test(cgroups),
		cmocka_unit_test(machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
