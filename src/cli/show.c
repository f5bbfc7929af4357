/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of tables, sizes and JSON as text. */
#include "cli/show.h"

#include "base/codec.h"
#include "base/num.h"
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

static void
json_name(struct json_line *j, const char *name)
{
	if (j->comma)
		fputc(',', j->out);
	if (name != NULL)
		fprintf(j->out, "\"%s\":", name);
	j->comma = true;
}

void
json_string(struct json_line *j, const char *name, const char *value)
{
	struct slice s = slice_of(value);
	size_t size = 6 * s.len + 1;
	scoped_free char *escaped = xcalloc(size, 1);

	codec_json_escape(s, escaped, size);
	json_name(j, name);
	fprintf(j->out, "\"%s\"", escaped);
}

void
json_number(struct json_line *j, const char *name, double value)
{
	char number[NUM_TEXT_MAX];

	num_print(value, number);
	json_name(j, name);
	fputs(number, j->out);
}

void
json_bool(struct json_line *j, const char *name, bool on)
{
	json_name(j, name);
	fputs(on ? "true" : "false", j->out);
}

void
json_null(struct json_line *j, const char *name)
{
	json_name(j, name);
	fputs("null", j->out);
}

void
json_open(struct json_line *j, const char *name, char bracket)
{
	json_name(j, name);
	fputc(bracket, j->out);
	j->comma = false;
}

void
json_close(struct json_line *j, char bracket)
{
	fputc(bracket == '{' ? '}' : ']', j->out);
	j->comma = true;
}
