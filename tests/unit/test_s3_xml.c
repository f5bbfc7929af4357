/* SPDX-License-Identifier: Apache-2.0 */
/* What stores say in XML: errors, lists, uploads, deletions, lifecycles. */
#include <string.h>

#include "net/fetch.h"
#include "net/s3_run.h"
#include "unit.h"

static void
faults(void **state)
{
	struct s3_fault fault;
	char big[FETCH_TEXT_MAX + 2];

	(void)state;
	assert_true(s3_fault_read(
	    SLICE("<?xml version=\"1.0\"?>\n<Error><Code>A</Code><Message>x "
		  "&lt;\x01y\xc3\xa9</Message><Region>eu-west-1</Region>"
		  "<Endpoint>evil</Endpoint></Error>"),
	    &fault));
	assert_string_equal(fault.code, "A");
	/* Nothing that a terminal or a log would obey. */
	assert_string_equal(fault.message, "x <y");
	assert_string_equal(fault.region, "eu-west-1");
	assert_true(s3_fault_read(SLICE("<Error><Code>A</Code><Region>EVIL/"
					"</Region></Error>"),
	    &fault));
	assert_string_equal(fault.region, "");
	assert_false(s3_fault_read(SLICE("<Error></Error>"), &fault));
	assert_false(s3_fault_read(SLICE("<a><Code>A</Code></a>"), &fault));
	assert_false(s3_fault_read(SLICE("<Error><Code>A</Code>"), &fault));
	assert_string_equal(fault.code, "");
	memset(big, ' ', sizeof(big));
	memcpy(big, "<Error><Code>A</Code></Error>", 29);
	assert_true(
	    s3_fault_read((struct slice){ big, FETCH_TEXT_MAX }, &fault));
	assert_false(
	    s3_fault_read((struct slice){ big, FETCH_TEXT_MAX + 1 }, &fault));
}

static void
lists(void **state)
{
	struct s3_list list;
	struct err e;

	(void)state;
	assert_true(s3_list_read(
	    SLICE("<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\">"
		  "<Name>pics</Name><Prefix>a%2B</Prefix>"
		  "<EncodingType>url</EncodingType>"
		  "<IsTruncated>true</IsTruncated>"
		  "<NextContinuationToken>t+%2B</NextContinuationToken>"
		  "<Contents><Key>a+b%2B%C3%A9%01</Key>"
		  "<LastModified>2013-05-24T00:00:00.000Z</LastModified>"
		  "<ETag>&quot;e&quot;</ETag><Size>12</Size>"
		  "<Owner><ID>1</ID></Owner></Contents>"
		  "<Contents><Key>100%</Key><Size>-1</Size></Contents>"
		  "<CommonPrefixes><Prefix>x%2F</Prefix></CommonPrefixes>"
		  "</ListBucketResult>"),
	    &list, &e));
	assert_int_equal(list.n, 3);
	assert_string_equal(list.entry[0].key, "a b+\xc3\xa9\x01");
	assert_string_equal(list.entry[0].etag, "\"e\"");
	assert_int_equal(list.entry[0].size, 12);
	assert_int_equal(list.entry[0].modified_s, 1369353600);
	assert_string_equal(list.entry[1].key, "100%");
	assert_int_equal(list.entry[1].size, 0);
	assert_int_equal(list.entry[1].modified_s, -1);
	assert_string_equal(list.entry[2].key, "x/");
	assert_true(list.entry[2].is_prefix);
	assert_string_equal(list.after, "t+%2B");
	s3_list_free(&list);
	/* Not said to be encoded, and the last page. */
	assert_true(s3_list_read(
	    SLICE("<ListBucketResult><NextContinuationToken>t"
		  "</NextContinuationToken><Contents><Key>a+b%2B</Key>"
		  "</Contents></ListBucketResult>"),
	    &list, &e));
	assert_string_equal(list.entry[0].key, "a+b%2B");
	assert_null(list.after);
	s3_list_free(&list);
	assert_true(s3_list_read(SLICE("<ListBucketResult/>"), &list, &e));
	assert_int_equal(list.n, 0);
	s3_list_free(&list);
}

