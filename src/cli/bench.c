/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pictor bench: connections on one epoll, one request at a time on each.
 *
 * One thread: it asks faster than any server that does something answers, and
 * needs no library for what HTTP/1.1 takes here, but for TLS. Memory is bounded
 * by the number of connections; nothing of a body is kept.
 */
#include "cli/bench.h"

#include <sys/epoll.h>
#include <sys/resource.h>

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/num.h"
#include "net/tls.h"

enum { READ_ROOM = 65536 };

/* A URL, made ready: where, and what to send. */
struct goal {
	struct sockaddr_storage address;
	socklen_t address_size;
	bool https;
	char host[256]; /* without port and brackets */
	char *request;
	size_t size;
};

struct connection {
	int fd;                  /* -1: none */
	struct tls *tls;         /* NULL: plain */
	const struct goal *goal; /* it is connected to, and asked now */
	size_t sent;             /* bytes of the request */
	bool busy;
	bool fresh; /* nothing was answered on it yet */
	int64_t began_ns;
	struct answer answer;
};

struct bench {
	const struct cli *cli;
	struct tls_trust *trust; /* NULL: no URL is https */
	struct goal *goal;
	size_t ngoal, next_goal;
	struct connection *connection;
	size_t n; /* connections */
	int epoll;
	int64_t began_ns, until_ns;
	uint64_t wanted; /* requests; 0: until until_ns */
	size_t busy;
	char room[READ_ROOM];
	struct bench_result result;
};

static volatile sig_atomic_t interrupted;

static void
on_signal(int number)
{
	interrupted = number;
}

/* ---- URLs ---- */

static bool
resolve(struct goal *g, const char *host, const char *port, struct err *e)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	int failed = getaddrinfo(host, port, &hints, &found);

	if (failed != 0)
		return err_set(
		    e, ERR_CONFIG, "%s: %s", host, gai_strerror(failed));
	memcpy(&g->address, found->ai_addr, found->ai_addrlen);
	g->address_size = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}

static bool
is_header(const char *text)
{
	size_t name = strcspn(text, ":");

	return name > 0 && text[name] == ':' && strpbrk(text, "\r\n") == NULL &&
	    strcspn(text, " \t") > name;
}

static bool
make_request(const struct cli *cli, struct goal *g, struct slice host,
    struct slice path, struct err *e)
{
	size_t size = path.len + host.len + 256;
	FILE *out;

	for (size_t i = 0; i < cli->header.n; i++) {
		if (!is_header(cli->header.item[i]))
			return err_set(e, ERR_CONFIG,
			    "--header %.60s is not NAME:VALUE",
			    cli->header.item[i]);
		size += strlen(cli->header.item[i]) + 2;
	}
	g->request = xcalloc(size, 1);
	out = fmemopen(g->request, size, "w");
	if (out == NULL)
		return err_errno(e, ERR_SYSTEM, errno, "request");
	fprintf(out,
	    "GET %s%.*s HTTP/1.1\r\nHost: %.*s\r\n"
	    "User-Agent: pictor-bench\r\nAccept: */*\r\n%s",
	    path.len == 0 ? "/" : "", SLICE_ARG(path), SLICE_ARG(host),
	    cli->close ? "Connection: close\r\n" : "");
	for (size_t i = 0; i < cli->header.n; i++)
		fprintf(out, "%s\r\n", cli->header.item[i]);
	fputs("\r\n", out);
	fclose(out);
	g->size = strlen(g->request);
	return true;
}

/* "host:port" and "[::1]:8080" into the goal's host and port. */
static bool
read_host(struct goal *g, struct slice host, char port[8])
{
	size_t colon = host.len;
	int64_t number;

	while (
	    colon > 0 && host.at[colon - 1] != ':' && host.at[colon - 1] != ']')
		colon--;
	if (colon > 0 && host.at[colon - 1] == ':') {
		slice_copy(slice_skip(host, colon), port, 8);
		host.len = colon - 1;
	}
	if (host.len == 0 || host.len >= sizeof(g->host) ||
	    !num_int(slice_of(port), 1, 65535, &number))
		return false;
	if (host.at[0] == '[' && host.at[host.len - 1] == ']') {
		host = slice_skip(host, 1);
		host.len--;
	}
	slice_copy(host, g->host, sizeof(g->host));
	return true;
}

