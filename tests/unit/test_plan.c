/* SPDX-License-Identifier: Apache-2.0 */
/* Plans: the gate refuses each way of being wrong; text, key and cost. */
#include <stdio.h>

#include "dialect/dialect.h"
#include "plan/plan.h"
#include "unit.h"

static const struct plan_policy everything;

static void
source(struct plan *p, struct slice store, struct slice key)
{
	struct err e;
	struct plan_source *s = &p->source[p->nsource++];

	assert_true(plan_text(p, store, &s->store, &e));
	assert_true(plan_text(p, key, &s->key, &e));
}

static struct plan_step *
add(struct plan *p, enum op op)
{
	struct plan_step *s = NULL;
	struct err e;

	assert_true(plan_add(p, op, &s, &e));
	return s;
}

static void
set_whole(struct plan_step *s, unsigned arg, int64_t value)
{
	step_set(s, arg, (union arg){ .whole = value });
}

/* A plan with a bit of everything. */
static struct plan
good(void)
{
	struct plan p;
	struct plan_step *s;

	plan_init(&p);
	source(&p, SLICE("file"), SLICE("a b/cat.jpg"));
	add(&p, OP_AUTOORIENT);
	s = add(&p, OP_RESIZE);
	set_whole(s, RESIZE_WIDTH, 300);
	set_whole(s, RESIZE_HEIGHT, 200);
	s = add(&p, OP_BLUR);
	step_set(s, BLUR_SIGMA, (union arg){ .num = 2.5 });
	p.out.format = FORMAT_WEBP;
	out_set(&p, OUT_QUALITY, (union arg){ .whole = 77 });
	return p;
}

static void
accepted(const struct plan *p)
{
	struct err e;

	if (!plan_check(p, &everything, &e))
		fail_msg("%s", e.detail);
}

/* param NULL: malformed, no one's parameter. */
static void
refused(const struct plan *p, const char *param)
{
	struct err e;

	if (plan_check(p, &everything, &e))
		fail_msg("accepted, but for %s", param);
	assert_int_equal(e.code, ERR_BAD_VALUE);
	assert_string_equal(e.param, param != NULL ? param : "");
	if (param == NULL)
		assert_non_null(strstr(e.detail, "malformed"));
}

/* ---- Building ---- */

/* As many as a worker is ready for. */
static void
masks(void **state)
{
	struct plan_policy any = { 0 };
	struct plan p;
	struct plan_step *s;
	struct err e;

	(void)state;
	plan_init(&p);
	for (int i = 0; i < PLAN_MASKS; i++)
		assert_true(plan_add(&p, i % 2 ? OP_BLUR : OP_SHARPEN, &s, &e));
	assert_true(plan_check(&p, &any, &e));
	assert_true(plan_add(&p, OP_BLUR, &s, &e));
	assert_false(plan_check(&p, &any, &e));
	assert_int_equal(e.code, ERR_BAD_VALUE);
}

static void
building(void **state)
{
	struct plan p;
	struct span span;
	struct plan_step *s = NULL;
	struct err e;
	static char much[PLAN_TEXT];

	(void)state;
	plan_init(&p);
	accepted(&p);
	memset(much, 'x', sizeof(much));
	assert_true(plan_text(&p, SLICE(""), &span, &e));
	assert_int_equal(span.len, 0);
	assert_true(
	    plan_text(&p, (struct slice){ much, PLAN_TEXT - 3 }, &span, &e));
	assert_true(plan_text(&p, SLICE("abc"), &span, &e));
	assert_true(slice_is(plan_slice(&p, span), "abc"));
	assert_false(plan_text(&p, SLICE("d"), &span, &e));
	assert_int_equal(e.code, ERR_BAD_URL);
	for (int i = 0; i < PLAN_STEPS; i++)
		assert_true(plan_add(&p, OP_FLIP, &s, &e));
	assert_false(plan_add(&p, OP_FLIP, &s, &e));
	assert_int_equal(e.code, ERR_BAD_URL);
}

