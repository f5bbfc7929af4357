/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of cli.def, and the arguments read by them. */
#include <stdarg.h>
#include <string.h>

#include "base/codec.h"
#include "base/num.h"
#include "cli/cli.h"

#define EXAMPLE(id, line, text)
#define OPTION(field, type, name, letter, arg, min, max, def, words, on, text)
#define COMMAND(id, name, args, least, most, words, text, more) \
	{ #name, args, least, most, words, text, more, cli_##name },
static const struct command_row commands[COMMAND_COUNT] = {
/* clang-format off */
#include "cli/cli.def"
	/* clang-format on */
};
#undef COMMAND
#undef EXAMPLE
#undef OPTION

#define COMMAND(id, name, args, least, most, words, text, more)
#define EXAMPLE(id, line, text) { COMMAND_##id, { line, text } },
#define OPTION(field, type, name, letter, arg, min, max, def, words, on, text)
static const struct {
	enum command command;
	struct example_row row;
} examples[] = {
/* clang-format off */
#include "cli/cli.def"
	/* clang-format on */
};
#undef EXAMPLE
#undef OPTION

#define EXAMPLE(id, line, text)
#define ON(id) (1U << COMMAND_##id)
#define ON_ALL (~0U)
#define OPTION(field, type, name, letter, arg, min, max, def, words, on, text) \
	{ name, arg, text, min, max, def, offsetof(struct cli, field), on,     \
		words, OPTION_##type, letter },
static const struct option_row options[] = {
/* clang-format off */
#include "cli/cli.def"
	/* clang-format on */
};
#undef COMMAND
#undef EXAMPLE
#undef OPTION

_Static_assert(NELEM(options) <= 64, "cli.given has a bit for each option");
_Static_assert((int)COMMAND_COUNT < 32, "option_row.on has a bit for each");

const struct command_row *
command_row(enum command command)
{
	return &commands[command];
}

const struct example_row *
command_example(enum command command, size_t i)
{
	for (size_t k = 0; k < NELEM(examples); k++)
		if (examples[k].command == command && i-- == 0)
			return &examples[k].row;
	return NULL;
}

const struct option_row *
option_row(size_t i)
{
	return i < NELEM(options) ? &options[i] : NULL;
}

static int
print_number(const struct option_row *row, double value, char *out, size_t size)
{
	char number[NUM_TEXT_MAX];

	num_print(value, number);
	return snprintf(
	    out, size, "%s%s", number, row->type == OPTION_TIME ? " s" : "");
}

void
option_limits(const struct option_row *row, char *out, size_t size)
{
	char word[3][NUM_TEXT_MAX + 4];

	out[0] = '\0';
	if (row->type != OPTION_WHOLE && row->type != OPTION_TIME)
		return;
	(void)print_number(row, row->min, word[0], sizeof(word[0]));
	(void)print_number(row, row->max, word[1], sizeof(word[1]));
	(void)print_number(row, row->def, word[2], sizeof(word[2]));
	(void)snprintf(out, size, "From %s to %s%s%s.", word[0], word[1],
	    row->def > 0 ? "; default " : "", row->def > 0 ? word[2] : "");
}

/* ---- Nearest words ---- */

void
cli_near_try(struct cli_near *n, const char *candidate)
{
	size_t far = codec_distance(n->word, slice_of(candidate));

	/* Half of a word wrong is another word. */
	if (far > 3 || 2 * far > strlen(candidate) ||
	    (n->best != NULL && far >= n->distance))
		return;
	n->best = candidate;
	n->distance = far;
}

void
cli_near_print(const struct cli_near *n, char *out, size_t size)
{
	(void)snprintf(out, size, "%s%s%s",
	    n->best != NULL ? "; did you mean " : "",
	    n->best != NULL ? n->best : "", n->best != NULL ? "?" : "");
}

/* ---- Options ---- */

/* Who writes --width=300 or -w 300 means a parameter. */
static bool
fail_unknown_option(
    const char *arg, struct slice name, enum command command, struct err *e)
{
	struct cli_near near = { .word = name };
	bool params = false;
	const char *where = "--help";

	for (size_t i = 0; i < NELEM(options); i++)
		cli_near_try(&near, options[i].name);
	if (near.best != NULL)
		return err_set(e, ERR_CONFIG,
		    "there is no option %.40s; did you mean --%s?", arg,
		    near.best);
	if (command != COMMAND_COUNT) {
		params = (commands[command].words & WORDS_PARAM) != 0;
		where = commands[command].name;
	}
	return err_set(e, ERR_CONFIG,
	    "there is no option %.40s; %ssee pictor %s%s", arg,
	    params ? "parameters are written as width=300; " : "",
	    command != COMMAND_COUNT ? "help " : "", where);
}

static const struct option_row *
option_find(struct slice name, char letter)
{
	for (size_t i = 0; i < NELEM(options); i++)
		if (letter != '\0' ? options[i].letter == letter
				   : slice_is(name, options[i].name))
			return &options[i];
	return NULL;
}

static bool
refuse_value(const struct option_row *row, const char *value, struct err *e)
{
	char limits[96];

	option_limits(row, limits, sizeof(limits));
	return err_set(e, ERR_CONFIG, "--%s %.40s: %s. %s", row->name, value,
	    row->type == OPTION_TIME
		? "not a time, as 5, 500ms or 2m, or out of range"
		: "not a whole number, or out of range",
	    limits);
}

static bool
option_set(const struct option_row *row, const char *value, struct cli *out,
    struct err *e)
{
	char *field = (char *)out + row->offset;
	struct cli_list list;
	int64_t number = 0;
	bool on = true;

	switch (row->type) {
	case OPTION_FLAG:
		memcpy(field, &on, sizeof(on));
		return true;
	case OPTION_TEXT:
		memcpy(field, &value, sizeof(value));
		return true;
	case OPTION_WHOLE:
		if (!num_int(slice_of(value), (int64_t)row->min,
			(int64_t)row->max, &number))
			return refuse_value(row, value, e);
		memcpy(field, &number, sizeof(number));
		return true;
	case OPTION_TIME:
		if (!num_duration(slice_of(value), (int64_t)(row->min * 1e9),
			(int64_t)(row->max * 1e9), &number))
			return refuse_value(row, value, e);
		memcpy(field, &number, sizeof(number));
		return true;
	case OPTION_LIST:
		memcpy(&list, field, sizeof(list));
		if (list.n == CLI_LIST_MAX)
			return err_set(e, ERR_CONFIG,
			    "--%s may be given up to %d times", row->name,
			    CLI_LIST_MAX);
		list.item[list.n++] = value;
		memcpy(field, &list, sizeof(list));
		return true;
	}
	return true;
}

/*
 * The option at argv[*i], with its value from the same argument or from the
 * next one, to which *i then goes.
 */
static bool
read_option(int argc, char **argv, int *i, struct cli *out, struct err *e)
{
	const char *arg = argv[*i];
	struct slice value = slice_of(arg + 2);
	struct slice name = { NULL, 0 };
	const struct option_row *row;
	char letter = arg[1];
	uint64_t bit;

	if (arg[1] == '-') {
		name = slice_cut(&value, '=');
		letter = '\0';
	} else if (arg[2] == '\0') {
		value.at = NULL;
	}
	row = option_find(name, letter);
	if (row == NULL)
		return fail_unknown_option(arg, name, out->command, e);
	bit = UINT64_C(1) << (row - options);
	if ((out->given & bit) != 0 && row->type != OPTION_LIST)
		return err_set(e, ERR_CONFIG, "--%s is given twice", row->name);
	out->given |= bit;
	if (row->arg == NULL && value.at != NULL)
		return err_set(e, ERR_CONFIG,
		    arg[1] == '-' ? "--%s takes no value"
				  : "--%s takes no value; flags are written "
				    "one by one",
		    row->name);
	if (row->arg != NULL && value.at == NULL && ++*i < argc)
		value = slice_of(argv[*i]);
	if (row->arg != NULL && (value.at == NULL || value.len == 0))
		return err_set(e, ERR_CONFIG, "--%s needs a value: %s",
		    row->name, row->arg);
	return option_set(row, value.at, out, e);
}

/* ---- The command ---- */

static bool
read_command(const char *word, struct cli *out, struct err *e)
{
	struct cli_near near = { .word = slice_of(word) };
	char hint[64];

	for (int i = 0; i < COMMAND_COUNT; i++) {
		cli_near_try(&near, commands[i].name);
		if (strcmp(commands[i].name, word) == 0) {
			out->command = (enum command)i;
			return true;
		}
	}
	cli_near_print(&near, hint, sizeof(hint));
	return err_set(e, ERR_CONFIG, "there is no command %.40s%s", word,
	    near.best != NULL ? hint : "; see pictor --help");
}

/* Whether the options belong to the command, and the arguments are as many as
 * it takes. */
static bool
check(const struct cli *out, struct err *e)
{
	const struct command_row *row = &commands[out->command];

	for (size_t i = 0; i < NELEM(options); i++)
		if ((out->given & UINT64_C(1) << i) != 0 &&
		    (options[i].on & 1U << out->command) == 0)
			return err_set(e, ERR_CONFIG,
			    "%s takes no --%s; see pictor help %s", row->name,
			    options[i].name, row->name);
	if (!out->help && (out->narg < row->least || out->narg > row->most))
		return err_set(e, ERR_CONFIG, "usage: pictor %s%s%s", row->name,
		    row->args[0] != '\0' ? " " : "", row->args);
	return true;
}

static void
set_defaults(struct cli *out)
{
	for (size_t i = 0; i < NELEM(options); i++) {
		const struct option_row *row = &options[i];
		double unit = row->type == OPTION_TIME ? NS_PER_S : 1;
		int64_t number = (int64_t)(row->def * unit);

		if (row->type == OPTION_TIME || row->type == OPTION_WHOLE)
			memcpy(
			    (char *)out + row->offset, &number, sizeof(number));
	}
}

bool
cli_read(int argc, char **argv, struct cli *out, struct err *e)
{
	bool options_end = false;

	*out = (struct cli){ .command = COMMAND_COUNT, .arg = argv + 1 };
	set_defaults(out);
	for (int i = 1; i < argc; i++) {
		bool word =
		    options_end || argv[i][0] != '-' || argv[i][1] == '\0';

		if (!word && strcmp(argv[i], "--") == 0) {
			options_end = true;
		} else if (!word) {
			if (!read_option(argc, argv, &i, out, e))
				return false;
		} else if (out->command == COMMAND_COUNT) {
			if (!read_command(argv[i], out, e))
				return false;
		} else {
			out->arg[out->narg++] = argv[i];
		}
	}
	out->arg[out->narg] = NULL;
	if (out->command != COMMAND_COUNT)
		return check(out, e);
	return out->help || out->version ||
	    err_set(e, ERR_CONFIG, "a command is needed; see pictor --help");
}
