/* SPDX-License-Identifier: Apache-2.0 */
#include "conf_kit.h"

struct conf *
loaded(const char *text, char *const *env)
{
	struct conf *c = NULL;
	struct err e;

	if (!conf_load_text(slice_of(text), "t.conf", env, &c, &e))
		fail_msg("\"%s\": %s", text, e.detail);
	return c;
}

void
refused(const char *text, char *const *env, const char *want)
{
	struct conf *c = NULL;
	struct err e;

	if (conf_load_text(slice_of(text), "t.conf", env, &c, &e))
		fail_msg("\"%s\" was accepted", text);
	assert_null(c);
	assert_int_equal(e.code, ERR_CONFIG);
	assert_string_equal(e.detail, want);
}
