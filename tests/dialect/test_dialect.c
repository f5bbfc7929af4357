/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URL languages, text to text: each request of tests/dialect/NAME.txt must
 * lead to the plan, or the error, that stands under it. What is accepted is
 * also printed as a URL, which must lead to the same plan again.
 *
 *   # a comment
 *   dialect query          the language of what follows; resets the rest
 *   stores file other      what the mount has; the first is the default
 *   buckets a b            second names of these, in their order
 *   gaps yes no            which of these take keys with empty segments
 *   formats jpeg webp      what the mount writes; nothing: everything
 *   accept image/webp      the client's header; nothing: none
 *
 *   /cat.jpg?width=300     a request: everything that begins with '/'
 *   {"key":"cat.jpg"}      the same as base64: everything that begins with
 *                          a JSON value
 *   = file:cat.jpg | ...   the plan, as plan_print() writes it
 *   + media=.. cache=.. NAME=VALUE   what the answer carries, if it does
 *   ! 400 bad-value ...    or the error
 *
 * Without arguments the files of $PICTOR_SRC/tests/dialect are tested; with
 * --write each file named is printed with what the program answers now.
 */
#include <assert.h>
#include <dirent.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/codec.h"
#include "dialect/dialect.h"

enum { LINE_MAX_BYTES = 64 * 1024, WORDS = 16 };

struct state {
	const struct dialect *dialect;
	struct arena *arena;
	const char *stores[WORDS];
	const char *buckets[WORDS];
	bool gaps[WORDS];
	struct dialect_in in;
	unsigned done;
	bool failed;
};

static const struct plan_policy everything;

static void
one_text(char *out, size_t size, const char *before, struct slice text)
{
	size_t n = strlen(out);
	char escaped[2048];

	if (text.len == 0)
		return;
	codec_json_escape(text, escaped, sizeof(escaped));
	snprintf(out + n, size - n, "%s%s", before, escaped);
}

/* "+ media=image/jpg ...", or nothing when the answer carries nothing. */
static void
answer_text(const struct plan *p, char *out, size_t size)
{
	const struct plan_answer *a = &p->answer;
	char name[128];

	out[0] = '\0';
	one_text(out, size, " media=", plan_slice(p, a->media_type));
	one_text(out, size, " cache=", plan_slice(p, a->cache_control));
	for (size_t i = 0; i < a->nheader; i++) {
		snprintf(name, sizeof(name),
		    " %.*s=", SLICE_ARG(plan_slice(p, a->header[i].name)));
		one_text(out, size, name, plan_slice(p, a->header[i].value));
	}
}

static void
error_text(const struct state *s, const struct err *e, const struct plan *p,
    char *out, size_t size)
{
	static struct dialect_error own;
	const struct err_row *row = err_row(e->code);
	char value[ERR_TEXT_MAX * 2];
	char param[ERR_PARAM_MAX * 2];

	if (s->dialect->error != NULL) {
		s->dialect->error(e, p, &own);
		assert(own.body[own.size] == '\0');
		assert(own.size < sizeof(own.body));
		snprintf(out, size, "! %d %s", own.status, own.body);
		return;
	}
	codec_json_escape(slice_of(e->value), value, sizeof(value));
	codec_json_escape(slice_of(e->param), param, sizeof(param));
	snprintf(out, size, "! %d %s %s=\"%s\" (%s)%s%s", row->status,
	    row->code, param, value, e->accepted, e->hint[0] != '\0' ? " " : "",
	    e->hint);
	if (e->param[0] == '\0')
		snprintf(out, size, "! %d %s: %s", row->status, row->code,
		    e->detail);
}

