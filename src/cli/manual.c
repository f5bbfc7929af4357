/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pictor(1), pictor-url(7) and pictor-ops(7), from the tables: a new row is in
 * the manual by itself.
 */
#include "cli/manual.h"

#include <assert.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/show.h"
#include "conf/manual.h"
#include "dialect/dialect.h"

static void
put_lines(FILE *out, const char *const *lines)
{
	for (; *lines != NULL; lines++)
		fprintf(out, "%s\n", *lines);
}

/* Each paragraph and each sentence on lines of their own. */
static void
put_paragraphs(FILE *out, const char *text)
{
	struct slice rest = slice_of(text);

	while (rest.at != NULL) {
		char line[2048];

		slice_copy(slice_cut(&rest, '\n'), line, sizeof(line));
		manual_text(out, line);
		if (rest.at != NULL)
			fputs(".PP\n", out);
	}
}

static void
put_bold(FILE *out, const char *text)
{
	fputs("\\fB", out);
	manual_word(out, text);
	fputs("\\fP", out);
}

/* ---- pictor.1 ---- */

static void
put_synopsis(FILE *out, const struct command_row *row)
{
	fputs("\\fBpictor ", out);
	manual_word(out, row->name);
	fputs("\\fP [\\fIoption\\fP ...]", out);
	if (row->args[0] != '\0') {
		fputs(" \\fI", out);
		manual_word(out, row->args);
		fputs("\\fP", out);
	}
	fputc('\n', out);
}

static void
put_option(FILE *out, const struct option_row *row)
{
	char limits[96];

	fputs(".TP\n", out);
	if (row->letter != '\0')
		fprintf(out, "\\fB\\-%c\\fP, ", row->letter);
	fputs("\\fB\\-\\-", out);
	manual_word(out, row->name);
	fputs("\\fP", out);
	if (row->arg != NULL)
		fprintf(out, " \\fI%s\\fP", row->arg);
	fputc('\n', out);
	manual_text(out, row->text);
	option_limits(row, limits, sizeof(limits));
	if (limits[0] != '\0')
		manual_text(out, limits);
}

static void
put_command(FILE *out, enum command command)
{
	const struct command_row *row = command_row(command);

	fprintf(out, ".SS %s\n", row->name);
	put_synopsis(out, row);
	fputs(".PP\n", out);
	put_paragraphs(out, row->more);
	for (size_t i = 0; option_row(i) != NULL; i++)
		if (option_row(i)->on != ~0U &&
		    (option_row(i)->on & 1U << command) != 0)
			put_option(out, option_row(i));
	for (size_t i = 0; command_example(command, i) != NULL; i++) {
		const struct example_row *e = command_example(command, i);

		fputs(".PP\n", out);
		manual_text(out, e->text);
		fputs(".PP\n.EX\n", out);
		manual_word(out, e->line);
		fputs("\n.EE\n", out);
	}
}

static void
print_pictor(FILE *out)
{
	put_lines(out, page_pictor_before);
	fputs(".SH SYNOPSIS\n.nf\n", out);
	for (int i = 0; i < COMMAND_COUNT; i++)
		put_synopsis(out, command_row((enum command)i));
	fputs(".fi\n"
	      ".SH DESCRIPTION\n"
	      ".B pictor\n"
	      "does what the image server\n"
	      ".BR pictord (8)\n"
	      "does, with the same code, by hand: decoders run in sandboxed\n"
	      "processes here, too.\n"
	      ".PP\n"
	      "Options may stand anywhere; behind\n"
	      ".B \\-\\-\n"
	      "nothing is an option.\n"
	      "Every command takes:\n",
	    out);
	for (size_t i = 0; option_row(i) != NULL; i++)
		if (option_row(i)->on == ~0U)
			put_option(out, option_row(i));
	fputs(".SH COMMANDS\n", out);
	for (int i = 0; i < COMMAND_COUNT; i++)
		put_command(out, (enum command)i);
	put_lines(out, page_pictor_after);
}

/* ---- pictor-url.7 ---- */

static void
put_value(FILE *out, const struct dialect_word *word)
{
	char text[SHOW_MAX];
	char line[SHOW_MAX + 32];

	if (word->value == NULL && word->arg != NULL)
		arg_accepted(word->arg, text, sizeof(text));
	else
		(void)snprintf(text, sizeof(text), "%s",
		    word->value != NULL ? word->value : "");
	if (text[0] != '\0') {
		(void)snprintf(line, sizeof(line), "Value: %s.", text);
		fputs(".br\n", out);
		manual_text(out, line);
	}
	if (word->def == NULL && word->arg != NULL)
		show_default(word->arg, text, sizeof(text));
	else
		(void)snprintf(text, sizeof(text), "%s",
		    word->def != NULL ? word->def : "");
	if (text[0] != '\0') {
		(void)snprintf(line, sizeof(line), "Default: %s.", text);
		fputs(".br\n", out);
		manual_text(out, line);
	}
}

