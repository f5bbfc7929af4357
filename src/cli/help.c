/* SPDX-License-Identifier: Apache-2.0 */
/* What --help prints: cli.def in 80 columns. */
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"

enum { COLUMNS = 79, TEXT_COLUMN = 24 };

void
cli_wrap(FILE *out, const char *first, const char *indent, const char *text)
{
	text_wrap(out, first, indent, slice_of(text), COLUMNS);
}

/* Two columns; a long word has a line of its own. */
static void
print_row(FILE *out, const char *word, const char *text)
{
	char indent[TEXT_COLUMN + 1];
	char first[128];

	(void)snprintf(indent, sizeof(indent), "%*s", TEXT_COLUMN, "");
	if (strlen(word) + 1 < TEXT_COLUMN)
		(void)snprintf(first, sizeof(first), "%-*s", TEXT_COLUMN, word);
	else
		(void)snprintf(first, sizeof(first), "%s", indent);
	if (strlen(word) + 1 >= TEXT_COLUMN)
		fprintf(out, "%s\n", word);
	cli_wrap(out, first, indent, text);
}

static void
print_option(FILE *out, const struct option_row *row)
{
	char word[96];
	char text[768];
	char limits[96];
	char letter[8] = "    ";

	if (row->letter != '\0')
		(void)snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	(void)snprintf(word, sizeof(word), "  %s--%s%s%s", letter, row->name,
	    row->arg != NULL ? " " : "", row->arg != NULL ? row->arg : "");
	option_limits(row, limits, sizeof(limits));
	(void)snprintf(text, sizeof(text), "%s%s%s", row->text,
	    limits[0] != '\0' ? " " : "", limits);
	print_row(out, word, text);
}

static void
print_status(FILE *out)
{
	fputs("\nExit status:\n"
	      "  0    All of it was done.\n"
	      "  1    Something failed, if only one image of many; standard "
	      "error says what.\n"
	      "  2    The command line is wrong; nothing was done.\n"
	      "  130  It was interrupted.\n",
	    out);
}

void
help_print(FILE *out)
{
	fputs("usage: pictor COMMAND [OPTION ...] [ARGUMENT ...]\n"
	      "\n"
	      "Does what the image server pictord does, by hand.\n"
	      "\n"
	      "Commands:\n",
	    out);
	for (int i = 0; i < COMMAND_COUNT; i++) {
		const struct command_row *row = command_row((enum command)i);
		char word[32];

		(void)snprintf(word, sizeof(word), "  %s", row->name);
		print_row(out, word, row->text);
	}
	fputs("\nOptions:\n", out);
	for (size_t i = 0; option_row(i) != NULL; i++)
		if (option_row(i)->on == ~0U)
			print_option(out, option_row(i));
	print_status(out);
	fputs("\n"
	      "pictor help COMMAND says what a command takes. Manuals:\n"
	      "pictor(1), pictor-url(7), pictor-ops(7).\n",
	    out);
}

static void
print_paragraphs(FILE *out, const char *text)
{
	struct slice rest = slice_of(text);

	while (rest.at != NULL) {
		struct slice part = slice_cut(&rest, '\n');
		char line[2048];

		fputc('\n', out);
		cli_wrap(out, "", "", slice_copy(part, line, sizeof(line)));
	}
}

void
help_print_command(FILE *out, enum command command)
{
	const struct command_row *row = command_row(command);

	fprintf(out, "usage: pictor %s [OPTION ...]%s%s\n", row->name,
	    row->args[0] != '\0' ? " " : "", row->args);
	print_paragraphs(out, row->more);
	fputs("\nOptions:\n", out);
	for (size_t i = 0; option_row(i) != NULL; i++)
		if ((option_row(i)->on & 1U << command) != 0)
			print_option(out, option_row(i));
	fputs("\nExamples:\n", out);
	for (size_t i = 0; command_example(command, i) != NULL; i++) {
		const struct example_row *e = command_example(command, i);

		fprintf(out, "  %s\n", e->line);
		cli_wrap(out, "      ", "      ", e->text);
	}
	print_status(out);
}
