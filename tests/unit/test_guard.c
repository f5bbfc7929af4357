/* SPDX-License-Identifier: Apache-2.0 */
/* The guard: every special range at both its ends, every form that embeds an
 * address, every way to write a URL that somebody might read differently. */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "net/guard.h"
#include "unit.h"

static struct guard *
guard_of(const char *const *allow, const char *const *networks)
{
	struct guard_spec spec = { .allow = allow, .networks = networks };
	struct guard *g = NULL;
	struct err e;

	if (!guard_new(&spec, &g, &e))
		fail_msg("%s", e.detail);
	return g;
}

static bool
lets_through(const struct guard *g, const char *text)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = 80 };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct err e;
	bool ok;

	if (strchr(text, ':') == NULL) {
		assert_int_equal(inet_pton(AF_INET, text, &in.sin_addr), 1);
		ok = guard_address(g, (const struct sockaddr *)&in, &e);
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
		ok = guard_address(g, (const struct sockaddr *)&in6, &e);
	}
	if (!ok)
		assert_int_equal(e.code, ERR_FORBIDDEN);
	return ok;
}

/* The first and the last of each range, and their neighbours outside. */
static const struct range {
	const char *before, *first, *last, *after; /* NULL: special, too */
} ranges[] = {
	{ NULL, "0.0.0.0", "0.255.255.255", "1.0.0.0" },
	{ "9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0" },
	{ "100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0" },
	{ "126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0" },
	{ "169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0" },
	{ "172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0" },
	{ "191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0" },
	{ "192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0" },
	{ "192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0" },
	{ "192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0" },
	{ "198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0" },
	{ "198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0" },
	{ "203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0" },
	{ "223.255.255.255", "224.0.0.0", "239.255.255.255", NULL },
	{ NULL, "240.0.0.0", "255.255.255.255", NULL },
	{ NULL, "::", "::ffff:0.255.255.255", NULL },
	{ NULL, "::1", "::1", NULL },
	{ NULL, "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", NULL },
	{ NULL, "100::", "100::ffff:ffff:ffff:ffff", NULL },
	{ NULL, "100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff", NULL },
	{ NULL, "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	    "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::1" },
	{ "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	    "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::" },
	{ "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::",
	    "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::" },
	{ "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	    "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::" },
	{ "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	    "4000::", "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
	{ NULL, "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
	{ NULL, "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
	{ NULL, "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
	{ NULL, "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
	{ NULL, "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
};

static void
test_ranges(void **state)
{
	struct guard *g = guard_of(NULL, NULL);

	(void)state;
	for (size_t i = 0; i < NELEM(ranges); i++) {
		const struct range *r = &ranges[i];

		if (lets_through(g, r->first) || lets_through(g, r->last))
			fail_msg("%s is let through", r->first);
		if (r->before != NULL && !lets_through(g, r->before))
			fail_msg("%s is refused", r->before);
		if (r->after != NULL && !lets_through(g, r->after))
			fail_msg("%s is refused", r->after);
	}
	assert_true(lets_through(g, "8.8.8.8"));
	assert_true(lets_through(g, "2606:4700:4700::1111"));
	guard_free(g);
}

/* Each form with 10.1.2.3, 169.254.169.254, 127.0.0.1 and 8.8.8.8 in it. */
static void
test_embedded(void **state)
{
	static const struct {
		const char *form;
		bool may_be_public;
	} forms[] = {
		{ "::ffff:%x:%x", true },              /* mapped */
		{ "64:ff9b::%x:%x", true },            /* NAT64 */
		{ "2002:%x:%x::1", true },             /* 6to4 */
		{ "2600:1:2:3:0:5efe:%x:%x", true },   /* ISATAP */
		{ "2600:1:2:3:200:5efe:%x:%x", true }, /* its global form */
		{ "::%x:%x", false },                  /* compatible */
		{ "::ffff:0:%x:%x", false },           /* translated */
		{ "64:ff9b:1::%x:%x", false },         /* NAT64, local */
		{ "2001:0:%x:%x::1", false },          /* Teredo: its server */
		{ "2001::%x:%x", false },              /* Teredo: its client */
		{ "fe80::5efe:%x:%x", false },         /* ISATAP, link-local */
		{ "fe80::200:5efe:%x:%x", false },
	};
	static const struct {
		unsigned high, low;
		bool is_public;
	} inner[] = {
		{ 0x0a01, 0x0203, false },
		{ 0xa9fe, 0xa9fe, false },
		{ 0x7f00, 0x0001, false },
		{ 0x6440, 0x0001, false },
		{ 0x0808, 0x0808, true },
	};
	struct guard *g = guard_of(NULL, NULL);

	(void)state;
	for (size_t i = 0; i < NELEM(forms); i++) {
		for (size_t j = 0; j < NELEM(inner); j++) {
			char text[64];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(text, sizeof(text), forms[i].form,
			    inner[j].high, inner[j].low);
#pragma GCC diagnostic pop
			if (lets_through(g, text) !=
			    (forms[i].may_be_public && inner[j].is_public))
				fail_msg("%s", text);
		}
	}
	/* 6to4 to a public network that names a private host by ISATAP. */
	assert_false(lets_through(g, "2002:808:808::5efe:a01:203"));
	guard_free(g);
}

static void
test_networks(void **state)
{
	static const char *const list[] = { "10.1.0.0/16", "127.0.0.1",
		"fd00:1::/32", "::1", NULL };
	static const char *const all6[] = { "::/0", NULL };
	static const char *const all4[] = { "0.0.0.0/0", NULL };
	static const char *const mapped[] = { "::ffff:10.0.0.0/104", NULL };
	struct guard *g = guard_of(NULL, list);

	(void)state;
	assert_true(lets_through(g, "10.1.0.0"));
	assert_true(lets_through(g, "10.1.255.255"));
	assert_true(lets_through(g, "::ffff:10.1.2.3"));
	assert_true(lets_through(g, "127.0.0.1"));
	assert_true(lets_through(g, "fd00:1:ffff::"));
	assert_true(lets_through(g, "::1"));
	assert_false(lets_through(g, "10.0.255.255"));
	assert_false(lets_through(g, "10.2.0.0"));
	assert_false(lets_through(g, "127.0.0.2"));
	assert_false(lets_through(g, "fd00:2::"));
	/* Not by tunnel, however public it looks. */
	assert_false(lets_through(g, "64:ff9b::10.1.2.3"));
	assert_false(lets_through(g, "2002:a01:203::1"));
	assert_false(lets_through(g, "::10.1.2.3"));
	guard_free(g);
	g = guard_of(NULL, all6);
	assert_true(lets_through(g, "fe80::1"));
	assert_false(lets_through(g, "10.0.0.1"));
	assert_false(lets_through(g, "::ffff:10.0.0.1"));
	guard_free(g);
	g = guard_of(NULL, all4);
	assert_true(lets_through(g, "169.254.169.254"));
	assert_false(lets_through(g, "fe80::1"));
	guard_free(g);
	g = guard_of(NULL, mapped);
	assert_true(lets_through(g, "10.9.9.9"));
	guard_free(g);
	guard_free(NULL);
}

static void
test_families(void **state)
{
	struct guard *g = guard_of(NULL, NULL);
	struct sockaddr unix_one = { .sa_family = AF_UNIX };
	struct err e;

	(void)state;
	assert_false(guard_address(g, &unix_one, &e));
	assert_int_equal(e.code, ERR_FORBIDDEN);
	guard_free(g);
}

static const char *const allow[] = { "https://img.example.org/pics/",
	"http://*.cdn.example/", "https://plain.example:8443/",
	"https://8.8.8.8/", "https://[2606:4700::1]/", "http://10.0.0.1/",
	NULL };

static const char *const good[] = {
	"https://img.example.org/pics/a.jpg",
	"https://img.example.org:443/pics/a.jpg",
	"https://IMG.Example.ORG/pics/a.jpg",
	"https://img.example.org/pics/",
	"https://img.example.org/pics//a",
	"https://img.example.org/pics/a..b/...c/.d",
	"https://img.example.org/pics/a%20b%2Fc%252Fd@e:f",
	"https://img.example.org/pics/a?../..&x=%2e%2e/%zz",
	"https://img.example.org/pics/a?b=http://c@d/",
	"http://a.cdn.example/x",
	"http://a.b.cdn.example:80/",
	"http://a-b_c.cdn.example/",
	"https://plain.example:8443/x",
	"https://8.8.8.8/x",
	"https://[2606:4700::1]/x",
	"https://[2606:4700:0:0:0:0:0:1]:443/x",
};

static const char *const bad[] = {
	"",
	"/",
	"img.example.org/pics/a",
	"//img.example.org/pics/a",
	"HTTPS://img.example.org/pics/a",
	"ftp://img.example.org/pics/a",
	"file:///etc/passwd",
	"https:/img.example.org/pics/a",
	"https:///pics/a",
	"http://img.example.org/pics/a",      /* the other scheme */
	"https://img.example.org:444/pics/a", /* another port */
	"https://img.example.org:0443/pics/a",
	"https://img.example.org:/pics/a",
	"https://img.example.org:443x/pics/a",
	"https://img.example.org:99999/pics/a",
	"https://img.example.org:443:443/pics/a",
	"https://img.example.org/pics",
	"https://img.example.org/Pics/a",
	"https://img.example.org/picsa",
	"https://img.example.org",
	"https://img.example.org?/pics/a",
	"https://img.example.org./pics/a",
	"https://.img.example.org/pics/a",
	"https://img..example.org/pics/a",
	"https://x.img.example.org/pics/a",
	"https://img.example.org.evil.example/pics/a",
	"https://evil.example/https://img.example.org/pics/a",
	"https://evil.example#@img.example.org/pics/a",
	"https://img.example.org#/pics/a",
	"https://img.example.org/pics/a#b",
	"https://img.example.org@evil.example/pics/a",
	"https://user@img.example.org/pics/a",
	"https://user:pw@img.example.org/pics/a",
	"https://img.example.org\\@evil.example/pics/a",
	"https://evil.example\\.img.example.org/pics/a",
	"https://img.example.org/pics\\a",
	"https://img.example.org/pics/ a",
	"https://img.example.org/pics/a\tb",
	"https://img.example.org/pics/a\nb",
	"https://img.example.org/pics/a\x7f",
	"https://img.example.org/pics/\xc3\xa4",
	"https://\xc3\xa4.example.org/pics/a",
	"https://img%2eexample.org/pics/a",
	"https://img.example.org%2f/pics/a",
	/* Ways out of the path. */
	"https://img.example.org/pics/../a",
	"https://img.example.org/pics/./a",
	"https://img.example.org/pics/..",
	"https://img.example.org/pics/.",
	"https://img.example.org/pics/..;/a",
	"https://img.example.org/pics/..;x=y/a",
	"https://img.example.org/pics/%2e%2e/a",
	"https://img.example.org/pics/.%2E/a",
	"https://img.example.org/pics/%252e%252e/a",
	"https://img.example.org/pics/%25252e%25252e/a",
	"https://img.example.org/pics/%%32e%%32e/a",
	"https://img.example.org/pics/x%2f..%2fa",
	"https://img.example.org/pics/x%5c..%5ca",
	"https://img.example.org/pics/x%255c..%255ca",
	"https://img.example.org/pics/a%00b",
	"https://img.example.org/pics/a%0ab",
	"https://img.example.org/pics/a%250ab",
	"https://img.example.org/pics/a%7fb",
	"https://img.example.org/pics/a%",
	"https://img.example.org/pics/a%2",
	"https://img.example.org/pics/a%zz",
	/* Wild cards. */
	"http://cdn.example/x",
	"http://.cdn.example/x",
	"http://xcdn.example/x",
	"http://xxcdn.example/x",
	"http://*.cdn.example/x",
	"http://a.cdn.example.evil.example/x",
	"https://a.cdn.example/x",
	/* Addresses in other forms, and others. */
	"https://134744072/x",
	"https://0x08080808/x",
	"https://0x8.8.8.8/x",
	"https://010.8.8.8/x",
	"https://8.8.2056/x",
	"https://8.8.8/x",
	"https://8.8.8.8./x",
	"https://8.8.8.08/x",
	"https://8.8.8.256/x",
	"https://8.8.8.8.8/x",
	"https://8.8.8.9/x",
	"https://[::ffff:8.8.8.9]/x",
	"https://[2606:4700::1%25eth0]/x",
	"https://[2606:4700::1/x",
	"https://[2606:4700::1]x/x",
	"https://[2606:4700::1]443/x",
	"https://[2606:4700::1]:/x",
	"https://[]/x",
	"https://[8.8.8.8]/x",
	"https://2606:4700::1/x",
	"https://[v1.x]/x",
	/* In the list, and private all the same. */
	"http://10.0.0.1/x",
};

static void
test_urls(void **state)
{
	struct guard *g = guard_of(allow, NULL);
	char longer[17000];
	struct err e;

	(void)state;
	for (size_t i = 0; i < NELEM(good); i++)
		if (!guard_url(g, slice_of(good[i]), &e))
			fail_msg("%s: %s", good[i], e.detail);
	for (size_t i = 0; i < NELEM(bad); i++) {
		if (guard_url(g, slice_of(bad[i]), &e))
			fail_msg("%s is let through", bad[i]);
		assert_int_equal(e.code, ERR_FORBIDDEN);
	}
	/* A zero byte, and what is too long in each way. */
	assert_false(
	    guard_url(g, SLICE("https://img.example.org/pics/a\0.jpg"), &e));
	memset(longer, 'a', sizeof(longer));
	memcpy(longer, "https://img.example.org/pics/", 29);
	assert_true(guard_url(g, (struct slice){ longer, 16384 }, &e));
	assert_false(guard_url(g, (struct slice){ longer, 16385 }, &e));
	/* One that would have to be decoded thousands of times. */
	for (size_t i = 30; i < sizeof(longer); i++)
		longer[i] = i % 2 == 0 ? '2' : '5';
	longer[29] = '%';
	assert_false(guard_url(g, (struct slice){ longer, 16384 }, &e));
	assert_string_equal(e.detail, "URL: encoded again and again");
	assert_true(guard_url(g, (struct slice){ longer, 30 + 2 * 8 }, &e));
	assert_false(guard_url(g, (struct slice){ longer, 30 + 2 * 9 }, &e));
	memset(longer, 'a', sizeof(longer));
	memcpy(longer, "http://", 7);
	memcpy(longer + 7 + 63, ".cdn.example/", 13);
	assert_true(guard_url(g, (struct slice){ longer, 7 + 63 + 13 }, &e));
	memcpy(longer + 7 + 63, "a.cdn.example/", 14);
	assert_false(guard_url(g, (struct slice){ longer, 7 + 64 + 13 }, &e));
	guard_free(g);
}

static void
test_exempt_url(void **state)
{
	static const char *const networks[] = { "10.0.0.0/8", NULL };
	struct guard *g = guard_of(allow, networks);
	struct err e;

	(void)state;
	assert_true(guard_url(g, SLICE("http://10.0.0.1/x"), &e));
	guard_free(g);
	/* Nothing is allowed by nothing. */
	g = guard_of(NULL, NULL);
	assert_false(guard_url(g, SLICE("https://img.example.org/pics/a"), &e));
	guard_free(g);
}

static void
test_configuration(void **state)
{
	static const char *const entries[] = { "img.example.org", "https://x",
		"https://x/y", "https://*/", "https://*.8.8.8.8/",
		"https://x/*/", "https://a*.x/", "https://u@x/", "https://x/?",
		"https://x/#", "https://x:0/", "https://x/../", "" };
	static const char *const endpoints[] = { "img.example.org", "ftp://x/",
		"https://u:sesame@x/", "https://*.x/", "https://x/?a=b" };
	static const char *const networks[] = { "", "10", "10.0.0.0/",
		"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.1/8", "10.0.0/8",
		"::1/129", "fd00::1/8", "fe80::%eth0/64", "localhost", "a/8",
		"10.0.0.0/8/8", "0x0a000000/8" };
	struct guard *g = NULL;
	struct err e;

	(void)state;
	for (size_t i = 0; i < NELEM(entries); i++) {
		const char *list[] = { entries[i], NULL };
		struct guard_spec spec = { .allow = list };

		/* A star in a path is a star. */
		if (strcmp(entries[i], "https://x/*/") == 0) {
			assert_true(guard_new(&spec, &g, &e));
			guard_free(g);
			continue;
		}
		if (guard_new(&spec, &g, &e))
			fail_msg("allow = %s", entries[i]);
		assert_int_equal(e.code, ERR_CONFIG);
	}
	for (size_t i = 0; i < NELEM(endpoints); i++) {
		struct guard_spec spec = { .endpoint = endpoints[i] };

		if (guard_new(&spec, &g, &e))
			fail_msg("endpoint = %s", endpoints[i]);
		assert_int_equal(e.code, ERR_CONFIG);
		assert_non_null(strstr(e.detail, "endpoint = "));
		assert_null(strstr(e.detail, "sesame"));
	}
	for (size_t i = 0; i < NELEM(networks); i++) {
		const char *list[] = { networks[i], NULL };
		struct guard_spec spec = { .networks = list };

		if (guard_new(&spec, &g, &e))
			fail_msg("networks = %s", networks[i]);
		assert_int_equal(e.code, ERR_CONFIG);
		assert_non_null(strstr(e.detail, "networks = "));
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_embedded),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_exempt_url),
		cmocka_unit_test(test_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
