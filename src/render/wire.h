/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the daemon and a worker say to each other.
 *
 * One message is one struct on a SOCK_SEQPACKET pair; image bytes lie in the
 * arena, a sealed memfd that both have mapped: one page of words, the window
 * of originals (a job's overlays first, then what it is about, which may still
 * be arriving), the window of results.
 *
 * What comes from a worker may have been written by whoever took it over. The
 * daemon receives it into its own memory, and a _read() below checks every
 * field there before anything is believed. It reads nothing of the arena but
 * the bytes of a result, which it copies out before it looks at them.
 */
#pragma once

#include "image/image.h"
#include "plan/facts.h"
#include "plan/plan.h"

/* Descriptors of a worker. */
enum { WIRE_SOCKET_FD = 3, WIRE_ARENA_FD = 4, WIRE_FDS = 5 };

enum wire_kind {
	WIRE_SETUP = 1, /* daemon: once, the first */
	WIRE_HELLO,     /* worker: ready, or why not */
	WIRE_JOB,       /* daemon */
	WIRE_REPLY      /* worker: exactly one for each job */
};

struct wire_head {
	uint32_t magic;
	uint16_t version;
	uint16_t kind;
	uint64_t seq; /* of the job; 0 for setup and hello */
};

struct wire_setup {
	struct wire_head head;
	uint64_t in_max, out_max; /* bytes of the windows, whole pages */
	uint64_t address_space;   /* bytes besides the arena; 0: no limit */
	format_set load, load_must, save, save_must;
	uint32_t vector;            /* 0 or 1 */
	uint32_t landlock_optional; /* 0 or 1 */
};

/* An error as a worker may tell it. */
struct wire_err {
	uint32_t code; /* enum err_code, of a few */
	char param[ERR_PARAM_MAX];
	char value[ERR_TEXT_MAX];
	char accepted[ERR_TEXT_MAX];
	char hint[ERR_TEXT_MAX];
	char detail[ERR_DETAIL_MAX];
	uint32_t source; /* the image that it is about, of the job's */
};

struct wire_hello {
	struct wire_head head;
	uint32_t ok;
	struct wire_err err; /* !ok */
};

struct wire_job {
	struct wire_head head;
	int64_t deadline_ns; /* clock_ns(), which is the machine's */
	uint64_t in_size;    /* !growing: bytes of the original */
	uint64_t overlay_size[PLAN_OVERLAYS]; /* 0: there is none */
	struct image_limits limits;
	uint32_t growing; /* 1: the words of the arena say how far it is */
	uint32_t zero;
	struct plan plan;
};

struct wire_reply {
	struct wire_head head;
	uint32_t ok;
	uint32_t zero;
	uint64_t size; /* bytes of the result, at the start of its window */
	struct facts facts;
	struct wire_err err; /* !ok */
};

/* The first page of the arena. The daemon only writes it. */
enum wire_input { WIRE_GROWING, WIRE_WHOLE, WIRE_BROKEN };
struct wire_words {
	_Atomic uint64_t in_size;
	_Atomic uint32_t in_state; /* enum wire_input */
	_Atomic uint32_t bell;     /* a futex: changed after any of these */
	_Atomic uint32_t cancel;   /* not 0: stop */
};
enum { WIRE_PAGE = 4096 };
_Static_assert(sizeof(struct wire_words) <= WIRE_PAGE, "words fit their page");

/* Bytes of an arena; windows are rounded up to whole pages. */
uint64_t wire_window(uint64_t bytes);
uint64_t wire_arena_size(uint64_t in_max, uint64_t out_max);

/*
 * Where a job's images lie in the window of originals; both sides compute it
 * from the sizes. The original has what room is left.
 */
struct wire_place {
	uint64_t overlay[PLAN_OVERLAYS];
	uint64_t in;
};
/* False: they have no room. */
bool wire_place(const uint64_t overlay_size[PLAN_OVERLAYS], uint64_t in_max,
    struct wire_place *out) must_check;

/* Empty message of a kind: all zero but its head. size: of its struct. */
void wire_init(void *message, size_t size, enum wire_kind kind, uint64_t seq);

/*
 * Bytes as received, into *out when they are right. Fail with INTERNAL, which
 * between these two means: the other side is broken, or hostile.
 */
bool wire_setup_read(const void *bytes, size_t size, struct wire_setup *out,
    struct err *e) must_check;
bool wire_hello_read(const void *bytes, size_t size, struct wire_hello *out,
    struct err *e) must_check;
/* The plan is checked by plan_check(). in_max: of the setup. */
bool wire_job_read(const void *bytes, size_t size, uint64_t in_max,
    struct wire_job *out, struct err *e) must_check;
/*
 * seq: of the job that is being answered; out_max: of the setup. Facts are
 * only copied: check_result() judges them. out->err is in order: a code that
 * rendering can fail with, and printable text.
 */
bool wire_reply_read(const void *bytes, size_t size, uint64_t seq,
    uint64_t out_max, struct wire_reply *out, struct err *e) must_check;

/* Both ways; wire_err_read() fails as above when the code is none of a
 * worker's, and makes what is not printable in the texts a '?'. */
void wire_err_write(struct wire_err *out, const struct err *in);
bool wire_err_read(
    const struct wire_err *in, struct err *out, struct err *e) must_check;
