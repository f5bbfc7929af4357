/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between daemon and worker. Input: a letter for the kind (s, h, j,
 * r), then a plan and patches as patch.h says, the patches being of the whole
 * message; a last byte that is no whole patch makes the message shorter by
 * that many bytes.
 */
#include "patch.h"
#include "render/wire.h"

enum { IN_MAX = 1 << 20, OUT_MAX = 1 << 20, SEQ = 7 };

/* Texts of a worker are one line each, whatever it sent. */
static void
check_texts(const struct err *e)
{
	fuzz_check_err(e);
	assert(strpbrk(e->detail, "\r\n\t\x1b") == NULL);
	assert(strpbrk(e->param, "\r\n\t\x1b") == NULL);
}

static void
setup(struct slice patches, size_t less)
{
	struct wire_setup in, out;
	struct err e;

	wire_init(&in, sizeof(in), WIRE_SETUP, 0);
	in.in_max = IN_MAX;
	in.out_max = OUT_MAX;
	patch_bytes(patches, &in, sizeof(in));
	if (!wire_setup_read(&in, sizeof(in) - less, &out, &e)) {
		fuzz_check_err(&e);
		return;
	}
	assert(wire_arena_size(out.in_max, out.out_max) > WIRE_PAGE);
}

static void
hello(struct slice patches, size_t less)
{
	struct wire_hello in, out;
	struct err e, said;

	wire_init(&in, sizeof(in), WIRE_HELLO, 0);
	in.err.code = ERR_CONFIG;
	patch_bytes(patches, &in, sizeof(in));
	if (!wire_hello_read(&in, sizeof(in) - less, &out, &e)) {
		fuzz_check_err(&e);
		return;
	}
	if (out.ok == 0 && wire_err_read(&out.err, &said, &e))
		check_texts(&said);
}

static void
job(const struct plan *p, struct slice patches, size_t less)
{
	static struct wire_job in, out;
	struct err e;

	wire_init(&in, sizeof(in), WIRE_JOB, SEQ);
	in.plan = *p;
	in.in_size = 100;
	patch_bytes(patches, &in, sizeof(in));
	if (!wire_job_read(&in, sizeof(in) - less, IN_MAX, &out, &e)) {
		fuzz_check_err(&e);
		return;
	}
	assert(out.in_size <= IN_MAX);
	fuzz_use_plan(&out.plan);
}

static void
reply(struct slice patches, size_t less)
{
	struct wire_reply in, out;
	struct err e, said;

	wire_init(&in, sizeof(in), WIRE_REPLY, SEQ);
	in.err.code = ERR_BAD_IMAGE;
	patch_bytes(patches, &in, sizeof(in));
	if (!wire_reply_read(&in, sizeof(in) - less, SEQ, OUT_MAX, &out, &e)) {
		fuzz_check_err(&e);
		return;
	}
	assert(out.size <= OUT_MAX);
	if (out.ok == 0 && wire_err_read(&out.err, &said, &e))
		check_texts(&said);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice patches;
	struct plan p;
	size_t less = 0;

	if (size == 0)
		return 0;
	patches = patch_plan(data + 1, size - 1, &p);
	if (patches.len % 3 == 1)
		less = (uint8_t)patches.at[patches.len - 1] & 15;
	if (data[0] == 's')
		setup(patches, less);
	else if (data[0] == 'h')
		hello(patches, less);
	else if (data[0] == 'j')
		job(&p, patches, less);
	else if (data[0] == 'r')
		reply(patches, less);
	return 0;
}
