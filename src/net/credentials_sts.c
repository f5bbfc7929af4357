/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roles: AWS's Security Token Service, asked with a web identity (unsigned) or
 * with keys (signed). Query API of 2011-06-15; XML answers.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/digest.h"
#include "base/num.h"
#include "base/secret.h"
#include "net/credentials_private.h"
#include "net/sigv4.h"
#include "net/xml.h"

enum {
	FORM_MAX = 49152,
	TOKEN_MAX = 20000, /* STS's own limit of a web identity's token */
	SESSION_MAX = 64,
	TRIES = 3
};

/* Where STS is: "https://sts.eu-west-1.amazonaws.com/". */
struct sts {
	struct chain *chain;
	char url[CREDENTIAL_URL_MAX];
	struct ask_url parts;
	const char *region;
};

/* ---- Place and form ---- */

static const struct {
	const char *prefix, *domain;
} partitions[] = {
	{ "cn-", "amazonaws.com.cn" },
	{ "us-isob-", "sc2s.sgov.gov" },
	{ "us-iso-", "c2s.ic.gov" },
	{ "", "amazonaws.com" },
};

static bool
find_sts(struct chain *c, struct sts *s, struct err *e)
{
	size_t i = 0;

	s->chain = c;
	s->region = c->region[0] != '\0' ? c->region : "us-east-1";
	while (
	    !slice_starts(slice_of(s->region), slice_of(partitions[i].prefix)))
		i++;
	if (c->sts[0] != '\0')
		(void)snprintf(s->url, sizeof(s->url), "%s", c->sts);
	else
		(void)snprintf(s->url, sizeof(s->url), "https://sts.%s.%s/",
		    s->region, partitions[i].domain);
	if (!ask_url_read(s->url, &s->parts, e))
		return false;
	return !s->parts.has_path ||
	    err_set(e, ERR_CONFIG,
		"the endpoint of STS must be a URL without a path: %.100s",
		s->url);
}

struct form {
	char *text; /* FORM_MAX bytes */
	size_t n;
	bool full;
};

/* NULL and empty ones are left out. */
static void
add(struct form *f, const char *name, const char *value)
{
	const size_t need =
	    value != NULL ? strlen(name) + 3 * strlen(value) + 3 : 0;

	if (value == NULL || value[0] == '\0')
		return;
	if (need > FORM_MAX - f->n) {
		f->full = true;
		return;
	}
	if (f->n > 0)
		f->text[f->n++] = '&';
	memcpy(f->text + f->n, name, strlen(name));
	f->n += strlen(name);
	f->text[f->n++] = '=';
	f->n += codec_percent_encode(slice_of(value), NULL, f->text + f->n);
}

/* What an audit shows: pictor-HOST, in the letters that are allowed. */
static void
default_session(char out[SESSION_MAX + 1])
{
	char host[256] = "";

	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	(void)snprintf(out, SESSION_MAX + 1, "pictor-%.50s", host);
	for (char *a = out; *a != '\0'; a++)
		if (!(*a >= 'a' && *a <= 'z') && !(*a >= 'A' && *a <= 'Z') &&
		    !(*a >= '0' && *a <= '9') && strchr("_+=,.@-", *a) == NULL)
			*a = '-';
}

static bool
add_role(struct form *f, const char *action, const struct chain_role *role,
    struct err *e)
{
	char session[SESSION_MAX + 1];
	int64_t duration;

	if (role->duration != NULL &&
	    !num_int(slice_of(role->duration), 900, 43200, &duration))
		return err_set(e, ERR_CONFIG,
		    "duration_seconds is not a number from 900 to 43200");
	default_session(session);
	add(f, "Action", action);
	add(f, "Version", "2011-06-15");
	add(f, "RoleArn", role->arn);
	add(f, "RoleSessionName",
	    role->session != NULL ? role->session : session);
	add(f, "ExternalId", role->external_id);
	add(f, "DurationSeconds", role->duration);
	return true;
}

/* ---- Answers ---- */

struct answer {
	char access[256], secret[256];
	char token[CREDENTIAL_KEY_MAX];
	char until[64];
	char code[64], message[ERR_DETAIL_MAX / 2];
};

