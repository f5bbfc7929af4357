/* SPDX-License-Identifier: Apache-2.0 */
/* Messages are copied whole, then checked where nobody can change them. */
#include "render/wire.h"

#include <assert.h>
#include <string.h>

#include "base/codec.h"

/* "PIC1" in memory order on the machine that both sides are on. */
static const uint32_t wire_magic = UINT32_C(0x31434950);
enum { WIRE_VERSION = 2 };
/* Overlays begin at such steps. */
enum { WIRE_STEP = 64 };

/* A struct that is sent must have no holes: what lies in them would travel. */
_Static_assert(sizeof(struct wire_head) == 16, "no padding");
_Static_assert(sizeof(struct wire_setup) ==
	sizeof(struct wire_head) + 3 * sizeof(uint64_t) + 6 * sizeof(uint32_t),
    "no padding");
_Static_assert(
    sizeof(struct facts) == 2 * 4 + 2 * 12 + 6 * 4 + 4 * 8, "no padding");

/* What image_render() and a worker's start may fail with. */
static const enum err_code wire_codes[] = {
	ERR_BAD_VALUE,
	ERR_TOO_COSTLY,
	ERR_TOO_LARGE,
	ERR_NOT_AN_IMAGE,
	ERR_BAD_IMAGE,
	ERR_TRUNCATED,
	ERR_EMPTY,
	ERR_TOO_MANY_PIXELS,
	ERR_BAD_GEOMETRY,
	ERR_CLIENT_GONE,
	ERR_INTERNAL,
	ERR_NOT_SUPPORTED,
	ERR_BUSY,
	ERR_RENDER_TIMEOUT,
	ERR_CONFIG,
	ERR_SYSTEM,
};

uint64_t
wire_window(uint64_t bytes)
{
	assert(bytes <= UINT64_MAX / 4);
	return (bytes + WIRE_PAGE - 1) & ~(uint64_t)(WIRE_PAGE - 1);
}

uint64_t
wire_arena_size(uint64_t in_max, uint64_t out_max)
{
	return WIRE_PAGE + wire_window(in_max) + wire_window(out_max);
}

bool
wire_place(const uint64_t overlay_size[PLAN_OVERLAYS], uint64_t in_max,
    struct wire_place *out)
{
	uint64_t at = 0;

	for (size_t i = 0; i < PLAN_OVERLAYS; i++) {
		if (overlay_size[i] > in_max - at)
			return false;
		out->overlay[i] = at;
		at = (at + overlay_size[i] + WIRE_STEP - 1) &
		    ~(uint64_t)(WIRE_STEP - 1);
		if (at > in_max)
			return false;
	}
	out->in = at;
	return true;
}

void
wire_init(void *message, size_t size, enum wire_kind kind, uint64_t seq)
{
	struct wire_head head = { .magic = wire_magic,
		.version = WIRE_VERSION,
		.kind = (uint16_t)kind,
		.seq = seq };

	memset(message, 0, size);
	memcpy(message, &head, sizeof(head));
}

static bool
wire_bad(struct err *e, const char *what)
{
	return err_set(e, ERR_INTERNAL, "wire: %s", what);
}

/* Copies size bytes to out, which has room for want. */
static bool
wire_take(const void *bytes, size_t size, void *out, size_t want, struct err *e)
{
	if (size != want)
		return wire_bad(e, "a message of another length");
	memcpy(out, bytes, want);
	return true;
}

static bool
wire_expect(const struct wire_head *is, enum wire_kind kind, uint64_t seq,
    struct err *e)
{
	if (is->magic != wire_magic || is->version != WIRE_VERSION)
		return wire_bad(e, "a message of another program");
	if (is->kind != kind)
		return wire_bad(e, "a message of another kind");
	if (is->seq != seq)
		return wire_bad(e, "a message about another job");
	return true;
}

bool
wire_setup_read(
    const void *bytes, size_t size, struct wire_setup *out, struct err *e)
{
	struct wire_setup in;
	format_set known = ((format_set)1 << FORMAT_COUNT) - 1;

	if (!wire_take(bytes, size, &in, sizeof(in), e) ||
	    !wire_expect(&in.head, WIRE_SETUP, 0, e))
		return false;
	if (in.in_max == 0 || in.in_max > UINT64_MAX / 8 || in.out_max == 0 ||
	    in.out_max > UINT64_MAX / 8 ||
	    in.in_max != wire_window(in.in_max) ||
	    in.out_max != wire_window(in.out_max))
		return wire_bad(e, "windows out of range");
	if (((in.load | in.load_must | in.save | in.save_must) & ~known) != 0 ||
	    in.vector > 1 || in.landlock_optional > 1)
		return wire_bad(e, "setup out of range");
	*out = in;
	return true;
}

