/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/admin.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/lock.h"
#include "base/slice.h"
#include "loader/count.h"
#include "sys/sys.h"

enum { HEAD_MAX = 4096, PAUSE_MS = 100 };
static const int64_t admin_time_ns = 2 * NS_PER_S;

struct admin {
	int fd;
	int stop; /* eventfd */
	pthread_t thread;
};

static void
print_health(FILE *out)
{
	fputs("ok\n", out);
}

static void
print_ready(FILE *out)
{
	const char *why = count_why();

	fprintf(out, "%s\n", why != NULL ? why : "ready");
}

static const struct {
	const char *path;
	void (*print)(FILE *out);
	bool ready; /* 503 while it is not */
} pages[] = {
	{ "/healthz", print_health, false },
	{ "/readyz", print_ready, true },
	{ "/metrics", count_print, false },
};

static bool
wait_fd(int fd, short what, int64_t until_ns)
{
	struct pollfd p = { .fd = fd, .events = what };
	int64_t left = (until_ns - clock_ns()) / NS_PER_MS;

	return left > 0 && poll(&p, 1, (int)left) > 0;
}

/* The request's head, or as much as came in time; its length. */
static size_t
read_head(int fd, char out[HEAD_MAX], int64_t until_ns)
{
	size_t n = 0;

	out[0] = '\0';
	while (n < HEAD_MAX - 1 && wait_fd(fd, POLLIN, until_ns)) {
		ssize_t got = fd_read(fd, out + n, HEAD_MAX - 1 - n);

		if (got <= 0)
			break;
		n += (size_t)got;
		out[n] = '\0';
		if (strstr(out, "\r\n\r\n") != NULL)
			return n;
	}
	return 0;
}

static void
write_all(int fd, struct slice data, int64_t until_ns)
{
	while (data.len > 0 && wait_fd(fd, POLLOUT, until_ns)) {
		ssize_t n = fd_write(fd, data.at, data.len);

		if (n < 0 && errno != EAGAIN)
			return;
		if (n > 0)
			data = slice_skip(data, (size_t)n);
	}
}

static const char *
make_page(struct slice path, FILE *out)
{
	size_t i = 0;

	while (i < NELEM(pages) && !slice_is(path, pages[i].path))
		i++;
	if (i == NELEM(pages)) {
		fputs("here are /healthz, /readyz, /metrics\n", out);
		return "404 Not Found";
	}
	pages[i].print(out);
	return pages[i].ready && count_why() != NULL ? "503 Service Unavailable"
						     : "200 OK";
}

static void
answer(int fd, struct slice head, int64_t until_ns)
{
	struct slice method = slice_cut(&head, ' ');
	struct slice path = slice_cut(&head, ' ');
	bool wants_body = slice_is(method, "GET");
	const char *status = "405 Method Not Allowed";
	char *body = NULL;
	size_t size = 0;
	char text[256];
	FILE *out = open_memstream(&body, &size);
	int n;

	assert(out != NULL);
	if (wants_body || slice_is(method, "HEAD"))
		status = make_page(path, out);
	if (fclose(out) != 0)
		abort();
	n = snprintf(text, sizeof(text),
	    "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4; "
	    "charset=utf-8\r\nContent-Length: %zu\r\nCache-Control: "
	    "no-store\r\n"
	    "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
	    status, size);
	write_all(fd, (struct slice){ text, (size_t)n }, until_ns);
	if (wants_body)
		write_all(fd, (struct slice){ body, size }, until_ns);
	free(body);
}

static void
serve_one(int listener)
{
	scoped_fd fd =
	    accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int64_t until_ns = clock_ns() + admin_time_ns;
	char head[HEAD_MAX];
	size_t n;

	if (fd < 0) {
		/* No descriptors left: not in a circle at full speed. */
		if (errno != EAGAIN && errno != ECONNABORTED)
			clock_sleep_ns(PAUSE_MS * NS_PER_MS);
		return;
	}
	n = read_head(fd, head, until_ns);
	if (n > 0)
		answer(fd, (struct slice){ head, n }, until_ns);
}

static void *
run(void *arg)
{
	struct admin *a = arg;
	struct pollfd p[2] = { { .fd = a->fd, .events = POLLIN },
		{ .fd = a->stop, .events = POLLIN } };

	for (;;) {
		if (poll(p, NELEM(p), -1) < 0)
			continue;
		if (p[1].revents != 0)
			return NULL;
		if (p[0].revents != 0)
			serve_one(a->fd);
	}
}

bool
admin_start(const char *address, struct admin **out, struct err *e)
{
	struct admin *a;
	int fd;

	*out = NULL;
	if (address[0] == '\0')
		return true;
	if (!sys_listen(address, &fd, e))
		return false;
	a = xcalloc(1, sizeof(*a));
	a->fd = fd;
	a->stop = fd_event_new();
	a->thread = thread_start("loader-admin", run, a);
	*out = a;
	return true;
}

void
admin_free(struct admin *a)
{
	if (a == NULL)
		return;
	fd_event_set(a->stop);
	(void)pthread_join(a->thread, NULL);
	fd_close(&a->fd);
	fd_close(&a->stop);
	free(a);
}
