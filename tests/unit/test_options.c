/* SPDX-License-Identifier: Apache-2.0 */
/* pictord's command line: what is taken, and what is said of the rest. */
#include <stdio.h>
#include <string.h>

#include "conf/options.h"
#include "unit.h"

static void
options(void **state)
{
	static const struct {
		const char *argv[4];
		const char *config;
		bool check;
		const char *error;
	} cases[] = {
		{ { NULL }, NULL, false, NULL },
		{ { "--config", "f", "--check" }, "f", true, NULL },
		{ { "--config=f=g" }, "f=g", false, NULL },
		{ { "-c", "f", "-t" }, "f", true, NULL },
		{ { "-cf", "--" }, "f", false, NULL },
		{ { "--config", "-" }, "-", false, NULL },
		{ { "--chek" }, NULL, false,
		    "there is no option --chek; did you mean --check?" },
		{ { "-x" }, NULL, false, "there is no option -x; see --help" },
		{ { "-" }, NULL, false, "there is no option -; see --help" },
		{ { "--=f" }, NULL, false,
		    "there is no option --=f; see --help" },
		{ { "--config" }, NULL, false, "--config needs a value: FILE" },
		{ { "--config=" }, NULL, false,
		    "--config needs a value: FILE" },
		{ { "--check=yes" }, NULL, false, "--check takes no value" },
		{ { "-t", "--check" }, NULL, false, "--check is given twice" },
		{ { "a.conf" }, NULL, false,
		    "\"a.conf\": no argument is expected here; a "
		    "configuration file is given as --config FILE" },
		{ { "--", "a" }, NULL, false,
		    "\"a\": no argument is expected here; a configuration "
		    "file is given as --config FILE" },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		char room[5][32] = { "pictord" };
		char *argv[6] = { room[0] };
		struct options o = { 0 };
		struct err e;
		int argc = 1;

		for (; argc < 5 && cases[i].argv[argc - 1] != NULL; argc++) {
			snprintf(room[argc], sizeof(room[argc]), "%s",
			    cases[i].argv[argc - 1]);
			argv[argc] = room[argc];
		}
		if (options_read(argc, argv, &o, &e)) {
			assert_null(cases[i].error);
			assert_int_equal(o.check, cases[i].check);
			if (cases[i].config != NULL)
				assert_string_equal(o.config, cases[i].config);
			else
				assert_null(o.config);
		} else {
			assert_non_null(cases[i].error);
			assert_string_equal(e.detail, cases[i].error);
			assert_int_equal(e.code, ERR_CONFIG);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
