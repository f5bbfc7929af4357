/* SPDX-License-Identifier: Apache-2.0 */
/* pictor ops: the operations, from their table. */
#include "cli/cli.h"
#include "cli/show.h"

static const char *
type_name(enum arg_type type)
{
	switch (type) {
	case ARG_NUM:
		return "number";
	case ARG_WHOLE:
		return "whole";
	case ARG_LENGTH:
		return "length";
	case ARG_BOOL:
		return "bool";
	case ARG_PICK:
		return "pick";
	case ARG_SET:
		return "set";
	case ARG_COLOUR:
		return "colour";
	case ARG_LIST:
		return "list";
	}
	return "";
}

static bool
has_limits(enum arg_type type)
{
	return type == ARG_NUM || type == ARG_WHOLE || type == ARG_LENGTH ||
	    type == ARG_LIST;
}

static void
json_arg(struct json_line *j, const struct arg_row *row)
{
	char text[SHOW_MAX];
	union arg value;

	json_open(j, NULL, '{');
	json_string(j, "name", row->name);
	json_string(j, "type", type_name(row->type));
	if (has_limits(row->type)) {
		json_number(j, "min", row->min);
		json_number(j, "max", row->max);
	}
	show_default(row, text, sizeof(text));
	if (arg_default(row, &value))
		json_string(j, "default", text);
	else
		json_null(j, "default");
	json_string(j, "unit", row->unit);
	if (row->choices != NULL) {
		json_open(j, "choices", '[');
		for (size_t i = 0; row->choices[i] != NULL; i++)
			json_string(j, NULL, row->choices[i]);
		json_close(j, '[');
	}
	json_string(j, "text", row->text);
	json_close(j, '{');
}

static void
json_op(const struct op_row *row)
{
	struct json_line j = { .out = stdout };

	json_open(&j, NULL, '{');
	json_string(&j, "name", row->name);
	json_string(&j, "text", row->text);
	json_string(&j, "example", row->example);
	json_open(&j, "arguments", '[');
	for (size_t i = 0; i < row->narg; i++)
		json_arg(&j, &row->arg[i]);
	json_close(&j, '[');
	json_close(&j, '{');
	fputc('\n', stdout);
}

static void
print_op(const struct op_row *row)
{
	char head[64];

	(void)snprintf(head, sizeof(head), "%s: ", row->name);
	cli_wrap(stdout, head, "    ", row->text);
	if (row->narg > 0)
		printf("\nArguments:\n");
	else
		printf("\nIt takes no arguments.\n");
	for (size_t i = 0; i < row->narg; i++)
		show_arg(&row->arg[i]);
	printf("\nExample:\n  pictor render in.png out.png '");
	for (const char *c = row->example; *c != '\0'; c++)
		fputs(*c == '&' ? "' '" : (char[]){ *c, '\0' }, stdout);
	printf("'\n");
}

static int
print_list(const struct cli *cli)
{
	if (!cli->json)
		printf("In the order in which the query language runs "
		       "them:\n\n");
	for (int i = 0; i < OP_COUNT; i++) {
		const struct op_row *row = op_row((enum op)i);
		char head[32];

		if (cli->json) {
			json_op(row);
			continue;
		}
		(void)snprintf(head, sizeof(head), "  %-16s ", row->name);
		cli_wrap(stdout, head, "                   ", row->text);
	}
	if (!cli->json)
		printf("\npictor ops NAME says what an operation takes.\n");
	return STATUS_OK;
}

int
cli_ops(const struct cli *cli)
{
	struct cli_near near = { .word = slice_of(cli->arg[0]) };
	char hint[64];
	enum op op;

	if (cli->narg == 0)
		return print_list(cli);
	if (op_find(near.word, &op)) {
		(cli->json ? json_op : print_op)(op_row(op));
		return STATUS_OK;
	}
	for (int i = 0; i < OP_COUNT; i++)
		cli_near_try(&near, op_row((enum op)i)->name);
	cli_near_print(&near, hint, sizeof(hint));
	cli_complain("there is no operation %.40s%s", cli->arg[0],
	    near.best != NULL ? hint : "; see pictor ops");
	return STATUS_USAGE;
}
