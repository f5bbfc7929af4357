/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a store of type http may read, whatever a URL asks for: an allow-list of
 * URLs, and addresses that are not private.
 *
 * The URL is looked at before each request and each redirect; the address when
 * the socket is about to connect, after names are resolved, so that a name
 * whose address changes in between gains nothing. Immutable; any thread.
 */
#pragma once

#include "base/err.h"
#include "base/slice.h"

struct guard;
struct sockaddr;

struct guard_spec {
	/* As in conf.def: "https://host/path/", "https://host.org:8443/" or
	 * "http://" + "*.host/": NULL-terminated; NULL: none. */
	const char *const *allow;
	/* Besides: all that begins so, a / at its end or not; NULL: none. */
	const char *endpoint;
	/* "10.0.0.0/8": let through although private; NULL-terminated;
	 * NULL: none. */
	const char *const *networks;
};

/* Fails with CONFIG that names the entry and what would be right. */
bool guard_new(const struct guard_spec *spec, struct guard **out,
    struct err *e) must_check;
void guard_free(struct guard *g); /* NULL is allowed */

/*
 * Is the URL one of the list, and one that everybody reads alike? Fails with
 * FORBIDDEN: another scheme than http and https (in lower case), user or
 * password, a fragment, control bytes, blanks, backslashes, no path, dot
 * segments and control bytes (also encoded, more than once, too), an address
 * written in another form than the usual one (0x7f.1, 2130706433), an empty or
 * over-long name, a host in non-ASCII letters or with a dot at its end.
 */
bool guard_url(
    const struct guard *g, struct slice url, struct err *e) must_check;
/*
 * May this address be connected to? Refused are all that IANA's registries of
 * special addresses do not call globally reachable, also where another address
 * embeds them (IPv4-mapped, 6to4, NAT64, ISATAP); and whole, whatever they
 * embed: IPv4-compatible, IPv4-translated, Teredo, NAT64's local prefix.
 * Fails with FORBIDDEN. networks let through what is written there: one of
 * IPv4 also its mapped form, not what goes through a tunnel to it.
 */
bool guard_address(const struct guard *g, const struct sockaddr *address,
    struct err *e) must_check;
