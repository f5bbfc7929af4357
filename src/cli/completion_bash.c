/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/completion.h"

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
print_words(unsigned words)
{
	struct completion_word word[COMPLETION_WORDS];
	size_t n = completion_words(words, word);

	for (size_t i = 0; i < n; i++)
		printf(" %s", word[i].name);
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

/* Values of NAME=VALUE. */
static void
print_param_cases(void)
{
	const struct dialect *query = dialect_find("query");
	struct completion_word value[COMPLETION_WORDS];
	struct dialect_word word;

	for (size_t i = 0; query->word(i, &word); i++) {
		size_t n = completion_values(&word, value);

		printf("\t%s) _pictor_words", word.name);
		for (size_t k = 0; k < n; k++)
			printf(" %s", value[k].name);
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

void
completion_bash(void)
{
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
}
