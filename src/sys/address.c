/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses and networks as text and back. Nothing here asks a resolver: what
 * is listened on and who is trusted must not depend on the network.
 */
#include "sys/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>

#include "base/num.h"
#include "base/slice.h"

enum { HOST_MAX = 64, PORT_MAX = 65535 };

static const uint8_t v4_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255 };

static bool
not_address(const char *text, const char *why, struct err *e)
{
	return err_set(e, ERR_CONFIG,
	    "\"%.80s\" is not an address to listen on: %s; right would be "
	    "127.0.0.1:8080, [::1]:8080, :8080 or unix:/run/pictor.sock",
	    text, why);
}

static bool
read_unix(const char *text, struct sys_address *out, struct err *e)
{
	struct slice path = slice_skip(slice_of(text), strlen("unix:"));

	if (path.len == 0 || path.at[0] != '/')
		return not_address(text, "the path must begin with /", e);
	if (path.len >= sizeof(out->at.un.sun_path))
		return not_address(
		    text, "the path is longer than 107 bytes", e);
	*out = (struct sys_address){ .size = sizeof(out->at.un) };
	out->at.un.sun_family = AF_UNIX;
	slice_copy(path, out->at.un.sun_path, sizeof(out->at.un.sun_path));
	return true;
}

static bool
read_v6(struct slice host, uint16_t port, struct sys_address *out)
{
	char text[HOST_MAX];

	*out = (struct sys_address){ .size = sizeof(out->at.in6) };
	out->at.in6.sin6_family = AF_INET6;
	out->at.in6.sin6_port = htons(port);
	if (host.len >= sizeof(text))
		return false;
	slice_copy(host, text, sizeof(text));
	return inet_pton(AF_INET6, text, &out->at.in6.sin6_addr) == 1;
}

static bool
read_v4(struct slice host, uint16_t port, struct sys_address *out)
{
	char text[HOST_MAX];

	*out = (struct sys_address){ .size = sizeof(out->at.in) };
	out->at.in.sin_family = AF_INET;
	out->at.in.sin_port = htons(port);
	if (host.len >= sizeof(text))
		return false;
	/* The one name that everybody types and that needs no resolver. */
	slice_copy(slice_is(host, "localhost") ? SLICE("127.0.0.1") : host,
	    text, sizeof(text));
	return inet_pton(AF_INET, text, &out->at.in.sin_addr) == 1;
}

bool
sys_address_read(const char *text, struct sys_address *out, struct err *e)
{
	struct slice all = slice_of(text);
	const char *colon = strrchr(text, ':');
	struct slice host;
	int64_t port;

	if (slice_starts(all, SLICE("unix:")))
		return read_unix(text, out, e);
	if (colon == NULL)
		return not_address(text, "the port is missing", e);
	host = (struct slice){ text, (size_t)(colon - text) };
	if (!num_int(slice_of(colon + 1), 0, PORT_MAX, &port))
		return not_address(text, "the port must be 0 to 65535", e);

	if (host.len == 0) {
		*out = (struct sys_address){
			.at.in6 = { .sin6_family = AF_INET6,
			    .sin6_port = htons((uint16_t)port),
			    .sin6_addr = IN6ADDR_ANY_INIT },
			.size = sizeof(out->at.in6),
			.every = true,
		};
		return true;
	}
	if (host.at[0] == '[' && host.at[host.len - 1] == ']') {
		host = (struct slice){ host.at + 1, host.len - 2 };
		if (!read_v6(host, (uint16_t)port, out))
			return not_address(
			    text, "between [ and ] is no IPv6 address", e);
		return true;
	}
	if (slice_find(host, ':') < host.len)
		return not_address(
		    text, "an IPv6 address stands between [ and ]", e);
	if (!read_v4(host, (uint16_t)port, out))
		return not_address(
		    text, "names are not looked up, give a number", e);
	return true;
}

bool
sys_listen_check(const char *address, struct err *e)
{
	struct sys_address parsed;

	return sys_address_read(address, &parsed, e);
}

bool
sys_is_loopback(const char *address)
{
	struct sys_address parsed = { .size = 0 };
	struct err ignored;
	uint8_t bytes[16];

	if (!sys_address_read(address, &parsed, &ignored))
		return false;
	if (parsed.at.any.sa_family == AF_UNIX)
		return true;
	if (!sys_address_bytes(&parsed.at.any, bytes))
		return false;
	if (memcmp(bytes, v4_prefix, sizeof(v4_prefix)) == 0)
		return bytes[12] == 127;
	return IN6_IS_ADDR_LOOPBACK(&parsed.at.in6.sin6_addr);
}

