/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between daemon and worker, and what is verified of a result. */
#include <string.h>

#include "conf/conf.h"
#include "render/check.h"
#include "render/wire.h"
#include "unit.h"

enum { SEQ = 77, IN_MAX = 8 * WIRE_PAGE, OUT_MAX = 4 * WIRE_PAGE };

static void
test_window(void **state)
{
	(void)state;
	assert_int_equal(wire_window(0), 0);
	assert_int_equal(wire_window(1), WIRE_PAGE);
	assert_int_equal(wire_window(WIRE_PAGE), WIRE_PAGE);
	assert_int_equal(wire_window(WIRE_PAGE + 1), 2 * WIRE_PAGE);
	assert_int_equal(wire_arena_size(1, WIRE_PAGE + 1), 4 * WIRE_PAGE);
}

static struct wire_setup
good_setup(void)
{
	struct wire_setup m;

	wire_init(&m, sizeof(m), WIRE_SETUP, 0);
	m.in_max = IN_MAX;
	m.out_max = OUT_MAX;
	m.load = FORMAT_BIT(FORMAT_JPEG);
	m.save = FORMAT_BIT(FORMAT_PNG);
	m.vector = 1;
	return m;
}

static void
test_setup(void **state)
{
	struct wire_setup m = good_setup();
	struct wire_setup out;
	struct err e;

	(void)state;
	assert_true(wire_setup_read(&m, sizeof(m), &out, &e));
	assert_memory_equal(&m, &out, sizeof(m));
	assert_false(wire_setup_read(&m, sizeof(m) - 1, &out, &e));
	assert_int_equal(e.code, ERR_INTERNAL);
	m.head.version++;
	assert_false(wire_setup_read(&m, sizeof(m), &out, &e));
	m = good_setup();
	m.in_max++;
	assert_false(wire_setup_read(&m, sizeof(m), &out, &e));
	m = good_setup();
	m.out_max = 0;
	assert_false(wire_setup_read(&m, sizeof(m), &out, &e));
	m = good_setup();
	m.in_max = UINT64_MAX;
	assert_false(wire_setup_read(&m, sizeof(m), &out, &e));
	m = good_setup();
	m.load = FORMAT_BIT(FORMAT_COUNT);
	assert_false(wire_setup_read(&m, sizeof(m), &out, &e));
	m = good_setup();
	m.landlock_optional = 2;
	assert_false(wire_setup_read(&m, sizeof(m), &out, &e));
}

static void
test_hello(void **state)
{
	struct wire_hello m;
	struct wire_hello out;
	struct err why = { 0 };
	struct err said;
	struct err e;

	(void)state;
	wire_init(&m, sizeof(m), WIRE_HELLO, 0);
	m.ok = 1;
	assert_true(wire_hello_read(&m, sizeof(m), &out, &e));
	/* A refusal has a reason. */
	m.ok = 0;
	assert_false(wire_hello_read(&m, sizeof(m), &out, &e));
	err_set(&why, ERR_SYSTEM, "no %s", "Landlock");
	wire_err_write(&m.err, &why);
	assert_true(wire_hello_read(&m, sizeof(m), &out, &e));
	assert_true(wire_err_read(&out.err, &said, &e));
	assert_int_equal(said.code, ERR_SYSTEM);
	assert_string_equal(said.detail, "no Landlock");
	m.head.seq = 1;
	assert_false(wire_hello_read(&m, sizeof(m), &out, &e));
}

static void
good_job(struct wire_job *m)
{
	struct plan_step *step = NULL;
	struct err e;

	wire_init(m, sizeof(*m), WIRE_JOB, SEQ);
	m->in_size = 100;
	m->deadline_ns = 1;
	plan_init(&m->plan);
	m->plan.nsource = 1;
	assert_true(
	    plan_text(&m->plan, SLICE("s"), &m->plan.source[0].store, &e));
	assert_true(
	    plan_text(&m->plan, SLICE("k"), &m->plan.source[0].key, &e));
	assert_true(plan_add(&m->plan, OP_RESIZE, &step, &e));
	step_set(step, RESIZE_WIDTH, (union arg){ .whole = 10 });
}

