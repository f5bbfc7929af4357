/* SPDX-License-Identifier: Apache-2.0 */
/* pictor: renders, explains and checks by hand. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cli/cli.h"
#include "image/image.h"

static const struct {
	const char *name;
	const char *args;
	int least, most; /* arguments */
	const char *text;
	bool (*run)(const struct cli *cli, struct err *e);
} commands[] = {
	{ "render", "IN OUT [KEY=VALUE ...]", 2, 64,
	    "Render a file by the parameters of the query language. The\n"
	    "      format is OUT's ending unless format= is given; - is "
	    "standard\n"
	    "      output.",
	    cli_render },
	{ "explain", "URL", 1, 1,
	    "Say what a URL means: mount, plan, cache key, and what happens, "
	    "in\n"
	    "      words.",
	    cli_explain },
	{ "check", "", 0, 0,
	    "Check the configuration and that this machine can render: starts "
	    "a\n"
	    "      sandboxed worker and writes every format.",
	    cli_check },
};

static void
help(FILE *out)
{
	fputs("usage: pictor [--config FILE] [--local] [--quiet] COMMAND ...\n"
	      "\n"
	      "Commands:\n",
	    out);
	for (size_t i = 0; i < NELEM(commands); i++)
		fprintf(out, "  %s%s%s\n      %s\n", commands[i].name,
		    commands[i].args[0] != '\0' ? " " : "", commands[i].args,
		    commands[i].text);
	fputs(
	    "\n"
	    "Options:\n"
	    "  -c, --config FILE  Read this configuration.\n"
	    "  -l, --local        Render in this process, without a sandbox.\n"
	    "  -q, --quiet        Print no figures.\n"
	    "  -h, --help         This text.\n"
	    "  -V, --version      The version.\n"
	    "\n"
	    "Exit status: 0 done, 1 it failed (one line says why), 2 wrong\n"
	    "usage. The manual is pictor(1).\n",
	    out);
}

static int
usage(const char *what)
{
	fprintf(stderr, "pictor: %s; see pictor --help\n", what);
	return 2;
}

static int
run(struct cli *cli, const char *name)
{
	struct err e = { 0 };
	char line[512];

	for (size_t i = 0; i < NELEM(commands); i++) {
		if (strcmp(commands[i].name, name) != 0)
			continue;
		if (cli->narg < commands[i].least ||
		    cli->narg > commands[i].most) {
			(void)snprintf(line, sizeof(line), "%s takes: %s", name,
			    commands[i].args);
			return usage(line);
		}
		if (commands[i].run(cli, &e))
			return 0;
		cli_error_print(&e, line, sizeof(line));
		fprintf(stderr, "pictor: %s\n", line);
		return 1;
	}
	(void)snprintf(line, sizeof(line), "there is no command %.40s", name);
	return usage(line);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "local", no_argument, NULL, 'l' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	struct cli cli = { 0 };
	int c = 0;

	/* The sandboxed process: the same program, run by itself. */
	if (argc > 1 && strcmp(argv[1], "worker") == 0)
		return render_worker_main(argc, argv);
	log_level_set(LOG_LEVEL_WARNING);
	/* One thread as yet. NOLINTNEXTLINE(concurrency-mt-unsafe) */
	while ((c = getopt_long(argc, argv, "+c:lqhV", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			cli.config = optarg;
			break;
		case 'l':
			cli.local = true;
			break;
		case 'q':
			cli.quiet = true;
			break;
		case 'h':
			help(stdout);
			return 0;
		case 'V':
			printf("pictor %s, %s\n", PACKAGE_VERSION,
			    image_version());
			return 0;
		default:
			return 2; /* getopt has said why */
		}
	}
	if (optind >= argc)
		return usage("a command is needed");
	cli.arg = argv + optind + 1;
	cli.narg = argc - optind - 1;
	return run(&cli, argv[optind]);
}
