/* SPDX-License-Identifier: Apache-2.0 */
/* The client of a bucket: what is sent, what is understood, what is tried again
 * and what is not, and regions, clocks and credentials that are learned. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "metric/metric.h"
#include "s3_bench.h"

/* --- what is sent, and what is understood --- */

static void
get(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	bench_answer(b, DIGITS);
	b->spec.owner = "123456789012";
	b->spec.requester_pays = true;
	b->call.version = "v/1";
	bench_run(b);
	assert_ok(b, 1);
	assert_body(b, "123456789");
	assert_sent(b, 0, "GET /pics/a%20b.jpg?versionId=v%2F1 HTTP/1.1\r\n");
	assert_sent(b, 0, "\r\nx-amz-expected-bucket-owner: 123456789012\r\n");
	assert_sent(b, 0, "\r\nx-amz-request-payer: requester\r\n");
	assert_sent(b, 0, "\r\nx-amz-checksum-mode: ENABLED\r\n");
	assert_sent(b, 0, "\r\nx-amz-security-token: older\r\n");
	assert_sent(b, 0, "\r\nx-amz-content-sha256: " SIGV4_EMPTY "\r\n");
	assert_sent(b, 0,
	    "/eu-west-1/s3/aws4_request, SignedHeaders=host;"
	    "x-amz-checksum-mode;x-amz-content-sha256;"
	    "x-amz-date;x-amz-expected-bucket-owner;"
	    "x-amz-request-payer;x-amz-security-token, "
	    "Signature=");
	assert_string_equal(b->call.facts.etag, "\"e1\"");
	assert_string_equal(b->call.facts.version, "v/1");
	assert_string_equal(b->call.facts.media_type, "image/png");
	assert_string_equal(b->call.facts.request_id, "R1");
	assert_string_equal(b->call.facts.id_2, "I2");
	assert_int_equal(b->call.facts.size, 9);
	assert_int_equal(b->call.facts.modified_s, 1369353600);
	assert_int_equal(b->heads, 1);
	bench_free(b);
}

static void
unsigned_get(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	b->spec.credentials = NULL;
	b->spec.checksum = false;
	bench_answer(b, DIGITS);
	bench_run(b);
	assert_ok(b, 1);
	assert_not_sent(b, 0, "authorization:");
	assert_not_sent(b, 0, "x-amz-");
	bench_free(b);
	/* Nobody's signature protects the path then. */
	b = bench_new();
	b->spec.credentials = NULL;
	b->call.key = "a/../../other/b.jpg";
	bench_fails(b, ERR_FORBIDDEN, 0);
}

static void
not_modified(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	bench_answer(b, "HTTP/1.1 304 Not Modified\r\nETag: \"e1\"\r\n\r\n");
	b->call.if_none_match = "\"e1\"";
	bench_run(b);
	assert_ok(b, 1);
	assert_true(b->call.not_modified);
	assert_int_equal(b->heads, 0);
	assert_sent(b, 0, "\r\nif-none-match: \"e1\"\r\n");
	assert_string_equal(b->call.facts.etag, "\"e1\"");
	bench_free(b);
}

static void
range(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	bench_answer(b,
	    "HTTP/1.1 206 Partial\r\nETag: \"e1\"\r\n"
	    "Content-Range: bytes 2-4/9\r\n"
	    "x-amz-checksum-crc32: AAAAAA==\r\n"
	    "Content-Length: 3\r\n\r\n345");
	b->call.is_range = true;
	b->call.first = 2;
	b->call.last = 4;
	bench_run(b);
	assert_ok(b, 1);
	assert_body(b, "345");
	assert_sent(b, 0, "\r\nrange: bytes=2-4\r\n");
	assert_int_equal(b->call.facts.size, 9);
	bench_free(b);
	b = bench_new();
	bench_answer(b, DIGITS);
	b->call.is_range = true;
	b->call.last = -1;
	bench_run(b);
	assert_sent(b, 0, "\r\nrange: bytes=0-\r\n");
	assert_fails(b, ERR_ORIGIN_FAILED, 1);
	bench_free(b);
}

#define PART(range)                                                           \
	"HTTP/1.1 206 Partial\r\nETag: \"e1\"\r\nContent-Range: bytes " range \
	"\r\nContent-Length: 3\r\n\r\n345"

