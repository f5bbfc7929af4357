/* SPDX-License-Identifier: Apache-2.0 */
#include "net/ask.h"

#include <curl/curl.h>
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"

/* How long a wait for bytes may be before go_on() is asked again. */
enum { TICK_MS = 50, HEAD_MAX = 16384 };

struct run {
	struct ask *a;
	size_t head; /* bytes of headers so far */
	bool too_large;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
begin_once(void)
{
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

bool
ask_is_clean(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f)
			return false;
	return true;
}

/* ---- URLs ---- */

static bool
part(CURLU *url, CURLUPart what, unsigned flags, char *out, size_t size)
{
	char *text = NULL;
	bool fits;

	out[0] = '\0';
	if (curl_url_get(url, what, &text, flags) != CURLUE_OK)
		return true; /* there is none */
	fits = strlen(text) < size;
	if (fits)
		memcpy(out, text, strlen(text) + 1);
	curl_free(text);
	return fits;
}

static bool
read_parts(CURLU *url, struct ask_url *out)
{
	char scheme[8], none[2], port[8], path[2], query[2];
	size_t n;

	if (!part(url, CURLUPART_SCHEME, 0, scheme, sizeof(scheme)) ||
	    !part(url, CURLUPART_HOST, 0, out->host, sizeof(out->host) - 10) ||
	    !part(url, CURLUPART_USER, 0, none, sizeof(none)) ||
	    none[0] != '\0' ||
	    !part(url, CURLUPART_PASSWORD, 0, none, sizeof(none)) ||
	    none[0] != '\0' ||
	    !part(url, CURLUPART_FRAGMENT, 0, none, sizeof(none)) ||
	    none[0] != '\0' ||
	    !part(
		url, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT, port, sizeof(port)))
		return false;
	out->https = strcmp(scheme, "https") == 0;
	if ((!out->https && strcmp(scheme, "http") != 0) ||
	    out->host[0] == '\0')
		return false;
	out->has_path = !part(url, CURLUPART_PATH, 0, path, sizeof(path)) ||
	    (path[0] != '\0' && path[0] != '/') ||
	    !part(url, CURLUPART_QUERY, 0, query, sizeof(query)) ||
	    query[0] != '\0';
	n = strlen(out->host);
	memcpy(out->origin, out->host, n);
	if (port[0] != '\0') {
		out->origin[n++] = ':';
		memcpy(out->origin + n, port, strlen(port));
		n += strlen(port);
	}
	out->origin[n] = '\0';
	n = strlen(out->host);
	if (out->host[0] == '[' && out->host[n - 1] == ']') {
		memmove(out->host, out->host + 1, n - 2);
		out->host[n - 2] = '\0';
	}
	return true;
}

bool
ask_url_read(const char *url, struct ask_url *out, struct err *e)
{
	CURLU *parsed;
	bool ok;

	(void)pthread_once(&once, begin_once);
	parsed = curl_url();
	ok = parsed != NULL && ask_is_clean(slice_of(url)) &&
	    curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    read_parts(parsed, out);
	curl_url_cleanup(parsed);
	return ok ||
	    err_set(e, ERR_CONFIG,
		"\"%.100s\" is not an http or https URL without user, "
		"password and fragment",
		!ask_is_clean(slice_of(url))   ? "(control bytes)"
		    : strchr(url, '@') != NULL ? "...@..."
					       : url);
}

/* ---- The question ---- */

static size_t
on_body(char *data, size_t size, size_t n, void *user)
{
	struct run *r = user;
	struct ask *a = r->a;

	size *= n;
	if (size > ASK_TEXT_MAX - a->ntext) {
		r->too_large = true;
		return 0;
	}
	memcpy(a->text + a->ntext, data, size);
	a->ntext += size;
	a->text[a->ntext] = '\0';
	return size;
}

static size_t
on_head(char *data, size_t size, size_t n, void *user)
{
	struct run *r = user;
	struct slice line = { data, size * n };
	static const struct slice date = SLICE("date:");

	r->head += line.len;
	if (r->head > HEAD_MAX) {
		r->too_large = true;
		return 0;
	}
	if (line.len > date.len &&
	    slice_eq_nocase((struct slice){ data, date.len }, date)) {
		while (line.len > 0 && line.at[line.len - 1] < ' ')
			line.len--;
		line = slice_trim(slice_skip(line, date.len));
		if (!clock_http_read(line.at, line.len, &r->a->date_s))
			r->a->date_s = 0;
	}
	return size * n;
}

static void
set_limits(CURL *easy, const struct ask *a)
{
	const long ms = (long)(a->timeout_ns / NS_PER_MS);

#if LIBCURL_VERSION_NUM >= 0x075500
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	(void)curl_easy_setopt(
	    easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	(void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	(void)curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	(void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	(void)curl_easy_setopt(
	    easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	/* A name server that does not answer would otherwise hold the thread
	 * at the end, and with it all who wait. */
	(void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, ms > 0 ? ms : 1L);
	(void)curl_easy_setopt(
	    easy, CURLOPT_CONNECTTIMEOUT_MS, ms > 0 ? ms : 1L);
	if (a->ca_file != NULL)
		(void)curl_easy_setopt(easy, CURLOPT_CAINFO, a->ca_file);
}

static void
set_question(CURL *easy, struct run *r, struct curl_slist *headers)
{
	struct ask *a = r->a;

	(void)curl_easy_setopt(easy, CURLOPT_URL, a->url);
	if (strcmp(a->method, "GET") != 0) {
		(void)curl_easy_setopt(
		    easy, CURLOPT_POSTFIELDSIZE, (long)a->body.len);
		(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
		    a->body.at != NULL ? a->body.at : "");
		(void)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, a->method);
	}
	(void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "pictor");
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, r);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, r);
}

/* What curl says at the end; CURLE_ABORTED_BY_CALLBACK: go_on() said no. */
static CURLcode
perform(CURLM *multi, CURL *easy, const struct ask *a)
{
	CURLcode result = CURLE_ABORTED_BY_CALLBACK;
	int running = 1, left;
	const CURLMsg *message;

	if (curl_multi_add_handle(multi, easy) != CURLM_OK)
		return CURLE_OUT_OF_MEMORY;
	while (running > 0 && (a->go_on == NULL || a->go_on(a->owner))) {
		if (curl_multi_perform(multi, &running) != CURLM_OK)
			break;
		if (running > 0)
			(void)curl_multi_poll(multi, NULL, 0, TICK_MS, NULL);
	}
	message = curl_multi_info_read(multi, &left);
	if (running == 0 && message != NULL && message->msg == CURLMSG_DONE)
		result = message->data.result;
	(void)curl_multi_remove_handle(multi, easy);
	return result;
}

static bool
judge(const struct run *r, CURLcode code, struct err *e)
{
	const char *shown = r->a->shown != NULL ? r->a->shown : r->a->url;

	if (code == CURLE_OK)
		return true;
	if (r->too_large)
		return err_set(e, ERR_ORIGIN_FAILED,
		    "%.100s: the answer is larger than it may be", shown);
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return err_set(e, ERR_ORIGIN_FAILED, "%.100s: given up", shown);
	return err_set(e,
	    code == CURLE_OPERATION_TIMEDOUT ? ERR_ORIGIN_TIMEOUT
					     : ERR_ORIGIN_FAILED,
	    "%.100s: %s", shown, curl_easy_strerror(code));
}

/* The list is wiped before it is freed: headers hold tokens. */
static void
free_headers(struct curl_slist *headers)
{
	for (struct curl_slist *h = headers; h != NULL; h = h->next)
		secret_wipe(h->data, strlen(h->data));
	curl_slist_free_all(headers);
}

static struct curl_slist *
make_headers(const struct ask *a)
{
	/* A body is sent at once, and says itself what it is. */
	struct curl_slist *all = curl_slist_append(NULL, "Expect:");

	for (size_t i = 0; all != NULL && i < a->nheader; i++) {
		struct curl_slist *more = curl_slist_append(all, a->header[i]);

		if (more == NULL)
			free_headers(all);
		all = more;
	}
	return all;
}

bool
ask_do(struct ask *a, struct err *e)
{
	struct run r = { .a = a };
	struct curl_slist *headers;
	CURLcode code = CURLE_OUT_OF_MEMORY;
	CURLM *multi;
	CURL *easy;
	long status = 0;

	(void)pthread_once(&once, begin_once);
	ask_fini(a);
	a->text = xcalloc(ASK_TEXT_MAX + 1, 1);
	headers = make_headers(a);
	multi = curl_multi_init();
	easy = curl_easy_init();
	if (headers != NULL && multi != NULL && easy != NULL) {
		set_limits(easy, a);
		set_question(easy, &r, headers);
		code = perform(multi, easy, a);
		(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	}
	a->status = (int)status;
	if (easy != NULL)
		curl_easy_cleanup(easy);
	if (multi != NULL)
		(void)curl_multi_cleanup(multi);
	free_headers(headers);
	return judge(&r, code, e);
}

void
ask_fini(struct ask *a)
{
	if (a->text != NULL)
		secret_wipe(a->text, ASK_TEXT_MAX);
	free(a->text);
	a->text = NULL;
	a->ntext = 0;
	a->status = 0;
	a->date_s = 0;
}
