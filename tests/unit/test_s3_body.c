/* SPDX-License-Identifier: Apache-2.0 */
/* The client of a bucket: bodies that break off, checksums, and writing. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "metric/metric.h"
#include "s3_bench.h"

/* --- bodies --- */

#define CUT                                             \
	OK_HEAD "ETag: \"e1\"\r\nContent-Length: 9\r\n" \
		"x-amz-checksum-crc64nvme: rosUhgp5mIg=\r\n\r\n1234"
#define REST(etag, range)                                           \
	"HTTP/1.1 206 Partial\r\nETag: " etag "\r\nContent-Range: " \
	"bytes " range "\r\n"

static void
resumed(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	bench_answer(b, CUT);
	/* Broken once more, and refused in between. */
	bench_answer(b, REST("\"e1\"", "4-8/9") "Content-Length: 5\r\n\r\n56");
	bench_answer(b, REST("\"e1\"", "6-8/9") "Content-Length: 3\r\n\r\n789");
	bench_run(b);
	assert_ok(b, 3);
	assert_body(b, "123456789");
	assert_not_sent(b, 0, "range:");
	assert_sent(b, 1, "\r\nrange: bytes=4-\r\n");
	assert_sent(b, 1, "\r\nif-match: \"e1\"\r\n");
	assert_sent(b, 2, "\r\nrange: bytes=6-\r\n");
	assert_int_equal(b->heads, 1);
	bench_free(b);
	b = bench_new();
	bench_answer(b, CUT);
	bench_answer(b, SLOW);
	bench_answer(
	    b, REST("\"e1\"", "4-8/9") "Content-Length: 5\r\n\r\n56789");
	bench_run(b);
	assert_ok(b, 3);
	assert_body(b, "123456789");
	bench_free(b);
	/* Before its first byte. */
	b = bench_new();
	bench_answer(b, OK_HEAD "ETag: \"e1\"\r\nContent-Length: 9\r\n\r\n");
	bench_answer(b, DIGITS);
	bench_run(b);
	assert_ok(b, 2);
	assert_body(b, "123456789");
	assert_not_sent(b, 1, "range:");
	assert_sent(b, 1, "\r\nif-match: \"e1\"\r\n");
	bench_free(b);
}

static void
not_resumed(void **state)
{
	static const struct {
		const char *first, *second;
		enum err_code code;
		size_t requests;
	} all[] = {
		{ CUT, ERROR("412", "PreconditionFailed"), ERR_ORIGIN_CHANGED,
		    2 },
		{ CUT, REST("\"e2\"", "4-8/9") "\r\n56789", ERR_ORIGIN_CHANGED,
		    2 },
		{ CUT, REST("\"e1\"", "3-8/9") "\r\n456789", ERR_ORIGIN_FAILED,
		    2 },
		{ CUT, REST("\"e1\"", "4-6/9") "Content-Length: 3\r\n\r\n567",
		    ERR_ORIGIN_FAILED, 2 },
		{ CUT, REST("\"e1\"", "4-9/10") "\r\n567890", ERR_ORIGIN_FAILED,
		    2 },
		/* The sum of both is more than a number holds. */
		{ CUT,
		    REST("\"e1\"",
			"4-9223372036854775806/9223372036854775807") "\r\n5",
		    ERR_ORIGIN_FAILED, 2 },
		{ CUT, DIGITS, ERR_ORIGIN_FAILED, 2 },
		{ CUT, ERROR("404", "NoSuchKey"), ERR_NO_SOURCE, 2 },
		/* Nothing says that it would be the same object. */
		{ OK_HEAD "Content-Length: 9\r\n\r\n1234", DIGITS,
		    ERR_ORIGIN_FAILED, 1 },
		{ OK_HEAD "ETag: W/\"e1\"\r\nContent-Length: 9\r\n\r\n1234",
		    DIGITS, ERR_ORIGIN_FAILED, 1 },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(all); i++) {
		struct bench *b = bench_new();

		bench_answer(b, all[i].first);
		bench_answer(b, all[i].second);
		bench_run(b);
		assert_fails(b, all[i].code, all[i].requests);
		assert_int_equal(blob_look(b->body).state, BLOB_FAILED);
		assert_int_equal(blob_look(b->body).size, 4);
		bench_free(b);
	}
}

static void
assert_damaged(const struct bench *b, uint64_t damaged)
{
	assert_fails(b, ERR_ORIGIN_FAILED, 1);
	assert_int_equal(metric_value(METRIC_S3_DAMAGED, 0, 0), damaged);
}