static const struct {
	const char *path;
	size_t offset, size;
} fields[] = {
#define FIELD(path, name)                                 \
	{                                                 \
		path, offsetof(struct answer, name),      \
		    sizeof(((struct answer *)NULL)->name) \
	}
	FIELD("Result/Credentials/AccessKeyId", access),
	FIELD("Result/Credentials/SecretAccessKey", secret),
	FIELD("Result/Credentials/SessionToken", token),
	FIELD("Result/Credentials/Expiration", until),
	FIELD("ErrorResponse/Error/Code", code),
	FIELD("ErrorResponse/Error/Message", message),
#undef FIELD
};

/* Of a field that has no room nothing is kept. */
static bool
read_answer(const struct ask *a, struct answer *out)
{
	struct xml x;
	enum xml_token token;

	memset(out, 0, sizeof(*out));
	xml_init(&x, (struct slice){ a->text, a->ntext });
	while ((token = xml_next(&x)) == XML_OPEN || token == XML_CLOSE)
		for (size_t i = 0; token == XML_CLOSE && i < NELEM(fields);
		     i++) {
			char *to = (char *)out + fields[i].offset;

			if (slice_ends(
				slice_of(x.path), slice_of(fields[i].path)) &&
			    !xml_text(slice_trim(x.text), to, fields[i].size))
				to[0] = '\0';
		}
	return token == XML_END;
}

static bool
refuse(const struct ask *a, const struct answer *r, struct err *e)
{
	char code[80], message[ERR_DETAIL_MAX / 2];

	(void)codec_log_escape(slice_of(r->code), code, sizeof(code));
	(void)codec_json_escape(slice_of(r->message), message, sizeof(message));
	return err_set(e,
	    a->status >= 500 ? ERR_ORIGIN_FAILED : ERR_ORIGIN_DENIED,
	    "STS answers %d %s%s%s", a->status, code,
	    message[0] != '\0' ? ": " : "", message);
}

static bool
accept(const struct ask *a, const struct answer *r, const char *provider,
    struct credential **out, struct err *e)
{
	struct credential *c =
	    chain_credential(r->access, r->secret, r->token, provider);
	int64_t until_s;

	if (c == NULL || c->token == NULL || !chain_time(r->until, &until_s)) {
		credential_drop(c);
		return err_set(e, ERR_ORIGIN_DENIED,
		    "STS answers without keys, a token or their end");
	}
	c->expires_s = chain_expiry(a, until_s);
	*out = c;
	return true;
}

/* What may be otherwise in a moment, besides what chain_ask() knows. */
static bool
is_transient(const struct answer *r)
{
	return strcmp(r->code, "IDPCommunicationError") == 0 ||
	    strncmp(r->code, "Throttling", 10) == 0;
}

/* ---- Asking ---- */

/* Keys sign it; NULL: unsigned. at_s: of the signature. */
struct question {
	struct sts *sts;
	struct form *form;
	const struct credential *keys;
	int64_t at_s;
};

static bool
sign(const struct question *q, struct sigv4_signed *out, struct err *e)
{
	static const struct sigv4_pair type = { "content-type",
		"application/x-www-form-urlencoded" };
	const struct digest d = digest_of(q->form->text, q->form->n);
	char payload[2 * DIGEST_SIZE + 1];
	const struct sigv4_request r = { .method = "POST",
		.host = q->sts->parts.origin,
		.path = SLICE("/"),
		.header = &type,
		.nheader = 1,
		.payload = payload,
		.region = q->sts->region,
		.service = "sts",
		.access = q->keys->access,
		.secret = q->keys->secret,
		.token = q->keys->token,
		.at_s = q->at_s };

	codec_hex(d.byte, DIGEST_SIZE, payload);
	return sigv4_sign(&r, out, e);
}

struct headers {
	struct sigv4_signed sign;
	char authorization[SIGV4_TEXT_MAX + 32];
	char date[SIGV4_DATE_SIZE + 16];
	char digest[2 * DIGEST_SIZE + 32];
	char token[CREDENTIAL_KEY_MAX + 32];
};

