/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One transfer of libcurl's: its options, what it calls back, and what its end
 * means. On the fetcher's thread.
 *
 * libcurl's own limits of time are only a second net, and let it share the time
 * to connect among several addresses; the limits that count are looked at by
 * fetch_is_over().
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/num.h"
#include "base/secret.h"
#include "metric/metric.h"
#include "net/fetch_run.h"
#include "net/guard.h"

enum {
	EASY_HOST_MAX = 100, /* of a host in an error */
	EASY_BUFFER = 64 * 1024,
	EASY_TEXT_FIRST = 4096,
	EASY_IDLE_S = 60,  /* an idle connection is not used again after that */
	EASY_ALIVE_S = 30, /* TCP asks a silent peer whether it is there */
	EASY_LINE_MAX = 16384
};

static const char *const easy_methods[] = { "GET", "HEAD", "PUT", "POST",
	"DELETE" };

/* --- how it ends --- */

/* "host:port" of a URL, without a password. */
static struct slice
url_host(const char *url)
{
	const char *begin = strstr(url, "://");
	struct slice host = { NULL, 0 };

	if (begin == NULL)
		return host;
	host.at = begin + 3;
	host.len = strcspn(host.at, "/?#");
	for (size_t i = host.len; i > 0; i--)
		if (host.at[i - 1] == '@')
			return slice_skip(host, i);
	return host;
}

void
fetch_over(struct fetch_run *run, enum fetch_end ended, enum err_code code,
    const char *detail, ...)
{
	struct slice host = url_host(run->f->url);
	char text[ERR_DETAIL_MAX];
	va_list list;

	if (run->over)
		return;
	va_start(list, detail);
	vsnprintf(text, sizeof(text), detail, list);
	va_end(list);
	if (host.len > EASY_HOST_MAX)
		host.len = EASY_HOST_MAX;
	run->over = true;
	run->ended = ended;
	err_set(&run->err, code, "%.*s: %s", SLICE_ARG(host), text);
	if (code == ERR_BUSY)
		run->err.retry_after_s = 1;
}

/* With an error that says it all already. */
static void
easy_over_as(struct fetch_run *run, enum fetch_end ended, const struct err *e)
{
	if (run->over)
		return;
	run->over = true;
	run->ended = ended;
	run->err = *e;
}

/* What of connecting is not done yet. */
static const char *
easy_connecting(const struct fetch_run *run)
{
	curl_off_t named = 0;
	curl_off_t connected = 0;

	(void)curl_easy_getinfo(run->easy, CURLINFO_NAMELOOKUP_TIME_T, &named);
	(void)curl_easy_getinfo(run->easy, CURLINFO_CONNECT_TIME_T, &connected);
	if (named == 0)
		return "looking up the name";
	return connected == 0 ? "connecting" : "beginning TLS";
}

static void
easy_late(struct fetch_run *run)
{
	switch (run->phase) {
	case FETCH_WAITS:
		fetch_over(run, FETCH_LATE, ERR_ORIGIN_TIMEOUT,
		    "the time was over before its turn");
		break;
	case FETCH_CONNECTS:
		fetch_over(run, FETCH_LATE, ERR_ORIGIN_TIMEOUT,
		    "the time was over while %s", easy_connecting(run));
		break;
	case FETCH_ASKED:
		fetch_over(run, FETCH_LATE, ERR_ORIGIN_TIMEOUT,
		    "the time was over before the answer's head");
		break;
	case FETCH_BODY:
		fetch_over(run, FETCH_LATE, ERR_ORIGIN_TIMEOUT,
		    "the time was over with the body at %" PRIu64 " bytes",
		    run->f->got);
		break;
	}
}

static void
easy_slow(struct fetch_run *run)
{
	fetch_over(run, FETCH_NO_ANSWER, ERR_ORIGIN_TIMEOUT,
	    "%s took longer than %" PRId64 " ms (connect_time)",
	    easy_connecting(run), run->way->connect_ns / NS_PER_MS);
}

