/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What went wrong, what it means to a viewer, and whether it may help to ask
 * again. A HEAD's error has a status and no words.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "net/s3_run.h"
#include "net/xml.h"

/* What is off by more is refused by S3 (15 minutes). */
static const int64_t s3_skew_s = 300;
/* Nobody's clock is wrong by more, and a signature holds no longer. */
static const int64_t s3_skew_most_s = 86400;

static const struct s3_meaning {
	const char *code;
	enum err_code err;
	enum s3_cure cure;
	const char *text; /* instead of the store's own; NULL: that */
} s3_meanings[] = {
	{ "NoSuchKey", ERR_NO_SOURCE, S3_FINAL, NULL },
	{ "NoSuchVersion", ERR_NO_SOURCE, S3_FINAL, NULL },
	{ "KeyTooLongError", ERR_NO_SOURCE, S3_FINAL, NULL },
	{ "XMinioInvalidObjectName", ERR_NO_SOURCE, S3_FINAL, NULL },
	{ "XMinioInvalidResourceName", ERR_NO_SOURCE, S3_FINAL, NULL },
	{ "NoSuchLifecycleConfiguration", ERR_NO_SOURCE, S3_FINAL, NULL },
	{ "NoSuchBucket", ERR_ORIGIN_FAILED, S3_FINAL,
	    "there is no such bucket" },
	{ "NoSuchUpload", ERR_ORIGIN_FAILED, S3_FINAL, NULL },
	{ "PreconditionFailed", ERR_ORIGIN_CHANGED, S3_FINAL, NULL },
	{ "InvalidRange", ERR_BAD_RANGE, S3_FINAL, NULL },
	{ "EntityTooLarge", ERR_TOO_LARGE, S3_FINAL, NULL },
	{ "NotImplemented", ERR_NOT_SUPPORTED, S3_FINAL, NULL },
	/* For a while. */
	{ "InternalError", ERR_ORIGIN_FAILED, S3_AGAIN, NULL },
	{ "ServiceUnavailable", ERR_ORIGIN_FAILED, S3_AGAIN, NULL },
	{ "RequestTimeout", ERR_ORIGIN_FAILED, S3_AGAIN, NULL },
	{ "RequestTimeoutException", ERR_ORIGIN_FAILED, S3_AGAIN, NULL },
	{ "PriorRequestNotComplete", ERR_ORIGIN_FAILED, S3_AGAIN, NULL },
	{ "XMinioServerNotInitialized", ERR_ORIGIN_FAILED, S3_AGAIN, NULL },
	{ "SlowDown", ERR_BUSY, S3_AGAIN, NULL },
	{ "SlowDownRead", ERR_BUSY, S3_AGAIN, NULL },
	{ "SlowDownWrite", ERR_BUSY, S3_AGAIN, NULL },
	{ "Throttling", ERR_BUSY, S3_AGAIN, NULL },
	{ "ThrottlingException", ERR_BUSY, S3_AGAIN, NULL },
	{ "KMS.ThrottlingException", ERR_BUSY, S3_AGAIN, NULL },
	{ "TooManyRequests", ERR_BUSY, S3_AGAIN, NULL },
	{ "TooManyRequestsException", ERR_BUSY, S3_AGAIN, NULL },
	{ "RequestLimitExceeded", ERR_BUSY, S3_AGAIN, NULL },
	{ "BandwidthLimitExceeded", ERR_BUSY, S3_AGAIN, NULL },
	{ "OperationAborted", ERR_BUSY, S3_AGAIN, NULL },
	{ "ConditionalRequestConflict", ERR_BUSY, S3_AGAIN, NULL },
	/* After something was put right. */
	{ "RequestTimeTooSkewed", ERR_ORIGIN_DENIED, S3_CLOCK,
	    "this machine's clock is wrong" },
	{ "ExpiredToken", ERR_ORIGIN_DENIED, S3_KEYS, NULL },
	{ "ExpiredTokenException", ERR_ORIGIN_DENIED, S3_KEYS, NULL },
	{ "TokenRefreshRequired", ERR_ORIGIN_DENIED, S3_KEYS, NULL },
	{ "InvalidToken", ERR_ORIGIN_DENIED, S3_KEYS, NULL },
	{ "InvalidTokenId", ERR_ORIGIN_DENIED, S3_KEYS, NULL },
	{ "PermanentRedirect", ERR_ORIGIN_FAILED, S3_REGION,
	    "the bucket is in another region" },
	{ "TemporaryRedirect", ERR_ORIGIN_FAILED, S3_REGION,
	    "the bucket is in another region" },
	{ "AuthorizationHeaderMalformed", ERR_ORIGIN_DENIED, S3_REGION, NULL },
	{ "AuthorizationQueryParametersError", ERR_ORIGIN_DENIED, S3_REGION,
	    NULL },
	{ "IllegalLocationConstraintException", ERR_ORIGIN_FAILED, S3_REGION,
	    NULL },
};

