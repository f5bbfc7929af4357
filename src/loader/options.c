/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/options.h"

#include "base/codec.h"
#include "base/slice.h"
#include "conf/manual.h"

enum { SHOWN = 60, COLUMNS = 79, NEAR = 2 };

static const struct row {
	const char *name;
	const char *arg; /* NULL: it is a flag */
	const char *text;
	size_t offset;
	char letter;
} rows[] = {
#define OPTION_TEXT(field, name, letter, arg, text) \
	{ name, arg, text, offsetof(struct options, field), letter },
#define OPTION_FLAG(field, name, letter, text) \
	{ name, NULL, text, offsetof(struct options, field), letter },
#include "loader/option.def"
#undef OPTION_TEXT
#undef OPTION_FLAG
};

static bool
unknown(const char *arg, struct slice name, struct err *e)
{
	const char *best = NULL;
	size_t least = NEAR + 1;

	for (size_t i = 0; i < NELEM(rows); i++) {
		size_t far = codec_distance(name, slice_of(rows[i].name));

		if (far >= least)
			continue;
		least = far;
		best = rows[i].name;
	}
	return err_set(e, ERR_CONFIG, "there is no option %.*s%s%s%s", SHOWN,
	    arg, best != NULL ? "; did you mean --" : "; see --help",
	    best != NULL ? best : "", best != NULL ? "?" : "");
}

static const struct row *
find(struct slice name, bool is_letter)
{
	for (size_t i = 0; i < NELEM(rows); i++)
		if (is_letter ? name.len == 1 && rows[i].letter == name.at[0]
			      : slice_is(name, rows[i].name))
			return &rows[i];
	return NULL;
}

static bool
set(const struct row *row, const char *value, struct options *out,
    struct err *e)
{
	char *field = (char *)out + row->offset;
	bool on = true;

	if (row->arg == NULL) {
		if (value != NULL)
			return err_set(
			    e, ERR_CONFIG, "--%s takes no value", row->name);
		memcpy(field, &on, sizeof(on));
		return true;
	}
	if (value == NULL || value[0] == '\0')
		return err_set(e, ERR_CONFIG, "--%s needs a value: %s",
		    row->name, row->arg);
	memcpy(field, &value, sizeof(value));
	return true;
}

/* What cannot go together. */
static bool
check(const struct options *o, struct err *e)
{
	int ways = (o->from_file != NULL) + (o->from_spool != NULL) +
	    o->migrate + o->check;

	if (ways > 1)
		return err_set(e, ERR_CONFIG,
		    "of --from-file, --from-spool, --migrate and --check one "
		    "alone may be given");
	return true;
}

bool
options_read(int argc, char *const *argv, struct options *out, struct err *e)
{
	*out = (struct options){ 0 };
	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i];
		bool is_letter = arg[0] == '-' && arg[1] != '-';
		struct slice rest = slice_of(is_letter ? arg + 1 : arg + 2);
		const char *value = NULL;
		const struct row *row;
		struct slice name;

		if (arg[0] != '-' || arg[1] == '\0')
			return err_set(e, ERR_CONFIG,
			    "%.*s: arguments are not taken; see --help", SHOWN,
			    arg);
		name = is_letter ? rest : slice_cut(&rest, '=');
		if (!is_letter)
			value = rest.at;
		row = find(name, is_letter);
		if (row == NULL)
			return unknown(arg, name, e);
		if (row->arg != NULL && value == NULL && i + 1 < argc)
			value = argv[++i];
		if (!set(row, value, out, e))
			return false;
	}
	return check(out, e);
}

/* --- pages --- */

