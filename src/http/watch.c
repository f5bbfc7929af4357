/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a request is ended while another thread may be answering it: the watcher
 * takes it off the list and marks it held, under the lock; without the lock it
 * calls pipeline_leave(), which may answer it on this very thread; then it
 * lets go. Whoever comes last of answer and watcher resumes the connection, so
 * the request exists as long as the watcher looks at it.
 */
#include "http/watch.h"

#include <sys/epoll.h>

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/lock.h"
#include "pipeline.h"

enum { EVENTS = 64, TABLE_MIN = 64 };

struct watch {
	void (*tick)(void *owner);
	void *owner;
	int epoll, wake;
	pthread_t thread;
	struct lock lock;
	struct watched *first under(lock); /* by deadline */
	struct watched *last under(lock);
	/* By descriptor: an event may come for one that is gone. */
	struct watched **by_fd under(lock);
	size_t size under(lock);
	enum err_code ending under(lock); /* not ERR_NONE: all end with it */
	int64_t sleep_ns under(lock);     /* until then the thread sleeps */
	bool stop under(lock);
};

/* --- the list --- */

static void
table_set(struct watch *t, int fd, struct watched *w) needs_lock(&t->lock)
{
	size_t at = (size_t)fd;

	while (at >= t->size) {
		size_t size = t->size > 0 ? 2 * t->size : TABLE_MIN;
		struct watched **table =
		    xcalloc(size, sizeof(struct watched *));

		for (size_t i = 0; i < t->size; i++)
			table[i] = t->by_fd[i];
		free(t->by_fd);
		t->by_fd = table;
		t->size = size;
	}
	t->by_fd[at] = w;
}

/* Deadlines mostly come in order, so the walk from the end is short. */
static void
list_insert(struct watch *t, struct watched *w) needs_lock(&t->lock)
{
	struct watched *before = t->last;

	while (before != NULL && before->r->deadline_ns > w->r->deadline_ns)
		before = before->previous;
	w->previous = before;
	w->next = before != NULL ? before->next : t->first;
	*(w->next != NULL ? &w->next->previous : &t->last) = w;
	*(before != NULL ? &before->next : &t->first) = w;
	table_set(t, w->fd, w);
	w->listed = true;
}

static void
list_remove(struct watch *t, struct watched *w) needs_lock(&t->lock)
{
	int failed = epoll_ctl(t->epoll, EPOLL_CTL_DEL, w->fd, NULL);

	assert(failed == 0);
	*(w->next != NULL ? &w->next->previous : &t->last) = w->previous;
	*(w->previous != NULL ? &w->previous->next : &t->first) = w->next;
	t->by_fd[w->fd] = NULL;
	w->listed = false;
}

/* --- ending --- */

static void
end_one(struct watch *t, struct watched *w, enum err_code why)
{
	bool answered = false;

	(void)pipeline_leave(w->r, why);
	lock_take(&t->lock);
	w->held = false;
	answered = w->answered;
	lock_drop(&t->lock);
	if (answered)
		w->resume(w);
}

/* The next one whose time has come; held. NULL: none. */
static struct watched *
take_due(struct watch *t, int64_t now_ns, enum err_code *why)
{
	struct watched *w = NULL;

	lock_take(&t->lock);
	w = t->first;
	if (w != NULL && t->ending == ERR_NONE && w->r->deadline_ns > now_ns)
		w = NULL;
	if (w != NULL) {
		list_remove(t, w);
		w->held = true;
		*why = t->ending != ERR_NONE ? t->ending : ERR_DEADLINE;
	}
	lock_drop(&t->lock);
	return w;
}

/* The one of a socket whose other side is really gone; held. NULL: none. */
static struct watched *
take_gone(struct watch *t, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };
	struct watched *w = NULL;

	lock_take(&t->lock);
	if ((size_t)fd < t->size)
		w = t->by_fd[fd];
	/* The event may be one of the descriptor's former owner. */
	if (w != NULL && poll(&p, 1, 0) != 1)
		w = NULL;
	if (w != NULL) {
		list_remove(t, w);
		w->held = true;
	}
	lock_drop(&t->lock);
	return w;
}

