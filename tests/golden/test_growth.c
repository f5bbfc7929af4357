/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing is lost that was used: each operation by its example, and each
 * format both ways, a thousand times on a very small image. The resident set
 * after the first runs, when tables and caches are made, and at the end may
 * differ by what an allocator keeps to itself, not by something for each run.
 *
 * By hand: test_growth [CASE [RUNS]]
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codec.h"
#include "golden.h"
#include "image/tiny.h"
#include "render/sandbox.h"

enum { RUNS = SANDBOX_SANITIZED ? 40 : 1000 };
/* Most growth: 200 bytes for each run, and a few pages by chance. */
enum { GROWTH_RUN = 200, GROWTH_BASE = 128 * 1024 };

/* Originals in formats that are only read. */
static const char svg[] =
    "<svg xmlns='http://www.w3.org/2000/svg' width='16' height='12'>"
    "<rect x='2' y='2' width='9' height='9' fill='red'/></svg>";
static const char pdf[] =
    "%PDF-1.4\n"
    "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 16 12]/Contents 4 0 R>>"
    "endobj\n"
    "4 0 obj<</Length 21>>stream\n1 0 0 rg 2 2 9 9 re f\nendstream endobj\n"
    "trailer<</Root 1 0 R>>\n%%EOF\n";

/* 4 by 2 pixels of 24 bits. */
static const uint8_t bmp[78] = { 'B', 'M', 78, [10] = 54, [14] = 40, [18] = 4,
	[22] = 2, [26] = 1, [28] = 24, [54] = 200, [60] = 100, [70] = 50 };
/* The same with twice the height in its head, and a mask. */
static const uint8_t ico[94] = { [2] = 1,
	[4] = 1,
	[6] = 4,
	[7] = 2,
	[10] = 1,
	[12] = 24,
	[14] = 72,
	[18] = 22,
	[22] = 40,
	[26] = 4,
	[30] = 4,
	[34] = 1,
	[36] = 24,
	[62] = 200,
	[68] = 100,
	[78] = 50 };

static const struct {
	const char *name;
	const void *bytes;
	size_t size;
} read_only[] = {
	{ "svg", svg, sizeof(svg) - 1 },
	{ "pdf", pdf, sizeof(pdf) - 1 },
	{ "bmp", bmp, sizeof(bmp) },
	{ "ico", ico, sizeof(ico) },
	{ "heic", tiny_heic, sizeof(tiny_heic) },
};

struct tally {
	unsigned done, failed;
	size_t runs;
	const char *only; /* this case; NULL: all */
};

static void
verdict(struct tally *t, bool good, const char *name, const char *why)
{
	t->done++;
	t->failed += !good;
	printf("%s %u - %s\n", good ? "ok" : "not ok", t->done, name);
	if (!good || why[0] != '\0')
		printf("# %s: %s\n", name, why);
}

