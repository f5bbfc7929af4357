/* SPDX-License-Identifier: Apache-2.0 */
/* pictor ops: the operations, from their table. */
#include "base/json_out.h"
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
json_arg(struct json_out *j, const struct arg_row *row)
{
	char text[SHOW_MAX];
	union arg value;

	json_put_open(j, NULL, '{');
	json_put_text(j, "name", slice_of(row->name));
	json_put_text(j, "type", slice_of(type_name(row->type)));
	if (has_limits(row->type)) {
		json_put_number(j, "min", row->min);
		json_put_number(j, "max", row->max);
	}
	show_default(row, text, sizeof(text));
	if (arg_default(row, &value))
		json_put_text(j, "default", slice_of(text));
	else
		json_put_null(j, "default");
	json_put_text(j, "unit", slice_of(row->unit));
	if (row->choices != NULL) {
		json_put_open(j, "choices", '[');
		for (size_t i = 0; row->choices[i] != NULL; i++)
			json_put_text(j, NULL, slice_of(row->choices[i]));
		json_put_close(j, ']');
	}
	json_put_text(j, "text", slice_of(row->text));
	json_put_close(j, '}');
}

static void
json_op(const struct op_row *row)
{
	struct json_out j = { .file = stdout };

	json_put_open(&j, NULL, '{');
	json_put_text(&j, "name", slice_of(row->name));
	json_put_text(&j, "text", slice_of(row->text));
	json_put_text(&j, "example", slice_of(row->example));
	json_put_open(&j, "arguments", '[');
	for (size_t i = 0; i < row->narg; i++)
		json_arg(&j, &row->arg[i]);
	json_put_close(&j, ']');
	json_put_close(&j, '}');
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
