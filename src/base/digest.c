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

/*
 * Looked up once: EVP_sha256() would have it searched for at every use. Each
 * thread keeps one run for the next time, since making one costs more than a
 * short digest.
 */
static EVP_MD *sha256;
static pthread_key_t spare_run;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;

static void
run_free(void *run)
{
	EVP_MD_CTX_free(((struct digest_run *)run)->context);
	free(run);
}

static void
sha256_find(void)
{
	int failed = pthread_key_create(&spare_run, run_free);

	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	assert(failed == 0 && sha256 != NULL);
}

/* What the thread keeps; it keeps nothing then. */
static struct digest_run *
spare_take(void)
{
	struct digest_run *run = pthread_getspecific(spare_run);
	int failed = 0;

	if (run != NULL)
		failed = pthread_setspecific(spare_run, NULL);
	assert(failed == 0);
	return run;
}

static void
spare_give(struct digest_run *run)
{
	if (pthread_getspecific(spare_run) != NULL ||
	    pthread_setspecific(spare_run, run) != 0)
		run_free(run);
}

struct digest
digest_of(const void *data, size_t size)
{
	struct digest_run *run = digest_new();

	digest_add(run, data, size);
	return digest_end(run);
}

bool
digest_eq(const struct digest *a, const struct digest *b)
{
	return memcmp(a->byte, b->byte, DIGEST_SIZE) == 0;
}

struct digest_run *
digest_new(void)
{
	int failed = pthread_once(&sha256_once, sha256_find);
	struct digest_run *run = NULL;
	int done;

	assert(failed == 0);
	run = spare_take();
	if (run == NULL) {
		run = xcalloc(1, sizeof(*run));
		run->context = EVP_MD_CTX_new();
		assert(run->context != NULL);
	}
	done = EVP_DigestInit_ex(run->context, sha256, NULL);
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
	spare_give(run);
	return d;
}