/* Printing and parsing again must lead to the same; else out says so. */
static void
round_trip(const struct state *s, const struct plan *p, char *out, size_t size)
{
	static char url[3 * PLAN_LINE];
	static char line[2][PLAN_LINE];
	struct dialect_in in = s->in;
	struct plan again;
	struct err e;
	struct slice rest;

	if (!s->dialect->print(p, url, sizeof(url), &e)) {
		snprintf(out, size, "cannot be printed: %s", e.detail);
		return;
	}
	rest = slice_of(url);
	in.path = slice_cut(&rest, '?');
	in.query = rest;
	plan_init(&again);
	if (!s->dialect->parse(&in, &again, &e)) {
		snprintf(out, size, "%s is refused: %s", url, e.detail);
		return;
	}
	plan_print(p, true, line[0]);
	plan_print(&again, true, line[1]);
	if (strcmp(line[0], line[1]) != 0)
		snprintf(out, size, "%s is %s", url, line[1]);
}

/* path: raw, with its query. */
static void
answer(const struct state *s, const char *path, char *out, size_t size,
    char *carries, size_t carries_size)
{
	static char line[PLAN_LINE];
	struct dialect_in in = s->in;
	struct slice rest = slice_of(path);
	struct claim claim;
	struct plan p;
	struct err e;

	assert(s->dialect != NULL);
	in.path = slice_cut(&rest, '?');
	in.query = rest;
	carries[0] = '\0';
	plan_init(&p);
	if (!s->dialect->claim(&in, &claim, &e) ||
	    !s->dialect->parse(&in, &p, &e) ||
	    !plan_check(&p, &everything, &e)) {
		error_text(s, &e, &p, out, size);
		return;
	}
	plan_print(&p, false, line);
	snprintf(out, size, "= %s", line);
	answer_text(&p, carries, carries_size);
	round_trip(s, &p, out, size);
}

/* ---- Files ---- */

static void
set_words(struct state *s, struct slice text, const char **words, size_t *n)
{
	*n = 0;
	while (text.at != NULL && *n < WORDS) {
		struct slice word = slice_cut(&text, ' ');

		if (word.len > 0)
			words[(*n)++] = arena_copy(s->arena, word);
	}
}

static void
set_stores(struct state *s, struct slice text)
{
	set_words(s, text, s->stores, &s->in.nstore);
	s->in.stores = s->stores;
	s->in.buckets = NULL;
	s->in.gaps = NULL;
}

static void
set_buckets(struct state *s, struct slice text)
{
	size_t n = 0;

	set_words(s, text, s->buckets, &n);
	assert(n == s->in.nstore);
	s->in.buckets = s->buckets;
}

static void
set_gaps(struct state *s, struct slice text)
{
	const char *words[WORDS];
	size_t n = 0;

	set_words(s, text, words, &n);
	assert(n == s->in.nstore);
	for (size_t i = 0; i < n; i++)
		s->gaps[i] = strcmp(words[i], "yes") == 0;
	s->in.gaps = s->gaps;
}

static void
set_formats(struct state *s, struct slice text)
{
	enum format format;

	s->in.formats = 0;
	while (text.at != NULL) {
		struct slice word = slice_cut(&text, ' ');

		if (word.len > 0) {
			bool found = format_find(word, &format);

			assert(found);
			s->in.formats |= FORMAT_BIT(format);
		}
	}
}

/* A line that sets something; false: it is none. */
static bool
directive(struct state *s, struct slice line)
{
	struct slice rest = line;
	struct slice word = slice_cut(&rest, ' ');
	char name[32];

	if (slice_is(word, "dialect")) {
		s->dialect = dialect_find(slice_copy(rest, name, 32));
		assert(s->dialect != NULL);
		s->in = (struct dialect_in){ .formats = 0 };
		set_stores(s, SLICE("file"));
	} else if (slice_is(word, "stores")) {
		set_stores(s, rest);
	} else if (slice_is(word, "buckets")) {
		set_buckets(s, rest);
	} else if (slice_is(word, "gaps")) {
		set_gaps(s, rest);
	} else if (slice_is(word, "formats")) {
		set_formats(s, rest);
	} else if (slice_is(word, "accept")) {
		s->in.accept = slice_of(arena_copy(s->arena, rest));
	} else {
		return false;
	}
	return true;
}