/* Words of the text in lines before column 80, behind an indent. */
static void
wrap(FILE *out, const char *text)
{
	struct slice rest = slice_of(text);
	size_t column = 0;

	while (rest.at != NULL) {
		struct slice word = slice_cut(&rest, ' ');

		if (column > 0 && column + 1 + word.len > COLUMNS) {
			fputc('\n', out);
			column = 0;
		}
		if (column == 0) {
			fprintf(out, "      ");
			column = 6;
		} else {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", SLICE_ARG(word));
		column += word.len;
	}
	fputc('\n', out);
}

void
options_help(FILE *out)
{
	fputs("usage: pictor-loader [OPTION ...]\n"
	      "\n"
	      "Loads image events from Kafka into PostgreSQL.\n"
	      "\n",
	    out);
	for (size_t i = 0; i < NELEM(rows); i++) {
		fprintf(out, "  -%c, --%s%s%s\n", rows[i].letter, rows[i].name,
		    rows[i].arg != NULL ? " " : "",
		    rows[i].arg != NULL ? rows[i].arg : "");
		wrap(out, rows[i].text);
	}
	fputs("\nKeys are those of [loader], [kafka] and [postgres]; the "
	      "manuals are\npictor-loader(8) and pictor.conf(5).\n",
	    out);
}

static const char *const before[] = {
	".\\\" SPDX-License-Identifier: Apache-2.0",
	".\\\" Generated from src/loader/option.def: make generated",
	".TH PICTOR-LOADER 8 \"\" Pictor \"System administration\"",
	".SH NAME",
	"pictor\\-loader \\- image events from Kafka into PostgreSQL",
	".SH SYNOPSIS",
	".B pictor\\-loader",
	".RI [ option \" ...]\"",
	".SH DESCRIPTION",
	".B pictor\\-loader",
	"reads the events of",
	".BR pictord (8)",
	"from a topic, a spool or a file, checks each by the events' schema,",
	"and writes them into a star schema of PostgreSQL, which Power BI and",
	".B pictor report",
	"read.",
	".PP",
	"Each event is there once, whatever is killed or restarted and when:",
	"rows are told apart by the event's id, and how far a partition or a",
	"spool was read is written in the transaction that loads it.",
	"Kafka's own offsets are committed too, but only for those who watch",
	"the lag.",
	"Several loaders share a topic's partitions.",
	"When PostgreSQL is away nothing more is read, and nothing is lost.",
	".PP",
	"An event that is not by the schema, or that the database refuses, is",
	"put into the table",
	".B pictor.dead_letter",
	"with the reason.",
	"A loader must know the schema of the events, so it is upgraded before",
	"the servers are.",
	"Events older than",
	".B keep",
	"of [loader] are counted and dropped.",
	".PP",
	"Messages that Kafka's retention removed before they were loaded are",
	"told in the log, by topic, partition and offsets, and counted by",
	".BR pictor_loader_messages_gone_total ;",
	"loading goes on with the oldest that is there.",
	"So is a topic that was made anew and is shorter than what was loaded",
	"of the one before: it is loaded from its beginning.",
	"A new topic that is longer cannot be told from the old one, so one",
	"that is made anew is given another name, or",
	".B group",
	"of [loader] is.",
	".SH OPTIONS",
};

static const char *const after[] = {
	".SH DATABASE",
	"The schema is made by numbered migrations, which the program",
	"applies by itself where it may.",
	"Schema",
	".B bi",
	"is what is read:",
	".B fact_request",
	"and",
	".BR fact_image ,",
	"partitioned by the day of the event, and their dimensions.",
	"Schema",
	".B pictor",
	"is the loader's own.",
	"All times are UTC.",
	".PP",
	"Role",
	".B pictor_loader",
	"may write,",
	".B pictor_bi",
	"may read",
	".B bi",
	"alone, and of it the tenants that the table",
	".B pictor.access",
	"names for a role of which the reader is a member; * is all of them.",
	"Neither can log in. As the owner of an empty database:",
	".PP",
	".EX",
	"pictor\\-loader \\-\\-config pictor.conf \\-\\-migrate",
	"psql pictor <<'END'",
	"CREATE ROLE loader LOGIN PASSWORD '...' IN ROLE pictor_loader;",
	"CREATE ROLE analyst LOGIN PASSWORD '...' IN ROLE pictor_bi;",
	"INSERT INTO pictor.access VALUES ('analyst', '*');",
	"END",
	".EE",
	".PP",
	"The loader needs a session of its own: a pooler in front must pool",
	"sessions, not transactions.",
	".SH SIGNALS",
	".TP",
	".BR SIGTERM \", \" SIGINT",
	"Load what was read, leave the group, exit.",
	".TP",
	".B SIGHUP",
	"Load what was read, read the configuration anew, go on with it: by",
	"new connections to Kafka and PostgreSQL, as another member of the",
	"group.",
	"A configuration that is wrong changes nothing, the log says why.",
	"With",
	".BR \\-\\-once \" and \" \\-\\-from\\-file",
	"it is not heeded.",
	".SH EXIT STATUS",
	".TP",
	".B 0",
	"It was asked to end and did, or all that there was is loaded.",
	".TP",
	".B 1",
	"It could not start, or not go on; standard error says why.",
	".TP",
	".B 2",
	"The command line is wrong.",
	".SH SEE ALSO",
	".BR pictor.conf (5),",
	".BR pictord (8),",
	".BR pictor (1)",
};

static void
put_lines(FILE *out, const char *const *lines, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s\n", lines[i]);
}

void
options_manual(FILE *out)
{
	put_lines(out, before, NELEM(before));
	for (size_t i = 0; i < NELEM(rows); i++) {
		fprintf(out, ".TP\n\\fB\\-%c\\fP, \\fB\\-\\-", rows[i].letter);
		manual_word(out, rows[i].name);
		fputs("\\fP", out);
		if (rows[i].arg != NULL)
			fprintf(out, " \\fI%s\\fP", rows[i].arg);
		fputc('\n', out);
		manual_text(out, rows[i].text);
	}
	put_lines(out, after, NELEM(after));
}