static void
arguments(void **state)
{
	struct plan p = good();
	struct plan_step *s = plan_find(&p, OP_RESIZE);

	(void)state;
	assert_non_null(s);
	assert_null(plan_find(&p, OP_ROTATE));
	assert_true(step_has(s, RESIZE_WIDTH));
	assert_false(step_has(s, RESIZE_FIT));
	assert_int_equal(step_get(s, RESIZE_WIDTH).whole, 300);
	/* The row's default, or zero where there is none. */
	assert_int_equal(step_get(s, RESIZE_KERNEL).pick, KERNEL_LANCZOS3);
	assert_int_equal(step_get(s, RESIZE_RATIO).whole, 0);
	assert_true(out_has(&p, OUT_QUALITY));
	assert_false(out_has(&p, OUT_EFFORT));
	assert_int_equal(out_get(&p, OUT_QUALITY).whole, 77);
	assert_int_equal(out_get(&p, OUT_COLOURS).whole, 256);
	/* The last of several. */
	add(&p, OP_RESIZE);
	assert_ptr_equal(plan_find(&p, OP_RESIZE), &p.step[3]);
}

static void
reads(const struct arg_row *row, const char *text, const char *want)
{
	union arg value;
	struct err e;
	char printed[ARG_TEXT_MAX] = "";

	if (arg_read(NULL, row, "x", slice_of(text), &value, &e))
		arg_print(row, value, printed);
	else
		assert_string_equal(e.param, "x");
	if (strcmp(printed, want) != 0)
		fail_msg("%s \"%s\": %s", row->name, text, printed);
}

/* An empty second text: refused. */
static void
reading(void **state)
{
	const struct arg_row *resize = op_row(OP_RESIZE)->arg;
	const struct arg_row *left = &op_row(OP_EXTRACT)->arg[EXTRACT_LEFT];
	union arg value;
	struct err e;

	(void)state;
	reads(&resize[RESIZE_WIDTH], "65535", "65535");
	reads(&resize[RESIZE_WIDTH], "65536", "");
	reads(&resize[RESIZE_FIT], "fill", "fill");
	reads(&resize[RESIZE_FIT], "fil", "");
	reads(&resize[RESIZE_FOCUS_X], "1", "1");
	reads(&resize[RESIZE_FOCUS_X], "1.0000001", "");
	reads(&resize[RESIZE_NO_ENLARGE], "yes", "1");
	reads(&resize[RESIZE_NO_ENLARGE], "", "");
	reads(left, "10", "10");
	reads(left, "10.5px", "10.5");
	reads(left, "10%", "10%");
	reads(left, "10p", "10%");
	reads(left, "100.1%", "");
	reads(left, "-1", "");
	reads(left, "px", "");
	reads(left, "%", "");
	reads(out_row(OUT_KEEP), "exif,icc,exif", "icc,exif");
	reads(out_row(OUT_KEEP), "all", "all");
	reads(out_row(OUT_KEEP), "", "none");
	reads(out_row(OUT_KEEP), "icc,", "");
	assert_false(arg_read(
	    NULL, &resize[RESIZE_FIT], "fit", SLICE("conver"), &value, &e));
	assert_string_equal(e.value, "conver");
	assert_string_equal(e.hint, "did you mean cover?");
}

/* ---- The gate ---- */

/* The good plan, changed in one thing, is refused. */
#define WRONG(param, change)        \
	do {                        \
		p = good();         \
		change;             \
		refused(&p, param); \
	} while (0)