/* "http://host:port/path?query", "https://[::1]:8080/" */
static bool
read_goal(const struct cli *cli, const char *url, struct goal *g, struct err *e)
{
	struct slice rest = slice_of(url);
	struct slice host;
	char port[8] = "80";

	g->https = slice_starts(rest, SLICE("https://"));
	if (g->https)
		slice_copy(SLICE("443"), port, sizeof(port));
	else if (!slice_starts(rest, SLICE("http://")))
		return err_set(e, ERR_CONFIG,
		    "%.60s: not a URL that begins with http:// or https://",
		    url);
	rest = slice_skip(rest, strlen(g->https ? "https://" : "http://"));
	host = rest;
	assert(host.at != NULL);
	host.len = strcspn(host.at, "/?#");
	rest = slice_skip(rest, host.len);
	rest.len = slice_find(rest, '#');
	for (size_t i = 0; i < rest.len; i++)
		if ((unsigned char)rest.at[i] <= ' ' || rest.at[i] == 0x7f)
			return err_set(e, ERR_CONFIG,
			    "%.60s: a URL has no blanks; %%20 is one", url);
	if (!read_host(g, host, port))
		return err_set(
		    e, ERR_CONFIG, "%.60s: not http://host:port/path", url);
	return make_request(cli, g, host, rest, e) &&
	    resolve(g, g->host, port, e);
}

/* ---- Connections ---- */

static void
note_error(
    struct bench *b, const struct connection *c, const char *what, int errnum)
{
	const char *why = c->tls != NULL ? tls_why(c->tls) : "";

	if (b->result.first_error[0] != '\0')
		return;
	if (why[0] == '\0' && errnum != 0)
		/* One thread. NOLINTNEXTLINE(concurrency-mt-unsafe) */
		why = strerror(errnum);
	(void)snprintf(b->result.first_error, sizeof(b->result.first_error),
	    "%s%s%s", what, why[0] != '\0' ? ": " : "", why);
}

static void
disconnect(struct connection *c)
{
	tls_free(c->tls);
	c->tls = NULL;
	fd_close(&c->fd);
}

/* Whether a connection to one serves the other. */
static bool
goal_same_server(const struct goal *a, const struct goal *b)
{
	return a->https == b->https && a->address_size == b->address_size &&
	    memcmp(&a->address, &b->address, a->address_size) == 0 &&
	    (!a->https || strcmp(a->host, b->host) == 0);
}

static bool
connect_to(struct bench *b, struct connection *c)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET,
		.data.ptr = c };
	int on = 1;
	struct err e;

	b->result.connects++;
	c->fresh = true;
	c->fd = socket(c->goal->address.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return false;
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(c->fd, (const struct sockaddr *)&c->goal->address,
		c->goal->address_size) != 0 &&
	    errno != EINPROGRESS)
		return false;
	if (c->goal->https &&
	    !tls_new(b->trust, c->fd, c->goal->host, &c->tls, &e)) {
		errno = ENOMEM;
		return false;
	}
	return epoll_ctl(b->epoll, EPOLL_CTL_ADD, c->fd, &event) == 0;
}

/* The request of c is over, well or not. */
static void
request_ends(struct bench *b, struct connection *c)
{
	c->busy = false;
	b->busy--;
	if (c->answer.close || c->answer.at != ANSWER_DONE || b->cli->close)
		disconnect(c);
}

static void
fail(struct bench *b, struct connection *c, uint64_t *count, const char *what,
    int errnum)
{
	++*count;
	note_error(b, c, what, errnum);
	c->answer.at = ANSWER_BROKEN;
	request_ends(b, c);
}

/* A socket's call failed; before anything was sent it is the connecting. */
static void
fail_doing(struct bench *b, struct connection *c, const char *doing, int errnum)
{
	bool connecting = c->fresh && c->sent == 0;

	fail(b, c, connecting ? &b->result.refused : &b->result.broken,
	    connecting ? "connecting" : doing, errnum);
}

static bool
may_begin(const struct bench *b)
{
	if (interrupted)
		return false;
	if (b->wanted > 0)
		return b->result.sent < b->wanted;
	return clock_ns() < b->until_ns;
}

/*
 * A server may close a connection that was idle, just when it is asked again:
 * then the request is sent once more, on a new one.
 */