/* Each is a whole answer by its own length. */
static void
other_parts(void **state)
{
	static const struct {
		const char *answer;
		int64_t first, last; /* first -1: all was asked for */
		bool good;
	} all[] = {
		{ PART("2-4/9"), 2, 4, true },
		{ PART("2-4/*"), 2, 4, true },
		{ PART("2-4/5"), 2, 9, true },
		{ PART("2-4/5"), 2, -1, true },
		{ PART("2-4/9"), 2, 5, false },
		{ PART("2-4/9"), 2, -1, false },
		{ PART("2-4/*"), 2, -1, false },
		{ PART("2-4/9"), 1, 4, false },
		{ PART("x"), 2, 4, false },
		{ PART("0-2/9"), -1, 0, false },
		{ PART("0-2/3"), -1, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(all); i++) {
		struct bench *b = bench_new();

		bench_answer(b, all[i].answer);
		b->call.is_range = all[i].first >= 0;
		b->call.first = all[i].first;
		b->call.last = all[i].last;
		bench_run(b);
		if (b->call.ok != all[i].good)
			fail_msg("%zu: %s", i, b->call.err.detail);
		bench_free(b);
	}
}

/* 70 kB of words are no image that is too large. */
static void
long_error(void **state)
{
	struct bench *b = bench_new();
	char *answer = xcalloc(1, 80000);
	int n = snprintf(answer, 80000, "HTTP/1.1 500 No\r\n\r\n");

	(void)state;
	memset(answer + n, 'x', 70000);
	bench_answer(b, answer);
	bench_fails(b, ERR_ORIGIN_FAILED, 1);
	free(answer);
}

static void
head_says_no(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	bench_answer(b, DIGITS);
	b->refuse = true;
	bench_run(b);
	assert_fails(b, ERR_TOO_LARGE, 1);
	assert_int_equal(b->heads, 1);
	bench_free(b);
}

/* --- errors --- */

static void
errors(void **state)
{
	static const struct {
		const char *answer;
		enum err_code code;
		const char *word; /* in the detail */
		size_t requests;
	} all[] = {
		{ ERROR("404", "NoSuchKey"), ERR_NO_SOURCE, "(request R1, I2)",
		    1 },
		{ ERROR("404", "NoSuchVersion"), ERR_NO_SOURCE, "", 1 },
		{ ERROR("404", "NoSuchBucket"), ERR_ORIGIN_FAILED,
		    "pics: 404 NoSuchBucket (request R1, I2): there is no such "
		    "bucket",
		    1 },
		{ ERROR("403", "AccessDenied"), ERR_ORIGIN_DENIED,
		    "pics: 403 AccessDenied (request R1, I2): Some words", 1 },
		{ ERROR("403", "SignatureDoesNotMatch"), ERR_ORIGIN_DENIED, "",
		    1 },
		{ ERROR("412", "PreconditionFailed"), ERR_ORIGIN_CHANGED, "",
		    1 },
		{ ERROR("416", "InvalidRange"), ERR_BAD_RANGE, "", 1 },
		{ ERROR("501", "NotImplemented"), ERR_NOT_SUPPORTED, "", 1 },
		{ ERROR("400", "InvalidArgument"), ERR_ORIGIN_DENIED, "", 1 },
		/* No store said these. */
		{ "HTTP/1.1 404 No\r\n\r\n<html>no</html>", ERR_ORIGIN_FAILED,
		    "", 1 },
		{ "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n",
		    ERR_ORIGIN_FAILED, "", 1 },
		{ "HTTP/1.1 204 None\r\n\r\n", ERR_ORIGIN_FAILED, "", 1 },
		/* Of what was deleted. */
		{ "HTTP/1.1 405 No\r\nx-amz-delete-marker: true\r\n\r\n",
		    ERR_NO_SOURCE, "", 1 },
		{ ERROR("404", "NoSuchKey") "<", ERR_ORIGIN_FAILED, "", 1 },
		{ ERROR_HEAD("404") "\r\n<!DOCTYPE a><Error><Code>NoSuchKey"
				    "</Code></Error>",
		    ERR_ORIGIN_FAILED, "", 1 },
		/* A redirect is not followed, wherever it leads. */
		{ "HTTP/1.1 307 Away\r\nLocation: http://127.0.0.1:1/\r\n\r\n"
		  "<Error><Code>TemporaryRedirect</Code>"
		  "<Endpoint>127.0.0.1:1</Endpoint></Error>",
		    ERR_ORIGIN_FAILED, "", 1 },
		{ "HTTP/1.1 302 Away\r\nLocation: http://127.0.0.1:1/\r\n\r\n",
		    ERR_ORIGIN_FAILED, "", 1 },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(all); i++) {
		struct bench *b = bench_new();

		bench_answer(b, all[i].answer);
		bench_answer(b, DIGITS);
		bench_run(b);
		assert_fails(b, all[i].code, all[i].requests);
		if (strstr(b->call.err.detail, all[i].word) == NULL)
			fail_msg("%zu: %s", i, b->call.err.detail);
		bench_free(b);
	}
}

static void
tried_again(void **state)
{
	static const char *const first[] = {
		SLOW,
		ERROR("500", "InternalError"),
		ERROR("503", "ServiceUnavailable"),
		ERROR("400", "RequestTimeout"),
		ERROR("409", "OperationAborted"),
		"HTTP/1.1 502 Bad Gateway\r\n\r\n<html>",
		"HTTP/1.1 429 Slowly\r\n\r\n",
		NULL,
	};
	uint64_t again = metric_value(METRIC_S3_AGAIN, 0, 0);

	(void)state;
	for (size_t i = 0; i < NELEM(first); i++) {
		struct bench *b = bench_new();

		bench_answer(b, first[i]);
		bench_answer(b, DIGITS);
		bench_run(b);
		assert_ok(b, 2);
		assert_body(b, "123456789");
		assert_int_equal(b->call.tries, 2);
		assert_int_equal(
		    metric_value(METRIC_S3_AGAIN, 0, 0), again + i + 1);
		bench_free(b);
	}
}

static void
retries_end(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	for (size_t i = 0; i < 4; i++)
		bench_answer(b, SLOW);
	bench_run(b);
	assert_fails(b, ERR_BUSY, 3);
	assert_true(b->call.err.retry_after_s > 0);
	assert_string_equal(b->call.code, "SlowDown");
	bench_free(b);
	b = bench_new();
	b->spec.retries = 0;
	bench_answer(b, SLOW);
	bench_answer(b, DIGITS);
	bench_fails(b, ERR_BUSY, 1);
	/* The store asks for more time than there is. */
	b = bench_new();
	b->call.deadline_ns = clock_ns() + 3 * NS_PER_S;
	bench_answer(b, "HTTP/1.1 503 No\r\nx-amz-retry-after: 4000\r\n\r\n");
	bench_answer(b, DIGITS);
	bench_fails(b, ERR_ORIGIN_FAILED, 1);
}

/* 500 tokens, ten for each retry after silence: then there are none left. */
static void
tokens_end(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	/* Nobody listens: each try fails at once. */
	b->spec.retries = 2;
	fd_close(&b->store.listener);
	for (size_t i = 0; i < 27; i++) {
		b->is_done = false;
		bench_run(b);
		assert_false(b->call.ok);
		assert_int_equal(b->call.tries, i < 25 ? 3 : 1);
	}
	b->call.tries = 0;
	bench_free(b);
}

static void
not_a_key(void **state)
{
	struct bench *b = bench_new();
	char key[S3_KEY_MAX + 2];

	(void)state;
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	b->call.key = key;
	bench_fails(b, ERR_NO_SOURCE, 0);
	b = bench_new();
	b->call.key = "";
	bench_fails(b, ERR_NO_SOURCE, 0);
}

static void
no_credentials(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	b->credentials.is_broken = true;
	bench_fails(b, ERR_ORIGIN_DENIED, 0);
}

/* --- what is learned --- */

static void
younger_credentials(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	bench_answer(b, ERROR("400", "ExpiredToken"));
	bench_answer(b, DIGITS);
	bench_run(b);
	assert_ok(b, 2);
	assert_int_equal(b->credentials.refused, 1);
	assert_sent(b, 1, "\r\nx-amz-security-token: younger\r\n");
	bench_free(b);
	/* Once. */
	b = bench_new();
	bench_answer(b, ERROR("400", "ExpiredToken"));
	bench_answer(b, ERROR("400", "ExpiredToken"));
	bench_answer(b, DIGITS);
	bench_fails(b, ERR_ORIGIN_DENIED, 2);
	/* A HEAD does not say why. */
	b = bench_new();
	b->call.verb = S3_HEAD;
	bench_answer(b, "HTTP/1.1 400 Bad\r\n\r\n");
	bench_answer(b, OK_HEAD "Content-Length: 9\r\n\r\n");
	bench_run(b);
	assert_ok(b, 2);
	assert_int_equal(b->call.facts.size, 9);
	bench_free(b);
}

static void
another_region(void **state)
{
	static const char *const first[] = {
		ERROR_HEAD("301") "\r\n<Error><Code>PermanentRedirect</Code>"
				  "<Region>ap-south-1</Region><Endpoint>"
				  "evil.example</Endpoint></Error>",
		ERROR_HEAD("400") "\r\n<Error><Code>"
				  "AuthorizationHeaderMalformed</Code>"
				  "<Region>ap-south-1</Region></Error>",
		ERROR_HEAD("301") "x-amz-bucket-region: ap-south-1\r\n\r\n",
		ERROR_HEAD("400") "x-amz-bucket-region: ap-south-1\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < NELEM(first); i++) {
		struct bench *b = bench_new();
		char host[64];

		bench_answer(b, first[i]);
		bench_answer(b, DIGITS);
		bench_run(b);
		assert_ok(b, 2);
		assert_sent(b, 0, "/eu-west-1/s3/aws4_request");
		assert_sent(b, 1, "/ap-south-1/s3/aws4_request");
		snprintf(host, sizeof(host), "\r\nHost: 127.0.0.1:%u\r\n",
		    b->store.port);
		assert_sent(b, 1, host);
		bench_free(b);
	}
}

static void
no_region(void **state)
{
	static const char *const first[] = {
		ERROR_HEAD("301") "\r\n<Error><Code>PermanentRedirect</Code>"
				  "<Region>evil.example/</Region></Error>",
		ERROR_HEAD("301") "x-amz-bucket-region: EVIL\r\n\r\n",
		ERROR_HEAD("301") "x-amz-bucket-region: a23456789012345678901"
				  "2345678901234\r\n\r\n",
		ERROR_HEAD("301") "x-amz-bucket-region: eu-west-1\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < NELEM(first); i++) {
		struct bench *b = bench_new();

		bench_answer(b, first[i]);
		bench_answer(b, DIGITS);
		bench_fails(b, ERR_ORIGIN_FAILED, 1);
	}
}

static void
another_clock(void **state)
{
	char answer[512];
	char date[CLOCK_HTTP_SIZE];
	char day[9] = "";
	struct bench *b;
	time_t then;
	struct tm tm;

	(void)state;
	for (int is_head = 0; is_head < 2; is_head++) {
		b = bench_new();
		then = (time_t)(clock_wall_ns() / NS_PER_S) + 80000;
		clock_http(then, date);
		snprintf(answer, sizeof(answer),
		    "HTTP/1.1 403 No\r\nDate: %s\r\n\r\n%s", date,
		    is_head ? ""
			    : "<Error><Code>RequestTimeTooSkewed</Code>"
			      "</Error>");
		bench_answer(b, answer);
		if (is_head)
			b->call.verb = S3_HEAD;
		bench_answer(
		    b, is_head ? OK_HEAD "Content-Length: 9\r\n\r\n" : DIGITS);
		bench_run(b);
		assert_ok(b, 2);
		gmtime_r(&then, &tm);
		strftime(day, sizeof(day), "%Y%m%d", &tm);
		snprintf(answer, sizeof(answer), "AKIDTEST/%s/", day);
		assert_sent(b, 1, answer);
		bench_free(b);
	}
	/* By more than a day nobody's clock is wrong. */
	b = bench_new();
	bench_answer(b,
	    "HTTP/1.1 403 No\r\nDate: Fri, 24 May 2013 00:00:00 GMT\r\n\r\n"
	    "<Error><Code>RequestTimeTooSkewed</Code></Error>");
	bench_answer(b, DIGITS);
	bench_fails(b, ERR_ORIGIN_DENIED, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(get),
		cmocka_unit_test(unsigned_get),
		cmocka_unit_test(not_modified),
		cmocka_unit_test(range),
		cmocka_unit_test(other_parts),
		cmocka_unit_test(long_error),
		cmocka_unit_test(head_says_no),
		cmocka_unit_test(errors),
		cmocka_unit_test(tried_again),
		cmocka_unit_test(retries_end),
		cmocka_unit_test(tokens_end),
		cmocka_unit_test(not_a_key),
		cmocka_unit_test(no_credentials),
		cmocka_unit_test(younger_credentials),
		cmocka_unit_test(another_region),
		cmocka_unit_test(no_region),
		cmocka_unit_test(another_clock),
	};

	return cmocka_run_group_tests_name("s3", tests, NULL, NULL);
}
