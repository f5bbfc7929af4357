/* SPDX-License-Identifier: Apache-2.0 */
/* pictord: the role from the arguments, nothing else. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/conf.h"
#include "conf/options.h"
#include "image/image.h"
#include "render/render.h"
#include "serve.h"

static const struct {
	const char *what;
	void (*print)(FILE *out);
} pages[] = {
	{ "sample", conf_print_sample },
	{ "pictor.conf.5", conf_print_manual },
	{ "pictord.8", options_print_manual },
};

static int
fail(const char *line)
{
	fprintf(stderr, "pictord: %s\n", line);
	return 1;
}

static int
generate(const char *what)
{
	for (size_t i = 0; i < NELEM(pages); i++) {
		if (strcmp(pages[i].what, what) != 0)
			continue;
		pages[i].print(stdout);
		return ferror(stdout) != 0;
	}
	return fail("--generate takes sample, pictor.conf.5 or pictord.8");
}

static int
help(void)
{
	printf("usage: pictord [OPTION ...]\n"
	       "\n"
	       "Serves transformed images over HTTP.\n"
	       "\n");
	options_print(stdout);
	printf("\n"
	       "Configuration keys, as section.key; in the environment\n"
	       "PICTOR_SECTION_KEY:\n"
	       "\n");
	conf_print_keys(stdout);
	printf("\nThe manuals are pictord(8) and pictor.conf(5).\n");
	return 0;
}

static int
run(const struct options *o)
{
	struct err e = { 0 };
	struct conf *conf = NULL;
	bool ok = false;

	if (!conf_load(o->config, environ, &conf, &e))
		return fail(e.detail);
	if (o->print_config) {
		conf_print(conf, stdout);
		conf_drop(conf);
		return 0;
	}
	if (o->check) {
		ok = serve_check(conf, &e);
		conf_drop(conf);
		return ok ? 0 : fail(e.detail);
	}
	if (serve(conf, o->config, &e))
		return 0;
	return fail(e.detail);
}

int
main(int argc, char **argv)
{
	struct options o = { 0 };
	struct err e = { 0 };

	/* The sandboxed process: executed by pictord itself (render/jail.c). */
	if (argc > 1 && strcmp(argv[1], "worker") == 0)
		return render_worker_main(argc, argv);
	if (!options_read(argc, argv, &o, &e)) {
		(void)fail(e.detail);
		return 2;
	}
	if (o.help)
		return help();
	if (o.version) {
		printf("pictord %s, %s\n", PACKAGE_VERSION, image_version());
		return 0;
	}
	if (o.generate != NULL)
		return generate(o.generate);
	return run(&o);
}