static void
test_job(void **state)
{
	static struct wire_job m;
	static struct wire_job out;
	struct err e;

	(void)state;
	good_job(&m);
	assert_true(wire_job_read(&m, sizeof(m), IN_MAX, &out, &e));
	assert_memory_equal(&m, &out, sizeof(m));
	m.in_size = IN_MAX + 1;
	assert_false(wire_job_read(&m, sizeof(m), IN_MAX, &out, &e));
	good_job(&m);
	m.growing = 2;
	assert_false(wire_job_read(&m, sizeof(m), IN_MAX, &out, &e));
	good_job(&m);
	m.head.kind = WIRE_REPLY;
	assert_false(wire_job_read(&m, sizeof(m), IN_MAX, &out, &e));
	/* What plan_check() refuses. */
	good_job(&m);
	m.plan.nstep = 60000;
	assert_false(wire_job_read(&m, sizeof(m), IN_MAX, &out, &e));
	assert_int_equal(e.code, ERR_INTERNAL);
	good_job(&m);
	m.plan.step[0].arg[RESIZE_WIDTH].whole = -5;
	assert_false(wire_job_read(&m, sizeof(m), IN_MAX, &out, &e));
	assert_false(wire_job_read(&m, 3, IN_MAX, &out, &e));
}

/* Images that have room, each where the plan has one. */
static void
test_job_overlays(void **state)
{
	static struct wire_job m;
	static struct wire_job out;
	struct wire_place place;
	struct plan_step *step = NULL;
	struct err e;

	(void)state;
	good_job(&m);
	m.overlay_size[0] = 5;
	assert_false(wire_job_read(&m, sizeof(m), IN_MAX, &out, &e));
	m.plan.nsource = 3;
	m.plan.source[1] = m.plan.source[2] = m.plan.source[0];
	for (int64_t i = 1; i <= 2; i++) {
		assert_true(plan_add(&m.plan, OP_COMPOSITE, &step, &e));
		step_set(step, COMPOSITE_SOURCE, (union arg){ .whole = i });
	}
	assert_false(wire_job_read(&m, sizeof(m), IN_MAX, &out, &e));
	m.overlay_size[1] = 100;
	assert_true(wire_job_read(&m, sizeof(m), IN_MAX, &out, &e));
	assert_true(wire_place(m.overlay_size, IN_MAX, &place));
	assert_int_equal(place.overlay[0], 0);
	assert_int_equal(place.overlay[1], 64);
	assert_int_equal(place.in, 192);
	m.overlay_size[2] = 1;
	assert_false(wire_job_read(&m, sizeof(m), IN_MAX, &out, &e));
	m.overlay_size[2] = 0;
	/* The original has what they leave. */
	m.in_size = IN_MAX - 192;
	assert_true(wire_job_read(&m, sizeof(m), IN_MAX, &out, &e));
	m.in_size++;
	assert_false(wire_job_read(&m, sizeof(m), IN_MAX, &out, &e));
	m.in_size = 0;
	m.overlay_size[1] = IN_MAX - 64;
	assert_true(wire_job_read(&m, sizeof(m), IN_MAX, &out, &e));
	m.overlay_size[1]++;
	assert_false(wire_job_read(&m, sizeof(m), IN_MAX, &out, &e));
	m.overlay_size[1] = UINT64_MAX;
	assert_false(wire_job_read(&m, sizeof(m), IN_MAX, &out, &e));
	m.overlay_size[0] = UINT64_MAX - 10;
	m.overlay_size[1] = 11;
	assert_false(wire_job_read(&m, sizeof(m), IN_MAX, &out, &e));
	assert_int_equal(e.code, ERR_INTERNAL);
}

static struct wire_reply
good_reply(void)
{
	struct wire_reply m;

	wire_init(&m, sizeof(m), WIRE_REPLY, SEQ);
	m.ok = 1;
	m.size = OUT_MAX;
	return m;
}

static bool
reply(const struct wire_reply *m, size_t size)
{
	struct wire_reply out;
	struct err e;

	return wire_reply_read(m, size, SEQ, OUT_MAX, &out, &e);
}

