/* SPDX-License-Identifier: Apache-2.0 */
/* Where a redirect leads, by the same parser that will read it. */
#include <curl/curl.h>
#include <stdio.h>

#include "base/codec.h"
#include "net/fetch.h"

/* As servers write it: what may not stand in a URL is encoded. */
static bool
location_copy(struct slice location, char *out, size_t size)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t len = 0;

	for (size_t i = 0; i < location.len; i++) {
		unsigned char c = (unsigned char)location.at[i];
		bool plain = c > ' ' && c < 0x7f;

		if (len + 4 > size)
			return false;
		if (plain) {
			out[len++] = (char)c;
			continue;
		}
		out[len++] = '%';
		out[len++] = hex[c >> 4];
		out[len++] = hex[c & 15];
	}
	out[len] = '\0';
	return true;
}

static bool
url_print(CURLU *url, char *out, size_t size)
{
	char *text = NULL;
	bool ok = curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_URL, &text, 0) == CURLUE_OK &&
	    strlen(text) < size;

	if (ok)
		slice_copy(slice_of(text), out, size);
	curl_free(text);
	return ok;
}

bool
fetch_resolve(const char *base, struct slice location, char *out, size_t size,
    struct err *e)
{
	scoped_free char *text = xcalloc(1, FETCH_URL_MAX + 1);
	CURLU *url = curl_url();
	bool ok;

	if (url == NULL)
		abort();
	ok = location.len > 0 &&
	    location_copy(location, text, FETCH_URL_MAX + 1) &&
	    curl_url_set(url, CURLUPART_URL, base, 0) == CURLUE_OK &&
	    curl_url_set(url, CURLUPART_URL, text, CURLU_DISALLOW_USER) ==
		CURLUE_OK &&
	    url_print(url, out, size);
	curl_url_cleanup(url);
	if (!ok)
		return err_set(
		    e, ERR_ORIGIN_FAILED, "a redirect to what is no URL");
	return true;
}
