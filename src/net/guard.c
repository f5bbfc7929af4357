/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guard of http stores. What is not understood is refused: a URL that two
 * programs could read in two ways is no URL, an address that is not known to
 * be one of the public internet is private.
 *
 * Sources: IANA, "IPv4 Special-Purpose Address Registry" and "IPv6
 * Special-Purpose Address Registry"; RFC 4291 (compatible, mapped), RFC 2765
 * (translated), RFC 3056 (6to4), RFC 6052 and 8215 (NAT64), RFC 4380 (Teredo),
 * RFC 5214 (ISATAP).
 */
#include "net/guard.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "base/codec.h"
#include "base/num.h"

enum {
	GUARD_NAME_MAX = 253, /* of a host, RFC 1035 */
	GUARD_LABEL_MAX = 63,
	GUARD_URL_MAX = 16384,
	GUARD_DECODED_MAX = 8, /* times that a path may be encoded */
	GUARD_SHOWN = 100,     /* of what is refused, in an error */
	ADDRESS_SIZE = 16
};

/* An address of either kind; one of IPv4 is in its mapped form. */
struct address {
	uint8_t byte[ADDRESS_SIZE];
};

struct network {
	uint8_t byte[ADDRESS_SIZE];
	unsigned bits; /* counted in the mapped form */
};

/* Of a URL or of an entry of the list: spans of its text. */
struct url {
	bool tls;
	bool wild;         /* an entry's host begins with "*." (left out) */
	struct slice host; /* without brackets */
	bool is_literal;   /* host is an address, */
	struct address literal; /* this one */
	int64_t port;
	struct slice path; /* begins with / */
};

struct guard {
	struct url *allow;
	char **text; /* what the spans of allow are in */
	size_t nallow;
	struct network *network;
	size_t nnetwork;
};

/* --- addresses --- */

static const uint8_t mapped_prefix[ADDRESS_SIZE] = { 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0xff, 0xff };

static bool
address_is_in(
    const struct address *a, const uint8_t prefix[ADDRESS_SIZE], unsigned bits)
{
	unsigned whole = bits / 8;
	unsigned rest = bits % 8;
	unsigned mask = 0xff & ~(0xffU >> rest);

	return memcmp(a->byte, prefix, whole) == 0 &&
	    (rest == 0 || (a->byte[whole] & mask) == (prefix[whole] & mask));
}

static bool
address_is_v4(const struct address *a)
{
	return address_is_in(a, mapped_prefix, 96);
}

static struct address
address_from_v4(const uint8_t v4[4])
{
	struct address a;

	memcpy(a.byte, mapped_prefix, 12);
	memcpy(a.byte + 12, v4, 4);
	return a;
}

/* Either kind, as people write it; no zone, no number of another base. */
static bool
address_read(struct slice text, struct address *out)
{
	char copy[INET6_ADDRSTRLEN + 1];
	uint8_t v4[4];

	if (text.len == 0 || text.len >= sizeof(copy) ||
	    memchr(text.at, '\0', text.len) != NULL)
		return false;
	slice_copy(text, copy, sizeof(copy));
	if (inet_pton(AF_INET, copy, v4) == 1) {
		*out = address_from_v4(v4);
		return true;
	}
	return inet_pton(AF_INET6, copy, out->byte) == 1;
}

static void
address_print(const struct address *a, char out[INET6_ADDRSTRLEN])
{
	if (address_is_v4(a))
		inet_ntop(AF_INET, a->byte + 12, out, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, a->byte, out, INET6_ADDRSTRLEN);
}

/* Of IPv4, all that is not the public internet. */
static const struct private4 {
	uint8_t byte[4];
	unsigned bits;
	const char *what;
} private4[] = {
	{ { 0, 0, 0, 0 }, 8, "this network" },
	{ { 10, 0, 0, 0 }, 8, "private" },
	{ { 100, 64, 0, 0 }, 10, "shared by a provider's customers" },
	{ { 127, 0, 0, 0 }, 8, "loopback" },
	{ { 169, 254, 0, 0 }, 16, "link-local" },
	{ { 172, 16, 0, 0 }, 12, "private" },
	/* Two of them are reachable: anycast of PCP and TURN, no web servers. */
	{ { 192, 0, 0, 0 }, 24, "reserved for protocols" },
	{ { 192, 0, 2, 0 }, 24, "for documentation" },
	{ { 192, 88, 99, 0 }, 24, "a relay of 6to4" },
	{ { 192, 168, 0, 0 }, 16, "private" },
	{ { 198, 18, 0, 0 }, 15, "for benchmarks" },
	{ { 198, 51, 100, 0 }, 24, "for documentation" },
	{ { 203, 0, 113, 0 }, 24, "for documentation" },
	{ { 224, 0, 0, 0 }, 4, "multicast" },
	{ { 240, 0, 0, 0 }, 4, "reserved" },
};