static const char *
request_path(struct state *s, const char *line)
{
	size_t len = strlen(line);
	char *path;

	if (line[0] == '/')
		return line;
	path = arena_alloc(s->arena, 2 * len + 8);
	path[0] = '/';
	codec_base64_encode((const uint8_t *)line, len, false, path + 1);
	return path;
}

static void
verdict(struct state *s, const char *request, const char *want, const char *got)
{
	bool same = strcmp(want, got) == 0;

	printf("%sok %u - %s %.200s\n", same ? "" : "not ", ++s->done,
	    s->dialect->name, request);
	if (same)
		return;
	printf("#  want %s\n#  got  %s\n", want, got);
	s->failed = true;
}

static bool
is_request(const char *line)
{
	return line[0] != '\0' && strchr("#=!+ \t", line[0]) == NULL;
}

/* Answers one request; the expected lines are compared, or written anew. */
static void
run_request(struct state *s, const char *request, const char *want,
    const char *want_carries, bool write)
{
	static char got[LINE_MAX_BYTES];
	static char carries[LINE_MAX_BYTES];

	answer(s, request_path(s, request), got, sizeof(got), carries,
	    sizeof(carries));
	if (write) {
		printf("%s\n", got);
		if (carries[0] != '\0')
			printf("+%s\n", carries);
		return;
	}
	verdict(s, request, want, got);
	if (carries[0] != '\0' || want_carries[0] != '\0')
		verdict(s, "  carries", want_carries, carries);
}

static bool
read_line(FILE *f, char *line, size_t size)
{
	if (fgets(line, (int)size, f) == NULL) {
		line[0] = '\0';
		return false;
	}
	line[strcspn(line, "\n")] = '\0';
	return true;
}

static void
run_file(struct state *s, const char *path, bool write)
{
	static char line[LINE_MAX_BYTES];
	static char request[LINE_MAX_BYTES];
	static char want[LINE_MAX_BYTES];
	FILE *f = fopen(path, "r");
	bool more;

	if (f == NULL) {
		perror(path);
		abort();
	}
	printf("# %s\n", path);
	more = read_line(f, line, sizeof(line));
	while (more) {
		if (write && line[0] != '=' && line[0] != '!' && line[0] != '+')
			printf("%s\n", line);
		if (!is_request(line) || directive(s, slice_of(line))) {
			more = read_line(f, line, sizeof(line));
			continue;
		}
		memcpy(request, line, sizeof(line));
		want[0] = '\0';
		more = read_line(f, line, sizeof(line));
		if (more && (line[0] == '=' || line[0] == '!')) {
			memcpy(want, line, sizeof(line));
			more = read_line(f, line, sizeof(line));
		}
		run_request(s, request, want,
		    more && line[0] == '+' ? line + 1 : "", write);
	}
	fclose(f);
}

static int
is_data(const struct dirent *entry)
{
	return slice_ends(slice_of(entry->d_name), SLICE(".txt"));
}

/* NOLINTBEGIN(concurrency-mt-unsafe): there is one thread. */
int
main(int argc, char **argv)
{
	struct state s = { .arena = arena_new(LINE_MAX_BYTES) };
	const char *src = getenv("PICTOR_SRC");
	struct dirent **entries;
	char path[4096];
	int n;

	if (argc > 2 && strcmp(argv[1], "--write") == 0) {
		for (int i = 2; i < argc; i++)
			run_file(&s, argv[i], true);
		return 0;
	}
	snprintf(
	    path, sizeof(path), "%s/tests/dialect", src != NULL ? src : ".");
	n = scandir(path, &entries, is_data, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/tests/dialect/%s",
		    src != NULL ? src : ".", entries[i]->d_name);
		run_file(&s, path, false);
		free(entries[i]);
	}
	if (n > 0)
		free(entries);
	arena_free(s.arena);
	printf("1..%u\n", s.done);
	return s.done > 0 && !s.failed ? 0 : 1;
}
/* NOLINTEND(concurrency-mt-unsafe) */
