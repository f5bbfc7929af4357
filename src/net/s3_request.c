/* SPDX-License-Identifier: Apache-2.0 */
/* What a call says, as method, path, query, headers and body. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/codec.h"
#include "base/digest.h"
#include "net/checksum.h"
#include "net/s3_run.h"

static const struct s3_verb_row s3_verbs[S3_VERB_COUNT] = {
	[S3_GET] = { "GET", .is_read = true },
	[S3_HEAD] = { "HEAD", .is_read = true, .is_of_either = true },
	[S3_PUT] = { "PUT", .is_write = true },
	[S3_DELETE] = { .method = "DELETE" },
	[S3_COPY] = { "PUT", .is_write = true },
	[S3_LIST] = { "GET", .is_of_bucket = true, .is_long = true },
	[S3_LIST_VERSIONS] = { "GET", "versions", .is_of_bucket = true,
	    .is_long = true },
	[S3_DELETE_MANY] = { "POST", "delete", .is_of_bucket = true,
	    .is_made = true, .is_digested = true, .is_long = true },
	[S3_UPLOAD] = { "POST", "uploads", .is_write = true },
	[S3_UPLOAD_PART] = { .method = "PUT" },
	[S3_UPLOAD_DONE] = { "POST", .is_made = true },
	[S3_UPLOAD_ABORT] = { .method = "DELETE" },
	[S3_MAKE_BUCKET] = { "PUT", .is_of_bucket = true, .is_made = true },
	[S3_GET_LIFECYCLE] = { "GET", "lifecycle", .is_of_bucket = true,
	    .is_long = true },
	[S3_PUT_LIFECYCLE] = { "PUT", "lifecycle", .is_of_bucket = true,
	    .is_digested = true },
	[S3_GET_VERSIONING] = { "GET", "versioning", .is_of_bucket = true },
	[S3_PUT_VERSIONING] = { "PUT", "versioning", .is_of_bucket = true,
	    .is_digested = true },
};

const struct s3_verb_row *
s3_verb_row(enum s3_verb verb)
{
	return &s3_verbs[verb];
}

/* NULL, or empty: nothing is said. */
static void
s3_header(struct s3_run *run, const char *name, const char *value)
{
	struct s3_request *r = &run->request;

	if (value == NULL || value[0] == '\0')
		return;
	assert(r->nheader < NELEM(r->header));
	r->header[r->nheader++] = (struct sigv4_pair){ name, value };
}

static void
s3_query(struct s3_run *run, const char *name, const char *value)
{
	struct s3_request *r = &run->request;

	assert(r->nquery < NELEM(r->query));
	r->query[r->nquery++] = (struct sigv4_pair){ name, value };
}

static void
s3_query_word(struct s3_run *run, const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		s3_query(run, name, value);
}

/* Would somebody on the way read the path otherwise? */
static bool
s3_has_dots(struct slice key)
{
	while (key.at != NULL) {
		struct slice part = slice_cut(&key, '/');

		if (slice_is(part, ".") || slice_is(part, ".."))
			return true;
	}
	return false;
}

bool
s3_key_check(const struct s3 *s3, const char *key, struct err *e)
{
	struct slice s = slice_of(key);

	if (s.len == 0)
		return err_set(e, ERR_NO_SOURCE, "the key is empty");
	if (s.len > S3_KEY_MAX)
		return err_set(e, ERR_NO_SOURCE,
		    "the key has %zu bytes, no store has more than %d", s.len,
		    S3_KEY_MAX);
	/* A signature would not fit what they make of it. Without one, they
	 * would lead out of the bucket. */
	if (s3->credentials == NULL && s3_has_dots(s))
		return err_set(e, ERR_FORBIDDEN, "the key has . or ..");
	return true;
}

char *
s3_path(const struct s3 *s3, struct arena *arena, const char *key)
{
	const struct s3_place *p = &s3->place;

	if (p->is_virtual)
		return arena_printf(arena, "/%s", key != NULL ? key : "");
	return arena_printf(arena, "/%s%s%s", p->bucket, key != NULL ? "/" : "",
	    key != NULL ? key : "");
}

