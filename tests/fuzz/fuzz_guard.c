/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a URL: what the guard lets through means to libcurl, which will
 * ask for it, a host, port and path that are in the list, and to the resolver
 * no private address. The first line is a Location: where it leads is judged
 * in the same way.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <assert.h>
#include <curl/curl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "net/fetch.h"
#include "net/guard.h"
#include "origin/http_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const allow[] = { "https://img.example.org/pics/",
	"http://*.cdn.example/", "https://plain.example:8443/",
	"https://8.8.8.8/", "https://[2606:4700::1]/", "http://10.0.0.1/",
	NULL };

/* What libcurl takes a URL for. */
struct parts {
	char *scheme, *host, *port, *path;
};

static struct parts
parts_of(const char *url)
{
	CURLU *u = curl_url();
	struct parts p = { NULL, NULL, NULL, NULL };
	char *user = NULL;
	CURLUcode code = curl_url_set(u, CURLUPART_URL, url, CURLU_PATH_AS_IS);

	assert(code == CURLUE_OK);
	code = curl_url_get(u, CURLUPART_SCHEME, &p.scheme, 0);
	assert(code == CURLUE_OK);
	code = curl_url_get(u, CURLUPART_HOST, &p.host, 0);
	assert(code == CURLUE_OK);
	code = curl_url_get(u, CURLUPART_PORT, &p.port, CURLU_DEFAULT_PORT);
	assert(code == CURLUE_OK);
	code = curl_url_get(u, CURLUPART_PATH, &p.path, 0);
	assert(code == CURLUE_OK);
	code = curl_url_get(u, CURLUPART_USER, &user, 0);
	assert(code != CURLUE_OK && user == NULL);
	curl_url_cleanup(u);
	return p;
}

static bool
is_one(const struct parts *p, const char *scheme, const char *host,
    const char *port, const char *path)
{
	return strcmp(p->scheme, scheme) == 0 &&
	    strcasecmp(p->host, host) == 0 && strcmp(p->port, port) == 0 &&
	    strncmp(p->path, path, strlen(path)) == 0;
}

static bool
is_below_cdn(const struct parts *p)
{
	size_t len = strlen(p->host);

	return strcmp(p->scheme, "http") == 0 && strcmp(p->port, "80") == 0 &&
	    len > 12 && strcasecmp(p->host + len - 12, ".cdn.example") == 0;
}

static bool
is_address(const struct parts *p)
{
	return p->host[0] == '[' || inet_addr(p->host) != INADDR_NONE;
}

static void
judge(const struct guard *g, const char *url)
{
	struct parts p;
	struct err e;

	if (!guard_url(g, slice_of(url), &e)) {
		assert(e.code == ERR_FORBIDDEN);
		return;
	}
	p = parts_of(url);
	if (is_address(&p))
		assert(is_one(&p, "https", "8.8.8.8", "443", "/") ||
		    is_one(&p, "https", "[2606:4700::1]", "443", "/") ||
		    (p.host[0] == '[' && strcmp(p.port, "443") == 0));
	else
		assert(
		    is_one(&p, "https", "img.example.org", "443", "/pics/") ||
		    is_one(&p, "https", "plain.example", "8443", "/") ||
		    is_below_cdn(&p));
	assert(strstr(p.path, "/../") == NULL);
	curl_free(p.scheme);
	curl_free(p.host);
	curl_free(p.port);
	curl_free(p.path);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct guard *g;
	static char out[FETCH_URL_MAX + 1];
	struct slice rest = { (const char *)data, size };
	struct slice location;
	char *text;
	struct err e;

	if (g == NULL) {
		struct guard_spec spec = { .allow = allow };
		bool ok = guard_new(&spec, &g, &e);

		assert(ok);
	}
	if (size > FETCH_URL_MAX)
		return 0;
	location = slice_cut(&rest, '\n');
	if (fetch_resolve("https://img.example.org/pics/a/b?c", location, out,
		sizeof(out), &e))
		judge(g, out);
	text = xcalloc(1, size + 1);
	slice_copy(rest, text, rest.len + 1);
	judge(g, text);
	if (http_url("", text, out, sizeof(out), &e))
		judge(g, out);
	if (http_url(
		"https://img.example.org/pics", text, out, sizeof(out), &e) &&
	    guard_url(g, slice_of(out), &e))
		assert(strncmp(out, allow[0], strlen(allow[0])) == 0);
	free(text);
	return 0;
}
