/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: one command, one file. Every command runs the same
 * modules as the daemon, all but http.
 */
#pragma once

#include <limits.h>
#include <stdio.h>

#include "base/err.h"
#include "base/slice.h"

struct conf;

/* ---- The tables, made from cli.def ---- */

#define COMMAND(id, name, args, least, most, words, text, more) COMMAND_##id,
#define EXAMPLE(id, line, text)
#define OPTION(field, type, name, letter, arg, min, max, def, words, on, text)
enum command {
#include "cli/cli.def"
	COMMAND_COUNT
};
#undef COMMAND
#undef OPTION

/* What an argument or a value may be, for the shell's completion. */
enum words {
	WORDS_FILE = 1,
	WORDS_FOLDER = 2,
	WORDS_PARAM = 4, /* NAME=VALUE of the query language */
	WORDS_FORMAT = 8,
	WORDS_OP = 16,
	WORDS_DIALECT = 32,
	WORDS_COMMAND = 64,
	WORDS_SHELL = 128
};

enum option_type {
	OPTION_FLAG,
	OPTION_TEXT,
	OPTION_WHOLE,
	OPTION_TIME,
	OPTION_LIST
};

enum { CLI_LIST_MAX = 16 };
struct cli_list {
	const char *item[CLI_LIST_MAX];
	size_t n;
};

#define CLI_TYPE_FLAG  bool
#define CLI_TYPE_TEXT  const char *
#define CLI_TYPE_WHOLE int64_t
#define CLI_TYPE_TIME  int64_t /* ns */
#define CLI_TYPE_LIST  struct cli_list

/* What the arguments said; texts point into argv, NULL where not given. */
struct cli {
#define COMMAND(id, name, args, least, most, words, text, more)
#define OPTION(field, type, name, letter, arg, min, max, def, words, on, text) \
	CLI_TYPE_##type field;
#include "cli/cli.def"
#undef COMMAND
#undef EXAMPLE
#undef OPTION
	uint64_t given;       /* bit i: option i was given */
	enum command command; /* COMMAND_COUNT: none */
	char **arg;           /* its arguments, NULL-terminated */
	int narg;
};

struct example_row {
	const char *line;
	const char *text;
};

struct command_row {
	const char *name;
	const char *args;
	int least, most;
	unsigned words;
	const char *text;
	const char *more; /* paragraphs, a line feed between them */
	int (*run)(const struct cli *cli);
};

struct option_row {
	const char *name;
	const char *arg; /* NULL: a flag */
	const char *text;
	double min, max, def; /* TIME: seconds */
	size_t offset;
	unsigned on; /* bit: command */
	unsigned words;
	enum option_type type;
	char letter;
};

const struct command_row *command_row(enum command command);
/* The i-th example of the command, or NULL. */
const struct example_row *command_example(enum command command, size_t i);
/* The i-th option, or NULL behind the last. */
const struct option_row *option_row(size_t i);
/* "From 1 to 256; default 16." Empty where there is nothing to say. */
void option_limits(const struct option_row *row, char *out, size_t size);

/*
 * Reads the arguments; options may stand before and behind the command and
 * between its arguments, up to "--". argv[1..] is put into a new order. Fails
 * with CONFIG and one line for people.
 */
bool cli_read(int argc, char **argv, struct cli *out, struct err *e) must_check;

/* ---- Texts: help.c, manual.c, completion.c ---- */

void help_print(FILE *out);
void help_print_command(FILE *out, enum command command);
/* Pages: pictor.1, pictor-url.7, pictor-ops.7; false: there is none. */
bool manual_print(const char *page, FILE *out) must_check;
/* Words after first, in lines before column 80 that begin with indent. */
void cli_wrap(
    FILE *out, const char *first, const char *indent, const char *text);
/* "out of range: x": the same line from every command, on standard error. */
void cli_complain(const char *format, ...) printf_like(1, 2);

/* ---- The commands; each returns the exit status ---- */

enum { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_INT = 130 };

#define COMMAND(id, name, args, least, most, words, text, more) \
	int cli_##name(const struct cli *cli);
#define EXAMPLE(id, line, text)
#define OPTION(field, type, name, letter, arg, min, max, def, words, on, text)
#include "cli/cli.def"
#undef COMMAND
#undef EXAMPLE
#undef OPTION

/* ---- What they share ---- */

/* The configuration of --config, or text where there is none; with the
 * environment, as the daemon would read it. */
bool cli_conf(const struct cli *cli, struct slice text, struct conf **out,
    struct err *e) must_check;
/* One line for people from an error that a client may be told of. */
void cli_error_print(const struct err *e, char *out, size_t size);
/* The same on standard error; returns STATUS_FAILED. */
int cli_fail(const struct err *e);

/* The nearest of several words, for "did you mean". */
struct cli_near {
	struct slice word;
	const char *best;
	size_t distance;
};
void cli_near_try(struct cli_near *n, const char *candidate);
/* "; did you mean X?", or nothing where none is near enough to be meant. */
void cli_near_print(const struct cli_near *n, char *out, size_t size);
