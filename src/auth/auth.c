/* SPDX-License-Identifier: Apache-2.0 */
/* Which methods there are, which hosts a mount answers for, until when. */
#include "auth/auth.h"

#include "base/clock.h"
#include "conf/conf.h"

static bool
method_is_known(struct slice method)
{
	static const char *const methods[] = { "GET", "HEAD", "OPTIONS" };

	for (size_t i = 0; i < NELEM(methods); i++)
		if (slice_is(method, methods[i]))
			return true;
	return false;
}

/* "name:80" and "[::1]:80" without the port. */
static struct slice
host_portless(struct slice host)
{
	size_t end = slice_find(host, ']');

	/* Colons inside the brackets are the address's own. */
	if (end == host.len)
		end = 0;
	end += slice_find(slice_skip(host, end), ':');
	return (struct slice){ host.at, end };
}

/* A name's root may be written out: "example.org." is the same host. */
static struct slice
host_plain(struct slice host)
{
	if (host.len > 0 && host.at[host.len - 1] == '.')
		host.len--;
	return host;
}

/* "*.example.org" fits "a.example.org", not "a.b.example.org". */
static bool
host_fits(struct slice host, struct slice pattern)
{
	size_t dot;

	pattern = host_plain(pattern);
	if (!slice_starts(pattern, SLICE("*.")))
		return slice_eq_nocase(host, pattern);
	dot = slice_find(host, '.');
	return dot > 0 &&
	    slice_eq_nocase(slice_skip(host, dot), slice_skip(pattern, 1));
}

static bool
host_is_served(struct slice host, const struct conf_list *hosts)
{
	host = host_plain(host_portless(host));
	for (size_t i = 0; i < hosts->n; i++)
		if (host_fits(host, slice_of(hosts->item[i])))
			return true;
	return hosts->n == 0;
}

bool
auth_check(const struct auth_ask *ask, struct err *e)
{
	if (!method_is_known(ask->method))
		return err_param(e, ERR_NOT_ALLOWED, "method", ask->method.at,
		    ask->method.len, "GET, HEAD or OPTIONS");
	if (!host_is_served(ask->host, &ask->mount->hosts))
		/* Which hosts there are is not told. */
		return err_param(e, ERR_BAD_HOST, "host", ask->host.at,
		    ask->host.len, "a host that this mount answers for");
	if (ask->expires_s != 0 && ask->expires_s <= clock_wall_ns() / NS_PER_S)
		return err_set(e, ERR_EXPIRED, "the URL says until when");
	return true;
}