/* Every request of this client. */
static void
s3_say_bucket(struct s3_run *run)
{
	const struct s3 *s3 = run->s3;

	if (run->call->verb != S3_MAKE_BUCKET)
		s3_header(run, "x-amz-expected-bucket-owner", s3->owner);
	if (s3->requester_pays)
		s3_header(run, "x-amz-request-payer", "requester");
}

static void
s3_say_read(struct s3_run *run)
{
	const struct s3_call *c = run->call;
	const struct s3 *s3 = run->s3;

	s3_query_word(run, "versionId", c->version);
	if (c->key == NULL)
		return;
	if (s3->checksum)
		s3_header(run, "x-amz-checksum-mode", "ENABLED");
	if (s3->customer_key == NULL)
		return;
	s3_header(
	    run, "x-amz-server-side-encryption-customer-algorithm", "AES256");
	s3_header(
	    run, "x-amz-server-side-encryption-customer-key", s3->customer_key);
	s3_header(run, "x-amz-server-side-encryption-customer-key-md5",
	    s3->customer_md5);
}

/* Of an object that is made: now, or when the last of its parts is there. */
static void
s3_say_write(struct s3_run *run)
{
	const struct s3_call *c = run->call;

	s3_header(run, "content-type", c->media_type);
	s3_header(run, "cache-control", c->cache_control);
	if (c->encryption == S3_SSE_S3)
		s3_header(run, "x-amz-server-side-encryption", "AES256");
	if (c->encryption == S3_SSE_KMS) {
		s3_header(run, "x-amz-server-side-encryption", "aws:kms");
		s3_header(run, "x-amz-server-side-encryption-aws-kms-key-id",
		    c->kms_key);
		s3_header(run,
		    "x-amz-server-side-encryption-bucket-key-enabled", "true");
	}
	for (size_t i = 0; i < c->nheader; i++)
		s3_header(run, c->header[i].name, c->header[i].value);
}

static void
s3_say_copy(struct s3_run *run)
{
	const struct s3_call *c = run->call;
	const char *bucket =
	    c->from_bucket != NULL ? c->from_bucket : run->s3->place.bucket;
	size_t size = 3 * (strlen(bucket) + strlen(c->from) + S3_KEY_MAX) + 64;
	struct text t = { .at = arena_alloc(run->arena, size), .size = size };

	out_word(&t, "/");
	out_percent(&t, slice_of(bucket), NULL);
	out_word(&t, "/");
	out_percent(&t, slice_of(c->from), "/");
	if (c->version != NULL) {
		out_word(&t, "?versionId=");
		out_percent(&t, slice_of(c->version), NULL);
	}
	s3_header(run, "x-amz-copy-source", t.at);
	s3_header(run, "x-amz-source-expected-bucket-owner", run->s3->owner);
	/* What is said of it replaces what was said of the source. */
	if (c->media_type != NULL || c->nheader > 0)
		s3_header(run, "x-amz-metadata-directive", "REPLACE");
}

static void
s3_say_list(struct s3_run *run)
{
	const struct s3_call *c = run->call;
	bool versions = c->verb == S3_LIST_VERSIONS;

	if (!versions)
		s3_query(run, "list-type", "2");
	/* Keys may hold bytes that XML cannot. */
	s3_query(run, "encoding-type", "url");
	s3_query_word(run, "prefix", c->prefix);
	s3_query_word(run, "delimiter", c->delimiter);
	s3_query_word(
	    run, versions ? "key-marker" : "continuation-token", c->after);
	if (versions)
		s3_query_word(run, "version-id-marker", c->after_version);
	if (c->most > 0)
		s3_query(
		    run, "max-keys", arena_printf(run->arena, "%u", c->most));
}

