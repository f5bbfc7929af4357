/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that have any name behind a dot. */
#include <stdio.h>
#include <string.h>

#include "conf_kit.h"

/* kafka.prop.NAME: any name, and nothing of it is shown. */
static void
test_open(void **state)
{
	char *env[] = { (char[]){ "PICTOR_KAFKA_PROP_LINGER_MS=7" },
		(char[]){ "PICTOR_KAFKA_PROP_CLIENT_ID=me" }, NULL };
	struct conf *c = loaded("[kafka]\nprop.linger.ms = 5\n"
				"prop.sasl.password = a b c\n",
	    env);
	const struct conf_list *list = &c->kafka_prop;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_int_equal(list->n, 3);
	assert_string_equal(list->item[0], "linger.ms=7");
	assert_string_equal(list->item[1], "sasl.password=a b c");
	assert_string_equal(list->item[2], "client.id=me");
	assert_null(list->item[3]);
	conf_print(c, out);
	assert_int_equal(fclose(out), 0);
	assert_null(strstr(text, "a b c"));
	free(text);
	conf_drop(c);
	refused("[kafka]\nprop.x = 1\nprop.x = 2\n", NULL,
	    "t.conf:3: [kafka] prop: x is given twice");
	refused("[kafka]\nprop. = 1\n", NULL,
	    "t.conf:2: there is no key \"prop.\" in [kafka]; did you mean "
	    "prop?");
	refused("[http]\nthreads.x = 1\n", NULL,
	    "t.conf:2: there is no key \"threads.x\" in [http]; did you mean "
	    "threads?");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