static void
form(void **state)
{
	struct plan p = good();

	(void)state;
	accepted(&p);
	WRONG(NULL, p.nsource = PLAN_SOURCES + 1);
	WRONG(NULL, p.nstep = PLAN_STEPS + 1);
	WRONG(NULL, p.ntext = PLAN_TEXT + 1);
	WRONG(NULL, p.answer.nheader = 17);
	WRONG(NULL, p.zero = 1);
	WRONG(NULL, p.in.zero[4] = 1);
	WRONG(NULL, p.out.zero = 1);
	WRONG(NULL, p.answer.zero = 1);
	WRONG(NULL, p.text[PLAN_TEXT - 1] = 1);
	WRONG(NULL, p.source[1].key.len = 1);
	WRONG(NULL, p.step[3].op = 1);
	WRONG(NULL, p.step[0].zero = 1);
	WRONG(NULL, p.step[0].op = OP_COUNT);
	WRONG(NULL, p.answer.header[0].name.len = 1);
	WRONG(NULL, p.in.tolerant = 2);
	WRONG(NULL, p.out.untouched = 1);
	WRONG(NULL, p.out.untouched = 2);
}

static void
texts(void **state)
{
	static const char *const bad[] = { "a\nb", "a\x7f", "\xff",
		"\xc0\xaf" };
	struct plan p = good();
	struct err e;

	(void)state;
	WRONG(NULL, p.source[0].key.at = PLAN_TEXT);
	WRONG(NULL, p.source[0].key.len = UINT16_MAX);
	WRONG(NULL, p.source[0].key.len = 0);
	WRONG(NULL, p.source[0].store.len = UINT16_MAX);
	WRONG(NULL, p.source[0].version.len = UINT16_MAX);
	WRONG(NULL, p.answer.cache_control.len = UINT16_MAX);
	WRONG(NULL, p.answer.file_name.len = UINT16_MAX);
	WRONG(NULL, p.text[5] = '\0');
	for (size_t i = 0; i < NELEM(bad); i++) {
		plan_init(&p);
		source(&p, SLICE("file"), slice_of(bad[i]));
		refused(&p, NULL);
	}
	p = good();
	assert_true(
	    plan_text(&p, SLICE("image/jpg"), &p.answer.media_type, &e));
	accepted(&p);
	p.answer.media_type.len = 5;
	refused(&p, NULL);
	p.answer.media_type.len = 6;
	refused(&p, NULL);
	p = good();
	assert_true(
	    plan_text(&p, SLICE("a\r\nb"), &p.answer.cache_control, &e));
	refused(&p, NULL);
	p.answer.cache_control.len = 1;
	accepted(&p);
	p.answer.nheader = 1;
	refused(&p, NULL);
	p.answer.header[0].name = p.answer.cache_control;
	accepted(&p);
	p.answer.header[0].value = p.answer.cache_control;
	p.answer.header[0].value.len = 3;
	refused(&p, NULL);
}

static struct plan
with_step(enum op op, unsigned arg, union arg value)
{
	struct plan p;
	struct plan_step *s;

	plan_init(&p);
	s = add(&p, op);
	if (op == OP_RESIZE && arg != RESIZE_WIDTH)
		set_whole(s, RESIZE_WIDTH, 10);
	step_set(s, arg, value);
	return p;
}

static void
values(void **state)
{
	const double no[] = { (double)NAN, (double)INFINITY, -(double)INFINITY,
		0.2, 1001 };
	struct plan p;

	(void)state;
	for (size_t i = 0; i < NELEM(no); i++) {
		p = with_step(OP_BLUR, BLUR_SIGMA, (union arg){ .num = no[i] });
		refused(&p, "sigma");
	}
	p = with_step(OP_BLUR, BLUR_SIGMA, (union arg){ .num = 0.3 });
	accepted(&p);
	p = with_step(OP_RESIZE, RESIZE_WIDTH, (union arg){ .whole = 0 });
	refused(&p, "width");
	p = with_step(
	    OP_RESIZE, RESIZE_WIDTH, (union arg){ .whole = INT64_MAX });
	refused(&p, "width");
	p = with_step(OP_RESIZE, RESIZE_FIT, (union arg){ .pick = -1 });
	refused(&p, NULL);
	p = with_step(OP_RESIZE, RESIZE_FIT, (union arg){ .pick = FIT_COUNT });
	refused(&p, NULL);
	p = with_step(OP_RESIZE, RESIZE_NO_ENLARGE, (union arg){ .on = 2 });
	refused(&p, NULL);
	p = with_step(OP_RESIZE, RESIZE_BACKGROUND,
	    (union arg){ .colour = UINT64_C(1) << 32 });
	refused(&p, NULL);
	plan_init(&p);
	out_set(&p, OUT_KEEP, (union arg){ .set = 1 << KEEP_COUNT });
	refused(&p, NULL);
	plan_init(&p);
	out_set(&p, OUT_EFFORT, (union arg){ .whole = 11 });
	refused(&p, "effort");
	/* A bit without a row, a value without its bit. */
	WRONG(NULL, p.step[0].set = 1);
	WRONG(NULL, p.step[1].set = 1u << 15);
	WRONG(NULL, p.step[1].arg[RESIZE_FIT].pick = 1);
	WRONG(NULL, p.out.set |= (uint64_t)1 << OUT_COUNT);
	WRONG(NULL, p.out.arg[OUT_EFFORT].whole = 1);
	WRONG("page", p.in.page = -1);
	WRONG("pages", p.in.pages = PAGES_GIF - 1);
	p = good();
	p.in.pages = PAGES_GIF;
	accepted(&p);
	WRONG("pages", p.in.pages = PAGES_MAX + 1);
}

