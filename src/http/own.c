/* SPDX-License-Identifier: Apache-2.0 */
/* Small answers of the daemon's own, and what OPTIONS says. */
#include <assert.h>
#include <stdio.h>

#include "http/front.h"
#include "http/page/text.h"

/* Nothing is loaded from elsewhere, nothing runs, nobody frames it. */
#define PAGE_POLICY                                              \
	"default-src 'none'; style-src 'self'; img-src 'self'; " \
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
#define METHODS "GET, HEAD, OPTIONS"
#define A_DAY   "public, max-age=86400"
#define HTML    "text/html; charset=utf-8"

static const char robots[] = "User-agent: *\nDisallow: /-/\n";

static const struct {
	struct slice path;
	struct own own;
} pages[] = {
	/* No icon; said so that browsers stop asking. */
	{ SLICE("/favicon.ico"), { .status = 204, .cache_control = A_DAY } },
	{ SLICE("/robots.txt"),
	    { .status = 200,
		.media_type = "text/plain; charset=utf-8",
		.body = robots,
		.size = sizeof(robots) - 1,
		.cache_control = A_DAY } },
	{ SLICE("/-/page.css"),
	    { .status = 200,
		.media_type = "text/css; charset=utf-8",
		.body = page_css,
		.size = sizeof(page_css) - 1,
		.cache_control = "no-cache" } },
};

static const struct own options = { .status = 204, .methods = METHODS };

const struct own *
own_page(struct arena *arena, const char *html, size_t size)
{
	struct own *own = arena_alloc(arena, sizeof(*own));

	*own = (struct own){ .status = 200,
		.media_type = HTML,
		.body = html,
		.size = size,
		.cache_control = "no-cache",
		.policy = PAGE_POLICY };
	return own;
}

/* What every problem's "type" leads to: all codes and what they mean. */
static const struct own *
errors_page(struct arena *arena)
{
	enum { ROW_MAX = 512 };
	size_t room = sizeof(errors_top) + sizeof(errors_end) +
	    (size_t)ERR_COUNT * ROW_MAX;
	char *html = arena_alloc(arena, room);
	char *at = stpcpy(html, errors_top);

	for (int i = ERR_NONE + 1; i < ERR_COUNT; i++) {
		const struct err_row *row = err_row((enum err_code)i);

		int n = snprintf(at, ROW_MAX,
		    "<dt id=\"%s\"><code>%s</code> %d</dt>\n<dd>%s</dd>\n",
		    row->code, row->code, row->status, row->text);

		assert(n > 0 && n < ROW_MAX);
		at += n;
	}
	at = stpcpy(at, errors_end);
	return own_page(arena, html, (size_t)(at - html));
}

const struct own *
own_find(struct request *r)
{
	struct slice rest = r->uri;
	struct slice path = slice_cut(&rest, '?');
	const struct own *own = NULL;

	if (slice_is(r->method, "OPTIONS"))
		return &options;
	for (size_t i = 0; i < NELEM(pages); i++)
		if (slice_eq(path, pages[i].path))
			own = &pages[i].own;
	if (slice_is(path, "/-/errors"))
		own = errors_page(r->arena);
	return own;
}
