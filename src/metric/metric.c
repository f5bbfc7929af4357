/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One flat array of atomics; every metric owns a run of cells in it, as many
 * as its labels have values (64 each, or 1 without the label). Relaxed order:
 * a counter says nothing about other memory.
 *
 * The array is some megabytes of zero pages; only those that are touched cost
 * memory.
 */
#include "metric/metric.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "base/num.h"
#include "metric/process.h"

/* Upper ends of the buckets of durations; the last one has none. */
static const int64_t bucket_ns[] = {
	NS_PER_MS / 10,
	NS_PER_MS * 3 / 10,
	NS_PER_MS,
	NS_PER_MS * 3,
	NS_PER_MS * 10,
	NS_PER_MS * 20,
	NS_PER_MS * 50,
	NS_PER_MS * 100,
	NS_PER_MS * 200,
	NS_PER_MS * 500,
	NS_PER_S,
	NS_PER_S * 2,
	NS_PER_S * 5,
	NS_PER_S * 10,
	NS_PER_S * 30,
	NS_PER_S * 60,
};

enum kind { COUNTER, GAUGE, SECONDS };

enum {
	BUCKETS = NELEM(bucket_ns),
	/* Of one series: value; or buckets, the one without end, sum in ns. */
	CELLS_COUNTER = 1,
	CELLS_GAUGE = 1,
	CELLS_SECONDS = BUCKETS + 2,
	CELL_SUM = BUCKETS + 1,
};

/* How many values a label of that kind may have. */
enum {
	SIZE_NONE = 1,
	SIZE_STATUS = METRIC_LABEL_VALUES,
	SIZE_CACHE = METRIC_LABEL_VALUES,
	SIZE_STAGE = METRIC_LABEL_VALUES,
	SIZE_FORMAT = METRIC_LABEL_VALUES,
	SIZE_ERROR = METRIC_LABEL_VALUES,
	SIZE_EXIT = METRIC_LABEL_VALUES,
	SIZE_SINK = METRIC_LABEL_VALUES,
	SIZE_SPOOL = METRIC_LABEL_VALUES,
	SIZE_SENT = METRIC_LABEL_VALUES,
	SIZE_FAILURE = METRIC_LABEL_VALUES,
	SIZE_RESULT = METRIC_LABEL_VALUES,
	SIZE_FETCH_END = METRIC_LABEL_VALUES,
	SIZE_CONNECTION = METRIC_LABEL_VALUES,
	SIZE_FETCH = METRIC_LABEL_VALUES,
};