/* Of 2000::/3, the only range that is given to the public internet, what is
 * taken out of it again. */
static const struct private6 {
	uint8_t byte[ADDRESS_SIZE];
	unsigned bits;
	const char *what;
} private6[] = {
	/* Teredo, benchmarks, ORCHID; the few reachable ones serve no web. */
	{ { 0x20, 0x01 }, 23, "reserved for protocols" },
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, "for documentation" },
	{ { 0x3f, 0xff }, 20, "for documentation" },
};

/* NULL: it is public, else what it is. */
static const char *
v4_private(const uint8_t v4[4])
{
	struct address a = address_from_v4(v4);

	for (size_t i = 0; i < NELEM(private4); i++) {
		struct address row = address_from_v4(private4[i].byte);

		if (address_is_in(&a, row.byte, 96 + private4[i].bits))
			return private4[i].what;
	}
	return NULL;
}

/* ISATAP's last eight bytes: 0:5efe or 200:5efe, then IPv4. */
static bool
is_isatap(const struct address *a)
{
	return (a->byte[8] & 0xfd) == 0 && a->byte[9] == 0 &&
	    a->byte[10] == 0x5e && a->byte[11] == 0xfe;
}

static const char *
v6_private(const struct address *a)
{
	static const uint8_t global[ADDRESS_SIZE] = { 0x20 };
	static const uint8_t nat64[ADDRESS_SIZE] = { 0, 0x64, 0xff, 0x9b };
	static const uint8_t to4[ADDRESS_SIZE] = { 0x20, 0x02 };
	const char *what = NULL;

	if (address_is_in(a, nat64, 96))
		return v4_private(a->byte + 12);
	/* Among what else there is: compatible, translated, local NAT64,
	 * unique local, link-local, multicast, ::, ::1. */
	if (!address_is_in(a, global, 3))
		return "not of the public internet";
	for (size_t i = 0; what == NULL && i < NELEM(private6); i++)
		if (address_is_in(a, private6[i].byte, private6[i].bits))
			what = private6[i].what;
	if (what == NULL && address_is_in(a, to4, 16))
		what = v4_private(a->byte + 2);
	if (what == NULL && is_isatap(a))
		what = v4_private(a->byte + 12);
	return what;
}

static bool
network_has(const struct network *n, const struct address *a)
{
	bool is_v4 = n->bits >= 96 && memcmp(n->byte, mapped_prefix, 12) == 0;

	/* "::/0" says nothing of IPv4. */
	return is_v4 == address_is_v4(a) && address_is_in(a, n->byte, n->bits);
}

static bool
guard_decide(const struct guard *g, const struct address *a, struct err *e)
{
	char text[INET6_ADDRSTRLEN];
	const char *what =
	    address_is_v4(a) ? v4_private(a->byte + 12) : v6_private(a);

	if (what == NULL)
		return true;
	for (size_t i = 0; i < g->nnetwork; i++)
		if (network_has(&g->network[i], a))
			return true;
	address_print(a, text);
	return err_set(e, ERR_FORBIDDEN,
	    "address %s: %s; the store's networks would have to name it", text,
	    what);
}

bool
guard_address(
    const struct guard *g, const struct sockaddr *address, struct err *e)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct address a;

	switch (address->sa_family) {
	case AF_INET:
		memcpy(&in, address, sizeof(in));
		a = address_from_v4((const uint8_t *)&in.sin_addr);
		break;
	case AF_INET6:
		memcpy(&in6, address, sizeof(in6));
		memcpy(a.byte, &in6.sin6_addr, sizeof(a.byte));
		break;
	default:
		return err_set(e, ERR_FORBIDDEN, "address of family %d",
		    (int)address->sa_family);
	}
	return guard_decide(g, &a, e);
}