static void
easy_silent(struct fetch_run *run)
{
	int64_t silent_ms = run->way->silent_ns / NS_PER_MS;

	if (run->phase == FETCH_BODY)
		fetch_over(run, FETCH_BROKEN, ERR_ORIGIN_TIMEOUT,
		    "silent for %" PRId64 " ms with the body at %" PRIu64
		    " bytes (silent_time)",
		    silent_ms, run->f->got);
	else
		fetch_over(run, FETCH_NO_ANSWER, ERR_ORIGIN_TIMEOUT,
		    "silent for %" PRId64
		    " ms before the answer's head (silent_time)",
		    silent_ms);
}

static int64_t
easy_deadline_ns(const struct fetch *f)
{
	return f->due_ns != NULL
	    ? atomic_load_explicit(f->due_ns, memory_order_relaxed)
	    : f->deadline_ns;
}

bool
fetch_is_over(struct fetch_run *run, int64_t now_ns)
{
	const struct fetch *f = run->f;

	if (run->over)
		return true;
	if (f->cancel != NULL &&
	    atomic_load_explicit(f->cancel, memory_order_relaxed) != 0)
		fetch_over(run, FETCH_STOPPED, ERR_CLIENT_GONE,
		    "nobody waits any more");
	else if (f->into != NULL && !blob_is_shared(f->into))
		fetch_over(run, FETCH_STOPPED, ERR_CLIENT_GONE,
		    "nobody reads the body");
	else if (now_ns >= easy_deadline_ns(f))
		easy_late(run);
	else if (run->phase == FETCH_CONNECTS &&
	    now_ns - run->began_ns >= run->way->connect_ns)
		easy_slow(run);
	else if (run->phase > FETCH_CONNECTS &&
	    now_ns - run->heard_ns >= run->way->silent_ns)
		easy_silent(run);
	return run->over;
}

/* --- what libcurl calls --- */

static void
easy_note_peer(struct fetch_run *run, const struct sockaddr *address)
{
	char text[INET6_ADDRSTRLEN] = "";
	union {
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} at;

	if (address->sa_family == AF_INET) {
		memcpy(&at.in, address, sizeof(at.in));
		inet_ntop(AF_INET, &at.in.sin_addr, text, sizeof(text));
		snprintf(run->f->peer, sizeof(run->f->peer), "%s:%u", text,
		    (unsigned)ntohs(at.in.sin_port));
	} else {
		memcpy(&at.in6, address, sizeof(at.in6));
		inet_ntop(AF_INET6, &at.in6.sin6_addr, text, sizeof(text));
		snprintf(run->f->peer, sizeof(run->f->peer), "[%s]:%u", text,
		    (unsigned)ntohs(at.in6.sin6_port));
	}
}

static bool
easy_allowed(struct fetch_run *run, const struct sockaddr *address)
{
	struct err e;

	if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
		return false;
	easy_note_peer(run, address);
	if (run->way->guard == NULL ||
	    guard_address(run->way->guard, address, &e))
		return true;
	run->guarded = true;
	run->guard_err = e;
	return false;
}

/* Names are resolved, the socket is about to connect. */
static curl_socket_t
easy_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct fetch_run *run = arg;

	if (purpose != CURLSOCKTYPE_IPCXN || !easy_allowed(run, &address->addr))
		return CURL_SOCKET_BAD;
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
	    address->protocol);
}

