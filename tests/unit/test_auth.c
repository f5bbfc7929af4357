/* SPDX-License-Identifier: Apache-2.0 */
/* Methods, hosts, expiry. */
#include <string.h>

#include "auth/auth.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "unit.h"

static bool
allowed(const char *const *hosts, const char *method, const char *host,
    struct err *e)
{
	struct conf_mount mount = { .name = "m" };
	const struct auth_ask ask = {
		.mount = &mount,
		.method = slice_of(method),
		.host = slice_of(host),
	};

	while (hosts != NULL && hosts[mount.hosts.n] != NULL)
		mount.hosts.n++;
	mount.hosts.item = hosts;
	memset(e, 0, sizeof(*e));
	return auth_check(&ask, e);
}

static void
test_methods(void **state)
{
	static const char *const bad[] = { "POST", "PUT", "DELETE", "get", "",
		"GETS", "TRACE", "CONNECT", "HEAD " };
	struct err e;

	(void)state;
	assert_true(allowed(NULL, "GET", "", &e));
	assert_true(allowed(NULL, "HEAD", "", &e));
	assert_true(allowed(NULL, "OPTIONS", "", &e));
	for (size_t i = 0; i < NELEM(bad); i++) {
		assert_false(allowed(NULL, bad[i], "", &e));
		assert_int_equal(e.code, ERR_NOT_ALLOWED);
		assert_string_equal(e.param, "method");
		assert_string_equal(e.value, bad[i]);
	}
}

static void
test_hosts(void **state)
{
	static const char *const hosts[] = { "img.example.org", "*.example.com",
		"[::1]", "dot.example.net.", NULL };
	static const char *const good[] = { "img.example.org",
		"IMG.Example.ORG", "img.example.org.", "a.example.com",
		"A.EXAMPLE.COM.", "[::1]", "dot.example.net",
		"img.example.org:8080", "img.example.org.:80", "[::1]:8080",
		"a.example.com:" };
	static const char *const bad[] = { "example.org", "", ".",
		"x.img.example.org", "example.com", ".example.com",
		"a.b.example.com", "a.example.community", "img.example.org..",
		"[::2]", "*.example.com.evil.example", "aimg.example.org",
		":80", "evil.example:80.img.example.org", "[::2]:80",
		"]img.example.org" };
	struct err e;

	(void)state;
	for (size_t i = 0; i < NELEM(good); i++)
		if (!allowed(hosts, "GET", good[i], &e))
			fail_msg("%s is refused", good[i]);
	for (size_t i = 0; i < NELEM(bad); i++) {
		if (allowed(hosts, "GET", bad[i], &e))
			fail_msg("%s is let through", bad[i]);
		assert_int_equal(e.code, ERR_BAD_HOST);
		/* Which hosts there are is not told. */
		assert_null(strstr(e.accepted, "example"));
	}
	assert_true(allowed(NULL, "GET", "anything", &e));
}

static void
test_expiry(void **state)
{
	struct conf_mount mount = { .name = "m" };
	struct auth_ask ask = { .mount = &mount, .method = SLICE("GET") };
	int64_t now = clock_wall_ns() / NS_PER_S;
	struct err e;

	(void)state;
	assert_true(auth_check(&ask, &e));
	ask.expires_s = now + 1000;
	assert_true(auth_check(&ask, &e));
	ask.expires_s = now;
	assert_false(auth_check(&ask, &e));
	assert_int_equal(e.code, ERR_EXPIRED);
	ask.expires_s = 1;
	assert_false(auth_check(&ask, &e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_expiry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