/* --- URLs --- */

static bool
url_fault(struct err *e, const char *why)
{
	return err_set(e, ERR_FORBIDDEN, "URL: %s", why);
}

/* Bytes that no program is of two minds about. */
static bool
bytes_check(struct slice text, struct err *e)
{
	if (text.len > GUARD_URL_MAX)
		return url_fault(e, "too long");
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if (c <= ' ' || c >= 0x7f)
			return url_fault(
			    e, "blanks, control bytes or not ASCII");
		if (c == '\\' || c == '#')
			return url_fault(e, "a backslash or a fragment");
	}
	return true;
}

static bool
scheme_read(struct slice *text, struct url *u, struct err *e)
{
	static const struct slice http = SLICE("http://");
	static const struct slice https = SLICE("https://");

	u->tls = slice_starts(*text, https);
	if (!u->tls && !slice_starts(*text, http))
		return url_fault(e, "neither http:// nor https://");
	*text = slice_skip(*text, u->tls ? https.len : http.len);
	u->port = u->tls ? 443 : 80;
	return true;
}

static bool
port_read(struct slice text, struct url *u, struct err *e)
{
	if (text.len == 0 || text.at[0] < '1' || text.at[0] > '9' ||
	    !num_int(text, 1, UINT16_MAX, &u->port))
		return url_fault(e, "the port is no number from 1 to 65535");
	return true;
}

static bool
is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool
label_ok(struct slice label)
{
	for (size_t i = 0; i < label.len; i++)
		if (!is_name_byte(label.at[i]))
			return false;
	return label.len > 0 && label.len <= GUARD_LABEL_MAX;
}

/* Could some program take a name that ends so for an address? */
static bool
is_number(struct slice label)
{
	size_t digits = 0;

	if (label.len > 1 && label.at[0] == '0' && (label.at[1] | 0x20) == 'x')
		return true;
	while (digits < label.len && label.at[digits] >= '0' &&
	    label.at[digits] <= '9')
		digits++;
	return digits == label.len;
}

static bool
host_read(struct slice host, struct url *u, struct err *e)
{
	struct slice rest = host;
	struct slice label = host;

	u->host = host;
	if (host.len == 0 || host.len > GUARD_NAME_MAX)
		return url_fault(e, "the host is empty or too long");
	while (rest.at != NULL) {
		label = slice_cut(&rest, '.');
		if (!label_ok(label))
			return url_fault(e,
			    "a host is of letters, digits, -, _ and single "
			    "dots");
	}
	if (!is_number(label))
		return true;
	u->is_literal = true;
	if (!address_read(host, &u->literal))
		return url_fault(e, "an address in an unusual form");
	return true;
}

/* "[::1]" and what is behind it. */
static bool
bracket_read(
    struct slice text, struct url *u, struct slice *port, struct err *e)
{
	size_t end = slice_find(text, ']');

	u->host = (struct slice){ text.at + 1, end - 1 };
	u->is_literal = true;
	*port = (struct slice){ NULL, 0 };
	if (end == text.len || slice_find(u->host, ':') == u->host.len ||
	    !address_read(u->host, &u->literal))
		return url_fault(e, "no address in brackets");
	text = slice_skip(text, end + 1);
	if (text.len == 0)
		return true;
	if (text.at[0] != ':')
		return url_fault(e, "something between host and port");
	*port = slice_skip(text, 1);
	return true;
}

static bool
authority_read(struct slice text, bool entry, struct url *u, struct err *e)
{
	struct slice port = { NULL, 0 };

	if (slice_find(text, '@') != text.len)
		return url_fault(e, "a user or a password");
	u->wild = entry && slice_starts(text, SLICE("*."));
	if (u->wild)
		text = slice_skip(text, 2);
	if (text.len > 0 && text.at[0] == '[') {
		if (!bracket_read(text, u, &port, e))
			return false;
	} else {
		port = text;
		if (!host_read(slice_cut(&port, ':'), u, e))
			return false;
	}
	if (u->wild && u->is_literal)
		return url_fault(e, "*. before an address");
	return port.at == NULL || port_read(port, u, e);
}

