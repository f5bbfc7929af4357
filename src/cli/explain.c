/* SPDX-License-Identifier: Apache-2.0 */
/* pictor explain URL: what the daemon would do, in words. */
#include <stdio.h>

#include "base/clock.h"
#include "base/codec.h"
#include "cli/cli.h"
#include "image/image.h"
#include "pipeline.h"

/* Cuts "https://host" off; what is left starts with '/'. */
static bool
split_url(
    struct slice url, struct slice *host, struct slice *uri, struct err *e)
{
	*host = SLICE("localhost");
	*uri = url;
	for (size_t i = 0; i + 3 <= url.len; i++) {
		if (memcmp(url.at + i, "://", 3) != 0)
			continue;
		*uri = slice_skip(url, i + 3);
		*host = *uri;
		host->len = slice_find(*uri, '/');
		*uri = slice_skip(*uri, host->len);
		host->len = slice_find(*host, ':');
		break;
	}
	if (uri->len == 0 || uri->at[0] != '/')
		return err_set(
		    e, ERR_SYSTEM, "a URL starts with / or with http://");
	return true;
}

static void
print_args(const struct plan *p, const struct arg_row *row, size_t n,
    const union arg *value, uint64_t set, const char *indent)
{
	char room[ARG_TEXT_MAX];

	for (size_t i = 0; i < n; i++) {
		struct slice text;

		if ((set & (UINT64_C(1) << i)) == 0)
			continue;
		text = plan_arg(p, &row[i], value[i], room);
		printf("%s%s = %.*s%s%s\n", indent, row[i].name,
		    SLICE_ARG(text),
		    row[i].unit[0] != '\0' && row[i].type != ARG_LENGTH ? " "
									: "",
		    row[i].type != ARG_LENGTH ? row[i].unit : "");
	}
}

static void
print_words(const struct request *r)
{
	const struct plan *p = r->plan;
	const struct format_row *format =
	    format_row((enum format)p->out.format);
	int n = 1;

	printf("what happens\n");
	printf("  %d. Read %.*s from the store %.*s.\n", n++,
	    SLICE_ARG(plan_slice(p, p->source[0].key)),
	    SLICE_ARG(plan_slice(p, p->source[0].store)));
	for (size_t i = 0; i < p->nstep; i++) {
		const struct plan_step *s = &p->step[i];
		const struct op_row *row = op_row((enum op)s->op);

		printf("  %d. %s: %s\n", n++, row->name, row->text);
		print_args(p, row->arg, row->narg, s->arg, s->set, "       ");
	}
	if (p->out.untouched != 0)
		printf("  %d. Answer the stored bytes as they are.\n", n);
	else
		printf(
		    "  %d. Write as %s: %s\n", n, format->name, format->text);
	print_args(p, out_row(OUT_QUALITY), OUT_COUNT, p->out.arg, p->out.set,
	    "       ");
}

static void
print_all(const struct request *r)
{
	char line[PLAN_LINE];
	char key[2 * DIGEST_SIZE + 1];

	plan_print(r->plan, false, line);
	codec_hex(r->key.byte, DIGEST_SIZE, key);
	printf("mount   %s at %s, language %s\n", r->route->mount->name,
	    r->route->mount->path, r->route->dialect->name);
	printf("plan    %s\n", line);
	printf("key     %s\n", key);
	printf("cost    about %.0f ms of CPU\n", plan_cost(r->plan, 0));
	print_words(r);
}

bool
cli_explain(const struct cli *cli, struct err *e)
{
	scoped_free struct request *r = xcalloc(1, sizeof(*r));
	struct conf *conf = NULL;
	bool ok = false;

	if (!split_url(slice_of(cli->arg[0]), &r->host, &r->uri, e) ||
	    !cli_conf(cli, SLICE(""), &conf, e))
		return false;
	r->method = SLICE("GET");
	if (!routes_new_take(conf, &r->routes, e))
		return false;
	ok = pipeline_parse(r, image_version());
	if (ok)
		print_all(r);
	else
		*e = r->err;
	request_fini(r);
	return ok;
}
