/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker that was taken over: starts as one, then says what no honest one
 * says. What to say is the width asked for in the first step of each plan.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostile.h"
#include "render/wire.h"

struct scene {
	struct wire_words *words;
	const uint8_t *in;
	uint64_t in_max;
	uint8_t *out;
	struct wire_job job;
	struct wire_reply reply;
};

static void
say(const void *bytes, size_t size)
{
	if (send(WIRE_SOCKET_FD, bytes, size, MSG_NOSIGNAL) != (ssize_t)size)
		_exit(3);
}

static void
answer(struct scene *s)
{
	say(&s->reply, sizeof(s->reply));
}

/* What an honest one would say, with a PNG that is only a signature. */
static void
prepare(struct scene *s)
{
	static const uint8_t png[64] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

	memset(&s->reply, 0, sizeof(s->reply));
	wire_init(&s->reply, sizeof(s->reply), WIRE_REPLY, s->job.head.seq);
	memcpy(s->out, png, sizeof(png));
	s->reply.ok = 1;
	s->reply.size = sizeof(png);
	s->reply.facts = (struct facts){ .from = FORMAT_PNG,
		.to = FORMAT_PNG,
		.original = { 10, 10, 1 },
		.result = { 10, 10, 1 },
		.shrink = 1,
		.orientation = 1 };
}

static void
play_message(struct scene *s, enum hostile what)
{
	static uint8_t large[sizeof(struct wire_reply) + 1];

	switch (what) {
	case HOSTILE_SHORT:
		say(&s->reply, sizeof(s->reply) - 1);
		break;
	case HOSTILE_LONG:
		memcpy(large, &s->reply, sizeof(s->reply));
		say(large, sizeof(large));
		break;
	case HOSTILE_MAGIC:
		s->reply.head.magic++;
		answer(s);
		break;
	case HOSTILE_KIND:
		s->reply.head.kind = WIRE_JOB;
		answer(s);
		break;
	case HOSTILE_SEQ:
		s->reply.head.seq++;
		answer(s);
		break;
	case HOSTILE_SIZE:
		s->reply.size = UINT64_MAX;
		answer(s);
		break;
	case HOSTILE_CODE:
		s->reply.ok = 0;
		s->reply.err.code = ERR_FORBIDDEN;
		answer(s);
		break;
	default:
		_exit(4);
	}
}

static void
play_facts(struct scene *s, enum hostile what)
{
	struct facts *f = &s->reply.facts;

	switch (what) {
	case HOSTILE_FORMAT:
		f->to = UINT32_MAX;
		break;
	case HOSTILE_OTHER_FORMAT:
		f->to = FORMAT_WEBP;
		break;
	case HOSTILE_BYTES:
		memcpy(s->out, "<html>", 6);
		break;
	case HOSTILE_SIDE:
		f->result.width = UINT32_MAX;
		break;
	case HOSTILE_PIXELS:
		f->result = (struct image_size){ 30000, 30000, 1 };
		break;
	case HOSTILE_TIME:
		f->work_ns = -1;
		break;
	default:
		_exit(4);
	}
	answer(s);
}

static void *
thread_main(void *arg)
{
	pause();
	return arg;
}

/* More than any processor count needs. */
static void
play_threads(void)
{
	long n = 72 + 2 * sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t thread;

	(void)prctl(PR_SET_NAME, "w) S 1 1 (", 0, 0, 0);
	while (n-- > 0)
		if (pthread_create(&thread, NULL, thread_main, NULL) != 0)
			_exit(5);
}

/* Prints what is just too much, and is dead before all of it is heard. */
static void
play_spill(void)
{
	static char page[4096];
	size_t n = 257 + (size_t)getpid() % 16;

	memset(page, '.', sizeof(page));
	while (n-- > 0)
		(void)!write(2, page, sizeof(page));
	_exit(6);
}

