/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP transfers: one thread, one curl_multi. Nothing here knows stores, S3 or
 * retries; a redirect is an answer like any other.
 *
 * A transfer is a struct of its caller. It goes through two calls on the
 * fetcher's thread: head() when the final status and headers are there, end()
 * once, whatever happens. Both must not wait. The body of an answer goes where
 * head() says: into a blob (which the caller made, and finishes in end(), so
 * that a broken one can be gone on with), or, if it names none, into text[],
 * up to FETCH_TEXT_MAX bytes, for errors and other small things.
 *
 * What is never done, whatever way or caller say: proxies, netrc, cookies,
 * schemes besides http and https, following redirects, decoding of
 * Content-Encoding. HTTP/2 is spoken where TLS offers it.
 *
 * fetch_head.c reads an answer's head, fetch_way.c knows ways, fetch_easy.c
 * makes a transfer of libcurl's out of a struct fetch, fetch.c is the thread.
 */
#pragma once

#include "base/blob.h"
#include "base/slice.h"

struct fetcher;
struct guard;

enum {
	/* Bytes of an answer's head: all header lines, also those of interim
	 * answers (1xx) and trailers. More: TOO_LARGE. */
	FETCH_HEAD_MAX = 32768,
	FETCH_TEXT_MAX = 65536,
	FETCH_URL_MAX = 16384,
	FETCH_HEADERS_MAX = 64 /* that a request may have */
};

/*
 * How peers of one kind are reached: what a store's configuration says.
 * Counted and immutable, so a transfer that runs keeps the one it began with.
 * Connections are used again only by transfers of equal ways.
 */
struct fetch_way_spec {
	const char *ca_file;     /* PEM; NULL: the system's */
	const char *client_cert; /* PEM; NULL: none */
	const char *client_key;
	/* Of each connection's address, also of one that is used again; NULL:
	 * all are allowed. Given: freed with the way, or when it fails. */
	struct guard *guard;
	int64_t connect_ns; /* names, TCP and TLS together */
	int64_t silent_ns; /* an answer may be silent so long, also before it */
	unsigned transfers; /* most at one time; more wait in turn */
};
struct fetch_way;
/* Fails with CONFIG when a file cannot be read or is no certificate. */
bool fetch_way_new_take(const struct fetch_way_spec *spec,
    struct fetch_way **out, struct err *e) must_check;
struct fetch_way *fetch_way_ref(struct fetch_way *way);
void fetch_way_drop(struct fetch_way *way); /* NULL is allowed */

struct fetch_header {
	const char *name, *value; /* a token, no control bytes: else REFUSED */
};

/* What ended a transfer besides an answer. err.code says how it looks to a
 * viewer; this says what may be tried again. */
enum fetch_end {
	FETCH_DONE,      /* the answer is complete */
	FETCH_STOPPED,   /* cancel, head() said false, nobody holds the blob */
	FETCH_REFUSED,   /* the guard, a bad URL or header, a TLS certificate */
	FETCH_NO_ANSWER, /* name, connect, reset or silence before a head */
	FETCH_BROKEN,    /* no HTTP; reset, silence or short body later */
	FETCH_LATE,      /* the deadline came */
	FETCH_TOO_LARGE, /* head, text or blob has no room */
	FETCH_ENDS       /* how many there are */
};

struct fetch {
	/* By the caller; constant until end(), and so is what they point to. */
	struct fetch_way *way; /* borrowed until end() */
	const char *method;    /* GET HEAD PUT POST DELETE */
	const char *url;       /* sent as it is: encoded, dots and all */
	struct fetch_header header[FETCH_HEADERS_MAX];
	size_t nheader;
	struct slice body; /* of PUT and POST */
	int64_t deadline_ns;
	/* Instead of it, where it may become later while the transfer runs;
	 * NULL: it does not. */
	const _Atomic int64_t *due_ns;
	/* Begin then and not before (clock_ns()); 0: at once. For what is tried
	 * again: until then it takes no place of others, and cancel and deadline
	 * end it as if it ran. */
	int64_t start_ns;
	/* Not 0: stop. NULL: never. Looked at at least ten times a second. */
	const _Atomic uint32_t *cancel;
	/* May set into; false: stop, with the reason in err. NULL: text. */
	bool (*head)(struct fetch *f);
	void (*end)(struct fetch *f);
	void *owner;

	/* By head(), NULL before it: where the body goes. Appended to; not
	 * finished here. When nobody but the caller holds it any more the
	 * transfer stops (STOPPED, CLIENT_GONE). */
	struct blob *into;

	/* By fetch; headers and status from head() on, the rest in end(). */
	int status;     /* 200 to 999; 0: there was no answer */
	int64_t length; /* Content-Length; -1: not said, or chunked */
	uint64_t got;   /* bytes of the body so far */
	char *text; /* NUL-terminated; NULL: no body. Fetch's, until end() */
	size_t ntext;
	/* status stays what it is when a body broke. */
	enum fetch_end ended;
	struct err err; /* unless FETCH_DONE */
	/* The address that was connected to; for logs and errors. */
	char peer[64];

	struct fetch_run *run; /* fetch's own */
};

/* transfers: most at one time of all ways together. */
bool fetcher_new(
    unsigned transfers, struct fetcher **out, struct err *e) must_check;
/* Ends what runs or waits (STOPPED, DRAINING), then returns. */
void fetcher_free(struct fetcher *fetcher);
/*
 * Any thread, also the fetcher's own. Never fails: end() says what is wrong. In
 * end() f may be freed, or started again.
 */
void fetch_start(struct fetcher *fetcher, struct fetch *f);
/* Looks at every cancel flag now. Any thread. */
void fetcher_poke(struct fetcher *fetcher);
/*
 * A header of the answer, without blanks around it; at NULL: there is none. Of
 * several with one name the first, or the nth (from 0). Valid until end()
 * returns. name in lower case.
 */
struct slice fetch_answer_header_at(
    const struct fetch *f, const char *name, size_t nth);
struct slice fetch_answer_header(const struct fetch *f, const char *name);
/* Wall clock less ours, from the answer's Date, seconds; 0 when it has none. */
int64_t fetch_clock_ahead_s(const struct fetch *f);

/*
 * What a Location means that came as the answer of base (RFC 3986 section 5):
 * relative ones are resolved, blanks and bytes above ASCII encoded, a fragment
 * is left out. Fails with ORIGIN_FAILED. size: of out.
 */
bool fetch_resolve(const char *base, struct slice location, char *out,
    size_t size, struct err *e) must_check;
