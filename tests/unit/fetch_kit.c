/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch_kit.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "net/guard.h"

/* --- names: libcurl asks this, not the C library's --- */

_Atomic int names_asked;
_Atomic bool slow_answered;
static _Atomic unsigned turns;

static struct addrinfo *
address(const char *text, struct addrinfo *next)
{
	/* One piece of memory, as freeaddrinfo() below takes it. */
	struct {
		struct addrinfo info;
		struct sockaddr_in at;
	} *a = xcalloc(1, sizeof(*a));

	a->at.sin_family = AF_INET;
	inet_pton(AF_INET, text, &a->at.sin_addr);
	a->info.ai_family = AF_INET;
	a->info.ai_socktype = SOCK_STREAM;
	a->info.ai_addr = (struct sockaddr *)&a->at;
	a->info.ai_addrlen = sizeof(a->at);
	a->info.ai_next = next;
	return &a->info;
}

__attribute__((visibility("default"))) int
getaddrinfo(const char *restrict name, const char *restrict service,
    const struct addrinfo *restrict hints, struct addrinfo **restrict out)
{
	unsigned short port = (unsigned short)strtoul(service, NULL, 10);

	(void)hints;
	names_asked++;
	if (strcmp(name, "slow.test") == 0) {
		clock_sleep_ns(3 * NS_PER_S);
		slow_answered = true;
	}
	if (strcmp(name, "two.test") == 0)
		*out = address("127.0.0.9", address("127.0.0.1", NULL));
	else if (strcmp(name, "turn.test") == 0 && turns++ % 2 == 1)
		*out = address("127.0.0.2", NULL);
	else if (strcmp(name, "unknown.test") == 0)
		return EAI_NONAME;
	else
		*out = address("127.0.0.1", NULL);
	for (struct addrinfo *at = *out; at != NULL; at = at->ai_next)
		((struct sockaddr_in *)(void *)at->ai_addr)->sin_port =
		    htons(port);
	return 0;
}

__attribute__((visibility("default"))) void
freeaddrinfo(struct addrinfo *all)
{
	while (all != NULL) {
		struct addrinfo *next = all->ai_next;

		free(all);
		all = next;
	}
}

/* --- a fetcher, a peer, and transfers that are waited for --- */

void
waiter(sem_t *sem)
{
	while (sem_wait(sem) != 0)
		;
}

bool
on_head(struct fetch *f)
{
	struct asked *a = f->owner;

	a->heads++;
	slice_copy(
	    fetch_answer_header(f, "content-type"), a->type, sizeof(a->type));
	if (a->refuse)
		return err_set(&f->err, ERR_ORIGIN_DENIED, "not this one");
	if (a->room > 0) {
		a->blob = blob_new(a->room, 0);
		a->reader = blob_ref(a->blob);
		f->into = a->blob;
	}
	sem_post(&a->begun);
	return true;
}

static void
on_end(struct fetch *f)
{
	struct asked *a = f->owner;

	a->ends++;
	a->text[0] = '\0';
	if (f->text != NULL) {
		assert_true(f->ntext <= FETCH_TEXT_MAX);
		assert_int_equal(f->text[f->ntext], '\0');
		memcpy(a->text, f->text, f->ntext + 1);
	}
	if (a->blob != NULL)
		blob_finish(a->blob, f->ended == FETCH_DONE ? NULL : &f->err);
	if (a->again > 0) {
		a->again--;
		f->start_ns = clock_ns() + 20 * NS_PER_MS;
		fetch_start(a->fetcher, f);
		return;
	}
	sem_post(&a->ended);
}

struct fetch_way *
way_of(unsigned transfers, int64_t connect_ns, int64_t silent_ns,
    struct guard *guard)
{
	struct fetch_way_spec spec = {
		.transfers = transfers,
		.connect_ns = connect_ns,
		.silent_ns = silent_ns,
		.guard = guard,
	};
	struct fetch_way *way = NULL;
	struct err e;

	if (!fetch_way_new_take(&spec, &way, &e))
		fail_msg("%s", e.detail);
	return way;
}

int
setup(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));
	struct err e;

	if (!fetcher_new(8, &p->fetcher, &e))
		fail_msg("%s", e.detail);
	p->way = way_of(8, 60 * NS_PER_S, 60 * NS_PER_S, NULL);
	p->peer = xcalloc(1, sizeof(*p->peer));
	*state = p;
	return 0;
}

int
teardown(void **state)
{
	struct place *p = *state;

	fetch_way_drop(p->way);
	if (p->peer->serve != NULL)
		peer_stop(p->peer);
	fetcher_free(p->fetcher);
	free(p->peer);
	free(p);
	return 0;
}

struct asked *
asked_new(struct place *p, const char *method, const char *path)
{
	struct asked *a = xcalloc(1, sizeof(*a));

	sem_init(&a->begun, 0, 0);
	sem_init(&a->ended, 0, 0);
	snprintf(a->url, sizeof(a->url), "http://127.0.0.1:%d%s", p->peer->port,
	    path);
	a->fetcher = p->fetcher;
	a->f.way = p->way;
	a->f.method = method;
	a->f.url = a->url;
	a->f.deadline_ns = clock_ns() + 60 * NS_PER_S;
	a->f.cancel = &a->cancel;
	a->f.head = on_head;
	a->f.end = on_end;
	a->f.owner = a;
	return a;
}

void
asked_free(struct asked *a)
{
	blob_drop(a->blob);
	blob_drop(a->reader);
	sem_destroy(&a->begun);
	sem_destroy(&a->ended);
	free(a);
}

void
begin(struct place *p, struct asked *a)
{
	fetch_start(p->fetcher, &a->f);
}

void
finish(struct asked *a)
{
	waiter(&a->ended);
}

struct asked *
ask(struct place *p, const char *path)
{
	struct asked *a = asked_new(p, "GET", path);

	begin(p, a);
	finish(a);
	return a;
}

void
assert_end(const struct asked *a, enum fetch_end ended, enum err_code code)
{
	if (a->f.ended != ended || a->f.err.code != code)
		fail_msg("ended %d with %d (%s), not %d with %d", a->f.ended,
		    a->f.err.code, a->f.err.detail, ended, code);
	assert_int_equal(a->ends, 1);
}

void
assert_says(const struct asked *a, const char *part)
{
	if (strstr(a->f.err.detail, part) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", a->f.err.detail, part);
}

bool
serve_ok(struct talk *t)
{
	return say(t,
	    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
	    "Set-Cookie: a=b; path=/\r\n\r\nok");
}