static void
lengths(void **state)
{
	struct plan p;
	struct plan_step *s;

	(void)state;
	plan_init(&p);
	s = add(&p, OP_EXTRACT);
	refused(&p, "extract");
	for (unsigned i = 0; i < EXTRACT_ARGS; i++)
		step_set(s, i, (union arg){ .length = { 50, 1 } });
	accepted(&p);
	s->arg[EXTRACT_LEFT].length.value = 100.5F;
	refused(&p, "left");
	s->arg[EXTRACT_LEFT].length = (struct length){ 100.5F, 0 };
	accepted(&p);
	s->arg[EXTRACT_LEFT].length.percent = 2;
	refused(&p, NULL);
	s->arg[EXTRACT_LEFT].length = (struct length){ NAN, 0 };
	refused(&p, "left");
	s->arg[EXTRACT_LEFT].length = (struct length){ 0, 0 };
	s->arg[EXTRACT_WIDTH].length = (struct length){ 0, 0 };
	refused(&p, "extract");
}

static void
sense(void **state)
{
	struct plan p;
	struct plan_step *s;

	(void)state;
	plan_init(&p);
	s = add(&p, OP_RESIZE);
	refused(&p, "width");
	step_set(s, RESIZE_RATIO, (union arg){ .num = 0.5 });
	accepted(&p);
	set_whole(s, RESIZE_HEIGHT, 10);
	refused(&p, "ratio");
	p = with_step(OP_RESIZE, RESIZE_FOCUS_X, (union arg){ .num = 0.5 });
	refused(&p, "focus");
	step_set(&p.step[0], RESIZE_FOCUS_Y, (union arg){ .num = 0.5 });
	accepted(&p);
	step_set(&p.step[0], RESIZE_POSITION, (union arg){ .pick = 1 });
	refused(&p, "focus");
	plan_init(&p);
	add(&p, OP_ROTATE);
	refused(&p, "rotate");
	plan_init(&p);
	p.out.format = FORMAT_HEIC;
	refused(&p, "format");
	p.out.format = FORMAT_COUNT;
	refused(&p, NULL);
	p.out.format = FORMAT_JPEG;
	p.out.accepts = FORMAT_BIT(FORMAT_JPEG);
	refused(&p, NULL);
	p.out.format = FORMAT_AUTO;
	accepted(&p);
	p.out.accepts = FORMAT_BIT(FORMAT_HEIC);
	refused(&p, NULL);
}

/* ---- What a mount allows ---- */

static void
policy_says(const struct plan *p, const struct plan_policy *policy,
    enum err_code code, const char *param, const char *accepts)
{
	struct err e = { .code = ERR_NONE };

	(void)!plan_check(p, policy, &e);
	assert_int_equal(e.code, code);
	assert_string_equal(e.param, param);
	assert_string_equal(e.accepted, accepts);
}

