/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "unit.h"

enum { PEER_TICK_MS = 20 };

bool
say_bytes(struct talk *t, const void *bytes, size_t size)
{
	const char *at = bytes;

	while (size > 0) {
		ssize_t n = t->tls != NULL
		    ? (ssize_t)SSL_write(t->tls, at, (int)size)
		    : send(t->fd, at, size, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

bool
say(struct talk *t, const char *text)
{
	return say_bytes(t, text, strlen(text));
}

/* Looks around now and then, so that a peer can be stopped. */
static bool
readable(struct talk *t)
{
	struct pollfd fd = { .fd = t->fd, .events = POLLIN };

	if (t->tls != NULL && SSL_pending(t->tls) > 0)
		return true;
	while (!t->peer->stop)
		if (poll(&fd, 1, PEER_TICK_MS) > 0)
			return true;
	return false;
}

ssize_t
hear(struct talk *t, void *out, size_t size)
{
	if (!readable(t))
		return 0;
	return t->tls != NULL ? (ssize_t)SSL_read(t->tls, out, (int)size)
			      : recv(t->fd, out, size, 0);
}

void
stay_silent(struct talk *t)
{
	char ignored[64];

	while (hear(t, ignored, sizeof(ignored)) > 0)
		;
}

void
wait_to_go(struct talk *t)
{
	while (--t->peer->permits < 0) {
		t->peer->permits++;
		if (t->peer->stop)
			return;
		clock_sleep_ns(5 * NS_PER_MS);
	}
}

void
reset(struct talk *t)
{
	struct linger linger = { .l_onoff = 1 };

	setsockopt(t->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

/* A head, and the body that its Content-Length says. */
static bool
read_request(struct talk *t)
{
	const char *end = NULL;
	const char *length;
	size_t want;

	t->nrequest = 0;
	while (end == NULL) {
		ssize_t n = hear(t, t->request + t->nrequest,
		    sizeof(t->request) - 1 - t->nrequest);

		if (n <= 0)
			return false;
		t->nrequest += (size_t)n;
		t->request[t->nrequest] = '\0';
		end = strstr(t->request, "\r\n\r\n");
	}
	length = strcasestr(t->request, "content-length:");
	want = (size_t)(end + 4 - t->request);
	if (length != NULL && length < end)
		want += (size_t)strtoul(length + 15, NULL, 10);
	while (t->nrequest < want) {
		ssize_t n =
		    hear(t, t->request + t->nrequest, want - t->nrequest);

		if (n <= 0)
			return false;
		t->nrequest += (size_t)n;
		t->request[t->nrequest] = '\0';
	}
	lock_take(&t->peer->lock);
	memcpy(t->peer->last, t->request, t->nrequest + 1);
	lock_drop(&t->peer->lock);
	return true;
}

static bool
serve_one(struct talk *t)
{
	struct peer *p = t->peer;
	unsigned now;
	bool more;

	p->requests++;
	now = ++p->now;
	if (now > p->most)
		p->most = now;
	more = atomic_load(&p->serve)(t);
	p->now--;
	t->asked++;
	return more;
}

static void *
talk_thread(void *arg)
{
	struct talk *t = arg;
	bool more = true;

	if (t->peer->tls != NULL) {
		t->tls = SSL_new(t->peer->tls);
		SSL_set_fd(t->tls, t->fd);
		more = SSL_accept(t->tls) == 1;
	}
	if (more && t->tls != NULL) {
		const unsigned char *name = NULL;
		unsigned len = 0;

		SSL_get0_alpn_selected(t->tls, &name, &len);
		/* HTTP/2: all of it is the test's. */
		if (len == 2)
			more = serve_one(t) && false;
	}
	while (more && read_request(t))
		more = serve_one(t);
	if (t->tls != NULL)
		SSL_shutdown(t->tls);
	SSL_free(t->tls);
	fd_close(&t->fd);
	return NULL;
}

static void *
peer_thread(void *arg)
{
	struct peer *p = arg;
	struct pollfd fd = { .fd = p->listener, .events = POLLIN };

	while (!p->stop) {
		struct talk *t;
		int got = -1;

		if (poll(&fd, 1, PEER_TICK_MS) > 0)
			got = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
		if (got < 0)
			continue;
		assert_true(p->connections < PEER_CONNECTIONS);
		t = &p->talk[p->connections];
		t->peer = p;
		t->fd = got;
		t->nth = p->connections++;
		t->used = true;
		t->thread = thread_start("talk", talk_thread, t);
	}
	return NULL;
}

void
peer_start(struct peer *p, bool (*serve)(struct talk *t), void *tls)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t size = sizeof(at);

	p->serve = serve;
	p->tls = tls;
	lock_init(&p->lock);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(p->listener >= 0);
	assert_int_equal(
	    bind(p->listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(p->listener, PEER_CONNECTIONS), 0);
	assert_int_equal(
	    getsockname(p->listener, (struct sockaddr *)&at, &size), 0);
	p->port = ntohs(at.sin_port);
	p->thread = thread_start("peer", peer_thread, p);
}

void
peer_stop(struct peer *p)
{
	p->stop = true;
	pthread_join(p->thread, NULL);
	for (size_t i = 0; i < PEER_CONNECTIONS; i++)
		if (p->talk[i].used)
			pthread_join(p->talk[i].thread, NULL);
	fd_close(&p->listener);
	lock_fini(&p->lock);
}