static bool
add_headers(
    const struct question *q, struct headers *h, struct ask *a, struct err *e)
{
	const struct digest d = digest_of(q->form->text, q->form->n);
	char hex[2 * DIGEST_SIZE + 1];

	a->header[a->nheader++] =
	    "Content-Type: application/x-www-form-urlencoded";
	if (q->keys == NULL)
		return true;
	if (!sign(q, &h->sign, e))
		return false;
	codec_hex(d.byte, DIGEST_SIZE, hex);
	(void)snprintf(h->authorization, sizeof(h->authorization),
	    "Authorization: %s", h->sign.authorization);
	(void)snprintf(
	    h->date, sizeof(h->date), "X-Amz-Date: %s", h->sign.date);
	(void)snprintf(
	    h->digest, sizeof(h->digest), "X-Amz-Content-Sha256: %s", hex);
	a->header[a->nheader++] = h->authorization;
	a->header[a->nheader++] = h->date;
	a->header[a->nheader++] = h->digest;
	if (q->keys->token != NULL) {
		(void)snprintf(h->token, sizeof(h->token),
		    "X-Amz-Security-Token: %s", q->keys->token);
		a->header[a->nheader++] = h->token;
	}
	return true;
}

static bool
ask_once(const struct question *q, struct ask *a, struct err *e)
{
	struct headers *h = xcalloc(1, sizeof(*h));
	bool ok;

	*a = (struct ask){ .method = "POST",
		.url = q->sts->url,
		.body = { q->form->text, q->form->n },
		/* Over the network, not from the machine itself. */
		.timeout_ns = 3 * q->sts->chain->ask_ns };
	ok = add_headers(q, h, a, e) && chain_ask(q->sts->chain, a, e);
	secret_wipe(h, sizeof(*h));
	free(h);
	return ok;
}

static bool
is_clock_fault(const struct question *q, const struct ask *a)
{
	const int64_t ahead_s = a->date_s - q->at_s;

	return q->keys != NULL && a->status != 200 && a->date_s != 0 &&
	    (ahead_s > 300 || ahead_s < -300);
}

/* One answer; *again: another may be better. */
static bool
try_sts(struct question *q, struct answer *r, const char *provider,
    struct credential **out, bool *again, struct err *e)
{
	struct ask a;
	bool ok = false;

	*again = false;
	if (ask_once(q, &a, e)) {
		const bool read = read_answer(&a, r);

		if (a.status != 200)
			(void)refuse(&a, r, e);
		else if (!read)
			(void)err_set(e, ERR_ORIGIN_DENIED,
			    "STS answers something that is not its XML");
		else
			ok = accept(&a, r, provider, out, e);
		*again = is_clock_fault(q, &a) || is_transient(r);
		if (is_clock_fault(q, &a))
			q->at_s = a.date_s;
	}
	ask_fini(&a);
	return ok;
}

static bool
ask_sts(struct question *q, const char *provider, struct credential **out,
    struct err *e)
{
	struct answer r;
	bool again = true, ok = false;

	q->at_s = clock_wall_ns() / NS_PER_S;
	for (int64_t i = 0; again && i < TRIES; i++) {
		if (i > 0)
			chain_pause(q->sts->chain, i * 100 * NS_PER_MS);
		ok = try_sts(q, &r, provider, out, &again, e);
		secret_wipe(&r, sizeof(r));
	}
	return ok;
}

/* ---- The two calls ---- */

static bool
form_ready(const struct form *f, struct err *e)
{
	return !f->full ||
	    err_set(e, ERR_ORIGIN_DENIED,
		"role, session and token are too long for STS");
}

static void
form_fini(struct form *f)
{
	secret_wipe(f->text, FORM_MAX);
	free(f->text);
}

bool
chain_web_identity(struct chain *c, const struct chain_role *role,
    const char *token_file, struct credential **out, struct err *e)
{
	struct sts sts;
	struct form form = { .text = xcalloc(FORM_MAX, 1) };
	struct question q = { .sts = &sts, .form = &form };
	char *token = NULL;
	bool ok = find_sts(c, &sts, e) &&
	    chain_read_line(token_file, TOKEN_MAX, &token, e) &&
	    add_role(&form, "AssumeRoleWithWebIdentity", role, e);

	if (ok) {
		add(&form, "WebIdentityToken", token);
		ok =
		    form_ready(&form, e) && ask_sts(&q, "web identity", out, e);
	}
	chain_wipe_free(token);
	form_fini(&form);
	return ok;
}

bool
chain_assume(struct chain *c, const struct chain_role *role,
    const struct credential *keys, struct credential **out, struct err *e)
{
	struct sts sts;
	struct form form = { .text = xcalloc(FORM_MAX, 1) };
	struct question q = { .sts = &sts, .form = &form, .keys = keys };
	bool ok = find_sts(c, &sts, e) &&
	    add_role(&form, "AssumeRole", role, e) && form_ready(&form, e) &&
	    ask_sts(&q, "role", out, e);

	form_fini(&form);
	return ok;
}
