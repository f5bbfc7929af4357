/* SPDX-License-Identifier: Apache-2.0 */
/* Where buckets are: endpoints, names, access points, regions. */
#include "net/s3_place.h"
#include "unit.h"

static const struct {
	const char *endpoint, *bucket;
	enum s3_addressing addressing;
	const char *region, *host;
	bool is_virtual;
	const char *said; /* region of endpoint or ARN */
} places[] = {
	{ "", "pics", S3_AUTO, "eu-west-1", "pics.s3.eu-west-1.amazonaws.com",
	    true, "" },
	{ "", "my.pics", S3_AUTO, "eu-west-1", "s3.eu-west-1.amazonaws.com",
	    false, "" },
	{ "", "my.pics", S3_VIRTUAL, "eu-west-1",
	    "my.pics.s3.eu-west-1.amazonaws.com", true, "" },
	{ "", "Old_Name", S3_AUTO, "us-east-1", "s3.us-east-1.amazonaws.com",
	    false, "" },
	{ NULL, "pics", S3_PATH, "cn-north-1", "s3.cn-north-1.amazonaws.com.cn",
	    false, "" },
	{ "https://s3.amazonaws.com", "pics", S3_AUTO, "eu-west-1",
	    "pics.s3.eu-west-1.amazonaws.com", true, "" },
	{ "https://s3.eu-west-1.amazonaws.com/", "pics", S3_AUTO, "ap-south-1",
	    "pics.s3.ap-south-1.amazonaws.com", true, "eu-west-1" },
	{ "https://S3.DualStack.eu-west-1.amazonaws.com", "pics", S3_AUTO,
	    "eu-west-2", "pics.s3.dualstack.eu-west-2.amazonaws.com", true,
	    "eu-west-1" },
	{ "https://s3-fips.us-gov-west-1.amazonaws.com:443", "pics", S3_AUTO,
	    "us-gov-west-1", "pics.s3-fips.us-gov-west-1.amazonaws.com", true,
	    "us-gov-west-1" },
	/* AWS's, but not to be made for another region. */
	{ "https://bucket.vpce-1.s3.us-east-1.vpce.amazonaws.com", "pics",
	    S3_AUTO, "eu-west-1",
	    "bucket.vpce-1.s3.us-east-1.vpce.amazonaws.com", false, "" },
	{ "https://s3.eu-west-1.amazonaws.com:8443", "pics", S3_AUTO,
	    "ap-south-1", "s3.eu-west-1.amazonaws.com:8443", false, "" },
	/* Nobody else's host is changed by what a store says. */
	{ "https://s3.amazonaws.com.evil.example", "pics", S3_AUTO, "eu-west-1",
	    "s3.amazonaws.com.evil.example", false, "" },
	{ "https://s3xamazonaws.com", "pics", S3_AUTO, "eu-west-1",
	    "s3xamazonaws.com", false, "" },
	{ "http://127.0.0.1:9000", "pics", S3_AUTO, "us-east-1",
	    "127.0.0.1:9000", false, "" },
	{ "http://[::1]:9000/", "pics", S3_AUTO, "us-east-1", "[::1]:9000",
	    false, "" },
	{ "http://minio:80", "pics", S3_AUTO, "us-east-1", "minio", false, "" },
	{ "http://minio:443", "pics", S3_AUTO, "us-east-1", "minio:443", false,
	    "" },
	{ "https://R2.example", "pics", S3_VIRTUAL, "auto", "pics.r2.example",
	    true, "" },
	{ "", "name-abc-s3alias", S3_AUTO, "eu-west-1",
	    "name-abc-s3alias.s3.eu-west-1.amazonaws.com", true, "" },
	{ "", "arn:aws:s3:eu-west-1:123456789012:accesspoint/pics", S3_AUTO,
	    "eu-west-1",
	    "pics-123456789012.s3-accesspoint.eu-west-1"
	    ".amazonaws.com",
	    true, "eu-west-1" },
	{ "https://s3.dualstack.eu-west-1.amazonaws.com",
	    "arn:aws:s3:eu-west-1:123456789012:accesspoint:pics", S3_PATH,
	    "eu-west-1",
	    "pics-123456789012.s3-accesspoint.dualstack.eu-west-1"
	    ".amazonaws.com",
	    true, "eu-west-1" },
	{ "",
	    "arn:aws-cn:s3-object-lambda:cn-north-1:123456789012:"
	    "accesspoint/p",
	    S3_AUTO, "cn-north-1",
	    "p-123456789012.s3-object-lambda.cn-north-1"
	    ".amazonaws.com.cn",
	    true, "cn-north-1" },
	{ "https://ceph.example",
	    "arn:aws:s3:eu-west-1:123456789012:accesspoint/pics", S3_AUTO,
	    "eu-west-1", "pics-123456789012.ceph.example", true, "eu-west-1" },
};