bool
sys_address_bytes(const struct sockaddr *address, uint8_t out[16])
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	/* Copied: a sockaddr is not aligned for what it stands for. */
	switch (address->sa_family) {
	case AF_INET:
		memcpy(&in, address, sizeof(in));
		memcpy(out, v4_prefix, sizeof(v4_prefix));
		memcpy(out + 12, &in.sin_addr, 4);
		return true;
	case AF_INET6:
		memcpy(&in6, address, sizeof(in6));
		memcpy(out, &in6.sin6_addr, 16);
		return true;
	default:
		return false;
	}
}

static void
print_v6(const struct sockaddr *address, char out[SYS_ADDRESS_MAX])
{
	struct sockaddr_in6 in6;
	char host[INET6_ADDRSTRLEN];
	char zone[IF_NAMESIZE] = "";

	memcpy(&in6, address, sizeof(in6));
	if (inet_ntop(AF_INET6, &in6.sin6_addr, host, sizeof(host)) == NULL)
		host[0] = '\0';
	if (in6.sin6_scope_id != 0 &&
	    if_indextoname(in6.sin6_scope_id, zone) == NULL)
		zone[0] = '\0';
	snprintf(out, SYS_ADDRESS_MAX, "[%s%s%s]:%u", host,
	    zone[0] != '\0' ? "%" : "", zone, ntohs(in6.sin6_port));
}

void
sys_address_print(const struct sockaddr *address, char out[SYS_ADDRESS_MAX])
{
	struct sockaddr_in in;
	struct sockaddr_un un;
	char host[INET_ADDRSTRLEN];

	switch (address->sa_family) {
	case AF_INET:
		memcpy(&in, address, sizeof(in));
		if (inet_ntop(AF_INET, &in.sin_addr, host, sizeof(host)) ==
		    NULL)
			host[0] = '\0';
		snprintf(
		    out, SYS_ADDRESS_MAX, "%s:%u", host, ntohs(in.sin_port));
		return;
	case AF_INET6:
		print_v6(address, out);
		return;
	case AF_UNIX:
		memcpy(&un, address, sizeof(un));
		snprintf(out, SYS_ADDRESS_MAX, "unix:%.*s",
		    (int)sizeof(un.sun_path), un.sun_path);
		return;
	default:
		snprintf(out, SYS_ADDRESS_MAX, "?");
	}
}

void
sys_address_of(int fd, char out[SYS_ADDRESS_MAX])
{
	struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
	socklen_t size = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
		address.ss_family = AF_UNSPEC;
	sys_address_print((const struct sockaddr *)&address, out);
}

/* Bits outside the mask must be 0: "10.0.0.1/8" is likely a slip. */
static bool
is_masked(const struct sys_network *n)
{
	for (unsigned bit = n->bits; bit < 128; bit++)
		if ((n->address[bit / 8] & (0x80U >> bit % 8)) != 0)
			return false;
	return true;
}

bool
sys_network_read(const char *text, struct sys_network *out)
{
	struct slice bits = slice_of(text);
	struct slice host = slice_cut(&bits, '/');
	struct sys_network n = { .bits = 128 };
	struct sys_address a;
	bool v4 = read_v4(host, 0, &a) && !slice_is(host, "localhost");
	int64_t count = v4 ? 32 : 128;

	if (!v4 && !read_v6(host, 0, &a))
		return false;
	if (bits.at != NULL && !num_int(bits, 0, count, &count))
		return false;
	n.bits = (unsigned)count + (v4 ? 96 : 0);
	if (!sys_address_bytes(&a.at.any, n.address) || !is_masked(&n))
		return false;
	*out = n;
	return true;
}

bool
sys_network_has(const struct sys_network *n, const uint8_t address[16])
{
	unsigned whole = n->bits / 8;
	unsigned mask = 0xff00U >> n->bits % 8 & 0xff;

	if (memcmp(n->address, address, whole) != 0)
		return false;
	return n->bits % 8 == 0 ||
	    ((n->address[whole] ^ address[whole]) & mask) == 0;
}