/* One part of a path, or of what it may be decoded to. */
static bool
part_is_dots(struct slice part)
{
	/* Some servers take parameters off: "..;a=b". */
	part.len = slice_find(part, ';');
	return slice_is(part, ".") || slice_is(part, "..");
}

static bool
parts_check(struct slice path, struct err *e)
{
	size_t begin = 0;

	for (size_t i = 0; i <= path.len; i++) {
		struct slice part = { path.at + begin, i - begin };

		if (i < path.len && path.at[i] != '/' && path.at[i] != '\\') {
			unsigned char c = (unsigned char)path.at[i];

			if (c < ' ' || c == 0x7f)
				return url_fault(e, "encoded control bytes");
			continue;
		}
		if (part_is_dots(part))
			return url_fault(e, "dot segments");
		begin = i + 1;
	}
	return true;
}

/*
 * No dots and no control bytes, however often somebody decodes it. What is no
 * escape at first is refused, later it stays as it is; what is encoded so often
 * that nobody could mean it is refused, since each time costs another look.
 */
static bool
path_check(struct slice path, struct err *e)
{
	char text[GUARD_URL_MAX];
	size_t len = path.len;
	size_t before = 0;
	unsigned decoded = 0;

	if (len > sizeof(text) || len == 0 || path.at[0] != '/')
		return url_fault(e, "there is no path");
	if (!codec_percent(path, text, &len, e))
		return url_fault(
		    e, "an escape that is none, or of a zero byte");
	memcpy(text, path.at, path.len);
	len = path.len;
	while (len != before) {
		size_t to = 0;

		if (!parts_check((struct slice){ text, len }, e))
			return false;
		if (decoded++ > GUARD_DECODED_MAX)
			return url_fault(e, "encoded again and again");
		before = len;
		for (size_t i = 0; i < len; i++) {
			char c = text[i];

			if (c == '%' && i + 2 < len &&
			    codec_hex_digit(text[i + 1]) >= 0 &&
			    codec_hex_digit(text[i + 2]) >= 0) {
				c = (char)(codec_hex_digit(text[i + 1]) * 16 +
				    codec_hex_digit(text[i + 2]));
				i += 2;
			}
			text[to++] = c;
		}
		len = to;
	}
	return true;
}

static bool
url_read(struct slice text, bool entry, struct url *u, struct err *e)
{
	struct slice authority;

	*u = (struct url){ 0 };
	if (!bytes_check(text, e) || !scheme_read(&text, u, e))
		return false;
	authority = text;
	for (authority.len = 0; authority.len < text.len &&
	     text.at[authority.len] != '/' && text.at[authority.len] != '?';)
		authority.len++;
	if (!authority_read(authority, entry, u, e))
		return false;
	u->path = slice_skip(text, authority.len);
	u->path.len = slice_find(u->path, '?');
	if (entry && u->path.len + authority.len != text.len)
		return url_fault(e, "a query");
	return path_check(u->path, e);
}

static bool
entry_fits(const struct url *entry, const struct url *u)
{
	struct slice host = u->host;

	if (entry->tls != u->tls || entry->port != u->port ||
	    entry->is_literal != u->is_literal ||
	    !slice_starts(u->path, entry->path))
		return false;
	if (entry->is_literal)
		return memcmp(entry->literal.byte, u->literal.byte,
			   ADDRESS_SIZE) == 0;
	if (entry->wild) {
		/* At least one label and its dot. */
		if (host.len < entry->host.len + 2)
			return false;
		host = slice_skip(host, host.len - entry->host.len);
		if (host.at[-1] != '.')
			return false;
	}
	return slice_eq_nocase(host, entry->host);
}

bool
guard_url(const struct guard *g, struct slice url, struct err *e)
{
	struct url u;

	if (!url_read(url, false, &u, e))
		return false;
	for (size_t i = 0; i < g->nallow; i++)
		if (entry_fits(&g->allow[i], &u))
			return !u.is_literal || guard_decide(g, &u.literal, e);
	return err_set(e, ERR_FORBIDDEN,
	    "URL: %.*s:%d is not in allow, or not that path",
	    (int)(u.host.len < GUARD_SHOWN ? u.host.len : GUARD_SHOWN),
	    u.host.at, (int)u.port);
}

