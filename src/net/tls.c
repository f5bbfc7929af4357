/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

struct tls_trust {
	SSL_CTX *ctx;
};

struct tls {
	SSL *ssl;
	bool dead; /* nothing more may be said on it */
	char why[160];
};

/* The oldest error of this thread's queue, which is emptied. */
static void
read_why(char *out, size_t size)
{
	unsigned long code = ERR_get_error();
	const char *reason = ERR_reason_error_string(code);
	char room[64];

	if (ERR_SYSTEM_ERROR(code))
		reason = strerror_r(ERR_GET_REASON(code), room, sizeof(room));
	(void)snprintf(out, size, "%s", reason == NULL ? "failed" : reason);
	ERR_clear_error();
}

bool
tls_trust_new(
    const char *authorities, bool any, struct tls_trust **out, struct err *e)
{
	static const unsigned char http[] = "\x08http/1.1";
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	char why[128];
	bool ok;

	if (ctx == NULL)
		return err_set(e, ERR_SYSTEM, "TLS is not available");
	ok = authorities == NULL
	    ? SSL_CTX_set_default_verify_paths(ctx) == 1
	    : SSL_CTX_load_verify_file(ctx, authorities) == 1;
	if (!ok) {
		read_why(why, sizeof(why));
		SSL_CTX_free(ctx);
		return err_set(e, ERR_CONFIG, "%.100s: no certificates: %s",
		    authorities == NULL ? "the system's authorities"
					: authorities,
		    why);
	}
	SSL_CTX_set_verify(ctx, any ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	(void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	/* What was given to a call that could not go on may have moved. */
	(void)SSL_CTX_set_mode(ctx,
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	(void)SSL_CTX_set_alpn_protos(ctx, http, sizeof(http) - 1);
	*out = xcalloc(1, sizeof(**out));
	(*out)->ctx = ctx;
	return true;
}

void
tls_trust_free(struct tls_trust *trust)
{
	if (trust == NULL)
		return;
	SSL_CTX_free(trust->ctx);
	free(trust);
}

/* What the certificate must be for. An address is never sent as a name. */
static bool
set_host(SSL *ssl, const char *host)
{
	struct in6_addr room;
	char name[256]; /* OpenSSL's macro asks for one that may be written */

	if (inet_pton(AF_INET, host, &room) == 1 ||
	    inet_pton(AF_INET6, host, &room) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(
			   SSL_get0_param(ssl), host) == 1;
	(void)snprintf(name, sizeof(name), "%s", host);
	return SSL_set_tlsext_host_name(ssl, name) == 1 &&
	    SSL_set1_host(ssl, host) == 1;
}

bool
tls_new(const struct tls_trust *trust, int fd, const char *host,
    struct tls **out, struct err *e)
{
	SSL *ssl = SSL_new(trust->ctx);

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 || !set_host(ssl, host)) {
		SSL_free(ssl);
		ERR_clear_error();
		return err_set(e, ERR_SYSTEM, "TLS for %.100s", host);
	}
	SSL_set_connect_state(ssl);
	*out = xcalloc(1, sizeof(**out));
	(*out)->ssl = ssl;
	return true;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	if (!t->dead && SSL_is_init_finished(t->ssl))
		(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
	SSL_free(t->ssl);
	free(t);
}

static void
say_why(struct tls *t)
{
	long verdict = SSL_get_verify_result(t->ssl);

	if (verdict == X509_V_OK ||
	    SSL_get_verify_mode(t->ssl) == SSL_VERIFY_NONE) {
		read_why(t->why, sizeof(t->why));
		return;
	}
	(void)snprintf(t->why, sizeof(t->why), "certificate: %s",
	    X509_verify_cert_error_string(verdict));
	ERR_clear_error();
}

/* What a call of OpenSSL that did not succeed means: 0, or -1 with errno. */
static ssize_t
no_bytes(struct tls *t, int result)
{
	int errnum = errno;

	switch (SSL_get_error(t->ssl, result)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		t->dead = true;
		ERR_clear_error();
		/* The other side has closed without a word. */
		if (errnum == 0)
			return 0;
		errno = errnum;
		return -1;
	default:
		t->dead = true;
		/* Many servers close without saying so: HTTP's own lengths
		 * tell whether an answer is whole. */
		if (ERR_GET_REASON(ERR_peek_error()) ==
		    SSL_R_UNEXPECTED_EOF_WHILE_READING) {
			ERR_clear_error();
			return 0;
		}
		say_why(t);
		errno = EPROTO;
		return -1;
	}
}

ssize_t
tls_send(struct tls *t, const void *bytes, size_t size)
{
	size_t n = 0;
	int ok;

	t->why[0] = '\0';
	errno = 0;
	ok = SSL_write_ex(t->ssl, bytes, size, &n);
	if (ok == 1)
		return (ssize_t)n;
	if (no_bytes(t, ok) == 0) {
		errno = ECONNRESET;
		return -1;
	}
	return -1;
}

ssize_t
tls_recv(struct tls *t, void *bytes, size_t size)
{
	size_t n = 0;
	int ok;

	t->why[0] = '\0';
	errno = 0;
	ok = SSL_read_ex(t->ssl, bytes, size, &n);
	return ok == 1 ? (ssize_t)n : no_bytes(t, ok);
}

const char *
tls_why(const struct tls *t)
{
	return t->why;
}