static void
versions(void **state)
{
	struct s3_list list;
	struct err e;

	(void)state;
	assert_true(s3_list_read(
	    SLICE("<ListVersionsResult><IsTruncated>true</IsTruncated>"
		  "<NextKeyMarker>k+1</NextKeyMarker>"
		  "<NextVersionIdMarker>v+1</NextVersionIdMarker>"
		  "<Version><Key>k</Key><VersionId>v2</VersionId>"
		  "<IsLatest>false</IsLatest><Size>3</Size></Version>"
		  "<DeleteMarker><Key>k</Key><VersionId>v3</VersionId>"
		  "<IsLatest>true</IsLatest></DeleteMarker>"
		  "<EncodingType>url</EncodingType></ListVersionsResult>"),
	    &list, &e));
	assert_int_equal(list.n, 2);
	assert_string_equal(list.entry[0].version, "v2");
	assert_false(list.entry[0].is_latest || list.entry[0].is_marker);
	assert_true(list.entry[1].is_latest && list.entry[1].is_marker);
	assert_string_equal(list.after, "k 1");
	assert_string_equal(list.after_version, "v+1");
	s3_list_free(&list);
}

static void
no_lists(void **state)
{
	static const char *const docs[] = {
		"",
		"<Error><Code>A</Code></Error>",
		"<ListBucketResult><Contents/></ListBucketResult>",
		"<ListBucketResult><Contents><Key>a</Key></Contents>",
		"<ListBucketResult><CommonPrefixes/></ListBucketResult>",
		"<ListBucketResult><Name>&x;</Name></ListBucketResult>",
	};
	char *many = xcalloc(1, 400000);
	struct s3_list list;
	struct err e;

	(void)state;
	for (size_t i = 0; i < NELEM(docs); i++) {
		assert_false(s3_list_read(slice_of(docs[i]), &list, &e));
		assert_int_equal(e.code, ERR_ORIGIN_FAILED);
	}
	memcpy(many, "<ListBucketResult>", 18);
	for (size_t i = 0; i < 5000; i++)
		memcpy(many + 18 + 39 * i,
		    "<Contents><Key>a</Key></Contents>      ", 39);
	memcpy(many + 18 + (size_t)39 * 5000, "</ListBucketResult>", 20);
	assert_false(s3_list_read(slice_of(many), &list, &e));
	free(many);
}

static void
uploads(void **state)
{
	char id[16];
	struct err e;

	(void)state;
	assert_true(s3_upload_read(
	    SLICE("<InitiateMultipartUploadResult><UploadId>a&amp;b</UploadId>"
		  "</InitiateMultipartUploadResult>"),
	    id, sizeof(id), &e));
	assert_string_equal(id, "a&b");
	assert_false(s3_upload_read(
	    SLICE("<InitiateMultipartUploadResult><UploadId></UploadId>"
		  "</InitiateMultipartUploadResult>"),
	    id, sizeof(id), &e));
	assert_false(s3_upload_read(
	    SLICE("<InitiateMultipartUploadResult><UploadId>1234567890123456"
		  "</UploadId></InitiateMultipartUploadResult>"),
	    id, sizeof(id), &e));
	assert_false(s3_upload_read(SLICE(""), id, sizeof(id), &e));
}

static void
deletions(void **state)
{
	size_t refused = 0;
	struct err e;

	(void)state;
	assert_true(s3_deleted_read(SLICE("<DeleteResult/>"), &refused, &e));
	assert_true(s3_deleted_read(
	    SLICE("<DeleteResult><Deleted><Key>a</Key></Deleted>"
		  "</DeleteResult>"),
	    &refused, &e));
	assert_false(s3_deleted_read(
	    SLICE("<DeleteResult><Error><Key>a</Key><Code>No</Code></Error>"
		  "<Error><Key>b</Key><Code>Never</Code></Error>"
		  "</DeleteResult>"),
	    &refused, &e));
	assert_int_equal(refused, 2);
	assert_string_equal(
	    e.detail, "2 keys were not deleted, the first: a: No");
	assert_false(s3_deleted_read(SLICE("<a/>"), &refused, &e));
	assert_int_equal(refused, 0);
}