static bool
again(struct bench *b, struct connection *c)
{
	if (c->fresh || c->answer.n > 0 || c->answer.at != ANSWER_HEAD)
		return false;
	disconnect(c);
	c->sent = 0;
	if (!connect_to(b, c))
		fail(b, c, &b->result.refused, "connecting", errno);
	return true;
}

static void
flush(struct bench *b, struct connection *c)
{
	while (c->busy && c->sent < c->goal->size) {
		const char *rest = c->goal->request + c->sent;
		size_t size = c->goal->size - c->sent;
		ssize_t n = c->tls != NULL
		    ? tls_send(c->tls, rest, size)
		    : send(c->fd, rest, size, MSG_NOSIGNAL);

		if (n < 0 &&
		    (errno == EAGAIN || errno == EINTR || errno == ENOTCONN))
			return;
		if (n < 0 && again(b, c))
			continue;
		if (n < 0) {
			fail_doing(b, c, "sending", errno);
			return;
		}
		c->sent += (size_t)n;
	}
}

/* The next request on a connection that has none. */
static void
begin(struct bench *b, struct connection *c)
{
	const struct goal *goal = &b->goal[b->next_goal++ % b->ngoal];

	if (c->fd >= 0 && goal != c->goal && !goal_same_server(goal, c->goal))
		disconnect(c);
	c->goal = goal;
	c->sent = 0;
	c->busy = true;
	b->busy++;
	b->result.sent++;
	answer_init(&c->answer);
	c->began_ns = clock_ns();
	if (c->fd < 0 && !connect_to(b, c)) {
		fail(b, c, &b->result.refused, "connecting", errno);
		return;
	}
	flush(b, c);
}

static void
answered(struct bench *b, struct connection *c)
{
	b->result.answered++;
	b->result.status[c->answer.status]++;
	b->result.body += c->answer.body;
	histogram_add(&b->result.time, clock_ns() - c->began_ns);
	c->fresh = false;
	request_ends(b, c);
}

static void
receive(struct bench *b, struct connection *c)
{
	while (c->fd >= 0 && c->busy) {
		ssize_t n = c->tls != NULL
		    ? tls_recv(c->tls, b->room, sizeof(b->room))
		    : recv(c->fd, b->room, sizeof(b->room), 0);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0 && again(b, c)) {
			flush(b, c);
			return;
		}
		if (n < 0) {
			fail_doing(b, c, "reading", errno);
			return;
		}
		b->result.bytes += (uint64_t)n;
		if (n == 0)
			answer_end(&c->answer);
		else if (answer_feed(&c->answer, b->room, (size_t)n) <
		    (size_t)n)
			c->answer.at = ANSWER_BROKEN;
		if (c->answer.at == ANSWER_DONE)
			answered(b, c);
		else if (c->answer.at == ANSWER_BROKEN)
			fail(b, c, &b->result.broken,
			    n == 0 ? "the connection ended in an answer"
				   : "not HTTP",
			    0);
	}
}

/* What a connection has to say; then its next request. */
static void
serve(struct bench *b, struct connection *c, uint32_t events)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (c->fd < 0)
		return;
	if (!c->busy) {
		/* Closed between two requests; TLS has things of its own to
		 * say, and is seen to be closed when it is used again. */
		if (events & (EPOLLHUP | EPOLLERR) ||
		    (c->tls == NULL && events & EPOLLIN))
			disconnect(c);
		return;
	}
	if ((events & EPOLLERR) != 0 && again(b, c)) {
		flush(b, c);
		return;
	}
	if (events & EPOLLERR) {
		(void)getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
		fail_doing(b, c, "reading", error);
		return;
	}
	/* With TLS either may wait for either. */
	if (events & EPOLLOUT || c->tls != NULL)
		flush(b, c);
	if (events & (EPOLLIN | EPOLLHUP) || c->tls != NULL)
		receive(b, c);
}

/* ---- The loop ---- */

static void
begin_all(struct bench *b)
{
	for (size_t i = 0; i < b->n && may_begin(b); i++)
		if (!b->connection[i].busy)
			begin(b, &b->connection[i]);
}

static void
end_late(struct bench *b)
{
	int64_t now = clock_ns();

	for (size_t i = 0; i < b->n; i++) {
		struct connection *c = &b->connection[i];

		if (c->busy && now - c->began_ns > b->cli->timeout)
			fail(
			    b, c, &b->result.timed_out, "no answer in time", 0);
	}
}