static void
good(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(places); i++) {
		char host[S3_HOST_SIZE] = "";
		struct text t = { .at = host, .size = sizeof(host) };
		struct s3_place p;
		struct err e;

		if (!s3_place_read(places[i].endpoint, places[i].bucket,
			places[i].addressing, &p, &e))
			fail_msg("%s", e.detail);
		s3_place_host(&p, places[i].region, &t);
		assert_string_equal(host, places[i].host);
		assert_int_equal(p.is_virtual, places[i].is_virtual);
		assert_string_equal(p.region, places[i].said);
	}
}

static void
bad(void **state)
{
	static const struct {
		const char *endpoint, *bucket;
		enum s3_addressing addressing;
	} all[] = {
		{ "127.0.0.1:9000", "pics", S3_AUTO },
		{ "ftp://h", "pics", S3_AUTO },
		{ "http://", "pics", S3_AUTO },
		{ "http://h:", "pics", S3_AUTO },
		{ "http://h:x", "pics", S3_AUTO },
		{ "http://h:123456", "pics", S3_AUTO },
		{ "http://user:pw@h", "pics", S3_AUTO },
		{ "http://h/base", "pics", S3_AUTO },
		{ "http://h?x", "pics", S3_AUTO },
		{ "http://[::1", "pics", S3_AUTO },
		{ "http://[h]", "pics", S3_AUTO },
		{ "http://[::1]9000", "pics", S3_AUTO },
		{ "http://[::1]x9000", "pics", S3_AUTO },
		{ "http://h h", "pics", S3_AUTO },
		{ "http://127.0.0.1", "pics", S3_VIRTUAL },
		{ "http://[::1]", "pics", S3_VIRTUAL },
		{ "http://127.0.0.1:9000",
		    "arn:aws:s3:eu-west-1:123456789012:accesspoint/pics",
		    S3_AUTO },
		{ "", "", S3_AUTO },
		{ "", ".", S3_AUTO },
		{ "", "..", S3_AUTO },
		{ "", "a/b", S3_AUTO },
		{ "", "a b", S3_AUTO },
		{ "", "a%2fb", S3_AUTO },
		{ "", "Pics", S3_VIRTUAL },
		{ "", "-pics", S3_VIRTUAL },
		{ "", "pics-", S3_VIRTUAL },
		{ "", "a..b", S3_VIRTUAL },
		{ "", "ab", S3_VIRTUAL },
		{ "", "arn:aws:s3:::pics", S3_AUTO },
		{ "", "arn:aws:s3::123456789012:accesspoint/x.mrap", S3_AUTO },
		{ "", "arn:aws:s3:eu-west-1:12345678901:accesspoint/x",
		    S3_AUTO },
		{ "", "arn:aws:s3:eu-west-1:123456789012:accesspoint/",
		    S3_AUTO },
		{ "", "arn:aws:s3:eu-west-1:123456789012:accesspoint/a/b",
		    S3_AUTO },
		{ "", "arn:aws:s3:eu-west-1:123456789012:bucket/x", S3_AUTO },
		{ "",
		    "arn:aws:s3-outposts:eu-west-1:123456789012:"
		    "accesspoint/x",
		    S3_AUTO },
		{ "", "arn:evil:s3:eu-west-1:123456789012:accesspoint/x",
		    S3_AUTO },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(all); i++) {
		struct s3_place p;
		struct err e;

		if (s3_place_read(all[i].endpoint, all[i].bucket,
			all[i].addressing, &p, &e))
			fail_msg("%s %s", all[i].endpoint, all[i].bucket);
		assert_int_equal(e.code, ERR_CONFIG);
		assert_null(strstr(e.detail, "user:pw"));
	}
}

static void
regions(void **state)
{
	(void)state;
	assert_true(s3_region_is_good(SLICE("eu-west-1")));
	assert_true(
	    s3_region_is_good(SLICE("a2345678901234567890123456789012")));
	assert_false(
	    s3_region_is_good(SLICE("a23456789012345678901234567890123")));
	assert_false(s3_region_is_good(SLICE("")));
	assert_false(s3_region_is_good(SLICE("EU")));
	assert_false(s3_region_is_good(SLICE("eu.west")));
	assert_false(s3_region_is_good(SLICE("eu/west")));
	assert_false(s3_region_is_good(SLICE("eu\0west")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(bad),
		cmocka_unit_test(regions),
	};

	return cmocka_run_group_tests_name("s3_place", tests, NULL, NULL);
}