/* The request is about to be sent, maybe on a connection of another way. */
static int
easy_ready(void *arg, char *peer, char *own, int peer_port, int own_port)
{
	struct fetch_run *run = arg;
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)peer_port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)peer_port) };
	struct sockaddr_storage at;

	(void)own;
	run->phase = FETCH_ASKED;
	run->own_port = own_port;
	run->heard_ns = clock_ns();
	memset(&at, 0, sizeof(at));
	if (inet_pton(AF_INET, peer, &in.sin_addr) == 1)
		memcpy(&at, &in, sizeof(in));
	else if (inet_pton(AF_INET6, peer, &in6.sin6_addr) == 1)
		memcpy(&at, &in6, sizeof(in6));
	if (easy_allowed(run, (const struct sockaddr *)&at))
		return CURL_PREREQFUNC_OK;
	if (run->guarded)
		easy_over_as(run, FETCH_REFUSED, &run->guard_err);
	else
		fetch_over(run, FETCH_REFUSED, ERR_FORBIDDEN,
		    "its address cannot be told");
	return CURL_PREREQFUNC_ABORT;
}

/* The final answer's head is there: ask the caller. */
static void
easy_head_done(struct fetch_run *run)
{
	struct fetch *f = run->f;

	run->phase = FETCH_BODY;
	f->status = run->head.status;
	if (run->head.has_length && !run->head.chunked)
		f->length = run->head.length;
	metric_seconds(
	    METRIC_FETCH_HEAD_TIME, 0, 0, run->heard_ns - run->began_ns);
	if (f->head != NULL && !f->head(f))
		easy_over_as(run, FETCH_STOPPED, &f->err);
}

static size_t
easy_line(char *at, size_t one, size_t size, void *arg)
{
	struct fetch_run *run = arg;
	struct slice line = { at, size };
	bool before = run->head.whole;
	enum fetch_end end;
	struct err e;

	assert(one == 1);
	run->heard_ns = clock_ns();
	end = fetch_head_line(&run->head, line, &e);
	if (end != FETCH_DONE)
		fetch_over(run, end, e.code, "%s", e.detail);
	else if (run->head.whole && !before)
		easy_head_done(run);
	return run->over ? 0 : size;
}

static void
easy_text(struct fetch_run *run, const char *at, size_t size)
{
	struct fetch *f = run->f;

	if (size > FETCH_TEXT_MAX - f->ntext) {
		fetch_over(run, FETCH_TOO_LARGE, ERR_ORIGIN_FAILED,
		    "a text of more than %d bytes", FETCH_TEXT_MAX);
		return;
	}
	if (f->ntext + size + 1 > run->text_room) {
		size_t room = 2 * (f->ntext + size) + EASY_TEXT_FIRST;
		char *grown = realloc(run->text, room);

		/* At most twice FETCH_TEXT_MAX. */
		if (grown == NULL)
			abort();
		run->text = grown;
		run->text_room = room;
	}
	memcpy(run->text + f->ntext, at, size);
	f->ntext += size;
	run->text[f->ntext] = '\0';
}

static void
easy_blob(struct fetch_run *run, const char *at, size_t size)
{
	struct err e;

	if (!blob_is_shared(run->f->into))
		fetch_over(run, FETCH_STOPPED, ERR_CLIENT_GONE,
		    "nobody reads the body");
	else if (!blob_append(run->f->into, at, size, &e))
		easy_over_as(run, FETCH_TOO_LARGE, &e);
}

static size_t
easy_body(char *at, size_t one, size_t size, void *arg)
{
	struct fetch_run *run = arg;

	assert(one == 1);
	run->heard_ns = clock_ns();
	if (!run->head.whole)
		fetch_over(run, FETCH_BROKEN, ERR_ORIGIN_FAILED,
		    "a body before a head");
	else if (run->f->into != NULL)
		easy_blob(run, at, size);
	else
		easy_text(run, at, size);
	if (run->over)
		return 0;
	run->f->got += size;
	metric_add(METRIC_FETCH_BYTES, 0, 0, size);
	return size;
}

static size_t
easy_send(char *out, size_t one, size_t room, void *arg)
{
	struct fetch_run *run = arg;
	struct slice rest = slice_skip(run->f->body, run->sent);

	room *= one;
	if (rest.len > room)
		rest.len = room;
	if (rest.len > 0)
		memcpy(out, rest.at, rest.len);
	run->sent += rest.len;
	run->heard_ns = clock_ns();
	return rest.len;
}