static void
test_reply(void **state)
{
	struct wire_reply m = good_reply();

	(void)state;
	assert_true(reply(&m, sizeof(m)));
	assert_false(reply(&m, sizeof(m) - 1));
	assert_false(reply(&m, 0));
	m.size = OUT_MAX + 1;
	assert_false(reply(&m, sizeof(m)));
	m.size = 0;
	assert_false(reply(&m, sizeof(m)));
	m = good_reply();
	m.ok = 2;
	assert_false(reply(&m, sizeof(m)));
	m = good_reply();
	m.head.seq--;
	assert_false(reply(&m, sizeof(m)));
	m = good_reply();
	m.head.magic ^= 1;
	assert_false(reply(&m, sizeof(m)));
	/* Not about an image that no plan has. */
	m = good_reply();
	m.ok = 0;
	m.err.code = ERR_BAD_IMAGE;
	m.err.source = PLAN_OVERLAYS;
	assert_true(reply(&m, sizeof(m)));
	m.err.source = PLAN_OVERLAYS + 1;
	assert_false(reply(&m, sizeof(m)));
	/* Every code: only a worker's pass. */
	m.ok = 0;
	m = good_reply();
	m.ok = 0;
	for (uint32_t code = 0; code < ERR_COUNT + 3; code++) {
		bool own = code == ERR_BAD_IMAGE || code == ERR_TRUNCATED;
		bool not = code == ERR_NONE || code == ERR_FORBIDDEN ||
		    code == ERR_POISON || code == ERR_WORKER_DIED ||
		    code >= ERR_COUNT;

		m.err.code = code;
		if (own || not )
			assert_int_equal(reply(&m, sizeof(m)), own);
	}
}

static void
test_text(void **state)
{
	struct wire_err in = { .code = ERR_BAD_VALUE };
	struct err out;
	struct err e;

	(void)state;
	memset(in.param, 'p', sizeof(in.param));
	strcpy(in.value, "a\nb\x1b[0m\x7f");
	strcpy(in.hint, "gr\xc3\xbcn");
	strcpy(in.detail, "\xff\xfe gr\xc3\xbcn");
	assert_true(wire_err_read(&in, &out, &e));
	assert_int_equal(strlen(out.param), sizeof(out.param) - 1);
	assert_string_equal(out.value, "a?b?[0m?");
	assert_string_equal(out.hint, "gr\xc3\xbcn");
	assert_string_equal(out.detail, "?? gr??n");
	assert_int_equal(out.own, 0);
	assert_int_equal(out.retry_after_s, 0);
}

/* ---- check.c ---- */

static const uint8_t png[32] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

struct asked {
	struct plan plan;
	struct render_job job;
	struct conf *conf;
	struct facts facts;
};

static struct asked
asked(uint16_t format)
{
	static const char text[] =
	    "[limit]\nside = 100\nresult_pixels = 5000\nresult_bytes = 1024\n";
	struct asked a = { .facts = { .from = FORMAT_JPEG,
			       .to = FORMAT_PNG,
			       .original = { 100, 50, 1 },
			       .result = { 100, 50, 1 },
			       .shrink = 1,
			       .orientation = 1 } };
	struct err e;

	assert_true(conf_load_text(SLICE(text), "test", NULL, &a.conf, &e));
	a.job.conf = a.conf;
	a.job.originals = FORMAT_BIT(FORMAT_JPEG);
	a.job.results = FORMAT_BIT(FORMAT_PNG) | FORMAT_BIT(FORMAT_WEBP);
	a.plan.out.format = format;
	return a;
}

/* ERR_NONE: accepted. */
static enum err_code
verdict(struct asked *a, const void *bytes, size_t size)
{
	struct err e = { 0 };

	a->job.plan = &a->plan;
	return check_result(&a->job, &a->facts, bytes, size, &e) ? ERR_NONE
								 : e.code;
}

static void
test_check_original(void **state)
{
	struct asked a = asked(FORMAT_PNG);
	enum format format = FORMAT_SAME;
	struct err e;

	(void)state;
	assert_false(check_original(&a.job, png, 0, &format, &e));
	assert_int_equal(e.code, ERR_EMPTY);
	assert_false(check_original(&a.job, png, sizeof(png), &format, &e));
	assert_int_equal(e.code, ERR_NOT_AN_IMAGE);
	a.job.originals |= FORMAT_BIT(FORMAT_PNG);
	assert_true(check_original(&a.job, png, sizeof(png), &format, &e));
	assert_int_equal(format, FORMAT_PNG);
	assert_false(
	    check_original(&a.job, (const uint8_t *)"GIF?", 4, &format, &e));
	assert_int_equal(e.code, ERR_NOT_AN_IMAGE);
	conf_drop(a.conf);
}