static void
policies(void **state)
{
	static const int64_t sizes[] = { 100, 200, 300 };
	struct plan p = good();

	(void)state;
	policy_says(
	    &p, &(struct plan_policy){ .max_width = 300 }, ERR_NONE, "", "");
	policy_says(&p, &(struct plan_policy){ .max_width = 299 },
	    ERR_BAD_VALUE, "width", "1 to 299 px");
	policy_says(&p, &(struct plan_policy){ .max_height = 199 },
	    ERR_BAD_VALUE, "height", "1 to 199 px");
	policy_says(&p, &(struct plan_policy){ .sizes = sizes, .nsize = 3 },
	    ERR_NONE, "", "");
	policy_says(&p, &(struct plan_policy){ .sizes = sizes, .nsize = 2 },
	    ERR_BAD_VALUE, "width", "one of 100, 200 px");
	policy_says(&p,
	    &(struct plan_policy){ .formats = FORMAT_BIT(FORMAT_WEBP) },
	    ERR_NONE, "", "");
	policy_says(&p,
	    &(struct plan_policy){
		.formats = FORMAT_BIT(FORMAT_PNG) | FORMAT_BIT(FORMAT_GIF) },
	    ERR_BAD_VALUE, "format", "one of auto, png, gif");
	policy_says(
	    &p, &(struct plan_policy){ .max_cost = 1000 }, ERR_NONE, "", "");
	policy_says(&p, &(struct plan_policy){ .max_cost = 2 }, ERR_TOO_COSTLY,
	    "cost", "at most 2");
}

/* Numbers with more digits than there are names for are still shown. */
static void
policies_of_monsters(void **state)
{
	static const double matrix[4] = { 1000, 1000, -1000, 1000 };
	struct plan p = good();
	struct plan_step *s;
	struct err e;

	(void)state;
	step_set(plan_find(&p, OP_RESIZE), RESIZE_HEIGHT,
	    (union arg){ .whole = 300 });
	for (int i = 0; i < 20; i++) {
		union arg list;

		assert_true(plan_add(&p, OP_AFFINE, &s, &e));
		assert_true(plan_numbers(&p, matrix, 4, &list, &e));
		step_set(s, AFFINE_MATRIX, list);
	}
	policy_says(&p, &(struct plan_policy){ .max_cost = 1000 },
	    ERR_TOO_COSTLY, "cost", "at most 1000");
	assert_false(
	    plan_check(&p, &(struct plan_policy){ .max_cost = 9 }, &e));
	assert_non_null(strstr(e.value, "e1"));
	/* The second one is larger than the least that is known of it. */
	policy_says(&p, &(struct plan_policy){ .max_width = 300 },
	    ERR_BAD_VALUE, "affine", "a result at most 300 px wide");
	assert_true(strlen(e.value) < 32);
}

/* A step by its arguments' text: name, value, ... */
static void
step_of(struct plan *p, enum op op, const char *const text[][2], size_t n)
{
	struct plan_step *s;
	union arg value;
	struct err e;

	assert_true(plan_add(p, op, &s, &e));
	for (size_t i = 0; i < n; i++)
		for (unsigned k = 0; k < op_row(op)->narg; k++) {
			const struct arg_row *row = &op_row(op)->arg[k];

			if (strcmp(row->name, text[i][0]) != 0)
				continue;
			assert_true(arg_read(p, row, row->name,
			    slice_of(text[i][1]), &value, &e));
			step_set(s, k, value);
		}
}