/* An answer in which no known word stands. */
static const struct {
	int first, last;
	enum err_code err;
	enum s3_cure cure;
} s3_statuses[] = {
	{ 301, 301, ERR_ORIGIN_FAILED, S3_REGION },
	{ 307, 307, ERR_ORIGIN_FAILED, S3_REGION },
	{ 400, 400, ERR_ORIGIN_DENIED, S3_REGION },
	{ 403, 403, ERR_ORIGIN_DENIED, S3_REGION },
	{ 412, 412, ERR_ORIGIN_CHANGED, S3_FINAL },
	{ 416, 416, ERR_BAD_RANGE, S3_FINAL },
	{ 429, 429, ERR_BUSY, S3_AGAIN },
	{ 400, 499, ERR_ORIGIN_DENIED, S3_FINAL },
	{ 501, 501, ERR_NOT_SUPPORTED, S3_FINAL },
	{ 500, 599, ERR_ORIGIN_FAILED, S3_AGAIN },
};

/* A transfer that ended without its answer; others are final. */
static bool
s3_may_come_again(enum fetch_end ended)
{
	return ended == FETCH_NO_ANSWER || ended == FETCH_BROKEN;
}

void
s3_print(struct slice s, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len && n + 1 < size; i++)
		if (s.at[i] >= ' ' && s.at[i] <= '~')
			out[n++] = s.at[i];
	out[n] = '\0';
}

/* What a leaf of the document says; what does not fit is left out or cut. */
static void
s3_fault_leaf(const struct xml *x, struct s3_fault *out)
{
	char text[512];

	if (!xml_text(x->text, text, sizeof(text)))
		return;
	if (xml_is(x, "Error/Code"))
		s3_print(slice_of(text), out->code, sizeof(out->code));
	else if (xml_is(x, "Error/Message"))
		s3_print(slice_of(text), out->message, sizeof(out->message));
	else if (xml_is(x, "Error/Region") && s3_region_is_good(slice_of(text)))
		slice_copy(slice_of(text), out->region, sizeof(out->region));
}

bool
s3_fault_read(struct slice doc, struct s3_fault *out)
{
	enum xml_token token;
	struct xml x;

	*out = (struct s3_fault){ .code = "" };
	if (doc.len > FETCH_TEXT_MAX)
		return false;
	xml_init(&x, doc);
	while ((token = xml_next(&x)) == XML_OPEN || token == XML_CLOSE)
		if (token == XML_CLOSE)
			s3_fault_leaf(&x, out);
	if (token == XML_END && out->code[0] != '\0')
		return true;
	*out = (struct s3_fault){ .code = "" };
	return false;
}

static const struct s3_meaning *
s3_meaning_find(const char *code)
{
	for (size_t i = 0; i < NELEM(s3_meanings); i++)
		if (strcmp(s3_meanings[i].code, code) == 0)
			return &s3_meanings[i];
	return NULL;
}

/* Says it with all that the store's support asks for; the store's own words,
 * which may be many, come last. */
static void
s3_say(struct s3_run *run, enum err_code code, const char *text)
{
	const struct s3_call *c = run->call;
	const char *word = c->code[0] != '\0' ? c->code : "no reason";

	err_set(&run->call->err, code, "%s: %d %s%s%s%s%s%s%s%s",
	    run->s3->place.bucket, c->status, word,
	    c->facts.request_id[0] != '\0' ? " (request " : "",
	    c->facts.request_id, c->facts.id_2[0] != '\0' ? ", " : "",
	    c->facts.id_2, c->facts.request_id[0] != '\0' ? ")" : "",
	    text[0] != '\0' ? ": " : "", text);
	if (code == ERR_BUSY)
		run->call->err.retry_after_s = 1;
}

/* "No such key" without words: only where S3 has none. */
static bool
s3_is_missing(const struct s3_run *run)
{
	const struct s3_call *c = run->call;
	struct slice marker =
	    fetch_answer_header(&run->fetch, "x-amz-delete-marker");

	if (c->key == NULL)
		return false;
	return (c->status == 404 && c->verb == S3_HEAD) ||
	    (c->status == 405 && slice_is(marker, "true"));
}

