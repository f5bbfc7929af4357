/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways: the files are read and looked at once, when the configuration is. So
 * what is wrong with them is said at start, and a file that is exchanged takes
 * effect with the next reload, for all transfers at once.
 */
#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdatomic.h>

#include "base/fd.h"
#include "base/secret.h"
#include "net/fetch_run.h"
#include "net/guard.h"

/* The system's own bundle has some 200 kB. */
static const size_t way_file_max = MIB;

static void
pem_fini(struct fetch_pem *pem)
{
	if (pem->text != NULL)
		secret_wipe(pem->text, pem->size);
	free(take_ptr(pem->text));
}

static bool
pem_read(const char *path, struct fetch_pem *out, struct err *e)
{
	if (path == NULL ||
	    fd_read_file(path, way_file_max, &out->text, &out->size, e))
		return true;
	e->code = ERR_CONFIG;
	return false;
}

static BIO *
pem_open(const struct fetch_pem *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->text, (int)pem->size);

	if (bio == NULL)
		abort();
	return bio;
}

/* Nobody is asked for the password of a key. */
static int
no_password(char *out, int size, int writing, void *arg)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

/* The first certificate, or NULL with the error; *n counts them. */
static X509 *
certs_read(const char *path, const struct fetch_pem *pem, struct err *e)
{
	BIO *bio = pem_open(pem);
	X509 *first = PEM_read_bio_X509(bio, NULL, no_password, NULL);

	BIO_free(bio);
	ERR_clear_error();
	if (first == NULL)
		err_set(e, ERR_CONFIG, "%.90s: no certificate (PEM)", path);
	return first;
}

static EVP_PKEY *
key_read(const char *path, const struct fetch_pem *pem, struct err *e)
{
	BIO *bio = pem_open(pem);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);

	BIO_free(bio);
	ERR_clear_error();
	if (key == NULL)
		err_set(e, ERR_CONFIG,
		    "%.90s: no private key (PEM, without a password)", path);
	return key;
}

static bool
key_is_closed(const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return err_errno(e, ERR_CONFIG, errno, "%s", path);
	if ((st.st_mode & S_IRWXO) != 0)
		return err_set(e, ERR_CONFIG,
		    "%.90s: everybody may read it; chmod o-rwx", path);
	return true;
}

static bool
ca_check(const struct fetch_way *way, const struct fetch_way_spec *spec,
    struct err *e)
{
	X509 *ca;

	if (spec->ca_file == NULL)
		return true;
	ca = certs_read(spec->ca_file, &way->ca, e);
	X509_free(ca);
	return ca != NULL;
}

static bool
client_check(const struct fetch_way *way, const struct fetch_way_spec *spec,
    struct err *e)
{
	X509 *cert = NULL;
	EVP_PKEY *key = NULL;
	bool ok;

	if (spec->client_cert == NULL)
		return true;
	ok = key_is_closed(spec->client_key, e) &&
	    (cert = certs_read(spec->client_cert, &way->cert, e)) != NULL &&
	    (key = key_read(spec->client_key, &way->key, e)) != NULL;
	if (ok && X509_check_private_key(cert, key) != 1)
		ok = err_set(e, ERR_CONFIG, "%.90s: not the key of %.90s",
		    spec->client_key, spec->client_cert);
	ERR_clear_error();
	X509_free(cert);
	EVP_PKEY_free(key);
	return ok;
}

bool
fetch_way_new_take(
    const struct fetch_way_spec *spec, struct fetch_way **out, struct err *e)
{
	struct fetch_way *way = xcalloc(1, sizeof(*way));

	assert(spec->transfers > 0);
	assert((spec->client_cert == NULL) == (spec->client_key == NULL));
	atomic_init(&way->count, 1);
	way->guard = spec->guard;
	way->connect_ns = spec->connect_ns;
	way->silent_ns = spec->silent_ns;
	way->transfers = spec->transfers;
	if (pem_read(spec->ca_file, &way->ca, e) &&
	    pem_read(spec->client_cert, &way->cert, e) &&
	    pem_read(spec->client_key, &way->key, e) &&
	    ca_check(way, spec, e) && client_check(way, spec, e)) {
		*out = way;
		return true;
	}
	fetch_way_drop(way);
	return false;
}

struct fetch_way *
fetch_way_ref(struct fetch_way *way)
{
	atomic_fetch_add_explicit(&way->count, 1, memory_order_relaxed);
	return way;
}

void
fetch_way_drop(struct fetch_way *way)
{
	if (way == NULL ||
	    atomic_fetch_sub_explicit(&way->count, 1, memory_order_acq_rel) > 1)
		return;
	pem_fini(&way->ca);
	pem_fini(&way->cert);
	pem_fini(&way->key);
	guard_free(way->guard);
	free(way);
}
