/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Not getopt_long(): it keeps its state in globals, accepts abbreviations
 * that break when an option is added, and words its own messages.
 */
#include "conf/options.h"

#include "base/text.h"
#include "conf/build.h"
#include "conf/manual.h"
#include "conf/print.h"

enum { COLUMNS = 79, SHOWN = 60 };

struct option_row {
	const char *name;
	const char *arg; /* NULL: it is a flag */
	const char *text;
	size_t offset;
	char letter;
};

static const struct option_row rows[] = {
#define OPTION_TEXT(field, name, letter, arg, text) \
	{ name, arg, text, offsetof(struct options, field), letter },
#define OPTION_FLAG(field, name, letter, text) \
	{ name, NULL, text, offsetof(struct options, field), letter },
#include "conf/option.def"
#undef OPTION_TEXT
#undef OPTION_FLAG
};

static void
option_set(const struct option_row *row, const char *value, struct options *out)
{
	bool on = true;
	char *field = (char *)out + row->offset;

	if (row->arg != NULL)
		memcpy(field, &value, sizeof(value));
	else
		memcpy(field, &on, sizeof(on));
}

static bool
option_given(const struct option_row *row, const struct options *out)
{
	static const struct options none = { 0 };
	size_t size = row->arg != NULL ? sizeof(char *) : sizeof(bool);

	return memcmp((const char *)out + row->offset,
		   (const char *)&none + row->offset, size) != 0;
}

static const struct option_row *
option_find(struct slice name)
{
	for (size_t i = 0; i < NELEM(rows); i++)
		if (slice_is(name, rows[i].name))
			return &rows[i];
	return NULL;
}

static const struct option_row *
letter_find(char letter)
{
	for (size_t i = 0; i < NELEM(rows); i++)
		if (letter != '\0' && rows[i].letter == letter)
			return &rows[i];
	return NULL;
}

static bool
option_unknown(struct slice name, const char *arg, struct err *e)
{
	struct conf_near near = { .word = name };
	const char *word;

	for (size_t i = 0; i < NELEM(rows); i++)
		near_try(&near, rows[i].name);
	word = near_word(&near);
	return err_set(e, ERR_CONFIG, "there is no option %.*s%s%s%s", SHOWN,
	    arg, word != NULL ? "; did you mean --" : "; see --help",
	    word != NULL ? word : "", word != NULL ? "?" : "");
}

/* One argument: the option, and its value if that is in the same one. */
static bool
option_parse(const char *arg, const struct option_row **row,
    struct slice *value, struct err *e)
{
	struct slice name;

	*value = slice_of(arg + 2);
	if (arg[1] == '-') {
		name = slice_cut(value, '=');
		*row = option_find(name);
	} else {
		name = (struct slice){ arg + 1, arg[1] != '\0' };
		*row = letter_find(arg[1]);
		if (arg[1] == '\0' || arg[2] == '\0')
			value->at = NULL;
	}
	if (*row != NULL)
		return true;
	(void)option_unknown(name, arg, e);
	return false;
}

bool
options_read(int argc, char *const *argv, struct options *out, struct err *e)
{
	struct options o = { 0 };

	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i];
		const struct option_row *row;
		struct slice value;

		if (strcmp(arg, "--") == 0 && i + 1 == argc)
			break;
		if (arg[0] != '-' || strcmp(arg, "--") == 0)
			return err_set(e, ERR_CONFIG,
			    "\"%.*s\": no argument is expected here; a "
			    "configuration file is given as --config FILE",
			    SHOWN, arg[0] != '-' ? arg : argv[i + 1]);
		if (!option_parse(arg, &row, &value, e))
			return false;
		if (option_given(row, &o))
			return err_set(
			    e, ERR_CONFIG, "--%s is given twice", row->name);
		if (row->arg == NULL && value.at != NULL)
			return err_set(
			    e, ERR_CONFIG, "--%s takes no value", row->name);
		if (row->arg != NULL && value.at == NULL && ++i < argc)
			value = slice_of(argv[i]);
		if (row->arg != NULL && (value.at == NULL || value.len == 0))
			return err_set(e, ERR_CONFIG, "--%s needs a value: %s",
			    row->name, row->arg);
		option_set(row, value.at, &o);
	}
	*out = o;
	return true;
}

/* --- texts --- */

static void
print_head(FILE *out, const struct option_row *row)
{
	if (row->letter != '\0')
		fprintf(out, "-%c, ", row->letter);
	fprintf(out, "--%s", row->name);
	if (row->arg != NULL)
		fprintf(out, " %s", row->arg);
	fputc('\n', out);
}

void
options_print(FILE *out)
{
	for (size_t i = 0; i < NELEM(rows); i++) {
		fputs("  ", out);
		print_head(out, &rows[i]);
		text_wrap(
		    out, "      ", "      ", slice_of(rows[i].text), COLUMNS);
	}
}

void
options_print_manual(FILE *out)
{
	manual_pictord_before(out);
	for (size_t i = 0; i < NELEM(rows); i++) {
		const struct option_row *row = &rows[i];

		fputs(".TP\n", out);
		fputs(".BR ", out);
		if (row->letter != '\0')
			fprintf(out, "\\-%c \", \" ", row->letter);
		fputs("\\-\\-", out);
		manual_word(out, row->name);
		if (row->arg != NULL)
			fprintf(out, " \" \\fI%s\\fP\"", row->arg);
		fputc('\n', out);
		manual_text(out, row->text);
	}
	manual_pictord_after(out);
}
