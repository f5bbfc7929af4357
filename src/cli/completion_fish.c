/* SPDX-License-Identifier: Apache-2.0 */
/* For fish, which shows what each word means, and takes NAME=VALUE as one. */
#include "cli/completion.h"

/* Inside of single quotes. */
static void
print_quoted(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
}

static void
print_brief(const char *text)
{
	char brief[COMPLETION_BRIEF];

	completion_brief(text, brief);
	print_quoted(brief);
}

static void
print_words(unsigned words)
{
	struct completion_word word[COMPLETION_WORDS];
	size_t n = completion_words(words, word);

	for (size_t i = 0; i < n; i++)
		printf("%s%s", i > 0 ? " " : "", word[i].name);
}

/* One candidate on a line, with what it means behind a tab. */
static void
print_params(void)
{
	const struct dialect *query = dialect_find("query");
	struct completion_word value[COMPLETION_WORDS];
	struct dialect_word word;

	for (size_t i = 0; query->word(i, &word); i++) {
		size_t n = completion_values(&word, value);

		if (n == 0)
			continue;
		printf("\tcase '%s=*'\n\t\tprintf '%s=%%s\\n'", word.name,
		    word.name);
		for (size_t k = 0; k < n; k++)
			printf(" %s", value[k].name);
		putchar('\n');
	}
	puts("\tcase '*=*'\n\tcase '*'\n\t\tprintf '%s=\\t%s\\n' \\");
	for (size_t i = 0; query->word(i, &word); i++) {
		const char *text = word.text;

		if (text == NULL)
			text = word.arg != NULL ? word.arg->text
			    : word.op != NULL   ? word.op->text
						: NULL;
		printf("\t\t\t%s '", word.name);
		print_brief(text);
		puts("' \\");
	}
	puts("\t\t\t;");
}

static void
print_options(enum command command)
{
	const char *name = command_row(command)->name;

	for (size_t i = 0; option_row(i) != NULL; i++) {
		const struct option_row *row = option_row(i);

		if ((row->on & 1U << command) == 0)
			continue;
		printf("complete -c pictor -n '__pictor_is %s' -l %s", name,
		    row->name);
		if (row->letter != '\0')
			printf(" -s %c", row->letter);
		if (row->arg != NULL && row->words & WORDS_FILE)
			printf(" -rF");
		else if (row->arg != NULL)
			printf(" -x");
		if (row->words & WORDS_FOLDER) {
			printf(" -a '(__fish_complete_directories)'");
		} else if (row->words & ~(unsigned)WORDS_FILE) {
			printf(" -a '");
			print_words(row->words);
			putchar('\'');
		}
		printf(" -d '");
		print_brief(row->text);
		puts("'");
	}
}

static void
print_command(enum command command)
{
	const struct command_row *row = command_row(command);
	const unsigned plain = WORDS_FILE | WORDS_FOLDER | WORDS_PARAM;

	printf("\ncomplete -c pictor -n '__pictor_is' -a %s -d '", row->name);
	print_brief(row->text);
	puts("'");
	print_options(command);
	if (row->words & (WORDS_FILE | WORDS_FOLDER))
		printf(
		    "complete -c pictor -n '__pictor_is %s' -F\n", row->name);
	if (row->words & WORDS_PARAM)
		printf("complete -c pictor -n '__pictor_is %s' "
		       "-a '(__pictor_params)'\n",
		    row->name);
	if ((row->words & ~plain) != 0) {
		printf(
		    "complete -c pictor -n '__pictor_is %s' -a '", row->name);
		print_words(row->words);
		puts("'");
	}
}

void
completion_fish(void)
{
	fputs("# SPDX-License-Identifier: Apache-2.0\n"
	      "# Completion of pictor(1) for fish: pictor completion fish\n"
	      "\n"
	      "# Whether that is the command; without a name: there is none.\n"
	      "function __pictor_is\n"
	      "\tset -l words (commandline -opc)\n"
	      "\tset -l commands ",
	    stdout);
	print_words(WORDS_COMMAND);
	fputs("\n\tfor word in $words[2..]\n"
	      "\t\tif contains -- $word $commands\n"
	      "\t\t\ttest (count $argv) -eq 1 -a \"$word\" = \"$argv\"\n"
	      "\t\t\treturn\n"
	      "\t\tend\n"
	      "\tend\n"
	      "\ttest (count $argv) -eq 0\n"
	      "end\n"
	      "\n"
	      "# NAME=, or NAME=VALUE.\n"
	      "function __pictor_params\n"
	      "\tswitch (commandline -ct)\n",
	    stdout);
	print_params();
	puts("\tend\nend\n\ncomplete -c pictor -f");
	puts("complete -c pictor -n '__pictor_is' -l help -s h");
	puts("complete -c pictor -n '__pictor_is' -l version -s V");
	for (int i = 0; i < COMMAND_COUNT; i++)
		print_command((enum command)i);
}