/* Others' rules stay to the byte; ours are exchanged. */
static void
lifecycles(void **state)
{
	static const struct s3_rule rules[] = {
		{ .id = "ours", .prefix = "a&b/", .days = 7, .noncurrent = 1 },
		{ .id = "parts", .prefix = "", .abort_parts = 2 },
	};
	scoped_free char *first = NULL;
	scoped_free char *second = NULL;
	scoped_free char *none = NULL;
	struct err e;

	(void)state;
	assert_true(s3_lifecycle_merge(
	    (struct slice){ NULL, 0 }, rules, NELEM(rules), &first, &e));
	assert_string_equal(first,
	    "<LifecycleConfiguration "
	    "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
	    "<Rule><ID>ours</ID><Filter><Prefix>a&amp;b/</Prefix></Filter>"
	    "<Status>Enabled</Status><Expiration><Days>7</Days></Expiration>"
	    "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays>"
	    "</NoncurrentVersionExpiration></Rule>"
	    "<Rule><ID>parts</ID><Filter><Prefix></Prefix></Filter>"
	    "<Status>Enabled</Status><AbortIncompleteMultipartUpload>"
	    "<DaysAfterInitiation>2</DaysAfterInitiation>"
	    "</AbortIncompleteMultipartUpload></Rule>"
	    "</LifecycleConfiguration>");
	assert_true(s3_lifecycle_merge(
	    SLICE("<LifecycleConfiguration><Rule><Status>Disabled</Status>"
		  "<ID>theirs &amp;</ID> <X a='1'/></Rule>"
		  "<Rule><ID>ou&#114;s</ID></Rule><Rule/>"
		  "</LifecycleConfiguration>"),
	    rules, 1, &second, &e));
	assert_non_null(strstr(second,
	    "/\"><Rule><Status>Disabled</Status><ID>theirs &amp;</ID> "
	    "<X a='1'/></Rule><Rule/><Rule><ID>ours</ID>"));
	assert_null(strstr(second, "&#114;"));
	/* What was not understood is not overwritten. */
	assert_false(s3_lifecycle_merge(
	    SLICE("<Error><Code>A</Code></Error>"), rules, 1, &none, &e));
	assert_false(s3_lifecycle_merge(
	    SLICE("<LifecycleConfiguration><Rule>"), rules, 1, &none, &e));
	assert_false(s3_lifecycle_merge((struct slice){ NULL, 0 },
	    &(struct s3_rule){ .id = "a\x01", .prefix = "" }, 1, &none, &e));
	assert_null(none);
}

static void
spans(void **state)
{
	static const char *const bad[] = { "", "bytes", "bytes */9",
		"bytes 5-4/9", "bytes 0-9/9", "bytes 0-8", "bytes -1-8/9",
		"bytes 0-8/x", "bytes 0-99999999999999999999/*",
		"octets 0-8/9" };
	struct s3_span span;

	(void)state;
	assert_true(s3_span_read(SLICE("bytes 2-8/9"), &span));
	assert_int_equal(span.first, 2);
	assert_int_equal(span.last, 8);
	assert_int_equal(span.size, 9);
	assert_true(s3_span_read(SLICE("bytes 0-0/*"), &span));
	assert_int_equal(span.size, -1);
	for (size_t i = 0; i < NELEM(bad); i++)
		if (s3_span_read(slice_of(bad[i]), &span))
			fail_msg("%s", bad[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults),
		cmocka_unit_test(lists),
		cmocka_unit_test(versions),
		cmocka_unit_test(no_lists),
		cmocka_unit_test(uploads),
		cmocka_unit_test(deletions),
		cmocka_unit_test(lifecycles),
		cmocka_unit_test(spans),
	};

	return cmocka_run_group_tests_name("s3_xml", tests, NULL, NULL);
}