/* A connection that was used again was dead: once more from the start. */
static int
easy_rewind(void *arg, curl_off_t offset, int origin)
{
	struct fetch_run *run = arg;

	if (origin != SEEK_SET || offset < 0 ||
	    (uint64_t)offset > run->f->body.len)
		return CURL_SEEKFUNC_FAIL;
	run->sent = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* --- what libcurl is told --- */

static bool
word_in(const char *word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

static bool
header_ok(const struct fetch_header *h)
{
	size_t token = strspn(h->name,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "!#$%&'*+-.^_`|~");

	if (token == 0 || h->name[token] != '\0')
		return false;
	for (const char *at = h->value; *at != '\0'; at++)
		if (((unsigned char)*at < ' ' && *at != '\t') || *at == 0x7f)
			return false;
	return true;
}

static void
easy_header(struct fetch_run *run, const char *line)
{
	struct curl_slist *longer = curl_slist_append(run->headers, line);

	if (longer == NULL)
		abort();
	run->headers = longer;
}

static bool
easy_has_header(const struct fetch *f, const char *name)
{
	for (size_t i = 0; i < f->nheader; i++)
		if (slice_eq_nocase(
			slice_of(f->header[i].name), slice_of(name)))
			return true;
	return false;
}

static bool
easy_headers(struct fetch_run *run)
{
	/* What libcurl would add by itself. */
	static const char *const unwanted[] = { "Expect", "Content-Type" };
	const struct fetch *f = run->f;
	char line[EASY_LINE_MAX];

	assert(f->nheader <= FETCH_HEADERS_MAX);
	for (size_t i = 0; i < f->nheader; i++) {
		const struct fetch_header *h = &f->header[i];
		/* libcurl's way to say a header that is empty. */
		int n = snprintf(line, sizeof(line),
		    h->value[0] == '\0' ? "%s;" : "%s: %s", h->name, h->value);

		if (!header_ok(h) || n < 0 || (size_t)n >= sizeof(line)) {
			secret_wipe(line, sizeof(line));
			fetch_over(run, FETCH_REFUSED, ERR_BAD_REQUEST,
			    "header %zu cannot be sent", i + 1);
			return false;
		}
		easy_header(run, line);
	}
	secret_wipe(line, sizeof(line));
	for (size_t i = 0; i < NELEM(unwanted); i++) {
		snprintf(line, sizeof(line), "%s:", unwanted[i]);
		if (!easy_has_header(f, unwanted[i]))
			easy_header(run, line);
	}
	return true;
}

static bool
easy_url_ok(struct fetch_run *run)
{
	struct slice url = slice_of(run->f->url);

	if (url.len > FETCH_URL_MAX) {
		fetch_over(run, FETCH_REFUSED, ERR_URL_TOO_LONG,
		    "a URL of %zu bytes", url.len);
		return false;
	}
	for (size_t i = 0; i < url.len; i++)
		if ((unsigned char)url.at[i] <= ' ' ||
		    (unsigned char)url.at[i] >= 0x7f)
			url.len = 0;
	if ((!slice_starts(url, SLICE("http://")) &&
		!slice_starts(url, SLICE("https://"))) ||
	    memchr(url.at, '#', url.len) != NULL) {
		fetch_over(run, FETCH_REFUSED, ERR_BAD_URL,
		    "the URL cannot be sent as it is");
		return false;
	}
	return true;
}

struct easy_number {
	CURLoption option;
	long value;
};

static void
easy_numbers(CURL *easy, const struct easy_number *row, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CURLcode code =
		    curl_easy_setopt(easy, row[i].option, row[i].value);

		assert(code == CURLE_OK);
	}
}

struct easy_pointer {
	CURLoption option;
	const void *value;
};

static void
easy_pointers(CURL *easy, const struct easy_pointer *row, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CURLcode code =
		    curl_easy_setopt(easy, row[i].option, row[i].value);

		assert(code == CURLE_OK);
	}
}

