/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures: AWS's published examples, awkward keys and queries, and the
 * order of headers. */
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/digest.h"
#include "net/sigv4.h"
#include "unit.h"

/* What AWS's examples have in common; the keys are AWS's own, of no account. */
static const struct sigv4_request example = {
	.method = "GET",
	.host = "examplebucket.s3.amazonaws.com",
	.path = { "/test.txt", 9 },
	.payload = SIGV4_EMPTY,
	.region = "us-east-1",
	.service = "s3",
	.access = "AKIAIOSFODNN7EXAMPLE",
	.secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	.at_s = 1369353600, /* 20130524T000000Z */
};

#define CREDENTIAL                                          \
	"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/" \
	"20130524/us-east-1/s3/aws4_request, SignedHeaders="

static void
assert_signed(
    const struct sigv4_request *r, const char *names, const char *signature)
{
	char want[SIGV4_TEXT_MAX];
	struct sigv4_signed out;
	struct err e;

	if (!sigv4_sign(r, &out, &e))
		fail_msg("%s", e.detail);
	snprintf(want, sizeof(want), CREDENTIAL "%s, Signature=%s", names,
	    signature);
	assert_string_equal(out.authorization, want);
	assert_string_equal(out.date, "20130524T000000Z");
}

static void
get_range(void **state)
{
	const struct sigv4_pair header[] = { { "range", "bytes=0-9" } };
	struct sigv4_request r = example;

	(void)state;
	r.header = header;
	r.nheader = NELEM(header);
	assert_signed(&r, "host;range;x-amz-content-sha256;x-amz-date",
	    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

static void
put(void **state)
{
	static const char body[] = "Welcome to Amazon S3.";
	const struct sigv4_pair header[] = {
		{ "x-amz-storage-class", "REDUCED_REDUNDANCY" },
		{ "date", "Fri, 24 May 2013 00:00:00 GMT" },
	};
	struct digest digest = digest_of(body, sizeof(body) - 1);
	char payload[2 * DIGEST_SIZE + 1];
	struct sigv4_request r = example;

	(void)state;
	codec_hex(digest.byte, sizeof(digest.byte), payload);
	r.method = "PUT";
	r.path = SLICE("/test$file.text");
	r.header = header;
	r.nheader = NELEM(header);
	r.payload = payload;
	assert_signed(&r,
	    "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
	    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

static void
query_alone(void **state)
{
	const struct sigv4_pair query[] = { { "lifecycle", NULL } };
	struct sigv4_request r = example;
	char target[64];
	struct err e;

	(void)state;
	r.path = SLICE("/");
	r.query = query;
	r.nquery = NELEM(query);
	assert_signed(&r, "host;x-amz-content-sha256;x-amz-date",
	    "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
	assert_true(sigv4_target(&r, target, sizeof(target), &e));
	assert_string_equal(target, "/?lifecycle");
}

static void
query_list(void **state)
{
	const struct sigv4_pair query[] = {
		{ "prefix", "J" },
		{ "max-keys", "2" },
	};
	struct sigv4_request r = example;

	(void)state;
	r.path = SLICE("/");
	r.query = query;
	r.nquery = NELEM(query);
	assert_signed(&r, "host;x-amz-content-sha256;x-amz-date",
	    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

/* The head of AWS's example of chunks; chunks themselves are not signed. */
static void
chunk_seed(void **state)
{
	const struct sigv4_pair header[] = {
		{ "content-encoding", "aws-chunked" },
		{ "content-length", "66824" },
		{ "x-amz-decoded-content-length", "66560" },
		{ "x-amz-storage-class", "REDUCED_REDUNDANCY" },
	};
	struct sigv4_request r = example;

	(void)state;
	r.method = "PUT";
	r.host = "s3.amazonaws.com";
	r.path = SLICE("/examplebucket/chunkObject.txt");
	r.header = header;
	r.nheader = NELEM(header);
	r.payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
	assert_signed(&r,
	    "content-encoding;content-length;host;x-amz-content-sha256;"
	    "x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
	    "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
}

static void
presigned_get(void **state)
{
	struct sigv4_request r = example;
	char url[1024];
	struct err e;

	(void)state;
	assert_true(sigv4_presign(&r, "https://examplebucket.s3.amazonaws.com",
	    86400, url, sizeof(url), &e));
	assert_string_equal(url,
	    "https://examplebucket.s3.amazonaws.com/test.txt"
	    "?X-Amz-Algorithm=AWS4-HMAC-SHA256"
	    "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2F"
	    "s3%2Faws4_request&X-Amz-Date=20130524T000000Z"
	    "&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
	    "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c26595"
	    "7d157751f604d404");
}

/* Token and headers are signed; a list before X-Amz-... in the order. */
static void
presigned_put(void **state)
{
	const struct sigv4_pair header[] = { { "content-type", "image/png" } };
	const struct sigv4_pair query[] = { { "versionId", "1/2" },
		{ "A", NULL } };
	struct sigv4_request r = example;
	char url[1024];
	struct err e;

	(void)state;
	r.method = "PUT";
	r.token = "a+b/c=";
	r.header = header;
	r.nheader = NELEM(header);
	r.query = query;
	r.nquery = NELEM(query);
	assert_true(sigv4_presign(
	    &r, "http://127.0.0.1:9000", 604800, url, sizeof(url), &e));
	assert_non_null(strstr(url, "http://127.0.0.1:9000/test.txt?A&X-Amz-"));
	assert_non_null(strstr(url, "&X-Amz-Security-Token=a%2Bb%2Fc%3D&"));
	assert_non_null(
	    strstr(url, "&X-Amz-SignedHeaders=content-type%3Bhost&"));
	assert_non_null(strstr(url, "&versionId=1%2F2&X-Amz-Signature="));
	assert_false(sigv4_presign(&r, "http://h", 1, url, 100, &e));
	assert_int_equal(e.code, ERR_URL_TOO_LONG);
	assert_false(sigv4_presign(&r, "http://h", 0, url, sizeof(url), &e));
	assert_false(
	    sigv4_presign(&r, "http://h", 604801, url, sizeof(url), &e));
	assert_int_equal(e.code, ERR_BAD_VALUE);
}

/* Once, in capitals, nothing normalised. */
static void
awkward_keys(void **state)
{
	static const struct {
		const char *key, *sent;
	} keys[] = {
		{ "/", "/" },
		{ "/a b.jpg", "/a%20b.jpg" },
		{ "/a+b.jpg", "/a%2Bb.jpg" },
		{ "/a%20b", "/a%2520b" },
		{ "/100%.jpg", "/100%25.jpg" },
		{ "/!'()*+@:$,;&=",
		    "/%21%27%28%29%2A%2B%40%3A%24%2C%3B%26%3D" },
		{ "/-._~", "/-._~" },
		{ "//a//b/", "//a//b/" },
		{ "/../.././a/.b", "/../.././a/.b" },
		{ "/\xc3\xa9\xf0\x9f\x98\x80", "/%C3%A9%F0%9F%98%80" },
		{ "/?#[]\\^`{|}\"<>",
		    "/%3F%23%5B%5D%5C%5E%60%7B%7C%7D%22%3C%3E" },
		{ "/\x01\x7f\xff", "/%01%7F%FF" },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(keys); i++) {
		struct sigv4_request r = example;
		char target[128];
		struct err e;

		r.path = slice_of(keys[i].key);
		assert_true(sigv4_target(&r, target, sizeof(target), &e));
		assert_string_equal(target, keys[i].sent);
		assert_false(
		    sigv4_target(&r, target, strlen(keys[i].sent), &e));
		assert_int_equal(e.code, ERR_URL_TOO_LONG);
	}
}

/* By name, then by value, both as they are encoded; "a-b" is after "a". */
static void
query_order(void **state)
{
	const struct sigv4_pair query[] = {
		{ "a-b", "1" },
		{ "b", "2" },
		{ "a", "z" },
		{ "b", "+ /" },
		{ "a", "" },
		{ "B", NULL },
		{ "a.b", "\xc3\xbc" },
	};
	struct sigv4_request r = example;
	char target[128];
	struct err e;

	(void)state;
	r.query = query;
	r.nquery = NELEM(query);
	assert_true(sigv4_target(&r, target, sizeof(target), &e));
	assert_string_equal(
	    target, "/test.txt?B&a=&a=z&a-b=1&a.b=%C3%BC&b=%2B%20%2F&b=2");
}

static void
sign_text(const struct sigv4_request *r, char out[SIGV4_TEXT_MAX])
{
	struct sigv4_signed both;
	struct err e;

	assert_true(sigv4_sign(r, &both, &e));
	memcpy(out, both.authorization, SIGV4_TEXT_MAX);
}

/* "x-amz-meta-a" before "x-amz-meta-a-b", although ':' is after '-'. */
static void
header_order(void **state)
{
	const struct sigv4_pair one[] = {
		{ "x-amz-meta-a-b", "2" },
		{ "x-amz-meta-a", "one  \t two" },
	};
	const struct sigv4_pair other[] = {
		{ "x-amz-meta-a", "  one two " },
		{ "x-amz-meta-a-b", "2" },
	};
	struct sigv4_request r = example;
	char first[SIGV4_TEXT_MAX];
	char second[SIGV4_TEXT_MAX];

	(void)state;
	r.token = "token";
	r.header = one;
	r.nheader = NELEM(one);
	sign_text(&r, first);
	r.header = other;
	sign_text(&r, second);
	assert_string_equal(first, second);
	assert_non_null(strstr(first,
	    "=host;x-amz-content-sha256;x-amz-date;x-amz-meta-a;"
	    "x-amz-meta-a-b;x-amz-security-token,"));
}

/* A key is remembered for its day, region, service and secret, no longer. */
static void
keys_remembered(void **state)
{
	struct sigv4_keys *keys = sigv4_keys_new();
	struct sigv4_request r[5] = { example, example, example, example,
		example };
	char plain[5][SIGV4_TEXT_MAX];
	char kept[SIGV4_TEXT_MAX];

	(void)state;
	r[1].at_s += 86400;
	r[2].region = "eu-west-1";
	r[3].service = "sts";
	r[4].secret = "another";
	for (size_t i = 0; i < NELEM(r); i++)
		sign_text(&r[i], plain[i]);
	for (size_t i = 0; i < 4 * NELEM(r); i++) {
		size_t k = i / 2 % NELEM(r);

		r[k].keys = keys;
		sign_text(&r[k], kept);
		assert_string_equal(kept, plain[k]);
	}
	sigv4_keys_free(keys);
	sigv4_keys_free(NULL);
}

static void
bounds(void **state)
{
	static struct sigv4_pair many[SIGV4_HEADERS_MAX + 1];
	struct sigv4_request r = example;
	struct sigv4_signed out;
	char *access = xcalloc(1, SIGV4_TEXT_MAX + 1);
	char name[SIGV4_HEADERS_MAX + 1][8];
	struct err e;

	(void)state;
	for (size_t i = 0; i < NELEM(many); i++) {
		snprintf(name[i], sizeof(name[i]), "x-%zu", i);
		many[i] = (struct sigv4_pair){ name[i], "1" };
	}
	r.header = many;
	r.nheader = SIGV4_HEADERS_MAX;
	assert_true(sigv4_sign(&r, &out, &e));
	r.nheader++;
	assert_false(sigv4_sign(&r, &out, &e));
	r = example;
	memset(access, 'A', SIGV4_TEXT_MAX);
	r.access = access;
	assert_false(sigv4_sign(&r, &out, &e));
	assert_int_equal(e.code, ERR_BAD_URL);
	r = example;
	r.region = access;
	assert_false(sigv4_sign(&r, &out, &e));
	r = example;
	r.at_s = -1;
	assert_false(sigv4_sign(&r, &out, &e));
	assert_int_equal(e.code, ERR_INTERNAL);
	free(access);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(get_range),
		cmocka_unit_test(put),
		cmocka_unit_test(query_alone),
		cmocka_unit_test(query_list),
		cmocka_unit_test(chunk_seed),
		cmocka_unit_test(presigned_get),
		cmocka_unit_test(presigned_put),
		cmocka_unit_test(awkward_keys),
		cmocka_unit_test(query_order),
		cmocka_unit_test(header_order),
		cmocka_unit_test(keys_remembered),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests_name("sigv4", tests, NULL, NULL);
}
