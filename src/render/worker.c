/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `pictord worker`: the process that decodes. It is started with a socket and
 * the arena as its only descriptors of use, closes itself in, and then does
 * one job after the other until the socket ends.
 */
#include "render/worker.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "render/render.h"
#include "render/sandbox.h"

enum { WORKER_DONE = 0, WORKER_FAILED = 1, WORKER_USAGE = 2 };

struct worker_arena {
	struct wire_words *words;
	const uint8_t *in;
	uint8_t *out;
	uint64_t in_max, out_max;
};

/* An original that is still arriving, as libvips reads it. */
struct stream {
	const struct worker_arena *arena;
	const uint8_t *in; /* where it begins */
	uint64_t at;
	int64_t due_ns;
};

/* ---- The original, while it grows ---- */

static void
bell_wait(const struct worker_arena *a, uint32_t heard, int64_t due_ns)
{
	int64_t left = due_ns - clock_ns();
	struct timespec until = {
		.tv_sec = left > 0 ? left / NS_PER_S : 0,
		.tv_nsec = left > 0 ? left % NS_PER_S : 0,
	};

	/* EAGAIN, EINTR, ETIMEDOUT: the caller looks again in any case. */
	(void)syscall(
	    SYS_futex, &a->words->bell, FUTEX_WAIT, heard, &until, NULL, 0);
}

static int64_t
stream_read(void *from, void *out, size_t size)
{
	struct stream *s = from;
	struct wire_words *w = s->arena->words;

	for (;;) {
		uint32_t heard =
		    atomic_load_explicit(&w->bell, memory_order_acquire);
		/* The state first: a final one promises a final size. */
		uint32_t state =
		    atomic_load_explicit(&w->in_state, memory_order_acquire);
		uint64_t have =
		    atomic_load_explicit(&w->in_size, memory_order_acquire);

		if (atomic_load_explicit(&w->cancel, memory_order_relaxed) !=
			0 ||
		    state == WIRE_BROKEN || clock_ns() >= s->due_ns)
			return -1;
		if (have > s->at) {
			if (size > have - s->at)
				size = (size_t)(have - s->at);
			memcpy(out, s->in + s->at, size);
			s->at += size;
			return (int64_t)size;
		}
		if (state == WIRE_WHOLE)
			return 0;
		bell_wait(s->arena, heard, s->due_ns);
	}
}

/* ---- One job ---- */

static bool
worker_render(const struct worker_arena *a, const struct wire_job *job,
    struct wire_reply *reply, struct err *e)
{
	struct wire_place place;
	struct stream stream = { .arena = a, .due_ns = job->deadline_ns };
	struct image_job work = {
		.plan = &job->plan,
		.limits = job->limits,
		.deadline_ns = job->deadline_ns,
		.cancel = &a->words->cancel,
	};
	struct image_result result = { 0 };

	if (!wire_place(job->overlay_size, a->in_max, &place))
		return err_set(e, ERR_INTERNAL, "images without room");
	for (size_t i = 0; i < plan_overlays(&job->plan); i++)
		work.overlay[i] =
		    (struct image_input){ .data = a->in + place.overlay[i],
			    .size = (size_t)job->overlay_size[i] };
	stream.in = a->in + place.in;
	if (job->growing == 1) {
		work.input.read = stream_read;
		work.input.from = &stream;
	} else {
		work.input.data = stream.in;
		work.input.size = (size_t)job->in_size;
	}
	if (!image_render(&work, &result, e))
		return false;
	if (result.size > a->out_max) {
		image_result_fini(&result);
		return err_set(
		    e, ERR_TOO_LARGE, "result of %zu bytes", result.size);
	}
	assert(a->out != NULL);
	memcpy(a->out, result.bytes, result.size);
	reply->size = result.size;
	reply->facts = result.facts;
	image_result_fini(&result);
	return true;
}

static bool
worker_send(const void *message, size_t size)
{
	ssize_t n;

	do
		n = send(WIRE_SOCKET_FD, message, size, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)size;
}

