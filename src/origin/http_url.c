/* SPDX-License-Identifier: Apache-2.0 */
#include "origin/http_url.h"

#include "base/codec.h"

/* RFC 3986: what may stand in a URL besides letters and digits, % included. */
static const char url_bytes[] = "-._~:/?#[]@!$&'()*+,;=%";

static bool
key_to_path(const char *endpoint, const char *key, char *out, size_t size)
{
	struct slice rest = slice_of(key);
	size_t at = strlen(endpoint);

	if (at + 3 * rest.len + 2 > size)
		return false;
	/* With a slash of its own before the key, one that begins with // names
	 * no host. */
	memcpy(out, endpoint, at);
	if (out[at - 1] != '/')
		out[at++] = '/';
	at += codec_percent_encode(rest, "/", out + at);
	out[at] = '\0';
	return true;
}

static bool
key_to_url(const char *key, char *out, size_t size)
{
	struct slice rest = slice_of(key);
	size_t at;

	if (3 * rest.len + 1 > size)
		return false;
	at = codec_percent_encode(rest, url_bytes, out);
	out[at] = '\0';
	return true;
}

bool
http_url(const char *endpoint, const char *key, char *out, size_t size,
    struct err *e)
{
	bool fits;

	if (key[0] == '\0')
		return err_set(e, ERR_NO_SOURCE, "the key is empty");
	fits = endpoint[0] != '\0' ? key_to_path(endpoint, key, out, size)
				   : key_to_url(key, out, size);
	if (!fits)
		return err_set(
		    e, ERR_URL_TOO_LONG, "a key of %zu bytes", strlen(key));
	return true;
}

struct slice
http_site(const char *url)
{
	struct slice site = slice_of(url);
	const char *host = strstr(url, "://");

	if (host != NULL)
		site.len = (size_t)(host + 3 - url) + strcspn(host + 3, "/?#");
	return site;
}