bool
wire_hello_read(
    const void *bytes, size_t size, struct wire_hello *out, struct err *e)
{
	struct wire_hello in;
	struct err said;

	if (!wire_take(bytes, size, &in, sizeof(in), e) ||
	    !wire_expect(&in.head, WIRE_HELLO, 0, e))
		return false;
	if (in.ok > 1)
		return wire_bad(e, "hello out of range");
	if (in.ok == 0 && !wire_err_read(&in.err, &said, e))
		return false;
	*out = in;
	return true;
}

/* An image for each of the plan's sources, and room for all of them. */
static bool
wire_sizes_ok(const struct wire_job *job, uint64_t in_max)
{
	struct wire_place place;

	for (size_t i = 0; i < PLAN_OVERLAYS; i++)
		if ((job->overlay_size[i] > 0) !=
		    (i < plan_overlays(&job->plan)))
			return false;
	return wire_place(job->overlay_size, in_max, &place) &&
	    job->in_size <= in_max - place.in;
}

bool
wire_job_read(const void *bytes, size_t size, uint64_t in_max,
    struct wire_job *out, struct err *e)
{
	static const struct plan_policy anything;

	if (!wire_take(bytes, size, out, sizeof(*out), e) ||
	    !wire_expect(&out->head, WIRE_JOB, out->head.seq, e))
		return false;
	if (out->growing > 1 || out->zero != 0)
		return wire_bad(e, "job out of range");
	if (!plan_check(&out->plan, &anything, e))
		return wire_bad(e, "a plan that is not in order");
	return wire_sizes_ok(out, in_max) ||
	    wire_bad(e, "images of impossible size");
}

bool
wire_reply_read(const void *bytes, size_t size, uint64_t seq, uint64_t out_max,
    struct wire_reply *out, struct err *e)
{
	struct wire_reply in;
	struct err said;

	if (!wire_take(bytes, size, &in, sizeof(in), e) ||
	    !wire_expect(&in.head, WIRE_REPLY, seq, e))
		return false;
	if (in.ok > 1 || in.zero != 0)
		return wire_bad(e, "reply out of range");
	if (in.ok == 1 && (in.size == 0 || in.size > out_max))
		return wire_bad(e, "a result of impossible size");
	if (in.ok == 0) {
		if (!wire_err_read(&in.err, &said, e))
			return false;
		in.size = 0;
		wire_err_write(&in.err, &said);
	}
	*out = in;
	return true;
}

void
wire_err_write(struct wire_err *out, const struct err *in)
{
	*out = (struct wire_err){ .code = (uint32_t)in->code,
		.source = (uint32_t)in->source };
	memcpy(out->param, in->param, sizeof(out->param));
	memcpy(out->value, in->value, sizeof(out->value));
	memcpy(out->accepted, in->accepted, sizeof(out->accepted));
	memcpy(out->hint, in->hint, sizeof(out->hint));
	memcpy(out->detail, in->detail, sizeof(out->detail));
}

/* Ended inside its size, one line, UTF-8; else ASCII. */
static void
text_read(char *out, const char *in, size_t size)
{
	size_t len = strnlen(in, size - 1);
	bool utf8 = codec_is_utf8((struct slice){ in, len });

	memset(out, 0, size);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)in[i];

		if (c < ' ' || c == 0x7f || (c >= 0x80 && !utf8))
			out[i] = '?';
		else
			out[i] = in[i];
	}
}

bool
wire_err_read(const struct wire_err *in, struct err *out, struct err *e)
{
	size_t i = 0;

	while (i < NELEM(wire_codes) && wire_codes[i] != in->code)
		i++;
	if (i == NELEM(wire_codes) || in->source > PLAN_OVERLAYS)
		return wire_bad(e, "an error that is not a worker's");
	*out = (struct err){ .code = wire_codes[i], .source = (int)in->source };
	if (out->code == ERR_BUSY)
		out->retry_after_s = 1;
	text_read(out->param, in->param, sizeof(out->param));
	text_read(out->value, in->value, sizeof(out->value));
	text_read(out->accepted, in->accepted, sizeof(out->accepted));
	text_read(out->hint, in->hint, sizeof(out->hint));
	text_read(out->detail, in->detail, sizeof(out->detail));
	return true;
}