/* The next message; 0 at the end, -1 when it failed or did not fit. */
static ssize_t
worker_receive(void *room, size_t size)
{
	ssize_t n;

	do
		n = recv(WIRE_SOCKET_FD, room, size, MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	return n <= (ssize_t)size ? n : -1;
}

static int
worker_serve(const struct worker_arena *a)
{
	/* Large; and one process does one job at a time. */
	static struct wire_job room;
	static struct wire_job job;

	for (;;) {
		ssize_t n = worker_receive(&room, sizeof(room));
		struct wire_reply reply;
		struct err e = { 0 };

		if (n <= 0)
			return n == 0 ? WORKER_DONE : WORKER_FAILED;
		if (!wire_job_read(&room, (size_t)n, a->in_max, &job, &e))
			return WORKER_FAILED;
		wire_init(&reply, sizeof(reply), WIRE_REPLY, job.head.seq);
		if (worker_render(a, &job, &reply, &e))
			reply.ok = 1;
		else
			wire_err_write(&reply.err, &e);
		if (!worker_send(&reply, sizeof(reply)))
			return WORKER_FAILED;
	}
}

/* ---- The start ---- */

static bool
worker_map(
    const struct wire_setup *setup, struct worker_arena *out, struct err *e)
{
	uint64_t size = wire_arena_size(setup->in_max, setup->out_max);
	uint8_t *at = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE,
	    MAP_SHARED, WIRE_ARENA_FD, 0);

	if (at == MAP_FAILED)
		return err_errno(e, ERR_SYSTEM, errno, "the arena");
	close(WIRE_ARENA_FD);
	*out = (struct worker_arena){
		.words = (struct wire_words *)(void *)at,
		.in = at + WIRE_PAGE,
		.out = at + WIRE_PAGE + setup->in_max,
		.in_max = setup->in_max,
		.out_max = setup->out_max,
	};
	return true;
}

bool
worker_enter(const struct wire_setup *setup, struct err *e)
{
	struct image_conf image = {
		.load = setup->load,
		.load_must = setup->load_must,
		.save = setup->save,
		.save_must = setup->save_must,
		.vector = setup->vector == 1,
	};
	uint64_t space = setup->address_space;
	bool landlock = false;

	if (space > 0)
		space += wire_arena_size(setup->in_max, setup->out_max);
	return sandbox_files(setup->landlock_optional == 1, &landlock, e) &&
	    image_init(&image, e) && image_warm_up(e) &&
	    sandbox_close(WIRE_SOCKET_FD, space, landlock, e);
}

/* Things of a process that are not the sandbox's. */
static void
worker_settle(void)
{
	scoped_fd score = -1;

	/* It may not outlive the daemon's thread that started it. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* The daemon decides when it ends, not who stops the group. */
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)syscall(SYS_close_range, WIRE_FDS, ~0U, 0);
	/* When memory runs out, it goes before the daemon does. */
	score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (score >= 0)
		(void)!fd_write_all(score, "500", 3);
}

int
render_worker_main(int argc, char **argv)
{
	struct wire_setup room;
	struct wire_setup setup;
	struct wire_hello hello;
	struct worker_arena arena = { 0 };
	struct err e = { 0 };
	ssize_t n;

	(void)argc;
	(void)argv;
	worker_settle();
	n = worker_receive(&room, sizeof(room));
	if (n <= 0 || !wire_setup_read(&room, (size_t)n, &setup, &e)) {
		fprintf(stderr, "a worker is started by pictord alone\n");
		return WORKER_USAGE;
	}
	wire_init(&hello, sizeof(hello), WIRE_HELLO, 0);
	if (worker_map(&setup, &arena, &e) && worker_enter(&setup, &e))
		hello.ok = 1;
	else
		wire_err_write(&hello.err, &e);
	if (!worker_send(&hello, sizeof(hello)) || hello.ok == 0)
		_exit(WORKER_FAILED);
	/* No atexit functions: they would need what is closed. */
	_exit(worker_serve(&arena));
}