/* --- making one --- */

/* Not with a password that somebody wrote into it. */
static const char *
entry_shown(const char *text)
{
	return strchr(text, '@') == NULL ? text : "...@...";
}

static bool
allow_read(const char *text, struct url *out, struct err *e)
{
	struct err why;

	if (!url_read(slice_of(text), true, out, &why))
		return err_set(e, ERR_CONFIG,
		    "allow = %.80s: %s; right would be https://host/path/ or "
		    "https://*.host:8443/",
		    entry_shown(text), why.detail);
	if (!slice_ends(out->path, SLICE("/")))
		return err_set(e, ERR_CONFIG,
		    "allow = %.80s: the path must end with /, since all that "
		    "begins with it may be read",
		    text);
	return true;
}

static bool
endpoint_read(const char *text, struct url *out, struct err *e)
{
	struct err why;

	if (!url_read(slice_of(text), true, out, &why))
		return err_set(e, ERR_CONFIG,
		    "endpoint = %.80s: %s; right would be https://host/path/",
		    entry_shown(text), why.detail);
	if (out->wild)
		return err_set(
		    e, ERR_CONFIG, "endpoint = %.80s: it is one host", text);
	return true;
}

static bool
network_is_clean(const struct network *n)
{
	for (unsigned i = n->bits; i < 8 * ADDRESS_SIZE; i++)
		if ((n->byte[i / 8] & (0x80U >> (i % 8))) != 0)
			return false;
	return true;
}

static bool
network_read(const char *text, struct network *out, struct err *e)
{
	struct slice bits = slice_of(text);
	struct slice word = slice_cut(&bits, '/');
	struct address a;
	bool is_v4 = slice_find(word, ':') == word.len;
	int64_t most = is_v4 ? 32 : 128;
	int64_t n = most;

	if (!address_read(word, &a) ||
	    (bits.at != NULL && !num_int(bits, 0, most, &n)))
		return err_set(e, ERR_CONFIG,
		    "networks = %.80s: right would be 10.0.0.0/8 or fd00::/8",
		    text);
	memcpy(out->byte, a.byte, sizeof(out->byte));
	out->bits = (unsigned)(is_v4 ? n + 96 : n);
	if (!network_is_clean(out))
		return err_set(e, ERR_CONFIG,
		    "networks = %.80s: the address has more bits than /%d",
		    text, (int)n);
	return true;
}

static size_t
list_length(const char *const *list)
{
	size_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	return n;
}

static char *
text_with_slash(const char *text)
{
	size_t len = strlen(text);
	char *copy = xcalloc(len + 2, 1);

	memcpy(copy, text, len);
	if (copy[len - 1] != '/')
		copy[len] = '/';
	return copy;
}

bool
guard_new(const struct guard_spec *spec, struct guard **out, struct err *e)
{
	size_t nallow = list_length(spec->allow);
	size_t most = nallow + 1;
	size_t nnetwork = list_length(spec->networks);
	struct guard *g = xcalloc(1, sizeof(*g));
	bool ok = true;

	g->allow = xcalloc(most, sizeof(*g->allow));
	g->text = xcalloc(most, sizeof(*g->text));
	g->network = xcalloc(nnetwork + 1, sizeof(*g->network));
	for (size_t i = 0; ok && i < nallow; i++) {
		g->text[i] = xstrdup(spec->allow[i]);
		ok = allow_read(g->text[i], &g->allow[i], e);
		g->nallow++;
	}
	if (ok && spec->endpoint != NULL && spec->endpoint[0] != '\0') {
		g->text[nallow] = text_with_slash(spec->endpoint);
		ok = endpoint_read(g->text[nallow], &g->allow[nallow], e);
		g->nallow++;
	}
	for (size_t i = 0; ok && i < nnetwork; i++) {
		ok = network_read(spec->networks[i], &g->network[i], e);
		g->nnetwork++;
	}
	if (!ok) {
		guard_free(g);
		return false;
	}
	*out = g;
	return true;
}

void
guard_free(struct guard *g)
{
	if (g == NULL)
		return;
	for (size_t i = 0; i < g->nallow; i++)
		free(g->text[i]);
	free(g->text);
	free(g->allow);
	free(g->network);
	free(g);
}
