/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One job in one worker: the original into the arena, the job onto the
 * socket, and then whatever comes first: the answer, the worker's death, the
 * deadline, or nobody waiting any more.
 *
 * Runs on a keeper's thread. The worker is believed nothing: see wire.h.
 */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "conf/conf.h"
#include "render/check.h"
#include "render/setup.h"
#include "render/sources.h"
#include "render/warden.h"

/* So many may die while they are given the job, which never reached them. */
enum { HAND_TRIES = 3 };
/* How often a keeper looks whether its job goes on. */
static const int64_t hand_tick_ns = 20 * NS_PER_MS;
/* One that is told to stop has so long before it is killed. */
static const int64_t hand_grace_ns = 300 * NS_PER_MS;
/* New bytes are told in such steps: each costs a wake-up. */
static const size_t hand_step = 64 * KIB;
/*
 * One that gets less than a step in this time is idle for most of it, and
 * better lent to a complete original. It is some 50 Mbit/s.
 */
static const int64_t hand_starving_ns = 10 * NS_PER_MS;

struct hand {
	struct jail *jail;
	struct jail_turn *turn;
	struct worker *worker;
	uint64_t overlay_size[PLAN_OVERLAYS];
	struct wire_place place; /* of the images in the arena */
	size_t fed;              /* bytes of the original there */
	bool growing;
	size_t mark; /* fed was so much at mark_ns: a step or more ago */
	int64_t mark_ns;
	bool yielding;   /* told to stop, to make room */
	struct err stop; /* why it was told to; code ERR_NONE: it was not */
	int64_t kill_ns;
};

/* ---- The arena ---- */