static void
easy_pem(CURL *easy, CURLoption option, const struct fetch_pem *pem)
{
	/* The way outlives the transfer: no copy that nobody wipes. */
	struct curl_blob blob = { pem->text, pem->size, CURL_BLOB_NOCOPY };

	if (pem->size > 0) {
		CURLcode code = curl_easy_setopt(easy, option, &blob);

		assert(code == CURLE_OK);
	}
}

/* The same for all transfers. */
static void
easy_constants(CURL *easy)
{
	static const struct easy_number numbers[] = {
		{ CURLOPT_NOSIGNAL, 1 },
		{ CURLOPT_FOLLOWLOCATION, 0 },
		{ CURLOPT_PATH_AS_IS, 1 },
		{ CURLOPT_DISALLOW_USERNAME_IN_URL, 1 },
		{ CURLOPT_NETRC, CURL_NETRC_IGNORED },
		{ CURLOPT_HTTP09_ALLOWED, 0 },
		{ CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS },
		{ CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
		{ CURLOPT_SSL_VERIFYPEER, 1 },
		{ CURLOPT_SSL_VERIFYHOST, 2 },
		{ CURLOPT_TCP_KEEPALIVE, 1 },
		{ CURLOPT_TCP_KEEPIDLE, EASY_ALIVE_S },
		{ CURLOPT_TCP_KEEPINTVL, EASY_ALIVE_S },
		{ CURLOPT_MAXAGE_CONN, EASY_IDLE_S },
		{ CURLOPT_BUFFERSIZE, EASY_BUFFER },
		/* A name server that does not answer would otherwise hold the
		 * thread, when a transfer ends that waits for it. */
		{ CURLOPT_QUICK_EXIT, 1 },
	};
	static const struct easy_pointer texts[] = {
		{ CURLOPT_PROTOCOLS_STR, "http,https" },
		{ CURLOPT_PROXY, "" },
		{ CURLOPT_NOPROXY, "*" },
		{ CURLOPT_USERAGENT, "pictor/" PACKAGE_VERSION },
	};

	easy_numbers(easy, numbers, NELEM(numbers));
	easy_pointers(easy, texts, NELEM(texts));
}

static void
easy_callbacks(struct fetch_run *run)
{
	const struct easy_pointer rows[] = {
		{ CURLOPT_PRIVATE, run },
		{ CURLOPT_ERRORBUFFER, run->curl_text },
		{ CURLOPT_OPENSOCKETDATA, run },
		{ CURLOPT_PREREQDATA, run },
		{ CURLOPT_HEADERDATA, run },
		{ CURLOPT_WRITEDATA, run },
		{ CURLOPT_READDATA, run },
		{ CURLOPT_SEEKDATA, run },
	};
	CURL *easy = run->easy;

	easy_pointers(easy, rows, NELEM(rows));
	(void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, easy_socket);
	(void)curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, easy_ready);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, easy_line);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, easy_body);
	(void)curl_easy_setopt(easy, CURLOPT_READFUNCTION, easy_send);
	(void)curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, easy_rewind);
}

/* PUT and POST have a body, if of no bytes. */
static void
easy_method(const struct fetch_run *run)
{
	const struct fetch *f = run->f;
	curl_off_t size = (curl_off_t)f->body.len;
	CURL *easy = run->easy;
	const struct easy_pointer name = { CURLOPT_CUSTOMREQUEST, f->method };
	struct easy_number how = { CURLOPT_HTTPGET, 1 };

	assert(word_in(f->method, easy_methods, NELEM(easy_methods)));
	if (strcmp(f->method, "HEAD") == 0)
		how.option = CURLOPT_NOBODY;
	else if (strcmp(f->method, "PUT") == 0)
		how.option = CURLOPT_UPLOAD;
	else if (strcmp(f->method, "POST") == 0)
		how.option = CURLOPT_POST;
	easy_numbers(easy, &how, 1);
	if (strcmp(f->method, "DELETE") == 0)
		easy_pointers(easy, &name, 1);
	(void)curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, size);
	(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, size);
}