static void
end_due(struct watch *t, int64_t now_ns)
{
	enum err_code why = ERR_DEADLINE;
	struct watched *w = NULL;

	while ((w = take_due(t, now_ns, &why)) != NULL)
		end_one(t, w, why);
}

static void
end_gone(struct watch *t, const struct epoll_event *events, int n)
{
	for (int i = 0; i < n; i++) {
		struct watched *w = NULL;

		if (events[i].data.fd == t->wake) {
			fd_event_clear(t->wake);
			continue;
		}
		w = take_gone(t, events[i].data.fd);
		if (w != NULL)
			end_one(t, w, ERR_CLIENT_GONE);
	}
}

/* --- the thread --- */

/* Milliseconds until the next deadline or tick; -1: stop. */
static int
time_left(struct watch *t, int64_t now_ns, int64_t tick_ns)
{
	int64_t until = tick_ns;
	bool stop = false;

	lock_take(&t->lock);
	if (t->first != NULL && t->first->r->deadline_ns < until)
		until = t->first->r->deadline_ns;
	t->sleep_ns = until;
	stop = t->stop;
	lock_drop(&t->lock);
	if (stop)
		return -1;
	if (until <= now_ns)
		return 0;
	/* Rounded up: woken too early it would only spin. */
	return (int)((until - now_ns + NS_PER_MS - 1) / NS_PER_MS);
}

static void *
watch_run(void *arg)
{
	struct watch *t = arg;
	int64_t tick_ns = clock_ns() + NS_PER_S;
	int left_ms = 0;

	while ((left_ms = time_left(t, clock_ns(), tick_ns)) >= 0) {
		struct epoll_event events[EVENTS];
		int n = epoll_wait(t->epoll, events, EVENTS, left_ms);
		int64_t now_ns = 0;

		end_gone(t, events, n);
		now_ns = clock_ns();
		end_due(t, now_ns);
		if (now_ns >= tick_ns) {
			t->tick(t->owner);
			tick_ns = now_ns + NS_PER_S;
		}
	}
	return NULL;
}

static void
epoll_join(const struct watch *t, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };
	int failed = epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &event);

	assert(failed == 0);
}

struct watch *
watch_new(void (*tick)(void *owner), void *owner)
{
	struct watch *t = xcalloc(1, sizeof(*t));

	t->tick = tick;
	t->owner = owner;
	lock_init(&t->lock);
	t->wake = fd_event_new();
	t->epoll = epoll_create1(EPOLL_CLOEXEC);
	assert(t->epoll >= 0);
	epoll_join(t, t->wake, EPOLLIN);
	t->thread = thread_start("http-watch", watch_run, t);
	return t;
}

void
watch_free(struct watch *t)
{
	if (t == NULL)
		return;
	lock_take(&t->lock);
	assert(t->first == NULL);
	t->stop = true;
	lock_drop(&t->lock);
	fd_event_set(t->wake);
	(void)pthread_join(t->thread, NULL);
	fd_close(&t->epoll);
	fd_close(&t->wake);
	lock_fini(&t->lock);
	free(t->by_fd);
	free(t);
}

void
watch_expect(struct watched *w)
{
	w->listed = false;
	w->held = false;
	w->answered = false;
}

void
watch_add(struct watch *t, struct watched *w)
{
	bool soon = false;

	lock_take(&t->lock);
	if (!w->answered) {
		/* Under the lock: the watcher may see an event at once. */
		epoll_join(t, w->fd, EPOLLRDHUP | EPOLLONESHOT);
		list_insert(t, w);
		soon = w->r->deadline_ns < t->sleep_ns || t->ending != ERR_NONE;
	}
	lock_drop(&t->lock);
	if (soon)
		fd_event_set(t->wake);
}

void
watch_done(struct watch *t, struct watched *w)
{
	bool held = false;

	lock_take(&t->lock);
	if (w->listed)
		list_remove(t, w);
	held = w->held;
	w->answered = true;
	lock_drop(&t->lock);
	if (!held)
		w->resume(w);
}

void
watch_end_all(struct watch *t, enum err_code why)
{
	lock_take(&t->lock);
	t->ending = why;
	lock_drop(&t->lock);
	fd_event_set(t->wake);
}