static void
test_check_result(void **state)
{
	struct asked good = asked(FORMAT_PNG);
	struct asked a = good;

	(void)state;
	assert_int_equal(verdict(&a, png, sizeof(png)), ERR_NONE);
	assert_int_equal(verdict(&a, png, 0), ERR_INTERNAL);
	assert_int_equal(verdict(&a, png, 2000), ERR_INTERNAL);
	assert_int_equal(verdict(&a, "<html>........", 14), ERR_INTERNAL);
	a.facts.from = FORMAT_WEBP;
	assert_int_equal(verdict(&a, png, sizeof(png)), ERR_INTERNAL);
	a = good;
	a.facts.to = FORMAT_AUTO;
	assert_int_equal(verdict(&a, png, sizeof(png)), ERR_INTERNAL);
	a = good;
	a.facts.to = FORMAT_WEBP;
	assert_int_equal(verdict(&a, png, sizeof(png)), ERR_INTERNAL);
	a = good;
	a.facts.result.width = 101;
	assert_int_equal(verdict(&a, png, sizeof(png)), ERR_INTERNAL);
	a = good;
	a.facts.result.pages = 2;
	assert_int_equal(verdict(&a, png, sizeof(png)), ERR_INTERNAL);
	a = good;
	a.facts.original.height = 0;
	assert_int_equal(verdict(&a, png, sizeof(png)), ERR_INTERNAL);
	a = good;
	a.facts.orientation = 9;
	assert_int_equal(verdict(&a, png, sizeof(png)), ERR_INTERNAL);
	a = good;
	a.facts.open_ns = -1;
	assert_int_equal(verdict(&a, png, sizeof(png)), ERR_INTERNAL);
	conf_drop(good.conf);
}

/* The original's own format was asked for, and is not allowed: not a lie. */
static void
test_check_same(void **state)
{
	static const uint8_t jpeg[32] = "\xff\xd8\xff\xe0\0\x10JFIF";
	struct asked a = asked(FORMAT_SAME);

	(void)state;
	a.facts.to = FORMAT_JPEG;
	assert_int_equal(verdict(&a, jpeg, sizeof(jpeg)), ERR_BAD_VALUE);
	a.job.results |= FORMAT_BIT(FORMAT_JPEG);
	assert_int_equal(verdict(&a, jpeg, sizeof(jpeg)), ERR_NONE);
	/* Passed through although another one was asked for. */
	a.plan.out.format = FORMAT_PNG;
	assert_int_equal(verdict(&a, jpeg, sizeof(jpeg)), ERR_INTERNAL);
	a.facts.unchanged = 1;
	assert_int_equal(verdict(&a, jpeg, sizeof(jpeg)), ERR_NONE);
	conf_drop(a.conf);
}

/* A result that is no picture: only if asked for, and nothing but JSON. */
static void
test_check_info(void **state)
{
	static const char *const bad[] = { "", "[1]", "1", "{", "{}}",
		"{\"a\":}", "{\"a\":\"\xff\"}", "{\"a\":1,\"a\":2}", "<html>" };
	static const char json[] = "{\"width\":100}";
	static char large[INFO_MAX + 3];
	struct asked a = asked(FORMAT_INFO);

	(void)state;
	a.facts.to = FORMAT_INFO;
	assert_int_equal(verdict(&a, json, strlen(json)), ERR_INTERNAL);
	a.job.results |= FORMAT_BIT(FORMAT_INFO);
	assert_int_equal(verdict(&a, json, strlen(json)), ERR_NONE);
	assert_int_equal(verdict(&a, json, sizeof(json)), ERR_INTERNAL);
	for (size_t i = 0; i < NELEM(bad); i++)
		assert_int_equal(
		    verdict(&a, bad[i], strlen(bad[i])), ERR_INTERNAL);
	memset(large, ' ', sizeof(large));
	large[0] = '{';
	large[INFO_MAX - 1] = '}';
	assert_int_equal(verdict(&a, large, INFO_MAX), ERR_NONE);
	assert_int_equal(verdict(&a, large, INFO_MAX + 1), ERR_INTERNAL);
	/* A picture in its place, the original too; and it for a picture. */
	a.facts.to = FORMAT_PNG;
	assert_int_equal(verdict(&a, png, sizeof(png)), ERR_INTERNAL);
	a.plan.out.format = FORMAT_SAME;
	a.facts.to = FORMAT_INFO;
	assert_int_equal(verdict(&a, json, strlen(json)), ERR_INTERNAL);
	conf_drop(a.conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_setup),
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_job),
		cmocka_unit_test(test_job_overlays),
		cmocka_unit_test(test_reply),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_check_original),
		cmocka_unit_test(test_check_result),
		cmocka_unit_test(test_check_same),
		cmocka_unit_test(test_check_info),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