/* Whether nothing has been answered, and everything was refused, for long. */
static bool
is_hopeless(const struct bench *b)
{
	return b->result.answered == 0 && b->result.refused >= 1000;
}

static void
loop(struct bench *b)
{
	struct epoll_event events[256];
	bool live =
	    !b->cli->quiet && !b->cli->json && isatty(STDERR_FILENO) == 1;
	int64_t shown = clock_ns();

	while (
	    (b->busy > 0 || may_begin(b)) && !is_hopeless(b) && !interrupted) {
		int n;

		begin_all(b);
		n = epoll_wait(
		    b->epoll, events, NELEM(events), b->busy > 0 ? 50 : 1);
		for (int i = 0; i < n; i++) {
			struct connection *c = events[i].data.ptr;

			serve(b, c, events[i].events);
			if (!c->busy && may_begin(b) && !is_hopeless(b))
				begin(b, c);
		}
		if (clock_ns() - shown < 250 * NS_PER_MS)
			continue;
		end_late(b);
		shown = clock_ns();
		if (live)
			bench_tick(&b->result,
			    (double)(shown - b->began_ns) / 1e9, false);
	}
	if (live)
		bench_tick(&b->result, 1, true);
}

static bool
prepare(struct bench *b, const struct cli *cli, struct err *e)
{
	struct rlimit files;

	b->cli = cli;
	b->n = (size_t)cli->connections;
	if (cli->requests > 0 && (uint64_t)cli->requests < b->n)
		b->n = (size_t)cli->requests;
	b->wanted = (uint64_t)cli->requests;
	b->ngoal = (size_t)cli->narg;
	b->goal = xcalloc(b->ngoal, sizeof(*b->goal));
	b->connection = xcalloc(b->n, sizeof(*b->connection));
	for (size_t i = 0; i < b->n; i++)
		b->connection[i].fd = -1;
	for (size_t i = 0; i < b->ngoal; i++)
		if (!read_goal(cli, cli->arg[i], &b->goal[i], e))
			return false;
	for (size_t i = 0; i < b->ngoal && b->trust == NULL; i++)
		if (b->goal[i].https &&
		    !tls_trust_new(cli->cacert, cli->insecure, &b->trust, e))
			return false;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 &&
	    files.rlim_cur < b->n + 16) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	b->epoll = epoll_create1(EPOLL_CLOEXEC);
	return b->epoll >= 0 || err_errno(e, ERR_SYSTEM, errno, "epoll");
}

static void
release(struct bench *b)
{
	for (size_t i = 0; i < b->n; i++)
		disconnect(&b->connection[i]);
	for (size_t i = 0; i < b->ngoal; i++)
		free(b->goal[i].request);
	tls_trust_free(b->trust);
	fd_close(&b->epoll);
	free(b->connection);
	free(b->goal);
}

static int
status_of(const struct bench_result *r)
{
	if (interrupted)
		return STATUS_INT;
	for (int i = 400; i < 600; i++)
		if (r->status[i] > 0)
			return STATUS_FAILED;
	return r->refused + r->broken + r->timed_out > 0 || r->answered == 0
	    ? STATUS_FAILED
	    : STATUS_OK;
}

int
cli_bench(const struct cli *cli)
{
	scoped_free struct bench *b = xcalloc(1, sizeof(*b));
	struct sigaction action = { .sa_handler = on_signal,
		.sa_flags = (int)SA_RESETHAND };
	struct err e;
	int status = STATUS_USAGE;

	b->epoll = -1;
	if (!prepare(b, cli, &e)) {
		cli_complain("%s", e.detail);
	} else {
		(void)sigaction(SIGINT, &action, NULL);
		(void)sigaction(SIGTERM, &action, NULL);
		action.sa_handler = SIG_IGN;
		(void)sigaction(SIGPIPE, &action, NULL);
		b->began_ns = clock_ns();
		b->until_ns = b->began_ns + cli->duration;
		loop(b);
		b->result.seconds = (double)(clock_ns() - b->began_ns) / 1e9;
		bench_show(cli, &b->result);
		status = status_of(&b->result);
	}
	release(b);
	return status;
}
