/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a bucket as its store's rows say, and may it be read? In words, for whoever
 * wrote the rows: each of the store's own codes that says which is wrong.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/lock.h"
#include "conf/conf.h"
#include "net/credentials.h"
#include "net/s3.h"
#include "origin/s3_store.h"

static const struct {
	const char *code, *words;
} hints[] = {
	{ "InvalidAccessKeyId", "the store does not know this access_key" },
	{ "SignatureDoesNotMatch",
	    "secret_key does not belong to access_key, or something in between "
	    "changes requests" },
	{ "AccessDenied", "these credentials may not do this" },
	{ "AllAccessDisabled", "the account or the bucket is closed" },
	{ "NoSuchBucket", "bucket, endpoint or addressing is wrong" },
	{ "InvalidBucketName", "bucket, endpoint or addressing is wrong" },
	{ "AuthorizationHeaderMalformed", "region is wrong" },
	{ "PermanentRedirect", "region or endpoint is wrong" },
	{ "RequestTimeTooSkewed", "set this machine's clock" },
	{ "ExpiredToken", "the credentials have ended" },
	{ "InvalidToken", "session_token is not of these keys" },
	{ "InvalidTokenId", "session_token is not of these keys" },
	{ "InvalidRequest", "customer_key or another row does not fit" },
};

/* One call, waited for. */
struct asked {
	struct s3_call call;
	struct lock lock;
	struct cond wake;
	bool done under(lock);
	/* Of a list. */
	char first[S3_KEY_MAX + 1];
	bool read;
};

static void
on_end(struct s3_call *c)
{
	struct asked *a = c->owner;
	struct s3_list list;
	struct err e;

	if (c->ok && c->verb == S3_LIST && s3_list_read(c->xml, &list, &e)) {
		a->read = true;
		if (list.n > 0 && strlen(list.entry[0].key) <= S3_KEY_MAX)
			memcpy(a->first, list.entry[0].key,
			    strlen(list.entry[0].key) + 1);
		s3_list_free(&list);
	}
	lock_take(&a->lock);
	a->done = true;
	cond_wake_all(&a->wake);
	lock_drop(&a->lock);
}

static void
ask(struct s3 *s3, struct asked *a, int64_t until_ns)
{
	a->call.deadline_ns = until_ns;
	a->call.end = on_end;
	a->call.owner = a;
	lock_init(&a->lock);
	cond_init(&a->wake);
	s3_start(s3, &a->call);
	lock_take(&a->lock);
	while (!a->done)
		(void)cond_wait(&a->wake, &a->lock, CLOCK_NEVER);
	lock_drop(&a->lock);
	cond_fini(&a->wake);
	lock_fini(&a->lock);
}

/* The call's error with what is to be done; false. */
static bool
fail(const char *what, const struct s3_call *c, struct err *e)
{
	const char *words = NULL;
	for (size_t i = 0; i < NELEM(hints); i++)
		if (strcmp(c->code, hints[i].code) == 0)
			words = hints[i].words;
	return err_set(e, c->err.code, "%s: %s%s%.180s", what,
	    words != NULL ? words : "", words != NULL ? ": " : "",
	    c->err.detail);
}

static bool
probe_credentials(
    const struct bucket *b, const struct origin_probe *p, struct err *e)
{
	char text[160], line[200];
	struct err why;

	if (b->credentials == NULL) {
		p->say(p->owner, "credentials: none (signature = none)");
		return true;
	}
	if (!credential_describe(
		b->credentials, p->deadline_ns, text, sizeof(text), &why))
		return err_set(e, why.code, "credentials: %s", why.detail);
	(void)snprintf(line, sizeof(line), "credentials: %s", text);
	p->say(p->owner, line);
	return true;
}

static void
say_learned(const struct store *s, const struct origin_probe *p)
{
	const struct bucket *b = s->state;
	const int64_t ahead_s = s3_clock_ahead_s(b->s3);
	char region[64], line[240];

	s3_learned_region(b->s3, region, sizeof(region));
	if (region[0] != '\0' && strcmp(region, s->conf->region) != 0) {
		(void)snprintf(line, sizeof(line),
		    "region: the bucket is in %s: region = %s saves the first "
		    "request",
		    region, region);
		p->say(p->owner, line);
	}
	if (ahead_s > 300 || ahead_s < -300) {
		(void)snprintf(line, sizeof(line),
		    "clock: this machine's is %" PRId64 " s %s the store's",
		    ahead_s > 0 ? ahead_s : -ahead_s,
		    ahead_s > 0 ? "behind" : "ahead of");
		p->say(p->owner, line);
	}
}

static bool
probe_head(const struct store *s, const struct origin_probe *p, const char *key,
    struct err *e)
{
	const struct bucket *b = s->state;
	struct asked a = { .call = { .verb = S3_HEAD, .key = key } };
	char line[200];

	ask(b->s3, &a, p->deadline_ns);
	if (!a.call.ok) {
		/* An error of HEAD has no code: a GET would say more. */
		if (a.call.code[0] == '\0' && a.call.status == 403)
			(void)snprintf(
			    a.call.code, sizeof(a.call.code), "AccessDenied");
		return fail("head", &a.call, e);
	}
	(void)snprintf(line, sizeof(line), "head: %" PRId64 " bytes, %.80s",
	    a.call.facts.size, a.call.facts.media_type);
	p->say(p->owner, line);
	return true;
}

bool
bucket_probe(struct store *s, const struct origin_probe *p, struct err *e)
{
	const struct bucket *b = s->state;
	struct asked a = { .call = { .verb = S3_LIST,
			       .prefix = s->conf->prefix,
			       .most = 1 } };

	if (!probe_credentials(b, p, e))
		return false;
	ask(b->s3, &a, p->deadline_ns);
	say_learned(s, p);
	if (!a.call.ok && strcmp(a.call.code, "AccessDenied") == 0) {
		p->say(p->owner,
		    "list: denied (s3:ListBucket): an original that is not "
		    "there looks like one that may not be read");
		return true;
	}
	if (!a.call.ok)
		return fail("list", &a.call, e);
	if (!a.read)
		return err_set(e, ERR_ORIGIN_FAILED,
		    "list: the answer is not a list: endpoint is no S3");
	p->say(p->owner,
	    a.first[0] != '\0' ? "list: works"
			       : "list: works, there is nothing yet");
	return a.first[0] == '\0' || probe_head(s, p, a.first, e);
}