/* Not hyphenated, for it can be copied; but it may end a line behind an &. */
static void
put_example(FILE *out, const char *example)
{
	struct slice rest = slice_of(example);

	if (example[0] == '\0')
		return;
	fputs(".br\nExample: \\%\\fB", out);
	while (rest.at != NULL) {
		char piece[128];

		slice_copy(slice_cut(&rest, '&'), piece, sizeof(piece));
		manual_word(out, piece);
		if (rest.at != NULL)
			fputs("&\\:", out);
	}
	fputs("\\fP\n", out);
}

static void
put_param(FILE *out, const struct dialect_word *word)
{
	assert(word->text != NULL || word->arg != NULL || word->op != NULL);
	fputs(".TP\n", out);
	put_bold(out, word->name);
	for (size_t i = 0; word->alias[i] != NULL; i++) {
		fputs(", ", out);
		put_bold(out, word->alias[i]);
	}
	fputc('\n', out);
	manual_text(out,
	    word->text != NULL      ? word->text
		: word->arg != NULL ? word->arg->text
				    : word->op->text);
	put_value(out, word);
	put_example(out, word->example);
}

/* blur=SIGMA,PRECISION,MIN_AMPLITUDE */
static void
put_operation(FILE *out, const struct dialect_word *word)
{
	const struct op_row *row = word->op;

	assert(word->text != NULL || word->arg != NULL || word->op != NULL);
	fputs(".TP\n", out);
	put_bold(out, word->name);
	fputs(row->narg > 0 ? "=\\fI" : "=true", out);
	for (size_t i = 0; i < row->narg; i++) {
		fputs(i > 0 ? "," : "", out);
		manual_word(out, row->arg[i].name);
	}
	fputs(row->narg > 0 ? "\\fP\n" : "\n", out);
	manual_text(out, row->text);
	put_example(out, word->example);
}

static void
put_edit(FILE *out, const struct dialect_word *word)
{
	assert(word->text != NULL || word->arg != NULL || word->op != NULL);
	fputs(".TP\n", out);
	put_bold(out, word->name);
	fputc('\n', out);
	manual_text(out, word->text != NULL ? word->text : word->op->text);
	if (word->value != NULL)
		put_value(out, word);
	else
		fputs(".br\nValue: as sharp's method takes it.\n", out);
}

static void
print_url(FILE *out)
{
	const struct dialect *query = dialect_find("query");
	const struct dialect *dit = dialect_find("dit");
	struct dialect_word word;

	put_lines(out, page_url_before);
	for (size_t i = 0; query->word(i, &word); i++)
		if (word.op == NULL)
			put_param(out, &word);
	put_lines(out, page_url_operations);
	for (size_t i = 0; query->word(i, &word); i++)
		if (word.op != NULL)
			put_operation(out, &word);
	put_lines(out, page_url_dit);
	for (size_t i = 0; dit->word(i, &word); i++)
		put_edit(out, &word);
	put_lines(out, page_url_after);
}

/* ---- pictor-ops.7 ---- */

static void
put_argument(FILE *out, const struct arg_row *row)
{
	struct dialect_word word = { .arg = row };

	fputs(".TP\n", out);
	put_bold(out, row->name);
	fputc('\n', out);
	manual_text(out, row->text);
	put_value(out, &word);
}

static void
print_ops(FILE *out)
{
	put_lines(out, page_ops_before);
	for (int i = 0; i < OP_COUNT; i++) {
		const struct op_row *row = op_row((enum op)i);

		fprintf(out, ".SS %s\n", row->name);
		manual_text(out, row->text);
		for (size_t k = 0; k < row->narg; k++)
			put_argument(out, &row->arg[k]);
		fputs(".PP\n", out);
		put_example(out, row->example);
	}
	put_lines(out, page_ops_after);
}

bool
manual_print(const char *page, FILE *out)
{
	static const struct {
		const char *name;
		void (*print)(FILE *out);
	} pages[] = {
		{ "pictor.1", print_pictor },
		{ "pictor-url.7", print_url },
		{ "pictor-ops.7", print_ops },
	};

	for (size_t i = 0; i < NELEM(pages); i++) {
		if (strcmp(pages[i].name, page) != 0)
			continue;
		pages[i].print(out);
		return true;
	}
	cli_complain("--generate takes pictor.1, pictor-url.7 or pictor-ops.7");
	return false;
}
