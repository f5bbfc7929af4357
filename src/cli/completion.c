/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pictor completion bash: a script with all words in it, from the tables. It
 * runs nothing but the shell's own commands.
 */
#include <string.h>

#include "cli/cli.h"
#include "dialect/dialect.h"
#include "plan/op.h"

static void
print_options(enum command command)
{
	for (size_t i = 0; option_row(i) != NULL; i++) {
		const struct option_row *row = option_row(i);

		if ((row->on & 1U << command) == 0)
			continue;
		printf(" --%s", row->name);
		if (row->letter != '\0')
			printf(" -%c", row->letter);
	}
}

static void
print_formats(void)
{
	for (unsigned f = FORMAT_FIRST; f < FORMAT_COUNT; f++)
		printf(" %s", format_row((enum format)f)->name);
}

/* All words of these kinds but files, folders and parameters. */
static void
print_words(unsigned words)
{
	if (words & WORDS_FORMAT)
		print_formats();
	for (int i = 0; words & WORDS_OP && i < OP_COUNT; i++)
		printf(" %s", op_row((enum op)i)->name);
	for (size_t i = 0; words & WORDS_DIALECT && dialect_all[i] != NULL; i++)
		printf(" %s", dialect_all[i]->name);
	for (int i = 0; words & WORDS_COMMAND && i < COMMAND_COUNT; i++)
		printf(" %s", command_row((enum command)i)->name);
	if (words & WORDS_SHELL)
		printf(" bash");
}

/* How the shell's own function finds files for these words. */
static const char *
file_function(unsigned words)
{
	if (words & WORDS_FOLDER)
		return "_pictor_folders";
	return (words & WORDS_FILE) != 0 ? "_pictor_files" : ":";
}

/* Values behind --option. */
static void
print_option_cases(void)
{
	for (size_t i = 0; option_row(i) != NULL; i++) {
		const struct option_row *row = option_row(i);

		if (row->arg == NULL)
			continue;
		printf("\t--%s", row->name);
		if (row->letter != '\0')
			printf("|-%c", row->letter);
		printf(") %s; _pictor_words", file_function(row->words));
		print_words(row->words);
		printf("; return;;\n");
	}
}

/* Values of NAME=VALUE: the words of its row, or true and false. */
static void
print_param_cases(void)
{
	const struct dialect *query = dialect_find("query");
	struct dialect_word word;

	for (size_t i = 0; query->word(i, &word); i++) {
		printf("\t%s) _pictor_words", word.name);
		if (strcmp(word.name, "format") == 0) {
			printf(" auto same");
			print_formats();
		} else if (word.arg != NULL && word.arg->choices != NULL) {
			for (size_t k = 0; word.arg->choices[k] != NULL; k++)
				printf(" %s", word.arg->choices[k]);
		} else if (word.op != NULL ||
		    (word.arg != NULL && word.arg->type == ARG_BOOL) ||
		    (word.value != NULL &&
			strcmp(word.value, "true or false") == 0)) {
			printf(" true false");
		}
		printf(";;\n");
	}
}

static void
print_command_cases(void)
{
	const struct dialect *query = dialect_find("query");
	struct dialect_word word;

	for (int i = 0; i < COMMAND_COUNT; i++) {
		const struct command_row *row = command_row((enum command)i);

		printf("\t%s)\n\t\toptions=\"", row->name);
		print_options((enum command)i);
		printf("\"\n\t\twords=\"");
		print_words(row->words);
		printf("\"\n");
		if (row->words & WORDS_PARAM) {
			printf("\t\tparams=\"");
			for (size_t k = 0; query->word(k, &word); k++)
				printf(" %s=", word.name);
			printf("\"\n");
		}
		if (row->words & WORDS_FILE)
			printf("\t\tfiles=yes\n");
		printf("\t\t;;\n");
	}
}

static const char script_start[] =
    "# SPDX-License-Identifier: Apache-2.0\n"
    "# Completion of pictor(1) for bash: pictor completion bash\n"
    "\n"
    "_pictor_words()\n"
    "{\n"
    "\tCOMPREPLY+=($(compgen -W \"$*\" -- \"$cur\"))\n"
    "}\n"
    "\n"
    "_pictor_files()\n"
    "{\n"
    "\tlocal IFS=$'\\n'\n"
    "\tcompopt -o filenames 2>/dev/null\n"
    "\tCOMPREPLY+=($(compgen -f -- \"$cur\"))\n"
    "}\n"
    "\n"
    "_pictor_folders()\n"
    "{\n"
    "\tlocal IFS=$'\\n'\n"
    "\tcompopt -o filenames 2>/dev/null\n"
    "\tCOMPREPLY+=($(compgen -d -- \"$cur\"))\n"
    "}\n"
    "\n"
    "# The value behind NAME=.\n"
    "_pictor_value()\n"
    "{\n"
    "\tcase \"$1\" in\n";

/* bash ends words at '=' and ':', so NAME=VALUE comes as three of them. */
static const char script_middle[] =
    "\tesac\n"
    "}\n"
    "\n"
    "_pictor()\n"
    "{\n"
    "\tlocal cur=\"${COMP_WORDS[COMP_CWORD]}\" prev= command= i\n"
    "\tlocal options= words= params= files=\n"
    "\tCOMPREPLY=()\n"
    "\t((COMP_CWORD > 0)) && prev=\"${COMP_WORDS[COMP_CWORD - 1]}\"\n"
    "\tif [[ $cur == = ]]; then\n"
    "\t\tcur=\n"
    "\t\t_pictor_value \"$prev\"\n"
    "\t\treturn\n"
    "\telif [[ $prev == = ]] && ((COMP_CWORD > 1)); then\n"
    "\t\t_pictor_value \"${COMP_WORDS[COMP_CWORD - 2]}\"\n"
    "\t\treturn\n"
    "\tfi\n"
    "\tcase \"$prev\" in\n";

static const char script_command[] =
    "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
    "\t\tcase \" $commands \" in\n"
    "\t\t*\" ${COMP_WORDS[i]} \"*) command=\"${COMP_WORDS[i]}\"; break;;\n"
    "\t\tesac\n"
    "\tdone\n"
    "\tcase \"$command\" in\n";

static const char script_end[] =
    "\t*) words=\"$commands\"; options=\"--help --version\";;\n"
    "\tesac\n"
    "\tif [[ $cur == -* ]]; then\n"
    "\t\t_pictor_words $options\n"
    "\t\treturn\n"
    "\tfi\n"
    "\t[[ -n $words ]] && _pictor_words $words\n"
    "\tif [[ -n $params ]]; then\n"
    "\t\t_pictor_words $params\n"
    "\t\t[[ ${#COMPREPLY[@]} -gt 0 ]] && compopt -o nospace 2>/dev/null\n"
    "\tfi\n"
    "\t[[ -n $files ]] && _pictor_files\n"
    "\treturn 0\n"
    "}\n"
    "\n"
    "complete -F _pictor pictor\n";

int
cli_completion(const struct cli *cli)
{
	if (strcmp(cli->arg[0], "bash") != 0) {
		cli_complain("completion knows bash, not %.40s; zsh reads it "
			     "behind bashcompinit",
		    cli->arg[0]);
		return STATUS_USAGE;
	}
	fputs(script_start, stdout);
	print_param_cases();
	fputs(script_middle, stdout);
	print_option_cases();
	fputs("\tesac\n\tlocal commands=\"", stdout);
	print_words(WORDS_COMMAND);
	fputs("\"\n", stdout);
	fputs(script_command, stdout);
	print_command_cases();
	fputs(script_end, stdout);
	return STATUS_OK;
}