/* What is put around a box, and what a matrix makes of it. */
static void
policies_of_sides(void **state)
{
	static const char *const box[][2] = { { "width", "300" },
		{ "height", "200" } };
	static const char *const outside[][2] = { { "width", "300" },
		{ "height", "200" }, { "fit", "outside" } };
	static const char *const around[][2] = { { "left", "40" },
		{ "right", "10%" }, { "top", "5" } };
	static const char *const matrix[][2] = { { "matrix", "2,0,0,0.5" } };
	static const char *const turn[][2] = { { "angle", "90" } };
	struct plan p;

	(void)state;
	plan_init(&p);
	source(&p, SLICE("s"), SLICE("k"));
	step_of(&p, OP_RESIZE, box, 2);
	step_of(&p, OP_EXTEND, around, 3);
	policy_says(
	    &p, &(struct plan_policy){ .max_width = 370 }, ERR_NONE, "", "");
	policy_says(&p, &(struct plan_policy){ .max_width = 369 },
	    ERR_BAD_VALUE, "extend", "a result at most 369 px wide");
	policy_says(&p, &(struct plan_policy){ .max_height = 204 },
	    ERR_BAD_VALUE, "extend", "a result at most 204 px high");
	step_of(&p, OP_ROTATE, turn, 1);
	step_of(&p, OP_AFFINE, matrix, 1);
	policy_says(&p, &(struct plan_policy){ .max_width = 409 },
	    ERR_BAD_VALUE, "affine", "a result at most 409 px wide");
	policy_says(
	    &p, &(struct plan_policy){ .max_width = 410 }, ERR_NONE, "", "");

	/* Of what is not known only that it is there. */
	plan_init(&p);
	source(&p, SLICE("s"), SLICE("k"));
	step_of(&p, OP_EXTEND, around, 3);
	policy_says(
	    &p, &(struct plan_policy){ .max_width = 41 }, ERR_NONE, "", "");
	policy_says(&p, &(struct plan_policy){ .max_width = 40 }, ERR_BAD_VALUE,
	    "extend", "a result at most 40 px wide");
	plan_init(&p);
	source(&p, SLICE("s"), SLICE("k"));
	step_of(&p, OP_RESIZE, outside, 3);
	step_of(&p, OP_EXTEND, around, 3);
	policy_says(
	    &p, &(struct plan_policy){ .max_width = 300 }, ERR_NONE, "", "");
}

/* ---- Text, key, cost ---- */

static void
printing(void **state)
{
	struct plan p = good();
	struct plan tight;
	char line[PLAN_LINE];
	char full[PLAN_LINE];
	size_t len;

	(void)state;
	len = plan_print(&p, false, line);
	assert_int_equal(len, strlen(line));
	assert_string_equal(line,
	    "file:a%20b/cat.jpg | autoorient | resize width=300 height=200 | "
	    "blur sigma=2.5 | out format=webp quality=77");
	plan_print(&p, true, full);
	assert_non_null(
	    strstr(full, "| in page=0 pages=auto density=72 tolerant=0 |"));
	assert_non_null(strstr(full, " kernel=lanczos3 "));
	assert_null(strstr(full, "ratio"));
	/* Saying a default says nothing new. */
	tight = p;
	step_set(plan_find(&tight, OP_RESIZE), RESIZE_FIT,
	    (union arg){ .pick = FIT_COVER });
	plan_print(&tight, true, line);
	assert_string_equal(line, full);
}

/* The longest of plans fits: every byte escaped, every step full. */
static void
longest(void **state)
{
	static char bytes[PLAN_TEXT];
	struct plan p;
	char line[PLAN_LINE];
	struct plan_step *s = NULL;
	struct err e;

	(void)state;
	memset(bytes, '%', sizeof(bytes));
	plan_init(&p);
	source(&p, SLICE("%"), (struct slice){ bytes, PLAN_TEXT - 1 });
	for (int i = 0; i < PLAN_STEPS; i++) {
		assert_true(plan_add(&p, OP_RESIZE, &s, &e));
		set_whole(s, RESIZE_WIDTH, 65535);
		set_whole(s, RESIZE_HEIGHT, 65535);
		step_set(s, RESIZE_FIT, (union arg){ .pick = FIT_CONTAIN });
		step_set(
		    s, RESIZE_FOCUS_X, (union arg){ .num = 1.2345678e-300 });
		step_set(
		    s, RESIZE_FOCUS_Y, (union arg){ .num = 1.2345678e-300 });
	}
	p.in.page = PAGES_MAX;
	p.in.pages = PAGES_MAX;
	p.out.format = FORMAT_AUTO;
	p.out.accepts = format_all(F_SAVE);
	out_set(&p, OUT_KEEP, (union arg){ .set = 15 });
	accepted(&p);
	assert_true(plan_print(&p, true, line) > 3 * PLAN_TEXT);
}