/* The region that the answer says, if it is another one. */
static bool
s3_learn_region(struct s3_run *run, const struct s3_fault *fault)
{
	struct slice said = slice_of(fault->region);
	struct s3 *s3 = run->s3;
	bool is_first;

	if (said.len == 0)
		said = fetch_answer_header(&run->fetch, "x-amz-bucket-region");
	if (!s3_region_is_good(said) || slice_is(said, run->region))
		return false;
	lock_take(&s3->lock);
	is_first = s3->learned[0] == '\0';
	slice_copy(said, s3->learned, sizeof(s3->learned));
	lock_drop(&s3->lock);
	/* Once: who says another one each time does not fill the log. */
	if (is_first)
		log_line(LOG_LEVEL_NOTICE,
		    "bucket %s is in region %.*s, not %s: say it as region, "
		    "the first request of each start is in vain",
		    s3->place.bucket, SLICE_ARG(said), run->region);
	return true;
}

/* Is our clock off as the answer's says? is_sure: the store complained. */
static bool
s3_learn_clock(struct s3_run *run, bool is_sure)
{
	int64_t ahead = fetch_clock_ahead_s(&run->fetch);
	int64_t known = run->s3->ahead_s;

	if (llabs(ahead) > s3_skew_most_s ||
	    llabs(ahead - known) < (is_sure ? 1 : s3_skew_s))
		return false;
	run->s3->ahead_s = ahead;
	if (known == 0)
		log_line(LOG_LEVEL_WARNING,
		    "the store of bucket %s is %" PRId64
		    " s ahead of this machine's clock",
		    run->s3->place.bucket, ahead);
	return true;
}

/* A cure that was named helps only if something is different then. */
static enum s3_cure
s3_cure_check(
    struct s3_run *run, enum s3_cure cure, const struct s3_fault *fault)
{
	const struct credential *c = run->credential;
	int status = run->call->status;

	if (cure == S3_REGION && s3_learn_region(run, fault))
		return S3_REGION;
	if (cure == S3_CLOCK && s3_learn_clock(run, true))
		return S3_CLOCK;
	/* A HEAD that is refused does not say why. */
	if (status == 403 && fault->code[0] == '\0' &&
	    s3_learn_clock(run, false))
		return S3_CLOCK;
	if (status == 400 && fault->code[0] == '\0' && c != NULL &&
	    c->token != NULL)
		return S3_KEYS;
	return cure == S3_AGAIN || (cure == S3_KEYS && c != NULL) ? cure
								  : S3_FINAL;
}

/* An answer, and its status is not one of success. */
static enum s3_cure
s3_judge_answer(struct s3_run *run, const struct s3_fault *fault)
{
	const struct s3_meaning *meaning = s3_meaning_find(fault->code);
	struct s3_call *c = run->call;

	slice_copy(slice_of(fault->code), c->code, sizeof(c->code));
	if (meaning != NULL) {
		s3_say(run, meaning->err,
		    meaning->text != NULL ? meaning->text : fault->message);
		return s3_cure_check(run, meaning->cure, fault);
	}
	if (s3_is_missing(run)) {
		s3_say(run, ERR_NO_SOURCE, "");
		return S3_FINAL;
	}
	if (c->status == 404) {
		/* Not "no such image": whoever said it is no store. */
		s3_say(run, ERR_ORIGIN_FAILED,
		    c->verb == S3_HEAD ? "there is no such bucket"
				       : fault->message);
		return S3_FINAL;
	}
	for (size_t i = 0; i < NELEM(s3_statuses); i++)
		if (c->status >= s3_statuses[i].first &&
		    c->status <= s3_statuses[i].last) {
			s3_say(run, s3_statuses[i].err, fault->message);
			return s3_cure_check(run, s3_statuses[i].cure, fault);
		}
	s3_say(run, ERR_ORIGIN_FAILED, "no answer of S3");
	return S3_FINAL;
}

enum s3_cure
s3_fault_judge(struct s3_run *run)
{
	const struct fetch *f = &run->fetch;
	struct s3_call *c = run->call;
	struct s3_fault fault = { .code = "" };

	if (f->ended != FETCH_DONE) {
		if (!run->stopped)
			c->err = f->err;
		/* An error's many words say nothing about the object. */
		if (f->ended == FETCH_TOO_LARGE && !run->begun)
			c->err.code = ERR_ORIGIN_FAILED;
		return s3_may_come_again(f->ended) ? S3_AGAIN : S3_FINAL;
	}
	if (f->ntext > 0 &&
	    !s3_fault_read((struct slice){ f->text, f->ntext }, &fault))
		fault.code[0] = '\0';
	return s3_judge_answer(run, &fault);
}