static void
checksums(void **state)
{
	static const struct {
		const char *header;
		bool good;
	} all[] = {
		{ "x-amz-checksum-crc64nvme: rosUhgp5mIg=", true },
		{ "x-amz-checksum-crc64nvme: rosUhgp5mIh=", false },
		{ "x-amz-checksum-crc32c: 4waSgw==", true },
		{ "x-amz-checksum-crc32c: 4waSgx==", false },
		{ "x-amz-checksum-crc32: y/Q5Jg==", true },
		{ "x-amz-checksum-crc32: AAAAAA==", false },
		{ "x-amz-checksum-sha1: 98O8HYCOBHMq32eZZczDTKeuNEE=", true },
		{ "x-amz-checksum-sha1: 98O8HYCOBHMq32eZZczDTKeuNEF=", false },
		{ "x-amz-checksum-sha256: "
		  "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
		    true },
		{ "x-amz-checksum-sha256: "
		  "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiV=",
		    false },
		/* Of parts: of other bytes. */
		{ "x-amz-checksum-crc32: AAAAAA==-2", true },
		{ "x-amz-checksum-type: COMPOSITE\r\n"
		  "x-amz-checksum-crc32: AAAAAA==",
		    true },
		{ "x-amz-checksum-type: FULL_OBJECT\r\n"
		  "x-amz-checksum-crc32: AAAAAA==",
		    false },
		{ "x-amz-checksum-new: AAAAAA==", true },
	};
	uint64_t damaged = metric_value(METRIC_S3_DAMAGED, 0, 0);

	(void)state;
	for (size_t i = 0; i < NELEM(all); i++) {
		struct bench *b = bench_new();
		char answer[512];

		snprintf(answer, sizeof(answer),
		    OK_HEAD "%s\r\nContent-Length: 9\r\n\r\n123456789",
		    all[i].header);
		bench_answer(b, answer);
		bench_run(b);
		if (all[i].good)
			assert_ok(b, 1);
		else
			assert_damaged(b, ++damaged);
		bench_free(b);
	}
}

/* --- writing --- */

static void
put(void **state)
{
	const struct sigv4_pair meta[] = { { "x-amz-meta-a", "1" } };
	struct bench *b = bench_new();

	(void)state;
	bench_answer(b, SLOW);
	bench_answer(b,
	    OK_HEAD "ETag: \"e9\"\r\nContent-Length: 0\r\n"
		    "x-amz-server-side-encryption: aws:kms\r\n"
		    "x-amz-server-side-encryption-aws-kms-key-id: k\r\n\r\n");
	b->call.verb = S3_PUT;
	b->call.body = SLICE("123456789");
	b->call.media_type = "image/png";
	b->call.cache_control = "no-cache";
	b->call.if_none_match = "*";
	b->call.encryption = S3_SSE_KMS;
	b->call.kms_key = "arn:aws:kms:k";
	b->call.header = meta;
	b->call.nheader = NELEM(meta);
	bench_run(b);
	assert_ok(b, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_sent(b, i, "PUT /pics/a%20b.jpg HTTP/1.1\r\n");
		assert_sent(b, i, "\r\ncontent-type: image/png\r\n");
		assert_sent(b, i, "\r\nx-amz-meta-a: 1\r\n");
		assert_sent(b, i, "\r\nif-none-match: *\r\n");
		assert_sent(b, i,
		    "\r\nx-amz-content-sha256: 15e2b0d3c33891ebb0f1ef609ec41942"
		    "0c20e320ce94c65fbc8c3312448eb225\r\n");
		assert_sent(b, i, "\r\n\r\n123456789");
		assert_not_sent(b, i, "expect:");
	}
	assert_string_equal(b->call.facts.etag, "\"e9\"");
	bench_free(b);
	/* What was to be encrypted and is not is no success. */
	b = bench_new();
	bench_answer(b, OK_HEAD "Content-Length: 0\r\n\r\n");
	b->call.verb = S3_PUT;
	b->call.encryption = S3_SSE_S3;
	bench_run(b);
	assert_sent(b, 0, "\r\nx-amz-server-side-encryption: AES256\r\n");
	assert_fails(b, ERR_ORIGIN_FAILED, 1);
	bench_free(b);
}

static void
error_in_200(void **state)
{
	const struct s3_part parts[] = { { 1, "\"a&b\"" }, { 2, "\"c\"" } };
	struct bench *b = bench_new();

	(void)state;
	bench_answer(b,
	    OK_HEAD "\r\n\n<?xml version=\"1.0\"?><Error><Code>InternalError"
		    "</Code></Error>");
	bench_answer(b, OK_HEAD "\r\n<CompleteMultipartUploadResult/>");
	b->call.verb = S3_UPLOAD_DONE;
	b->call.upload = "u/1";
	b->call.parts = parts;
	b->call.nparts = NELEM(parts);
	bench_run(b);
	assert_ok(b, 2);
	assert_sent(b, 1, "POST /pics/a%20b.jpg?uploadId=u%2F1 HTTP/1.1\r\n");
	assert_sent(b, 1,
	    "<Part><PartNumber>1</PartNumber><ETag>&quot;a&amp;b&quot;</ETag>"
	    "</Part><Part><PartNumber>2</PartNumber>");
	bench_free(b);
	b = bench_new();
	bench_answer(b, OK_HEAD "\r\n<Error><Code>AccessDenied</Code></Error>");
	b->call.verb = S3_COPY;
	b->call.from = "x/y z+.jpg";
	b->call.version = "v&1";
	bench_run(b);
	assert_fails(b, ERR_ORIGIN_FAILED, 1);
	assert_string_equal(b->call.code, "AccessDenied");
	assert_sent(b, 0,
	    "\r\nx-amz-copy-source: /pics/x/y%20z%2B.jpg?versionId=v%261\r\n");
	bench_free(b);
}

