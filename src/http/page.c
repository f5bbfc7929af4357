/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /: sample images through live transforms. Each transform of the page is
 * asked of the pipeline like any request, before the page is answered, so that
 * the figures beside the pictures are true at the first look.
 */
#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/codec.h"
#include "http/front.h"
#include "http/page/text.h"
#include "pipeline.h"

enum {
	TRANSFORMS = 6, /* most of one sample */
	URI_MAX = 160,
	TEXT_MAX = 512,
	HTML_MAX = 65536,
	ARENA_FIRST = 512
};

/* The images that `make run` generates. */
static const struct sample {
	const char *path;
	const char *title;
	const char *text;
	struct {
		const char *title;
		const char *query;
	} transform[TRANSFORMS];
} samples[] = {
	{ "/photo.jpg", "A photograph",
	    "Made smaller and encoded anew: the same quality in each format.",
	    { { "Resized", "width=600" },
		{ "As WebP", "width=600&format=webp" },
		{ "As AVIF", "width=600&format=avif" },
		{ "Cut to what draws the eye",
		    "width=400&height=400&position=attention&format=webp" },
		{ "Grey, turned and sharpened",
		    "width=400&rotate=90&grayscale&sharpen" },
		{ "Blurred", "width=400&blur=8&format=webp" } } },
	{ "/alpha.png", "Clear pixels",
	    "Kept where the format can hold them, laid on a colour where not.",
	    { { "Resized", "width=300" },
		{ "As WebP", "width=300&format=webp" },
		{ "On a colour", "width=300&flatten=ffcc00&format=jpeg" } } },
	{ "/animation.gif", "An animation",
	    "Every frame is resized; WebP holds the same in fewer bytes.",
	    { { "Resized", "width=200" },
		{ "As animated WebP", "width=200&format=webp" },
		{ "One frame", "width=200&page=0&format=png" } } },
	{ "/wide-gamut.jpg", "Wide colours",
	    "Converted to sRGB, which every screen shows, or left as they are.",
	    { { "In sRGB", "width=400" },
		{ "In its own profile", "width=400&profile=original" } } },
};

struct page;

struct run {
	struct request r;
	struct page *page;
	char uri[URI_MAX];
};

struct page {
	void (*ready)(void *owner);
	void *owner;
	_Atomic unsigned left; /* runs that are not answered yet */
	struct run run[NELEM(samples)][TRANSFORMS];
};

/* --- making the samples --- */

static void
run_park(struct request *r)
{
	(void)r;
}

static bool
run_holds(struct request *r, const struct cache_entry *entry)
{
	(void)r;
	(void)entry;
	return false;
}

static struct slice
run_header(struct request *r, const char *name)
{
	(void)r;
	(void)name;
	return (struct slice){ NULL, 0 };
}

/* Nothing is sent. */
static void
run_decide(struct request *r)
{
	r->status =
	    r->err.code != ERR_NONE ? err_row(r->err.code)->status : 200;
}

static void
page_count_down(struct page *page)
{
	void (*ready)(void *owner) = page->ready;
	void *owner = page->owner;

	/* After the last one the page may be gone. */
	if (atomic_fetch_sub(&page->left, 1) == 1)
		ready(owner);
}

static void
run_answer(struct request *r, bool parked)
{
	struct run *run = r->client;

	(void)parked;
	page_count_down(run->page);
}

static const struct client_ops run_ops = { .park = run_park,
	.holds = run_holds,
	.header = run_header,
	.decide = run_decide,
	.answer = run_answer };

static void
run_start(struct front *f, struct run *run, const struct request *of)
{
	struct request *r = &run->r;

	r->ops = &run_ops;
	r->client = run;
	r->arena = arena_new(ARENA_FIRST);
	r->method = SLICE("GET");
	r->uri = slice_of(run->uri);
	r->host = of->host;
	r->user_agent = SLICE("pictor-page");
	memcpy(r->id, of->id, sizeof(r->id));
	memcpy(r->viewer, of->viewer, sizeof(r->viewer));
	r->start_ns = clock_ns();
	r->start_wall_ns = clock_wall_ns();
	pipeline_start(f->pipeline, r);
}

struct page *
page_start(struct front *f, const struct request *r, void (*ready)(void *owner),
    void *owner)
{
	struct page *page = xcalloc(1, sizeof(*page));

	page->ready = ready;
	page->owner = owner;
	/* One more, so that it is not ready before all have begun. */
	atomic_init(&page->left, 1);
	for (size_t i = 0; i < NELEM(samples); i++) {
		for (size_t k = 0; k < TRANSFORMS; k++) {
			const char *query = samples[i].transform[k].query;
			struct run *run = &page->run[i][k];

			if (query == NULL)
				break;
			run->page = page;
			(void)snprintf(run->uri, sizeof(run->uri), "%s?%s",
			    samples[i].path, query);
			atomic_fetch_add(&page->left, 1);
			run_start(f, run, r);
		}
	}
	page_count_down(page);
	return page;
}

void
page_free(struct page *page)
{
	if (page == NULL)
		return;
	for (size_t i = 0; i < NELEM(samples); i++) {
		for (size_t k = 0; k < TRANSFORMS; k++) {
			request_fini(&page->run[i][k].r);
			arena_free(page->run[i][k].r.arena);
		}
	}
	free(page);
}

