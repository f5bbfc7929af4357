/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of tables, sizes and JSON as text. */
#include "cli/show.h"

#include "cli/cli.h"

void
show_default(const struct arg_row *row, char *out, size_t size)
{
	char text[ARG_TEXT_MAX];
	union arg value;

	if (!arg_default(row, &value)) {
		(void)snprintf(out, size, "none");
	} else if (row->type == ARG_BOOL) {
		(void)snprintf(out, size, "%s", value.on ? "true" : "false");
	} else {
		arg_print(row, value, text);
		(void)snprintf(out, size, "%s", text);
	}
}

void
show_arg(const struct arg_row *row)
{
	char text[SHOW_MAX + 64];
	char value[SHOW_MAX];

	printf("\n  %s\n", row->name);
	cli_wrap(stdout, "      ", "      ", row->text);
	arg_accepted(row, value, sizeof(value));
	(void)snprintf(text, sizeof(text), "Takes %s.", value);
	cli_wrap(stdout, "      ", "      ", text);
	show_default(row, value, sizeof(value));
	printf("      Default: %s\n", value);
}

void
show_bytes(double bytes, char out[SHOW_BYTES])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	size_t unit = 0;

	while (bytes >= 999.5 && unit + 1 < NELEM(units)) {
		bytes /= 1000;
		unit++;
	}
	(void)snprintf(out, SHOW_BYTES, "%.*f %s",
	    unit > 0 && bytes < 99.95 ? 1 : 0, bytes, units[unit]);
}
