/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS for a client that has its own sockets and its own loop: pictor bench.
 * Transfers go through fetch.h.
 *
 * TLS 1.2 at least, HTTP/1.1 by ALPN, no sessions are taken up again: each
 * connection is a whole handshake. The program ignores SIGPIPE.
 */
#pragma once

#include <sys/types.h>

#include "base/err.h"

struct tls_trust; /* whom all connections believe */
struct tls;

/*
 * authorities: a file of certificates (PEM) instead of the system's, or NULL.
 * any: names and authorities are not looked at. Fails with CONFIG.
 */
bool tls_trust_new(const char *authorities, bool any, struct tls_trust **out,
    struct err *e) must_check;
void tls_trust_free(struct tls_trust *trust);

/*
 * On a socket that does not block, connected or about to be; it stays the
 * caller's. host: a name or an address (IPv6 without brackets), as in the URL.
 */
bool tls_new(const struct tls_trust *trust, int fd, const char *host,
    struct tls **out, struct err *e) must_check;
/* Says goodbye, if that goes without waiting. NULL: nothing happens. */
void tls_free(struct tls *t);

/*
 * As send(2) and recv(2) with errno: EAGAIN, until the socket becomes readable
 * or writable, whichever: either call may want either. Any other failure is
 * for good; tls_why() has the words. The handshake is part of the first calls.
 */
ssize_t tls_send(struct tls *t, const void *bytes, size_t size);
ssize_t tls_recv(struct tls *t, void *bytes, size_t size);
/* Why the last call failed; "" if it was the socket: errno says. */
const char *tls_why(const struct tls *t);