/* --- the page as text --- */

struct html {
	char *out;
	size_t used;
};

/* What stands for "{name}" in page.html. */
struct word {
	const char *name;
	const char *value;
};

static void
put(struct html *h, const char *text, size_t len)
{
	assert(len < HTML_MAX - h->used);
	memcpy(h->out + h->used, text, len);
	h->used += len;
}

static const char *
word_value(const struct word *words, struct slice name)
{
	while (words->name != NULL && !slice_is(name, words->name))
		words++;
	assert(words->name != NULL);
	return words->value;
}

/* Copies a piece of page.html with its words filled in, escaped. */
static void
put_piece(struct html *h, const char *piece, const struct word *words)
{
	struct slice rest = slice_of(piece);

	while (rest.at != NULL) {
		struct slice text = slice_cut(&rest, '{');

		put(h, text.at, text.len);
		if (rest.at == NULL)
			return;
		h->used += codec_html_escape(
		    slice_of(word_value(words, slice_cut(&rest, '}'))),
		    h->out + h->used, HTML_MAX - h->used);
	}
}

static const struct word no_words[] = { { NULL, NULL } };

static void
print_size(uint64_t bytes, char out[TEXT_MAX])
{
	if (bytes < 1000)
		(void)snprintf(out, TEXT_MAX, "%u bytes", (unsigned)bytes);
	else if (bytes < 100000)
		(void)snprintf(out, TEXT_MAX, "%u.%u kB",
		    (unsigned)(bytes / 1000), (unsigned)(bytes / 100 % 10));
	else
		(void)snprintf(
		    out, TEXT_MAX, "%llu kB", (unsigned long long)bytes / 1000);
}

static void
print_time(int64_t ns, char out[TEXT_MAX])
{
	int64_t us = ns / 1000;

	(void)snprintf(out, TEXT_MAX, us < 10000 ? "%d.%d ms" : "%d ms",
	    (int)(us / 1000), (int)(us / 100 % 10));
}

/* Numbers of one picture, as text. */
struct figures {
	char width[TEXT_MAX], height[TEXT_MAX], size[TEXT_MAX], time[TEXT_MAX];
};

static void
figures_of(const struct image_size *size, uint64_t bytes, int64_t ns,
    struct figures *out)
{
	(void)snprintf(out->width, TEXT_MAX, "%u", size->width);
	(void)snprintf(out->height, TEXT_MAX, "%u", size->height);
	print_size(bytes, out->size);
	print_time(ns, out->time);
}

static const char *
format_name(uint32_t format)
{
	return format_row((enum format)format)->name;
}

static void
put_run(struct html *h, const struct run *run, const char *title)
{
	const struct request *r = &run->r;
	const struct facts *facts = NULL;
	struct figures n;

	if (r->err.code != ERR_NONE) {
		put_piece(h, page_failure,
		    (struct word[]){ { "path", run->uri }, { "title", title },
			{ "text", err_row(r->err.code)->text },
			{ NULL, NULL } });
		return;
	}
	facts = &r->entry->facts;
	figures_of(&facts->result, facts->result_bytes,
	    facts->open_ns + facts->work_ns, &n);
	put_piece(h, page_result,
	    (struct word[]){ { "path", run->uri }, { "title", title },
		{ "width", n.width }, { "height", n.height },
		{ "format", format_name(facts->to) }, { "size", n.size },
		{ "time", n.time }, { NULL, NULL } });
}

/* The first run that says something of the original. */
static const struct facts *
sample_facts(const struct run run[TRANSFORMS])
{
	for (size_t k = 0; k < TRANSFORMS; k++)
		if (run[k].r.entry != NULL)
			return &run[k].r.entry->facts;
	return NULL;
}

static bool
put_sample(struct html *h, const struct sample *sample,
    const struct run run[TRANSFORMS])
{
	const struct facts *facts = sample_facts(run);
	struct figures n;

	if (facts == NULL && run[0].r.err.code == ERR_NO_SOURCE)
		return false;
	if (facts == NULL)
		facts = &(const struct facts){ 0 };
	figures_of(&facts->original, facts->original_bytes, 0, &n);
	put_piece(h, page_sample,
	    (struct word[]){ { "path", sample->path },
		{ "title", sample->title }, { "text", sample->text },
		{ "width", n.width }, { "height", n.height },
		{ "format", format_name(facts->from) }, { "size", n.size },
		{ NULL, NULL } });
	for (size_t k = 0; k < TRANSFORMS; k++)
		if (sample->transform[k].query != NULL)
			put_run(h, &run[k], sample->transform[k].title);
	put_piece(h, page_sample_end, no_words);
	return true;
}

const struct own *
page_print(struct page *page, struct arena *arena)
{
	struct html h = { arena_alloc(arena, HTML_MAX), 0 };
	size_t shown = 0;

	put_piece(&h, page_top, no_words);
	for (size_t i = 0; i < NELEM(samples); i++)
		shown += put_sample(&h, &samples[i], page->run[i]);
	if (shown == 0)
		put_piece(&h, page_none, no_words);
	put_piece(&h, page_end, no_words);
	return own_page(arena, h.out, h.used);
}