static void
play(struct scene *s, enum hostile what)
{
	switch (what) {
	case HOSTILE_HONEST:
		answer(s);
		break;
	case HOSTILE_TEXT:
		s->reply.ok = 0;
		s->reply.err.code = ERR_BAD_VALUE;
		/* No end, and what would make a second line of a log. */
		memset(s->reply.err.param, '\n', sizeof(s->reply.err.param));
		memset(s->reply.err.value, 0xff, sizeof(s->reply.err.value));
		memset(s->reply.err.detail, 'x', sizeof(s->reply.err.detail));
		answer(s);
		break;
	case HOSTILE_TWICE:
		answer(s);
		answer(s);
		break;
	case HOSTILE_CUT:
		/* Not closed in, unlike a real one: only the seals hold. */
		s->reply.facts.alpha = ftruncate(WIRE_ARENA_FD, 0) == 0 ? 1 : 0;
		answer(s);
		break;
	case HOSTILE_WORDS:
		/* The words of the arena are the worker's to spoil. */
		atomic_store(&s->words->in_size, UINT64_MAX);
		atomic_store(&s->words->in_state, 99);
		answer(s);
		break;
	case HOSTILE_PRINT:
		for (int i = 0; i < 20000; i++)
			(void)!write(2, "\x1b[31m spam\r\n spam\n", 18);
		answer(s);
		break;
	case HOSTILE_MUTE:
		pause();
		break;
	case HOSTILE_HANG_UP:
		close(WIRE_SOCKET_FD);
		pause();
		break;
	case HOSTILE_CRASH:
		abort();
	case HOSTILE_THREADS:
		play_threads();
		answer(s);
		break;
	case HOSTILE_SPILL:
		play_spill();
		break;
	default:
		if (what < HOSTILE_FORMAT)
			play_message(s, what);
		else
			play_facts(s, what);
	}
}

/* The daemon's own plan, of which it asks only whether it crashes, is done. */
static enum hostile
asked(const struct scene *s)
{
	const struct plan_step *first = &s->job.plan.step[0];
	const uint64_t *size = s->job.overlay_size;
	struct wire_place place;

	if (!wire_place(size, s->in_max, &place))
		return HOSTILE_COUNT;
	if (s->in[place.in + s->job.in_size - 1] == HOSTILE_POISON)
		return HOSTILE_CRASH;
	for (size_t i = 0; i < PLAN_OVERLAYS; i++)
		if (size[i] > 0 &&
		    s->in[place.overlay[i] + size[i] - 1] == HOSTILE_POISON)
			return HOSTILE_CRASH;
	return first->op == OP_RESIZE
	    ? (enum hostile)step_get(first, RESIZE_WIDTH).whole
	    : HOSTILE_HONEST;
}

int
main(void)
{
	static struct scene s;
	struct wire_setup setup;
	struct wire_hello hello;
	uint8_t *at;

	signal(SIGTERM, SIG_IGN);
	if (recv(WIRE_SOCKET_FD, &setup, sizeof(setup), 0) !=
	    (ssize_t)sizeof(setup))
		return 2;
	if (setup.address_space == HOSTILE_NO_START)
		return 1;
	at = mmap(NULL, wire_arena_size(setup.in_max, setup.out_max),
	    PROT_READ | PROT_WRITE, MAP_SHARED, WIRE_ARENA_FD, 0);
	assert(at != MAP_FAILED);
	s.words = (struct wire_words *)(void *)at;
	s.in = at + WIRE_PAGE;
	s.in_max = setup.in_max;
	s.out = at + WIRE_PAGE + setup.in_max;
	wire_init(&hello, sizeof(hello), WIRE_HELLO, 0);
	hello.ok = 1;
	say(&hello, sizeof(hello));
	while (recv(WIRE_SOCKET_FD, &s.job, sizeof(s.job), 0) ==
	    (ssize_t)sizeof(s.job)) {
		prepare(&s);
		play(&s, asked(&s));
	}
	return 0;
}