static void
easy_tls(const struct fetch_run *run)
{
	static const struct easy_pointer no_folder = { CURLOPT_CAPATH, NULL };

	easy_pem(run->easy, CURLOPT_CAINFO_BLOB, &run->way->ca);
	easy_pem(run->easy, CURLOPT_SSLCERT_BLOB, &run->way->cert);
	easy_pem(run->easy, CURLOPT_SSLKEY_BLOB, &run->way->key);
	/* libcurl keeps the system's certificates, which take 20 ms to read,
	 * if they come from a file alone. */
	if (run->way->ca.size > 0 ||
	    curl_version_info(CURLVERSION_NOW)->cainfo != NULL)
		easy_pointers(run->easy, &no_folder, 1);
}

bool
fetch_prepare(struct fetch_run *run)
{
	int64_t connect_ms = run->way->connect_ns / NS_PER_MS;
	struct easy_number time = { CURLOPT_CONNECTTIMEOUT_MS, 1 };
	struct easy_pointer url = { CURLOPT_URL, run->f->url };
	struct easy_pointer list = { CURLOPT_HTTPHEADER, NULL };

	if (!easy_url_ok(run) || !easy_headers(run))
		return false;
	if (connect_ms > 0)
		time.value = (long)connect_ms;
	list.value = run->headers;
	easy_constants(run->easy);
	easy_callbacks(run);
	easy_method(run);
	easy_tls(run);
	easy_numbers(run->easy, &time, 1);
	easy_pointers(run->easy, &url, 1);
	easy_pointers(run->easy, &list, 1);
	return true;
}

/* --- what an end means --- */

/* What is known of libcurl's codes besides "it broke". */
static const struct easy_fault {
	CURLcode code;
	bool refused; /* trying again does not help */
	enum err_code err;
	const char *text;
} easy_faults[] = {
	{ CURLE_URL_MALFORMAT, true, ERR_BAD_URL, "the URL is malformed" },
	{ CURLE_LOGIN_DENIED, true, ERR_BAD_URL, "the URL has a user" },
	{ CURLE_COULDNT_RESOLVE_HOST, false, ERR_ORIGIN_FAILED,
	    "the name is not known" },
	{ CURLE_COULDNT_CONNECT, false, ERR_ORIGIN_FAILED,
	    "there is no connection" },
	{ CURLE_GOT_NOTHING, false, ERR_ORIGIN_FAILED,
	    "closed without an answer" },
	{ CURLE_UNSUPPORTED_PROTOCOL, false, ERR_ORIGIN_FAILED,
	    "the answer is not HTTP/1 or 2" },
	{ CURLE_WEIRD_SERVER_REPLY, false, ERR_ORIGIN_FAILED,
	    "the answer is not HTTP/1 or 2" },
	{ CURLE_PEER_FAILED_VERIFICATION, true, ERR_ORIGIN_FAILED,
	    "the certificate cannot be trusted" },
	{ CURLE_SSL_CERTPROBLEM, true, ERR_ORIGIN_FAILED,
	    "the certificate of ours cannot be used" },
	{ CURLE_SSL_CACERT_BADFILE, true, ERR_ORIGIN_FAILED,
	    "the certificates to verify by cannot be read" },
	{ CURLE_SSL_CONNECT_ERROR, false, ERR_ORIGIN_FAILED, "TLS failed" },
	{ CURLE_PARTIAL_FILE, false, ERR_ORIGIN_FAILED, "closed too early" },
	{ CURLE_RECV_ERROR, false, ERR_ORIGIN_FAILED, "the connection broke" },
	{ CURLE_SEND_ERROR, false, ERR_ORIGIN_FAILED, "the connection broke" },
};