static bool
same_key(const struct plan *a, const struct plan *b)
{
	struct slice store = SLICE("file /srv");
	struct digest x = plan_key(a, &store, 1, SLICE("m"), SLICE("1"));
	struct digest y = plan_key(b, &store, 1, SLICE("m"), SLICE("1"));

	return digest_eq(&x, &y);
}

/* The good plan, changed in one thing, has another key. */
#define OTHER_KEY(change)                       \
	do {                                    \
		q = good();                     \
		change;                         \
		assert_false(same_key(&p, &q)); \
	} while (0)

static void
keys(void **state)
{
	struct plan p = good();
	struct plan q = good();
	struct slice store = SLICE("file /srv");
	struct slice other = SLICE("file /tmp");
	struct digest one, two;
	struct err e;

	(void)state;
	/* Neither what is a default, nor the answer, nor the pool's order. */
	step_set(plan_find(&q, OP_RESIZE), RESIZE_FIT,
	    (union arg){ .pick = FIT_COVER });
	assert_true(
	    plan_text(&q, SLICE("no-store"), &q.answer.cache_control, &e));
	assert_true(same_key(&p, &q));
	/* Nor the name of the store, but what it is. */
	memcpy(q.text, "elif", 4);
	assert_true(same_key(&p, &q));
	one = plan_key(&p, &store, 1, SLICE("m"), SLICE("1"));
	two = plan_key(&p, &other, 1, SLICE("m"), SLICE("1"));
	assert_false(digest_eq(&one, &two));
	two = plan_key(&p, &store, 1, SLICE("m"), SLICE("2"));
	assert_false(digest_eq(&one, &two));
	OTHER_KEY(q.text[4] = 'A');
	OTHER_KEY(q.in.page = 1);
	OTHER_KEY(q.in.pages = PAGES_GIF);
	OTHER_KEY(q.in.tolerant = 1);
	OTHER_KEY(q.nstep = 2);
	OTHER_KEY(q.out.format = FORMAT_PNG);
	OTHER_KEY(q.step[1].arg[0].whole = 301);
}

#define COSTLIER(change)                                              \
	do {                                                          \
		q = good();                                           \
		change;                                               \
		assert_true(plan_cost(&q, 1e8) > plan_cost(&p, 1e8)); \
	} while (0)