static void
hand_ring(struct hand *h)
{
	struct wire_words *w = h->worker->map.words;

	atomic_fetch_add_explicit(&w->bell, 1, memory_order_release);
	(void)syscall(SYS_futex, &w->bell, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* What is there and new goes into the window; false: more than fits. */
static bool
hand_copy(struct hand *h, struct blob_view view)
{
	struct worker_map *map = &h->worker->map;

	if (view.size > map->in_max - h->place.in)
		return false;
	if (view.size > h->fed)
		memcpy(map->in + h->place.in + h->fed, view.data + h->fed,
		    view.size - h->fed);
	h->fed = view.size;
	atomic_store_explicit(
	    &map->words->in_size, view.size, memory_order_release);
	atomic_store_explicit(&map->words->in_state,
	    view.state == BLOB_DONE          ? WIRE_WHOLE
		: view.state == BLOB_GROWING ? WIRE_GROWING
					     : WIRE_BROKEN,
	    memory_order_release);
	h->growing = view.state == BLOB_GROWING;
	return true;
}

/* The overlays, which are there whole, before the original; false: no room. */
static bool
hand_copy_overlays(struct hand *h)
{
	const struct render_job *job = h->turn->job;
	struct worker_map *map = &h->worker->map;
	size_t n = plan_overlays(job->plan);

	for (size_t i = 0; i < n; i++)
		h->overlay_size[i] = blob_look(job->overlay[i]).size;
	if (!wire_place(h->overlay_size, map->in_max, &h->place))
		return false;
	for (size_t i = 0; i < n; i++)
		memcpy(map->in + h->place.overlay[i],
		    blob_look(job->overlay[i]).data,
		    (size_t)h->overlay_size[i]);
	return true;
}

/* Waits a tick for more of the original, and passes it on. */
static void
hand_feed(struct hand *h)
{
	struct render_job *job = h->turn->job;
	struct blob_view view = blob_wait(
	    job->original, h->fed + hand_step - 1, clock_ns() + hand_tick_ns);

	if (view.size == h->fed && view.state == BLOB_GROWING)
		return;
	if (view.size - h->mark >= hand_step) {
		h->mark = view.size;
		h->mark_ns = clock_ns();
	}
	if (!hand_copy(h, view)) {
		atomic_store_explicit(&h->worker->map.words->in_state,
		    WIRE_BROKEN, memory_order_release);
		h->growing = false;
	}
	hand_ring(h);
}

/* ---- The beginning ---- */

/* Between jobs a worker says nothing. */
static bool
hand_is_quiet(struct worker *w, enum jail_exit *exit)
{
	char byte;
	ssize_t n = recv(w->socket, &byte, 1, MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0 && errno == EAGAIN)
		return true;
	*exit = n > 0 ? EXIT_VIOLATION : EXIT_COUNT;
	return false;
}

/* A worker that lives; NULL with e set. */
static struct worker *
hand_take(struct jail *j, struct jail_turn *turn, struct err *e)
{
	for (;;) {
		struct worker *w = jail_take(j, turn, e);
		enum jail_exit exit = EXIT_COUNT;

		if (w == NULL || hand_is_quiet(w, &exit))
			return w;
		/* It died, or misbehaved, while it was idle. */
		(void)jail_await_exit(j, w, exit);
		jail_give(j, w, exit);
	}
}

static bool
hand_send(struct hand *h, const struct render_job *job)
{
	struct worker *w = h->worker;
	/* 9 kB: a keeper's stack has room. */
	struct wire_job message;

	wire_init(&message, sizeof(message), WIRE_JOB, ++w->seq);
	message.deadline_ns = h->turn->due_ns;
	message.in_size = h->fed;
	memcpy(message.overlay_size, h->overlay_size,
	    sizeof(message.overlay_size));
	message.limits = setup_limits(job->conf);
	message.limits.cost = job->max_cost;
	message.growing = h->growing ? 1 : 0;
	message.plan = *job->plan;
	return send(w->socket, &message, sizeof(message),
		   MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof(message);
}

/* ---- The end ---- */

/* It died during the job. */
static enum jail_end
hand_lost(struct hand *h, struct err *e)
{
	const char *format = format_row(h->turn->format)->name;
	int died = jail_await_exit(h->jail, h->worker, EXIT_COUNT);

	if (h->stop.code != ERR_NONE) {
		*e = h->stop;
		return h->yielding ? JAIL_YIELDED : JAIL_FAILED;
	}
	err_set(e, ERR_WORKER_DIED, "worker %d, %s original: %s%s",
	    (int)h->worker->pid, format, died != 0 ? "SIG" : "left by itself",
	    died != 0 ? sigabbrev_np(died) : "");
	switch (died) {
	case SIGSEGV:
	case SIGBUS:
	case SIGABRT:
	case SIGILL:
		return JAIL_CRASHED;
	default:
		return JAIL_FAILED;
	}
}

/* It said what an honest one does not. */
static enum jail_end
hand_violated(struct hand *h)
{
	h->turn->exit = EXIT_VIOLATION;
	return JAIL_FAILED;
}

static bool
hand_result(struct hand *h, struct wire_reply *reply, struct err *e)
{
	struct render_job *job = h->turn->job;
	size_t size = (size_t)reply->size;
	uint8_t *bytes = mem_try(size);

	if (bytes == NULL) {
		err_set(e, ERR_BUSY, "no memory for %zu bytes", size);
		e->retry_after_s = 1;
		return false;
	}
	/* First out of the worker's reach, then looked at. */
	memcpy(bytes, h->worker->map.out, size);
	if (!check_result(job, &reply->facts, bytes, size, e)) {
		free(bytes);
		return false;
	}
	job->facts = reply->facts;
	job->facts.result_bytes = size;
	job->result = blob_from_take(bytes, size);
	return true;
}

/*
 * The picture is made, but its original has not ended: it may still break
 * off. Mostly its end is near; else who called waits for it, and neither the
 * worker nor the keeper.
 */
static bool
hand_await_original(struct hand *h, struct err *e)
{
	struct render_job *job = h->turn->job;
	struct blob_view view = blob_look(job->original);

	if (view.state == BLOB_GROWING) {
		jail_leave(h->jail, h->turn);
		view = blob_wait(
		    job->original, SIZE_MAX, clock_ns() + hand_tick_ns);
	}
	if (view.state == BLOB_FAILED) {
		blob_error(job->original, e);
		return false;
	}
	job->facts.original_bytes = view.size;
	return true;
}

/* Whether it has done its share; what it says of itself is not asked. */
static enum jail_exit
hand_wear(const struct hand *h)
{
	const struct conf *c = h->turn->job->conf;

	if (h->turn->risky)
		return EXIT_RISKY;
	if (h->worker->jobs >= c->render_jobs_per_worker)
		return EXIT_RETIRED;
	return EXIT_COUNT;
}

static enum jail_end
hand_judge(struct hand *h, struct wire_reply *reply, struct err *e)
{
	struct render_job *job = h->turn->job;

	h->turn->exit = hand_wear(h);
	if (h->stop.code != ERR_NONE) {
		*e = h->stop;
		return h->yielding ? JAIL_YIELDED : JAIL_FAILED;
	}
	if (reply->ok == 1) {
		if (!hand_result(h, reply, e))
			return e->code == ERR_INTERNAL ? hand_violated(h)
						       : JAIL_FAILED;
		if (hand_await_original(h, e))
			return JAIL_OK;
		blob_drop(job->result);
		job->result = NULL;
		return JAIL_FAILED;
	}
	if (blob_look(job->original).state == BLOB_FAILED) {
		blob_error(job->original, e);
		return JAIL_FAILED;
	}
	return wire_err_read(&reply->err, e, e) ? JAIL_FAILED
						: hand_violated(h);
}

/* A message is there, or the end of them; false: neither. */
static bool
hand_receive(struct hand *h, enum jail_end *end, struct err *e)
{
	struct worker *w = h->worker;
	struct wire_reply room;
	struct wire_reply reply;
	ssize_t n =
	    recv(w->socket, &room, sizeof(room), MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0)
		*end = hand_lost(h, e);
	else if (!wire_reply_read(
		     &room, (size_t)n, w->seq, w->map.out_max, &reply, e))
		*end = hand_violated(h);
	else
		*end = hand_judge(h, &reply, e);
	return true;
}

/* ---- In between ---- */

static void
hand_stop(struct hand *h, enum err_code why, const char *text)
{
	err_set(&h->stop, why, "%s", text);
	h->kill_ns = clock_ns() + hand_grace_ns;
	h->growing = false;
	atomic_store_explicit(
	    &h->worker->map.words->cancel, 1, memory_order_relaxed);
	hand_ring(h);
}

static void
hand_look(struct hand *h, int64_t now)
{
	struct jail_turn *t = h->turn;
	uint32_t stop = atomic_load_explicit(t->stop, memory_order_relaxed);

	if (stop != 0) {
		hand_stop(h, (enum err_code)stop, "stopped while rendering");
	} else if (now >= t->due_ns) {
		hand_stop(h, ERR_RENDER_TIMEOUT, "the worker did not stop");
	} else if (h->growing && now - h->mark_ns >= hand_starving_ns &&
	    t->wanted(t->arg)) {
		h->yielding = true;
		hand_stop(h, ERR_CLIENT_GONE, "made room");
	}
}

static enum jail_end
hand_follow(struct hand *h, struct err *e)
{
	enum jail_end end = JAIL_FAILED;

	for (;;) {
		struct pollfd fd = { .fd = h->worker->socket,
			.events = POLLIN };
		int64_t now;

		if (h->growing)
			hand_feed(h);
		if (poll(&fd, 1,
			h->growing ? 0 : (int)(hand_tick_ns / NS_PER_MS)) > 0 &&
		    hand_receive(h, &end, e))
			return end;
		now = clock_ns();
		if (h->stop.code == ERR_NONE) {
			hand_look(h, now);
		} else if (now >= h->kill_ns) {
			h->turn->exit = h->stop.code == ERR_RENDER_TIMEOUT
			    ? EXIT_DEADLINE
			    : EXIT_CANCELLED;
			(void)jail_await_exit(
			    h->jail, h->worker, h->turn->exit);
			*e = h->stop;
			return h->yielding ? JAIL_YIELDED : JAIL_FAILED;
		}
	}
}

/* The images into the arena of a worker that has just been taken. */
static bool
hand_fill(struct hand *h, struct err *e)
{
	struct render_job *job = h->turn->job;
	struct blob_view view;

	if (sources_broke(job, e))
		return false;
	view = blob_look(job->original);
	h->fed = 0;
	h->mark = view.size;
	h->mark_ns = clock_ns();
	atomic_store_explicit(
	    &h->worker->map.words->cancel, 0, memory_order_relaxed);
	if (!hand_copy_overlays(h) || !hand_copy(h, view))
		return err_set(
		    e, ERR_TOO_LARGE, "%zu bytes", sources_bytes(job));
	return true;
}

enum jail_end
jail_run(struct jail *j, struct jail_turn *turn, struct err *e)
{
	struct render_job *job = turn->job;
	struct hand h = { .jail = j, .turn = turn };

	turn->mark = job->conf->render_worker_mark;
	for (int tries = 1;; tries++) {
		turn->exit = EXIT_COUNT;
		turn->worker = h.worker = hand_take(j, turn, e);
		if (h.worker == NULL)
			return JAIL_FAILED;
		job->worker = (uint64_t)h.worker->pid;
		if (!hand_fill(&h, e))
			return JAIL_FAILED;
		if (hand_send(&h, job))
			return hand_follow(&h, e);
		if (tries == HAND_TRIES)
			return hand_lost(&h, e);
		/* It died meanwhile, and knew nothing of the job. */
		(void)jail_await_exit(j, h.worker, EXIT_COUNT);
		jail_leave(j, turn);
	}
}

/* ---- Afterwards ---- */

/* Pages beyond the warm ones, which the worker may have touched. */
static void
hand_cool(struct worker_map *map)
{
	uint64_t in =
	    map->in_max < WORKER_WARM_IN ? map->in_max : WORKER_WARM_IN;
	uint64_t out =
	    map->out_max < WORKER_WARM_OUT ? map->out_max : WORKER_WARM_OUT;

	if (map->in_max > in)
		(void)madvise(
		    map->in + in, (size_t)(map->in_max - in), MADV_REMOVE);
	if (map->out_max > out)
		(void)madvise(map->in + map->in_max + out,
		    (size_t)(map->out_max - out), MADV_REMOVE);
}

/* Bytes that are its own, as the kernel says; 0: not known. */
static int64_t
worker_memory(const struct worker *w)
{
	char text[128];
	ssize_t n = pread(w->statm, text, sizeof(text), 0);
	struct slice rest = { text, n > 0 ? (size_t)n : 0 };
	int64_t resident = 0;
	int64_t shared = 0;

	/* "size resident shared ...", in pages. */
	slice_cut(&rest, ' ');
	if (!num_int(slice_cut(&rest, ' '), 0, INT32_MAX, &resident) ||
	    !num_int(slice_cut(&rest, ' '), 0, INT32_MAX, &shared))
		return 0;
	return (resident - shared) * sysconf(_SC_PAGESIZE);
}

void
jail_leave(struct jail *j, struct jail_turn *turn)
{
	struct worker *w = turn->worker;

	turn->worker = NULL;
	if (w == NULL)
		return;
	if (turn->exit == EXIT_COUNT) {
		hand_cool(&w->map);
		if (worker_memory(w) > turn->mark)
			turn->exit = EXIT_MEMORY;
	}
	jail_give(j, w, turn->exit);
}