/* Bytes of memory that are in use by this process. */
static size_t
resident(void)
{
	unsigned long size = 0;
	unsigned long pages = 0;
	FILE *in = fopen("/proc/self/statm", "re");

	/* What was given back is no loss, wherever it is kept. */
	malloc_trim(0);
	if (in == NULL || fscanf(in, "%lu %lu", &size, &pages) != 2)
		abort();
	fclose(in);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static bool
run(const struct file *original, const struct plan *plan, size_t times,
    struct err *e)
{
	for (size_t i = 0; i < times; i++) {
		struct image_result result = { 0 };

		if (!golden_compose(original, original, plan, &result, e))
			return false;
		image_result_fini(&result);
	}
	return true;
}

static void
measure(struct tally *t, const char *name, const char *query,
    const struct file *original)
{
	struct plan plan;
	struct err e = { 0 };
	char why[ERR_DETAIL_MAX + 64] = "";
	size_t first = t->runs / 4;
	size_t before;
	size_t most;
	size_t grown;
	int64_t began;

	if (t->only != NULL && strcmp(t->only, name) != 0)
		return;
	golden_plan(query, "", &plan);
	began = clock_ns();
	if (!run(original, &plan, first, &e)) {
		verdict(t, false, name, e.detail);
		return;
	}
	before = resident();
	if (!run(original, &plan, t->runs - first, &e)) {
		verdict(t, false, name, e.detail);
		return;
	}
	grown = resident();
	grown = grown > before ? grown - before : 0;
	most = GROWTH_BASE + (t->runs - first) * GROWTH_RUN;
	snprintf(why, sizeof(why),
	    "grew by %zu KiB of %zu in %zu runs, %.2f ms each", grown / 1024,
	    most / 1024, t->runs - first,
	    (double)(clock_ns() - began) / 1e6 / (double)t->runs);
	/* Sanitizers keep what was freed; they see losses by themselves. */
	verdict(t, SANDBOX_SANITIZED || grown <= most, name, why);
}

static void
measure_operation(struct tally *t, enum op op, const struct file *png)
{
	const struct op_row *row = op_row(op);
	char query[512] = "format=png";
	size_t len = strlen(query);

	/* Something changes in any case. */
	if (op != OP_FLIP)
		len = (size_t)(stpcpy(query + len, "&flip=true") - query);
	query[len++] = '&';
	len += codec_percent_encode(
	    slice_of(row->example), "=&,;:()/", query + len);
	query[len] = '\0';
	measure(t, row->name, query, png);
}

/* The picture in that format, made by ourselves or read only. */
static bool
original_of(enum format format, const struct file *png, struct file *out)
{
	const char *name = format_row(format)->name;
	struct image_result result = { 0 };
	struct plan plan;
	struct err e = { 0 };
	char query[64];

	for (size_t i = 0; i < NELEM(read_only); i++) {
		if (strcmp(read_only[i].name, name) != 0)
			continue;
		out->bytes = xcalloc(1, read_only[i].size);
		out->size = read_only[i].size;
		memcpy(out->bytes, read_only[i].bytes, out->size);
		return true;
	}
	if ((image_can_save() & FORMAT_BIT(format)) == 0)
		return false;
	snprintf(query, sizeof(query), "format=%s&flip=true", name);
	golden_plan(query, "", &plan);
	if (!golden_render(png, &plan, &result, &e))
		return false;
	out->bytes = xcalloc(1, result.size);
	out->size = result.size;
	memcpy(out->bytes, result.bytes, out->size);
	image_result_fini(&result);
	return true;
}

static void
measure_format(struct tally *t, enum format format, const struct file *png)
{
	const char *name = format_row(format)->name;
	struct file original = { 0 };
	char title[64];
	char query[64];

	if ((image_can_save() & FORMAT_BIT(format)) != 0) {
		snprintf(title, sizeof(title), "written %s", name);
		snprintf(query, sizeof(query), "format=%s&flip=true", name);
		measure(t, title, query, png);
	}
	if ((image_can_load() & FORMAT_BIT(format)) == 0)
		return;
	snprintf(title, sizeof(title), "read %s", name);
	if (!original_of(format, png, &original)) {
		verdict(t, false, title, "there is no original");
		return;
	}
	measure(t, title, "format=png&flip=true", &original);
	free(original.bytes);
}

/* What goes wrong must not cost anything either. */
static void
measure_errors(struct tally *t, const struct file *png)
{
	struct file cut = { png->bytes, png->size * 3 / 4 };
	struct plan plan;
	size_t before = 0;
	size_t grown;
	struct err e = { 0 };
	bool good = true;

	golden_plan("width=8&format=png", "", &plan);
	for (size_t i = 0; i < t->runs; i++) {
		struct image_result result = { 0 };

		if (i == t->runs / 4)
			before = resident();
		good = good && !golden_render(&cut, &plan, &result, &e);
	}
	grown = resident();
	grown = grown > before ? grown - before : 0;
	good = good &&
	    (SANDBOX_SANITIZED ||
		grown <= GROWTH_BASE + t->runs * 3 / 4 * GROWTH_RUN);
	verdict(t, good, "damaged originals", e.detail);
}

int
main(int argc, char **argv)
{
	struct tally t = { .runs = RUNS, .only = argc > 1 ? argv[1] : NULL };
	struct file png = { 0 };
	struct err e = { 0 };

	if (argc > 2)
		t.runs = strtoul(argv[2], NULL, 10);
	/* As in a worker: one place where memory comes from. */
	mallopt(M_ARENA_MAX, 1);
	setvbuf(stdout, NULL, _IOLBF, 0);
	golden_start();
	if (!image_warm_up(&e)) {
		printf("Bail out! %s\n", e.detail);
		return 1;
	}
	golden_picture("alpha 16x12 png", &png, NULL);
	for (int i = 0; i < OP_COUNT; i++)
		measure_operation(&t, (enum op)i, &png);
	for (int i = FORMAT_FIRST; i < FORMAT_COUNT; i++)
		measure_format(&t, (enum format)i, &png);
	if (t.only == NULL)
		measure_errors(&t, &png);
	printf("1..%u\n", t.done);
	picture_file_free(&png);
	image_fini();
	return t.failed != 0;
}
