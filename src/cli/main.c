/* SPDX-License-Identifier: Apache-2.0 */
/* pictor: images by hand. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cli/cli.h"
#include "image/image.h"
#include "render/render.h"

void
cli_complain(const char *format, ...)
{
	va_list args;

	flockfile(stderr);
	fputs("pictor: ", stderr);
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	funlockfile(stderr);
}

void
cli_error_print(const struct err *e, char *out, size_t size)
{
	const struct err_row *row = err_row(e->code);
	int n = 0;

	if (e->code == ERR_CONFIG || e->code == ERR_SYSTEM)
		n = snprintf(out, size, "%s", e->detail);
	else if (e->param[0] != '\0')
		n = snprintf(out, size, "%s: %s%s%s%s%s", row->text, e->param,
		    e->value[0] != '\0' ? "=" : "", e->value,
		    e->accepted[0] == '\0' ? ""
			/* Another language's word for the error. */
			: e->own != 0 ? "; the server answers "
				      : "; accepted: ",
		    e->accepted);
	else
		n = snprintf(out, size, "%s%s%s", row->text,
		    e->detail[0] != '\0' ? ": " : "", e->detail);
	if (e->hint[0] != '\0' && n > 0 && (size_t)n < size)
		(void)snprintf(out + n, size - (size_t)n, "; %s", e->hint);
}

int
cli_fail(const struct err *e)
{
	char line[768];

	cli_error_print(e, line, sizeof(line));
	cli_complain("%s", line);
	return STATUS_FAILED;
}

int
cli_help(const struct cli *cli)
{
	struct cli_near near = { .word = slice_of(cli->arg[0]) };
	char hint[64];

	if (cli->narg == 0) {
		help_print(stdout);
		return STATUS_OK;
	}
	for (int i = 0; i < COMMAND_COUNT; i++) {
		const char *name = command_row((enum command)i)->name;

		cli_near_try(&near, name);
		if (strcmp(cli->arg[0], name) == 0) {
			help_print_command(stdout, (enum command)i);
			return STATUS_OK;
		}
	}
	cli_near_print(&near, hint, sizeof(hint));
	cli_complain("there is no command %.40s%s", cli->arg[0],
	    near.best != NULL ? hint : "; see pictor --help");
	return STATUS_USAGE;
}

static int
run(const struct cli *cli)
{
	if (cli->version) {
		printf("pictor %s, %s\n", PACKAGE_VERSION, image_version());
		return STATUS_OK;
	}
	if (!cli->help)
		return command_row(cli->command)->run(cli);
	if (cli->command == COMMAND_COUNT)
		help_print(stdout);
	else
		help_print_command(stdout, cli->command);
	return STATUS_OK;
}

int
main(int argc, char **argv)
{
	static const char generate[] = "--generate=";
	struct cli cli;
	struct err e;
	int status;

	/* The sandboxed process: the same program, run by itself. */
	if (argc > 1 && strcmp(argv[1], "worker") == 0)
		return render_worker_main(argc, argv);
	log_level_set(LOG_LEVEL_WARNING);
	/* For who builds it, and so in no list of options. */
	if (argc == 2 && strncmp(argv[1], generate, strlen(generate)) == 0) {
		status = manual_print(argv[1] + strlen(generate), stdout)
		    ? STATUS_OK
		    : STATUS_USAGE;
	} else if (cli_read(argc, argv, &cli, &e)) {
		status = run(&cli);
	} else {
		cli_complain("%s", e.detail);
		return STATUS_USAGE;
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		cli_complain("standard output: %s", strerrordesc_np(errno));
		return status == STATUS_OK ? STATUS_FAILED : status;
	}
	return status;
}
