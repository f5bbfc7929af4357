/* SPDX-License-Identifier: Apache-2.0 */
/* pictor formats: what this build and its libvips read and write. */
#include "base/json_out.h"
#include "cli/cli.h"
#include "cli/show.h"
#include "dialect/dialect.h"
#include "image/image.h"

/* One format, and what of it there is. */
struct state {
	const struct format_row *row;
	enum format format;
	bool reads, writes;
};

static struct state
look(unsigned f)
{
	struct state s = { .row = format_row((enum format)f),
		.format = (enum format)f };

	s.reads = (s.row->flags & F_LOAD) != 0 &&
	    (image_can_load() & FORMAT_BIT(f)) != 0;
	s.writes = (s.row->flags & F_SAVE) != 0 &&
	    (image_can_save() & FORMAT_BIT(f)) != 0;
	return s;
}

/* Not meant to be, there, or meant to be and not in this libvips. */
static const char *
there(const struct state *s, unsigned flag, bool is)
{
	if ((s->row->flags & flag) == 0)
		return "-";
	return is ? "yes" : "missing";
}

static bool
has(const struct state *s, unsigned flag)
{
	return (s->row->flags & flag) != 0;
}

/* What the query language has a parameter for. */
static bool
has_option(const struct state *s, int out)
{
	const struct dialect *query = dialect_find("query");
	struct dialect_word word;

	if (!has(s, F_SAVE) || !out_matters((enum out)out, s->format))
		return false;
	for (size_t i = 0; query->word(i, &word); i++)
		if (word.arg == out_row((enum out)out))
			return true;
	return false;
}

static void
json_format(const struct state *s)
{
	struct json_out j = { .file = stdout };

	json_put_open(&j, NULL, '{');
	json_put_text(&j, "name", slice_of(s->row->name));
	json_put_text(&j, "media_type", slice_of(s->row->media_type));
	json_put_text(&j, "extension", slice_of(s->row->extension));
	json_put_bool(&j, "reads", s->reads);
	json_put_bool(&j, "writes", s->writes);
	json_put_bool(&j, "alpha", has(s, F_ALPHA));
	json_put_bool(&j, "animation", has(s, F_ANIMATION));
	json_put_bool(&j, "risky", has(s, F_RISKY));
	json_put_number(&j, "longest_side", s->row->max_side);
	json_put_open(&j, "options", '[');
	for (int i = 0; i < OUT_COUNT; i++)
		if (has_option(s, i))
			json_put_text(
			    &j, NULL, slice_of(out_row((enum out)i)->name));
	json_put_close(&j, ']');
	json_put_close(&j, '}');
	fputc('\n', stdout);
}

static void
print_format(const struct state *s)
{
	char head[32];

	(void)snprintf(head, sizeof(head), "%s: ", s->row->name);
	cli_wrap(stdout, head, "    ", s->row->text);
	printf("\n  media type    %s\n  ending        .%s\n",
	    s->row->media_type, s->row->extension);
	printf("  reads         %s\n", there(s, F_LOAD, s->reads));
	printf("  writes        %s\n", there(s, F_SAVE, s->writes));
	printf("  transparency  %s\n", has(s, F_ALPHA) ? "yes" : "no");
	printf("  animation     %s\n", has(s, F_ANIMATION) ? "yes" : "no");
	if (s->row->max_side > 0)
		printf("  longest side  %u px\n", s->row->max_side);
	if (has(s, F_RISKY))
		printf("  worker        replaced after each image: its decoder "
		       "is a large one\n");
	if (!has(s, F_SAVE))
		return;
	printf("\nOptions of its encoder, as parameters of the query "
	       "language:\n");
	for (int i = 0; i < OUT_COUNT; i++)
		if (has_option(s, i))
			show_arg(out_row((enum out)i));
}

static int
print_list(const struct cli *cli)
{
	if (!cli->json)
		printf("%s\n\n  %-7s %-8s %-8s %-6s %-10s %s\n",
		    image_version(), "name", "reads", "writes", "alpha",
		    "animation", "media type");
	for (unsigned f = FORMAT_FIRST; f < FORMAT_COUNT; f++) {
		struct state s = look(f);

		if (cli->json) {
			json_format(&s);
			continue;
		}
		printf("  %-7s %-8s %-8s %-6s %-10s %s\n", s.row->name,
		    there(&s, F_LOAD, s.reads), there(&s, F_SAVE, s.writes),
		    has(&s, F_ALPHA) ? "yes" : "-",
		    has(&s, F_ANIMATION) ? "yes" : "-", s.row->media_type);
	}
	if (!cli->json)
		printf("\nmissing: this libvips was built without it. pictor "
		       "formats NAME says more.\n");
	return STATUS_OK;
}

int
cli_formats(const struct cli *cli)
{
	struct cli_near near = { .word = slice_of(cli->arg[0]) };
	char hint[64];
	enum format format;
	struct state s;

	if (cli->narg == 0)
		return print_list(cli);
	if (format_find(near.word, &format) &&
	    format >= (enum format)FORMAT_FIRST) {
		s = look(format);
		(cli->json ? json_format : print_format)(&s);
		return STATUS_OK;
	}
	for (unsigned f = FORMAT_FIRST; f < FORMAT_COUNT; f++)
		cli_near_try(&near, format_row((enum format)f)->name);
	cli_near_print(&near, hint, sizeof(hint));
	cli_complain("there is no format %.40s%s", cli->arg[0],
	    near.best != NULL ? hint : "; see pictor formats");
	return STATUS_USAGE;
}