static void
s3_say_upload(struct s3_run *run)
{
	const struct s3_call *c = run->call;

	s3_query(run, "uploadId", c->upload);
	if (c->verb == S3_UPLOAD_PART)
		s3_query(
		    run, "partNumber", arena_printf(run->arena, "%u", c->part));
}

/* What belongs to one verb, or to two. */
static void
s3_say_verb(struct s3_run *run)
{
	const struct s3_call *c = run->call;

	switch (c->verb) {
	case S3_DELETE:
		s3_query_word(run, "versionId", c->version);
		break;
	case S3_COPY:
		s3_say_copy(run);
		break;
	case S3_LIST:
	case S3_LIST_VERSIONS:
		s3_say_list(run);
		break;
	case S3_UPLOAD_PART:
	case S3_UPLOAD_DONE:
	case S3_UPLOAD_ABORT:
		s3_say_upload(run);
		break;
	case S3_PUT_LIFECYCLE:
		s3_header(run, S3_TRANSITION_HEADER, c->transition);
		break;
	case S3_GET:
	case S3_HEAD:
	case S3_PUT:
	case S3_DELETE_MANY:
	case S3_UPLOAD:
	case S3_MAKE_BUCKET:
	case S3_GET_LIFECYCLE:
	case S3_GET_VERSIONING:
	case S3_PUT_VERSIONING:
	case S3_VERB_COUNT:
		break;
	}
}

/* The XML that this client makes itself; NULL: it cannot. */
static const char *
s3_made(struct s3_run *run)
{
	if (run->call->verb == S3_UPLOAD_DONE)
		return s3_body_parts(run);
	if (run->call->verb == S3_DELETE_MANY)
		return s3_body_names(run);
	return s3_body_region(run);
}

static bool
s3_say_body(struct s3_run *run, struct err *e)
{
	const struct s3_verb_row *row = s3_verb_row(run->call->verb);
	struct s3_request *r = &run->request;
	char md5[CHECKSUM_TEXT_SIZE];
	struct digest digest;

	r->body = run->call->body;
	if (row->is_made) {
		const char *made = s3_made(run);

		if (made == NULL)
			return err_set(
			    e, ERR_NO_SOURCE, "a key that XML cannot say");
		r->body = slice_of(made);
	}
	digest = digest_of(r->body.at, r->body.len);
	codec_hex(digest.byte, sizeof(digest.byte), r->payload);
	if (!row->is_write && r->body.len > 0)
		s3_header(run, "content-type",
		    run->call->verb == S3_UPLOAD_PART
			? "application/octet-stream"
			: "application/xml");
	if (!row->is_digested)
		return true;
	if (checksum_md5(r->body.at, r->body.len, md5)) {
		s3_header(
		    run, "content-md5", arena_copy(run->arena, slice_of(md5)));
	} else if (checksum_of(CHECKSUM_SHA256, r->body.at, r->body.len, md5)) {
		/* FIPS mode; newer stores take this instead. */
		s3_header(run, "x-amz-sdk-checksum-algorithm", "SHA256");
		s3_header(run, checksum_header(CHECKSUM_SHA256),
		    arena_copy(run->arena, slice_of(md5)));
	}
	return true;
}

bool
s3_request_make(struct s3_run *run, struct err *e)
{
	const struct s3_call *c = run->call;
	const struct s3_verb_row *row = s3_verb_row(c->verb);
	bool of_bucket =
	    row->is_of_bucket || (row->is_of_either && c->key == NULL);

	assert(c->nheader <= S3_HEADER_PARTS - 20);
	if (!of_bucket && !s3_key_check(run->s3, c->key, e))
		return false;
	run->request.method = row->method;
	run->request.path =
	    s3_path(run->s3, run->arena, of_bucket ? NULL : c->key);
	if (row->flag != NULL)
		s3_query(run, row->flag, NULL);
	s3_say_bucket(run);
	if (row->is_read)
		s3_say_read(run);
	if (row->is_write)
		s3_say_write(run);
	s3_say_verb(run);
	return s3_say_body(run, e);
}
