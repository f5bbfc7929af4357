/* SPDX-License-Identifier: Apache-2.0 */
/* pictor explain URL: what the daemon would do, in words. */
#include "base/codec.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "image/image.h"
#include "pipeline.h"

static void
print_args(const struct plan *p, const struct arg_row *row, size_t n,
    const union arg *value, uint64_t set)
{
	char room[ARG_TEXT_MAX];

	for (size_t i = 0; i < n; i++) {
		struct slice text;
		bool unit = row[i].type == ARG_NUM || row[i].type == ARG_WHOLE;

		if ((set & (UINT64_C(1) << i)) == 0)
			continue;
		text = row[i].type == ARG_BOOL
		    ? value[i].on ? SLICE("true") : SLICE("false")
		    : plan_arg(p, &row[i], value[i], room);
		printf("       %s = %.*s%s%s\n", row[i].name, SLICE_ARG(text),
		    unit && row[i].unit[0] != '\0' ? " " : "",
		    unit ? row[i].unit : "");
	}
}

/* "  3. resize: Scale the image to a box." */
static void
print_point(int *n, const char *word, const char *text)
{
	char head[64];

	(void)snprintf(head, sizeof(head), "  %d. %.40s%s", ++*n, word,
	    word[0] ? ": " : "");
	cli_wrap(stdout, head, "     ", text);
}

static void
print_reading(const struct plan *p, int *n)
{
	char text[2048];

	for (size_t i = 0; i < p->nsource; i++) {
		(void)snprintf(text, sizeof(text),
		    "%.*s is read from the store %.*s%s",
		    SLICE_ARG(plan_slice(p, p->source[i].key)),
		    SLICE_ARG(plan_slice(p, p->source[i].store)),
		    i > 0 ? ", to be laid over it." : ".");
		print_point(n, "", text);
	}
	if (p->in.page > 0 || p->in.pages > 0) {
		(void)snprintf(text, sizeof(text),
		    "Of its pages or frames number %d and those behind it, "
		    "%d at most, are taken.",
		    (int)p->in.page, p->in.pages > 0 ? (int)p->in.pages : -1);
		if (p->in.pages == 1)
			(void)snprintf(text, sizeof(text),
			    "Of its pages or frames number %d alone is taken.",
			    (int)p->in.page);
		else if (p->in.pages <= 0)
			(void)snprintf(text, sizeof(text),
			    "Of its pages or frames number %d and those behind "
			    "it are taken.",
			    (int)p->in.page);
		print_point(n, "", text);
	}
}

/* What happens to colours and metadata, which nobody asks for by name. */
static void
print_carried(const struct plan *p, int *n)
{
	const struct arg_row *keep = out_row(OUT_KEEP);
	union arg kept = out_get(p, OUT_KEEP);
	bool srgb = out_get(p, OUT_PROFILE).pick == PROFILE_SRGB;
	char room[ARG_TEXT_MAX];
	char text[512];

	(void)snprintf(text, sizeof(text), "Colours %s; metadata %s%.*s.",
	    srgb ? "become sRGB" : "stay in the original's profile",
	    kept.set == 0 ? "is taken away" : "is kept: ",
	    kept.set == 0 ? 0 : 64,
	    kept.set == 0 ? "" : plan_arg(p, keep, kept, room).at);
	print_point(n, "", text);
}

static void
print_words(const struct request *r)
{
	const struct plan *p = r->plan;
	const struct format_row *format =
	    format_row((enum format)p->out.format);
	char word[64];
	int n = 0;

	printf("\nWhat happens:\n");
	print_reading(p, &n);
	if (p->out.untouched != 0) {
		print_point(
		    &n, "", "The stored bytes are answered as they are.");
		return;
	}
	for (size_t i = 0; i < p->nstep; i++) {
		const struct plan_step *s = &p->step[i];
		const struct op_row *row = op_row((enum op)s->op);

		print_point(&n, row->name, row->text);
		print_args(p, row->arg, row->narg, s->arg, s->set);
	}
	print_carried(p, &n);
	(void)snprintf(word, sizeof(word), "It is written as %s", format->name);
	print_point(&n, word, format->text);
	print_args(p, out_row(OUT_QUALITY), OUT_COUNT, p->out.arg, p->out.set);
}

static void
print_all(const struct request *r)
{
	char line[PLAN_LINE];
	char key[2 * DIGEST_SIZE + 1];

	plan_print(r->plan, false, line);
	codec_hex(r->key.byte, DIGEST_SIZE, key);
	printf("mount  %s at %s, language %s\n", r->route->mount->name,
	    r->route->mount->path, r->route->dialect->name);
	cli_wrap(stdout, "plan   ", "       ", line);
	printf("key    %s\n", key);
	printf("cost   about %.0f ms of CPU%s\n", plan_cost(r->plan, 0),
	    r->plan->out.untouched != 0
		? ""
		: ", more if the original is much larger");
	print_words(r);
}

int
cli_explain(const struct cli *cli)
{
	scoped_free struct request *r = xcalloc(1, sizeof(*r));
	struct conf *conf = NULL;
	struct err e;
	bool ok = false;

	if (!cli_split_url(slice_of(cli->arg[0]), &r->host, &r->uri, &e) ||
	    !cli_conf(cli, SLICE(""), &conf, &e))
		return cli_fail(&e);
	r->method = SLICE("GET");
	r->accept = slice_of(cli->accept);
	if (!routes_new_take(conf, &r->routes, &e))
		return cli_fail(&e);
	ok = pipeline_parse(r, image_version());
	if (ok)
		print_all(r);
	else
		(void)cli_fail(&r->err);
	request_fini(r);
	return ok ? STATUS_OK : STATUS_FAILED;
}
