/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer's head says, and whether a body is what it was said to be. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/num.h"
#include "metric/metric.h"
#include "net/checksum.h"
#include "net/s3_run.h"

static void
s3_fact(struct s3_run *run, const char *name, char *out, size_t size)
{
	s3_print(fetch_answer_header(&run->fetch, name), out, size);
}

/* "bytes 0-9/443"; the size may be "*". */
bool
s3_span_read(struct slice text, struct s3_span *out)
{
	struct s3_span span = { .size = -1 };
	struct slice rest = text;
	struct slice first;
	struct slice last;

	if (!slice_starts(rest, SLICE("bytes ")))
		return false;
	rest = slice_skip(rest, 6);
	first = slice_cut(&rest, '-');
	last = slice_cut(&rest, '/');
	if (rest.at == NULL || !num_int(first, 0, INT64_MAX - 1, &span.first) ||
	    !num_int(last, span.first, INT64_MAX - 1, &span.last))
		return false;
	if (!slice_is(rest, "*") &&
	    !num_int(rest, span.last + 1, INT64_MAX, &span.size))
		return false;
	*out = span;
	return true;
}

/* Whole-object checksums alone: those of parts are of other digests. */
static void
s3_checksum_read(struct s3_run *run)
{
	struct slice type =
	    fetch_answer_header(&run->fetch, "x-amz-checksum-type");

	run->checksum = -1;
	if (!run->s3->checksum || slice_is(type, "COMPOSITE"))
		return;
	for (int kind = 0; kind < CHECKSUM_COUNT; kind++) {
		struct slice said = fetch_answer_header(
		    &run->fetch, checksum_header((enum checksum_kind)kind));

		/* "...-3": of three parts. */
		if (said.at == NULL || slice_find(said, '-') < said.len)
			continue;
		run->checksum = kind;
		s3_print(said, run->checksum_text, sizeof(run->checksum_text));
		return;
	}
}

void
s3_facts_read(struct s3_run *run)
{
	struct s3_facts *facts = &run->call->facts;
	const struct fetch *f = &run->fetch;
	struct slice modified = fetch_answer_header(f, "last-modified");
	struct s3_span span;

	s3_fact(run, "etag", facts->etag, sizeof(facts->etag));
	s3_fact(
	    run, "x-amz-version-id", facts->version, sizeof(facts->version));
	s3_fact(
	    run, "content-type", facts->media_type, sizeof(facts->media_type));
	s3_fact(run, "x-amz-server-side-encryption", facts->encryption,
	    sizeof(facts->encryption));
	s3_fact(run, "x-amz-server-side-encryption-aws-kms-key-id",
	    facts->kms_key, sizeof(facts->kms_key));
	s3_fact(run, "x-amz-expiration", facts->expiration,
	    sizeof(facts->expiration));
	s3_fact(run, S3_TRANSITION_HEADER, facts->transition,
	    sizeof(facts->transition));
	facts->modified_s = -1;
	if (modified.at == NULL ||
	    !clock_http_read(modified.at, modified.len, &facts->modified_s))
		facts->modified_s = -1;
	facts->size = f->status == 200 ? f->length : -1;
	if (f->status == 206 &&
	    s3_span_read(fetch_answer_header(f, "content-range"), &span))
		facts->size = span.size;
	s3_checksum_read(run);
}

static bool
s3_body_check(struct s3_run *run, struct err *e)
{
	struct blob_view view = blob_look(run->call->into);
	enum checksum_kind kind = (enum checksum_kind)run->checksum;
	char text[CHECKSUM_TEXT_SIZE];

	/* What this OpenSSL may not compute is not looked at. */
	if (run->checksum < 0 ||
	    !checksum_of(
		kind, view.data + run->base, view.size - run->base, text) ||
	    strcmp(text, run->checksum_text) == 0)
		return true;
	metric_add(METRIC_S3_DAMAGED, 0, 0, 1);
	return err_set(e, ERR_ORIGIN_FAILED,
	    "%s: %zu bytes have %s %s, the store says %s (request %s)",
	    run->s3->place.bucket, view.size - run->base, checksum_header(kind),
	    text, run->checksum_text, run->call->facts.request_id);
}

/* What was to be encrypted and is not must not pass for it. */
static bool
s3_encryption_check(const struct s3_run *run, struct err *e)
{
	static const char *const words[] = {
		[S3_SSE_NONE] = "",
		[S3_SSE_S3] = "AES256",
		[S3_SSE_KMS] = "aws:kms",
	};
	const struct s3_call *c = run->call;

	/* Of copies and uploads in parts not every store says it. */
	if (c->encryption == S3_SSE_NONE || c->verb != S3_PUT ||
	    strcmp(c->facts.encryption, words[c->encryption]) == 0)
		return true;
	return err_set(e, ERR_ORIGIN_FAILED,
	    "%s: asked for encryption %s, the store confirms \"%s\"",
	    run->s3->place.bucket, words[c->encryption], c->facts.encryption);
}

/* An answer's own length fits what came; what it said of the object may not. */
static bool
s3_size_check(const struct s3_run *run, struct err *e)
{
	size_t size = blob_look(run->call->into).size - run->base;

	return run->whole < 0 || (uint64_t)run->whole == size ||
	    err_set(e, ERR_ORIGIN_FAILED,
		"%s: ended at %zu of %" PRId64 " bytes (request %s)",
		run->s3->place.bucket, size, run->whole,
		run->call->facts.request_id);
}

bool
s3_answer_check(struct s3_run *run, struct err *e)
{
	if (run->begun && (!s3_size_check(run, e) || !s3_body_check(run, e)))
		return false;
	return s3_encryption_check(run, e);
}
