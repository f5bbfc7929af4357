/* SPDX-License-Identifier: Apache-2.0 */
/* Where a bucket is: what an endpoint, a bucket's name or an access point's ARN
 * mean for host, path and region. Private to s3. */
#pragma once

#include "net/out.h"
#include "net/s3.h"

enum { S3_REGION_SIZE = 33, S3_HOST_SIZE = 400 };

enum s3_place_kind { S3_BUCKET, S3_ACCESS_POINT, S3_OBJECT_LAMBDA };

struct s3_place {
	enum s3_place_kind kind;
	bool is_http; /* without TLS */
	/* AWS's own: the host is made for a region; else it stands in host. */
	bool is_aws;
	bool is_fips, is_dualstack;
	bool is_virtual;  /* bucket in the host's name, not in the path */
	char host[256];   /* with a port that is not the scheme's */
	char bucket[256]; /* of an access point: name-account */
	char region[S3_REGION_SIZE]; /* of ARN or endpoint; empty: none */
};

/* Fails with CONFIG. endpoint: NULL or empty: AWS. */
bool s3_place_read(const char *endpoint, const char *bucket,
    enum s3_addressing addressing, struct s3_place *out,
    struct err *e) must_check;
/* Letters, digits and dashes, at most 32. */
bool s3_region_is_good(struct slice region);
/* "bucket.s3.eu-west-1.amazonaws.com" */
void s3_place_host(
    const struct s3_place *p, const char *region, struct text *out);
/* "s3", or what signs requests of that kind. */
const char *s3_place_service(const struct s3_place *p);
