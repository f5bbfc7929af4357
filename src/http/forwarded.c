/* SPDX-License-Identifier: Apache-2.0 */
#include "http/forwarded.h"

#include <arpa/inet.h>

enum { TEXT_MAX = 64 };

static const uint8_t v4_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255 };

bool
trust_read(const char *const *words, size_t n, struct trust *out, struct err *e)
{
	struct trust t = { n > 0 ? xcalloc(n, sizeof(*t.network)) : NULL, n };

	for (size_t i = 0; i < n; i++) {
		if (sys_network_read(words[i], &t.network[i]))
			continue;
		trust_fini(&t);
		return err_set(e, ERR_CONFIG,
		    "[http] trusted_proxies: %.80s is not a network; right "
		    "would be 10.0.0.0/8 or 2001:db8::/32",
		    words[i]);
	}
	*out = t;
	return true;
}

void
trust_fini(struct trust *t)
{
	free(t->network);
	*t = (struct trust){ NULL, 0 };
}

static bool
trusts(const struct trust *t, const uint8_t address[16])
{
	for (size_t i = 0; i < t->n; i++)
		if (sys_network_has(&t->network[i], address))
			return true;
	return false;
}

/* "1.2.3.4", "1.2.3.4:567", "2001:db8::1", "[2001:db8::1]:567". */
static bool
read_address(struct slice s, uint8_t out[16])
{
	char text[TEXT_MAX];
	size_t colon = slice_find(s, ':');

	if (s.len > 0 && s.at[0] == '[') {
		s = slice_skip(s, 1);
		s.len = slice_find(s, ']');
	} else if (colon < s.len &&
	    slice_find(slice_skip(s, colon + 1), ':') == s.len - colon - 1) {
		s.len = colon;
	}
	if (s.len == 0 || s.len >= sizeof(text) || slice_find(s, '\0') < s.len)
		return false;
	slice_copy(s, text, sizeof(text));
	if (inet_pton(AF_INET6, text, out) == 1)
		return true;
	memcpy(out, v4_prefix, sizeof(v4_prefix));
	return inet_pton(AF_INET, text, out + sizeof(v4_prefix)) == 1;
}

/* Takes the last element off a list. */
static struct slice
last_element(struct slice *rest)
{
	size_t at = rest->len;
	struct slice element;

	while (at > 0 && rest->at[at - 1] != ',')
		at--;
	element = (struct slice){ rest->at + at, rest->len - at };
	rest->len = at > 0 ? at - 1 : 0;
	return slice_trim(element);
}

void
forwarded_viewer(
    const struct trust *t, struct slice forwarded_for, uint8_t address[16])
{
	while (forwarded_for.len > 0 && trusts(t, address)) {
		struct slice element = last_element(&forwarded_for);
		uint8_t before[16];

		if (element.len == 0)
			continue;
		if (!read_address(element, before))
			return;
		memcpy(address, before, sizeof(before));
	}
}

void
forwarded_print(const uint8_t address[16], char *out, size_t size)
{
	const char *text = NULL;

	if (memcmp(address, v4_prefix, sizeof(v4_prefix)) == 0)
		text = inet_ntop(
		    AF_INET, address + sizeof(v4_prefix), out, (socklen_t)size);
	else
		text = inet_ntop(AF_INET6, address, out, (socklen_t)size);
	if (text == NULL)
		out[0] = '\0';
}
