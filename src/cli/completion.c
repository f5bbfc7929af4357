/* SPDX-License-Identifier: Apache-2.0 */
/* The words that shells are told. */
#include "cli/completion.h"

#include <assert.h>
#include <string.h>

#include "plan/op.h"

static const struct {
	const char *name;
	void (*print)(void);
} shells[] = {
	{ "bash", completion_bash },
	{ "fish", completion_fish },
	{ "zsh", completion_zsh },
};

static size_t
add(struct completion_word out[COMPLETION_WORDS], size_t n, const char *name,
    const char *text)
{
	assert(n < COMPLETION_WORDS);
	out[n] = (struct completion_word){ .name = name, .text = text };
	return n + 1;
}

static size_t
add_formats(struct completion_word out[COMPLETION_WORDS], size_t n)
{
	for (unsigned f = FORMAT_FIRST; f < FORMAT_COUNT; f++)
		n = add(out, n, format_row((enum format)f)->name, NULL);
	return n;
}

size_t
completion_words(unsigned words, struct completion_word out[COMPLETION_WORDS])
{
	size_t n = 0;

	if (words & WORDS_FORMAT)
		n = add_formats(out, n);
	for (int i = 0; words & WORDS_OP && i < OP_COUNT; i++)
		n = add(
		    out, n, op_row((enum op)i)->name, op_row((enum op)i)->text);
	for (size_t i = 0; words & WORDS_DIALECT && dialect_all[i] != NULL; i++)
		n = add(out, n, dialect_all[i]->name, dialect_all[i]->text);
	for (int i = 0; words & WORDS_COMMAND && i < COMMAND_COUNT; i++)
		n = add(out, n, command_row((enum command)i)->name,
		    command_row((enum command)i)->text);
	for (size_t i = 0; words & WORDS_SHELL && i < NELEM(shells); i++)
		n = add(out, n, shells[i].name, NULL);
	return n;
}

size_t
completion_values(const struct dialect_word *param,
    struct completion_word out[COMPLETION_WORDS])
{
	const char *const *choice =
	    param->arg != NULL ? param->arg->choices : NULL;
	size_t n = 0;

	if (strcmp(param->name, "format") == 0) {
		n = add(out, n, "auto", NULL);
		n = add(out, n, "same", NULL);
		return add_formats(out, n);
	}
	for (; choice != NULL && *choice != NULL; choice++)
		n = add(out, n, *choice, NULL);
	if (n == 0 &&
	    (param->op != NULL ||
		(param->arg != NULL && param->arg->type == ARG_BOOL) ||
		(param->value != NULL &&
		    strcmp(param->value, "true or false") == 0))) {
		n = add(out, n, "true", NULL);
		n = add(out, n, "false", NULL);
	}
	return n;
}

void
completion_brief(const char *text, char out[COMPLETION_BRIEF])
{
	size_t n = 0;

	if (text == NULL)
		text = "";
	while (text[n] != '\0' &&
	    !(strchr(".;", text[n]) != NULL &&
		(text[n + 1] == ' ' || text[n + 1] == '\0')))
		n++;
	if (n >= COMPLETION_BRIEF) {
		n = COMPLETION_BRIEF - 4;
		while (n > 0 && text[n] != ' ')
			n--;
		(void)snprintf(out, COMPLETION_BRIEF, "%.*s...", (int)n, text);
	} else {
		(void)snprintf(out, COMPLETION_BRIEF, "%.*s", (int)n, text);
	}
}

int
cli_completion(const struct cli *cli)
{
	for (size_t i = 0; i < NELEM(shells); i++) {
		if (strcmp(cli->arg[0], shells[i].name) != 0)
			continue;
		shells[i].print();
		return STATUS_OK;
	}
	cli_complain(
	    "completion knows bash, fish and zsh, not %.40s", cli->arg[0]);
	return STATUS_USAGE;
}
