/* SPDX-License-Identifier: Apache-2.0 */
#include "net/s3_place.h"

#include <arpa/inet.h>

/* Of host names and buckets; the first also as a character of IPv6. */
static const char s3_lower[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char s3_name[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

static bool
s3_only(struct slice s, const char *letters)
{
	size_t n = strlen(letters);

	for (size_t i = 0; i < s.len; i++)
		if (memchr(letters, s.at[i], n) == NULL)
			return false;
	return true;
}

bool
s3_region_is_good(struct slice region)
{
	for (size_t i = 0; i < region.len; i++)
		if (region.at[i] != '-' &&
		    memchr(s3_lower, region.at[i], sizeof(s3_lower) - 1) ==
			NULL)
			return false;
	return region.len > 0 && region.len < S3_REGION_SIZE;
}

/* What stands before the ending, if it is there. */
static bool
s3_strip(struct slice *s, const char *ending)
{
	struct slice end = slice_of(ending);

	if (!slice_ends(*s, end))
		return false;
	s->len -= end.len;
	return true;
}

/*
 * "s3[-fips][.dualstack][.region].amazonaws.com[.cn]": its host can be made
 * for another region. Others of AWS's (VPC endpoints, old forms) stay as they
 * are.
 */
static void
s3_place_aws(struct s3_place *p)
{
	struct slice rest = slice_of(p->host);
	struct slice first;

	if (!s3_strip(&rest, ".amazonaws.com") &&
	    !s3_strip(&rest, ".amazonaws.com.cn"))
		return;
	first = slice_cut(&rest, '.');
	if (!slice_is(first, "s3") && !slice_is(first, "s3-fips"))
		return;
	p->is_fips = slice_is(first, "s3-fips");
	if (slice_is(rest, "dualstack") ||
	    slice_starts(rest, SLICE("dualstack."))) {
		p->is_dualstack = true;
		slice_cut(&rest, '.');
	}
	if (rest.len > 0 && !s3_region_is_good(rest))
		return;
	slice_copy(rest, p->region, sizeof(p->region));
	p->is_aws = true;
}

/* A host's name, an IPv4 address or [an IPv6 address], with or without port. */
static bool
s3_place_authority(struct s3_place *p, struct slice text)
{
	struct slice host = text;
	struct slice port = { "", 0 };
	const char *usual = p->is_http ? "80" : "443";
	bool is_six = slice_starts(text, SLICE("["));
	size_t n = slice_find(text, is_six ? ']' : ':');

	if (is_six) {
		if (n == text.len ||
		    !s3_only((struct slice){ text.at + 1, n - 1 },
			"0123456789abcdefABCDEF:."))
			return false;
		n++;
	}
	host.len = n;
	if (n < text.len) {
		port = slice_skip(text, n + 1);
		if (text.at[n] != ':' || port.len == 0 || port.len > 5 ||
		    !s3_only(port, "0123456789"))
			return false;
	}
	if (host.len == 0 || text.len >= sizeof(p->host) ||
	    (!is_six && !s3_only(host, s3_name)))
		return false;
	if (slice_is(port, usual))
		text = host;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		p->host[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	}
	p->host[text.len] = '\0';
	return true;
}

static bool
s3_place_endpoint(struct s3_place *p, const char *endpoint, struct err *e)
{
	struct slice rest = slice_of(endpoint);

	if (rest.len == 0) {
		p->is_aws = true;
		return true;
	}
	/* Errors are logged: what may be a password is not repeated. */
	if (slice_find(rest, '@') < rest.len)
		return err_set(e, ERR_CONFIG,
		    "endpoint: neither user nor password stand in it; see "
		    "access_key");
	p->is_http = slice_starts(rest, SLICE("http://"));
	if (p->is_http)
		rest = slice_skip(rest, 7);
	else if (slice_starts(rest, SLICE("https://")))
		rest = slice_skip(rest, 8);
	else
		return err_set(e, ERR_CONFIG,
		    "endpoint = %.80s: begins with http:// or https://",
		    endpoint);
	s3_strip(&rest, "/");
	if (!s3_place_authority(p, rest))
		return err_set(e, ERR_CONFIG,
		    "endpoint = %.80s: it is scheme://host or "
		    "scheme://host:port",
		    endpoint);
	s3_place_aws(p);
	return true;
}

/* "arn:aws:s3:eu-west-1:123456789012:accesspoint/name" */
static bool
s3_place_arn(struct s3_place *p, const char *arn)
{
	struct text bucket = { .at = p->bucket, .size = sizeof(p->bucket) };
	struct slice rest = slice_of(arn);
	struct slice part[5];
	struct slice word;

	for (size_t i = 0; i < NELEM(part); i++)
		part[i] = slice_cut(&rest, ':');
	if (rest.at == NULL || !slice_starts(part[1], SLICE("aws")) ||
	    !s3_region_is_good(part[3]) || part[4].len != 12 ||
	    !s3_only(part[4], "0123456789"))
		return false;
	if (slice_is(part[2], "s3"))
		p->kind = S3_ACCESS_POINT;
	else if (slice_is(part[2], "s3-object-lambda"))
		p->kind = S3_OBJECT_LAMBDA;
	else
		return false;
	word = rest;
	word.len = strcspn(rest.at, ":/");
	rest = slice_skip(rest, word.len + 1);
	if (!slice_is(word, "accesspoint") || !s3_region_is_good(rest))
		return false;
	text_put(&bucket, rest);
	out_word(&bucket, "-");
	text_put(&bucket, part[4]);
	slice_copy(part[3], p->region, sizeof(p->region));
	return !bucket.full;
}

/* Can it be a label, or several, of a host's name? */
static bool
s3_is_host_name(struct slice bucket)
{
	return bucket.len >= 3 && bucket.len <= 63 &&
	    s3_only(bucket, "abcdefghijklmnopqrstuvwxyz0123456789.-") &&
	    bucket.at[0] != '-' && bucket.at[0] != '.' &&
	    !slice_ends(bucket, SLICE("-")) &&
	    !slice_ends(bucket, SLICE(".")) &&
	    memmem(bucket.at, bucket.len, "..", 2) == NULL;
}

static bool
s3_is_address(const char *host)
{
	struct slice name = slice_of(host);
	struct in_addr four;
	char text[64];

	name.len = slice_find(name, ':');
	return host[0] == '[' ||
	    inet_pton(AF_INET, slice_copy(name, text, sizeof(text)), &four) ==
	    1;
}

static bool
s3_place_bucket(struct s3_place *p, const char *bucket,
    enum s3_addressing addressing, struct err *e)
{
	struct slice name = slice_of(bucket);

	if (name.len == 0)
		return err_set(e, ERR_CONFIG, "bucket is empty");
	if (slice_starts(name, SLICE("arn:"))) {
		p->is_virtual = true;
		if (s3_place_arn(p, bucket))
			return true;
		return err_set(e, ERR_CONFIG,
		    "bucket = %.80s: ARNs are "
		    "arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME",
		    bucket);
	}
	if (name.len >= sizeof(p->bucket) || !s3_only(name, s3_name) ||
	    slice_is(name, ".") || slice_is(name, ".."))
		return err_set(e, ERR_CONFIG,
		    "bucket = %.80s: no name of a bucket", bucket);
	slice_copy(name, p->bucket, sizeof(p->bucket));
	p->is_virtual = addressing == S3_VIRTUAL ||
	    (addressing == S3_AUTO && p->is_aws &&
		slice_find(name, '.') == name.len && s3_is_host_name(name));
	if (p->is_virtual && !s3_is_host_name(name))
		return err_set(e, ERR_CONFIG,
		    "bucket = %.80s: cannot be a part of a host's name: "
		    "addressing = path",
		    bucket);
	return true;
}

bool
s3_place_read(const char *endpoint, const char *bucket,
    enum s3_addressing addressing, struct s3_place *out, struct err *e)
{
	struct s3_place p = { .kind = S3_BUCKET };

	if (!s3_place_endpoint(&p, endpoint, e) ||
	    !s3_place_bucket(&p, bucket, addressing, e))
		return false;
	if (p.is_virtual && s3_is_address(p.host))
		return err_set(e, ERR_CONFIG,
		    "endpoint = %.80s: an address has no names below it: "
		    "addressing = path",
		    endpoint);
	*out = p;
	return true;
}

const char *
s3_place_service(const struct s3_place *p)
{
	return p->kind == S3_OBJECT_LAMBDA ? "s3-object-lambda" : "s3";
}

void
s3_place_host(const struct s3_place *p, const char *region, struct text *out)
{
	static const char *const service[] = {
		[S3_BUCKET] = "s3",
		[S3_ACCESS_POINT] = "s3-accesspoint",
		[S3_OBJECT_LAMBDA] = "s3-object-lambda",
	};
	bool is_china = slice_starts(slice_of(region), SLICE("cn-"));

	if (p->is_virtual)
		text_printf(out, "%s.", p->bucket);
	if (p->is_aws)
		text_printf(out, "%s%s%s.%s.amazonaws.com%s", service[p->kind],
		    p->is_fips ? "-fips" : "",
		    p->is_dualstack ? ".dualstack" : "", region,
		    is_china ? ".cn" : "");
	else
		out_word(out, p->host);
}
