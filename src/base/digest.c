/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one file that includes OpenSSL for hashing. Its calls fail only without
 * memory or without the algorithm, which is a broken installation: assert.
 */
#include "base/digest.h"

#include <assert.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

struct digest_run {
	EVP_MD_CTX *context;
};

/* Looked up once: EVP_sha256() would have it searched for at every use. */
static EVP_MD *sha256;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;

static void
sha256_find(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	assert(sha256 != NULL);
}

static const EVP_MD *
algorithm(void)
{
	int failed = pthread_once(&sha256_once, sha256_find);

	assert(failed == 0);
	return sha256;
}

struct digest
digest_of(const void *data, size_t size)
{
	struct digest d;
	unsigned int len = 0;
	int done = EVP_Digest(data, size, d.byte, &len, algorithm(), NULL);

	assert(done == 1 && len == DIGEST_SIZE);
	return d;
}

bool
digest_eq(const struct digest *a, const struct digest *b)
{
	return memcmp(a->byte, b->byte, DIGEST_SIZE) == 0;
}

struct digest_run *
digest_new(void)
{
	struct digest_run *run = xcalloc(1, sizeof(*run));
	int done;

	run->context = EVP_MD_CTX_new();
	assert(run->context != NULL);
	done = EVP_DigestInit_ex(run->context, algorithm(), NULL);
	assert(done == 1);
	return run;
}

void
digest_add(struct digest_run *run, const void *data, size_t size)
{
	int done = EVP_DigestUpdate(run->context, data, size);

	assert(done == 1);
}

struct digest
digest_end(struct digest_run *run)
{
	struct digest d;
	unsigned int len = 0;
	int done = EVP_DigestFinal_ex(run->context, d.byte, &len);

	assert(done == 1 && len == DIGEST_SIZE);
	EVP_MD_CTX_free(run->context);
	free(run);
	return d;
}