/* After the head: what was wrong, and how far it came. */
static void
easy_broke(struct fetch_run *run, const char *text)
{
	/* Something came, if no head that libcurl takes for one. */
	bool heard = run->head.total > 0 ||
	    run->code == CURLE_UNSUPPORTED_PROTOCOL ||
	    run->code == CURLE_WEIRD_SERVER_REPLY;

	if (run->phase == FETCH_BODY && run->f->length >= 0)
		fetch_over(run, FETCH_BROKEN, ERR_ORIGIN_FAILED,
		    "%s, at %" PRIu64 " of %" PRId64 " bytes (%s)", text,
		    run->f->got, run->f->length, run->curl_text);
	else if (run->phase == FETCH_BODY)
		fetch_over(run, FETCH_BROKEN, ERR_ORIGIN_FAILED,
		    "%s, at %" PRIu64 " bytes (%s)", text, run->f->got,
		    run->curl_text);
	else
		fetch_over(run, heard ? FETCH_BROKEN : FETCH_NO_ANSWER,
		    ERR_ORIGIN_FAILED, "%s (%s)", text, run->curl_text);
}

static void
easy_failed(struct fetch_run *run)
{
	const struct easy_fault *row = NULL;

	for (size_t i = 0; row == NULL && i < NELEM(easy_faults); i++)
		if (easy_faults[i].code == run->code)
			row = &easy_faults[i];
	if (run->code == CURLE_OPERATION_TIMEDOUT &&
	    run->phase <= FETCH_CONNECTS)
		easy_slow(run);
	else if (run->code == CURLE_COULDNT_CONNECT && run->guarded)
		easy_over_as(run, FETCH_REFUSED, &run->guard_err);
	else if (run->code == CURLE_OUT_OF_MEMORY && run->phase == FETCH_ASKED)
		/* It also says so of a line that does not end. */
		fetch_over(run, FETCH_TOO_LARGE, ERR_ORIGIN_FAILED,
		    "a head of more than %d bytes", FETCH_HEAD_MAX);
	else if (run->code == CURLE_OUT_OF_MEMORY)
		fetch_over(run, FETCH_BROKEN, ERR_BUSY, "no memory");
	else if (row != NULL && row->refused)
		fetch_over(run, FETCH_REFUSED, row->err, "%s (%s)", row->text,
		    run->curl_text);
	else if (row != NULL)
		easy_broke(run, row->text);
	else
		easy_broke(run, curl_easy_strerror(run->code));
}

/* Does an answer of this kind have a body at all? */
static bool
easy_has_body(const struct fetch *f)
{
	return strcmp(f->method, "HEAD") != 0 && f->status != 204 &&
	    f->status != 304;
}

void
fetch_settle(struct fetch_run *run)
{
	struct fetch *f = run->f;
	long connections = 0;

	if (!run->over && run->code != CURLE_OK)
		easy_failed(run);
	else if (!run->over && !run->head.whole)
		easy_broke(run, "closed inside the head");
	else if (!run->over && f->length >= 0 && easy_has_body(f) &&
	    f->got != (uint64_t)f->length)
		easy_broke(run, "closed too early");
	if (!run->over)
		run->ended = FETCH_DONE;
	if (run->phase > FETCH_CONNECTS &&
	    curl_easy_getinfo(run->easy, CURLINFO_NUM_CONNECTS, &connections) ==
		CURLE_OK)
		metric_add(METRIC_FETCH_CONNECTIONS, connections == 0, 0, 1);
	metric_add(METRIC_FETCH_ENDS, (unsigned)run->ended, 0, 1);
	f->ended = run->ended;
	f->err = run->err;
	f->text = run->text;
}

void
fetch_run_free(struct fetch_run *run)
{
	for (struct curl_slist *at = run->headers; at != NULL; at = at->next)
		secret_wipe(at->data, strlen(at->data));
	curl_slist_free_all(run->headers);
	if (run->text != NULL)
		secret_wipe(run->text, run->text_room);
	free(run->text);
	fetch_head_fini(&run->head);
	fetch_way_drop(run->way);
	free(run);
}
