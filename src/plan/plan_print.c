/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan as one line of text, its cache key (a digest over that text) and an
 * estimate of its work.
 *
 * The text says operations and arguments by name, so that a key stays the same
 * when rows are added to the tables. It is never cut: a cut text would give two
 * plans one key.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/codec.h"
#include "plan/plan.h"

struct line {
	char *out;
	size_t len;
};

/*
 * The pool, each byte of it escaped, and for each source the signs between;
 * the pool once more as lists; what is left is more than any steps and output
 * need (the longest is a resize of about 360 bytes).
 */
enum {
	LINE_SOURCES = 3 * PLAN_TEXT + 4 * PLAN_SOURCES,
	LINE_LISTS = PLAN_TEXT,
	LINE_STEP = 512,
	LINE_REST = 3072
};
_Static_assert(
    LINE_SOURCES + LINE_LISTS + PLAN_STEPS * LINE_STEP + LINE_REST <= PLAN_LINE,
    "every line fits");

static void
put_slice(struct line *line, struct slice s)
{
	assert(s.len < PLAN_LINE - line->len);
	memcpy(line->out + line->len, s.at, s.len);
	line->len += s.len;
	line->out[line->len] = '\0';
}

static void
put(struct line *line, const char *text)
{
	put_slice(line, slice_of(text));
}

static void
put_escaped(struct line *line, struct slice s)
{
	assert(3 * s.len < PLAN_LINE - line->len);
	line->len +=
	    codec_percent_encode(s, "/!$&'()*+,;=", line->out + line->len);
	line->out[line->len] = '\0';
}

static void
put_arg(struct line *line, const struct plan *p, const struct arg_row *row,
    union arg value)
{
	char text[ARG_TEXT_MAX];

	put(line, " ");
	put(line, row->name);
	put(line, "=");
	put_slice(line, plan_arg(p, row, value, text));
}

/* stores: are not named in the key, which has their identity instead. */
static void
put_sources(struct line *line, const struct plan *p, bool stores)
{
	for (size_t i = 0; i < p->nsource; i++) {
		const struct plan_source *s = &p->source[i];

		if (i > 0)
			put(line, " + ");
		if (stores) {
			put_escaped(line, plan_slice(p, s->store));
			put(line, ":");
		}
		put_escaped(line, plan_slice(p, s->key));
		if (s->version.len > 0) {
			put(line, "@");
			put_escaped(line, plan_slice(p, s->version));
		}
	}
	if (p->nsource == 0)
		put(line, "-");
}

static void
put_in(struct line *line, const struct plan_in *in, bool full)
{
	char text[64];

	if (!full && in->page == 0 && in->pages == 0 && in->tolerant == 0 &&
	    in->density == 0)
		return;
	put(line, " | in");
	if (full || in->page != 0) {
		snprintf(text, sizeof(text), " page=%" PRId32, in->page);
		put(line, text);
	}
	if (full || in->pages != PAGES_AUTO) {
		snprintf(text, sizeof(text), "%" PRId32, in->pages);
		put(line, " pages=");
		put(line,
		    in->pages == PAGES_AUTO      ? "auto"
			: in->pages == PAGES_ALL ? "all"
			: in->pages == PAGES_GIF ? "gif"
						 : text);
	}
	if (full || in->density != 0) {
		snprintf(text, sizeof(text), " density=%d",
		    in->density == 0 ? 72 : in->density);
		put(line, text);
	}
	if (full || in->tolerant != 0)
		put(line, in->tolerant ? " tolerant=1" : " tolerant=0");
}

static void
put_step(struct line *line, const struct plan *p, const struct plan_step *s,
    bool full)
{
	const struct op_row *row = op_row((enum op)s->op);
	union arg unused;

	put(line, " | ");
	put(line, row->name);
	for (unsigned i = 0; i < row->narg; i++)
		if (step_has(s, i) ||
		    (full && arg_default(&row->arg[i], &unused)))
			put_arg(line, p, &row->arg[i], step_get(s, i));
}

static void
put_accepts(struct line *line, format_set accepts)
{
	const char *before = " accepts=";

	for (unsigned i = FORMAT_FIRST; i < FORMAT_COUNT; i++) {
		if ((accepts & FORMAT_BIT(i)) == 0)
			continue;
		put(line, before);
		put(line, format_row((enum format)i)->name);
		before = ",";
	}
}

static void
put_out(struct line *line, const struct plan *p, bool full)
{
	union arg unused;

	put(line, " | out format=");
	put(line, format_row((enum format)p->out.format)->name);
	put_accepts(line, p->out.accepts);
	if (full || p->out.untouched)
		put(line, p->out.untouched ? " untouched=1" : " untouched=0");
	for (unsigned i = 0; i < OUT_COUNT; i++)
		if (out_has(p, (enum out)i) ||
		    (full && arg_default(out_row((enum out)i), &unused)))
			put_arg(line, p, out_row((enum out)i),
			    out_get(p, (enum out)i));
}

static void
print_done(struct line *line, const struct plan *p, bool full)
{
	put_in(line, &p->in, full);
	for (size_t i = 0; i < p->nstep; i++)
		put_step(line, p, &p->step[i], full);
	put_out(line, p, full);
}

static void
print(struct line *line, const struct plan *p, bool full, bool stores)
{
	put_sources(line, p, stores);
	print_done(line, p, full);
}

size_t
plan_print(const struct plan *p, bool full, char out[PLAN_LINE])
{
	struct line line = { NULL, 0 };

	line.out = out;
	print(&line, p, full, true);
	return line.len;
}

/* Behind the " | " that each part begins with. */
static struct slice
line_inside(const struct line *line)
{
	return slice_skip((struct slice){ line->out, line->len }, 3);
}

void
plan_variant(
    const struct plan *p, char hash[PLAN_HASH_MAX], char *text, size_t size)
{
	/* cppcheck-suppress unassignedVariable ; filled through line */
	char room[PLAN_LINE];
	struct line line = { .out = room };
	struct digest digest;

	print_done(&line, p, true);
	digest = digest_of(line.out, line.len);
	codec_hex(digest.byte, (PLAN_HASH_MAX - 1) / 2, hash);
	line.len = 0;
	print_done(&line, p, false);
	slice_copy(line_inside(&line), text, size);
}

/* With its length before it: no two lists of texts have the same bytes. */
static void
add_text(struct digest_run *run, struct slice s)
{
	uint8_t len[4] = { (uint8_t)(s.len >> 24), (uint8_t)(s.len >> 16),
		(uint8_t)(s.len >> 8), (uint8_t)s.len };

	digest_add(run, len, sizeof(len));
	digest_add(run, s.at, s.len);
}

struct digest
plan_key(const struct plan *p, const struct slice *stores, size_t nstore,
    struct slice scope, struct slice version)
{
	struct digest_run *run = digest_new();
	/* cppcheck-suppress unassignedVariable ; filled through line */
	char room[PLAN_LINE];
	struct line line = { .out = room };

	assert(nstore == p->nsource);
	add_text(run, SLICE("pictor plan 1"));
	add_text(run, version);
	add_text(run, scope);
	for (size_t i = 0; i < nstore; i++)
		add_text(run, stores[i]);
	print(&line, p, true, false);
	add_text(run, (struct slice){ room, line.len });
	return digest_end(run);
}