static void
delete_many(void **state)
{
	const struct s3_name names[] = { { "a<b", NULL }, { "c", "v1" } };
	struct bench *b = bench_new();
	size_t refused = 7;
	struct err e;

	(void)state;
	bench_answer(b, OK_HEAD "\r\n<DeleteResult/>");
	b->call.verb = S3_DELETE_MANY;
	b->call.key = NULL;
	b->call.names = names;
	b->call.nnames = NELEM(names);
	bench_run(b);
	assert_ok(b, 1);
	assert_sent(b, 0, "POST /pics?delete HTTP/1.1\r\n");
	assert_sent(b, 0, "\r\ncontent-md5: ");
	assert_sent(b, 0,
	    "<Object><Key>a&lt;b</Key></Object>"
	    "<Object><Key>c</Key><VersionId>v1</VersionId></Object></Delete>");
	assert_true(s3_deleted_read(slice_of(b->xml), &refused, &e));
	assert_int_equal(refused, 0);
	bench_free(b);
}

static void
cancelled(void **state)
{
	static const _Atomic uint32_t yes = 1;
	struct bench *b = bench_new();

	(void)state;
	b->call.cancel = &yes;
	bench_run(b);
	assert_false(b->call.ok);
	assert_int_equal(b->call.err.code, ERR_CLIENT_GONE);
	b->call.tries = 0;
	bench_free(b);
	/* While it waits for its next try. */
	b = bench_new();
	b->call.deadline_ns = clock_ns() + 1 * NS_PER_MS;
	bench_run(b);
	assert_false(b->call.ok);
	assert_int_equal(b->call.err.code, ERR_ORIGIN_TIMEOUT);
	b->call.tries = (unsigned)b->store.requests;
	bench_free(b);
}

static void
presigned(void **state)
{
	struct bench *b = bench_new();
	struct s3_presign what = { .key = "a b", .expires_s = 60 };
	char url[1024];
	struct err e;

	(void)state;
	assert_true(s3_new(&b->spec, &b->s3, &e));
	assert_true(s3_presign(
	    b->s3, &b->credentials.now, &what, url, sizeof(url), &e));
	assert_memory_equal(url, b->endpoint, strlen(b->endpoint));
	assert_non_null(strstr(url, "/pics/a%20b?X-Amz-Algorithm="));
	assert_non_null(strstr(url, "%2Feu-west-1%2Fs3%2Faws4_request&"));
	assert_non_null(strstr(url, "&X-Amz-Security-Token=older&"));
	what.key = "";
	assert_false(s3_presign(
	    b->s3, &b->credentials.now, &what, url, sizeof(url), &e));
	assert_int_equal(e.code, ERR_NO_SOURCE);
	bench_free(b);
}

static void
bad_spec(void **state)
{
	struct bench *b = bench_new();
	struct s3 *s3 = NULL;
	struct err e;

	(void)state;
	/* Not in the clear, and not of another length. */
	b->spec.customer_key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	assert_false(s3_new(&b->spec, &s3, &e));
	assert_int_equal(e.code, ERR_CONFIG);
	b->spec.endpoint = "https://127.0.0.1";
	assert_true(s3_new(&b->spec, &s3, &e));
	s3_free(s3);
	b->spec.customer_key = "AAAA";
	assert_false(s3_new(&b->spec, &s3, &e));
	b->spec.customer_key = NULL;
	b->spec.region = "Eu";
	assert_false(s3_new(&b->spec, &s3, &e));
	b->spec.region = NULL;
	b->spec.bucket = "..";
	assert_false(s3_new(&b->spec, &s3, &e));
	bench_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resumed),
		cmocka_unit_test(not_resumed),
		cmocka_unit_test(checksums),
		cmocka_unit_test(put),
		cmocka_unit_test(error_in_200),
		cmocka_unit_test(delete_many),
		cmocka_unit_test(cancelled),
		cmocka_unit_test(presigned),
		cmocka_unit_test(bad_spec),
	};

	return cmocka_run_group_tests_name("s3_body", tests, NULL, NULL);
}
