/* SPDX-License-Identifier: Apache-2.0 */
#include "s3_bench.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

/* --- credentials --- */

static char access_key[] = "AKIDTEST";
static char secret_key[] = "secret";
static char older[] = "older";
static char younger[] = "younger";

void
credential_drop(struct credential *c)
{
	if (c != NULL)
		atomic_fetch_sub(&c->count, 1);
}

void
credential_get(struct credential_source *s, struct credential_wait *w)
{
	struct err e;

	s->asked++;
	if (s->is_broken) {
		err_set(&e, ERR_ORIGIN_DENIED, "no credentials");
		w->ready(w, NULL, &e);
		return;
	}
	atomic_fetch_add(&s->now.count, 1);
	w->ready(w, &s->now, NULL);
}

void
credential_refused(struct credential_source *s, const struct credential *c)
{
	assert_ptr_equal(c, &s->now);
	s->refused++;
	s->now.token = younger;
}

const char *
credential_region(struct credential_source *s)
{
	(void)s;
	return "eu-west-1";
}

/* --- a store --- */

/* A request with its body, as far as there is room. */
static void
store_read(int fd, char *out)
{
	size_t n = 0;
	size_t want = SIZE_MAX;

	while (n + 1 < HEAD_MAX && n < want) {
		ssize_t got = recv(fd, out + n, HEAD_MAX - 1 - n, 0);
		const char *end;
		const char *length;

		if (got <= 0)
			break;
		n += (size_t)got;
		out[n] = '\0';
		end = strstr(out, "\r\n\r\n");
		length = strcasestr(out, "\r\ncontent-length: ");
		if (end != NULL)
			want = (size_t)(end - out) + 4 +
			    (length != NULL ? strtoul(length + 18, NULL, 10)
					    : 0);
	}
}

static void *
store_thread(void *arg)
{
	struct store *s = arg;

	for (size_t i = 0; i < s->answers; i++) {
		scoped_fd fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
		const char *text = s->answer[i];

		if (fd < 0)
			break;
		store_read(fd, s->request[i]);
		atomic_store(&s->requests, i + 1);
		if (text != NULL &&
		    send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
			break;
		shutdown(fd, SHUT_WR);
	}
	return NULL;
}

/* --- one test --- */

struct bench *
bench_new(void)
{
	struct bench *b = xcalloc(1, sizeof(*b));
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	const struct fetch_way_spec way = { .connect_ns = 5 * NS_PER_S,
		.silent_ns = 5 * NS_PER_S,
		.transfers = 4 };
	struct err e;

	lock_init(&b->lock);
	cond_init(&b->done);
	b->store.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
	    bind(b->store.listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(b->store.listener, 8), 0);
	getsockname(b->store.listener, (struct sockaddr *)&at, &size);
	b->store.port = ntohs(at.sin_port);
	snprintf(b->endpoint, sizeof(b->endpoint), "http://127.0.0.1:%u",
	    b->store.port);
	assert_true(fetcher_new(4, &b->fetcher, &e));
	assert_true(fetch_way_new_take(&way, &b->way, &e));
	b->credentials.now = (struct credential){ .access = access_key,
		.secret = secret_key,
		.token = older,
		.expires_s = INT64_MAX,
		.provider = "test" };
	b->spec = (struct s3_spec){ .fetcher = b->fetcher,
		.way = b->way,
		.credentials = &b->credentials,
		.endpoint = b->endpoint,
		.bucket = "pics",
		.checksum = true,
		.retries = 2 };
	b->body_max = 1 * MIB;
	b->call = (struct s3_call){ .verb = S3_GET,
		.key = "a b.jpg",
		.deadline_ns = clock_ns() + 20 * NS_PER_S };
	return b;
}

static bool
bench_head(struct s3_call *c)
{
	struct bench *b = c->owner;

	b->heads++;
	if (b->refuse)
		return err_set(&c->err, ERR_TOO_LARGE, "too large");
	c->into = blob_new(b->body_max, 0);
	b->body = blob_ref(c->into);
	return true;
}

static void
bench_end(struct s3_call *c)
{
	struct bench *b = c->owner;

	slice_copy(c->xml, b->xml, sizeof(b->xml));
	if (c->into != NULL) {
		blob_finish(c->into, c->ok ? NULL : &c->err);
		blob_drop(c->into);
	}
	lock_take(&b->lock);
	b->is_done = true;
	cond_wake_all(&b->done);
	lock_drop(&b->lock);
}

void
bench_answer(struct bench *b, const char *text)
{
	b->store.answer[b->store.answers++] = text;
}

void
bench_run(struct bench *b)
{
	struct err e;

	b->store.thread = thread_start("store", store_thread, &b->store);
	if (b->s3 == NULL && !s3_new(&b->spec, &b->s3, &e))
		fail_msg("%s", e.detail);
	b->call.head = bench_head;
	b->call.end = bench_end;
	b->call.owner = b;
	s3_start(b->s3, &b->call);
	lock_take(&b->lock);
	while (!b->is_done)
		cond_wait(&b->done, &b->lock, CLOCK_NEVER);
	lock_drop(&b->lock);
	/* What it was not asked for it does not wait for. */
	shutdown(b->store.listener, SHUT_RDWR);
	pthread_join(b->store.thread, NULL);
}

void
bench_free(struct bench *b)
{
	assert_int_equal(b->call.tries, b->store.requests);
	s3_free(b->s3);
	fetch_way_drop(b->way);
	fetcher_free(b->fetcher);
	/* No snapshot is kept. */
	assert_int_equal(b->credentials.now.count, 0);
	fd_close(&b->store.listener);
	blob_drop(b->body);
	cond_fini(&b->done);
	lock_fini(&b->lock);
	free(b);
}

void
assert_ok(const struct bench *b, size_t requests)
{
	if (!b->call.ok)
		fail_msg("%s: %s", err_row(b->call.err.code)->code,
		    b->call.err.detail);
	assert_int_equal(b->store.requests, requests);
}

void
assert_fails(const struct bench *b, enum err_code code, size_t requests)
{
	assert_false(b->call.ok);
	if (b->call.err.code != code)
		fail_msg("%s: %s", err_row(b->call.err.code)->code,
		    b->call.err.detail);
	assert_int_equal(b->store.requests, requests);
}

void
bench_fails(struct bench *b, enum err_code code, size_t requests)
{
	bench_run(b);
	assert_fails(b, code, requests);
	bench_free(b);
}

void
assert_body(const struct bench *b, const char *want)
{
	struct blob_view view = blob_look(b->body);

	assert_int_equal(view.state, BLOB_DONE);
	assert_int_equal(view.size, strlen(want));
	assert_memory_equal(view.data, want, view.size);
}

void
assert_sent(const struct bench *b, size_t i, const char *text)
{
	if (strcasestr(b->store.request[i], text) == NULL)
		fail_msg("request %zu has no \"%s\":\n%s", i, text,
		    b->store.request[i]);
}

void
assert_not_sent(const struct bench *b, size_t i, const char *text)
{
	if (strcasestr(b->store.request[i], text) != NULL)
		fail_msg("request %zu has \"%s\":\n%s", i, text,
		    b->store.request[i]);
}