/* More work costs more; nothing is for free. */
static void
costs(void **state)
{
	struct plan p = good();
	struct plan q = good();

	(void)state;
	assert_true(plan_cost(&p, 0) > 0);
	assert_true(plan_cost(&p, 1e8) > plan_cost(&p, 1e6));
	q.step[1].arg[RESIZE_WIDTH].whole = 3000;
	assert_true(plan_cost(&q, 1e8) > plan_cost(&p, 1e8));
	COSTLIER(q.out.format = FORMAT_AVIF);
	COSTLIER(add(&q, OP_SHARPEN));
	COSTLIER(step_set(
	    add(&q, OP_SHARPEN), SHARPEN_SIGMA, (union arg){ .num = 1 }));
	COSTLIER(step_set(
	    add(&q, OP_ROTATE), ROTATE_ANGLE, (union arg){ .num = 45 }));
	COSTLIER(add(&q, OP_GRAYSCALE));
	COSTLIER(add(&q, OP_GAMMA));
	COSTLIER(step_set(
	    add(&q, OP_CLAHE), CLAHE_HEIGHT, (union arg){ .whole = 9 }));
	COSTLIER(out_set(&q, OUT_EFFORT, (union arg){ .whole = 10 }));
	COSTLIER(out_set(&q, OUT_NEAR_LOSSLESS, (union arg){ .on = 1 }));
	/* What is not said is the dearest that it may become. */
	p.out.format = FORMAT_TIFF;
	out_set(&p, OUT_COMPRESSION, (union arg){ .pick = TIFF_JPEG });
	COSTLIER(q.out.format = FORMAT_TIFF);
	COSTLIER(q.out.format = FORMAT_TIFF;
		 out_set(&q, OUT_LOSSLESS, (union arg){ .on = 1 }));
	assert_true(
	    plan_cost_from(FORMAT_JP2, 1e6) > plan_cost_from(FORMAT_JPEG, 1e6));
	/* No difference that may be seen is no loss. */
	p.out = q.out = (struct plan_out){ .format = FORMAT_JXL };
	out_set(&p, OUT_LOSSLESS, (union arg){ .on = 1 });
	out_set(&q, OUT_DISTANCE, (union arg){ .num = 0 });
	assert_true(plan_cost(&q, 1e8) >= plan_cost(&p, 1e8));
	out_set(&q, OUT_DISTANCE, (union arg){ .num = 1 });
	assert_true(plan_cost(&q, 1e8) < plan_cost(&p, 1e8));
	p.out.format = FORMAT_WEBP;
	plan_init(&q);
	q.out.untouched = 1;
	assert_true(plan_cost(&q, 1e8) < plan_cost(&p, 1e6));
}

/* Whoever adds an operation says what it costs; its example has a cost. */
static void
costs_of_all(void **state)
{
	static const char *const stores[] = { "file" };
	static const struct plan_policy policy;

	(void)state;
	for (int i = 0; i < OP_COUNT; i++) {
		const char *example = op_row((enum op)i)->example;
		struct dialect_in in = { .path = SLICE("/picture"),
			.query = slice_of(example),
			.stores = stores,
			.nstore = 1,
			.formats = format_all(F_SAVE) };
		struct err e = { 0 };
		struct plan with;
		struct plan p;

		plan_init(&p);
		assert_true(dialect_find("query")->parse(&in, &p, &e));
		assert_true(plan_check(&p, &policy, &e));
		with = p;
		with.nstep = 0;
		assert_true(plan_cost(&p, 1e6) > 0);
		if (i != OP_AUTOORIENT && i != OP_EXTRACT && i != OP_RESIZE &&
		    i != OP_SMARTCROP && i != OP_GAMMA)
			assert_true(plan_cost(&p, 1e6) > plan_cost(&with, 1e6));
	}
}

/* Of what is done, whatever the original. */
static void
test_variant(void **state)
{
	struct plan p, q;
	char hash[2][PLAN_HASH_MAX];
	char text[2][64];

	(void)state;
	plan_init(&p);
	p.out.format = FORMAT_WEBP;
	q = p;
	plan_variant(&p, hash[0], text[0], sizeof(text[0]));
	assert_string_equal(text[0], "out format=webp");
	q.nsource = 1;
	plan_variant(&q, hash[1], text[1], sizeof(text[1]));
	assert_string_equal(hash[0], hash[1]);
	assert_string_equal(text[0], text[1]);
	q.out.format = FORMAT_JPEG;
	plan_variant(&q, hash[1], text[1], 8);
	assert_string_not_equal(hash[0], hash[1]);
	assert_string_equal(text[1], "out for");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_variant),
		cmocka_unit_test(building),
		cmocka_unit_test(masks),
		cmocka_unit_test(arguments),
		cmocka_unit_test(reading),
		cmocka_unit_test(form),
		cmocka_unit_test(texts),
		cmocka_unit_test(values),
		cmocka_unit_test(lengths),
		cmocka_unit_test(sense),
		cmocka_unit_test(policies),
		cmocka_unit_test(policies_of_sides),
		cmocka_unit_test(policies_of_monsters),
		cmocka_unit_test(printing),
		cmocka_unit_test(longest),
		cmocka_unit_test(keys),
		cmocka_unit_test(costs),
		cmocka_unit_test(costs_of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