/* Only to let the compiler lay the runs out: there is no such object. */
struct layout {
#define METRIC(id, kind, name, label1, label2, text) \
	uint64_t id[CELLS_##kind * SIZE_##label1 * SIZE_##label2];
#include "metric/metric.def"
#undef METRIC
};

static _Atomic uint64_t cells[sizeof(struct layout) / sizeof(uint64_t)];

struct row {
	const char *name;
	const char *text;
	enum kind kind;
	enum metric_label label[2];
	unsigned size[2]; /* values of the labels */
	size_t first;     /* index of its first cell */
	size_t step;      /* cells of one series */
};

static const struct row rows[METRIC_COUNT] = {
#define METRIC(id, kind_, name_, label1, label2, text_)                       \
	[METRIC_##id] = { .name = (name_),                                    \
		.text = (text_),                                              \
		.kind = (kind_),                                              \
		.label = { LABEL_##label1, LABEL_##label2 },                  \
		.size = { (unsigned)SIZE_##label1, (unsigned)SIZE_##label2 }, \
		.first = offsetof(struct layout, id) / sizeof(uint64_t),      \
		.step = (size_t)CELLS_##kind_ },
#include "metric/metric.def"
#undef METRIC
};

/* Written before there are threads, read by all. */
static struct {
	const char *const *words;
	size_t n;
} label_words[LABEL_COUNT];

static const char *const label_names[LABEL_COUNT] = {
	[LABEL_NONE] = "",
	[LABEL_STATUS] = "status",
	[LABEL_CACHE] = "cache",
	[LABEL_STAGE] = "stage",
	[LABEL_FORMAT] = "format",
	[LABEL_ERROR] = "error",
	[LABEL_EXIT] = "exit",
	[LABEL_SINK] = "sink",
	[LABEL_SPOOL] = "spool",
	[LABEL_SENT] = "fate",
	[LABEL_FAILURE] = "kind",
	[LABEL_RESULT] = "result",
	[LABEL_FETCH_END] = "end",
	[LABEL_CONNECTION] = "connection",
	[LABEL_FETCH] = "by",
};

void
metric_label(enum metric_label label, const char *const *words, size_t n)
{
	assert(label > LABEL_NONE && label < LABEL_COUNT);
	assert(n <= METRIC_LABEL_VALUES);
	label_words[label].words = words;
	label_words[label].n = n;
}

static _Atomic uint64_t *
series(const struct row *row, unsigned l1, unsigned l2)
{
	assert(l1 < row->size[0] && l2 < row->size[1]);
	return &cells[row->first +
	    ((size_t)l1 * row->size[1] + l2) * row->step];
}

static uint64_t
load(const _Atomic uint64_t *cell)
{
	return atomic_load_explicit(cell, memory_order_relaxed);
}

static void
add(_Atomic uint64_t *cell, uint64_t n)
{
	atomic_fetch_add_explicit(cell, n, memory_order_relaxed);
}

void
metric_add(enum metric m, unsigned l1, unsigned l2, uint64_t n)
{
	assert(rows[m].kind == COUNTER);
	add(series(&rows[m], l1, l2), n);
}

void
metric_gauge(enum metric m, int64_t value)
{
	assert(rows[m].kind == GAUGE);
	atomic_store_explicit(
	    series(&rows[m], 0, 0), (uint64_t)value, memory_order_relaxed);
}

void
metric_gauge_add(enum metric m, int64_t difference)
{
	assert(rows[m].kind == GAUGE);
	/* Unsigned arithmetic wraps, so this subtracts too. */
	add(series(&rows[m], 0, 0), (uint64_t)difference);
}

void
metric_seconds(enum metric m, unsigned l1, unsigned l2, int64_t ns)
{
	_Atomic uint64_t *at = series(&rows[m], l1, l2);
	size_t bucket = 0;

	assert(rows[m].kind == SECONDS);
	if (ns < 0)
		ns = 0;
	while (bucket < BUCKETS && ns > bucket_ns[bucket])
		bucket++;
	add(&at[bucket], 1);
	add(&at[CELL_SUM], (uint64_t)ns);
}

uint64_t
metric_value(enum metric m, unsigned l1, unsigned l2)
{
	const _Atomic uint64_t *at = series(&rows[m], l1, l2);
	uint64_t n = 0;

	if (rows[m].kind != SECONDS)
		return load(at);
	for (size_t i = 0; i <= BUCKETS; i++)
		n += load(&at[i]);
	return n;
}

/* --- text --- */

/* Backslash, quote and line feed are all that the format escapes. */
static void
print_escaped(FILE *out, const char *word)
{
	for (; *word != '\0'; word++) {
		if (*word == '\n')
			fputs("\\n", out);
		else if (*word == '"' || *word == '\\')
			fprintf(out, "\\%c", *word);
		else
			fputc(*word, out);
	}
}

/* A value without a word is its number: it is never dropped. */
static void
print_label(FILE *out, enum metric_label label, unsigned value)
{
	fprintf(out, "%s=\"", label_names[label]);
	if (value < label_words[label].n)
		print_escaped(out, label_words[label].words[value]);
	else
		fprintf(out, "%u", value);
	fputc('"', out);
}

/* name_suffix{label1="a",label2="b",le="0.1"} */
static void
print_series(FILE *out, const struct row *row, const char *suffix,
    const unsigned value[2], const char *le)
{
	const char *before = "{";

	fprintf(out, "%s%s", row->name, suffix);
	for (size_t i = 0; i < 2; i++) {
		if (row->label[i] == LABEL_NONE)
			continue;
		fputs(before, out);
		print_label(out, row->label[i], value[i]);
		before = ",";
	}
	if (le != NULL) {
		fprintf(out, "%sle=\"%s\"", before, le);
		before = ",";
	}
	fputs(before[0] == ',' ? "} " : " ", out);
}

/*
 * The count is the sum of the buckets just read, so that it agrees with the
 * last of them whatever other threads add meanwhile.
 */
static void
print_histogram(FILE *out, const struct row *row, const unsigned value[2])
{
	const _Atomic uint64_t *at = series(row, value[0], value[1]);
	char text[NUM_TEXT_MAX];
	uint64_t n = 0;

	for (size_t i = 0; i < BUCKETS; i++) {
		num_print((double)bucket_ns[i] / (double)NS_PER_S, text);
		n += load(&at[i]);
		print_series(out, row, "_bucket", value, text);
		fprintf(out, "%" PRIu64 "\n", n);
	}
	n += load(&at[BUCKETS]);
	print_series(out, row, "_bucket", value, "+Inf");
	fprintf(out, "%" PRIu64 "\n", n);
	num_print((double)load(&at[CELL_SUM]) / (double)NS_PER_S, text);
	print_series(out, row, "_sum", value, NULL);
	fprintf(out, "%s\n", text);
	print_series(out, row, "_count", value, NULL);
	fprintf(out, "%" PRIu64 "\n", n);
}

static void
print_one(FILE *out, enum metric m, const unsigned value[2])
{
	const struct row *row = &rows[m];
	uint64_t now = metric_value(m, value[0], value[1]);
	bool plain = row->size[0] == 1 && row->size[1] == 1;

	if (now == 0 && !plain)
		return;
	switch (row->kind) {
	case COUNTER:
		print_series(out, row, "", value, NULL);
		fprintf(out, "%" PRIu64 "\n", now);
		return;
	case GAUGE:
		print_series(out, row, "", value, NULL);
		fprintf(out, "%" PRId64 "\n", (int64_t)now);
		return;
	case SECONDS:
		print_histogram(out, row, value);
		return;
	}
}

char *
metric_print(size_t *size)
{
	static const char *const kind_names[] = {
		[COUNTER] = "counter",
		[GAUGE] = "gauge",
		[SECONDS] = "histogram",
	};
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	assert(out != NULL);
	for (enum metric m = 0; m < METRIC_COUNT; m++) {
		const struct row *row = &rows[m];

		fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name,
		    row->text, row->name, kind_names[row->kind]);
		for (unsigned l1 = 0; l1 < row->size[0]; l1++)
			for (unsigned l2 = 0; l2 < row->size[1]; l2++)
				print_one(out, m, (unsigned[2]){ l1, l2 });
	}
	process_print(out);
	/* A memory stream fails for want of memory alone. */
	if (fclose(out) != 0)
		abort();
	return text;
}
