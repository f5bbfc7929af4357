/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transfers over TLS: whom is believed, who we are, HTTP/2. Keys and
 * certificates are made here; HTTP/2 is what one answer needs of it.
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "conf/conf.h"
#include "fetch_kit.h"
#include "origin/origin.h"

enum { PATH_SIZE = 96 };

/* One key and its certificate, signed by issuer (NULL: by itself). */
struct identity {
	EVP_PKEY *key;
	X509 *cert;
};

static struct {
	char folder[PATH_SIZE];
	char ca[PATH_SIZE], other_ca[PATH_SIZE], junk[PATH_SIZE];
	char cert[PATH_SIZE], key[PATH_SIZE], open_key[PATH_SIZE];
	struct identity root, server, client, stranger;
	SSL_CTX *plain, *wants_client, *strange, *h2;
} tls;

static void
extend(X509 *cert, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(cert, e, -1), 1);
	X509_EXTENSION_free(e);
}

static struct identity
identity_new(const char *name, const struct identity *issuer, const char *alt)
{
	static long serial;
	struct identity id = { EVP_EC_gen("P-256"), X509_new() };
	X509_NAME *subject = X509_get_subject_name(id.cert);

	assert_true(id.key != NULL && id.cert != NULL);
	X509_set_version(id.cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(id.cert), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(id.cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(id.cert), 3600);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
	    (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(id.cert,
	    issuer != NULL ? X509_get_subject_name(issuer->cert) : subject);
	X509_set_pubkey(id.cert, id.key);
	if (issuer == NULL)
		extend(id.cert, NID_basic_constraints, "critical,CA:TRUE");
	if (alt != NULL)
		extend(id.cert, NID_subject_alt_name, alt);
	assert_true(X509_sign(id.cert, issuer != NULL ? issuer->key : id.key,
			EVP_sha256()) > 0);
	return id;
}

static void
identity_free(struct identity *id)
{
	EVP_PKEY_free(id->key);
	X509_free(id->cert);
}

static void
write_file(char *path, const char *name, X509 *cert, EVP_PKEY *key, mode_t mode)
{
	FILE *out;
	int fd;

	snprintf(path, PATH_SIZE, "%.60s/%s", tls.folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	out = fdopen(fd, "w");
	assert_non_null(out);
	if (cert != NULL)
		assert_int_equal(PEM_write_X509(out, cert), 1);
	else if (key != NULL)
		assert_int_equal(
		    PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL),
		    1);
	else
		assert_true(fputs("no certificate\n", out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static int
choose_h2(SSL *ssl, const unsigned char **out, unsigned char *len,
    const unsigned char *in, unsigned nin, void *arg)
{
	static const unsigned char h2[] = "h2";

	(void)ssl;
	(void)arg;
	/* Names with their lengths before them. */
	for (unsigned i = 0; i < nin; i += 1U + in[i]) {
		if (in[i] != 2 || memcmp(in + i + 1, h2, 2) != 0)
			continue;
		*out = h2;
		*len = 2;
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_NOACK;
}

static SSL_CTX *
server_of(const struct identity *id)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	assert_non_null(ctx);
	assert_int_equal(SSL_CTX_use_certificate(ctx, id->cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, id->key), 1);
	return ctx;
}

static int
make_all(void **state)
{
	(void)state;
	strcpy(tls.folder, "/tmp/pictor-tls-XXXXXX");
	assert_non_null(mkdtemp(tls.folder));
	tls.root = identity_new("root", NULL, NULL);
	tls.server =
	    identity_new("server", &tls.root, "IP:127.0.0.1,DNS:name.test");
	tls.client = identity_new("client", &tls.root, NULL);
	tls.stranger = identity_new("stranger", NULL, "IP:127.0.0.1");
	write_file(tls.ca, "ca.pem", tls.root.cert, NULL, 0644);
	write_file(tls.other_ca, "other.pem", tls.stranger.cert, NULL, 0644);
	write_file(tls.junk, "junk.pem", NULL, NULL, 0644);
	write_file(tls.cert, "cert.pem", tls.client.cert, NULL, 0644);
	write_file(tls.key, "key.pem", NULL, tls.client.key, 0600);
	write_file(tls.open_key, "open.pem", NULL, tls.client.key, 0644);
	tls.plain = server_of(&tls.server);
	tls.strange = server_of(&tls.stranger);
	tls.wants_client = server_of(&tls.server);
	SSL_CTX_set_verify(tls.wants_client,
	    SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	X509_STORE_add_cert(
	    SSL_CTX_get_cert_store(tls.wants_client), tls.root.cert);
	SSL_CTX_set_session_id_context(
	    tls.wants_client, (const unsigned char *)"t", 1);
	tls.h2 = server_of(&tls.server);
	SSL_CTX_set_alpn_select_cb(tls.h2, choose_h2, NULL);
	return 0;
}

static int
free_all(void **state)
{
	char *const files[] = { tls.ca, tls.other_ca, tls.junk, tls.cert,
		tls.key, tls.open_key };

	(void)state;
	for (size_t i = 0; i < NELEM(files); i++)
		unlink(files[i]);
	rmdir(tls.folder);
	SSL_CTX_free(tls.plain);
	SSL_CTX_free(tls.strange);
	SSL_CTX_free(tls.wants_client);
	SSL_CTX_free(tls.h2);
	identity_free(&tls.root);
	identity_free(&tls.server);
	identity_free(&tls.client);
	identity_free(&tls.stranger);
	return 0;
}

static struct fetch_way *
way_by(const char *ca, const char *cert, const char *key)
{
	struct fetch_way_spec spec = {
		.ca_file = ca,
		.client_cert = cert,
		.client_key = key,
		.transfers = 8,
		.connect_ns = 60 * NS_PER_S,
		.silent_ns = 60 * NS_PER_S,
	};
	struct fetch_way *way = NULL;
	struct err e;

	if (!fetch_way_new_take(&spec, &way, &e))
		fail_msg("%s", e.detail);
	return way;
}

static struct asked *
ask_by(struct place *p, const char *host, const char *ca, const char *cert,
    const char *key)
{
	struct asked *a = asked_new(p, "GET", "/");

	fetch_way_drop(p->way);
	p->way = way_by(ca, cert, key);
	a->f.way = p->way;
	snprintf(a->url, sizeof(a->url), "https://%s:%d/", host, p->peer->port);
	begin(p, a);
	finish(a);
	return a;
}

static void
test_trust(void **state)
{
	struct place *p = *state;
	struct asked *a;

	peer_start(p->peer, serve_ok, tls.plain);
	a = ask_by(p, "127.0.0.1", tls.ca, NULL, NULL);
	assert_end(a, FETCH_DONE, ERR_NONE);
	assert_string_equal(a->text, "ok");
	asked_free(a);
	a = ask_by(p, "name.test", tls.ca, NULL, NULL);
	assert_end(a, FETCH_DONE, ERR_NONE);
	asked_free(a);
	/* Nobody's name. */
	a = ask_by(p, "other.test", tls.ca, NULL, NULL);
	assert_end(a, FETCH_REFUSED, ERR_ORIGIN_FAILED);
	assert_says(a, "the certificate cannot be trusted");
	asked_free(a);
	/* The same server, whom others trust: their connection is not ours. */
	a = ask_by(p, "127.0.0.1", tls.other_ca, NULL, NULL);
	assert_end(a, FETCH_REFUSED, ERR_ORIGIN_FAILED);
	asked_free(a);
	a = ask_by(p, "127.0.0.1", NULL, NULL, NULL);
	assert_end(a, FETCH_REFUSED, ERR_ORIGIN_FAILED);
	asked_free(a);
	assert_int_equal(p->peer->requests, 2);
}

static void
test_again(void **state)
{
	struct place *p = *state;

	peer_start(p->peer, serve_ok, tls.plain);
	/* Other ways, alike: one connection. */
	for (int i = 0; i < 3; i++) {
		struct asked *a = ask_by(p, "127.0.0.1", tls.ca, NULL, NULL);

		assert_end(a, FETCH_DONE, ERR_NONE);
		asked_free(a);
	}
	assert_int_equal(p->peer->connections, 1);
}

static void
test_client(void **state)
{
	struct place *p = *state;
	struct asked *a;

	peer_start(p->peer, serve_ok, tls.wants_client);
	a = ask_by(p, "127.0.0.1", tls.ca, tls.cert, tls.key);
	assert_end(a, FETCH_DONE, ERR_NONE);
	asked_free(a);
	/* Who shows none does not get the other one's connection either. */
	a = ask_by(p, "127.0.0.1", tls.ca, NULL, NULL);
	assert_int_not_equal(a->f.ended, FETCH_DONE);
	assert_int_equal(a->f.err.code, ERR_ORIGIN_FAILED);
	asked_free(a);
	assert_int_equal(p->peer->requests, 1);
}

/* TLS to someone who speaks none, and the other way round. */
static bool
serve_ssh(struct talk *t)
{
	(void)say(t, "SSH-2.0-x\r\n");
	return false;
}

static void
test_no_tls(void **state)
{
	struct place *p = *state;
	struct asked *a;

	peer_start(p->peer, serve_ssh, NULL);
	a = asked_new(p, "GET", "/");
	snprintf(
	    a->url, sizeof(a->url), "https://127.0.0.1:%d/", p->peer->port);
	a->f.deadline_ns = clock_ns() + 500 * NS_PER_MS;
	begin(p, a);
	finish(a);
	assert_int_not_equal(a->f.ended, FETCH_DONE);
	assert_int_equal(a->f.status, 0);
	asked_free(a);
}

/* --- HTTP/2 --- */

static bool
hear_all(struct talk *t, void *out, size_t size)
{
	char *at = out;

	while (size > 0) {
		ssize_t n = hear(t, at, size);

		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

static bool
say_frame(struct talk *t, uint8_t type, uint8_t flags, uint8_t stream,
    struct slice body)
{
	uint8_t head[9] = { 0, 0, (uint8_t)body.len, type, flags, 0, 0, 0,
		stream };

	return say_bytes(t, head, sizeof(head)) &&
	    say_bytes(t, body.at, body.len);
}

/* :status 200 and content-length: 5, both from HPACK's static table. */
static const char h2_head[] = "\x88\x0f\x0d\x01"
			      "5";

static bool
serve_h2(struct talk *t)
{
	char preface[24];
	uint8_t head[9];
	static char body[1 << 14];

	if (!hear_all(t, preface, sizeof(preface)) ||
	    memcmp(preface, "PRI * HTTP/2.0", 14) != 0 ||
	    !say_frame(t, 4, 0, 0, SLICE("")))
		return false;
	while (hear_all(t, head, sizeof(head))) {
		size_t size =
		    ((size_t)head[0] << 16) | ((size_t)head[1] << 8) | head[2];

		if (size > sizeof(body) || !hear_all(t, body, size))
			return false;
		if (head[3] == 4 && (head[4] & 1) == 0)
			(void)say_frame(t, 4, 1, 0, SLICE(""));
		if (head[3] != 1)
			continue;
		t->peer->permits++;
		(void)say_frame(t, 1, 4, head[8],
		    (struct slice){ h2_head, sizeof(h2_head) - 1 });
		(void)say_frame(t, 0, 1, head[8], SLICE("hello"));
	}
	return false;
}

static void
test_http2(void **state)
{
	struct place *p = *state;

	peer_start(p->peer, serve_h2, tls.h2);
	for (int i = 0; i < 3; i++) {
		struct asked *a = ask_by(p, "127.0.0.1", tls.ca, NULL, NULL);

		assert_end(a, FETCH_DONE, ERR_NONE);
		assert_int_equal(a->f.status, 200);
		assert_int_equal(a->f.length, 5);
		assert_string_equal(a->text, "hello");
		asked_free(a);
	}
	assert_int_equal(p->peer->connections, 1);
	assert_int_equal(p->peer->permits, 3);
}

/* --- files --- */

static void
test_files(void **state)
{
	const struct {
		const char *ca, *cert, *key, *says;
	} rows[] = {
		{ tls.junk, NULL, NULL, "no certificate" },
		{ tls.folder, NULL, NULL, "not a regular file" },
		{ "/nowhere", NULL, NULL, "/nowhere" },
		{ NULL, tls.junk, tls.key, "no certificate" },
		{ NULL, tls.cert, tls.junk, "everybody may read it" },
		{ NULL, tls.cert, tls.open_key, "everybody may read it" },
		{ NULL, tls.ca, tls.key, "not the key of" },
		{ NULL, tls.cert, tls.cert, "everybody may read it" },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(rows); i++) {
		struct fetch_way_spec spec = {
			.ca_file = rows[i].ca,
			.client_cert = rows[i].cert,
			.client_key = rows[i].key,
			.transfers = 1,
		};
		struct fetch_way *way = NULL;
		struct err e;

		assert_false(fetch_way_new_take(&spec, &way, &e));
		assert_int_equal(e.code, ERR_CONFIG);
		if (strstr(e.detail, rows[i].says) == NULL)
			fail_msg("row %zu: %s", i, e.detail);
	}
	assert_int_equal(chmod(tls.junk, 0600), 0);
	{
		struct fetch_way_spec spec = { .client_cert = tls.cert,
			.client_key = tls.junk,
			.transfers = 1 };
		struct fetch_way *way = NULL;
		struct err e;

		assert_false(fetch_way_new_take(&spec, &way, &e));
		assert_non_null(strstr(e.detail, "no private key"));
	}
}

/* --- a store: never from https to http --- */

static bool
serve_down(struct talk *t)
{
	char answer[256];

	snprintf(answer, sizeof(answer),
	    "HTTP/1.1 302 x\r\nContent-Length: 0\r\n"
	    "Location: http://127.0.0.1:%d/a\r\n\r\n",
	    t->peer->port);
	return say(t, answer);
}

static void
on_begin(struct origin_fetch *f)
{
	sem_post(f->owner);
}

static void
test_downgrade(void **state)
{
	struct place *p = *state;
	struct origin_stores *stores = NULL;
	struct origin *origin = NULL;
	struct conf *conf = NULL;
	struct origin_fetch f = { .store = "web",
		.key = "a",
		.deadline_ns = clock_ns() + 60 * NS_PER_S,
		.begin = on_begin };
	char text[512];
	struct err e;
	sem_t begun;

	peer_start(p->peer, serve_down, tls.plain);
	snprintf(text, sizeof(text),
	    "[store.web]\ntype = http\nca_file = %s\nnetworks = 127.0.0.1\n"
	    "endpoint = https://127.0.0.1:%d/\nallow = http://127.0.0.1:%d/\n"
	    "[mount.all]\npath = /\nstores = web\n",
	    tls.ca, p->peer->port, p->peer->port);
	if (!conf_load_text(slice_of(text), "test", NULL, &conf, &e) ||
	    !origin_new(conf, &origin, &e) ||
	    !origin_open(origin, conf, &stores, &e))
		fail_msg("%s", e.detail);
	sem_init(&begun, 0, 0);
	f.owner = &begun;
	f.stores = stores;
	origin_submit(origin, &f);
	waiter(&begun);
	assert_false(f.ok);
	assert_int_equal(f.err.code, ERR_FORBIDDEN);
	assert_non_null(strstr(f.err.detail, "from https to http"));
	assert_int_equal(p->peer->requests, 1);
	sem_destroy(&begun);
	origin_stores_drop(stores);
	origin_free(origin);
	conf_drop(conf);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_trust, setup, teardown),
		cmocka_unit_test_setup_teardown(test_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_client, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_tls, setup, teardown),
		cmocka_unit_test_setup_teardown(test_http2, setup, teardown),
		cmocka_unit_test(test_files),
		cmocka_unit_test_setup_teardown(
		    test_downgrade, setup, teardown),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
