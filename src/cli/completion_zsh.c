/* SPDX-License-Identifier: Apache-2.0 */
/* For zsh: a function for compinit, to lie as _pictor in one of $fpath. */
#include <string.h>

#include "cli/completion.h"

/* Inside of single quotes, and where special bytes mean something more. */
static void
print_quoted(const char *text, const char *special)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			fputs("'\\'", stdout);
		else if (strchr(special, *text) != NULL)
			putchar('\\');
		putchar(*text);
	}
}

static void
print_brief(const char *text, const char *special)
{
	char brief[COMPLETION_BRIEF];

	completion_brief(text, brief);
	print_quoted(brief, special);
}

static void
print_names(const struct completion_word *word, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%s%s", i > 0 ? " " : "", word[i].name);
}

/* "word:what it means", as _describe wants them. */
static void
print_described(const struct completion_word *word, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		printf("\t\t'%s", word[i].name);
		if (word[i].text != NULL) {
			putchar(':');
			print_brief(word[i].text, "\\:");
		}
		puts("'");
	}
}

static void
print_values(void)
{
	const struct dialect *query = dialect_find("query");
	struct completion_word value[COMPLETION_WORDS];
	struct dialect_word word;

	for (size_t i = 0; query->word(i, &word); i++) {
		size_t n = completion_values(&word, value);

		if (n == 0)
			continue;
		printf("\t\t(%s) compadd -- ", word.name);
		print_names(value, n);
		puts(";;");
	}
}

static void
print_params(void)
{
	const struct dialect *query = dialect_find("query");
	struct dialect_word word;

	puts("# NAME=, or NAME=VALUE.\n"
	     "_pictor_params()\n"
	     "{\n"
	     "\tlocal -a names\n"
	     "\tif [[ $PREFIX == *=* ]]; then\n"
	     "\t\tlocal name=${PREFIX%%=*}\n"
	     "\t\tcompset -P 1 '*='\n"
	     "\t\tcase $name in");
	print_values();
	puts("\t\tesac\n\t\treturn\n\tfi\n\tnames=(");
	for (size_t i = 0; query->word(i, &word); i++) {
		const char *text = word.text;

		if (text == NULL)
			text = word.arg != NULL ? word.arg->text
			    : word.op != NULL   ? word.op->text
						: NULL;
		printf("\t\t'%s:", word.name);
		print_brief(text, "\\:");
		puts("'");
	}
	puts("\t)\n\t_describe parameter names -S =\n}\n");
}

/* What _arguments calls for a value, or for a word that is no option. */
static void
print_action(unsigned words)
{
	struct completion_word word[COMPLETION_WORDS];
	size_t n = completion_words(words, word);

	if (words & WORDS_FOLDER && (words & WORDS_FILE) == 0) {
		fputs("_files -/", stdout);
	} else if (words & WORDS_FILE) {
		fputs("_files", stdout);
	} else if (n > 0) {
		putchar('(');
		print_names(word, n);
		putchar(')');
	}
}

/* '(-j --jobs)'{-j,--jobs=}'[Render so many images]:N: ' */
static void
print_options(enum command command)
{
	for (size_t i = 0; option_row(i) != NULL; i++) {
		const struct option_row *row = option_row(i);
		const char *value = row->arg != NULL ? "=" : "";

		if ((row->on & 1U << command) == 0)
			continue;
		fputs("\t\t\t", stdout);
		if (row->type == OPTION_LIST)
			printf("'*'");
		else if (row->letter != '\0')
			printf("'(-%c --%s)'", row->letter, row->name);
		if (row->letter != '\0')
			printf("{-%c%s,--%s%s}'[", row->letter,
			    row->arg != NULL ? "+" : "", row->name, value);
		else
			printf("'--%s%s[", row->name, value);
		print_brief(row->text, "\\[]:");
		putchar(']');
		if (row->arg != NULL) {
			putchar(':');
			print_quoted(row->arg, "\\:");
			putchar(':');
			print_action(row->words);
		}
		puts("' \\");
	}
}

static void
print_command(enum command command)
{
	const struct command_row *row = command_row(command);

	printf("\t(%s)\n\t\t_arguments -s -S \\\n", row->name);
	print_options(command);
	if (row->words & WORDS_PARAM && row->words & WORDS_FILE) {
		puts("\t\t\t'*:image or parameter:_pictor_originals'");
	} else if (row->words & WORDS_PARAM) {
		puts("\t\t\t'*:parameter:_pictor_params'");
	} else {
		fputs("\t\t\t'*:word:", stdout);
		print_action(row->words);
		puts("'");
	}
	puts("\t\t;;");
}

void
completion_zsh(void)
{
	struct completion_word command[COMPLETION_WORDS];
	size_t n = completion_words(WORDS_COMMAND, command);

	puts("#compdef pictor\n"
	     "# SPDX-License-Identifier: Apache-2.0\n"
	     "# Completion of pictor(1) for zsh: pictor completion zsh\n");
	print_params();
	puts("_pictor_originals()\n"
	     "{\n"
	     "\t[[ $PREFIX == *=* ]] || _files\n"
	     "\t_pictor_params\n"
	     "}\n"
	     "\n"
	     "_pictor_commands()\n"
	     "{\n"
	     "\tlocal -a commands=(");
	print_described(command, n);
	puts("\t)\n"
	     "\t_describe command commands\n"
	     "}\n"
	     "\n"
	     "_pictor()\n"
	     "{\n"
	     "\tlocal curcontext=$curcontext state line\n"
	     "\t_arguments -C -S '(- *)'{-h,--help}'[Print what it takes]' \\\n"
	     "\t\t'(- *)'{-V,--version}'[Print the versions]' \\\n"
	     "\t\t'1:command:_pictor_commands' '*::word:->words' && return\n"
	     "\t[[ $state == words ]] || return\n"
	     "\tcase $words[1] in");
	for (int i = 0; i < COMMAND_COUNT; i++)
		print_command((enum command)i);
	puts("\tesac\n"
	     "}\n"
	     "\n"
	     "# Read by source, or found by compinit.\n"
	     "if [[ $funcstack[1] == _pictor ]]; then\n"
	     "\t_pictor \"$@\"\n"
	     "else\n"
	     "\tcompdef _pictor pictor\n"
	     "fi");
}
