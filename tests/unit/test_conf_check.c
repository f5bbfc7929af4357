/* SPDX-License-Identifier: Apache-2.0 */
/* Values that are each well written, and wrong where they stand. */
#include "conf_kit.h"

#define CORS_REFUSED                                                       \
	"t.conf:2: [http] cors_origin: is *, or one origin in lower case " \
	"without a path, such as https://www.example.org"

static void
listeners_and_stores(void **state)
{
	static const char *const cases[][2] = {
		{ "[http]\nlisten =",
		    "t.conf:2: [http] listen: needs at least one address" },
		{ "[http]\nlisten = a a",
		    "t.conf:2: [http] listen: names an address twice" },
		{ "[http]\nlisten = 127.0.0.1:8081",
		    "[http] admin: is also an address of listen" },
		{ "[http]\ncors_origin = https://a.example/", CORS_REFUSED },
		{ "[http]\ncors_origin = https://a.example, "
		  "https://b.example",
		    CORS_REFUSED },
		{ "[http]\ncors_origin = a.example", CORS_REFUSED },
		{ "[store.a]\ntype = http\nendpoint = http://a/\n"
		  "forward = X-Tenant cookie",
		    "t.conf:4: [store.a] forward: a name is that of a header, "
		    "and never of one that identifies viewers (Authorization, "
		    "Cookie) or concerns a single transfer" },
		{ "[store.a]\nroot = /\nforward = X-Tenant",
		    "t.conf:3: [store.a] forward: is for stores of type http "
		    "alone" },
		{ "[store.a]",
		    "t.conf:1: [store.a] root: needs the folder of "
		    "the originals" },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++)
		refused(cases[i][0], NULL, cases[i][1]);
}

static void
mounts(void **state)
{
	static const char *const cases[][2] = {
		{ "[mount.a]\npath = /a",
		    "t.conf:2: [mount.a] path: must "
		    "begin and end with /" },
		{ "[mount.a]\npath = /-/",
		    "t.conf:2: [mount.a] path: may not "
		    "be below /-/, which is the "
		    "server's own" },
		{ "[mount.a]\npath = /a b/",
		    "t.conf:2: [mount.a] path: must be written as in a URL: "
		    "letters, digits and -._~!$&'()*+,;=:@/" },
		{ "[mount.a]\npath = //",
		    "t.conf:2: [mount.a] path: may not "
		    "hold //" },
		{ "[mount.a]\n[mount.b]",
		    "t.conf:2: [mount.b] path: another "
		    "mount has this path already" },
		{ "[mount.a]\ndialect =",
		    "t.conf:2: [mount.a] dialect: needs a URL language" },
		{ "[mount.a]\nstores =",
		    "t.conf:2: [mount.a] stores: needs at least one word" },
		{ "[mount.a]\nformats = png png",
		    "t.conf:2: [mount.a] formats: names something twice" },
		{ "[mount.a]\nstores = shop",
		    "t.conf:2: [mount.a] stores: there is no section "
		    "[store.shop]; the first of those there are is "
		    "[store.files]" },
		{ "[mount.a]\nhosts = a:80",
		    "t.conf:2: [mount.a] hosts: a host is a name without port, "
		    "such as img.example.org or *.example.org" },
		{ "[mount.a]\nsizes = 100 0",
		    "t.conf:2: [mount.a] sizes: a size is a whole number of "
		    "pixels from 1 to 65535" },
		{ "[mount.a]\nfallback = files",
		    "t.conf:2: [mount.a] fallback: is a store and a key in "
		    "it, such as files/missing.png" },
		{ "[mount.a]\nfallback = other/a.png",
		    "t.conf:2: [mount.a] fallback: must begin with one of the "
		    "mount's stores and /" },
		{ "[mount.a]\ntenant = abcdefghijabcdefghijabcdefghijab",
		    "t.conf:2: [mount.a] tenant: is at most 31 characters "
		    "long" },
		{ "[mount.abcdefghijabcdefghijabcdefghijab]",
		    "t.conf:1: \"abcdefghijabcdefghijabcdefghijab\" cannot be "
		    "the name of a mount: a to z, 0 to 9 and -, at most 31" },
		{ "[mount.a]\nfallback = files/a.png\nfallback_status = 99",
		    "t.conf:3: [mount.a] fallback_status: is 0 or from 200 to "
		    "599, but for 204, 205 and 304, which have no body" },
		{ "[mount.a]\nfallback = files/a.png\nfallback_status = 304",
		    "t.conf:3: [mount.a] fallback_status: is 0 or from 200 to "
		    "599, but for 204, 205 and 304, which have no body" },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++)
		refused(cases[i][0], NULL, cases[i][1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listeners_and_stores),
		cmocka_unit_test(mounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
